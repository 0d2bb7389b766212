/*
 * What happens when a signal reaches a thread: default actions, handlers, the interrupted call; faults.
 * Source: Linux manual signal(7); arch/arm64/kernel/signal.c, arch/arm64/mm/fault.c by what a handler sees.
 */
#include <errno.h>
#include <signal.h>

#include "abi/core/cpu_a64.h"
#include "abi/linux/signal.h"

/* The handler in force now; with SA_RESETHAND it was in force for the last time. */
static struct linux_sigaction
action_of(struct thread *t, int signo)
{
	struct linux_sigaction act;

	pthread_mutex_lock(&t->task->lock);
	act = linux_sigtask(t)->act[signo];
	if (act.handler > LINUX_SIG_IGN && act.flags & LINUX_SA_RESETHAND)
		linux_action_reset(t->task, signo);
	pthread_mutex_unlock(&t->task->lock);
	return act;
}

static _Noreturn void
die(struct thread *t, int signo)
{
	int host = sig_host_number(t->task, signo);

	if (!host) /* ours on the host: as a shell would tell it */
		linux_exit_process(t, 128 + signo);
	linux_die(t, host);
}

static void
run_handler(struct thread *t, const struct gsiginfo *si, const struct linux_sigaction *act)
{
	struct sig_thread *st = t->sig;
	struct gsigset ret_mask = st->has_saved ? st->saved : st->mask, mask;

	if (!linux_frame_push(t, si, act, &ret_mask)) {
		if (t->task->hooks->crashed)
			t->task->hooks->crashed(t, SIGSEGV, t->a64->x[A64_SP], "no room on the stack for a signal handler");
		linux_die(t, SIGSEGV);
	}
	st->has_saved = false;
	mask = gsig_or(st->mask, linux_set(act->mask));
	if (!(act->flags & LINUX_SA_NODEFER))
		gsig_add(&mask, si->signo);
	sig_set_mask(t, mask);
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
linux_deliver(struct thread *t, long r)
{
	struct sig_thread *st = t->sig;
	struct gsiginfo si;

	while (!t->exit_now && !t->task->exiting && sig_next(t, &si)) {
		struct linux_sigaction act = action_of(t, si.signo);

		if (act.handler == LINUX_SIG_IGN)
			continue;
		if (act.handler == LINUX_SIG_DFL) {
			if (sig_class_of(t->task->sig, si.signo) <= SIGC_CORE)
				die(t, si.signo);
			continue;
		}
		if (r)
			settle_call(t, r, act.flags & LINUX_SA_RESTART);
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

/* ---- faults ---- */

/* ESR_EL1 as the kernel would have it: data and instruction aborts from EL0, a breakpoint. */
static uint64_t
syndrome(const struct thread *t, const struct guest_fault *f)
{
	enum { DATA_ABORT = 0x24, INSTRUCTION_ABORT = 0x20, IL = 1 << 25, WNR = 1 << 6, TRANSLATION_L3 = 0x07, PERMISSION_L3 = 0x0f };
	uint64_t ec = f->addr == t->a64->pc ? INSTRUCTION_ABORT : DATA_ABORT;

	if (f->signo != SIGSEGV && f->signo != SIGBUS)
		return 0;
	return ec << 26 | IL | (ec == DATA_ABORT && f->err & 2 ? WNR : 0) | (f->code == SEGV_ACCERR ? PERMISSION_L3 : TRANSLATION_L3);
}

/* At once, and only to a handler that can run now: what is blocked or ignored cannot be put off, and ends the process. */
void
linux_fault(struct thread *t, const struct guest_fault *f)
{
	struct gsiginfo si = { .signo = f->signo, .code = f->code, .addr = f->addr, .err = syndrome(t, f) };

	if (gsig_has(&t->task->sig->handled, si.signo) && !gsig_has(&t->sig->mask, si.signo)) {
		struct linux_sigaction act = action_of(t, si.signo);

		run_handler(t, &si, &act);
		return;
	}
	if (t->task->hooks->crashed)
		t->task->hooks->crashed(t, f->signo, f->addr, NULL);
	linux_die(t, f->signo);
}
