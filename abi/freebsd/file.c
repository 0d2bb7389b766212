/*
 * Names: link unlink rename mkdir mknod access readlink symlink and their at forms.
 * Source: FreeBSD manual section 2.
 */
#include "abi/freebsd/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/core/fd.h"
#include "freebsd-amd64.h"

#define TARGET_BYTES 4096 /* a link made by the host may be longer than FreeBSD's */
#define FD_NONE      (-200)

/* A path whose last component may be new, and a host call (dirfd, name, a, b). */
static long
with_parent(struct thread *t, long nr, int fd, uint64_t path, uint64_t a, uint64_t b)
{
	struct path p;
	long r = fbsd_path(t, fd, path, PATH_PARENT, &p);

	if (r == 0)
		r = host_call(nr, p.dirfd, p.name, a, b);
	path_done(&p);
	return r;
}

static long
do_access(struct thread *t, int fd, uint64_t path, int amode, uint32_t flag)
{
	struct path p;
	int h;
	long r = fbsd_path_at(t, fd, path, flag, FBSD_AT_EACCESS | FBSD_AT_USUAL, &p, &h);

	if (r == 0)
		r = h ? host_call(SYS_faccessat2, p.dirfd, p.name, amode, h)
		      : host_call(SYS_faccessat, p.dirfd, p.name, amode);
	path_done(&p);
	return r;
}

long
fbsd_access(struct thread *t, uint64_t path, int amode)
{
	return do_access(t, AT_FDCWD, path, amode, 0);
}

long
fbsd_eaccess(struct thread *t, uint64_t path, int amode)
{
	return do_access(t, AT_FDCWD, path, amode, FBSD_AT_EACCESS);
}

long
fbsd_faccessat(struct thread *t, int fd, uint64_t path, int amode, uint32_t flag)
{
	return do_access(t, fd, path, amode, flag);
}

/* May the name be removed?  funlinkat: only while it is the file that @fd is open on; looked at just before. */
static long
check_same(const struct path *p, int fd)
{
	struct stat a, b;

	if (fd == FD_NONE)
		return 0;
	if (!fbsd_fd_usable(fd) || fstat(fd, &a))
		return -EBADF;
	if (S_ISSOCK(a.st_mode))
		return -EINVAL;
	if (fstatat(p->dirfd, p->name, &b, AT_SYMLINK_NOFOLLOW))
		return -errno;
	return a.st_ino == b.st_ino && a.st_dev == b.st_dev ? 0 : -EDEADLK;
}

/* A directory cannot be unlinked: EPERM, where Linux says EISDIR. */
static long
do_unlink(struct thread *t, int dfd, uint64_t path, int fd, uint32_t flag)
{
	struct path p;
	long r;

	if (flag & ~(FBSD_AT_REMOVEDIR | FBSD_AT_RESOLVE_BENEATH))
		return -EINVAL;
	r = fbsd_path(t, dfd, path, PATH_PARENT | (flag & FBSD_AT_RESOLVE_BENEATH ? PATH_BENEATH : 0), &p);
	if (r == 0)
		r = check_same(&p, fd);
	if (r == 0)
		r = host_call(SYS_unlinkat, p.dirfd, p.name, flag & FBSD_AT_REMOVEDIR ? AT_REMOVEDIR : 0);
	path_done(&p);
	return r == -EISDIR ? -EPERM : r;
}

long
fbsd_unlink(struct thread *t, uint64_t path)
{
	return do_unlink(t, AT_FDCWD, path, FD_NONE, 0);
}

long
fbsd_unlinkat(struct thread *t, int fd, uint64_t path, uint32_t flag)
{
	return do_unlink(t, fd, path, FD_NONE, flag);
}

long
fbsd_funlinkat(struct thread *t, int dfd, uint64_t path, int fd, uint32_t flag)
{
	return do_unlink(t, dfd, path, fd, flag);
}

long
fbsd_rmdir(struct thread *t, uint64_t path)
{
	return do_unlink(t, AT_FDCWD, path, FD_NONE, FBSD_AT_REMOVEDIR);
}

static bool
ends_in_dots(const char *name)
{
	const char *last = strrchr(name, '/');

	last = last ? last + 1 : name;
	return !strcmp(last, ".") || !strcmp(last, "..");
}

