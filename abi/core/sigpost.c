/* Arrival of signals, which thread gets them, and what is due. */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "abi/core/host.h"
#include "abi/core/sig.h"

static bool
accepts(const struct thread *t, int signo)
{
	const struct sig_thread *st = t->sig;

	return st && !t->exit_now && (!gsig_has(&st->mask, signo) || gsig_has(&st->waiting, signo));
}

/* One that waits for it, else the caller, else the first that lets it through. */
static struct thread *
choose(struct thread *from, int signo)
{
	struct thread *found = NULL;

	for (struct thread *t = from->task->threads; t; t = t->next) {
		if (!accepts(t, signo))
			continue;
		if (gsig_has(&t->sig->waiting, signo))
			return t;
		if (!found || t == from)
			found = t;
	}
	return found;
}

static uint32_t
queued(const struct task *task)
{
	uint32_t n = task->sig->process.n;

	for (const struct thread *t = task->threads; t; t = t->next)
		n += t->sig ? t->sig->own.n : 0;
	return n;
}

/* A continue takes back stops that are pending, a stop continues. */
static void
take_back(struct task *task, enum sig_class c)
{
	const struct sig_task *sig = task->sig;
	struct gsigset set = {{0, 0}};
	bool cont = c == SIGC_CONT;

	if (!cont && c != SIGC_STOP && c != SIGC_TTYSTOP)
		return;
	for (int s = 1; s <= GSIG_MAX; s++) {
		enum sig_class k = sig_class_of(sig, s);

		if (cont ? k == SIGC_STOP || k == SIGC_TTYSTOP : k == SIGC_CONT)
			gsig_add(&set, s);
	}
	sigq_flush(&task->sig->process, set);
	for (struct thread *t = task->threads; t; t = t->next)
		if (t->sig)
			sigq_flush(&t->sig->own, set);
}

int
sig_post_locked(struct thread *from, struct thread *to, const struct gsiginfo *si, bool must_queue)
{
	struct task *task = from->task;
	struct sig_task *sig = task->sig;
	struct sigq *q = to ? &to->sig->own : &sig->process;
	bool room;

	if (sig->watchers[si->signo] && sig->observer)
		sig->observer(task, si->signo);
	if (sig_ignored(sig, si->signo))
		return 0;
	take_back(task, sig_class_of(sig, si->signo));
	if (sig->os->coalesce && si->signo < sig->os->rtmin && gsig_has(&q->pending, si->signo))
		return 0;
	room = queued(task) < sig->os->room;
	if (!room && must_queue)
		return -EAGAIN;
	sigq_add(q, si, room);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!to)
		to = choose(from, si->signo);
	if (to && accepts(to, si->signo))
		thread_kick(to);
	return 0;
}

int
sig_post(struct thread *from, struct thread *to, const struct gsiginfo *si, bool must_queue)
{
	struct task *task = from->task;
	int r = 0;

	pthread_mutex_lock(&task->lock);
	if (!to || to->sig)
		r = sig_post_locked(from, to, si, must_queue);
	pthread_mutex_unlock(&task->lock);
	return r;
}

struct gsigset
sig_pending(struct thread *t)
{
	return gsig_or(t->sig->own.pending, t->task->sig->process.pending);
}

/*
 * A call on the terminal from a background group is refused by the kernel with a signal, and made again: for ever if the
 * guest blocks that signal, which on the host is not blocked.  So the host blocks it as well, from the first one on until
 * the guest opens; the kernel then answers the call itself.
 */
static bool
block_on_host(struct thread *t, const struct inbox_item *it)
{
	uint64_t bit = 1ull << (it->signo - 1);
	int signo = t->task->sig->os->map->to_guest[it->signo];

	if ((it->signo != SIGTTIN && it->signo != SIGTTOU) || it->code != SI_KERNEL || !signo || !gsig_has(&t->sig->mask, signo))
		return false;
	t->sig->host_blocked |= bit;
	host_call(SYS_rt_sigprocmask, SIG_BLOCK, &bit, 0, 8);
	return true;
}

void
sig_unblock_host(struct thread *t)
{
	const struct signal_map *m = t->task->sig->os->map;
	uint64_t open = 0;

	for (int h = SIGTTIN; h <= SIGTTOU; h++)
		if (t->sig->host_blocked >> (h - 1) & 1 && !gsig_has(&t->sig->mask, m->to_guest[h]))
			open |= 1ull << (h - 1);
	t->sig->host_blocked &= ~open;
	if (open)
		host_call(SYS_rt_sigprocmask, SIG_UNBLOCK, &open, 0, 8);
}

static void
drain(struct thread *t)
{
	struct inbox_item it;

	__atomic_store_n(&t->wake, 0, __ATOMIC_SEQ_CST);
	if (t->exit_now || t->task->exiting)
		t->wake = 1; /* no more sleep */
	while (inbox_take(t, &it)) {
		struct thread *to = NULL;
		struct gsiginfo si;

		if (!block_on_host(t, &it) && t->task->sig->os->arrived(t, &it, &si, &to))
			sig_post(t, to, &si, false);
	}
}

