/*
 * Event and notification descriptors: __specialfd (eventfd, inotify_init1) and removing a watch.
 * Source: sys/specialfd.h, eventfd(2), inotify(2).
 */
#include <errno.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>

#include "abi/core/fd.h"
#include "abi/freebsd/fbsd.h"
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

long
fbsd_inotify_rm_watch(struct thread *t, int fd, int wd)
{
	return fd_is_ours(fd) ? -EBADF : host_call(SYS_inotify_rm_watch, fd, wd);
}
