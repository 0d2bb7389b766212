/*
 * The calls of the network, one by one: results, addresses, errors.
 * Source: FreeBSD manual socket(2), socketpair(2), bind(2), bindat(2), listen(2), accept(2), connect(2), connectat(2),
 * getsockname(2), getpeername(2), shutdown(2), send(2), recv(2), sendfile(2), setfib(2), unix(4), tcp(4), udp(4);
 * sys/kern/uipc_socket.c and uipc_usrreq.c for what they return where the manual is silent.
 */
#include "../kit/files.h"
#include "../kit/net.h"

static struct sockaddr_in6 six = {.len = 28, .family = AF_INET6};

static int
new(int domain, int type)
{
	return (int)sys(SYS_socket, domain, type, 0);
}

static void
close_both(int a, int b)
{
	sys(SYS_close, a);
	sys(SYS_close, b);
}

static void
socket_makes_what_exists(void)
{
	int s = new(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK);

	CHECK_EQ(sys(SYS_socket, AF_UNIX, SOCK_DGRAM, 0), s + 1);
	CHECK_EQ(sys(SYS_fcntl, s, F_GETFD, 0), 1);
	CHECK_EQ(sys(SYS_fcntl, s, F_GETFL, 0), O_RDWR | O_NONBLOCK);
	CHECK_EQ(sys(SYS_fcntl, s + 1, F_GETFD, 0), 0);
	CHECK_EQ(sys(SYS_fcntl, s + 1, F_GETFL, 0), O_RDWR);
	CHECK_ERR(EAFNOSUPPORT, SYS_socket, 99, SOCK_STREAM, 0);
	CHECK_ERR(EAFNOSUPPORT, SYS_socket, 10 /* Linux's AF_INET6 */, SOCK_STREAM, 0);
	CHECK_ERR(EPROTOTYPE, SYS_socket, AF_INET, 77, 0);
	CHECK_ERR(EPROTOTYPE, SYS_socket, AF_INET, SOCK_SEQPACKET, 0);
	CHECK_ERR(EPROTONOSUPPORT, SYS_socket, AF_INET, SOCK_STREAM, IPPROTO_UDP);
	CHECK_ERR(EPROTONOSUPPORT, SYS_socket, AF_UNIX, SOCK_STREAM, 7);
	close_both(s, s + 1);
}

static void
socketpair_connects_two(void)
{
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
	int fd[2], free_fd = lowest_free();
	char c;

	for (int i = 0; i < 3; i++) {
		CHECK_EQ(sys(SYS_socketpair, AF_UNIX, types[i] | SOCK_CLOEXEC, 0, fd), 0);
		CHECK_EQ(fd[0], free_fd);
		CHECK_EQ(fd[1], free_fd + 1);
		CHECK_EQ(sys(SYS_fcntl, fd[1], F_GETFD, 0), 1);
		for (int k = 0; k < 2; k++) {
			CHECK_EQ(sys(SYS_write, fd[k], "ab", 2), 2);
			CHECK_EQ(sys(SYS_read, fd[!k], &c, 1), 1);
			/* the rest of a record is lost, that of a stream is not */
			CHECK_EQ(sys(SYS_recvfrom, fd[!k], &c, 1, MSG_DONTWAIT, 0, 0), i == 0 ? 1 : -EAGAIN);
		}
		close_pair(fd);
	}
	CHECK_ERR(NET_EOPNOTSUPP, SYS_socketpair, AF_INET, SOCK_STREAM, 0, fd);
	CHECK_ERR(EAFNOSUPPORT, SYS_socketpair, 99, SOCK_STREAM, 0, fd);
	CHECK_ERR(EFAULT, SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, 8);
	CHECK_EQ(lowest_free(), free_fd);
}

