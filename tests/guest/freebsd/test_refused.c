/*
 * What the calls on files refuse, in every form they have.
 * Source: FreeBSD manual section 2 of each call, ERRORS; stat(2), chmod(2), chown(2), chflags(2), utimes(2), mknod(2), mkfifo(2),
 * readlink(2), rename(2), symlink(2), read(2), write(2), lseek(2), truncate(2), fsync(2), flock(2), fcntl(2), getfsstat(2),
 * statfs(2), pathconf(2); kern_descrip.c for what is no file.
 */
#include "../kit/files.h"

static char buf[4096];
static int64_t dir, file, fifo[2];
static int queue[2];

enum { SYS_socketpair = 135 };

static void
set_up(void)
{
	dir = sys(SYS_open, kit_dir(), O_RDONLY | O_DIRECTORY, 0);
	file = files_make(P("f"), "text");
	sys(SYS_symlink, "nowhere", P("l"));
	sys(SYS_socketpair, 1 /* AF_UNIX */, 1, 0, queue);
	CHECK(dir >= 0 && file >= 0);
}

static void
old_stats(void)
{
	CHECK_ERR(ENOENT, SYS_stat11, P("none"), buf);
	CHECK_ERR(ENOENT, SYS_stat11, P("l"), buf);
	CHECK_ERR(ENOTDIR, SYS_stat11, P("f/x"), buf);
	CHECK_ERR(EFAULT, SYS_stat11, P("f"), 8);
	CHECK_ERR(ENOENT, SYS_lstat11, P("none"), buf);
	CHECK_ERR(EFAULT, SYS_lstat11, 8, buf);
	CHECK_ERR(ENOENT, SYS_nstat11, P("l"), buf);
	CHECK_ERR(ENOENT, SYS_nlstat11, P("none"), buf);
	CHECK_ERR(EFAULT, SYS_nlstat11, P("l"), 8);
	CHECK_ERR(EBADF, SYS_nfstat11, 777, buf);
	CHECK_ERR(EBADF, SYS_fstatat11, 777, "f", buf, 0);
	CHECK_ERR(EINVAL, SYS_fstatat11, dir, "f", buf, AT_REMOVEDIR);
	CHECK_ERR(ENOENT, SYS_fstatat11, dir, "none", buf, 0);
}

static void
modes_and_owners(void)
{
	CHECK_ERR(EBADF, SYS_fchmod, 777, 0600);
	CHECK_ERR(EINVAL, SYS_fchmod, queue[0], 0600);
	CHECK_ERR(EINVAL, SYS_fchown, queue[0], -1, -1);
	CHECK_ERR(ENOENT, SYS_lchmod, P("none"), 0600);
	CHECK_ERR(ENOTDIR, SYS_lchmod, P("f/x"), 0600);
	CHECK_ERR(EFAULT, SYS_lchmod, 8, 0600);
	CHECK_ERR(ENOENT, SYS_lchown, P("none"), -1, -1);
	CHECK_ERR(ENOTDIR, SYS_lchown, P("f/x"), -1, -1);
	CHECK_ERR(ENOENT, SYS_lchflags, P("none"), 0);
	CHECK_ERR(EOPNOTSUPP, SYS_lchflags, P("f"), 0x8000 /* UF_HIDDEN */);
	CHECK_ERR(ENOENT, SYS_chflagsat, dir, "none", 0, 0);
	CHECK_ERR(EINVAL, SYS_chflagsat, dir, "f", 0, AT_REMOVEDIR);
	CHECK_ERR(EBADF, SYS_chflagsat, 777, "f", 0, 0);
	if (sys(SYS_getuid) == 0)
		return;
	CHECK_ERR(EFTYPE, SYS_fchmod, file, 01644);
	CHECK_ERR(EPERM, SYS_fchown, file, 0, 0);
}

static void
times(void)
{
	struct timespec bad[2] = {{1, 1000000}, {1, 0}}, good[2] = {{1, 0}, {1, 0}};

	CHECK_ERR(EBADF, SYS_futimes, 777, good);
	CHECK_ERR(EINVAL, SYS_futimes, file, bad);
	CHECK_ERR(EFAULT, SYS_futimes, file, 8);
	CHECK_ERR(ENOENT, SYS_lutimes, P("none"), good);
	CHECK_ERR(EINVAL, SYS_lutimes, P("l"), bad);
	CHECK_ERR(EBADF, SYS_futimesat, 777, "f", good);
	CHECK_ERR(ENOENT, SYS_futimesat, dir, "none", good);
	CHECK_ERR(EINVAL, SYS_futimesat, dir, "f", bad);
}

