/*
 * UMTX_OP_SHM: a page of shared memory for each address of an object in memory that processes
 * share.
 *
 * FreeBSD finds the page by the memory's object and offset.  Here a file in the host's
 * shared-memory directory is named after the device, inode and offset behind the address.  Each
 * process that uses it holds a lock on it (flock, shared): a file without a lock is left over from
 * a dead process and starts afresh.  A destroyed page's file has no name any more.
 *
 * KNOWN LIMIT: only processes of one user meet.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/core/fd.h"
#include "abi/freebsd/umtx.h"

#define SHM_CREAT   1u
#define SHM_LOOKUP  2u
#define SHM_DESTROY 4u
#define SHM_ALIVE   8u

#define NAME_MAX_BYTES 128
#define NAME_START     "/dev/shm/dragoman-umtx."

struct umtx_shm {
	struct umtx_shm *next;
	int fd;	      /* ours, holds the lock */
	bool private; /* of this process's own memory: not a forked child's */
	char name[NAME_MAX_BYTES];
};

/* One line of /proc/self/maps. */
struct backing {
	uint64_t lo, hi, offset, ino;
	unsigned major, minor;
	bool shared, readable, writable, ours_deleted;
};

static bool
parse(const char *line, struct backing *b)
{
	char perm[8], *gone;
	int at = 0;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %" SCNx64 " %x:%x %" SCNu64 " %n", &b->lo,
		   &b->hi, perm, &b->offset, &b->major, &b->minor, &b->ino, &at) < 7)
		return false;
	b->readable = perm[0] == 'r';
	b->writable = perm[1] == 'w';
	b->shared = perm[3] == 's';
	gone = strstr(line + at, " (deleted)");
	b->ours_deleted = gone && !strncmp(line + at, NAME_START, strlen(NAME_START));
	return true;
}

static int
find_backing(uint64_t addr, struct backing *ret)
{
	FILE *f = fopen("/proc/self/maps", "re");
	char *line = NULL;
	size_t size = 0;
	int r = -EFAULT;

	if (!f)
		return -ENOMEM;
	while (r && getline(&line, &size, f) > 0)
		if (parse(line, ret) && addr >= ret->lo && addr < ret->hi)
			r = 0;
	free(line);
	fclose(f);
	return r;
}

static int
make_name(struct thread *t, uint64_t addr, struct umtx_shm *ret)
{
	struct backing b;
	int r = gm_inside(addr, 1) ? find_backing(addr, &b) : -EFAULT;

	if (r)
		return r;
	if (!b.writable)
		return -EFAULT;
	ret->private = !b.shared;
	if (b.shared)
		snprintf(ret->name, NAME_MAX_BYTES, NAME_START "%u.%x-%x.%" PRIx64 ".%" PRIx64,
			 geteuid(), b.major, b.minor, b.ino, addr - b.lo + b.offset);
	else
		snprintf(ret->name, NAME_MAX_BYTES, NAME_START "%u.p%d.%" PRIx64, geteuid(),
			 t->task->pid, addr);
	return 0;
}

/* Open under a lock of our own.  1: the file went away meanwhile, again. */
static int
open_once(const char *name, bool create, int *ret_fd)
{
	int fd = open(name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | (create ? O_CREAT : 0), 0600);
	bool alone;
	struct stat st;

	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	fd = fd_hide(fd);
	if (fd < 0)
		return fd;
	alone = flock(fd, LOCK_EX | LOCK_NB) == 0;
	if (alone && (create ? ftruncate(fd, 0) || ftruncate(fd, GM_PAGE) : unlink(name)))
		alone = false;
	if ((alone && !create) || flock(fd, LOCK_SH) || fstat(fd, &st) || st.st_uid != geteuid()) {
		close(fd);
		return -ESRCH;
	}
	if (st.st_nlink == 0 || st.st_size != (off_t)GM_PAGE) {
		close(fd);
		return 1;
	}
	*ret_fd = fd;
	return 0;
}

static struct umtx_shm **
find(struct fbsd_umtx *u, const char *name)
{
	struct umtx_shm **p = &u->shm;

	while (*p && strcmp((*p)->name, name))
		p = &(*p)->next;
	return p;
}

/* A page whose file somebody else has destroyed is no longer the one of that name. */
static bool
alive(const struct umtx_shm *s)
{
	struct stat st;

	return fstat(s->fd, &st) == 0 && st.st_nlink != 0;
}

static void
forget(struct umtx_shm **p)
{
	struct umtx_shm *s = *p;

	*p = s->next;
	close(s->fd);
	free(s);
}

static long
get(struct fbsd_umtx *u, const struct umtx_shm *want, bool create, struct umtx_shm ***ret)
{
	struct umtx_shm **p = find(u, want->name), *s;
	int r = 1, fd = -1;

	if (*p && !alive(*p))
		forget(p);
	if (!*p) {
		while (r == 1)
			r = open_once(want->name, create, &fd);
		if (r)
			return r;
		s = malloc(sizeof(*s));
		if (!s) {
			close(fd);
			return -ENOMEM;
		}
		*s = *want;
		s->fd = fd;
		s->next = u->shm;
		u->shm = s;
		p = &u->shm;
	}
	*ret = p;
	return 0;
}

/* A descriptor for the guest, with a file position of its own. */
static long
reopen(const struct umtx_shm *s)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", s->fd);
	return host_call(SYS_open, path, O_RDWR | O_CLOEXEC);
}

static long
is_alive(uint64_t addr)
{
	struct backing b;
	int r = gm_inside(addr, 1) ? find_backing(addr, &b) : -EFAULT;

	if (r)
		return r;
	return !b.readable ? -EFAULT : b.ours_deleted ? -ENOTTY : 0;
}

long
umtx_op_shm(struct thread *t, const uint64_t *a)
{
	struct fbsd_umtx *u = fbsd_task(t)->umtx;
	uint32_t flags = (uint32_t)a[2];
	struct umtx_shm want, **p;
	long r;

	if (__builtin_popcount(flags & (SHM_CREAT | SHM_LOOKUP | SHM_DESTROY | SHM_ALIVE)) != 1)
		return -EINVAL;
	if (flags & SHM_ALIVE)
		return is_alive(a[3]);
	r = make_name(t, a[3], &want);
	if (r)
		return r;
	pthread_mutex_lock(&u->shm_lock);
	r = get(u, &want, flags & SHM_CREAT, &p);
	if (r == 0 && flags & SHM_DESTROY) {
		unlink(want.name);
		forget(p);
	} else if (r == 0) {
		r = reopen(*p);
	}
	pthread_mutex_unlock(&u->shm_lock);
	return r;
}

void
umtx_shm_after_fork(struct fbsd_umtx *u)
{
	struct umtx_shm **p = &u->shm;

	pthread_mutex_init(&u->shm_lock, NULL);
	while (*p) {
		if ((*p)->private)
			forget(p);
		else
			p = &(*p)->next;
	}
}

/* Our lock may have been inherited by children: only a fresh one tells whether anybody is left. */
void
umtx_shm_exit(struct fbsd_umtx *u)
{
	for (struct umtx_shm *s = u->shm; s; s = s->next) {
		long fd = reopen(s);

		close(s->fd);
		if (fd >= 0 && flock((int)fd, LOCK_EX | LOCK_NB) == 0)
			unlink(s->name);
	}
	u->shm = NULL;
}
