/*
 * exec by one thread of many: the others stop first, and what is pending stays pending.
 * Sources: execve(2), sigaction(2); kern_exec.c makes the process single-threaded before anything else.
 */
#include "../kit/stress.h"

#define VALUES  100
#define OTHERS  4
#define SIGNO   (SIGRTMIN + 9)
#define NR_sigtimedwait 345

static volatile uint32_t going;

/* Calls that end soon, one that does not, a wait on a word, a loop without calls. */
static void
other(void *arg)
{
	static volatile uint32_t word, spun;
	int fd[2];
	char c;

	__sync_fetch_and_add(&going, 1);
	switch ((long)arg) {
	case 0:
		for (;;)
			sys(SYS_getppid);
	case 1:
		sys(SYS_pipe2, fd, 0);
		for (;;)
			sys(SYS_read, fd[0], &c, 1);
	case 2:
		for (;;)
			op(&word, OP_WAIT_UINT_PRIVATE, 0, 0, 0);
	default:
		for (;;)
			spun++;
	}
}

static int64_t
exec_self(const char *test, int n)
{
	char left[4] = {(char)('0' + n / 100), (char)('0' + n / 10 % 10), (char)('0' + n % 10), 0};
	const char *argv[4] = {"stress_exec", test, left, NULL};

	return sys(SYS_execve, kit_aux(AT_EXECPATH), argv, kit_envp);
}

static void
start_others(void)
{
	static struct kthread k[OTHERS];

	for (long i = 0; i < OTHERS; i++)
		spawn(&k[i], other, (void *)i);
	until(&going, 7, OTHERS);
}

/* Run again and again, then take what is pending: each value once. */
static void
chain(void)
{
	struct sigset s = SIGSET(SIGNO);
	struct timespec limit = {20, 0};
	static uint8_t seen[VALUES + 1];
	struct siginfo si;
	int n;

	if (kit_argc < 3)
		return;
	n = (kit_argv[2][0] - '0') * 100 + (kit_argv[2][1] - '0') * 10 + kit_argv[2][2] - '0';
	if (n > 0) {
		start_others();
		exec_self("chain", n - 1);
		call(SYS_exit, 90);
	}
	for (int i = 0; i < VALUES; i++) {
		int64_t r = sys(NR_sigtimedwait, &s, &si, &limit);

		if (r != SIGNO || si.value < 1 || si.value > VALUES || seen[si.value]++)
			call(SYS_exit, r == SIGNO ? 91 : 92);
	}
	call(SYS_exit, 0);
}

static void
nothing_pending_is_lost(void)
{
	uint64_t seed, rounds = stress_begin(3, &seed);

	for (uint64_t i = 0; i < rounds; i++) {
		int64_t pid = sys(SYS_fork);

		if (pid == 0) {
			mask_one(SIG_BLOCK, SIGNO);
			start_others();
			exec_self("chain", 12);
			call(SYS_exit, 90);
		}
		CHECK(pid > 0);
		/* It is blocked from the first instruction on: the mask is our own. */
		for (long v = 1; v <= VALUES; v++) {
			for (uint64_t n = random_next(&seed) % 64; n; n--)
				sys(SYS_sched_yield);
			CHECK_EQ(sys(SYS_sigqueue, pid, SIGNO, v), 0);
		}
		CHECK_EQ(status_of(pid, 0), 0);
	}
}

static void
nothing_pending_is_lost_by_exec(void)
{
	mask_one(SIG_BLOCK, SIGNO);
	nothing_pending_is_lost();
	mask_one(SIG_UNBLOCK, SIGNO);
}

/* Others go on where an exec fails. */
static volatile uint64_t steps;

static void
step(void *arg)
{
	(void)arg;
	while (!going)
		steps += (uint64_t)sys(SYS_getppid) != 0;
}

static void
failed_execs_stop_nobody_for_good(void)
{
	const char *argv[2] = {"x", NULL};
	uint64_t seed, rounds = stress_begin(200, &seed);
	struct kthread k[3];

	going = 0;
	steps = 0;
	for (int i = 0; i < 3; i++)
		CHECK_EQ(spawn(&k[i], step, 0), 0);
	for (uint64_t i = 0; i < rounds; i++) {
		uint64_t before = steps;

		CHECK_ERR(ENOENT, SYS_execve, "/nonexistent", argv, kit_envp);
		CHECK_ERR(EACCES, SYS_execve, "/dev/null", argv, kit_envp);
		while (steps == before)
			sys(SYS_sched_yield);
	}
	going = 1;
	for (int i = 0; i < 3; i++)
		join(&k[i]);
}

/* Two execs at once: one of them is made. */
static void
exec_too(void *arg)
{
	(void)arg;
	exec_self("ends", 0);
}

static void
ends(void)
{
	if (kit_argc > 2)
		call(SYS_exit, 33);
}

static void
one_of_two_execs_is_made(void)
{
	uint64_t seed, rounds = stress_begin(20, &seed);

	for (uint64_t i = 0; i < rounds; i++) {
		int64_t pid = sys(SYS_fork);
		static struct kthread k[4];

		if (pid == 0) {
			for (int t = 0; t < 4; t++)
				spawn(&k[t], exec_too, 0);
			exec_too(0);
			call(SYS_exit, 90);
		}
		CHECK_EQ(status_of(pid, 0), 33 << 8);
	}
}

const struct test tests[] = {
    {"nothing_pending_is_lost_by_exec", nothing_pending_is_lost_by_exec},
    {"failed_execs_stop_nobody_for_good", failed_execs_stop_nobody_for_good},
    {"one_of_two_execs_is_made", one_of_two_execs_is_made},
    {"chain", chain},
    {"ends", ends},
    {0},
};
