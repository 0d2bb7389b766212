/*
 * Priority-protected mutexes.  A free one holds the CONTESTED mark alone, so that userland always
 * asks the kernel, which checks the caller's priority against the ceiling.  To the privileged the
 * ceiling is lent: what they hold counts as their priority at the next mutex.
 */
#include "abi/freebsd/umtx_pp.h"

#include <errno.h>

#include "abi/freebsd/sched.h"

static int
key_of(struct thread *t, uint64_t m, uint32_t flags, struct umtx_key *ret)
{
	enum umtx_kind kind = flags & UMUTEX_ROBUST ? UMTX_PP_ROBUST : UMTX_PP;

	return umtx_key_make(t, m, kind, flags & USYNC_PROCESS_SHARED, m + UMUTEX_OWNER, ret);
}

/* Ceilings count up to the most urgent, priorities down. */
static int
check_ceiling(struct thread *t, uint64_t m, uint32_t *ret_lent)
{
	uint32_t ceiling;
	int r = gm_load32(m + UMUTEX_CEILING0, &ceiling);

	if (r)
		return r;
	ceiling = FBSD_RTP_PRIO_MAX - ceiling;
	if (ceiling > FBSD_RTP_PRIO_MAX || fbsd_rtprio_above(t, ceiling))
		return -EINVAL;
	*ret_lent = ceiling + 1;
	return 0;
}

static void
lend(struct thread *t, uint32_t lent)
{
	struct fbsd_umtx_thread *u = fbsd_thread(t)->umtx;

	if (fbsd_rtprio_privileged() && (!u->lent || lent < u->lent))
		u->lent = lent;
}

/* Userland says what it still holds: the ceiling before this one, or none. */
static void
lend_back(struct thread *t, uint32_t ceiling)
{
	if (fbsd_rtprio_privileged())
		fbsd_thread(t)->umtx->lent = ceiling == ~0u ? 0 : FBSD_RTP_PRIO_MAX - ceiling + 1;
}

/* 1: held by *ret_owner. */
static long
try_take(uint64_t m, uint32_t id, uint32_t *ret_owner)
{
	for (;;) {
		long r =
		    umtx_cas(m + UMUTEX_OWNER, UMUTEX_CONTESTED, id | UMUTEX_CONTESTED, ret_owner);

		if (r <= 0)
			return r;
		if (*ret_owner == UMUTEX_RB_NOTRECOV)
			return -ENOTRECOVERABLE;
		if (*ret_owner != UMUTEX_RB_OWNERDEAD)
			return 1;
		r = umtx_cas(m + UMUTEX_OWNER, UMUTEX_RB_OWNERDEAD, id | UMUTEX_CONTESTED,
			     ret_owner);
		if (r <= 0)
			return r ? r : -EOWNERDEAD;
	}
}

/* Sleep while the word is @owner.  Key locked, and unlocked on return. */
static long
wait_for(struct thread *t, const struct umtx_key *k, uint32_t owner, const struct umtx_deadline *d)
{
	struct umtx_waiter w;
	long r;

	umtx_enqueue(&w, k, UMTX_SHARED_Q, owner);
	umtx_unlock(k);
	r = umtx_sleep(t, &w, d);
	umtx_lock(k);
	umtx_dequeue(&w, r);
	umtx_unlock(k);
	return r;
}

long
umtx_pp_lock(struct thread *t, uint64_t m, uint32_t flags, const struct umtx_deadline *d,
	     enum umtx_mode mode)
{
	struct umtx_key k;
	uint32_t owner, lent = 0;
	long slept = 0, r = key_of(t, m, flags, &k);

	while (r == 0) {
		umtx_lock(&k);
		r = check_ceiling(t, m, &lent);
		if (r == 0) {
			r = try_take(m, (uint32_t)t->tid, &owner);
			if (r == 1 && mode == UMTX_MODE_LOCK && slept == 0) {
				slept = wait_for(t, &k, owner, d);
				r = 0;
				continue;
			}
		}
		umtx_unlock(&k);
		if (r == 0 || r == -EOWNERDEAD)
			lend(t, lent);
		if (r == 1)
			return mode != UMTX_MODE_LOCK ? -EBUSY : slept;
		return r;
	}
	return r;
}

