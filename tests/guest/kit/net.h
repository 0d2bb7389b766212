/*
 * What the tests of sockets share.  Sources: FreeBSD sys/syscall.h, sys/errno.h, sys/socket.h, sys/un.h, netinet/in.h,
 * sys/poll.h, sys/filio.h, sys/sockio.h.
 */
#pragma once

#include "fbsd.h"
#include "kit.h"

enum { SYS_recvmsg = 27, SYS_sendmsg, SYS_recvfrom, SYS_accept, SYS_getpeername, SYS_getsockname, SYS_ioctl = 54, SYS_select = 93,
       SYS_socket = 97, SYS_connect, SYS_bind = 104, SYS_setsockopt, SYS_listen, SYS_getsockopt = 118, SYS_sendto = 133, SYS_shutdown,
       SYS_socketpair, SYS_setfib = 175, SYS_kqueue = 362, SYS_sendfile = 393, SYS_pselect = 522, SYS_bindat = 538, SYS_connectat,
       SYS_accept4 = 541, SYS_ppoll = 545 };
enum { AF_UNIX = 1, AF_INET = 2, AF_INET6 = 28, SOCK_STREAM = 1, SOCK_DGRAM = 2, SOCK_RAW = 3, SOCK_SEQPACKET = 5,
       SOCK_CLOEXEC = 0x10000000, SOCK_NONBLOCK = 0x20000000 };
enum { EDOM = 33, NET_EINPROGRESS = 36, EALREADY, ENOTSOCK, EDESTADDRREQ, EMSGSIZE, EPROTOTYPE, ENOPROTOOPT,
       EPROTONOSUPPORT, NET_EOPNOTSUPP = 45, EAFNOSUPPORT = 47, EADDRINUSE, EADDRNOTAVAIL, ECONNABORTED = 53, ECONNRESET, ENOBUFS,
       EISCONN, ENOTCONN, ECONNREFUSED = 61, ENXIO = 6 };
enum { SOL_SOCKET = 0xffff, SOL_LOCAL = 0, IPPROTO_IP = 0, IPPROTO_TCP = 6, IPPROTO_UDP = 17, IPPROTO_IPV6 = 41 };
enum { MSG_OOB = 1, MSG_PEEK, MSG_DONTROUTE = 4, MSG_EOR = 8, MSG_TRUNC = 0x10, MSG_CTRUNC = 0x20, MSG_WAITALL = 0x40,
       MSG_DONTWAIT = 0x80, MSG_EOF = 0x100, MSG_NOSIGNAL = 0x20000, MSG_CMSG_CLOEXEC = 0x40000 };
enum { SCM_RIGHTS = 1, SCM_TIMESTAMP, SCM_CREDS, SCM_BINTIME, SCM_REALTIME, SCM_MONOTONIC, SCM_CREDS2 = 8 };
enum { POLLIN = 1, POLLPRI, POLLOUT = 4, POLLERR = 8, POLLHUP = 0x10, POLLNVAL = 0x20, POLLRDNORM = 0x40, POLLRDBAND = 0x80,
       POLLWRBAND = 0x100, POLLINIGNEOF = 0x2000, POLLRDHUP = 0x4000 };
enum { LOCAL_PEERCRED = 1, LOCAL_CREDS, LOCAL_CREDS_PERSISTENT };

struct sockaddr_in {
	uint8_t len, family;
	uint16_t port;
	uint32_t addr;
	uint8_t zero[8];
};
struct sockaddr_in6 {
	uint8_t len, family;
	uint16_t port;
	uint32_t flowinfo;
	uint8_t addr[16];
	uint32_t scope;
};
struct sockaddr_un {
	uint8_t len, family;
	char path[104];
};
_Static_assert(sizeof(struct sockaddr_in) == 16 && sizeof(struct sockaddr_in6) == 28 && sizeof(struct sockaddr_un) == 106, "sockaddr");

struct iovec {
	void *base;
	uint64_t len;
};
struct msghdr {
	void *name;
	uint32_t namelen;
	struct iovec *iov;
	int iovlen;
	void *control;
	uint32_t controllen;
	int flags;
};
struct cmsghdr {
	uint32_t len;
	int level, type;
};
_Static_assert(sizeof(struct msghdr) == 48 && sizeof(struct cmsghdr) == 12, "sys/socket.h");
struct pollfd {
	int fd;
	short events, revents;
};

