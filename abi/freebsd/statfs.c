/*
 * File systems: statfs fstatfs getfsstat, and their forms from before 12.
 *
 * The mount that a file is on is found by its id in /proc/self/mountinfo.
 * KNOWN LIMITS: counts of reads and writes are 0, the owner is the superuser.
 * Source: FreeBSD manual statfs(2), getfsstat(2), sys/mount.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>

#include "abi/core/fd.h"
#include "abi/freebsd/file.h"
#include "freebsd-amd64.h"

/* What both layouts begin with. */
struct fs_head {
	uint32_t version, type;
	uint64_t flags, bsize, iosize, blocks, bfree;
	int64_t bavail;
	uint64_t files;
	int64_t ffree;
	uint64_t syncwrites, asyncwrites, syncreads, asyncreads, spare[10];
	uint32_t namemax, owner;
	int32_t fsid[2];
	char charspare[80], fstypename[16];
};
_Static_assert(sizeof(struct fs_head) == 296 && offsetof(struct fs_head, namemax) == 184, "statfs head");

struct fbsd_statfs {
	struct fs_head h;
	char mntfromname[1024], mntonname[1024];
};
_Static_assert(sizeof(struct fbsd_statfs) == 2344, "statfs");

struct fbsd11_statfs {
	struct fs_head h;
	char mntfromname[88], mntonname[88];
};
_Static_assert(sizeof(struct fbsd11_statfs) == 472, "freebsd11_statfs");

#define VERSION   0x20140518u
#define VERSION11 0x20030518u

#define MNT_RDONLY      0x1u
#define MNT_SYNCHRONOUS 0x2u
#define MNT_NOEXEC      0x4u
#define MNT_NOSUID      0x8u
#define MNT_LOCAL       0x1000u
#define MNT_ROOTFS      0x4000u
#define MNT_NOATIME     0x10000000u
enum { MNT_WAIT = 1, MNT_NOWAIT = 2 };

/* One line of mountinfo. */
struct mount {
	int id;
	char type[64], from[PATH_BASE], on[PATH_BASE];
};

/* Octal escapes of blanks and the like. */
static void
unescape(char *s)
{
	char *w = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] && s[3]) {
			*w++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 3;
		} else {
			*w++ = *s;
		}
	}
	*w = 0;
}

static bool
parse(const char *line, struct mount *m)
{
	const char *sep = strstr(line, " - ");

	if (!sep || sscanf(line, "%d %*d %*s %*s %4095s", &m->id, m->on) != 2 ||
	    sscanf(sep + 3, "%63s %4095s", m->type, m->from) != 2)
		return false;
	unescape(m->on);
	unescape(m->from);
	return true;
}

/* Call @fn for each mount until it returns non-zero, and return that. */
static long
each_mount(long (*fn)(void *arg, const struct mount *m), void *arg)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	struct mount m;
	char *line = NULL;
	size_t size = 0;
	long r = 0;

	if (!f)
		return -errno;
	while (r == 0 && getline(&line, &size, f) > 0)
		if (parse(line, &m))
			r = fn(arg, &m);
	free(line);
	fclose(f);
	return r;
}

