/*
 * Socket options by table.  What is not in it is ENOPROTOOPT.
 * Source: FreeBSD sys/socket.h, netinet/in.h, netinet/tcp.h, netinet6/in6.h, sys/un.h.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/un.h>

#include "abi/core/fd.h"
#include "abi/freebsd/socket.h"
#include "freebsd-amd64.h"

#define G_SOL_SOCKET     0xffff
#define G_SOL_LOCAL      0
#define G_SO_NOSIGPIPE   0x800
#define G_SO_REUSEPORT   0x200
#define G_LOCAL_PEERCRED 1

enum kind { INT, TIMEVAL, LINGER, ERRNO, TYPE, FAMILY, RAW };

static const struct option {
	int glevel, gname, hlevel, hname;
	enum kind kind;
} options[] = {
    {G_SOL_SOCKET, 0x1, SOL_SOCKET, SO_DEBUG, INT},          {G_SOL_SOCKET, 0x2, SOL_SOCKET, SO_ACCEPTCONN, INT},
    {G_SOL_SOCKET, 0x4, SOL_SOCKET, SO_REUSEADDR, INT},      {G_SOL_SOCKET, 0x8, SOL_SOCKET, SO_KEEPALIVE, INT},
    {G_SOL_SOCKET, 0x10, SOL_SOCKET, SO_DONTROUTE, INT},     {G_SOL_SOCKET, 0x20, SOL_SOCKET, SO_BROADCAST, INT},
    {G_SOL_SOCKET, 0x80, SOL_SOCKET, SO_LINGER, LINGER},     {G_SOL_SOCKET, 0x100, SOL_SOCKET, SO_OOBINLINE, INT},
    {G_SOL_SOCKET, G_SO_REUSEPORT, SOL_SOCKET, SO_REUSEPORT, INT},
    {G_SOL_SOCKET, 0x400, SOL_SOCKET, SO_TIMESTAMP, INT},    {G_SOL_SOCKET, 0x10000, SOL_SOCKET, SO_REUSEPORT, INT},
    {G_SOL_SOCKET, 0x1001, SOL_SOCKET, SO_SNDBUF, INT},      {G_SOL_SOCKET, 0x1002, SOL_SOCKET, SO_RCVBUF, INT},
    {G_SOL_SOCKET, 0x1004, SOL_SOCKET, SO_RCVLOWAT, INT},    {G_SOL_SOCKET, 0x1005, SOL_SOCKET, SO_SNDTIMEO, TIMEVAL},
    {G_SOL_SOCKET, 0x1006, SOL_SOCKET, SO_RCVTIMEO, TIMEVAL}, {G_SOL_SOCKET, 0x1007, SOL_SOCKET, SO_ERROR, ERRNO},
    {G_SOL_SOCKET, 0x1008, SOL_SOCKET, SO_TYPE, TYPE},       {G_SOL_SOCKET, 0x1016, SOL_SOCKET, SO_PROTOCOL, INT},
    {G_SOL_SOCKET, 0x1019, SOL_SOCKET, SO_DOMAIN, FAMILY},
    {IPPROTO_IP, 2, IPPROTO_IP, IP_HDRINCL, INT},            {IPPROTO_IP, 3, IPPROTO_IP, IP_TOS, INT},
    {IPPROTO_IP, 4, IPPROTO_IP, IP_TTL, INT},                {IPPROTO_IP, 9, IPPROTO_IP, IP_MULTICAST_IF, RAW},
    {IPPROTO_IP, 10, IPPROTO_IP, IP_MULTICAST_TTL, RAW},     {IPPROTO_IP, 11, IPPROTO_IP, IP_MULTICAST_LOOP, RAW},
    {IPPROTO_IP, 12, IPPROTO_IP, IP_ADD_MEMBERSHIP, RAW},    {IPPROTO_IP, 13, IPPROTO_IP, IP_DROP_MEMBERSHIP, RAW},
    {IPPROTO_IPV6, 4, IPPROTO_IPV6, IPV6_UNICAST_HOPS, INT}, {IPPROTO_IPV6, 9, IPPROTO_IPV6, IPV6_MULTICAST_IF, INT},
    {IPPROTO_IPV6, 10, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, INT},
    {IPPROTO_IPV6, 11, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, INT},
    {IPPROTO_IPV6, 12, IPPROTO_IPV6, IPV6_JOIN_GROUP, RAW},  {IPPROTO_IPV6, 13, IPPROTO_IPV6, IPV6_LEAVE_GROUP, RAW},
    {IPPROTO_IPV6, 27, IPPROTO_IPV6, IPV6_V6ONLY, INT},      {IPPROTO_IPV6, 61, IPPROTO_IPV6, IPV6_TCLASS, INT},
    {IPPROTO_TCP, 1, IPPROTO_TCP, TCP_NODELAY, INT},         {IPPROTO_TCP, 2, IPPROTO_TCP, TCP_MAXSEG, INT},
    {IPPROTO_TCP, 4, IPPROTO_TCP, TCP_CORK, INT},            {IPPROTO_TCP, 256, IPPROTO_TCP, TCP_KEEPIDLE, INT},
    {IPPROTO_TCP, 512, IPPROTO_TCP, TCP_KEEPINTVL, INT},     {IPPROTO_TCP, 1024, IPPROTO_TCP, TCP_KEEPCNT, INT},
};

static const struct option *
find(int level, int name)
{
	for (unsigned i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (options[i].glevel == level && options[i].gname == name)
			return &options[i];
	return NULL;
}

/* One bit a descriptor: SO_NOSIGPIPE.  Kept with the process; close forgets it through the same door as knotes. */
int
fbsd_send_flags(struct thread *t, int fd, int host_flags)
{
	const uint8_t *bits = fbsd_task(t)->nosigpipe;

	if (fd >= 0 && fd < FBSD_NOSIGPIPE_FDS && bits[fd / 8] >> (fd % 8) & 1)
		host_flags |= MSG_NOSIGNAL;
	return host_flags;
}

