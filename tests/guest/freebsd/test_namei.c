/*
 * What every call that takes a path says of a path that is wrong: a table of calls by a table of paths.
 * Source: FreeBSD manual, ERRORS of each call and intro(2); vfs_lookup.c.
 */
#include "../kit/files.h"

enum { SYS_execve_ = 59, SYS_rename_ = 128 };
#define HERE AT_FDCWD
#define BUF  buf
#define TIME times

static char buf[4096];
static struct timespec times[2];
static char *argv_[] = {"x", 0};
#define A(x) (uint64_t)(x)

static const struct row {
	const char *name;
	int nr, at; /* which argument is the path */
	uint64_t args[6];
} rows[] = {
    {"open", SYS_open, 0, {0, O_RDONLY}},
    {"open O_CREAT", SYS_open, 0, {0, O_RDWR | O_CREAT, 0600}},
    {"open O_PATH", SYS_open, 0, {0, O_PATH}},
    {"openat", SYS_openat, 1, {A(HERE), 0, O_RDONLY}},
    {"link from", SYS_link, 0, {0, A("other")}},
    {"linkat from", SYS_linkat, 1, {A(HERE), 0, A(HERE), A("other")}},
    {"unlink", SYS_unlink, 0, {0}},
    {"unlinkat", SYS_unlinkat, 1, {A(HERE), 0, 0}},
    {"funlinkat", SYS_funlinkat, 1, {A(HERE), 0, A(-200), 0}},
    {"chdir", SYS_chdir, 0, {0}},
    {"chmod", SYS_chmod, 0, {0, 0600}},
    {"lchmod", SYS_lchmod, 0, {0, 0600}},
    {"fchmodat", SYS_fchmodat, 1, {A(HERE), 0, 0600, 0}},
    {"chown", SYS_chown, 0, {0, A(-1), A(-1)}},
    {"lchown", SYS_lchown, 0, {0, A(-1), A(-1)}},
    {"fchownat", SYS_fchownat, 1, {A(HERE), 0, A(-1), A(-1), 0}},
    {"access", SYS_access, 0, {0, 0}},
    {"eaccess", SYS_eaccess, 0, {0, 4}},
    {"faccessat", SYS_faccessat, 1, {A(HERE), 0, 0, 0}},
    {"chflags", SYS_chflags, 0, {0, 0}},
    {"lchflags", SYS_lchflags, 0, {0, 0}},
    {"chflagsat", SYS_chflagsat, 1, {A(HERE), 0, 0, 0}},
    {"readlink", SYS_readlink, 0, {0, A(BUF), 100}},
    {"readlinkat", SYS_readlinkat, 1, {A(HERE), 0, A(BUF), 100}},
    {"execve", SYS_execve_, 0, {0, A(argv_), A(argv_ + 1)}},
    {"rename from", SYS_rename_, 0, {0, A("other")}},
    {"renameat from", SYS_renameat, 1, {A(HERE), 0, A(HERE), A("other")}},
    {"renameat2 from", SYS_renameat2, 1, {A(HERE), 0, A(HERE), A("other"), 0}},
    {"rmdir", SYS_rmdir, 0, {0}},
    {"utimes", SYS_utimes, 0, {0, A(TIME)}},
    {"lutimes", SYS_lutimes, 0, {0, A(TIME)}},
    {"futimesat", SYS_futimesat, 1, {A(HERE), 0, A(TIME)}},
    {"utimensat", SYS_utimensat, 1, {A(HERE), 0, A(TIME), 0}},
    {"fstatat", SYS_fstatat, 1, {A(HERE), 0, A(BUF), 0}},
    {"freebsd11_stat", SYS_stat11, 0, {0, A(BUF)}},
    {"freebsd11_lstat", SYS_lstat11, 0, {0, A(BUF)}},
    {"freebsd11_nstat", SYS_nstat11, 0, {0, A(BUF)}},
    {"freebsd11_nlstat", SYS_nlstat11, 0, {0, A(BUF)}},
    {"freebsd11_fstatat", SYS_fstatat11, 1, {A(HERE), 0, A(BUF), 0}},
    {"pathconf", SYS_pathconf, 0, {0, 4}},
    {"lpathconf", SYS_lpathconf, 0, {0, 4}},
    {"truncate", SYS_truncate, 0, {0, 0}},
    {"freebsd6_truncate", SYS_truncate6, 0, {0, 0, 0}},
    {"statfs", SYS_statfs, 0, {0, A(BUF)}},
    {"freebsd11_statfs", SYS_statfs11, 0, {0, A(BUF)}},
    {"extattr_set_file", SYS_extattr_set_file, 0, {0, 1, A("a"), A("x"), 1}},
    {"extattr_get_file", SYS_extattr_get_file, 0, {0, 1, A("a"), A(BUF), 9}},
    {"extattr_delete_file", SYS_extattr_delete_file, 0, {0, 1, A("a")}},
    {"extattr_list_file", SYS_extattr_list_file, 0, {0, 1, A(BUF), 9}},
    {"extattr_set_link", SYS_extattr_set_link, 0, {0, 1, A("a"), A("x"), 1}},
    {"extattr_get_link", SYS_extattr_get_link, 0, {0, 1, A("a"), A(BUF), 9}},
    {"extattr_delete_link", SYS_extattr_delete_link, 0, {0, 1, A("a")}},
    {"extattr_list_link", SYS_extattr_list_link, 0, {0, 1, A(BUF), 9}},
    {"__realpathat", SYS___realpathat, 1, {A(HERE), 0, A(BUF), 1024, 0}},
};
/* Those that make the name: it need not be there. */
static const struct row makers[] = {
    {"link to", SYS_link, 1, {A("file"), 0}},
    {"linkat to", SYS_linkat, 3, {A(HERE), A("file"), A(HERE), 0, 0}},
    {"symlink", SYS_symlink, 1, {A("x"), 0}},
    {"symlinkat", SYS_symlinkat, 2, {A("x"), A(HERE), 0}},
    {"mkdir", SYS_mkdir, 0, {0, 0700}},
    {"mkdirat", SYS_mkdirat, 1, {A(HERE), 0, 0700}},
    {"mkfifo", SYS_mkfifo, 0, {0, 0600}},
    {"mkfifoat", SYS_mkfifoat, 1, {A(HERE), 0, 0600}},
    {"mknodat", SYS_mknodat, 1, {A(HERE), 0, S_IFIFO | 0600, 0}},
    {"freebsd11_mknod", SYS_mknod11, 0, {0, S_IFIFO | 0600, 0}},
    {"freebsd11_mknodat", SYS_mknodat11, 1, {A(HERE), 0, S_IFIFO | 0600, 0}},
    {"rename to", SYS_rename_, 1, {A("file"), 0}},
    {"renameat to", SYS_renameat, 3, {A(HERE), A("file"), A(HERE), 0}},
    {"renameat2 to", SYS_renameat2, 3, {A(HERE), A("file"), A(HERE), 0, 0}},
    {"open O_CREAT|O_EXCL", SYS_open, 0, {0, O_RDWR | O_CREAT | O_EXCL, 0600}},
};