long
umtx_pp_unlock(struct thread *t, uint64_t m, uint32_t flags, uint32_t id, bool rb)
{
	uint32_t owner, ceiling,
	    to = rb				? UMUTEX_RB_OWNERDEAD
		 : flags & UMUTEX_NONCONSISTENT ? UMUTEX_RB_NOTRECOV
						: 0;
	struct umtx_key k;
	long r = gm_load32(m + UMUTEX_OWNER, &owner);

	if (r == 0 && (owner & ~UMUTEX_CONTESTED) != id)
		return -EPERM;
	if (r == 0)
		r = gm_load32(m + UMUTEX_CEILING1, &ceiling);
	if (r)
		return r;
	if (ceiling != ~0u && ceiling > FBSD_RTP_PRIO_MAX)
		return -EINVAL;
	r = key_of(t, m, flags, &k);
	if (r)
		return r;
	umtx_lock(&k);
	r = gm_store32(m + UMUTEX_OWNER, to | UMUTEX_CONTESTED);
	if (r == 0)
		umtx_signal(&k, UMTX_SHARED_Q, 1);
	umtx_unlock(&k);
	if (r == 0 && !rb)
		lend_back(t, ceiling);
	return r;
}

/* The ceiling of a free mutex, or of one's own: 0; 1 held by another. */
static long
try_ceiling(uint64_t m, uint32_t id, uint32_t ceiling, uint32_t *ret_owner)
{
	long r = umtx_cas(m + UMUTEX_OWNER, UMUTEX_CONTESTED, id | UMUTEX_CONTESTED, ret_owner);

	if (r < 0)
		return r;
	if (r == 0) {
		r = gm_store32(m + UMUTEX_CEILING0, ceiling);
		return gm_store32(m + UMUTEX_OWNER, UMUTEX_CONTESTED) ? -EFAULT : r;
	}
	if ((*ret_owner & ~UMUTEX_CONTESTED) == id)
		return gm_store32(m + UMUTEX_CEILING0, ceiling);
	if (*ret_owner == UMUTEX_RB_OWNERDEAD)
		return -EOWNERDEAD;
	return *ret_owner == UMUTEX_RB_NOTRECOV ? -ENOTRECOVERABLE : 1;
}

static long
change_ceiling(struct thread *t, const struct umtx_key *k, uint64_t m, uint32_t ceiling,
	       uint32_t *ret_old)
{
	struct umtx_deadline never = {.cpu_clock = -1};
	uint32_t owner;
	long slept = 0, r;

	for (;;) {
		umtx_lock(k);
		r = gm_load32(m + UMUTEX_CEILING0, ret_old);
		if (r == 0)
			r = try_ceiling(m, (uint32_t)t->tid, ceiling, &owner);
		if (r != 1 || slept)
			break;
		slept = wait_for(t, k, owner, &never);
	}
	if (r == 0)
		umtx_signal(k, UMTX_SHARED_Q, UMTX_ALL);
	umtx_unlock(k);
	return r == 1 ? slept : r;
}

long
umtx_op_set_ceiling(struct thread *t, const uint64_t *a)
{
	uint32_t flags, old;
	struct umtx_key k;
	long r = gm_load32(a[0] + UMUTEX_FLAGS, &flags);

	if (r)
		return r;
	if (!(flags & UMUTEX_PRIO_PROTECT) || (uint32_t)a[2] > FBSD_RTP_PRIO_MAX)
		return -EINVAL;
	r = key_of(t, a[0], flags, &k);
	if (r == 0)
		r = change_ceiling(t, &k, a[0], (uint32_t)a[2], &old);
	if (r == 0 && a[3])
		r = gm_store32(a[3], old);
	return r == -EINTR ? -HOST_ERESTART : r;
}
