/* Dispositions and masks, and what the host is told of them. */
#include "abi/core/sig.h"

#include <signal.h>


#define BIT(n) (1ull << ((n) - 1))
/* Raised by instructions, or ours: native_setup() has caught them for good. */
#define HOST_OURS (BIT(SIGSYS) | BIT(SIGSEGV) | BIT(SIGBUS) | BIT(SIGFPE) | BIT(SIGILL) | BIT(SIGTRAP) | BIT(KICK_SIGNO))
#define HOST_FIXED (BIT(SIGKILL) | BIT(SIGSTOP))
/* The host's default actions; everything else ends the process, some with a core. */
#define HOST_IGNORES (BIT(SIGCHLD) | BIT(SIGCONT) | BIT(SIGURG) | BIT(SIGWINCH))
#define HOST_STOPS   (BIT(SIGTSTP) | BIT(SIGTTIN) | BIT(SIGTTOU))
#define HOST_CORES   (BIT(SIGQUIT) | BIT(SIGABRT) | BIT(SIGXCPU) | BIT(SIGXFSZ))

enum sig_class
sig_class_of(const struct sig_task *sig, int signo)
{
	return sig->os->classes[signo];
}

int
sig_host_number(const struct task *task, int signo)
{
	const struct signal_map *m = task->sig->os->map;

	return signo > 0 && (uint32_t)signo < m->n ? m->to_host[signo] : 0;
}

bool
sig_ignored(const struct sig_task *sig, int signo)
{
	if (sig_class_of(sig, signo) == SIGC_CONT)
		return false; /* it also takes back pending stops */
	return gsig_has(&sig->refused, signo) || (!gsig_has(&sig->handled, signo) && sig_class_of(sig, signo) == SIGC_IGNORE);
}

/* Does the host do by itself exactly what we would do? */
static bool
host_default_serves(enum sig_class c, int host)
{
	uint64_t b = BIT(host);

	switch (c) {
	case SIGC_TERM:
		return !(b & (HOST_IGNORES | HOST_STOPS | HOST_CORES));
	case SIGC_CORE:
		return false; /* a core of ours is not the guest's */
	case SIGC_STOP:
	case SIGC_TTYSTOP:
		return b & HOST_STOPS;
	case SIGC_IGNORE:
	case SIGC_CONT:
		return b & HOST_IGNORES;
	}
	return false;
}

static bool
blocked_or_awaited(struct task *task, int signo)
{
	for (struct thread *t = task->threads; t; t = t->next)
		if (t->sig && (gsig_has(&t->sig->mask, signo) || gsig_has(&t->sig->waiting, signo)))
			return true;
	return false;
}

/* With a stop held back, its continue must come through us: it takes the stop back. */
static bool
holds_stop(const struct sig_task *sig, const struct sig_thread *st)
{
	struct gsigset set = st->mask;

	for (int s; (s = gsig_lowest(set)); gsig_del(&set, s))
		if (sig_class_of(sig, s) == SIGC_STOP || sig_class_of(sig, s) == SIGC_TTYSTOP)
			return true;
	return false;
}

static bool
stops_held(struct task *task)
{
	for (struct thread *t = task->threads; t; t = t->next)
		if (t->sig && holds_stop(task->sig, t->sig))
			return true;
	return false;
}

/* Left to the host only while no thread of the guest could tell the difference. */
static bool
leave_default(struct task *task, int signo, int host)
{
	const struct sig_task *sig = task->sig;
	enum sig_class c = sig_class_of(sig, signo);

	if (!host_default_serves(c, host))
		return false;
	if (c == SIGC_IGNORE)
		return true;
	if (c == SIGC_CONT)
		return !stops_held(task);
	return !sig->catch_all && !task->trace && !blocked_or_awaited(task, signo);
}

static void
mirror_default(struct task *task, int signo, int host)
{
	struct sig_task *sig = task->sig;
	enum sig_class c = sig_class_of(sig, signo);

	if (signo == sig->os->chld && sig->chld_no_zombies) {
		task->hooks->signal_release(host, true); /* nobody becomes a zombie, nobody is told */
	} else if (leave_default(task, signo, host)) {
		task->hooks->signal_release(host, false);
		if (c != SIGC_IGNORE && c != SIGC_CONT)
			gsig_add(&sig->untouched, signo);
	} else if (c == SIGC_IGNORE) {
		task->hooks->signal_release(host, true);
	} else {
		task->hooks->signal_catch(host, false, false);
	}
}

void
sig_mirror(struct task *task, int signo)
{
	struct sig_task *sig = task->sig;
	int host = sig_host_number(task, signo);
	bool chld = signo == sig->os->chld;

	if (!host || BIT(host) & (HOST_OURS | HOST_FIXED))
		return;
	gsig_del(&sig->untouched, signo);
	if (gsig_has(&sig->handled, signo) || sig->watchers[signo])
		task->hooks->signal_catch(host, chld && sig->chld_no_stops,
		                          chld && (sig->chld_no_zombies || gsig_has(&sig->refused, signo)));
	else if (gsig_has(&sig->refused, signo))
		task->hooks->signal_release(host, true);
	else
		mirror_default(task, signo, host);
}

