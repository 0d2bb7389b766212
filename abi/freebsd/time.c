/*
 * Sleeping, CPU clocks of others, timer descriptors.  Reading clocks is in time_fast.c.
 * Source: nanosleep(2), clock_nanosleep(2), clock_getcpuclockid(3), timerfd(2), sys/kern/kern_time.c.
 */
#include "abi/freebsd/time.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/timerfd.h>

#include "abi/core/fd.h"
#include "abi/core/vdso.h"
#include "abi/freebsd/fbsd.h"
#include "freebsd-amd64.h"

#define FBSD_TIMER_ABSTIME 1u
#define DEADLINE_NEVER     UINT64_MAX
#define SECONDS_MAX        (INT64_MAX / NS_PER_SEC - 1)

uint64_t
fbsd_deadline(const struct timespec *ts)
{
	uint64_t now = fbsd_now();

	if (ts->tv_sec >= SECONDS_MAX - (int64_t)(now / NS_PER_SEC))
		return DEADLINE_NEVER;
	return now + (uint64_t)ts->tv_sec * NS_PER_SEC + (uint64_t)ts->tv_nsec;
}

struct timespec
fbsd_until(uint64_t deadline)
{
	uint64_t now = fbsd_now(), left = deadline > now ? deadline - now : 0;

	return (struct timespec){.tv_sec = (time_t)(left / NS_PER_SEC), .tv_nsec = (long)(left % NS_PER_SEC)};
}

static bool
nsec_ok(const struct timespec *ts)
{
	return ts->tv_nsec >= 0 && ts->tv_nsec < NS_PER_SEC;
}

/* True when a signal must end the wait, false when it was none of the guest's business. */
static bool
interrupted(struct thread *t)
{
	return t->exit_now || t->task->pers->signals_due(t);
}

/* Until @at of host clock @clock; 0 or -EINTR. */
static int
sleep_until(struct thread *t, int clock, const struct timespec *at)
{
	long r;

	do {
		r = host_block(t, SYS_clock_nanosleep, clock, TIMER_ABSTIME, at, NULL);
		if (r != -EINTR && r != -HOST_ERESTART)
			return (int)r;
	} while (!interrupted(t));
	return -EINTR;
}

/* An interrupted relative sleep says exactly how much is left. */
static int
sleep_for(struct thread *t, const struct timespec *want, uint64_t rmtp)
{
	uint64_t deadline = fbsd_deadline(want);
	struct timespec at = {.tv_sec = (time_t)(deadline / NS_PER_SEC), .tv_nsec = (long)(deadline % NS_PER_SEC)};
	int r = sleep_until(t, CLOCK_MONOTONIC, &at);

	if (r != -EINTR || !rmtp)
		return r;
	at = fbsd_until(deadline);
	return gm_write(rmtp, &at, sizeof(at)) ? -EFAULT : r;
}

static int
do_sleep(struct thread *t, int32_t clock, uint32_t flags, uint64_t rqtp, uint64_t rmtp)
{
	struct timespec want;
	int host = fbsd_clock_host(clock);

	if (gm_read(&want, rqtp, sizeof(want)))
		return -EFAULT;
	if (!nsec_ok(&want) || flags & ~FBSD_TIMER_ABSTIME)
		return -EINVAL;
	if (clock == FBSD_CLOCK_VIRTUAL || clock == FBSD_CLOCK_PROF || clock == FBSD_CLOCK_PROCESS_CPUTIME_ID)
		return -ENOTSUP;
	if (host < 0)
		return -EINVAL;
	if (want.tv_sec < 0 || (want.tv_sec == 0 && want.tv_nsec == 0))
		return 0;
	if (flags & FBSD_TIMER_ABSTIME)
		return sleep_until(t, host, &want);
	return sleep_for(t, &want, rmtp);
}

long
fbsd_nanosleep(struct thread *t, uint64_t rqtp, uint64_t rmtp)
{
	return do_sleep(t, FBSD_CLOCK_REALTIME, 0, rqtp, rmtp);
}

/* The error is this call's value, not an error of the call (kern_posix_error). */
long
fbsd_clock_nanosleep(struct thread *t, int32_t clock, uint32_t flags, uint64_t rqtp, uint64_t rmtp)
{
	int r = do_sleep(t, clock, flags, rqtp, rmtp);

	return r < 0 ? t->task->pers->errnos->to_guest[-r] : 0;
}

enum { CPUCLOCK_WHICH_PID, CPUCLOCK_WHICH_TID };

static int
host_thread(struct thread *t, int32_t tid, uint32_t *ret_htid)
{
	struct task *task = t->task;
	struct thread *o;

	pthread_mutex_lock(&task->lock);
	o = tid ? thread_by_tid(task, tid) : t;
	if (o)
		*ret_htid = (uint32_t)o->htid;
	pthread_mutex_unlock(&task->lock);
	return o ? 0 : -ESRCH;
}

long
fbsd_clock_getcpuclockid2(struct thread *t, int64_t id, int which, uint64_t clock_id)
{
	uint32_t who = (uint32_t)id, clock;
	struct timespec ts;
	int r;

	if (which == CPUCLOCK_WHICH_PID) {
		if (who == 0)
			who = (uint32_t)t->task->pid;
		clock = FBSD_CPUCLOCK_BIT | FBSD_CPUCLOCK_PROCESS | who;
		if (id < 0 || id > INT32_MAX / 2 || vdso_gettime((int32_t)(~who << 3 | 2), &ts))
			return -ESRCH;
	} else if (which == CPUCLOCK_WHICH_TID) {
		r = host_thread(t, (int32_t)who, &who);
		if (r)
			return r;
		clock = FBSD_CPUCLOCK_BIT | who;
	} else {
		return -EINVAL;
	}
	return gm_write(clock_id, &clock, sizeof(clock));
}

#define FBSD_TFD_NONBLOCK 0x4u
#define FBSD_TFD_CLOEXEC  0x100000u

long
fbsd_timerfd_create(struct thread *t, int32_t clock, uint32_t flags)
{
	int host = 0;

	if (clock != FBSD_CLOCK_REALTIME && clock != FBSD_CLOCK_MONOTONIC && clock != FBSD_CLOCK_UPTIME)
		return -EINVAL;
	if (flags & ~(FBSD_TFD_NONBLOCK | FBSD_TFD_CLOEXEC))
		return -EINVAL;
	host |= flags & FBSD_TFD_NONBLOCK ? TFD_NONBLOCK : 0;
	host |= flags & FBSD_TFD_CLOEXEC ? TFD_CLOEXEC : 0;
	return host_call(SYS_timerfd_create, fbsd_clock_host(clock), host);
}

long
fbsd_timerfd_gettime(struct thread *t, int fd, uint64_t curr_value)
{
	struct itimerspec it;
	long r = fd_is_ours(fd) ? -EBADF : host_call(SYS_timerfd_gettime, fd, &it);

	return r ? r : gm_write(curr_value, &it, sizeof(it));
}

/* TFD_TIMER_ABSTIME and TFD_TIMER_CANCEL_ON_SET are 1 and 2 on both. */
long
fbsd_timerfd_settime(struct thread *t, int fd, uint32_t flags, uint64_t new_value, uint64_t old_value)
{
	struct itimerspec it, old;
	long r;

	if (gm_read(&it, new_value, sizeof(it)))
		return -EFAULT;
	if (fd_is_ours(fd))
		return -EBADF;
	r = host_call(SYS_timerfd_settime, fd, flags, &it, &old);
	return r || !old_value ? r : gm_write(old_value, &old, sizeof(old));
}
