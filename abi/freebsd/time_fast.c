/*
 * Reading clocks.  Fast lane: no libc in here.
 * Source: clock_gettime(2), gettimeofday(2), sys/kern/kern_time.c by its observable rules.
 */
#include <errno.h>
#include <sys/resource.h>
#include <sys/time.h>

#include "abi/core/gm.h"
#include "abi/core/host.h"
#include "abi/core/task.h"
#include "abi/core/vdso.h"
#include "abi/freebsd/time.h"
#include "freebsd-amd64.h"

#define HZ 1000 /* kern.clockrate says so too */

int
fbsd_clock_host(int32_t id)
{
	static const int8_t host[] = {
	    [FBSD_CLOCK_REALTIME] = CLOCK_REALTIME,           [FBSD_CLOCK_VIRTUAL] = -1,
	    [FBSD_CLOCK_PROF] = -1,                           [3] = -1,
	    [FBSD_CLOCK_MONOTONIC] = CLOCK_MONOTONIC,         [FBSD_CLOCK_UPTIME] = CLOCK_MONOTONIC,
	    [6] = -1,                                         [FBSD_CLOCK_UPTIME_PRECISE] = CLOCK_MONOTONIC,
	    [FBSD_CLOCK_UPTIME_FAST] = CLOCK_MONOTONIC,       [FBSD_CLOCK_REALTIME_PRECISE] = CLOCK_REALTIME,
	    [FBSD_CLOCK_REALTIME_FAST] = CLOCK_REALTIME,      [FBSD_CLOCK_MONOTONIC_PRECISE] = CLOCK_MONOTONIC,
	    [FBSD_CLOCK_MONOTONIC_FAST] = CLOCK_MONOTONIC,    [FBSD_CLOCK_SECOND] = CLOCK_REALTIME,
	};

	return (uint32_t)id < sizeof(host) ? host[id] : -1;
}

uint64_t
fbsd_now(void)
{
	struct timespec ts = {0};

	vdso_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

/*
 * An id made by clock_getcpuclockid2 holds a host thread or process id, so that no list has to be searched here; the
 * host refuses what has ended.  Linux: inverted id, 3 low bits, 2 = CPU time, 4 = of a thread.
 */
static int32_t
cpu_clock(uint32_t id)
{
	uint32_t who = id & ~(FBSD_CPUCLOCK_BIT | FBSD_CPUCLOCK_PROCESS);

	return (int32_t)(~who << 3 | (id & FBSD_CPUCLOCK_PROCESS ? 2 : 6));
}

/* User time, or user and system time, of the process. */
static int
used_time(bool system, struct timespec *ret_ts)
{
	struct rusage ru;
	long r = host_call(SYS_getrusage, RUSAGE_SELF, &ru);
	int64_t us;

	if (r)
		return (int)r;
	us = ru.ru_utime.tv_sec * 1000000 + ru.ru_utime.tv_usec;
	if (system)
		us += ru.ru_stime.tv_sec * 1000000 + ru.ru_stime.tv_usec;
	ret_ts->tv_sec = us / 1000000;
	ret_ts->tv_nsec = us % 1000000 * 1000;
	return 0;
}

static int
read_clock(int32_t id, struct timespec *ret_ts)
{
	int host = fbsd_clock_host(id), r;

	if (host >= 0) {
		r = vdso_gettime(host, ret_ts);
		if (id == FBSD_CLOCK_SECOND)
			ret_ts->tv_nsec = 0;
		return r;
	}
	switch (id) {
	case FBSD_CLOCK_THREAD_CPUTIME_ID:
		return vdso_gettime(CLOCK_THREAD_CPUTIME_ID, ret_ts);
	case FBSD_CLOCK_PROCESS_CPUTIME_ID:
		return vdso_gettime(CLOCK_PROCESS_CPUTIME_ID, ret_ts);
	case FBSD_CLOCK_VIRTUAL:
	case FBSD_CLOCK_PROF:
		return used_time(id == FBSD_CLOCK_PROF, ret_ts);
	}
	return id < 0 ? vdso_gettime(cpu_clock((uint32_t)id), ret_ts) : -EINVAL;
}

long
fbsd_clock_gettime(struct thread *t, int32_t clock, uint64_t tp)
{
	struct timespec ts;
	int r = read_clock(clock, &ts);

	return r ? r : gm_write(tp, &ts, sizeof(ts));
}

long
fbsd_gettimeofday(struct thread *t, uint64_t tp, uint64_t tzp)
{
	static const struct timezone none;
	struct timespec ts;
	struct timeval tv;

	if (tp) {
		vdso_gettime(CLOCK_REALTIME, &ts);
		tv.tv_sec = ts.tv_sec;
		tv.tv_usec = ts.tv_nsec / 1000;
		if (gm_write(tp, &tv, sizeof(tv)))
			return -EFAULT;
	}
	return tzp ? gm_write(tzp, &none, sizeof(none)) : 0;
}

/* One tick of the time counter is under a nanosecond on every machine that runs us, and is reported rounded up. */
long
fbsd_clock_getres(struct thread *t, int32_t clock, uint64_t tp)
{
	struct timespec ts = {.tv_nsec = 1};

	switch (clock) {
	case FBSD_CLOCK_VIRTUAL:
	case FBSD_CLOCK_PROF:
		ts.tv_nsec = NS_PER_SEC / HZ;
		break;
	case FBSD_CLOCK_SECOND:
		ts = (struct timespec){.tv_sec = 1};
		break;
	case FBSD_CLOCK_THREAD_CPUTIME_ID:
	case FBSD_CLOCK_PROCESS_CPUTIME_ID:
		break;
	default:
		if (clock >= 0 && fbsd_clock_host(clock) < 0)
			return -EINVAL;
	}
	return tp ? gm_write(tp, &ts, sizeof(ts)) : 0;
}
