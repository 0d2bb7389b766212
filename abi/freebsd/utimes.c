/*
 * File times.
 * Source: FreeBSD manual utimensat(2), utimes(2): UTIME_NOW is -1 and UTIME_OMIT -2 there.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "abi/core/fd.h"
#include "abi/freebsd/file.h"
#include "freebsd-amd64.h"

#define FBSD_UTIME_NOW  (-1)
#define FBSD_UTIME_OMIT (-2)

static int
read_specs(uint64_t at, struct timespec ts[2])
{
	if (gm_read(ts, at, 2 * sizeof(ts[0])))
		return -EFAULT;
	for (int i = 0; i < 2; i++) {
		if (ts[i].tv_nsec == FBSD_UTIME_NOW)
			ts[i].tv_nsec = UTIME_NOW;
		else if (ts[i].tv_nsec == FBSD_UTIME_OMIT)
			ts[i].tv_nsec = UTIME_OMIT;
		else if (ts[i].tv_nsec < 0 || ts[i].tv_nsec >= 1000000000)
			return -EINVAL;
	}
	return 0;
}

static int
read_vals(uint64_t at, struct timespec ts[2])
{
	struct timeval tv[2];

	if (gm_read(tv, at, sizeof(tv)))
		return -EFAULT;
	for (int i = 0; i < 2; i++) {
		if (tv[i].tv_usec < 0 || tv[i].tv_usec >= 1000000)
			return -EINVAL;
		ts[i] = (struct timespec){tv[i].tv_sec, tv[i].tv_usec * 1000};
	}
	return 0;
}

static long
set_path(struct thread *t, int fd, uint64_t path, int read_as(uint64_t, struct timespec *), uint64_t times, uint32_t flag)
{
	struct timespec ts[2];
	struct path p;
	int h;
	long r = times ? read_as(times, ts) : 0;

	if (r)
		return r;
	r = fbsd_path_at(t, fd, path, flag, FBSD_AT_USUAL, &p, &h);
	if (r == 0)
		r = host_call(SYS_utimensat, p.dirfd, p.name, times ? ts : NULL, h);
	path_done(&p);
	return r;
}

static long
set_fd(int fd, int read_as(uint64_t, struct timespec *), uint64_t times)
{
	struct timespec ts[2];
	long r = times ? read_as(times, ts) : 0;

	if (fd < 0 || fd_is_ours(fd))
		return -EBADF;
	return r ? r : host_call(SYS_utimensat, fd, NULL, times ? ts : NULL, 0);
}

long
fbsd_utimensat(struct thread *t, int fd, uint64_t path, uint64_t times, uint32_t flag)
{
	return set_path(t, fd, path, read_specs, times, flag);
}

long
fbsd_futimens(struct thread *t, int fd, uint64_t times)
{
	return set_fd(fd, read_specs, times);
}

long
fbsd_utimes(struct thread *t, uint64_t path, uint64_t tptr)
{
	return set_path(t, AT_FDCWD, path, read_vals, tptr, 0);
}

long
fbsd_lutimes(struct thread *t, uint64_t path, uint64_t tptr)
{
	return set_path(t, AT_FDCWD, path, read_vals, tptr, FBSD_AT_SYMLINK_NOFOLLOW);
}

long
fbsd_futimes(struct thread *t, int fd, uint64_t tptr)
{
	return set_fd(fd, read_vals, tptr);
}

long
fbsd_futimesat(struct thread *t, int fd, uint64_t path, uint64_t times)
{
	return set_path(t, fd, path, read_vals, times, 0);
}
