/* Signal state, arrival of host signals, and which thread gets them. */
#include "abi/freebsd/signal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/freebsd/proc.h"

struct gsigset
fbsd_sigset_in(const struct fbsd_sigset *s)
{
	return (struct gsigset){{s->bits[0] | (uint64_t)s->bits[1] << 32, s->bits[2] | (uint64_t)s->bits[3] << 32}};
}

struct fbsd_sigset
fbsd_sigset_out(const struct gsigset *s)
{
	return (struct fbsd_sigset){
	    {(uint32_t)s->w[0], (uint32_t)(s->w[0] >> 32), (uint32_t)s->w[1], (uint32_t)(s->w[1] >> 32)}};
}

struct gsigset
fbsd_maskable(struct gsigset s)
{
	gsig_del(&s, FBSD_SIGKILL);
	gsig_del(&s, FBSD_SIGSTOP);
	return s;
}

bool
fbsd_default_ignores(int signo)
{
	switch (signo) {
	case FBSD_SIGURG:
	case FBSD_SIGCONT:
	case FBSD_SIGCHLD:
	case FBSD_SIGIO:
	case FBSD_SIGWINCH:
	case FBSD_SIGINFO:
	case FBSD_SIGTHR:
	case FBSD_SIGLIBRT:
		return true;
	}
	return false;
}

bool
fbsd_default_stops(int signo)
{
	return signo == FBSD_SIGSTOP || signo == FBSD_SIGTSTP || signo == FBSD_SIGTTIN || signo == FBSD_SIGTTOU;
}

bool
fbsd_default_cores(int signo)
{
	switch (signo) {
	case FBSD_SIGQUIT:
	case FBSD_SIGILL:
	case FBSD_SIGTRAP:
	case FBSD_SIGABRT:
	case FBSD_SIGEMT:
	case FBSD_SIGFPE:
	case FBSD_SIGBUS:
	case FBSD_SIGSEGV:
	case FBSD_SIGSYS:
		return true;
	}
	return false;
}

bool
fbsd_signal_ignored(const struct fbsd_sigacts *sa, int signo)
{
	uint64_t h = sa->act[signo].handler;

	return h == FBSD_SIG_IGN || (h == FBSD_SIG_DFL && fbsd_default_ignores(signo));
}

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
	} else if (si->code > 0 && si->code < FBSD_SI_USER && si->signo != FBSD_SIGCHLD) {
		ret->reason.trapno = si->trapno;
	}
}

/* Synchronous ones and those we kick with are always ours on the host; the rest follows the guest's wish. */
static bool
always_caught(int host)
{
	return host == SIGSYS || host == SIGSEGV || host == SIGBUS || host == SIGFPE || host == SIGILL || host == SIGTRAP;
}

void
fbsd_signal_mirror(struct task *task, int signo)
{
	const struct fbsd_sigacts *sa = ((struct fbsd_task *)task->priv)->sig;
	const struct fbsd_sigaction *act = &sa->act[signo];
	int host = (uint32_t)signo < task->pers->signals->n ? task->pers->signals->to_host[signo] : 0;

	if (!host || always_caught(host) || host == SIGKILL || host == SIGSTOP)
		return;
	if (act->handler == FBSD_SIG_IGN)
		task->hooks->signal_release(host, true);
	else if (act->handler == FBSD_SIG_DFL && fbsd_default_ignores(signo) && !sa->observer)
		task->hooks->signal_release(host, false);
	else
		task->hooks->signal_catch(host, signo == FBSD_SIGCHLD && act->flags & FBSD_SA_NOCLDSTOP,
		                          signo == FBSD_SIGCHLD && act->flags & FBSD_SA_NOCLDWAIT);
}

/* Standard signals do not queue behind one of their kind; realtime ones and sigqueue's do. */
static bool
queues(const struct gsiginfo *si)
{
	return si->signo >= FBSD_SIGRTMIN || si->code == FBSD_SI_QUEUE;
}