/* Names that FreeBSD programs know. */
static const char *
type_name(const char *host)
{
	static const char *const names[][2] = {
	    {"ext2", "ext2fs"}, {"ext3", "ext2fs"}, {"ext4", "ext2fs"},   {"overlay", "unionfs"}, {"vfat", "msdosfs"},
	    {"iso9660", "cd9660"}, {"proc", "procfs"}, {"devtmpfs", "devfs"}, {"nfs4", "nfs"},      {"fuse", "fusefs"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(host, names[i][0]))
			return names[i][1];
	return host;
}

static bool
is_remote(const char *host)
{
	return !strncmp(host, "nfs", 3) || !strcmp(host, "cifs") || !strcmp(host, "smb3") || !strcmp(host, "9p") ||
	       !strcmp(host, "ceph");
}

static void
copy_name(char *to, size_t size, const char *from)
{
	size_t n = strnlen(from, size - 1);

	memcpy(to, from, n);
	memset(to + n, 0, size - n);
}

static void
convert(struct thread *t, const struct statfs *s, const struct mount *m, struct fbsd_statfs *g)
{
	/* A mount that begins above the root is the root's. */
	const char *on = m->on[0] ? path_for_guest(t, m->on) : "", *shown = on ? on : "/";

	memset(g, 0, sizeof(*g));
	g->h.version = VERSION;
	g->h.type = (uint32_t)s->f_type;
	g->h.flags |= s->f_flags & ST_RDONLY ? MNT_RDONLY : 0;
	g->h.flags |= s->f_flags & ST_NOSUID ? MNT_NOSUID : 0;
	g->h.flags |= s->f_flags & ST_NOEXEC ? MNT_NOEXEC : 0;
	g->h.flags |= s->f_flags & ST_SYNCHRONOUS ? MNT_SYNCHRONOUS : 0;
	g->h.flags |= s->f_flags & ST_NOATIME ? MNT_NOATIME : 0;
	g->h.flags |= is_remote(m->type) ? 0 : MNT_LOCAL;
	g->h.flags |= !strcmp(shown, "/") ? MNT_ROOTFS : 0;
	g->h.bsize = (uint64_t)(s->f_frsize ? s->f_frsize : s->f_bsize);
	g->h.iosize = (uint64_t)s->f_bsize;
	g->h.blocks = s->f_blocks;
	g->h.bfree = s->f_bfree;
	g->h.bavail = (int64_t)s->f_bavail;
	g->h.files = s->f_files;
	g->h.ffree = (int64_t)s->f_ffree;
	g->h.namemax = (uint32_t)s->f_namelen;
	memcpy(g->h.fsid, &s->f_fsid, sizeof(g->h.fsid));
	copy_name(g->h.fstypename, sizeof(g->h.fstypename), type_name(m->type));
	copy_name(g->mntfromname, sizeof(g->mntfromname), m->from);
	copy_name(g->mntonname, sizeof(g->mntonname), shown);
}

static long
put(uint64_t at, const struct fbsd_statfs *g, bool old)
{
	struct fbsd11_statfs o;

	if (!old)
		return gm_write(at, g, sizeof(*g));
	memset(&o, 0, sizeof(o));
	o.h = g->h;
	o.h.version = VERSION11;
	copy_name(o.mntfromname, sizeof(o.mntfromname), g->mntfromname);
	copy_name(o.mntonname, sizeof(o.mntonname), g->mntonname);
	return gm_write(at, &o, sizeof(o));
}

static long
copy_wanted(void *arg, const struct mount *m)
{
	struct mount *want = arg;

	if (m->id != want->id)
		return 0;
	*want = *m;
	return 1;
}

/* @fd: any descriptor of the file, also O_PATH. */
static long
tell(struct thread *t, int fd, uint64_t buf, bool old)
{
	struct fbsd_statfs g;
	struct mount m = {.type = "unknown"};
	struct statx x;
	struct statfs s;
	long r = host_call(SYS_fstatfs, fd, &s);

	if (r)
		return r;
	r = host_call(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &x);
	if (r)
		return r;
	m.id = (int)x.stx_mnt_id;
	each_mount(copy_wanted, &m); /* pipes and sockets are on mounts that are not listed */
	convert(t, &s, &m, &g);
	return put(buf, &g, old);
}

static long
by_path(struct thread *t, uint64_t path, uint64_t buf, bool old)
{
	struct path p;
	long r = fbsd_path(t, AT_FDCWD, path, PATH_EXISTING, &p), fd;

	if (r == 0) {
		fd = host_call(SYS_openat, p.dirfd, p.name, O_PATH | O_CLOEXEC);
		r = fd < 0 ? fd : tell(t, (int)fd, buf, old);
		if (fd >= 0)
			host_call(SYS_close, fd);
	}
	path_done(&p);
	return r;
}

long
fbsd_statfs(struct thread *t, uint64_t path, uint64_t buf)
{
	return by_path(t, path, buf, false);
}

long
fbsd_fstatfs(struct thread *t, int fd, uint64_t buf)
{
	return fbsd_fd_usable(fd) ? tell(t, fd, buf, false) : -EBADF;
}

long
fbsd_freebsd11_statfs(struct thread *t, uint64_t path, uint64_t buf)
{
	return by_path(t, path, buf, true);
}

long
fbsd_freebsd11_fstatfs(struct thread *t, int fd, uint64_t buf)
{
	return fbsd_fd_usable(fd) ? tell(t, fd, buf, true) : -EBADF;
}

struct listing {
	struct thread *t;
	uint64_t buf, room; /* room: entries that still fit */
	bool old, count_only;
	int root_id;         /* the mount that the root is on */
	long n;
};

static long
list_one(void *arg, const struct mount *m)
{
	struct listing *l = arg;
	struct fbsd_statfs g;
	struct statfs s;
	long r;

	if (!path_for_guest(l->t, m->on) && m->id != l->root_id)
		return 0;
	if (l->count_only) {
		l->n++;
		return 0;
	}
	if (l->room == 0)
		return 1;
	if (host_call(SYS_statfs, m->on, &s))
		memset(&s, 0, sizeof(s)); /* listed, but not for us to look at */
	convert(l->t, &s, m, &g);
	r = put(l->buf, &g, l->old);
	l->buf += l->old ? sizeof(struct fbsd11_statfs) : sizeof(struct fbsd_statfs);
	l->room--;
	l->n++;
	return r;
}

static int
root_mount(struct thread *t)
{
	long fd = path_open_host(t, "/", O_PATH | O_CLOEXEC), r;
	struct statx x;

	if (fd < 0)
		return -1;
	r = host_call(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &x);
	host_call(SYS_close, fd);
	return r ? -1 : (int)x.stx_mnt_id;
}

static long
list(struct thread *t, uint64_t buf, int64_t size, int mode, bool old)
{
	uint64_t each = old ? sizeof(struct fbsd11_statfs) : sizeof(struct fbsd_statfs);
	struct listing l = {.t = t, .buf = buf, .old = old, .count_only = !buf};
	long r;

	if (size < 0 || (mode != MNT_WAIT && mode != MNT_NOWAIT))
		return -EINVAL;
	l.room = (uint64_t)size / each;
	l.root_id = root_mount(t);
	r = each_mount(list_one, &l);
	return r < 0 ? r : l.n;
}

long
fbsd_getfsstat(struct thread *t, uint64_t buf, int64_t bufsize, int mode)
{
	return list(t, buf, bufsize, mode, false);
}

long
fbsd_freebsd11_getfsstat(struct thread *t, uint64_t buf, int64_t bufsize, int mode)
{
	return list(t, buf, bufsize, mode, true);
}
