/*
 * Names: links, renames, removals, new directories and special files, access.
 * Source: FreeBSD manual link(2), symlink(2), readlink(2), rename(2), unlink(2), mkdir(2), rmdir(2), mkfifo(2), mknod(2),
 * access(2).
 */
#include "../kit/files.h"

static struct stat st;

static uint64_t
links_of(const char *path)
{
	return sys(SYS_fstatat, AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW) == 0 ? st.nlink : 0;
}

static void
link_follows_its_first_path(void)
{
	sys(SYS_close, files_make(P("f"), "x"));
	sys(SYS_symlink, "f", P("s"));
	CHECK_OK(SYS_link, P("s"), Q("h"));
	CHECK_EQ(links_of(P("f")), 2);
	CHECK_ERR(EEXIST, SYS_link, P("f"), Q("h"));
	CHECK_ERR(ENOENT, SYS_link, P("none"), Q("h2"));
	CHECK_ERR(EPERM, SYS_link, kit_dir(), Q("h2"));
	/* linkat only when it is told to */
	CHECK_OK(SYS_linkat, AT_FDCWD, P("s"), AT_FDCWD, Q("s2"), 0);
	CHECK_EQ(links_of(Q("s2")), 2);
	CHECK_EQ(st.mode & S_IFMT, S_IFLNK);
	CHECK_OK(SYS_linkat, AT_FDCWD, P("s"), AT_FDCWD, Q("h3"), AT_SYMLINK_FOLLOW);
	CHECK_EQ(links_of(P("f")), 3);
	CHECK_ERR(EINVAL, SYS_linkat, AT_FDCWD, P("s"), AT_FDCWD, Q("h4"), AT_REMOVEDIR);
	sys(SYS_unlink, P("f")), sys(SYS_unlink, P("s")), sys(SYS_unlink, P("h")), sys(SYS_unlink, P("s2")), sys(SYS_unlink, P("h3"));
}

static void
symlinks_keep_their_text(void)
{
	char buf[16];
	int64_t dir = sys(SYS_open, kit_dir(), O_RDONLY, 0);

	CHECK_OK(SYS_symlinkat, "a/b", dir, "sl");
	memset(buf, '#', sizeof(buf));
	CHECK_EQ(sys(SYS_readlinkat, dir, "sl", buf, sizeof(buf)), 3);
	CHECK(!memcmp(buf, "a/b#", 4));
	CHECK_EQ(sys(SYS_readlink, P("sl"), buf, 2), 2);
	CHECK_EQ(sys(SYS_readlink, P("sl"), buf, 0), 0);
	CHECK_ERR(EFAULT, SYS_readlink, P("sl"), 8, 10);
	CHECK_ERR(EINVAL, SYS_readlink, kit_dir(), buf, 10);
	CHECK_ERR(ENOENT, SYS_readlink, P("none"), buf, 10);
	CHECK_ERR(EEXIST, SYS_symlink, "x", P("sl"));
	sys(SYS_unlink, P("sl")), sys(SYS_close, dir);
}

static void
renames_replace(void)
{
	int64_t dir = sys(SYS_open, kit_dir(), O_RDONLY, 0);

	sys(SYS_close, files_make(P("a"), "a"));
	sys(SYS_close, files_make(P("b"), "bb"));
	CHECK_OK(SYS_rename, P("a"), Q("b"));
	CHECK_ERR(ENOENT, SYS_rename, P("a"), Q("b"));
	CHECK_OK(SYS_fstatat, dir, "b", &st, 0);
	CHECK_EQ(st.size, 1);
	CHECK_OK(SYS_renameat, dir, "b", dir, "c");
	sys(SYS_mkdir, P("d"), 0755);
	sys(SYS_mkdir, P("d/e"), 0755);
	CHECK_ERR(EISDIR, SYS_rename, P("c"), Q("d"));
	CHECK_ERR(ENOTDIR, SYS_rename, P("d"), Q("c"));
	CHECK_ERR(EINVAL, SYS_rename, P("d"), Q("d/e/f"));
	CHECK_ERR(EINVAL, SYS_rename, P("d/."), Q("x"));
	CHECK_ERR(EINVAL, SYS_rename, P("d/.."), Q("x"));
	sys(SYS_mkdir, P("g"), 0755);
	CHECK_ERR(ENOTEMPTY, SYS_rename, P("g"), Q("d"));
	CHECK_OK(SYS_rename, P("d"), Q("g"));
	sys(SYS_rmdir, P("g/e")), sys(SYS_rmdir, P("g")), sys(SYS_unlink, P("c")), sys(SYS_close, dir);
}

