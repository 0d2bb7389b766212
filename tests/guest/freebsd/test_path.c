/*
 * Paths: open's ways, names of the program itself, where the process is.
 * Source: FreeBSD manual open(2), chdir(2), getcwd(3), realpath(3), fd(4), procfs(4), intro(2).
 */
#include "../kit/files.h"

static char text[4096];

static void
openat_starts_at_the_directory(void)
{
	int64_t dir = sys(SYS_open, kit_dir(), O_RDONLY | O_DIRECTORY, 0), fd;

	CHECK(dir >= 0);
	fd = sys(SYS_openat, dir, "here", O_CREAT | O_RDWR, 0600);
	CHECK(fd >= 0);
	CHECK_OK(SYS_faccessat, AT_FDCWD, P("here"), 6, 0);
	CHECK_ERR(EEXIST, SYS_openat, dir, "here", O_CREAT | O_EXCL | O_RDWR, 0600);
	CHECK_ERR(ENOTDIR, SYS_openat, fd, "here", O_RDONLY, 0);
	CHECK_ERR(EBADF, SYS_openat, 777, "here", O_RDONLY, 0);
	CHECK_ERR(ENOTDIR, SYS_openat, dir, "here", O_RDONLY | O_DIRECTORY, 0);
	CHECK_OK(SYS_unlinkat, dir, "here", 0);
	sys(SYS_close, fd);
	sys(SYS_close, dir);
}

static void
beneath_stays_beneath(void)
{
	int64_t dir = sys(SYS_open, kit_dir(), O_RDONLY | O_DIRECTORY, 0), fd;

	sys(SYS_mkdir, P("sub"), 0755);
	sys(SYS_close, files_make(P("sub/f"), "x"));
	sys(SYS_symlink, "/etc", P("out"));
	fd = sys(SYS_openat, dir, "sub/../sub/f", O_RDONLY | O_RESOLVE_BENEATH, 0);
	CHECK(fd >= 0);
	sys(SYS_close, fd);
	CHECK_ERR(ENOTCAPABLE, SYS_openat, dir, "../x", O_RDONLY | O_RESOLVE_BENEATH, 0);
	CHECK_ERR(ENOTCAPABLE, SYS_openat, dir, "/etc", O_RDONLY | O_RESOLVE_BENEATH, 0);
	CHECK_ERR(ENOTCAPABLE, SYS_openat, dir, "out", O_RDONLY | O_RESOLVE_BENEATH, 0);
	CHECK_OK(SYS_faccessat, dir, "sub/f", 4, AT_RESOLVE_BENEATH);
	CHECK_ERR(ENOTCAPABLE, SYS_faccessat, dir, "..", 4, AT_RESOLVE_BENEATH);
	CHECK_ERR(ENOTCAPABLE, SYS_unlinkat, dir, "out/hosts", AT_RESOLVE_BENEATH);
	CHECK_OK(SYS_unlinkat, dir, "sub/f", AT_RESOLVE_BENEATH);
	CHECK_OK(SYS_unlinkat, dir, "sub", AT_RESOLVE_BENEATH | AT_REMOVEDIR);
	CHECK_OK(SYS_unlink, P("out"));
	sys(SYS_close, dir);
}

static void
empty_paths_mean_the_descriptor(void)
{
	int64_t fd = files_make(P("e"), "abc"), path, again;
	struct stat a, b;

	path = sys(SYS_open, P("e"), O_PATH, 0);
	CHECK(path >= 0);
	CHECK_ERR(EBADF, SYS_read, path, text, 1);
	again = sys(SYS_openat, path, "", O_EMPTY_PATH | O_RDONLY, 0);
	CHECK(again >= 0);
	CHECK_EQ(sys(SYS_read, again, text, 10), 3);
	CHECK_OK(SYS_fstat, fd, &a);
	CHECK_OK(SYS_fstatat, path, "", &b, AT_EMPTY_PATH);
	CHECK_EQ(a.ino, b.ino);
	CHECK_ERR(ENOENT, SYS_fstatat, path, "", &b, 0);
	CHECK_OK(SYS_fchmodat, path, "", 0600, AT_EMPTY_PATH);
	CHECK_OK(SYS_fstat, fd, &a);
	CHECK_EQ(a.mode, S_IFREG | 0600);
	CHECK_OK(SYS_linkat, path, "", AT_FDCWD, Q("e2"), AT_EMPTY_PATH);
	CHECK_OK(SYS_fstat, fd, &a);
	CHECK_EQ(a.nlink, 2);
	sys(SYS_close, fd), sys(SYS_close, path), sys(SYS_close, again);
	sys(SYS_unlink, P("e")), sys(SYS_unlink, Q("e2"));
}