static char long_name[300], long_path[1100], long_step[310];

/* What is wrong with the path, and what is said of it: everywhere the same. */
static const struct fault {
	const char *path;
	int error;
} faults[] = {
    {(const char *)8, EFAULT},
    {"", ENOENT},
    {long_name, ENAMETOOLONG},
    {long_step, ENAMETOOLONG},
    {long_path, ENAMETOOLONG},
    {"file/x", ENOTDIR},
    {"file/../file", ENOTDIR},
    {"none/x", ENOENT},
    {"loop/x", ELOOP},
    {"dangling/x", ENOENT},
};

static void
set_up(void)
{
	CHECK_OK(SYS_chdir, kit_dir());
	sys(SYS_close, files_make("file", "text"));
	sys(SYS_symlink, "loop", "loop");
	sys(SYS_symlink, "nowhere", "dangling");
	memset(long_name, 'n', 256);
	memset(long_step, 'n', 256);
	memcpy(long_step + 256, "/x", 3);
	memset(long_path, '/', 1024);
}

/* One call with one path: is it refused as it must be? */
static bool
refuses(const struct row *r, const char *path, int error)
{
	uint64_t a[6];
	struct ret got;

	memcpy(a, r->args, sizeof(a));
	a[r->at] = (uint64_t)path;
	got = call(r->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (got.carry && got.val == (uint64_t)error && got.val2 == got.rdx)
		return true;
	kit_fail(__FILE__, __LINE__, "%s \"%s\": %s %ld, expected errno %d", r->name, path == (const char *)8 ? "(8)" : path,
	         got.carry ? "errno" : "value", (long)got.val, error);
	return false;
}

static void
every_call_says_the_same_of_wrong_paths(void)
{
	bool good = true;

	for (unsigned f = 0; f < sizeof(faults) / sizeof(faults[0]); f++) {
		for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
			good = refuses(&rows[i], faults[f].path, faults[f].error) && good;
		for (unsigned i = 0; i < sizeof(makers) / sizeof(makers[0]); i++)
			good = refuses(&makers[i], faults[f].path, faults[f].error) && good;
	}
	CHECK(good);
}

/* What is not there: who must find it says so. */
static void
missing_files_are_missed(void)
{
	bool good = true;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].name, "open O_CREAT"))
			good = refuses(&rows[i], "none", ENOENT) && good;
	CHECK(good);
}

