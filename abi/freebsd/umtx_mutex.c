/*
 * Mutexes (struct umutex): normal, priority-inheriting, robust; priority-protected ones are in
 * umtx_pp.c.
 *
 * KNOWN LIMIT: an owner is not given its waiters' priority: the host schedules (sched.c).
 */
#include <errno.h>

#include "abi/freebsd/umtx.h"
#include "abi/freebsd/umtx_pp.h"

static bool
is_dead(uint32_t owner)
{
	return owner == UMUTEX_RB_OWNERDEAD || owner == UMUTEX_RB_NOTRECOV;
}

static enum umtx_kind
kind_of(uint32_t flags)
{
	if (!(flags & UMUTEX_PRIO_INHERIT))
		return UMTX_NORMAL;
	return flags & UMUTEX_ROBUST ? UMTX_PI_ROBUST : UMTX_PI;
}

/* 1: not to be had now; otherwise the operation's result. */
static long
try_take(uint64_t m, uint32_t id, uint32_t *ret_owner)
{
	static const uint32_t free_words[] = {UMUTEX_UNOWNED, UMUTEX_CONTESTED,
					      UMUTEX_RB_OWNERDEAD};
	uint32_t owner;
	long r = gm_load32(m + UMUTEX_OWNER, &owner);

	while (r == 0) {
		unsigned i = 0;

		while (i < 3 && owner != free_words[i])
			i++;
		*ret_owner = owner;
		if (owner == UMUTEX_RB_NOTRECOV)
			return -ENOTRECOVERABLE;
		if (i == 3)
			return 1;
		r = umtx_cas(m + UMUTEX_OWNER, free_words[i], i == 0 ? id : id | UMUTEX_CONTESTED,
			     &owner);
		if (r == 0)
			return free_words[i] == UMUTEX_RB_OWNERDEAD ? -EOWNERDEAD : 0;
		if (r > 0)
			r = 0;
	}
	return r;
}

/* Is there a point in trying?  For UMTX_OP_MUTEX_WAIT, whose callers take the mutex themselves. */
static long
look(uint64_t m, uint32_t *ret_owner)
{
	long r = gm_load32(m + UMUTEX_OWNER, ret_owner);

	if (r)
		return r;
	return (*ret_owner & ~UMUTEX_CONTESTED) != 0 && !is_dead(*ret_owner);
}

/* Mark as contested and sleep.  0: look again; the mark is under the key's lock, as the unlocker's
 * count is. */
static long
wait_contested(struct thread *t, const struct umtx_key *k, uint32_t owner,
	       const struct umtx_deadline *d)
{
	struct umtx_waiter w;
	uint32_t old;
	long r;

	umtx_lock(k);
	r = umtx_cas(k->word, owner, owner | UMUTEX_CONTESTED, &old);
	if (r) {
		umtx_unlock(k);
		return r < 0 ? r : 0;
	}
	umtx_enqueue(&w, k, UMTX_SHARED_Q, owner | UMUTEX_CONTESTED);
	umtx_unlock(k);
	r = umtx_sleep(t, &w, d);
	umtx_lock(k);
	umtx_dequeue(&w, r);
	umtx_unlock(k);
	return r;
}

static long
lock_plain(struct thread *t, uint64_t m, uint32_t flags, const struct umtx_deadline *d,
	   enum umtx_mode mode)
{
	bool pi = flags & UMUTEX_PRIO_INHERIT;
	uint32_t id = (uint32_t)t->tid, owner;
	struct umtx_key k;
	long r, slept = 0;

	r = umtx_key_make(t, m, kind_of(flags), flags & USYNC_PROCESS_SHARED, m + UMUTEX_OWNER, &k);
	if (r)
		return r;
	for (;;) {
		r = mode == UMTX_MODE_WAIT && !pi ? look(m, &owner) : try_take(m, id, &owner);
		if (r <= 0)
			return r;
		if (pi && (owner & ~UMUTEX_CONTESTED) == id)
			return -EDEADLK;
		if (mode == UMTX_MODE_TRY || (pi && mode != UMTX_MODE_LOCK))
			return -EBUSY;
		/* A wait that has ended looks once more before it says so. */
		if (slept)
			return slept;
		slept = wait_contested(t, &k, owner, d);
	}
}

