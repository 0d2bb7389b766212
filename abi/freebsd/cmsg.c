/*
 * Control messages.
 *
 * KNOWN LIMITS: the sender's SCM_CREDS reach only a receiver that has LOCAL_CREDS or LOCAL_CREDS_PERSISTENT, and say what
 * the host knows of a process: one user, one group.  Time stamps of local sockets are refused.
 * Source: FreeBSD sys/socket.h, unix(4), ip(4), ip6(4), recv(2).
 */
#include "abi/freebsd/cmsg.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <time.h>

#include "abi/core/fd.h"
#include "abi/freebsd/kqueue.h"
#include "abi/freebsd/netif.h"
#include "abi/freebsd/procdesc.h"
#include "abi/freebsd/socket.h"
#include "freebsd-amd64.h"

enum { G_SCM_RIGHTS = 1, G_SCM_TIMESTAMP, G_SCM_CREDS, G_SCM_BINTIME, G_SCM_REALTIME, G_SCM_MONOTONIC, G_SCM_CREDS2 = 8 };
enum { CLOCK_MICRO, CLOCK_BIN, CLOCK_REAL, CLOCK_MONO }; /* SO_TS_CLOCK */
#define G_IP_TOS        3
#define G_IP_SRCADDR    7
#define G_IP_RECVIF     20
#define G_IP_RECVTTL    65
#define G_IP_RECVTOS    68
#define DATA_MAX        2048
#define RIGHTS_MAX      253 /* of the host; FreeBSD has 254 */

/* Same data on both sides. */
static const struct {
	int level, guest, host;
	uint32_t len; /* 0: any */
} plain[] = {
    {IPPROTO_IPV6, 46, IPV6_PKTINFO, sizeof(struct in6_pktinfo)},
    {IPPROTO_IPV6, 47, IPV6_HOPLIMIT, 4},
    {IPPROTO_IPV6, 48, 9 /* IPV6_NEXTHOP */, 0},
    {IPPROTO_IPV6, 49, IPV6_HOPOPTS, 0},
    {IPPROTO_IPV6, 50, IPV6_DSTOPTS, 0},
    {IPPROTO_IPV6, 51, IPV6_RTHDR, 0},
    {IPPROTO_IPV6, 61, IPV6_TCLASS, 4},
    {IPPROTO_IPV6, 62, IPV6_DONTFRAG, 4},
};
#define N_PLAIN (sizeof(plain) / sizeof(plain[0]))

/* One message of the host being made. */
struct host_msg {
	int level, type;
	uint32_t len;
	uint8_t data[DATA_MAX];
};

/* A kqueue is of its process alone. */
static int
rights_in(struct thread *t, const uint8_t *data, uint32_t len, struct host_msg *m)
{
	uint32_t n = len / sizeof(int);

	if (n > RIGHTS_MAX)
		return -EMSGSIZE;
	for (uint32_t i = 0; i < n; i++) {
		int fd;

		memcpy(&fd, data + i * sizeof(int), sizeof(fd));
		if (fd < 0 || fd_is_ours(fd) || host_call(SYS_fcntl, fd, F_GETFD) < 0)
			return -EBADF;
		if (fbsd_kq_is(t, fd))
			return -EOPNOTSUPP;
		fbsd_pd_fd_sent(t, fd);
	}
	m->level = SOL_SOCKET;
	m->type = SCM_RIGHTS;
	m->len = n * (uint32_t)sizeof(int);
	memcpy(m->data, data, m->len);
	return 0;
}

/* The system says who the sender is, whatever the message holds. */
static int
creds_in(struct host_msg *m)
{
	struct ucred uc = {(pid_t)host_call(SYS_getpid), (uid_t)host_call(SYS_getuid), (gid_t)host_call(SYS_getgid)};

	m->level = SOL_SOCKET;
	m->type = SCM_CREDENTIALS;
	m->len = sizeof(uc);
	memcpy(m->data, &uc, sizeof(uc));
	return 0;
}

