/*
 * Queues, waiting, threads.
 * Sources: FreeBSD sigqueue(2), sigwait(2), sigwaitinfo(2), sigsuspend(2), thr_kill(2), sigaction(2), sigfastblock(2);
 * sys/kern/kern_sig.c for order and room.
 */
#include "../kit/signals.h"

#define MAX_SEEN 512
static volatile int nseen;
static int seen[MAX_SEEN];
static long values[MAX_SEEN];
static int codes[MAX_SEEN];
static volatile long by_thread;

static void
record(int signo, struct siginfo *si, void *uc)
{
	(void)uc;
	seen[nseen] = signo;
	values[nseen] = si->value;
	codes[nseen] = si->code;
	by_thread = self();
	nseen++;
}

static void
block(const int *list, int how)
{
	for (; *list; list++)
		mask_one(how, *list);
}

static void
signals_come_lowest_first_and_in_order(void)
{
	static const int used[] = {SIGUSR1, SIGUSR2, SIGRTMIN, SIGRTMIN + 3, SIGRTMAX, 0};
	int64_t me = sys(SYS_getpid);
	struct sigset all = {{~0u, ~0u, ~0u, ~0u}}, old, pend;
	struct siginfo si;
	static const struct {
		int signo;
		long value;
	} want[] = {{SIGUSR1, 3}, {SIGUSR2, 0}, {SIGRTMIN, 2}, {SIGRTMIN, 5}, {SIGRTMIN + 3, 1}, {SIGRTMAX, 4}};

	sys(SYS_sigprocmask, SIG_BLOCK, &all, &old);
	CHECK_EQ(sys(SYS_sigqueue, me, SIGRTMIN + 3, 1), 0);
	CHECK_EQ(sys(SYS_sigqueue, me, SIGRTMIN, 2), 0);
	CHECK_EQ(sys(SYS_sigqueue, me, SIGUSR1, 3), 0);
	CHECK_EQ(sys(SYS_sigqueue, me, SIGRTMAX, 4), 0);
	CHECK_EQ(sys(SYS_sigqueue, me, SIGRTMIN, 5), 0);
	CHECK_EQ(sys(SYS_kill, me, SIGUSR2), 0);
	CHECK_EQ(sys(SYS_sigpending, &pend), 0);
	for (const int *u = used; *u; u++)
		CHECK(in_set(&pend, *u));
	for (int i = 0; i < 6; i++) {
		CHECK_EQ(sys(NR_sigwaitinfo, &all, &si), want[i].signo);
		CHECK_EQ(si.signo, want[i].signo);
		CHECK_EQ(si.value, want[i].value);
		CHECK_EQ(si.code, want[i].signo == SIGUSR2 ? SI_USER : SI_QUEUE);
		CHECK_EQ(si.pid, me);
	}
	CHECK_EQ(sys(SYS_sigpending, &pend), 0);
	CHECK_EQ(pend.bits[0] | pend.bits[1] | pend.bits[2] | pend.bits[3], 0);
	sys(SYS_sigprocmask, SIG_SETMASK, &old, 0);
}

/* Frames are stacked lowest first, so the last to be pushed runs first. */
static void
handlers_nest_in_reverse(void)
{
	static const int used[] = {SIGUSR1, SIGRTMIN, 0};

	nseen = 0;
	handle(SIGUSR1, record, SA_SIGINFO);
	handle(SIGRTMIN, record, SA_SIGINFO);
	block(used, SIG_BLOCK);
	kill_self(SIGRTMIN);
	kill_self(SIGUSR1);
	struct sigset none = {{0}};
	sys(SYS_sigprocmask, SIG_SETMASK, &none, 0);
	CHECK_EQ(nseen, 2);
	CHECK_EQ(seen[0], SIGRTMIN);
	CHECK_EQ(seen[1], SIGUSR1);
}

static void
queue_holds_128(void)
{
	int64_t me = sys(SYS_getpid);
	int n = 0;

	nseen = 0;
	handle(SIGRTMIN + 1, record, SA_SIGINFO | SA_NODEFER);
	mask_one(SIG_BLOCK, SIGRTMIN + 1);
	while (n < 200 && sys(SYS_sigqueue, me, SIGRTMIN + 1, n) == 0)
		n++;
	CHECK_EQ(n, 128); /* kern.sigqueue.max_pending_per_proc */
	CHECK_ERR(EAGAIN, SYS_sigqueue, me, SIGRTMIN + 1, 0);
	CHECK_EQ(sys(SYS_kill, me, SIGRTMIN + 1), 0); /* kill never fails for room; only the number is kept */
	mask_one(SIG_UNBLOCK, SIGRTMIN + 1);
	CHECK_EQ(nseen, 129);
}

