/*
 * Clocks, sleeps, timer descriptors.
 * Sources: FreeBSD manual clock_gettime(2), gettimeofday(2), nanosleep(2), clock_getcpuclockid(3), timerfd_create(2),
 * getitimer(2), getrusage(2); sys/kern/kern_time.c (clock_nanosleep's error is its value: kern_posix_error).
 * Nothing is asserted of durations but that they are not shorter than asked for.
 */
#include "../kit/signals.h"

enum { NR_adjtime = 140, NR_ntp_adjtime = 176, NR_ntp_gettime = 248, NR_gettimeofday = 116, NR_getrusage = 117, NR_clock_getres = 234, NR_clock_nanosleep = 244,
       NR_clock_getcpuclockid2 = 247, NR_timerfd_create = 585, NR_timerfd_gettime, NR_timerfd_settime };
enum { CLOCK_VIRTUAL = 1, CLOCK_PROF, CLOCK_UPTIME = 5, CLOCK_SECOND = 13, CLOCK_THREAD_CPUTIME_ID, CLOCK_PROCESS_CPUTIME_ID };
#define BAD ((void *)8)
#define SECOND 1000000000l

struct itimerspec {
	struct timespec interval, value;
};

static int64_t
ns(struct timespec t)
{
	return t.sec * SECOND + t.nsec;
}

static int64_t
now(int clock)
{
	struct timespec t = {0, 0};

	sys(NR_clock_gettime, clock, &t);
	return ns(t);
}

static void
clocks_tell_the_time(void)
{
	/* REALTIME VIRTUAL PROF MONOTONIC UPTIME, their precise and fast forms, SECOND, CPU times. */
	static const int ids[] = {0, 1, 2, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15};
	struct timespec t, res;

	for (unsigned i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		CHECK_EQ(sys(NR_clock_gettime, ids[i], &t), 0);
		CHECK(t.sec >= 0 && t.nsec >= 0 && t.nsec < SECOND);
		CHECK_EQ(sys(NR_clock_getres, ids[i], &res), 0);
		CHECK(ns(res) > 0 && ns(res) <= SECOND);
		CHECK(ids[i] != CLOCK_SECOND || (t.nsec == 0 && ns(res) == SECOND));
		CHECK_EQ(sys(NR_clock_getres, ids[i], 0), 0);
	}
	CHECK_ERR(EINVAL, NR_clock_gettime, 99, &t);
	CHECK_ERR(EINVAL, NR_clock_gettime, 3, &t);
	CHECK_ERR(EFAULT, NR_clock_gettime, CLOCK_REALTIME, BAD);
	CHECK_ERR(EINVAL, NR_clock_getres, 99, &res);
	CHECK_ERR(EFAULT, NR_clock_getres, CLOCK_REALTIME, BAD);
}

static void
clocks_agree_and_do_not_go_back(void)
{
	int64_t last = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
	struct timespec t;
	long tv[2], tz[2] = {-1, -1};

	for (int i = 0; i < 1000; i++) {
		int64_t at = now(CLOCK_MONOTONIC);

		CHECK(at >= last);
		last = at;
	}
	CHECK(now(CLOCK_PROCESS_CPUTIME_ID) > cpu);
	CHECK_EQ(sys(NR_clock_gettime, CLOCK_REALTIME, &t), 0);
	CHECK_EQ(sys(NR_gettimeofday, tv, tz), 0);
	CHECK(tv[0] * SECOND + tv[1] * 1000 >= ns(t) - 1000 && tv[1] >= 0 && tv[1] < 1000000);
	CHECK_EQ(tz[0], 0);
	CHECK_EQ(sys(NR_gettimeofday, 0, 0), 0);
	CHECK_ERR(EFAULT, NR_gettimeofday, BAD, 0);
}

