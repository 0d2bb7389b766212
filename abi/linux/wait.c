/*
 * Children: wait4, waitid.  Status words and siginfo have the host's layout; numbers of signals are the same.
 * Source: Linux manual wait4(2), waitid(2).
 */
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

#include "abi/linux/linux.h"
#include "linux-aarch64.h"

static long
restarts(long r)
{
	return r == -EINTR ? -HOST_ERESTART : r;
}

long
linux_wait4(struct thread *t, int pid, uint64_t ret_status, int options, uint64_t ret_usage)
{
	struct rusage ru;
	int status = 0;
	long r = restarts(host_block(t, SYS_wait4, pid, &status, options, ret_usage ? &ru : NULL));

	if (r <= 0)
		return r;
	if (ret_status && gm_write(ret_status, &status, sizeof(status)))
		return -EFAULT;
	return ret_usage && gm_write(ret_usage, &ru, sizeof(ru)) ? -EFAULT : r;
}

long
linux_waitid(struct thread *t, int which, int id, uint64_t info, int options, uint64_t ret_usage)
{
	siginfo_t si = { 0 };
	struct rusage ru;
	long r = restarts(host_block(t, SYS_waitid, which, id, &si, options, ret_usage ? &ru : NULL));

	if (r < 0)
		return r;
	/* a field of its own is written, not the whole of it: no child changed is a number of 0 */
	if (info && gm_write(info, &si, 28))
		return -EFAULT;
	return ret_usage && si.si_pid && gm_write(ret_usage, &ru, sizeof(ru)) ? -EFAULT : 0;
}
