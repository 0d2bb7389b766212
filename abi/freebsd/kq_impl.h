/*
 * The inside of kqueues.
 *
 * The algorithm is FreeBSD's: a source activates a knote, which puts it on the queue; a scan evaluates what is queued,
 * reports it, and takes level-triggered notes off when their condition has passed.  The source of descriptors is one
 * edge-triggered epoll registration each; all other sources have hidden descriptors in the same epoll set.  While
 * anything is queued an eventfd in the set is readable, so that sleepers wake and the kqueue itself polls readable.
 *
 * Locks: kq->lock guards everything in a kqueue and may be held while taking an inner kqueue's; the table's lock is
 * the innermost.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct errno_map;
struct signal_map;
struct task;
struct thread;

/* Source: sys/event.h of FreeBSD. */
enum {
	EVFILT_READ = -1,
	EVFILT_WRITE = -2,
	EVFILT_AIO = -3,
	EVFILT_VNODE = -4,
	EVFILT_PROC = -5,
	EVFILT_SIGNAL = -6,
	EVFILT_TIMER = -7,
	EVFILT_PROCDESC = -8,
	EVFILT_FS = -9,
	EVFILT_LIO = -10,
	EVFILT_USER = -11,
	EVFILT_SENDFILE = -12,
	EVFILT_EMPTY = -13,
	EVFILT_COUNT = 13,
};

#define EV_ADD          0x0001u
#define EV_DELETE       0x0002u
#define EV_ENABLE       0x0004u
#define EV_DISABLE      0x0008u
#define EV_ONESHOT      0x0010u
#define EV_CLEAR        0x0020u
#define EV_RECEIPT      0x0040u
#define EV_DISPATCH     0x0080u
#define EV_FORCEONESHOT 0x0100u
#define EV_KEEPUDATA    0x0200u
#define EV_SYSFLAGS     0xf000u
#define EV_DROP         0x1000u
#define EV_ERROR        0x4000u
#define EV_EOF          0x8000u

#define NOTE_LOWAT     0x1u
#define NOTE_FILE_POLL 0x2u

struct fbsd_kevent {
	uint64_t ident;
	int16_t filter;
	uint16_t flags;
	uint32_t fflags;
	int64_t data;
	uint64_t udata;
	uint64_t ext[4];
};
_Static_assert(sizeof(struct fbsd_kevent) == 64, "struct kevent");

struct fbsd_kevent11 {
	uint64_t ident;
	int16_t filter;
	uint16_t flags;
	uint32_t fflags;
	int64_t data;
	uint64_t udata;
};
_Static_assert(sizeof(struct fbsd_kevent11) == 32, "struct kevent_freebsd11");

struct knote;

/** How a filter works.  All are called with the kqueue's lock held. */
struct kq_filter {
	bool is_fd;      /* ident is a descriptor: kn->reg is set */
	uint32_t events; /* what epoll says of the descriptor that concerns it */
	/** Begin to watch; 0 or -errno (host).  Sets kn->initial when event() must be asked at once. */
	int (*attach)(struct thread *t, struct knote *kn);
	void (*detach)(struct knote *kn);
	/** Does the condition hold?  Brings kev.data, kev.fflags and EV_EOF up to date. */
	bool (*event)(struct knote *kn);
	/** Registered again with @kev: replaces taking over fflags and data.  NULL: take them over. */
	void (*modify)(struct knote *kn, struct fbsd_kevent *kev);
	/** Fill what is reported and reset the state of EV_CLEAR notes.  NULL: the note's own. */
	void (*process)(struct knote *kn, struct fbsd_kevent *ret_kev);
	/** Its time in the kqueue's timer heap has come. */
	void (*tick)(struct knote *kn, uint64_t now);
};

#define KN_ACTIVE   1u /* triggered */
#define KN_QUEUED   2u
#define KN_DISABLED 4u

#define KN_NO_TICK UINT32_MAX

