/* Read-write locks (struct urwlock). */
#include <errno.h>

#include "abi/freebsd/umtx.h"

#define WRITE_OWNER   0x80000000u
#define WRITE_WAITERS 0x40000000u
#define READ_WAITERS  0x20000000u
#define MAX_READERS   0x1fffffffu
#define READERS(s)    ((s)&MAX_READERS)

#define PREFER_READER 2u

/* One side's view of the lock. */
struct side {
	struct umtx_key key;
	enum umtx_class cls;
	uint32_t mark;	  /* "some of us wait" */
	uint64_t blocked; /* address of the count of us */
	bool writer;
	uint32_t keeps_out; /* readers: state bits that do */
};

static bool
shut(const struct side *s, uint32_t state)
{
	return s->writer ? (state & WRITE_OWNER) || READERS(state) : (state & s->keeps_out) != 0;
}

/* 1: shut, with *ret_state as seen. */
static long
try_lock(const struct side *s, uint32_t *ret_state)
{
	long r = gm_load32(s->key.word, ret_state);

	while (r == 0) {
		if (shut(s, *ret_state))
			return 1;
		if (!s->writer && READERS(*ret_state) == MAX_READERS)
			return -EAGAIN;
		r = umtx_cas(s->key.word, *ret_state,
			     s->writer ? *ret_state | WRITE_OWNER : *ret_state + 1, ret_state);
		if (r == 0)
			return 0;
		if (r > 0)
			r = 0;
	}
	return r;
}

/* Leave word that we wait, while it is shut.  0 marked, 1 open now. */
static long
mark(const struct side *s, uint32_t *ret_state)
{
	long r = gm_load32(s->key.word, ret_state);

	while (r == 0 && shut(s, *ret_state)) {
		if (*ret_state & s->mark)
			return 0;
		r = umtx_cas(s->key.word, *ret_state, *ret_state | s->mark, ret_state);
		if (r == 0) {
			*ret_state |= s->mark;
			return 0;
		}
		if (r > 0)
			r = 0;
	}
	return r ? r : 1;
}

/*
 * The last of a side to stop waiting takes the mark away.  Another that came meanwhile in another
 * process may rely on it: it is woken to set it again.  A writer that gives up lets the readers go
 * that its mark had kept out.
 */
static long
unmark(const struct side *s, long slept)
{
	uint32_t n, state, readers;
	long r = umtx_add(s->blocked, ~0u, &n);

	if (r || n != 1)
		return r;
	r = umtx_clear_bits(s->key.word, s->mark);
	if (r)
		return r;
	if (s->key.shared)
		umtx_signal(&s->key, s->cls, UMTX_ALL);
	if (!s->writer || !slept)
		return 0;
	r = gm_load32(s->key.addr + URWLOCK_BLOCKED_READERS, &readers);
	if (r == 0)
		r = gm_load32(s->key.word, &state);
	if (r == 0 && readers && !(state & (WRITE_OWNER | WRITE_WAITERS)))
		umtx_signal(&s->key, UMTX_SHARED_Q, UMTX_ALL);
	return r;
}

/* Sleep until the lock is open for our side, or the wait ends.  Key locked before and after. */
static long
wait_open(struct thread *t, const struct side *s, uint32_t state, const struct umtx_deadline *d)
{
	long r = 0;

	while (r == 0 && shut(s, state)) {
		struct umtx_waiter w;

		umtx_enqueue(&w, &s->key, s->cls, state);
		umtx_unlock(&s->key);
		r = umtx_sleep(t, &w, d);
		umtx_lock(&s->key);
		umtx_dequeue(&w, r);
		if (r == 0)
			r = gm_load32(s->key.word, &state);
		/* In another process's hands the mark may be gone. */
		if (r == 0 && s->key.shared && shut(s, state) && !(state & s->mark))
			break;
	}
	return r;
}

static long
lock(struct thread *t, const struct side *s, const struct umtx_deadline *d)
{
	uint32_t state, n;
	long slept = 0;

	for (;;) {
		long r = try_lock(s, &state);

		if (r <= 0)
			return r;
		if (slept)
			return slept;
		umtx_lock(&s->key);
		r = mark(s, &state);
		if (r == 0)
			r = umtx_add(s->blocked, 1, &n);
		if (r == 0) {
			slept = wait_open(t, s, state, d);
			r = unmark(s, slept);
		}
		umtx_unlock(&s->key);
		if (r < 0)
			return r;
		/* A writer looks once more, a reader whose wait has ended does not. */
		if (slept && !s->writer)
			return slept;
	}
}

static int
key_of(struct thread *t, uint64_t rw, uint32_t *ret_flags, struct umtx_key *ret)
{
	int r = gm_load32(rw + URWLOCK_FLAGS, ret_flags);

	return r ? r
		 : umtx_key_make(t, rw, UMTX_RW, *ret_flags & USYNC_PROCESS_SHARED,
				 rw + URWLOCK_STATE, ret);
}

static long
timed_lock(struct thread *t, const uint64_t *a, bool writer)
{
	struct side s = {.writer = writer,
			 .cls = writer ? UMTX_EXCLUSIVE_Q : UMTX_SHARED_Q,
			 .mark = writer ? WRITE_WAITERS : READ_WAITERS,
			 .blocked =
			     a[0] + (writer ? URWLOCK_BLOCKED_WRITERS : URWLOCK_BLOCKED_READERS)};
	struct umtx_deadline d;
	struct umtx_time tm;
	uint32_t flags;
	long r = umtx_time_get(a[4], a[3], &tm);

	if (r == 0)
		r = key_of(t, a[0], &flags, &s.key);
	if (r == 0)
		r = umtx_deadline_make(t, &tm, &d);
	if (r)
		return r;
	s.keeps_out = WRITE_OWNER | ((a[2] | flags) & PREFER_READER ? 0 : WRITE_WAITERS);
	return lock(t, &s, &d);
}

long
umtx_op_rw_rdlock(struct thread *t, const uint64_t *a)
{
	return timed_lock(t, a, false);
}

long
umtx_op_rw_wrlock(struct thread *t, const uint64_t *a)
{
	return timed_lock(t, a, true);
}

/* Give the lock back; *ret_state is what it was. */
static long
release(uint64_t word, uint32_t *ret_state)
{
	long r = gm_load32(word, ret_state);
	bool writer = *ret_state & WRITE_OWNER;

	while (r == 0) {
		uint32_t s = *ret_state;

		if (writer ? !(s & WRITE_OWNER) : !READERS(s))
			return -EPERM;
		r = umtx_cas(word, s, writer ? s & ~WRITE_OWNER : s - 1, ret_state);
		if (r == 0) {
			*ret_state = s;
			return 0;
		}
		if (r > 0)
			r = 0;
	}
	return r;
}

long
umtx_op_rw_unlock(struct thread *t, const uint64_t *a)
{
	uint32_t flags, state = 0;
	struct umtx_key k;
	long r = key_of(t, a[0], &flags, &k);
	bool readers_first;

	if (r == 0)
		r = release(a[0] + URWLOCK_STATE, &state);
	if (r || !(state & (READ_WAITERS | WRITE_WAITERS)))
		return r;
	readers_first = flags & PREFER_READER || !(state & WRITE_WAITERS);
	umtx_lock(&k);
	if (readers_first && state & READ_WAITERS)
		umtx_signal(&k, UMTX_SHARED_Q, UMTX_ALL);
	else
		umtx_signal(&k, UMTX_EXCLUSIVE_Q, 1);
	umtx_unlock(&k);
	return 0;
}
