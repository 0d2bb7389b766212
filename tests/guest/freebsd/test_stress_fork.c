/*
 * Storms of new processes: eight threads fork at once in every way there is, while others map memory, start threads, change
 * masks and send signals.  Every child's status is exact and none is lost.
 * Sources: fork(2), vfork(2), rfork(2), pdfork(2), wait(2), execve(2).
 */
#include "../kit/stress.h"

#define FORKERS 8
#define OTHERS  3
#define RFFDG   (1u << 2)
#define RFPROC  (1u << 4)
#define RFMEM   (1u << 5)
#define RFSPAWN (1u << 31)

enum { PD_CLOEXEC = 2 };
enum how { FORK, RFORK, PDFORK, VFORK, SPAWN, RFMEM_, VFORK_EXEC, KILLED, HOWS };

static uint64_t rounds, seed;
static volatile uint32_t stop, broken, usr2;
static volatile uint64_t told[4], made[HOWS];
static const char *self_path;
static struct umutex mu;

/* Like kit_vfork: no return address on the stack that the child uses, too. */
int64_t stress_rfork(uint32_t flags);
__asm__("stress_rfork:\n\tpop %rsi\n\tmov $251, %eax\n\tsyscall\n\tjnc 1f\n\tneg %rax\n1:\n\tjmp *%rsi");

static void
tell(uint32_t what, uint64_t a, uint64_t b)
{
	if (cas(&broken, 0, what) == 0) {
		told[0] = a;
		told[1] = b;
	}
}

/* In a child with memory of its own: the only thread, its own pid, and memory as it was. */
static uint32_t
child_is_sound(int64_t parent, uint64_t *mine)
{
	struct kthread k;
	uint64_t was = *mine;
	struct sigset pending = {{1, 1, 1, 1}};

	if (sys(SYS_getppid) != parent || sys(SYS_getpid) == parent)
		return 1;
	if (sys(SYS_sigpending, &pending) || pending.bits[0] | pending.bits[1] | pending.bits[2] | pending.bits[3])
		return 2;
	*mine += 1;
	if (spawn(&k, (void (*)(void *))self, 0))
		return 3;
	join(&k);
	return *mine == was + 1 ? 0 : 4;
}

static int64_t
exec_self(const char *code)
{
	const char *argv[4] = {"stress_fork", "child_of_exec", code, NULL};

	return sys(SYS_execve, self_path, argv, kit_envp);
}

/* The code tells who it was: 1..99. */
static int64_t
make(enum how how, uint32_t code, int64_t parent, uint64_t *mine, int *fd)
{
	char text[3] = {(char)('0' + code / 10), (char)('0' + code % 10), 0};
	int64_t pid;

	switch (how) {
	case RFORK:
		pid = stress_rfork(RFPROC | RFFDG);
		break;
	case PDFORK:
		pid = sys(SYS_pdfork, fd, PD_CLOEXEC);
		break;
	case VFORK:
		pid = kit_vfork();
		break;
	case SPAWN:
		pid = stress_rfork(RFSPAWN);
		break;
	case RFMEM_:
		pid = stress_rfork(RFPROC | RFFDG | RFMEM);
		break;
	case VFORK_EXEC:
		pid = kit_vfork();
		if (pid == 0) {
			exec_self(text);
			call(SYS_exit, 120);
		}
		return pid;
	case KILLED:
		pid = sys(SYS_fork);
		if (pid == 0)
			for (;;)
				call(SYS_kill, sys(SYS_getpid), code % 2 ? SIGKILL : SIGTERM);
		return pid;
	default:
		pid = sys(SYS_fork);
	}
	if (pid == 0) {
		uint32_t bad = how <= PDFORK ? child_is_sound(parent, mine) : 0;

		call(SYS_exit, bad ? 100 + bad : code);
	}
	return pid;
}

