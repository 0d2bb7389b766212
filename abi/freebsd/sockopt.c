/*
 * Socket options by table; what is in no table is ENOPROTOOPT.
 *
 * KNOWN LIMITS: buffer sizes and time-outs are rounded as the host rounds them; SO_SNDLOWAT, accept filters, labels,
 * IP_PORTRANGE and the options of FreeBSD's own TCP stacks are ENOPROTOOPT.
 * Source: FreeBSD manual getsockopt(2), ip(4), ip6(4), tcp(4), multicast(4); sys/socket.h, netinet/in.h, netinet/tcp.h,
 * netinet6/in6.h; sys/kern/uipc_socket.c by its observable results.
 */
#include "abi/freebsd/sockopt.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "abi/core/fd.h"
#include "abi/freebsd/socket.h"
#include "freebsd-amd64.h"

#define G_BUFFER_MAX 1864135 /* kern.ipc.maxsockbuf less the share of its headers */

enum kind {
	INT,
	FLAG,     /* reads as its own bit */
	NODELAY,  /* reads as FreeBSD's TF_NODELAY */
	NOPUSH,   /* TF_NOPUSH */
	LOWAT,    /* at least 1 */
	READ_INT,
	READ_FLAG,
	READ_ERRNO,
	READ_FAMILY,
	BUFFER,
	TIMEVAL,
	LINGER,
	SMALL,    /* a byte or an int */
	RAW,      /* a structure that is the same on both */
	M_INT,    /* multicast: not on streams */
	M_SMALL,
	M_RAW,
	GROUP,    /* one or two addresses after an interface's number */
	SOURCE,   /* struct ip_mreq_source: its last two words the other way round */
};

#define SOL FBSD_SOL_SOCKET, SOL_SOCKET
#define IP4 IPPROTO_IP, IPPROTO_IP
#define IP6 IPPROTO_IPV6, IPPROTO_IPV6
#define TCP IPPROTO_TCP, IPPROTO_TCP

static const struct option {
	int glevel, hlevel, gname, hname;
	enum kind kind;
} options[] = {
    {SOL, 0x2, SO_ACCEPTCONN, READ_FLAG},
    {SOL, 0x4, SO_REUSEADDR, FLAG},
    {SOL, 0x8, SO_KEEPALIVE, FLAG},
    {SOL, 0x10, SO_DONTROUTE, FLAG},
    {SOL, 0x20, SO_BROADCAST, FLAG},
    {SOL, 0x80, SO_LINGER, LINGER},
    {SOL, 0x100, SO_OOBINLINE, FLAG},
    {SOL, 0x200, SO_REUSEPORT, FLAG},
    {SOL, 0x10000, SO_REUSEPORT, FLAG}, /* SO_REUSEPORT_LB, which is what the host's does */
    {SOL, 0x1001, SO_SNDBUF, BUFFER},
    {SOL, 0x1002, SO_RCVBUF, BUFFER},
    {SOL, 0x1004, SO_RCVLOWAT, LOWAT},
    {SOL, 0x1005, SO_SNDTIMEO, TIMEVAL},
    {SOL, 0x1006, SO_RCVTIMEO, TIMEVAL},
    {SOL, 0x1007, SO_ERROR, READ_ERRNO},
    {SOL, 0x1008, SO_TYPE, READ_INT},
    {SOL, 0x1016, SO_PROTOCOL, READ_INT},
    {SOL, 0x1018, SO_MAX_PACING_RATE, INT},
    {SOL, 0x1019, SO_DOMAIN, READ_FAMILY},
    {IP4, 1, IP_OPTIONS, RAW},
    {IP4, 3, IP_TOS, INT},
    {IP4, 4, IP_TTL, INT},
    {IP4, 5, IP_RECVOPTS, INT},
    {IP4, 9, IP_MULTICAST_IF, M_RAW},
    {IP4, 10, IP_MULTICAST_TTL, M_SMALL},
    {IP4, 11, IP_MULTICAST_LOOP, M_SMALL},
    {IP4, 12, IP_ADD_MEMBERSHIP, M_RAW},
    {IP4, 13, IP_DROP_MEMBERSHIP, M_RAW},
    {IP4, 24, IP_TRANSPARENT, INT}, /* IP_BINDANY */
    {IP4, 65, IP_RECVTTL, INT},
    {IP4, 66, IP_MINTTL, INT},
    {IP4, 68, IP_RECVTOS, INT},
    {IP4, 70, IP_ADD_SOURCE_MEMBERSHIP, SOURCE},
    {IP4, 71, IP_DROP_SOURCE_MEMBERSHIP, SOURCE},
    {IP4, 72, IP_BLOCK_SOURCE, SOURCE},
    {IP4, 73, IP_UNBLOCK_SOURCE, SOURCE},
    {IP4, 80, MCAST_JOIN_GROUP, GROUP},
    {IP4, 81, MCAST_LEAVE_GROUP, GROUP},
    {IP4, 82, MCAST_JOIN_SOURCE_GROUP, GROUP},
    {IP4, 83, MCAST_LEAVE_SOURCE_GROUP, GROUP},
    {IP4, 84, MCAST_BLOCK_SOURCE, GROUP},
    {IP4, 85, MCAST_UNBLOCK_SOURCE, GROUP},
    {IP6, 4, IPV6_UNICAST_HOPS, INT},
    {IP6, 9, IPV6_MULTICAST_IF, M_INT},
    {IP6, 10, IPV6_MULTICAST_HOPS, M_INT},
    {IP6, 11, IPV6_MULTICAST_LOOP, M_INT},
    {IP6, 12, IPV6_JOIN_GROUP, M_RAW},
    {IP6, 13, IPV6_LEAVE_GROUP, M_RAW},
    {IP6, 26, IPV6_CHECKSUM, INT},
    {IP6, 27, IPV6_V6ONLY, INT},
    {IP6, 36, IPV6_RECVPKTINFO, INT},
    {IP6, 37, IPV6_RECVHOPLIMIT, INT},
    {IP6, 38, IPV6_RECVRTHDR, INT},
    {IP6, 39, IPV6_RECVHOPOPTS, INT},
    {IP6, 40, IPV6_RECVDSTOPTS, INT},
    {IP6, 43, IPV6_RECVPATHMTU, INT},
    {IP6, 46, IPV6_PKTINFO, RAW},
    {IP6, 57, IPV6_RECVTCLASS, INT},
    {IP6, 61, IPV6_TCLASS, INT},
    {IP6, 62, IPV6_DONTFRAG, INT},
    {IP6, 64, IPV6_TRANSPARENT, INT}, /* IPV6_BINDANY */
    {IP6, 80, MCAST_JOIN_GROUP, GROUP},
    {IP6, 81, MCAST_LEAVE_GROUP, GROUP},
    {IP6, 82, MCAST_JOIN_SOURCE_GROUP, GROUP},
    {IP6, 83, MCAST_LEAVE_SOURCE_GROUP, GROUP},
    {IP6, 84, MCAST_BLOCK_SOURCE, GROUP},
    {IP6, 85, MCAST_UNBLOCK_SOURCE, GROUP},
    {TCP, 1, TCP_NODELAY, NODELAY},
    {TCP, 2, TCP_MAXSEG, INT},
    {TCP, 4, TCP_CORK, NOPUSH}, /* TCP_NOPUSH */
    {TCP, 256, TCP_KEEPIDLE, INT},
    {TCP, 512, TCP_KEEPINTVL, INT},
    {TCP, 1024, TCP_KEEPCNT, INT},
};

