/*
 * The split of descriptor numbers: the guest's below, ours above.
 *
 * The line is not put at the very top of a huge hard limit, because the kernel's table reaches up
 * to the highest open number and fork(2) copies it.
 */
#include "abi/core/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "abi/core/diag.h"
#include "abi/core/host.h"

#define GUEST_USUAL 16384u /* what a guest gets even when the inherited soft limit is lower */
#define OURS_MOST   4096u
#define OURS_LEAST  (FD_HARD_LEAST / 2)

int fd_ours_first = INT_MAX; /* until fd_setup(), nothing is ours */
static int guest_soft;
static int ours_end;

bool
fd_split(uint64_t soft, uint64_t hard, int *ret_guest, int *ret_end)
{
	uint64_t guest = soft > GUEST_USUAL ? soft : GUEST_USUAL, ours = OURS_MOST;

	if (hard < FD_HARD_LEAST)
		return false;
	if (hard > INT_MAX)
		hard = INT_MAX;
	if (hard < GUEST_USUAL + OURS_MOST)
		ours = hard / 4 > OURS_LEAST ? hard / 4 : OURS_LEAST;
	if (guest > hard - ours)
		guest = hard - ours;
	*ret_guest = (int)guest;
	*ret_end = (int)(guest + ours);
	return true;
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
	int guest, end, r;

	if (getrlimit(RLIMIT_NOFILE, &l) < 0)
		return diag_fail(d, -errno, "limit of open files: %s", strerror(errno));
	if (!fd_split(l.rlim_cur, l.rlim_max, &guest, &end))
		return diag_fail(
		    d, -EMFILE,
		    "limit of open files: the hard limit is %llu, and %u are needed (ulimit -Hn)",
		    (unsigned long long)l.rlim_max, FD_HARD_LEAST);
	r = soft_set((rlim_t)end);
	if (r < 0)
		return diag_fail(d, r, "limit of open files: cannot set it from %llu to %d: %s",
				 (unsigned long long)l.rlim_cur, end, strerror(-r));
	guest_soft = l.rlim_cur < (rlim_t)guest ? (int)l.rlim_cur : guest;
	ours_end = end;
	fd_ours_first = guest;
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

/* The lowest free number is what any open gets; only where the last one is taken must that be tried. */
bool
fd_full(void)
{
	int fd;

	if (guest_soft > 0 && fcntl(guest_soft - 1, F_GETFD) < 0)
		return false;
	fd = open("/", O_PATH | O_CLOEXEC);
	if (fd >= 0)
		close(fd);
	return fd < 0 || fd >= guest_soft;
}

void
fd_set_guest_soft(int soft)
{
	guest_soft = soft;
}

int
fd_soft_lower(int soft)
{
	return soft_set((rlim_t)soft);
}

int
fd_soft_raise(void)
{
	return soft_set((rlim_t)ours_end);
}

int
fd_write_all(int fd, const void *p, uint64_t n)
{
	const uint64_t ours = 1ull << (SIGPIPE - 1) | 1ull << (SIGXFSZ - 1);
	const struct timespec now = {0};
	uint64_t old, done = 0;
	long w = 0;

	host_call(SYS_rt_sigprocmask, SIG_BLOCK, &ours, &old, sizeof(old));
	while (done < n) {
		w = host_call(SYS_write, fd, (const char *)p + done, n - done);
		if (w == -EINTR || w == -EAGAIN)
			continue;
		if (w <= 0)
			break;
		done += (uint64_t)w;
	}
	if (w == -EPIPE || w == -EFBIG)
		host_call(SYS_rt_sigtimedwait, &ours, NULL, &now, sizeof(ours));
	host_call(SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, sizeof(old));
	return done == n ? 0 : w < 0 ? (int)w : -EIO;
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
