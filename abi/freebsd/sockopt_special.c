/*
 * Socket options that are more than another number: structures of FreeBSD's own, and what the host's socket does not
 * remember (sockbits.c).
 * Source: FreeBSD manual getsockopt(2), unix(4), tcp(4), ip(4); sys/ucred.h, netinet/tcp.h.
 */
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "abi/freebsd/socket.h"
#include "abi/freebsd/sockopt.h"

#define GROUPS_MAX      16
#define TS_CLOCK_MAX    3
#define HOST_TCP_LISTEN 10
#define NAME_BYTES      16
#define ACCEPT_FILTER_ARG 256 /* struct accept_filter_arg */

/* struct xucred */
struct xucred {
	uint32_t version, uid;
	int16_t ngroups, pad0;
	uint32_t groups[GROUPS_MAX];
	uint32_t pad1;
	int32_t pid, pad2;
};
_Static_assert(sizeof(struct xucred) == 88, "xucred");

/* struct tcp_info, up to what every release has; the rest is padding. */
struct g_tcp_info {
	uint8_t state, ca_state, retransmits, probes, backoff, options, wscale, pad;
	uint32_t rto, ato, snd_mss, rcv_mss, unacked, sacked, lost, retrans, fackets;
	uint32_t last_data_sent, last_ack_sent, last_data_recv, last_ack_recv;
	uint32_t pmtu, rcv_ssthresh, rtt, rttvar, snd_ssthresh, snd_cwnd, advmss, reordering, rcv_rtt, rcv_space;
	uint32_t snd_wnd, snd_bwnd, snd_nxt, rcv_nxt, toe_tid, snd_rexmitpack, rcv_ooopack, snd_zerowin;
	uint32_t rest[26];
};
_Static_assert(sizeof(struct g_tcp_info) == 236 && offsetof(struct g_tcp_info, rtt) == 68, "tcp_info");

static long
host_set(const struct fbsd_option *o, int level, int name, int v)
{
	return host_call(SYS_setsockopt, o->s, level, name, &v, sizeof(v));
}

/* An int that is on or off, kept as a bit of ours and as an option of the host. */
static long
set_bit(struct fbsd_option *o, uint16_t bit)
{
	if (o->n < sizeof(int))
		return -EINVAL;
	return fbsd_sockbits_set(o->t, o->s, bit, fbsd_option_int(o) ? bit : 0);
}

/* The options of the socket level that are only remembered. */
static const struct {
	int name;
	uint16_t bit;
} kept[] = {{0x1, FBSD_SB_DEBUG},
            {0x40, FBSD_SB_LOOPBACK},
            {0x400, FBSD_SB_TIMESTAMP},
            {0x800, FBSD_SB_NOSIGPIPE},
            {0x2000, FBSD_SB_BINTIME},
            {0x20000, FBSD_SB_RERROR}};

