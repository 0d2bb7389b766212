/*
 * Signals of a guest process whatever its OS: who has what pending, which thread gets it, what the host is told.
 * Numbers are the guest's (1..GSIG_MAX) unless called host.  The personality keeps handlers and builds frames.
 *
 * Locking: task->lock guards all of it.  A thread's own mask is written by that thread alone, also without the lock; who
 * adds a pending signal fences and then reads masks, who changes a mask fences and then looks at what is pending.
 */
#pragma once

#include "abi/core/sets.h"
#include "abi/core/sigq.h"
#include "abi/core/task.h"

/** What becomes of a signal that neither a handler nor SIG_IGN takes. */
enum sig_class { SIGC_TERM, SIGC_CORE, SIGC_STOP, SIGC_TTYSTOP, SIGC_IGNORE, SIGC_CONT };

/** One guest OS. */
struct sig_os {
	const struct signal_map *map;
	const uint8_t *classes;  /* enum sig_class by number, GSIG_MAX + 1 entries */
	int chld;
	int rtmin;               /* first number that always queues */
	bool coalesce;           /* below rtmin, a second signal of one number is lost while the first is pending */
	uint32_t room;           /* entries that a process may have queued, <= SIGQ_MAX */
	/**
	 * Make a guest signal of a host one; false when it is none of the guest's.  *ret_to is NULL for the process, or the
	 * one thread meant.  Lock not held.
	 */
	bool (*arrived)(struct thread *t, const struct inbox_item *it, struct gsiginfo *ret, struct thread **ret_to);
	/** @si has left its queue to be seen by the guest.  Lock held; may be NULL. */
	void (*accepted)(struct task *task, struct gsiginfo *si);
	/** Something is deliverable: does the thread put it off by means of its own?  Lock not held; may be NULL. */
	bool (*held)(struct thread *t);
};

struct sig_task {
	const struct sig_os *os;
	struct gsigset handled;   /* the guest has a handler */
	struct gsigset refused;   /* SIG_IGN */
	struct gsigset untouched; /* left to the host's default action, which is the guest's too */
	bool chld_no_stops, chld_no_zombies; /* SA_NOCLDSTOP, SA_NOCLDWAIT */
	bool catch_all;           /* leave nothing to the host's default actions: see sig_catch_all */
	struct sigq process;
	uint16_t watchers[GSIG_MAX + 1];
	void (*observer)(struct task *task, int signo);
};

struct sig_thread {
	struct gsigset mask;
	struct gsigset saved;     /* with has_saved: the mask to be back after a wait with one of its own */
	struct gsigset waiting;   /* sigwait set: wakes although blocked */
	bool has_saved;
	bool settle;              /* the mask now blocks what was left to the host, or what the process has pending */
	uint64_t host_blocked;    /* host signals that this thread blocks for real: see sigpost.c */
	struct sigq own;
};

enum sig_action { SIG_DEFAULT, SIG_REFUSE, SIG_HANDLE };

/** Begin: task->sig and the first thread's t->sig point to zeroed memory of the caller. */
void sig_task_init(struct task *task, struct sig_task *sig, const struct sig_os *os);
/** A thread comes with its parent's mask (or none), or goes: what it had claimed goes to another. */
void sig_thread_init(struct thread *t, struct sig_thread *st, const struct thread *parent);
void sig_thread_gone(struct thread *t);
/** Children have nothing pending, and nobody watches. */
void sig_after_fork(struct thread *t);

/** Change a disposition, drop what is ignored from now on, tell the host.  Lock held. */
void sig_set_action(struct task *task, int signo, enum sig_action a);
/** Tell the host again what it should do with a signal.  Lock held. */
void sig_mirror(struct task *task, int signo);
/** Is it dropped on arrival? */
bool sig_ignored(const struct sig_task *sig, int signo);
enum sig_class sig_class_of(const struct sig_task *sig, int signo);
int sig_host_number(const struct task *task, int signo);

/**
 * A watcher (kqueue's EVFILT_SIGNAL) comes (+1) or goes (-1): the signal is caught on the host whatever its disposition, and
 * task->sig->observer is told of every attempt, ignored ones too (lock held; it must not take task->lock).
 */
void sig_watch(struct task *task, int signo, int change);
/** From now on all deaths pass through us: a tracer, or locks that other processes wait for.  Lock not held. */
void sig_catch_all(struct task *task);

/**
 * Send to the process (@to == NULL) or to one thread of it; @from is the calling thread, whose process it is.
 * 0, or -EAGAIN when the queue is full and @must_queue.
 */
int sig_post(struct thread *from, struct thread *to, const struct gsiginfo *si, bool must_queue);
/** The same with the lock held, and @to in the task's list. */
int sig_post_locked(struct thread *from, struct thread *to, const struct gsiginfo *si, bool must_queue);
/** Host signals that came in become pending. */
void sig_drain(struct thread *t);
/**
 * Is there one that ends a system call: with a handler, or deadly?  Stops and ignored ones are dealt with here, so false
 * means: serve the call again.  True: it is this thread's now, and t->wake is set so that delivery follows.
 */
bool sig_due(struct thread *t);
/** Take the next one that has a handler or is deadly. */
bool sig_next(struct thread *t, struct gsiginfo *ret);
enum sig_waited { SIGW_NONE, SIGW_TAKEN, SIGW_INTERRUPTED };
/** Take one of t->sig->waiting; INTERRUPTED when another one is due before it.  *ret is either. */
enum sig_waited sig_take_waited(struct thread *t, struct gsiginfo *ret);
/** What is pending for the thread and its process. */
struct gsigset sig_pending(struct thread *t);
/** A wait begins: what it waits for is caught on the host.  An empty set ends it. */
void sig_set_waiting(struct thread *t, struct gsigset set);

/** The thread's mask changes.  Full lane. */
void sig_set_mask(struct thread *t, struct gsigset mask);
/** Of what the host blocks for this thread, open what the guest has opened. */
void sig_unblock_host(struct thread *t);
/** Make good for a mask that was changed on the fast lane, if need be. */
void sig_settle_mask(struct thread *t);

/**
 * Fast lane and full: the mask is stored, and t->wake set when more must be done before the guest runs on.
 */
static inline void
sig_store_mask(struct thread *t, struct gsigset mask)
{
	struct sig_thread *st = t->sig;
	const struct sig_task *sig = t->task->sig;
	struct gsigset more = gsig_without(mask, st->mask), pending;

	st->mask = mask;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	pending = gsig_or(st->own.pending, sig->process.pending);
	if (st->host_blocked || !gsig_empty(gsig_and(more, gsig_or(sig->untouched, sig->process.pending)))) {
		st->settle = true;
		t->wake = 1;
	}
	if (!gsig_empty(gsig_without(pending, mask)))
		t->wake = 1;
}
