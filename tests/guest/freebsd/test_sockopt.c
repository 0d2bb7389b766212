/*
 * Every socket option: value, size and errors.
 * Source: FreeBSD manual getsockopt(2), unix(4), ip(4), ip6(4), tcp(4), multicast(4); sys/kern/uipc_socket.c sosetopt and
 * sogetopt, netinet/tcp_usrreq.c, netinet/ip_output.c ip_ctloutput, kern/uipc_usrreq.c uipc_ctloutput by what they return.
 */
#include "../kit/net.h"

static void
close_both(int a, int b)
{
	sys(SYS_close, a);
	sys(SYS_close, b);
}

static int64_t
set_int(int s, int level, int name, int v)
{
	return sys(SYS_setsockopt, s, level, name, &v, 4);
}

/* The value, or -errno; -1000 when the size is not an int's. */
static int64_t
get_int(int s, int level, int name)
{
	int v[2] = {0x55555555, 0x55555555};
	uint32_t n = sizeof(v);
	int64_t r = sys(SYS_getsockopt, s, level, name, v, &n);

	return r ? r : n == 4 && v[1] == 0x55555555 ? v[0] : -1000;
}

/* Flags of the socket level read as their own bit, whatever non-zero number set them. */
static void
flags_read_as_their_bit(void)
{
	static const int names[] = {0x1 /* DEBUG */, 0x4 /* REUSEADDR */, 0x8 /* KEEPALIVE */, 0x10 /* DONTROUTE */, 0x20 /* BROADCAST */,
	                            0x40 /* USELOOPBACK */, 0x100 /* OOBINLINE */, 0x200 /* REUSEPORT */, 0x400 /* TIMESTAMP */,
	                            0x800 /* NOSIGPIPE */, 0x2000 /* BINTIME */, 0x10000 /* REUSEPORT_LB */, 0x20000 /* RERROR */};
	int s = (int)sys(SYS_socket, AF_INET, SOCK_DGRAM, 0);

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		CHECK_EQ(get_int(s, SOL_SOCKET, names[i]), 0);
		CHECK_EQ(set_int(s, SOL_SOCKET, names[i], 77), 0);
		CHECK_EQ(get_int(s, SOL_SOCKET, names[i]), names[i]);
		CHECK_ERR(EINVAL, SYS_setsockopt, s, SOL_SOCKET, names[i], &s, 3);
		CHECK_EQ(get_int(s, SOL_SOCKET, names[i]), names[i]);
		CHECK_EQ(set_int(s, SOL_SOCKET, names[i], 0), 0);
		CHECK_EQ(get_int(s, SOL_SOCKET, names[i]), 0);
	}
	sys(SYS_close, s);
}

static void
flags_survive_dup_and_end_with_close(void)
{
	int s = (int)sys(SYS_socket, AF_UNIX, SOCK_DGRAM, 0), d, e;

	CHECK_EQ(set_int(s, SOL_SOCKET, 0x800, 1), 0);
	d = (int)sys(SYS_dup, s);
	CHECK_EQ(get_int(d, SOL_SOCKET, 0x800), 0x800);
	CHECK_EQ(sys(SYS_close, s), 0);
	CHECK_EQ(get_int(d, SOL_SOCKET, 0x800), 0x800);
	e = (int)sys(SYS_socket, AF_UNIX, SOCK_DGRAM, 0);
	CHECK_EQ(e, s);
	CHECK_EQ(get_int(e, SOL_SOCKET, 0x800), 0);
	CHECK_EQ(sys(SYS_dup2, d, e), e);
	CHECK_EQ(get_int(e, SOL_SOCKET, 0x800), 0x800);
	sys(SYS_close, d), sys(SYS_close, e);
}