static void
path_descriptors_can_stand_for_links(void)
{
	int64_t fd;
	struct stat st;

	sys(SYS_symlink, "nowhere", P("l"));
	fd = sys(SYS_open, P("l"), O_PATH | O_NOFOLLOW, 0);
	CHECK(fd >= 0);
	CHECK_OK(SYS_fstat, fd, &st);
	CHECK_EQ(st.mode & S_IFMT, S_IFLNK);
	CHECK_EQ(sys(SYS_readlinkat, fd, "", text, 100), 7);
	CHECK(!memcmp(text, "nowhere", 7));
	sys(SYS_close, fd);
	sys(SYS_unlink, P("l"));
}

static void
exec_and_search_ask_the_right_to_execute(void)
{
	int64_t fd = files_make(P("x"), "x"), dir;

	CHECK_ERR(EACCES, SYS_open, P("x"), O_EXEC, 0);
	sys(SYS_fchmod, fd, 0755);
	sys(SYS_close, fd);
	fd = sys(SYS_open, P("x"), O_EXEC, 0);
	CHECK(fd >= 0);
	CHECK_ERR(EBADF, SYS_read, fd, text, 1);
	CHECK_ERR(EINVAL, SYS_open, P("x"), O_EXEC | O_WRONLY, 0);
	sys(SYS_close, fd);
	dir = sys(SYS_open, kit_dir(), O_EXEC | O_DIRECTORY, 0); /* O_SEARCH has this number too */
	CHECK(dir >= 0);
	CHECK_OK(SYS_faccessat, dir, "x", 0, 0);
	CHECK_ERR(EBADF, SYS_getdirentries, dir, text, 1024, 0);
	sys(SYS_close, dir);
	sys(SYS_unlink, P("x"));
}

static void
open_errors_are_freebsds(void)
{
	CHECK_ERR(EISDIR, SYS_open, kit_dir(), O_WRONLY, 0);
	CHECK_ERR(EISDIR, SYS_open, kit_dir(), O_CREAT | O_RDONLY, 0644);
	CHECK_ERR(EINVAL, SYS_open, kit_dir(), O_CREAT | O_DIRECTORY, 0755);
	CHECK_ERR(ENOENT, SYS_open, P("none"), O_RDWR, 0);
	sys(SYS_symlink, "loop", P("loop"));
	CHECK_ERR(ELOOP, SYS_open, P("loop"), O_RDONLY, 0);
	CHECK_ERR(EMLINK, SYS_open, P("loop"), O_RDONLY | O_NOFOLLOW, 0);
	sys(SYS_unlink, P("loop"));
	CHECK_OK(SYS_open, "/dev/null", O_RDONLY | O_TTY_INIT | O_VERIFY, 0);
}

static void
open_never_sets_the_sticky_bit(void)
{
	struct stat st;
	int64_t mask = sys(SYS_umask, 0), fd = sys(SYS_open, P("st"), O_CREAT | O_RDWR, 01666);

	CHECK_OK(SYS_fstat, fd, &st);
	CHECK_EQ(st.mode, S_IFREG | 0666);
	sys(SYS_umask, mask);
	sys(SYS_close, fd);
	sys(SYS_unlink, P("st"));
}

static void
open_takes_locks(void)
{
	int64_t a = sys(SYS_open, P("lk"), O_CREAT | O_RDWR | O_EXLOCK, 0644), b;

	CHECK(a >= 0);
	CHECK_ERR(EAGAIN, SYS_open, P("lk"), O_RDONLY | O_SHLOCK | O_NONBLOCK, 0);
	sys(SYS_close, a);
	a = sys(SYS_open, P("lk"), O_RDONLY | O_SHLOCK, 0);
	b = sys(SYS_open, P("lk"), O_RDONLY | O_SHLOCK | O_NONBLOCK, 0);
	CHECK(b >= 0);
	CHECK_ERR(EAGAIN, SYS_open, P("lk"), O_RDONLY | O_EXLOCK | O_NONBLOCK, 0);
	sys(SYS_close, a), sys(SYS_close, b);
	sys(SYS_unlink, P("lk"));
}