static void
names_in_directories(void)
{
	CHECK_ERR(EEXIST, SYS_mknod11, P("f"), S_IFIFO | 0600, 0);
	CHECK_ERR(EINVAL, SYS_mknod11, P("x"), S_IFREG | 0600, 0);
	CHECK_ERR(EEXIST, SYS_mknodat11, dir, "f", S_IFIFO | 0600, 0);
	CHECK_ERR(EBADF, SYS_mknodat11, 777, "x", S_IFIFO | 0600, 0);
	CHECK_ERR(EEXIST, SYS_mkfifoat, dir, "f", 0600);
	CHECK_ERR(EBADF, SYS_mkfifoat, 777, "x", 0600);
	CHECK_ERR(ENOTDIR, SYS_mkfifoat, file, "x", 0600);
	CHECK_ERR(ENOENT, SYS_readlinkat, dir, "none", buf, 9);
	CHECK_ERR(EINVAL, SYS_readlinkat, dir, "f", buf, 9);
	CHECK_ERR(EBADF, SYS_readlinkat, 777, "l", buf, 9);
	CHECK_ERR(EFAULT, SYS_readlinkat, dir, "l", 8, 9);
	CHECK_ERR(ENOENT, SYS_renameat, dir, "none", dir, "x");
	CHECK_ERR(EBADF, SYS_renameat, 777, "f", dir, "x");
	CHECK_ERR(EINVAL, SYS_renameat, dir, ".", dir, "x");
	CHECK_ERR(EEXIST, SYS_symlinkat, "x", dir, "f");
	CHECK_ERR(ENOENT, SYS_symlinkat, "x", dir, "none/l");
	CHECK_ERR(EBADF, SYS_symlinkat, "x", 777, "new");
}

static void
reads_and_writes_at_offsets(void)
{
	struct {
		const void *base;
		uint64_t len;
	} v = {"x", 1};
	int ro = (int)sys(SYS_open, P("f"), O_RDONLY, 0);

	CHECK_ERR(ESPIPE, SYS_pread, queue[0], buf, 1, 0);
	CHECK_ERR(EINVAL, SYS_pread, file, buf, 1, -1);
	CHECK_ERR(EBADF, SYS_pread, 777, buf, 1, 0);
	CHECK_ERR(EFAULT, SYS_pread, file, 8, 1, 0);
	CHECK_ERR(EBADF, SYS_pwritev, ro, &v, 1, 0);
	CHECK_ERR(EINVAL, SYS_pwritev, file, &v, 1, -1);
	CHECK_ERR(ESPIPE, SYS_pwritev, queue[0], &v, 1, 0);
	CHECK_ERR(EFAULT, SYS_pwritev, file, 8, 1, 0);
	/* The calls of 6 have a pad before the offset. */
	CHECK_ERR(ESPIPE, SYS_pread6, queue[0], buf, 1, 0, 0);
	CHECK_ERR(EINVAL, SYS_pread6, file, buf, 1, 0, -1);
	CHECK_ERR(EBADF, SYS_pwrite6, ro, "x", 1, 0, 0);
	CHECK_ERR(EINVAL, SYS_pwrite6, file, "x", 1, 0, -1);
	CHECK_ERR(ESPIPE, SYS_lseek6, queue[0], 0, 0, 0);
	CHECK_ERR(EINVAL, SYS_lseek6, file, 0, -1, 0);
	CHECK_ERR(EBADF, SYS_lseek6, 777, 0, 0, 0);
	CHECK_ERR(ENOENT, SYS_truncate6, P("none"), 0, 0);
	CHECK_ERR(EINVAL, SYS_truncate6, P("f"), 0, -1);
	CHECK_ERR(EINVAL, SYS_ftruncate6, file, 0, -1);
	CHECK_ERR(EINVAL, SYS_ftruncate6, ro, 0, 0);
	CHECK_ERR(EBADF, SYS_ftruncate6, 777, 0, 0);
	CHECK_ERR(EBADF, SYS_fdatasync, 777);
	CHECK_ERR(EINVAL, SYS_fdatasync, queue[0]);
	sys(SYS_close, ro);
}

