/*
 * Time limits, and the simplest objects: a word that a thread waits on.
 *
 * Simple waits are host futexes.  A word in private memory is a private futex, one in MAP_SHARED
 * memory a shared one; only the _PRIVATE operations take the former without asking.
 * A word that is not aligned, as the host's must be, is waited for on the aligned words around it.
 */
#include <errno.h>
#include <linux/futex.h>

#include "abi/freebsd/umtx.h"

#define UMTX_ABSTIME   1u
#define UMTX_TIME_SIZE 24
#define NSEC	       1000000000ll
#define BATCH	       128u
/* FreeBSD counts time from boot in 32.32 bits: whatever is later than this is never. */
#define NEVER_SECONDS 0x7fffffffll

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449 /* Linux 5.16 */
#endif
struct waitv {
	uint64_t val, uaddr;
	uint32_t flags, reserved;
};
#define WAITV_U32 2u
/* Without futex_waitv (before Linux 5.16) the upper half of a long is looked at this often. */
#define RECHECK_NS 20000000ll

/* FreeBSD clock to the host's; CPU clocks do not run while the caller sleeps (abi.md 2.13). */
static int
host_clock(uint32_t clock, int *ret_cpu)
{
	*ret_cpu = -1;
	switch (clock) {
	case 0: /* REALTIME, _PRECISE, _FAST, SECOND */
	case 9:
	case 10:
	case 13:
		return CLOCK_REALTIME;
	case 4: /* MONOTONIC, UPTIME and their kin */
	case 5:
	case 7:
	case 8:
	case 11:
	case 12:
		return CLOCK_MONOTONIC;
	case 14:
		return *ret_cpu = CLOCK_THREAD_CPUTIME_ID;
	case 1: /* VIRTUAL, PROF */
	case 2:
	case 15:
		return *ret_cpu = CLOCK_PROCESS_CPUTIME_ID;
	}
	return -EINVAL;
}

static bool
valid(const struct timespec *ts)
{
	return ts->tv_sec >= 0 && ts->tv_nsec >= 0 && ts->tv_nsec < NSEC;
}

int
umtx_timespec_get(uint64_t addr, struct umtx_time *ret)
{
	*ret = (struct umtx_time){0};
	if (!addr)
		return 0;
	ret->set = true;
	if (gm_read(&ret->ts, addr, sizeof(ret->ts)))
		return -EFAULT;
	return valid(&ret->ts) ? 0 : -EINVAL;
}

int
umtx_time_get(uint64_t addr, uint64_t size, struct umtx_time *ret)
{
	struct {
		struct timespec ts;
		uint32_t flags, clock;
	} full;

	if (!addr || size <= sizeof(struct timespec))
		return umtx_timespec_get(addr, ret);
	if (gm_read(&full, addr, UMTX_TIME_SIZE))
		return -EFAULT;
	*ret = (struct umtx_time){
	    .set = true, .absolute = full.flags & UMTX_ABSTIME, .clock = full.clock, .ts = full.ts};
	return valid(&ret->ts) ? 0 : -EINVAL;
}

static void
add(struct timespec *a, const struct timespec *b)
{
	if (__builtin_add_overflow(a->tv_sec, b->tv_sec, &a->tv_sec))
		a->tv_sec = INT64_MAX - 1;
	a->tv_nsec += b->tv_nsec;
	if (a->tv_nsec >= NSEC) {
		a->tv_nsec -= NSEC;
		a->tv_sec++;
	}
}

static bool
before(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec < b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec < b->tv_nsec);
}

/* The process may ask that no wait be shorter than this (UMTX_OP_SET_MIN_TIMEOUT). */
static void
enforce_min(struct thread *t, int clock, struct umtx_deadline *d)
{
	uint64_t min = fbsd_task(t)->umtx->min_timeout;
	struct timespec step = {(time_t)(min / NSEC), (long)(min % NSEC)}, now;

	if (!min)
		return;
	clock_gettime(clock, &now);
	add(&now, &step);
	if (before(&d->end, &now))
		d->end = now;
}

int
umtx_deadline_make(struct thread *t, const struct umtx_time *tm, struct umtx_deadline *ret)
{
	int clock, from;

	*ret = (struct umtx_deadline){.cpu_clock = -1};
	if (!tm->set)
		return 0;
	clock = host_clock(tm->clock, &ret->cpu_clock);
	if (clock < 0)
		return clock;
	ret->set = true;
	ret->end = tm->ts;
	/* A relative wait is not shortened or stretched by somebody setting the clock. */
	from = ret->cpu_clock >= 0 || tm->absolute ? clock : CLOCK_MONOTONIC;
	if (!tm->absolute) {
		clock_gettime(from, &ret->end);
		add(&ret->end, &tm->ts);
	}
	ret->real = from == CLOCK_REALTIME;
	if (ret->cpu_clock < 0)
		enforce_min(t, from, ret);
	if (ret->end.tv_sec >= NEVER_SECONDS + (ret->real ? time(NULL) : 0))
		ret->set = false;
	return 0;
}

