/*
 * Control messages.
 * Source: FreeBSD manual unix(4), recv(2), send(2), ip(4), ip6(4), setsockopt(2) SO_TIMESTAMP, CMSG_DATA(3); the kernel's own
 * tests/sys/kern/unix_passfd_test.c for what becomes of truncated rights; sys/kern/uipc_usrreq.c unp_internalize.
 */
#include "../kit/net.h"

static int
unix_pair(int type, int fd[2])
{
	return (int)sys(SYS_socketpair, AF_UNIX, type, 0, fd);
}

static void
a_descriptor_arrives_as_a_new_one(void)
{
	char c[CMSG_SPACE(4)], d[CMSG_SPACE(4)];
	struct cmsghdr *h = (void *)d;
	struct msghdr m;
	int fd[2], p[2], got;
	char byte = 0;

	CHECK_EQ(unix_pair(SOCK_STREAM, fd), 0);
	CHECK_EQ(sys(SYS_pipe2, p, 0), 0);
	CHECK_EQ(send_control(fd[0], c, cmsg_put(c, SOL_SOCKET, SCM_RIGHTS, &p[1], 4)), 1);
	got = lowest_free();
	CHECK_EQ(recv_control(fd[1], d, sizeof(d), 0, &m), 1);
	CHECK_EQ(m.controllen, 24);
	CHECK_EQ(m.flags, 0);
	CHECK_EQ(h->len, 20);
	CHECK_EQ(h->level, SOL_SOCKET);
	CHECK_EQ(h->type, SCM_RIGHTS);
	CHECK_EQ(*(int *)CMSG_DATA(h), got);
	CHECK_EQ(sys(SYS_fcntl, got, 1, 0), 0);
	CHECK_EQ(sys(SYS_write, got, "z", 1), 1);
	CHECK_EQ(sys(SYS_read, p[0], &byte, 1), 1);
	CHECK_EQ(byte, 'z');
	sys(SYS_close, got), close_pair(p), close_pair(fd);
}

static void
cmsg_cloexec_marks_what_arrives(void)
{
	char c[CMSG_SPACE(8)], d[CMSG_SPACE(8)];
	int fd[2], two[2], *got = CMSG_DATA(d);
	struct msghdr m;

	CHECK_EQ(unix_pair(SOCK_DGRAM, fd), 0);
	two[0] = two[1] = fd[0];
	CHECK_EQ(send_control(fd[0], c, cmsg_put(c, SOL_SOCKET, SCM_RIGHTS, two, 8)), 1);
	CHECK_EQ(recv_control(fd[1], d, sizeof(d), MSG_CMSG_CLOEXEC, &m), 1);
	CHECK_EQ(m.controllen, 24);
	CHECK_EQ(((struct cmsghdr *)d)->len, 24);
	CHECK(got[0] != got[1]);
	CHECK_EQ(sys(SYS_fcntl, got[0], 1, 0), 1);
	CHECK_EQ(sys(SYS_fcntl, got[1], 1, 0), 1);
	CHECK_EQ(m.flags & MSG_CTRUNC, 0);
	close_pair(got), close_pair(fd);
}

/* No room: the flag is set, nothing is copied, and no descriptor stays behind. */
static void
rights_without_room_are_closed(void)
{
	static const uint32_t rooms[] = {0, 12, 16, 20, 24, 31};
	char c[CMSG_SPACE(12)], d[CMSG_SPACE(12)];
	int fd[2], three[3];
	struct msghdr m;

	CHECK_EQ(unix_pair(SOCK_STREAM, fd), 0);
	for (unsigned i = 0; i < 3; i++)
		three[i] = fd[0];
	for (unsigned i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
		int before = lowest_free();

		CHECK_EQ(send_control(fd[0], c, cmsg_put(c, SOL_SOCKET, SCM_RIGHTS, three, 12)), 1);
		memset(d, 0x55, sizeof(d));
		CHECK_EQ(recv_control(fd[1], d, rooms[i], 0, &m), 1);
		CHECK_EQ(m.flags & MSG_CTRUNC, MSG_CTRUNC);
		CHECK_EQ(m.controllen, 0);
		CHECK_EQ(d[0], 0x55);
		CHECK_EQ(lowest_free(), before);
	}
	close_pair(fd);
}

