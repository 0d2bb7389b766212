/*
 * Threads and _umtx_op for guest tests: numbers and layouts of sys/thr.h, sys/umtx.h, sys/syscall.h, and the userland half of
 * the locks as _umtx_op(2) describes it.
 */
#pragma once

#include "fbsd.h"
#include "kit.h"

enum { NR_thr_create = 430, NR_thr_exit = 431, NR_thr_kill = 433, NR_umtx_lock = 434, NR_umtx_unlock = 435, NR_thr_suspend = 442, NR_thr_wake = 443,
       NR_umtx_op = 454, NR_thr_new = 455, NR_thr_set_name = 464, NR_rtprio_thread = 466, NR_clock_gettime = 232 };

enum { OP_LOCK, OP_UNLOCK, OP_WAIT, OP_WAKE, OP_MUTEX_TRYLOCK, OP_MUTEX_LOCK, OP_MUTEX_UNLOCK, OP_SET_CEILING, OP_CV_WAIT,
       OP_CV_SIGNAL, OP_CV_BROADCAST, OP_WAIT_UINT, OP_RW_RDLOCK, OP_RW_WRLOCK, OP_RW_UNLOCK, OP_WAIT_UINT_PRIVATE,
       OP_WAKE_PRIVATE, OP_MUTEX_WAIT, OP_MUTEX_WAKE, OP_SEM_WAIT, OP_SEM_WAKE, OP_NWAKE_PRIVATE, OP_MUTEX_WAKE2, OP_SEM2_WAIT,
       OP_SEM2_WAKE, OP_SHM, OP_ROBUST_LISTS, OP_GET_MIN_TIMEOUT, OP_SET_MIN_TIMEOUT };

enum { EBUSY = 16, ETIMEDOUT = 60, ENOTRECOVERABLE = 95, EOWNERDEAD = 96 };

#define CONTESTED     0x80000000u
#define RB_OWNERDEAD  0x80000010u
#define RB_NOTRECOV   0x80000011u
#define SHARED        1u
#define PRIO_INHERIT  4u
#define PRIO_PROTECT  8u
#define ROBUST        0x10u
#define NONCONSISTENT 0x20u

struct umutex {
	volatile uint32_t owner;
	uint32_t flags, ceilings[2];
	uint64_t next;
	uint32_t spare[2];
};
struct ucond {
	volatile uint32_t has_waiters;
	uint32_t flags, clockid, spare;
};
struct urwlock {
	volatile uint32_t state;
	uint32_t flags;
	volatile uint32_t blocked_readers, blocked_writers;
	uint32_t spare[4];
};
struct usem {
	volatile uint32_t has_waiters, count;
	uint32_t flags;
};
struct usem2 {
	volatile uint32_t count;
	uint32_t flags;
};
struct umtx_time {
	struct timespec ts;
	uint32_t flags, clockid;
};
_Static_assert(sizeof(struct umutex) == 32 && offsetof(struct umutex, next) == 16, "sys/_umtx.h");
_Static_assert(sizeof(struct ucond) == 16 && sizeof(struct urwlock) == 32 && sizeof(struct usem) == 12, "sys/_umtx.h");
_Static_assert(sizeof(struct usem2) == 8 && sizeof(struct umtx_time) == 24, "sys/_umtx.h");
#define ABSTIME 1u
enum { CLOCK_REALTIME = 0, CLOCK_MONOTONIC = 4 };

struct thr_param {
	void (*start)(void *);
	void *arg;
	char *stack;
	uint64_t stack_size;
	void *tls;
	uint64_t tls_size;
	long *child_tid, *parent_tid;
	int flags;
	void *rtp, *spare[3];
};
_Static_assert(sizeof(struct thr_param) == 104 && offsetof(struct thr_param, flags) == 64, "sys/thr.h");

#define op(obj, what, val, a, b) sys(NR_umtx_op, obj, what, val, a, b)

/* The same with a relative time limit in ms, or with none when that is 0. */
static inline int64_t
op_ms(volatile void *obj, int what, uint64_t val, long ms)
{
	struct timespec ts = {ms / 1000, ms % 1000 * 1000000};

	return ms ? op(obj, what, val, (void *)sizeof(ts), &ts) : op(obj, what, val, 0, 0);
}

static inline uint32_t
cas(volatile uint32_t *p, uint32_t want, uint32_t val)
{
	return __sync_val_compare_and_swap(p, want, val);
}

static inline uint32_t
self(void)
{
	long id = 0;

	sys(SYS_thr_self, &id);
	return (uint32_t)id;
}

#define STACK_SIZE 32768

/** A thread of a test; join() waits for its thr_exit. */
struct kthread {
	long tid, gone;
	void (*fn)(void *);
	void *arg;
	char *stack;
};

static inline void
kthread_entry(void *arg)
{
	struct kthread *k = arg;

	k->fn(k->arg);
	sys(NR_thr_exit, &k->gone);
}

static inline int64_t
spawn(struct kthread *k, void (*fn)(void *), void *arg)
{
	struct thr_param p = {.start = kthread_entry, .arg = k, .stack_size = STACK_SIZE, .parent_tid = &k->tid};

	k->fn = fn;
	k->arg = arg;
	k->gone = 0;
	k->tid = 0;
	k->stack = p.stack = (char *)sys(SYS_mmap, 0, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
	return sys(NR_thr_new, &p, sizeof(p));
}

static inline void
join(struct kthread *k)
{
	while (*(volatile long *)&k->gone == 0)
		op(&k->gone, OP_WAIT, 0, 0, 0);
	sys(SYS_munmap, k->stack, STACK_SIZE);
}

/** Wait, without a time, until @word has the bits @want of @mask. */
static inline void
until(volatile uint32_t *word, uint32_t mask, uint32_t want)
{
	while ((*word & mask) != want)
		sys(SYS_sched_yield);
}

static inline void *
shared_page(void)
{
	return (void *)sys(SYS_mmap, 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANON, -1, 0);
}

/* Userland's half of a normal mutex: _umtx_op(2). */
static inline int64_t
mutex_lock(struct umutex *m, uint32_t id)
{
	for (;;) {
		uint32_t was = cas(&m->owner, 0, id);

		if (was == 0 || (was == CONTESTED && cas(&m->owner, CONTESTED, id | CONTESTED) == CONTESTED))
			return 0;
		int64_t r = op(m, OP_MUTEX_LOCK, 0, 0, 0);

		if (r != -EINTR)
			return r;
	}
}

static inline int64_t
mutex_unlock(struct umutex *m, uint32_t id)
{
	return cas(&m->owner, id, 0) == id ? 0 : op(m, OP_MUTEX_UNLOCK, 0, 0, 0);
}
