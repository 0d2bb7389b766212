/*
 * open openat and their flags.
 *
 * KNOWN LIMITS: where the host's file system has no O_TMPFILE another opener may be the first to lock a file that was made
 * with O_EXCL and a lock.  A file opened with O_EXEC reports O_PATH.
 * Source: FreeBSD manual open(2), fd(4); order of lock and truncation as in vfs_vnops.c and kern_openat().
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/core/fd.h"
#include "abi/freebsd/file.h"
#include "freebsd-amd64.h"
#include "freebsd-sets.h"

#define FBSD_O_SHLOCK          0x10u
#define FBSD_O_EXLOCK          0x20u
#define FBSD_O_EXEC            0x40000u
#define FBSD_O_PATH            0x400000u
#define FBSD_O_RESOLVE_BENEATH 0x800000u
#define FBSD_O_EMPTY_PATH      0x2000000u
#define FBSD_O_DIRECTORY       0x20000u
#define FBSD_O_CREAT           0x200u
#define FBSD_O_TRUNC           0x400u
#define FBSD_O_NOFOLLOW        0x100u
#define FBSD_O_NONBLOCK        0x4u
#define FBSD_O_EXCL            0x800u
#define LOCKS                  (FBSD_O_SHLOCK | FBSD_O_EXLOCK)
#define CREATE_NEW             (FBSD_O_CREAT | FBSD_O_EXCL)
#define OWN_FLAGS (FBSD_O_SHLOCK | FBSD_O_EXLOCK | FBSD_O_EXEC | FBSD_O_RESOLVE_BENEATH | FBSD_O_EMPTY_PATH)

/* Whoever waited for the lock may empty the file now; a descriptor that only reads needs another one for it. */
static long
empty_locked(long fd, uint32_t flags)
{
	char name[32];
	struct stat st;
	long own;

	if (fstat((int)fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return 0;
	if (flags & 3)
		return host_call(SYS_ftruncate, fd, 0);
	fbsd_fd_name((int)fd, name);
	own = host_call(SYS_openat, AT_FDCWD, name, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOCTTY);
	if (own >= 0)
		host_call(SYS_close, own);
	return own < 0 ? own : 0;
}

/* The file may have been created, so the open cannot be served again: a signal ends the wait. */
static long
lock_opened(struct thread *t, long fd, uint32_t flags)
{
	int how = (flags & FBSD_O_EXLOCK ? LOCK_EX : LOCK_SH) | (flags & FBSD_O_NONBLOCK ? LOCK_NB : 0);
	long r = 0;

	if ((flags & (FBSD_O_TRUNC | 3)) == FBSD_O_TRUNC)
		r = host_call(SYS_faccessat2, fd, "", W_OK, AT_EMPTY_PATH | AT_EACCESS);
	if (r == 0) {
		do
			r = host_block(t, SYS_flock, fd, how);
		while ((r == -HOST_ERESTART || r == -EINTR) && !t->task->pers->signals_due(t));
	}
	if (r == 0 && flags & FBSD_O_TRUNC)
		r = empty_locked(fd, flags);
	if (r == 0)
		return fd;
	host_call(SYS_close, fd);
	return r == -HOST_ERESTART ? -EINTR : r;
}

/* The same file, only to be read, at the same number. */
static long
only_reading(long fd, int hflags)
{
	char name[32];
	long own, r;

	fbsd_fd_name((int)fd, name);
	r = own = host_call(SYS_openat, AT_FDCWD, name, hflags);
	if (own >= 0) {
		r = host_call(SYS_dup3, own, fd, hflags & O_CLOEXEC);
		host_call(SYS_close, own);
	}
	if (r < 0)
		host_call(SYS_close, fd);
	return r;
}

/* The file without a name that is to get p's, in the same directory; -errno. */
static long
open_nameless(const struct path *p, int hflags, uint32_t mode)
{
	int access = hflags & O_ACCMODE ? hflags & O_ACCMODE : O_RDWR;
	char dir[PATH_BASE + PATH_BYTES], *end;
	long fd;

	strcpy(dir, p->name);
	end = strrchr(dir, '/');
	if (end && !end[1])
		return -EISDIR;
	strcpy(end ? end + 1 : dir, ".");
	hflags &= ~(O_CREAT | O_EXCL | O_TRUNC | O_NOFOLLOW);
	fd = host_call(SYS_openat, p->dirfd, dir, (hflags & ~O_ACCMODE) | access | O_TMPFILE, mode);
	return fd >= 0 && access != (hflags & O_ACCMODE) ? only_reading(fd, hflags) : fd;
}

/*
 * Who makes a file with O_EXCL has the first right to its lock (VI_FOPENING): it gets its name when it is locked.
 * -EAGAIN when that cannot be done here; what is wrong is then said by an ordinary open.
 */
static long
create_locked(struct thread *t, int dirfd, uint64_t name, uint32_t flags, int hflags, uint32_t mode)
{
	uint32_t use = PATH_PARENT | (flags & FBSD_O_RESOLVE_BENEATH ? PATH_BENEATH : 0);
	char self[32];
	struct path p;
	long fd = -1;
	int r = path_get(t, dirfd, name, use, &p);

	if (r == 0 && p.self == PATH_NOT_SELF && !p.at_fd)
		fd = open_nameless(&p, hflags, mode);
	if (fd >= 0) {
		fbsd_fd_name((int)fd, self);
		r = (int)host_call(SYS_flock, fd, flags & FBSD_O_EXLOCK ? LOCK_EX : LOCK_SH);
		if (r == 0)
			r = (int)host_call(SYS_linkat, AT_FDCWD, self, p.dirfd, p.name, AT_SYMLINK_FOLLOW);
		if (r)
			host_call(SYS_close, fd);
	}
	path_done(&p);
	return fd >= 0 && r == 0 ? fd : -EAGAIN;
}

/* O_EXEC and O_SEARCH: nothing can be read, and the right to execute is asked now. */
static long
check_exec(long fd)
{
	long r = host_call(SYS_faccessat2, fd, "", X_OK, AT_EMPTY_PATH | AT_EACCESS);

	if (r == 0)
		return fd;
	host_call(SYS_close, fd);
	return r;
}

/* What is there, without opening it; 0 when that cannot be told. */
static mode_t
kind_of(struct thread *t, const struct path *p, int nofollow)
{
	long fd = path_open(t, p, O_PATH | O_CLOEXEC | nofollow, 0);
	struct stat st = {0};

	if (fd < 0)
		return 0;
	if (fstat((int)fd, &st))
		st.st_mode = 0;
	host_call(SYS_close, fd);
	return st.st_mode;
}

static bool
ends_in_slash(const struct path *p)
{
	size_t n = strlen(p->name);

	return n && p->name[n - 1] == '/';
}

/* The host's errors where FreeBSD has others. */
static long
open_error(struct thread *t, const struct path *p, long r, uint32_t flags)
{
	if (r == -EXDEV && flags & FBSD_O_RESOLVE_BENEATH)
		return -FBSD_ENOTCAPABLE;
	if (r == -ELOOP && flags & FBSD_O_NOFOLLOW && S_ISLNK(kind_of(t, p, O_NOFOLLOW)))
		return -EMLINK; /* the link itself, rather than too many on the way */
	if (r == -EISDIR && flags & FBSD_O_CREAT && ends_in_slash(p)) {
		long fd = path_open(t, p, O_PATH | O_CLOEXEC, 0); /* a directory it is, or what lookup says of it */

		if (fd < 0)
			return fd;
		host_call(SYS_close, fd);
	}
	if (r == -ENXIO && S_ISSOCK(kind_of(t, p, 0)))
		return -EOPNOTSUPP;
	return r;
}

/* /dev/fd/N and /dev/std*: opening duplicates the descriptor.  Its number, or -1 for other names. */
static int
device_fd(const char *path)
{
	static const char *const std[] = {"in", "out", "err"};
	char *end;
	long n;

	if (strncmp(path, "/dev/", 5))
		return -1;
	path += 5;
	for (int i = 0; i < 3; i++)
		if (!strncmp(path, "std", 3) && !strcmp(path + 3, std[i]))
			return i;
	if (strncmp(path, "fd/", 3) || path[3] < '0' || path[3] > '9')
		return -1;
	n = strtol(path + 3, &end, 10);
	return *end || n > INT32_MAX ? -1 : (int)n;
}

static long
dup_device(struct thread *t, int fd, int hflags)
{
	long had = fbsd_fd_usable(fd) ? fbsd_fd_flags(fd) : -EBADF, r;
	int want = hflags & O_ACCMODE;

	if (had < 0)
		return had;
	had &= O_ACCMODE;
	if (had != O_RDWR && had != want)
		return -EACCES;
	r = host_call(SYS_fcntl, fd, hflags & O_CLOEXEC ? F_DUPFD_CLOEXEC : F_DUPFD, 0);
	if (r >= 0)
		fbsd_fd_duped(t, fd, (int)r);
	return r;
}

static long
open_path(struct thread *t, const struct path *p, uint32_t flags, int hflags, uint32_t mode)
{
	char self[32];
	int dev;
	long r;

	if (p->self > PATH_SELF_FILE)
		return fbsd_procfs_open(t, p->self, hflags);
	if (p->at_fd) {
		if (p->dirfd == AT_FDCWD)
			return host_block(t, SYS_openat, AT_FDCWD, ".", hflags);
		fbsd_fd_name(p->dirfd, self);
		return host_block(t, SYS_openat, AT_FDCWD, self, hflags & ~O_NOFOLLOW);
	}
	dev = flags & (FBSD_O_PATH | FBSD_O_CREAT) ? -1 : device_fd(p->text);
	if (dev >= 0)
		return dup_device(t, dev, hflags);
	r = path_open(t, p, hflags, hflags & O_CREAT ? mode : 0);
	return r < 0 ? open_error(t, p, r, flags) : r;
}

static bool
flags_fit(uint32_t flags)
{
	if ((flags & 3) == 3 || (flags & FBSD_O_EXEC && flags & 3))
		return false;
	return (flags & (FBSD_O_DIRECTORY | FBSD_O_CREAT)) != (FBSD_O_DIRECTORY | FBSD_O_CREAT);
}

static long
do_open(struct thread *t, int dirfd, uint64_t path, uint32_t flags, uint32_t mode)
{
	uint32_t use = flags & FBSD_O_CREAT ? PATH_CREATE : PATH_OPEN;
	uint64_t h;
	struct path p;
	long r;

	if (!set_to_host(&fbsd_open_set, flags & ~OWN_FLAGS, &h) || !flags_fit(flags))
		return -EINVAL;
	mode &= 06777; /* the sticky bit is chmod's to set */
	if (flags & (FBSD_O_CREAT | FBSD_O_TRUNC) && fd_full())
		return -EMFILE; /* before a file is made or emptied */
	if (flags & FBSD_O_EXEC)
		h |= O_PATH;
	if (flags & FBSD_O_EMPTY_PATH)
		use |= PATH_EMPTY;
	if (flags & FBSD_O_RESOLVE_BENEATH)
		use |= PATH_BENEATH;
	if (flags & FBSD_O_NOFOLLOW)
		use |= PATH_NOFOLLOW;
	if (flags & LOCKS && (flags & CREATE_NEW) == CREATE_NEW) {
		r = create_locked(t, dirfd, path, flags, (int)h, mode);
		if (r >= 0)
			return r;
	}
	if (flags & LOCKS)
		h &= ~(uint64_t)O_TRUNC;
	r = path_get(t, dirfd, path, use, &p);
	if (r == 0)
		r = open_path(t, &p, flags, (int)h, mode);
	path_done(&p);
	if (r >= 0 && flags & FBSD_O_EXEC)
		r = check_exec(r);
	return r >= 0 && flags & LOCKS ? lock_opened(t, r, flags) : r;
}

long
fbsd_open(struct thread *t, uint64_t path, uint32_t flags, uint32_t mode)
{
	return do_open(t, AT_FDCWD, path, flags, mode);
}

long
fbsd_openat(struct thread *t, int fd, uint64_t path, uint32_t flags, uint32_t mode)
{
	return do_open(t, fd, path, flags, mode);
}
