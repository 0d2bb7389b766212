/*
 * fstat fstatat, and the forms from before 12 (32-bit inodes).
 * Source: FreeBSD manual stat(2), sys/stat.h layouts (design abi.md 2.5).
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "abi/core/fd.h"
#include "abi/freebsd/file.h"
#include "freebsd-amd64.h"

struct fbsd_ts {
	int64_t sec, nsec;
};

struct fbsd_stat {
	uint64_t dev, ino, nlink;
	uint16_t mode;
	int16_t bsdflags;
	uint32_t uid, gid, pad1;
	uint64_t rdev;
	struct fbsd_ts atim, mtim, ctim, birthtim;
	int64_t size, blocks;
	int32_t blksize;
	uint32_t flags;
	uint64_t gen, filerev, spare[9];
};
_Static_assert(sizeof(struct fbsd_stat) == 224, "stat");
_Static_assert(offsetof(struct fbsd_stat, mode) == 24 && offsetof(struct fbsd_stat, rdev) == 40 &&
                   offsetof(struct fbsd_stat, birthtim) == 96 && offsetof(struct fbsd_stat, size) == 112 &&
                   offsetof(struct fbsd_stat, flags) == 132,
               "stat layout");

struct fbsd11_stat {
	uint32_t dev, ino;
	uint16_t mode, nlink;
	uint32_t uid, gid, rdev;
	struct fbsd_ts atim, mtim, ctim;
	int64_t size, blocks;
	int32_t blksize;
	uint32_t flags, gen;
	int32_t lspare;
	struct fbsd_ts birthtim;
};
_Static_assert(sizeof(struct fbsd11_stat) == 120, "freebsd11_stat");

struct fbsd_nstat {
	uint32_t dev, ino, mode, nlink, uid, gid, rdev, pad;
	struct fbsd_ts atim, mtim, ctim;
	int64_t size, blocks;
	uint32_t blksize, flags, gen, pad2;
	struct fbsd_ts birthtim;
};
_Static_assert(sizeof(struct fbsd_nstat) == 128 && offsetof(struct fbsd_nstat, birthtim) == 112, "nstat");

/* Major and minor scattered over 64 bits (sys/types.h makedev). */
uint64_t
fbsd_dev_out(uint32_t maj, uint32_t min)
{
	return (uint64_t)(maj & ~0xffu) << 32 | (uint64_t)(maj & 0xff) << 8 | (uint64_t)(min & 0xff00) << 24 |
	       (min & 0xffff00ffu);
}

uint64_t
fbsd_dev_in(uint64_t dev)
{
	uint32_t maj = (uint32_t)(dev >> 32 & ~0xffull) | (uint32_t)(dev >> 8 & 0xff);
	uint32_t min = (uint32_t)(dev >> 24 & 0xff00) | (uint32_t)(dev & 0xffff00ffu);

	return makedev(maj, min);
}

static struct fbsd_ts
time_out(const struct statx_timestamp *t)
{
	return (struct fbsd_ts){t->tv_sec, t->tv_nsec};
}

static void
convert(const struct statx *x, struct fbsd_stat *g)
{
	memset(g, 0, sizeof(*g));
	g->dev = fbsd_dev_out(x->stx_dev_major, x->stx_dev_minor);
	g->ino = x->stx_ino;
	g->nlink = x->stx_nlink;
	g->mode = x->stx_mode;
	g->uid = x->stx_uid;
	g->gid = x->stx_gid;
	g->rdev = S_ISCHR(x->stx_mode) || S_ISBLK(x->stx_mode) ? fbsd_dev_out(x->stx_rdev_major, x->stx_rdev_minor)
	                                                       : ~0ull; /* NODEV */
	g->atim = time_out(&x->stx_atime);
	g->mtim = time_out(&x->stx_mtime);
	g->ctim = time_out(&x->stx_ctime);
	g->birthtim = x->stx_mask & STATX_BTIME ? time_out(&x->stx_btime) : (struct fbsd_ts){-1, 0};
	g->size = (int64_t)x->stx_size;
	g->blocks = (int64_t)x->stx_blocks;
	g->blksize = (int32_t)x->stx_blksize;
	if (x->stx_attributes & STATX_ATTR_IMMUTABLE)
		g->flags |= 2; /* UF_IMMUTABLE */
	if (x->stx_attributes & STATX_ATTR_APPEND)
		g->flags |= 4; /* UF_APPEND */
	if (x->stx_attributes & STATX_ATTR_NODUMP)
		g->flags |= 1; /* UF_NODUMP */
}

