/*
 * Event and notification descriptors: __specialfd (eventfd, inotify_init1), watches of files.
 * Source: sys/specialfd.h, eventfd(2), inotify(2), sys/inotify.h; order of checks as in vfs_inotify.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>

#include "abi/core/fd.h"
#include "abi/freebsd/file.h"
#include "freebsd-amd64.h"

enum { SPECIALFD_EVENTFD = 1, SPECIALFD_INOTIFY = 2 };

#define FBSD_EFD_SEMAPHORE 0x1u
#define FBSD_O_NONBLOCK    0x4u
#define FBSD_O_CLOEXEC     0x100000u

struct fbsd_eventfd_req {
	uint32_t initval, flags;
};
_Static_assert(sizeof(struct fbsd_eventfd_req) == 8, "specialfd_eventfd");

static long
make_eventfd(uint64_t req, uint64_t len)
{
	struct fbsd_eventfd_req q;
	int host = 0;

	if (len != sizeof(q))
		return -EINVAL;
	if (gm_read(&q, req, sizeof(q)))
		return -EFAULT;
	if (q.flags & ~(FBSD_EFD_SEMAPHORE | FBSD_O_NONBLOCK | FBSD_O_CLOEXEC))
		return -EINVAL;
	host |= q.flags & FBSD_EFD_SEMAPHORE ? EFD_SEMAPHORE : 0;
	host |= q.flags & FBSD_O_NONBLOCK ? EFD_NONBLOCK : 0;
	host |= q.flags & FBSD_O_CLOEXEC ? EFD_CLOEXEC : 0;
	return host_call(SYS_eventfd2, q.initval, host);
}

static long
make_inotify(uint64_t req, uint64_t len)
{
	uint32_t flags;
	int host = 0;

	if (len != sizeof(flags))
		return -EINVAL;
	if (gm_read(&flags, req, sizeof(flags)))
		return -EFAULT;
	if (flags & ~(FBSD_O_NONBLOCK | FBSD_O_CLOEXEC))
		return -EINVAL;
	host |= flags & FBSD_O_NONBLOCK ? IN_NONBLOCK : 0;
	host |= flags & FBSD_O_CLOEXEC ? IN_CLOEXEC : 0;
	return host_call(SYS_inotify_init1, host);
}

long
fbsd_specialfd(struct thread *t, int type, uint64_t req, uint64_t len)
{
	switch (type) {
	case SPECIALFD_EVENTFD:
		return make_eventfd(req, len);
	case SPECIALFD_INOTIFY:
		return make_inotify(req, len);
	}
	return -EINVAL;
}

/* Bits of masks and the layout of events are the host's. */
#define EVENTS    0xfffu
#define KNOWN     (EVENTS | IN_UNMOUNT | IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK | IN_MASK_CREATE | IN_MASK_ADD | IN_ONESHOT)
#define FLAT_SIZE (PATH_BASE + PATH_BYTES + 64)

long
fbsd_inotify_add_watch_at(struct thread *t, int fd, int dfd, uint64_t path, uint32_t mask)
{
	uint32_t both = IN_MASK_ADD | IN_MASK_CREATE;
	char buf[FLAT_SIZE];
	const char *name;
	struct path p;
	int h;
	long r;

	if ((mask & EVENTS) == 0 || (mask & both) == both || mask & ~KNOWN)
		return -EINVAL;
	if (!fbsd_fd_usable(fd))
		return -EBADF;
	/* Is it one?  Only then the path is looked at; this one is ENOENT. */
	r = host_call(SYS_inotify_add_watch, fd, "", IN_OPEN);
	if (r != -ENOENT)
		return r;
	r = fbsd_path_at(t, dfd, path, mask & IN_DONT_FOLLOW ? FBSD_AT_SYMLINK_NOFOLLOW : 0, FBSD_AT_SYMLINK_NOFOLLOW, &p, &h);
	if (r == 0 && p.dirfd >= 0 && host_call(SYS_fcntl, p.dirfd, F_GETFD) < 0)
		r = -EBADF; /* the flat path would say ENOENT */
	if (r == 0) {
		name = path_flat(&p, buf, sizeof(buf));
		r = name ? host_call(SYS_inotify_add_watch, fd, name, mask) : -ENAMETOOLONG;
	}
	path_done(&p);
	return r;
}

long
fbsd_inotify_rm_watch(struct thread *t, int fd, int wd)
{
	return fd_is_ours(fd) ? -EBADF : host_call(SYS_inotify_rm_watch, fd, wd);
}