static bool
held(struct thread *t)
{
	const struct sig_os *os = t->task->sig->os;

	return os->held && os->held(t);
}

void
sig_drain(struct thread *t)
{
	drain(t);
	if (!gsig_empty(gsig_without(sig_pending(t), t->sig->mask)) && !held(t))
		t->wake = 1;
}

/*
 * Stop for real, so that the parent sees it.  The host knows who is in an orphaned process group and must not stop.
 */
static void
stop_process(struct thread *t, int signo)
{
	struct task *task = t->task;
	int host = sig_host_number(task, signo);
	uint64_t only = 1ull << (host - 1);

	if (host == SIGSTOP) {
		host_call(SYS_kill, getpid(), SIGSTOP);
		return;
	}
	pthread_mutex_lock(&task->lock);
	task->hooks->signal_release(host, false);
	pthread_mutex_unlock(&task->lock);
	host_call(SYS_tgkill, getpid(), t->htid, host);
	host_call(SYS_rt_sigprocmask, SIG_UNBLOCK, &only, 0, 8);
	pthread_mutex_lock(&task->lock);
	sig_mirror(task, signo);
	pthread_mutex_unlock(&task->lock);
}

static bool
take(struct thread *t, int signo, struct gsiginfo *ret)
{
	if (sigq_take(&t->sig->own, signo, ret))
		return true;
	if (!sigq_take(&t->task->sig->process, signo, ret))
		return false;
	ret->of_process = true;
	return true;
}

/*
 * The lowest deliverable number that the guest would notice: 0 when there is none.  Ignored ones are dropped, stops taken
 * out into *ret_stop (and 0 returned).  Lock held.
 */
static int
lowest_noticed(struct thread *t, int *ret_stop)
{
	const struct sig_task *sig = t->task->sig;
	struct sig_thread *st = t->sig;

	for (;;) {
		int s = gsig_lowest(gsig_without(sig_pending(t), gsig_without(st->mask, st->waiting)));
		struct gsigset one = {{0, 0}};
		enum sig_class c;

		if (!s || gsig_has(&sig->handled, s))
			return s;
		c = sig_class_of(sig, s);
		if (!gsig_has(&sig->refused, s) && (c == SIGC_TERM || c == SIGC_CORE))
			return s;
		gsig_add(&one, s);
		sigq_flush(&st->own, one);
		sigq_flush(&t->task->sig->process, one);
		if (!gsig_has(&sig->refused, s) && (c == SIGC_STOP || c == SIGC_TTYSTOP)) {
			*ret_stop = s;
			return 0;
		}
	}
}

/* Look, with stops obeyed; true with the lock held and *ret_signo what is due. */
static bool
look(struct thread *t, int *ret_signo)
{
	struct task *task = t->task;

	for (;;) {
		int stop = 0;

		drain(t);
		sig_settle_mask(t);
		if (gsig_empty(sig_pending(t)))
			return false;
		if (gsig_empty(gsig_without(sig_pending(t), gsig_without(t->sig->mask, t->sig->waiting))) || held(t))
			return false;
		pthread_mutex_lock(&task->lock);
		*ret_signo = lowest_noticed(t, &stop);
		if (*ret_signo)
			return true;
		pthread_mutex_unlock(&task->lock);
		if (!stop)
			return false;
		stop_process(t, stop);
	}
}

bool
sig_due(struct thread *t)
{
	struct gsiginfo si;
	int signo;

	task_park(t);
	if (t->exit_now || t->task->exiting) {
		t->wake = 1;
		return true;
	}
	if (!look(t, &signo))
		return false;
	if (!gsig_has(&t->sig->own.pending, signo) && sigq_take(&t->task->sig->process, signo, &si)) {
		si.of_process = true;
		sigq_add(&t->sig->own, &si, true);
	}
	t->wake = 1;
	pthread_mutex_unlock(&t->task->lock);
	return true;
}

static void
accept_it(struct task *task, struct gsiginfo *si)
{
	if (task->sig->os->accepted)
		task->sig->os->accepted(task, si);
}

bool
sig_next(struct thread *t, struct gsiginfo *ret)
{
	int signo;

	if (!look(t, &signo))
		return false;
	take(t, signo, ret);
	accept_it(t->task, ret);
	pthread_mutex_unlock(&t->task->lock);
	return true;
}

enum sig_waited
sig_take_waited(struct thread *t, struct gsiginfo *ret)
{
	int signo;
	bool mine;

	if (t->exit_now || t->task->exiting)
		return SIGW_INTERRUPTED;
	if (!look(t, &signo))
		return SIGW_NONE;
	mine = gsig_has(&t->sig->waiting, signo);
	*ret = (struct gsiginfo){.signo = signo};
	if (mine) {
		take(t, signo, ret);
		accept_it(t->task, ret);
	}
	pthread_mutex_unlock(&t->task->lock);
	return mine ? SIGW_TAKEN : SIGW_INTERRUPTED;
}
