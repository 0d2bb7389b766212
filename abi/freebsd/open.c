/*
 * open openat close and their flags.
 * Source: FreeBSD manual open(2), close(2), closefrom(2), close_range(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "abi/core/fd.h"
#include "abi/freebsd/file.h"
#include "abi/freebsd/kqueue.h"
#include "freebsd-amd64.h"
#include "freebsd-sets.h"

#define FBSD_O_SHLOCK          0x10u
#define FBSD_O_EXLOCK          0x20u
#define FBSD_O_EXEC            0x40000u
#define FBSD_O_RESOLVE_BENEATH 0x800000u
#define FBSD_O_EMPTY_PATH      0x2000000u
#define FBSD_O_DIRECTORY       0x20000u
#define FBSD_O_CREAT           0x200u
#define FBSD_O_NOFOLLOW        0x100u
#define FBSD_O_NONBLOCK        0x4u
#define OWN_FLAGS (FBSD_O_SHLOCK | FBSD_O_EXLOCK | FBSD_O_EXEC | FBSD_O_RESOLVE_BENEATH | FBSD_O_EMPTY_PATH)

/* The lock comes after the open, so a second opener may for a moment find the file unlocked. */
static long
lock_opened(struct thread *t, long fd, uint32_t flags)
{
	long r;

	if (fd < 0 || !(flags & (FBSD_O_SHLOCK | FBSD_O_EXLOCK)))
		return fd;
	r = host_block(t, SYS_flock, fd,
	               (flags & FBSD_O_EXLOCK ? LOCK_EX : LOCK_SH) | (flags & FBSD_O_NONBLOCK ? LOCK_NB : 0));
	if (r) {
		host_call(SYS_close, fd);
		return r;
	}
	return fd;
}

static long
open_beneath(struct thread *t, int dirfd, const char *name, int hflags, uint32_t mode)
{
	struct open_how how = {.flags = (uint64_t)hflags,
	                       .mode = hflags & (O_CREAT | __O_TMPFILE) ? mode & 07777 : 0,
	                       .resolve = RESOLVE_BENEATH};
	long r = host_block(t, SYS_openat2, dirfd, name, &how, sizeof(how));

	return r == -EXDEV ? -GUEST_ERRNO(93) /* ENOTCAPABLE */ : r;
}

static long
open_path(struct thread *t, const struct path *p, uint32_t flags, int hflags, uint32_t mode)
{
	long r;

	if (flags & FBSD_O_RESOLVE_BENEATH)
		r = open_beneath(t, p->dirfd, p->name, hflags, mode);
	else
		r = host_block(t, SYS_openat, p->dirfd, p->name, hflags, mode);
	if (r == -ELOOP && flags & FBSD_O_NOFOLLOW) {
		struct stat st;

		/* The link itself, rather than too many on the way. */
		if (!fstatat(p->dirfd, p->name, &st, AT_SYMLINK_NOFOLLOW) && S_ISLNK(st.st_mode))
			return -EMLINK;
	}
	return lock_opened(t, r, flags);
}

static long
do_open(struct thread *t, int dirfd, uint64_t path, uint32_t flags, uint32_t mode)
{
	uint64_t h;
	struct path p;
	long r;

	if (!set_to_host(&fbsd_open_set, flags & ~OWN_FLAGS, &h))
		return -EINVAL;
	if ((flags & 3) == 3 || (flags & FBSD_O_EXEC && flags & 3) ||
	    (flags & (FBSD_O_DIRECTORY | FBSD_O_CREAT)) == (FBSD_O_DIRECTORY | FBSD_O_CREAT))
		return -EINVAL;
	if (flags & FBSD_O_EXEC)
		h |= O_PATH;
	r = path_get(t, dirfd, path, flags & FBSD_O_CREAT ? PATH_PARENT : PATH_EXISTING, &p);
	if (r == -ENOENT && flags & FBSD_O_EMPTY_PATH && !p.text[0]) {
		char self[32];

		fbsd_fd_name(dirfd, self);
		return dirfd == AT_FDCWD ? -ENOENT : host_block(t, SYS_openat, AT_FDCWD, self, h, 0);
	}
	if (r == 0)
		r = open_path(t, &p, flags, (int)h, mode & 07777);
	path_done(&p);
	return r;
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

/* Linux has released the number even when it reports EINTR. */
long
fbsd_close(struct thread *t, int fd)
{
	long r;

	if (fd_is_ours(fd))
		return -EBADF;
	fbsd_fd_closed(t, fd);
	r = host_call(SYS_close, fd);
	return r == -EINTR ? 0 : r;
}

#define FBSD_CLOSE_RANGE_CLOEXEC 4

long
fbsd_close_range(struct thread *t, uint32_t low, uint32_t high, int flags)
{
	uint32_t end = (uint32_t)fd_guest_limit() - 1;

	if (flags & ~FBSD_CLOSE_RANGE_CLOEXEC || high < low)
		return -EINVAL;
	if (low > end)
		return 0;
	if (high > end)
		high = end;
	if (!(flags & FBSD_CLOSE_RANGE_CLOEXEC))
		fbsd_fd_range_closed(t, (int)low, (int)high);
	return host_call(SYS_close_range, low, high, flags & FBSD_CLOSE_RANGE_CLOEXEC);
}

long
fbsd_freebsd12_closefrom(struct thread *t, int low)
{
	return fbsd_close_range(t, low < 0 ? 0 : (uint32_t)low, UINT32_MAX, 0);
}

long
fbsd_dup(struct thread *t, uint32_t fd)
{
	long r;

	if (fd_is_ours((int)fd))
		return -EBADF;
	r = host_call(SYS_dup, fd);
	if (r >= 0)
		fbsd_kq_fd_duped(t, (int)fd, (int)r);
	return r;
}

long
fbsd_dup2(struct thread *t, uint32_t from, uint32_t to)
{
	long r;

	if (fd_is_ours((int)from) || (int)to < 0 || fd_is_ours((int)to))
		return -EBADF;
	if (from != to && host_call(SYS_fcntl, from, F_GETFD) >= 0)
		fbsd_fd_closed(t, (int)to);
	r = host_call(SYS_dup2, from, to);
	if (r >= 0 && from != to)
		fbsd_kq_fd_duped(t, (int)from, (int)to);
	return r;
}

#define PIPE_FLAGS_KNOWN 0x100004u /* O_CLOEXEC | O_NONBLOCK */

long
fbsd_pipe2(struct thread *t, uint64_t fdp, uint32_t flags)
{
	int fd[2];
	uint64_t h;
	long r;

	if (flags & ~PIPE_FLAGS_KNOWN || !set_to_host(&fbsd_open_set, flags, &h))
		return -EINVAL;
	r = host_call(SYS_pipe2, fd, h);
	if (r == 0 && gm_write(fdp, fd, sizeof(fd))) {
		host_call(SYS_close, fd[0]);
		host_call(SYS_close, fd[1]);
		r = -EFAULT;
	}
	return r;
}

long
fbsd_freebsd10_pipe(struct thread *t)
{
	int fd[2];
	long r = host_call(SYS_pipe2, fd, 0);

	if (r)
		return r;
	t->has_ret2 = true;
	t->ret2 = (uint64_t)fd[1];
	return fd[0];
}
