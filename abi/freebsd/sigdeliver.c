/* What happens when a signal reaches a thread: default actions, handlers, faults, the interrupted call. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "abi/core/cpu_x64.h"
#include "abi/freebsd/proc.h"
#include "abi/freebsd/signal.h"

/* Stop as the kernel would: the parent sees the same signal in its status. */
static void
stop_process(struct thread *t, int signo)
{
	int host = t->task->pers->signals->to_host[signo];
	uint64_t only = 1ull << (host - 1), old;

	if (host == SIGSTOP) {
		kill(getpid(), SIGSTOP);
		return;
	}
	t->task->hooks->signal_release(host, false);
	host_call(SYS_tgkill, getpid(), t->htid, host);
	host_call(SYS_rt_sigprocmask, SIG_UNBLOCK, &only, &old, 8);
	fbsd_signal_mirror(t->task, signo);
}

static void
default_action(struct thread *t, const struct gsiginfo *si)
{
	if (fbsd_default_ignores(si->signo))
		return;
	if (fbsd_default_stops(si->signo)) {
		stop_process(t, si->signo);
		return;
	}
	if (t->task->hooks->crashed && si->trapno)
		t->task->hooks->crashed(t, si->signo, si->addr);
	fbsd_exit_process(t, 0, si->signo);
}

static void
enter_handler(struct thread *t, const struct gsiginfo *si, const struct fbsd_sigaction *act)
{
	struct fbsd_sigthread *st = fbsd_sigthread(t);
	struct gsigset ret_mask = st->has_saved ? st->saved : st->mask, add = fbsd_sigset_in(&act->mask);

	if (t->task->trace && t->task->trace->signal)
		t->task->trace->signal(t, si->signo, si);
	if (!fbsd_frame_push(t, si, act, &ret_mask)) {
		/* No stack to stand on: FreeBSD ends the process with SIGILL. */
		fbsd_exit_process(t, 0, FBSD_SIGILL);
	}
	st->has_saved = false;
	st->mask.w[0] |= add.w[0];
	st->mask.w[1] |= add.w[1];
	if (!(act->flags & FBSD_SA_NODEFER))
		gsig_add(&st->mask, si->signo);
	st->mask = fbsd_maskable(st->mask);
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

static struct fbsd_sigaction
action_of(struct thread *t, int signo)
{
	struct fbsd_sigacts *sa = fbsd_sigacts(t);
	struct fbsd_sigaction act;

	pthread_mutex_lock(&sa->lock);
	act = sa->act[signo];
	if (act.handler > FBSD_SIG_IGN && act.flags & FBSD_SA_RESETHAND && signo != FBSD_SIGILL &&
	    signo != FBSD_SIGTRAP) {
		sa->act[signo] = (struct fbsd_sigaction){0};
		fbsd_signal_mirror(t->task, signo);
	}
	pthread_mutex_unlock(&sa->lock);
	return act;
}

void
fbsd_deliver(struct thread *t, long r)
{
	struct fbsd_sigthread *st = fbsd_sigthread(t);
	struct gsiginfo si;

	fbsd_signal_drain(t);
	while (!t->exit_now && !t->task->exiting && fbsd_signal_next(t, &si)) {
		struct fbsd_sigaction act = action_of(t, si.signo);

		if (act.handler == FBSD_SIG_IGN)
			continue;
		if (act.handler == FBSD_SIG_DFL) {
			default_action(t, &si);
			continue;
		}
		if (r)
			settle_call(t, r, act.flags & FBSD_SA_RESTART);
		r = 0;
		enter_handler(t, &si, &act);
	}
	if (t->task->exiting)
		t->exit_now = true;
	if (r)
		settle_call(t, r, true);
	if (st->has_saved) {
		st->mask = st->saved;
		st->has_saved = false;
	}
}

#define T_PRIVILEGED 1
#define T_BREAKPOINT 3
#define T_ARITHMETIC 6
#define T_PROTECTION 9
#define T_TRACE      10
#define T_PAGE       12
#define T_ALIGNMENT  14
#define T_DIVIDE     18
#define T_STACK      26
#define T_XMM        29

/* Hardware vector to FreeBSD's trap number (machine/trap.h). */
static int
trap_of(uint64_t vector)
{
	static const uint8_t map[] = {[0] = T_DIVIDE,     [1] = T_TRACE,      [3] = T_BREAKPOINT,
	                              [4] = 19,              [5] = 20,              [6] = T_PRIVILEGED,
	                              [11] = 27,             [12] = T_STACK,     [13] = T_PROTECTION,
	                              [14] = T_PAGE,      [16] = T_ARITHMETIC, [17] = T_ALIGNMENT,
	                              [19] = T_XMM};

	return vector < sizeof(map) ? map[vector] : 0;
}

/* FPE codes are numbered otherwise; the others agree but for the cases below. */
static int
fault_code(const struct guest_fault *f)
{
	static const uint8_t fpe[] = {0, 2 /* INTDIV */, 1 /* INTOVF */, 3, 4, 5, 6, 7, 8};

	if (f->signo == SIGFPE && f->code > 0 && f->code < (int)sizeof(fpe))
		return fpe[f->code];
	return f->code;
}

void
fbsd_fault(struct thread *t, const struct guest_fault *f)
{
	struct gsiginfo si = {.signo = t->task->pers->signals->to_guest[f->signo],
	                      .code = fault_code(f),
	                      .addr = f->addr,
	                      .trapno = trap_of(f->trapno),
	                      .err = f->err};

	if (f->signo == SIGSEGV && f->trapno == 13) {
		/* #GP (a non-canonical address, a privileged instruction) is a bus error on FreeBSD. */
		si.signo = FBSD_SIGBUS;
		si.code = 3; /* BUS_OBJERR */
		si.addr = t->cpu->rip;
	} else if (f->signo == SIGILL) {
		si.code = 5; /* ILL_PRVOPC: FreeBSD does not tell undefined from privileged */
		si.addr = t->cpu->rip;
	} else if (f->signo == SIGTRAP) {
		si.code = f->trapno == 1 ? 2 /* T_TRACE */ : 1 /* TRAP_BRKPT */;
		si.addr = t->cpu->rip;
	} else if (f->signo == SIGFPE) {
		si.addr = t->cpu->rip;
	}
	fbsd_signal_force(t, &si);
}