/* A name with a slash at its end is a directory's; the host says ENOTDIR of any such target of a file. */
static long
slash_error(const struct path *from, const struct path *to)
{
	size_t n = strlen(to->name);
	struct stat st;

	if (!n || to->name[n - 1] != '/' || fstatat(from->dirfd, from->name, &st, AT_SYMLINK_NOFOLLOW))
		return -ENOTDIR;
	if (fstatat(to->dirfd, to->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return -EISDIR;
	return -errno;
}

static long
do_rename(struct thread *t, int fd1, uint64_t from, int fd2, uint64_t to, uint32_t flags)
{
	struct path p, q;
	long r = fbsd_path(t, fd1, from, PATH_PARENT, &p);

	if (r == 0) {
		r = fbsd_path(t, fd2, to, PATH_PARENT, &q);
		if (r == 0)
			r = host_call(SYS_renameat2, p.dirfd, p.name, q.dirfd, q.name, flags);
		if (r == -EBUSY && (ends_in_dots(p.name) || ends_in_dots(q.name)))
			r = -EINVAL;
		if (r == -ENOTDIR)
			r = slash_error(&p, &q);
		path_done(&q);
	}
	path_done(&p);
	return r;
}

long
fbsd_rename(struct thread *t, uint64_t from, uint64_t to)
{
	return do_rename(t, AT_FDCWD, from, AT_FDCWD, to, 0);
}

long
fbsd_renameat(struct thread *t, int oldfd, uint64_t old, int newfd, uint64_t newp)
{
	return do_rename(t, oldfd, old, newfd, newp, 0);
}

#define FBSD_AT_RENAME_NOREPLACE 0x1u

long
fbsd_renameat2(struct thread *t, int oldfd, uint64_t old, int newfd, uint64_t newp, uint32_t flags)
{
	if (flags & ~FBSD_AT_RENAME_NOREPLACE)
		return -EINVAL;
	return do_rename(t, oldfd, old, newfd, newp, flags ? RENAME_NOREPLACE : 0);
}

/* The host needs a privilege for AT_EMPTY_PATH here, so the file is named by its descriptor and followed. */
static long
do_link(struct thread *t, int fd1, uint64_t path1, int fd2, uint64_t path2, uint32_t flag)
{
	uint32_t at = flag & ~FBSD_AT_SYMLINK_FOLLOW;
	struct path p, q;
	int h;
	long r;

	if (flag & ~(FBSD_AT_SYMLINK_FOLLOW | FBSD_AT_RESOLVE_BENEATH | FBSD_AT_EMPTY_PATH))
		return -EINVAL;
	if (!(flag & FBSD_AT_SYMLINK_FOLLOW))
		at |= FBSD_AT_SYMLINK_NOFOLLOW;
	r = fbsd_path_at(t, fd1, path1, at, FBSD_AT_USUAL, &p, &h);
	if (r == 0) {
		r = fbsd_path(t, fd2, path2, PATH_PARENT, &q);
		if (r == 0)
			r = host_call(SYS_linkat, p.dirfd, p.name, q.dirfd, q.name,
			              h & AT_SYMLINK_NOFOLLOW ? 0 : AT_SYMLINK_FOLLOW);
		path_done(&q);
	}
	path_done(&p);
	return r;
}

/* link follows a final link of the first path, unlike Linux's. */
long
fbsd_link(struct thread *t, uint64_t path, uint64_t to)
{
	return do_link(t, AT_FDCWD, path, AT_FDCWD, to, FBSD_AT_SYMLINK_FOLLOW);
}

long
fbsd_linkat(struct thread *t, int fd1, uint64_t path1, int fd2, uint64_t path2, uint32_t flag)
{
	return do_link(t, fd1, path1, fd2, path2, flag);
}

static long
do_symlink(struct thread *t, uint64_t text, int fd, uint64_t path)
{
	char target[PATH_BYTES];
	struct path p;
	long r = gm_read_str(target, text, sizeof(target));

	if (r < 0)
		return r;
	r = fbsd_path(t, fd, path, PATH_PARENT, &p);
	if (r == 0)
		r = host_call(SYS_symlinkat, target, p.dirfd, p.name);
	path_done(&p);
	return r;
}

long
fbsd_symlink(struct thread *t, uint64_t path, uint64_t link)
{
	return do_symlink(t, path, AT_FDCWD, link);
}

long
fbsd_symlinkat(struct thread *t, uint64_t path1, int fd, uint64_t path2)
{
	return do_symlink(t, path1, fd, path2);
}

/* The program's own link shows the program. */
static long
read_target(struct thread *t, const struct path *p, char *out, uint64_t size)
{
	size_t n = strlen(t->task->exec_path);

	if (p->at_fd)
		return host_call(SYS_readlinkat, p->dirfd, "", out, size);
	if (p->self != PATH_SELF_FILE)
		return host_call(SYS_readlinkat, p->dirfd, p->name, out, size);
	if (n > size)
		n = size;
	memcpy(out, t->task->exec_path, n);
	return (long)n;
}

static long
do_readlink(struct thread *t, int fd, uint64_t path, uint64_t buf, uint64_t size)
{
	char out[TARGET_BYTES];
	struct path p;
	long r;

	if ((int64_t)size < 0)
		return -EINVAL;
	r = fbsd_path(t, fd, path, PATH_LINK | (fd == AT_FDCWD ? 0 : PATH_EMPTY), &p);
	if (r == 0)
		r = read_target(t, &p, out, size == 0 ? 1 : size > sizeof(out) ? sizeof(out) : size);
	path_done(&p);
	if (r < 0 || size == 0)
		return r < 0 ? r : 0;
	return gm_write(buf, out, (uint64_t)r) ? -EFAULT : r;
}

long
fbsd_readlink(struct thread *t, uint64_t path, uint64_t buf, uint64_t count)
{
	return do_readlink(t, AT_FDCWD, path, buf, count);
}

long
fbsd_readlinkat(struct thread *t, int fd, uint64_t path, uint64_t buf, uint64_t bufsize)
{
	return do_readlink(t, fd, path, buf, bufsize);
}

/* Only the access bits count: a sticky directory is made by chmod. */
long
fbsd_mkdir(struct thread *t, uint64_t path, uint32_t mode)
{
	return with_parent(t, SYS_mkdirat, AT_FDCWD, path, mode & 0777, 0);
}

long
fbsd_mkdirat(struct thread *t, int fd, uint64_t path, uint32_t mode)
{
	return with_parent(t, SYS_mkdirat, fd, path, mode & 0777, 0);
}

long
fbsd_mkfifo(struct thread *t, uint64_t path, uint32_t mode)
{
	return with_parent(t, SYS_mknodat, AT_FDCWD, path, S_IFIFO | (mode & 07777), 0);
}

long
fbsd_mkfifoat(struct thread *t, int fd, uint64_t path, uint32_t mode)
{
	return with_parent(t, SYS_mknodat, fd, path, S_IFIFO | (mode & 07777), 0);
}

#define FBSD_S_IFWHT 0160000u
#define FBSD_NODEV   0xffffffffu

/* Devices take a privilege; so do whiteouts, which no file system of the host has. */
long
fbsd_mknodat(struct thread *t, int fd, uint64_t path, uint32_t mode, uint64_t dev)
{
	uint32_t type = mode & S_IFMT;

	if (type == S_IFIFO)
		return dev ? -EINVAL : fbsd_mkfifoat(t, fd, path, mode);
	if ((type == S_IFCHR || type == S_IFBLK || type == FBSD_S_IFWHT) && geteuid() != 0)
		return -EPERM;
	if (type == FBSD_S_IFWHT)
		return -EOPNOTSUPP;
	if ((type != S_IFCHR && type != S_IFBLK) || (uint32_t)dev == FBSD_NODEV)
		return -EINVAL;
	return with_parent(t, SYS_mknodat, fd, path, type | (mode & 07777), fbsd_dev_in(dev));
}

/* Device numbers of the old call have 32 bits and the low halves in the same places. */
long
fbsd_freebsd11_mknodat(struct thread *t, int fd, uint64_t path, uint32_t mode, uint32_t dev)
{
	return fbsd_mknodat(t, fd, path, mode, dev);
}

long
fbsd_freebsd11_mknod(struct thread *t, uint64_t path, int mode, int dev)
{
	return fbsd_mknodat(t, AT_FDCWD, path, (uint32_t)mode, (uint32_t)dev);
}
