/*
 * Sockets: making, naming, connecting.
 *
 * KNOWN LIMITS: SO_SNDTIMEO limits a blocking connect, which FreeBSD's does not.
 * Source: FreeBSD manual socket(2), bind(2), bindat(2), connect(2), connectat(2), accept(2), listen(2), shutdown(2);
 * sys/kern/uipc_syscalls.c by its observable results.
 */
#include "abi/freebsd/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "abi/core/fd.h"
#include "abi/freebsd/file.h"
#include "abi/freebsd/kqueue.h"
#include "freebsd-amd64.h"

#define G_SOCK_CLOEXEC  0x10000000
#define G_SOCK_NONBLOCK 0x20000000
#define BACKLOG_MAX     4096 /* a negative backlog means the system's limit, and the host lowers this one to its own */
#define ANY             (-1)

/* What FreeBSD's GENERIC kernel has; the host has other protocols that a program must not find. */
static const struct protocol {
	uint8_t family, type;
	int16_t number; /* ANY: the host decides */
} protocols[] = {
    {AF_UNIX, SOCK_STREAM, 0},
    {AF_UNIX, SOCK_DGRAM, 0},
    {AF_UNIX, SOCK_SEQPACKET, 0},
    {AF_INET, SOCK_STREAM, 0},
    {AF_INET, SOCK_STREAM, IPPROTO_TCP},
    {AF_INET, SOCK_DGRAM, 0},
    {AF_INET, SOCK_DGRAM, IPPROTO_UDP},
    {AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE},
    {AF_INET, SOCK_RAW, ANY},
    {AF_INET6, SOCK_STREAM, 0},
    {AF_INET6, SOCK_STREAM, IPPROTO_TCP},
    {AF_INET6, SOCK_DGRAM, 0},
    {AF_INET6, SOCK_DGRAM, IPPROTO_UDP},
    {AF_INET6, SOCK_DGRAM, IPPROTO_UDPLITE},
    {AF_INET6, SOCK_RAW, ANY},
};

static bool
is_known(int family, int type, int protocol)
{
	for (unsigned i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
		const struct protocol *p = &protocols[i];

		if (p->family != family || p->type != type)
			continue;
		if (p->number == protocol || (p->number == ANY && protocol >= 0 && protocol < IPPROTO_MAX))
			return true;
	}
	return false;
}

/* Arguments of socket and socketpair for the host; 0 or -errno. */
static long
kind_in(int domain, int gtype, int protocol, int *ret_family, int *ret_type)
{
	int type = gtype & ~(G_SOCK_CLOEXEC | G_SOCK_NONBLOCK);

	*ret_family = fbsd_family_in(domain);
	if (*ret_family <= 0)
		return -EAFNOSUPPORT;
	if (!is_known(*ret_family, type, protocol))
		return protocol == 0 && type != 0 ? -EPROTOTYPE : -EPROTONOSUPPORT;
	*ret_type = type | (gtype & G_SOCK_CLOEXEC ? SOCK_CLOEXEC : 0) | (gtype & G_SOCK_NONBLOCK ? SOCK_NONBLOCK : 0);
	return 0;
}

int
fbsd_host_option(int fd, int level, int name, int otherwise)
{
	int v = otherwise;
	socklen_t n = sizeof(v);

	return host_call(SYS_getsockopt, fd, level, name, &v, &n) == 0 ? v : otherwise;
}

