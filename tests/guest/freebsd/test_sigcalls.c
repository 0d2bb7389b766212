/*
 * Calls of signals, contexts and threads, one by one: what they return and what they refuse.
 * Sources: sigsuspend(2), sigpending(2), sigwait(2), sigwaitinfo(2), sigqueue(2), kill(2), thr_kill(2), thr_exit(2), abort2(2),
 * getcontext(3); sys/kern/kern_sig.c and kern_context.c for the order of checks.
 */
#include "../kit/signals.h"

#define BAD ((void *)16)

static struct ucontext here, there;
static volatile uint32_t landed;
static char stack[32768] __attribute__((aligned(16)));

static void
set_there(void (*fn)(void))
{
	there.mc.rip = (uint64_t)fn;
	there.mc.rsp = (uint64_t)stack + sizeof(stack) - 8;
	there.mc.rdi = 0x1234;
}

static void
land(void)
{
	landed++;
	ENDS(SYS_setcontext, &here);
}

/* The context of getcontext has its result cleared, and swapcontext's returns when it is set. */
static void
contexts_are_left_and_come_back_to(void)
{
	memset(&there, 0x55, sizeof(there));
	CHECK_EQ(sys(SYS_getcontext, &there), 0);
	CHECK_EQ(there.mc.rax, 0);
	CHECK_EQ(there.mc.rflags & 1, 0);
	CHECK_EQ(there.mc.len, 800);
	CHECK_EQ(there.mc.cs, 0x43);
	CHECK_EQ(there.mc.ss, 0x3b);
	CHECK_EQ(there.mask.bits[0] | there.mask.bits[1] | there.mask.bits[2] | there.mask.bits[3], 0);
	set_there(land);
	landed = 0;
	memset(&here, 0x55, sizeof(here));
	CHECK_EQ(sys(SYS_swapcontext, &here, &there), 0);
	CHECK_EQ(landed, 1);
	CHECK_EQ(here.mc.rax, 0);
	CHECK_EQ(here.mc.len, 800);
	CHECK_ERR(EINVAL, SYS_getcontext, 0);
	CHECK_ERR(EFAULT, SYS_getcontext, BAD);
	CHECK_ERR(EINVAL, SYS_setcontext, 0);
	CHECK_ERR(EFAULT, SYS_setcontext, BAD);
	CHECK_ERR(EINVAL, SYS_swapcontext, 0, &there);
	CHECK_ERR(EINVAL, SYS_swapcontext, &here, 0);
	CHECK_ERR(EFAULT, SYS_swapcontext, BAD, &there);
	CHECK_ERR(EFAULT, SYS_swapcontext, &here, BAD);
	there.mc.len = 801;
	CHECK_ERR(EINVAL, SYS_setcontext, &there);
	there.mc.len = 800;
}

/* A context brings its mask. */
static void
land_masked(void)
{
	struct sigset now;

	landed = sys(SYS_sigprocmask, SIG_BLOCK, 0, &now) == 0 && in_set(&now, SIGUSR2) && !in_set(&now, SIGKILL);
	ENDS(SYS_setcontext, &here);
}

static void
contexts_have_masks(void)
{
	struct sigset now;

	CHECK_EQ(sys(SYS_getcontext, &there), 0);
	set_there(land_masked);
	there.mask = (struct sigset)SIGSET(SIGUSR2);
	there.mask.bits[0] |= 1u << (SIGKILL - 1);
	CHECK_EQ(sys(SYS_swapcontext, &here, &there), 0);
	CHECK_EQ(landed, 1);
	CHECK_EQ(sys(SYS_sigprocmask, SIG_BLOCK, 0, &now), 0);
	CHECK(!in_set(&now, SIGUSR2));
}

static volatile uint32_t hits;

static void
return_by_hand(int signo, struct siginfo *si, struct ucontext *uc)
{
	(void)signo, (void)si;
	hits++;
	ENDS(SYS_sigreturn, uc);
}

