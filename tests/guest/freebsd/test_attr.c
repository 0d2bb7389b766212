/*
 * Attributes: the stat family, modes, owners, flags, times.
 * Source: FreeBSD manual stat(2), chmod(2), chown(2), chflags(2), utimensat(2), utimes(2); layouts: sys/stat.h.
 */
#include "../kit/files.h"

struct stat11 {
	uint32_t dev, ino;
	uint16_t mode, nlink;
	uint32_t uid, gid, rdev;
	struct timespec atim, mtim, ctim;
	int64_t size, blocks;
	int32_t blksize;
	uint32_t flags, gen;
	int32_t lspare;
	struct timespec birthtim;
};
_Static_assert(sizeof(struct stat11) == 120, "stat of 11");

struct nstat {
	uint32_t dev, ino, mode, nlink, uid, gid, rdev, pad;
	struct timespec atim, mtim, ctim;
	int64_t size, blocks;
	uint32_t blksize, flags, gen, pad2;
	struct timespec birthtim;
};
_Static_assert(sizeof(struct nstat) == 128, "nstat");

static struct stat st;

static void
old_forms_tell_the_same(void)
{
	static struct {
		struct stat11 s;
		uint64_t guard;
	} o = {.guard = 0x1122334455667788};
	static struct {
		struct nstat s;
		uint64_t guard;
	} n = {.guard = 0x1122334455667788};
	int64_t fd = files_make(P("f"), "12345");

	sys(SYS_symlink, "f", P("l"));
	sys(SYS_fstat, fd, &st);
	CHECK_OK(SYS_fstat11, fd, &o.s);
	CHECK_EQ(o.s.ino, (uint32_t)st.ino);
	CHECK_EQ(o.s.mode, st.mode);
	CHECK_EQ(o.s.size, 5);
	CHECK_EQ(o.s.mtim.sec, st.mtim.sec);
	CHECK_EQ(o.s.mtim.nsec, st.mtim.nsec);
	CHECK_EQ(o.s.birthtim.sec, st.birthtim.sec);
	CHECK_OK(SYS_stat11, P("l"), &o.s);
	CHECK_EQ(o.s.mode & S_IFMT, S_IFREG);
	CHECK_OK(SYS_lstat11, P("l"), &o.s);
	CHECK_EQ(o.s.mode & S_IFMT, S_IFLNK);
	CHECK_OK(SYS_fstatat11, AT_FDCWD, P("l"), &o.s, AT_SYMLINK_NOFOLLOW);
	CHECK_EQ(o.s.size, 1);
	CHECK_EQ(o.guard, 0x1122334455667788);
	CHECK_OK(SYS_nfstat11, fd, &n.s);
	CHECK_EQ(n.s.ino, (uint32_t)st.ino);
	CHECK_EQ(n.s.mode, st.mode);
	CHECK_EQ(n.s.birthtim.nsec, st.birthtim.nsec);
	CHECK_OK(SYS_nstat11, P("l"), &n.s);
	CHECK_EQ(n.s.size, 5);
	CHECK_OK(SYS_nlstat11, P("l"), &n.s);
	CHECK_EQ(n.s.mode & S_IFMT, S_IFLNK);
	CHECK_EQ(n.guard, 0x1122334455667788);
	CHECK_ERR(EBADF, SYS_fstat11, 777, &o.s);
	CHECK_ERR(EFAULT, SYS_fstat11, fd, 8);
	sys(SYS_close, fd), sys(SYS_unlink, P("f")), sys(SYS_unlink, P("l"));
}

static void
stat_knows_every_kind(void)
{
	int fds[2];

	CHECK_OK(SYS_pipe2, fds, 0);
	CHECK_OK(SYS_fstat, fds[0], &st);
	CHECK_EQ(st.mode & S_IFMT, S_IFIFO);
	sys(SYS_close, fds[0]), sys(SYS_close, fds[1]);
	CHECK_OK(SYS_fstatat, AT_FDCWD, "/dev/null", &st, 0);
	CHECK_EQ(st.mode & S_IFMT, S_IFCHR);
	CHECK_EQ(st.rdev, 0x103); /* major 1, minor 3 */
	CHECK_OK(SYS_fstatat, AT_FDCWD, kit_dir(), &st, 0);
	CHECK_EQ(st.mode & S_IFMT, S_IFDIR);
	CHECK_EQ(st.rdev, -1);
	CHECK_EQ(st.blksize % 512, 0);
	CHECK_ERR(ENOTDIR, SYS_fstatat, AT_FDCWD, "/dev/null/x", &st, 0);
	CHECK_ERR(EINVAL, SYS_fstatat, AT_FDCWD, "/", &st, AT_REMOVEDIR);
	CHECK_ERR(EBADF, SYS_fstat, -1, &st);
}