static void
rights_that_nobody_asked_for_are_closed_silently(void)
{
	char c[CMSG_SPACE(4)], byte;
	int fd[2], before;
	struct msghdr m;

	CHECK_EQ(unix_pair(SOCK_STREAM, fd), 0);
	before = lowest_free();
	CHECK_EQ(send_control(fd[0], c, cmsg_put(c, SOL_SOCKET, SCM_RIGHTS, &fd[0], 4)), 1);
	CHECK_EQ(recv_control(fd[1], 0, 24, 0, &m), 1);
	CHECK_EQ(m.flags & MSG_CTRUNC, 0);
	CHECK_EQ(lowest_free(), before);
	CHECK_EQ(send_control(fd[0], c, cmsg_put(c, SOL_SOCKET, SCM_RIGHTS, &fd[0], 4)), 1);
	CHECK_EQ(sys(SYS_read, fd[1], &byte, 1), 1);
	CHECK_EQ(lowest_free(), before);
	close_pair(fd);
}

static void
rights_that_cannot_be_copied_out_are_closed(void)
{
	char c[CMSG_SPACE(4)], byte;
	struct iovec iov = {&byte, 1};
	struct msghdr m = {0, 0, &iov, 1, (void *)-1l, CMSG_SPACE(4), 0};
	int fd[2], before;

	CHECK_EQ(unix_pair(SOCK_STREAM, fd), 0);
	before = lowest_free();
	CHECK_EQ(send_control(fd[0], c, cmsg_put(c, SOL_SOCKET, SCM_RIGHTS, &fd[0], 4)), 1);
	CHECK_ERR(EFAULT, SYS_recvmsg, fd[1], &m, 0);
	CHECK_EQ(lowest_free(), before);
	close_pair(fd);
}

static void
bad_messages_are_refused(void)
{
	char c[CMSG_SPACE(4) * 2], big[2100];
	struct cmsghdr *h = (void *)c;
	int fd[2], closed = 77, kq;

	CHECK_EQ(unix_pair(SOCK_STREAM, fd), 0);
	CHECK_EQ(send_control(fd[0], c, 8), -EINVAL); /* shorter than a header */
	cmsg_put(c, SOL_SOCKET, SCM_RIGHTS, &fd[0], 4);
	CHECK_EQ(send_control(fd[0], c, 28), -EINVAL); /* four bytes are left */
	h->len = 11;
	CHECK_EQ(send_control(fd[0], c, 24), -EINVAL);
	h->len = 15;
	CHECK_EQ(send_control(fd[0], c, 24), -EINVAL);
	h->len = 40;
	CHECK_EQ(send_control(fd[0], c, 24), -EINVAL);
	cmsg_put(c, SOL_SOCKET, 77, &fd[0], 4);
	CHECK_EQ(send_control(fd[0], c, 24), -EINVAL);
	cmsg_put(c, IPPROTO_IP, 7, &fd[0], 4);
	CHECK_EQ(send_control(fd[0], c, 24), -EINVAL);
	cmsg_put(c, SOL_SOCKET, SCM_RIGHTS, &closed, 4);
	CHECK_EQ(send_control(fd[0], c, 24), -EBADF);
	kq = (int)sys(SYS_kqueue);
	cmsg_put(c, SOL_SOCKET, SCM_RIGHTS, &kq, 4);
	CHECK_EQ(send_control(fd[0], c, 24), -NET_EOPNOTSUPP); /* kqueue(2): cannot be passed */
	memset(big, 0, sizeof(big));
	((struct cmsghdr *)big)->len = sizeof(big);
	CHECK_EQ(send_control(fd[0], big, sizeof(big)), -EINVAL); /* more than a cluster */
	sys(SYS_close, kq), close_pair(fd);
}

