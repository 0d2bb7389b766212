/*
 * read write pread pwrite readv writev preadv pwritev: a vector is copied and every part checked before the host sees it.
 * Source: FreeBSD manual read(2), write(2).
 */
#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "abi/core/fd.h"
#include "abi/freebsd/iov.h"
#include "abi/freebsd/kqueue.h"
#include "abi/freebsd/socket.h"
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

/* Kqueues and process descriptors can be neither read nor written (invfo_rdwr): the host says EINVAL. */
static long
no_transfer(struct thread *t, long nr, int fd, long r)
{
	if (r != -EINVAL || (!fbsd_kq_is(t, fd) && host_call(SYS_pidfd_send_signal, fd, 0, 0, 0) == -EBADF))
		return r;
	return nr == SYS_read || nr == SYS_write || nr == SYS_readv || nr == SYS_writev ? -EOPNOTSUPP : -ESPIPE;
}

/* How much of @n fits at @offset (-1: where the descriptor stands) into an object that writes do not make longer. */
static uint64_t
room_at(struct thread *t, int fd, int64_t offset, uint64_t n)
{
	struct stat st;

	if (!fbsd_task(t)->odd_writes || !(fbsd_sockbits(t, fd) & FBSD_SB_FIXED) || fstat(fd, &st))
		return n;
	if (offset < 0)
		offset = host_call(SYS_lseek, fd, 0, SEEK_CUR);
	if (offset < 0)
		return n;
	if (offset >= st.st_size)
		return 0;
	return n < (uint64_t)(st.st_size - offset) ? n : (uint64_t)(st.st_size - offset);
}

/* The same for a vector, which is cut. */
static uint32_t
cut(struct thread *t, int fd, int64_t offset, struct iovec *iov, uint32_t n, uint64_t total)
{
	uint64_t room = room_at(t, fd, offset, total);

	for (uint32_t i = 0; i < n; i++) {
		if (iov[i].iov_len > room)
			iov[i].iov_len = room;
		room -= iov[i].iov_len;
	}
	return n;
}

static long
vector_call(struct thread *t, long nr, int fd, uint64_t at, uint32_t n, int64_t off)
{
	struct iovec iov[FBSD_IOV_MAX];
	long r;

	if (fd_is_ours(fd))
		return -EBADF;
	r = fbsd_iov_get(at, n, iov);
	if (r > 0 && nr == SYS_pwritev)
		cut(t, fd, off, iov, n, (uint64_t)r);
	return r < 0 ? r : no_transfer(t, nr, fd, host_block(t, nr, fd, iov, n, off, 0));
}

static long
transfer(struct thread *t, long nr, int fd, uint64_t buf, uint64_t n, int64_t offset)
{
	if (fd_is_ours(fd))
		return -EBADF;
	if (!gm_inside(buf, n))
		return (int64_t)n < 0 ? -EINVAL : -EFAULT;
	if (nr == SYS_write || nr == SYS_pwrite64)
		n = room_at(t, fd, nr == SYS_write ? -1 : offset, n);
	return no_transfer(t, nr, fd, host_block(t, nr, fd, buf, n, offset));
}

long
fbsd_read(struct thread *t, int fd, uint64_t buf, uint64_t n)
{
	return transfer(t, SYS_read, fd, buf, n, 0);
}

long
fbsd_pread(struct thread *t, int fd, uint64_t buf, uint64_t n, int64_t offset)
{
	return transfer(t, SYS_pread64, fd, buf, n, offset);
}

long
fbsd_pwrite(struct thread *t, int fd, uint64_t buf, uint64_t n, int64_t offset)
{
	return transfer(t, SYS_pwrite64, fd, buf, n, offset);
}

long
fbsd_write(struct thread *t, int fd, uint64_t buf, uint64_t n)
{
	if (!fd_is_ours(fd) && fbsd_keeps_quiet(t, fd) && gm_inside(buf, n))
		return fbsd_send_done(t, fd, 0, host_block(t, SYS_sendto, fd, buf, n, MSG_NOSIGNAL));
	return transfer(t, SYS_write, fd, buf, n, 0);
}

long
fbsd_write_vector(struct thread *t, int fd, const struct iovec *iov, uint32_t n)
{
	struct msghdr h = {.msg_iov = (struct iovec *)iov, .msg_iovlen = n};

	if (fbsd_keeps_quiet(t, fd))
		return fbsd_send_done(t, fd, 0, host_block(t, SYS_sendmsg, fd, &h, MSG_NOSIGNAL));
	return no_transfer(t, SYS_writev, fd, host_block(t, SYS_writev, fd, iov, n));
}

long
fbsd_readv(struct thread *t, int fd, uint64_t iovp, uint32_t n)
{
	return vector_call(t, SYS_readv, fd, iovp, n, 0);
}

long
fbsd_writev(struct thread *t, int fd, uint64_t iovp, uint32_t n)
{
	struct iovec iov[FBSD_IOV_MAX];
	long r;

	if (fd_is_ours(fd))
		return -EBADF;
	r = fbsd_iov_get(iovp, n, iov);
	return r < 0 ? r : fbsd_write_vector(t, fd, iov, cut(t, fd, -1, iov, n, (uint64_t)r));
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
