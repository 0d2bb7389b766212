/*
 * EVFILT_FS: mounts and unmounts, told from the list of mounts, which polls as changed.
 * Source: fs_filtops of sys/kern/vfs_subr.c, VQ_ of sys/mount.h.  The other VQ_ events (a server does not answer, a disk is
 * full) are never told to the program by Linux.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "abi/core/host.h"
#include "abi/freebsd/kq_impl.h"

#define VQ_MOUNT   0x0008u
#define VQ_UNMOUNT 0x0010u

struct mounts {
	uint32_t n, cap;
	uint64_t *id; /* in the order of the list */
};

static int
add_id(struct mounts *m, uint64_t id)
{
	if (m->n == m->cap) {
		uint32_t cap = m->cap ? 2 * m->cap : 64;
		uint64_t *p = realloc(m->id, cap * sizeof(*p));

		if (!p)
			return -ENOMEM;
		m->id = p;
		m->cap = cap;
	}
	m->id[m->n++] = id;
	return 0;
}

/* Each line begins with the mount's number. */
static int
read_mounts(int fd, struct mounts *ret)
{
	char buf[4096];
	bool at_start = true;
	uint64_t id = 0;
	long n, at = 0;
	int r = 0;

	while (r == 0 && (n = host_call(SYS_pread64, fd, buf, sizeof(buf), at)) > 0) {
		for (long i = 0; i < n && r == 0; i++) {
			if (at_start && buf[i] >= '0' && buf[i] <= '9') {
				id = id * 10 + (uint64_t)(buf[i] - '0');
			} else if (at_start) {
				r = add_id(ret, id);
				at_start = false;
				id = 0;
			}
			if (buf[i] == '\n')
				at_start = true;
		}
		at += n;
	}
	return r ? r : n < 0 ? (int)n : 0;
}

static bool
lacks(const struct mounts *m, const struct mounts *of)
{
	for (uint32_t i = 0; i < of->n; i++) {
		uint32_t k = 0;

		while (k < m->n && m->id[k] != of->id[i])
			k++;
		if (k == m->n)
			return true;
	}
	return false;
}

static int
fs_attach(struct thread *t, struct knote *kn)
{
	long fd = host_call(SYS_openat, AT_FDCWD, "/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	struct mounts *m;
	int r;

	if (fd < 0)
		return (int)fd;
	m = calloc(1, sizeof(*m));
	if (!m) {
		host_call(SYS_close, fd);
		return -ENOMEM;
	}
	kn->u.fs.mounts = m;
	r = kq_slot_open_for(kn, (int)fd, EPOLLPRI);
	if (r == 0)
		r = read_mounts(kn->slot_fd, m);
	if (r) {
		kn->ops->detach(kn);
		return r;
	}
	kn->kev.flags |= EV_CLEAR; /* set by the filter itself */
	return 0;
}

static void
fs_detach(struct knote *kn)
{
	kq_slot_close(kn);
	free(kn->u.fs.mounts->id);
	free(kn->u.fs.mounts);
}

static bool
fs_event(struct knote *kn)
{
	struct mounts *was = kn->u.fs.mounts, is = {0};
	uint32_t news = 0;

	if (read_mounts(kn->slot_fd, &is)) {
		free(is.id);
		return kn->kev.fflags != 0;
	}
	if (lacks(was, &is))
		news |= VQ_MOUNT;
	if (lacks(&is, was))
		news |= VQ_UNMOUNT;
	free(was->id);
	*was = is;
	kn->kev.fflags |= news & kn->sfflags;
	return kn->kev.fflags != 0;
}

const struct kq_filter kq_filter_fs = {.attach = fs_attach, .detach = fs_detach, .event = fs_event};

/* EVFILT_SENDFILE is the kernel's own: the filter that nobody may attach. */
static int
null_attach(struct thread *t, struct knote *kn)
{
	return -ENXIO;
}

const struct kq_filter kq_filter_null = {.attach = null_attach};
