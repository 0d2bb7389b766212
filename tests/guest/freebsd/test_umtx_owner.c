/*
 * Locks and who holds them: processes that die, ceilings and priorities, words that are not aligned.
 * Sources: _umtx_op(2), rtprio(2), thr_new(2); sys/kern/kern_umtx.c for what a held ceiling means for the next.
 */
#include "../kit/stress.h"

struct rtprio {
	uint16_t type, prio;
};
enum { RTP_LOOKUP, RTP_SET };
enum { RTP_REALTIME = 2, RTP_NORMAL };

/* In a child: hold a robust mutex that is shared, and end so. */
struct shared {
	struct umutex m;
	volatile uint32_t ready;
	uint64_t head, inact;
};

static void
hold(struct shared *s)
{
	uint64_t lists[3] = {(uint64_t)&s->head, 0, (uint64_t)&s->inact};

	s->head = (uint64_t)&s->m;
	op(0, OP_ROBUST_LISTS, sizeof(lists), lists, 0);
	if (op(&s->m, OP_MUTEX_LOCK, 0, 0, 0) == 0)
		s->ready = 1;
}

static void
hold_in_a_thread(void *arg)
{
	hold(arg);
	for (;;)
		sys(NR_thr_suspend, 0);
}

enum ending { EXIT, SIGNAL, SIGNAL_THREAD, FAULT, EXEC, ENDINGS };

static void
end_with_it(struct shared *s, enum ending how)
{
	struct kthread k;

	if (how == SIGNAL_THREAD) {
		spawn(&k, hold_in_a_thread, s);
		until(&s->ready, 1, 1);
	} else {
		hold(s);
	}
	switch (how) {
	case EXIT:
		call(SYS_exit, 0);
		break;
	case FAULT:
		*(volatile int *)8 = 1;
		break;
	case EXEC: {
		const char *argv[3] = {"umtx_owner", "nothing", NULL};

		sys(SYS_execve, kit_aux(AT_EXECPATH), argv, kit_envp);
		call(SYS_exit, 99);
		break;
	}
	default:
		for (;;)
			sys(NR_thr_suspend, 0);
	}
}

/* Their default action ends the child wherever it stands; whoever waits gets the lock, and is told. */
static void
locks_of_the_dead_are_handed_on(void)
{
	static const int status[ENDINGS] = {0, SIGTERM, SIGUSR1, SIGSEGV, 0};
	struct shared *s = shared_page();

	for (uint32_t how = 0; how < ENDINGS; how++) {
		*s = (struct shared){.m = {.flags = ROBUST | SHARED}};
		int64_t pid = sys(SYS_fork);

		if (pid == 0)
			end_with_it(s, how);
		CHECK(pid > 0);
		until(&s->ready, 1, 1);
		if (status[how] && how != FAULT)
			CHECK_EQ(sys(SYS_kill, pid, status[how]), 0);
		CHECK_EQ(op_ms(&s->m, OP_MUTEX_LOCK, 0, 20000), -EOWNERDEAD);
		CHECK_EQ(s->m.owner & ~CONTESTED, self());
		CHECK_EQ(op(&s->m, OP_MUTEX_UNLOCK, 0, 0, 0), 0);
		CHECK_EQ(status_of(pid, 0) & 0x7f, status[how]);
	}
}

/* An exec that fails leaves the locks with those who hold them. */
static void
a_failed_exec_gives_nothing_up(void)
{
	static uint64_t head;
	static struct umutex m = {.flags = ROBUST};
	uint64_t lists[3] = {(uint64_t)&head, 0, 0};
	const char *argv[2] = {"x", NULL};
	char path[128];
	size_t n = strlen(kit_dir());

	memcpy(path, kit_dir(), n);
	memcpy(path + n, "/junk", 6);
	int64_t fd = sys(SYS_open, path, O_RDWR | O_CREAT, 0755);

	CHECK(fd >= 0);
	CHECK_EQ(sys(SYS_write, fd, "\177ELFjunk", 8), 8);
	sys(SYS_close, fd);
	head = (uint64_t)&m;
	CHECK_EQ(op(0, OP_ROBUST_LISTS, sizeof(lists), lists, 0), 0);
	CHECK_EQ(op(&m, OP_MUTEX_LOCK, 0, 0, 0), 0);
	CHECK_ERR(ENOEXEC, SYS_execve, path, argv, kit_envp);
	CHECK_EQ(m.owner, self());
	CHECK_EQ(op(&m, OP_MUTEX_UNLOCK, 0, 0, 0), 0);
	lists[0] = 0;
	CHECK_EQ(op(0, OP_ROBUST_LISTS, sizeof(lists), lists, 0), 0);
}

