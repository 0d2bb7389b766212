/* Sockets.  Source: FreeBSD manual socket(2), bind(2), accept(2), getsockopt(2), send(2), recv(2), unix(4), poll(2), select(2). */
#include "../kit/fbsd.h"
#include "../kit/kit.h"

enum { SYS_recvmsg = 27, SYS_sendmsg, SYS_recvfrom, SYS_accept, SYS_getpeername, SYS_getsockname, SYS_select = 93, SYS_socket = 97,
       SYS_connect, SYS_bind = 104, SYS_setsockopt, SYS_listen, SYS_getsockopt = 118, SYS_sendto = 133, SYS_shutdown,
       SYS_socketpair, SYS_accept4 = 541 };
enum { AF_UNIX = 1, AF_INET = 2, AF_INET6 = 28, SOCK_STREAM = 1, SOCK_DGRAM = 2, SOCK_CLOEXEC = 0x10000000, SOCK_NONBLOCK = 0x20000000 };
enum { EPIPE = 32, EPROTOTYPE = 41, ENOPROTOOPT = 42, EAFNOSUPPORT = 47, ENOTCONN = 57, ECONNREFUSED = 61 };

struct sockaddr_in {
	uint8_t len, family;
	uint16_t port;
	uint32_t addr;
	uint8_t zero[8];
};

static struct sockaddr_in
loopback(uint16_t port)
{
	return (struct sockaddr_in){16, AF_INET, port, 0x0100007f, {0}};
}

static void
arguments_are_checked(void)
{
	CHECK_ERR(EAFNOSUPPORT, SYS_socket, 10, SOCK_STREAM, 0); /* Linux's AF_INET6 is nothing here */
	CHECK_ERR(EPROTOTYPE, SYS_socket, AF_INET, 77, 0);
	CHECK_ERR(EBADF, SYS_listen, 999, 1);
}

static void
tcp_on_loopback(void)
{
	struct sockaddr_in a = loopback(0), peer;
	uint32_t n = sizeof(a);
	char buf[8] = {0};
	int64_t l = sys(SYS_socket, AF_INET, SOCK_STREAM, 0), c = sys(SYS_socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), s;

	CHECK(l >= 0 && c >= 0);
	CHECK_EQ(sys(SYS_fcntl, c, 1, 0), 1);
	CHECK_EQ(sys(SYS_bind, l, &a, 16), 0);
	CHECK_EQ(sys(SYS_listen, l, -1), 0);
	CHECK_EQ(sys(SYS_getsockname, l, &a, &n), 0);
	CHECK_EQ(n, 16);
	CHECK_EQ(a.len, 16);
	CHECK_EQ(a.family, AF_INET);
	CHECK_EQ(sys(SYS_connect, c, &a, 16), 0);
	n = sizeof(peer);
	s = sys(SYS_accept4, l, &peer, &n, SOCK_NONBLOCK);
	CHECK(s >= 0);
	CHECK_EQ(peer.family, AF_INET);
	CHECK_EQ(sys(SYS_fcntl, s, 3, 0), O_RDWR | O_NONBLOCK);
	CHECK_ERR(EAGAIN, SYS_recvfrom, s, buf, 8, 0, 0, 0);
	CHECK_EQ(sys(SYS_sendto, c, "hello", 5, 0x20000, 0, 0), 5);
	CHECK_EQ(sys(SYS_read, s, buf, 8), 5);
	CHECK_EQ(sys(SYS_shutdown, c, 1), 0);
	CHECK_EQ(sys(SYS_read, s, buf, 8), 0);
	sys(SYS_close, s), sys(SYS_close, c), sys(SYS_close, l);
}