static void
the_lowest_free_descriptor_is_taken(void)
{
	int64_t a = sys(SYS_open, "/dev/null", 0, 0), b = sys(SYS_open, "/dev/null", 0, 0);

	CHECK_EQ(b, a + 1);
	sys(SYS_close, a);
	CHECK_EQ(sys(SYS_open, P("."), O_RDONLY, 0), a);
	CHECK_EQ(sys(SYS_open, "/proc/curproc/cmdline", O_RDONLY, 0), b + 1);
	sys(SYS_close, a), sys(SYS_close, b), sys(SYS_close, b + 1);
}

static void
dev_fd_duplicates(void)
{
	int64_t fd = files_make(P("d"), "hello"), dup;
	char name[16] = "/dev/fd/";

	name[8] = (char)('0' + fd);
	dup = sys(SYS_open, name, O_RDONLY, 0);
	CHECK(dup > fd);
	CHECK_EQ(sys(SYS_lseek, dup, 0, 1), 5); /* one offset for both */
	sys(SYS_close, dup), sys(SYS_close, fd);
	fd = sys(SYS_open, P("d"), O_RDONLY, 0);
	name[8] = (char)('0' + fd);
	CHECK_ERR(EACCES, SYS_open, name, O_WRONLY, 0);
	CHECK_ERR(EBADF, SYS_open, "/dev/fd/99", O_RDONLY, 0);
	sys(SYS_close, fd);
	sys(SYS_unlink, P("d"));
}

static void
the_program_finds_itself(void)
{
	const char *path = (void *)kit_aux(AT_EXECPATH);
	static const char *const names[] = {"/proc/curproc/file", "/proc/curproc/exe", "/proc/self/exe", "/proc//self/./exe"};
	struct stat a, b;
	int64_t fd;

	CHECK_OK(SYS_fstatat, AT_FDCWD, path, &a, 0);
	for (int i = 0; i < 4; i++) {
		CHECK_EQ(sys(SYS_readlink, names[i], text, 1024), strlen(path));
		CHECK(!memcmp(text, path, strlen(path)));
		CHECK_OK(SYS_fstatat, AT_FDCWD, names[i], &b, 0);
		CHECK_EQ(a.ino, b.ino);
		CHECK_OK(SYS_fstatat, AT_FDCWD, names[i], &b, AT_SYMLINK_NOFOLLOW);
		CHECK_EQ(b.mode & S_IFMT, S_IFLNK);
		fd = sys(SYS_open, names[i], O_RDONLY, 0);
		CHECK_EQ(sys(SYS_read, fd, text, 4), 4);
		CHECK(!memcmp(text, "\177ELF", 4));
		CHECK_OK(SYS_fstat, fd, &b);
		CHECK_EQ(a.ino, b.ino);
		sys(SYS_close, fd);
	}
	/* Nothing but its own link can be removed by these names, and that not. */
	CHECK(sys(SYS_unlink, "/proc/curproc/file") < 0);
	CHECK_OK(SYS_fstatat, AT_FDCWD, path, &b, 0);
}

static void
relative_names_find_the_program_too(void)
{
	const char *path = (void *)kit_aux(AT_EXECPATH);
	int64_t dir = sys(SYS_open, "/proc/self", O_RDONLY | O_DIRECTORY, 0), cwd = sys(SYS_open, ".", O_RDONLY, 0);

	CHECK_EQ(sys(SYS_readlinkat, dir, "exe", text, 1024), strlen(path));
	CHECK_OK(SYS_fchdir, dir);
	CHECK_EQ(sys(SYS_readlink, "exe", text, 1024), strlen(path));
	CHECK(!memcmp(text, path, strlen(path)));
	CHECK_OK(SYS_fchdir, cwd);
	sys(SYS_close, dir), sys(SYS_close, cwd);
	/* An ordinary file of such a name is an ordinary file. */
	sys(SYS_close, files_make(P("exe"), "x"));
	CHECK_ERR(EINVAL, SYS_readlink, P("exe"), text, 100);
	CHECK_OK(SYS_unlink, P("exe"));
}

static void
procfs_speaks_freebsd(void)
{
	int64_t fd = sys(SYS_open, "/proc/curproc/cmdline", O_RDONLY, 0), n = sys(SYS_read, fd, text, sizeof(text));

	CHECK_EQ(n >= (int64_t)strlen(kit_argv[0]) + 1, 1);
	CHECK(!strcmp(text, kit_argv[0]));
	sys(SYS_close, fd);
	fd = sys(SYS_open, "/proc/curproc/map", O_RDONLY, 0);
	n = sys(SYS_read, fd, text, sizeof(text));
	CHECK(n > 0 && !memcmp(text, "0x", 2));
	sys(SYS_close, fd);
	fd = sys(SYS_open, "/proc/curproc/status", O_RDONLY, 0);
	CHECK(sys(SYS_read, fd, text, sizeof(text)) > 0);
	sys(SYS_close, fd);
	CHECK_ERR(EACCES, SYS_open, "/proc/curproc/status", O_RDWR, 0);
}

