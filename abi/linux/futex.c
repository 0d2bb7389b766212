/*
 * futex: the host's, on the guest's words; and lists of mutexes whose owner may die.
 * Source: Linux manual futex(2), get_robust_list(2), set_robust_list(2); Documentation/locking/robust-futex-ABI.rst.
 */
#include <errno.h>
#include <linux/futex.h>
#include <time.h>

#include "abi/linux/thread.h"
#include "linux-aarch64.h"

#define ROBUST_HEAD_SIZE 24
#define ROBUST_MOST      2048
#define NS               1000000000ll

static uint64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS + (uint64_t)ts.tv_nsec;
}

/* Does the operation's fourth argument point to a time? */
static bool
timed(int cmd)
{
	return cmd == FUTEX_WAIT || cmd == FUTEX_WAIT_BITSET || cmd == FUTEX_LOCK_PI || cmd == FUTEX_LOCK_PI2 ||
	       cmd == FUTEX_WAIT_REQUEUE_PI;
}

/* A relative time becomes a deadline, which a wait that is begun again keeps. */
static void
make_absolute(struct thread *t, int *op, struct timespec *ts, uint32_t *val3)
{
	uint64_t left = (uint64_t)ts->tv_nsec + (ts->tv_sec > INT32_MAX ? (uint64_t)INT32_MAX : (uint64_t)ts->tv_sec) * NS;

	if (!t->in_restart)
		t->deadline = now_ns() + left;
	ts->tv_sec = (time_t)(t->deadline / NS);
	ts->tv_nsec = (long)(t->deadline % NS);
	*op = FUTEX_WAIT_BITSET | (*op & ~FUTEX_CMD_MASK);
	*val3 = FUTEX_BITSET_MATCH_ANY;
}

/* A wait with a time ends with EINTR when a handler runs, one without is what SA_RESTART is for (kernel/futex/waitwake.c). */
long
linux_futex(struct thread *t, uint64_t uaddr, int op, uint32_t val, uint64_t timeout, uint64_t uaddr2, uint32_t val3)
{
	int cmd = op & FUTEX_CMD_MASK;
	bool second = cmd == FUTEX_REQUEUE || cmd == FUTEX_CMP_REQUEUE || cmd == FUTEX_WAKE_OP || cmd == FUTEX_WAIT_REQUEUE_PI ||
		      cmd == FUTEX_CMP_REQUEUE_PI;
	bool has_time = timed(cmd) && timeout;
	struct timespec ts;
	long r;

	if (!gm_inside(uaddr, 4) || (second && !gm_inside(uaddr2, 4)))
		return uaddr & 3 ? -EINVAL : -EFAULT;
	if (has_time) {
		if (gm_read(&ts, timeout, sizeof(ts)))
			return -EFAULT;
		if (ts.tv_sec < 0 || ts.tv_nsec < 0 || ts.tv_nsec >= NS)
			return -EINVAL;
		if (cmd == FUTEX_WAIT && !(op & FUTEX_CLOCK_REALTIME))
			make_absolute(t, &op, &ts, &val3);
	}
	if (!timed(cmd))
		return host_call6(SYS_futex, uaddr, (uint64_t)op, val, timeout, uaddr2, val3);
	r = host_block(t, SYS_futex, uaddr, op, val, has_time ? &ts : NULL, uaddr2, val3);
	return r == -HOST_ERESTART && has_time ? -EINTR : r == -EINTR && !has_time ? -HOST_ERESTART : r;
}

/* ---- robust lists ---- */

long
linux_set_robust_list(struct thread *t, uint64_t head, uint64_t size)
{
	if (size != ROBUST_HEAD_SIZE)
		return -EINVAL;
	linux_thread(t)->robust_head = head;
	/* for a process that is killed: the host's kernel walks it, as it would there */
	return head && !gm_inside(head, size) ? 0 : host_call(SYS_set_robust_list, head, size);
}

long
linux_get_robust_list(struct thread *t, int tid, uint64_t ret_head, uint64_t ret_size)
{
	uint64_t head, size = ROBUST_HEAD_SIZE;
	struct thread *o;

	pthread_mutex_lock(&t->task->lock);
	o = tid == 0 ? t : thread_by_tid(t->task, tid);
	head = o && o->priv ? linux_thread(o)->robust_head : 0;
	pthread_mutex_unlock(&t->task->lock);
	if (!o)
		return -ESRCH;
	return gm_write(ret_size, &size, sizeof(size)) || gm_write(ret_head, &head, sizeof(head)) ? -EFAULT : 0;
}

/* handle_futex_death(): who waits gets it, marked. */
static void
owner_died(struct thread *t, uint64_t word)
{
	uint32_t v, old;

	if (word & 3 || gm_load32(word, &v))
		return;
	while ((v & FUTEX_TID_MASK) == (uint32_t)t->htid) {
		if (gm_cas32(word, v, (v & FUTEX_WAITERS) | FUTEX_OWNER_DIED, &old))
			return;
		if (old == v) {
			if (v & FUTEX_WAITERS)
				host_call(SYS_futex, word, FUTEX_WAKE, 1);
			return;
		}
		v = old;
	}
}

/* Bit 0 of an entry: a mutex with priority inheritance.  The one being taken or given back comes last. */
void
linux_robust_exit(struct thread *t)
{
	struct linux_thread *lt = linux_thread(t);
	uint64_t head = lt->robust_head, h[3], at;

	lt->robust_head = 0;
	if (!head)
		return;
	host_call(SYS_set_robust_list, 0, ROBUST_HEAD_SIZE);
	if (gm_read(h, head, sizeof(h)))
		return;
	at = h[0];
	for (unsigned i = 0; i < ROBUST_MOST && (at & ~1ull) != head; i++) {
		uint64_t entry = at & ~1ull;

		if (gm_load64(entry, &at))
			return;
		if (entry != (h[2] & ~1ull))
			owner_died(t, entry + h[1]);
	}
	if (h[2] & ~1ull)
		owner_died(t, (h[2] & ~1ull) + h[1]);
}
