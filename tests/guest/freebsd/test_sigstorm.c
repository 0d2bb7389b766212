/*
 * Storms: signals without pause during computation, system calls, mask changes, forks.
 * Sources: sigaction(2) for restart, sigprocmask(2), siginfo(3).
 */
#include "../kit/stress.h"

/* In the short suite; the long one multiplies them. */
#define COMPUTE_SIGNALS (1500 * times)
#define PIPE_BYTES      (300 * times)
#define PIPE_SIGNALS    (300 * times)
#define MASK_ROUNDS     (5000 * times)
#define MASK_SIGNALS    (200 * times)
#define FORKS           (60 * times)
#define VALUES          (1000 * times)
#define ROUNDS          (10 * times)
#define times           (stress_number("STRESS_TIMES") ?: 1)
static volatile uint64_t hits;
static volatile uint32_t stop, forbidden, broken;

static void
count(int signo, struct siginfo *si, struct ucontext *uc)
{
	static const uint8_t junk[32] = {0xde, 0xad, 0xbe, 0xef};

	(void)signo, (void)si, (void)uc;
	if (forbidden)
		broken++;
	__asm__ volatile("vmovdqu %0, %%ymm2\n\tvmovdqa %%ymm2, %%ymm11" : : "m"(junk) : "xmm2", "xmm11");
	__sync_fetch_and_add(&hits, 1);
}

struct target {
	long tid;
	uint64_t signals; /* send at least this many, then until stop */
};

/* One after the other: the next is sent when the last has been seen. */
static void
bombard(void *arg)
{
	struct target *to = arg;

	for (uint64_t n = 0; !stop || n < to->signals; n++) {
		uint64_t before = hits;

		sys(NR_thr_kill, to->tid, SIGUSR1);
		for (int spin = 0; hits == before && spin < 200 && !stop; spin++)
			sys(SYS_sched_yield);
	}
}

static void
begin(struct kthread *k, struct target *to, int flags)
{
	stop = 0;
	hits = 0;
	to->tid = self();
	handle(SIGUSR1, count, SA_SIGINFO | flags);
	spawn(k, bombard, to);
}

static void
end(struct kthread *k)
{
	stop = 1;
	join(k);
}

static void
computation_is_undisturbed(void)
{
	struct target to = {0};
	struct kthread k;
	uint64_t seed, rounds = 0;

	stress_begin(1, &seed);
	begin(&k, &to, SA_RESTART);
	while (hits < COMPUTE_SIGNALS) {
		uint64_t a = random_next(&seed), b = random_next(&seed), sum, v[4] = {a, b, ~a, ~b}, w[4], w2[4], flags;

		__asm__ volatile("vmovdqu %[v], %%ymm2\n\tvmovdqu %[v], %%ymm11\n\tmov %[a], %%r12\n\tmov %[b], %%r13\n\t"
		                 "mov $300, %%ecx\n\tstd\n"
		                 "1:\n\tadd %%r12, %%r13\n\tror $7, %%r12\n\tvpaddq %%ymm2, %%ymm11, %%ymm11\n\tpush %%r13\n\tpop %%rax\n\t"
		                 "mov %%rax, -64(%%rsp)\n\tdec %%ecx\n\tjnz 1b\n\t"
		                 "mov -64(%%rsp), %%rax\n\tpushfq\n\tpop %[f]\n\tcld\n\t"
		                 "sub %%r13, %%rax\n\tadd %%r13, %%rax\n\tmov %%rax, %[sum]\n\tvmovdqu %%ymm11, %[w]\n\tvmovdqu %%ymm2, %[w2]"
		                 : [sum] "=m"(sum), [w] "=m"(w), [w2] "=m"(w2), [f] "=&r"(flags)
		                 : [v] "m"(v), [a] "r"(a), [b] "r"(b)
		                 : "rax", "rcx", "r12", "r13", "xmm2", "xmm11", "cc", "memory");
		for (int i = 0; i < 300; i++) {
			b += a;
			a = a >> 7 | a << 57;
		}
		CHECK_EQ(sum, b);
		CHECK_EQ(flags & 0x400, 0x400); /* the direction flag is back after each handler */
		for (int i = 0; i < 4; i++) {
			CHECK_EQ(w[i], v[i] * 301);
			CHECK_EQ(w2[i], v[i]);
		}
		rounds++;
	}
	end(&k);
	kit_printf("# %ld signals, %ld rounds\n", (long)hits, (long)rounds);
}

