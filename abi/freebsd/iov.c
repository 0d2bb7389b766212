/*
 * readv writev preadv pwritev: the vector is copied and every part checked before the host sees it.
 * Source: FreeBSD manual read(2), write(2).
 */
#include <errno.h>
#include <limits.h>
#include <sys/uio.h>

#include "abi/core/fd.h"
#include "abi/freebsd/iov.h"
#include "freebsd-amd64.h"

long
fbsd_iov_get(uint64_t at, uint32_t n, struct iovec *iov)
{
	uint64_t total = 0;

	if (n == 0 || n > FBSD_IOV_MAX)
		return -EINVAL;
	if (gm_read(iov, at, n * sizeof(*iov)))
		return -EFAULT;
	for (uint32_t i = 0; i < n; i++) {
		total += iov[i].iov_len;
		if (iov[i].iov_len > SSIZE_MAX || total > SSIZE_MAX)
			return -EINVAL;
		if (!gm_inside((uint64_t)iov[i].iov_base, iov[i].iov_len))
			return -EFAULT;
	}
	return (long)total;
}

static long
vector_call(struct thread *t, long nr, int fd, uint64_t at, uint32_t n, int64_t off)
{
	struct iovec iov[FBSD_IOV_MAX];
	long r;

	if (fd_is_ours(fd))
		return -EBADF;
	r = fbsd_iov_get(at, n, iov);
	return r < 0 ? r : host_block(t, nr, fd, iov, n, off, 0);
}

long
fbsd_readv(struct thread *t, int fd, uint64_t iovp, uint32_t n)
{
	return vector_call(t, SYS_readv, fd, iovp, n, 0);
}

long
fbsd_writev(struct thread *t, int fd, uint64_t iovp, uint32_t n)
{
	return vector_call(t, SYS_writev, fd, iovp, n, 0);
}

long
fbsd_preadv(struct thread *t, int fd, uint64_t iovp, uint32_t n, int64_t offset)
{
	return offset < 0 ? -EINVAL : vector_call(t, SYS_preadv, fd, iovp, n, offset);
}

long
fbsd_pwritev(struct thread *t, int fd, uint64_t iovp, uint32_t n, int64_t offset)
{
	return offset < 0 ? -EINVAL : vector_call(t, SYS_pwritev, fd, iovp, n, offset);
}
