/*
 * read(2), write(2) and their positioned forms, which are the host's but for descriptors that remember something (sockbits.c) and for errors that
 * need a look.  Fast lane: no libc in here.
 */
#include <errno.h>

#include "abi/core/fd.h"
#include "abi/freebsd/socket.h"
#include "freebsd-amd64.h"

static bool
is_odd(struct thread *t, int fd)
{
	const struct fbsd_task *task = fbsd_task(t);

	return task->odd_writes && fd >= 0 && fd < FBSD_SOCKBITS_FDS && task->sockbits[fd] & (FBSD_SB_NOSIGPIPE | FBSD_SB_FIXED);
}

static inline long
transfer(struct thread *t, long nr, const uint64_t *a)
{
	long r;

	if (fd_is_ours((int)a[0]))
		return -EBADF;
	if (!gm_inside(a[1], a[2]))
		return (int64_t)a[2] < 0 ? -EINVAL : -EFAULT;
	r = host_block(t, nr, (int)a[0], a[1], a[2], a[3]);
	return r == -EINVAL ? -HOST_ERESTART : r;
}

long
fbsd_fast_write(struct thread *t, const uint64_t *a)
{
	return is_odd(t, (int)a[0]) ? -HOST_ERESTART : transfer(t, SYS_write, a);
}

long
fbsd_fast_read(struct thread *t, const uint64_t *a)
{
	return transfer(t, SYS_read, a);
}

long
fbsd_fast_pread(struct thread *t, const uint64_t *a)
{
	return transfer(t, SYS_pread64, a);
}

long
fbsd_fast_pwrite(struct thread *t, const uint64_t *a)
{
	return is_odd(t, (int)a[0]) ? -HOST_ERESTART : transfer(t, SYS_pwrite64, a);
}
