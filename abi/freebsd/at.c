/*
 * Guest paths with AT_* flags.
 * Source: FreeBSD manual open(2) (O_RESOLVE_BENEATH), fcntl.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "abi/core/fd.h"
#include "abi/freebsd/file.h"

void
fbsd_fd_name(int fd, char *ret)
{
	snprintf(ret, 32, "/proc/self/fd/%d", fd);
}

bool
fbsd_fd_usable(int fd)
{
	return fd >= 0 && !fd_is_ours(fd);
}

int
fbsd_fd_is_vnode(int fd)
{
	struct statfs fs;
	struct stat st;

	if (!fbsd_fd_usable(fd) || host_call(SYS_fstat, fd, &st))
		return -EBADF;
	if (S_ISSOCK(st.st_mode) || (st.st_mode & S_IFMT) == 0)
		return 0;
	return !S_ISFIFO(st.st_mode) || host_call(SYS_fstatfs, fd, &fs) || fs.f_type != PIPEFS_MAGIC;
}

/* Leaving the directory is ENOTCAPABLE; path_get() has no other use for EXDEV. */
static int
get(struct thread *t, int fd, uint64_t path, uint32_t use, struct path *ret)
{
	int r = path_get(t, fd, path, use, ret);

	return r == -EXDEV ? -FBSD_ENOTCAPABLE : r;
}

int
fbsd_path(struct thread *t, int fd, uint64_t path, uint32_t use, struct path *ret)
{
	return get(t, fd, path, use, ret);
}

int
fbsd_path_at(struct thread *t, int fd, uint64_t path, uint32_t flags, uint32_t allowed, struct path *ret, int *ret_host)
{
	uint32_t use = flags & FBSD_AT_SYMLINK_NOFOLLOW ? PATH_LINK : PATH_EXISTING;
	int r;

	ret->own_fd = -1;
	*ret_host = 0;
	if (flags & ~allowed)
		return -EINVAL;
	if (flags & FBSD_AT_EMPTY_PATH)
		use |= PATH_EMPTY;
	if (flags & FBSD_AT_RESOLVE_BENEATH)
		use |= PATH_BENEATH;
	r = get(t, fd, path, use, ret);
	if (r)
		return r;
	if (ret->at_fd) {
		if (ret->dirfd != AT_FDCWD)
			fbsd_fd_name(ret->dirfd, ret->host);
		ret->name = ret->dirfd == AT_FDCWD ? "." : ret->host;
		ret->dirfd = AT_FDCWD;
	}
	/* A name of a descriptor is a link that must be followed, and then nothing more is. */
	if (flags & FBSD_AT_SYMLINK_NOFOLLOW && ret->name != ret->host)
		*ret_host |= AT_SYMLINK_NOFOLLOW;
	if (flags & FBSD_AT_EACCESS)
		*ret_host |= AT_EACCESS;
	return 0;
}
