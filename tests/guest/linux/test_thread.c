/*
 * Threads and processes: clone, futex, robust lists, fork, vfork, wait.
 * Source: Linux manual clone(2), futex(2), get_robust_list(2), wait4(2), set_tid_address(2).
 */
#include "kit.h"

enum { CLONE_VM = 0x100, CLONE_FS = 0x200, CLONE_FILES = 0x400, CLONE_SIGHAND = 0x800, CLONE_VFORK = 0x4000, CLONE_THREAD = 0x10000,
       CLONE_SYSVSEM = 0x40000, CLONE_SETTLS = 0x80000, CLONE_PARENT_SETTID = 0x100000, CLONE_CHILD_CLEARTID = 0x200000,
       CLONE_CHILD_SETTID = 0x1000000, SIGCHLD = 17 };
enum { THREAD = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM };
enum { FUTEX_WAIT = 0, FUTEX_WAKE = 1, FUTEX_PRIVATE = 128, EAGAIN = 11, EFAULT = 14, EINVAL = 22, ETIMEDOUT = 110, ECHILD = 10 };
enum { THREADS = 8, ROUNDS = 20000, STACK = 16384 };

struct shared {
	_Atomic uint32_t count, plain_count, ready;
	uint32_t joined[THREADS], told[THREADS], own[THREADS];
	uint64_t tls[THREADS];
};
static struct shared s;
static bool whole; /* told to: qemu 7.2 has no robust lists, and its fork does not tell the parent, its vfork is a fork */
static uint8_t stacks[THREADS][STACK] __attribute__((aligned(16)));
static struct robust {
	struct robust *next;
	uint32_t word;
} lock;
static struct {
	struct robust *next;
	long offset;
	struct robust *pending;
} head = { &lock, 8, 0 };

/* clone, and in the child fn(arg) on its own stack: nothing of the caller's frame may be used there. */
static long
start(uint64_t flags, void *top, void (*fn)(long), long arg, uint32_t *tid, uint64_t tls, uint32_t *clear)
{
	register uint64_t x0 __asm__("x0") = flags, x1 __asm__("x1") = (uint64_t)top, x2 __asm__("x2") = (uint64_t)tid;
	register uint64_t x3 __asm__("x3") = tls, x4 __asm__("x4") = (uint64_t)clear, x8 __asm__("x8") = 220;
	register uint64_t x9 __asm__("x9") = (uint64_t)fn, x10 __asm__("x10") = (uint64_t)arg;

	__asm__ volatile("svc #0\n\tcbnz x0, 1f\n\tmov x0, x10\n\tblr x9\n\tmov x0, #9\n\tmov x8, #93\n\tsvc #0\n1:"
	                 : "+r"(x0) : "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x8), "r"(x9), "r"(x10)
	                 : "memory", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "x30");
	return (long)x0;
}

static void
join(uint32_t *word)
{
	uint32_t v;

	while ((v = __atomic_load_n(word, __ATOMIC_ACQUIRE)) != 0)
		CALL(98, word, FUTEX_WAIT, v, 0);
}

static void
body(long i)
{
	uint64_t tls;

	__asm__ volatile("mrs %0, tpidr_el0" : "=r"(tls));
	s.tls[i] = tls;
	s.own[i] = (uint32_t)CALL(NR_gettid);
	for (unsigned n = 0; n < ROUNDS; n++)
		s.count++;
	if (i == 0 && whole) { /* dies with a mutex */
		lock.next = (struct robust *)&head;
		CHECK(CALL(99, &head, 24) == 0);
		lock.word = s.own[0];
	}
}

static void
threads(void)
{
	for (long i = 0; i < THREADS; i++) {
		long r = start(THREAD | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID, stacks[i] + STACK,
		               body, i, &s.told[i], 1000 + (uint64_t)i, &s.joined[i]);

		CHECK(r > 0 && s.told[i] == (uint32_t)r);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		join(&s.joined[i]);
		CHECK(s.own[i] == s.told[i] && s.tls[i] == 1000 + i && s.own[i] != (uint32_t)CALL(NR_getpid));
	}
	CHECK(s.count == THREADS * ROUNDS);
	CHECK(!whole || lock.word == 0x40000000u); /* the owner died; nobody waits */
}

static void
refusals(void)
{
	long ts[2] = { 0, 1000000 }, bad[2] = { 0, -1 };
	uint32_t word = 3;

	CHECK(CALL(220, CLONE_THREAD | CLONE_VM, stacks[0] + STACK, 0, 0, 0) == -EINVAL);
	CHECK(CALL(220, CLONE_SIGHAND | SIGCHLD, 0, 0, 0, 0) == -EINVAL);
	CHECK(CALL(98, &word, FUTEX_WAIT | FUTEX_PRIVATE, 4, 0) == -EAGAIN);
	CHECK(CALL(98, &word, FUTEX_WAIT | FUTEX_PRIVATE, 3, ts) == -ETIMEDOUT);
	CHECK(CALL(98, &word, FUTEX_WAIT, 3, bad) == -EINVAL);
	CHECK(CALL(98, &word, FUTEX_WAIT, 3, 16) == -EFAULT);
	CHECK(CALL(98, (char *)&word + 1, FUTEX_WAKE, 1) == -EINVAL);
	CHECK(CALL(98, &word, FUTEX_WAKE | FUTEX_PRIVATE, 1) == 0);
	CHECK(!whole || CALL(99, &head, 23) == -EINVAL);
}

static void
in_vfork(long arg)
{
	s.ready = 77;
	CALL(NR_exit_group, arg);
}

static void
processes(void)
{
	uint32_t told = 0, there = 0;
	int status = 0;
	long pid = CALL(220, SIGCHLD | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID, 0, &told, 0, &there);

	if (pid == 0) {
		CHECK(there == (uint32_t)CALL(NR_getpid) && there == (uint32_t)CALL(NR_gettid));
		s.ready = 5; /* memory of its own */
		CALL(NR_exit_group, 42);
	}
	CHECK(pid > 0 && (!whole || told == (uint32_t)pid) && there == 0);
	CHECK(CALL(260, pid, &status, 0, 0) == pid && status == 42 << 8 && s.ready == 0);
	CHECK(CALL(260, -1, &status, 0, 0) == -ECHILD);
	pid = start(CLONE_VM | CLONE_VFORK | SIGCHLD, stacks[0] + STACK, in_vfork, 6, 0, 0, 0);
	CHECK(pid > 0 && (!whole || s.ready == 77));
	CHECK(CALL(260, pid, &status, 0, 0) == pid && status == 6 << 8);
}

int
test(uint64_t *start_stack)
{
	whole = start_stack[0] > 1;
	refusals();
	threads();
	processes();
	say("ok\n");
	return 0;
}