static void
what_a_socket_is(void)
{
	static const struct {
		int domain, type, protocol;
	} rows[] = {{AF_UNIX, SOCK_STREAM, 0},   {AF_UNIX, SOCK_DGRAM, 0},         {AF_UNIX, SOCK_SEQPACKET, 0},
	            {AF_INET, SOCK_STREAM, 6},   {AF_INET, SOCK_DGRAM, 17}};
	struct sockaddr_in a = loopback(0);

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int s = (int)sys(SYS_socket, rows[i].domain, rows[i].type, 0);

		CHECK_EQ(get_int(s, SOL_SOCKET, 0x1008), rows[i].type);
		CHECK_EQ(get_int(s, SOL_SOCKET, 0x1019), rows[i].domain);
		CHECK_EQ(get_int(s, SOL_SOCKET, 0x1016), rows[i].protocol);
		CHECK_EQ(get_int(s, SOL_SOCKET, 0x2), 0);
		CHECK_EQ(get_int(s, SOL_SOCKET, 0x1007), 0);
		CHECK_EQ(get_int(s, SOL_SOCKET, 0x1011), 0); /* SO_LISTENQLIMIT, QLEN, INCQLEN */
		CHECK_EQ(get_int(s, SOL_SOCKET, 0x1012), 0);
		CHECK_EQ(get_int(s, SOL_SOCKET, 0x1013), 0);
		for (int name = 0x1007; name <= 0x1019; name++)
			if (name <= 0x1008 || (name >= 0x1011 && name <= 0x1013) || name == 0x1016 || name == 0x1019)
				CHECK_EQ(set_int(s, SOL_SOCKET, name, 1), -ENOPROTOOPT);
		sys(SYS_close, s);
	}
	int l = (int)sys(SYS_socket, AF_INET, SOCK_STREAM, 0), c = (int)sys(SYS_socket, AF_INET, SOCK_STREAM, 0);
	uint32_t n = 16;

	CHECK_EQ(sys(SYS_bind, l, &a, 16) | sys(SYS_listen, l, 7) | sys(SYS_getsockname, l, &a, &n), 0);
	CHECK_EQ(get_int(l, SOL_SOCKET, 0x2), 2);
	CHECK_EQ(set_int(l, SOL_SOCKET, 0x2, 0), -ENOPROTOOPT);
	CHECK_EQ(get_int(l, SOL_SOCKET, 0x1011), 7);
	CHECK_EQ(get_int(l, SOL_SOCKET, 0x1012), 0);
	CHECK_EQ(sys(SYS_connect, c, &a, 16), 0);
	CHECK_EQ(get_int(l, SOL_SOCKET, 0x1012), 1);
	close_both(l, c);
}

