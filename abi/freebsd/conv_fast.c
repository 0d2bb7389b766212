/* FreeBSD/amd64 results and the fast lane: no libc in here. */
#include <errno.h>

#include "abi/core/cpu_x64.h"
#include "abi/freebsd/fbsd.h"

/* Host errno (or GUEST_ERRNO) to the guest's number. */
static uint64_t
guest_errno(const struct errno_map *m, long e)
{
	if (e >= GUEST_ERRNO(0))
		return (uint64_t)(e - GUEST_ERRNO(0));
	if ((unsigned long)e < m->n && m->to_guest[e])
		return m->to_guest[e];
	return m->to_guest[EIO];
}

/* Success clears carry; failure sets it and leaves rdx alone (FreeBSD's cpu_set_syscall_retval). */
void
fbsd_amd64_set_result(struct thread *t, long r)
{
	struct cpu_x64 *c = t->cpu;

	if (r < 0 && r >= -HOST_ERR_MAX) {
		c->rax = guest_errno(t->task->pers->errnos, -r);
		c->rflags |= X64_CF;
		return;
	}
	c->rax = (uint64_t)r;
	c->rflags &= ~(uint64_t)X64_CF;
	if (t->has_ret2)
		c->rdx = t->ret2;
}

bool
fbsd_amd64_fast_result(struct thread *t, long r)
{
	if (r == -HOST_ERESTART)
		return false;
	fbsd_amd64_set_result(t, r);
	return true;
}