static void
bind_and_getsockname(void)
{
	struct sockaddr_in a = loopback(0), b, other = {16, AF_INET, 0, 0x01020304, {0}};
	int s = new(AF_INET, SOCK_STREAM), t = new(AF_INET, SOCK_STREAM), file = (int)sys(SYS_open, "/dev/null", O_RDWR);
	uint32_t n = sizeof(b);

	CHECK_EQ(sys(SYS_getsockname, s, &b, &n), 0);
	CHECK(n == 16 && b.len == 16 && b.family == AF_INET && b.port == 0 && b.addr == 0);
	CHECK_ERR(EADDRNOTAVAIL, SYS_bind, s, &other, 16);
	a.len = 99; /* the argument says the length, not the byte */
	CHECK_EQ(sys(SYS_bind, s, &a, 16), 0);
	CHECK_EQ(sys(SYS_getsockname, s, &b, &n), 0);
	CHECK(b.len == 16 && b.port != 0 && b.addr == 0x0100007f);
	CHECK_ERR(EINVAL, SYS_bind, s, &a, 16);
	CHECK_ERR(EADDRINUSE, SYS_bind, t, &b, 16);
	CHECK_ERR(EINVAL, SYS_bind, t, &a, 15);
	CHECK_ERR(EINVAL, SYS_bind, t, &a, 1);
	CHECK_ERR(ENAMETOOLONG, SYS_bind, t, &a, 256);
	CHECK_ERR(EFAULT, SYS_bind, t, 8, 16);
	CHECK_ERR(EBADF, SYS_bind, 999, &a, 16);
	CHECK_ERR(ENOTSOCK, SYS_bind, file, &a, 16);
	CHECK_ERR(EAFNOSUPPORT, SYS_bind, t, &six, 28);
	/* a short buffer gets the beginning, and the length says how much */
	n = 4, b.addr = 0x55;
	CHECK_EQ(sys(SYS_getsockname, s, &b, &n), 0);
	CHECK(n == 4 && b.addr == 0x55);
	n = 0x80000000;
	CHECK_ERR(EINVAL, SYS_getsockname, s, &b, &n);
	n = 16;
	CHECK_ERR(EBADF, SYS_getsockname, 999, &b, &n);
	CHECK_ERR(ENOTSOCK, SYS_getsockname, file, &b, &n);
	CHECK_ERR(EFAULT, SYS_getsockname, s, &b, 8);
	CHECK_ERR(EFAULT, SYS_getsockname, s, 8, &n);
	close_both(s, t), sys(SYS_close, file);
}

