/*
 * Sizes, ranges, file systems, limits of paths.
 * Source: FreeBSD manual truncate(2), posix_fallocate(2), posix_fadvise(2), copy_file_range(2), fspacectl(2), lseek(2),
 * statfs(2), getfsstat(2), pathconf(2); layouts: sys/mount.h; names: sys/unistd.h.
 */
#include "../kit/files.h"

static struct stat st;
static char buf[8192];

static int64_t
size_of(int64_t fd)
{
	return sys(SYS_fstat, fd, &st) ? -1 : st.size;
}

static void
sizes_change(void)
{
	int64_t fd = files_make(P("f"), "12345");

	CHECK_OK(SYS_ftruncate, fd, 3);
	CHECK_EQ(size_of(fd), 3);
	CHECK_OK(SYS_truncate, P("f"), 10);
	CHECK_EQ(size_of(fd), 10);
	CHECK_EQ(sys(SYS_pread, fd, buf, 10, 0), 10);
	CHECK(!memcmp(buf, "123\0\0", 5));
	CHECK_ERR(EINVAL, SYS_truncate, P("f"), -1);
	CHECK_ERR(EISDIR, SYS_truncate, kit_dir(), 0);
	CHECK_ERR(ENOENT, SYS_truncate, P("none"), 0);
	CHECK_ERR(EBADF, SYS_ftruncate, 777, 0);
	CHECK_OK(SYS_fsync, fd);
	CHECK_OK(SYS_fdatasync, fd);
	CHECK_ERR(EBADF, SYS_fsync, 777);
	CHECK_ERR(EINVAL, SYS_lseek, fd, -1, 0);
	CHECK_ERR(EINVAL, SYS_lseek, fd, 0, 9);
	sys(SYS_close, fd), sys(SYS_unlink, P("f"));
}

/* Their offset stands one argument further. */
static void
calls_of_six_have_a_pad(void)
{
	int64_t fd = files_make(P("f"), "12345");

	CHECK_EQ(sys(SYS_lseek6, fd, 99, 2, 0), 2);
	CHECK_EQ(sys(SYS_pread6, fd, buf, 2, 99, 3), 2);
	CHECK(!memcmp(buf, "45", 2));
	CHECK_EQ(sys(SYS_pwrite6, fd, "xy", 2, 99, 1), 2);
	CHECK_OK(SYS_ftruncate6, fd, 99, 4);
	CHECK_EQ(size_of(fd), 4);
	CHECK_OK(SYS_truncate6, P("f"), 99, 2);
	CHECK_EQ(size_of(fd), 2);
	CHECK_EQ(sys(SYS_pread, fd, buf, 9, 0), 2);
	CHECK(!memcmp(buf, "1x", 2));
	sys(SYS_close, fd), sys(SYS_unlink, P("f"));
}

/* They return their error, and nothing fails. */
static void
posix_calls_return_errors(void)
{
	int64_t fd = files_make(P("f"), "12345"), ro = sys(SYS_open, P("f"), O_RDONLY, 0);
	struct ret r = call(SYS_posix_fallocate, fd, 0, 10000);
	int fds[2];

	CHECK(!r.carry);
	CHECK_EQ(r.val, 0);
	CHECK_EQ(size_of(fd), 10000);
	CHECK_EQ(sys(SYS_posix_fallocate, fd, -1, 10), EINVAL);
	CHECK_EQ(sys(SYS_posix_fallocate, fd, 0, 0), EINVAL);
	CHECK_EQ(sys(SYS_posix_fallocate, fd, INT64_MAX, 10), EFBIG);
	CHECK_EQ(sys(SYS_posix_fallocate, ro, 0, 10), EBADF);
	CHECK_EQ(sys(SYS_posix_fallocate, 777, 0, 10), EBADF);
	CHECK_OK(SYS_pipe2, fds, 0);
	CHECK_EQ(sys(SYS_posix_fallocate, fds[1], 0, 10), ESPIPE);
	CHECK_EQ(sys(SYS_posix_fadvise, fds[0], 0, 10, 0), ESPIPE);
	for (int advice = 0; advice <= 5; advice++)
		CHECK_EQ(sys(SYS_posix_fadvise, fd, 0, 0, advice), 0);
	CHECK_EQ(sys(SYS_posix_fadvise, fd, 0, 0, 6), EINVAL);
	CHECK_EQ(sys(SYS_posix_fadvise, fd, -1, 0, 0), EINVAL);
	CHECK_EQ(sys(SYS_posix_fadvise, 777, 0, 0, 0), EBADF);
	sys(SYS_close, fds[0]), sys(SYS_close, fds[1]), sys(SYS_close, fd), sys(SYS_close, ro), sys(SYS_unlink, P("f"));
}