static void
sleeps_last_as_long_as_asked(void)
{
	struct timespec want = {0, 2000000}, at;
	int64_t start = now(CLOCK_MONOTONIC);

	CHECK_EQ(sys(NR_nanosleep, &want, 0), 0);
	CHECK(now(CLOCK_MONOTONIC) - start >= ns(want));
	start = now(CLOCK_REALTIME);
	CHECK_EQ(sys(NR_clock_nanosleep, CLOCK_REALTIME, 0, &want, 0), 0);
	CHECK(now(CLOCK_REALTIME) - start >= ns(want));
	CHECK_EQ(sys(NR_clock_gettime, CLOCK_MONOTONIC, &at), 0);
	at.nsec += 2000000;
	at.sec += at.nsec / SECOND;
	at.nsec %= SECOND;
	CHECK_EQ(sys(NR_clock_nanosleep, CLOCK_MONOTONIC, ABSTIME, &at, 0), 0);
	CHECK(now(CLOCK_MONOTONIC) >= ns(at));
	CHECK_EQ(sys(NR_clock_nanosleep, CLOCK_MONOTONIC, ABSTIME, &at, 0), 0); /* is past */
	want.nsec = 0;
	want.sec = -5;
	CHECK_EQ(sys(NR_nanosleep, &want, 0), 0); /* kern_clock_nanosleep: at once */
}

static void
sleeps_refuse(void)
{
	struct timespec bad = {0, SECOND}, ok = {0, 1};

	CHECK_ERR(EINVAL, NR_nanosleep, &bad, 0);
	bad.nsec = -1;
	CHECK_ERR(EINVAL, NR_nanosleep, &bad, 0);
	CHECK_ERR(EFAULT, NR_nanosleep, BAD, 0);
	/* An error is the value: carry stays clear. */
	CHECK_EQ(sys(NR_clock_nanosleep, CLOCK_REALTIME, 0, &bad, 0), EINVAL);
	CHECK_EQ(sys(NR_clock_nanosleep, CLOCK_REALTIME, 0, BAD, 0), EFAULT);
	CHECK_EQ(sys(NR_clock_nanosleep, 99, 0, &ok, 0), EINVAL);
	CHECK_EQ(sys(NR_clock_nanosleep, CLOCK_REALTIME, 2, &ok, 0), EINVAL);
	CHECK_EQ(sys(NR_clock_nanosleep, CLOCK_PROF, 0, &ok, 0), ENOTSUP);
	CHECK_EQ(sys(NR_clock_nanosleep, CLOCK_PROCESS_CPUTIME_ID, 0, &ok, 0), ENOTSUP);
}

static volatile int hits;

static void
note(int signo)
{
	(void)signo;
	hits++;
}

/* A timer ends the sleep; what is left and what was slept are together what was asked for. */
static void
an_interrupted_sleep_says_what_is_left(void)
{
	struct {
		long interval[2], value[2];
	} timer = {{0, 0}, {0, 1000}};
	struct timespec want = {100, 0}, left = {-1, -1};
	int64_t start, slept;

	hits = 0;
	handle(SIGALRM, note, SA_RESTART); /* nanosleep is never restarted */
	start = now(CLOCK_MONOTONIC);
	CHECK_EQ(sys(NR_setitimer, 0, &timer, 0), 0);
	CHECK_ERR(EINTR, NR_nanosleep, &want, &left);
	slept = now(CLOCK_MONOTONIC) - start;
	CHECK_EQ(hits, 1);
	CHECK(left.sec >= 0 && ns(left) < ns(want) && ns(left) + slept >= ns(want));
	left.sec = -1;
	CHECK_EQ(sys(NR_setitimer, 0, &timer, 0), 0);
	CHECK_EQ(sys(NR_clock_nanosleep, CLOCK_MONOTONIC, 0, &want, &left), EINTR);
	CHECK(left.sec >= 0 && ns(left) < ns(want));
	CHECK_ERR(EINVAL, NR_getitimer, 3, &timer);
	CHECK_ERR(EINVAL, NR_setitimer, 3, &timer, 0);
	CHECK_ERR(EINVAL, NR_ktimer_getoverrun, 31);
}