static const struct option *
find(int level, int name)
{
	for (unsigned i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (options[i].glevel == level && options[i].gname == name)
			return &options[i];
	return NULL;
}

/* A guest value in place for the host; its length or -errno. */
static long
value_in(const struct option *o, uint8_t *v, uint32_t n)
{
	int *i = (void *)v;
	int64_t *tv = (void *)v;
	int swap;

	switch (o->kind) {
	case LOWAT:
		if (n >= sizeof(int) && *i < 1)
			return -EINVAL;
		/* fallthrough */
	case INT:
	case M_INT:
	case FLAG:
	case NODELAY:
	case NOPUSH:
		return n < sizeof(int) ? -EINVAL : (long)sizeof(int);
	case BUFFER:
		if (n < sizeof(int) || *i < 1)
			return -EINVAL;
		return *i > G_BUFFER_MAX ? -ENOBUFS : (long)sizeof(int);
	case TIMEVAL:
		if (n < 16)
			return -EINVAL;
		return tv[0] < 0 || tv[1] < 0 || tv[1] >= 1000000 ? -EDOM : 16;
	case LINGER:
		if (n < 8)
			return -EINVAL;
		return i[1] < 0 || i[1] > UINT16_MAX ? -EDOM : 8;
	case SMALL:
	case RAW:
	case M_SMALL:
	case M_RAW:
		return n;
	case SOURCE:
		if (n < 12)
			return -EINVAL;
		swap = i[1], i[1] = i[2], i[2] = swap;
		return 12;
	case GROUP:
		if (n < 136 || (n > 136 && n < 264) || !fbsd_sockaddr_family_in(v + 8))
			return -EINVAL;
		if (n >= 264 && !fbsd_sockaddr_family_in(v + 136))
			return -EINVAL;
		return n >= 264 ? 264 : 136;
	case READ_INT:
	case READ_FLAG:
	case READ_ERRNO:
	case READ_FAMILY:
		break;
	}
	return -ENOPROTOOPT;
}

static void
value_out(struct thread *t, const struct option *o, uint8_t *v)
{
	const struct errno_map *m = t->task->pers->errnos;
	int *i = (void *)v;

	switch (o->kind) {
	case FLAG:
	case READ_FLAG:
		*i = *i ? o->gname : 0;
		break;
	case NODELAY:
		*i = *i ? 0x4 : 0;
		break;
	case NOPUSH:
		*i = *i ? 0x1000 : 0;
		break;
	case READ_ERRNO:
		*i = *i > 0 && (unsigned)*i < m->n ? m->to_guest[*i] : *i;
		break;
	case READ_FAMILY:
		*i = fbsd_family_out(*i);
		break;
	case BUFFER:
		*i /= 2; /* the host tells twice what was set */
		break;
	case LINGER:
		i[0] = i[0] ? 0x80 : 0;
		break;
	default:
		break;
	}
}

/* FreeBSD looks at the descriptor first, then at the length, then at the value. */
static long
check(int s, uint32_t len)
{
	int type;
	socklen_t n = sizeof(type);
	long r;

	if (s < 0 || fd_is_ours(s))
		return -EBADF;
	r = host_call(SYS_getsockopt, s, SOL_SOCKET, SO_TYPE, &type, &n);
	return r ? r : (int)len < 0 ? -EINVAL : 0;
}

/* Each protocol knows its own level and those of the ones below it. */
static long
check_level(int s, int level)
{
	int domain = fbsd_host_option(s, SOL_SOCKET, SO_DOMAIN, AF_INET);

	if (level == FBSD_SOL_SOCKET || (level == 0 && domain != AF_INET6) || (level == IPPROTO_IPV6 && domain == AF_INET6))
		return 0;
	if (domain == AF_UNIX || fbsd_host_option(s, SOL_SOCKET, SO_TYPE, SOCK_RAW) == SOCK_RAW)
		return -EINVAL;
	return fbsd_host_option(s, SOL_SOCKET, SO_PROTOCOL, 0) == level ? 0 : -EINVAL;
}

static const struct fbsd_special *
special(int s, int level, int name)
{
	if (level == 0 && fbsd_host_option(s, SOL_SOCKET, SO_DOMAIN, AF_INET) == AF_UNIX)
		return fbsd_option_local(name);
	return fbsd_option_special(level, name);
}

static long
unknown(const char *call, int level, int name)
{
	log_debug(LOG_UNKNOWN, "%s: level %d option %d is not known", call, level, name);
	return -ENOPROTOOPT;
}

long
fbsd_setsockopt(struct thread *t, int s, int level, int name, uint64_t val, int len)
{
	uint8_t v[FBSD_OPTION_MAX] __attribute__((aligned(8))) = {0};
	struct fbsd_option o = {.t = t, .s = s, .name = name, .v = v, .n = (uint32_t)len};
	const struct fbsd_special *sp;
	const struct option *p;
	long r;

	if (!val && len)
		return -EFAULT;
	if (len < 0)
		return -EINVAL;
	r = check(s, o.n);
	if (r)
		return r;
	if (o.n > sizeof(v))
		o.n = sizeof(v); /* more than any value has is not looked at */
	if (gm_read(v, val, o.n))
		return -EFAULT;
	r = check_level(s, level);
	if (r)
		return r;
	sp = special(s, level, name);
	if (sp)
		return sp->set ? sp->set(&o) : -ENOPROTOOPT;
	p = find(level, name);
	if (!p)
		return unknown("setsockopt", level, name);
	if (p->kind >= M_INT && fbsd_host_option(s, SOL_SOCKET, SO_TYPE, 0) == SOCK_STREAM)
		return -EOPNOTSUPP;
	r = value_in(p, v, o.n);
	return r < 0 ? r : host_call(SYS_setsockopt, s, p->hlevel, p->hname, v, r);
}

static socklen_t
size_of(enum kind kind)
{
	return kind == TIMEVAL ? 16 : kind == LINGER ? 8 : sizeof(int);
}

static long
plain_get(struct fbsd_option *o, const struct option *p, uint32_t room)
{
	if (p->kind >= M_INT && fbsd_host_option(o->s, SOL_SOCKET, SO_TYPE, 0) == SOCK_STREAM)
		return -EOPNOTSUPP;
	bool sized = p->kind == SMALL || p->kind == RAW || p->kind == M_SMALL || p->kind == M_RAW;
	socklen_t n = !sized ? size_of(p->kind) : room < FBSD_OPTION_MAX ? room : FBSD_OPTION_MAX;
	long r = host_call(SYS_getsockopt, o->s, p->hlevel, p->hname, o->v, &n);

	if (r == 0 && n >= sizeof(int))
		value_out(o->t, p, o->v);
	o->n = n;
	return r;
}

long
fbsd_getsockopt(struct thread *t, int s, int level, int name, uint64_t val, uint64_t avalsize)
{
	uint8_t v[FBSD_OPTION_MAX] __attribute__((aligned(8))) = {0};
	struct fbsd_option o = {.t = t, .s = s, .name = name, .v = v};
	const struct fbsd_special *sp;
	const struct option *p;
	uint32_t room = 0, n;
	long r;

	if (val && gm_read(&room, avalsize, sizeof(room)))
		return -EFAULT;
	r = check(s, room);
	if (r == 0)
		r = check_level(s, level);
	if (r)
		return r;
	sp = special(s, level, name);
	p = sp ? NULL : find(level, name);
	if (sp)
		r = sp->get ? sp->get(&o) : -ENOPROTOOPT;
	else
		r = p ? plain_get(&o, p, room) : unknown("getsockopt", level, name);
	if (r || !val)
		return r;
	n = o.n < room ? o.n : room;
	return gm_write(val, v, n) || gm_write(avalsize, &n, sizeof(n)) ? -EFAULT : 0;
}