static void
calls_check_their_arguments(void)
{
	int64_t me = sys(SYS_getpid);

	CHECK_ERR(EINVAL, SYS_kill, me, -1);
	CHECK_ERR(EINVAL, SYS_kill, me, 129);
	CHECK_EQ(sys(SYS_kill, me, 0), 0);
	CHECK_EQ(sys(SYS_kill, 0, 0), 0);
	CHECK_ERR(ESRCH, SYS_kill, 0x3fffffff, 0);
	CHECK_ERR(EINVAL, SYS_sigqueue, me, 129, 0);
	CHECK_ERR(EINVAL, SYS_sigqueue, 0, SIGUSR1, 0);
	CHECK_ERR(EINVAL, SYS_sigqueue, -1, SIGUSR1, 0);
	CHECK_EQ(sys(SYS_sigqueue, me, 0, 0), 0);
	CHECK_ERR(EINVAL, NR_thr_kill, self(), 129);
	CHECK_EQ(sys(NR_thr_kill, self(), 0), 0);
	CHECK_ERR(ESRCH, NR_thr_kill, 1, SIGUSR1);
	CHECK_ERR(ESRCH, NR_thr_kill, -1, SIGUSR1); /* no other thread */
	CHECK_EQ(sys(NR_thr_kill2, me, self(), 0), 0);
}

static void
sigaction_remembers_what_has_a_meaning(void)
{
	struct sigaction sa = {.handler = record, .flags = 0x7f, .mask = {{~0u, 0, 0, 1}}}, old;

	CHECK_EQ(sys(SYS_sigaction, SIGHUP, 0, &old), 0);
	CHECK_EQ(old.flags, SA_RESTART); /* a fresh program: calls restart */
	CHECK_EQ(sys(SYS_sigaction, SIGUSR1, &sa, 0), 0);
	CHECK_EQ(sys(SYS_sigaction, SIGUSR1, 0, &old), 0);
	CHECK_EQ(old.flags, 0x57);                   /* NOCLDSTOP and NOCLDWAIT are SIGCHLD's */
	CHECK_EQ(old.mask.bits[0], ~(1u << 8 | 1u << 16)); /* KILL and STOP cannot be blocked */
	CHECK_EQ(old.mask.bits[3], 1);
	sa.flags = 0x80;
	CHECK_ERR(EINVAL, SYS_sigaction, SIGUSR1, &sa, 0);
	sa.handler = (void *)1;
	CHECK_EQ(sys(SYS_sigaction, SIGUSR1, &sa, 0), 0); /* unknown flags matter to handlers only */
	sa.handler = 0;
	sa.flags = SA_SIGINFO;
	CHECK_EQ(sys(SYS_sigaction, SIGUSR1, &sa, 0), 0);
	CHECK_EQ(sys(SYS_sigaction, SIGUSR1, 0, &old), 0);
	CHECK_EQ(old.flags, 0);
}

static void
ignored_signals_are_gone(void)
{
	struct sigset s = SIGSET(SIGUSR1), pend;
	struct timespec now = {0, 0};

	handle(SIGUSR1, record, SA_SIGINFO);
	mask_one(SIG_BLOCK, SIGUSR1);
	kill_self(SIGUSR1);
	handle(SIGUSR1, (void *)1, 0); /* what was pending goes, too */
	sys(SYS_sigpending, &pend);
	CHECK(!in_set(&pend, SIGUSR1));
	kill_self(SIGUSR1);
	CHECK_ERR(EAGAIN, SYS_sigtimedwait, &s, 0, &now);
	kill_self(SIGWINCH); /* ignored by default */
	sys(SYS_sigpending, &pend);
	CHECK(!in_set(&pend, SIGWINCH));
	handle(SIGUSR1, 0, 0);
	mask_one(SIG_UNBLOCK, SIGUSR1);
}

static void
sigtimedwait_looks_before_it_complains(void)
{
	struct sigset s = SIGSET(SIGUSR2);
	struct timespec bad = {0, 1000000000}, past = {-5, 0};

	mask_one(SIG_BLOCK, SIGUSR2);
	CHECK_ERR(EINVAL, SYS_sigtimedwait, &s, 0, &bad);
	CHECK_ERR(EAGAIN, SYS_sigtimedwait, &s, 0, &past);
	kill_self(SIGUSR2);
	CHECK_EQ(sys(SYS_sigtimedwait, &s, 0, &bad), SIGUSR2);
	CHECK_ERR(EFAULT, SYS_sigtimedwait, 16, 0, &past);
	CHECK_ERR(EFAULT, SYS_sigtimedwait, &s, 0, 16);
	CHECK_EQ(sys(SYS_sigwait, 16, 0), EFAULT); /* this call's errors are values */
	mask_one(SIG_UNBLOCK, SIGUSR2);
}

