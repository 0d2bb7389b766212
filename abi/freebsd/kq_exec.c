/*
 * kqueues over exec: a program keeps those that are not to be closed, with their notes, but for notes of descriptors that
 * are closed.  What was pending stays pending, what EV_CLEAR has shown is not shown again.
 * Source: fdcloseexec of sys/kern/kern_descrip.c, which closes by flag alone.
 *
 * KNOWN LIMITS: between the two images the events of files and of other processes' forks and execs are not seen.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/core/fd.h"
#include "abi/core/host.h"
#include "abi/freebsd/fbsd.h"
#include "abi/freebsd/kq_impl.h"
#include "abi/freebsd/kqueue.h"

#define NOTE_EXEC 0x20000000u /* kq_proc.c */

enum { REC_KQ = 1, REC_FD, REC_NOTE };

struct record {
	uint32_t kind;
	int32_t fd;              /* REC_KQ: its first descriptor; REC_FD: another */
	struct fbsd_kevent kev;
	uint32_t sfflags, status;
	int64_t sdata;
	uint64_t tick_at, period;
	bool ticks, triggered, childs_number;
};

static bool
stays(int fd)
{
	return host_call(SYS_fcntl, fd, F_GETFD) == 0;
}

static int
put(int out, const struct record *r)
{
	long n = host_call(SYS_write, out, r, sizeof(*r));

	return n == sizeof(*r) ? 0 : n < 0 ? (int)n : -EIO;
}

static int
save_note(int out, const struct knote *kn)
{
	struct record r = {.kind = REC_NOTE,
	                   .kev = kn->kev,
	                   .sfflags = kn->sfflags,
	                   .sdata = kn->sdata,
	                   .status = kn->status,
	                   .tick_at = kn->tick_at,
	                   .ticks = kn->tick_pos != KN_NO_TICK};

	if (kn->ops == &kq_filter_aio || kn->ops == &kq_filter_lio || (kn->ops->is_fd && !stays((int)kn->kev.ident)))
		return 0;
	if (kn->ops == &kq_filter_timer)
		r.period = kn->u.timer.period;
	if (kn->ops == &kq_filter_user)
		r.triggered = kn->u.user.triggered;
	if (kn->ops == &kq_filter_proc)
		r.childs_number = !kn->u.proc.pidfd;
	return put(out, &r);
}

static int
save_notes(int out, struct kq *kq)
{
	int r = 0;

	/* In the order of the queue first. */
	for (struct knote *kn = kq->q_first; kn && r == 0; kn = kn->q_next)
		r = save_note(out, kn);
	for (uint32_t i = 0; i < kq->nreg; i++)
		for (struct knote *kn = kq->reg[i] ? kq->reg[i]->notes : NULL; kn && r == 0; kn = kn->next)
			r = kn->status & KN_QUEUED ? 0 : save_note(out, kn);
	for (uint32_t i = 0; i < KQ_HASH; i++)
		for (struct knote *kn = kq->hash[i]; kn && r == 0; kn = kn->next)
			r = kn->status & KN_QUEUED ? 0 : save_note(out, kn);
	return r;
}

static int
save_kq(int out, const struct fbsd_kq_table *tab, struct kq *kq)
{
	struct record rec = {.kind = REC_KQ};
	int r = 0;

	for (uint32_t fd = 0; fd < tab->nfds && r == 0; fd++) {
		if (tab->by_fd[fd] != kq || !stays((int)fd))
			continue;
		rec.fd = (int32_t)fd;
		r = put(out, &rec);
		rec.kind = REC_FD;
	}
	if (r || rec.kind == REC_KQ)
		return r;
	pthread_mutex_lock(&kq->lock);
	kq_pull(kq);
	r = save_notes(out, kq);
	kq_sync(kq);
	pthread_mutex_unlock(&kq->lock);
	return r;
}