static bool
accepts(const struct thread *t, int signo)
{
	const struct fbsd_sigthread *st = fbsd_sigthread(t);

	return st && (!gsig_has(&st->mask, signo) || gsig_has(&st->waiting, signo));
}

static bool
waited_for(struct task *task, struct thread *to, int signo)
{
	for (struct thread *t = to ? to : task->threads; t; t = to ? NULL : t->next)
		if (fbsd_sigthread(t) && gsig_has(&fbsd_sigthread(t)->waiting, signo))
			return true;
	return false;
}

bool
fbsd_signal_post(struct task *task, struct thread *to, const struct gsiginfo *si)
{
	struct fbsd_sigacts *sa = ((struct fbsd_task *)task->priv)->sig;
	struct thread *kick = to;
	bool ok = true;

	pthread_mutex_lock(&task->lock);
	pthread_mutex_lock(&sa->lock);
	if (sa->observer)
		sa->observer(task, si->signo);
	if (si->signo == FBSD_SIGCONT) {
		for (int s = 1; s <= FBSD_NSIG; s++)
			if (fbsd_default_stops(s))
				sigq_flush(&sa->process, s);
	}
	if (fbsd_signal_ignored(sa, si->signo) && !waited_for(task, to, si->signo)) {
		kick = NULL;
	} else if (to) {
		ok = sigq_add(&fbsd_sigthread(to)->own, si, queues(si));
	} else {
		ok = sigq_add(&sa->process, si, queues(si));
		for (struct thread *t = task->threads; t && !kick; t = t->next)
			if (accepts(t, si->signo))
				kick = t;
	}
	pthread_mutex_unlock(&sa->lock);
	if (kick)
		thread_kick(kick);
	pthread_mutex_unlock(&task->lock);
	return ok;
}

static int32_t
code_of(const struct inbox_item *it)
{
	switch (it->code) {
	case SI_USER:
		return FBSD_SI_USER;
	case SI_QUEUE:
		return FBSD_SI_QUEUE;
	case SI_TIMER:
		return FBSD_SI_TIMER;
	case SI_MESGQ:
		return FBSD_SI_MESGQ;
	case SI_ASYNCIO:
		return FBSD_SI_ASYNCIO;
	case SI_TKILL:
		return FBSD_SI_LWP;
	case SI_KERNEL:
		return FBSD_SI_KERNEL;
	default:
		return it->code; /* CLD_*, POLL_*: the same numbers */
	}
}

static void
from_inbox(const struct task *task, const struct inbox_item *it, struct gsiginfo *ret)
{
	const struct signal_map *m = task->pers->signals;

	*ret = (struct gsiginfo){.signo = m->to_guest[it->signo], .code = code_of(it), .pid = it->pid, .uid = it->uid};
	if (it->signo == SIGCHLD) {
		ret->status = it->status;
		if (it->code != CLD_EXITED && it->status > 0 && it->status < 65)
			ret->status = m->to_guest[it->status];
	} else if (it->code == SI_QUEUE || it->code == SI_MESGQ) {
		ret->value = it->value;
	} else if (it->code == SI_TIMER) {
		ret->value = it->value;
		ret->timerid = it->timer_id;
		ret->overrun = it->overrun;
		ret->pid = 0;
		ret->uid = 0;
	} else if (it->signo == SIGIO) {
		ret->band = it->band;
	}
}

void
fbsd_signal_drain(struct thread *t)
{
	struct inbox_item it;

	__atomic_store_n(&t->wake, 0, __ATOMIC_SEQ_CST);
	while (inbox_take(t, &it)) {
		struct gsiginfo si;

		from_inbox(t->task, &it, &si);
		if (si.signo)
			fbsd_signal_post(t->task, it.code == SI_TKILL || it.signo == SIGPIPE ? t : NULL, &si);
	}
}