static struct sigset frame_mask, handler_mask;

static void
masks(int signo, struct siginfo *si, struct ucontext *uc)
{
	record(signo, si, uc);
	frame_mask = uc->mask;
	sys(SYS_sigprocmask, 0, 0, &handler_mask);
}

/* ppoll(2): the mask holds while it waits; the handler returns to the one before. */
static void
ppoll_waits_with_its_own_mask(void)
{
	struct sigset wait = {{1u << (SIGHUP - 1)}}, now;
	struct timespec zero = {0, 0};
	struct {
		int fd;
		short events, revents;
	} p = {.events = 1};
	int fd[2];

	CHECK_EQ(sys(SYS_pipe2, fd, 0), 0);
	p.fd = fd[0];
	nseen = 0;
	handle(SIGUSR1, masks, SA_SIGINFO | SA_RESTART);
	mask_one(SIG_BLOCK, SIGUSR1);
	kill_self(SIGUSR1);
	CHECK_ERR(EINTR, NR_ppoll, &p, 1, 0, &wait);
	CHECK_EQ(nseen, 1);
	CHECK_EQ(frame_mask.bits[0], 1u << (SIGUSR1 - 1));
	CHECK_EQ(handler_mask.bits[0], 1u << (SIGHUP - 1) | 1u << (SIGUSR1 - 1));
	sys(SYS_sigprocmask, 0, 0, &now);
	CHECK_EQ(now.bits[0], 1u << (SIGUSR1 - 1));
	/* not interrupted: the mask is back before anything is delivered */
	kill_self(SIGUSR1);
	CHECK_EQ(sys(SYS_write, fd[1], "x", 1), 1);
	wait.bits[0] = ~0u;
	CHECK_EQ(sys(NR_ppoll, &p, 1, &zero, &wait), 1);
	CHECK_EQ(nseen, 1);
	mask_one(SIG_UNBLOCK, SIGUSR1);
	CHECK_EQ(nseen, 2);
	sys(SYS_close, fd[0]);
	sys(SYS_close, fd[1]);
}

struct waiter {
	volatile uint32_t ready;
	long result, value;
	int call, signo;
};

static void
wait_in_thread(void *arg)
{
	struct waiter *w = arg;
	struct sigset s = {{0}};
	struct siginfo si = {0};
	int signo = -1;

	s.bits[(w->signo - 1) / 32] = 1u << ((w->signo - 1) % 32);
	w->ready = 1;
	w->result = w->call == SYS_sigwait ? sys(SYS_sigwait, &s, &signo) : sys(NR_sigwaitinfo, &s, &si);
	w->value = w->call == SYS_sigwait ? signo : si.value;
}

static void
a_waiting_thread_takes_the_process_signal(void)
{
	struct waiter w = {.call = NR_sigwaitinfo, .signo = SIGRTMIN + 2};
	struct kthread k;

	mask_one(SIG_BLOCK, w.signo);
	CHECK_EQ(spawn(&k, wait_in_thread, &w), 0);
	until(&w.ready, 1, 1);
	CHECK_EQ(sys(SYS_sigqueue, sys(SYS_getpid), w.signo, 4711), 0);
	join(&k);
	CHECK_EQ(w.result, w.signo);
	CHECK_EQ(w.value, 4711);
	mask_one(SIG_UNBLOCK, w.signo);
}

/* Others' signals end sigwait with the value EINTR, or start it over. */
static void
sigwait_is_interrupted_by_others(void)
{
	for (int restart = 0; restart < 2; restart++) {
		struct waiter w = {.call = SYS_sigwait, .signo = SIGUSR2};
		struct kthread k;

		nseen = 0;
		handle(SIGUSR1, record, SA_SIGINFO | (restart ? SA_RESTART : 0));
		handle(SIGUSR2, record, SA_SIGINFO);
		mask_one(SIG_BLOCK, SIGUSR2);
		CHECK_EQ(spawn(&k, wait_in_thread, &w), 0);
		until(&w.ready, 1, 1);
		/* It may not wait yet when the first comes, so go on until the handler ran and, without restart, it has ended. */
		while (restart ? nseen < 10 : !*(volatile long *)&k.gone) {
			sys(NR_thr_kill, k.tid, SIGUSR1);
			sys(SYS_sched_yield);
			if (nseen > MAX_SEEN - 100)
				nseen = 10;
		}
		CHECK(by_thread == k.tid);
		if (restart)
			sys(NR_thr_kill, k.tid, SIGUSR2);
		join(&k);
		CHECK_EQ(w.result, restart ? 0 : EINTR);
		CHECK_EQ(w.value, restart ? SIGUSR2 : -1);
		mask_one(SIG_UNBLOCK, SIGUSR2);
	}
}