static void
forker(void *arg)
{
	uint64_t state = stress_stream(seed, (long)arg);
	int64_t parent = sys(SYS_getpid);

	for (uint64_t i = 0; i < rounds && !broken; i++) {
		enum how how = random_next(&state) % HOWS;
		uint32_t code = 1 + random_next(&state) % 99;
		uint64_t mine = state, was = mine;
		int status = -1, fd = -1, of = -1;
		int64_t pid = make(how, code, parent, &mine, &fd);
		int want = how == KILLED ? (code % 2 ? SIGKILL : SIGTERM) : (int)code << 8;

		if (pid <= 0) {
			tell(1, (uint64_t)-pid, how);
			return;
		}
		if (how == PDFORK && (sys(SYS_pdgetpid, fd, &of) || of != pid))
			tell(2, (uint64_t)of, (uint64_t)pid);
		int64_t r;

		do
			r = sys(SYS_wait4, pid, &status, 0, 0);
		while (r == -EINTR);
		if (r != pid)
			tell(3, (uint64_t)r, how);
		else if (status != want)
			tell(4, (uint64_t)status, (uint64_t)want << 8 | how);
		if (mine != was)
			tell(5, mine, was); /* what a child with memory of its own wrote */
		if (how == PDFORK)
			sys(SYS_close, fd);
		__sync_fetch_and_add(&made[how], 1);
	}
}

static void
nothing(void *arg)
{
	(void)arg;
}

