/*
 * Event counters and watches of files.
 * Source: FreeBSD manual eventfd(2), inotify(2); sys/inotify.h, sys/specialfd.h; order of checks as in vfs_inotify.c.
 */
#include "../kit/files.h"

enum { EVENTFD = 1, INOTIFY = 2 };
enum { EFD_SEMAPHORE = 1 };
enum { IN_MODIFY = 2, IN_ATTRIB = 4, IN_CLOSE_WRITE = 8, IN_OPEN = 0x20, IN_MOVED_FROM = 0x40, IN_MOVED_TO = 0x80, IN_CREATE = 0x100,
       IN_DELETE = 0x200, IN_DELETE_SELF = 0x400, IN_IGNORED = 0x8000, IN_ONLYDIR = 0x1000000, IN_DONT_FOLLOW = 0x2000000,
       IN_MASK_CREATE = 0x10000000, IN_MASK_ADD = 0x20000000, IN_ISDIR = 0x40000000 };
#define IN_ONESHOT 0x80000000u

struct event {
	int wd;
	uint32_t mask, cookie, len;
	char name[];
};
_Static_assert(sizeof(struct event) == 16, "inotify_event");

static struct {
	uint32_t initval, flags;
} req;
static char buf[4096] __attribute__((aligned(8)));

static void
counters_count(void)
{
	uint64_t v = 0;
	int64_t fd;

	req.initval = 3;
	req.flags = O_NONBLOCK | O_CLOEXEC;
	fd = sys(SYS___specialfd, EVENTFD, &req, sizeof(req));
	CHECK(fd >= 0);
	CHECK_EQ(sys(SYS_fcntl, fd, F_GETFD, 0), 1);
	CHECK_EQ(sys(SYS_fcntl, fd, F_GETFL, 0) & O_NONBLOCK, O_NONBLOCK);
	CHECK_EQ(sys(SYS_read, fd, &v, 8), 8);
	CHECK_EQ(v, 3);
	CHECK_ERR(EAGAIN, SYS_read, fd, &v, 8);
	v = 40;
	CHECK_EQ(sys(SYS_write, fd, &v, 8), 8);
	v = 2;
	CHECK_EQ(sys(SYS_write, fd, &v, 8), 8);
	CHECK_EQ(sys(SYS_read, fd, &v, 8), 8);
	CHECK_EQ(v, 42);
	CHECK_ERR(EINVAL, SYS_read, fd, &v, 7);
	v = ~0ull;
	CHECK_ERR(EINVAL, SYS_write, fd, &v, 8);
	sys(SYS_close, fd);
	req.initval = 2;
	req.flags = EFD_SEMAPHORE;
	CHECK_EQ(sys(SYS___specialfd, EVENTFD, &req, sizeof(req)), fd);
	CHECK_EQ(sys(SYS_read, fd, &v, 8), 8);
	CHECK_EQ(v, 1);
	CHECK_EQ(sys(SYS_read, fd, &v, 8), 8);
	CHECK_EQ(v, 1);
	sys(SYS_close, fd);
}

static void
special_descriptors_are_checked(void)
{
	req.flags = 2;
	CHECK_ERR(EINVAL, SYS___specialfd, EVENTFD, &req, sizeof(req));
	req.flags = 0;
	CHECK_ERR(EINVAL, SYS___specialfd, EVENTFD, &req, sizeof(req) - 1);
	CHECK_ERR(EINVAL, SYS___specialfd, 77, &req, sizeof(req));
	CHECK_ERR(EFAULT, SYS___specialfd, EVENTFD, 8, sizeof(req));
	req.initval = O_APPEND; /* inotify's are its flags */
	CHECK_ERR(EINVAL, SYS___specialfd, INOTIFY, &req, 4);
	CHECK_ERR(EINVAL, SYS___specialfd, INOTIFY, &req, 8);
	CHECK_ERR(EFAULT, SYS___specialfd, INOTIFY, 8, 4);
}

static int64_t
make_watcher(void)
{
	req.initval = O_NONBLOCK;
	return sys(SYS___specialfd, INOTIFY, &req, 4);
}

/* The next event of what was read is this one. */
static bool
event_is(char **at, int64_t wd, uint32_t mask, const char *name)
{
	struct event *e = (void *)*at;

	*at += sizeof(*e) + e->len;
	return e->wd == wd && e->mask == mask && (name ? e->len > strlen(name) && !strcmp(e->name, name) : e->len == 0);
}