static void
errors_are_told_once_and_in_guest_numbers(void)
{
	struct sockaddr_in a = loopback(0x0100);
	int s = (int)sys(SYS_socket, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	int64_t r = sys(SYS_connect, s, &a, 16);
	struct pollfd p = {s, POLLOUT, 0};

	if (r == -NET_EINPROGRESS) {
		CHECK_EQ(sys(SYS_poll, &p, 1, 10000), 1);
		CHECK_EQ(get_int(s, SOL_SOCKET, 0x1007), ECONNREFUSED);
	} else {
		CHECK_EQ(r, -ECONNREFUSED);
	}
	CHECK_EQ(get_int(s, SOL_SOCKET, 0x1007), 0);
	sys(SYS_close, s);
}

static void
sizes_and_low_water(void)
{
	int s = (int)sys(SYS_socket, AF_INET, SOCK_STREAM, 0);

	for (int name = 0x1001; name <= 0x1002; name++) {
		CHECK(get_int(s, SOL_SOCKET, name) > 0);
		CHECK_EQ(set_int(s, SOL_SOCKET, name, 16384), 0);
		CHECK_EQ(get_int(s, SOL_SOCKET, name), 16384);
		CHECK_EQ(set_int(s, SOL_SOCKET, name, 0), -EINVAL);
		CHECK_EQ(set_int(s, SOL_SOCKET, name, -1), -EINVAL);
		CHECK_EQ(set_int(s, SOL_SOCKET, name, 0x7fffffff), -ENOBUFS);
	}
	CHECK_EQ(get_int(s, SOL_SOCKET, 0x1004), 1);
	CHECK_EQ(set_int(s, SOL_SOCKET, 0x1004, 0), -EINVAL);
	CHECK_EQ(set_int(s, SOL_SOCKET, 0x1004, 100), 0);
	CHECK_EQ(get_int(s, SOL_SOCKET, 0x1004), 100);
	CHECK_EQ(set_int(s, SOL_SOCKET, 0x1018 /* MAX_PACING_RATE */, 123456), 0);
	CHECK_EQ(get_int(s, SOL_SOCKET, 0x1018), 123456);
	sys(SYS_close, s);
}

static void
time_limits(void)
{
	int s = (int)sys(SYS_socket, AF_INET, SOCK_DGRAM, 0);
	int64_t soon[2] = {0, 1000};
	char c;

	for (int name = 0x1005; name <= 0x1006; name++) {
		int64_t v[3] = {5, 500000, 0x55}, bad[][2] = {{-1, 0}, {0, -1}, {0, 1000000}};
		uint32_t n = sizeof(v);

		CHECK_EQ(sys(SYS_setsockopt, s, SOL_SOCKET, name, v, 16), 0);
		memset(v, 0, 16);
		CHECK_EQ(sys(SYS_getsockopt, s, SOL_SOCKET, name, v, &n), 0);
		CHECK(n == 16 && v[0] == 5 && v[1] == 500000 && v[2] == 0x55);
		for (int i = 0; i < 3; i++)
			CHECK_ERR(EDOM, SYS_setsockopt, s, SOL_SOCKET, name, bad[i], 16);
		CHECK_ERR(EINVAL, SYS_setsockopt, s, SOL_SOCKET, name, v, 15);
	}
	CHECK_EQ(sys(SYS_setsockopt, s, SOL_SOCKET, 0x1006, soon, 16), 0);
	CHECK_ERR(EAGAIN, SYS_recvfrom, s, &c, 1, 0, 0, 0);
	sys(SYS_close, s);
}

static void
linger(void)
{
	int s = (int)sys(SYS_socket, AF_INET, SOCK_STREAM, 0), v[3] = {1, 3, 0x55};
	uint32_t n = sizeof(v);

	CHECK_EQ(sys(SYS_setsockopt, s, SOL_SOCKET, 0x80, v, 8), 0);
	v[0] = v[1] = 0;
	CHECK_EQ(sys(SYS_getsockopt, s, SOL_SOCKET, 0x80, v, &n), 0);
	CHECK(n == 8 && v[0] == 0x80 && v[1] == 3 && v[2] == 0x55);
	CHECK_ERR(EINVAL, SYS_setsockopt, s, SOL_SOCKET, 0x80, v, 7);
	v[1] = -1;
	CHECK_ERR(EDOM, SYS_setsockopt, s, SOL_SOCKET, 0x80, v, 8);
	v[1] = 70000;
	CHECK_ERR(EDOM, SYS_setsockopt, s, SOL_SOCKET, 0x80, v, 8);
	sys(SYS_close, s);
}

static void
the_rest_of_the_socket_level(void)
{
	int s = (int)sys(SYS_socket, AF_INET, SOCK_STREAM, 0);
	char filter[256] = "httpready";
	uint32_t n = 256;

	CHECK_EQ(set_int(s, SOL_SOCKET, 0x1014 /* SETFIB */, 0), 0);
	CHECK_EQ(set_int(s, SOL_SOCKET, 0x1014, 1), -EINVAL);
	CHECK_EQ(get_int(s, SOL_SOCKET, 0x1014), -ENOPROTOOPT);
	CHECK_EQ(set_int(s, SOL_SOCKET, 0x1015 /* USER_COOKIE */, 9), 0);
	CHECK_EQ(get_int(s, SOL_SOCKET, 0x1015), -ENOPROTOOPT);
	for (int v = 0; v <= 3; v++) {
		CHECK_EQ(set_int(s, SOL_SOCKET, 0x1017 /* TS_CLOCK */, v), 0);
		CHECK_EQ(get_int(s, SOL_SOCKET, 0x1017), v);
	}
	CHECK_EQ(set_int(s, SOL_SOCKET, 0x1017, 4), -EINVAL);
	CHECK_EQ(set_int(s, SOL_SOCKET, 0x1017, -1), -EINVAL);
	CHECK_EQ(set_int(s, SOL_SOCKET, 0x4000 /* NO_OFFLOAD */, 1), 0);
	CHECK_EQ(get_int(s, SOL_SOCKET, 0x4000), -ENOPROTOOPT);
	CHECK_EQ(set_int(s, SOL_SOCKET, 0x8000 /* NO_DDP */, 1), 0);
	CHECK_EQ(get_int(s, SOL_SOCKET, 0x8000), -ENOPROTOOPT);
	/* accept_filter(9): no filter is in the kernel before its module is loaded */
	CHECK_ERR(ENOENT, SYS_setsockopt, s, SOL_SOCKET, 0x1000, filter, 256);
	CHECK_ERR(EINVAL, SYS_setsockopt, s, SOL_SOCKET, 0x1000, filter, 16);
	CHECK_ERR(EINVAL, SYS_getsockopt, s, SOL_SOCKET, 0x1000, filter, &n);
	sys(SYS_close, s);
}

static void
bad_calls_are_refused(void)
{
	int s = (int)sys(SYS_socket, AF_INET, SOCK_STREAM, 0), u = (int)sys(SYS_socket, AF_INET, SOCK_DGRAM, 0), v = 1;
	int l = (int)sys(SYS_socket, AF_UNIX, SOCK_STREAM, 0), file = (int)sys(SYS_open, "/dev/null", O_RDWR);
	uint32_t n = 4, minus = 0xffffffff;

	CHECK_ERR(EBADF, SYS_setsockopt, 999, SOL_SOCKET, 4, &v, 4);
	CHECK_ERR(EBADF, SYS_getsockopt, -1, SOL_SOCKET, 4, &v, &n);
	CHECK_ERR(ENOTSOCK, SYS_setsockopt, file, SOL_SOCKET, 4, &v, 4);
	CHECK_ERR(ENOTSOCK, SYS_getsockopt, file, SOL_SOCKET, 4, &v, &n);
	CHECK_ERR(EFAULT, SYS_setsockopt, s, SOL_SOCKET, 4, 0, 4);
	CHECK_ERR(EFAULT, SYS_setsockopt, s, SOL_SOCKET, 4, 8, 4);
	CHECK_ERR(EINVAL, SYS_setsockopt, s, SOL_SOCKET, 4, &v, -1);
	CHECK_ERR(EINVAL, SYS_setsockopt, s, SOL_SOCKET, 4, 0, 0);
	CHECK_ERR(EFAULT, SYS_getsockopt, s, SOL_SOCKET, 4, &v, 8);
	CHECK_ERR(EINVAL, SYS_getsockopt, s, SOL_SOCKET, 4, &v, &minus);
	CHECK_ERR(EFAULT, SYS_getsockopt, s, SOL_SOCKET, 4, 8, &n);
	CHECK_EQ(sys(SYS_getsockopt, s, SOL_SOCKET, 4, 0, 0), 0);
	/* an option that no level has, and levels that the socket does not have */
	CHECK_EQ(set_int(s, SOL_SOCKET, 0x7777, 1), -ENOPROTOOPT);
	CHECK_EQ(get_int(s, SOL_SOCKET, 0x7777), -ENOPROTOOPT);
	CHECK_EQ(set_int(s, IPPROTO_TCP, 0x7777, 1), -ENOPROTOOPT);
	CHECK_EQ(get_int(s, IPPROTO_TCP, 0x7777), -ENOPROTOOPT);
	CHECK_EQ(set_int(s, IPPROTO_IP, 0x7777, 1), -ENOPROTOOPT);
	CHECK_EQ(get_int(u, IPPROTO_UDP, 0x7777), -ENOPROTOOPT);
	CHECK_EQ(set_int(s, 1 /* Linux's SOL_SOCKET */, 2, 1), -EINVAL);
	CHECK_EQ(get_int(s, 77, 1), -EINVAL);
	CHECK_EQ(set_int(s, IPPROTO_UDP, 1, 1), -EINVAL);
	CHECK_EQ(set_int(u, IPPROTO_TCP, 1, 1), -EINVAL);
	CHECK_EQ(set_int(s, IPPROTO_IPV6, 27, 1), -EINVAL);
	CHECK_EQ(set_int(l, IPPROTO_TCP, 1, 1), -EINVAL);
	CHECK_EQ(get_int(l, SOL_LOCAL, 99), -NET_EOPNOTSUPP);
	CHECK_EQ(set_int(l, SOL_LOCAL, 99, 1), -ENOPROTOOPT);
	CHECK_EQ(set_int(l, SOL_LOCAL, LOCAL_PEERCRED, 1), -ENOPROTOOPT);
	CHECK_ERR(EINVAL, SYS_setsockopt, l, SOL_LOCAL, LOCAL_CREDS, &v, 3);
	/* a shorter buffer gets the beginning, and its own size back */
	n = 2, v = 0x55555555;
	CHECK_EQ(sys(SYS_getsockopt, s, SOL_SOCKET, 0x1008, &v, &n), 0);
	CHECK(n == 2 && v == 0x55550001);
	close_both(s, u), close_both(l, file);
}

/* tcp(4); NODELAY and NOPUSH read as the kernel's own flag bits (netinet/tcp_var.h TF_NODELAY 4, TF_NOPUSH 0x1000). */
static void
tcp_options(void)
{
	static const int values[] = {256, 512, 1024}; /* KEEPIDLE KEEPINTVL KEEPCNT */
	int fd[2];
	char name[16] = "";
	uint8_t info[300];
	uint32_t n = sizeof(name);

	CHECK_EQ(tcp_pair(fd), 0);
	CHECK_EQ(set_int(fd[0], IPPROTO_TCP, 1, 1), 0);
	CHECK_EQ(get_int(fd[0], IPPROTO_TCP, 1), 4);
	CHECK_EQ(set_int(fd[0], IPPROTO_TCP, 1, 0), 0);
	CHECK_EQ(get_int(fd[0], IPPROTO_TCP, 1), 0);
	CHECK_EQ(set_int(fd[0], IPPROTO_TCP, 4, 1), 0);
	CHECK_EQ(get_int(fd[0], IPPROTO_TCP, 4), 0x1000);
	CHECK_EQ(set_int(fd[0], IPPROTO_TCP, 4, 0), 0);
	CHECK_EQ(get_int(fd[0], IPPROTO_TCP, 4), 0);
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(set_int(fd[0], IPPROTO_TCP, values[i], 20 + i), 0);
		CHECK_EQ(get_int(fd[0], IPPROTO_TCP, values[i]), 20 + i);
		CHECK_ERR(EINVAL, SYS_setsockopt, fd[0], IPPROTO_TCP, values[i], &n, 2);
	}
	CHECK(get_int(fd[0], IPPROTO_TCP, 2 /* MAXSEG */) > 500);
	CHECK_EQ(sys(SYS_getsockopt, fd[0], IPPROTO_TCP, 64 /* CONGESTION */, name, &n), 0);
	CHECK(n == strlen(name) + 1 && n > 1);
	CHECK_EQ(sys(SYS_setsockopt, fd[0], IPPROTO_TCP, 64, "newreno", 7), 0);
	n = sizeof(name);
	CHECK_EQ(sys(SYS_getsockopt, fd[0], IPPROTO_TCP, 64, name, &n), 0);
	CHECK(!strcmp(name, "newreno") && n == 8);
	CHECK_ERR(ENOENT, SYS_setsockopt, fd[0], IPPROTO_TCP, 64, "nosuch", 6);
	CHECK_EQ(get_int(fd[0], IPPROTO_TCP, 1025 /* FASTOPEN */), 0);
	/* TCP_INFO: state 4 is ESTABLISHED, its offset and those of rto, rtt from netinet/tcp.h */
	n = sizeof(info);
	CHECK_EQ(sys(SYS_getsockopt, fd[0], IPPROTO_TCP, 32, info, &n), 0);
	CHECK_EQ(n, 236);
	CHECK_EQ(info[0], 4);
	CHECK(*(uint32_t *)(info + 8) > 0);
	CHECK(*(uint32_t *)(info + 16) >= 500);
	CHECK_EQ(set_int(fd[0], IPPROTO_TCP, 32, 1), -ENOPROTOOPT);
	close_pair(fd);
	fd[0] = (int)sys(SYS_socket, AF_INET, SOCK_STREAM, 0);
	CHECK_EQ(sys(SYS_getsockopt, fd[0], IPPROTO_TCP, 32, info, &n), 0);
	CHECK_EQ(info[0], 0);
	sys(SYS_close, fd[0]);
}

