/*
 * EVFILT_VNODE on inotify, one instance a note, watching what the descriptor shows.
 * Source: kqueue(2), filt_fsvnode of sys/kern/vfs_subr.c by its observable rules.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "abi/core/host.h"
#include "abi/freebsd/kq_impl.h"

enum { NOTE_DELETE = 1, NOTE_WRITE = 2, NOTE_EXTEND = 4, NOTE_ATTRIB = 8, NOTE_LINK = 0x10, NOTE_RENAME = 0x20, NOTE_REVOKE = 0x40,
       NOTE_OPEN = 0x80, NOTE_CLOSE = 0x100, NOTE_CLOSE_WRITE = 0x200, NOTE_READ = 0x400 };
#define NOTE_KNOWN 0x7ffu
#define INSIDE     (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO)

static uint32_t
mask_of(uint32_t notes)
{
	uint32_t m = 0;

	if (notes & NOTE_DELETE)
		m |= IN_DELETE_SELF | IN_ATTRIB;
	if (notes & (NOTE_WRITE | NOTE_EXTEND))
		m |= IN_MODIFY | INSIDE;
	if (notes & (NOTE_ATTRIB | NOTE_LINK))
		m |= IN_ATTRIB | INSIDE;
	if (notes & NOTE_RENAME)
		m |= IN_MOVE_SELF;
	if (notes & NOTE_OPEN)
		m |= IN_OPEN;
	if (notes & NOTE_CLOSE)
		m |= IN_CLOSE_NOWRITE;
	if (notes & NOTE_CLOSE_WRITE)
		m |= IN_CLOSE_WRITE;
	if (notes & NOTE_READ)
		m |= IN_ACCESS;
	return m;
}

/* What one inotify event means; size and link count tell extension from change, and links from attributes. */
static uint32_t
notes_of(struct knote *kn, const struct inotify_event *ev)
{
	uint32_t n = 0;
	struct stat st;

	if (ev->mask & IN_DELETE_SELF)
		n |= NOTE_DELETE;
	if (ev->mask & INSIDE)
		n |= NOTE_WRITE | (ev->mask & IN_ISDIR ? NOTE_LINK : 0);
	if (ev->mask & IN_MOVE_SELF)
		n |= NOTE_RENAME;
	if (ev->mask & IN_OPEN)
		n |= NOTE_OPEN;
	if (ev->mask & IN_CLOSE_NOWRITE)
		n |= NOTE_CLOSE;
	if (ev->mask & IN_CLOSE_WRITE)
		n |= NOTE_CLOSE_WRITE;
	if (ev->mask & IN_ACCESS)
		n |= NOTE_READ;
	if (ev->mask & (IN_MODIFY | IN_ATTRIB) && !fstat((int)kn->kev.ident, &st)) {
		if (ev->mask & IN_MODIFY)
			n |= NOTE_WRITE | (st.st_size > kn->u.vnode.size ? NOTE_EXTEND : 0);
		if (ev->mask & IN_ATTRIB)
			n |= st.st_nlink == 0                   ? NOTE_DELETE
			     : st.st_nlink != kn->u.vnode.nlink ? NOTE_LINK
			                                        : NOTE_ATTRIB;
		kn->u.vnode.size = st.st_size;
		kn->u.vnode.nlink = st.st_nlink;
	}
	return n;
}

int
kq_inotify_open(struct knote *kn, uint32_t mask)
{
	int fd = (int)host_call(SYS_inotify_init1, IN_CLOEXEC | IN_NONBLOCK), r;
	char path[40];

	if (fd < 0)
		return fd;
	r = kq_slot_open(kn, fd);
	if (r)
		return r;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", (int)kn->kev.ident);
	r = (int)host_call(SYS_inotify_add_watch, kn->slot_fd, path, mask);
	if (r < 0)
		kq_slot_close(kn);
	return r < 0 ? r : 0;
}

bool
kq_inotify_drain(struct knote *kn)
{
	char buf[4096];
	bool any = false;

	while (kn->slot_fd > 0 && host_call(SYS_read, kn->slot_fd, buf, sizeof(buf)) > 0)
		any = true;
	return any;
}

static int
vnode_attach(struct thread *t, struct knote *kn)
{
	struct stat st;

	if (kn->sfflags & ~NOTE_KNOWN)
		return -EINVAL;
	if (fstat((int)kn->kev.ident, &st))
		return -EBADF;
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode) && !S_ISFIFO(st.st_mode))
		return -EINVAL;
	kn->u.vnode.size = st.st_size;
	kn->u.vnode.nlink = st.st_nlink;
	return kq_inotify_open(kn, mask_of(kn->sfflags));
}

static void
drain(struct knote *kn)
{
	char buf[4096] __attribute__((aligned(8)));
	long n;

	while ((n = host_call(SYS_read, kn->slot_fd, buf, sizeof(buf))) > 0) {
		for (long at = 0; at < n;) {
			const struct inotify_event *ev = (const void *)(buf + at);

			kn->kev.fflags |= notes_of(kn, ev) & kn->sfflags;
			at += (long)(sizeof(*ev) + ev->len);
		}
	}
}

static bool
vnode_event(struct knote *kn)
{
	drain(kn);
	return kn->kev.fflags != 0;
}

static void
vnode_modify(struct knote *kn, struct fbsd_kevent *kev)
{
	char path[40];

	kn->sfflags = kev->fflags & NOTE_KNOWN;
	kn->sdata = kev->data;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", (int)kn->kev.ident);
	host_call(SYS_inotify_add_watch, kn->slot_fd, path, mask_of(kn->sfflags));
}

const struct kq_filter kq_filter_vnode = {
    .is_fd = true,
    .attach = vnode_attach,
    .detach = kq_slot_close,
    .event = vnode_event,
    .modify = vnode_modify,
};
