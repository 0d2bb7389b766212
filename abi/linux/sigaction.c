/* Dispositions, masks, the alternate stack.  Source: Linux manual sigaction(2), sigprocmask(2), sigaltstack(2). */
#include <errno.h>
#include <signal.h>

#include "abi/core/cpu_a64.h"
#include "abi/linux/signal.h"
#include "linux-aarch64.h"

#define SA_KNOWN                                                                                                    \
	(LINUX_SA_NOCLDSTOP | LINUX_SA_NOCLDWAIT | LINUX_SA_SIGINFO | LINUX_SA_TAGBITS | LINUX_SA_RESTORER | LINUX_SA_ONSTACK | \
	 LINUX_SA_RESTART | LINUX_SA_NODEFER | LINUX_SA_RESETHAND)

static enum sig_action
kind(const struct linux_sigaction *a)
{
	return a->handler == LINUX_SIG_DFL ? SIG_DEFAULT : a->handler == LINUX_SIG_IGN ? SIG_REFUSE : SIG_HANDLE;
}

long
linux_rt_sigaction(struct thread *t, int signo, uint64_t act, uint64_t oact, uint64_t size)
{
	struct linux_sigtask *st = linux_sigtask(t);
	struct linux_sigaction new, old;

	if (size != LINUX_SET_SIZE)
		return -EINVAL;
	if (act && gm_read(&new, act, sizeof(new)))
		return -EFAULT;
	if (signo < 1 || signo > LINUX_NSIG || (act && (signo == SIGKILL || signo == SIGSTOP)))
		return -EINVAL;
	pthread_mutex_lock(&t->task->lock);
	old = st->act[signo];
	if (act) {
		new.flags &= SA_KNOWN; /* an unknown one is seen to be missing when it is asked for */
		new.mask = linux_set(new.mask).w[0];
		st->act[signo] = new;
		if (signo == SIGCHLD) {
			st->core.chld_no_stops = new.flags & LINUX_SA_NOCLDSTOP;
			st->core.chld_no_zombies = new.flags & LINUX_SA_NOCLDWAIT;
		}
		sig_set_action(t->task, signo, kind(&new));
	}
	pthread_mutex_unlock(&t->task->lock);
	return oact && gm_write(oact, &old, sizeof(old)) ? -EFAULT : 0;
}

void
linux_action_reset(struct task *task, int signo)
{
	struct linux_sigtask *st = (struct linux_sigtask *)task->sig;

	st->act[signo].handler = LINUX_SIG_DFL;
	sig_set_action(task, signo, SIG_DEFAULT);
}

long
linux_rt_sigprocmask(struct thread *t, int how, uint64_t set, uint64_t old, uint64_t size)
{
	struct gsigset was = t->sig->mask, new;
	uint64_t in;

	if (size != LINUX_SET_SIZE)
		return -EINVAL;
	if (set) {
		if (gm_read(&in, set, sizeof(in)))
			return -EFAULT;
		new = linux_set(in);
		if (how == SIG_BLOCK)
			new = gsig_or(was, new);
		else if (how == SIG_UNBLOCK)
			new = gsig_without(was, linux_set(in));
		else if (how != SIG_SETMASK)
			return -EINVAL;
		sig_set_mask(t, new);
	}
	return old && gm_write(old, &was.w[0], LINUX_SET_SIZE) ? -EFAULT : 0;
}

long
linux_rt_sigpending(struct thread *t, uint64_t set, uint64_t size)
{
	struct gsigset s;

	if (size > LINUX_SET_SIZE)
		return -EINVAL;
	sig_drain(t);
	s = gsig_and(sig_pending(t), t->sig->mask);
	return gm_write(set, &s.w[0], size) ? -EFAULT : 0;
}

/* ---- the alternate stack ---- */

uint32_t
linux_on_stack(const struct linux_sigthread *st, uint64_t sp)
{
	if (!st->alt.size)
		return LINUX_SS_DISABLE;
	if (!((uint32_t)st->alt.flags & LINUX_SS_AUTODISARM) && sp > st->alt.sp && sp - st->alt.sp <= st->alt.size)
		return LINUX_SS_ONSTACK;
	return 0;
}

long
linux_sigaltstack(struct thread *t, uint64_t new, uint64_t old)
{
	struct linux_sigthread *st = linux_sigthread(t);
	uint32_t now = linux_on_stack(st, t->a64->x[A64_SP]), mode;
	struct linux_stack was = st->alt, s;

	if (new) {
		if (gm_read(&s, new, sizeof(s)))
			return -EFAULT;
		mode = (uint32_t)s.flags & ~LINUX_SS_AUTODISARM;
		if (now == LINUX_SS_ONSTACK)
			return -EPERM;
		if (mode != LINUX_SS_DISABLE && mode != LINUX_SS_ONSTACK && mode != 0)
			return -EINVAL;
		if (mode == LINUX_SS_DISABLE)
			s.sp = s.size = 0;
		else if (s.size < LINUX_MINSIGSTKSZ)
			return -ENOMEM;
		s.pad = 0;
		st->alt = s;
	}
	was.flags = (int32_t)(now | ((uint32_t)was.flags & LINUX_SS_AUTODISARM));
	return old && gm_write(old, &was, sizeof(was)) ? -EFAULT : 0;
}