static struct timespec
minus(struct timespec a, const struct timespec *b)
{
	a.tv_sec -= b->tv_sec;
	a.tv_nsec -= b->tv_nsec;
	if (a.tv_nsec < 0) {
		a.tv_nsec += NSEC;
		a.tv_sec--;
	}
	return a;
}

struct timespec
umtx_deadline_left(const struct umtx_deadline *d)
{
	struct timespec now;

	clock_gettime(d->cpu_clock >= 0 ? d->cpu_clock
		      : d->real		? CLOCK_REALTIME
					: CLOCK_MONOTONIC,
		      &now);
	return minus(d->end, &now);
}

bool
umtx_interrupted(struct thread *t)
{
	return t->exit_now || t->task->pers->signals_due(t);
}

/* What is left on a clock that stands still while we sleep, as a point of the monotonic one; false
 * when nothing is. */
static bool
poll_cpu_clock(const struct umtx_deadline *d, struct timespec *ret_end)
{
	struct timespec left = umtx_deadline_left(d), tick = {0, 1000000};

	if (left.tv_sec < 0 || (left.tv_sec == 0 && left.tv_nsec == 0))
		return false;
	clock_gettime(CLOCK_MONOTONIC, ret_end);
	add(ret_end, before(&left, &tick) ? &tick : &left);
	return true;
}

long
umtx_futex_wait(struct thread *t, uint64_t uaddr, uint32_t val, int host_flags, uint32_t bits,
		const struct umtx_deadline *d)
{
	int op = FUTEX_WAIT_BITSET | host_flags | (d->set && d->real ? FUTEX_CLOCK_REALTIME : 0);

	for (;;) {
		struct timespec end = d->end;
		long r;

		if (d->set && d->cpu_clock >= 0 && !poll_cpu_clock(d, &end))
			return -ETIMEDOUT;
		r = host_block(t, SYS_futex, uaddr, op, val, d->set ? &end : NULL, 0, bits);
		if (r == -ETIMEDOUT && d->cpu_clock >= 0)
			continue;
		if (r != -EINTR && r != -HOST_ERESTART)
			return r;
		if (umtx_interrupted(t))
			return -EINTR;
	}
}

static long
load(uint64_t addr, uint32_t size, uint64_t *ret)
{
	uint32_t half;
	long r;

	if (size == 8)
		return gm_load64(addr, ret);
	r = gm_load32(addr, &half);
	*ret = half;
	return r;
}

/* Before Linux 5.16: the first word is a futex, the others are looked at from time to time. */
static long
wait_words_old(struct thread *t, uint64_t addr, uint32_t size, uint64_t val, int host_flags,
	       const struct umtx_deadline *d)
{
	for (;;) {
		struct umtx_deadline step = {.set = true, .cpu_clock = -1};
		struct timespec recheck = {0, RECHECK_NS}, left;
		uint32_t first;
		uint64_t now;
		long r = gm_load32(addr & ~3ull, &first);

		if (r == 0)
			r = load(addr, size, &now);
		if (r || now != val)
			return r;
		clock_gettime(CLOCK_MONOTONIC, &step.end);
		if (d->set) {
			left = umtx_deadline_left(d);
			if (left.tv_sec < 0)
				return -ETIMEDOUT;
			if (before(&left, &recheck))
				recheck = left;
		}
		add(&step.end, &recheck);
		r = umtx_futex_wait(t, addr & ~3ull, first, host_flags, FUTEX_BITSET_MATCH_ANY, &step);
		if (r != -ETIMEDOUT && r != -EAGAIN)
			return r;
	}
}

/* The aligned words that hold @size bytes at @addr, as they are now; how many, or -EFAULT. */
static long
snapshot(uint64_t addr, uint32_t size, int host_flags, struct waitv *v)
{
	uint64_t end = addr + size;
	uint32_t n = 0, now;

	for (uint64_t at = addr & ~3ull; at < end; at += 4, n++) {
		if (gm_load32(at, &now))
			return -EFAULT;
		v[n] = (struct waitv){.val = now, .uaddr = at, .flags = WAITV_U32 | (uint32_t)host_flags};
	}
	return n;
}