static void
watches_tell_what_happens(void)
{
	int64_t in = make_watcher(), dir, wd, fd, n;
	struct event *from, *to;
	char *at = buf;

	sys(SYS_mkdir, P("d"), 0755);
	dir = sys(SYS_open, P("d"), O_RDONLY, 0);
	wd = sys(SYS_inotify_add_watch_at, in, dir, ".", IN_CREATE | IN_DELETE | IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO);
	CHECK_EQ(wd, 1);
	CHECK_ERR(EAGAIN, SYS_read, in, buf, sizeof(buf));
	fd = sys(SYS_openat, dir, "a", O_CREAT | O_RDWR, 0600);
	sys(SYS_write, fd, "x", 1);
	sys(SYS_close, fd);
	sys(SYS_renameat, dir, "a", dir, "b");
	sys(SYS_unlinkat, dir, "b", 0);
	sys(SYS_mkdirat, dir, "sub", 0700);
	n = sys(SYS_read, in, buf, sizeof(buf));
	CHECK(n > 0);
	CHECK(event_is(&at, wd, IN_CREATE, "a"));
	CHECK(event_is(&at, wd, IN_MODIFY, "a"));
	CHECK(event_is(&at, wd, IN_CLOSE_WRITE, "a"));
	from = (void *)at;
	CHECK(event_is(&at, wd, IN_MOVED_FROM, "a"));
	to = (void *)at;
	CHECK(event_is(&at, wd, IN_MOVED_TO, "b"));
	CHECK(from->cookie != 0 && from->cookie == to->cookie);
	CHECK(event_is(&at, wd, IN_DELETE, "b"));
	CHECK(event_is(&at, wd, IN_CREATE | IN_ISDIR, "sub"));
	CHECK(at == buf + n);
	/* Too small for the next one. */
	sys(SYS_unlinkat, dir, "sub", AT_REMOVEDIR);
	CHECK_ERR(EINVAL, SYS_read, in, buf, 16);
	CHECK(sys(SYS_read, in, buf, sizeof(buf)) > 16);
	CHECK_OK(SYS_inotify_rm_watch, in, wd);
	CHECK_EQ(sys(SYS_read, in, buf, sizeof(buf)), 16);
	at = buf;
	CHECK(event_is(&at, wd, IN_IGNORED, NULL));
	CHECK_ERR(EINVAL, SYS_inotify_rm_watch, in, wd);
	sys(SYS_close, in), sys(SYS_close, dir), sys(SYS_rmdir, P("d"));
}

static void
files_can_be_watched(void)
{
	int64_t in = make_watcher(), wd, fd;
	char *at = buf;

	sys(SYS_close, files_make(P("f"), "x"));
	sys(SYS_symlink, "f", Q("l"));
	wd = sys(SYS_inotify_add_watch_at, in, AT_FDCWD, Q("l"), IN_OPEN | IN_ONESHOT);
	CHECK_EQ(wd, 1);
	fd = sys(SYS_open, P("f"), O_RDONLY, 0);
	CHECK_EQ(sys(SYS_read, in, buf, sizeof(buf)), 32);
	CHECK(event_is(&at, wd, IN_OPEN, NULL) && event_is(&at, wd, IN_IGNORED, NULL));
	/* One watch a file: asking again changes it, or adds to it, or is refused. */
	wd = sys(SYS_inotify_add_watch_at, in, AT_FDCWD, P("f"), IN_OPEN);
	CHECK_EQ(wd, 2);
	CHECK_EQ(sys(SYS_inotify_add_watch_at, in, AT_FDCWD, Q("l"), IN_DELETE_SELF | IN_MASK_ADD), wd);
	CHECK_ERR(EEXIST, SYS_inotify_add_watch_at, in, AT_FDCWD, P("f"), IN_OPEN | IN_MASK_CREATE);
	sys(SYS_close, fd);
	sys(SYS_close, sys(SYS_open, P("f"), O_RDONLY, 0));
	sys(SYS_unlink, P("f"));
	CHECK_EQ(sys(SYS_read, in, buf, sizeof(buf)), 48);
	at = buf;
	CHECK(event_is(&at, wd, IN_OPEN, NULL) && event_is(&at, wd, IN_DELETE_SELF, NULL) && event_is(&at, wd, IN_IGNORED, NULL));
	sys(SYS_close, in), sys(SYS_unlink, Q("l"));
}

