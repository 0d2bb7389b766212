/* write(2), which is the host's but for sockets with SO_NOSIGPIPE.  Fast lane: no libc in here. */
#include <errno.h>

#include "abi/core/fd.h"
#include "abi/freebsd/socket.h"
#include "freebsd-amd64.h"

static bool
keeps_quiet(struct thread *t, int fd)
{
	const struct fbsd_task *task = fbsd_task(t);

	return task->nosigpipe && fd >= 0 && fd < FBSD_SOCKBITS_FDS && task->sockbits[fd] & FBSD_SB_NOSIGPIPE;
}

long
fbsd_fast_write(struct thread *t, const uint64_t *a)
{
	if (keeps_quiet(t, (int)a[0]))
		return -HOST_ERESTART;
	if (fd_is_ours((int)a[0]))
		return -EBADF;
	if (!gm_inside(a[1], a[2]))
		return (int64_t)a[2] < 0 ? -EINVAL : -EFAULT;
	return host_block(t, SYS_write, (int)a[0], a[1], a[2]);
}
