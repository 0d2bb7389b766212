/*
 * Names and attributes: link unlink rename mkdir chmod chown utimes and their at forms, readlink, directories to work in.
 * Source: FreeBSD manual section 2.
 */
#include "abi/freebsd/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "abi/core/fd.h"
#include "abi/freebsd/kqueue.h"
#include "freebsd-amd64.h"
#include "freebsd-sets.h"

void
fbsd_fd_name(int fd, char *ret)
{
	snprintf(ret, 32, "/proc/self/fd/%d", fd);
}

void
fbsd_fd_closed(struct thread *t, int fd)
{
	fbsd_kq_fd_closed(t, fd);
	if (fd >= 0 && fd < FBSD_NOSIGPIPE_FDS)
		fbsd_task(t)->nosigpipe[fd / 8] &= (uint8_t)~(1u << (fd % 8));
}

void
fbsd_fd_range_closed(struct thread *t, int low, int high)
{
	for (int fd = low; fd <= high; fd++)
		fbsd_fd_closed(t, fd);
}

bool
fbsd_at_flags(uint32_t flags, uint32_t allowed, int *ret_host)
{
	uint64_t h;

	/* Resolution beneath is only offered by open: elsewhere it is an error rather than a promise not kept. */
	if (flags & ~allowed || !set_to_host(&fbsd_at_set, flags, &h))
		return false;
	*ret_host = (int)h;
	return true;
}

/* One path, up to three further host arguments. */
static long
with_path(struct thread *t, long nr, int fd, uint64_t path, enum path_use use, uint64_t a, uint64_t b, uint64_t c)
{
	struct path p;
	long r = path_get(t, fd, path, use, &p);

	if (r == 0)
		r = host_block(t, nr, p.dirfd, p.name, a, b, c);
	path_done(&p);
	return r;
}

long
fbsd_access(struct thread *t, uint64_t path, int amode)
{
	return with_path(t, SYS_faccessat, AT_FDCWD, path, PATH_EXISTING, (uint64_t)amode, 0, 0);
}

long
fbsd_eaccess(struct thread *t, uint64_t path, int amode)
{
	return with_path(t, SYS_faccessat2, AT_FDCWD, path, PATH_EXISTING, (uint64_t)amode, AT_EACCESS, 0);
}

long
fbsd_faccessat(struct thread *t, int fd, uint64_t path, int amode, uint32_t flag)
{
	int h;

	if (!fbsd_at_flags(flag, FBSD_AT_EACCESS | FBSD_AT_SYMLINK_NOFOLLOW | FBSD_AT_EMPTY_PATH, &h))
		return -EINVAL;
	return with_path(t, SYS_faccessat2, fd, path, PATH_EXISTING, (uint64_t)amode, (uint64_t)h, 0);
}

/* A directory cannot be unlinked: EPERM, where Linux says EISDIR. */
static long
do_unlink(struct thread *t, int fd, uint64_t path, int h)
{
	long r = with_path(t, SYS_unlinkat, fd, path, PATH_PARENT, (uint64_t)h, 0, 0);

	return r == -EISDIR ? -EPERM : r;
}

long
fbsd_unlink(struct thread *t, uint64_t path)
{
	return do_unlink(t, AT_FDCWD, path, 0);
}

long
fbsd_unlinkat(struct thread *t, int fd, uint64_t path, uint32_t flag)
{
	int h;

	if (!fbsd_at_flags(flag, FBSD_AT_REMOVEDIR, &h))
		return -EINVAL;
	return do_unlink(t, fd, path, h);
}

long
fbsd_rmdir(struct thread *t, uint64_t path)
{
	return with_path(t, SYS_unlinkat, AT_FDCWD, path, PATH_PARENT, AT_REMOVEDIR, 0, 0);
}

static long
two_paths(struct thread *t, long nr, int fd1, uint64_t path1, enum path_use use1, int fd2, uint64_t path2, uint64_t flags)
{
	struct path p, q;
	long r = path_get(t, fd1, path1, use1, &p);

	if (r == 0) {
		r = path_get(t, fd2, path2, PATH_PARENT, &q);
		if (r == 0)
			r = host_call(nr, p.dirfd, p.name, q.dirfd, q.name, flags);
		path_done(&q);
	}
	path_done(&p);
	return r;
}

