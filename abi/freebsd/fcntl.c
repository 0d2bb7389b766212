/*
 * fcntl, flock and record locks.
 * Source: FreeBSD manual fcntl(2), flock(2), sys/fcntl.h; order of checks as in kern_descrip.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/core/fd.h"
#include "abi/freebsd/file.h"
#include "abi/freebsd/kinfo.h"
#include "freebsd-amd64.h"
#include "freebsd-sets.h"

enum { G_DUPFD, G_GETFD, G_SETFD, G_GETFL, G_SETFL, G_GETOWN, G_SETOWN, G_OGETLK, G_OSETLK, G_OSETLKW, G_DUP2FD,
       G_GETLK, G_SETLK, G_SETLKW, G_SETLK_REMOTE, G_READAHEAD, G_RDAHEAD, G_DUPFD_CLOEXEC, G_DUP2FD_CLOEXEC,
       G_ADD_SEALS, G_GET_SEALS, G_ISUNIONSTACK, G_KINFO };

struct fbsd_flock {
	int64_t start, len;
	int32_t pid;
	int16_t type, whence;
	int32_t sysid, pad;
};
_Static_assert(sizeof(struct fbsd_flock) == 32, "flock");
#define OLD_FLOCK 24u /* without sysid */

enum { G_RDLCK = 1, G_UNLCK, G_WRLCK };

/* Locks on behalf of other machines: no privilege of rpc.lockd (PRIV_NFS_LOCKD) for guests, as for root in a jail. */
static long
remote_lock(uint64_t arg)
{
	struct fbsd_flock g;

	return gm_read(&g, arg, sizeof(g)) ? -EFAULT : -EPERM;
}

static bool
lock_type(int16_t guest, short *ret)
{
	switch (guest) {
	case G_RDLCK:
		*ret = F_RDLCK;
		return true;
	case G_UNLCK:
		*ret = F_UNLCK;
		return true;
	case G_WRLCK:
		*ret = F_WRLCK;
		return true;
	}
	return false;
}

static long
record_lock(struct thread *t, int fd, int cmd, uint64_t arg, bool old)
{
	uint64_t size = old ? OLD_FLOCK : sizeof(struct fbsd_flock);
	struct fbsd_flock g;
	struct flock h;
	long r = 0;
	int vnode;

	memset(&g, 0, sizeof(g));
	memset(&h, 0, sizeof(h));
	if (gm_read(&g, arg, size))
		return -EFAULT;
	vnode = fbsd_fd_is_vnode(fd);
	if (vnode <= 0)
		return -EBADF;
	if (!lock_type(g.type, &h.l_type))
		return -EINVAL;
	h.l_whence = g.whence;
	h.l_start = g.start;
	h.l_len = g.len;
	r = host_block(t, SYS_fcntl, fd, cmd, &h);
	if (r || cmd != F_GETLK)
		return r == -EACCES ? -EAGAIN : r;
	g.type = h.l_type == F_RDLCK ? G_RDLCK : h.l_type == F_WRLCK ? G_WRLCK : G_UNLCK;
	if (h.l_type != F_UNLCK) {
		g.start = h.l_start;
		g.len = h.l_len;
		g.whence = h.l_whence;
		g.pid = h.l_pid;
		g.sysid = 0;
	}
	return gm_write(arg, &g, size);
}

enum { G_LOCK_SH = 1, G_LOCK_EX = 2, G_LOCK_NB = 4, G_LOCK_UN = 8 };

/* Unlocking goes before all else, exclusive before shared. */
long
fbsd_flock(struct thread *t, int fd, int how)
{
	int h = how & G_LOCK_UN ? LOCK_UN : how & G_LOCK_EX ? LOCK_EX : how & G_LOCK_SH ? LOCK_SH : 0;
	int r = fbsd_fd_is_vnode(fd);

	if (r <= 0)
		return r < 0 ? r : -EOPNOTSUPP;
	if (!h)
		return -EBADF;
	return host_block(t, SYS_flock, fd, h | (how & G_LOCK_NB ? LOCK_NB : 0));
}

/* Only a file can be read ahead; that a file's mount is no union is all that is asked here. */
static long
on_file(int fd, bool regular)
{
	struct stat st;

	if (fbsd_fd_is_vnode(fd) <= 0 || fstat(fd, &st))
		return -EBADF;
	return regular && !S_ISREG(st.st_mode) ? -ENOTTY : 0;
}

static long
set_flags(int fd, uint64_t arg)
{
	uint64_t h;
	/* Only some flags change; access mode and creation flags in the argument are ignored. */
	uint32_t g = (uint32_t)arg & (0x4u | 0x8u | 0x40u | 0x80u | 0x10000u);

	if (!set_to_host(&fbsd_open_set, g, &h))
		return -EINVAL;
	return host_call(SYS_fcntl, fd, F_SETFL, h);
}