static void
cpu_clocks_of_processes_and_threads(void)
{
	int clock = 0;
	struct timespec t;

	CHECK_EQ(sys(NR_clock_getcpuclockid2, 0, 0, &clock), 0);
	CHECK(clock < 0);
	CHECK_EQ(sys(NR_clock_gettime, clock, &t), 0);
	CHECK(ns(t) > 0 && ns(t) <= now(CLOCK_PROCESS_CPUTIME_ID));
	CHECK_EQ(sys(NR_clock_getcpuclockid2, sys(SYS_getpid), 0, &clock), 0);
	CHECK_EQ(sys(NR_clock_getcpuclockid2, self(), 1, &clock), 0);
	CHECK_EQ(sys(NR_clock_gettime, clock, &t), 0);
	CHECK(ns(t) > 0);
	CHECK_ERR(EINVAL, NR_clock_getcpuclockid2, 0, 9, &clock);
	CHECK_ERR(ESRCH, NR_clock_getcpuclockid2, 0x7ffffff0, 0, &clock);
	CHECK_ERR(ESRCH, NR_clock_getcpuclockid2, 0x7ffffff0, 1, &clock);
	CHECK_ERR(EFAULT, NR_clock_getcpuclockid2, 0, 0, BAD);
}

static void
usage_is_counted(void)
{
	struct {
		long utime[2], stime[2], maxrss, rest[13];
	} u;

	_Static_assert(sizeof(u) == 144, "sys/resource.h");
	CHECK_EQ(sys(NR_getrusage, 0, &u), 0);
	CHECK(u.utime[0] >= 0 && u.utime[1] < 1000000 && u.maxrss > 0);
	CHECK_EQ(sys(NR_getrusage, -1, &u), 0);
	CHECK_EQ(sys(NR_getrusage, 1, &u), 0); /* this thread */
	CHECK_ERR(EINVAL, NR_getrusage, 9, &u);
	CHECK_ERR(EFAULT, NR_getrusage, 0, BAD);
}

static void
timer_descriptors_count_expirations(void)
{
	struct itimerspec set = {{0, 1000000}, {0, 1000000}}, got;
	uint64_t n = 0;
	int64_t fd = sys(NR_timerfd_create, CLOCK_MONOTONIC, 0);

	CHECK(fd >= 0);
	CHECK_EQ(sys(NR_timerfd_settime, fd, 0, &set, 0), 0);
	CHECK_EQ(sys(SYS_read, fd, &n, 8), 8);
	CHECK(n >= 1);
	CHECK_EQ(sys(NR_timerfd_gettime, fd, &got), 0);
	CHECK_EQ(ns(got.interval), 1000000);
	CHECK(ns(got.value) > 0 && ns(got.value) <= 1000000);
	memset(&set, 0, sizeof(set));
	CHECK_EQ(sys(NR_timerfd_settime, fd, 0, &set, &got), 0);
	CHECK_EQ(ns(got.interval), 1000000);
	CHECK_EQ(sys(NR_timerfd_gettime, fd, &got), 0);
	CHECK_EQ(ns(got.value), 0);
	CHECK_ERR(EINVAL, SYS_read, fd, &n, 4);
	CHECK_EQ(sys(SYS_close, fd), 0);
	CHECK_EQ(sys(NR_timerfd_create, CLOCK_REALTIME, O_NONBLOCK | O_CLOEXEC), fd);
	CHECK_ERR(EAGAIN, SYS_read, fd, &n, 8);
	CHECK_EQ(sys(SYS_fcntl, fd, 1, 0), 1);
	CHECK_EQ(sys(SYS_close, fd), 0);
}

static void
timer_descriptors_refuse(void)
{
	struct itimerspec set = {{0, 0}, {0, SECOND}};
	int64_t fd = sys(NR_timerfd_create, CLOCK_MONOTONIC, 0);

	CHECK(fd >= 0);
	CHECK_ERR(EINVAL, NR_timerfd_create, 99, 0);
	CHECK_ERR(EINVAL, NR_timerfd_create, CLOCK_MONOTONIC, 1);
	CHECK_ERR(EINVAL, NR_timerfd_settime, fd, 0, &set, 0);
	set.value.nsec = 1;
	CHECK_ERR(EINVAL, NR_timerfd_settime, fd, 8, &set, 0);
	CHECK_ERR(EBADF, NR_timerfd_settime, 999, 0, &set, 0);
	CHECK_ERR(EFAULT, NR_timerfd_settime, fd, 0, BAD, 0);
	CHECK_ERR(EBADF, NR_timerfd_gettime, 999, &set);
	CHECK_ERR(EFAULT, NR_timerfd_gettime, fd, BAD);
	CHECK_EQ(sys(SYS_close, fd), 0);
}