static void
renameat2_need_not_replace(void)
{
	sys(SYS_close, files_make(P("a"), "a"));
	sys(SYS_close, files_make(P("b"), "b"));
	CHECK_ERR(EEXIST, SYS_renameat2, AT_FDCWD, P("a"), AT_FDCWD, Q("b"), 1);
	CHECK_OK(SYS_renameat2, AT_FDCWD, P("a"), AT_FDCWD, Q("c"), 1);
	CHECK_OK(SYS_renameat2, AT_FDCWD, P("b"), AT_FDCWD, Q("c"), 0);
	CHECK_ERR(EINVAL, SYS_renameat2, AT_FDCWD, P("c"), AT_FDCWD, Q("d"), 2);
	sys(SYS_unlink, P("c"));
}

static void
removal_tells_files_from_directories(void)
{
	int64_t dir = sys(SYS_open, kit_dir(), O_RDONLY, 0);

	sys(SYS_mkdir, P("d"), 0755);
	sys(SYS_close, files_make(P("d/f"), "x"));
	CHECK_ERR(EPERM, SYS_unlink, P("d"));
	CHECK_ERR(EPERM, SYS_unlinkat, dir, "d", 0);
	CHECK_ERR(ENOTEMPTY, SYS_rmdir, P("d"));
	CHECK_ERR(ENOTDIR, SYS_rmdir, P("d/f"));
	CHECK_ERR(ENOTDIR, SYS_unlinkat, dir, "d/f", AT_REMOVEDIR);
	CHECK_ERR(EINVAL, SYS_rmdir, P("d/."));
	CHECK_ERR(EINVAL, SYS_unlinkat, dir, "d/f", 1);
	CHECK_OK(SYS_unlinkat, dir, "d/f", 0);
	CHECK_OK(SYS_unlinkat, dir, "d", AT_REMOVEDIR);
	CHECK_ERR(ENOENT, SYS_unlink, P("d"));
	sys(SYS_close, dir);
}

static void
funlinkat_removes_only_the_file_it_was_given(void)
{
	int64_t a = files_make(P("a"), "a"), b = files_make(P("b"), "b");

	CHECK_ERR(EDEADLK, SYS_funlinkat, AT_FDCWD, P("a"), b, 0);
	CHECK_OK(SYS_funlinkat, AT_FDCWD, P("a"), a, 0);
	CHECK_ERR(ENOENT, SYS_funlinkat, AT_FDCWD, P("a"), a, 0);
	CHECK_ERR(EBADF, SYS_funlinkat, AT_FDCWD, P("b"), 777, 0);
	CHECK_OK(SYS_funlinkat, AT_FDCWD, P("b"), -200 /* FD_NONE */, 0);
	sys(SYS_close, a), sys(SYS_close, b);
}

static void
new_directories_have_access_bits_only(void)
{
	int64_t mask = sys(SYS_umask, 022), dir = sys(SYS_open, kit_dir(), O_RDONLY, 0);

	CHECK_OK(SYS_mkdir, P("d"), 07777);
	CHECK_OK(SYS_fstatat, AT_FDCWD, P("d"), &st, 0);
	CHECK_EQ(st.mode, S_IFDIR | 0755);
	CHECK_OK(SYS_mkdirat, dir, "d/e", 0700);
	CHECK_ERR(EEXIST, SYS_mkdirat, dir, "d/e", 0700);
	CHECK_ERR(ENOENT, SYS_mkdir, P("x/y"), 0700);
	CHECK_EQ(sys(SYS_umask, mask), 022);
	sys(SYS_rmdir, P("d/e")), sys(SYS_rmdir, P("d")), sys(SYS_close, dir);
}