static void
modes_change(void)
{
	int64_t fd = files_make(P("f"), "x");

	sys(SYS_symlink, "f", P("l"));
	CHECK_OK(SYS_chmod, P("l"), 0604);
	sys(SYS_fstat, fd, &st);
	CHECK_EQ(st.mode, S_IFREG | 0604);
	CHECK_OK(SYS_fchmod, fd, 0640);
	CHECK_OK(SYS_fstat, fd, &st);
	CHECK_EQ(st.mode, S_IFREG | 0640);
	CHECK_OK(SYS_fchmodat, AT_FDCWD, P("f"), 06711, AT_SYMLINK_NOFOLLOW);
	CHECK_OK(SYS_fstat, fd, &st);
	CHECK_EQ(st.mode, S_IFREG | 06711);
	CHECK_OK(SYS_lchmod, P("f"), 0600);
	CHECK_ERR(ENOENT, SYS_chmod, P("none"), 0600);
	CHECK_ERR(EINVAL, SYS_fchmodat, AT_FDCWD, P("f"), 0600, AT_REMOVEDIR);
	if (sys(SYS_getuid) != 0)
		CHECK_ERR(EFTYPE, SYS_chmod, P("f"), 01644);
	sys(SYS_mkdir, P("d"), 0755);
	CHECK_OK(SYS_chmod, P("d"), 01777);
	CHECK_OK(SYS_fstatat, AT_FDCWD, P("d"), &st, 0);
	CHECK_EQ(st.mode, S_IFDIR | 01777);
	sys(SYS_rmdir, P("d")), sys(SYS_unlink, P("f")), sys(SYS_unlink, P("l")), sys(SYS_close, fd);
}

static void
owners_change(void)
{
	int64_t fd = files_make(P("f"), "x"), uid = sys(SYS_getuid);

	sys(SYS_symlink, "nowhere", P("l"));
	CHECK_OK(SYS_chown, P("f"), uid, -1);
	CHECK_OK(SYS_fchown, fd, -1, -1);
	CHECK_OK(SYS_lchown, P("l"), uid, -1);
	CHECK_ERR(ENOENT, SYS_chown, P("l"), uid, -1);
	CHECK_OK(SYS_fchownat, AT_FDCWD, P("l"), uid, -1, AT_SYMLINK_NOFOLLOW);
	CHECK_ERR(EINVAL, SYS_fchownat, AT_FDCWD, P("l"), uid, -1, AT_EACCESS);
	CHECK_ERR(EBADF, SYS_fchown, 777, uid, -1);
	if (uid != 0)
		CHECK_ERR(EPERM, SYS_chown, P("f"), 0, 0);
	sys(SYS_unlink, P("f")), sys(SYS_unlink, P("l")), sys(SYS_close, fd);
}

static void
no_flags_can_always_be_set(void)
{
	int64_t fd = files_make(P("f"), "x");

	CHECK_OK(SYS_chflags, P("f"), 0);
	CHECK_OK(SYS_lchflags, P("f"), 0);
	CHECK_OK(SYS_fchflags, fd, 0);
	CHECK_OK(SYS_chflagsat, AT_FDCWD, P("f"), 0, AT_SYMLINK_NOFOLLOW);
	CHECK_ERR(EOPNOTSUPP, SYS_chflags, P("f"), 0x8000 /* UF_HIDDEN */);
	CHECK_ERR(ENOENT, SYS_chflags, P("none"), 0);
	CHECK_ERR(EBADF, SYS_fchflags, 777, 0);
	if (sys(SYS_fchflags, fd, 1 /* UF_NODUMP */) == 0) { /* as the file system can */
		CHECK_OK(SYS_fstat, fd, &st);
		CHECK_EQ(st.flags, 1);
		CHECK_OK(SYS_fchflags, fd, 0);
		CHECK_OK(SYS_fstat, fd, &st);
		CHECK_EQ(st.flags, 0);
	}
	sys(SYS_unlink, P("f")), sys(SYS_close, fd);
}