/* What is there: who would make it says so, but rename, which replaces. */
static void
existing_files_are_not_made(void)
{
	static const char *const names[] = {"file", ".", "/", "dangling"};
	bool good = true;

	for (unsigned n = 0; n < 4; n++)
		for (unsigned i = 0; i < sizeof(makers) / sizeof(makers[0]); i++)
			if (strncmp(makers[i].name, "rename", 6))
				good = refuses(&makers[i], names[n], EEXIST) && good;
	CHECK(good);
}

/* A name that ends in a slash is a directory's. */
static void
slashes_ask_for_directories(void)
{
	bool good = true;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		good = refuses(&rows[i], "file/", ENOTDIR) && good;
	for (unsigned i = 0; i < sizeof(makers) / sizeof(makers[0]); i++)
		if (strncmp(makers[i].name, "mkdir", 5))
			good = refuses(&makers[i], "new/", ENOENT) && good;
	good = refuses(&rows[1], "new/", ENOENT) && good;
	good = refuses(&rows[1], ".", EISDIR) && good;
	CHECK(good);
	CHECK_OK(SYS_mkdir, "new/", 0700);
	CHECK_ERR(EISDIR, SYS_rename_, "file", "new/");
	CHECK_ERR(EISDIR, SYS_open, "new/", O_CREAT | O_RDWR, 0600);
	CHECK_OK(SYS_rename_, "new/", "newer/");
	CHECK_OK(SYS_rmdir, "newer/");
}

/* With a directory's descriptor: it must be one, unless the path is absolute. */
static void
directories_are_descriptors_of_directories(void)
{
	static char whole[512];
	int64_t file = sys(SYS_open, "file", O_RDONLY, 0);

	memcpy(whole, P("file"), strlen(P("file")) + 1);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct row r = rows[i];

		if (r.at != 1)
			continue;
		r.args[0] = 777;
		CHECK(refuses(&r, "file", EBADF));
		r.args[0] = (uint64_t)file;
		CHECK(refuses(&r, "file", ENOTDIR));
		CHECK(refuses(&r, "none", ENOTDIR));
	}
	CHECK_OK(SYS_faccessat, 777, whole, 0, 0);
	CHECK_OK(SYS_faccessat, file, whole, 0, 0);
	sys(SYS_close, file);
}

static void
clean_up(void)
{
	CHECK_OK(SYS_unlink, "file");
	CHECK_OK(SYS_unlink, "loop");
	CHECK_OK(SYS_unlink, "dangling");
	CHECK_OK(SYS_chdir, "/");
	CHECK_OK(SYS_rmdir, kit_dir());
}

const struct test tests[] = {
    {"set_up", set_up},
    {"every_call_says_the_same_of_wrong_paths", every_call_says_the_same_of_wrong_paths},
    {"missing_files_are_missed", missing_files_are_missed},
    {"existing_files_are_not_made", existing_files_are_not_made},
    {"slashes_ask_for_directories", slashes_ask_for_directories},
    {"directories_are_descriptors_of_directories", directories_are_descriptors_of_directories},
    {"clean_up", clean_up},
    {0},
};
