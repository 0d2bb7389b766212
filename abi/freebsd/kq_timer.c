/*
 * EVFILT_TIMER, and the heap of times on which a kqueue must do something: one hidden timerfd a kqueue.
 * Source: kqueue(2), filt_timer* of sys/kern/kern_event.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include "abi/core/fd.h"
#include "abi/core/host.h"
#include "abi/core/vdso.h"
#include "abi/freebsd/kq_impl.h"
#include "abi/freebsd/time.h"

#define NOTE_SECONDS  0x1u
#define NOTE_MSECONDS 0x2u
#define NOTE_USECONDS 0x4u
#define NOTE_NSECONDS 0x8u
#define NOTE_ABSTIME  0x10u
#define UNITS         (NOTE_SECONDS | NOTE_MSECONDS | NOTE_USECONDS | NOTE_NSECONDS)

#define NEVER ((uint64_t)INT64_MAX)

static void
place(struct kq *kq, uint32_t pos, struct knote *kn)
{
	kq->heap[pos] = kn;
	kn->tick_pos = pos;
}

static void
sift_up(struct kq *kq, uint32_t pos, struct knote *kn)
{
	while (pos > 0 && kq->heap[(pos - 1) / 2]->tick_at > kn->tick_at) {
		place(kq, pos, kq->heap[(pos - 1) / 2]);
		pos = (pos - 1) / 2;
	}
	place(kq, pos, kn);
}

static void
sift_down(struct kq *kq, uint32_t pos, struct knote *kn)
{
	for (;;) {
		uint32_t child = 2 * pos + 1;

		if (child >= kq->nheap)
			break;
		if (child + 1 < kq->nheap && kq->heap[child + 1]->tick_at < kq->heap[child]->tick_at)
			child++;
		if (kq->heap[child]->tick_at >= kn->tick_at)
			break;
		place(kq, pos, kq->heap[child]);
		pos = child;
	}
	place(kq, pos, kn);
}

/* Let the timerfd wait for the first of the heap. */
static void
arm(struct kq *kq)
{
	uint64_t at = kq->nheap ? kq->heap[0]->tick_at : 0;
	struct itimerspec it = {.it_value = {.tv_sec = (time_t)(at / NS_PER_SEC), .tv_nsec = (long)(at % NS_PER_SEC)}};

	if (at == kq->armed)
		return;
	kq->armed = at;
	host_call(SYS_timerfd_settime, kq->timerfd, TFD_TIMER_ABSTIME, &it, NULL);
}

