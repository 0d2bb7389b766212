/*
 * Sockets: making, naming, connecting, plain sending and receiving.
 * Source: FreeBSD manual socket(2), bind(2), connect(2), accept(2), send(2), recv(2), sendfile(2).
 */
#include "abi/freebsd/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "abi/core/fd.h"
#include "abi/core/path.h"
#include "abi/freebsd/kqueue.h"
#include "freebsd-amd64.h"

#define G_SOCK_CLOEXEC  0x10000000
#define G_SOCK_NONBLOCK 0x20000000
#define G_SOCK_CLOFORK  0x40000000

static bool
type_in(int guest, int *ret_host)
{
	int type = guest & ~(G_SOCK_CLOEXEC | G_SOCK_NONBLOCK);

	if (type < SOCK_STREAM || type > SOCK_SEQPACKET)
		return false;
	*ret_host = type | (guest & G_SOCK_CLOEXEC ? SOCK_CLOEXEC : 0) | (guest & G_SOCK_NONBLOCK ? SOCK_NONBLOCK : 0);
	return true;
}

/* An IPv6 socket does not take IPv4 connections unless it is told to: the opposite of Linux's default. */
static void
set_v6only(long fd)
{
	int on = 1;

	host_call(SYS_setsockopt, fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
}

long
fbsd_socket(struct thread *t, int domain, int type, int protocol)
{
	int family = fbsd_family_in(domain), h;
	long fd;

	if (family < 0)
		return -EAFNOSUPPORT;
	if (!type_in(type, &h))
		return -EPROTOTYPE;
	fd = host_call(SYS_socket, family, h, protocol);
	if (fd >= 0 && family == AF_INET6)
		set_v6only(fd);
	return fd == -ESOCKTNOSUPPORT ? -EPROTOTYPE : fd;
}

long
fbsd_socketpair(struct thread *t, int domain, int type, int protocol, uint64_t rsv)
{
	int family = fbsd_family_in(domain), h, fd[2];
	long r;

	if (family < 0)
		return -EAFNOSUPPORT;
	if (!type_in(type, &h))
		return -EPROTOTYPE;
	r = host_call(SYS_socketpair, family, h, protocol, fd);
	if (r == 0 && gm_write(rsv, fd, sizeof(fd))) {
		host_call(SYS_close, fd[0]);
		host_call(SYS_close, fd[1]);
		r = -EFAULT;
	}
	return r;
}

/* A path in the address follows the guest's root like any other. */
static long
with_address(struct thread *t, long nr, int fd, uint64_t addr, uint32_t len)
{
	struct sockaddr_storage ss;
	socklen_t n;
	int r;

	if (fd_is_ours(fd))
		return -EBADF;
	r = fbsd_sockaddr_in(t, addr, len, &ss, &n);
	return r ? r : host_block(t, nr, fd, &ss, n);
}

long
fbsd_bind(struct thread *t, int s, uint64_t name, int namelen)
{
	return with_address(t, SYS_bind, s, name, (uint32_t)namelen);
}

long
fbsd_connect(struct thread *t, int s, uint64_t name, int namelen)
{
	return with_address(t, SYS_connect, s, name, (uint32_t)namelen);
}

long
fbsd_listen(struct thread *t, int s, int backlog)
{
	if (fd_is_ours(s))
		return -EBADF;
	return host_call(SYS_listen, s, backlog < 0 ? 4096 : backlog);
}

static long
do_accept(struct thread *t, int s, uint64_t name, uint64_t lenp, int flags)
{
	struct sockaddr_storage ss;
	socklen_t n = sizeof(ss);
	long fd;

	if (fd_is_ours(s))
		return -EBADF;
	fd = host_block(t, SYS_accept4, s, &ss, &n, flags);
	if (fd >= 0 && fbsd_sockaddr_out(&ss, n, name, lenp)) {
		host_call(SYS_close, fd);
		return -EFAULT;
	}
	return fd;
}

/* accept inherits O_NONBLOCK and O_ASYNC from the listening socket; accept4 does not. */
long
fbsd_accept(struct thread *t, int s, uint64_t name, uint64_t anamelen)
{
	long fl = fd_is_ours(s) ? -EBADF : host_call(SYS_fcntl, s, F_GETFL), fd;

	if (fl < 0)
		return fl;
	fd = do_accept(t, s, name, anamelen, fl & O_NONBLOCK ? SOCK_NONBLOCK : 0);
	if (fd >= 0 && fl & O_ASYNC)
		host_call(SYS_fcntl, fd, F_SETFL, host_call(SYS_fcntl, fd, F_GETFL) | O_ASYNC);
	return fd;
}

long
fbsd_accept4(struct thread *t, int s, uint64_t name, uint64_t anamelen, int flags)
{
	if (flags & ~(G_SOCK_CLOEXEC | G_SOCK_NONBLOCK))
		return -EINVAL;
	return do_accept(t, s, name, anamelen,
	                 (flags & G_SOCK_CLOEXEC ? SOCK_CLOEXEC : 0) | (flags & G_SOCK_NONBLOCK ? SOCK_NONBLOCK : 0));
}

static long
name_of(long nr, int fd, uint64_t addr, uint64_t lenp)
{
	struct sockaddr_storage ss;
	socklen_t n = sizeof(ss);
	uint32_t room;
	long r;

	if (fd_is_ours(fd))
		return -EBADF;
	if (gm_load32(lenp, &room))
		return -EFAULT;
	r = host_call(nr, fd, &ss, &n);
	return r ? r : fbsd_sockaddr_out(&ss, n, addr, lenp);
}

long
fbsd_getsockname(struct thread *t, int fd, uint64_t asa, uint64_t alen)
{
	return name_of(SYS_getsockname, fd, asa, alen);
}

long
fbsd_getpeername(struct thread *t, int fd, uint64_t asa, uint64_t alen)
{
	return name_of(SYS_getpeername, fd, asa, alen);
}

long
fbsd_shutdown(struct thread *t, int s, int how)
{
	long r;

	if (fd_is_ours(s))
		return -EBADF;
	r = host_call(SYS_shutdown, s, how);
	if (r == 0 && how != SHUT_RD)
		fbsd_kq_shutdown(t, s);
	return r;
}

long
fbsd_sendto(struct thread *t, int s, uint64_t buf, uint64_t len, int flags, uint64_t to, int tolen)
{
	struct sockaddr_storage ss;
	socklen_t n = 0;
	int h, r = 0;

	if (fd_is_ours(s))
		return -EBADF;
	if (!fbsd_msg_in(flags, &h))
		return -EOPNOTSUPP;
	if (!gm_inside(buf, len))
		return -EFAULT;
	if (to)
		r = fbsd_sockaddr_in(t, to, (uint32_t)tolen, &ss, &n);
	if (r)
		return r;
	return host_block(t, SYS_sendto, s, buf, len, fbsd_send_flags(t, s, h), to ? &ss : NULL, n);
}

long
fbsd_recvfrom(struct thread *t, int s, uint64_t buf, uint64_t len, int flags, uint64_t from, uint64_t fromlenp)
{
	struct sockaddr_storage ss;
	socklen_t n = sizeof(ss);
	int h;
	long r;

	if (fd_is_ours(s))
		return -EBADF;
	if (!fbsd_msg_in(flags, &h))
		return -EOPNOTSUPP;
	if (!gm_inside(buf, len))
		return -EFAULT;
	r = host_block(t, SYS_recvfrom, s, buf, len, h & ~MSG_TRUNC, from ? &ss : NULL, from ? &n : NULL);
	if (r >= 0 && from && n && fbsd_sockaddr_out(&ss, n, from, fromlenp))
		return -EFAULT;
	return r;
}
