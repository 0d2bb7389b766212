/* Condition variables (struct ucond). */
#include <errno.h>

#include "abi/freebsd/umtx.h"

#define CVWAIT_ABSTIME 2u
#define CVWAIT_CLOCKID 4u

#define CLOCK_THREAD_CPUTIME 14u

static int
key_of(struct thread *t, uint64_t cv, struct umtx_key *ret)
{
	uint32_t flags;
	int r = gm_load32(cv + UCOND_FLAGS, &flags);

	return r ? r
		 : umtx_key_make(t, cv, UMTX_CV, flags & USYNC_PROCESS_SHARED, cv + UCOND_SEQ, ret);
}

static int
deadline(struct thread *t, uint64_t cv, uint64_t wflags, struct umtx_time *tm,
	 struct umtx_deadline *ret)
{
	if (wflags & CVWAIT_CLOCKID) {
		int r = gm_load32(cv + UCOND_CLOCKID, &tm->clock);

		if (r)
			return r;
		/* Clocks that count processor time will not do. */
		if (tm->clock >= CLOCK_THREAD_CPUTIME)
			return -EINVAL;
	}
	tm->absolute = wflags & CVWAIT_ABSTIME;
	return umtx_deadline_make(t, tm, ret);
}

/* In the queue, and said so, before the mutex is free: then no signal can come too early. */
static long
announce(const struct umtx_key *k, struct umtx_waiter *w)
{
	uint32_t has, seq = 0;
	long r = k->shared ? gm_load32(k->word, &seq) : 0;

	umtx_lock(k);
	if (r == 0)
		r = gm_load32(k->addr + UCOND_HAS_WAITERS, &has);
	if (r == 0 && !has)
		r = gm_store32(k->addr + UCOND_HAS_WAITERS, 1);
	if (r == 0)
		umtx_enqueue(w, k, UMTX_SHARED_Q, seq);
	umtx_unlock(k);
	return r;
}

/* Nobody woke us: the mark is no longer true when we were the only one.  (A shared one may be left:
 * a spare signal.) */
static long
leave(const struct umtx_key *k, struct umtx_waiter *w, long r)
{
	bool alone;

	umtx_lock(k);
	alone = !k->shared && umtx_count(k, UMTX_SHARED_Q) == 1;
	if (!umtx_dequeue(w, r))
		r = 0;
	else if (alone && gm_store32(k->addr + UCOND_HAS_WAITERS, 0) && r == 0)
		r = -EFAULT;
	umtx_unlock(k);
	return r;
}

long
umtx_op_cv_wait(struct thread *t, const uint64_t *a)
{
	struct umtx_deadline d;
	struct umtx_waiter w;
	struct umtx_time tm;
	struct umtx_key k;
	long r = umtx_timespec_get(a[4], &tm);

	if (r == 0)
		r = key_of(t, a[0], &k);
	if (r == 0)
		r = deadline(t, a[0], a[2], &tm, &d);
	if (r == 0)
		r = announce(&k, &w);
	if (r)
		return r;
	r = umtx_mutex_unlock(t, a[3], 0);
	if (r == 0)
		r = umtx_sleep(t, &w, &d);
	return leave(&k, &w, r);
}

static long
wake(struct thread *t, uint64_t cv, uint32_t n)
{
	struct umtx_key k;
	uint32_t waiting, old;
	long r = key_of(t, cv, &k);

	if (r)
		return r;
	umtx_lock(&k);
	waiting = umtx_count(&k, UMTX_SHARED_Q);
	/* Who has announced itself elsewhere but does not sleep yet sees the number change. */
	if (k.shared)
		r = umtx_add(k.word, 1, &old);
	if (r == 0 && waiting <= n)
		r = gm_store32(cv + UCOND_HAS_WAITERS, 0);
	umtx_signal(&k, UMTX_SHARED_Q, k.shared && waiting <= n ? UMTX_ALL : n);
	umtx_unlock(&k);
	return r;
}

long
umtx_op_cv_signal(struct thread *t, const uint64_t *a)
{
	return wake(t, a[0], 1);
}

long
umtx_op_cv_broadcast(struct thread *t, const uint64_t *a)
{
	return wake(t, a[0], UMTX_ALL);
}