static void
listen_and_accept(void)
{
	struct sockaddr_in a = loopback(0), peer, self;
	int l = new(AF_INET, SOCK_STREAM), c = new(AF_INET, SOCK_STREAM), d = new(AF_INET, SOCK_DGRAM), s, u = new(AF_UNIX, SOCK_STREAM);
	uint32_t n = sizeof(peer);

	CHECK_ERR(NET_EOPNOTSUPP, SYS_listen, d, 1);
	CHECK_ERR(EBADF, SYS_listen, 999, 1);
	CHECK_ERR(EDESTADDRREQ, SYS_listen, u, 1); /* unix(4): needs a name */
	CHECK_ERR(EINVAL, SYS_accept, l, &peer, &n);
	CHECK_ERR(EBADF, SYS_accept, 999, &peer, &n);
	CHECK_EQ(sys(SYS_bind, l, &a, 16), 0);
	CHECK_EQ(sys(SYS_listen, l, 5), 0);
	CHECK_EQ(sys(SYS_getsockname, l, &a, &n), 0);
	CHECK_EQ(sys(SYS_fcntl, l, F_SETFL, O_NONBLOCK), 0);
	CHECK_ERR(EAGAIN, SYS_accept, l, &peer, &n);
	CHECK_EQ(sys(SYS_connect, c, &a, 16), 0);
	n = sizeof(peer);
	s = lowest_free();
	CHECK_EQ(sys(SYS_accept, l, &peer, &n), s);
	CHECK_EQ(n, 16);
	CHECK_EQ(sys(SYS_getsockname, c, &self, &n), 0);
	CHECK(peer.len == 16 && peer.family == AF_INET && peer.port == self.port && peer.addr == self.addr);
	CHECK_EQ(sys(SYS_fcntl, s, F_GETFL, 0), O_RDWR | O_NONBLOCK); /* inherited */
	CHECK_EQ(sys(SYS_getpeername, s, &peer, &n), 0);
	CHECK(n == 16 && peer.port == self.port);
	CHECK_EQ(sys(SYS_getpeername, c, &peer, &n), 0);
	CHECK_EQ(peer.port, a.port);
	CHECK_ERR(ENOTCONN, SYS_getpeername, l, &peer, &n);
	CHECK_ERR(EBADF, SYS_getpeername, 999, &peer, &n);
	CHECK_ERR(EISCONN, SYS_connect, c, &a, 16);
	close_both(c, s);
	c = new(AF_INET, SOCK_STREAM);
	CHECK_EQ(sys(SYS_connect, c, &a, 16), 0);
	CHECK_ERR(EINVAL, SYS_accept4, l, &peer, &n, 1);
	n = 0x80000000;
	CHECK_ERR(EINVAL, SYS_accept4, l, &peer, &n, 0);
	n = 16;
	CHECK_ERR(EFAULT, SYS_accept4, l, 8, &n, 0); /* the connection is lost, the number is not */
	CHECK_ERR(EAGAIN, SYS_accept4, l, &peer, &n, 0);
	close_both(c, new(AF_INET, SOCK_STREAM));
	c = new(AF_INET, SOCK_STREAM);
	CHECK_EQ(sys(SYS_connect, c, &a, 16), 0);
	s = lowest_free();
	CHECK_EQ(sys(SYS_accept4, l, 0, 0, SOCK_CLOEXEC), s);
	CHECK_EQ(sys(SYS_fcntl, s, F_GETFL, 0), O_RDWR); /* not inherited */
	CHECK_EQ(sys(SYS_fcntl, s, F_GETFD, 0), 1);
	close_both(c, s), close_both(l, d), sys(SYS_close, u);
}

static void
connect_and_its_errors(void)
{
	struct sockaddr_in a = loopback(0x0100), b = loopback(0), none = {.len = 16};
	int s = new(AF_INET, SOCK_STREAM), d = new(AF_INET, SOCK_DGRAM), e = new(AF_INET, SOCK_DGRAM);
	int file = (int)sys(SYS_open, "/dev/null", O_RDWR);
	uint32_t n = 16;

	CHECK_ERR(ECONNREFUSED, SYS_connect, s, &a, 16);
	CHECK_ERR(EBADF, SYS_connect, 999, &a, 16);
	CHECK_ERR(ENOTSOCK, SYS_connect, file, &a, 16);
	CHECK_ERR(EFAULT, SYS_connect, s, 8, 16);
	CHECK_ERR(EINVAL, SYS_connect, s, &a, 8);
	CHECK_ERR(EAFNOSUPPORT, SYS_connect, s, &six, 28);
	CHECK_EQ(sys(SYS_bind, e, &b, 16), 0);
	CHECK_EQ(sys(SYS_getsockname, e, &b, &n), 0);
	CHECK_ERR(ENOTCONN, SYS_getpeername, d, &a, &n);
	CHECK_EQ(sys(SYS_connect, d, &b, 16), 0);
	CHECK_EQ(sys(SYS_getpeername, d, &a, &n), 0);
	CHECK_EQ(a.port, b.port);
	CHECK_EQ(sys(SYS_connect, d, &b, 16), 0); /* again, elsewhere */
	CHECK_ERR(EAFNOSUPPORT, SYS_connect, d, &none, 16); /* dissolves it all the same */
	CHECK_ERR(ENOTCONN, SYS_getpeername, d, &a, &n);
	close_both(s, d), close_both(e, file);
}

