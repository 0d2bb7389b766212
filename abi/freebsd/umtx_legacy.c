/*
 * The first locks: a long that holds the owner's id, UMTX_OP_LOCK and _UNLOCK, _umtx_lock and
 * _umtx_unlock of FreeBSD 10. A shared waiter sleeps on the upper half: the mark is there, and as
 * long as it is, somebody will be woken.
 */
#include <errno.h>

#include "abi/freebsd/umtx.h"
#include "freebsd-amd64.h"

#define FREE	   0ull
#define CONTESTED  0x8000000000000000ull
#define UPPER_HALF 4

static int
cas(uint64_t addr, uint64_t want, uint64_t val, uint64_t *ret_old)
{
	int r = gm_cas64(addr, want, val, ret_old);

	return r ? r : *ret_old != want;
}

static int
key_of(struct thread *t, uint64_t m, struct umtx_key *ret)
{
	bool shared;
	int r = umtx_shared_memory(t, m, &shared);

	return r ? r : umtx_key_make(t, m, UMTX_SIMPLE_LOCK, shared, m + UPPER_HALF, ret);
}

/* 1: held. */
static long
try_take(uint64_t m, uint64_t id, uint64_t *ret_owner)
{
	for (;;) {
		long r = cas(m, FREE, id, ret_owner);

		if (r <= 0)
			return r;
		if (*ret_owner != CONTESTED)
			return 1;
		r = cas(m, CONTESTED, id | CONTESTED, ret_owner);
		if (r <= 0)
			return r;
	}
}

static long
lock(struct thread *t, uint64_t m, uint64_t id, const struct umtx_time *tm)
{
	struct umtx_deadline d;
	struct umtx_key k;
	uint64_t owner, old;
	long slept = 0, r = umtx_deadline_make(t, tm, &d);

	while (r == 0) {
		struct umtx_waiter w;

		r = try_take(m, id, &owner);
		if (r <= 0)
			return r;
		if (slept)
			return slept == -EINTR && !tm->set ? -HOST_ERESTARTNOINTR : slept;
		r = key_of(t, m, &k);
		if (r)
			return r;
		umtx_lock(&k);
		r = cas(m, owner, owner | CONTESTED, &old);
		if (r == 0) {
			umtx_enqueue(&w, &k, UMTX_SHARED_Q, (uint32_t)((owner | CONTESTED) >> 32));
			umtx_unlock(&k);
			slept = umtx_sleep(t, &w, &d);
			umtx_lock(&k);
			umtx_dequeue(&w, slept);
		}
		umtx_unlock(&k);
		if (r > 0)
			r = 0;
	}
	return r;
}

static long
unlock(struct thread *t, uint64_t m, uint64_t id)
{
	struct umtx_key k;
	uint64_t owner, old;
	uint32_t n;
	long r = gm_load64(m, &owner);

	if (r)
		return r;
	if ((owner & ~CONTESTED) != id)
		return -EPERM;
	if (!(owner & CONTESTED)) {
		r = cas(m, owner, FREE, &old);
		if (r <= 0)
			return r;
		owner = old;
	}
	r = key_of(t, m, &k);
	if (r)
		return r;
	umtx_lock(&k);
	n = umtx_count(&k, UMTX_SHARED_Q);
	r = cas(m, owner, n > 1 ? CONTESTED : FREE, &old);
	umtx_signal(&k, UMTX_SHARED_Q, n > 1 || !k.shared ? 1 : UMTX_ALL);
	umtx_unlock(&k);
	return r > 0 ? -EINVAL : r;
}

long
umtx_op_lock(struct thread *t, const uint64_t *a)
{
	struct umtx_time tm;
	int r = umtx_timespec_get(a[4], &tm);

	return r ? r : lock(t, a[0], a[2], &tm);
}

long
umtx_op_unlock(struct thread *t, const uint64_t *a)
{
	return unlock(t, a[0], a[2]);
}

long
fbsd_freebsd10__umtx_lock(struct thread *t, uint64_t m)
{
	struct umtx_time never = {0};

	return lock(t, m, (uint64_t)t->tid, &never);
}

long
fbsd_freebsd10__umtx_unlock(struct thread *t, uint64_t m)
{
	return unlock(t, m, (uint64_t)t->tid);
}
