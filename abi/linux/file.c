/*
 * Files: open, close, duplicates, pipes, status, directories, vectors, control.
 * Source: Linux manual section 2; arch/arm64/include/uapi/asm/stat.h by way of asm-generic/stat.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "abi/core/fd.h"
#include "abi/core/path.h"
#include "abi/core/sets.h"
#include "abi/linux/linux.h"
#include "linux-aarch64.h"
#include "linux-sets.h"

struct linux_stat {
	uint64_t dev, ino;
	uint32_t mode, nlink, uid, gid;
	uint64_t rdev, pad1;
	int64_t size;
	int32_t blksize, pad2;
	int64_t blocks;
	struct timespec atim, mtim, ctim;
	uint32_t unused[2];
};
_Static_assert(sizeof(struct linux_stat) == 128, "asm-generic/stat.h");

long
linux_fd_new(struct thread *t, long r)
{
	if (r < fd_guest_soft())
		return r;
	host_call(SYS_close, r);
	return -EMFILE;
}

long
linux_openat(struct thread *t, int dir, uint64_t path, uint32_t flags, uint32_t mode)
{
	uint32_t use = flags & 0x40 ? PATH_CREATE : PATH_OPEN;
	uint64_t host;
	struct path p;
	long r;

	/* unknown bits are ignored, as openat(2) says */
	for (uint32_t bit = 1; bit; bit <<= 1)
		if (flags & bit && bit > 2 && !set_to_host(&linux_open_set, bit, &host))
			flags &= ~bit;
	if (!set_to_host(&linux_open_set, flags, &host))
		return -EINVAL;
	r = path_get(t, dir, path, use | (host & O_NOFOLLOW ? PATH_NOFOLLOW : 0), &p);
	if (r)
		return r;
	r = path_open(t, &p, (int)host, mode);
	path_done(&p);
	return r;
}

long
linux_close(struct thread *t, int fd)
{
	return fd_is_ours(fd) ? -EBADF : host_call(SYS_close, fd);
}

long
linux_dup(struct thread *t, int fd)
{
	return fd_is_ours(fd) ? -EBADF : host_call(SYS_dup, fd);
}

long
linux_dup3(struct thread *t, int from, int to, uint32_t flags)
{
	uint64_t host;

	if (!set_to_host(&linux_open_set, flags, &host))
		return -EINVAL;
	if (fd_is_ours(from) || to < 0 || to >= fd_guest_soft())
		return -EBADF;
	return host_call(SYS_dup3, from, to, host);
}

long
linux_pipe2(struct thread *t, uint64_t fds, uint32_t flags)
{
	uint64_t host;
	int fd[2];
	long r;

	if (!set_to_host(&linux_open_set, flags, &host))
		return -EINVAL;
	r = host_call(SYS_pipe2, fd, host);
	if (r)
		return r;
	r = fd[0] < fd_guest_soft() && fd[1] < fd_guest_soft() ? gm_write(fds, fd, sizeof(fd)) : -EMFILE;
	if (r) {
		host_call(SYS_close, fd[0]);
		host_call(SYS_close, fd[1]);
	}
	return r;
}

/* ---- status ---- */

static int
put_stat(uint64_t to, const struct stat *h)
{
	struct linux_stat s = {.dev = h->st_dev, .ino = h->st_ino, .mode = h->st_mode, .nlink = (uint32_t)h->st_nlink,
	                       .uid = h->st_uid, .gid = h->st_gid, .rdev = h->st_rdev, .size = h->st_size,
	                       .blksize = (int32_t)h->st_blksize, .blocks = h->st_blocks, .atim = h->st_atim,
	                       .mtim = h->st_mtim, .ctim = h->st_ctim};

	return gm_write(to, &s, sizeof(s));
}

long
linux_fstat(struct thread *t, int fd, uint64_t st)
{
	struct stat h;
	long r = fd_is_ours(fd) ? -EBADF : host_call(SYS_fstat, fd, &h);

	return r ? r : put_stat(st, &h);
}

