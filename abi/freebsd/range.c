/*
 * Sizes and ranges of files: truncate, room and advice, copies, holes, and the calls of FreeBSD 6 with a pad argument.
 * Source: FreeBSD manual truncate(2), posix_fallocate(2), posix_fadvise(2), copy_file_range(2), fspacectl(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/core/fd.h"
#include "abi/freebsd/file.h"
#include "freebsd-amd64.h"

long
fbsd_truncate(struct thread *t, uint64_t path, int64_t length)
{
	struct path p;
	long r = fbsd_path(t, AT_FDCWD, path, PATH_EXISTING, &p), fd;

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
fbsd_freebsd6_truncate(struct thread *t, uint64_t path, int pad, int64_t length)
{
	return fbsd_truncate(t, path, length);
}

long
fbsd_freebsd6_ftruncate(struct thread *t, int fd, int pad, int64_t length)
{
	return fbsd_fd_usable(fd) ? host_call(SYS_ftruncate, fd, length) : -EBADF;
}

long
fbsd_freebsd6_lseek(struct thread *t, int fd, int pad, int64_t offset, int whence)
{
	return fbsd_fd_usable(fd) ? host_call(SYS_lseek, fd, offset, whence) : -EBADF;
}

static long
positioned(struct thread *t, long nr, int fd, uint64_t buf, uint64_t n, int64_t offset)
{
	if (!fbsd_fd_usable(fd))
		return -EBADF;
	return gm_inside(buf, n) ? host_block(t, nr, fd, buf, n, offset) : -EFAULT;
}

long
fbsd_freebsd6_pread(struct thread *t, int fd, uint64_t buf, uint64_t nbyte, int pad, int64_t offset)
{
	return positioned(t, SYS_pread64, fd, buf, nbyte, offset);
}

long
fbsd_freebsd6_pwrite(struct thread *t, int fd, uint64_t buf, uint64_t nbyte, int pad, int64_t offset)
{
	return positioned(t, SYS_pwrite64, fd, buf, nbyte, offset);
}

/* Calls of POSIX that return their error: the guest's number is the value, and nothing failed. */
static long
error_as_value(struct thread *t, long r)
{
	const struct errno_map *m = t->task->pers->errnos;

	if (r >= 0 || r == -HOST_ERESTART || r == -EINTR)
		return r;
	return -r < (long)m->n && m->to_guest[-r] ? m->to_guest[-r] : m->to_guest[EIO];
}

static long
check_range(int64_t offset, int64_t len, bool some)
{
	if (offset < 0 || len < 0 || (some && len == 0))
		return -EINVAL;
	return len > INT64_MAX - offset ? -EFBIG : 0;
}

long
fbsd_posix_fallocate(struct thread *t, int fd, int64_t offset, int64_t len)
{
	long r = check_range(offset, len, true);

	if (r == 0)
		r = fbsd_fd_usable(fd) ? host_block(t, SYS_fallocate, fd, 0, offset, len) : -EBADF;
	return error_as_value(t, r);
}

#define ADVICE_LAST 5 /* POSIX_FADV_NOREUSE; all numbers are the host's */

long
fbsd_posix_fadvise(struct thread *t, int fd, int64_t offset, int64_t len, int advice)
{
	long r = check_range(offset, len, false);

	if (r || advice < 0 || advice > ADVICE_LAST)
		r = -EINVAL;
	else
		r = fbsd_fd_usable(fd) ? host_call(SYS_fadvise64, fd, offset, len, advice) : -EBADF;
	return error_as_value(t, r);
}

#define COPY_CHUNK 32768u /* threads of ours have small stacks */

/* Between file systems whose kernel side does not do it: part of a copy is a copy. */
static long
copy_by_hand(struct thread *t, int in, int64_t *in_off, int out, int64_t *out_off, uint64_t len)
{
	uint8_t buf[COPY_CHUNK];
	uint64_t ask = len < sizeof(buf) ? len : sizeof(buf);
	long n = in_off ? host_block(t, SYS_pread64, in, buf, ask, *in_off) : host_block(t, SYS_read, in, buf, ask);
	long r;

	if (n <= 0)
		return n;
	r = out_off ? host_call(SYS_pwrite64, out, buf, n, *out_off) : host_call(SYS_write, out, buf, n);
	if (!in_off && r != n)
		host_call(SYS_lseek, in, (r > 0 ? r : 0) - n, SEEK_CUR);
	if (r > 0 && in_off)
		*in_off += r;
	if (r > 0 && out_off)
		*out_off += r;
	return r;
}

long
fbsd_copy_file_range(struct thread *t, int in, uint64_t inoff, int out, uint64_t outoff, uint64_t len, uint32_t flags)
{
	int64_t from, to;
	long r;

	if (!fbsd_fd_usable(in) || !fbsd_fd_usable(out))
		return -EBADF;
	if (flags || len > INT64_MAX)
		return -EINVAL;
	if ((inoff && gm_load64(inoff, (uint64_t *)&from)) || (outoff && gm_load64(outoff, (uint64_t *)&to)))
		return -EFAULT;
	r = host_block(t, SYS_copy_file_range, in, inoff ? &from : NULL, out, outoff ? &to : NULL, len, 0);
	if (r == -EXDEV || r == -EOPNOTSUPP)
		r = copy_by_hand(t, in, inoff ? &from : NULL, out, outoff ? &to : NULL, len);
	if (r <= 0)
		return r;
	if ((inoff && gm_store64(inoff, (uint64_t)from)) || (outoff && gm_store64(outoff, (uint64_t)to)))
		return -EFAULT;
	return r;
}

#define SPACECTL_DEALLOC 1

struct fbsd_spacectl_range {
	int64_t offset, len;
};
_Static_assert(sizeof(struct fbsd_spacectl_range) == 16, "spacectl_range");

/* What is beyond the end of the file is not touched; nothing is ever left over. */
long
fbsd_fspacectl(struct thread *t, int fd, int cmd, uint64_t rqsr, int flags, uint64_t rmsr)
{
	struct fbsd_spacectl_range g;
	struct stat st;
	long r;

	if (!fbsd_fd_usable(fd) || fstat(fd, &st))
		return -EBADF;
	if (gm_read(&g, rqsr, sizeof(g)))
		return -EFAULT;
	if (cmd != SPACECTL_DEALLOC || flags || check_range(g.offset, g.len, true))
		return -EINVAL;
	if (!S_ISREG(st.st_mode))
		return -ENODEV;
	r = host_block(t, SYS_fallocate, fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, g.offset, g.len);
	if (r)
		return r;
	g.offset += g.len;
	if (g.offset > st.st_size)
		g.offset = st.st_size > g.offset - g.len ? st.st_size : g.offset - g.len;
	g.len = 0;
	return rmsr ? gm_write(rmsr, &g, sizeof(g)) : 0;
}