/* Programs (Go's pprof) read another system's maps where they find them.  procfs(4) has none, whatever the way there. */
static void
the_hosts_view_of_the_process_is_not_there(void)
{
	static const char *const names[] = {"/proc/self/maps", "/proc/curproc/maps", "/proc/self/smaps", "/proc//self/./maps",
	                                    "/proc/self/fd/0", "/proc/self/environ", "/proc/self/task", "/proc/thread-self/maps"};
	int64_t dir = sys(SYS_open, "/proc/self", O_RDONLY | O_DIRECTORY, 0);
	struct stat b;

	for (int i = 0; i < 8; i++) {
		CHECK_ERR(ENOENT, SYS_open, names[i], O_RDONLY, 0);
		CHECK_ERR(ENOENT, SYS_fstatat, AT_FDCWD, names[i], &b, 0);
	}
	CHECK_ERR(ENOENT, SYS_openat, dir, "maps", O_RDONLY, 0);
	CHECK_ERR(ENOENT, SYS_openat, dir, "stat", O_RDONLY, 0);
	sys(SYS_close, dir);
	CHECK_OK(SYS_fstatat, AT_FDCWD, "/proc/curproc/", &b, 0);
	CHECK_OK(SYS_fstatat, AT_FDCWD, "/proc/self/..", &b, 0);
	/* An ordinary file of such a name is an ordinary file. */
	sys(SYS_close, files_make(P("maps"), "x"));
	CHECK_OK(SYS_fstatat, AT_FDCWD, P("maps"), &b, 0);
	CHECK_OK(SYS_unlink, P("maps"));
	/* self speaks the same language as curproc. */
	dir = sys(SYS_open, "/proc/self/map", O_RDONLY, 0);
	CHECK(sys(SYS_read, dir, text, 2) == 2 && !memcmp(text, "0x", 2));
	sys(SYS_close, dir);
}

static void
working_directories_are_told(void)
{
	int64_t cwd = sys(SYS_open, ".", O_RDONLY, 0), dir;

	CHECK_OK(SYS_chdir, kit_dir());
	CHECK_OK(SYS___getcwd, text, 1024);
	CHECK(!strcmp(text, kit_dir()));
	CHECK_ERR(ENOMEM, SYS___getcwd, text, 4);
	CHECK_ERR(EINVAL, SYS___getcwd, text, 1);
	CHECK_ERR(EFAULT, SYS___getcwd, 8, 1024);
	CHECK_ERR(ENOTDIR, SYS_chdir, "/dev/null");
	CHECK_ERR(ENOENT, SYS_chdir, "none");
	dir = sys(SYS_open, "/", O_RDONLY, 0);
	CHECK_OK(SYS_fchdir, dir);
	CHECK_OK(SYS___getcwd, text, 1024);
	CHECK(!strcmp(text, "/"));
	CHECK_ERR(EBADF, SYS_fchdir, 777);
	CHECK_OK(SYS_fchdir, cwd);
	sys(SYS_close, dir), sys(SYS_close, cwd);
}

static void
realpathat_resolves(void)
{
	sys(SYS_mkdir, P("rd"), 0755);
	sys(SYS_symlink, "rd", P("rl"));
	CHECK_OK(SYS___realpathat, AT_FDCWD, P("rl/../rl/."), text, 1024, 0);
	CHECK(!strcmp(text, Q("rd")));
	CHECK_ERR(ENOENT, SYS___realpathat, AT_FDCWD, P("none"), text, 1024, 0);
	CHECK_ERR(EINVAL, SYS___realpathat, AT_FDCWD, P("rd"), text, 1024, 1);
	CHECK_ERR(ENOMEM, SYS___realpathat, AT_FDCWD, P("rd"), text, 3, 0);
	sys(SYS_unlink, P("rl")), sys(SYS_rmdir, P("rd"));
}

