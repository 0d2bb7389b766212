/*
 * Credentials belong to the process: every thread has them, also one that was being made when they changed, and forks do not
 * stand in the way.
 * Sources: setuid(2), seteuid(2), thr_new(2).
 */
#include "../kit/stress.h"

#define MAKERS 4
#define EACH   6
#define NOBODY 65534

enum { NR_geteuid = 25, NR_seteuid = 183, NR_setegid = 182, NR_getegid = 43 };

static volatile uint32_t made, changed, wrong, stop;

static void
look(void *arg)
{
	(void)arg;
	__sync_fetch_and_add(&made, 1);
	while (!changed)
		sys(SYS_sched_yield);
	if (sys(NR_geteuid) != NOBODY)
		wrong = 1;
}

static void
maker(void *arg)
{
	struct kthread k[EACH];

	(void)arg;
	for (int i = 0; i < EACH; i++)
		spawn(&k[i], look, 0);
	for (int i = 0; i < EACH; i++)
		join(&k[i]);
}

static void
change_while_threads_are_made(uint64_t after)
{
	struct kthread k[MAKERS];

	for (int i = 0; i < MAKERS; i++)
		spawn(&k[i], maker, 0);
	while (made < after)
		;
	int64_t r = sys(NR_seteuid, NOBODY);

	changed = 1;
	for (int i = 0; i < MAKERS; i++)
		join(&k[i]);
	call(SYS_exit, r ? 2 : wrong);
}

static void
threads_being_made_are_not_missed(void)
{
	uint64_t seed, rounds = stress_begin(100, &seed);

	if (sys(SYS_getuid) != 0)
		return; /* another user has one id only */
	for (uint64_t i = 0; i < rounds; i++) {
		int64_t pid = sys(SYS_fork);

		if (pid == 0)
			change_while_threads_are_made(random_next(&seed) % (MAKERS * EACH));
		CHECK_EQ(status_of(pid, 0), 0);
	}
}

static void
forker(void *arg)
{
	(void)arg;
	while (!stop) {
		int64_t pid = sys(SYS_fork);

		if (pid == 0)
			call(SYS_exit, 7);
		if (pid < 0 || status_of(pid, 0) != 7 << 8)
			wrong = 1;
	}
}

static void
forks_do_not_stand_in_the_way(void)
{
	uint64_t seed, rounds = stress_begin(400, &seed);
	struct kthread k[3];
	int64_t gid = sys(NR_getegid);

	stop = wrong = 0;
	for (int i = 0; i < 3; i++)
		CHECK_EQ(spawn(&k[i], forker, 0), 0);
	for (uint64_t i = 0; i < rounds; i++)
		CHECK_EQ(sys(NR_setegid, gid), 0);
	stop = 1;
	for (int i = 0; i < 3; i++)
		join(&k[i]);
	CHECK_EQ(wrong, 0);
}

static void
nor_under_a_storm(void)
{
	CHECK_EQ(storm_begin(), 0);
	forks_do_not_stand_in_the_way();
	CHECK(storm_end() > 0);
}

static void
look_on(void *arg)
{
	(void)arg;
	while (!stop)
		sys(SYS_sched_yield);
}

/* Numbers that the host lacks, from two processes as fast as they can: each must be taken in, and the change too. */
static void
nor_under_a_flood(void)
{
	uint64_t seed, rounds = stress_begin(300, &seed);
	int64_t me = sys(SYS_getpid), gid = sys(NR_getegid), from[2];
	struct kthread k[3];

	stop = 0;
	storm_hits = 0;
	handle(120, storm_handler, SA_SIGINFO | SA_RESTART);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(spawn(&k[i], look_on, 0), 0);
	for (int i = 0; i < 2; i++) {
		from[i] = sys(SYS_fork);
		while (from[i] == 0 && sys(SYS_getppid) == me)
			sys(SYS_kill, me, 120);
		if (from[i] == 0)
			call(SYS_exit, 0);
	}
	while (!storm_hits)
		sys(SYS_sched_yield);
	for (uint64_t i = 0; i < rounds; i++)
		CHECK_EQ(sys(NR_setegid, gid), 0);
	stop = 1;
	for (int i = 0; i < 3; i++)
		join(&k[i]);
	for (int i = 0; i < 2; i++)
		sys(SYS_kill, from[i], SIGKILL), status_of(from[i], 0);
	CHECK(storm_hits > 0);
}

const struct test tests[] = {
    {"threads_being_made_are_not_missed", threads_being_made_are_not_missed},
    {"forks_do_not_stand_in_the_way", forks_do_not_stand_in_the_way},
    {"nor_under_a_storm", nor_under_a_storm},
    {"nor_under_a_flood", nor_under_a_flood},
    {0},
};
