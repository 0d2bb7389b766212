/*
 * getdirentries and its old forms.  No entry is lost or seen twice: what was taken from the host and did not fit is
 * given back by seeking to the last entry that was delivered.
 * Source: FreeBSD manual getdirentries(2), sys/dirent.h.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "abi/core/fd.h"
#include "abi/freebsd/fbsd.h"
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
		d.fileno = (uint32_t)(h->ino ^ h->ino >> 32);
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

#define HOST_BYTES 32768u

/* Convert what fits; the position after the last delivered entry is in *ret_off. */
static long
deliver(const uint8_t *from, long n, uint64_t buf, uint64_t count, bool old, int64_t *ret_off, bool *ret_all)
{
	uint8_t rec[sizeof(struct fbsd_dirent) + 8];
	uint64_t used = 0;
	long at = 0;

	while (at < n) {
		const struct host_dirent *h = (const void *)(from + at);
		uint32_t len = record(h, old, rec);

		if (used + len > count)
			break;
		if (gm_write(buf + used, rec, len))
			return -EFAULT;
		used += len;
		*ret_off = h->off;
		at += h->reclen;
	}
	*ret_all = at >= n;
	return (long)used;
}

static long
read_dir(int fd, uint64_t buf, uint64_t count, int64_t *ret_base, bool old)
{
	uint8_t host[HOST_BYTES] __attribute__((aligned(8)));
	/* A guest's record is never shorter than the host's less five bytes: asking for little more than fits keeps
	 * the seek back rare. */
	uint64_t ask = count < HOST_BYTES ? (count < 320 ? 320 : count) : HOST_BYTES;
	int64_t start, off = 0;
	bool all = true;
	long n, r;

	if (fd < 0 || fd_is_ours(fd))
		return -EBADF;
	start = host_call(SYS_lseek, fd, 0, SEEK_CUR);
	if (start < 0)
		return start == -ESPIPE ? -EINVAL : start;
	n = host_call(SYS_getdents64, fd, host, ask);
	if (n <= 0)
		r = n == -ENOTDIR ? -EINVAL : n;
	else
		r = deliver(host, n, buf, count, old, &off, &all);
	if (n > 0 && (r <= 0 || !all))
		host_call(SYS_lseek, fd, r > 0 ? off : start, SEEK_SET);
	*ret_base = start;
	return n > 0 && r == 0 ? -EINVAL : r; /* not even one entry fits */
}

long
fbsd_getdirentries(struct thread *t, int fd, uint64_t buf, uint64_t count, uint64_t basep)
{
	int64_t base;
	long r = read_dir(fd, buf, count, &base, false);

	return r >= 0 && basep && gm_store64(basep, (uint64_t)base) ? -EFAULT : r;
}

long
fbsd_freebsd11_getdirentries(struct thread *t, int fd, uint64_t buf, uint32_t count, uint64_t basep)
{
	int64_t base;
	long r = read_dir(fd, buf, count, &base, true);

	return r >= 0 && basep && gm_store64(basep, (uint64_t)base) ? -EFAULT : r;
}

long
fbsd_freebsd11_getdents(struct thread *t, int fd, uint64_t buf, uint64_t count)
{
	int64_t base;

	return read_dir(fd, buf, count, &base, true);
}