/* sys/socket.h: header and data are aligned to 8. */
#define CMSG_ALIGN(n) (((n) + 7ul) & ~7ul)
#define CMSG_LEN(n)   (CMSG_ALIGN(sizeof(struct cmsghdr)) + (n))
#define CMSG_SPACE(n) (CMSG_ALIGN(sizeof(struct cmsghdr)) + CMSG_ALIGN(n))
#define CMSG_DATA(c)  ((void *)((char *)(c) + CMSG_ALIGN(sizeof(struct cmsghdr))))

static inline struct sockaddr_in
loopback(uint16_t port)
{
	return (struct sockaddr_in){16, AF_INET, port, 0x0100007f, {0}};
}

/** Write one control message at @at; what it takes. */
static inline uint32_t
cmsg_put(void *at, int level, int type, const void *data, uint32_t n)
{
	struct cmsghdr c = {(uint32_t)CMSG_LEN(n), level, type};

	memset(at, 0, CMSG_SPACE(n));
	memcpy(at, &c, sizeof(c));
	memcpy(CMSG_DATA(at), data, n);
	return (uint32_t)CMSG_SPACE(n);
}

/** One byte with control messages; the call's value. */
static inline int64_t
send_control(int s, void *control, uint32_t n)
{
	char byte = 'b';
	struct iovec iov = {&byte, 1};
	struct msghdr m = {0, 0, &iov, 1, control, n, 0};

	return sys(SYS_sendmsg, s, &m, 0);
}

/** Receive up to 16 bytes with room for @n bytes of messages; the call's value.  *ret has the lengths and flags. */
static inline int64_t
recv_control(int s, void *control, uint32_t n, int flags, struct msghdr *ret)
{
	char byte[16];
	struct iovec iov = {byte, sizeof(byte)};
	int64_t r;

	*ret = (struct msghdr){0, 0, &iov, 1, control, n, 0};
	r = sys(SYS_recvmsg, s, ret, flags);
	ret->iov = 0;
	return r;
}

static inline bool
is_open(int fd)
{
	return sys(SYS_fcntl, fd, 1 /* F_GETFD */, 0) >= 0;
}

/** The lowest number that is free, by taking it for a moment. */
static inline int
lowest_free(void)
{
	int fd = (int)sys(SYS_dup, 1);

	sys(SYS_close, fd);
	return fd;
}

/** A listener on the loopback and a connection to it: accepted in [0], connected in [1].  0 or -errno. */
static inline int64_t
tcp_pair(int fd[2])
{
	struct sockaddr_in a = loopback(0);
	uint32_t n = sizeof(a);
	int64_t l = sys(SYS_socket, AF_INET, SOCK_STREAM, 0), r;

	fd[1] = (int)sys(SYS_socket, AF_INET, SOCK_STREAM, 0);
	r = sys(SYS_bind, l, &a, 16);
	if (r == 0)
		r = sys(SYS_listen, l, 1);
	if (r == 0)
		r = sys(SYS_getsockname, l, &a, &n);
	if (r == 0)
		r = sys(SYS_connect, fd[1], &a, 16);
	if (r == 0)
		r = fd[0] = (int)sys(SYS_accept, l, 0, 0);
	sys(SYS_close, l);
	return r < 0 ? r : 0;
}

/** A datagram socket bound on the loopback, and another connected to it: [0] bound, [1] connected.  0 or -errno. */
static inline int64_t
udp_pair(int fd[2])
{
	struct sockaddr_in a = loopback(0);
	uint32_t n = sizeof(a);
	int64_t r;

	fd[0] = (int)sys(SYS_socket, AF_INET, SOCK_DGRAM, 0);
	fd[1] = (int)sys(SYS_socket, AF_INET, SOCK_DGRAM, 0);
	r = sys(SYS_bind, fd[0], &a, 16);
	if (r == 0)
		r = sys(SYS_getsockname, fd[0], &a, &n);
	return r ? r : sys(SYS_connect, fd[1], &a, 16);
}

static inline void
close_pair(const int fd[2])
{
	sys(SYS_close, fd[0]);
	sys(SYS_close, fd[1]);
}
