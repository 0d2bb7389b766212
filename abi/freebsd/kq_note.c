/*
 * Notes of a kqueue: finding, registering, queueing, dropping.
 * Source: kqueue(2), kqueue_register of sys/kern/kern_event.c by its observable rules.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "abi/core/fd.h"
#include "abi/core/host.h"
#include "abi/freebsd/kq_impl.h"

/* Flags that say what to do now; the others stay with the note. */
#define ACTIONS (EV_ADD | EV_DELETE | EV_ENABLE | EV_DISABLE | EV_FORCEONESHOT)

const struct kq_filter *
kq_filter_of(int16_t filter)
{
	static const struct kq_filter *const table[EVFILT_COUNT] = {
	    [-EVFILT_READ - 1] = &kq_filter_read,
	    [-EVFILT_WRITE - 1] = &kq_filter_write,
	    [-EVFILT_AIO - 1] = &kq_filter_aio,
	    [-EVFILT_VNODE - 1] = &kq_filter_vnode,
	    [-EVFILT_PROC - 1] = &kq_filter_proc,
	    [-EVFILT_SIGNAL - 1] = &kq_filter_signal,
	    [-EVFILT_TIMER - 1] = &kq_filter_timer,
	    [-EVFILT_PROCDESC - 1] = &kq_filter_procdesc,
	    [-EVFILT_FS - 1] = &kq_filter_fs,
	    [-EVFILT_LIO - 1] = &kq_filter_lio,
	    [-EVFILT_USER - 1] = &kq_filter_user,
	    [-EVFILT_SENDFILE - 1] = &kq_filter_null,
	    [-EVFILT_EMPTY - 1] = &kq_filter_empty,
	};

	return filter < 0 && filter >= -EVFILT_COUNT ? table[-filter - 1] : NULL;
}

static struct knote **
bucket(struct kq *kq, uint64_t ident)
{
	return &kq->hash[(ident ^ ident >> 8) % KQ_HASH];
}

struct knote *
kq_find(const struct kq *kq, int16_t filter, uint64_t ident)
{
	struct knote *kn;

	if (kq_filter_of(filter)->is_fd)
		kn = ident < kq->nreg && kq->reg[ident] ? kq->reg[ident]->notes : NULL;
	else
		kn = *bucket((struct kq *)kq, ident);
	while (kn && (kn->kev.filter != filter || kn->kev.ident != ident))
		kn = kn->next;
	return kn;
}

int
kq_watch(const struct kq *kq, int fd, uint32_t events, uint64_t tag)
{
	struct epoll_event ev = {.events = events, .data.u64 = tag};

	return (int)host_call(SYS_epoll_ctl, kq->epfd, EPOLL_CTL_ADD, fd, &ev);
}

static void
enqueue(struct knote *kn)
{
	struct kq *kq = kn->kq;

	kn->q_next = NULL;
	kn->q_prev = kq->q_last;
	*(kq->q_last ? &kq->q_last->q_next : &kq->q_first) = kn;
	kq->q_last = kn;
	kq->nqueued++;
	kn->status |= KN_QUEUED;
}

void
kq_dequeue(struct knote *kn)
{
	struct kq *kq = kn->kq;

	if (!(kn->status & KN_QUEUED))
		return;
	*(kn->q_prev ? &kn->q_prev->q_next : &kq->q_first) = kn->q_next;
	*(kn->q_next ? &kn->q_next->q_prev : &kq->q_last) = kn->q_prev;
	kq->nqueued--;
	kn->status &= ~KN_QUEUED;
}

static void
queue_if_due(struct knote *kn)
{
	if ((kn->status & (KN_ACTIVE | KN_QUEUED | KN_DISABLED)) == KN_ACTIVE)
		enqueue(kn);
}

void
kq_activate(struct knote *kn)
{
	kn->status |= KN_ACTIVE;
	queue_if_due(kn);
}

void
kq_evaluate(struct knote *kn)
{
	if (!(kn->status & KN_DISABLED) && kn->ops->event(kn))
		kn->status |= KN_ACTIVE;
	queue_if_due(kn);
}

void
kq_sync(struct kq *kq)
{
	uint64_t one = 1;

	if (kq->wake_set == (kq->nqueued > 0 || kq->closing))
		return;
	kq->wake_set = !kq->wake_set;
	host_call(kq->wake_set ? SYS_write : SYS_read, kq->wakefd, &one, sizeof(one));
}

static void
link_note(struct knote *kn)
{
	struct knote **head = kn->reg ? &kn->reg->notes : bucket(kn->kq, kn->kev.ident);

	kn->next = *head;
	*head = kn;
}