static void
ip_options(void)
{
	static const struct {
		int name, value;
	} rows[] = {{3 /* TOS */, 0x10}, {4 /* TTL */, 40},      {5 /* RECVOPTS */, 1}, {7 /* RECVDSTADDR */, 1}, {20 /* RECVIF */, 1},
	            {65 /* RECVTTL */, 1}, {66 /* MINTTL */, 5}, {67 /* DONTFRAG */, 1}, {68 /* RECVTOS */, 1}};
	int s = (int)sys(SYS_socket, AF_INET, SOCK_DGRAM, 0);

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_EQ(set_int(s, IPPROTO_IP, rows[i].name, rows[i].value), 0);
		CHECK_EQ(get_int(s, IPPROTO_IP, rows[i].name), rows[i].value);
		CHECK_ERR(EINVAL, SYS_setsockopt, s, IPPROTO_IP, rows[i].name, &s, 0);
	}
	CHECK_EQ(get_int(s, IPPROTO_IP, 2 /* HDRINCL: of raw sockets */), -ENOPROTOOPT);
	CHECK_EQ(set_int(s, IPPROTO_IP, 2, 1), -ENOPROTOOPT);
	sys(SYS_close, s);
}

/* multicast(4): a byte or an int; an address, struct ip_mreq, ip_mreqn, ip_mreq_source, group_req, group_source_req. */
static void
multicast_options(void)
{
	struct {
		uint32_t group, interface, source;
	} m = {0x050505ef /* 239.5.5.5 */, 0x0100007f, 0x0200007f};
	struct {
		uint32_t interface, pad;
		struct sockaddr_in a;
		char rest[112];
	} g = {0, 0, {16, AF_INET, 0, 0, {0}}, {0}};
	int s = (int)sys(SYS_socket, AF_INET, SOCK_DGRAM, 0), t = (int)sys(SYS_socket, AF_INET, SOCK_STREAM, 0);
	uint8_t byte = 7;
	uint32_t n = 1, addr = 0, source[3] = {m.group, m.source, m.interface};

	g.a.addr = m.group;
	CHECK_EQ(get_int(s, IPPROTO_IP, 10), 1);
	CHECK_EQ(sys(SYS_setsockopt, s, IPPROTO_IP, 10 /* TTL */, &byte, 1), 0);
	byte = 0;
	CHECK_EQ(sys(SYS_getsockopt, s, IPPROTO_IP, 10, &byte, &n), 0);
	CHECK(n == 1 && byte == 7);
	CHECK_EQ(get_int(s, IPPROTO_IP, 10), 7);
	CHECK_EQ(get_int(s, IPPROTO_IP, 11 /* LOOP */), 1);
	CHECK_EQ(set_int(s, IPPROTO_IP, 11, 0), 0);
	CHECK_EQ(get_int(s, IPPROTO_IP, 11), 0);
	CHECK_EQ(sys(SYS_setsockopt, s, IPPROTO_IP, 9 /* IF */, &m.interface, 4), 0);
	n = 4;
	CHECK_EQ(sys(SYS_getsockopt, s, IPPROTO_IP, 9, &addr, &n), 0);
	CHECK(n == 4 && addr == m.interface);
	CHECK_EQ(sys(SYS_setsockopt, s, IPPROTO_IP, 12 /* ADD_MEMBERSHIP */, &m, 8), 0);
	CHECK_ERR(EADDRINUSE, SYS_setsockopt, s, IPPROTO_IP, 12, &m, 8);
	CHECK_EQ(sys(SYS_setsockopt, s, IPPROTO_IP, 13 /* DROP_MEMBERSHIP */, &m, 8), 0);
	CHECK_ERR(EADDRNOTAVAIL, SYS_setsockopt, s, IPPROTO_IP, 13, &m, 8);
	/* struct ip_mreq_source is {group, source, interface} here */
	CHECK_EQ(sys(SYS_setsockopt, s, IPPROTO_IP, 70, source, 12), 0);
	CHECK_EQ(sys(SYS_setsockopt, s, IPPROTO_IP, 71, source, 12), 0);
	CHECK_EQ(sys(SYS_setsockopt, s, IPPROTO_IP, 80 /* MCAST_JOIN_GROUP */, &g, sizeof(g)), 0);
	CHECK_EQ(sys(SYS_setsockopt, s, IPPROTO_IP, 81, &g, sizeof(g)), 0);
	CHECK_ERR(EINVAL, SYS_setsockopt, s, IPPROTO_IP, 80, &g, sizeof(g) - 1);
	for (int name = 9; name <= 13; name++)
		CHECK_ERR(NET_EOPNOTSUPP, SYS_setsockopt, t, IPPROTO_IP, name, &m, 8);
	close_both(s, t);
}