static int
ip_in(int type, const uint8_t *data, uint32_t len, struct host_msg *m)
{
	struct in_pktinfo pi = {0};

	m->level = IPPROTO_IP;
	if (type != G_IP_TOS && type != G_IP_SRCADDR)
		return -ENOPROTOOPT;
	if (len != (type == G_IP_TOS ? 1 : sizeof(struct in_addr)))
		return -EINVAL;
	if (type == G_IP_TOS) {
		m->type = IP_TOS;
		m->len = 1;
		m->data[0] = data[0];
		return 0;
	}
	memcpy(&pi.ipi_spec_dst, data, len);
	m->type = IP_PKTINFO;
	m->len = sizeof(pi);
	memcpy(m->data, &pi, sizeof(pi));
	return 0;
}

static int
ip6_in(int type, const uint8_t *data, uint32_t len, struct host_msg *m)
{
	for (unsigned i = 0; i < N_PLAIN; i++) {
		if (plain[i].guest != type)
			continue;
		if (plain[i].len && plain[i].len != len)
			return -EINVAL;
		m->level = plain[i].level;
		m->type = plain[i].host;
		m->len = len;
		memcpy(m->data, data, len);
		return 0;
	}
	return -ENOPROTOOPT;
}

enum { SKIP = 1 };

/* Messages of other levels mean nothing to a datagram of IP; local sockets refuse them. */
static int
message_in(struct thread *t, int family, const struct fbsd_cmsghdr *c, const uint8_t *data, uint32_t len, struct host_msg *m)
{
	int r = -EINVAL;

	if (len > DATA_MAX)
		return -EMSGSIZE;
	if (family == AF_INET)
		r = c->level == IPPROTO_IP ? ip_in(c->type, data, len, m) : SKIP;
	else if (family == AF_INET6)
		r = c->level == IPPROTO_IPV6 ? ip6_in(c->type, data, len, m) : SKIP;
	else if (c->level == FBSD_SOL_SOCKET && c->type == G_SCM_RIGHTS)
		r = len < sizeof(int) ? SKIP : rights_in(t, data, len, m);
	else if (c->level == FBSD_SOL_SOCKET && c->type == G_SCM_CREDS)
		r = creds_in(m);
	if (r == -EINVAL || r == -ENOPROTOOPT)
		log_debug(LOG_UNKNOWN, "control message level %d type %d of %u bytes is not known", c->level, c->type, len);
	return r;
}

long
fbsd_cmsg_in(struct thread *t, int family, int type, const uint8_t *g, uint32_t n, uint8_t *h, uint32_t room)
{
	struct host_msg m;
	uint32_t at = 0, used = 0;

	if (family != AF_UNIX && type == SOCK_STREAM)
		return -EINVAL;
	if (family == AF_INET && type == SOCK_RAW)
		return 0;
	while (at < n) {
		struct cmsghdr *hc = (void *)(h + used);
		struct fbsd_cmsghdr c;
		int r;

		if (n - at < sizeof(c))
			return -EINVAL;
		memcpy(&c, g + at, sizeof(c));
		if (c.len < FBSD_CMSG_HEAD || c.len > n - at)
			return -EINVAL;
		at += (uint32_t)FBSD_CMSG_HEAD;
		c.len -= (uint32_t)FBSD_CMSG_HEAD;
		r = message_in(t, family, &c, g + at, c.len, &m);
		at += FBSD_CMSG_ALIGN(c.len);
		if (r == SKIP)
			continue;
		if (r)
			return r;
		if (CMSG_SPACE(m.len) > room - used)
			return -EMSGSIZE;
		hc->cmsg_len = CMSG_LEN(m.len);
		hc->cmsg_level = m.level;
		hc->cmsg_type = m.type;
		memcpy(CMSG_DATA(hc), m.data, m.len);
		used += (uint32_t)CMSG_SPACE(m.len);
	}
	return used;
}

/* The guest's buffer as it fills. */
struct out {
	uint8_t *buf;
	uint32_t used, room;
	int *flags;
	bool full;
};

/* A message comes whole, padding included, or it and all after it are lost. */
static bool
put(struct out *o, int level, int type, const void *data, uint32_t len)
{
	struct fbsd_cmsghdr c = {.len = (uint32_t)FBSD_CMSG_HEAD + len, .level = level, .type = type};

	if (o->full || FBSD_CMSG_ALIGN(c.len) > o->room - o->used) {
		o->full = true;
		*o->flags |= MSG_CTRUNC;
		return false;
	}
	memcpy(o->buf + o->used, &c, sizeof(c));
	memcpy(o->buf + o->used + FBSD_CMSG_HEAD, data, len);
	o->used += FBSD_CMSG_ALIGN(c.len);
	return true;
}

