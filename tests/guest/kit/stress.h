/*
 * What stress tests share: how many rounds, the seed, and a storm of signals beside the work.
 * STRESS_TIMES in the environment multiplies the rounds (the long suite sets it), STRESS_SEED repeats a run.
 */
#pragma once

#include "signals.h"

static inline uint64_t
stress_number(const char *name)
{
	const char *s = kit_env(name);
	uint64_t n = 0;

	while (s && *s >= '0' && *s <= '9')
		n = n * 10 + (uint64_t)(*s++ - '0');
	return n;
}

/** Print and return how many rounds are to be made, and *ret_seed, never 0. */
static inline uint64_t
stress_begin(uint64_t quick, uint64_t *ret_seed)
{
	uint64_t times = stress_number("STRESS_TIMES"), seed = stress_number("STRESS_SEED");
	struct timespec now;

	if (!seed) {
		sys(NR_clock_gettime, CLOCK_REALTIME, &now);
		seed = (uint64_t)now.sec * 1000003 + (uint64_t)now.nsec;
	}
	*ret_seed = seed | 1;
	quick *= times ? times : 1;
	kit_printf("# %ld rounds, seed %ld\n", (long)quick, (long)seed);
	return quick;
}

/** A thread's own stream of numbers. */
static inline uint64_t
stress_stream(uint64_t seed, long i)
{
	return (seed ^ (uint64_t)(i + 1) * 0x9e3779b97f4a7c15) | 1;
}

static volatile uint64_t storm_hits;
static int64_t storm_sender;
/** What a test wants to know of every interrupted place; may be NULL. */
static void (*storm_look)(const struct mcontext *mc);

/* Uses what the interrupted code may use. */
static inline void
storm_handler(int signo, struct siginfo *si, struct ucontext *uc)
{
	static const uint8_t junk[32] = {0xde, 0xad, 0xbe, 0xef};

	(void)signo, (void)si;
	if (storm_look)
		storm_look(&uc->mc);
	__asm__ volatile("vmovdqu %0, %%ymm3\n\tvmovdqa %%ymm3, %%ymm12" : : "m"(junk) : "xmm3", "xmm12");
	__sync_fetch_and_add(&storm_hits, 1);
}

/** SIGALRM every 100 us by a timer, and SIGUSR1 from another process as often. */
static inline int64_t
storm_begin(void)
{
	long every[4] = {0, 100, 0, 100};
	struct timespec pause = {0, 100000};
	int64_t me = sys(SYS_getpid);

	storm_hits = 0;
	handle(SIGALRM, storm_handler, SA_SIGINFO | SA_RESTART);
	handle(SIGUSR1, storm_handler, SA_SIGINFO | SA_RESTART);
	storm_sender = sys(SYS_fork);
	if (storm_sender == 0) {
		while (sys(SYS_getppid) == me && sys(SYS_kill, me, SIGUSR1) == 0)
			sys(NR_nanosleep, &pause, 0);
		call(SYS_exit, 0);
	}
	return storm_sender < 0 ? storm_sender : sys(NR_setitimer, 0, every, 0);
}

/** How many came. */
static inline uint64_t
storm_end(void)
{
	long off[4] = {0};

	sys(NR_setitimer, 0, off, 0);
	sys(SYS_kill, storm_sender, SIGKILL);
	status_of(storm_sender, 0);
	kit_printf("# %ld signals\n", (long)storm_hits);
	return storm_hits;
}