static bool
take(struct thread *t, const struct gsigset *blocked, struct gsiginfo *ret)
{
	struct fbsd_sigacts *sa = fbsd_sigacts(t);
	bool r;

	pthread_mutex_lock(&sa->lock);
	r = sigq_take(&fbsd_sigthread(t)->own, blocked, ret) || sigq_take(&sa->process, blocked, ret);
	pthread_mutex_unlock(&sa->lock);
	return r;
}

bool
fbsd_signal_next(struct thread *t, struct gsiginfo *ret)
{
	return take(t, &fbsd_sigthread(t)->mask, ret);
}

bool
fbsd_signals_due(struct thread *t)
{
	const struct fbsd_sigthread *st = fbsd_sigthread(t);
	const struct fbsd_sigacts *sa = fbsd_sigacts(t);

	fbsd_signal_drain(t);
	if (!t->task->exiting && !gsig_any(&st->own.pending, &st->mask) && !gsig_any(&sa->process.pending, &st->mask))
		return false;
	t->wake = 1; /* for the loop to deliver it once the call's result is in place */
	return true;
}

void
fbsd_signal_force(struct thread *t, const struct gsiginfo *si)
{
	struct fbsd_sigacts *sa = fbsd_sigacts(t);
	struct fbsd_sigthread *st = fbsd_sigthread(t);
	struct fbsd_sigaction *act = &sa->act[si->signo];

	pthread_mutex_lock(&sa->lock);
	/* A fault that is blocked or ignored cannot be put off: its default action takes its course. */
	if (gsig_has(&st->mask, si->signo) || act->handler == FBSD_SIG_IGN) {
		act->handler = FBSD_SIG_DFL;
		gsig_del(&st->mask, si->signo);
	}
	sigq_flush(&st->own, si->signo);
	sigq_add(&st->own, si, true);
	pthread_mutex_unlock(&sa->lock);
}

void
fbsd_mask_begin(struct thread *t, struct gsigset mask)
{
	struct fbsd_sigthread *st = fbsd_sigthread(t);

	if (!st->has_saved) {
		st->saved = st->mask;
		st->has_saved = true;
	}
	st->mask = fbsd_maskable(mask);
	if (gsig_any(&st->own.pending, &st->mask) || gsig_any(&fbsd_sigacts(t)->process.pending, &st->mask))
		t->wake = 1;
}

void
fbsd_mask_end(struct thread *t, long r)
{
	struct fbsd_sigthread *st = fbsd_sigthread(t);

	if (r == -EINTR || r == -HOST_ERESTART || !st->has_saved)
		return;
	st->mask = st->saved;
	st->has_saved = false;
}

int
fbsd_signal_thread_init(struct thread *t, const struct thread *parent)
{
	struct fbsd_sigthread *st = calloc(1, sizeof(*st));

	if (!st)
		return -ENOMEM;
	if (parent)
		st->mask = fbsd_sigthread(parent)->mask;
	st->alt.flags = FBSD_SS_DISABLE;
	fbsd_thread(t)->sig = st;
	return 0;
}

void
fbsd_signal_thread_free(struct thread *t)
{
	free(fbsd_thread(t)->sig);
	fbsd_thread(t)->sig = NULL;
}

void
fbsd_signal_after_fork(struct thread *t)
{
	struct fbsd_sigacts *sa = fbsd_sigacts(t);
	struct fbsd_sigthread *st = fbsd_sigthread(t);

	pthread_mutex_init(&sa->lock, NULL);
	memset(&sa->process, 0, sizeof(sa->process));
	memset(&st->own, 0, sizeof(st->own));
	t->inbox.tail = t->inbox.head;
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
	fbsd_signal_after_fork(child);
}

void
fbsd_signal_reset_handlers(struct thread *t)
{
	struct fbsd_sigacts *sa = fbsd_sigacts(t);

	for (int s = 1; s <= FBSD_NSIG; s++) {
		if (sa->act[s].handler <= FBSD_SIG_IGN)
			continue;
		sa->act[s] = (struct fbsd_sigaction){0};
		fbsd_signal_mirror(t->task, s);
	}
}
