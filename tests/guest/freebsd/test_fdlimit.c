/*
 * The limit of descriptors: no number at or above it is given out, and a call that is refused has no effect.
 * Source: FreeBSD manual getrlimit(2), open(2), dup(2), fcntl(2), accept(2), pipe(2), getdtablesize(2); kern_dup() in kern_descrip.c.
 */
#include "../kit/files.h"

enum { SYS_accept = 30, SYS_socket = 97, SYS_connect = 98, SYS_bind = 104, SYS_listen = 106, SYS_socketpair = 135,
       SYS_kqueue = 362, SYS_accept4 = 541, SYS_kqueuex = 583 };
enum { EMFILE = 24, RLIMIT_NOFILE = 8, AF_UNIX = 1, SOCK_STREAM = 1 };

struct limit {
	int64_t cur, max;
};

static int64_t
limit_set(int64_t cur)
{
	struct limit l;

	sys(SYS_getrlimit, RLIMIT_NOFILE, &l);
	l.cur = cur;
	return sys(SYS_setrlimit, RLIMIT_NOFILE, &l);
}

static struct limit before;

/* Every number below @cur is open afterwards; the first one that this opened. */
static int64_t
fill(int64_t cur)
{
	int64_t first, fd;

	sys(SYS_getrlimit, RLIMIT_NOFILE, &before);
	limit_set(cur);
	first = fd = sys(SYS_open, "/dev/null", O_RDWR, 0);
	while (fd >= 0)
		fd = sys(SYS_dup, first);
	return fd == -EMFILE ? first : -1;
}

static void
empty(int64_t first)
{
	sys(SYS_close_range, first, -1, 0);
	sys(SYS_setrlimit, RLIMIT_NOFILE, &before);
}

static void
numbers_end_at_the_limit(void)
{
	int64_t first = fill(40), spare;
	int fds[2];

	CHECK(first > 0);
	CHECK_EQ(sys(SYS_getdtablesize), 40);
	CHECK_OK(SYS_fcntl, 39, F_GETFD, 0);
	CHECK_ERR(EBADF, SYS_fcntl, 40, F_GETFD, 0);
	CHECK_ERR(EMFILE, SYS_dup, first);
	CHECK_ERR(EMFILE, SYS_open, "/dev/null", O_RDONLY, 0);
	CHECK_ERR(EMFILE, SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY, 0);
	CHECK_ERR(EMFILE, SYS_open, "/dev/fd/0", O_RDONLY, 0);
	CHECK_ERR(EMFILE, SYS_fcntl, first, F_DUPFD, 0);
	CHECK_ERR(EMFILE, SYS_fcntl, first, F_DUPFD_CLOEXEC, 39);
	CHECK_ERR(EMFILE, SYS_pipe2, fds, 0);
	CHECK_ERR(EMFILE, SYS_pipe10);
	CHECK_ERR(EMFILE, SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, fds);
	CHECK_ERR(EMFILE, SYS_socket, AF_UNIX, SOCK_STREAM, 0);
	CHECK_ERR(EMFILE, SYS_kqueue);
	CHECK_ERR(EMFILE, SYS_kqueuex, 0);
	CHECK_ERR(EMFILE, SYS_pdfork, fds, 0);
	/* Beyond it is out of range, which each call says in its own way; what is there may be replaced. */
	CHECK_ERR(EBADF, SYS_dup2, first, 40);
	CHECK_ERR(EBADF, SYS_fcntl, first, F_DUP2FD, 40);
	CHECK_ERR(EINVAL, SYS_fcntl, first, F_DUPFD, 40);
	CHECK_EQ(sys(SYS_dup2, first, 39), 39);
	/* One free number is not enough for two, and is not lost by trying. */
	sys(SYS_close, 38);
	CHECK_ERR(EMFILE, SYS_pipe2, fds, 0);
	CHECK_ERR(EMFILE, SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, fds);
	spare = sys(SYS_kqueue);
	CHECK_EQ(spare, 38);
	empty(first);
	CHECK_EQ(sys(SYS_dup, 0), first);
	sys(SYS_close, first);
}