/* EBADF for no kind of lock is what the kernel says. */
static void
locks(void)
{
	struct flock l = {0, 0, 0, F_WRLCK, 0, 0};
	int pipe[2];

	CHECK_OK(SYS_pipe2, pipe, 0);
	CHECK_ERR(EBADF, SYS_flock, file, 0);
	CHECK_ERR(EBADF, SYS_flock, file, LOCK_NB);
	CHECK_ERR(EOPNOTSUPP, SYS_flock, pipe[0], LOCK_SH);
	CHECK_ERR(EOPNOTSUPP, SYS_flock, queue[0], LOCK_SH);
	CHECK_OK(SYS_flock, file, LOCK_EX | LOCK_SH);
	CHECK_OK(SYS_flock, file, LOCK_UN | LOCK_EX);
	CHECK_ERR(EBADF, SYS_fcntl, pipe[1], F_SETLK, &l);
	CHECK_ERR(EBADF, SYS_fcntl, queue[0], F_GETLK, &l);
	CHECK_ERR(EBADF, SYS_fcntl, pipe[1], F_RDAHEAD, 1);
	CHECK_ERR(ENOTTY, SYS_fcntl, dir, F_READAHEAD, 1);
	CHECK_ERR(EBADF, SYS_fcntl, queue[0], F_ISUNIONSTACK, 0);
	/* A FIFO with a name is a file like others. */
	sys(SYS_mkfifo, P("fifo"), 0600);
	fifo[0] = sys(SYS_open, P("fifo"), O_RDWR | O_NONBLOCK, 0);
	CHECK_OK(SYS_flock, fifo[0], LOCK_SH);
	CHECK_OK(SYS_fchmod, fifo[0], 0640);
	CHECK_ERR(EINVAL, SYS_fchmod, pipe[0], 0640);
	sys(SYS_close, fifo[0]), sys(SYS_unlink, P("fifo")), sys(SYS_close, pipe[0]), sys(SYS_close, pipe[1]);
}

static void
file_systems(void)
{
	CHECK_ERR(ENOENT, SYS_statfs11, P("none"), buf);
	CHECK_ERR(EFAULT, SYS_statfs11, "/", 8);
	CHECK_ERR(EBADF, SYS_fstatfs11, 777, buf);
	CHECK_ERR(EINVAL, SYS_getfsstat11, buf, sizeof(buf), 7);
	CHECK_ERR(EINVAL, SYS_getfsstat11, buf, -1, 2);
	CHECK_ERR(EINVAL, SYS_lpathconf, P("l"), 999);
	CHECK_ERR(ENOENT, SYS_lpathconf, P("none"), 4);
}

static void
descriptors(void)
{
	CHECK(sys(SYS_dup, file) > file);
	CHECK(sys(SYS_openat, dir, "f", O_RDONLY, 0) > file);
	CHECK_OK(SYS_sync);
	CHECK_OK(SYS_closefrom, dir);
	CHECK_ERR(EBADF, SYS_close, file);
	CHECK_OK(SYS_unlink, P("f"));
	CHECK_OK(SYS_unlink, P("l"));
}

/* Both ends are results. */
static void
pipe_has_two_results(void)
{
	struct ret r = call(SYS_pipe10);
	char c = 0;

	CHECK(!r.carry);
	CHECK_EQ(r.val2, r.val + 1);
	CHECK_EQ(sys(SYS_write, r.val2, "p", 1), 1);
	CHECK_EQ(sys(SYS_read, r.val, &c, 1), 1);
	CHECK_EQ(c, 'p');
	sys(SYS_close, r.val), sys(SYS_close, r.val2);
	CHECK(call(SYS_pipe10).val > 2);
	sys(SYS_closefrom, r.val);
}

const struct test tests[] = {
    {"set_up", set_up},
    {"old_stats", old_stats},
    {"modes_and_owners", modes_and_owners},
    {"times", times},
    {"names_in_directories", names_in_directories},
    {"reads_and_writes_at_offsets", reads_and_writes_at_offsets},
    {"locks", locks},
    {"file_systems", file_systems},
    {"descriptors", descriptors},
    {"pipe_has_two_results", pipe_has_two_results},
    {0},
};