long
fbsd_socket(struct thread *t, int domain, int type, int protocol)
{
	int family, h, on = 1;
	long fd = kind_in(domain, type, protocol, &family, &h);

	(void)t;
	if (fd)
		return fd;
	fd = host_call(SYS_socket, family, h, protocol);
	/* An IPv6 socket takes no IPv4 connections unless it is told to: the opposite of Linux's default. */
	if (fd >= 0 && family == AF_INET6)
		host_call(SYS_setsockopt, fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	return fd;
}

long
fbsd_socketpair(struct thread *t, int domain, int type, int protocol, uint64_t rsv)
{
	int family, h, fd[2];
	long r = kind_in(domain, type, protocol, &family, &h);

	(void)t;
	if (r)
		return r;
	r = fbsd_fd_new_pair(t, host_call(SYS_socketpair, family, h, protocol, fd), fd);
	if (r == 0 && gm_write(rsv, fd, sizeof(fd))) {
		host_call(SYS_close, fd[0]);
		host_call(SYS_close, fd[1]);
		r = -EFAULT;
	}
	return r;
}

/* A wrong descriptor is an error before a wrong family is. */
static long
check_socket(int fd)
{
	int v;
	socklen_t n = sizeof(v);

	return fd < 0 || fd_is_ours(fd) ? -EBADF : host_call(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &v, &n);
}

static long
address_in(struct thread *t, int dirfd, int fd, uint64_t addr, int len, bool creates, struct fbsd_sockaddr *ret)
{
	int r = fbsd_sockaddr_in(t, dirfd, addr, (uint32_t)len, creates, ret);
	long e = r != -EFAULT && r != -ENAMETOOLONG && len >= 2 ? check_socket(fd) : 0;

	return e ? e : r;
}

/* A socket that has a name is told so before its new name is looked at. */
static bool
is_named(int fd)
{
	struct sockaddr_storage ss;
	socklen_t n = sizeof(ss);

	return host_call(SYS_getsockname, fd, &ss, &n) == 0 && n > sizeof(sa_family_t);
}

static long
do_bind(struct thread *t, int dirfd, int fd, uint64_t addr, int len)
{
	struct fbsd_sockaddr a;
	long r = address_in(t, dirfd, fd, addr, len, true, &a);

	if (r)
		return r;
	if (dirfd != AT_FDCWD && a.ss.ss_family != AF_UNIX)
		r = -EOPNOTSUPP;
	else if (a.ss.ss_family == AF_UNIX && is_named(fd))
		r = -EINVAL;
	else
		r = fbsd_sockaddr_error(fd, &a, host_call(SYS_bind, fd, &a.ss, a.len));
	fbsd_sockaddr_done(&a);
	return r;
}

long
fbsd_bind(struct thread *t, int s, uint64_t name, int namelen)
{
	return do_bind(t, AT_FDCWD, s, name, namelen);
}

long
fbsd_bindat(struct thread *t, int fd, int s, uint64_t name, int namelen)
{
	return do_bind(t, fd, s, name, namelen);
}

/*
 * An address of no family dissolves a datagram socket's association and is an error all the same; a stream's connection
 * it leaves alone.
 */
static long
dissolve(int fd, const struct fbsd_sockaddr *a)
{
	if (fbsd_host_option(fd, SOL_SOCKET, SO_TYPE, SOCK_STREAM) == SOCK_DGRAM)
		host_call(SYS_connect, fd, &a->ss, a->len);
	return -EAFNOSUPPORT;
}

static bool
is_connecting(int fd)
{
	uint8_t state = 0;
	socklen_t n = sizeof(state);

	return host_call(SYS_getsockopt, fd, IPPROTO_TCP, TCP_INFO, &state, &n) == 0 && state == TCP_SYN_SENT;
}

/*
 * A signal that ends the wait is never followed by a restart; the connection goes on being made, and to ask for it once
 * more is EALREADY, where Linux would wait for it.
 */
static long
do_connect(struct thread *t, int dirfd, int fd, uint64_t addr, int len)
{
	struct fbsd_sockaddr a;
	long r = address_in(t, dirfd, fd, addr, len, false, &a);

	if (r)
		return r;
	if (a.ss.ss_family == AF_UNSPEC)
		r = dissolve(fd, &a);
	else if (dirfd != AT_FDCWD && a.ss.ss_family != AF_UNIX)
		r = -EOPNOTSUPP;
	else if (!t->in_restart && a.ss.ss_family != AF_UNIX && is_connecting(fd))
		r = -EALREADY;
	else
		r = fbsd_sockaddr_error(fd, &a, host_block(t, SYS_connect, fd, &a.ss, a.len));
	fbsd_sockaddr_done(&a);
	return r == -HOST_ERESTART ? -EINTR : r;
}

long
fbsd_connect(struct thread *t, int s, uint64_t name, int namelen)
{
	return do_connect(t, AT_FDCWD, s, name, namelen);
}

long
fbsd_connectat(struct thread *t, int fd, int s, uint64_t name, int namelen)
{
	return do_connect(t, fd, s, name, namelen);
}

long
fbsd_listen(struct thread *t, int s, int backlog)
{
	struct sockaddr_storage ss;
	socklen_t n = sizeof(ss);
	long r;

	(void)t;
	if (fd_is_ours(s))
		return -EBADF;
	r = host_call(SYS_listen, s, backlog < 0 ? BACKLOG_MAX : backlog);
	if (r == -EINVAL && !is_named(s) && fbsd_host_option(s, SOL_SOCKET, SO_DOMAIN, 0) == AF_UNIX &&
	    host_call(SYS_getpeername, s, &ss, &n))
		return -EDESTADDRREQ;
	return r;
}

/* SO_RCVTIMEO limits no accept on FreeBSD: a blocking socket's EAGAIN is the host's time-out. */
static long
wait_connection(struct thread *t, int s, struct sockaddr_storage *ss, socklen_t *n, int flags)
{
	for (;;) {
		long r = host_block(t, SYS_accept4, s, ss, n, flags);

		if (r != -EAGAIN || host_call(SYS_fcntl, s, F_GETFL) & O_NONBLOCK)
			return r;
	}
}

static long
do_accept(struct thread *t, int s, uint64_t name, uint64_t lenp, int flags)
{
	struct sockaddr_storage ss;
	socklen_t n = sizeof(ss);
	uint32_t room;
	uint16_t bits;
	long fd;

	if (name && gm_read(&room, lenp, sizeof(room)))
		return -EFAULT;
	if (fd_is_ours(s))
		return -EBADF;
	if (name && (int32_t)room < 0)
		return -EINVAL;
	if (fd_full())
		return -EMFILE; /* before a connection is taken */
	fd = wait_connection(t, s, &ss, &n, flags);
	if (fd == -EOPNOTSUPP)
		return -EINVAL;
	if (fd < 0)
		return fbsd_recv_done(fd);
	if (fbsd_sockaddr_out(t, &ss, n, name, lenp)) {
		host_call(SYS_close, fd);
		return -EFAULT;
	}
	bits = fbsd_sockbits(t, s);
	if (bits)
		fbsd_sockbits_set(t, (int)fd, FBSD_SB_ALL, bits);
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
name_of(struct thread *t, long nr, int fd, uint64_t addr, uint64_t lenp)
{
	struct sockaddr_storage ss;
	socklen_t n = sizeof(ss);
	uint32_t room;
	long r;

	if (gm_read(&room, lenp, sizeof(room)))
		return -EFAULT;
	if (fd_is_ours(fd))
		return -EBADF;
	if ((int32_t)room < 0)
		return -EINVAL;
	r = host_call(nr, fd, &ss, &n);
	if (r)
		return r;
	return addr ? fbsd_sockaddr_out(t, &ss, n, addr, lenp) : -EFAULT;
}

long
fbsd_getsockname(struct thread *t, int fd, uint64_t asa, uint64_t alen)
{
	return name_of(t, SYS_getsockname, fd, asa, alen);
}

long
fbsd_getpeername(struct thread *t, int fd, uint64_t asa, uint64_t alen)
{
	return name_of(t, SYS_getpeername, fd, asa, alen);
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

/* There is one routing table. */
long
fbsd_setfib(struct thread *t, int fibnum)
{
	(void)t;
	return fibnum == 0 ? 0 : -EINVAL;
}
