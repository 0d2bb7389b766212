/*
 * Control messages.
 *
 * KNOWN LIMITS: the sender's SCM_CREDS reach only a receiver that has LOCAL_CREDS or LOCAL_CREDS_PERSISTENT, and say what
 * the host knows of a process: one user, one group.  Time stamps of local sockets are refused.
 * Source: FreeBSD sys/socket.h, unix(4), ip(4), ip6(4), recv(2).
 */
#include "abi/freebsd/cmsg.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <time.h>

#include "abi/core/fd.h"
#include "abi/freebsd/netif.h"
#include "abi/freebsd/socket.h"

enum { G_SCM_RIGHTS = 1, G_SCM_TIMESTAMP, G_SCM_CREDS, G_SCM_BINTIME, G_SCM_REALTIME, G_SCM_MONOTONIC, G_SCM_CREDS2 = 8 };
enum { CLOCK_MICRO, CLOCK_BIN, CLOCK_REAL, CLOCK_MONO }; /* SO_TS_CLOCK */
#define G_IP_TOS        3
#define G_IP_SRCADDR    7
#define G_IP_RECVIF     20
#define G_IP_RECVTTL    65
#define G_IP_RECVTOS    68
#define DATA_MAX        2048

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

static int
rights_in(const uint8_t *data, uint32_t len, struct host_msg *m)
{
	if (len % sizeof(int))
		return -EINVAL;
	for (uint32_t i = 0; i < len; i += sizeof(int)) {
		int fd;

		memcpy(&fd, data + i, sizeof(fd));
		if (fd < 0 || fd_is_ours(fd))
			return -EBADF;
	}
	m->level = SOL_SOCKET;
	m->type = SCM_RIGHTS;
	m->len = len;
	memcpy(m->data, data, len);
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
	if (type == G_IP_TOS && len == 1) {
		m->type = IP_TOS;
		m->len = 1;
		m->data[0] = data[0];
		return 0;
	}
	if (type != G_IP_SRCADDR || len != sizeof(struct in_addr))
		return -EINVAL;
	memcpy(&pi.ipi_spec_dst, data, len);
	m->type = IP_PKTINFO;
	m->len = sizeof(pi);
	memcpy(m->data, &pi, sizeof(pi));
	return 0;
}

static int
message_in(const struct fbsd_cmsghdr *c, const uint8_t *data, uint32_t len, struct host_msg *m)
{
	if (len > DATA_MAX)
		return -EMSGSIZE;
	if (c->level == FBSD_SOL_SOCKET && c->type == G_SCM_RIGHTS)
		return rights_in(data, len, m);
	if (c->level == FBSD_SOL_SOCKET && c->type == G_SCM_CREDS)
		return creds_in(m);
	if (c->level == IPPROTO_IP)
		return ip_in(c->type, data, len, m);
	for (unsigned i = 0; i < N_PLAIN; i++) {
		if (plain[i].level != c->level || plain[i].guest != c->type)
			continue;
		if (plain[i].len && plain[i].len != len)
			return -EINVAL;
		m->level = plain[i].level;
		m->type = plain[i].host;
		m->len = len;
		memcpy(m->data, data, len);
		return 0;
	}
	log_debug(LOG_UNKNOWN, "control message level %d type %d is not known", c->level, c->type);
	return -EINVAL;
}

long
fbsd_cmsg_in(const uint8_t *g, uint32_t n, uint8_t *h, uint32_t room)
{
	struct host_msg m;
	uint32_t at = 0, used = 0;

	while (at < n && n - at >= sizeof(struct fbsd_cmsghdr)) {
		struct cmsghdr *hc = (void *)(h + used);
		struct fbsd_cmsghdr c;
		int r;

		memcpy(&c, g + at, sizeof(c));
		if (c.len < FBSD_CMSG_HEAD || c.len > n - at)
			return -EINVAL;
		r = message_in(&c, g + at + FBSD_CMSG_HEAD, c.len - (uint32_t)FBSD_CMSG_HEAD, &m);
		if (r)
			return r;
		if (CMSG_SPACE(m.len) > room - used)
			return -EMSGSIZE;
		hc->cmsg_len = CMSG_LEN(m.len);
		hc->cmsg_level = m.level;
		hc->cmsg_type = m.type;
		memcpy(CMSG_DATA(hc), m.data, m.len);
		used += (uint32_t)CMSG_SPACE(m.len);
		at += FBSD_CMSG_ALIGN(c.len);
	}
	return used;
}

/* The guest's buffer as it fills. */
struct out {
	uint8_t *buf;
	uint32_t used, room;
	int *flags;
};

static bool
put(struct out *o, int level, int type, const void *data, uint32_t len)
{
	struct fbsd_cmsghdr c = {.len = (uint32_t)FBSD_CMSG_HEAD + len, .level = level, .type = type};

	if (c.len > o->room - o->used) {
		*o->flags |= MSG_CTRUNC;
		return false;
	}
	memcpy(o->buf + o->used, &c, sizeof(c));
	memcpy(o->buf + o->used + FBSD_CMSG_HEAD, data, len);
	o->used += FBSD_CMSG_ALIGN(c.len) < o->room - o->used ? FBSD_CMSG_ALIGN(c.len) : o->room - o->used;
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
	uint8_t bits = fbsd_sockbits(t, fd);
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
stamp_out(struct thread *t, int fd, struct out *o, const struct cmsghdr *hc)
{
	uint8_t bits = fbsd_sockbits(t, fd);
	int clock = bits & FBSD_SB_BINTIME ? CLOCK_BIN : bits >> FBSD_SB_CLOCK_SHIFT;
	struct timespec ts;

	memcpy(&ts, CMSG_DATA(hc), sizeof(ts));
	if (clock == CLOCK_MICRO) {
		int64_t tv[2] = {ts.tv_sec, ts.tv_nsec / 1000};

		put(o, FBSD_SOL_SOCKET, G_SCM_TIMESTAMP, tv, sizeof(tv));
	} else if (clock == CLOCK_BIN) {
		/* A fraction of a second in units of 2^-64. */
		uint64_t bt[2] = {(uint64_t)ts.tv_sec, (uint64_t)(((unsigned __int128)ts.tv_nsec << 64) / 1000000000)};

		put(o, FBSD_SOL_SOCKET, G_SCM_BINTIME, bt, sizeof(bt));
	} else {
		if (clock == CLOCK_MONO)
			ts = monotonic(ts);
		put(o, FBSD_SOL_SOCKET, clock == CLOCK_MONO ? G_SCM_MONOTONIC : G_SCM_REALTIME, &ts, sizeof(ts));
	}
}

static void
ip_out(struct thread *t, int fd, struct out *o, const struct cmsghdr *hc)
{
	uint8_t bits = fbsd_sockbits(t, fd), dl[FBSD_SOCKADDR_DL_LEN], byte = CMSG_DATA(hc)[0];
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