struct knote {
	struct fbsd_kevent kev; /* as reported: flags as at EV_ADD, fflags and data of the condition */
	uint32_t sfflags;       /* what the guest asked for */
	int64_t sdata;
	uint32_t status;
	bool initial;           /* see kq_filter.attach */
	bool edge;              /* `revents` is news from epoll */
	uint32_t revents;
	const struct kq_filter *ops;
	struct kq *kq;
	struct kq_reg *reg;     /* descriptors */
	struct knote *next;     /* in its registration or hash bucket */
	struct knote *q_prev, *q_next;
	uint64_t evaluated, reported; /* numbers of the scan that did so */
	uint64_t tick_at;       /* ns of CLOCK_MONOTONIC */
	uint32_t tick_pos;      /* in the heap, or KN_NO_TICK */
	struct knote *list_next; /* in a list of the filter's own */
	int slot_fd;            /* hidden descriptor of the note's own, 0 none: kq_slot.c */
	uint32_t slot, slot_gen;
	union {
		struct {
			uint64_t period; /* 0: fires once */
		} timer;
		struct {
			bool triggered;
		} user;
		struct {
			int64_t size;     /* when last looked at */
			uint64_t nlink;
		} vnode;
		struct {
			const struct signal_map *signals;
			int pidfd, listener; /* hidden; 0 none */
			uint32_t status;     /* as it said itself */
			bool gone;
		} proc;
		struct {
			struct task *task;
			int64_t count;    /* attempts not yet seen by the kqueue; kq_signal.c's lock */
		} signal;
		struct {
			struct mounts *mounts; /* kq_fs.c: those there were */
		} fs;
		struct {
			struct kq *inner; /* the kqueue watched, referenced */
		} fd;
	} u;
};

enum kq_fdkind { KQ_FD_FILE, KQ_FD_SOCKET, KQ_FD_PIPE, KQ_FD_TTY, KQ_FD_KQUEUE, KQ_FD_OTHER };

/** A watched descriptor: one epoll registration for all its filters. */
struct kq_reg {
	int fd;
	uint32_t gen;   /* tells events of this registration from those of a former one */
	uint32_t mask;  /* what epoll watches; never shrinks, as a change would repeat edges.  0: not in epoll */
	uint8_t kind;   /* enum kq_fdkind */
	bool shut_wr;
	struct knote *notes;
};

#define KQ_HASH 64u

struct kq {
	pthread_mutex_t lock;
	uint32_t refs;       /* table entries and calls under way; atomic */
	uint32_t nfds;       /* guest descriptors, under the table's lock */
	bool closing;
	const struct errno_map *errnos;
	int epfd;            /* hidden duplicate of the guest's */
	int wakefd;
	bool wake_set;
	struct kq_reg **reg; /* by descriptor */
	uint32_t nreg, gen;
	struct knote *hash[KQ_HASH];
	struct knote *q_first, *q_last;
	uint32_t nqueued;
	uint64_t scan;       /* number of the latest scan */
	struct knote **heap; /* by tick_at */
	uint32_t nheap, heap_cap;
	int timerfd;         /* -1 until needed */
	uint64_t armed;      /* what the timerfd waits for; 0 nothing */
	struct knote **slot; /* notes with a hidden descriptor of their own */
	uint32_t nslot;
};

enum kq_source { KQ_SRC_REG, KQ_SRC_WAKE, KQ_SRC_TIMER, KQ_SRC_SLOT };

/* epoll's data word: source, generation, descriptor or slot. */
static inline uint64_t
kq_tag(enum kq_source src, uint32_t gen, uint32_t index)
{
	return (uint64_t)src << 56 | (uint64_t)(gen & 0xffffff) << 32 | index;
}

/* kqueue.c: the table of kqueues */
/* by_fd is read without the lock by a forked child, so a larger one replaces it whole and the old one stays. */
struct fbsd_kq_table {
	pthread_mutex_t lock;
	struct kq **by_fd;
	uint32_t nfds;
	struct kq **all;
	uint32_t nkq, cap;
};
/** Make guest descriptor @fd, an epoll set, a kqueue; *ret_kq is referenced.  0 or -errno. */
int kq_open(struct thread *t, int fd, struct kq **ret_kq);
struct kq *kq_get(const struct thread *t, int fd);
void kq_put(struct kq *kq);

