/*
 * Inside _umtx_op: object layouts, waiting, queues.
 *
 * An object is either private (known by its address, waiters stand in queues of ours) or shared
 * between processes (waiters sleep in the host's futex on a word of the object).  The operations
 * are written once, for the weaker of the two: nothing is locked against other processes, so every
 * sleep names the word and value it relies on, and whoever clears a "there are waiters" mark wakes
 * all that may have come meanwhile.
 *
 * Source for all of it: FreeBSD _umtx_op(2), sys/umtx.h, and the observable behaviour of
 * sys/kern/kern_umtx.c.
 */
#pragma once

#include <time.h>

#include "abi/freebsd/fbsd.h"

/* struct umutex: owner, flags, ceilings[2], robust link, pad, spare[2] */
#define UMUTEX_OWNER	0
#define UMUTEX_FLAGS	4
#define UMUTEX_CEILING0 8
#define UMUTEX_CEILING1 12
#define UMUTEX_SIZE	40

#define UMUTEX_UNOWNED	    0u
#define UMUTEX_CONTESTED    0x80000000u
#define UMUTEX_RB_OWNERDEAD 0x80000010u
#define UMUTEX_RB_NOTRECOV  0x80000011u

/* flags of every object */
#define USYNC_PROCESS_SHARED 1u

#define UMUTEX_PRIO_INHERIT  0x4u
#define UMUTEX_PRIO_PROTECT  0x8u
#define UMUTEX_ROBUST	     0x10u
#define UMUTEX_NONCONSISTENT 0x20u

/* struct ucond: has_waiters, flags, clockid, spare; the spare word counts wake-ups of shared
 * objects */
#define UCOND_HAS_WAITERS 0
#define UCOND_FLAGS	  4
#define UCOND_CLOCKID	  8
#define UCOND_SEQ	  12

/* struct urwlock: state, flags, blocked_readers, blocked_writers, spare[4] */
#define URWLOCK_STATE		0
#define URWLOCK_FLAGS		4
#define URWLOCK_BLOCKED_READERS 8
#define URWLOCK_BLOCKED_WRITERS 12

/* struct _usem: has_waiters, count, flags;  struct _usem2: count, flags */
#define USEM_HAS_WAITERS_WORD 0
#define USEM_COUNT	      4
#define USEM_FLAGS	      8
#define USEM2_COUNT	      0
#define USEM2_FLAGS	      4

#define FBSD_RTP_PRIO_MAX 31u

/** When a wait ends by itself. */
struct umtx_deadline {
	bool set;
	bool real;     /* `end` is CLOCK_REALTIME, otherwise CLOCK_MONOTONIC */
	int cpu_clock; /* a host clock that does not run while we sleep, or -1; then `end` is on it
			*/
	struct timespec end;
};

/** _umtx_time as the guest gave it. */
struct umtx_time {
	bool set;
	bool absolute;
	uint32_t clock; /* guest number */
	struct timespec ts;
};

/** Copy in the timeout at @addr (0: none); @size as in uaddr1. 0, -EFAULT, -EINVAL. */
int umtx_time_get(uint64_t addr, uint64_t size, struct umtx_time *ret);
/** The same for a plain relative timespec. */
int umtx_timespec_get(uint64_t addr, struct umtx_time *ret);
/** 0, or -EINVAL for an unknown clock. */
int umtx_deadline_make(struct thread *t, const struct umtx_time *tm, struct umtx_deadline *ret);
/** Time left until a deadline that was made from a relative time. */
struct timespec umtx_deadline_left(const struct umtx_deadline *d);

/**
 * Sleep on a host futex while *uaddr == val.  @host_flags: FUTEX_PRIVATE_FLAG or 0.  @bits: which
 * wake-ups count. 0 woken, -EAGAIN the value differs, -ETIMEDOUT, -EINTR a guest signal is due,
 * -EFAULT.
 */
long umtx_futex_wait(struct thread *t, uint64_t uaddr, uint32_t val, int host_flags, uint32_t bits,
		     const struct umtx_deadline *d);
/** Must the guest's call end now? (a deliverable signal, the end of the thread) */
bool umtx_interrupted(struct thread *t);
/** Is the memory at @addr shared with other processes (MAP_SHARED)?  -EFAULT where nothing writable
 * is mapped. */
int umtx_shared_memory(struct thread *t, uint64_t addr, bool *ret_shared);
/** Wake up to @n (at least one) of the simple waiters at @addr. 0 or -EFAULT. */
long umtx_wake(struct thread *t, uint64_t addr, int n, bool private_only);

/* Two queues an object: readers of a lock (and all waiters of other objects), writers. */
enum umtx_class { UMTX_SHARED_Q = 1, UMTX_EXCLUSIVE_Q = 2 };

/* Objects of different kinds at one address do not meet. */
enum umtx_kind {
	UMTX_NORMAL,
	UMTX_PI,
	UMTX_PI_ROBUST,
	UMTX_PP,
	UMTX_PP_ROBUST,
	UMTX_CV,
	UMTX_RW,
	UMTX_SEM,
	UMTX_SIMPLE_LOCK
};

/** An object for the length of one operation. */
struct umtx_key {
	uint64_t addr;
	enum umtx_kind kind;
	bool shared;
	uint64_t word;		  /* the word that shared waiters sleep on */
	struct umtx_chain *chain; /* private objects */
};

/** A thread that waits, or is about to. */
struct umtx_waiter {
	struct umtx_waiter *next, **prev; /* in a chain; prev NULL: not in one */
	struct umtx_key key;
	enum umtx_class cls;
	uint32_t expected; /* shared: sleep only while the word has this value */
	uint32_t woken;	   /* private: the futex word */
};

