/*
 * Interval timers and timers of a process.
 * Sources: FreeBSD setitimer(2), timer_create(2), timer_settime(2), timer_delete(2), sigevent(3); sys/kern/kern_time.c (ids
 * from 3, 32 in all, overruns).  Waits are for events; no time is asserted but that it has passed.
 */
#include "../kit/signals.h"

enum { EV_NONE, EV_SIGNAL, EV_THREAD, EV_KEVENT, EV_THREAD_ID };

struct sigevent {
	int notify, signo;
	long value;
	int thread_id, pad;
	long spare[7];
};
struct itimerspec {
	struct timespec interval, value;
};
struct itimerval {
	long interval[2], value[2];
};

static volatile int hits, last_code;
static volatile long by_thread;

static void
note(int signo, struct siginfo *si, void *uc)
{
	(void)signo, (void)uc;
	last_code = si->code;
	by_thread = self();
	hits++; /* last: others wait for it */
}

static int64_t
now(void)
{
	struct timespec ts;

	sys(NR_clock_gettime, CLOCK_MONOTONIC, &ts);
	return ts.sec * 1000000000 + ts.nsec;
}

static void
setitimer_signals_again_and_again(void)
{
	static const int which[] = {SIGALRM, SIGVTALRM, SIGPROF};
	struct itimerval off = {{0}, {0}}, on = {{0, 1000}, {0, 1000}}, got;

	for (int i = 0; i < 3; i++) {
		hits = 0;
		handle(which[i], note, SA_SIGINFO | SA_RESTART);
		CHECK_EQ(sys(NR_setitimer, i, &on, 0), 0);
		while (hits < 3)
			;
		CHECK_EQ(sys(NR_getitimer, i, &got), 0);
		CHECK_EQ(got.interval[0], 0);
		CHECK(got.interval[1] >= 1000); /* rounded up to what the clock can do */
		CHECK_EQ(sys(NR_setitimer, i, &off, &got), 0);
		CHECK_EQ(last_code, SI_KERNEL);
	}
	on.value[1] = 1000000;
	CHECK_ERR(EINVAL, NR_setitimer, 0, &on, 0);
	CHECK_ERR(EINVAL, NR_setitimer, 3, &off, 0);
	CHECK_ERR(EFAULT, NR_setitimer, 0, 16, 0);
}

static void
default_event_is_sigalrm_with_the_id(void)
{
	struct sigset s = SIGSET(SIGALRM);
	struct itimerspec once = {{0, 0}, {0, 1000}};
	struct siginfo si;
	int id = -1;

	mask_one(SIG_BLOCK, SIGALRM);
	CHECK_EQ(sys(NR_ktimer_create, CLOCK_MONOTONIC, 0, &id), 0);
	CHECK_EQ(id, 3); /* the first that is not setitimer's */
	CHECK_EQ(sys(NR_ktimer_settime, id, 0, &once, 0), 0);
	CHECK_EQ(sys(NR_sigwaitinfo, &s, &si), SIGALRM);
	CHECK_EQ(si.code, SI_TIMER);
	CHECK_EQ((int)si.value, id);
	CHECK_EQ(*(int *)si.reason, id);
	CHECK_EQ(((int *)si.reason)[1], 0);
	CHECK_EQ(sys(NR_ktimer_getoverrun, id), 0);
	CHECK_EQ(sys(NR_ktimer_delete, id), 0);
	CHECK_ERR(EINVAL, NR_ktimer_delete, id);
	mask_one(SIG_UNBLOCK, SIGALRM);
}

static void
overruns_are_counted_while_it_is_pending(void)
{
	struct sigset s = SIGSET(SIGUSR1), pend;
	struct sigevent ev = {.notify = EV_SIGNAL, .signo = SIGUSR1, .value = 0x123456789};
	struct itimerspec often = {{0, 100000}, {0, 100000}}, off = {{0, 0}, {0, 0}};
	struct siginfo si;
	int id;
	int64_t end;

	mask_one(SIG_BLOCK, SIGUSR1);
	CHECK_EQ(sys(NR_ktimer_create, CLOCK_REALTIME, &ev, &id), 0);
	CHECK_EQ(sys(NR_ktimer_settime, id, 0, &often, 0), 0);
	for (end = now() + 20000000; now() < end;)
		sys(SYS_getpid);
	CHECK_EQ(sys(NR_sigwaitinfo, &s, &si), SIGUSR1);
	CHECK_EQ(si.value, 0x123456789);
	CHECK(((int *)si.reason)[1] >= 10); /* of some 200 */
	CHECK_EQ(sys(NR_ktimer_getoverrun, id), ((int *)si.reason)[1]);
	CHECK_EQ(sys(NR_ktimer_settime, id, 0, &off, &often), 0);
	CHECK_EQ(often.interval.nsec, 100000);
	while (sys(SYS_sigtimedwait, &s, 0, &off.value) == SIGUSR1)
		;
	/* deleted, it takes its pending signal along */
	often.value.nsec = often.interval.nsec = 100000;
	CHECK_EQ(sys(NR_ktimer_settime, id, 0, &often, 0), 0);
	do
		sys(SYS_sigpending, &pend);
	while (!in_set(&pend, SIGUSR1));
	CHECK_EQ(sys(NR_ktimer_delete, id), 0);
	sys(SYS_sigpending, &pend);
	CHECK(!in_set(&pend, SIGUSR1));
	mask_one(SIG_UNBLOCK, SIGUSR1);
}

