/* Files and directories.  Source: FreeBSD manual section 2 of each call; stat and dirent layouts: sys/stat.h, sys/dirent.h. */
#include "../kit/fbsd.h"
#include "../kit/kit.h"

static char path_buf[128], path_buf2[128];

static const char *
in_dir(char *buf, const char *name)
{
	size_t n = strlen(kit_dir());

	memcpy(buf, kit_dir(), n);
	buf[n] = '/';
	memcpy(buf + n + 1, name, strlen(name) + 1);
	return buf;
}
#define P(name) in_dir(path_buf, name)
#define Q(name) in_dir(path_buf2, name)

static void
open_reads_and_writes(void)
{
	char c[4] = {0};
	int64_t fd = sys(SYS_open, P("a"), O_RDWR | O_CREAT | O_EXCL, 0644);

	CHECK(fd >= 0);
	CHECK_EQ(sys(SYS_write, fd, "abc", 3), 3);
	CHECK_EQ(sys(SYS_pread, fd, c, 2, 1), 2);
	CHECK(!memcmp(c, "bc", 2));
	CHECK_EQ(sys(SYS_lseek, fd, 0, 2), 3);
	CHECK_EQ(sys(SYS_close, fd), 0);
	CHECK_ERR(EBADF, SYS_close, fd);
	CHECK_ERR(EEXIST, SYS_open, P("a"), O_CREAT | O_EXCL, 0644);
	sys(SYS_unlink, P("a"));
}

static void
open_refuses_what_it_does_not_know(void)
{
	CHECK_ERR(EINVAL, SYS_open, "/dev/null", 0x40000000, 0);
	CHECK_ERR(EINVAL, SYS_open, "/dev/null", 3, 0);
	CHECK_ERR(EINVAL, SYS_open, "/tmp", O_DIRECTORY | O_CREAT, 0);
	CHECK_ERR(ENOENT, SYS_open, "", 0, 0);
	CHECK_ERR(EFAULT, SYS_open, 8, 0, 0);
	CHECK_ERR(ENOENT, SYS_open, "/nonexistent", 0, 0);
	CHECK_ERR(ENOTDIR, SYS_open, "/dev/null/x", 0, 0);
}

static void
nofollow_on_a_link_is_emlink(void)
{
	CHECK_EQ(sys(SYS_symlink, "/dev/null", P("l")), 0);
	CHECK_ERR(EMLINK, SYS_open, P("l"), O_NOFOLLOW, 0);
	CHECK(sys(SYS_open, P("l"), O_RDONLY, 0) >= 0);
	sys(SYS_unlink, P("l"));
}

static void
long_names_are_refused(void)
{
	static char name[2000];

	memset(name, 'a', 1999);
	CHECK_ERR(ENAMETOOLONG, SYS_open, name, 0, 0);
}

static void
links_read_back(void)
{
	char buf[64] = {0};

	sys(SYS_symlink, "some target", P("s"));
	CHECK_EQ(sys(SYS_readlink, P("s"), buf, sizeof(buf)), 11);
	CHECK(!memcmp(buf, "some target", 11));
	CHECK_EQ(sys(SYS_readlink, P("s"), buf, 4), 4);
	CHECK_ERR(EINVAL, SYS_readlink, kit_dir(), buf, sizeof(buf));
	sys(SYS_unlink, P("s"));
}

static void
unlink_of_a_directory_is_eperm(void)
{
	CHECK_EQ(sys(SYS_mkdir, P("d"), 0755), 0);
	CHECK_ERR(EPERM, SYS_unlink, P("d"));
	CHECK_ERR(EEXIST, SYS_mkdir, P("d"), 0755);
	CHECK_EQ(sys(SYS_unlinkat, AT_FDCWD, P("d"), 0x800), 0);
	CHECK_ERR(ENOENT, SYS_rmdir, P("d"));
}

struct stat {
	uint64_t dev, ino, nlink;
	uint16_t mode;
	int16_t pad0;
	uint32_t uid, gid, pad1;
	uint64_t rdev;
	struct timespec atim, mtim, ctim, birthtim;
	int64_t size, blocks;
	int32_t blksize;
	uint32_t flags;
	uint64_t gen, filerev, spare[9];
};
_Static_assert(sizeof(struct stat) == 224, "stat");

