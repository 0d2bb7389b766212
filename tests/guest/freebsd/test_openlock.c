/*
 * Locks taken with open: O_SHLOCK, O_EXLOCK, and the locks of other machines.
 * Source: FreeBSD manual open(2), fcntl(2); vn_open_vnode_advlock() and VI_FOPENING in sys/kern/vfs_vnops.c, kern_openat() in
 * vfs_syscalls.c (truncation after the lock), kern_fcntl() in kern_descrip.c (F_SETLK_REMOTE).
 */
#include "../kit/files.h"

static int64_t
size_of(const char *path)
{
	struct stat st;

	return sys(SYS_fstatat, AT_FDCWD, path, &st, 0) ? -1 : st.size;
}

static void
an_open_that_cannot_lock_changes_nothing(void)
{
	int64_t fd = files_make(P("f"), "text"), d;

	CHECK_OK(SYS_flock, fd, LOCK_EX);
	CHECK_ERR(EAGAIN, SYS_open, P("f"), O_RDWR | O_TRUNC | O_EXLOCK | O_NONBLOCK, 0);
	CHECK_ERR(EAGAIN, SYS_open, P("f"), O_RDONLY | O_TRUNC | O_SHLOCK | O_NONBLOCK, 0);
	CHECK_ERR(EAGAIN, SYS_openat, AT_FDCWD, P("f"), O_RDWR | O_CREAT | O_TRUNC | O_SHLOCK | O_NONBLOCK, 0600);
	CHECK_EQ(size_of(P("f")), 4);
	/* Nothing was left open. */
	d = sys(SYS_dup, fd);
	CHECK_EQ(d, fd + 1);
	sys(SYS_close, d), sys(SYS_close, fd), sys(SYS_unlink, P("f"));
}

static void
the_lock_is_there_when_open_returns(void)
{
	int64_t a = files_make(P("f"), "text"), b;

	sys(SYS_close, a);
	a = sys(SYS_open, P("f"), O_RDWR | O_SHLOCK, 0);
	b = sys(SYS_open, P("f"), O_RDONLY | O_SHLOCK | O_NONBLOCK, 0);
	CHECK(a >= 0 && b >= 0);
	CHECK_ERR(EAGAIN, SYS_open, P("f"), O_RDONLY | O_EXLOCK | O_NONBLOCK, 0);
	sys(SYS_close, b);
	CHECK_OK(SYS_flock, a, LOCK_UN);
	b = sys(SYS_open, P("f"), O_RDONLY | O_EXLOCK, 0);
	CHECK(b >= 0);
	CHECK_ERR(EAGAIN, SYS_flock, a, LOCK_SH | LOCK_NB);
	CHECK_EQ(size_of(P("f")), 4);
	sys(SYS_close, a), sys(SYS_close, b);
	/* Emptied once it is locked, also by who only reads. */
	a = sys(SYS_open, P("f"), O_RDONLY | O_TRUNC | O_EXLOCK, 0);
	CHECK_EQ(size_of(P("f")), 0);
	CHECK_ERR(EBADF, SYS_write, a, "x", 1);
	sys(SYS_close, a), sys(SYS_unlink, P("f"));
}

static void
new_files_are_as_without_a_lock(void)
{
	static const int how[] = {O_RDONLY, O_WRONLY, O_RDWR};
	struct stat st;

	sys(SYS_umask, 027);
	for (int i = 0; i < 3; i++) {
		int64_t fd = sys(SYS_open, P("f"), how[i] | O_CREAT | O_EXCL | O_EXLOCK | O_CLOEXEC, 0666), other;

		CHECK(fd >= 0);
		CHECK_EQ(sys(SYS_fcntl, fd, F_GETFL, 0), how[i]);
		CHECK_EQ(sys(SYS_fcntl, fd, F_GETFD, 0), 1);
		CHECK_OK(SYS_fstat, fd, &st);
		CHECK_EQ(st.mode, S_IFREG | 0640);
		CHECK_EQ(st.nlink, 1);
		CHECK_ERR(EEXIST, SYS_open, P("f"), how[i] | O_CREAT | O_EXCL | O_EXLOCK, 0666);
		other = sys(SYS_open, P("f"), O_RDONLY, 0);
		CHECK_EQ(other, fd + 1);
		CHECK_ERR(EAGAIN, SYS_flock, other, LOCK_SH | LOCK_NB);
		sys(SYS_close, other), sys(SYS_close, fd), sys(SYS_unlink, P("f"));
	}
	sys(SYS_umask, 022);
	CHECK_ERR(ENOENT, SYS_open, P("none/f"), O_RDWR | O_CREAT | O_EXCL | O_EXLOCK, 0600);
	CHECK_OK(SYS_symlink, "nowhere", P("l"));
	CHECK_ERR(EEXIST, SYS_open, P("l"), O_RDWR | O_CREAT | O_EXCL | O_EXLOCK, 0600);
	sys(SYS_unlink, P("l"));
}

/* A child locks whatever it finds; the maker is first all the same. */
static void
who_makes_a_file_has_the_first_right_to_its_lock(void)
{
	int64_t pid = sys(SYS_fork), fd;
	int status, late = 0;

	while (pid == 0) {
		fd = sys(SYS_open, P("f"), O_RDONLY | O_EXLOCK | O_NONBLOCK, 0);
		sys(SYS_close, fd);
	}
	for (int i = 0; i < 2000; i++) {
		fd = sys(SYS_open, P("f"), O_RDWR | O_CREAT | O_EXCL | O_EXLOCK | O_NONBLOCK, 0600);
		late += fd < 0;
		sys(SYS_close, fd);
		sys(SYS_unlink, P("f"));
	}
	sys(SYS_kill, pid, SIGKILL);
	CHECK_EQ(sys(SYS_wait4, pid, &status, 0, 0), pid);
	CHECK_EQ(late, 0);
}

/* priv_check(PRIV_NFS_LOCKD) comes after the structure is read and before the descriptor is looked at. */
static void
locks_for_other_machines_need_a_privilege(void)
{
	struct flock l = {0, 0, 0, F_WRLCK, 0, 1};
	int64_t fd = files_make(P("f"), "x");

	CHECK_ERR(EPERM, SYS_fcntl, fd, F_SETLK_REMOTE, &l);
	CHECK_ERR(EPERM, SYS_fcntl, 777, F_SETLK_REMOTE, &l);
	CHECK_ERR(EFAULT, SYS_fcntl, fd, F_SETLK_REMOTE, 8);
	sys(SYS_close, fd), sys(SYS_unlink, P("f"));
}

const struct test tests[] = {
    {"an_open_that_cannot_lock_changes_nothing", an_open_that_cannot_lock_changes_nothing},
    {"the_lock_is_there_when_open_returns", the_lock_is_there_when_open_returns},
    {"new_files_are_as_without_a_lock", new_files_are_as_without_a_lock},
    {"who_makes_a_file_has_the_first_right_to_its_lock", who_makes_a_file_has_the_first_right_to_its_lock},
    {"locks_for_other_machines_need_a_privilege", locks_for_other_machines_need_a_privilege},
    {NULL, NULL},
};