/**
 * Name an object.  @word: the word that shared waiters sleep on.  -EFAULT when a shared object is
 * not in mapped memory.
 */
int umtx_key_make(struct thread *t, uint64_t addr, enum umtx_kind kind, bool shared, uint64_t word,
		  struct umtx_key *ret);
/** Keep other threads of this process from the object's queues. */
void umtx_lock(const struct umtx_key *k);
void umtx_unlock(const struct umtx_key *k);
/** Waiters of a class. Key locked. */
uint32_t umtx_count(const struct umtx_key *k, enum umtx_class cls);
/** Wake up to @n in order of arrival; returns how many.  Key locked. */
uint32_t umtx_signal(const struct umtx_key *k, enum umtx_class cls, uint32_t n);
/** Queue the calling thread.  Key locked. */
void umtx_enqueue(struct umtx_waiter *w, const struct umtx_key *k, enum umtx_class cls,
		  uint32_t expected);
/** Sleep until woken: 0, -ETIMEDOUT, -EINTR, -EFAULT.  Key not locked.  A shared waiter may return
 * 0 without reason. */
long umtx_sleep(struct thread *t, struct umtx_waiter *w, const struct umtx_deadline *d);
/** Leave the queue; true when nobody had woken us (@slept: umtx_sleep's result).  Key locked. */
bool umtx_dequeue(struct umtx_waiter *w, long slept);
#define UMTX_ALL 0x7fffffffu

/** The process's part. */
struct fbsd_umtx {
	struct umtx_chain *chain; /* UMTX_CHAINS */
	uint64_t min_timeout;	  /* ns, UMTX_OP_SET_MIN_TIMEOUT */
	struct umtx_shm *shm;	  /* umtx_shm.c: pages in use, under shm_lock */
	pthread_mutex_t shm_lock;
	bool robust_used; /* a thread has given lists */
};

/** A thread's part: heads of its robust lists, as addresses. */
struct fbsd_umtx_thread {
	uint64_t rb_list, rbp_list, rb_inact;
	uint32_t suspend_token; /* thr_wake came: thr_suspend returns; a futex word */
	uint32_t lent;	/* one more than the priority that a held ceiling lends (0 the most urgent), or 0 */
};

/* Guest words: result of compare and swap */
/** 0 swapped, 1 not equal (*ret_old tells), -EFAULT. */
int umtx_cas(uint64_t addr, uint32_t want, uint32_t val, uint32_t *ret_old);
/** Clear bits of a word; 0 or -EFAULT. */
int umtx_clear_bits(uint64_t addr, uint32_t bits);
/** Add to a word; *ret_old is what it was.  0 or -EFAULT. */
int umtx_add(uint64_t addr, uint32_t n, uint32_t *ret_old);

/* One operation each; @a: object, op, val, uaddr1, uaddr2. */
enum umtx_mode { UMTX_MODE_LOCK, UMTX_MODE_TRY, UMTX_MODE_WAIT };
long umtx_mutex_lock(struct thread *t, uint64_t m, const struct umtx_time *tm, enum umtx_mode mode);
/** @rb_tid: the dead owner for whom it is done, or 0 for the calling thread. */
long umtx_mutex_unlock(struct thread *t, uint64_t m, uint32_t rb_tid);
long umtx_op_mutex_trylock(struct thread *t, const uint64_t *a);
long umtx_op_mutex_lock(struct thread *t, const uint64_t *a);
long umtx_op_mutex_unlock(struct thread *t, const uint64_t *a);
long umtx_op_mutex_wait(struct thread *t, const uint64_t *a);
long umtx_op_mutex_wake(struct thread *t, const uint64_t *a);
long umtx_op_mutex_wake2(struct thread *t, const uint64_t *a);
long umtx_op_set_ceiling(struct thread *t, const uint64_t *a);
long umtx_op_wait(struct thread *t, const uint64_t *a);
long umtx_op_wait_uint(struct thread *t, const uint64_t *a);
long umtx_op_wait_uint_private(struct thread *t, const uint64_t *a);
long umtx_op_wake(struct thread *t, const uint64_t *a);
long umtx_op_wake_private(struct thread *t, const uint64_t *a);
long umtx_op_nwake_private(struct thread *t, const uint64_t *a);
long umtx_op_cv_wait(struct thread *t, const uint64_t *a);
long umtx_op_cv_signal(struct thread *t, const uint64_t *a);
long umtx_op_cv_broadcast(struct thread *t, const uint64_t *a);
long umtx_op_rw_rdlock(struct thread *t, const uint64_t *a);
long umtx_op_rw_wrlock(struct thread *t, const uint64_t *a);
long umtx_op_rw_unlock(struct thread *t, const uint64_t *a);
long umtx_op_sem_wait(struct thread *t, const uint64_t *a);
long umtx_op_sem_wake(struct thread *t, const uint64_t *a);
long umtx_op_sem2_wait(struct thread *t, const uint64_t *a);
long umtx_op_sem2_wake(struct thread *t, const uint64_t *a);
long umtx_op_shm(struct thread *t, const uint64_t *a);
long umtx_op_robust_lists(struct thread *t, const uint64_t *a);
long umtx_op_lock(struct thread *t, const uint64_t *a);
long umtx_op_unlock(struct thread *t, const uint64_t *a);

/* umtx_shm.c */
void umtx_shm_after_fork(struct fbsd_umtx *u);
/** The process ends: pages that nobody else uses go. */
void umtx_shm_exit(struct fbsd_umtx *u);

/** Hand on the robust locks that @of holds; on its own host thread, or while it does not run. Once.
 */
void umtx_robust_exit(struct thread *t, struct thread *of);
