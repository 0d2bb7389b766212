/*
 * EVFILT_AIO and EVFILT_LIO: the end of an asynchronous request, or of a list of them.  Only aio calls make such notes.
 * Source: kqueue(2), aio(4), filt_aio* and filt_lio* of sys/kern/vfs_aio.c.
 */
#include <errno.h>

#include "abi/freebsd/aio.h"
#include "abi/freebsd/kq_impl.h"

#define EV_FLAG1 0x2000u /* a system flag: made by us */

static int
aio_attach(struct thread *t, struct knote *kn)
{
	if (!(kn->kev.flags & EV_FLAG1))
		return -EPERM;
	kn->kev.flags &= (uint16_t)~EV_FLAG1;
	kn->u.user.triggered = false;
	return 0;
}

static void
aio_detach(struct knote *kn)
{
}

static bool
aio_event(struct knote *kn)
{
	if (kn->u.user.triggered)
		kn->kev.flags |= EV_EOF;
	return kn->u.user.triggered;
}

/* A new request with the name of one that has ended. */
static void
aio_modify(struct knote *kn, struct fbsd_kevent *kev)
{
	if (kev->flags & EV_FLAG1)
		kn->u.user.triggered = false;
	kev->flags &= (uint16_t)~EV_FLAG1;
}

const struct kq_filter kq_filter_aio = {
    .attach = aio_attach,
    .detach = aio_detach,
    .event = aio_event,
    .modify = aio_modify,
};

static bool
lio_event(struct knote *kn)
{
	return kn->u.user.triggered;
}

const struct kq_filter kq_filter_lio = {
    .attach = aio_attach,
    .detach = aio_detach,
    .event = lio_event,
    .modify = aio_modify,
};

static int
add(struct thread *t, int fd, struct fbsd_kevent *kev, struct kq **ret_kq)
{
	struct kq *kq = kq_get(t, fd);
	int r;

	if (!kq)
		return -EBADF;
	pthread_mutex_lock(&kq->lock);
	r = kq_register(t, kq, kev);
	kq_sync(kq);
	pthread_mutex_unlock(&kq->lock);
	if (r)
		kq_put(kq);
	else
		*ret_kq = kq;
	return r;
}

int
fbsd_kq_aio_add(struct thread *t, int fd, uint64_t cb, const struct fbsd_aio_event *ev, struct kq **ret_kq)
{
	uint16_t flags = (uint16_t)ev->thread_id;
	struct fbsd_kevent kev = {.ident = cb, .filter = EVFILT_AIO, .udata = ev->value};

	if (flags & ~(EV_CLEAR | EV_DISPATCH | EV_ONESHOT))
		return -EINVAL;
	kev.flags = (uint16_t)(EV_ADD | EV_ENABLE | EV_FLAG1 | flags);
	return add(t, fd, &kev, ret_kq);
}

int
fbsd_kq_lio_add(struct thread *t, int fd, uint64_t list, uint64_t udata, struct kq **ret_kq)
{
	struct fbsd_kevent kev = {.ident = list, .filter = EVFILT_LIO, .udata = udata};

	kev.flags = EV_ADD | EV_ENABLE | EV_FLAG1;
	return add(t, fd, &kev, ret_kq);
}

void
fbsd_kq_lio_done(struct kq *kq, uint64_t list)
{
	struct knote *kn;

	pthread_mutex_lock(&kq->lock);
	kn = kq->closing ? NULL : kq_find(kq, EVFILT_LIO, list);
	if (kn) {
		kn->u.user.triggered = true;
		kq_activate(kn);
		kq_sync(kq);
	}
	pthread_mutex_unlock(&kq->lock);
}

void
fbsd_kq_lio_gone(struct kq *kq, uint64_t list)
{
	struct knote *kn;

	pthread_mutex_lock(&kq->lock);
	kn = kq->closing ? NULL : kq_find(kq, EVFILT_LIO, list);
	if (kn) {
		kq_drop(kn);
		kq_sync(kq);
	}
	pthread_mutex_unlock(&kq->lock);
	kq_put(kq);
}

void
fbsd_kq_aio_done(struct kq *kq, uint64_t cb, int guest_errno)
{
	struct knote *kn;

	pthread_mutex_lock(&kq->lock);
	kn = kq->closing ? NULL : kq_find(kq, EVFILT_AIO, cb);
	if (kn) {
		kn->u.user.triggered = true;
		kn->kev.data = guest_errno;
		kq_activate(kn);
		kq_sync(kq);
	}
	pthread_mutex_unlock(&kq->lock);
	kq_put(kq);
}