static long
nosigpipe_set(struct thread *t, int fd, int on)
{
	uint8_t *bits = fbsd_task(t)->nosigpipe, bit = (uint8_t)(1u << (fd % 8));

	if (fd >= FBSD_NOSIGPIPE_FDS)
		return -ENOPROTOOPT;
	if (on)
		__atomic_fetch_or(&bits[fd / 8], bit, __ATOMIC_RELAXED);
	else
		__atomic_fetch_and(&bits[fd / 8], (uint8_t)~bit, __ATOMIC_RELAXED);
	return 0;
}

#define VALUE_MAX 256

long
fbsd_setsockopt(struct thread *t, int s, int level, int name, uint64_t val, int len)
{
	const struct option *o = find(level, name);
	uint8_t v[VALUE_MAX] __attribute__((aligned(8))) = {0};
	uint32_t valsize = (uint32_t)len;
	int probe;
	socklen_t n = sizeof(probe);
	long r;

	if (s < 0 || fd_is_ours(s))
		return -EBADF;
	if (len < 0 || valsize > sizeof(v))
		return -EINVAL;
	if (gm_read(v, val, valsize))
		return -EFAULT;
	r = host_call(SYS_getsockopt, s, SOL_SOCKET, SO_TYPE, &probe, &n);
	if (r)
		return r;
	if (level == G_SOL_SOCKET && name == G_SO_NOSIGPIPE)
		return valsize < 4 ? -EINVAL : nosigpipe_set(t, s, *(int *)(void *)v);
	if (!o || o->kind == ERRNO || o->kind == TYPE || o->kind == FAMILY) {
		if (!o)
			log_debug(LOG_UNKNOWN, "setsockopt level %d option %d is not known", level, name);
		return -ENOPROTOOPT;
	}
	if (o->kind == INT && valsize < 4 && o->hlevel != IPPROTO_IP)
		return -EINVAL;
	return host_call(SYS_setsockopt, s, o->hlevel, o->hname, v, o->kind == INT && valsize > 4 ? 4 : valsize);
}

/* xucred: version, uid, ngroups, groups[16], pid. */
static long
peer_credentials(int s, uint64_t val, uint32_t size, uint64_t avalsize)
{
	struct {
		uint32_t version, uid;
		int16_t ngroups, pad0;
		uint32_t groups[16];
		uint32_t pad1;
		union {
			int32_t pid;
			uint64_t pad;
		} u;
	} x;
	struct ucred uc;
	socklen_t n = sizeof(uc);
	long r = host_call(SYS_getsockopt, s, SOL_SOCKET, SO_PEERCRED, &uc, &n);
	uint32_t len = size < sizeof(x) ? size : (uint32_t)sizeof(x);

	if (r)
		return r;
	if ((int)uc.uid == -1)
		return -ENOTCONN;
	memset(&x, 0, sizeof(x));
	x.uid = uc.uid;
	x.ngroups = 1;
	x.groups[0] = uc.gid;
	x.u.pid = uc.pid;
	return gm_write(val, &x, len) ? -EFAULT : gm_store32(avalsize, len);
}

static void
convert_value(struct thread *t, const struct option *o, int *v)
{
	const struct errno_map *m = t->task->pers->errnos;

	if (o->kind == ERRNO && *v > 0 && (unsigned)*v < m->n)
		*v = m->to_guest[*v];
	else if (o->kind == FAMILY)
		*v = fbsd_family_out(*v);
	else if (o->hlevel == SOL_SOCKET && (o->hname == SO_SNDBUF || o->hname == SO_RCVBUF))
		*v /= 2; /* Linux tells twice what was set */
	else if (o->kind == INT && o->hlevel == SOL_SOCKET && o->gname <= 0x10000 && o->gname < 0x1000 && *v)
		*v = o->gname; /* flags read back as their own bit */
}

long
fbsd_getsockopt(struct thread *t, int s, int level, int name, uint64_t val, uint64_t avalsize)
{
	const struct option *o = find(level, name);
	uint8_t v[VALUE_MAX] __attribute__((aligned(8))) = {0};
	uint32_t size = 0;
	socklen_t n;
	long r;

	if (s < 0 || fd_is_ours(s))
		return -EBADF;
	if (val && gm_load32(avalsize, &size))
		return -EFAULT;
	n = size < sizeof(v) ? size : sizeof(v);
	if (level == G_SOL_LOCAL && name == G_LOCAL_PEERCRED)
		return peer_credentials(s, val, size, avalsize);
	if (level == G_SOL_SOCKET && name == G_SO_NOSIGPIPE) {
		*(int *)(void *)v = fbsd_send_flags(t, s, 0) ? G_SO_NOSIGPIPE : 0;
		n = n < 4 ? n : 4;
	} else {
		if (!o) {
			log_debug(LOG_UNKNOWN, "getsockopt level %d option %d is not known", level, name);
			return -ENOPROTOOPT;
		}
		r = host_call(SYS_getsockopt, s, o->hlevel, o->hname, v, &n);
		if (r)
			return r;
		if (n >= 4)
			convert_value(t, o, (int *)(void *)v);
	}
	if (!val)
		return 0;
	return gm_write(val, v, n) ? -EFAULT : gm_store32(avalsize, n);
}
