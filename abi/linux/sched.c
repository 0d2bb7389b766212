/*
 * Processors, priorities, names, timers of the process.
 * Source: Linux manual sched_setaffinity(2), getpriority(2), prctl(2), setitimer(2), getcpu(2).
 */
#include <errno.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>

#include "abi/core/gm.h"
#include "abi/linux/linux.h"
#include "linux-aarch64.h"

long
linux_sched_setaffinity(struct thread *t, int pid, uint64_t size, uint64_t mask)
{
	return gm_inside(mask, size) ? host_call(SYS_sched_setaffinity, pid, size, mask) : -EFAULT;
}

long
linux_getcpu(struct thread *t, uint64_t ret_cpu, uint64_t ret_node, uint64_t unused)
{
	uint32_t cpu, node;
	long r = host_call(SYS_getcpu, &cpu, &node, 0);

	if (r)
		return r;
	return (ret_cpu && gm_write(ret_cpu, &cpu, 4)) || (ret_node && gm_write(ret_node, &node, 4)) ? -EFAULT : 0;
}

#define NAME_BYTES 16

/* What changes nothing but how the host's kernel treats this thread or process; others are unknown options. */
long
linux_prctl(struct thread *t, int option, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	switch (option) {
	case PR_SET_NAME:
	case PR_GET_NAME:
		return gm_inside(a, NAME_BYTES) ? host_call(SYS_prctl, option, a) : -EFAULT;
	case PR_GET_PDEATHSIG:
	case PR_GET_CHILD_SUBREAPER:
		return gm_inside(a, 4) ? host_call(SYS_prctl, option, a) : -EFAULT;
	case PR_SET_PDEATHSIG:
	case PR_SET_CHILD_SUBREAPER:
	case PR_SET_DUMPABLE:
	case PR_GET_DUMPABLE:
	case PR_SET_NO_NEW_PRIVS:
	case PR_GET_NO_NEW_PRIVS:
	case PR_SET_TIMERSLACK:
	case PR_GET_TIMERSLACK:
	case PR_SET_KEEPCAPS:
	case PR_GET_KEEPCAPS:
	case PR_SET_THP_DISABLE:
	case PR_GET_THP_DISABLE:
		return host_call(SYS_prctl, option, a, b, c, d);
	}
	return -EINVAL;
}

/* The host's timers: their signal comes in like any other. */
long
linux_setitimer(struct thread *t, int which, uint64_t new, uint64_t old)
{
	struct itimerval in = { 0 }, out;
	long r;

	if (new && gm_read(&in, new, sizeof(in)))
		return -EFAULT;
	r = host_call(SYS_setitimer, which, &in, &out);
	return r == 0 && old && gm_write(old, &out, sizeof(out)) ? -EFAULT : r;
}

long
linux_getpriority(struct thread *t, int which, int who)
{
	return host_call(SYS_getpriority, which, who);
}

/* Pages that are in memory, a byte each. */
long
linux_mincore(struct thread *t, uint64_t at, uint64_t size, uint64_t ret_vec)
{
	uint64_t pages = GM_PAGE_UP(size) / GM_PAGE;

	if (at & (GM_PAGE - 1))
		return -EINVAL;
	if (!gm_inside(at, size))
		return -ENOMEM;
	return gm_inside(ret_vec, pages) ? host_call(SYS_mincore, at, size, ret_vec) : -EFAULT;
}