static int
need_timerfd(struct kq *kq)
{
	int fd, r;

	if (kq->timerfd >= 0)
		return 0;
	fd = (int)host_call(SYS_timerfd_create, CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (fd >= 0)
		fd = fd_hide(fd);
	if (fd < 0)
		return -ENOMEM;
	r = kq_watch(kq, fd, EPOLLIN, kq_tag(KQ_SRC_TIMER, 0, 0));
	if (r) {
		host_call(SYS_close, fd);
		return r;
	}
	kq->timerfd = fd;
	return 0;
}

int
kq_tick_set(struct knote *kn, uint64_t at)
{
	struct kq *kq = kn->kq;
	int r = need_timerfd(kq);

	if (r)
		return r;
	if (kn->tick_pos != KN_NO_TICK)
		kq_tick_clear(kn);
	if (kq->nheap == kq->heap_cap) {
		uint32_t cap = kq->heap_cap ? 2 * kq->heap_cap : 16;
		struct knote **heap = realloc(kq->heap, cap * sizeof(struct knote *));

		if (!heap)
			return -ENOMEM;
		kq->heap = heap;
		kq->heap_cap = cap;
	}
	kn->tick_at = at ? at : 1;
	sift_up(kq, kq->nheap++, kn);
	arm(kq);
	return 0;
}

static void
take_out(struct knote *kn)
{
	struct kq *kq = kn->kq;
	uint32_t pos = kn->tick_pos;
	struct knote *last = kq->heap[--kq->nheap];

	kn->tick_pos = KN_NO_TICK;
	if (last == kn)
		return;
	if (pos > 0 && kq->heap[(pos - 1) / 2]->tick_at > last->tick_at)
		sift_up(kq, pos, last);
	else
		sift_down(kq, pos, last);
}

void
kq_tick_clear(struct knote *kn)
{
	if (kn->tick_pos == KN_NO_TICK)
		return;
	take_out(kn);
	arm(kn->kq);
}

void
kq_timer_run(struct kq *kq)
{
	uint64_t now = fbsd_now(), count;

	host_call(SYS_read, kq->timerfd, &count, sizeof(count));
	kq->armed = 0;
	while (kq->nheap && kq->heap[0]->tick_at <= now) {
		struct knote *kn = kq->heap[0];

		take_out(kn);
		kn->ops->tick(kn, now);
	}
	arm(kq);
}

/* @data in the unit of @fflags as ns; -1 for a bad unit. */
static int64_t
timer_ns(int64_t data, uint32_t fflags)
{
	int64_t unit, ns;

	switch (fflags & UNITS) {
	case NOTE_SECONDS:
		unit = NS_PER_SEC;
		break;
	case 0:
	case NOTE_MSECONDS:
		unit = 1000000;
		break;
	case NOTE_USECONDS:
		unit = 1000;
		break;
	case NOTE_NSECONDS:
		unit = 1;
		break;
	default:
		return -1;
	}
	return __builtin_mul_overflow(data, unit, &ns) ? INT64_MAX : ns;
}

/* An absolute time is real time now, but is waited for in uptime: steps of the clock do not move it. */
static int64_t
since_boot(int64_t real_ns)
{
	struct timespec real = {0};
	int64_t at;

	vdso_gettime(CLOCK_REALTIME, &real);
	at = real_ns - (real.tv_sec * NS_PER_SEC + real.tv_nsec) + (int64_t)fbsd_now();
	return at < 0 ? 0 : at;
}

static int
timer_start(struct knote *kn)
{
	int64_t ns;
	uint64_t at;

	if (kn->sdata < 0)
		return -EINVAL;
	if (kn->sdata == 0 && !(kn->kev.flags & EV_ONESHOT))
		kn->sdata = 1;
	if (kn->sfflags & ~(UNITS | NOTE_ABSTIME))
		return -EINVAL;
	ns = timer_ns(kn->sdata, kn->sfflags);
	if (ns < 0)
		return -EINVAL;
	if (kn->sfflags & NOTE_ABSTIME) {
		kn->u.timer.period = 0;
		at = (uint64_t)since_boot(ns);
	} else {
		kn->u.timer.period = (uint64_t)ns;
		at = fbsd_now() + (uint64_t)ns;
	}
	return kq_tick_set(kn, at < NEVER ? at : NEVER);
}

static int
timer_attach(struct thread *t, struct knote *kn)
{
	int r = timer_start(kn);

	if (r == 0 && !(kn->sfflags & NOTE_ABSTIME))
		kn->kev.flags |= EV_CLEAR;
	return r;
}

static bool
timer_event(struct knote *kn)
{
	return kn->kev.data != 0;
}

/* Expirations that the machine was too busy to notice count too. */
static void
timer_tick(struct knote *kn, uint64_t now)
{
	uint64_t period = kn->u.timer.period, n = 1;

	if (period && !(kn->kev.flags & EV_ONESHOT)) {
		n += (now - kn->tick_at) / period;
		if (kq_tick_set(kn, kn->tick_at + n * period < NEVER ? kn->tick_at + n * period : NEVER))
			return;
	}
	kn->kev.data += (int64_t)n;
	kq_activate(kn);
}

/* Adding an existing timer starts it over and forgets what has expired unseen; other changes leave it alone. */
static void
timer_modify(struct knote *kn, struct fbsd_kevent *kev)
{
	int r;

	if (!(kev->flags & EV_ADD))
		return;
	kq_tick_clear(kn);
	kq_dequeue(kn);
	kn->status &= ~KN_ACTIVE;
	kn->kev.data = 0;
	kn->sfflags = kev->fflags;
	kn->sdata = kev->data;
	r = timer_start(kn);
	if (r) {
		kn->kev.flags |= EV_ERROR;
		kn->kev.data = -r;
	}
}

static void
timer_process(struct knote *kn, struct fbsd_kevent *ret_kev)
{
	*ret_kev = kn->kev;
	if (kn->kev.flags & EV_CLEAR) {
		kn->kev.data = 0;
		kn->kev.fflags = 0;
	}
}

const struct kq_filter kq_filter_timer = {
    .attach = timer_attach,
    .detach = kq_tick_clear,
    .event = timer_event,
    .modify = timer_modify,
    .process = timer_process,
    .tick = timer_tick,
};