static uint16_t
kept_bit(int name)
{
	for (unsigned i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (kept[i].name == name)
			return kept[i].bit;
	return 0;
}

static long
kept_set(struct fbsd_option *o)
{
	return set_bit(o, kept_bit(o->name));
}

static long
kept_get(struct fbsd_option *o)
{
	return fbsd_option_give(o, fbsd_sockbits(o->t, o->s) & kept_bit(o->name) ? o->name : 0);
}

/* SO_TIMESTAMP and SO_BINTIME: the host stamps in nanoseconds, and the message is made when it is read. */
static long
stamp_set(struct fbsd_option *o)
{
	long r = kept_set(o);

	if (r)
		return r;
	return host_set(o, SOL_SOCKET, SO_TIMESTAMPNS,
	                (fbsd_sockbits(o->t, o->s) & (FBSD_SB_TIMESTAMP | FBSD_SB_BINTIME)) != 0);
}

/* SO_NO_OFFLOAD, SO_NO_DDP: hints to network cards that are not there. */
static long
hint_set(struct fbsd_option *o)
{
	return o->n < sizeof(int) ? -EINVAL : 0;
}

/* SO_ACCEPTFILTER: filters are modules, and none is loaded. */
static long
filter_set(struct fbsd_option *o)
{
	return o->n < ACCEPT_FILTER_ARG ? -EINVAL : -ENOENT;
}

static long
filter_get(struct fbsd_option *o)
{
	(void)o;
	return -EINVAL;
}

static long
clock_set(struct fbsd_option *o)
{
	int v = fbsd_option_int(o);

	if (o->n < sizeof(int) || v < 0 || v > TS_CLOCK_MAX)
		return -EINVAL;
	return fbsd_sockbits_set(o->t, o->s, FBSD_SB_CLOCK, (uint16_t)(v << FBSD_SB_CLOCK_SHIFT));
}

static long
clock_get(struct fbsd_option *o)
{
	return fbsd_option_give(o, (fbsd_sockbits(o->t, o->s) & FBSD_SB_CLOCK) >> FBSD_SB_CLOCK_SHIFT);
}

/* One table of routes. */
static long
setfib_set(struct fbsd_option *o)
{
	return o->n < sizeof(int) || fbsd_option_int(o) != 0 ? -EINVAL : 0;
}

/* A mark that only packet filters of the same kernel look at. */
static long
cookie_set(struct fbsd_option *o)
{
	return o->n < sizeof(uint32_t) ? -EINVAL : 0;
}

/* A listening TCP socket tells its queue in the host's tcp_info. */
static long
queue_get(struct fbsd_option *o, bool limit)
{
	struct tcp_info ti = {0};
	socklen_t n = sizeof(ti);

	if (!fbsd_host_option(o->s, SOL_SOCKET, SO_ACCEPTCONN, 0))
		return fbsd_option_give(o, 0);
	if (host_call(SYS_getsockopt, o->s, IPPROTO_TCP, TCP_INFO, &ti, &n) || ti.tcpi_state != HOST_TCP_LISTEN)
		return -ENOPROTOOPT;
	return fbsd_option_give(o, (int)(limit ? ti.tcpi_sacked : ti.tcpi_unacked));
}

/* Connections that are being made are in no socket's queue. */
static long
incomplete_get(struct fbsd_option *o)
{
	return fbsd_option_give(o, 0);
}

static long
queue_limit_get(struct fbsd_option *o)
{
	return queue_get(o, true);
}

static long
queue_length_get(struct fbsd_option *o)
{
	return queue_get(o, false);
}

/* IP_RECVDSTADDR and IP_RECVIF are both in the host's packet information. */
static long
pktinfo_set(struct fbsd_option *o, uint16_t bit)
{
	long r = set_bit(o, bit);

	if (r)
		return r;
	return host_set(o, IPPROTO_IP, IP_PKTINFO, (fbsd_sockbits(o->t, o->s) & (FBSD_SB_DSTADDR | FBSD_SB_RECVIF)) != 0);
}

static long
dstaddr_set(struct fbsd_option *o)
{
	return pktinfo_set(o, FBSD_SB_DSTADDR);
}

static long
dstaddr_get(struct fbsd_option *o)
{
	return fbsd_option_give(o, (fbsd_sockbits(o->t, o->s) & FBSD_SB_DSTADDR) != 0);
}

static long
recvif_set(struct fbsd_option *o)
{
	return pktinfo_set(o, FBSD_SB_RECVIF);
}

static long
recvif_get(struct fbsd_option *o)
{
	return fbsd_option_give(o, (fbsd_sockbits(o->t, o->s) & FBSD_SB_RECVIF) != 0);
}

/* Raw sockets alone have it. */
static long
hdrincl_set(struct fbsd_option *o)
{
	if (o->n < sizeof(int))
		return -EINVAL;
	return host_set(o, IPPROTO_IP, IP_HDRINCL, fbsd_option_int(o));
}

static long
hdrincl_get(struct fbsd_option *o)
{
	if (fbsd_host_option(o->s, SOL_SOCKET, SO_TYPE, 0) != SOCK_RAW)
		return -ENOPROTOOPT;
	return fbsd_option_give(o, fbsd_host_option(o->s, IPPROTO_IP, IP_HDRINCL, 0));
}

static long
dontfrag_set(struct fbsd_option *o)
{
	if (o->n < sizeof(int))
		return -EINVAL;
	return host_set(o, IPPROTO_IP, IP_MTU_DISCOVER, fbsd_option_int(o) ? IP_PMTUDISC_DO : IP_PMTUDISC_DONT);
}

static long
dontfrag_get(struct fbsd_option *o)
{
	return fbsd_option_give(o, fbsd_host_option(o->s, IPPROTO_IP, IP_MTU_DISCOVER, 0) == IP_PMTUDISC_DO);
}

static uint8_t
tcp_state(uint8_t host)
{
	/* CLOSED 0, LISTEN 1, SYN_SENT 2, SYN_RECEIVED 3, ESTABLISHED 4, CLOSE_WAIT 5, FIN_WAIT_1 6, CLOSING 7, LAST_ACK 8,
	 * FIN_WAIT_2 9, TIME_WAIT 10 */
	static const uint8_t guest[] = {0, 4, 2, 3, 6, 9, 10, 0, 5, 8, 1, 7};

	return host < sizeof(guest) ? guest[host] : 0;
}

/* Times in microseconds, windows in bytes. */
static long
info_get(struct fbsd_option *o)
{
	struct tcp_info h = {0};
	struct g_tcp_info g = {0};
	socklen_t n = sizeof(h);
	long r = host_call(SYS_getsockopt, o->s, IPPROTO_TCP, TCP_INFO, &h, &n);

	if (r)
		return r;
	g.state = tcp_state(h.tcpi_state);
	g.options = h.tcpi_options & (TCPI_OPT_TIMESTAMPS | TCPI_OPT_SACK | TCPI_OPT_WSCALE | TCPI_OPT_ECN);
	g.wscale = (uint8_t)(h.tcpi_snd_wscale | h.tcpi_rcv_wscale << 4);
	g.rto = h.tcpi_rto;
	g.snd_mss = h.tcpi_snd_mss;
	g.rcv_mss = h.tcpi_rcv_mss;
	g.last_data_recv = h.tcpi_last_data_recv * 1000;
	g.rtt = h.tcpi_rtt;
	g.rttvar = h.tcpi_rttvar;
	g.snd_ssthresh = h.tcpi_snd_ssthresh >= INT32_MAX / (h.tcpi_snd_mss + 1) ? INT32_MAX : h.tcpi_snd_ssthresh * h.tcpi_snd_mss;
	g.snd_cwnd = h.tcpi_snd_cwnd * h.tcpi_snd_mss;
	g.rcv_space = h.tcpi_rcv_space;
	g.snd_wnd = h.tcpi_snd_wnd;
	g.snd_rexmitpack = h.tcpi_total_retrans;
	g.rcv_ooopack = h.tcpi_rcv_ooopack;
	memcpy(o->v, &g, sizeof(g));
	o->n = sizeof(g);
	return 0;
}

/* The classic algorithm goes by another name. */
static long
congestion_set(struct fbsd_option *o)
{
	char name[NAME_BYTES] = "";
	const char *host;

	memcpy(name, o->v, o->n < sizeof(name) - 1 ? o->n : sizeof(name) - 1);
	host = strcmp(name, "newreno") ? name : "reno";
	return host_call(SYS_setsockopt, o->s, IPPROTO_TCP, TCP_CONGESTION, host, strlen(host));
}

static long
congestion_get(struct fbsd_option *o)
{
	char name[NAME_BYTES] = "";
	socklen_t n = sizeof(name) - 1;
	long r = host_call(SYS_getsockopt, o->s, IPPROTO_TCP, TCP_CONGESTION, name, &n);

	strcpy((char *)o->v, strcmp(name, "reno") ? name : "newreno");
	o->n = (uint32_t)strlen((char *)o->v) + 1;
	return r;
}

/* Both net.inet.tcp.fastopen switches are off, as on every FreeBSD that was not told otherwise. */
static long
fastopen_set(struct fbsd_option *o)
{
	(void)o;
	return -EPERM;
}

static long
fastopen_get(struct fbsd_option *o)
{
	return fbsd_option_give(o, 0);
}

static const struct fbsd_special specials[] = {
    {FBSD_SOL_SOCKET, 0x1, kept_set, kept_get},
    {FBSD_SOL_SOCKET, 0x40, kept_set, kept_get},
    {FBSD_SOL_SOCKET, 0x400, stamp_set, kept_get},
    {FBSD_SOL_SOCKET, 0x800, kept_set, kept_get},
    {FBSD_SOL_SOCKET, 0x1000, filter_set, filter_get},
    {FBSD_SOL_SOCKET, 0x4000, hint_set, NULL},
    {FBSD_SOL_SOCKET, 0x8000, hint_set, NULL},
    {FBSD_SOL_SOCKET, 0x1011, NULL, queue_limit_get},
    {FBSD_SOL_SOCKET, 0x1012, NULL, queue_length_get},
    {FBSD_SOL_SOCKET, 0x1013, NULL, incomplete_get},
    {FBSD_SOL_SOCKET, 0x1014, setfib_set, NULL},
    {FBSD_SOL_SOCKET, 0x1015, cookie_set, NULL},
    {FBSD_SOL_SOCKET, 0x1017, clock_set, clock_get},
    {FBSD_SOL_SOCKET, 0x2000, stamp_set, kept_get},
    {FBSD_SOL_SOCKET, 0x20000, kept_set, kept_get},
    {IPPROTO_IP, 2, hdrincl_set, hdrincl_get},
    {IPPROTO_IP, 7, dstaddr_set, dstaddr_get},
    {IPPROTO_IP, 20, recvif_set, recvif_get},
    {IPPROTO_IP, 67, dontfrag_set, dontfrag_get},
    {IPPROTO_TCP, 32, NULL, info_get},
    {IPPROTO_TCP, 64, congestion_set, congestion_get},
    {IPPROTO_TCP, 1025, fastopen_set, fastopen_get},
};

const struct fbsd_special *
fbsd_option_special(int level, int name)
{
	for (unsigned i = 0; i < sizeof(specials) / sizeof(specials[0]); i++)
		if (specials[i].level == level && specials[i].name == name)
			return &specials[i];
	return NULL;
}

static long
peercred_get(struct fbsd_option *o)
{
	struct xucred x = {.ngroups = 1};
	struct ucred uc;
	socklen_t n = sizeof(uc);
	gid_t more[GROUPS_MAX - 1];
	long r = host_call(SYS_getsockopt, o->s, SOL_SOCKET, SO_PEERCRED, &uc, &n);

	if (r)
		return r;
	if (uc.pid == 0 && (int)uc.uid == -1)
		return fbsd_host_option(o->s, SOL_SOCKET, SO_TYPE, 0) == SOCK_DGRAM ? -EINVAL : -ENOTCONN;
	x.uid = uc.uid;
	x.groups[0] = uc.gid;
	x.pid = uc.pid;
	n = sizeof(more);
	if (host_call(SYS_getsockopt, o->s, SOL_SOCKET, SO_PEERGROUPS, more, &n) == 0)
		for (uint32_t i = 0; i < n / sizeof(more[0]); i++)
			if (more[i] != uc.gid)
				x.groups[x.ngroups++] = more[i];
	memcpy(o->v, &x, sizeof(x));
	o->n = sizeof(x);
	return 0;
}

/* One of the two at a time, so that a message says the credentials once. */
static long
creds_set(struct fbsd_option *o, uint16_t bit)
{
	uint16_t other = (uint16_t)((FBSD_SB_CREDS | FBSD_SB_CREDS_ALWAYS) & ~bit);
	long r;

	if (o->n >= sizeof(int) && fbsd_option_int(o) && fbsd_sockbits(o->t, o->s) & other)
		return -EINVAL;
	r = set_bit(o, bit);
	return r ? r : host_set(o, SOL_SOCKET, SO_PASSCRED, (fbsd_sockbits(o->t, o->s) & (bit | other)) != 0);
}

static long
creds_once_set(struct fbsd_option *o)
{
	return creds_set(o, FBSD_SB_CREDS);
}

static long
creds_once_get(struct fbsd_option *o)
{
	return fbsd_option_give(o, (fbsd_sockbits(o->t, o->s) & FBSD_SB_CREDS) != 0);
}

static long
creds_always_set(struct fbsd_option *o)
{
	return creds_set(o, FBSD_SB_CREDS_ALWAYS);
}

static long
creds_always_get(struct fbsd_option *o)
{
	return fbsd_option_give(o, (fbsd_sockbits(o->t, o->s) & FBSD_SB_CREDS_ALWAYS) != 0);
}

static long
not_readable(struct fbsd_option *o)
{
	(void)o;
	return -EOPNOTSUPP;
}

static const struct fbsd_special locals[] = {
    {0, 1, NULL, peercred_get},
    {0, 2, creds_once_set, creds_once_get},
    {0, 3, creds_always_set, creds_always_get},
    {0, 0, NULL, not_readable}, /* any other */
};

const struct fbsd_special *
fbsd_option_local(int name)
{
	const struct fbsd_special *p = locals;

	while (p->name && p->name != name)
		p++;
	return p;
}
