/*
 * Fast lane of threads: waiting on and waking a private word, the thread's id, the FS base.  No
 * libc, no TLS. -HOST_ERESTART sends a call to the full lane, which serves it from the start.
 */
#include <errno.h>
#include <linux/futex.h>

#include "abi/core/cpu_x64.h"
#include "abi/freebsd/fbsd.h"
#include "freebsd-amd64.h"

#define OP_WAIT_UINT_PRIVATE 15
#define OP_WAKE_PRIVATE	     16

#define AMD64_GET_FSBASE 128
#define AMD64_SET_FSBASE 129
#define USER_LIMIT	 0x800000000000ull

/* Without a time limit only: the host would count a relative one anew after each interruption. */
static long
wait_private(struct thread *t, const uint64_t *a)
{
	uint32_t now;
	long r;

	if (a[4] || a[2] >> 32)
		return -HOST_ERESTART;
	r = gm_load32(a[0], &now);
	if (r || now != (uint32_t)a[2])
		return r;
	r = host_block(t, SYS_futex, a[0], FUTEX_WAIT_PRIVATE, a[2], 0);
	if (r == -EINTR)
		return -HOST_ERESTART;
	return r == -EAGAIN ? 0 : r;
}

/* The kernel wakes one even when asked for none, and does not care what stands at the address. */
static long
wake_private(const uint64_t *a)
{
	int n = (int)a[2];

	if (gm_inside(a[0], 4))
		host_call(SYS_futex, a[0], FUTEX_WAKE_PRIVATE, n < 1 ? 1 : n);
	return 0;
}

long
fbsd_fast_umtx_op(struct thread *t, const uint64_t *a)
{
	if (a[0] & 3)
		return -HOST_ERESTART; /* the full lane makes something of it */
	switch ((uint32_t)a[1]) {
	case OP_WAIT_UINT_PRIVATE:
		return wait_private(t, a);
	case OP_WAKE_PRIVATE:
		return wake_private(a);
	}
	return -HOST_ERESTART;
}

long
fbsd_thr_self(struct thread *t, uint64_t id)
{
	int64_t tid = t->tid;

	return gm_write(id, &tid, sizeof(tid));
}

/* On this lane FS is still the guest's, in the CPU. */
long
fbsd_fast_sysarch(struct thread *t, const uint64_t *a)
{
	uint64_t base;

	switch ((uint32_t)a[0]) {
	case AMD64_GET_FSBASE:
		__asm__ volatile("rdfsbase %0" : "=r"(base));
		return gm_write(a[1], &base, sizeof(base));
	case AMD64_SET_FSBASE:
		if (gm_read(&base, a[1], sizeof(base)))
			return -EFAULT;
		if (base >= USER_LIMIT)
			return -EINVAL;
		__asm__ volatile("wrfsbase %0" : : "r"(base));
		return 0;
	}
	return -HOST_ERESTART;
}
