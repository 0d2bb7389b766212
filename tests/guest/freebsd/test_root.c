/*
 * Paths below -L ROOT and --sysroot ROOT: what exists there is the root's, else (-L) the host's; creation and removal follow the
 * parent directory.  root.py lays out the files and looks at the host's side afterwards.  Errors: FreeBSD manual intro(2), open(2).
 */
#include "../kit/files.h"

static char text[8192], name_buf[4][512];
#define strict (*kit_env("STRICT") == '1')

/* $D/NAME; four at a time. */
static const char *
in(const char *name)
{
	static int turn;
	char *b = name_buf[turn++ % 4];
	const char *d = kit_env("D");
	size_t n = strlen(d);

	memcpy(b, d, n);
	b[n] = '/';
	memcpy(b + n + 1, name, strlen(name) + 1);
	return b;
}

/* Whose file is it?  The first letter of its text: 'r' the root's, 'h' the host's; '-' it cannot be opened. */
static int
whose(int64_t dir, const char *path)
{
	char c = '?';
	int64_t fd = sys(SYS_openat, dir, path, O_RDONLY, 0);

	if (fd < 0)
		return '-';
	sys(SYS_read, fd, &c, 1);
	sys(SYS_close, fd);
	return c;
}

static uint64_t
inode(const char *path, int flags)
{
	struct stat st = {0};

	return sys(SYS_fstatat, AT_FDCWD, path, &st, flags) < 0 ? 0 : st.ino;
}

static void
the_roots_file_comes_first(void)
{
	CHECK_EQ(whose(AT_FDCWD, in("both")), 'r');
	CHECK_EQ(whose(AT_FDCWD, in("rootonly")), 'r');
	CHECK_EQ(whose(AT_FDCWD, in("hostonly")), strict ? '-' : 'h');
	CHECK_EQ(whose(AT_FDCWD, in("hostdir/f")), strict ? '-' : 'h');
	CHECK_ERR(ENOENT, SYS_open, in("none"), O_RDONLY, 0);
	CHECK_ERR(ENOTDIR, SYS_open, in("both/x"), O_RDONLY, 0);
	CHECK_OK(SYS_access, in("rootonly"), 4);
	CHECK_OK(SYS_eaccess, in("rootonly"), 4);
	CHECK_OK(SYS_faccessat, AT_FDCWD, in("rootonly"), 4, 0);
	CHECK_ERR(ENOENT, SYS_access, in("none"), 0);
}

static void
nothing_climbs_out_of_the_root(void)
{
	static const char up[] = "/../../../../../../../..";
	char path[600];

	memcpy(path, up, sizeof(up));
	memcpy(path + sizeof(up) - 1, in("both"), strlen(in("both")) + 1);
	CHECK_EQ(whose(AT_FDCWD, path), 'r');
	CHECK_EQ(whose(AT_FDCWD, in("uplink")), 'r');
}

static void
links_lead_where_the_guest_sees_them_lead(void)
{
	int64_t n;

	CHECK_EQ(whose(AT_FDCWD, in("rellink")), 'r');
	CHECK_EQ(whose(AT_FDCWD, in("abslink")), 'r');
	CHECK_EQ(whose(AT_FDCWD, in("outlink")), strict ? '-' : 'h');
	CHECK_EQ(inode(in("abslink"), 0), inode(in("both"), 0));
	CHECK(inode(in("abslink"), AT_SYMLINK_NOFOLLOW) != inode(in("both"), 0));
	n = sys(SYS_readlink, in("abslink"), text, sizeof(text));
	CHECK_EQ(n, (int64_t)strlen(in("both")));
	CHECK(!memcmp(text, in("both"), (size_t)n));
	CHECK_EQ(sys(SYS_readlinkat, AT_FDCWD, in("rellink"), text, sizeof(text)), 4);
	CHECK_ERR(ELOOP, SYS_open, in("loop"), O_RDONLY, 0);
	CHECK_ERR(EINVAL, SYS_readlink, in("both"), text, sizeof(text));
}

static void
new_files_follow_their_parent(void)
{
	int64_t fd = files_make(in("new"), "r");

	CHECK(fd >= 0);
	sys(SYS_close, fd);
	CHECK_EQ(whose(AT_FDCWD, in("new")), 'r');
	CHECK_ERR(EEXIST, SYS_open, in("new"), O_CREAT | O_EXCL | O_RDWR, 0644);
	fd = sys(SYS_open, in("hostdir/new"), O_CREAT | O_RDWR, 0644);
	if (strict) {
		CHECK_EQ(fd, -ENOENT);
	} else {
		CHECK(fd >= 0);
		sys(SYS_close, fd);
	}
	CHECK_OK(SYS_mkdir, in("newdir"), 0755);
	CHECK_ERR(EEXIST, SYS_mkdir, in("rootdir"), 0755);
	CHECK_OK(SYS_mkdirat, AT_FDCWD, in("newdir/sub"), 0755);
	CHECK_OK(SYS_rmdir, in("newdir/sub"));
	CHECK_OK(SYS_symlink, "both", in("newlink"));
	CHECK_OK(SYS_symlinkat, "both", AT_FDCWD, in("newlink2"));
	CHECK_EQ(whose(AT_FDCWD, in("newlink2")), 'r');
	CHECK_OK(SYS_mkfifo, in("newfifo"), 0644);
	CHECK_OK(SYS_mkfifoat, AT_FDCWD, in("newfifo2"), 0644);
	CHECK_ERR(ENOENT, SYS_mkdir, in("none/x"), 0755);
}