static void
unlink_note(struct knote *kn)
{
	struct knote **p = kn->reg ? &kn->reg->notes : bucket(kn->kq, kn->kev.ident);

	while (*p != kn)
		p = &(*p)->next;
	*p = kn->next;
	if (kn->reg && !kn->reg->notes)
		kq_reg_free(kn->kq, kn->reg);
	free(kn);
}

void
kq_drop(struct knote *kn)
{
	kn->ops->detach(kn);
	kq_tick_clear(kn);
	kq_dequeue(kn);
	unlink_note(kn);
}

void
kq_drop_all(struct kq *kq)
{
	for (uint32_t i = 0; i < kq->nreg; i++)
		while (kq->reg[i] && kq->reg[i]->notes)
			kq_drop(kq->reg[i]->notes);
	for (uint32_t i = 0; i < KQ_HASH; i++)
		while (kq->hash[i])
			kq_drop(kq->hash[i]);
}

/* The first registration takes fflags and data out of the change, also when it fails after that. */
static struct knote *
new_note(struct kq *kq, struct fbsd_kevent *kev, const struct kq_filter *ops)
{
	struct knote *kn = calloc(1, sizeof(*kn));

	if (!kn)
		return NULL;
	kn->sfflags = kev->fflags;
	kn->sdata = kev->data;
	kev->fflags = 0;
	kev->data = 0;
	kn->kev = *kev;
	kn->kev.flags &= (uint16_t)~ACTIONS;
	kn->ops = ops;
	kn->kq = kq;
	kn->tick_pos = KN_NO_TICK;
	return kn;
}

struct knote *
kq_make(struct kq *kq, struct fbsd_kevent *kev, const struct kq_filter *ops)
{
	struct knote *kn = new_note(kq, kev, ops);

	if (kn)
		link_note(kn);
	return kn;
}

static int
add_note(struct thread *t, struct kq *kq, struct fbsd_kevent *kev, const struct kq_filter *ops)
{
	struct knote *kn = new_note(kq, kev, ops);
	int r = 0;

	if (!kn)
		return -ENOMEM;
	if (kev->flags & EV_DISABLE)
		kn->status |= KN_DISABLED;
	if (ops->is_fd)
		r = kq_reg_get(t, kq, (int)kev->ident, &kn->reg);
	if (r) {
		free(kn);
		return r;
	}
	link_note(kn);
	r = ops->attach(t, kn);
	if (r) {
		unlink_note(kn);
		return r;
	}
	if (kn->initial)
		kq_evaluate(kn);
	return 0;
}

static void
modify_note(struct knote *kn, struct fbsd_kevent *kev)
{
	if (kev->flags & EV_FORCEONESHOT) {
		kn->kev.flags |= EV_ONESHOT;
		kq_activate(kn);
	}
	if (kev->flags & EV_ENABLE)
		kn->status &= ~KN_DISABLED;
	else if (kev->flags & EV_DISABLE)
		kn->status |= KN_DISABLED;
	if (kn->status & KN_DISABLED)
		kq_dequeue(kn);
	if (!(kev->flags & EV_KEEPUDATA))
		kn->kev.udata = kev->udata;
	if (kn->ops->modify) {
		kn->ops->modify(kn, kev);
	} else {
		kn->sfflags = kev->fflags;
		kn->sdata = kev->data;
	}
	kq_evaluate(kn);
}

static int
check_fd(const struct kq *kq, uint64_t ident)
{
	if (ident > INT_MAX || fd_is_ours((int)ident))
		return -EBADF;
	if (ident < kq->nreg && kq->reg[ident])
		return 0;
	return host_call(SYS_fcntl, ident, 1 /* F_GETFD */) < 0 ? -EBADF : 0;
}

int
kq_register(struct thread *t, struct kq *kq, struct fbsd_kevent *kev)
{
	const struct kq_filter *ops = kq_filter_of(kev->filter);
	struct knote *kn;
	int r;

	if (!ops || (kev->flags & (EV_ENABLE | EV_DISABLE)) == (EV_ENABLE | EV_DISABLE) ||
	    (kev->flags & (EV_ADD | EV_KEEPUDATA)) == (EV_ADD | EV_KEEPUDATA))
		return -EINVAL;
	r = ops->is_fd ? check_fd(kq, kev->ident) : 0;
	if (r)
		return r;
	kn = kq_find(kq, kev->filter, kev->ident);
	if (!kn)
		return kev->flags & EV_ADD ? add_note(t, kq, kev, ops) : -ENOENT;
	if (kev->flags & EV_DELETE)
		kq_drop(kn);
	else
		modify_note(kn, kev);
	return 0;
}
