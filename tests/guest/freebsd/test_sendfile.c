/*
 * sendfile, and SIGPIPE of all calls that write.
 * Source: FreeBSD manual sendfile(2), getsockopt(2) SO_NOSIGPIPE, write(2) EPIPE, siginfo(3).
 */
#include "../kit/files.h"
#include "../kit/net.h"
#include "../kit/signals.h"

struct hdtr {
	struct iovec *headers;
	int hdr_cnt;
	struct iovec *trailers;
	int trl_cnt;
};
_Static_assert(sizeof(struct hdtr) == 32, "sys/socket.h sf_hdtr");

static volatile int hits, last_code;

static void
note(int signo, struct siginfo *si, void *uc)
{
	(void)signo, (void)uc;
	hits++;
	last_code = si->code;
}

static int64_t
text_file(void)
{
	return files_make(P("text"), "0123456789");
}

static void
parts_arrive_in_order(void)
{
	struct iovec h[2] = {{"<h", 2}, {"1>", 2}}, tr = {"<t>", 3};
	struct hdtr parts = {h, 2, &tr, 1};
	int fd[2], file = (int)text_file();
	char buf[32] = {0};
	int64_t sent = -1;

	CHECK_EQ(sys(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, fd), 0);
	CHECK_EQ(sys(SYS_sendfile, file, fd[0], 2l, 3l, &parts, &sent, 0), 0);
	CHECK_EQ(sent, 10);
	CHECK_EQ(sys(SYS_read, fd[1], buf, 32), 10);
	CHECK_EQ(strcmp(buf, "<h1>234<t>"), 0);
	CHECK_EQ(sys(SYS_lseek, file, 0, 1), 10); /* the offset is left alone */
	memset(buf, 0, sizeof(buf));
	CHECK_EQ(sys(SYS_sendfile, file, fd[0], 7l, 0l, 0, &sent, 0), 0); /* 0: to the end */
	CHECK_EQ(sent, 3);
	CHECK_EQ(sys(SYS_read, fd[1], buf, 32), 3);
	CHECK_EQ(strcmp(buf, "789"), 0);
	CHECK_EQ(sys(SYS_sendfile, file, fd[0], 7l, 100l, 0, &sent, 0), 0); /* what there is */
	CHECK_EQ(sent, 3);
	CHECK_EQ(sys(SYS_sendfile, file, fd[0], 100l, 0l, 0, &sent, 0), 0);
	CHECK_EQ(sent, 0);
	CHECK_EQ(sys(SYS_sendfile, file, fd[0], 9l, 0l, 0, 0, 0x1f), 0);
	close_pair(fd), sys(SYS_close, file);
}

static void
ends_are_checked(void)
{
	int fd[2], d[2], file = (int)text_file(), lone = (int)sys(SYS_socket, AF_INET, SOCK_STREAM, 0), p[2], writer;
	struct hdtr bad = {(void *)8, 1, 0, 0}, many = {(void *)8, 5000, 0, 0};
	int64_t sent = -1;

	writer = (int)sys(SYS_open, P("text"), O_WRONLY);
	CHECK_EQ(sys(SYS_pipe2, p, 0) | sys(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, fd) | sys(SYS_socketpair, AF_UNIX, SOCK_DGRAM, 0, d), 0);
	CHECK_ERR(EBADF, SYS_sendfile, 999, fd[0], 0, 0, 0, &sent, 0);
	CHECK_ERR(EBADF, SYS_sendfile, writer, fd[0], 0, 0, 0, &sent, 0);
	CHECK_ERR(EBADF, SYS_sendfile, file, 999, 0, 0, 0, &sent, 0);
	CHECK_ERR(ENOTSOCK, SYS_sendfile, file, p[1], 0, 0, 0, &sent, 0);
	CHECK_ERR(EINVAL, SYS_sendfile, p[0], fd[0], 0, 0, 0, &sent, 0);
	CHECK_ERR(EINVAL, SYS_sendfile, file, d[0], 0, 0, 0, &sent, 0);
	CHECK_ERR(ENOTCONN, SYS_sendfile, file, lone, 0, 0, 0, &sent, 0);
	CHECK_ERR(EINVAL, SYS_sendfile, file, fd[0], -1l, 0, 0, &sent, 0);
	CHECK_ERR(EFAULT, SYS_sendfile, file, fd[0], 0, 0, 8, &sent, 0);
	CHECK_ERR(EFAULT, SYS_sendfile, file, fd[0], 0, 0, &bad, &sent, 0);
	CHECK_ERR(EINVAL, SYS_sendfile, file, fd[0], 0, 0, &many, &sent, 0);
	close_pair(p), close_pair(fd), close_pair(d);
	sys(SYS_close, file), sys(SYS_close, lone), sys(SYS_close, writer);
}

