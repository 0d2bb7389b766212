/* kevent: change lists and event lists.  Source: kevent(2), sys/kern/kern_event.c by its observable rules. */
#include <errno.h>

#include "abi/freebsd/fbsd.h"
#include "abi/freebsd/kq_impl.h"
#include "abi/freebsd/time.h"
#include "freebsd-amd64.h"

#define CHANGES 16

struct call {
	uint64_t changes;
	int nchanges;
	struct kq_out out;
	struct timespec ts;
	bool forever;
};

static int
read_change(struct call *c, struct fbsd_kevent *ret_kev)
{
	struct fbsd_kevent11 k11;
	uint64_t at = c->changes;

	if (!c->out.old) {
		c->changes += sizeof(*ret_kev);
		return gm_read(ret_kev, at, sizeof(*ret_kev));
	}
	c->changes += sizeof(k11);
	if (gm_read(&k11, at, sizeof(k11)))
		return -EFAULT;
	*ret_kev = (struct fbsd_kevent){.ident = k11.ident,
	                                .filter = k11.filter,
	                                .flags = k11.flags,
	                                .fflags = k11.fflags,
	                                .data = k11.data,
	                                .udata = k11.udata};
	return 0;
}

/*
 * A list of changes, read in portions before any of a portion's is applied, as the event list may be the same memory.
 * Returns 0, or what ends the call: -errno, or the number of error events plus one.
 */
static long
apply(struct thread *t, struct kq *kq, struct call *c)
{
	struct fbsd_kevent kev[CHANGES];
	long r;

	while (c->nchanges > 0) {
		int n = c->nchanges < CHANGES ? c->nchanges : CHANGES;

		for (int i = 0; i < n; i++)
			if (read_change(c, &kev[i]))
				return -EFAULT;
		for (int i = 0; i < n; i++) {
			if (!kev[i].filter)
				continue;
			kev[i].flags &= (uint16_t)~EV_SYSFLAGS;
			r = kq_register(t, kq, &kev[i]);
			if (r == 0 && !(kev[i].flags & EV_RECEIPT))
				continue;
			if (c->out.left == 0)
				return r ? r : 1;
			kev[i].flags = EV_ERROR;
			kev[i].data = r ? kq->errnos->to_guest[-r] : 0;
			kq_emit(&c->out, &kev[i]);
		}
		c->nchanges -= n;
	}
	return c->out.n ? c->out.n + 1 : 0;
}

static long
serve(struct thread *t, struct kq *kq, struct call *c)
{
	uint64_t deadline = UINT64_MAX;
	long r = 0;

	if (c->nchanges < 0)
		return -EINVAL;
	/* Changes are made once, however often the wait is interrupted. */
	if (c->nchanges && !t->in_restart) {
		pthread_mutex_lock(&kq->lock);
		r = kq->closing ? -EBADF : apply(t, kq, c);
		kq_sync(kq);
		pthread_mutex_unlock(&kq->lock);
	}
	if (r)
		return r < 0 ? r : r - 1;
	if (c->out.left == 0)
		return 0;
	if (c->out.left < 0)
		return -EINVAL;
	if (t->in_restart) {
		deadline = t->deadline;
	} else if (!c->forever) {
		if (c->ts.tv_sec < 0 || c->ts.tv_nsec < 0 || c->ts.tv_nsec >= NS_PER_SEC)
			return -EINVAL;
		deadline = c->ts.tv_sec || c->ts.tv_nsec ? fbsd_deadline(&c->ts) : 0;
	}
	t->deadline = deadline;
	return kq_scan(t, kq, &c->out, deadline);
}

static long
call_kevent(struct thread *t, int fd, struct call *c, uint64_t timeout)
{
	struct kq *kq;
	long r;

	if (timeout && gm_read(&c->ts, timeout, sizeof(c->ts)))
		return -EFAULT;
	c->forever = !timeout;
	kq = kq_get(t, fd);
	if (!kq)
		return -EBADF;
	r = serve(t, kq, c);
	kq_put(kq);
	return r;
}

long
fbsd_kevent(struct thread *t, int fd, uint64_t changelist, int nchanges, uint64_t eventlist, int nevents, uint64_t timeout)
{
	struct call c = {.changes = changelist, .nchanges = nchanges, .out = {.addr = eventlist, .left = nevents}};

	return call_kevent(t, fd, &c, timeout);
}

long
fbsd_freebsd11_kevent(struct thread *t, int fd, uint64_t changelist, int nchanges, uint64_t eventlist, int nevents,
                      uint64_t timeout)
{
	struct call c = {.changes = changelist,
	                 .nchanges = nchanges,
	                 .out = {.addr = eventlist, .left = nevents, .old = true}};

	return call_kevent(t, fd, &c, timeout);
}
