/*
 * Collecting events.  Source: kevent(2), kqueue_scan of sys/kern/kern_event.c by its observable rules.
 */
#include <errno.h>
#include <sys/epoll.h>

#include "abi/core/gm.h"
#include "abi/core/host.h"
#include "abi/core/task.h"
#include "abi/freebsd/kq_impl.h"
#include "abi/freebsd/time.h"

#define BATCH 64

#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif

void
kq_emit(struct kq_out *o, const struct fbsd_kevent *kev)
{
	struct fbsd_kevent11 k11;
	uint64_t size = o->old ? sizeof(k11) : sizeof(*kev);
	int r;

	if (o->old) {
		k11 = (struct fbsd_kevent11){.ident = kev->ident,
		                             .filter = kev->filter,
		                             .flags = kev->flags,
		                             .fflags = kev->fflags,
		                             .data = kev->data,
		                             .udata = kev->udata};
		r = gm_write(o->addr, &k11, size);
	} else {
		r = gm_write(o->addr, kev, size);
	}
	if (r)
		o->err = r;
	o->addr += size;
	o->left--;
	o->n++;
}

/* What epoll said of a descriptor, to the notes that it concerns. */
static void
process_reg(struct kq *kq, uint64_t tag, uint32_t events, uint64_t scan)
{
	uint32_t fd = (uint32_t)tag;
	struct kq_reg *reg = fd < kq->nreg ? kq->reg[fd] : NULL;

	if (!reg || kq_tag(KQ_SRC_REG, reg->gen, fd) != tag)
		return;
	for (struct knote *kn = reg->notes; kn; kn = kn->next) {
		if (!kn->ops->events || !(events & (kn->ops->events | EPOLLERR | EPOLLHUP)))
			continue;
		kn->edge = true;
		kn->revents = events;
		if (kn->ops->event(kn)) {
			kn->evaluated = scan;
			kq_activate(kn);
		}
		kn->edge = false;
	}
}

static void
process(struct kq *kq, const struct epoll_event *ev, long n, uint64_t scan)
{
	for (long i = 0; i < n; i++) {
		uint64_t tag = ev[i].data.u64;

		switch ((enum kq_source)(tag >> 56)) {
		case KQ_SRC_REG:
			process_reg(kq, tag, ev[i].events, scan);
			break;
		case KQ_SRC_WAKE:
			break;
		case KQ_SRC_TIMER:
			kq_timer_run(kq);
			break;
		case KQ_SRC_SLOT:
			kq_slot_ready(kq, tag, scan);
			break;
		}
	}
}

void
kq_pull(struct kq *kq)
{
	struct epoll_event ev[BATCH];
	long n;

	do {
		n = host_call(SYS_epoll_wait, kq->epfd, ev, BATCH, 0);
		process(kq, ev, n, 0);
	} while (n == BATCH);
}

/* A queued note: report it, or let it go when its condition has passed. */
static void
report(struct knote *kn, struct kq_out *o, uint64_t scan)
{
	struct fbsd_kevent kev;

	kq_dequeue(kn);
	if (kn->kev.flags & EV_DROP) {
		kq_drop(kn);
		return;
	}
	if (kn->kev.flags & EV_ONESHOT) {
		kq_emit(o, &kn->kev);
		kq_drop(kn);
		return;
	}
	kn->status &= ~KN_ACTIVE;
	if (kn->evaluated != scan && !kn->ops->event(kn))
		return;
	if (kn->ops->process) {
		kn->ops->process(kn, &kev);
	} else {
		kev = kn->kev;
		if (kn->kev.flags & EV_CLEAR) {
			kn->kev.data = 0;
			kn->kev.fflags = 0;
		}
	}
	kq_emit(o, &kev);
	if (kn->kev.flags & EV_DISPATCH)
		kn->status |= KN_DISABLED;
	if (!(kn->kev.flags & (EV_CLEAR | EV_DISPATCH))) {
		kn->reported = scan;
		kq_activate(kn);
	}
}

static void
collect(struct kq *kq, struct kq_out *o, uint64_t scan)
{
	for (uint32_t n = kq->nqueued; n && o->left > 0 && !o->err && kq->q_first; n--) {
		struct knote *kn = kq->q_first;

		if (kn->reported == scan) {
			kq_dequeue(kn);
			kq_activate(kn);
		} else {
			report(kn, o, scan);
		}
	}
}

/* Returns epoll's result; -EINTR also when a signal came before it slept. */
static long
sleep_for_events(struct thread *t, struct kq *kq, struct epoll_event *ev, uint64_t deadline)
{
	struct timespec left, *ts = NULL;
	long r;
	int ms = -1;

	if (deadline == 0)
		return host_call(SYS_epoll_wait, kq->epfd, ev, BATCH, 0);
	if (deadline != UINT64_MAX) {
		left = fbsd_until(deadline);
		ts = &left;
	}
	r = host_block(t, SYS_epoll_pwait2, kq->epfd, ev, BATCH, ts, NULL, 0);
	if (r == -ENOSYS) { /* before Linux 5.11 */
		if (ts)
			ms = left.tv_sec > 1000000 ? 1000000000 : (int)(left.tv_sec * 1000 + (left.tv_nsec + 999999) / 1000000);
		r = host_block(t, SYS_epoll_wait, kq->epfd, ev, BATCH, ms);
	}
	return r == -HOST_ERESTART ? -EINTR : r;
}

/*
 * epoll is asked before the queue is reported, so that what stays queued, as level-triggered notes do, cannot keep what is
 * new from a caller with little room.
 */
long
kq_scan(struct thread *t, struct kq *kq, struct kq_out *o, uint64_t deadline)
{
	struct epoll_event ev[BATCH];
	bool asked = false;
	uint64_t scan;
	long n = 0;

	pthread_mutex_lock(&kq->lock);
	scan = ++kq->scan;
	for (;;) {
		if (kq->nqueued && !asked)
			n = host_call(SYS_epoll_wait, kq->epfd, ev, BATCH, 0);
		process(kq, ev, n, scan);
		collect(kq, o, scan);
		kq_sync(kq);
		if (kq->closing || o->err || o->n)
			break;
		pthread_mutex_unlock(&kq->lock);
		n = sleep_for_events(t, kq, ev, deadline);
		if (n <= 0)
			return n;
		asked = true;
		pthread_mutex_lock(&kq->lock);
	}
	n = kq->closing && !o->n ? -EBADF : o->err ? o->err : o->n;
	pthread_mutex_unlock(&kq->lock);
	return n;
}