int
fbsd_kq_save(struct thread *t)
{
	struct fbsd_kq_table *tab = t->task->vfork_child ? NULL : fbsd_task(t)->kq;
	int out, r = 0;

	if (!tab || !tab->nkq)
		return -1;
	out = (int)host_call(SYS_memfd_create, "kqueues", MFD_CLOEXEC);
	if (out >= 0)
		out = fd_hide(out);
	if (out < 0)
		return out;
	for (uint32_t i = 0; i < tab->nkq && r == 0; i++)
		r = save_kq(out, tab, tab->all[i]);
	if (r == 0 && host_call(SYS_lseek, out, 0, SEEK_SET) == 0)
		return out;
	host_call(SYS_close, out);
	return r ? r : -EIO;
}

/* An epoll set of this image in place of the one before. */
static struct kq *
restore_kq(struct thread *t, int fd)
{
	long ep = host_call(SYS_epoll_create1, 0);
	struct kq *kq;

	if (ep < 0)
		return NULL;
	host_call(SYS_dup3, ep, fd, 0);
	host_call(SYS_close, ep);
	return kq_open(t, fd, &kq) ? NULL : kq;
}

static struct knote *
attach_note(struct thread *t, struct kq *kq, const struct record *r)
{
	struct fbsd_kevent kev = r->kev;

	kev.flags &= (uint16_t)~(EV_EOF | EV_ERROR | EV_DROP);
	kev.fflags = r->sfflags;
	kev.data = r->sdata;
	if (r->childs_number)
		return kq_make(kq, &kev, kq_filter_of(kev.filter));
	kev.flags |= EV_ADD | (r->status & KN_DISABLED ? EV_DISABLE : 0);
	if (kq_register(t, kq, &kev))
		return NULL;
	return kq_find(kq, kev.filter, kev.ident);
}

static void
restore_note(struct thread *t, struct kq *kq, const struct record *r)
{
	struct knote *kn = attach_note(t, kq, r);

	if (!kn)
		return;
	if (kn->reg && kn->kev.flags & EV_CLEAR) {
		/* What the new registration reports has been seen. */
		kq_pull(kq);
		kq_dequeue(kn);
		kn->status &= ~KN_ACTIVE;
	}
	if (!kn->reg) {
		kn->kev.fflags |= r->kev.fflags;
		if (kn->ops != &kq_filter_proc || r->childs_number)
			kn->kev.data = r->kev.data;
	}
	if (kn->ops == &kq_filter_user)
		kn->u.user.triggered = r->triggered;
	if (kn->ops == &kq_filter_timer) {
		kn->u.timer.period = r->period;
		kq_tick_clear(kn);
		if (r->ticks)
			kq_tick_set(kn, r->tick_at);
	}
	if (kn->ops == &kq_filter_proc && kn->kev.ident == (uint64_t)t->task->pid && kn->sfflags & NOTE_EXEC) {
		kn->kev.fflags |= NOTE_EXEC;
		kq_activate(kn);
	}
	if (r->status & KN_ACTIVE)
		kq_activate(kn);
}

void
fbsd_kq_restore(struct thread *t, int in)
{
	struct record r;
	struct kq *kq = NULL;
	int first = -1;

	if (in < 0)
		return;
	/* All kqueues before any note, as they may watch each other. */
	while (host_call(SYS_read, in, &r, sizeof(r)) == sizeof(r)) {
		if (r.kind == REC_KQ) {
			first = r.fd;
			kq = restore_kq(t, first);
			if (kq)
				kq_put(kq);
		} else if (r.kind == REC_FD && kq) {
			host_call(SYS_dup3, first, r.fd, 0);
			fbsd_kq_fd_duped(t, first, r.fd);
		}
	}
	host_call(SYS_lseek, in, 0, SEEK_SET);
	kq = NULL;
	while (host_call(SYS_read, in, &r, sizeof(r)) == sizeof(r)) {
		if (r.kind == REC_KQ) {
			if (kq)
				kq_put(kq);
			kq = kq_get(t, r.fd);
		} else if (r.kind == REC_NOTE && kq) {
			pthread_mutex_lock(&kq->lock);
			restore_note(t, kq, &r);
			kq_sync(kq);
			pthread_mutex_unlock(&kq->lock);
		}
	}
	if (kq)
		kq_put(kq);
	host_call(SYS_close, in);
}