static void
flush_everywhere(struct task *task, struct gsigset set)
{
	sigq_flush(&task->sig->process, set);
	for (struct thread *t = task->threads; t; t = t->next)
		if (t->sig)
			sigq_flush(&t->sig->own, set);
}

void
sig_set_action(struct task *task, int signo, enum sig_action a)
{
	struct sig_task *sig = task->sig;
	struct gsigset one = {{0, 0}};

	gsig_del(&sig->handled, signo);
	gsig_del(&sig->refused, signo);
	if (a == SIG_HANDLE)
		gsig_add(&sig->handled, signo);
	else if (a == SIG_REFUSE)
		gsig_add(&sig->refused, signo);
	gsig_add(&one, signo);
	if (sig_ignored(sig, signo) || (a != SIG_HANDLE && sig_class_of(sig, signo) == SIGC_CONT))
		flush_everywhere(task, one);
	sig_mirror(task, signo);
}

void
sig_watch(struct task *task, int signo, int change)
{
	pthread_mutex_lock(&task->lock);
	task->sig->watchers[signo] = (uint16_t)(task->sig->watchers[signo] + change);
	sig_mirror(task, signo);
	pthread_mutex_unlock(&task->lock);
}

static void
mirror_set(struct task *task, struct gsigset set)
{
	const struct sig_task *sig = task->sig;
	bool stops = false;

	for (int s; (s = gsig_lowest(set)); gsig_del(&set, s)) {
		stops |= sig_class_of(sig, s) == SIGC_STOP || sig_class_of(sig, s) == SIGC_TTYSTOP;
		sig_mirror(task, s);
	}
	for (int s = 1; stops && s <= GSIG_MAX; s++)
		if (sig_class_of(sig, s) == SIGC_CONT)
			sig_mirror(task, s);
}

void
sig_catch_all(struct task *task)
{
	pthread_mutex_lock(&task->lock);
	task->sig->catch_all = true;
	mirror_set(task, task->sig->untouched);
	pthread_mutex_unlock(&task->lock);
}

void
sig_task_init(struct task *task, struct sig_task *sig, const struct sig_os *os)
{
	sig->os = os;
	task->sig = sig;
}

void
sig_thread_init(struct thread *t, struct sig_thread *st, const struct thread *parent)
{
	if (parent)
		st->mask = parent->sig->mask;
	t->sig = st;
}

void
sig_after_fork(struct thread *t)
{
	struct sig_task *sig = t->task->sig;
	struct gsigset all = {{~0ull, ~0ull}};

	sigq_flush(&sig->process, all);
	sigq_flush(&t->sig->own, all);
	t->sig->waiting = (struct gsigset){{0, 0}};
	sig->observer = NULL;
	pthread_mutex_lock(&t->task->lock);
	for (int s = 1; s <= GSIG_MAX; s++) {
		if (!sig->watchers[s])
			continue;
		sig->watchers[s] = 0;
		sig_mirror(t->task, s);
	}
	pthread_mutex_unlock(&t->task->lock);
}

/* Signals of the process that only this thread had been woken for: wake others that let them through. */
static void
pass_on(struct thread *t, struct gsigset set)
{
	struct task *task = t->task;

	set = gsig_and(set, task->sig->process.pending);
	for (struct thread *o = task->threads; o && !gsig_empty(set); o = o->next) {
		if (o == t || !o->sig || gsig_empty(gsig_without(set, o->sig->mask)))
			continue;
		set = gsig_and(set, o->sig->mask);
		thread_kick(o);
	}
}

void
sig_settle_mask(struct thread *t)
{
	struct task *task = t->task;
	struct sig_thread *st = t->sig;

	if (!st->settle)
		return;
	if (st->host_blocked)
		sig_unblock_host(t);
	pthread_mutex_lock(&task->lock);
	st->settle = false;
	mirror_set(task, gsig_and(task->sig->untouched, gsig_or(st->mask, st->waiting)));
	pass_on(t, st->mask);
	pthread_mutex_unlock(&task->lock);
}

void
sig_set_mask(struct thread *t, struct gsigset mask)
{
	sig_store_mask(t, mask);
	sig_settle_mask(t);
}

void
sig_set_waiting(struct thread *t, struct gsigset set)
{
	struct task *task = t->task;

	pthread_mutex_lock(&task->lock);
	t->sig->waiting = set;
	mirror_set(task, gsig_and(task->sig->untouched, set));
	pthread_mutex_unlock(&task->lock);
}

void
sig_thread_gone(struct thread *t)
{
	struct task *task = t->task;
	struct sig_thread *st = t->sig;
	struct gsigset all = {{~0ull, ~0ull}};

	pthread_mutex_lock(&task->lock);
	for (uint32_t i = 0; i < st->own.n; i++)
		if (st->own.item[i].of_process)
			sigq_add(&task->sig->process, &st->own.item[i], true);
	t->sig = NULL;
	pass_on(t, all);
	pthread_mutex_unlock(&task->lock);
}