/* What a fork must not be disturbed by: mappings, threads, masks, signals, locks. */
static void
other(void *arg)
{
	uint64_t state = stress_stream(seed, 100 + (long)arg);
	int64_t me = sys(SYS_getpid);
	uint32_t id = self();

	while (!stop && !broken) {
		struct kthread k;
		int64_t p;

		switch (random_next(&state) % 5) {
		case 0:
			p = sys(SYS_mmap, 0, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
			*(volatile uint64_t *)p = state;
			if (sys(SYS_mprotect, p, 4096, PROT_READ) || *(volatile uint64_t *)p != state || sys(SYS_munmap, p, 16384))
				tell(10, (uint64_t)p, 0);
			break;
		case 1:
			if (spawn(&k, nothing, 0))
				tell(11, 0, 0);
			else
				join(&k);
			break;
		case 2:
			mask_one(SIG_BLOCK, SIGUSR2);
			sys(SYS_kill, me, SIGUSR2);
			mask_one(SIG_UNBLOCK, SIGUSR2);
			break;
		case 3:
			mutex_lock(&mu, id);
			sys(SYS_sched_yield);
			mutex_unlock(&mu, id);
			break;
		default:
			sys(NR_thr_kill, (long)id, SIGUSR2);
		}
	}
}

static void
count_usr2(int signo)
{
	(void)signo;
	__sync_fetch_and_add(&usr2, 1);
}

static void
run(uint64_t quick, bool storm)
{
	struct kthread f[FORKERS], o[OTHERS];
	int status;

	rounds = stress_begin(quick, &seed);
	self_path = (const char *)kit_aux(AT_EXECPATH);
	stop = broken = 0;
	memset((void *)made, 0, sizeof(made));
	handle(SIGUSR2, count_usr2, SA_RESTART);
	if (storm)
		CHECK_EQ(storm_begin(), 0);
	for (long i = 0; i < OTHERS; i++)
		CHECK_EQ(spawn(&o[i], other, (void *)i), 0);
	for (long i = 0; i < FORKERS; i++)
		CHECK_EQ(spawn(&f[i], forker, (void *)i), 0);
	for (int i = 0; i < FORKERS; i++)
		join(&f[i]);
	stop = 1;
	for (int i = 0; i < OTHERS; i++)
		join(&o[i]);
	if (storm)
		storm_end();
	if (broken)
		kit_printf("# 0x%lx 0x%lx\n", (unsigned long)told[0], (unsigned long)told[1]);
	CHECK_EQ(broken, 0);
	uint64_t all = 0;

	for (int i = 0; i < HOWS; i++)
		all += made[i];
	CHECK_EQ(all, FORKERS * rounds);
	CHECK_ERR(ECHILD, SYS_wait4, -1, &status, WNOHANG, 0);
}

static void
every_status_is_exact(void)
{
	run(60, false);
}

static void
every_status_is_exact_under_a_storm(void)
{
	run(30, true);
}

/* Many children at once, taken by whoever comes: each once, with its own code. */
static volatile uint32_t seen[128];

static void
reaper(void *arg)
{
	int status;

	(void)arg;
	for (;;) {
		int64_t pid = sys(SYS_wait4, -1, &status, 0, 0);

		if (pid == -EINTR)
			continue;
		if (pid == -ECHILD)
			return;
		if (pid < 0 || status & 0xff)
			tell(20, (uint64_t)pid, (uint64_t)status);
		else
			__sync_fetch_and_add(&seen[status >> 8 & 127], 1);
	}
}

static void
children_are_reaped_once(void)
{
	uint64_t n = stress_begin(8, &seed);
	struct kthread k[4];

	broken = 0;
	for (uint64_t i = 0; i < n; i++) {
		memset((void *)seen, 0, sizeof(seen));
		for (uint32_t c = 0; c < 60; c++) {
			int64_t pid = c % 3 ? sys(SYS_fork) : kit_vfork();

			if (pid == 0)
				call(SYS_exit, c);
			CHECK(pid > 0);
		}
		for (int t = 0; t < 4; t++)
			CHECK_EQ(spawn(&k[t], reaper, 0), 0);
		for (int t = 0; t < 4; t++)
			join(&k[t]);
		CHECK_EQ(broken, 0);
		for (uint32_t c = 0; c < 60; c++)
			CHECK_EQ(seen[c], 1);
	}
}

/* A vfork child dies in the middle of calls that take locks: its parent, whose memory they are in, goes on. */
static volatile uint32_t victim;

static void
killer(void *arg)
{
	uint64_t state = stress_stream(seed, (long)arg);

	while (!stop) {
		uint32_t pid = victim;

		if (!pid) {
			sys(SYS_sched_yield);
			continue;
		}
		for (uint64_t n = random_next(&state) % 2000; n; n--)
			__asm__ volatile("pause");
		sys(SYS_kill, pid, SIGTERM);
		while (victim == pid)
			sys(SYS_sched_yield);
	}
}

enum { NR_statfs = 555, NR_sysctlbyname = 570 };

static void
calls_with_locks(void)
{
	static char buf[2400];
	uint64_t size = sizeof(buf);

	sys(NR_statfs, "/", buf);
	sys(NR_sysctlbyname, "kern.ostype", buf, &size, 0, 0);
	sys(SYS_munmap, sys(SYS_mmap, 0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANON, -1, 0), 4096);
}

static void
vfork_children_may_die_anywhere(void)
{
	struct kthread k;

	rounds = stress_begin(100, &seed);
	stop = victim = 0;
	CHECK_EQ(spawn(&k, killer, 0), 0);
	for (uint64_t i = 0; i < rounds; i++) {
		int64_t pid = kit_vfork();

		if (pid == 0) {
			victim = (uint32_t)sys(SYS_getpid);
			for (;;)
				calls_with_locks();
		}
		victim = 0;
		CHECK_EQ(status_of(pid, 0), SIGTERM);
		calls_with_locks();
	}
	stop = 1;
	join(&k);
}

/* Not a test by itself: what a child execs. */
static void
child_of_exec(void)
{
	if (kit_argc > 2)
		call(SYS_exit, (kit_argv[2][0] - '0') * 10 + kit_argv[2][1] - '0');
}

const struct test tests[] = {
    {"every_status_is_exact", every_status_is_exact},
    {"every_status_is_exact_under_a_storm", every_status_is_exact_under_a_storm},
    {"children_are_reaped_once", children_are_reaped_once},
    {"vfork_children_may_die_anywhere", vfork_children_may_die_anywhere},
    {"child_of_exec", child_of_exec},
    {0},
};