/* Both ends of FreeBSD's pipes are open for both; a FIFO is not. */
long
fbsd_fd_flags(int fd)
{
	long r = host_call(SYS_fcntl, fd, F_GETFL);
	char name[16];
	struct stat st;

	if (r < 0 || (r & O_ACCMODE) == O_RDWR || fstat(fd, &st) || !S_ISFIFO(st.st_mode))
		return r;
	if (path_of_fd(fd, name, sizeof(name)) > 0 && !strncmp(name, "pipe:", 5))
		r = (r & ~O_ACCMODE) | O_RDWR;
	return r;
}

static long
get_flags(int fd)
{
	long r = fbsd_fd_flags(fd);

	/* What only counted while it was opened is not told. */
	r = r < 0 ? r : r & (O_ACCMODE | O_NONBLOCK | O_APPEND | O_ASYNC | O_SYNC | O_DIRECT | O_PATH);
	return r < 0 ? r : (long)set_to_guest(&fbsd_open_set, (uint64_t)r, NULL);
}

static long
duped(struct thread *t, int from, long to)
{
	if (to >= 0)
		fbsd_fd_duped(t, from, (int)to);
	return to;
}

/* A process group is negative; as a number of 32 bits, so that it is not taken for an error. */
static long
get_owner(int fd)
{
	struct f_owner_ex o;
	long r = host_call(SYS_fcntl, fd, F_GETOWN_EX, &o);

	if (r)
		return r;
	return o.type == F_OWNER_PGRP ? (long)(uint32_t)-o.pid : o.pid;
}

static long
kinfo(struct thread *t, int fd, uint64_t arg)
{
	struct fbsd_kinfo_file k;
	uint32_t size;
	int r;

	if (gm_read(&size, arg, sizeof(size)))
		return -EFAULT;
	if (size != sizeof(k))
		return -EINVAL;
	r = fbsd_kinfo_fill(t, fd, &k);
	return r ? r : gm_write(arg, &k, sizeof(k));
}

#define SEALS_KNOWN 15u

static long
dup_to(struct thread *t, int fd, uint64_t arg, int flags)
{
	if (arg >= (uint64_t)fd_guest_soft())
		return -EBADF;
	if ((int)arg == fd) {
		if (host_call(SYS_fcntl, fd, F_GETFD) < 0)
			return -EBADF;
		return flags ? host_call(SYS_fcntl, fd, F_SETFD, FD_CLOEXEC), fd : fd;
	}
	if (host_call(SYS_fcntl, fd, F_GETFD) >= 0)
		fbsd_fd_closed(t, (int)arg);
	return duped(t, fd, host_call(SYS_dup3, fd, arg, flags));
}

long
fbsd_fcntl(struct thread *t, int fd, int cmd, uint64_t arg)
{
	long r;

	if (fd < 0 || fd_is_ours(fd))
		return -EBADF;
	switch (cmd) {
	case G_DUPFD:
	case G_DUPFD_CLOEXEC:
		if (arg >= (uint64_t)fd_guest_soft())
			return -EINVAL;
		r = duped(t, fd, host_call(SYS_fcntl, fd, cmd == G_DUPFD ? F_DUPFD : F_DUPFD_CLOEXEC, arg));
		return fbsd_fd_new(t, r);
	case G_GETFD:
		return host_call(SYS_fcntl, fd, F_GETFD);
	case G_SETFD:
		return host_call(SYS_fcntl, fd, F_SETFD, arg & FD_CLOEXEC);
	case G_GETFL:
		return get_flags(fd);
	case G_SETFL:
		return set_flags(fd, arg);
	case G_GETOWN:
		return get_owner(fd);
	case G_SETOWN:
		return host_call(SYS_fcntl, fd, F_SETOWN, (int)arg);
	case G_OGETLK:
	case G_GETLK:
		return record_lock(t, fd, F_GETLK, arg, cmd == G_OGETLK);
	case G_OSETLK:
	case G_SETLK:
		return record_lock(t, fd, F_SETLK, arg, cmd == G_OSETLK);
	case G_OSETLKW:
	case G_SETLKW:
		return record_lock(t, fd, F_SETLKW, arg, cmd == G_OSETLKW);
	case G_SETLK_REMOTE:
		return remote_lock(arg);
	case G_DUP2FD:
		return dup_to(t, fd, arg, 0);
	case G_DUP2FD_CLOEXEC:
		return dup_to(t, fd, arg, O_CLOEXEC);
	case G_READAHEAD:
	case G_RDAHEAD:
	case G_ISUNIONSTACK:
		return on_file(fd, cmd != G_ISUNIONSTACK);
	case G_ADD_SEALS:
		return arg & ~(uint64_t)SEALS_KNOWN ? -EINVAL : host_call(SYS_fcntl, fd, F_ADD_SEALS, arg);
	case G_GET_SEALS:
		r = host_call(SYS_fcntl, fd, F_GET_SEALS);
		return r < 0 ? r : r & SEALS_KNOWN;
	case G_KINFO:
		return kinfo(t, fd, arg);
	}
	return -EINVAL;
}
