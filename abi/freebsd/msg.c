/*
 * sendmsg recvmsg: headers of 48 bytes, control messages with 12-byte headers, rights and credentials.
 * Source: FreeBSD sys/socket.h; recv(2), unix(4).
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "abi/core/fd.h"
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

struct fbsd_cmsghdr {
	uint32_t len;
	int32_t level, type;
};
#define G_ALIGN(n)    (((n) + 7u) & ~7u)
#define G_CMSG_HEAD   G_ALIGN(sizeof(struct fbsd_cmsghdr))
#define G_SOL_SOCKET  0xffff
#define G_SCM_RIGHTS  1
#define G_SCM_TIMESTAMP 2
#define CONTROL_MAX   16384u

/* Guest control messages to host ones; bytes, or -errno. */
static long
control_in(const uint8_t *g, uint32_t n, uint8_t *h, uint32_t room)
{
	uint32_t at = 0, used = 0;

	while (at + sizeof(struct fbsd_cmsghdr) <= n) {
		struct fbsd_cmsghdr c;
		struct cmsghdr *hc = (void *)(h + used);
		uint32_t len;

		memcpy(&c, g + at, sizeof(c));
		if (c.len < G_CMSG_HEAD || c.len > n - at)
			return -EINVAL;
		len = c.len - G_CMSG_HEAD;
		if (c.level != G_SOL_SOCKET || c.type != G_SCM_RIGHTS)
			return -EINVAL; /* credentials cannot be chosen by the sender here */
		if (used + CMSG_SPACE(len) > room)
			return -EMSGSIZE;
		hc->cmsg_len = CMSG_LEN(len);
		hc->cmsg_level = SOL_SOCKET;
		hc->cmsg_type = SCM_RIGHTS;
		memcpy(CMSG_DATA(hc), g + at + G_CMSG_HEAD, len);
		for (uint32_t i = 0; i < len / 4; i++)
			if (fd_is_ours(((int *)(void *)CMSG_DATA(hc))[i]))
				return -EBADF;
		used += (uint32_t)CMSG_SPACE(len);
		at += G_ALIGN(c.len);
	}
	return used;
}

/* Descriptors that the guest has no room to hear of must not stay open. */
static void
drop_rights(const struct cmsghdr *hc)
{
	const int *fd = (const void *)CMSG_DATA(hc);
	size_t n = (hc->cmsg_len - CMSG_LEN(0)) / sizeof(int);

	if (hc->cmsg_level != SOL_SOCKET || hc->cmsg_type != SCM_RIGHTS)
		return;
	for (size_t i = 0; i < n; i++)
		host_call(SYS_close, fd[i]);
}

static uint32_t
control_out(struct msghdr *mh, uint8_t *g, uint32_t room, int *flags)
{
	uint32_t used = 0;

	for (struct cmsghdr *hc = CMSG_FIRSTHDR(mh); hc; hc = CMSG_NXTHDR(mh, hc)) {
		uint32_t len = (uint32_t)(hc->cmsg_len - CMSG_LEN(0));
		struct fbsd_cmsghdr c = {.len = (uint32_t)G_CMSG_HEAD + len, .level = G_SOL_SOCKET};

		if (hc->cmsg_level == SOL_SOCKET && hc->cmsg_type == SCM_RIGHTS) {
			c.type = G_SCM_RIGHTS;
		} else if (hc->cmsg_level == SOL_SOCKET && hc->cmsg_type == SO_TIMESTAMP) {
			c.type = G_SCM_TIMESTAMP;
		} else {
			continue;
		}
		if (used + c.len > room) {
			drop_rights(hc);
			*flags |= MSG_CTRUNC;
			continue;
		}
		memcpy(g + used, &c, sizeof(c));
		memcpy(g + used + G_CMSG_HEAD, CMSG_DATA(hc), len);
		used += G_ALIGN(c.len) < room - used ? G_ALIGN(c.len) : room - used;
	}
	return used;
}

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

	if (!g->control || !g->controllen)
		return host_block(t, SYS_sendmsg, s, h, flags);
	if (g->controllen > CONTROL_MAX)
		return -EINVAL;
	buf = calloc(1, 3u * CONTROL_MAX);
	if (!buf)
		return -ENOMEM;
	r = gm_read(buf, g->control, g->controllen);
	if (r == 0)
		r = control_in(buf, g->controllen, buf + CONTROL_MAX, 2u * CONTROL_MAX);
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
	struct sockaddr_storage ss;
	struct fbsd_msghdr g;
	struct msghdr h;
	int hf;
	long r;

	if (fd_is_ours(s))
		return -EBADF;
	if (!fbsd_msg_in(flags, &hf))
		return -EOPNOTSUPP;
	r = read_header(msg, &g, iov, &h);
	if (r == 0 && g.name) {
		r = fbsd_sockaddr_in(t, g.name, g.namelen, &ss, &h.msg_namelen);
		h.msg_name = &ss;
	}
	return r ? r : send_control(t, s, &g, &h, fbsd_send_flags(t, s, hf));
}

/* What was received, into the guest's header and what it points to. */
static long
give(uint64_t msg, struct fbsd_msghdr *g, struct msghdr *h, const struct sockaddr_storage *ss)
{
	uint8_t name[FBSD_SOCKADDR_MAX], *ctl = NULL;
	int flags = h->msg_flags;
	long r = 0;

	if (g->name) {
		uint32_t n = h->msg_namelen ? fbsd_sockaddr_make(ss, h->msg_namelen, name) : 0;

		r = gm_write(g->name, name, n < g->namelen ? n : g->namelen);
		g->namelen = n;
	}
	if (g->control && g->controllen) {
		uint32_t room = g->controllen < CONTROL_MAX ? g->controllen : CONTROL_MAX, n;

		ctl = calloc(1, CONTROL_MAX + 64);
		if (!ctl)
			return -ENOMEM;
		n = control_out(h, ctl, room, &flags);
		if (r == 0)
			r = gm_write(g->control, ctl, n);
		g->controllen = n;
		free(ctl);
	} else {
		for (struct cmsghdr *hc = CMSG_FIRSTHDR(h); hc; hc = CMSG_NXTHDR(h, hc))
			drop_rights(hc);
		g->controllen = 0;
	}
	g->flags = fbsd_msg_out(flags);
	return r ? r : gm_write(msg, g, sizeof(*g));
}

long
fbsd_recvmsg(struct thread *t, int s, uint64_t msg, int flags)
{
	uint8_t control[4096] __attribute__((aligned(8)));
	struct iovec iov[FBSD_IOV_MAX];
	struct sockaddr_storage ss;
	struct fbsd_msghdr g;
	struct msghdr h;
	long r, e;
	int hf;

	if (fd_is_ours(s))
		return -EBADF;
	if (!fbsd_msg_in(flags, &hf))
		return -EOPNOTSUPP;
	r = read_header(msg, &g, iov, &h);
	if (r)
		return r;
	h.msg_name = g.name ? &ss : NULL;
	h.msg_namelen = g.name ? sizeof(ss) : 0;
	h.msg_control = control;
	h.msg_controllen = g.control ? sizeof(control) : 0;
	r = host_block(t, SYS_recvmsg, s, &h, hf & ~MSG_TRUNC);
	if (r < 0)
		return r;
	e = give(msg, &g, &h, &ss);
	return e ? e : r;
}