/* The data need not fill the padding, and a message without descriptors is no message. */
static void
lengths_need_no_padding(void)
{
	char c[CMSG_SPACE(4)], d[CMSG_SPACE(4)];
	struct msghdr m;
	int fd[2];

	CHECK_EQ(unix_pair(SOCK_STREAM, fd), 0);
	cmsg_put(c, SOL_SOCKET, SCM_RIGHTS, &fd[0], 4);
	CHECK_EQ(send_control(fd[0], c, 20), 1);
	CHECK_EQ(recv_control(fd[1], d, 24, 0, &m), 1);
	CHECK_EQ(m.controllen, 24);
	sys(SYS_close, *(int *)CMSG_DATA(d));
	((struct cmsghdr *)c)->len = 16;
	CHECK_EQ(send_control(fd[0], c, 16), 1);
	CHECK_EQ(recv_control(fd[1], d, 24, 0, &m), 1);
	CHECK_EQ(m.controllen, 0);
	close_pair(fd);
}

/* LOCAL_CREDS: struct sockcred {uid, euid, gid, egid, ngroups, groups[]} before other messages; a stream is told once. */
static void
local_creds_come_first_and_once(void)
{
	char c[CMSG_SPACE(4)], d[256];
	struct cmsghdr *h = (void *)d, *second;
	uint32_t *v = CMSG_DATA(d), on = 1, n = 4;
	struct msghdr m;
	int fd[2], v2;

	CHECK_EQ(unix_pair(SOCK_STREAM, fd), 0);
	CHECK_EQ(sys(SYS_setsockopt, fd[1], SOL_LOCAL, LOCAL_CREDS, &on, 4), 0);
	CHECK_EQ(sys(SYS_getsockopt, fd[1], SOL_LOCAL, LOCAL_CREDS, &v2, &n), 0);
	CHECK_EQ(v2, 1);
	CHECK_ERR(EINVAL, SYS_setsockopt, fd[1], SOL_LOCAL, LOCAL_CREDS_PERSISTENT, &on, 4);
	CHECK_EQ(send_control(fd[0], c, cmsg_put(c, SOL_SOCKET, SCM_RIGHTS, &fd[0], 4)), 1);
	CHECK_EQ(recv_control(fd[1], d, sizeof(d), 0, &m), 1);
	CHECK_EQ(h->level, SOL_SOCKET);
	CHECK_EQ(h->type, SCM_CREDS);
	CHECK_EQ(v[0], sys(SYS_getuid));
	CHECK_EQ(v[1], sys(25 /* geteuid */));
	CHECK_EQ(v[2], sys(47 /* getgid */));
	CHECK_EQ(v[3], sys(43 /* getegid */));
	CHECK_EQ(h->len, CMSG_LEN(20 + 4 * v[4])); /* SOCKCREDSIZE */
	second = (void *)(d + CMSG_SPACE(20 + 4 * v[4]));
	CHECK_EQ(second->type, SCM_RIGHTS);
	CHECK_EQ(m.controllen, CMSG_SPACE(20 + 4 * v[4]) + CMSG_SPACE(4));
	sys(SYS_close, *(int *)CMSG_DATA(second));
	CHECK_EQ(sys(SYS_getsockopt, fd[1], SOL_LOCAL, LOCAL_CREDS, &v2, &n), 0);
	CHECK_EQ(v2, 0);
	CHECK_EQ(sys(SYS_write, fd[0], "x", 1), 1);
	CHECK_EQ(recv_control(fd[1], d, sizeof(d), 0, &m), 1);
	CHECK_EQ(m.controllen, 0);
	close_pair(fd);
}

/* LOCAL_CREDS_PERSISTENT: struct sockcred2 {version, pid, uid, euid, gid, egid, ngroups, groups[]} with every message. */
static void
persistent_creds_come_with_each(void)
{
	char d[256];
	struct cmsghdr *h = (void *)d;
	uint32_t *v = CMSG_DATA(d), on = 1;
	struct msghdr m;
	int fd[2];

	CHECK_EQ(unix_pair(SOCK_SEQPACKET, fd), 0);
	CHECK_EQ(sys(SYS_setsockopt, fd[1], SOL_LOCAL, LOCAL_CREDS_PERSISTENT, &on, 4), 0);
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(sys(SYS_write, fd[0], "x", 1), 1);
		CHECK_EQ(recv_control(fd[1], d, sizeof(d), 0, &m), 1);
		CHECK_EQ(h->type, SCM_CREDS2);
		CHECK_EQ(v[0], 0);
		CHECK_EQ(v[1], sys(SYS_getpid));
		CHECK_EQ(v[2], sys(SYS_getuid));
		CHECK_EQ(v[5], sys(43));
		CHECK_EQ(h->len, CMSG_LEN(28 + 4 * v[6]));
	}
	close_pair(fd);
}