long
fbsd_rename(struct thread *t, uint64_t from, uint64_t to)
{
	return two_paths(t, SYS_renameat2, AT_FDCWD, from, PATH_PARENT, AT_FDCWD, to, 0);
}

long
fbsd_renameat(struct thread *t, int oldfd, uint64_t old, int newfd, uint64_t newp)
{
	return two_paths(t, SYS_renameat2, oldfd, old, PATH_PARENT, newfd, newp, 0);
}

/* link follows a final link of the first path, unlike Linux's. */
long
fbsd_link(struct thread *t, uint64_t path, uint64_t to)
{
	return two_paths(t, SYS_linkat, AT_FDCWD, path, PATH_PARENT, AT_FDCWD, to, AT_SYMLINK_FOLLOW);
}

long
fbsd_linkat(struct thread *t, int fd1, uint64_t path1, int fd2, uint64_t path2, uint32_t flag)
{
	int h;

	if (!fbsd_at_flags(flag, FBSD_AT_SYMLINK_FOLLOW | FBSD_AT_EMPTY_PATH, &h))
		return -EINVAL;
	return two_paths(t, SYS_linkat, fd1, path1, PATH_PARENT, fd2, path2, (uint64_t)h);
}

static long
do_symlink(struct thread *t, uint64_t text, int fd, uint64_t path)
{
	char target[PATH_BYTES];
	struct path p;
	long r = gm_read_str(target, text, sizeof(target));

	if (r < 0)
		return r;
	r = path_get(t, fd, path, PATH_PARENT, &p);
	if (r == 0)
		r = host_call(SYS_symlinkat, target, p.dirfd, p.name);
	path_done(&p);
	return r;
}

long
fbsd_symlink(struct thread *t, uint64_t path, uint64_t link)
{
	return do_symlink(t, path, AT_FDCWD, link);
}

long
fbsd_symlinkat(struct thread *t, uint64_t path1, int fd, uint64_t path2)
{
	return do_symlink(t, path1, fd, path2);
}

static long
do_readlink(struct thread *t, int fd, uint64_t path, uint64_t buf, uint64_t size)
{
	char out[PATH_BYTES];
	struct path p;
	long r = path_get(t, fd, path, PATH_PARENT, &p);

	if (size > sizeof(out))
		size = sizeof(out);
	if (r == 0 && p.is_self) {
		r = (long)strlen(p.name);
		if ((uint64_t)r > size)
			r = (long)size;
		memcpy(out, p.name, (size_t)r);
	} else if (r == 0) {
		r = host_call(SYS_readlinkat, p.dirfd, p.name, out, size);
	}
	path_done(&p);
	if (r > 0 && gm_write(buf, out, (uint64_t)r))
		return -EFAULT;
	return r;
}

long
fbsd_readlink(struct thread *t, uint64_t path, uint64_t buf, uint64_t count)
{
	return do_readlink(t, AT_FDCWD, path, buf, count);
}

long
fbsd_readlinkat(struct thread *t, int fd, uint64_t path, uint64_t buf, uint64_t bufsize)
{
	return do_readlink(t, fd, path, buf, bufsize);
}

long
fbsd_mkdir(struct thread *t, uint64_t path, uint32_t mode)
{
	return with_path(t, SYS_mkdirat, AT_FDCWD, path, PATH_PARENT, mode & 07777, 0, 0);
}

long
fbsd_mkdirat(struct thread *t, int fd, uint64_t path, uint32_t mode)
{
	return with_path(t, SYS_mkdirat, fd, path, PATH_PARENT, mode & 07777, 0, 0);
}

long
fbsd_mkfifo(struct thread *t, uint64_t path, uint32_t mode)
{
	return with_path(t, SYS_mknodat, AT_FDCWD, path, PATH_PARENT, S_IFIFO | (mode & 07777), 0, 0);
}

long
fbsd_mkfifoat(struct thread *t, int fd, uint64_t path, uint32_t mode)
{
	return with_path(t, SYS_mknodat, fd, path, PATH_PARENT, S_IFIFO | (mode & 07777), 0, 0);
}

