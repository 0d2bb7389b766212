/*
 * Attributes of files: chmod chown chflags and their forms.
 *
 * KNOWN LIMITS: of the file flags the host keeps nodump, immutable and append-only; it does not tell the owner's from
 * the superuser's.
 * Source: FreeBSD manual chmod(2), chown(2), chflags(2), sys/stat.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/core/fd.h"
#include "abi/freebsd/file.h"
#include "freebsd-amd64.h"

/* Only the superuser makes files sticky that are not directories; whose file it is comes first, and the host says that. */
static long
check_sticky(const struct path *p, int h, uint32_t mode)
{
	struct stat st;

	if (!(mode & S_ISVTX) || geteuid() == 0 || fstatat(p->dirfd, p->name, &st, h))
		return 0;
	return S_ISDIR(st.st_mode) || st.st_uid != geteuid() ? 0 : -FBSD_EFTYPE;
}

/* chmod that does not follow: a link's mode cannot be changed here, all else is reached through a descriptor. */
static long
chmod_link(const struct path *p, uint32_t mode)
{
	struct stat st;
	char name[32];
	long fd = host_call(SYS_openat, p->dirfd, p->name, O_PATH | O_NOFOLLOW | O_CLOEXEC), r;

	if (fd < 0)
		return fd;
	fbsd_fd_name((int)fd, name);
	if (fstat((int)fd, &st))
		r = -errno;
	else
		r = S_ISLNK(st.st_mode) ? -EOPNOTSUPP : host_call(SYS_fchmodat, AT_FDCWD, name, mode);
	host_call(SYS_close, fd);
	return r;
}

static long
do_chmod(struct thread *t, int fd, uint64_t path, uint32_t mode, uint32_t flag)
{
	struct path p;
	int h;
	long r = fbsd_path_at(t, fd, path, flag, FBSD_AT_USUAL, &p, &h);

	mode &= 07777;
	if (r == 0)
		r = check_sticky(&p, h, mode);
	if (r == 0)
		r = h & AT_SYMLINK_NOFOLLOW ? chmod_link(&p, mode) : host_call(SYS_fchmodat, p.dirfd, p.name, mode);
	path_done(&p);
	return r;
}

long
fbsd_chmod(struct thread *t, uint64_t path, uint32_t mode)
{
	return do_chmod(t, AT_FDCWD, path, mode, 0);
}

long
fbsd_lchmod(struct thread *t, uint64_t path, uint32_t mode)
{
	return do_chmod(t, AT_FDCWD, path, mode, FBSD_AT_SYMLINK_NOFOLLOW);
}

long
fbsd_fchmodat(struct thread *t, int fd, uint64_t path, uint32_t mode, uint32_t flag)
{
	return do_chmod(t, fd, path, mode, flag);
}

long
fbsd_fchmod(struct thread *t, int fd, uint32_t mode)
{
	struct path p = {.dirfd = fd, .name = ""};
	long r = fbsd_fd_is_vnode(fd);

	mode &= 07777;
	if (r == 1)
		r = check_sticky(&p, AT_EMPTY_PATH, mode);
	else if (r == 0)
		r = -EINVAL;
	return r ? r : host_call(SYS_fchmod, fd, mode);
}

long
fbsd_fchown(struct thread *t, int fd, uint32_t uid, uint32_t gid)
{
	int r = fbsd_fd_is_vnode(fd);

	return r < 0 ? r : r == 0 ? -EINVAL : host_call(SYS_fchown, fd, uid, gid);
}

static long
do_chown(struct thread *t, int fd, uint64_t path, uint32_t uid, uint32_t gid, uint32_t flag)
{
	struct path p;
	int h;
	long r = fbsd_path_at(t, fd, path, flag, FBSD_AT_USUAL, &p, &h);

	if (r == 0)
		r = host_call(SYS_fchownat, p.dirfd, p.name, uid, gid, h);
	path_done(&p);
	return r;
}