static void
un_name(struct sockaddr_un *a, const char *path)
{
	memset(a, 0, sizeof(*a));
	a->len = (uint8_t)(2 + strlen(path));
	a->family = AF_UNIX;
	memcpy(a->path, path, strlen(path));
}

static void
local_names(void)
{
	struct sockaddr_un a, b, c;
	int l = new(AF_UNIX, SOCK_STREAM), s = new(AF_UNIX, SOCK_STREAM), d = new(AF_UNIX, SOCK_DGRAM), got;
	uint32_t n = sizeof(b);
	struct stat st;

	un_name(&a, P("sock"));
	CHECK_EQ(sys(SYS_getsockname, l, &b, &n), 0);
	CHECK(n == 16 && b.len == 16 && b.family == AF_UNIX && b.path[0] == 0);
	CHECK_ERR(ENOENT, SYS_connect, s, &a, a.len);
	CHECK_EQ(sys(SYS_umask, 022), 022);
	CHECK_EQ(sys(SYS_bind, l, &a, a.len), 0);
	CHECK_EQ(sys(SYS_fstatat, AT_FDCWD, P("sock"), &st, 0), 0);
	CHECK_EQ(st.mode, S_IFSOCK | 0755);
	n = sizeof(b);
	CHECK_EQ(sys(SYS_getsockname, l, &b, &n), 0);
	CHECK_EQ(n, a.len);
	CHECK_EQ(memcmp(&a, &b, n), 0);
	CHECK_ERR(EINVAL, SYS_bind, l, &a, a.len);
	CHECK_ERR(EADDRINUSE, SYS_bind, s, &a, a.len);
	CHECK_ERR(ECONNREFUSED, SYS_connect, s, &a, a.len); /* nobody listens */
	CHECK_EQ(sys(SYS_listen, l, 1), 0);
	CHECK_ERR(EPROTOTYPE, SYS_connect, d, &a, a.len);
	CHECK_EQ(sys(SYS_connect, s, &a, a.len), 0);
	n = sizeof(b);
	got = (int)sys(SYS_accept, l, &b, &n);
	CHECK(got >= 0);
	CHECK(n == 16 && b.len == 16 && b.family == AF_UNIX); /* the client has no name */
	n = sizeof(b);
	CHECK_EQ(sys(SYS_getpeername, s, &b, &n), 0);
	CHECK(n == a.len && memcmp(&a, &b, n) == 0);
	un_name(&c, P("file"));
	sys(SYS_close, files_make(P("file"), "x"));
	CHECK_ERR(ENOTSOCK, SYS_connect, d, &c, c.len);
	CHECK_ERR(EADDRINUSE, SYS_bind, d, &c, c.len);
	un_name(&c, P("no/such"));
	CHECK_ERR(ENOENT, SYS_bind, d, &c, c.len);
	CHECK_ERR(EINVAL, SYS_bind, d, &c, 2);
	close_both(l, s), close_both(d, got);
}