/* Descriptors that the guest has no room to hear of, or whose numbers are not its, must not stay open. */
static void
rights_out(struct out *o, const struct cmsghdr *hc, uint32_t len)
{
	int fd[DATA_MAX / sizeof(int)];
	uint32_t n = len / sizeof(int);
	bool kept = true;

	if (n > DATA_MAX / sizeof(int))
		n = DATA_MAX / sizeof(int);
	memcpy(fd, CMSG_DATA(hc), n * sizeof(int));
	for (uint32_t i = 0; i < n; i++)
		kept = kept && fd[i] < fd_guest_soft();
	if (!kept)
		*o->flags |= MSG_CTRUNC;
	if (kept && put(o, FBSD_SOL_SOCKET, G_SCM_RIGHTS, fd, n * (uint32_t)sizeof(int)))
		return;
	for (uint32_t i = 0; i < n; i++)
		host_call(SYS_close, fd[i]);
}

/* struct sockcred, struct sockcred2 with one group.  LOCAL_CREDS tells a stream's reader once. */
static void
creds_out(struct thread *t, int fd, struct out *o, const struct cmsghdr *hc)
{
	uint16_t bits = fbsd_sockbits(t, fd);
	struct ucred uc;
	int off = 0;

	memcpy(&uc, CMSG_DATA(hc), sizeof(uc));
	if (bits & FBSD_SB_CREDS_ALWAYS) {
		uint32_t v[8] = {0, (uint32_t)uc.pid, uc.uid, uc.uid, uc.gid, uc.gid, 1, uc.gid};

		put(o, FBSD_SOL_SOCKET, G_SCM_CREDS2, v, sizeof(v));
	} else if (bits & FBSD_SB_CREDS) {
		uint32_t v[6] = {uc.uid, uc.uid, uc.gid, uc.gid, 1, uc.gid};

		put(o, FBSD_SOL_SOCKET, G_SCM_CREDS, v, sizeof(v));
		if (fbsd_host_option(fd, SOL_SOCKET, SO_TYPE, SOCK_DGRAM) != SOCK_DGRAM) {
			fbsd_sockbits_set(t, fd, FBSD_SB_CREDS, 0);
			host_call(SYS_setsockopt, fd, SOL_SOCKET, SO_PASSCRED, &off, sizeof(off));
		}
	}
}

static struct timespec
monotonic(struct timespec real)
{
	struct timespec now, mono;

	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_MONOTONIC, &mono);
	mono.tv_sec -= now.tv_sec - real.tv_sec;
	mono.tv_nsec -= now.tv_nsec - real.tv_nsec;
	while (mono.tv_nsec < 0)
		mono.tv_nsec += 1000000000, mono.tv_sec--;
	while (mono.tv_nsec >= 1000000000)
		mono.tv_nsec -= 1000000000, mono.tv_sec++;
	return mono;
}

static void
put_bintime(struct out *o, struct timespec ts)
{
	/* A fraction of a second in units of 2^-64. */
	uint64_t bt[2] = {(uint64_t)ts.tv_sec, (uint64_t)(((unsigned __int128)ts.tv_nsec << 64) / 1000000000)};

	put(o, FBSD_SOL_SOCKET, G_SCM_BINTIME, bt, sizeof(bt));
}

