/* Dispositions and the calls that look at masks. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "abi/freebsd/proc.h"
#include "abi/freebsd/signal.h"
#include "freebsd-amd64.h"

#define SA_KNOWN                                                                                               \
	(FBSD_SA_ONSTACK | FBSD_SA_RESTART | FBSD_SA_RESETHAND | FBSD_SA_NOCLDSTOP | FBSD_SA_NODEFER |        \
	 FBSD_SA_NOCLDWAIT | FBSD_SA_SIGINFO)

/* What exec hands to the next image. */
struct signal_blob {
	struct gsigset ignored, mask;
};

static void
flush(struct task *task, int signo)
{
	struct fbsd_sigacts *sa = ((struct fbsd_task *)task->priv)->sig;

	sigq_flush(&sa->process, signo);
	for (struct thread *t = task->threads; t; t = t->next)
		if (t->priv && fbsd_sigthread(t))
			sigq_flush(&fbsd_sigthread(t)->own, signo);
}

long
fbsd_sigaction(struct thread *t, int signo, uint64_t act, uint64_t oact)
{
	struct fbsd_sigacts *sa = fbsd_sigacts(t);
	struct fbsd_sigaction new, old;

	if (signo <= 0 || signo > FBSD_NSIG)
		return -EINVAL;
	if (act) {
		if (gm_read(&new, act, sizeof(new)))
			return -EFAULT;
		if (new.flags & ~SA_KNOWN)
			return -EINVAL;
		if ((signo == FBSD_SIGKILL || signo == FBSD_SIGSTOP) && new.handler != FBSD_SIG_DFL)
			return -EINVAL;
		new.pad = 0;
	}
	pthread_mutex_lock(&t->task->lock);
	pthread_mutex_lock(&sa->lock);
	old = sa->act[signo];
	if (act) {
		sa->act[signo] = new;
		fbsd_signal_mirror(t->task, signo);
		if (fbsd_signal_ignored(sa, signo))
			flush(t->task, signo);
	}
	pthread_mutex_unlock(&sa->lock);
	pthread_mutex_unlock(&t->task->lock);
	return oact ? gm_write(oact, &old, sizeof(old)) : 0;
}

long
fbsd_sigpending(struct thread *t, uint64_t set)
{
	struct fbsd_sigacts *sa = fbsd_sigacts(t);
	struct fbsd_sigthread *st = fbsd_sigthread(t);
	struct fbsd_sigset out;
	struct gsigset both;

	fbsd_signal_drain(t);
	pthread_mutex_lock(&sa->lock);
	for (int i = 0; i < 2; i++)
		both.w[i] = st->own.pending.w[i] | sa->process.pending.w[i];
	pthread_mutex_unlock(&sa->lock);
	out = fbsd_sigset_out(&both);
	return gm_write(set, &out, sizeof(out));
}

long
fbsd_sigsuspend(struct thread *t, uint64_t set)
{
	uint32_t never = 0;
	struct fbsd_sigset in;
	long r;

	if (gm_read(&in, set, sizeof(in)))
		return -EFAULT;
	fbsd_mask_begin(t, fbsd_sigset_in(&in));
	do
		r = host_block(t, SYS_futex, &never, 128 /* FUTEX_WAIT | FUTEX_PRIVATE_FLAG */, 0, 0);
	while (r == 0 || r == -EAGAIN);
	return -EINTR; /* whatever SA_RESTART says */
}

static void
inherit(struct task *task, struct fbsd_sigacts *sa)
{
	for (int host = 1; host < 32; host++) {
		int signo = task->pers->signals->to_guest[host];
		struct sigaction old;

		if (signo && host != SIGKILL && host != SIGSTOP && !sigaction(host, NULL, &old) &&
		    old.sa_handler == SIG_IGN)
			sa->act[signo].handler = FBSD_SIG_IGN;
	}
}

/* The host mask that we began with is the guest's; ours is empty from here on. */
static struct gsigset
take_host_mask(const struct task *task)
{
	uint64_t none = 0, host;
	struct gsigset g = {{0, 0}};

	host_call(SYS_rt_sigprocmask, SIG_SETMASK, &none, &host, 8);
	for (int h = 1; h < 64; h++)
		if (host >> (h - 1) & 1 && task->pers->signals->to_guest[h])
			gsig_add(&g, task->pers->signals->to_guest[h]);
	return fbsd_maskable(g);
}

int
fbsd_signal_task_init(struct task *task)
{
	struct fbsd_sigacts *sa = calloc(1, sizeof(*sa));

	if (!sa)
		return -ENOMEM;
	pthread_mutex_init(&sa->lock, NULL);
	((struct fbsd_task *)task->priv)->sig = sa;
	inherit(task, sa);
	return 0;
}

void
fbsd_signal_start(struct thread *t, const void *blob, uint32_t blob_len)
{
	struct fbsd_sigacts *sa = fbsd_sigacts(t);
	struct signal_blob b;

	if (blob_len >= sizeof(b)) {
		memcpy(&b, blob, sizeof(b));
		for (int s = 1; s <= FBSD_NSIG; s++)
			if (gsig_has(&b.ignored, s))
				sa->act[s].handler = FBSD_SIG_IGN;
		take_host_mask(t->task);
		fbsd_sigthread(t)->mask = b.mask;
	}
	for (int s = 1; s <= FBSD_NSIG; s++)
		fbsd_signal_mirror(t->task, s);
	if (blob_len < sizeof(b))
		fbsd_sigthread(t)->mask = take_host_mask(t->task);
}

uint32_t
fbsd_signal_save(struct thread *t, void *blob, uint32_t size, uint64_t *ret_host_mask)
{
	const struct fbsd_sigacts *sa = fbsd_sigacts(t);
	struct signal_blob b = {.mask = fbsd_sigthread(t)->mask};

	for (int s = 1; s <= FBSD_NSIG; s++)
		if (sa->act[s].handler == FBSD_SIG_IGN)
			gsig_add(&b.ignored, s);
	*ret_host_mask = 0;
	for (int s = 1; s <= FBSD_NSIG; s++)
		if (gsig_has(&b.mask, s) && (uint32_t)s < t->task->pers->signals->n && t->task->pers->signals->to_host[s])
			*ret_host_mask |= 1ull << (t->task->pers->signals->to_host[s] - 1);
	memcpy(blob, &b, sizeof(b) < size ? sizeof(b) : size);
	return sizeof(b);
}
