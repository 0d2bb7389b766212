/*
 * The split of descriptor numbers: the guest's below, ours above.
 *
 * The line is not put at the very top of a huge hard limit, because the kernel's table reaches up to the highest
 * open number and fork(2) copies it.
 */
#include "abi/core/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "abi/core/diag.h"

#define GUEST_USUAL 16384u /* what a guest gets even when the inherited soft limit is lower */
#define OURS_MOST   4096u
#define OURS_LEAST  (FD_HARD_LEAST / 2)

int fd_ours_first = INT_MAX; /* until fd_setup(), nothing is ours */
static int guest_soft;
static rlim_t ours_end;

static rlim_t
room_for_ours(rlim_t hard)
{
	if (hard >= GUEST_USUAL + OURS_MOST)
		return OURS_MOST;
	return hard / 4 > OURS_LEAST ? hard / 4 : OURS_LEAST;
}

static int
soft_set(rlim_t soft)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) < 0)
		return -errno;
	l.rlim_cur = soft < l.rlim_max ? soft : l.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &l) < 0 ? -errno : 0;
}

int
fd_setup(struct diag *d)
{
	struct rlimit l;
	rlim_t hard, guest, ours;
	int r;

	if (getrlimit(RLIMIT_NOFILE, &l) < 0)
		return diag_fail(d, -errno, "limit of open files: %s", strerror(errno));
	hard = l.rlim_max < INT_MAX ? l.rlim_max : INT_MAX;
	if (hard < FD_HARD_LEAST)
		return diag_fail(d, -EMFILE, "limit of open files: the hard limit is %llu, and %u are needed (ulimit -Hn)",
		                 (unsigned long long)hard, FD_HARD_LEAST);
	ours = room_for_ours(hard);
	guest = l.rlim_cur > GUEST_USUAL ? l.rlim_cur : GUEST_USUAL;
	if (guest > hard - ours)
		guest = hard - ours;
	ours_end = guest + ours;
	r = soft_set(ours_end);
	if (r < 0)
		return diag_fail(d, r, "limit of open files: cannot raise it from %llu to %llu: %s",
		                 (unsigned long long)l.rlim_cur, (unsigned long long)ours_end, strerror(-r));
	guest_soft = (int)(l.rlim_cur < guest ? l.rlim_cur : guest);
	fd_ours_first = (int)guest;
	return 0;
}

int
fd_guest_limit(void)
{
	return fd_ours_first;
}

int
fd_guest_soft(void)
{
	return guest_soft;
}

int
fd_soft_lower(int soft)
{
	return soft_set((rlim_t)soft);
}

int
fd_soft_raise(void)
{
	return soft_set(ours_end);
}

int
fd_hide(int fd)
{
	int high;

	if (fd_ours_first == INT_MAX)
		bug("fd_hide(%d) before fd_setup()", fd);
	if (fd_is_ours(fd))
		return fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ? -errno : fd;
	high = fcntl(fd, F_DUPFD_CLOEXEC, fd_ours_first);
	if (high < 0)
		return errno == EINVAL ? -EMFILE : -errno;
	close(fd);
	return high;
}
