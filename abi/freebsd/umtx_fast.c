/*
 * Fast lane of threads: waiting on and waking a private word, the thread's id, the FS base.  No libc, no TLS.
 */
#include <errno.h>
#include <linux/futex.h>

#include "abi/core/guard.h"
#include "abi/freebsd/fbsd.h"
#include "abi/freebsd/fast.h"

#define OP_WAIT_UINT_PRIVATE 15
#define OP_WAKE_PRIVATE      16

/* Only what cannot fail half-way: the full lane serves the call again from the start. */
static long
wait_private(struct thread *t, const uint64_t *a)
{
	uint32_t now;
	long r;

	if (a[4] || a[2] >> 32 || a[0] & 3 || !gm_inside(a[0], 4))
		return -HOST_ERESTART;
	if (guard_load32((const void *)a[0], &now))
		return -EFAULT;
	if (now != (uint32_t)a[2])
		return 0;
	r = host_block(t, SYS_futex, a[0], FUTEX_WAIT_PRIVATE, a[2], 0);
	if (r == -EINTR || r == -HOST_ERESTART)
		return -HOST_ERESTART;
	return r == -EAGAIN ? 0 : r;
}

static long
wake_private(const uint64_t *a)
{
	int n = (int)a[2];

	if (a[0] & 3 || !gm_inside(a[0], 4))
		return -HOST_ERESTART;
	host_call(SYS_futex, a[0], FUTEX_WAKE_PRIVATE, n < 1 ? 1 : n);
	return 0;
}

long
fbsd_fast__umtx_op(struct thread *t, const uint64_t *a)
{
	switch ((uint32_t)a[1]) {
	case OP_WAIT_UINT_PRIVATE:
		return wait_private(t, a);
	case OP_WAKE_PRIVATE:
		return wake_private(a);
	}
	return -HOST_ERESTART;
}

long
fbsd_fast_thr_self(struct thread *t, const uint64_t *a)
{
	if (!gm_inside(a[0], 8) || guard_store64((void *)a[0], (uint64_t)t->tid))
		return -EFAULT;
	return 0;
}