static void
ranges_are_copied(void)
{
	int64_t a = files_make(P("a"), "0123456789"), b = files_make(P("b"), ""), in = 2, out = 1;

	CHECK_EQ(sys(SYS_copy_file_range, a, &in, b, &out, 5, 0), 5);
	CHECK_EQ(in, 7);
	CHECK_EQ(out, 6);
	CHECK_EQ(sys(SYS_pread, b, buf, 100, 0), 6);
	CHECK(!memcmp(buf, "\00023456", 6));
	sys(SYS_lseek, a, 8, 0);
	CHECK_EQ(sys(SYS_copy_file_range, a, 0, b, 0, 100, 0), 2);
	CHECK_EQ(sys(SYS_lseek, a, 0, 1), 10);
	CHECK_EQ(sys(SYS_copy_file_range, a, 0, b, 0, 100, 0), 0);
	CHECK_ERR(EINVAL, SYS_copy_file_range, a, 0, b, 0, 1, 1);
	CHECK_ERR(EBADF, SYS_copy_file_range, a, 0, 777, 0, 1, 0);
	CHECK_ERR(EFAULT, SYS_copy_file_range, a, 8, b, 0, 1, 0);
	in = 0, out = 2;
	CHECK_ERR(EINVAL, SYS_copy_file_range, a, &in, a, &out, 5, 0);
	sys(SYS_close, a), sys(SYS_close, b), sys(SYS_unlink, P("a")), sys(SYS_unlink, P("b"));
}

struct range {
	int64_t off, len;
};

static void
space_is_given_back(void)
{
	struct range q = {4096, 1000000}, m = {7, 7};
	int64_t fd = files_make(P("f"), "");

	memset(buf, 'x', sizeof(buf));
	sys(SYS_write, fd, buf, sizeof(buf));
	CHECK_OK(SYS_fspacectl, fd, 1 /* SPACECTL_DEALLOC */, &q, 0, &m);
	CHECK_EQ(m.len, 0);
	CHECK_EQ(m.off, 8192);
	CHECK_EQ(size_of(fd), 8192);
	CHECK_EQ(sys(SYS_pread, fd, buf, 2, 4095), 2);
	CHECK(!memcmp(buf, "x\0", 2));
	CHECK_OK(SYS_fspacectl, fd, 1, &q, 0, 0);
	CHECK_ERR(EINVAL, SYS_fspacectl, fd, 2, &q, 0, 0);
	CHECK_ERR(EINVAL, SYS_fspacectl, fd, 1, &q, 1, 0);
	q.len = 0;
	CHECK_ERR(EINVAL, SYS_fspacectl, fd, 1, &q, 0, 0);
	CHECK_ERR(EBADF, SYS_fspacectl, 777, 1, &q, 0, 0);
	sys(SYS_close, fd), sys(SYS_unlink, P("f"));
}

struct statfs {
	uint32_t version, type;
	uint64_t flags, bsize, iosize, blocks, bfree;
	int64_t bavail;
	uint64_t files;
	int64_t ffree;
	uint64_t counts[4], spare[10];
	uint32_t namemax, owner;
	int fsid[2];
	char charspare[80], fstype[16], from[1024], on[1024];
};
_Static_assert(sizeof(struct statfs) == 2344 && offsetof(struct statfs, on) == 1320, "statfs");

static struct statfs fs[64];

