/*
 * What an ordinary user may not do to files: in a child that is one.
 * Source: FreeBSD manual, EACCES and EPERM of each call; ufs_vnops.c and vfs_subr.c for which of the two.
 */
#include "../kit/files.h"

enum { SYS_setuid = 23, SYS_setgid = 181, SYS_setgroups = 595, EX_OK = 77 };
static struct timespec times[2];
static char buf[1024], *argv_[] = {"x", 0};

/* As the owner: what the child finds. */
static void
set_up(void)
{
	static const struct {
		const char *name;
		int mode;
	} files[] = {{"locked/file", 0666}, {"fixed/file", 0666}, {"sticky/file", 0666}, {"mine", 0644}, {"secret", 0600}};
	int64_t mask = sys(SYS_umask, 0);

	CHECK_OK(SYS_chdir, kit_dir());
	CHECK_OK(SYS_chmod, ".", 0755);
	CHECK_OK(SYS_mkdir, "locked", 0755);
	CHECK_OK(SYS_mkdir, "fixed", 0755);
	CHECK_OK(SYS_mkdir, "sticky", 0777);
	CHECK_OK(SYS_mkdir, "fixed/dir", 0777);
	CHECK_OK(SYS_chmod, "sticky", 01777);
	for (unsigned i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		sys(SYS_close, files_make(files[i].name, "x"));
		CHECK_OK(SYS_chmod, files[i].name, files[i].mode);
	}
	sys(SYS_symlink, "file", "locked/link");
	CHECK_OK(SYS_chmod, "locked", 0);
	sys(SYS_umask, mask);
}

static void
behind_a_locked_directory(void)
{
	CHECK_ERR(EACCES, SYS_open, "locked", O_RDONLY, 0);
	CHECK_ERR(EACCES, SYS_open, "locked/file", O_RDONLY, 0);
	CHECK_ERR(EACCES, SYS_open, "locked/new", O_CREAT | O_RDWR, 0600);
	CHECK_ERR(EACCES, SYS_link, "locked/file", "sticky/l");
	CHECK_ERR(EACCES, SYS_link, "mine", "locked/l");
	CHECK_ERR(EACCES, SYS_unlink, "locked/file");
	CHECK_ERR(EACCES, SYS_chdir, "locked");
	CHECK_ERR(EACCES, SYS_chmod, "locked/file", 0600);
	CHECK_ERR(EACCES, SYS_chown, "locked/file", -1, -1);
	CHECK_ERR(EACCES, SYS_access, "locked/file", 0);
	CHECK_ERR(EACCES, SYS_eaccess, "locked/file", 0);
	CHECK_ERR(EACCES, SYS_chflags, "locked/file", 0);
	CHECK_ERR(EACCES, SYS_readlink, "locked/link", buf, 9);
	CHECK_ERR(EACCES, SYS_symlink, "x", "locked/l");
	CHECK_ERR(EACCES, SYS_rename, "locked/file", "sticky/f");
	CHECK_ERR(EACCES, SYS_rename, "sticky/file", "locked/f");
	CHECK_ERR(EACCES, SYS_mkfifo, "locked/f", 0600);
	CHECK_ERR(EACCES, SYS_mkdir, "locked/d", 0700);
	CHECK_ERR(EACCES, SYS_rmdir, "locked/d");
	CHECK_ERR(EACCES, SYS_utimes, "locked/file", times);
	CHECK_ERR(EACCES, SYS_fstatat, AT_FDCWD, "locked/file", buf, 0);
	CHECK_ERR(EACCES, SYS_stat11, "locked/file", buf);
	CHECK_ERR(EACCES, SYS_pathconf, "locked/file", 4);
	CHECK_ERR(EACCES, SYS_truncate, "locked/file", 0);
	CHECK_ERR(EACCES, SYS_statfs, "locked/file", buf);
	CHECK_ERR(EACCES, SYS_extattr_get_file, "locked/file", 1, "a", buf, 9);
	CHECK_ERR(EACCES, SYS_execve, "locked/file", argv_, argv_ + 1);
	CHECK_ERR(EACCES, SYS___realpathat, AT_FDCWD, "locked/file", buf, sizeof(buf), 0);
}