static void
names_relative_to_a_directory(void)
{
	struct sockaddr_un a;
	struct sockaddr_in in = loopback(0);
	int dir, l = new(AF_UNIX, SOCK_STREAM), s = new(AF_UNIX, SOCK_STREAM), i = new(AF_INET, SOCK_STREAM), file;

	CHECK_EQ(sys(SYS_mkdir, P("at"), 0755), 0);
	dir = (int)sys(SYS_open, P("at"), O_RDONLY | O_DIRECTORY);
	file = (int)files_make(P("plain"), "x");
	un_name(&a, "here");
	CHECK_ERR(EBADF, SYS_bindat, 999, l, &a, a.len);
	CHECK_ERR(ENOTDIR, SYS_bindat, file, l, &a, a.len);
	CHECK_ERR(NET_EOPNOTSUPP, SYS_bindat, dir, i, &in, 16);
	CHECK_EQ(sys(SYS_bindat, AT_FDCWD, i, &in, 16), 0);
	CHECK_EQ(sys(SYS_bindat, dir, l, &a, a.len), 0);
	CHECK_EQ(sys(SYS_faccessat, AT_FDCWD, P("at/here"), 0, 0), 0);
	CHECK_EQ(sys(SYS_listen, l, 1), 0);
	CHECK_ERR(ENOENT, SYS_connectat, AT_FDCWD, s, &a, a.len);
	CHECK_ERR(EBADF, SYS_connectat, 999, s, &a, a.len);
	CHECK_ERR(NET_EOPNOTSUPP, SYS_connectat, dir, i, &in, 16);
	CHECK_EQ(sys(SYS_connectat, dir, s, &a, a.len), 0);
	close_both(dir, l), close_both(s, i), sys(SYS_close, file);
}

static void
sending_and_receiving(void)
{
	struct sockaddr_in to, from;
	int fd[2], s = new(AF_INET, SOCK_STREAM), d = new(AF_INET, SOCK_DGRAM);
	uint32_t n = sizeof(to);
	static char big[70000];
	char buf[8];

	CHECK_EQ(udp_pair(fd), 0);
	CHECK_EQ(sys(SYS_getsockname, fd[0], &to, &n), 0);
	CHECK_EQ(sys(SYS_sendto, d, "hello", 5, 0, &to, 16), 5);
	CHECK_EQ(sys(SYS_recvfrom, fd[0], buf, 3, MSG_PEEK, &from, &n), 3);
	CHECK(n == 16 && from.len == 16 && from.family == AF_INET && from.addr == 0x0100007f && from.port != 0);
	n = 8;
	CHECK_EQ(sys(SYS_recvfrom, fd[0], buf, 8, 0, &from, &n), 5);
	CHECK_EQ(n, 8);
	CHECK_ERR(EAGAIN, SYS_recvfrom, fd[0], buf, 8, MSG_DONTWAIT, 0, 0);
	CHECK_EQ(sys(SYS_sendto, d, 0, 0, 0, &to, 16), 0);
	CHECK_EQ(sys(SYS_recvfrom, fd[0], buf, 8, 0, 0, 0), 0);
	CHECK_ERR(EDESTADDRREQ, SYS_sendto, d, "x", 1, 0, 0, 0);
	CHECK_ERR(EISCONN, SYS_sendto, fd[1], "x", 1, 0, &to, 16);
	CHECK_ERR(EMSGSIZE, SYS_sendto, d, big, sizeof(big), 0, &to, 16);
	CHECK_ERR(EFAULT, SYS_sendto, d, 8, 5, 0, &to, 16);
	CHECK_ERR(EFAULT, SYS_sendto, d, "x", 1, 0, 8, 16);
	CHECK_ERR(EBADF, SYS_sendto, 999, "x", 1, 0, 0, 0);
	CHECK_ERR(EBADF, SYS_recvfrom, 999, buf, 1, 0, 0, 0);
	CHECK_ERR(EFAULT, SYS_recvfrom, fd[0], buf, 1, 0, &from, 8);
	CHECK_ERR(ENOTCONN, SYS_sendto, s, "x", 1, 0, 0, 0);
	CHECK_ERR(ENOTCONN, SYS_recvfrom, s, buf, 1, 0, 0, 0);
	close_pair(fd), close_both(s, d);
}