static long
put(uint64_t at, const struct statx *x)
{
	struct fbsd_stat g;

	convert(x, &g);
	return gm_write(at, &g, sizeof(g));
}

/* What has more bits than the old fields loses them, as there (vfs.ino64_trunc_error is 0). */
static long
put11(uint64_t at, const struct statx *x)
{
	struct fbsd_stat n;
	struct fbsd11_stat g;

	convert(x, &n);
	g = (struct fbsd11_stat){.dev = (uint32_t)n.dev,
	                         .ino = (uint32_t)n.ino,
	                         .mode = n.mode,
	                         .nlink = (uint16_t)n.nlink,
	                         .uid = n.uid,
	                         .gid = n.gid,
	                         .rdev = (uint32_t)n.rdev,
	                         .atim = n.atim,
	                         .mtim = n.mtim,
	                         .ctim = n.ctim,
	                         .size = n.size,
	                         .blocks = n.blocks,
	                         .blksize = n.blksize,
	                         .flags = n.flags,
	                         .birthtim = n.birthtim};
	return gm_write(at, &g, sizeof(g));
}

/* NetBSD's layout of old. */
static long
put_n(uint64_t at, const struct statx *x)
{
	struct fbsd_stat n;
	struct fbsd_nstat g;

	convert(x, &n);
	g = (struct fbsd_nstat){.dev = (uint32_t)n.dev,
	                        .ino = (uint32_t)n.ino,
	                        .mode = n.mode,
	                        .nlink = (uint32_t)n.nlink,
	                        .uid = n.uid,
	                        .gid = n.gid,
	                        .rdev = (uint32_t)n.rdev,
	                        .atim = n.atim,
	                        .mtim = n.mtim,
	                        .ctim = n.ctim,
	                        .size = n.size,
	                        .blocks = n.blocks,
	                        .blksize = (uint32_t)n.blksize,
	                        .flags = n.flags,
	                        .birthtim = n.birthtim};
	return gm_write(at, &g, sizeof(g));
}

typedef long put_fn(uint64_t at, const struct statx *x);

static long
by_fd(int fd, uint64_t sb, put_fn *out)
{
	struct statx x;
	long r;

	if (fd < 0 || fd_is_ours(fd))
		return -EBADF;
	r = host_call(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &x);
	return r ? r : out(sb, &x);
}

static long
at_path(struct thread *t, int fd, uint64_t path, uint64_t sb, uint32_t flag, put_fn *out)
{
	struct statx x;
	struct path p;
	int h;
	long r = fbsd_path_at(t, fd, path, flag, FBSD_AT_USUAL, &p, &h);

	if (r == 0)
		r = host_call(SYS_statx, p.dirfd, p.name, h, STATX_BASIC_STATS | STATX_BTIME, &x);
	path_done(&p);
	return r ? r : out(sb, &x);
}

long
fbsd_fstat(struct thread *t, int fd, uint64_t sb)
{
	return by_fd(fd, sb, put);
}

long
fbsd_fstatat(struct thread *t, int fd, uint64_t path, uint64_t buf, uint32_t flag)
{
	return at_path(t, fd, path, buf, flag, put);
}

long
fbsd_freebsd11_fstat(struct thread *t, int fd, uint64_t sb)
{
	return by_fd(fd, sb, put11);
}

long
fbsd_freebsd11_stat(struct thread *t, uint64_t path, uint64_t ub)
{
	return at_path(t, AT_FDCWD, path, ub, 0, put11);
}

long
fbsd_freebsd11_lstat(struct thread *t, uint64_t path, uint64_t ub)
{
	return at_path(t, AT_FDCWD, path, ub, FBSD_AT_SYMLINK_NOFOLLOW, put11);
}

long
fbsd_freebsd11_fstatat(struct thread *t, int fd, uint64_t path, uint64_t buf, uint32_t flag)
{
	return at_path(t, fd, path, buf, flag, put11);
}

long
fbsd_freebsd11_nfstat(struct thread *t, int fd, uint64_t sb)
{
	return by_fd(fd, sb, put_n);
}

long
fbsd_freebsd11_nstat(struct thread *t, uint64_t path, uint64_t ub)
{
	return at_path(t, AT_FDCWD, path, ub, 0, put_n);
}

long
fbsd_freebsd11_nlstat(struct thread *t, uint64_t path, uint64_t ub)
{
	return at_path(t, AT_FDCWD, path, ub, FBSD_AT_SYMLINK_NOFOLLOW, put_n);
}