/* A directory that may be searched but not written. */
static void
in_a_fixed_directory(void)
{
	CHECK_ERR(EACCES, SYS_open, "fixed/new", O_CREAT | O_RDWR, 0600);
	CHECK_ERR(EACCES, SYS_unlink, "fixed/file");
	CHECK_ERR(EACCES, SYS_rmdir, "fixed/dir");
	CHECK_ERR(EACCES, SYS_unlinkat, AT_FDCWD, "fixed/dir", AT_REMOVEDIR);
	CHECK_ERR(EACCES, SYS_mkdir, "fixed/new", 0700);
	CHECK_ERR(EACCES, SYS_mkdirat, AT_FDCWD, "fixed/new", 0700);
	CHECK_ERR(EACCES, SYS_mkfifo, "fixed/new", 0600);
	CHECK_ERR(EACCES, SYS_symlink, "x", "fixed/new");
	CHECK_ERR(EACCES, SYS_rename, "fixed/file", "sticky/f");
	CHECK_ERR(EACCES, SYS_rename, "fixed/file", "fixed/f");
	CHECK_OK(SYS_access, "fixed/file", 6);
	CHECK_ERR(EACCES, SYS_access, "fixed", 2);
	CHECK_ERR(EACCES, SYS_faccessat, AT_FDCWD, "fixed", 2, AT_EACCESS);
}

/* Someone else's file: its attributes are the owner's business, its content that of whoever may write. */
static void
at_someone_elses_file(void)
{
	struct stat st;
	int64_t fd = sys(SYS_open, "mine", O_RDONLY, 0);

	CHECK_ERR(EPERM, SYS_unlink, "sticky/file");
	CHECK_ERR(EPERM, SYS_rename, "sticky/file", "sticky/f");
	CHECK_ERR(EPERM, SYS_chmod, "mine", 0666);
	CHECK_ERR(EPERM, SYS_chmod, "mine", 01666);
	CHECK_ERR(EPERM, SYS_fchmod, fd, 0666);
	CHECK_ERR(EPERM, SYS_lchmod, "mine", 0666);
	CHECK_ERR(EPERM, SYS_fchmodat, AT_FDCWD, "mine", 0666, 0);
	CHECK_ERR(EPERM, SYS_chown, "mine", 65534, -1);
	CHECK_ERR(EPERM, SYS_fchown, fd, -1, 65534);
	CHECK_ERR(EPERM, SYS_lchown, "mine", 65534, -1);
	CHECK_ERR(EPERM, SYS_fchownat, AT_FDCWD, "mine", 65534, -1, 0);
	CHECK_ERR(EPERM, SYS_chflags, "mine", 0);
	CHECK_ERR(EPERM, SYS_chflags, "secret", 0);
	CHECK_ERR(EPERM, SYS_lchflags, "mine", 0);
	CHECK_ERR(EPERM, SYS_chflagsat, AT_FDCWD, "mine", 0, 0);
	CHECK_ERR(EPERM, SYS_fchflags, fd, 0);
	CHECK_ERR(EPERM, SYS_utimes, "mine", times);
	CHECK_ERR(EACCES, SYS_utimes, "mine", 0);
	CHECK_ERR(EPERM, SYS_lutimes, "mine", times);
	CHECK_ERR(EPERM, SYS_futimes, fd, times);
	CHECK_ERR(EPERM, SYS_futimens, fd, times);
	CHECK_ERR(EPERM, SYS_utimensat, AT_FDCWD, "mine", times, 0);
	CHECK_ERR(EACCES, SYS_truncate, "mine", 0);
	CHECK_ERR(EINVAL, SYS_ftruncate, fd, 0); /* not open for writing */
	CHECK_ERR(EACCES, SYS_open, "mine", O_WRONLY, 0);
	CHECK_ERR(EACCES, SYS_open, "mine", O_RDONLY | O_TRUNC, 0);
	CHECK_ERR(EACCES, SYS_open, "secret", O_RDONLY, 0);
	CHECK_ERR(EACCES, SYS_extattr_set_file, "mine", 1, "a", "x", 1);
	CHECK_ERR(EPERM, SYS_extattr_set_file, "mine", 2 /* SYSTEM */, "a", "x", 1);
	CHECK_ERR(EPERM, SYS_mknodat, AT_FDCWD, "sticky/dev", S_IFCHR | 0600, 0x103);
	CHECK_ERR(EPERM, SYS_chroot, ".");
	CHECK_OK(SYS_fstatat, AT_FDCWD, "secret", &st, 0);
	CHECK_EQ(st.mode, S_IFREG | 0600);
	CHECK_OK(SYS_access, "mine", 4);
	sys(SYS_close, fd);
}