static void
removal_follows_the_parent(void)
{
	sys(SYS_close, files_make(in("gone"), "r"));
	CHECK_OK(SYS_unlink, in("gone"));
	sys(SYS_close, files_make(in("gone"), "r"));
	CHECK_OK(SYS_unlinkat, AT_FDCWD, in("gone"), 0);
	sys(SYS_mkdir, in("gonedir"), 0755);
	CHECK_OK(SYS_unlinkat, AT_FDCWD, in("gonedir"), AT_REMOVEDIR);
	/* Both have the directory: the host's file in it is not the root's to remove. */
	CHECK_ERR(ENOENT, SYS_unlink, in("hostonly"));
	CHECK_ERR(ENOENT, SYS_rmdir, in("hostdir"));
}

static void
links_and_renames_take_both_ends(void)
{
	sys(SYS_close, files_make(in("a"), "r"));
	CHECK_OK(SYS_link, in("a"), in("rootdir/b"));
	CHECK_EQ(inode(in("a"), 0), inode(in("rootdir/b"), 0));
	CHECK_OK(SYS_linkat, AT_FDCWD, in("rellink"), AT_FDCWD, in("rootdir/c"), AT_SYMLINK_FOLLOW);
	CHECK_EQ(inode(in("both"), 0), inode(in("rootdir/c"), 0));
	CHECK_OK(SYS_rename, in("a"), in("rootdir/d"));
	CHECK_ERR(ENOENT, SYS_rename, in("a"), in("rootdir/d"));
	CHECK_OK(SYS_renameat, AT_FDCWD, in("rootdir/d"), AT_FDCWD, in("e"));
	CHECK_ERR(EEXIST, SYS_link, in("e"), in("both"));
	CHECK_EQ(inode(in("e"), 0), inode(in("rootdir/b"), 0));
	CHECK_ERR(ENOENT, SYS_link, in("none"), in("rootdir/x"));
	CHECK_ERR(ENOENT, SYS_link, in("e"), in("none/x"));
	if (strict)
		return;
	CHECK_OK(SYS_link, in("hostdir/f"), in("hostdir/g"));
	CHECK_EQ(inode(in("hostdir/f"), 0), inode(in("hostdir/g"), 0));
	CHECK_OK(SYS_rename, in("hostdir/g"), in("rootdir/from-host"));
	CHECK_EQ(whose(AT_FDCWD, in("rootdir/from-host")), 'h');
}

static void
changes_reach_the_roots_file(void)
{
	static const struct timespec times[2] = {{1000000000, 0}, {1000000001, 0}};
	static const struct timeval {
		int64_t sec, usec;
	} old[2] = {{1000000002, 0}, {1000000003, 0}};
	struct stat st;
	int64_t fd = files_make(in("change"), "r1234567");

	sys(SYS_close, fd);
	CHECK_OK(SYS_chmod, in("change"), 0600);
	CHECK_OK(SYS_fchmodat, AT_FDCWD, in("change"), 0640, 0);
	CHECK_OK(SYS_chown, in("change"), -1, -1);
	CHECK_OK(SYS_lchown, in("change"), -1, -1);
	CHECK_OK(SYS_fchownat, AT_FDCWD, in("change"), -1, -1, 0);
	CHECK_OK(SYS_truncate, in("change"), 4l);
	CHECK_OK(SYS_utimes, in("change"), old);
	CHECK_OK(SYS_lutimes, in("change"), old);
	CHECK_OK(SYS_utimensat, AT_FDCWD, in("change"), times, 0);
	CHECK_OK(SYS_fstatat, AT_FDCWD, in("change"), &st, 0);
	CHECK_EQ(st.mode, S_IFREG | 0640);
	CHECK_EQ(st.size, 4);
	CHECK_EQ(st.atim.sec, 1000000000);
	CHECK_EQ(st.mtim.sec, 1000000001);
	CHECK_ERR(ENOENT, SYS_chmod, in("none"), 0600);
	CHECK_ERR(ENOENT, SYS_truncate, in("none"), 0l);
}

static void
questions_are_about_the_roots_file(void)
{
	static char fs[4096];

	CHECK_EQ(sys(SYS_pathconf, in("rootonly"), 4), 255); /* _PC_NAME_MAX */
	CHECK_EQ(sys(SYS_lpathconf, in("rellink"), 4), 255);
	CHECK_OK(SYS_statfs, in("rootonly"), fs);
	CHECK_ERR(ENOENT, SYS_pathconf, in("none"), 4);
	CHECK_ERR(ENOENT, SYS_statfs, in("none"), fs);
	CHECK_OK(SYS___realpathat, AT_FDCWD, in("abslink"), text, 1024l, 0);
	CHECK(!strcmp(text, in("both")));
	if (!strict) {
		CHECK_OK(SYS___realpathat, AT_FDCWD, in("hostonly"), text, 1024l, 0);
		CHECK(!strcmp(text, in("hostonly")));
	}
}

