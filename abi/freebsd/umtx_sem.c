/* Semaphores: the old form (struct _usem) and the new (struct _usem2). */
#include <errno.h>

#include "abi/freebsd/umtx.h"

#define HAS_WAITERS 0x80000000u

#define UMTX_TIME_SIZE 24
#define TIMESPEC_SIZE  16

static int
key_of(struct thread *t, uint64_t sem, uint32_t flags_at, uint32_t word_at, struct umtx_key *ret)
{
	uint32_t flags;
	int r = gm_load32(sem + flags_at, &flags);

	return r ? r
		 : umtx_key_make(t, sem, UMTX_SEM, flags & USYNC_PROCESS_SHARED, sem + word_at,
				 ret);
}

/* A relative wait is given up for a signal; others start over where the handler allows it. */
static long
interrupted_wait(long r, const struct umtx_time *tm)
{
	return r == -EINTR && !(tm->set && !tm->absolute) ? -HOST_ERESTART : r;
}

/* Key locked, and unlocked on return.  Nobody posts between here and the sleep without waking us.
 */
static long
wait_posted(struct thread *t, const struct umtx_key *k, uint32_t expected,
	    const struct umtx_deadline *d)
{
	struct umtx_waiter w;
	long r;

	umtx_enqueue(&w, k, UMTX_SHARED_Q, expected);
	umtx_unlock(k);
	r = umtx_sleep(t, &w, d);
	umtx_lock(k);
	if (!umtx_dequeue(&w, r))
		r = 0;
	umtx_unlock(k);
	return r;
}

static long
prepare(struct thread *t, const uint64_t *a, uint32_t flags_at, uint32_t word_at,
	struct umtx_key *k, struct umtx_time *tm, struct umtx_deadline *d)
{
	long r = umtx_time_get(a[4], a[3], tm);

	if (r == 0)
		r = key_of(t, a[0], flags_at, word_at, k);
	return r ? r : umtx_deadline_make(t, tm, d);
}

/* 1: the count is 0, and our mark stands. */
static long
mark_old(uint64_t sem)
{
	uint32_t old, count;
	long marked = umtx_cas(sem + USEM_HAS_WAITERS_WORD, 0, 1, &old);
	long r = marked < 0 ? marked : gm_load32(sem + USEM_COUNT, &count);

	if (r == 0 && count == 0)
		return 1;
	if (marked == 0 && gm_store32(sem + USEM_HAS_WAITERS_WORD, 0))
		return -EFAULT;
	return r;
}

long
umtx_op_sem_wait(struct thread *t, const uint64_t *a)
{
	struct umtx_deadline d;
	struct umtx_time tm;
	struct umtx_key k;
	long r = prepare(t, a, USEM_FLAGS, USEM_COUNT, &k, &tm, &d);

	if (r)
		return r;
	umtx_lock(&k);
	r = mark_old(a[0]);
	if (r == 1)
		return interrupted_wait(wait_posted(t, &k, 0, &d), &tm);
	umtx_unlock(&k);
	return r;
}

/* The last waiter's mark goes; whoever came meanwhile in another process is woken to set it again.
 */
static void
post(const struct umtx_key *k, uint32_t waiting)
{
	umtx_signal(k, UMTX_SHARED_Q, k->shared && waiting == 1 ? UMTX_ALL : 1);
}

long
umtx_op_sem_wake(struct thread *t, const uint64_t *a)
{
	struct umtx_key k;
	uint32_t n;
	long r = key_of(t, a[0], USEM_FLAGS, USEM_COUNT, &k);

	if (r)
		return r;
	umtx_lock(&k);
	n = umtx_count(&k, UMTX_SHARED_Q);
	if (n == 1)
		r = gm_store32(a[0] + USEM_HAS_WAITERS_WORD, 0);
	if (n)
		post(&k, n);
	umtx_unlock(&k);
	return r;
}

static long
mark_new(uint64_t sem)
{
	uint32_t count;
	long r = gm_load32(sem + USEM2_COUNT, &count);

	while (r == 0) {
		if (count & ~HAS_WAITERS)
			return 0;
		if (count == HAS_WAITERS)
			return 1;
		r = umtx_cas(sem + USEM2_COUNT, 0, HAS_WAITERS, &count);
		if (r == 0)
			return 1;
		if (r > 0)
			r = 0;
	}
	return r;
}

/* Behind a long enough _umtx_time stands room for the time that was left. */
static long
tell_left(const uint64_t *a, const struct umtx_time *tm, const struct umtx_deadline *d)
{
	struct timespec left;

	if (!tm->set || tm->absolute || a[3] < UMTX_TIME_SIZE + TIMESPEC_SIZE)
		return -EINTR;
	left = d->set ? umtx_deadline_left(d) : tm->ts;
	return gm_write(a[4] + UMTX_TIME_SIZE, &left, sizeof(left)) ? -EFAULT : -EINTR;
}

long
umtx_op_sem2_wait(struct thread *t, const uint64_t *a)
{
	struct umtx_deadline d;
	struct umtx_time tm;
	struct umtx_key k;
	long r = prepare(t, a, USEM2_FLAGS, USEM2_COUNT, &k, &tm, &d);

	if (r)
		return r;
	umtx_lock(&k);
	r = mark_new(a[0]);
	if (r != 1) {
		umtx_unlock(&k);
		return r;
	}
	r = interrupted_wait(wait_posted(t, &k, HAS_WAITERS, &d), &tm);
	return r == -EINTR ? tell_left(a, &tm, &d) : r;
}

long
umtx_op_sem2_wake(struct thread *t, const uint64_t *a)
{
	struct umtx_key k;
	uint32_t n;
	long r = key_of(t, a[0], USEM2_FLAGS, USEM2_COUNT, &k);

	if (r)
		return r;
	umtx_lock(&k);
	n = umtx_count(&k, UMTX_SHARED_Q);
	if (n == 1)
		r = umtx_clear_bits(a[0] + USEM2_COUNT, HAS_WAITERS);
	if (n)
		post(&k, n);
	umtx_unlock(&k);
	return r;
}