/*
 * Several words at once, seen before the value was: a change in any since then ends the sleep before it begins.  The wake-up
 * comes on the first.
 */
static long
wait_words(struct thread *t, uint64_t addr, uint32_t size, uint64_t val, int host_flags,
	   const struct umtx_deadline *d)
{
	for (;;) {
		struct timespec end = d->end;
		struct waitv v[3];
		uint64_t now;
		long n = snapshot(addr, size, host_flags, v), r = n < 0 ? n : load(addr, size, &now);

		if (r || now != val)
			return r;
		if (d->set && d->cpu_clock >= 0 && !poll_cpu_clock(d, &end))
			return -ETIMEDOUT;
		r = host_block(t, SYS_futex_waitv, v, n, 0, d->set ? &end : NULL,
			       d->set && d->real ? CLOCK_REALTIME : CLOCK_MONOTONIC);
		if (r == -ENOSYS)
			return wait_words_old(t, addr, size, val, host_flags, d);
		if (r >= 0)
			return 0;
		if (r == -EAGAIN || (r == -ETIMEDOUT && d->cpu_clock >= 0))
			continue;
		if (r != -EINTR && r != -HOST_ERESTART)
			return r;
		if (umtx_interrupted(t))
			return -EINTR;
	}
}

static long
wait_long(struct thread *t, uint64_t addr, uint64_t val, int host_flags,
	  const struct umtx_deadline *d)
{
	return wait_words(t, addr, 8, val, host_flags, d);
}

static long
wait_word(struct thread *t, uint64_t addr, uint64_t val, int host_flags,
	  const struct umtx_deadline *d)
{
	uint32_t now;
	long r = gm_load32(addr, &now);

	if (r || val >> 32 || now != (uint32_t)val)
		return r;
	if (addr & 3)
		return wait_words(t, addr, 4, val, host_flags, d);
	r = umtx_futex_wait(t, addr, now, host_flags, FUTEX_BITSET_MATCH_ANY, d);
	return r == -EAGAIN ? 0 : r;
}

typedef long wait_fn(struct thread *t, uint64_t addr, uint64_t val, int host_flags,
		     const struct umtx_deadline *d);

static long
do_wait(struct thread *t, const uint64_t *a, bool private_only, wait_fn *fn)
{
	struct umtx_deadline d;
	struct umtx_time tm;
	bool shared = false;
	long r = umtx_time_get(a[4], a[3], &tm);

	if (r == 0 && !private_only)
		r = umtx_shared_memory(t, a[0], &shared);
	if (r == 0)
		r = umtx_deadline_make(t, &tm, &d);
	return r ? r : fn(t, a[0], a[2], shared ? 0 : FUTEX_PRIVATE_FLAG, &d);
}

long
umtx_op_wait(struct thread *t, const uint64_t *a)
{
	return do_wait(t, a, false, wait_long);
}

long
umtx_op_wait_uint(struct thread *t, const uint64_t *a)
{
	return do_wait(t, a, false, wait_word);
}

long
umtx_op_wait_uint_private(struct thread *t, const uint64_t *a)
{
	return do_wait(t, a, true, wait_word);
}

long
umtx_wake(struct thread *t, uint64_t addr, int n, bool private_only)
{
	bool shared = false;
	int r = private_only ? 0 : umtx_shared_memory(t, addr, &shared);

	if (r)
		return r;
	/* Nobody waits outside the guest's memory; the kernel wakes one even when asked for none.
	 * Around an unaligned word others may sleep: all look again. */
	if (gm_inside(addr, 4))
		host_call(SYS_futex, addr & ~3ull, shared ? FUTEX_WAKE : FUTEX_WAKE_PRIVATE,
			  addr & 3 ? (int)UMTX_ALL : n < 1 ? 1 : n);
	return 0;
}

long
umtx_op_wake(struct thread *t, const uint64_t *a)
{
	return umtx_wake(t, a[0], (int)a[2], false);
}

long
umtx_op_wake_private(struct thread *t, const uint64_t *a)
{
	return umtx_wake(t, a[0], (int)a[2], true);
}

/* An array of addresses; all waiters of each. */
long
umtx_op_nwake_private(struct thread *t, const uint64_t *a)
{
	uint64_t addr[BATCH], at = a[0];
	int left = (int)a[2];

	while (left > 0) {
		uint32_t n = (uint32_t)left < BATCH ? (uint32_t)left : BATCH;

		if (gm_read(addr, at, n * 8ull))
			return -EFAULT;
		for (uint32_t i = 0; i < n; i++)
			umtx_wake(t, addr[i], UMTX_ALL, true);
		at += n * 8ull;
		left -= (int)n;
	}
	return 0;
}
