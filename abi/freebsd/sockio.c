/*
 * Sending and receiving without a message header.
 * Source: FreeBSD manual send(2), recv(2); sys/kern/uipc_syscalls.c, uipc_socket.c by their observable results.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>

#include "abi/core/fd.h"
#include "abi/freebsd/kqueue.h"
#include "abi/freebsd/signal.h"
#include "abi/freebsd/socket.h"
#include "freebsd-amd64.h"

#define G_MSG_NOSIGNAL   0x20000
#define HOST_TCP_CLOSE   7

bool
fbsd_never_connected(int fd)
{
	struct tcp_info ti = {0};
	socklen_t n = sizeof(ti);

	return host_call(SYS_getsockopt, fd, IPPROTO_TCP, TCP_INFO, &ti, &n) == 0 && ti.tcpi_state == HOST_TCP_CLOSE &&
	       ti.tcpi_segs_out == 0;
}

long
fbsd_send_done(struct thread *t, int fd, int guest_flags, long r)
{
	if (r == -EPIPE && fbsd_never_connected(fd))
		return -ENOTCONN;
	if (r == -EPIPE && !(guest_flags & G_MSG_NOSIGNAL) && !(fbsd_sockbits(t, fd) & FBSD_SB_NOSIGPIPE)) {
		struct gsiginfo si = fbsd_siginfo_from(t, FBSD_SIGPIPE, FBSD_SI_KERNEL);

		sig_post(t, t, &si, false);
	}
	if (r >= 0 && guest_flags & FBSD_MSG_EOF && host_call(SYS_shutdown, fd, SHUT_WR) == 0)
		fbsd_kq_shutdown(t, fd);
	return fbsd_recv_done(r);
}

long
fbsd_check_unconnected(int fd)
{
	struct sockaddr_storage ss;
	socklen_t n = sizeof(ss);

	if (host_call(SYS_getpeername, fd, &ss, &n))
		return 0;
	return fbsd_host_option(fd, SOL_SOCKET, SO_TYPE, SOCK_STREAM) == SOCK_DGRAM ? -EISCONN : 0;
}

long
fbsd_sendto(struct thread *t, int s, uint64_t buf, uint64_t len, int flags, uint64_t to, int tolen)
{
	struct fbsd_sockaddr a = {.own_fd = -1};
	int h;
	long r = 0;

	if (to)
		r = fbsd_sockaddr_in(t, AT_FDCWD, to, (uint32_t)tolen, false, &a);
	if (r)
		return r;
	if (fd_is_ours(s))
		r = -EBADF;
	else if (!fbsd_msg_in(flags, &h))
		r = -EOPNOTSUPP;
	else if (!gm_inside(buf, len))
		r = -EFAULT;
	else if (to)
		r = fbsd_check_unconnected(s);
	if (r == 0) {
		r = host_block(t, SYS_sendto, s, buf, len, h | MSG_NOSIGNAL, to ? &a.ss : NULL, to ? a.len : 0);
		if (to && r < 0)
			r = fbsd_sockaddr_error(s, &a, r);
		r = fbsd_send_done(t, s, flags, r);
	}
	if (to)
		fbsd_sockaddr_done(&a);
	return r;
}

/* A stream's data come without their sender's name. */
static socklen_t
sender_length(int fd, const struct sockaddr_storage *ss, socklen_t n)
{
	if (n && ss->ss_family == AF_UNIX && fbsd_host_option(fd, SOL_SOCKET, SO_TYPE, 0) == SOCK_STREAM)
		return 0;
	return n;
}

long
fbsd_recvfrom(struct thread *t, int s, uint64_t buf, uint64_t len, int flags, uint64_t from, uint64_t fromlenp)
{
	struct sockaddr_storage ss;
	socklen_t n = sizeof(ss);
	uint32_t room, none = 0;
	int h;
	long r;

	if (fromlenp && gm_read(&room, fromlenp, sizeof(room)))
		return -EFAULT;
	if (fd_is_ours(s))
		return -EBADF;
	if (!fbsd_msg_in(flags, &h))
		return -EOPNOTSUPP;
	if (!gm_inside(buf, len))
		return -EFAULT;
	r = host_block(t, SYS_recvfrom, s, buf, len, h & ~MSG_TRUNC, from ? &ss : NULL, from ? &n : NULL);
	if (r < 0 || !from || !fromlenp)
		return fbsd_recv_done(r);
	n = sender_length(s, &ss, n);
	if (n ? fbsd_sockaddr_out(t, &ss, n, from, fromlenp) : gm_write(fromlenp, &none, sizeof(none)))
		return -EFAULT;
	return r;
}
