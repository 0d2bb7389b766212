/*
 * EVFILT_PROC and EVFILT_PROCDESC: the end of a process, by pidfd; its forks and execs, when it is a guest of ours, by
 * kq_watch.c.  A note of a process has an epoll set of its own for the two.
 *
 * KNOWN LIMITS: processes that are not ours tell neither forks nor execs; the status of one that is not our child is known
 * when it is a guest of ours and was not killed by SIGKILL, else it is 0.
 * Source: kqueue(2), filt_proc and knote_fork of sys/kern/kern_event.c, sys_procdesc.c by their observable rules.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#include "abi/core/fd.h"
#include "abi/core/host.h"
#include "abi/freebsd/kq_impl.h"
#include "abi/freebsd/proc.h"
#include "abi/freebsd/proctab.h"

#define NOTE_EXIT     0x80000000u
#define NOTE_FORK     0x40000000u
#define NOTE_EXEC     0x20000000u
#define NOTE_TRACK    0x1u
#define NOTE_TRACKERR 0x2u
#define NOTE_CHILD    0x4u
#define P_PIDFD_      3

/* Has it ended?  1 and its status as wait(2) would tell it; -ECHILD when only that is known; 0. */
static int
ended(int pidfd, const struct signal_map *m, int64_t *ret_status)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};
	struct proc_stat ps;
	int status, signo;
	siginfo_t si;
	long r;

	memset(&si, 0, sizeof(si));
	r = host_call(SYS_waitid, P_PIDFD_, pidfd, &si, WEXITED | WNOHANG | WNOWAIT, 0);
	if (r == 0 && si.si_pid == 0)
		return 0;
	if (r == 0) {
		*ret_status = (int64_t)fbsd_wait_status(m, si.si_code, si.si_status);
		if (si.si_code == CLD_EXITED && proc_stat_get(si.si_pid, &ps) && proc_last_word_of(&ps, &status, &signo) && signo)
			*ret_status = signo;
		return 1;
	}
	return host_call(SYS_poll, &p, 1, 0) == 1 ? -ECHILD : 0;
}

/* It is gone; a note that has nothing to say of that goes too. */
static void
end_note(struct knote *kn, int64_t status)
{
	kn->u.proc.gone = true;
	kn->kev.flags |= EV_EOF | EV_ONESHOT;
	kn->kev.fflags |= kn->sfflags & NOTE_EXIT;
	if (kn->kev.fflags & NOTE_EXIT)
		kn->kev.data = status;
	if (kn->kev.fflags == 0)
		kn->kev.flags |= EV_DROP;
}

static int
inner_watch(struct knote *kn, int fd)
{
	struct epoll_event ev = {.events = EPOLLIN};

	return (int)host_call(SYS_epoll_ctl, kn->slot_fd, EPOLL_CTL_ADD, fd, &ev);
}

static void
close_own(const struct knote *kn)
{
	if (kn->u.proc.pidfd > 0)
		host_call(SYS_close, kn->u.proc.pidfd);
	if (kn->u.proc.listener > 0)
		host_call(SYS_close, kn->u.proc.listener);
}

static void
proc_detach(struct knote *kn)
{
	kq_slot_close(kn);
	close_own(kn);
	kn->u.proc.pidfd = kn->u.proc.listener = 0;
}

void
kq_proc_close_hidden(const struct knote *kn)
{
	if (kn->ops == &kq_filter_proc)
		close_own(kn);
}

/* Takes over both descriptors, also on failure; @listener may be 0. */
static int
bind_note(struct knote *kn, int pidfd, int listener)
{
	int r;

	kn->u.proc.pidfd = pidfd;
	kn->u.proc.listener = listener;
	r = (int)host_call(SYS_epoll_create1, EPOLL_CLOEXEC);
	if (r >= 0)
		r = kq_slot_open(kn, r);
	if (r == 0)
		r = inner_watch(kn, pidfd);
	if (r == 0 && listener > 0)
		r = inner_watch(kn, listener);
	if (r)
		proc_detach(kn);
	return r;
}