static void
ip6_options(void)
{
	static const struct {
		int name, before, value;
	} rows[] = {{4 /* UNICAST_HOPS */, 64, 30}, {10 /* MULTICAST_HOPS */, 1, 9}, {11 /* MULTICAST_LOOP */, 1, 0},
	            {27 /* V6ONLY */, 1, 0},        {36 /* RECVPKTINFO */, 0, 1},    {37 /* RECVHOPLIMIT */, 0, 1},
	            {38, 0, 1},                     {39, 0, 1},                      {40, 0, 1},
	            {57 /* RECVTCLASS */, 0, 1},    {61 /* TCLASS */, 0, 0x20},      {62 /* DONTFRAG */, 0, 1}};
	struct {
		uint8_t group[16];
		uint32_t interface;
	} m = {{0xff, 1, [15] = 9}, 1};
	int s = (int)sys(SYS_socket, AF_INET6, SOCK_DGRAM, 0);

	if (s < 0)
		return; /* a host without IPv6 */
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_EQ(get_int(s, IPPROTO_IPV6, rows[i].name), rows[i].before);
		CHECK_EQ(set_int(s, IPPROTO_IPV6, rows[i].name, rows[i].value), 0);
		CHECK_EQ(get_int(s, IPPROTO_IPV6, rows[i].name), rows[i].value);
		CHECK_ERR(EINVAL, SYS_setsockopt, s, IPPROTO_IPV6, rows[i].name, &s, 2);
	}
	CHECK_EQ(sys(SYS_setsockopt, s, IPPROTO_IPV6, 12 /* JOIN_GROUP */, &m, 20), 0);
	CHECK_EQ(sys(SYS_setsockopt, s, IPPROTO_IPV6, 13 /* LEAVE_GROUP */, &m, 20), 0);
	CHECK_EQ(set_int(s, IPPROTO_IPV6, 0x7777, 1), -ENOPROTOOPT);
	CHECK_EQ(set_int(s, IPPROTO_IP, 4, 1), -EINVAL);
	sys(SYS_close, s);
}

const struct test tests[] = {
    {"flags_read_as_their_bit", flags_read_as_their_bit},
    {"flags_survive_dup_and_end_with_close", flags_survive_dup_and_end_with_close},
    {"what_a_socket_is", what_a_socket_is},
    {"errors_are_told_once_and_in_guest_numbers", errors_are_told_once_and_in_guest_numbers},
    {"sizes_and_low_water", sizes_and_low_water},
    {"time_limits", time_limits},
    {"linger", linger},
    {"the_rest_of_the_socket_level", the_rest_of_the_socket_level},
    {"bad_calls_are_refused", bad_calls_are_refused},
    {"tcp_options", tcp_options},
    {"ip_options", ip_options},
    {"multicast_options", multicast_options},
    {"ip6_options", ip6_options},
    {0},
};
