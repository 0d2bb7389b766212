/*
 * Sockets: structures and numbers are the host's (include/uapi/asm-generic/socket.h has x86-64's values).
 * Source: Linux manual socket(2), accept(2), recv(2), send(2), getsockopt(2).
 */
#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "abi/core/fd.h"
#include "abi/linux/linux.h"
#include "linux-aarch64.h"

#define ADDRESS_MOST sizeof(struct sockaddr_storage)
#define IOV_MOST     1024

long
linux_socket(struct thread *t, int domain, int type, int protocol)
{
	return host_call(SYS_socket, domain, type, protocol);
}

/* Both or none. */
long
linux_socketpair(struct thread *t, int domain, int type, int protocol, uint64_t ret_fds)
{
	int fd[2];
	long r = host_call(SYS_socketpair, domain, type, protocol, fd);

	if (r)
		return r;
	if (fd[0] < fd_guest_soft() && fd[1] < fd_guest_soft() && !gm_write(ret_fds, fd, sizeof(fd)))
		return 0;
	r = fd[0] < fd_guest_soft() && fd[1] < fd_guest_soft() ? -EFAULT : -EMFILE;
	host_call(SYS_close, fd[0]);
	host_call(SYS_close, fd[1]);
	return r;
}

/* An address that is written, and its length: NULL, or room for both. */
static bool
address_fits(uint64_t addr, uint64_t len)
{
	return !addr || (gm_inside(addr, ADDRESS_MOST) && gm_inside(len, 4));
}

long
linux_accept4(struct thread *t, int fd, uint64_t addr, uint64_t len, int flags)
{
	if (fd_is_ours(fd))
		return -EBADF;
	return address_fits(addr, len) ? host_block(t, SYS_accept4, fd, addr, len, flags) : -EFAULT;
}

long
linux_accept(struct thread *t, int fd, uint64_t addr, uint64_t len)
{
	return linux_accept4(t, fd, addr, len, 0);
}

long
linux_getsockname(struct thread *t, int fd, uint64_t addr, uint64_t len)
{
	if (fd_is_ours(fd))
		return -EBADF;
	return addr && address_fits(addr, len) ? host_call(SYS_getsockname, fd, addr, len) : -EFAULT;
}

long
linux_getpeername(struct thread *t, int fd, uint64_t addr, uint64_t len)
{
	if (fd_is_ours(fd))
		return -EBADF;
	return addr && address_fits(addr, len) ? host_call(SYS_getpeername, fd, addr, len) : -EFAULT;
}

long
linux_sendto(struct thread *t, int fd, uint64_t buf, uint64_t n, int flags, uint64_t addr, uint32_t len)
{
	if (fd_is_ours(fd))
		return -EBADF;
	if (!gm_inside(buf, n) || (addr && !gm_inside(addr, len)))
		return -EFAULT;
	return host_block(t, SYS_sendto, fd, buf, n, flags, addr, len);
}

long
linux_recvfrom(struct thread *t, int fd, uint64_t buf, uint64_t n, int flags, uint64_t addr, uint64_t len)
{
	if (fd_is_ours(fd))
		return -EBADF;
	if (!gm_inside(buf, n) || !address_fits(addr, len))
		return -EFAULT;
	return host_block(t, SYS_recvfrom, fd, buf, n, flags, addr, len);
}

long
linux_setsockopt(struct thread *t, int fd, int level, int name, uint64_t val, int len)
{
	if (fd_is_ours(fd))
		return -EBADF;
	if (len > 0 && !gm_inside(val, (uint64_t)len))
		return -EFAULT;
	return host_call(SYS_setsockopt, fd, level, name, val, len);
}

long
linux_getsockopt(struct thread *t, int fd, int level, int name, uint64_t val, uint64_t len)
{
	uint32_t n;

	if (fd_is_ours(fd))
		return -EBADF;
	if (gm_load32(len, &n) || ((int32_t)n > 0 && !gm_inside(val, n)))
		return -EFAULT;
	return host_call(SYS_getsockopt, fd, level, name, val, len);
}

/* ---- messages ---- */

/* The host reads the guest's own structures; what they point to must be the guest's too. */
static long
check_message(uint64_t msg, struct msghdr *ret)
{
	struct iovec v;

	if (gm_read(ret, msg, sizeof(*ret)))
		return -EFAULT;
	if (ret->msg_iovlen > IOV_MOST)
		return -EMSGSIZE;
	if ((ret->msg_name && !gm_inside((uint64_t)ret->msg_name, ret->msg_namelen)) ||
	    (ret->msg_control && !gm_inside((uint64_t)ret->msg_control, ret->msg_controllen)))
		return -EFAULT;
	for (uint64_t i = 0; i < ret->msg_iovlen; i++)
		if (gm_read(&v, (uint64_t)(ret->msg_iov + i), sizeof(v)) || !gm_inside((uint64_t)v.iov_base, v.iov_len))
			return -EFAULT;
	return 0;
}

static long
message(struct thread *t, long nr, int fd, uint64_t msg, int flags)
{
	struct msghdr m;
	long r = fd_is_ours(fd) ? -EBADF : check_message(msg, &m);

	return r ? r : host_block(t, nr, fd, msg, flags);
}

long
linux_sendmsg(struct thread *t, int fd, uint64_t msg, int flags)
{
	return message(t, SYS_sendmsg, fd, msg, flags);
}

long
linux_recvmsg(struct thread *t, int fd, uint64_t msg, int flags)
{
	return message(t, SYS_recvmsg, fd, msg, flags);
}