static void
child_in_new_root(void)
{
	CHECK_ERR(ENOENT, SYS_chdir, "/none");
	CHECK_OK(SYS_chdir, "/");
	CHECK_OK(SYS___getcwd, text, 1024);
	CHECK(!strcmp(text, "/"));
	CHECK_OK(SYS_open, "/inside", O_RDONLY, 0);
	CHECK_OK(SYS_open, "../../../inside", O_RDONLY, 0);
	CHECK_OK(SYS_open, "/link", O_RDONLY, 0); /* absolute, and so in the root */
	CHECK_ERR(ENOENT, SYS_open, "/etc/passwd", O_RDONLY, 0);
	CHECK_OK(SYS_open, "/new", O_CREAT | O_RDWR | O_EXCL, 0644);
	CHECK_OK(SYS_mkdir, "/d", 0755);
	CHECK_OK(SYS_chdir, "d");
	CHECK_OK(SYS_rename, "../new", "moved");
	CHECK_OK(SYS___getcwd, text, 1024);
	CHECK(!strcmp(text, "/d"));
	CHECK_OK(SYS_unlink, "/d/moved");
	CHECK_OK(SYS_rmdir, "/d");
	CHECK_EQ(sys(SYS_readlink, "/link", text, 100), 7);
	call(SYS_exit, 42);
}

static void
chroot_moves_the_root(void)
{
	int status = 0;
	int64_t pid, dir, file;

	sys(SYS_mkdir, P("root"), 0755);
	if (sys(SYS_getuid) != 0) {
		CHECK_ERR(EPERM, SYS_chroot, P("root"));
		CHECK_ERR(EPERM, SYS_chroot, P("none"));
		CHECK_ERR(EPERM, SYS_fchroot, 777);
		CHECK_OK(SYS_rmdir, P("root"));
		return;
	}
	sys(SYS_close, files_make(P("root/inside"), "x"));
	sys(SYS_symlink, "/inside", P("root/link"));
	CHECK_ERR(ENOTDIR, SYS_chroot, P("root/inside"));
	CHECK_ERR(ENOENT, SYS_chroot, P("none"));
	CHECK_ERR(EFAULT, SYS_chroot, 8);
	file = sys(SYS_open, P("root/inside"), O_RDONLY, 0);
	dir = sys(SYS_open, P("root"), O_RDONLY | O_DIRECTORY, 0);
	CHECK_ERR(ENOTDIR, SYS_fchroot, file);
	CHECK_ERR(EBADF, SYS_fchroot, 777);
	for (int by_fd = 0; by_fd < 2; by_fd++) {
		pid = sys(SYS_fork);
		if (pid == 0) {
			if (by_fd ? HOLDS(sys(SYS_fchroot, dir) == 0) : HOLDS(sys(SYS_chroot, P("root")) == 0))
				child_in_new_root();
			call(SYS_exit, 1);
		}
		CHECK_EQ(sys(SYS_wait4, pid, &status, 0, 0), pid);
		CHECK_EQ(status, 42 << 8);
	}
	sys(SYS_close, dir), sys(SYS_close, file);
	sys(SYS_unlink, P("root/inside")), sys(SYS_unlink, P("root/link"));
	CHECK_OK(SYS_rmdir, P("root"));
}

const struct test tests[] = {
    {"openat_starts_at_the_directory", openat_starts_at_the_directory},
    {"beneath_stays_beneath", beneath_stays_beneath},
    {"empty_paths_mean_the_descriptor", empty_paths_mean_the_descriptor},
    {"path_descriptors_can_stand_for_links", path_descriptors_can_stand_for_links},
    {"exec_and_search_ask_the_right_to_execute", exec_and_search_ask_the_right_to_execute},
    {"open_errors_are_freebsds", open_errors_are_freebsds},
    {"open_never_sets_the_sticky_bit", open_never_sets_the_sticky_bit},
    {"open_takes_locks", open_takes_locks},
    {"the_lowest_free_descriptor_is_taken", the_lowest_free_descriptor_is_taken},
    {"dev_fd_duplicates", dev_fd_duplicates},
    {"the_program_finds_itself", the_program_finds_itself},
    {"relative_names_find_the_program_too", relative_names_find_the_program_too},
    {"procfs_speaks_freebsd", procfs_speaks_freebsd},
    {"the_hosts_view_of_the_process_is_not_there", the_hosts_view_of_the_process_is_not_there},
    {"working_directories_are_told", working_directories_are_told},
    {"realpathat_resolves", realpathat_resolves},
    {"chroot_moves_the_root", chroot_moves_the_root},
    {0},
};