/* The privileged are lent the ceiling, so a lower one is below them; userland tells what it still holds. */
static void
held_ceilings_count_as_priority(void)
{
	struct umutex high = {.owner = CONTESTED, .flags = PRIO_PROTECT, .ceilings = {20, ~0u}};
	struct umutex low = {.owner = CONTESTED, .flags = PRIO_PROTECT, .ceilings = {10, 20}};
	bool lends = sys(SYS_getuid) == 0;

	CHECK_EQ(op(&high, OP_MUTEX_LOCK, 0, 0, 0), 0);
	CHECK_EQ(op(&low, OP_MUTEX_LOCK, 0, 0, 0), lends ? -EINVAL : 0);
	CHECK_EQ(low.owner, lends ? CONTESTED : self() | CONTESTED);
	low.ceilings[0] = 20;
	if (lends)
		CHECK_EQ(op(&low, OP_MUTEX_LOCK, 0, 0, 0), 0);
	CHECK_EQ(op(&low, OP_MUTEX_UNLOCK, 0, 0, 0), 0); /* the ceiling before it was 20 */
	low.ceilings[0] = 10;
	if (lends)
		CHECK_EQ(op(&low, OP_MUTEX_TRYLOCK, 0, 0, 0), -EINVAL);
	CHECK_EQ(op(&high, OP_MUTEX_UNLOCK, 0, 0, 0), 0); /* and before that none */
	CHECK_EQ(op(&low, OP_MUTEX_TRYLOCK, 0, 0, 0), 0);
	low.ceilings[1] = 32;
	CHECK_EQ(op(&low, OP_MUTEX_UNLOCK, 0, 0, 0), -EINVAL);
	low.ceilings[1] = ~0u;
	CHECK_EQ(op(&low, OP_MUTEX_UNLOCK, 0, 0, 0), 0);
	CHECK_EQ(op(&low, OP_MUTEX_UNLOCK, 0, 0, 0), -EPERM);
}

/* A realtime thread is above every ceiling that is less urgent than itself. */
static struct rtprio seen;

static void
look_up(void *arg)
{
	(void)arg;
	sys(NR_rtprio_thread, RTP_LOOKUP, 0, &seen);
}

static int64_t
start_with(struct kthread *k, struct rtprio *rtp)
{
	struct thr_param p = {.start = kthread_entry, .arg = k, .stack_size = STACK_SIZE, .parent_tid = &k->tid, .rtp = rtp};

	*k = (struct kthread){.fn = look_up};
	k->stack = p.stack = (char *)sys(SYS_mmap, 0, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
	return sys(NR_thr_new, &p, sizeof(p));
}

static void
threads_begin_with_a_class(void)
{
	struct rtprio r = {RTP_REALTIME, 7}, normal = {RTP_NORMAL, 0};
	struct umutex m = {.owner = CONTESTED, .flags = PRIO_PROTECT, .ceilings = {31 - 8, ~0u}};
	bool may = sys(SYS_getuid) == 0;
	struct kthread k;

	CHECK_EQ(start_with(&k, &r), may ? 0 : -EPERM);
	if (!may)
		return;
	join(&k);
	CHECK_EQ(seen.type, RTP_REALTIME);
	CHECK_EQ(seen.prio, 7);
	CHECK_EQ(sys(NR_rtprio_thread, RTP_SET, 0, &r), 0);
	CHECK_EQ(start_with(&k, 0), 0); /* its maker's */
	join(&k);
	CHECK_EQ(seen.type, RTP_REALTIME);
	CHECK_EQ(seen.prio, 7);
	CHECK_EQ(op(&m, OP_MUTEX_LOCK, 0, 0, 0), -EINVAL);
	m.ceilings[0] = 31 - 7;
	CHECK_EQ(op(&m, OP_MUTEX_LOCK, 0, 0, 0), 0);
	CHECK_EQ(op(&m, OP_MUTEX_UNLOCK, 0, 0, 0), 0);
	CHECK_EQ(sys(NR_rtprio_thread, RTP_SET, 0, &normal), 0);
	r.prio = 32;
	CHECK_EQ(start_with(&k, &r), -EINVAL);
}

static char bytes[64] __attribute__((aligned(64)));
static volatile uint32_t slept;

static void
wait_unaligned(void *arg)
{
	long what = (long)arg;
	int64_t r;

	__sync_fetch_and_add(&slept, 1);
	do
		r = op(bytes + 3, what, 0, 0, 0);
	while (r == 0 && *(volatile uint32_t *)(bytes + 3) == 0);
	slept = r ? 100 : 50;
}

/* The kernel reads words wherever they are. */
static void
words_need_no_alignment(void)
{
	static const int waits[] = {OP_WAIT, OP_WAIT_UINT, OP_WAIT_UINT_PRIVATE}, wakes[] = {OP_WAKE, OP_WAKE, OP_WAKE_PRIVATE};

	for (int i = 0; i < 3; i++) {
		struct kthread k;

		memset(bytes, 0, sizeof(bytes));
		slept = 0;
		CHECK_EQ(op(bytes + 1, waits[i], 1, 0, 0), 0); /* another value */
		CHECK_EQ(op_ms(bytes + 1, waits[i], 0, 20), -ETIMEDOUT);
		CHECK_EQ(spawn(&k, wait_unaligned, (void *)(long)waits[i]), 0);
		until(&slept, 1, 1);
		for (int n = 0; n < 100; n++)
			sys(SYS_sched_yield);
		bytes[6] = 1; /* of the second word of the host */
		while (slept == 1) {
			CHECK_EQ(op(bytes + 3, wakes[i], 1, 0, 0), 0);
			sys(SYS_sched_yield);
		}
		join(&k);
		CHECK_EQ(slept, 50);
	}
}

static void
nothing(void)
{
}

const struct test tests[] = {
    {"locks_of_the_dead_are_handed_on", locks_of_the_dead_are_handed_on},
    {"a_failed_exec_gives_nothing_up", a_failed_exec_gives_nothing_up},
    {"held_ceilings_count_as_priority", held_ceilings_count_as_priority},
    {"threads_begin_with_a_class", threads_begin_with_a_class},
    {"words_need_no_alignment", words_need_no_alignment},
    {"nothing", nothing},
    {0},
};