static volatile uint32_t go, spinning;

static void
spin(void *arg)
{
	struct sigset all = {{~0u, ~0u, ~0u, ~0u}};

	if (arg)
		sys(SYS_sigprocmask, SIG_BLOCK, &all, 0);
	spinning = 1;
	while (!go)
		;
}

static void
thr_kill_reaches_one_thread(void)
{
	struct kthread k;

	nseen = 0;
	by_thread = 0;
	go = spinning = 0;
	handle(SIGUSR1, record, SA_SIGINFO);
	CHECK_EQ(spawn(&k, spin, 0), 0);
	until(&spinning, 1, 1);
	CHECK_EQ(sys(NR_thr_kill, k.tid, SIGUSR1), 0);
	while (!nseen)
		;
	CHECK_EQ(by_thread, k.tid);
	CHECK_EQ(codes[0], SI_LWP);
	CHECK_EQ(sys(NR_thr_kill2, sys(SYS_getpid), -1, SIGUSR1), 0); /* all but the caller: that one */
	while (nseen < 2)
		;
	CHECK_EQ(by_thread, k.tid);
	go = 1;
	join(&k);
}

static void
the_thread_that_lets_it_through_gets_it(void)
{
	struct kthread k;

	nseen = 0;
	go = spinning = 0;
	CHECK_EQ(spawn(&k, spin, (void *)1), 0); /* blocks everything */
	until(&spinning, 1, 1);
	CHECK_EQ(kill_self(SIGUSR1), 0);
	CHECK_EQ(nseen, 1);
	CHECK_EQ(by_thread, self());
	mask_one(SIG_BLOCK, SIGUSR1);
	kill_self(SIGUSR1);
	CHECK_EQ(nseen, 1);
	CHECK_EQ(sys(NR_thr_kill, k.tid, SIGUSR1), 0);
	mask_one(SIG_UNBLOCK, SIGUSR1);
	CHECK_EQ(nseen, 2); /* the thread's own stays with it */
	go = 1;
	join(&k);
	handle(SIGUSR1, 0, 0);
}

static volatile uint32_t fast_word;

static void
sigfastblock_puts_signals_off(void)
{
	nseen = 0;
	handle(SIGUSR1, record, SA_SIGINFO);
	CHECK_ERR(EINVAL, NR_sigfastblock, 2, 0);
	CHECK_ERR(EINVAL, NR_sigfastblock, 9, 0);
	CHECK_ERR(EINVAL, NR_sigfastblock, 1, (uint64_t)&fast_word + 1);
	fast_word = 0x10;
	CHECK_EQ(sys(NR_sigfastblock, 1, &fast_word), 0);
	CHECK_ERR(EBUSY, NR_sigfastblock, 1, &fast_word);
	CHECK_EQ(kill_self(SIGUSR1), 0);
	CHECK_EQ(nseen, 0);
	CHECK_EQ(fast_word, 0x11); /* pending */
	CHECK_ERR(EBUSY, NR_sigfastblock, 2, 0);
	CHECK_ERR(EBUSY, NR_sigfastblock, 3, 0);
	fast_word -= 0x10;
	CHECK_EQ(sys(NR_sigfastblock, 2, 0), 0);
	CHECK_EQ(nseen, 1);
	CHECK_EQ(fast_word, 0);
	CHECK_EQ(sys(NR_sigfastblock, 3, 0), 0);
	CHECK_ERR(EINVAL, NR_sigfastblock, 3, 0);
}

const struct test tests[] = {
    {"signals_come_lowest_first_and_in_order", signals_come_lowest_first_and_in_order},
    {"handlers_nest_in_reverse", handlers_nest_in_reverse},
    {"queue_holds_128", queue_holds_128},
    {"calls_check_their_arguments", calls_check_their_arguments},
    {"sigaction_remembers_what_has_a_meaning", sigaction_remembers_what_has_a_meaning},
    {"ignored_signals_are_gone", ignored_signals_are_gone},
    {"sigtimedwait_looks_before_it_complains", sigtimedwait_looks_before_it_complains},
    {"ppoll_waits_with_its_own_mask", ppoll_waits_with_its_own_mask},
    {"a_waiting_thread_takes_the_process_signal", a_waiting_thread_takes_the_process_signal},
    {"sigwait_is_interrupted_by_others", sigwait_is_interrupted_by_others},
    {"thr_kill_reaches_one_thread", thr_kill_reaches_one_thread},
    {"the_thread_that_lets_it_through_gets_it", the_thread_that_lets_it_through_gets_it},
    {"sigfastblock_puts_signals_off", sigfastblock_puts_signals_off},
    {0},
};
