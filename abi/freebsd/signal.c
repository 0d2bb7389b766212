/* Signal state, what host signals become, and what exec hands on. */
#include "abi/freebsd/signal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/freebsd/proc.h"
#include "abi/freebsd/proctab.h"
#include "abi/freebsd/waitset.h"
#include "freebsd-sets.h"

/* Numbers that are not here end the process.  Source: signal(3), table of default actions. */
static const uint8_t classes[GSIG_MAX + 1] = {
    [FBSD_SIGQUIT] = SIGC_CORE,    [FBSD_SIGILL] = SIGC_CORE,     [FBSD_SIGTRAP] = SIGC_CORE,
    [FBSD_SIGABRT] = SIGC_CORE,    [FBSD_SIGEMT] = SIGC_CORE,     [FBSD_SIGFPE] = SIGC_CORE,
    [FBSD_SIGBUS] = SIGC_CORE,     [FBSD_SIGSEGV] = SIGC_CORE,    [FBSD_SIGSYS] = SIGC_CORE,
    [FBSD_SIGSTOP] = SIGC_STOP,    [FBSD_SIGTSTP] = SIGC_TTYSTOP, [FBSD_SIGTTIN] = SIGC_TTYSTOP,
    [FBSD_SIGTTOU] = SIGC_TTYSTOP, [FBSD_SIGCONT] = SIGC_CONT,    [FBSD_SIGURG] = SIGC_IGNORE,
    [FBSD_SIGCHLD] = SIGC_IGNORE,  [FBSD_SIGIO] = SIGC_IGNORE,    [FBSD_SIGWINCH] = SIGC_IGNORE,
    [FBSD_SIGINFO] = SIGC_IGNORE,
};

void
fbsd_siginfo_out(const struct gsiginfo *si, struct fbsd_siginfo *ret)
{
	*ret = (struct fbsd_siginfo){.signo = si->signo,
	                             .error = si->error,
	                             .code = si->code,
	                             .pid = si->pid,
	                             .uid = si->uid,
	                             .status = si->status,
	                             .addr = si->addr,
	                             .value = si->value};
	if (si->code == FBSD_SI_TIMER) {
		ret->reason.timer.id = si->timerid;
		ret->reason.timer.overrun = si->overrun;
	} else if (si->trapno) {
		ret->reason.trapno = si->trapno;
	}
}

struct gsiginfo
fbsd_siginfo_from(const struct thread *t, int signo, int code)
{
	return (struct gsiginfo){.signo = signo, .code = code, .pid = t->task->pid, .uid = getuid()};
}

static int32_t
code_of(const struct inbox_item *it)
{
	switch (it->code) {
	case SI_USER:
		return FBSD_SI_USER;
	case SI_QUEUE:
		return FBSD_SI_QUEUE;
	case SI_MESGQ:
		return FBSD_SI_MESGQ;
	case SI_ASYNCIO:
		return FBSD_SI_ASYNCIO;
	case SI_TKILL:
		return FBSD_SI_LWP;
	default:
		/* CLD_*: the same numbers; readiness of descriptors is not told apart by FreeBSD */
		return it->signo == SIGCHLD && it->code > 0 ? it->code : FBSD_SI_KERNEL;
	}
}

/* Sent by another guest of ours; @it->error says what. */
static bool
carried(struct thread *t, const struct inbox_item *it, struct gsiginfo *ret, struct thread **ret_to)
{
	int signo = it->error & 0xff;

	if (it->code != SI_QUEUE || !FBSD_IS_CARRIER(it->error) || signo < 1 || signo > FBSD_NSIG)
		return false;
	*ret = (struct gsiginfo){.signo = signo, .pid = it->pid, .uid = it->uid, .value = it->value};
	ret->code = it->error & 1 << 9 ? FBSD_SI_QUEUE : FBSD_SI_USER;
	if (it->error & 1 << 8) {
		ret->code = FBSD_SI_LWP;
		*ret_to = t;
	}
	return true;
}

/* The parent has died (procctl.c), and wanted a number told that the host lacks. */
static bool
orphaned(struct thread *t, const struct inbox_item *it, struct gsiginfo *ret)
{
	int signo = fbsd_task(t)->pdeathsig;

	if (it->code != SI_USER || !signo)
		return false;
	*ret = (struct gsiginfo){.signo = signo, .code = FBSD_SI_USER};
	return true;
}

/* An asynchronous request has ended: aio_work.c. */
static bool
request_ended(struct thread *t, const struct inbox_item *it, struct gsiginfo *ret, struct thread **ret_to)
{
	int signo = it->error & 0xff;

	if (it->code != SI_ASYNCIO || it->pid != t->task->pid || signo < 1 || signo > FBSD_NSIG)
		return false;
	*ret = (struct gsiginfo){.signo = signo, .code = FBSD_SI_ASYNCIO, .value = it->value};
	if (it->error & 1 << 8)
		*ret_to = t;
	return true;
}