static void
connection_errors_have_guest_numbers(void)
{
	struct sockaddr_in a = loopback(0x0100); /* port 1 */
	int64_t c = sys(SYS_socket, AF_INET, SOCK_STREAM, 0);
	uint32_t n = 16;

	CHECK_ERR(ECONNREFUSED, SYS_connect, c, &a, 16);
	CHECK_ERR(ENOTCONN, SYS_getpeername, c, &a, &n);
	a.family = 10;
	CHECK_ERR(EAFNOSUPPORT, SYS_connect, c, &a, 16);
	CHECK_ERR(EINVAL, SYS_connect, c, &a, 1);
	CHECK_ERR(EFAULT, SYS_connect, c, 8, 16);
	sys(SYS_close, c);
}

static void
accept_inherits_nonblocking(void)
{
	struct sockaddr_in a = loopback(0);
	uint32_t n = 16;
	int64_t l = sys(SYS_socket, AF_INET, SOCK_STREAM, 0), c = sys(SYS_socket, AF_INET, SOCK_STREAM, 0), s;

	sys(SYS_bind, l, &a, 16), sys(SYS_listen, l, 5), sys(SYS_getsockname, l, &a, &n);
	sys(SYS_connect, c, &a, 16);
	sys(SYS_fcntl, l, 4, O_NONBLOCK);
	s = sys(SYS_accept, l, 0, 0);
	CHECK(s >= 0);
	CHECK_EQ(sys(SYS_fcntl, s, 3, 0) & O_NONBLOCK, O_NONBLOCK);
	sys(SYS_close, s), sys(SYS_close, c), sys(SYS_close, l);
}

static void
options_by_freebsd_numbers(void)
{
	int v = 1, back = 0;
	uint32_t n = 4;
	int64_t s = sys(SYS_socket, AF_INET, SOCK_STREAM, 0), s6;

	CHECK_EQ(sys(SYS_setsockopt, s, 0xffff, 4 /* SO_REUSEADDR */, &v, 4), 0);
	CHECK_EQ(sys(SYS_getsockopt, s, 0xffff, 4, &back, &n), 0);
	CHECK(back != 0 && n == 4);
	CHECK_EQ(sys(SYS_getsockopt, s, 0xffff, 0x1008 /* SO_TYPE */, &back, &n), 0);
	CHECK_EQ(back, SOCK_STREAM);
	CHECK_EQ(sys(SYS_getsockopt, s, 0xffff, 0x1019 /* SO_DOMAIN */, &back, &n), 0);
	CHECK_EQ(back, AF_INET);
	CHECK_EQ(sys(SYS_setsockopt, s, 6, 1 /* TCP_NODELAY */, &v, 4), 0);
	CHECK_EQ(sys(SYS_setsockopt, s, 6, 256 /* TCP_KEEPIDLE */, &v, 4), 0);
	CHECK_ERR(ENOPROTOOPT, SYS_setsockopt, s, 0xffff, 0x7777, &v, 4);
	CHECK_ERR(EBADF, SYS_setsockopt, 999, 0xffff, 4, &v, 4);
	s6 = sys(SYS_socket, AF_INET6, SOCK_STREAM, 0);
	if (s6 >= 0) {
		CHECK_EQ(sys(SYS_getsockopt, s6, 41, 27 /* IPV6_V6ONLY */, &back, &n), 0);
		CHECK_EQ(back, 1);
		sys(SYS_close, s6);
	}
	sys(SYS_close, s);
}

static volatile int pipes;

static void
on_pipe(int signo)
{
	(void)signo;
	pipes++;
}

static void
nosigpipe_keeps_the_signal_away(void)
{
	struct sigaction sa = {.handler = on_pipe};
	int fd[2], on = 1;

	CHECK_EQ(sys(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, fd), 0);
	sys(SYS_sigaction, SIGPIPE, &sa, 0);
	sys(SYS_close, fd[1]);
	CHECK_ERR(EPIPE, SYS_sendto, fd[0], "x", 1, 0, 0, 0);
	CHECK_EQ(pipes, 1);
	CHECK_EQ(sys(SYS_setsockopt, fd[0], 0xffff, 0x800, &on, 4), 0);
	CHECK_ERR(EPIPE, SYS_sendto, fd[0], "x", 1, 0, 0, 0);
	CHECK_EQ(pipes, 1);
	sys(SYS_close, fd[0]);
}