struct timex {
	unsigned modes;
	long offset, freq, maxerror, esterror;
	int status;
	long constant, precision, tolerance, ppsfreq, jitter;
	int shift;
	long stabil, jitcnt, calcnt, errcnt, stbcnt;
};
_Static_assert(sizeof(struct timex) == 136, "sys/timex.h");
struct ntptimeval {
	struct timespec time;
	long maxerror, esterror, tai;
	int state;
};
_Static_assert(sizeof(struct ntptimeval) == 48, "sys/timex.h");

/* sys/kern/kern_ntptime.c: anyone may look, a change takes PRIV_NTP_ADJTIME or PRIV_ADJTIME. */
static void
the_clocks_discipline_may_be_looked_at(void)
{
	struct timex tx;
	struct ntptimeval tv;
	long delta[2] = {0, 1}, old[2] = {7, 7};
	int64_t state, a = now(CLOCK_REALTIME), b;

	memset(&tx, 0xee, sizeof(tx));
	tx.modes = 0;
	CHECK((state = sys(NR_ntp_adjtime, &tx)) >= 0);
	CHECK(state <= 5 /* TIME_ERROR */);
	CHECK_EQ(tx.modes, 0);
	CHECK(tx.precision > 0 && tx.tolerance > 0 && tx.maxerror >= 0);
	CHECK(tx.status != (int)0xeeeeeeee && tx.stbcnt != (long)0xeeeeeeeeeeeeeeee);
	tx.modes = 2; /* MOD_FREQUENCY */
	CHECK_ERR(EPERM, NR_ntp_adjtime, &tx);
	CHECK_ERR(EFAULT, NR_ntp_adjtime, BAD);
	memset(&tv, 0xee, sizeof(tv));
	CHECK((state = sys(NR_ntp_gettime, &tv)) >= 0);
	b = now(CLOCK_REALTIME);
	CHECK_EQ(tv.state, state);
	CHECK(tv.time.nsec >= 0 && tv.time.nsec < SECOND);
	CHECK(ns(tv.time) >= a - 1000 && ns(tv.time) <= b);
	CHECK_ERR(EFAULT, NR_ntp_gettime, BAD);
	CHECK_EQ(sys(NR_adjtime, 0, old), 0);
	CHECK(old[1] >= 0 && old[1] < 1000000);
	CHECK_EQ(sys(NR_adjtime, 0, 0), 0);
	CHECK_ERR(EPERM, NR_adjtime, delta, old);
	CHECK_ERR(EFAULT, NR_adjtime, BAD, old);
	CHECK_ERR(EFAULT, NR_adjtime, 0, BAD);
}

const struct test tests[] = {
    {"clocks_tell_the_time", clocks_tell_the_time},
    {"clocks_agree_and_do_not_go_back", clocks_agree_and_do_not_go_back},
    {"sleeps_last_as_long_as_asked", sleeps_last_as_long_as_asked},
    {"sleeps_refuse", sleeps_refuse},
    {"an_interrupted_sleep_says_what_is_left", an_interrupted_sleep_says_what_is_left},
    {"cpu_clocks_of_processes_and_threads", cpu_clocks_of_processes_and_threads},
    {"usage_is_counted", usage_is_counted},
    {"timer_descriptors_count_expirations", timer_descriptors_count_expirations},
    {"timer_descriptors_refuse", timer_descriptors_refuse},
    {"the_clocks_discipline_may_be_looked_at", the_clocks_discipline_may_be_looked_at},
    {0},
};