static void
handlers_return_by_sigreturn(void)
{
	hits = 0;
	CHECK_EQ(handle(SIGUSR1, return_by_hand, SA_SIGINFO), 0);
	CHECK_EQ(kill_self(SIGUSR1), 0);
	CHECK_EQ(hits, 1);
	CHECK_ERR(EFAULT, SYS_sigreturn, BAD);
}

static void
count(int signo)
{
	(void)signo;
	hits++;
}

static void
masks_and_what_is_pending(void)
{
	struct sigset s = SIGSET(SIGUSR1), none = {{0}}, old, pending;

	handle(SIGUSR1, (void *)count, 0);
	hits = 0;
	CHECK_EQ(sys(SYS_sigprocmask, SIG_SETMASK, &s, &old), 0);
	CHECK_EQ(kill_self(SIGUSR1), 0);
	CHECK_EQ(hits, 0);
	memset(&pending, 0xff, sizeof(pending));
	CHECK_EQ(sys(SYS_sigpending, &pending), 0);
	CHECK_EQ(memcmp(&pending, &s, sizeof(s)), 0);
	CHECK_ERR(EFAULT, SYS_sigpending, BAD);
	CHECK_ERR(EFAULT, SYS_sigsuspend, BAD);
	CHECK_ERR(EINTR, SYS_sigsuspend, &none);
	CHECK_EQ(hits, 1);
	CHECK_EQ(sys(SYS_sigprocmask, 77, 0, &old), 0); /* nothing to change: the way does not matter */
	CHECK_EQ(memcmp(&old, &s, sizeof(s)), 0);       /* sigsuspend has put it back */
	CHECK_ERR(EINVAL, SYS_sigprocmask, 77, &none, 0);
	CHECK_ERR(EFAULT, SYS_sigprocmask, SIG_BLOCK, BAD, 0);
	CHECK_ERR(EFAULT, SYS_sigprocmask, SIG_BLOCK, 0, BAD);
	CHECK_EQ(sys(SYS_sigprocmask, SIG_SETMASK, &none, 0), 0);
}

static void
waits(void)
{
	struct sigset s = SIGSET(SIGUSR2), all = {{~0u, ~0u, ~0u, ~0u}}, none = {{0}};
	struct timespec soon = {0, 1000000}, odd = {0, 1000000000}, zero = {0, 0};
	int64_t me = sys(SYS_getpid);
	struct siginfo si;
	int got = -1;

	handle(SIGUSR2, (void *)count, 0);
	CHECK_EQ(sys(SYS_sigprocmask, SIG_BLOCK, &s, 0), 0);
	CHECK_EQ(sys(SYS_sigqueue, me, SIGUSR2, 99), 0);
	memset(&si, 0x55, sizeof(si));
	CHECK_EQ(sys(NR_sigwaitinfo, &s, &si), SIGUSR2);
	CHECK_EQ(si.signo, SIGUSR2);
	CHECK_EQ(si.code, SI_QUEUE);
	CHECK_EQ(si.value, 99);
	CHECK_EQ(si.pid, me);
	CHECK_EQ(si.uid, sys(SYS_getuid));
	CHECK_EQ(si.error, 0);
	CHECK_ERR(EFAULT, NR_sigwaitinfo, BAD, &si);
	CHECK_EQ(kill_self(SIGUSR2), 0);
	CHECK_ERR(EFAULT, NR_sigwaitinfo, &s, BAD); /* and the signal is gone */
	CHECK_ERR(EAGAIN, SYS_sigtimedwait, &s, &si, &zero);
	CHECK_ERR(EAGAIN, SYS_sigtimedwait, &s, &si, &soon);
	CHECK_ERR(EINVAL, SYS_sigtimedwait, &s, &si, &odd);
	CHECK_ERR(EFAULT, SYS_sigtimedwait, &s, &si, BAD);
	CHECK_ERR(EAGAIN, SYS_sigtimedwait, &none, &si, &zero);
	CHECK_EQ(kill_self(SIGUSR2), 0);
	CHECK_EQ(sys(SYS_sigtimedwait, &all, 0, &soon), SIGUSR2);
	/* sigwait tells an error by its value. */
	CHECK_EQ(kill_self(SIGUSR2), 0);
	CHECK_EQ(sys(SYS_sigwait, &s, &got), 0);
	CHECK_EQ(got, SIGUSR2);
	CHECK_EQ(sys(SYS_sigwait, BAD, &got), EFAULT);
	CHECK_EQ(sys(SYS_sigprocmask, SIG_UNBLOCK, &s, 0), 0);
}

