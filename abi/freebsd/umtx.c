/*
 * _umtx_op and the two calls before it: dispatch.  Facts: see umtx.h.
 *
 * Refused: the forms for 32-bit programs (bits 0x40000000 and 0x80000000 of the operation).
 */
#include "abi/freebsd/umtx.h"

#include <errno.h>

#include "freebsd-amd64.h"

#define OP_FOREIGN_LAYOUT 0xc0000000u

static long
get_min_timeout(struct thread *t, const uint64_t *a)
{
	int64_t ns = (int64_t)fbsd_task(t)->umtx->min_timeout;

	return gm_write(a[3], &ns, sizeof(ns));
}

static long
set_min_timeout(struct thread *t, const uint64_t *a)
{
	if ((int64_t)a[2] < 0)
		return -EINVAL;
	fbsd_task(t)->umtx->min_timeout = a[2];
	return 0;
}

/* By operation number. */
static sys_serve_fn *const ops[] = {
    umtx_op_lock,	   umtx_op_unlock,	  umtx_op_wait,		umtx_op_wake,
    umtx_op_mutex_trylock, umtx_op_mutex_lock,	  umtx_op_mutex_unlock, umtx_op_set_ceiling,
    umtx_op_cv_wait,	   umtx_op_cv_signal,	  umtx_op_cv_broadcast, umtx_op_wait_uint,
    umtx_op_rw_rdlock,	   umtx_op_rw_wrlock,	  umtx_op_rw_unlock,	umtx_op_wait_uint_private,
    umtx_op_wake_private,  umtx_op_mutex_wait,	  umtx_op_mutex_wake,	umtx_op_sem_wait,
    umtx_op_sem_wake,	   umtx_op_nwake_private, umtx_op_mutex_wake2,	umtx_op_sem2_wait,
    umtx_op_sem2_wake,	   umtx_op_shm,		  umtx_op_robust_lists, get_min_timeout,
    set_min_timeout,
};

long
fbsd_umtx_op(struct thread *t, uint64_t obj, int op, uint64_t val, uint64_t uaddr1, uint64_t uaddr2)
{
	const uint64_t a[5] = {obj, (uint64_t)op, val, uaddr1, uaddr2};
	uint32_t n = (uint32_t)op;

	if (n & OP_FOREIGN_LAYOUT || n >= sizeof(ops) / sizeof(ops[0]))
		return -EINVAL;
	return ops[n](t, a);
}
