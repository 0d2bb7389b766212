/* What happens when a signal reaches a thread: default actions, handlers, the interrupted call. */
#include <errno.h>

#include "abi/core/cpu_x64.h"
#include "abi/freebsd/proc.h"
#include "abi/freebsd/signal.h"

/* The handler in force now; with SA_RESETHAND it was in force for the last time. */
static struct fbsd_sigaction
action_of(struct thread *t, int signo)
{
	struct fbsd_sigaction act;

	pthread_mutex_lock(&t->task->lock);
	act = fbsd_sigacts(t)->act[signo];
	if (act.handler > FBSD_SIG_IGN && act.flags & FBSD_SA_RESETHAND)
		fbsd_action_reset(t->task, signo);
	pthread_mutex_unlock(&t->task->lock);
	return act;
}

static void
trace(struct thread *t, const struct gsiginfo *si)
{
	struct fbsd_siginfo out;

	if (!t->task->trace || !t->task->trace->signal)
		return;
	fbsd_siginfo_out(si, &out);
	t->task->trace->signal(t, si->signo, &out);
}

static void
run_handler(struct thread *t, const struct gsiginfo *si, const struct fbsd_sigaction *act)
{
	struct sig_thread *st = t->sig;
	struct gsigset ret_mask = st->has_saved ? st->saved : st->mask, mask;

	if (!fbsd_frame_push(t, si, act, &ret_mask)) {
		if (t->task->hooks->crashed)
			t->task->hooks->crashed(t, FBSD_SIGILL, t->cpu->rsp, "no room on the stack for a signal handler");
		fbsd_exit_process(t, 0, FBSD_SIGILL);
	}
	st->has_saved = false;
	mask = gsig_or(st->mask, fbsd_sigset_in(&act->mask));
	if (!(act->flags & FBSD_SA_NODEFER))
		gsig_add(&mask, si->signo);
	sig_set_mask(t, fbsd_maskable(mask));
}

void
fbsd_enter_handler(struct thread *t, const struct gsiginfo *si)
{
	struct fbsd_sigaction act = action_of(t, si->signo);

	trace(t, si);
	log_debug(LOG_SIGNAL, "signal %d: handler at 0x%llx", si->signo, (unsigned long long)act.handler);
	run_handler(t, si, &act);
}

/* The call that a signal interrupted ends with EINTR, or is made again after the handler. */
static void
settle_call(struct thread *t, long r, bool restart)
{
	if (r == -HOST_ERESTARTNOINTR || (r == -HOST_ERESTART && restart))
		t->task->hooks->rewind(t);
	else if (r == -HOST_ERESTART)
		t->task->pers->set_result(t, -EINTR);
}

void
fbsd_deliver(struct thread *t, long r)
{
	struct sig_thread *st = t->sig;
	struct gsiginfo si;

	while (!t->exit_now && !t->task->exiting && sig_next(t, &si)) {
		struct fbsd_sigaction act = action_of(t, si.signo);

		if (act.handler == FBSD_SIG_IGN)
			continue;
		trace(t, &si);
		if (act.handler == FBSD_SIG_DFL) {
			if (sig_class_of(t->task->sig, si.signo) <= SIGC_CORE)
				fbsd_exit_process(t, 0, si.signo);
			continue;
		}
		if (r)
			settle_call(t, r, act.flags & FBSD_SA_RESTART);
		r = 0;
		run_handler(t, &si, &act);
	}
	if (t->task->exiting)
		t->exit_now = true;
	if (r)
		settle_call(t, r, true);
	if (st->has_saved) {
		st->has_saved = false;
		sig_set_mask(t, st->saved);
	}
}