static void
stat_tells_the_truth(void)
{
	struct stat a, b;
	int64_t fd = sys(SYS_open, P("f"), O_RDWR | O_CREAT | O_TRUNC, 0640);

	sys(SYS_write, fd, "12345", 5);
	memset(&a, 0xff, sizeof(a));
	CHECK_EQ(sys(SYS_fstat, fd, &a), 0);
	CHECK_EQ(a.size, 5);
	CHECK_EQ(a.mode, 0100640);
	CHECK_EQ(a.nlink, 1);
	CHECK_EQ(a.uid, sys(SYS_getuid));
	CHECK(a.mtim.sec > 1700000000);
	CHECK_EQ(a.spare[8], 0);
	CHECK_EQ(sys(SYS_fstatat, AT_FDCWD, P("f"), &b, 0), 0);
	CHECK_EQ(a.ino, b.ino);
	CHECK_EQ(a.dev, b.dev);
	CHECK_ERR(EINVAL, SYS_fstatat, AT_FDCWD, P("f"), &b, 0x10000);
	CHECK_ERR(EBADF, SYS_fstat, 999, &a);
	CHECK_ERR(EFAULT, SYS_fstat, fd, 8);
	sys(SYS_close, fd);
	sys(SYS_unlink, P("f"));
	CHECK_EQ(sys(SYS_fstatat, AT_FDCWD, "/dev/null", &a, 0), 0);
	CHECK_EQ(a.mode & 0170000, 020000);
}

struct dirent {
	uint64_t fileno;
	int64_t off;
	uint16_t reclen;
	uint8_t type, pad0;
	uint16_t namlen, pad1;
	char name[256];
};

/* Two letters number an entry; each must be seen exactly once whatever the buffer's size. */
static void
directories_lose_nothing(void)
{
	static char buf[4096], seen[300];
	char name[256];
	const unsigned sizes[] = {290, 320, 512, 700, 4096};

	sys(SYS_mkdir, P("many"), 0755);
	for (int i = 0; i < 300; i++) {
		size_t n = strlen(P("many/"));

		memset(name, 'x', sizeof(name));
		memcpy(name, path_buf, n);
		name[n] = (char)('a' + i / 26), name[n + 1] = (char)('a' + i % 26);
		name[n + 2 + i % 100] = 0;
		sys(SYS_close, sys(SYS_open, name, O_CREAT | O_WRONLY, 0644));
	}
	for (unsigned s = 0; s < 5; s++) {
		int64_t fd = sys(SYS_open, P("many"), O_RDONLY | O_DIRECTORY, 0), n;
		int total = 0;

		memset(seen, 0, sizeof(seen));
		while ((n = sys(SYS_getdirentries, fd, buf, sizes[s], 0)) > 0) {
			for (int64_t at = 0; at < n;) {
				struct dirent *d = (void *)(buf + at);

				CHECK_EQ(d->reclen % 8, 0);
				CHECK_EQ(strlen(d->name), d->namlen);
				if (d->name[0] != '.') {
					int id = (d->name[0] - 'a') * 26 + d->name[1] - 'a';

					CHECK(id >= 0 && id < 300 && !seen[id]);
					CHECK_EQ(d->type, 8);
					seen[id] = 1;
					total++;
				}
				at += d->reclen;
			}
		}
		CHECK_EQ(n, 0);
		CHECK_EQ(total, 300);
		sys(SYS_lseek, fd, 0, 0);
		CHECK_ERR(EINVAL, SYS_getdirentries, fd, buf, 8, 0);
		sys(SYS_close, fd);
	}
	for (int i = 0; i < 300; i++) {
		size_t n = strlen(P("many/"));

		memset(name, 'x', sizeof(name));
		memcpy(name, path_buf, n);
		name[n] = (char)('a' + i / 26), name[n + 1] = (char)('a' + i % 26);
		name[n + 2 + i % 100] = 0;
		sys(SYS_unlink, name);
	}
	CHECK_EQ(sys(SYS_rmdir, P("many")), 0);
}

static void
fcntl_speaks_freebsd(void)
{
	int64_t fd = sys(SYS_open, "/dev/null", O_RDWR | O_NONBLOCK, 0), d;

	CHECK_EQ(sys(SYS_fcntl, fd, 3 /* F_GETFL */, 0), O_RDWR | O_NONBLOCK);
	CHECK_EQ(sys(SYS_fcntl, fd, 4 /* F_SETFL */, O_APPEND), 0);
	CHECK_EQ(sys(SYS_fcntl, fd, 3, 0), O_RDWR | O_APPEND);
	d = sys(SYS_fcntl, fd, 17 /* F_DUPFD_CLOEXEC */, 50);
	CHECK(d >= 50);
	CHECK_EQ(sys(SYS_fcntl, d, 1 /* F_GETFD */, 0), 1);
	CHECK_EQ(sys(SYS_fcntl, fd, 10 /* F_DUP2FD */, 60), 60);
	CHECK_ERR(EINVAL, SYS_fcntl, fd, 77, 0);
	CHECK_ERR(EBADF, SYS_fcntl, 999, 1, 0);
	sys(SYS_close, fd), sys(SYS_close, d), sys(SYS_close, 60);
}

