/*
 * Waiting for descriptors: epoll, ppoll, pselect6; descriptors that are events themselves.
 * Source: Linux manual epoll_ctl(2), epoll_pwait(2), poll(2), select(2), eventfd(2), timerfd_create(2).
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/timerfd.h>
#include <time.h>

#include "abi/core/fd.h"
#include "abi/linux/signal.h"
#include "linux-aarch64.h"

#define NS          1000000000ll
#define EVENTS_MOST 4096

/* A mask of the guest's for the time of a wait: begun when there is one. */
static long
mask_begin(struct thread *t, uint64_t set, uint64_t size)
{
	uint64_t in;

	if (!set || t->in_restart)
		return 0;
	if (size != LINUX_SET_SIZE)
		return -EINVAL;
	if (gm_read(&in, set, sizeof(in)))
		return -EFAULT;
	linux_mask_begin(t, in);
	return 0;
}

/* Over without a signal: the old mask at once, not behind a handler. */
static long
mask_end(struct thread *t, long r)
{
	struct sig_thread *st = t->sig;

	if (r == -EINTR || r == -HOST_ERESTART || !st->has_saved)
		return r == -HOST_ERESTART ? -EINTR : r; /* no handler restarts these (signal(7)) */
	st->has_saved = false;
	sig_set_mask(t, st->saved);
	return r;
}

/* A relative time as a deadline that a repeated wait keeps; what is left of it now. */
static struct timespec
left_of(struct thread *t, const struct timespec *want)
{
	struct timespec now, left = { 0, 0 };
	int64_t ns;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!t->in_restart)
		t->deadline = (uint64_t)((now.tv_sec + (want->tv_sec < INT32_MAX ? want->tv_sec : INT32_MAX)) * NS + now.tv_nsec + want->tv_nsec);
	ns = (int64_t)t->deadline - (now.tv_sec * NS + now.tv_nsec);
	if (ns > 0)
		left = (struct timespec){ ns / NS, ns % NS };
	return left;
}

static long
read_time(uint64_t at, struct timespec *ret)
{
	if (gm_read(ret, at, sizeof(*ret)))
		return -EFAULT;
	return ret->tv_sec < 0 || ret->tv_nsec < 0 || ret->tv_nsec >= NS ? -EINVAL : 0;
}

/* ---- epoll: the guest's event is 16 bytes, the host's 12 ---- */

struct linux_epoll_event {
	uint32_t events, pad;
	uint64_t data;
};
_Static_assert(sizeof(struct linux_epoll_event) == 16, "epoll_event is packed on x86-64 alone");

long
linux_epoll_ctl(struct thread *t, int epfd, int op, int fd, uint64_t event)
{
	struct linux_epoll_event in = { 0 };
	struct epoll_event host;

	if (fd_is_ours(epfd) || fd_is_ours(fd))
		return -EBADF;
	if (op != EPOLL_CTL_DEL && gm_read(&in, event, sizeof(in)))
		return -EFAULT;
	host.events = in.events;
	host.data.u64 = in.data;
	return host_call(SYS_epoll_ctl, epfd, op, fd, &host);
}

static long
wait_events(struct thread *t, int epfd, uint64_t events, int most, const struct timespec *time)
{
	int n = most < EVENTS_MOST ? most : EVENTS_MOST;
	struct epoll_event *host = malloc(sizeof(*host) * (unsigned)n);
	struct timespec left;
	int ms = -1;
	long r;

	if (!host)
		return -ENOMEM;
	if (time) {
		left = left_of(t, time);
		ms = (int)(left.tv_sec > INT32_MAX / 1000 - 1 ? INT32_MAX : left.tv_sec * 1000 + (left.tv_nsec + 999999) / 1000000);
	}
	r = host_block(t, SYS_epoll_wait, epfd, host, n, ms);
	for (long i = 0; i < r; i++) {
		struct linux_epoll_event out = { .events = host[i].events, .data = host[i].data.u64 };

		if (gm_write(events + (uint64_t)i * sizeof(out), &out, sizeof(out))) {
			r = -EFAULT;
			break;
		}
	}
	free(host);
	return r;
}

