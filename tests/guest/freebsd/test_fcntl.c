/*
 * Descriptors: dup, close_range, fcntl, locks of both kinds, vectors.
 * Source: FreeBSD manual fcntl(2), dup(2), close(2), closefrom(2), close_range(2), flock(2), read(2), write(2), pipe(2).
 */
#include "../kit/files.h"

static void
dups_share_the_offset(void)
{
	int64_t fd = files_make(P("f"), "0123456789"), d = sys(SYS_dup, fd);

	CHECK(d > fd);
	CHECK_EQ(sys(SYS_lseek, fd, 3, 0), 3);
	CHECK_EQ(sys(SYS_lseek, d, 0, 1), 3);
	CHECK_EQ(sys(SYS_dup2, fd, 40), 40);
	CHECK_EQ(sys(SYS_dup2, fd, 40), 40);
	CHECK_EQ(sys(SYS_dup2, 40, 40), 40);
	CHECK_EQ(sys(SYS_fcntl, 40, F_GETFD, 0), 0);
	CHECK_ERR(EBADF, SYS_dup, 777);
	CHECK_ERR(EBADF, SYS_dup2, 777, 41);
	CHECK_ERR(EBADF, SYS_dup2, fd, 1 << 30);
	CHECK_ERR(EBADF, SYS_dup2, fd, -1);
	CHECK_EQ(sys(SYS_fcntl, fd, F_DUPFD, 50), 50);
	CHECK_EQ(sys(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 50), 51);
	CHECK_EQ(sys(SYS_fcntl, 51, F_GETFD, 0), 1);
	CHECK_EQ(sys(SYS_fcntl, fd, F_DUP2FD_CLOEXEC, 52), 52);
	CHECK_EQ(sys(SYS_fcntl, 52, F_GETFD, 0), 1);
	CHECK_EQ(sys(SYS_fcntl, fd, F_DUP2FD, 52), 52);
	CHECK_EQ(sys(SYS_fcntl, 52, F_GETFD, 0), 0);
	CHECK_ERR(EINVAL, SYS_fcntl, fd, F_DUPFD, -1);
	CHECK_ERR(EBADF, SYS_fcntl, fd, F_DUP2FD, -1);
	CHECK_OK(SYS_close_range, 40, 52, 0);
	CHECK_ERR(EBADF, SYS_close, 52);
	sys(SYS_close, d), sys(SYS_close, fd), sys(SYS_unlink, P("f"));
}

static void
ranges_close(void)
{
	int64_t n = sys(SYS_open, "/dev/null", 0, 0);

	for (int i = 60; i < 70; i++)
		sys(SYS_dup2, n, i);
	CHECK_OK(SYS_close_range, 61, 63, 0);
	CHECK_ERR(EBADF, SYS_fcntl, 61, F_GETFD, 0);
	CHECK_EQ(sys(SYS_fcntl, 60, F_GETFD, 0), 0);
	CHECK_OK(SYS_close_range, 64, 65, 4 /* CLOSE_RANGE_CLOEXEC */);
	CHECK_EQ(sys(SYS_fcntl, 64, F_GETFD, 0), 1);
	CHECK_ERR(EINVAL, SYS_close_range, 65, 64, 0);
	CHECK_ERR(EINVAL, SYS_close_range, 60, 61, 1);
	CHECK_OK(SYS_close_range, 66, -1, 0); /* whatever is of the monitor's stays open: the next calls work */
	CHECK_ERR(EBADF, SYS_fcntl, 69, F_GETFD, 0);
	CHECK_OK(SYS_closefrom, 60);
	CHECK_ERR(EBADF, SYS_fcntl, 60, F_GETFD, 0);
	CHECK_OK(SYS_access, "/", 0);
	sys(SYS_close, n);
}

static void
pipes_take_flags(void)
{
	int fds[2];
	char c;

	CHECK_OK(SYS_pipe2, fds, O_CLOEXEC | O_NONBLOCK);
	CHECK_EQ(sys(SYS_fcntl, fds[0], F_GETFD, 0), 1);
	CHECK_EQ(sys(SYS_fcntl, fds[0], F_GETFL, 0), O_RDWR | O_NONBLOCK); /* kern_pipe(): FREAD | FWRITE */
	CHECK_EQ(sys(SYS_fcntl, fds[1], F_GETFL, 0), O_RDWR | O_NONBLOCK);
	CHECK_ERR(EAGAIN, SYS_read, fds[0], &c, 1);
	CHECK_EQ(sys(SYS_write, fds[1], "x", 1), 1);
	CHECK_EQ(sys(SYS_read, fds[0], &c, 1), 1);
	sys(SYS_close, fds[1]);
	CHECK_EQ(sys(SYS_read, fds[0], &c, 1), 0);
	CHECK_ERR(ESPIPE, SYS_lseek, fds[0], 0, 0);
	sys(SYS_close, fds[0]);
	CHECK_ERR(EINVAL, SYS_pipe2, fds, O_APPEND);
	CHECK_ERR(EFAULT, SYS_pipe2, 8, 0);
}