struct flock {
	int64_t start, len;
	int pid;
	short type, whence;
	int sysid;
};

static void
record_locks_keep_others_out(void)
{
	struct flock l = {0, 10, 0, 3 /* F_WRLCK */, 0, 0};
	int status;
	int64_t fd = sys(SYS_open, P("lk"), O_RDWR | O_CREAT, 0644), pid;

	CHECK_EQ(sys(SYS_fcntl, fd, 12 /* F_SETLK */, &l), 0);
	pid = sys(SYS_fork);
	if (pid == 0) {
		struct flock m = {0, 5, 0, 1 /* F_RDLCK */, 0, 0};
		int ok = sys(SYS_fcntl, fd, 12, &m) == -EAGAIN;

		ok = ok && sys(SYS_fcntl, fd, 11 /* F_GETLK */, &m) == 0 && m.type == 3 && m.len == 10;
		call(SYS_exit, !ok);
	}
	sys(SYS_wait4, pid, &status, 0, 0);
	CHECK_EQ(status, 0);
	sys(SYS_close, fd);
	sys(SYS_unlink, P("lk"));
}

struct iovec {
	const void *base;
	uint64_t len;
};

static void
vectors_are_checked(void)
{
	struct iovec v[2] = {{"ab", 2}, {(void *)0x7f0000000000, 4}};
	int64_t fd = sys(SYS_open, P("v"), O_RDWR | O_CREAT, 0644);

	CHECK_ERR(EFAULT, SYS_writev, fd, v, 2);
	CHECK_ERR(EINVAL, SYS_writev, fd, v, 0);
	CHECK_ERR(EINVAL, SYS_writev, fd, v, 5000);
	v[1] = (struct iovec){"cde", 3};
	CHECK_EQ(sys(SYS_writev, fd, v, 2), 5);
	sys(SYS_close, fd);
	sys(SYS_unlink, P("v"));
}

static void
rename_and_link_work(void)
{
	struct stat st;

	sys(SYS_close, sys(SYS_open, P("r1"), O_CREAT | O_WRONLY, 0644));
	CHECK_EQ(sys(SYS_link, P("r1"), Q("r2")), 0);
	sys(SYS_fstatat, AT_FDCWD, Q("r2"), &st, 0);
	CHECK_EQ(st.nlink, 2);
	CHECK_EQ(sys(SYS_unlink, P("r1")), 0);
	CHECK_EQ(sys(SYS_rename, Q("r2"), P("r3")), 0);
	CHECK_ERR(ENOENT, SYS_rename, Q("r2"), P("r3"));
	sys(SYS_unlink, P("r3"));
}

static void
own_path_reads_back(void)
{
	static char buf[1024];
	const char *path = (void *)kit_aux(AT_EXECPATH);
	int64_t n = sys(SYS_readlink, "/proc/curproc/file", buf, sizeof(buf));

	CHECK_EQ(n, strlen(path));
	CHECK(!memcmp(buf, path, (size_t)n));
}

static void
clean_up(void)
{
	CHECK_EQ(sys(SYS_rmdir, kit_dir()), 0);
}

const struct test tests[] = {
    {"open_reads_and_writes", open_reads_and_writes},
    {"open_refuses_what_it_does_not_know", open_refuses_what_it_does_not_know},
    {"nofollow_on_a_link_is_emlink", nofollow_on_a_link_is_emlink},
    {"long_names_are_refused", long_names_are_refused},
    {"links_read_back", links_read_back},
    {"unlink_of_a_directory_is_eperm", unlink_of_a_directory_is_eperm},
    {"stat_tells_the_truth", stat_tells_the_truth},
    {"directories_lose_nothing", directories_lose_nothing},
    {"fcntl_speaks_freebsd", fcntl_speaks_freebsd},
    {"record_locks_keep_others_out", record_locks_keep_others_out},
    {"vectors_are_checked", vectors_are_checked},
    {"rename_and_link_work", rename_and_link_work},
    {"own_path_reads_back", own_path_reads_back},
    {"clean_up", clean_up},
    {0},
};
