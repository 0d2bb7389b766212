/*
 * Descriptors as numbers: close dup dup2 close_range pipe, and who is told.
 *
 * KNOWN LIMITS: a pipe carries data from its second descriptor to its first and not back, though both say O_RDWR.  A pair of
 * stream sockets would carry both ways, but show a capacity that small writes use up at once, ECONNRESET where data was left
 * unread, other poll events, and names that native children cannot open again; pipe(2) tells programs not to rely on the
 * second direction.
 * Source: FreeBSD manual close(2), close_range(2), dup(2), pipe(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>

#include "abi/core/fd.h"
#include "abi/freebsd/aio.h"
#include "abi/freebsd/file.h"
#include "abi/freebsd/kqueue.h"
#include "abi/freebsd/procdesc.h"
#include "abi/freebsd/socket.h"
#include "freebsd-amd64.h"
#include "freebsd-sets.h"

/* Whoever keeps something by descriptor number is told here, and nowhere else. */
void
fbsd_fd_closed(struct thread *t, int fd)
{
	fbsd_kq_fd_closed(t, fd);
	fbsd_aio_fd_closed(t, fd);
	fbsd_pd_fd_closed(t, fd);
	if (fbsd_sockbits(t, fd))
		fbsd_sockbits_set(t, fd, FBSD_SB_ALL, 0);
}

void
fbsd_fd_duped(struct thread *t, int from, int to)
{
	uint16_t bits = fbsd_sockbits(t, from);

	fbsd_kq_fd_duped(t, from, to);
	fbsd_pd_fd_duped(t, from, to);
	if (bits)
		fbsd_sockbits_set(t, to, FBSD_SB_ALL, bits);
}

void
fbsd_fd_range_closed(struct thread *t, int low, int high)
{
	for (int fd = low; fd <= high; fd++)
		fbsd_fd_closed(t, fd);
}

long
fbsd_fd_new(struct thread *t, long r)
{
	if (r < fd_guest_soft())
		return r;
	fbsd_fd_closed(t, (int)r);
	host_call(SYS_close, r);
	return -EMFILE;
}

long
fbsd_fd_new_pair(struct thread *t, long r, const int fd[2])
{
	if (r || (fd[0] < fd_guest_soft() && fd[1] < fd_guest_soft()))
		return r;
	for (int i = 0; i < 2; i++) {
		fbsd_fd_closed(t, fd[i]);
		host_call(SYS_close, fd[i]);
	}
	return -EMFILE;
}

/* Linux has released the number even when it reports EINTR. */
long
fbsd_close(struct thread *t, int fd)
{
	long r;

	if (!fbsd_fd_usable(fd))
		return -EBADF;
	fbsd_fd_closed(t, fd);
	r = host_call(SYS_close, fd);
	return r == -EINTR ? 0 : r;
}

#define FBSD_CLOSE_RANGE_CLOEXEC 4

long
fbsd_close_range(struct thread *t, uint32_t low, uint32_t high, int flags)
{
	uint32_t end = (uint32_t)fd_guest_limit() - 1;

	if (flags & ~FBSD_CLOSE_RANGE_CLOEXEC || high < low)
		return -EINVAL;
	if (low > end)
		return 0;
	if (high > end)
		high = end;
	if (!(flags & FBSD_CLOSE_RANGE_CLOEXEC))
		fbsd_fd_range_closed(t, (int)low, (int)high);
	return host_call(SYS_close_range, low, high, flags & FBSD_CLOSE_RANGE_CLOEXEC ? CLOSE_RANGE_CLOEXEC : 0);
}

long
fbsd_freebsd12_closefrom(struct thread *t, int low)
{
	return fbsd_close_range(t, low < 0 ? 0 : (uint32_t)low, UINT32_MAX, 0);
}

long
fbsd_dup(struct thread *t, uint32_t fd)
{
	long r = fbsd_fd_usable((int)fd) ? host_call(SYS_dup, fd) : -EBADF;

	if (r >= 0)
		fbsd_fd_duped(t, (int)fd, (int)r);
	return r;
}

long
fbsd_dup2(struct thread *t, uint32_t from, uint32_t to)
{
	long r;

	if (!fbsd_fd_usable((int)from) || to >= (uint32_t)fd_guest_soft() || host_call(SYS_fcntl, from, F_GETFD) < 0)
		return -EBADF;
	if (from == to)
		return to;
	fbsd_fd_closed(t, (int)to);
	r = host_call(SYS_dup3, from, to, 0);
	if (r >= 0)
		fbsd_fd_duped(t, (int)from, (int)to);
	return r;
}

#define PIPE_FLAGS_KNOWN 0x100004u /* O_CLOEXEC | O_NONBLOCK */

long
fbsd_pipe2(struct thread *t, uint64_t fdp, uint32_t flags)
{
	int fd[2];
	uint64_t h;
	long r;

	if (flags & ~PIPE_FLAGS_KNOWN || !set_to_host(&fbsd_open_set, flags, &h))
		return -EINVAL;
	r = fbsd_fd_new_pair(t, host_call(SYS_pipe2, fd, h), fd);
	if (r == 0 && gm_write(fdp, fd, sizeof(fd))) {
		host_call(SYS_close, fd[0]);
		host_call(SYS_close, fd[1]);
		r = -EFAULT;
	}
	return r;
}

long
fbsd_freebsd10_pipe(struct thread *t)
{
	int fd[2];
	long r = fbsd_fd_new_pair(t, host_call(SYS_pipe2, fd, 0), fd);

	if (r)
		return r;
	t->has_ret2 = true;
	t->ret2 = (uint64_t)fd[1];
	return fd[0];
}