struct feed {
	int fd;
	uint32_t sent;
};

static void
feeder(void *arg)
{
	struct feed *f = arg;
	struct sigset all = {{~0u, ~0u, ~0u, ~0u}};

	sys(SYS_sigprocmask, SIG_BLOCK, &all, 0);
	for (f->sent = 0; f->sent < PIPE_BYTES || hits < PIPE_SIGNALS; f->sent++) {
		uint8_t c = (uint8_t)(f->sent * 7);

		sys(SYS_write, f->fd, &c, 1);
		for (unsigned n = f->sent % 4; n; n--)
			sys(SYS_sched_yield);
	}
	sys(SYS_close, f->fd);
}

static void
pipe_under_fire(int flags)
{
	struct target to = {0};
	struct kthread k, w;
	struct feed f = {0};
	uint32_t i = 0;
	int fd[2];
	long interrupted = 0;

	CHECK_EQ(sys(SYS_pipe2, fd, 0), 0);
	f.fd = fd[1];
	begin(&k, &to, flags);
	spawn(&w, feeder, &f);
	for (;;) {
		uint8_t c;
		int64_t r = sys(SYS_read, fd[0], &c, 1);

		if (r == 0)
			break;
		if (r == -EINTR) {
			interrupted++;
			continue;
		}
		CHECK_EQ(r, 1);
		CHECK_EQ(c, (uint8_t)(i * 7));
		i++;
	}
	join(&w);
	end(&k);
	kit_printf("# %ld signals, %ld bytes, %ld interrupted\n", (long)hits, (long)i, interrupted);
	CHECK_EQ(i, f.sent);
	if (flags & SA_RESTART)
		CHECK_EQ(interrupted, 0);
	sys(SYS_close, fd[0]);
}

static void
reads_restart_and_lose_nothing(void)
{
	pipe_under_fire(SA_RESTART);
}

static void
reads_end_with_eintr_and_lose_nothing(void)
{
	pipe_under_fire(0);
}

static void
blocked_means_blocked(void)
{
	struct target to = {0};
	struct sigset s = SIGSET(SIGUSR1), old;
	struct kthread k;
	uint64_t i;

	broken = 0;
	begin(&k, &to, SA_RESTART);
	for (i = 0; i < MASK_ROUNDS || hits < MASK_SIGNALS; i++) {
		sys(SYS_sigprocmask, SIG_BLOCK, &s, &old);
		forbidden = 1;
		sys(i % 2 ? SYS_getpid : SYS_getppid);
		forbidden = 0;
		sys(SYS_sigprocmask, SIG_UNBLOCK, &s, 0);
	}
	end(&k);
	kit_printf("# %ld signals in %ld rounds\n", (long)hits, (long)i);
	CHECK_EQ(broken, 0);
	CHECK(hits > 0);
}

static void
forks_at_ten_kilohertz(void)
{
	long on[4] = {0, 100, 0, 100}, off[4] = {0};

	hits = 0;
	handle(SIGALRM, count, SA_SIGINFO | SA_RESTART);
	CHECK_EQ(sys(NR_setitimer, 0, on, 0), 0);
	for (uint64_t i = 0; i < FORKS; i++) {
		int status = 0;
		int64_t pid = i % 2 ? kit_vfork() : sys(SYS_fork);

		if (pid == 0) {
			for (volatile int n = 0; n < 2000; n++)
				;
			call(SYS_exit, i & 0xff);
		}
		CHECK(pid > 0);
		CHECK_EQ(sys(SYS_wait4, pid, &status, 0, 0), pid);
		CHECK_EQ(status, (i & 0xff) << 8);
	}
	CHECK_EQ(sys(NR_setitimer, 0, off, 0), 0);
	kit_printf("# %ld signals, %ld forks\n", (long)hits, (long)FORKS);
}

