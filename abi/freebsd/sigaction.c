/* Dispositions. */
#include <errno.h>

#include "abi/freebsd/signal.h"
#include "freebsd-amd64.h"

#define SA_KNOWN                                                                                               \
	(FBSD_SA_ONSTACK | FBSD_SA_RESTART | FBSD_SA_RESETHAND | FBSD_SA_NOCLDSTOP | FBSD_SA_NODEFER |        \
	 FBSD_SA_NOCLDWAIT | FBSD_SA_SIGINFO)
#define SA_CHLD (FBSD_SA_NOCLDSTOP | FBSD_SA_NOCLDWAIT)

/* As it is kept and given back: what has no meaning for the signal is not remembered. */
static void
normalize(struct fbsd_sigaction *a, int signo)
{
	struct gsigset mask = fbsd_maskable(fbsd_sigset_in(&a->mask));

	a->flags &= SA_KNOWN;
	if (a->handler <= FBSD_SIG_IGN)
		a->flags &= ~FBSD_SA_SIGINFO;
	if (signo != FBSD_SIGCHLD)
		a->flags &= ~SA_CHLD;
	a->mask = fbsd_sigset_out(mask);
	a->pad = 0;
}

static enum sig_action
kind(const struct fbsd_sigaction *a)
{
	return a->handler == FBSD_SIG_DFL ? SIG_DEFAULT : a->handler == FBSD_SIG_IGN ? SIG_REFUSE : SIG_HANDLE;
}

static long
check(int signo, const struct fbsd_sigaction *a)
{
	if (a->handler > FBSD_SIG_IGN && a->flags & ~SA_KNOWN)
		return -EINVAL;
	if ((signo == FBSD_SIGKILL || signo == FBSD_SIGSTOP) && a->handler != FBSD_SIG_DFL)
		return -EINVAL;
	return 0;
}

long
fbsd_sigaction(struct thread *t, int signo, uint64_t act, uint64_t oact)
{
	struct fbsd_sigacts *sa = fbsd_sigacts(t);
	struct fbsd_sigaction new, old;

	if (act && gm_read(&new, act, sizeof(new)))
		return -EFAULT;
	if (signo <= 0 || signo > FBSD_NSIG || (act && check(signo, &new)))
		return -EINVAL;
	pthread_mutex_lock(&t->task->lock);
	old = sa->act[signo];
	if (act) {
		normalize(&new, signo);
		sa->act[signo] = new;
		if (signo == FBSD_SIGCHLD) {
			sa->core.chld_no_stops = new.flags & FBSD_SA_NOCLDSTOP;
			sa->core.chld_no_zombies = new.flags & FBSD_SA_NOCLDWAIT;
		}
		sig_set_action(t->task, signo, kind(&new));
	}
	pthread_mutex_unlock(&t->task->lock);
	return oact ? gm_write(oact, &old, sizeof(old)) : 0;
}

void
fbsd_action_reset(struct task *task, int signo)
{
	struct fbsd_sigaction *a = &((struct fbsd_task *)task->priv)->sig->act[signo];

	a->handler = FBSD_SIG_DFL;
	a->flags &= ~FBSD_SA_SIGINFO;
	sig_set_action(task, signo, SIG_DEFAULT);
}