static void
senders(void)
{
	int64_t me = sys(SYS_getpid);
	long id = (long)self();

	CHECK_EQ(sys(SYS_kill, me, 0), 0);
	CHECK_EQ(sys(SYS_kill, 0, 0), 0);
	CHECK_ERR(EINVAL, SYS_kill, me, 129);
	CHECK_ERR(EINVAL, SYS_kill, me, -1);
	CHECK_ERR(ESRCH, SYS_kill, 99999999, 0);
	CHECK_ERR(ESRCH, SYS_kill, -99999999, 0);
	CHECK_EQ(sys(NR_thr_kill, id, 0), 0);
	CHECK_ERR(EINVAL, NR_thr_kill, id, 129);
	CHECK_ERR(ESRCH, NR_thr_kill, 7, SIGUSR1);
	CHECK_EQ(sys(NR_thr_kill2, me, id, 0), 0);
	CHECK_ERR(EINVAL, NR_thr_kill2, me, id, 129);
	CHECK_ERR(ESRCH, NR_thr_kill2, me, 7, 0);
	CHECK_ERR(ESRCH, NR_thr_kill2, 99999999, id, 0);
	CHECK_ERR(EINVAL, SYS_sigqueue, me, 129, 0);
	CHECK_ERR(ESRCH, SYS_sigqueue, 99999999, 0, 0);
	CHECK_EQ(sys(SYS_sigqueue, me, 0, 0), 0);
}

static volatile bool no_return;

static void
leave(void *arg)
{
	no_return = true;
	ENDS(NR_thr_exit, arg);
}

/* The state word is set and who waits on it woken; the last thread's thr_exit does not end the process. */
static void
threads_exit(void)
{
	static volatile long word;
	struct kthread k;

	word = 0;
	no_return = false;
	CHECK_EQ(spawn(&k, leave, (void *)&word), 0);
	while (word == 0)
		op(&word, OP_WAIT, 0, 0, 0);
	CHECK_EQ(word, 1);
	CHECK(no_return);
	word = 0;
	int64_t pid = sys(SYS_fork);

	if (pid == 0) {
		bool ok = HOLDS(sys(NR_thr_exit, &word) == 0) && word == 1;

		ENDS(SYS_exit, ok ? 5 : 6);
	}
	CHECK_EQ(status_of(pid, 0), 5 << 8);
}

static void
aborts(void)
{
	void *args[2] = {0, 0};
	int64_t pid = sys(SYS_fork);

	if (pid == 0)
		ENDS(NR_abort2, "a reason", 2, args);
	CHECK_EQ(status_of(pid, 0) & 0x7f, SIGABRT);
	pid = sys(SYS_fork);
	if (pid == 0)
		ENDS(NR_abort2, "too many", 17, args);
	CHECK_EQ(status_of(pid, 0) & 0x7f, SIGKILL);
	pid = sys(SYS_fork);
	if (pid == 0)
		ENDS(NR_abort2, BAD, 0, 0);
	CHECK_EQ(status_of(pid, 0) & 0x7f, SIGKILL);
}

const struct test tests[] = {
    {"contexts_are_left_and_come_back_to", contexts_are_left_and_come_back_to},
    {"contexts_have_masks", contexts_have_masks},
    {"handlers_return_by_sigreturn", handlers_return_by_sigreturn},
    {"masks_and_what_is_pending", masks_and_what_is_pending},
    {"waits", waits},
    {"senders", senders},
    {"threads_exit", threads_exit},
    {"aborts", aborts},
    {0},
};