long
fbsd_chown(struct thread *t, uint64_t path, int uid, int gid)
{
	return do_chown(t, AT_FDCWD, path, (uint32_t)uid, (uint32_t)gid, 0);
}

long
fbsd_lchown(struct thread *t, uint64_t path, int uid, int gid)
{
	return do_chown(t, AT_FDCWD, path, (uint32_t)uid, (uint32_t)gid, FBSD_AT_SYMLINK_NOFOLLOW);
}

long
fbsd_fchownat(struct thread *t, int fd, uint64_t path, uint32_t uid, uint32_t gid, uint32_t flag)
{
	return do_chown(t, fd, path, uid, gid, flag);
}

static const struct {
	uint64_t guest;
	int host;
} flag_bits[] = {
    {0x1 /* UF_NODUMP */, FS_NODUMP_FL},
    {0x2 /* UF_IMMUTABLE */, FS_IMMUTABLE_FL},
    {0x4 /* UF_APPEND */, FS_APPEND_FL},
    {0x20000 /* SF_IMMUTABLE */, FS_IMMUTABLE_FL},
    {0x40000 /* SF_APPEND */, FS_APPEND_FL},
};
#define HOST_FLAGS (FS_NODUMP_FL | FS_IMMUTABLE_FL | FS_APPEND_FL)

/* No flags on a file system that has none is no change. */
static long
set_flags(int fd, uint64_t flags)
{
	uint64_t known = 0;
	int want = 0, now = 0;
	long r;

	for (size_t i = 0; i < sizeof(flag_bits) / sizeof(flag_bits[0]); i++) {
		known |= flag_bits[i].guest;
		if (flags & flag_bits[i].guest)
			want |= flag_bits[i].host;
	}
	if (flags & ~known)
		return -EOPNOTSUPP;
	r = host_call(SYS_ioctl, fd, FS_IOC_GETFLAGS, &now);
	if (r)
		return flags == 0 ? 0 : -EOPNOTSUPP;
	if ((now & HOST_FLAGS) == want)
		return 0;
	want |= now & ~HOST_FLAGS;
	r = host_call(SYS_ioctl, fd, FS_IOC_SETFLAGS, &want);
	return r == -ENOTTY ? -EOPNOTSUPP : r;
}

static long
do_chflags(struct thread *t, int fd, uint64_t path, uint64_t flags, uint32_t at)
{
	struct path p;
	struct stat st;
	int h;
	long r = fbsd_path_at(t, fd, path, at, FBSD_AT_USUAL, &p, &h), own;

	if (r == 0 && fstatat(p.dirfd, p.name, &st, h))
		r = -errno;
	if (r == 0 && st.st_uid != geteuid() && geteuid() != 0)
		r = -EPERM;
	if (r == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
		r = flags ? -EOPNOTSUPP : 0;
	} else if (r == 0) {
		own = host_call(SYS_openat, p.dirfd, p.name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		r = own < 0 ? own : set_flags((int)own, flags);
		if (own >= 0)
			host_call(SYS_close, own);
	}
	path_done(&p);
	return r;
}

long
fbsd_chflags(struct thread *t, uint64_t path, uint64_t flags)
{
	return do_chflags(t, AT_FDCWD, path, flags, 0);
}

long
fbsd_lchflags(struct thread *t, uint64_t path, uint64_t flags)
{
	return do_chflags(t, AT_FDCWD, path, flags, FBSD_AT_SYMLINK_NOFOLLOW);
}

long
fbsd_chflagsat(struct thread *t, int fd, uint64_t path, uint64_t flags, uint32_t atflag)
{
	return do_chflags(t, fd, path, flags, atflag);
}

long
fbsd_fchflags(struct thread *t, int fd, uint64_t flags)
{
	struct stat st;

	if (!fbsd_fd_usable(fd) || fstat(fd, &st))
		return -EBADF;
	if (fbsd_fd_is_vnode(fd) == 0)
		return -EINVAL;
	if (st.st_uid != geteuid() && geteuid() != 0)
		return -EPERM;
	return set_flags(fd, flags);
}