/* What is one's own: the sticky bit of a file is the superuser's. */
static void
at_ones_own_file(void)
{
	int64_t fd = sys(SYS_open, "sticky/own", O_CREAT | O_RDWR, 0600);

	CHECK(fd > 0);
	CHECK_ERR(EFTYPE, SYS_chmod, "sticky/own", 01600);
	CHECK_ERR(EFTYPE, SYS_fchmod, fd, 01600);
	CHECK_ERR(EPERM, SYS_chown, "sticky/own", 0, -1);
	CHECK_OK(SYS_chmod, "sticky/own", 0200);
	CHECK_ERR(EACCES, SYS_open, "sticky/own", O_RDONLY, 0);
	CHECK_OK(SYS_utimes, "sticky/own", times);
	CHECK_OK(SYS_truncate, "sticky/own", 7);
	CHECK_OK(SYS_unlink, "sticky/own");
	sys(SYS_close, fd);
}

/* As user 65534 when we are the superuser; else there is nobody else's file. */
static void
as_nobody(void (*part)(void))
{
	int status = 0;
	int64_t pid = sys(SYS_fork);

	if (pid == 0) {
		if (sys(SYS_setgroups, 0, 0) || sys(SYS_setgid, 65534) || sys(SYS_setuid, 65534))
			call(SYS_exit, 1);
		part();
		call(SYS_exit, kit_has_failed() ? 2 : EX_OK);
	}
	sys(SYS_wait4, pid, &status, 0, 0);
	CHECK_EQ(status, EX_OK << 8);
}

static void
locked_directories(void)
{
	if (sys(SYS_getuid) == 0)
		as_nobody(behind_a_locked_directory);
	else
		behind_a_locked_directory();
}

static void
fixed_directories(void)
{
	if (sys(SYS_getuid) == 0)
		as_nobody(in_a_fixed_directory);
}

static void
others_files(void)
{
	if (sys(SYS_getuid) == 0)
		as_nobody(at_someone_elses_file);
}

static void
own_files(void)
{
	if (sys(SYS_getuid) == 0)
		as_nobody(at_ones_own_file);
	else
		at_ones_own_file();
}

static void
clean_up(void)
{
	static const char *const names[] = {"locked/link", "locked/file", "fixed/file", "sticky/file", "mine", "secret"};

	CHECK_OK(SYS_chmod, "locked", 0700);
	for (int i = 0; i < 6; i++)
		CHECK_OK(SYS_unlink, names[i]);
	CHECK_OK(SYS_rmdir, "fixed/dir");
	CHECK_OK(SYS_rmdir, "fixed");
	CHECK_OK(SYS_rmdir, "locked");
	CHECK_OK(SYS_rmdir, "sticky");
	CHECK_OK(SYS_chdir, "/");
	CHECK_OK(SYS_rmdir, kit_dir());
}

const struct test tests[] = {
    {"set_up", set_up},
    {"locked_directories", locked_directories},
    {"fixed_directories", fixed_directories},
    {"others_files", others_files},
    {"own_files", own_files},
    {"clean_up", clean_up},
    {0},
};
