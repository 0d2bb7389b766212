/*
 * pathconf fpathconf lpathconf.
 * Source: FreeBSD manual pathconf(2), sys/unistd.h; which names a file knows: vop_stdpathconf, ufs_pathconf.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "abi/core/fd.h"
#include "abi/freebsd/file.h"
#include "freebsd-amd64.h"

enum {
	PC_LINK_MAX = 1, PC_MAX_CANON, PC_MAX_INPUT, PC_NAME_MAX, PC_PATH_MAX, PC_PIPE_BUF, PC_CHOWN_RESTRICTED, PC_NO_TRUNC,
	PC_VDISABLE, PC_ALLOC_SIZE_MIN, PC_FILESIZEBITS = 12, PC_REC_INCR_XFER_SIZE = 14, PC_REC_MAX_XFER_SIZE,
	PC_REC_MIN_XFER_SIZE, PC_REC_XFER_ALIGN, PC_SYMLINK_MAX, PC_MIN_HOLE_SIZE = 21, PC_ASYNC_IO = 53, PC_PRIO_IO,
	PC_SYNC_IO, PC_ACL_EXTENDED = 59, PC_ACL_PATH_MAX, PC_CAP_PRESENT, PC_INF_PRESENT, PC_MAC_PRESENT, PC_ACL_NFS4,
	PC_DEALLOC_PRESENT, PC_NAMEDATTR_ENABLED, PC_HAS_NAMEDATTR, PC_HAS_HIDDENSYSTEM, PC_CLONE_BLKSIZE,
	PC_CASE_INSENSITIVE,
};

#define POSIX_ASYNC_IO 200112
#define PIPE_BUF_MIN   512
#define TTY_LINE       255
#define SYMLINK_MAX    1023
#define ACL_ENTRIES    3

/* Not every name has a value for every kind of file: then EINVAL. */
static long
by_kind(mode_t mode, bool tty, int name)
{
	switch (name) {
	case PC_MAX_CANON:
	case PC_MAX_INPUT:
		return tty ? TTY_LINE : -EINVAL;
	case PC_VDISABLE:
		return tty ? 0xff : -EINVAL;
	case PC_PIPE_BUF:
		return S_ISFIFO(mode) || S_ISDIR(mode) || S_ISSOCK(mode) ? PIPE_BUF_MIN : -EINVAL;
	}
	return -EINVAL;
}

static long
by_filesystem(int fd, const struct statfs *s, int name)
{
	long links;

	switch (name) {
	case PC_LINK_MAX:
		links = fpathconf(fd, _PC_LINK_MAX);
		return links > 0 ? links : -EINVAL;
	case PC_NAME_MAX:
		return (long)s->f_namelen;
	case PC_ALLOC_SIZE_MIN:
	case PC_REC_INCR_XFER_SIZE:
	case PC_REC_MIN_XFER_SIZE:
	case PC_MIN_HOLE_SIZE:
		return (long)s->f_bsize;
	}
	return -EINVAL;
}

/* -1 is a value: no limit.  It is given as a number of 32 bits, so that it is not taken for an error. */
static long
constant(int name)
{
	switch (name) {
	case PC_PATH_MAX:
		return PATH_BYTES;
	case PC_CHOWN_RESTRICTED:
	case PC_NO_TRUNC:
	case PC_DEALLOC_PRESENT:
		return 1;
	case PC_FILESIZEBITS:
		return 64;
	case PC_REC_MAX_XFER_SIZE:
		return UINT32_MAX;
	case PC_REC_XFER_ALIGN:
		return (long)GM_PAGE;
	case PC_SYMLINK_MAX:
		return SYMLINK_MAX;
	case PC_ASYNC_IO:
		return POSIX_ASYNC_IO;
	case PC_ACL_PATH_MAX:
		return ACL_ENTRIES;
	case PC_PRIO_IO:
	case PC_SYNC_IO:
	case PC_ACL_EXTENDED:
	case PC_CAP_PRESENT:
	case PC_INF_PRESENT:
	case PC_MAC_PRESENT:
	case PC_ACL_NFS4:
	case PC_NAMEDATTR_ENABLED:
	case PC_HAS_NAMEDATTR:
	case PC_HAS_HIDDENSYSTEM:
	case PC_CLONE_BLKSIZE:
	case PC_CASE_INSENSITIVE:
		return 0;
	}
	return -EINVAL;
}

static long
value(int fd, int name)
{
	struct stat st;
	struct statfs s;
	long r;

	if (fstat(fd, &st))
		return -errno;
	r = by_kind(st.st_mode, S_ISCHR(st.st_mode) && isatty(fd), name);
	/* Pipes and sockets are no files: they know two names. */
	if (r >= 0 || name == PC_ASYNC_IO)
		return r >= 0 ? r : POSIX_ASYNC_IO;
	r = constant(name);
	if (r < 0 && fstatfs(fd, &s) == 0)
		r = by_filesystem(fd, &s, name);
	return r;
}

static long
by_path(struct thread *t, uint64_t path, int name, uint32_t flag)
{
	struct path p;
	int h;
	long r = fbsd_path_at(t, AT_FDCWD, path, flag, FBSD_AT_USUAL, &p, &h), fd;

	if (r == 0) {
		fd = host_call(SYS_openat, p.dirfd, p.name, O_PATH | O_CLOEXEC | (h & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0));
		r = fd < 0 ? fd : value((int)fd, name);
		if (fd >= 0)
			host_call(SYS_close, fd);
	}
	path_done(&p);
	return r;
}

long
fbsd_pathconf(struct thread *t, uint64_t path, int name)
{
	return by_path(t, path, name, 0);
}

long
fbsd_lpathconf(struct thread *t, uint64_t path, int name)
{
	return by_path(t, path, name, FBSD_AT_SYMLINK_NOFOLLOW);
}

long
fbsd_fpathconf(struct thread *t, int fd, int name)
{
	struct stat st;

	if (!fbsd_fd_usable(fd) || fstat(fd, &st))
		return -EBADF;
	if ((S_ISSOCK(st.st_mode) || S_ISFIFO(st.st_mode)) && name != PC_PIPE_BUF && name != PC_ASYNC_IO)
		return -EINVAL;
	return value(fd, name);
}