/* Only packets of IP are stamped. */
static void
stamp_out(struct thread *t, int fd, struct out *o, const struct cmsghdr *hc)
{
	uint16_t bits = fbsd_sockbits(t, fd);
	int clock = (bits & FBSD_SB_CLOCK) >> FBSD_SB_CLOCK_SHIFT;
	struct timespec ts;
	int64_t tv[2];

	memcpy(&ts, CMSG_DATA(hc), sizeof(ts));
	if (fbsd_host_option(fd, SOL_SOCKET, SO_DOMAIN, AF_INET) == AF_UNIX ||
	    fbsd_host_option(fd, SOL_SOCKET, SO_TYPE, SOCK_DGRAM) == SOCK_STREAM)
		return;
	if (bits & FBSD_SB_BINTIME || (bits & FBSD_SB_TIMESTAMP && clock == CLOCK_BIN))
		put_bintime(o, ts);
	if (!(bits & FBSD_SB_TIMESTAMP) || clock == CLOCK_BIN)
		return;
	if (clock == CLOCK_MONO)
		ts = monotonic(ts);
	tv[0] = ts.tv_sec;
	tv[1] = clock == CLOCK_MICRO ? ts.tv_nsec / 1000 : ts.tv_nsec;
	put(o, FBSD_SOL_SOCKET, clock == CLOCK_MICRO ? G_SCM_TIMESTAMP : clock == CLOCK_REAL ? G_SCM_REALTIME : G_SCM_MONOTONIC,
	    tv, sizeof(tv));
}

static void
ip_out(struct thread *t, int fd, struct out *o, const struct cmsghdr *hc)
{
	uint16_t bits = fbsd_sockbits(t, fd);
	uint8_t dl[FBSD_SOCKADDR_DL_LEN], byte = CMSG_DATA(hc)[0];
	struct in_pktinfo pi;

	switch (hc->cmsg_type) {
	case IP_PKTINFO:
		memcpy(&pi, CMSG_DATA(hc), sizeof(pi));
		if (bits & FBSD_SB_DSTADDR)
			put(o, IPPROTO_IP, G_IP_SRCADDR, &pi.ipi_addr, sizeof(pi.ipi_addr));
		if (bits & FBSD_SB_RECVIF)
			put(o, IPPROTO_IP, G_IP_RECVIF, dl, fbsd_sockaddr_dl(fd, pi.ipi_ifindex, dl));
		return;
	case IP_TTL:
		put(o, IPPROTO_IP, G_IP_RECVTTL, &byte, 1);
		return;
	case IP_TOS:
		put(o, IPPROTO_IP, G_IP_RECVTOS, &byte, 1);
		return;
	}
	log_debug(LOG_UNKNOWN, "control message of type %d of the host is not passed on", hc->cmsg_type);
}

static void
message_out(struct thread *t, int fd, struct out *o, const struct cmsghdr *hc)
{
	uint32_t len = (uint32_t)(hc->cmsg_len - CMSG_LEN(0));

	if (hc->cmsg_level == SOL_SOCKET) {
		if (hc->cmsg_type == SCM_RIGHTS)
			rights_out(o, hc, len);
		else if (hc->cmsg_type == SCM_CREDENTIALS)
			creds_out(t, fd, o, hc);
		else if (hc->cmsg_type == SO_TIMESTAMPNS)
			stamp_out(t, fd, o, hc);
		return;
	}
	if (hc->cmsg_level == IPPROTO_IP) {
		ip_out(t, fd, o, hc);
		return;
	}
	for (unsigned i = 0; i < N_PLAIN; i++)
		if (plain[i].level == hc->cmsg_level && plain[i].host == hc->cmsg_type)
			put(o, plain[i].level, plain[i].guest, CMSG_DATA(hc), len);
}

uint32_t
fbsd_cmsg_out(struct thread *t, int fd, struct msghdr *mh, uint8_t *g, uint32_t room, int *flags)
{
	struct out o = {.buf = g, .room = room, .flags = flags};

	for (struct cmsghdr *hc = CMSG_FIRSTHDR(mh); hc; hc = CMSG_NXTHDR(mh, hc))
		message_out(t, fd, &o, hc);
	return o.used;
}

void
fbsd_cmsg_discard(struct thread *t, const uint8_t *g, uint32_t n)
{
	struct fbsd_cmsghdr c;

	for (uint32_t at = 0; at < n; at += FBSD_CMSG_ALIGN(c.len)) {
		memcpy(&c, g + at, sizeof(c));
		if (c.level != FBSD_SOL_SOCKET || c.type != G_SCM_RIGHTS)
			continue;
		for (uint32_t i = (uint32_t)FBSD_CMSG_HEAD; i < c.len; i += (uint32_t)sizeof(int)) {
			int fd;

			memcpy(&fd, g + at + i, sizeof(fd));
			fbsd_close(t, fd);
		}
	}
}