long
fbsd_chmod(struct thread *t, uint64_t path, uint32_t mode)
{
	return with_path(t, SYS_fchmodat, AT_FDCWD, path, PATH_EXISTING, mode & 07777, 0, 0);
}

#define SYS_FCHMODAT2 452 /* Linux 6.6 */

long
fbsd_fchmodat(struct thread *t, int fd, uint64_t path, uint32_t mode, uint32_t flag)
{
	long r;
	int h;

	if (!fbsd_at_flags(flag, FBSD_AT_SYMLINK_NOFOLLOW | FBSD_AT_EMPTY_PATH, &h))
		return -EINVAL;
	if (!h)
		return with_path(t, SYS_fchmodat, fd, path, PATH_EXISTING, mode & 07777, 0, 0);
	r = with_path(t, SYS_FCHMODAT2, fd, path, PATH_PARENT, mode & 07777, (uint64_t)h, 0);
	return r == -ENOSYS ? -EOPNOTSUPP : r;
}

long
fbsd_lchmod(struct thread *t, uint64_t path, uint32_t mode)
{
	return fbsd_fchmodat(t, AT_FDCWD, path, mode, FBSD_AT_SYMLINK_NOFOLLOW);
}

long
fbsd_chown(struct thread *t, uint64_t path, int uid, int gid)
{
	return with_path(t, SYS_fchownat, AT_FDCWD, path, PATH_EXISTING, (uint64_t)uid, (uint64_t)gid, 0);
}

long
fbsd_lchown(struct thread *t, uint64_t path, int uid, int gid)
{
	return with_path(t, SYS_fchownat, AT_FDCWD, path, PATH_PARENT, (uint64_t)uid, (uint64_t)gid, AT_SYMLINK_NOFOLLOW);
}

long
fbsd_fchownat(struct thread *t, int fd, uint64_t path, uint32_t uid, uint32_t gid, uint32_t flag)
{
	int h;

	if (!fbsd_at_flags(flag, FBSD_AT_SYMLINK_NOFOLLOW | FBSD_AT_EMPTY_PATH, &h))
		return -EINVAL;
	return with_path(t, SYS_fchownat, fd, path, h & AT_SYMLINK_NOFOLLOW ? PATH_PARENT : PATH_EXISTING, uid, gid,
	                 (uint64_t)h);
}

long
fbsd_truncate(struct thread *t, uint64_t path, int64_t length)
{
	struct path p;
	long r = path_get(t, AT_FDCWD, path, PATH_EXISTING, &p), fd;

	if (r == 0 && p.dirfd == AT_FDCWD) {
		r = host_call(SYS_truncate, p.name, length);
	} else if (r == 0) {
		fd = host_call(SYS_openat, p.dirfd, p.name, O_WRONLY | O_CLOEXEC);
		r = fd < 0 ? fd : host_call(SYS_ftruncate, fd, length);
		if (fd >= 0)
			host_call(SYS_close, fd);
	}
	path_done(&p);
	return r;
}

long
fbsd_chdir(struct thread *t, uint64_t path)
{
	struct path p;
	long r = path_get(t, AT_FDCWD, path, PATH_EXISTING, &p), fd;

	if (r == 0 && p.dirfd == AT_FDCWD) {
		r = host_call(SYS_chdir, p.name);
	} else if (r == 0) {
		fd = host_call(SYS_openat, p.dirfd, p.name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		r = fd < 0 ? fd : host_call(SYS_fchdir, fd);
		if (fd >= 0)
			host_call(SYS_close, fd);
	}
	path_done(&p);
	return r;
}

long
fbsd_getcwd(struct thread *t, uint64_t buf, uint64_t buflen)
{
	char cwd[PATH_BYTES];
	long n = host_call(SYS_getcwd, cwd, sizeof(cwd));

	if (n < 0)
		return n;
	if ((uint64_t)n > buflen)
		return -ERANGE;
	if (t->task->root && !strncmp(cwd, t->task->root, strlen(t->task->root)) && cwd[strlen(t->task->root)] == '/') {
		size_t cut = strlen(t->task->root);

		return gm_write(buf, cwd + cut, (uint64_t)n - cut);
	}
	return gm_write(buf, cwd, (uint64_t)n);
}