/* A lock without a time limit is not given up for a signal: it starts over after the handler,
 * whatever its flags. */
static long
interrupted_lock(long r, bool timed, enum umtx_mode mode)
{
	if (r != -EINTR || timed)
		return r;
	return mode == UMTX_MODE_WAIT ? -HOST_ERESTART : -HOST_ERESTARTNOINTR;
}

long
umtx_mutex_lock(struct thread *t, uint64_t m, const struct umtx_time *tm, enum umtx_mode mode)
{
	struct umtx_deadline d;
	uint32_t flags;
	long r = gm_load32(m + UMUTEX_FLAGS, &flags);

	if (r == 0)
		r = umtx_deadline_make(t, tm, &d);
	if (r)
		return r;
	switch (flags & (UMUTEX_PRIO_INHERIT | UMUTEX_PRIO_PROTECT)) {
	case 0:
	case UMUTEX_PRIO_INHERIT:
		r = lock_plain(t, m, flags, &d, mode);
		break;
	case UMUTEX_PRIO_PROTECT:
		r = umtx_pp_lock(t, m, flags, &d, mode);
		break;
	default:
		return -EINVAL;
	}
	return interrupted_lock(r, tm->set, mode);
}

/*
 * Contested.  With one waiter or none the word becomes free of the mark, and then all that came
 * since the count are woken (in a private mutex nobody can).  Otherwise the mark stays and one is
 * woken.
 */
static long
unlock_contested(struct thread *t, uint64_t m, uint32_t flags, uint32_t owner, uint32_t to)
{
	struct umtx_key k;
	uint32_t old, n;
	long r =
	    umtx_key_make(t, m, kind_of(flags), flags & USYNC_PROCESS_SHARED, m + UMUTEX_OWNER, &k);

	if (r)
		return r;
	umtx_lock(&k);
	n = umtx_count(&k, UMTX_SHARED_Q);
	r = umtx_cas(m + UMUTEX_OWNER, owner, n > 1 ? to | UMUTEX_CONTESTED : to, &old);
	umtx_signal(&k, UMTX_SHARED_Q, n > 1 || !k.shared ? 1 : UMTX_ALL);
	umtx_unlock(&k);
	return r > 0 ? -EINVAL : r;
}

static long
unlock_plain(struct thread *t, uint64_t m, uint32_t flags, uint32_t id, bool rb)
{
	uint32_t owner, to = rb				    ? UMUTEX_RB_OWNERDEAD
			     : flags & UMUTEX_NONCONSISTENT ? UMUTEX_RB_NOTRECOV
							    : UMUTEX_UNOWNED;
	long r = gm_load32(m + UMUTEX_OWNER, &owner);

	while (r == 0) {
		if ((owner & ~UMUTEX_CONTESTED) != id)
			return -EPERM;
		if (owner & UMUTEX_CONTESTED)
			return unlock_contested(t, m, flags, owner, to);
		r = umtx_cas(m + UMUTEX_OWNER, owner, to, &owner);
		if (r == 0)
			return 0;
		if (r > 0)
			r = 0;
	}
	return r;
}

long
umtx_mutex_unlock(struct thread *t, uint64_t m, uint32_t rb_tid)
{
	uint32_t flags, id = rb_tid ? rb_tid : (uint32_t)t->tid;
	long r = gm_load32(m + UMUTEX_FLAGS, &flags);

	if (r)
		return r;
	switch (flags & (UMUTEX_PRIO_INHERIT | UMUTEX_PRIO_PROTECT)) {
	case 0:
	case UMUTEX_PRIO_INHERIT:
		return unlock_plain(t, m, flags, id, rb_tid != 0);
	case UMUTEX_PRIO_PROTECT:
		return umtx_pp_unlock(t, m, flags, id, rb_tid != 0);
	}
	return -EINVAL;
}

long
umtx_op_mutex_trylock(struct thread *t, const uint64_t *a)
{
	struct umtx_time none = {0};

	return umtx_mutex_lock(t, a[0], &none, UMTX_MODE_TRY);
}

static long
timed(struct thread *t, const uint64_t *a, enum umtx_mode mode)
{
	struct umtx_time tm;
	int r = umtx_time_get(a[4], a[3], &tm);

	return r ? r : umtx_mutex_lock(t, a[0], &tm, mode);
}

