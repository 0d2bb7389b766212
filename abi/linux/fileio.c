/*
 * Vectors, fcntl, ioctl.
 * Source: Linux manual section 2; ioctl_tty(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "abi/core/fd.h"
#include "abi/core/sets.h"
#include "abi/linux/linux.h"
#include "linux-aarch64.h"
#include "linux-sets.h"

#define IOV_MOST    1024
#define KERNEL_TERMIOS 36 /* struct termios of the kernel, 19 control characters */

static int
get_vector(uint64_t iov, uint64_t n, struct iovec *ret)
{
	if (n > IOV_MOST)
		return -EINVAL;
	if (gm_read(ret, iov, n * sizeof(*ret)))
		return -EFAULT;
	for (uint64_t i = 0; i < n; i++) {
		if ((int64_t)ret[i].iov_len < 0)
			return -EINVAL;
		if (!gm_inside((uint64_t)ret[i].iov_base, ret[i].iov_len))
			return -EFAULT;
	}
	return 0;
}

static long
vector_call(struct thread *t, long nr, int fd, uint64_t iov, uint64_t n)
{
	struct iovec v[IOV_MOST];
	int r = fd_is_ours(fd) ? -EBADF : get_vector(iov, n, v);

	return r ? r : host_block(t, nr, fd, v, n);
}

long
linux_readv(struct thread *t, int fd, uint64_t iov, uint64_t n)
{
	return vector_call(t, SYS_readv, fd, iov, n);
}

long
linux_writev(struct thread *t, int fd, uint64_t iov, uint64_t n)
{
	return vector_call(t, SYS_writev, fd, iov, n);
}

static long
file_flags(int fd, int cmd, uint64_t arg)
{
	uint64_t host = 0;
	long r;

	if (cmd == F_SETFL) {
		for (uint32_t bit = 4; bit; bit <<= 1)
			if (arg & bit && set_to_host(&linux_open_set, bit, &host))
				continue;
			else
				arg &= ~(uint64_t)bit;
		set_to_host(&linux_open_set, arg & 0xffffffff, &host);
		return host_call(SYS_fcntl, fd, F_SETFL, host);
	}
	r = host_call(SYS_fcntl, fd, F_GETFL);
	/* O_LARGEFILE is always set for 64-bit programs, and has no name in the set's host column */
	return r < 0 ? r : (long)(set_to_guest(&linux_open_set, (uint64_t)r & ~0x8000ull, NULL) | 0x20000);
}

long
linux_fcntl(struct thread *t, int fd, int cmd, uint64_t arg)
{
	if (fd_is_ours(fd))
		return -EBADF;
	switch (cmd) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		if ((int)arg < 0 || (int)arg >= fd_guest_soft())
			return -EINVAL;
		return linux_fd_new(t, host_call(SYS_fcntl, fd, cmd, arg));
	case F_GETFD:
	case F_SETFD:
	case F_GETPIPE_SZ:
	case F_SETPIPE_SZ:
	case F_GET_SEALS:
	case F_ADD_SEALS:
		return host_call(SYS_fcntl, fd, cmd, arg);
	case F_GETFL:
	case F_SETFL:
		return file_flags(fd, cmd, arg);
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		if (!gm_inside(arg, sizeof(struct flock)))
			return -EFAULT;
		return host_block(t, SYS_fcntl, fd, cmd, arg);
	}
	return -EINVAL;
}

/* Commands whose numbers and arguments are the host's: bytes behind the pointer, 0 for a plain number. */
static int
ioctl_size(uint32_t com)
{
	switch (com) {
	case TCGETS:
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
		return KERNEL_TERMIOS;
	case TIOCGWINSZ:
	case TIOCSWINSZ:
		return 8;
	case TIOCGPGRP:
	case TIOCSPGRP:
	case TIOCGSID:
	case FIONREAD:
	case FIONBIO:
	case TIOCOUTQ:
		return 4;
	case TCSBRK:
	case TCXONC:
	case TCFLSH:
	case FIOCLEX:
	case FIONCLEX:
	case TIOCSCTTY:
	case TIOCNOTTY:
		return 0;
	}
	return -ENOTTY;
}

long
linux_ioctl(struct thread *t, int fd, uint32_t com, uint64_t data)
{
	int size = ioctl_size(com);

	if (fd_is_ours(fd))
		return -EBADF;
	if (size > 0 && !gm_inside(data, (uint64_t)size))
		return -EFAULT;
	return size < 0 ? size : host_block(t, SYS_ioctl, fd, com, data);
}