/* kq_note.c: notes */
/** Apply one change.  0 or -errno (host). */
int kq_register(struct thread *t, struct kq *kq, struct fbsd_kevent *kev);
/** A new note, linked but not attached; NULL without memory.  Takes fflags and data out of @kev. */
struct knote *kq_make(struct kq *kq, struct fbsd_kevent *kev, const struct kq_filter *ops);
void kq_drop(struct knote *kn);
void kq_activate(struct knote *kn);
void kq_dequeue(struct knote *kn);
/** Make the eventfd say whether anything is queued.  Before the lock is released. */
void kq_sync(struct kq *kq);
struct knote *kq_find(const struct kq *kq, int16_t filter, uint64_t ident);
/** Put hidden descriptor @fd into the epoll set; 0 or -errno. */
int kq_watch(const struct kq *kq, int fd, uint32_t events, uint64_t tag);
const struct kq_filter *kq_filter_of(int16_t filter);
void kq_drop_all(struct kq *kq);
/** Evaluate, and queue when the condition holds. */
void kq_evaluate(struct knote *kn);

/* kq_reg.c: descriptors */
int kq_reg_get(struct thread *t, struct kq *kq, int fd, struct kq_reg **ret_reg);
/** Watch for @events too.  *ret_new: epoll will report what holds already. */
int kq_reg_watch(struct kq *kq, struct kq_reg *reg, uint32_t events, bool *ret_new);
/** Its last note is gone. */
void kq_reg_free(struct kq *kq, struct kq_reg *reg);

/* kq_scan.c */
struct kq_out {
	uint64_t addr;  /* guest address of the next event */
	int left;
	int n;          /* written */
	bool old;       /* 32-byte events */
	int err;
};
void kq_emit(struct kq_out *o, const struct fbsd_kevent *kev);
/** Queue what epoll knows, without waiting; then kq->nqueued is how many events are pending. */
void kq_pull(struct kq *kq);
/** @deadline: 0 does not wait, UINT64_MAX waits for ever. */
long kq_scan(struct thread *t, struct kq *kq, struct kq_out *o, uint64_t deadline);

/* kq_timer.c: the heap serves every filter */
int kq_tick_set(struct knote *kn, uint64_t at);
void kq_tick_clear(struct knote *kn);
void kq_timer_run(struct kq *kq);

/* kq_slot.c: notes with a descriptor of their own in the epoll set */
/** Hide @fd (taken over also on failure), watch it for input and bind it to the note.  0 or -errno. */
int kq_slot_open(struct knote *kn, int fd);
int kq_slot_open_for(struct knote *kn, int fd, uint32_t events);
void kq_slot_close(struct knote *kn);
/** epoll says that a slot's descriptor is ready: ask the note. */
void kq_slot_ready(struct kq *kq, uint64_t tag, uint64_t scan);

/* kq_vnode.c: a slot that tells what inotify's @mask asks for of the note's file */
int kq_inotify_open(struct knote *kn, uint32_t mask);
/** Take all that it has told; was there anything? */
bool kq_inotify_drain(struct knote *kn);

/* kq_watch.c: news of other guest processes */
enum { KQ_TOLD_FORK = 1, KQ_TOLD_EXEC, KQ_TOLD_EXIT };
struct kq_told {
	uint32_t kind;
	int32_t pid;
	uint32_t status;
	int32_t fd[2]; /* of a fork: a listener for the child, and its pidfd; -1 none */
};
/** A hidden descriptor that is readable when process @pid has news, or -errno. */
int kq_watch_open(int32_t pid);
/** Take one piece of news, with its descriptors (hidden); false when there is none. */
bool kq_watch_next(int listener, int32_t pid, struct kq_told *ret);

/* kq_proc.c */
/** In a forked child: the note's own descriptors. */
void kq_proc_close_hidden(const struct knote *kn);

/* kq_signal.c */
void kq_signal_after_fork(void);

extern const struct kq_filter kq_filter_read, kq_filter_write, kq_filter_timer, kq_filter_user, kq_filter_aio, kq_filter_vnode,
    kq_filter_proc, kq_filter_procdesc, kq_filter_signal, kq_filter_fs, kq_filter_lio, kq_filter_empty, kq_filter_null;