/* A socket that takes no more: EAGAIN, and how much went. */
static void
what_went_is_told_on_failure(void)
{
	int fd[2], file = (int)sys(SYS_open, P("large"), O_RDWR | O_CREAT, 0600);
	int64_t sent = 0, total = 0, more = 0;

	CHECK_EQ(sys(SYS_ftruncate, file, 4l << 20), 0);
	CHECK_EQ(sys(SYS_socketpair, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	for (int i = 0; i < 100 && sys(SYS_sendfile, file, fd[0], total, 0l, 0, &sent, 0) != -EAGAIN; i++)
		total += sent;
	total += sent;
	CHECK(total > 0 && total < 4 << 20);
	static char buf[65536];
	for (int64_t n; (n = sys(SYS_read, fd[1], buf, sizeof(buf))) > 0;)
		more += n;
	CHECK_EQ(more, total);
	close_pair(fd), sys(SYS_close, file);
}

/* Every call that writes raises SIGPIPE, by the system, and none on a socket with SO_NOSIGPIPE. */
static void
broken_sockets(void)
{
	struct iovec v = {"x", 1};
	struct msghdr m = {0, 0, &v, 1, 0, 0, 0};
	int fd[2], on = 1, file = (int)text_file(), n = 0;

	handle(SIGPIPE, note, SA_SIGINFO);
	CHECK_EQ(sys(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, fd), 0);
	sys(SYS_close, fd[1]);
	for (int quiet = 0; quiet < 2; quiet++) {
		hits = 0, n = 0;
		CHECK_ERR(EPIPE, SYS_write, fd[0], "x", 1);
		CHECK_EQ(hits, quiet ? 0 : ++n);
		CHECK_ERR(EPIPE, SYS_writev, fd[0], &v, 1);
		CHECK_EQ(hits, quiet ? 0 : ++n);
		CHECK_ERR(EPIPE, SYS_sendto, fd[0], "x", 1, 0, 0, 0);
		CHECK_EQ(hits, quiet ? 0 : ++n);
		CHECK_ERR(EPIPE, SYS_sendmsg, fd[0], &m, 0);
		CHECK_EQ(hits, quiet ? 0 : ++n);
		CHECK_EQ(quiet ? SI_KERNEL : last_code, SI_KERNEL);
		CHECK_ERR(EPIPE, SYS_sendto, fd[0], "x", 1, MSG_NOSIGNAL, 0, 0);
		CHECK_EQ(hits, n);
		CHECK_ERR(EPIPE, SYS_sendfile, file, fd[0], 0, 0, 0, 0, 0); /* never of itself */
		CHECK_EQ(hits, n);
		CHECK_EQ(sys(SYS_setsockopt, fd[0], SOL_SOCKET, 0x800, &on, 4), 0);
	}
	sys(SYS_close, fd[0]), sys(SYS_close, file);
}

/* The file and what comes before it raise nothing; what comes after is written by writev(2). */
static void
trailers_alone_raise_it(void)
{
	int fd[2], on = 1, file = (int)text_file();
	struct iovec v = {"x", 1};
	struct hdtr before = {&v, 1, 0, 0}, after = {0, 0, &v, 1};
	int64_t sent = -1;
	char buf[16];

	handle(SIGPIPE, note, SA_SIGINFO);
	hits = 0;
	CHECK_EQ(tcp_pair(fd), 0);
	CHECK_EQ(sys(SYS_shutdown, fd[0], 1), 0);
	CHECK_ERR(EPIPE, SYS_sendfile, file, fd[0], 0, 0, &before, &sent, 0);
	CHECK_EQ(hits, 0);
	CHECK_EQ(sent, 0);
	CHECK_ERR(EPIPE, SYS_sendfile, file, fd[0], 10, 0, &after, &sent, 0);
	CHECK_EQ(hits, 1);
	CHECK_EQ(sent, 0);
	CHECK_EQ(sys(SYS_setsockopt, fd[0], SOL_SOCKET, 0x800, &on, 4), 0);
	CHECK_ERR(EPIPE, SYS_sendfile, file, fd[0], 10, 0, &after, &sent, 0);
	CHECK_EQ(hits, 1);
	CHECK_EQ(sys(SYS_setsockopt, fd[1], SOL_SOCKET, 0x800, &on, 4), 0);
	CHECK_EQ(sys(SYS_sendfile, file, fd[1], 5, 0, 0, &sent, 0), 0); /* quiet sockets send like others */
	CHECK_EQ(sent, 5);
	CHECK_EQ(sys(SYS_read, fd[0], buf, 16), 5);
	CHECK_EQ(buf[0], '5');
	CHECK_EQ(sys(SYS_write, fd[1], "wr", 2), 2);
	CHECK_EQ(sys(SYS_read, fd[0], buf, 16), 2);
	close_pair(fd), sys(SYS_close, file);
}

static void
broken_pipes_always_do(void)
{
	struct iovec v = {"x", 1};
	int p[2];

	handle(SIGPIPE, note, SA_SIGINFO);
	hits = 0;
	CHECK_EQ(sys(SYS_pipe2, p, 0), 0);
	sys(SYS_close, p[0]);
	CHECK_ERR(EPIPE, SYS_write, p[1], "x", 1);
	CHECK_ERR(EPIPE, SYS_writev, p[1], &v, 1);
	CHECK_EQ(hits, 2);
	CHECK_EQ(last_code, SI_KERNEL);
	sys(SYS_close, p[1]);
}

const struct test tests[] = {
    {"parts_arrive_in_order", parts_arrive_in_order},
    {"ends_are_checked", ends_are_checked},
    {"what_went_is_told_on_failure", what_went_is_told_on_failure},
    {"broken_sockets", broken_sockets},
    {"trailers_alone_raise_it", trailers_alone_raise_it},
    {"broken_pipes_always_do", broken_pipes_always_do},
    {0},
};
