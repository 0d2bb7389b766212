/*
 * open openat and their flags.
 *
 * KNOWN LIMITS: O_SHLOCK and O_EXLOCK lock after the open, so that a second opener may for a moment find the file
 * unlocked.  A file opened with O_EXEC reports O_PATH.
 * Source: FreeBSD manual open(2), fd(4).
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
#define OWN_FLAGS (FBSD_O_SHLOCK | FBSD_O_EXLOCK | FBSD_O_EXEC | FBSD_O_RESOLVE_BENEATH | FBSD_O_EMPTY_PATH)

/* The file may have been created, so the open cannot be served again: a signal ends the wait. */
static long
lock_opened(struct thread *t, long fd, uint32_t flags)
{
	int how = (flags & FBSD_O_EXLOCK ? LOCK_EX : LOCK_SH) | (flags & FBSD_O_NONBLOCK ? LOCK_NB : 0);
	long r;

	do
		r = host_block(t, SYS_flock, fd, how);
	while ((r == -HOST_ERESTART || r == -EINTR) && !t->task->pers->signals_due(t));
	if (r == 0)
		return fd;
	host_call(SYS_close, fd);
	return r == -HOST_ERESTART ? -EINTR : r;
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
	long had = fbsd_fd_usable(fd) ? host_call(SYS_fcntl, fd, F_GETFL) : -EBADF, r;
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
	r = path_get(t, dirfd, path, use, &p);
	if (r == 0)
		r = open_path(t, &p, flags, (int)h, mode & 06777); /* the sticky bit is chmod's to set */
	path_done(&p);
	if (r >= 0 && flags & FBSD_O_EXEC)
		r = check_exec(r);
	return r >= 0 && flags & (FBSD_O_SHLOCK | FBSD_O_EXLOCK) ? lock_opened(t, r, flags) : r;
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