/* The *at calls that look: AT_ flags are the host's. */
static int
look(struct thread *t, int dir, uint64_t path, uint32_t flags, struct path *ret)
{
	return path_get(t, dir, path, (flags & AT_SYMLINK_NOFOLLOW ? PATH_LINK : PATH_EXISTING) | (flags & AT_EMPTY_PATH ? PATH_EMPTY : 0),
	                ret);
}

long
linux_fstatat(struct thread *t, int dir, uint64_t path, uint64_t st, uint32_t flags)
{
	struct path p;
	struct stat h;
	long r;

	if (flags & ~(uint32_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT))
		return -EINVAL;
	r = look(t, dir, path, flags, &p);
	if (r)
		return r;
	r = host_call(SYS_newfstatat, p.dirfd, p.name, &h, flags);
	path_done(&p);
	return r ? r : put_stat(st, &h);
}

long
linux_statx(struct thread *t, int dir, uint64_t path, uint32_t flags, uint32_t mask, uint64_t st)
{
	struct statx x;
	struct path p;
	long r = look(t, dir, path, flags, &p);

	if (r)
		return r;
	r = host_call(SYS_statx, p.dirfd, p.name, flags, mask, &x);
	path_done(&p);
	return r ? r : gm_write(st, &x, sizeof(x));
}

long
linux_faccessat(struct thread *t, int dir, uint64_t path, int mode)
{
	struct path p;
	long r = path_get(t, dir, path, PATH_EXISTING, &p);

	if (r)
		return r;
	r = host_call(SYS_faccessat, p.dirfd, p.name, mode);
	path_done(&p);
	return r;
}

long
linux_readlinkat(struct thread *t, int dir, uint64_t path, uint64_t buf, uint64_t size)
{
	char text[4096];
	struct path p;
	long r;

	if ((int)size <= 0)
		return -EINVAL;
	r = path_get(t, dir, path, PATH_LINK | PATH_EMPTY, &p);
	if (r)
		return r;
	if (p.self == PATH_SELF_FILE) {
		r = (long)strlen(t->task->exec_path);
		memcpy(text, t->task->exec_path, (size_t)r < sizeof(text) ? (size_t)r : sizeof(text));
	} else {
		r = host_call(SYS_readlinkat, p.dirfd, p.name, text, sizeof(text));
	}
	path_done(&p);
	if (r < 0)
		return r;
	if ((uint64_t)r > size)
		r = (long)size;
	return gm_write(buf, text, (uint64_t)r) ? -EFAULT : r;
}

/* ---- directories ---- */

long
linux_mkdirat(struct thread *t, int dir, uint64_t path, uint32_t mode)
{
	struct path p;
	long r = path_get(t, dir, path, PATH_PARENT, &p);

	if (r)
		return r;
	r = host_call(SYS_mkdirat, p.dirfd, p.name, mode);
	path_done(&p);
	return r;
}

long
linux_unlinkat(struct thread *t, int dir, uint64_t path, uint32_t flags)
{
	struct path p;
	long r = path_get(t, dir, path, PATH_LINK, &p);

	if (r)
		return r;
	r = host_call(SYS_unlinkat, p.dirfd, p.name, flags);
	path_done(&p);
	return r;
}

long
linux_chdir(struct thread *t, uint64_t path)
{
	struct path p;
	long fd, r = path_get(t, AT_FDCWD, path, PATH_EXISTING, &p);

	if (r)
		return r;
	fd = host_call(SYS_openat, p.dirfd, p.name, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	path_done(&p);
	if (fd < 0)
		return fd;
	r = host_call(SYS_fchdir, fd);
	host_call(SYS_close, fd);
	return r;
}

/* The length includes the NUL. */
long
linux_getcwd(struct thread *t, uint64_t buf, uint64_t size)
{
	char text[4096];
	const char *guest;
	long r = host_call(SYS_getcwd, text, sizeof(text));

	if (r < 0)
		return r;
	guest = path_for_guest(t, text);
	if (!guest)
		return -ENOENT;
	r = (long)strlen(guest) + 1;
	if ((uint64_t)r > size)
		return -ERANGE;
	return gm_write(buf, guest, (uint64_t)r) ? -EFAULT : r;
}
