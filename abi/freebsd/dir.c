/*
 * getdirentries and its old forms.
 *
 * No entry is lost or seen twice.  The host is asked for so little that what it gives surely fits: a record of FreeBSD
 * takes at most eight bytes more, a third of the smallest.  Only when a buffer is too small for that, what was taken
 * and did not fit is given back by seeking to the last entry that was delivered.
 *
 * Who may have to give back reads alone, or what another thread took meanwhile would be passed over.
 *
 * KNOWN LIMITS: two processes that read one descriptor with buffers below 400 bytes are not kept apart.
 * Source: FreeBSD manual getdirentries(2), sys/dirent.h.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "abi/core/fd.h"
#include "abi/freebsd/file.h"
#include "freebsd-amd64.h"

struct host_dirent {
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};
#define HOST_HEAD 19u

struct fbsd_dirent {
	uint64_t fileno;
	int64_t off;
	uint16_t reclen;
	uint8_t type, pad0;
	uint16_t namlen, pad1;
	char name[256];
};
#define HEAD 24u

struct fbsd11_dirent {
	uint32_t fileno;
	uint16_t reclen;
	uint8_t type, namlen;
	char name[256];
};
#define HEAD11 8u

/* One record into @out; its length. */
static uint32_t
record(const struct host_dirent *h, bool old, uint8_t *out)
{
	uint32_t n = (uint32_t)strlen(h->name), len;

	if (old) {
		struct fbsd11_dirent d;

		len = (HEAD11 + n + 1 + 3) & ~3u;
		memset(&d, 0, sizeof(d));
		d.fileno = (uint32_t)h->ino;
		d.reclen = (uint16_t)len;
		d.type = h->type;
		d.namlen = (uint8_t)n;
		memcpy(d.name, h->name, n);
		memcpy(out, &d, len);
	} else {
		struct fbsd_dirent d;

		len = (HEAD + n + 1 + 7) & ~7u;
		memset(&d, 0, sizeof(d));
		d.fileno = h->ino;
		d.off = h->off;
		d.reclen = (uint16_t)len;
		d.type = h->type;
		d.namlen = (uint16_t)n;
		memcpy(d.name, h->name, n);
		memcpy(out, &d, len);
	}
	return len;
}

#define HOST_BYTES   32768u
#define HOST_LONGEST 280u /* a record with a name of 255 bytes */
#define PROC_MAGIC   0x9fa0

/* Descriptors of ours as /proc/self/fd lists them. */
static bool
is_hidden(int fd, const struct host_dirent *h)
{
	struct statfs fs;
	char *end;
	long n;

	if (h->type != DT_LNK || h->name[0] < '0' || h->name[0] > '9')
		return false;
	n = strtol(h->name, &end, 10);
	if (*end || n > INT32_MAX || !fd_is_ours((int)n))
		return false;
	return host_call(SYS_fstatfs, fd, &fs) == 0 && fs.f_type == PROC_MAGIC;
}

/* Convert what fits; the position after the last delivered entry is in *ret_off, -1 when none is left over. */
static long
deliver(int fd, const uint8_t *from, long n, uint64_t buf, uint64_t count, bool old, int64_t *ret_off)
{
	uint8_t rec[sizeof(struct fbsd_dirent) + 8];
	uint64_t used = 0;
	int64_t off = 0;
	long at = 0;

	for (; at < n; at += ((const struct host_dirent *)(const void *)(from + at))->reclen) {
		const struct host_dirent *h = (const void *)(from + at);
		uint32_t len;

		if (is_hidden(fd, h))
			continue;
		len = record(h, old, rec);
		if (used + len > count)
			break;
		if (gm_write(buf + used, rec, len))
			return -EFAULT;
		used += len;
		off = h->off;
	}
	*ret_off = at < n ? off : -1;
	return (long)used;
}

/* @start: where the descriptor stands, for giving back. */
static long
read_small(int fd, uint64_t buf, uint64_t count, int64_t start, bool old)
{
	uint8_t host[HOST_LONGEST * 2] __attribute__((aligned(8)));
	uint64_t ask = count < HOST_LONGEST ? HOST_LONGEST : count < sizeof(host) ? count : sizeof(host);
	int64_t off = -1;
	long n, r;

	do {
		n = host_call(SYS_getdents64, fd, host, ask);
		r = n > 0 ? deliver(fd, host, n, buf, count, old, &off) : n;
	} while (n > 0 && r == 0 && off < 0); /* only hidden ones: not the end */
	if (n > 0 && (r <= 0 || off >= 0))
		host_call(SYS_lseek, fd, r > 0 ? off : start, SEEK_SET);
	return n > 0 && r == 0 ? -EINVAL : r; /* not even one entry fits */
}

static long
read_large(int fd, uint64_t buf, uint64_t count, bool old)
{
	uint8_t host[HOST_BYTES] __attribute__((aligned(8)));
	uint64_t ask = old ? count : count / 4 * 3;
	int64_t off;
	long n, r;

	do {
		n = host_call(SYS_getdents64, fd, host, ask < sizeof(host) ? ask : sizeof(host));
		r = n > 0 ? deliver(fd, host, n, buf, count, old, &off) : n;
	} while (n > 0 && r == 0); /* only hidden ones: not the end */
	return r;
}

static long
read_locked(int fd, uint64_t buf, uint64_t count, int64_t *ret_base, bool small, bool old)
{
	int64_t start = 0;
	long r;

	if (small || ret_base) {
		start = host_call(SYS_lseek, fd, 0, SEEK_CUR);
		if (start < 0)
			return start == -ESPIPE ? -EINVAL : start;
	}
	r = small ? read_small(fd, buf, count, start, old) : read_large(fd, buf, count, old);
	if (ret_base)
		*ret_base = start;
	return r == -ENOTDIR ? -EINVAL : r;
}

static long
read_dir(struct thread *t, int fd, uint64_t buf, uint64_t count, int64_t *ret_base, bool old)
{
	pthread_rwlock_t *lock = &fbsd_task(t)->dir_lock;
	bool small = count / 4 * 3 < HOST_LONGEST;
	long r;

	if (!fbsd_fd_usable(fd))
		return -EBADF;
	if (small)
		pthread_rwlock_wrlock(lock);
	else
		pthread_rwlock_rdlock(lock);
	r = read_locked(fd, buf, count, ret_base, small, old);
	pthread_rwlock_unlock(lock);
	return r;
}

long
fbsd_getdirentries(struct thread *t, int fd, uint64_t buf, uint64_t count, uint64_t basep)
{
	int64_t base;
	long r = read_dir(t, fd, buf, count, basep ? &base : NULL, false);

	return r >= 0 && basep && gm_store64(basep, (uint64_t)base) ? -EFAULT : r;
}

long
fbsd_freebsd11_getdirentries(struct thread *t, int fd, uint64_t buf, uint32_t count, uint64_t basep)
{
	int64_t base;
	long r = read_dir(t, fd, buf, count, basep ? &base : NULL, true);

	return r >= 0 && basep && gm_store64(basep, (uint64_t)base) ? -EFAULT : r;
}

long
fbsd_freebsd11_getdents(struct thread *t, int fd, uint64_t buf, uint64_t count)
{
	return read_dir(t, fd, buf, count, NULL, true);
}