static void
fifos_and_devices_are_made(void)
{
	int64_t mask = sys(SYS_umask, 0), dir = sys(SYS_open, kit_dir(), O_RDONLY, 0), fd;

	CHECK_OK(SYS_mkfifo, P("f"), 0640);
	CHECK_OK(SYS_fstatat, AT_FDCWD, P("f"), &st, 0);
	CHECK_EQ(st.mode, S_IFIFO | 0640);
	CHECK_ERR(EEXIST, SYS_mkfifo, P("f"), 0640);
	CHECK_OK(SYS_mkfifoat, dir, "g", 0600);
	CHECK_OK(SYS_mknodat, dir, "h", S_IFIFO | 0600, 0);
	CHECK_OK(SYS_mknodat11, dir, "i", S_IFIFO | 0600, 0);
	CHECK_OK(SYS_mknod11, P("j"), S_IFIFO | 0600, 0);
	CHECK_ERR(EINVAL, SYS_mknodat, dir, "k", S_IFIFO | 0600, 1);
	CHECK_ERR(EINVAL, SYS_mknodat, dir, "k", S_IFREG | 0600, 0);
	if (sys(SYS_getuid) != 0)
		CHECK_ERR(EPERM, SYS_mknodat, dir, "k", S_IFCHR | 0600, 0x103);
	/* A FIFO without a reader refuses a writer that would not wait. */
	CHECK_ERR(6 /* ENXIO */, SYS_open, P("f"), O_WRONLY | O_NONBLOCK, 0);
	fd = sys(SYS_open, P("f"), O_RDONLY | O_NONBLOCK, 0);
	CHECK(fd >= 0);
	sys(SYS_close, fd);
	sys(SYS_umask, mask);
	for (char name[2] = "f"; name[0] <= 'j'; name[0]++)
		CHECK_OK(SYS_unlinkat, dir, name, 0);
	sys(SYS_close, dir);
}

static void
access_asks(void)
{
	sys(SYS_close, files_make(P("f"), "x"));
	CHECK_OK(SYS_access, P("f"), 6);
	CHECK_ERR(EACCES, SYS_access, P("f"), 1);
	CHECK_ERR(EACCES, SYS_eaccess, P("f"), 1);
	CHECK_ERR(EACCES, SYS_faccessat, AT_FDCWD, P("f"), 1, AT_EACCESS);
	CHECK_OK(SYS_eaccess, P("f"), 4);
	CHECK_ERR(EINVAL, SYS_access, P("f"), 8);
	CHECK_ERR(EINVAL, SYS_faccessat, AT_FDCWD, P("f"), 4, AT_REMOVEDIR);
	CHECK_ERR(ENOENT, SYS_access, P("g"), 0);
	CHECK_ERR(EFAULT, SYS_access, 8, 0);
	sys(SYS_unlink, P("f"));
}

static void
paths_have_1023_bytes(void)
{
	static char name[1100];

	memset(name, '/', sizeof(name));
	name[1023] = 0;
	CHECK_OK(SYS_access, name, 0);
	name[1023] = '/', name[1024] = 0;
	CHECK_ERR(ENAMETOOLONG, SYS_access, name, 0);
	memset(name, 'a', 300);
	name[300] = 0;
	CHECK_ERR(ENAMETOOLONG, SYS_open, name, O_RDONLY, 0);
}

const struct test tests[] = {
    {"link_follows_its_first_path", link_follows_its_first_path},
    {"symlinks_keep_their_text", symlinks_keep_their_text},
    {"renames_replace", renames_replace},
    {"renameat2_need_not_replace", renameat2_need_not_replace},
    {"removal_tells_files_from_directories", removal_tells_files_from_directories},
    {"funlinkat_removes_only_the_file_it_was_given", funlinkat_removes_only_the_file_it_was_given},
    {"new_directories_have_access_bits_only", new_directories_have_access_bits_only},
    {"fifos_and_devices_are_made", fifos_and_devices_are_made},
    {"access_asks", access_asks},
    {"paths_have_1023_bytes", paths_have_1023_bytes},
    {0},
};
