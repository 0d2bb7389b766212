/*
 * sendmsg recvmsg: headers of 48 bytes.  Control messages: cmsg.c.
 * Source: FreeBSD sys/socket.h; send(2), recv(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "abi/core/fd.h"
#include "abi/freebsd/cmsg.h"
#include "abi/freebsd/iov.h"
#include "abi/freebsd/socket.h"
#include "freebsd-amd64.h"

struct fbsd_msghdr {
	uint64_t name;
	uint32_t namelen, pad0;
	uint64_t iov;
	int32_t iovlen, pad1;
	uint64_t control;
	uint32_t controllen;
	int32_t flags;
};
_Static_assert(sizeof(struct fbsd_msghdr) == 48, "msghdr");

#define CONTROL_MAX  2048u  /* what a guest may send: an mbuf cluster */
#define GIVE_MAX     16384u /* what it may be given */
#define HOST_CONTROL 8192u

/* Header and vector of one message; iov is FBSD_IOV_MAX long. */
static long
read_header(uint64_t at, struct fbsd_msghdr *g, struct iovec *iov, struct msghdr *h)
{
	long r = 0;

	memset(h, 0, sizeof(*h));
	if (gm_read(g, at, sizeof(*g)))
		return -EFAULT;
	if (g->iovlen < 0 || g->iovlen > FBSD_IOV_MAX)
		return -EMSGSIZE;
	if (g->iovlen > 0)
		r = fbsd_iov_get(g->iov, (uint32_t)g->iovlen, iov);
	h->msg_iov = iov;
	h->msg_iovlen = (size_t)g->iovlen;
	return r < 0 ? r : 0;
}

static long
send_control(struct thread *t, int s, const struct fbsd_msghdr *g, struct msghdr *h, int flags)
{
	uint8_t *buf;
	long r;

	if (!g->control)
		return host_block(t, SYS_sendmsg, s, h, flags);
	if (g->controllen < sizeof(struct fbsd_cmsghdr) || g->controllen > CONTROL_MAX)
		return -EINVAL;
	buf = calloc(1, 4u * CONTROL_MAX);
	if (!buf)
		return -ENOMEM;
	r = gm_read(buf, g->control, g->controllen);
	if (r == 0)
		r = fbsd_cmsg_in(t, fbsd_host_option(s, SOL_SOCKET, SO_DOMAIN, AF_UNIX),
		                 fbsd_host_option(s, SOL_SOCKET, SO_TYPE, SOCK_STREAM), buf, g->controllen, buf + CONTROL_MAX,
		                 3u * CONTROL_MAX);
	if (r >= 0) {
		h->msg_control = buf + CONTROL_MAX;
		h->msg_controllen = (size_t)r;
		r = host_block(t, SYS_sendmsg, s, h, flags);
	}
	free(buf);
	return r;
}

long
fbsd_sendmsg(struct thread *t, int s, uint64_t msg, int flags)
{
	struct iovec iov[FBSD_IOV_MAX];
	struct fbsd_sockaddr a = {.own_fd = -1};
	struct fbsd_msghdr g;
	struct msghdr h;
	int hf;
	long r = read_header(msg, &g, iov, &h);

	if (r == 0 && g.name)
		r = fbsd_sockaddr_in(t, AT_FDCWD, g.name, g.namelen, false, &a);
	if (r)
		return r;
	if (g.name) {
		h.msg_name = &a.ss;
		h.msg_namelen = a.len;
	}
	if (fd_is_ours(s))
		r = -EBADF;
	else if (!fbsd_msg_in(flags, &hf))
		r = -EOPNOTSUPP;
	else if (g.name)
		r = fbsd_check_unconnected(s);
	if (r == 0) {
		r = send_control(t, s, &g, &h, hf | MSG_NOSIGNAL);
		if (g.name && r < 0)
			r = fbsd_sockaddr_error(s, &a, r);
		r = fbsd_send_done(t, s, flags, r);
	}
	fbsd_sockaddr_done(&a);
	return r;
}

static long
give_control(struct thread *t, int s, struct fbsd_msghdr *g, struct msghdr *h, int *flags)
{
	uint32_t room = g->controllen < GIVE_MAX ? g->controllen : GIVE_MAX;
	uint8_t *ctl = calloc(1, GIVE_MAX);
	long r;

	if (!ctl)
		return -ENOMEM;
	g->controllen = fbsd_cmsg_out(t, s, h, ctl, g->control ? room : 0, flags);
	r = gm_write(g->control, ctl, g->controllen);
	if (r)
		fbsd_cmsg_discard(t, ctl, g->controllen);
	free(ctl);
	return r;
}

/* What was received, into the guest's header and what it points to.  The caller's flags come back among the others. */
static long
give(struct thread *t, int s, uint64_t msg, struct fbsd_msghdr *g, struct msghdr *h, int guest_flags)
{
	uint8_t name[FBSD_SOCKADDR_MAX];
	int flags = h->msg_flags & ~MSG_CMSG_CLOEXEC;
	long r = 0;

	if (g->name) {
		uint32_t n = h->msg_namelen ? fbsd_sockaddr_make(t, h->msg_name, h->msg_namelen, name) : 0;

		if (n && n < sizeof(name) && name[1] == FBSD_AF_UNIX &&
		    fbsd_host_option(s, SOL_SOCKET, SO_TYPE, SOCK_DGRAM) == SOCK_STREAM)
			n = 0; /* a stream's data have no sender's name */
		if (n > g->namelen)
			n = g->namelen;
		r = gm_write(g->name, name, n);
		g->namelen = n;
	}
	if (h->msg_controllen || g->control) {
		long e = give_control(t, s, g, h, &flags);

		r = r ? r : e;
	} else {
		g->controllen = 0;
	}
	if (!g->control)
		flags &= ~MSG_CTRUNC;
	g->flags = fbsd_msg_out(flags) | (guest_flags & ~FBSD_MSG_EOR);
	return r ? r : gm_write(msg, g, sizeof(*g));
}

long
fbsd_recvmsg(struct thread *t, int s, uint64_t msg, int flags)
{
	uint8_t control[HOST_CONTROL] __attribute__((aligned(8)));
	struct iovec iov[FBSD_IOV_MAX];
	struct sockaddr_storage ss;
	struct fbsd_msghdr g;
	struct msghdr h;
	long r = read_header(msg, &g, iov, &h), e;
	int hf;

	if (r)
		return r;
	if (fd_is_ours(s))
		return -EBADF;
	if (!fbsd_msg_in(flags, &hf))
		return -EOPNOTSUPP;
	h.msg_name = g.name ? &ss : NULL;
	h.msg_namelen = g.name ? sizeof(ss) : 0;
	h.msg_control = control;
	h.msg_controllen = g.control ? sizeof(control) : 0;
	r = host_block(t, SYS_recvmsg, s, &h, hf & ~MSG_TRUNC);
	if (r < 0)
		return fbsd_recv_done(r);
	e = give(t, s, msg, &g, &h, flags);
	return e ? e : r;
}