static long
pwait(struct thread *t, int epfd, uint64_t events, int most, const struct timespec *time, uint64_t set, uint64_t size)
{
	long r;

	if (fd_is_ours(epfd))
		return -EBADF;
	if (most <= 0 || (uint64_t)most > INT32_MAX / sizeof(struct linux_epoll_event))
		return -EINVAL;
	if (!gm_inside(events, (uint64_t)most * sizeof(struct linux_epoll_event)))
		return -EFAULT;
	r = mask_begin(t, set, size);
	return r ? r : mask_end(t, wait_events(t, epfd, events, most, time));
}

long
linux_epoll_pwait(struct thread *t, int epfd, uint64_t events, int most, int timeout, uint64_t set, uint64_t size)
{
	struct timespec ts = { timeout / 1000, timeout % 1000 * 1000000l };

	return pwait(t, epfd, events, most, timeout < 0 ? NULL : &ts, set, size);
}

long
linux_epoll_pwait2(struct thread *t, int epfd, uint64_t events, int most, uint64_t timeout, uint64_t set, uint64_t size)
{
	struct timespec ts;
	long r = timeout ? read_time(timeout, &ts) : 0;

	return r ? r : pwait(t, epfd, events, most, timeout ? &ts : NULL, set, size);
}

/* ---- poll, select ---- */

/* What is left of the time is told to the caller, as the system calls do (select(2), "C library/kernel differences"). */
static void
tell_left(struct thread *t, uint64_t timeout, const struct timespec *want)
{
	uint32_t was = t->in_restart;
	struct timespec left;

	t->in_restart = 1;
	left = left_of(t, want);
	t->in_restart = was;
	gm_write(timeout, &left, sizeof(left));
}

long
linux_ppoll(struct thread *t, uint64_t fds, uint64_t n, uint64_t timeout, uint64_t set, uint64_t size)
{
	struct timespec want, left;
	long r = timeout && !t->in_restart ? read_time(timeout, &want) : 0;

	if (r)
		return r;
	if (n > (uint64_t)fd_guest_limit())
		return -EINVAL;
	if (!gm_inside(fds, n * sizeof(struct pollfd)))
		return -EFAULT;
	r = mask_begin(t, set, size);
	if (r)
		return r;
	if (timeout)
		left = left_of(t, &want);
	r = mask_end(t, host_block(t, SYS_ppoll, fds, n, timeout ? &left : NULL, NULL, LINUX_SET_SIZE));
	if (timeout && r != -EINTR)
		tell_left(t, timeout, &want);
	return r;
}

/* Descriptors that are ours are in nobody's set: their numbers lie above what a guest may have. */
long
linux_pselect6(struct thread *t, int n, uint64_t rd, uint64_t wr, uint64_t ex, uint64_t timeout, uint64_t mask)
{
	uint64_t sets[3] = { rd, wr, ex }, m[2] = { 0, 0 }, bytes = ((uint64_t)(uint32_t)n + 63) / 64 * 8;
	struct timespec want, left;
	long r = timeout && !t->in_restart ? read_time(timeout, &want) : 0;

	if (r)
		return r;
	if (n < 0)
		return -EINVAL;
	for (unsigned i = 0; i < 3; i++)
		if (sets[i] && !gm_inside(sets[i], bytes))
			return -EFAULT;
	if (mask && gm_read(m, mask, sizeof(m)))
		return -EFAULT;
	r = mask_begin(t, m[0], m[1]);
	if (r)
		return r;
	if (timeout)
		left = left_of(t, &want);
	r = mask_end(t, host_block(t, SYS_pselect6, n, rd, wr, ex, timeout ? &left : NULL, NULL));
	if (timeout && r != -EINTR)
		tell_left(t, timeout, &want);
	return r;
}

/* ---- descriptors ---- */

long
linux_eventfd2(struct thread *t, uint32_t count, int flags)
{
	return host_call(SYS_eventfd2, count, flags);
}

long
linux_epoll_create1(struct thread *t, int flags)
{
	return host_call(SYS_epoll_create1, flags);
}

long
linux_timerfd_create(struct thread *t, int clock, int flags)
{
	return host_call(SYS_timerfd_create, clock, flags);
}

long
linux_timerfd_settime(struct thread *t, int fd, int flags, uint64_t new, uint64_t old)
{
	struct itimerspec in, out;
	long r;

	if (fd_is_ours(fd))
		return -EBADF;
	if (gm_read(&in, new, sizeof(in)))
		return -EFAULT;
	r = host_call(SYS_timerfd_settime, fd, flags, &in, old ? &out : NULL);
	return r == 0 && old && gm_write(old, &out, sizeof(out)) ? -EFAULT : r;
}