struct iovec {
	void *base;
	uint64_t len;
};
struct msghdr {
	void *name;
	uint32_t namelen;
	struct iovec *iov;
	int iovlen;
	void *control;
	uint32_t controllen;
	int flags;
};
_Static_assert(sizeof(struct msghdr) == 48, "msghdr");

static void
descriptors_travel(void)
{
	struct {
		uint32_t len;
		int level, type, pad;
		int fd;
	} c = {20, 0xffff, 1, 0, 0}, d;
	char byte = 'b';
	struct iovec iov = {&byte, 1};
	struct msghdr m = {0, 0, &iov, 1, &c, 24, 0}, r = {0, 0, &iov, 1, &d, 24, 0};
	int fd[2], p[2];

	CHECK_EQ(sys(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, fd), 0);
	CHECK_EQ(sys(SYS_pipe2, p, 0), 0);
	c.fd = p[1];
	CHECK_EQ(sys(SYS_sendmsg, fd[0], &m, 0), 1);
	CHECK_EQ(sys(SYS_recvmsg, fd[1], &r, 0), 1);
	CHECK_EQ(d.len, 20);
	CHECK_EQ(d.level, 0xffff);
	CHECK_EQ(d.type, 1);
	CHECK(d.fd > 2 && d.fd != p[1]);
	CHECK_EQ(sys(SYS_write, d.fd, "z", 1), 1);
	CHECK_EQ(sys(SYS_read, p[0], &byte, 1), 1);
	CHECK_EQ(byte, 'z');
	sys(SYS_close, fd[0]), sys(SYS_close, fd[1]), sys(SYS_close, p[0]), sys(SYS_close, p[1]), sys(SYS_close, d.fd);
}

struct pollfd {
	int fd;
	short events, revents;
};

static void
poll_and_select_see_the_same(void)
{
	struct pollfd p[2];
	uint64_t in[1024 / 64] = {0}, zero[2] = {0};
	int fd[2];

	sys(SYS_pipe2, fd, 0);
	p[0] = (struct pollfd){fd[0], 1, 0}, p[1] = (struct pollfd){999, 1, 0};
	CHECK_EQ(sys(SYS_poll, p, 1, 0), 0);
	sys(SYS_write, fd[1], "x", 1);
	CHECK_EQ(sys(SYS_poll, p, 2, 1000), 2);
	CHECK_EQ(p[0].revents, 1);
	CHECK_EQ(p[1].revents, 0x20); /* POLLNVAL */
	in[fd[0] / 64] |= 1ull << (fd[0] % 64);
	CHECK_EQ(sys(SYS_select, fd[0] + 1, in, 0, 0, zero), 1);
	CHECK(in[fd[0] / 64] >> (fd[0] % 64) & 1);
	CHECK_ERR(EINVAL, SYS_select, -1, 0, 0, 0, zero);
	CHECK_ERR(EINVAL, SYS_poll, p, 1, -2);
	sys(SYS_close, fd[0]), sys(SYS_close, fd[1]);
}

const struct test tests[] = {
    {"arguments_are_checked", arguments_are_checked},
    {"tcp_on_loopback", tcp_on_loopback},
    {"connection_errors_have_guest_numbers", connection_errors_have_guest_numbers},
    {"accept_inherits_nonblocking", accept_inherits_nonblocking},
    {"options_by_freebsd_numbers", options_by_freebsd_numbers},
    {"nosigpipe_keeps_the_signal_away", nosigpipe_keeps_the_signal_away},
    {"descriptors_travel", descriptors_travel},
    {"poll_and_select_see_the_same", poll_and_select_see_the_same},
    {0},
};