static void
status_flags_are_freebsds(void)
{
	int64_t fd = sys(SYS_open, P("f"), O_CREAT | O_RDWR | O_APPEND | O_NONBLOCK | O_EXCL | O_SYNC, 0644), d;

	CHECK_EQ(sys(SYS_fcntl, fd, F_GETFL, 0), O_RDWR | O_APPEND | O_NONBLOCK | O_SYNC);
	CHECK_OK(SYS_fcntl, fd, F_SETFL, O_NONBLOCK | O_CREAT | O_WRONLY);
	CHECK_EQ(sys(SYS_fcntl, fd, F_GETFL, 0) & (3 | O_APPEND | O_NONBLOCK | O_CREAT), O_RDWR | O_NONBLOCK);
	d = sys(SYS_open, kit_dir(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	CHECK_EQ(sys(SYS_fcntl, d, F_GETFL, 0), O_RDONLY);
	CHECK_OK(SYS_fcntl, fd, F_SETFD, 1);
	CHECK_EQ(sys(SYS_fcntl, fd, F_GETFD, 0), 1);
	CHECK_EQ(sys(SYS_fcntl, fd, F_ISUNIONSTACK, 0), 0);
	CHECK_OK(SYS_fcntl, fd, F_RDAHEAD, 1);
	CHECK_OK(SYS_fcntl, fd, F_READAHEAD, 4096);
	CHECK_ERR(EINVAL, SYS_fcntl, fd, 999, 0);
	CHECK_ERR(EBADF, SYS_fcntl, 777, F_GETFL, 0);
	sys(SYS_close, fd), sys(SYS_close, d), sys(SYS_unlink, P("f"));
}

static void
owners_of_descriptors(void)
{
	int fds[2];
	int64_t pid = sys(SYS_getpid), group = sys(81 /* getpgrp */);

	CHECK_OK(SYS_pipe2, fds, 0);
	CHECK_OK(SYS_fcntl, fds[0], F_SETOWN, pid);
	CHECK_EQ(sys(SYS_fcntl, fds[0], F_GETOWN, 0), pid);
	if (group > 1) {
		CHECK_OK(SYS_fcntl, fds[0], F_SETOWN, -group);
		CHECK_EQ((int)sys(SYS_fcntl, fds[0], F_GETOWN, 0), -group);
	}
	sys(SYS_close, fds[0]), sys(SYS_close, fds[1]);
}

struct kinfo {
	int structsize, type, fd, refs, flags, pad0;
	int64_t offset;
	int vtype, domain, stype, proto;
	uint64_t spare[30], fsid, rdev, fileid, size;
	uint32_t fsid11, rdev11;
	uint16_t mode, pad1;
	uint32_t pad2;
	uint16_t status, pad3;
	int spare0;
	uint64_t rights[3];
	char path[1024];
};
_Static_assert(sizeof(struct kinfo) == 1392, "kinfo_file");

static void
kinfo_tells_the_path(void)
{
	static struct kinfo k;
	int64_t fd = files_make(P("f"), "12345");
	int fds[2];

	k.structsize = sizeof(k);
	CHECK_OK(SYS_fcntl, fd, F_KINFO, &k);
	CHECK_EQ(k.type, 1); /* KF_TYPE_VNODE */
	CHECK_EQ(k.vtype, 1); /* KF_VTYPE_VREG */
	CHECK_EQ(k.fd, fd);
	CHECK_EQ(k.flags, 3);
	CHECK_EQ(k.offset, 5);
	CHECK_EQ(k.size, 5);
	CHECK(!strcmp(k.path, P("f")));
	CHECK_OK(SYS_pipe2, fds, 0);
	CHECK_OK(SYS_fcntl, fds[1], F_KINFO, &k);
	CHECK_EQ(k.type, 3); /* KF_TYPE_PIPE */
	CHECK_EQ(k.path[0], 0);
	k.structsize = 100;
	CHECK_ERR(EINVAL, SYS_fcntl, fd, F_KINFO, &k);
	CHECK_ERR(EFAULT, SYS_fcntl, fd, F_KINFO, 8);
	sys(SYS_close, fds[0]), sys(SYS_close, fds[1]), sys(SYS_close, fd), sys(SYS_unlink, P("f"));
}

/* Run @fn in a child; its result. */
static int
in_child(int (*fn)(int64_t fd), int64_t fd)
{
	int status = -1;
	int64_t pid = sys(SYS_fork);

	if (pid == 0)
		call(SYS_exit, fn(fd));
	sys(SYS_wait4, pid, &status, 0, 0);
	return status >> 8;
}

static int
sees_the_lock(int64_t fd)
{
	struct flock l = {5, 1, 0, F_RDLCK, 0, 0};

	if (sys(SYS_fcntl, fd, F_SETLK, &l) != -EAGAIN)
		return 1;
	l = (struct flock){0, 0, 0, F_WRLCK, 0, 77};
	if (sys(SYS_fcntl, fd, F_GETLK, &l))
		return 2;
	if (l.type != F_WRLCK || l.start != 2 || l.len != 8 || l.pid != sys(SYS_getppid) || l.sysid != 0)
		return 3;
	l = (struct flock){100, 10, 0, F_WRLCK, 0, 0};
	if (sys(SYS_fcntl, fd, F_GETLK, &l) || l.type != F_UNLCK || l.start != 100)
		return 4;
	/* The old form has 24 bytes and numbers of its own. */
	l = (struct flock){5, 1, 0, F_RDLCK, 0, 99};
	if (sys(SYS_fcntl, fd, F_OSETLK, &l) != -EAGAIN)
		return 5;
	if (sys(SYS_fcntl, fd, F_OGETLK, &l) || l.type != F_WRLCK || l.sysid != 99)
		return 6;
	return 0;
}

static void
record_locks_are_seen_by_others(void)
{
	struct flock l = {2, 8, 0, F_WRLCK, 0, 0};
	int64_t fd = files_make(P("f"), "0123456789"), ro;

	CHECK_OK(SYS_fcntl, fd, F_SETLK, &l);
	CHECK_EQ(in_child(sees_the_lock, fd), 0);
	l.type = F_UNLCK;
	CHECK_OK(SYS_fcntl, fd, F_SETLKW, &l);
	CHECK_EQ(in_child(sees_the_lock, fd), 1);
	l.type = 0;
	CHECK_ERR(EINVAL, SYS_fcntl, fd, F_SETLK, &l);
	l.type = F_UNLCK;
	CHECK_ERR(EINVAL, SYS_fcntl, fd, F_GETLK, &l);
	l = (struct flock){0, 0, 0, F_WRLCK, 9, 0};
	CHECK_ERR(EINVAL, SYS_fcntl, fd, F_SETLK, &l);
	CHECK_ERR(EFAULT, SYS_fcntl, fd, F_SETLK, 8);
	ro = sys(SYS_open, P("f"), O_RDONLY, 0);
	l = (struct flock){0, 0, 0, F_WRLCK, 0, 0};
	CHECK_ERR(EBADF, SYS_fcntl, ro, F_SETLK, &l);
	sys(SYS_close, ro), sys(SYS_close, fd), sys(SYS_unlink, P("f"));
}

static void
flocks_belong_to_the_open_file(void)
{
	int64_t a = files_make(P("f"), "x"), b = sys(SYS_open, P("f"), O_RDONLY, 0), d = sys(SYS_dup, a);

	CHECK_OK(SYS_flock, a, LOCK_EX);
	CHECK_OK(SYS_flock, d, LOCK_EX | LOCK_NB);
	CHECK_ERR(EAGAIN, SYS_flock, b, LOCK_SH | LOCK_NB);
	CHECK_OK(SYS_flock, a, LOCK_SH);
	CHECK_OK(SYS_flock, b, LOCK_SH | LOCK_NB);
	CHECK_OK(SYS_flock, b, LOCK_UN);
	CHECK_ERR(EBADF, SYS_flock, 777, LOCK_SH);
	sys(SYS_close, a), sys(SYS_close, b), sys(SYS_close, d), sys(SYS_unlink, P("f"));
}

static void
vectors_go_to_offsets(void)
{
	char x[4] = {0}, y[4] = {0};
	struct {
		void *base;
		uint64_t len;
	} v[2] = {{x, 2}, {y, 3}};
	int64_t fd = files_make(P("f"), "0123456789");

	CHECK_EQ(sys(SYS_preadv, fd, v, 2, 4), 5);
	CHECK(!strcmp(x, "45") && !strcmp(y, "678"));
	CHECK_EQ(sys(SYS_pwritev, fd, v, 2, 0), 5);
	CHECK_EQ(sys(SYS_lseek, fd, 0, 0), 0);
	CHECK_EQ(sys(SYS_readv, fd, v, 2), 5);
	CHECK(!strcmp(x, "45"));
	CHECK_ERR(EINVAL, SYS_preadv, fd, v, 2, -1);
	CHECK_ERR(EINVAL, SYS_preadv, fd, v, 1025, 0);
	CHECK_ERR(EFAULT, SYS_readv, fd, 8, 1);
	v[1].len = (uint64_t)1 << 63;
	CHECK_ERR(EINVAL, SYS_readv, fd, v, 2);
	CHECK_ERR(EBADF, SYS_readv, 777, v, 1);
	sys(SYS_close, fd), sys(SYS_unlink, P("f"));
}

const struct test tests[] = {
    {"dups_share_the_offset", dups_share_the_offset},
    {"ranges_close", ranges_close},
    {"pipes_take_flags", pipes_take_flags},
    {"status_flags_are_freebsds", status_flags_are_freebsds},
    {"owners_of_descriptors", owners_of_descriptors},
    {"kinfo_tells_the_path", kinfo_tells_the_path},
    {"record_locks_are_seen_by_others", record_locks_are_seen_by_others},
    {"flocks_belong_to_the_open_file", flocks_belong_to_the_open_file},
    {"vectors_go_to_offsets", vectors_go_to_offsets},
    {0},
};