/* As FreeBSD: one note that tells the child's number once, another that goes on. */
static int
follow(struct knote *kn, const struct kq_told *m)
{
	struct fbsd_kevent kev = {.ident = (uint64_t)m->pid,
	                          .filter = EVFILT_PROC,
	                          .flags = (uint16_t)(kn->kev.flags & ~(EV_EOF | EV_DROP)),
	                          .udata = kn->kev.udata};
	struct knote *first = kq_make(kn->kq, &kev, kn->ops), *second;

	if (!first)
		return -ENOMEM;
	first->sfflags = kn->sfflags & ~(NOTE_EXIT | NOTE_EXEC | NOTE_FORK);
	first->kev.flags |= EV_ONESHOT;
	first->kev.fflags = NOTE_CHILD;
	first->kev.data = (int64_t)kn->kev.ident;
	kq_activate(first);
	second = kq_make(kn->kq, &kev, kn->ops);
	if (!second)
		return -ENOMEM;
	second->sfflags = kn->sfflags;
	second->u.proc.signals = kn->u.proc.signals;
	if (m->fd[0] >= 0 && m->fd[1] >= 0 && bind_note(second, m->fd[1], m->fd[0]) == 0)
		return 0;
	kq_drop(second);
	return -ENOMEM;
}

static void
forked(struct knote *kn, const struct kq_told *m)
{
	if (!(kn->sfflags & NOTE_TRACK)) {
		for (int k = 0; k < 2; k++)
			if (m->fd[k] >= 0)
				host_call(SYS_close, m->fd[k]);
	} else if (follow(kn, m)) {
		kn->kev.fflags |= NOTE_TRACKERR;
	}
	kn->kev.fflags |= kn->sfflags & NOTE_FORK;
}

static void
drain(struct knote *kn)
{
	struct kq_told m;

	while (kn->u.proc.listener > 0 && kq_watch_next(kn->u.proc.listener, (int32_t)kn->kev.ident, &m)) {
		switch (m.kind) {
		case KQ_TOLD_FORK:
			forked(kn, &m);
			break;
		case KQ_TOLD_EXEC:
			kn->kev.fflags |= kn->sfflags & NOTE_EXEC;
			break;
		case KQ_TOLD_EXIT:
			kn->u.proc.status = m.status;
			break;
		}
	}
}

static bool
proc_event(struct knote *kn)
{
	int64_t status = 0;
	int r;

	if (kn->u.proc.gone)
		return true;
	drain(kn);
	r = kn->u.proc.pidfd > 0 ? ended(kn->u.proc.pidfd, kn->u.proc.signals, &status) : 0;
	if (r == 0)
		return kn->kev.fflags != 0;
	drain(kn); /* its last words were said before it ended */
	end_note(kn, r > 0 ? status : (int64_t)kn->u.proc.status);
	return true;
}

static int
proc_attach(struct thread *t, struct knote *kn)
{
	int64_t status;
	long pidfd;
	int listener = 0, r;

	if (kn->kev.ident > INT32_MAX)
		return -ESRCH;
	pidfd = host_call(SYS_pidfd_open, kn->kev.ident, 0);
	if (pidfd < 0)
		return pidfd == -EINVAL ? -ESRCH : (int)pidfd;
	kn->u.proc.signals = t->task->pers->signals;
	/* The dead are found by who waits for their end only. */
	r = ended((int)pidfd, kn->u.proc.signals, &status);
	if (r && !(kn->sfflags & NOTE_EXIT)) {
		host_call(SYS_close, pidfd);
		return -ESRCH;
	}
	pidfd = fd_hide((int)pidfd);
	if (pidfd < 0)
		return (int)pidfd;
	if (r == 0)
		listener = kq_watch_open((int32_t)kn->kev.ident);
	if (listener < 0) {
		host_call(SYS_close, pidfd);
		return listener;
	}
	kn->kev.flags |= EV_CLEAR; /* set by the filter itself */
	kn->initial = true;
	return bind_note(kn, (int)pidfd, listener);
}

static int
procdesc_attach(struct thread *t, struct knote *kn)
{
	bool news;

	/* Only a process descriptor can be waited for. */
	if (host_call(SYS_pidfd_send_signal, kn->kev.ident, 0, 0, 0) == -EBADF)
		return -EINVAL;
	kn->kev.flags |= EV_CLEAR;
	kn->u.proc.signals = t->task->pers->signals;
	kn->initial = true;
	return kq_reg_watch(kn->kq, kn->reg, EPOLLIN, &news);
}

static void
procdesc_detach(struct knote *kn)
{
}

static bool
procdesc_event(struct knote *kn)
{
	int64_t status = 0;

	if (kn->u.proc.gone)
		return true;
	if (!ended((int)kn->kev.ident, kn->u.proc.signals, &status))
		return false;
	end_note(kn, status);
	return true;
}

const struct kq_filter kq_filter_proc = {.attach = proc_attach, .detach = proc_detach, .event = proc_event};
const struct kq_filter kq_filter_procdesc = {
    .is_fd = true,
    .events = EPOLLIN,
    .attach = procdesc_attach,
    .detach = procdesc_detach,
    .event = procdesc_event,
};