static volatile long expected, got, disorder;

static void
in_order(int signo, struct siginfo *si, void *uc)
{
	(void)signo, (void)uc;
	if (si->value != expected)
		disorder++;
	expected++;
	__sync_fetch_and_add(&got, 1);
}

/* From another process, each with its value; at most one is on its way. */
static void
values_arrive_in_order_from_outside(void)
{
	int64_t me = sys(SYS_getpid), pid;
	int fd[2], status;
	char c = 0;

	expected = got = disorder = 0;
	CHECK_EQ(sys(SYS_pipe2, fd, 0), 0);
	handle(SIGRTMIN + 5, in_order, SA_SIGINFO | SA_RESTART);
	pid = sys(SYS_fork);
	if (pid == 0) {
		for (uint64_t i = 0; i < VALUES; i++) {
			if (sys(SYS_sigqueue, me, SIGRTMIN + 5, i) || sys(SYS_read, fd[0], &c, 1) != 1)
				call(SYS_exit, 1);
		}
		call(SYS_exit, 0);
	}
	for (uint64_t i = 1; i <= VALUES; i++) {
		while ((uint64_t)got < i)
			sys(SYS_getppid);
		CHECK_EQ(sys(SYS_write, fd[1], &c, 1), 1);
	}
	while (sys(SYS_wait4, pid, &status, 0, 0) == -EINTR)
		;
	CHECK_EQ(status, 0);
	CHECK_EQ(got, VALUES);
	CHECK_EQ(disorder, 0);
}

static volatile uint64_t per_thread[4];

static void
count_mine(int signo, struct siginfo *si, void *uc)
{
	(void)signo, (void)uc;
	__sync_fetch_and_add(&per_thread[si->value & 3], 1);
}

static volatile uint32_t workers;

static void
work(void *arg)
{
	(void)arg;
	__sync_fetch_and_add(&workers, 1);
	while (!stop)
		sys(SYS_getppid);
}

/* Signals to the process while threads come and go: none is lost, whoever takes it. */
static void
process_signals_find_a_thread(void)
{
	int64_t me = sys(SYS_getpid);
	uint64_t sent = 0, seen;

	for (uint64_t round = 0; round < ROUNDS; round++) {
		struct kthread k[4];

		stop = workers = 0;
		handle(SIGRTMIN + 6, count_mine, SA_SIGINFO | SA_RESTART);
		for (int i = 0; i < 4; i++)
			CHECK_EQ(spawn(&k[i], work, 0), 0);
		until(&workers, 7, 4);
		mask_one(SIG_BLOCK, SIGRTMIN + 6);
		for (int i = 0; i < 100; i++)
			if (sys(SYS_sigqueue, me, SIGRTMIN + 6, i) == 0)
				sent++;
		stop = 1;
		for (int i = 0; i < 4; i++)
			join(&k[i]);
		mask_one(SIG_UNBLOCK, SIGRTMIN + 6); /* what the threads left is ours */
	}
	seen = per_thread[0] + per_thread[1] + per_thread[2] + per_thread[3];
	kit_printf("# %ld sent\n", (long)sent);
	CHECK_EQ(seen, sent);
}

const struct test tests[] = {
    {"computation_is_undisturbed", computation_is_undisturbed},
    {"reads_restart_and_lose_nothing", reads_restart_and_lose_nothing},
    {"reads_end_with_eintr_and_lose_nothing", reads_end_with_eintr_and_lose_nothing},
    {"blocked_means_blocked", blocked_means_blocked},
    {"forks_at_ten_kilohertz", forks_at_ten_kilohertz},
    {"values_arrive_in_order_from_outside", values_arrive_in_order_from_outside},
    {"process_signals_find_a_thread", process_signals_find_a_thread},
    {0},
};