static void
file_systems_are_described(void)
{
	int64_t fd = sys(SYS_open, "/", O_RDONLY, 0), n;
	bool root = false;

	memset(fs, 0xff, sizeof(fs[0]) + 8);
	CHECK_OK(SYS_statfs, "/", &fs[0]);
	CHECK_EQ(fs[0].version, 0x20140518);
	CHECK_EQ(fs[1].version, 0xffffffff);
	CHECK(!strcmp(fs[0].on, "/"));
	CHECK(fs[0].flags & 0x4000); /* MNT_ROOTFS */
	CHECK(fs[0].bsize >= 512 && fs[0].namemax >= 14 && fs[0].blocks >= fs[0].bfree);
	CHECK_OK(SYS_fstatfs, fd, &fs[1]);
	CHECK(!memcmp(fs[0].from, fs[1].from, 1024));
	CHECK_ERR(ENOENT, SYS_statfs, P("none"), &fs[0]);
	CHECK_ERR(EFAULT, SYS_statfs, "/", 8);
	CHECK_ERR(EBADF, SYS_fstatfs, 777, &fs[0]);
	n = sys(SYS_getfsstat, 0, 0, 1 /* MNT_WAIT */);
	CHECK(n >= 1);
	CHECK_EQ(sys(SYS_getfsstat, fs, sizeof(fs), 2 /* MNT_NOWAIT */), n < 64 ? n : 64);
	for (int64_t i = 0; i < n && i < 64; i++)
		root = root || !strcmp(fs[i].on, "/");
	CHECK(root);
	CHECK_EQ(sys(SYS_getfsstat, fs, sizeof(fs[0]) + 100, 1), 1);
	CHECK_ERR(EINVAL, SYS_getfsstat, fs, sizeof(fs), 9);
	sys(SYS_close, fd);
}

static void
file_systems_of_eleven(void)
{
	static struct {
		uint32_t version;
		char rest[292];
		char from[88], on[88];
		uint64_t guard;
	} o = {.guard = 77};
	int64_t fd = sys(SYS_open, "/", O_RDONLY, 0);

	CHECK_OK(SYS_statfs11, "/", &o);
	CHECK_EQ(o.version, 0x20030518);
	CHECK(!strcmp(o.on, "/"));
	CHECK_EQ(o.guard, 77);
	CHECK_OK(SYS_fstatfs11, fd, &o);
	CHECK_EQ(sys(SYS_getfsstat11, &o, 472, 1), 1);
	CHECK_EQ(o.guard, 77);
	sys(SYS_close, fd);
}

static void
paths_have_limits(void)
{
	int fds[2];
	int64_t fd = files_make(P("f"), "x");

	CHECK_EQ(sys(SYS_pathconf, P("f"), 4 /* _PC_NAME_MAX */), 255);
	CHECK_EQ(sys(SYS_pathconf, P("f"), 5 /* _PC_PATH_MAX */), 1024);
	CHECK_EQ(sys(SYS_pathconf, P("f"), 7 /* _PC_CHOWN_RESTRICTED */), 1);
	CHECK_EQ(sys(SYS_fpathconf, fd, 8 /* _PC_NO_TRUNC */), 1);
	CHECK(sys(SYS_fpathconf, fd, 1 /* _PC_LINK_MAX */) >= 8);
	CHECK_EQ(sys(SYS_fpathconf, fd, 12 /* _PC_FILESIZEBITS */), 64);
	CHECK_EQ(sys(SYS_fpathconf, fd, 59 /* _PC_ACL_EXTENDED */), 0);
	CHECK_ERR(EINVAL, SYS_pathconf, P("f"), 2 /* _PC_MAX_CANON */);
	CHECK_ERR(EINVAL, SYS_pathconf, P("f"), 999);
	CHECK_ERR(ENOENT, SYS_pathconf, P("none"), 4);
	sys(SYS_symlink, "nowhere", P("l"));
	CHECK_EQ(sys(SYS_lpathconf, P("l"), 4), 255);
	CHECK_ERR(ENOENT, SYS_pathconf, P("l"), 4);
	CHECK_OK(SYS_pipe2, fds, 0);
	CHECK_EQ(sys(SYS_fpathconf, fds[0], 6 /* _PC_PIPE_BUF */), 512);
	CHECK_ERR(EINVAL, SYS_fpathconf, fds[0], 4);
	CHECK_ERR(EBADF, SYS_fpathconf, 777, 4);
	sys(SYS_close, fds[0]), sys(SYS_close, fds[1]), sys(SYS_close, fd);
	sys(SYS_unlink, P("f")), sys(SYS_unlink, P("l"));
}

const struct test tests[] = {
    {"sizes_change", sizes_change},
    {"calls_of_six_have_a_pad", calls_of_six_have_a_pad},
    {"posix_calls_return_errors", posix_calls_return_errors},
    {"ranges_are_copied", ranges_are_copied},
    {"space_is_given_back", space_is_given_back},
    {"file_systems_are_described", file_systems_are_described},
    {"file_systems_of_eleven", file_systems_of_eleven},
    {"paths_have_limits", paths_have_limits},
    {0},
};