/* LOCAL_PEERCRED: struct xucred. */
static void
peercred_names_the_peer(void)
{
	uint32_t v[22], n = sizeof(v);
	int fd[2], d[2];

	memset(v, 0x55, sizeof(v));
	CHECK_EQ(unix_pair(SOCK_STREAM, fd), 0);
	CHECK_EQ(sys(SYS_getsockopt, fd[0], SOL_LOCAL, LOCAL_PEERCRED, v, &n), 0);
	CHECK_EQ(n, 88);
	CHECK_EQ(v[0], 0); /* XUCRED_VERSION */
	CHECK_EQ(v[1], sys(SYS_getuid));
	CHECK((int16_t)v[2] >= 1 && (int16_t)v[2] <= 16);
	CHECK_EQ(v[3], sys(43));
	CHECK_EQ(v[20], sys(SYS_getpid));
	n = 8;
	CHECK_EQ(sys(SYS_getsockopt, fd[0], SOL_LOCAL, LOCAL_PEERCRED, v, &n), 0);
	CHECK_EQ(n, 8);
	d[0] = (int)sys(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
	CHECK_ERR(ENOTCONN, SYS_getsockopt, d[0], SOL_LOCAL, LOCAL_PEERCRED, v, &n);
	d[1] = (int)sys(SYS_socket, AF_UNIX, SOCK_DGRAM, 0);
	CHECK_ERR(EINVAL, SYS_getsockopt, d[1], SOL_LOCAL, LOCAL_PEERCRED, v, &n);
	close_pair(d), close_pair(fd);
}

static int64_t
set_int(int s, int level, int name, int v)
{
	return sys(SYS_setsockopt, s, level, name, &v, 4);
}

/* SO_TIMESTAMP with each clock of SO_TS_CLOCK, and SO_BINTIME: the stamp lies between two looks at the same clock. */
static void
datagrams_carry_stamps(void)
{
	static const struct {
		int clock, type, id;
	} rows[] = {{0, SCM_TIMESTAMP, 0}, {1, SCM_BINTIME, 0}, {2, SCM_REALTIME, 0}, {3, SCM_MONOTONIC, 4}};
	char d[256];
	struct cmsghdr *h = (void *)d;
	int64_t *v = CMSG_DATA(d);
	struct msghdr m;
	int fd[2];

	CHECK_EQ(udp_pair(fd), 0);
	CHECK_EQ(set_int(fd[0], SOL_SOCKET, 0x400, 1), 0);
	for (unsigned i = 0; i < 4; i++) {
		struct timespec before, after;
		int64_t nsec;

		CHECK_EQ(set_int(fd[0], SOL_SOCKET, 0x1017, rows[i].clock), 0);
		sys(232, rows[i].id, &before);
		CHECK_EQ(sys(SYS_write, fd[1], "x", 1), 1);
		CHECK_EQ(recv_control(fd[0], d, sizeof(d), 0, &m), 1);
		sys(232, rows[i].id, &after);
		CHECK_EQ(m.controllen, CMSG_SPACE(16));
		CHECK_EQ(h->len, CMSG_LEN(16));
		CHECK_EQ(h->level, SOL_SOCKET);
		CHECK_EQ(h->type, rows[i].type);
		nsec = i == 0 ? v[1] * 1000 + 999 : i == 1 ? (int64_t)((unsigned __int128)(uint64_t)v[1] * 1000000000 >> 64) + 1 : v[1];
		nsec += v[0] * 1000000000;
		/* the monotonic one is worked out from the other clock; a millisecond is let pass */
		CHECK(nsec >= before.sec * 1000000000 + before.nsec - 1000000);
		CHECK(nsec <= after.sec * 1000000000 + after.nsec + 1000000);
	}
	CHECK_EQ(set_int(fd[0], SOL_SOCKET, 0x2000, 1), 0); /* SO_BINTIME besides SO_TIMESTAMP: both come */
	CHECK_EQ(sys(SYS_write, fd[1], "x", 1), 1);
	CHECK_EQ(recv_control(fd[0], d, sizeof(d), 0, &m), 1);
	CHECK_EQ(m.controllen, 2 * CMSG_SPACE(16));
	CHECK_EQ(h->type, SCM_BINTIME);
	CHECK_EQ(((struct cmsghdr *)(d + CMSG_SPACE(16)))->type, SCM_MONOTONIC);
	CHECK_EQ(recv_control(fd[0], d, 0, MSG_DONTWAIT, &m), -EAGAIN);
	/* room for one: the second is lost, and the flag says so */
	CHECK_EQ(sys(SYS_write, fd[1], "x", 1), 1);
	CHECK_EQ(recv_control(fd[0], d, CMSG_SPACE(16) + 8, 0, &m), 1);
	CHECK_EQ(m.controllen, CMSG_SPACE(16));
	CHECK_EQ(m.flags & MSG_CTRUNC, MSG_CTRUNC);
	CHECK_EQ(set_int(fd[0], SOL_SOCKET, 0x2000, 0), 0);
	CHECK_EQ(set_int(fd[0], SOL_SOCKET, 0x400, 0), 0);
	CHECK_EQ(sys(SYS_write, fd[1], "x", 1), 1);
	CHECK_EQ(recv_control(fd[0], d, sizeof(d), 0, &m), 1);
	CHECK_EQ(m.controllen, 0);
	close_pair(fd);
}

static const struct cmsghdr *
find(const struct msghdr *m, int level, int type)
{
	for (uint32_t at = 0; at < m->controllen;) {
		const struct cmsghdr *c = (void *)((char *)m->control + at);

		if (c->level == level && c->type == type)
			return c;
		at += (uint32_t)CMSG_ALIGN(c->len);
	}
	return 0;
}

/* ip(4): IP_RECVDSTADDR 7, IP_RECVIF 20 (struct sockaddr_dl), IP_RECVTTL 65, IP_RECVTOS 68. */
static void
datagrams_tell_how_they_came(void)
{
	char d[512] __attribute__((aligned(8)));
	const struct cmsghdr *c;
	struct msghdr m;
	int fd[2];

	CHECK_EQ(udp_pair(fd), 0);
	CHECK_EQ(set_int(fd[0], IPPROTO_IP, 7, 1) | set_int(fd[0], IPPROTO_IP, 20, 1) | set_int(fd[0], IPPROTO_IP, 65, 1) |
	             set_int(fd[0], IPPROTO_IP, 68, 1), 0);
	CHECK_EQ(set_int(fd[1], IPPROTO_IP, 4 /* IP_TTL */, 33) | set_int(fd[1], IPPROTO_IP, 3 /* IP_TOS */, 0x10), 0);
	CHECK_EQ(sys(SYS_write, fd[1], "x", 1), 1);
	CHECK_EQ(recv_control(fd[0], d, sizeof(d), 0, &m), 1);
	CHECK((c = find(&m, IPPROTO_IP, 7)));
	CHECK_EQ(c->len, CMSG_LEN(4));
	CHECK_EQ(*(uint32_t *)CMSG_DATA(c), 0x0100007f);
	CHECK((c = find(&m, IPPROTO_IP, 20)));
	CHECK_EQ(c->len, CMSG_LEN(54));
	const uint8_t *dl = CMSG_DATA(c);
	CHECK_EQ(dl[0], 54);
	CHECK_EQ(dl[1], 18); /* AF_LINK */
	CHECK(dl[2] | dl[3]);
	CHECK_EQ(dl[4], 24); /* IFT_LOOP */
	CHECK((c = find(&m, IPPROTO_IP, 65)));
	CHECK_EQ(c->len, CMSG_LEN(1));
	CHECK_EQ(*(uint8_t *)CMSG_DATA(c), 33);
	CHECK((c = find(&m, IPPROTO_IP, 68)));
	CHECK_EQ(c->len, CMSG_LEN(1));
	CHECK_EQ(*(uint8_t *)CMSG_DATA(c), 0x10);
	CHECK_EQ(set_int(fd[0], IPPROTO_IP, 7, 0), 0); /* each goes off alone */
	CHECK_EQ(sys(SYS_write, fd[1], "x", 1), 1);
	CHECK_EQ(recv_control(fd[0], d, sizeof(d), 0, &m), 1);
	CHECK(!find(&m, IPPROTO_IP, 7) && find(&m, IPPROTO_IP, 20));
	close_pair(fd);
}

static void
datagrams_are_sent_as_told(void)
{
	char c[CMSG_SPACE(4) * 2], d[256] __attribute__((aligned(8)));
	uint32_t src = 0x0200007f; /* 127.0.0.2 */
	struct sockaddr_in from;
	struct msghdr m;
	uint8_t tos = 8;
	int fd[2], any = (int)sys(SYS_socket, AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in to;
	uint32_t n = sizeof(to), used;
	char byte = 'y';
	struct iovec iov = {&byte, 1};

	CHECK_EQ(udp_pair(fd), 0);
	CHECK_EQ(set_int(fd[0], IPPROTO_IP, 68, 1), 0);
	CHECK_EQ(sys(SYS_getsockname, fd[0], &to, &n), 0);
	used = cmsg_put(c, IPPROTO_IP, 7 /* IP_SENDSRCADDR */, &src, 4);
	used += cmsg_put(c + used, IPPROTO_IP, 3, &tos, 1);
	m = (struct msghdr){&to, 16, &iov, 1, c, used, 0};
	CHECK_EQ(sys(SYS_sendmsg, any, &m, 0), 1);
	m = (struct msghdr){&from, sizeof(from), &iov, 1, d, sizeof(d), 0};
	CHECK_EQ(sys(SYS_recvmsg, fd[0], &m, 0), 1);
	CHECK_EQ(m.namelen, 16);
	CHECK_EQ(from.len, 16);
	CHECK_EQ(from.addr, src);
	CHECK(find(&m, IPPROTO_IP, 68));
	CHECK_EQ(*(uint8_t *)CMSG_DATA(find(&m, IPPROTO_IP, 68)), 8);
	/* netinet/udp_usrreq.c: a wrong length, an unknown type; other levels are passed over; streams take none */
	CHECK_EQ(send_control(fd[1], c, cmsg_put(c, IPPROTO_IP, 7, &src, 2)), -EINVAL);
	CHECK_EQ(send_control(fd[1], c, cmsg_put(c, IPPROTO_IP, 99, &src, 4)), -ENOPROTOOPT);
	CHECK_EQ(send_control(fd[1], c, cmsg_put(c, SOL_SOCKET, SCM_RIGHTS, &src, 4)), 1);
	sys(SYS_close, any), close_pair(fd);
	CHECK_EQ(tcp_pair(fd), 0);
	CHECK_EQ(send_control(fd[1], c, cmsg_put(c, IPPROTO_IP, 3, &tos, 1)), -EINVAL);
	close_pair(fd);
}

/* ip6(4): IPV6_PKTINFO 46, IPV6_HOPLIMIT 47, IPV6_TCLASS 61; asked for with 36, 37, 57. */
static void
ip6_packets_tell_how_they_came(void)
{
	struct sockaddr_in6 a = {28, AF_INET6, 0, 0, {[15] = 1}, 0};
	char d[256] __attribute__((aligned(8))), c[64];
	uint32_t n = sizeof(a), used;
	const struct cmsghdr *h;
	struct msghdr m;
	int fd[2] = {(int)sys(SYS_socket, AF_INET6, SOCK_DGRAM, 0), (int)sys(SYS_socket, AF_INET6, SOCK_DGRAM, 0)}, v = 9;

	if (sys(SYS_bind, fd[0], &a, 28)) {
		close_pair(fd);
		return; /* a host without IPv6 */
	}
	CHECK_EQ(sys(SYS_getsockname, fd[0], &a, &n), 0);
	CHECK_EQ(n, 28);
	CHECK_EQ(a.family, AF_INET6);
	CHECK_EQ(sys(SYS_connect, fd[1], &a, 28), 0);
	CHECK_EQ(set_int(fd[0], IPPROTO_IPV6, 36, 1) | set_int(fd[0], IPPROTO_IPV6, 37, 1) | set_int(fd[0], IPPROTO_IPV6, 57, 1), 0);
	used = cmsg_put(c, IPPROTO_IPV6, 47, &v, 4);
	v = 0x20;
	used += cmsg_put(c + used, IPPROTO_IPV6, 61, &v, 4);
	CHECK_EQ(send_control(fd[1], c, used), 1);
	CHECK_EQ(recv_control(fd[0], d, sizeof(d), 0, &m), 1);
	CHECK((h = find(&m, IPPROTO_IPV6, 46)));
	CHECK_EQ(h->len, CMSG_LEN(20));
	CHECK_EQ(((uint8_t *)CMSG_DATA(h))[15], 1);
	CHECK((h = find(&m, IPPROTO_IPV6, 47)));
	CHECK_EQ(*(int *)CMSG_DATA(h), 9);
	CHECK((h = find(&m, IPPROTO_IPV6, 61)));
	CHECK_EQ(*(int *)CMSG_DATA(h), 0x20);
	CHECK_EQ(send_control(fd[1], c, cmsg_put(c, IPPROTO_IPV6, 200, &v, 4)), -ENOPROTOOPT);
	CHECK_EQ(send_control(fd[1], c, cmsg_put(c, IPPROTO_IPV6, 47, &v, 2)), -EINVAL);
	close_pair(fd);
}

/* recv(2): the flags tell what was lost, and that a record ended. */
static void
flags_come_back(void)
{
	char byte, two[4] = "ab";
	struct iovec iov = {&byte, 1};
	struct msghdr m = {0, 0, &iov, 1, 0, 0, 0x7fff};
	int fd[2], file = (int)sys(SYS_open, "/dev/null", O_RDWR);

	CHECK_EQ(udp_pair(fd), 0);
	CHECK_EQ(sys(SYS_write, fd[1], two, 2), 2);
	CHECK_EQ(sys(SYS_recvmsg, fd[0], &m, MSG_PEEK), 1);
	CHECK_EQ(m.flags, MSG_TRUNC | MSG_PEEK);
	CHECK_EQ(sys(SYS_recvmsg, fd[0], &m, 0), 1);
	CHECK_EQ(m.flags, MSG_TRUNC);
	CHECK_ERR(EAGAIN, SYS_recvmsg, fd[0], &m, MSG_DONTWAIT);
	m.iovlen = -1;
	CHECK_ERR(EMSGSIZE, SYS_recvmsg, fd[0], &m, MSG_DONTWAIT);
	CHECK_ERR(EMSGSIZE, SYS_sendmsg, fd[1], &m, 0);
	CHECK_ERR(EFAULT, SYS_sendmsg, fd[1], 8, 0);
	m.iovlen = 1;
	CHECK_ERR(EBADF, SYS_sendmsg, 999, &m, 0);
	CHECK_ERR(ENOTSOCK, SYS_sendmsg, file, &m, 0);
	CHECK_ERR(ENOTSOCK, SYS_recvmsg, file, &m, 0);
	sys(SYS_close, file), close_pair(fd);
}

const struct test tests[] = {
    {"a_descriptor_arrives_as_a_new_one", a_descriptor_arrives_as_a_new_one},
    {"cmsg_cloexec_marks_what_arrives", cmsg_cloexec_marks_what_arrives},
    {"rights_without_room_are_closed", rights_without_room_are_closed},
    {"rights_that_nobody_asked_for_are_closed_silently", rights_that_nobody_asked_for_are_closed_silently},
    {"rights_that_cannot_be_copied_out_are_closed", rights_that_cannot_be_copied_out_are_closed},
    {"bad_messages_are_refused", bad_messages_are_refused},
    {"lengths_need_no_padding", lengths_need_no_padding},
    {"local_creds_come_first_and_once", local_creds_come_first_and_once},
    {"persistent_creds_come_with_each", persistent_creds_come_with_each},
    {"peercred_names_the_peer", peercred_names_the_peer},
    {"datagrams_carry_stamps", datagrams_carry_stamps},
    {"datagrams_tell_how_they_came", datagrams_tell_how_they_came},
    {"datagrams_are_sent_as_told", datagrams_are_sent_as_told},
    {"ip6_packets_tell_how_they_came", ip6_packets_tell_how_they_came},
    {"flags_come_back", flags_come_back},
    {0},
};