static volatile uint32_t stop;

static void
spin(void *arg)
{
	(void)arg;
	while (!stop)
		;
}

static void
thread_events_reach_their_thread(void)
{
	struct sigevent ev = {.notify = EV_THREAD_ID, .signo = SIGUSR2};
	struct itimerspec often = {{0, 1000000}, {0, 1000000}};
	struct kthread k;
	int id;

	stop = 0;
	CHECK_EQ(spawn(&k, spin, 0), 0);
	hits = 0;
	handle(SIGUSR2, note, SA_SIGINFO);
	ev.thread_id = (int)k.tid;
	CHECK_EQ(sys(NR_ktimer_create, CLOCK_MONOTONIC, &ev, &id), 0);
	CHECK_EQ(sys(NR_ktimer_settime, id, 0, &often, 0), 0);
	for (int i = 1; i < 5; i++) {
		while (hits < i)
			;
		CHECK_EQ(by_thread, k.tid);
	}
	CHECK_EQ(sys(NR_ktimer_delete, id), 0);
	stop = 1;
	join(&k);
}

static void
without_event_it_only_counts_down(void)
{
	struct sigevent ev = {.notify = EV_NONE};
	struct itimerspec set = {{0, 0}, {1000, 5}}, got, at = {{0, 0}, {0, 1}};
	int id;

	CHECK_EQ(sys(NR_ktimer_create, CLOCK_MONOTONIC, &ev, &id), 0);
	CHECK_EQ(sys(NR_ktimer_gettime, id, &got), 0);
	CHECK_EQ(got.value.sec | got.value.nsec, 0);
	CHECK_EQ(sys(NR_ktimer_settime, id, 0, &set, 0), 0);
	CHECK_EQ(sys(NR_ktimer_gettime, id, &got), 0);
	CHECK(got.value.sec <= 1000 && got.value.sec > 900);
	CHECK_EQ(sys(NR_ktimer_settime, id, 1, &at, &got), 0); /* TIMER_ABSTIME, long past */
	CHECK(got.value.sec <= 1000 && got.value.sec > 900);
	set.value.nsec = 1000000000;
	CHECK_ERR(EINVAL, NR_ktimer_settime, id, 0, &set, 0);
	CHECK_ERR(EFAULT, NR_ktimer_settime, id, 0, 16, 0);
	CHECK_EQ(sys(NR_ktimer_delete, id), 0);
}

static void
timers_are_checked_and_counted(void)
{
	struct sigevent ev = {.notify = EV_KEVENT, .signo = SIGUSR1};
	struct itimerspec got;
	int id, first = -1, n = 0;
	int64_t r, pid;

	CHECK_ERR(EINVAL, NR_ktimer_create, 99, 0, &id);
	CHECK_ERR(EINVAL, NR_ktimer_create, 15, 0, &id); /* CPU time */
	CHECK_ERR(EINVAL, NR_ktimer_create, 0, &ev, &id);
	ev.notify = EV_SIGNAL;
	ev.signo = 129;
	CHECK_ERR(EINVAL, NR_ktimer_create, 0, &ev, &id);
	CHECK_ERR(EFAULT, NR_ktimer_create, 0, 16, &id);
	CHECK_ERR(EFAULT, NR_ktimer_create, 0, 0, 16);
	CHECK_ERR(EINVAL, NR_ktimer_gettime, 3, &got);
	CHECK_ERR(EINVAL, NR_ktimer_gettime, 0, &got);
	while ((r = sys(NR_ktimer_create, 0, 0, &id)) == 0) {
		first = first < 0 ? id : first;
		n++;
	}
	CHECK_EQ(r, -EAGAIN);
	CHECK_EQ(n, 29);
	pid = sys(SYS_fork);
	if (pid == 0) /* children have none */
		call(SYS_exit, sys(NR_ktimer_gettime, first, &got) == -EINVAL);
	CHECK_EQ(status_of(pid, 0), 1 << 8);
	for (int i = first; i < first + n; i++)
		CHECK_EQ(sys(NR_ktimer_delete, i), 0);
}

const struct test tests[] = {
    {"setitimer_signals_again_and_again", setitimer_signals_again_and_again},
    {"default_event_is_sigalrm_with_the_id", default_event_is_sigalrm_with_the_id},
    {"overruns_are_counted_while_it_is_pending", overruns_are_counted_while_it_is_pending},
    {"thread_events_reach_their_thread", thread_events_reach_their_thread},
    {"without_event_it_only_counts_down", without_event_it_only_counts_down},
    {"timers_are_checked_and_counted", timers_are_checked_and_counted},
    {0},
};