static void
streams_wait_peek_and_mark(void)
{
	struct sockaddr_in from;
	uint32_t n = sizeof(from);
	int fd[2], at = -1;
	char buf[8] = {0};

	CHECK_EQ(tcp_pair(fd), 0);
	CHECK_EQ(sys(SYS_sendto, fd[1], "abc", 3, 0, 0, 0), 3);
	CHECK_EQ(sys(SYS_recvfrom, fd[0], buf, 3, MSG_WAITALL | MSG_PEEK, &from, &n), 3);
	CHECK_EQ(n, 0); /* a stream's data have no sender's name */
	CHECK_ERR(EINVAL, SYS_recvfrom, fd[0], buf, 1, MSG_OOB, 0, 0);
	CHECK_EQ(sys(SYS_sendto, fd[1], "d", 1, MSG_OOB, 0, 0), 1);
	struct pollfd p = {fd[0], POLLPRI, 0};
	CHECK_EQ(sys(SYS_poll, &p, 1, 10000), 1);
	CHECK_EQ(sys(SYS_ioctl, fd[0], 0x40047307 /* SIOCATMARK */, &at), 0);
	CHECK_EQ(at, 0);
	CHECK_EQ(sys(SYS_recvfrom, fd[0], buf, 8, 0, 0, 0), 3); /* up to the mark */
	CHECK_EQ(sys(SYS_ioctl, fd[0], 0x40047307, &at), 0);
	CHECK_EQ(at, 1);
	CHECK_EQ(sys(SYS_recvfrom, fd[0], buf, 8, MSG_OOB, 0, 0), 1);
	CHECK_EQ(buf[0], 'd');
	CHECK_EQ(sys(SYS_sendto, fd[1], "end", 3, MSG_EOF, 0, 0), 3); /* and the end with it */
	CHECK_EQ(sys(SYS_recvfrom, fd[0], buf, 8, MSG_WAITALL, 0, 0), 3);
	CHECK_EQ(sys(SYS_recvfrom, fd[0], buf, 8, 0, 0, 0), 0);
	close_pair(fd);
}

static void
shutdown_ends_directions(void)
{
	int fd[2], s = new(AF_INET, SOCK_STREAM);
	char c;

	CHECK_ERR(EBADF, SYS_shutdown, 999, 0);
	CHECK_ERR(ENOTCONN, SYS_shutdown, s, 2);
	CHECK_EQ(tcp_pair(fd), 0);
	CHECK_ERR(EINVAL, SYS_shutdown, fd[0], 3);
	CHECK_ERR(EINVAL, SYS_shutdown, fd[0], -1);
	CHECK_EQ(sys(SYS_shutdown, fd[0], 0), 0);
	CHECK_EQ(sys(SYS_read, fd[0], &c, 1), 0);
	CHECK_EQ(sys(SYS_write, fd[0], "x", 1), 1);
	CHECK_EQ(sys(SYS_shutdown, fd[0], 1), 0);
	CHECK_EQ(sys(SYS_read, fd[1], &c, 1), 1);
	CHECK_EQ(sys(SYS_read, fd[1], &c, 1), 0);
	CHECK_ERR(32 /* EPIPE */, SYS_sendto, fd[0], "x", 1, MSG_NOSIGNAL, 0, 0);
	close_pair(fd), sys(SYS_close, s);
}

static void
setfib_knows_one_table(void)
{
	CHECK_EQ(sys(SYS_setfib, 0), 0);
	CHECK_ERR(EINVAL, SYS_setfib, 1);
	CHECK_ERR(EINVAL, SYS_setfib, -1);
}

const struct test tests[] = {
    {"socket_makes_what_exists", socket_makes_what_exists},
    {"socketpair_connects_two", socketpair_connects_two},
    {"bind_and_getsockname", bind_and_getsockname},
    {"listen_and_accept", listen_and_accept},
    {"connect_and_its_errors", connect_and_its_errors},
    {"local_names", local_names},
    {"names_relative_to_a_directory", names_relative_to_a_directory},
    {"sending_and_receiving", sending_and_receiving},
    {"streams_wait_peek_and_mark", streams_wait_peek_and_mark},
    {"shutdown_ends_directions", shutdown_ends_directions},
    {"setfib_knows_one_table", setfib_knows_one_table},
    {0},
};
