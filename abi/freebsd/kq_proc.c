/*
 * EVFILT_PROC and EVFILT_PROCDESC: the end of a process, by pidfd.
 * Source: kqueue(2), filt_proc of sys/kern/kern_event.c by its observable rules.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#include "abi/core/host.h"
#include "abi/freebsd/kq_impl.h"
#include "abi/freebsd/proc.h"

#define NOTE_EXIT 0x80000000u
#define P_PIDFD_  3

/* Has it ended?  Its status as wait(2) would tell it, 0 when it is not a child of ours and cannot be asked. */
static bool
ended(int pidfd, const struct signal_map *m, int64_t *ret_status)
{
	siginfo_t si;
	long r;

	memset(&si, 0, sizeof(si));
	r = host_call(SYS_waitid, P_PIDFD_, pidfd, &si, WEXITED | WNOHANG | WNOWAIT, 0);
	if (r == 0 && si.si_pid == 0)
		return false;
	*ret_status = r == 0 ? (int64_t)fbsd_wait_status(m, si.si_code, si.si_status) : 0;
	/* Not a child: a pidfd is readable once the process is gone. */
	return r == 0 || host_call(SYS_pidfd_send_signal, pidfd, 0, 0, 0) == -ESRCH;
}

static bool
process_event(struct knote *kn, int pidfd)
{
	int64_t status;

	if (kn->u.proc.gone)
		return true;
	if (!ended(pidfd, kn->u.proc.signals, &status))
		return false;
	kn->u.proc.gone = true;
	kn->kev.flags |= EV_EOF | EV_ONESHOT;
	if (kn->sfflags & NOTE_EXIT) {
		kn->kev.fflags |= NOTE_EXIT;
		kn->kev.data = status;
	} else {
		kn->kev.flags |= EV_DROP;
	}
	return true;
}

static int
proc_attach(struct thread *t, struct knote *kn)
{
	long fd;

	/* Forks and execs of another process cannot be seen from here. */
	if (kn->sfflags & ~NOTE_EXIT || kn->kev.ident > INT32_MAX)
		return -EINVAL;
	fd = host_call(SYS_pidfd_open, kn->kev.ident, 0);
	if (fd < 0)
		return fd == -EINVAL ? -ESRCH : (int)fd;
	kn->u.proc.signals = t->task->pers->signals;
	kn->initial = true;
	return kq_slot_open(kn, (int)fd);
}

static bool
proc_event(struct knote *kn)
{
	return process_event(kn, kn->slot_fd);
}

static int
procdesc_attach(struct thread *t, struct knote *kn)
{
	bool news;

	if (kn->sfflags & ~NOTE_EXIT)
		return -EINVAL;
	/* Only a process descriptor can be waited for. */
	if (host_call(SYS_pidfd_send_signal, kn->kev.ident, 0, 0, 0) == -EBADF)
		return -EINVAL;
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
	return process_event(kn, (int)kn->kev.ident);
}

const struct kq_filter kq_filter_proc = {.attach = proc_attach, .detach = kq_slot_close, .event = proc_event};
const struct kq_filter kq_filter_procdesc = {
    .is_fd = true,
    .events = EPOLLIN,
    .attach = procdesc_attach,
    .detach = procdesc_detach,
    .event = procdesc_event,
};