/* A child changed: as wait(2) would tell it.  False when it is none that is waited for: procdesc.c. */
static bool
child_changed(struct thread *t, const struct inbox_item *it, struct gsiginfo *ret)
{
	const struct signal_map *m = t->task->pers->signals;
	struct waiting w = {0};
	struct proc_stat ps;
	int signo = 0;

	w.info.si_code = it->code;
	w.info.si_pid = it->pid;
	w.info.si_uid = it->uid;
	w.info.si_status = it->status;
	/* One SIGCHLD of the host may stand for several children. */
	if (fbsd_pd_swallow(t, it->pid) && !fbsd_wait_peek(t, &w))
		return false;
	ret->code = w.info.si_code;
	ret->pid = w.info.si_pid;
	ret->uid = w.info.si_uid;
	ret->status = w.info.si_status;
	if (ret->code != CLD_EXITED)
		ret->status = ret->status > 0 && ret->status < 65 ? m->to_guest[ret->status] : ret->status;
	else if (proc_stat_get(ret->pid, &ps) && proc_last_word_of(&ps, &ret->status, &signo) && signo)
		ret->code = CLD_KILLED, ret->status = signo;
	return true;
}

static bool
arrived(struct thread *t, const struct inbox_item *it, struct gsiginfo *ret, struct thread **ret_to)
{
	const struct signal_map *m = t->task->pers->signals;

	if (it->signo == KICK_SIGNO)
		return fbsd_ktimer_arrived(t, it, ret, ret_to) || carried(t, it, ret, ret_to) ||
		       request_ended(t, it, ret, ret_to) || orphaned(t, it, ret);
	*ret = (struct gsiginfo){.signo = m->to_guest[it->signo], .code = code_of(it), .pid = it->pid, .uid = it->uid};
	if (it->signo == SIGCHLD && it->code > 0) {
		if (!child_changed(t, it, ret))
			return false;
	} else if (it->code == SI_QUEUE || it->code == SI_MESGQ) {
		ret->value = it->value;
	} else if (it->signo == SIGPIPE && it->code == SI_USER && it->pid == t->task->pid) {
		/* Of a write by this thread: the host names the writer, FreeBSD the kernel. */
		ret->code = FBSD_SI_KERNEL;
		*ret_to = t;
	} else if (it->code == SI_TKILL) {
		*ret_to = t;
	}
	if (ret->code == FBSD_SI_KERNEL)
		ret->pid = 0, ret->uid = 0;
	return ret->signo != 0;
}

const struct sig_os fbsd_sig_os = {
    .map = &fbsd_signals,
    .classes = classes,
    .chld = FBSD_SIGCHLD,
    .rtmin = FBSD_SIGRTMIN,
    .room = FBSD_SIGQUEUE_MAX,
    .arrived = arrived,
    .accepted = fbsd_ktimer_accepted,
    .held = fbsd_fast_held,
};

bool
fbsd_signals_due(struct thread *t)
{
	return sig_due(t);
}

void
fbsd_mask_begin(struct thread *t, struct gsigset mask)
{
	struct sig_thread *st = t->sig;

	if (!st->has_saved) {
		st->saved = st->mask;
		st->has_saved = true;
	}
	sig_set_mask(t, fbsd_maskable(mask));
}

void
fbsd_mask_end(struct thread *t, long r)
{
	struct sig_thread *st = t->sig;

	if (r == -EINTR || r == -HOST_ERESTART || !st->has_saved)
		return;
	st->has_saved = false;
	sig_set_mask(t, st->saved);
}

int
fbsd_signal_thread_init(struct thread *t, const struct thread *parent)
{
	struct fbsd_sigthread *st = calloc(1, sizeof(*st));

	if (!st)
		return -ENOMEM;
	st->alt.flags = FBSD_SS_DISABLE;
	fbsd_thread(t)->sig = st;
	sig_thread_init(t, &st->core, parent);
	return 0;
}

void
fbsd_signal_thread_free(struct thread *t)
{
	struct fbsd_sigthread *st = fbsd_thread(t)->sig;

	if (!st)
		return;
	sig_thread_gone(t);
	free(st);
	fbsd_thread(t)->sig = NULL;
}

void
fbsd_signal_after_fork(struct thread *t)
{
	sig_after_fork(t);
	if (!t->task->vfork_child)
		free(fbsd_sigacts(t)->timers);
	fbsd_sigacts(t)->timers = NULL;
}

/* The copies live on the child's own side of the shared memory, and go with the mapping that holds them. */
void
fbsd_signal_vfork_child(struct thread *child)
{
	struct fbsd_vfork *v = child->task->vfork_room;

	v->sig = *fbsd_sigacts(child);
	v->sigthread = *fbsd_sigthread(child);
	v->task = *fbsd_task(child);
	v->thread = *fbsd_thread(child);
	v->task.sig = &v->sig;
	v->thread.sig = &v->sigthread;
	child->task->priv = &v->task;
	child->priv = &v->thread;
	child->task->sig = &v->sig.core;
	child->sig = &v->sigthread.core;
	fbsd_signal_after_fork(child);
}

void
fbsd_signal_reset_handlers(struct thread *t)
{
	pthread_mutex_lock(&t->task->lock);
	for (int s = 1; s <= FBSD_NSIG; s++)
		if (fbsd_sigacts(t)->act[s].handler > FBSD_SIG_IGN)
			fbsd_action_reset(t->task, s);
	pthread_mutex_unlock(&t->task->lock);
}