static void
the_working_directory_is_the_guests(void)
{
	CHECK_OK(SYS_chdir, kit_env("D"));
	CHECK_OK(SYS___getcwd, text, 1024l);
	CHECK(!strcmp(text, kit_env("D")));
	CHECK_EQ(whose(AT_FDCWD, "both"), 'r');
	CHECK_EQ(whose(AT_FDCWD, "rootdir/../both"), 'r');
	CHECK_EQ(whose(AT_FDCWD, "hostonly"), '-'); /* looked up where it stands */
	CHECK_EQ(whose(AT_FDCWD, "abslink"), 'r');
	CHECK_OK(SYS_chdir, "rootdir");
	CHECK_EQ(whose(AT_FDCWD, "../both"), 'r');
	CHECK_OK(SYS_chdir, "/");
	CHECK_OK(SYS___getcwd, text, 1024l);
	CHECK(!strcmp(text, "/"));
	if (strict) {
		CHECK_ERR(ENOENT, SYS_chdir, in("hostdir"));
	} else {
		CHECK_OK(SYS_chdir, in("hostdir"));
		CHECK_OK(SYS___getcwd, text, 1024l);
		CHECK(!strcmp(text, in("hostdir")));
		CHECK_EQ(whose(AT_FDCWD, "f"), 'h');
	}
	CHECK_OK(SYS_chdir, "/");
}

static void
descriptors_of_directories_stay_in_the_root(void)
{
	int64_t dir = sys(SYS_open, kit_env("D"), O_RDONLY | O_DIRECTORY, 0), n;
	bool root = false, host = false;

	CHECK(dir >= 0);
	CHECK_EQ(whose(dir, "both"), 'r');
	CHECK_EQ(whose(dir, "rootdir/../rellink"), 'r');
	CHECK_EQ(whose(dir, "hostonly"), '-');
	CHECK_EQ(whose(dir, in("rootonly")), 'r'); /* absolute: the descriptor does not count */
	while ((n = sys(SYS_getdirentries, dir, text, sizeof(text), 0)) > 0)
		for (int64_t at = 0; at < n;) {
			struct dirent *d = (struct dirent *)(text + at);

			root = root || !strcmp(d->name, "rootonly");
			host = host || !strcmp(d->name, "hostonly");
			at += d->reclen;
		}
	CHECK_EQ(n, 0);
	CHECK(root && !host);
	CHECK_OK(SYS_fchdir, dir);
	CHECK_OK(SYS___getcwd, text, 1024l);
	CHECK(!strcmp(text, kit_env("D")));
	CHECK_OK(SYS_chdir, "/");
	sys(SYS_close, dir);
}

/* The child becomes @argv: its exit status. */
static int64_t
child(const char *file, char *const argv[])
{
	int64_t pid = sys(SYS_fork);
	int status = -1;

	if (pid == 0) {
		struct ret r = call(SYS_execve, file, argv, kit_envp);

		call(SYS_exit, 100 + (int)r.val);
	}
	sys(SYS_wait4, pid, &status, 0, 0);
	return status >> 8 & 0xff;
}

static void
programs_are_found_in_the_root(void)
{
	char prog[512];
	char *const leave[] = {"x", "exit", "7", 0}, *const whole[] = {"x", "the roots file comes first", 0}, *const script[] = {"x", "8", 0};

	CHECK_EQ(child(in("tool"), leave), 7);
	CHECK_EQ(child(in("script"), script), 8);
	CHECK_EQ(child(in("none"), leave), 100 + ENOENT);
	CHECK_EQ(child(in("hosttool"), leave), strict ? 100 + ENOENT : 7);
	/* The next image has the same root. */
	memcpy(prog, in("self"), strlen(in("self")) + 1);
	CHECK_EQ(child(prog, whole), 0);
}

const struct test tests[] = {{"the roots file comes first", the_roots_file_comes_first},
                             {"nothing climbs out of the root", nothing_climbs_out_of_the_root},
                             {"links lead where the guest sees them lead", links_lead_where_the_guest_sees_them_lead},
                             {"new files follow their parent", new_files_follow_their_parent},
                             {"removal follows the parent", removal_follows_the_parent},
                             {"links and renames take both ends", links_and_renames_take_both_ends},
                             {"changes reach the roots file", changes_reach_the_roots_file},
                             {"questions are about the roots file", questions_are_about_the_roots_file},
                             {"the working directory is the guests", the_working_directory_is_the_guests},
                             {"descriptors of directories stay in the root", descriptors_of_directories_stay_in_the_root},
                             {"programs are found in the root", programs_are_found_in_the_root},
                             {0}};