static void
refused_opens_change_nothing(void)
{
	int64_t first;
	char c;

	sys(SYS_close, files_make(P("full"), "text"));
	first = fill(30);
	CHECK_ERR(EMFILE, SYS_open, P("made"), O_CREAT | O_RDWR, 0644);
	CHECK_ERR(EMFILE, SYS_open, P("full"), O_TRUNC | O_RDWR, 0);
	CHECK_ERR(ENOENT, SYS_access, P("made"), 0);
	sys(SYS_close, 29);
	CHECK_EQ(sys(SYS_open, P("full"), O_RDONLY, 0), 29);
	CHECK_EQ(sys(SYS_read, 29, &c, 1), 1);
	empty(first);
	CHECK_OK(SYS_unlink, P("full"));
}

struct sockaddr_un {
	uint8_t len, family;
	char path[104];
};

static void
refused_connections_wait_on(void)
{
	struct sockaddr_un a = {.family = AF_UNIX};
	int64_t s = sys(SYS_socket, AF_UNIX, SOCK_STREAM, 0), c = sys(SYS_socket, AF_UNIX, SOCK_STREAM, 0), first, fd;
	char byte = 0;

	memcpy(a.path, P("sock"), strlen(P("sock")) + 1);
	CHECK_OK(SYS_bind, s, &a, sizeof(a));
	CHECK_OK(SYS_listen, s, 1);
	CHECK_OK(SYS_connect, c, &a, sizeof(a));
	CHECK_EQ(sys(SYS_write, c, "x", 1), 1);
	first = fill(30);
	CHECK_ERR(EMFILE, SYS_accept, s, 0, 0);
	CHECK_ERR(EMFILE, SYS_accept4, s, 0, 0, 0);
	sys(SYS_close, 29);
	fd = sys(SYS_accept, s, 0, 0);
	CHECK_EQ(fd, 29);
	CHECK_EQ(sys(SYS_read, fd, &byte, 1), 1);
	CHECK_EQ(byte, 'x');
	empty(first);
	sys(SYS_close, s), sys(SYS_close, c), sys(SYS_unlink, P("sock"));
}

/* What was open stays open and usable when the limit falls below it. */
static void
lower_limits_close_nothing(void)
{
	int64_t fd = sys(SYS_fcntl, 0, F_DUPFD, 100);
	struct stat st;

	CHECK_EQ(fd, 100);
	sys(SYS_getrlimit, RLIMIT_NOFILE, &before);
	CHECK_EQ(limit_set(50), 0);
	CHECK_OK(SYS_fstat, fd, &st);
	CHECK_ERR(EBADF, SYS_dup2, fd, fd);
	CHECK_EQ(sys(SYS_fcntl, fd, F_DUPFD, 49), 49);
	CHECK_ERR(EMFILE, SYS_fcntl, fd, F_DUPFD, 49);
	CHECK_OK(SYS_close, 49);
	CHECK_OK(SYS_close, fd);
	sys(SYS_setrlimit, RLIMIT_NOFILE, &before);
}

/* The hard limit is all there is, and the last number is usable like any. */
static void
the_hard_limit_is_the_end(void)
{
	struct limit l;
	int64_t first;

	sys(SYS_getrlimit, RLIMIT_NOFILE, &l);
	if (l.max > 40000)
		return; /* too many to open here */
	first = fill(l.max);
	CHECK(first > 0);
	CHECK_OK(SYS_fcntl, l.max - 1, F_GETFD, 0);
	CHECK_ERR(EBADF, SYS_fcntl, l.max, F_GETFD, 0);
	CHECK_ERR(EMFILE, SYS_kqueue);
	CHECK_OK(SYS_access, "/", 0); /* what we open for ourselves needs no number of the guest's */
	CHECK_ERR(EBADF, SYS_close, l.max);
	empty(first);
}

const struct test tests[] = {
    {"numbers_end_at_the_limit", numbers_end_at_the_limit},
    {"refused_opens_change_nothing", refused_opens_change_nothing},
    {"refused_connections_wait_on", refused_connections_wait_on},
    {"lower_limits_close_nothing", lower_limits_close_nothing},
    {"the_hard_limit_is_the_end", the_hard_limit_is_the_end},
    {0},
};