static bool
times_are(int64_t asec, int64_t ansec, int64_t msec, int64_t mnsec)
{
	return st.atim.sec == asec && st.atim.nsec == ansec && st.mtim.sec == msec && st.mtim.nsec == mnsec;
}

static void
times_can_be_set(void)
{
	struct timespec ts[2] = {{1000, 1}, {2000, 999999999}};
	int64_t fd = files_make(P("f"), "x");

	sys(SYS_symlink, "f", P("l"));
	CHECK_OK(SYS_utimensat, AT_FDCWD, P("l"), ts, 0);
	CHECK_OK(SYS_fstat, fd, &st);
	CHECK(times_are(1000, 1, 2000, 999999999));
	ts[0] = (struct timespec){5, -2 /* UTIME_OMIT */};
	ts[1] = (struct timespec){3000, 5};
	CHECK_OK(SYS_futimens, fd, ts);
	CHECK_OK(SYS_fstat, fd, &st);
	CHECK(times_are(1000, 1, 3000, 5));
	ts[1].nsec = -1; /* UTIME_NOW */
	CHECK_OK(SYS_futimens, fd, ts);
	CHECK_OK(SYS_fstat, fd, &st);
	CHECK(st.mtim.sec > 1700000000 && st.atim.sec == 1000);
	ts[0].nsec = 1000000000;
	CHECK_ERR(EINVAL, SYS_futimens, fd, ts);
	CHECK_OK(SYS_futimens, fd, 0);
	CHECK_OK(SYS_fstat, fd, &st);
	CHECK(st.atim.sec > 1700000000);
	ts[0] = (struct timespec){7, 7}, ts[1] = (struct timespec){8, 8};
	CHECK_OK(SYS_utimensat, AT_FDCWD, P("l"), ts, AT_SYMLINK_NOFOLLOW);
	CHECK_OK(SYS_fstatat, AT_FDCWD, P("l"), &st, AT_SYMLINK_NOFOLLOW);
	CHECK_EQ(st.mtim.sec, 8);
	CHECK_ERR(EINVAL, SYS_utimensat, AT_FDCWD, P("f"), ts, AT_EACCESS);
	CHECK_ERR(EFAULT, SYS_futimens, fd, 8);
	CHECK_ERR(EBADF, SYS_futimens, 777, ts);
	sys(SYS_unlink, P("f")), sys(SYS_unlink, P("l")), sys(SYS_close, fd);
}

static void
times_in_microseconds_too(void)
{
	struct timespec tv[2] = {{10, 11}, {20, 21}};
	int64_t fd = files_make(P("f"), "x"), dir = sys(SYS_open, kit_dir(), O_RDONLY, 0);

	sys(SYS_symlink, "f", P("l"));
	CHECK_OK(SYS_utimes, P("l"), tv);
	CHECK_OK(SYS_fstat, fd, &st);
	CHECK(times_are(10, 11000, 20, 21000));
	tv[1].sec = 30;
	CHECK_OK(SYS_futimes, fd, tv);
	tv[1].sec = 40;
	CHECK_OK(SYS_futimesat, dir, "f", tv);
	CHECK_OK(SYS_fstat, fd, &st);
	CHECK(times_are(10, 11000, 40, 21000));
	CHECK_OK(SYS_lutimes, P("l"), tv);
	tv[0].nsec = 1000000;
	CHECK_ERR(EINVAL, SYS_utimes, P("f"), tv);
	CHECK_OK(SYS_utimes, P("f"), 0);
	CHECK_ERR(ENOENT, SYS_utimes, P("none"), 0);
	sys(SYS_unlink, P("f")), sys(SYS_unlink, P("l")), sys(SYS_close, fd), sys(SYS_close, dir);
}

const struct test tests[] = {
    {"old_forms_tell_the_same", old_forms_tell_the_same},
    {"stat_knows_every_kind", stat_knows_every_kind},
    {"modes_change", modes_change},
    {"owners_change", owners_change},
    {"no_flags_can_always_be_set", no_flags_can_always_be_set},
    {"times_can_be_set", times_can_be_set},
    {"times_in_microseconds_too", times_in_microseconds_too},
    {0},
};