static void
watches_are_checked(void)
{
	int64_t in = make_watcher(), fd = files_make(P("f"), "x"), dir = sys(SYS_open, kit_dir(), O_RDONLY, 0);

	sys(SYS_symlink, "nowhere", Q("l"));
	CHECK_ERR(EINVAL, SYS_inotify_add_watch_at, in, AT_FDCWD, P("f"), 0);
	CHECK_ERR(EINVAL, SYS_inotify_add_watch_at, in, AT_FDCWD, P("f"), IN_ONLYDIR);
	CHECK_ERR(EINVAL, SYS_inotify_add_watch_at, in, AT_FDCWD, P("f"), IN_OPEN | 0x4000);
	CHECK_ERR(EINVAL, SYS_inotify_add_watch_at, in, AT_FDCWD, P("f"), IN_OPEN | IN_MASK_ADD | IN_MASK_CREATE);
	CHECK_ERR(EBADF, SYS_inotify_add_watch_at, 777, AT_FDCWD, P("f"), IN_OPEN);
	CHECK_ERR(EINVAL, SYS_inotify_add_watch_at, fd, AT_FDCWD, P("f"), IN_OPEN);
	CHECK_ERR(EINVAL, SYS_inotify_add_watch_at, fd, AT_FDCWD, 8, IN_OPEN);
	CHECK_ERR(EFAULT, SYS_inotify_add_watch_at, in, AT_FDCWD, 8, IN_OPEN);
	CHECK_ERR(ENOENT, SYS_inotify_add_watch_at, in, AT_FDCWD, P("none"), IN_OPEN);
	CHECK_ERR(ENOENT, SYS_inotify_add_watch_at, in, AT_FDCWD, Q("l"), IN_OPEN);
	CHECK_ERR(ENOTDIR, SYS_inotify_add_watch_at, in, AT_FDCWD, P("f"), IN_OPEN | IN_ONLYDIR);
	CHECK_ERR(EBADF, SYS_inotify_add_watch_at, in, 777, "f", IN_OPEN);
	CHECK_ERR(ENOTDIR, SYS_inotify_add_watch_at, in, fd, "f", IN_OPEN);
	CHECK_EQ(sys(SYS_inotify_add_watch_at, in, dir, "f", IN_OPEN), 1);
	CHECK_EQ(sys(SYS_inotify_add_watch_at, in, dir, "l", IN_ATTRIB | IN_DONT_FOLLOW), 2);
	if (sys(SYS_getuid) != 0) {
		sys(SYS_fchmod, fd, 0200);
		CHECK_ERR(EACCES, SYS_inotify_add_watch_at, in, dir, "f", IN_OPEN);
	}
	CHECK_ERR(EBADF, SYS_inotify_rm_watch, 777, 1);
	CHECK_ERR(EINVAL, SYS_inotify_rm_watch, fd, 1);
	CHECK_ERR(EINVAL, SYS_inotify_rm_watch, in, 3);
	sys(SYS_close, in), sys(SYS_close, fd), sys(SYS_close, dir), sys(SYS_unlink, P("f")), sys(SYS_unlink, Q("l"));
}

enum { KCMP_FILE = 100, KCMP_FILEOBJ, KCMP_FILES, KCMP_SIGHAND, KCMP_VM };

static void
kernel_objects_compare(void)
{
	int64_t me = sys(SYS_getpid), a = files_make(P("f"), "x"), b = sys(SYS_dup, a), c = sys(SYS_open, P("f"), O_RDONLY, 0);
	int64_t d = files_make(Q("g"), "x"), first;

	first = sys(SYS_kcmp, me, me, KCMP_FILE, a, c);
	if (first == -ENOSYS || first == -EPERM)
		return; /* a host without it */
	CHECK(first == 1 || first == 2);
	CHECK_EQ(sys(SYS_kcmp, me, me, KCMP_FILE, c, a), 3 - first);
	CHECK_EQ(sys(SYS_kcmp, me, me, KCMP_FILE, a, b), 0);
	CHECK_EQ(sys(SYS_kcmp, me, me, KCMP_FILEOBJ, a, c), 0);
	first = sys(SYS_kcmp, me, me, KCMP_FILEOBJ, a, d);
	CHECK(first == 1 || first == 2);
	CHECK_EQ(sys(SYS_kcmp, me, me, KCMP_FILEOBJ, d, a), 3 - first);
	CHECK_EQ(sys(SYS_kcmp, me, me, KCMP_FILES, 0, 0), 0);
	CHECK_EQ(sys(SYS_kcmp, me, me, KCMP_VM, 0, 0), 0);
	CHECK_EQ(sys(SYS_kcmp, me, me, KCMP_SIGHAND, 0, 0), 0);
	CHECK_ERR(EBADF, SYS_kcmp, me, me, KCMP_FILE, a, 777);
	CHECK_ERR(EBADF, SYS_kcmp, me, me, KCMP_FILEOBJ, a, 777);
	CHECK_ERR(EBADF, SYS_kcmp, me, me, KCMP_FILE, a, 1 << 30);
	CHECK_ERR(EINVAL, SYS_kcmp, me, me, 0, a, b);
	CHECK_ERR(ESRCH, SYS_kcmp, me, 0x7ffffff0, KCMP_VM, 0, 0);
	sys(SYS_close, a), sys(SYS_close, b), sys(SYS_close, c), sys(SYS_close, d), sys(SYS_unlink, P("f")), sys(SYS_unlink, Q("g"));
}

const struct test tests[] = {
    {"counters_count", counters_count},
    {"special_descriptors_are_checked", special_descriptors_are_checked},
    {"watches_tell_what_happens", watches_tell_what_happens},
    {"files_can_be_watched", files_can_be_watched},
    {"watches_are_checked", watches_are_checked},
    {"kernel_objects_compare", kernel_objects_compare},
    {0},
};