long
umtx_op_mutex_lock(struct thread *t, const uint64_t *a)
{
	return timed(t, a, UMTX_MODE_LOCK);
}

long
umtx_op_mutex_wait(struct thread *t, const uint64_t *a)
{
	return timed(t, a, UMTX_MODE_WAIT);
}

long
umtx_op_mutex_unlock(struct thread *t, const uint64_t *a)
{
	return umtx_mutex_unlock(t, a[0], 0);
}

/* The first form: userland has freed the mutex itself, and left the mark. */
long
umtx_op_mutex_wake(struct thread *t, const uint64_t *a)
{
	uint64_t m = a[0];
	uint32_t owner, flags, n;
	struct umtx_key k;
	long r = gm_load32(m + UMUTEX_OWNER, &owner);

	if (r || ((owner & ~UMUTEX_CONTESTED) && !is_dead(owner)))
		return r;
	r = gm_load32(m + UMUTEX_FLAGS, &flags);
	if (r == 0)
		r = umtx_key_make(t, m, UMTX_NORMAL, flags & USYNC_PROCESS_SHARED, m + UMUTEX_OWNER,
				  &k);
	if (r)
		return r;
	umtx_lock(&k);
	n = umtx_count(&k, UMTX_SHARED_Q);
	while (n <= 1 && !is_dead(owner)) {
		r = umtx_cas(m + UMUTEX_OWNER, UMUTEX_CONTESTED, UMUTEX_UNOWNED, &owner);
		if (r <= 0)
			break;
		r = 0;
		if ((owner & ~UMUTEX_CONTESTED) && !is_dead(owner)) {
			n = 0; /* taken again: its owner will wake */
			break;
		}
		if (owner == UMUTEX_UNOWNED)
			break;
	}
	if (r == 0 && n)
		umtx_signal(&k, UMTX_SHARED_Q, n > 1 || !k.shared ? 1 : UMTX_ALL);
	umtx_unlock(&k);
	return r;
}

static int
wake2_kind(uint32_t flags, enum umtx_kind *ret)
{
	bool robust = flags & UMUTEX_ROBUST;

	switch (flags & (UMUTEX_PRIO_INHERIT | UMUTEX_PRIO_PROTECT)) {
	case 0:
		*ret = UMTX_NORMAL;
		return 0;
	case UMUTEX_PRIO_INHERIT:
		*ret = robust ? UMTX_PI_ROBUST : UMTX_PI;
		return 0;
	case UMUTEX_PRIO_PROTECT:
		*ret = robust ? UMTX_PP_ROBUST : UMTX_PP;
		return 0;
	}
	return -EINVAL;
}

/* The second form: userland has freed the mutex without the mark, which is repaired while somebody
 * waits. */
long
umtx_op_mutex_wake2(struct thread *t, const uint64_t *a)
{
	uint64_t m = a[0];
	uint32_t flags = (uint32_t)a[2], owner = 0, old, n;
	enum umtx_kind kind;
	struct umtx_key k;
	long r = wake2_kind(flags, &kind);

	if (r == 0)
		r = umtx_key_make(t, m, kind, flags & USYNC_PROCESS_SHARED, m + UMUTEX_OWNER, &k);
	if (r)
		return r;
	umtx_lock(&k);
	n = umtx_count(&k, UMTX_SHARED_Q);
	r = gm_load32(m + UMUTEX_OWNER, &owner);
	while (r == 0 && !(owner & UMUTEX_CONTESTED) && (n > 1 || (n == 1 && owner))) {
		r = umtx_cas(m + UMUTEX_OWNER, owner, owner | UMUTEX_CONTESTED, &old);
		if (r <= 0)
			break;
		owner = old;
		r = 0;
	}
	if (r < 0)
		umtx_signal(&k, UMTX_SHARED_Q, UMTX_ALL);
	else if (n && (!(owner & ~UMUTEX_CONTESTED) || is_dead(owner)))
		umtx_signal(&k, UMTX_SHARED_Q, n > 1 || !k.shared ? 1 : UMTX_ALL);
	umtx_unlock(&k);
	return r;
}
