/*
 * Shared memory objects: anonymous ones are memfds, named ones files in a directory of the user's own.
 *
 * KNOWN LIMITS: an object that went to another program, by exec or in a message, grows when it is written past its end, also
 * without SHM_GROW_ON_WRITE.  Objects of other users are not seen; sealing works on anonymous ones; names have at most 255
 * bytes.
 * Source: FreeBSD manual shm_open(2), shm_open2(2); order of checks as in uipc_shm.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/core/fd.h"
#include "abi/freebsd/file.h"
#include "abi/freebsd/proctab.h"
#include "abi/freebsd/socket.h"
#include "freebsd-amd64.h"
#include "freebsd-sets.h"

#define SHM_ANON          1ull
#define SHM_ALLOW_SEALING 0x1
#define SHM_GROW_ON_WRITE 0x2
#define SHM_LARGEPAGE     0x4
#define SHM_RENAME_NOREPLACE 1
#define SHM_RENAME_EXCHANGE  2

#define FBSD_O_RDWR    0x2u
#define FBSD_O_ACCMODE 0x3u
#define FBSD_O_CREAT   0x200u
#define FBSD_O_TRUNC   0x400u
#define FBSD_O_EXCL    0x800u
#define FBSD_O_CLOEXEC 0x100000u
#define OPEN_KNOWN (FBSD_O_ACCMODE | FBSD_O_CREAT | FBSD_O_TRUNC | FBSD_O_EXCL | FBSD_O_CLOEXEC)

/* Refused when someone else made it. */
long
fbsd_shm_dir(bool make)
{
	char name[64];
	struct stat st;
	long fd;

	snprintf(name, sizeof(name), "/dev/shm/dragoman-%u", geteuid());
	if (make)
		host_call(SYS_mkdirat, AT_FDCWD, name, 0700);
	fd = host_call(SYS_openat, AT_FDCWD, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return fd;
	if (fstat((int)fd, &st) || st.st_uid != geteuid() || st.st_mode & 022) {
		host_call(SYS_close, fd);
		return -EACCES;
	}
	return fd_hide((int)fd);
}

/* Any byte may be in a name: slashes are written as in a URL, and a prefix keeps "." and ".." away. */
static int
host_name(const char *guest, char out[256])
{
	uint32_t n = 0;

	out[n++] = 'o';
	for (; *guest; guest++) {
		bool plain = *guest != '/' && *guest != '%';

		if (n + 4 > 256)
			return -ENAMETOOLONG;
		n += (uint32_t)snprintf(out + n, 4, plain ? "%c" : "%%%02x", *guest);
	}
	out[n] = 0;
	return 0;
}

static long
get_name(uint64_t path, char out[256])
{
	char guest[PATH_BYTES];
	long n = gm_read_str(guest, path, sizeof(guest));

	if (n < 0)
		return n;
	return guest[0] == '/' ? host_name(guest, out) : -EINVAL;
}

static long
open_anon(uint32_t flags, uint32_t mode, int shmflags)
{
	int seals = shmflags & SHM_ALLOW_SEALING ? MFD_ALLOW_SEALING : 0;
	long fd;

	if ((flags & FBSD_O_ACCMODE) != FBSD_O_RDWR)
		return -EINVAL;
	fd = host_call(SYS_memfd_create, "shm", seals | (flags & FBSD_O_CLOEXEC ? MFD_CLOEXEC : 0));
	if (fd >= 0)
		host_call(SYS_fchmod, fd, mode & 07777 & ~proc_umask());
	return fd;
}

static long
open_named(uint64_t path, uint32_t flags, uint32_t mode)
{
	char name[256];
	uint64_t h;
	long dir, r = get_name(path, name);

	if (r)
		return r;
	if (!set_to_host(&fbsd_open_set, flags, &h))
		return -EINVAL;
	dir = fbsd_shm_dir(true);
	if (dir < 0)
		return dir == -ENOENT ? -EOPNOTSUPP : dir; /* a host without /dev/shm */
	r = host_call(SYS_openat, dir, name, h | O_NOFOLLOW, mode & 07777);
	host_call(SYS_close, dir);
	return r;
}

long
fbsd_shm_open2(struct thread *t, uint64_t path, uint32_t flags, uint32_t mode, int shmflags, uint64_t name)
{
	long fd;

	if (flags & ~OPEN_KNOWN || shmflags & ~(SHM_ALLOW_SEALING | SHM_GROW_ON_WRITE | SHM_LARGEPAGE))
		return -EINVAL;
	if (shmflags & SHM_LARGEPAGE)
		return -ENOTTY; /* as where the hardware has none */
	if ((flags & FBSD_O_ACCMODE) != 0 && (flags & FBSD_O_ACCMODE) != FBSD_O_RDWR)
		return -EINVAL;
	fd = path == SHM_ANON ? open_anon(flags, mode, shmflags) : open_named(path, flags, mode);
	if (fd >= 0 && !(shmflags & SHM_GROW_ON_WRITE))
		fbsd_sockbits_set(t, (int)fd, FBSD_SB_FIXED, FBSD_SB_FIXED);
	return fd;
}

/* Of old these descriptors always closed on exec. */
long
fbsd_freebsd12_shm_open(struct thread *t, uint64_t path, uint32_t flags, uint32_t mode)
{
	return fbsd_shm_open2(t, path, flags | FBSD_O_CLOEXEC, mode, 0, 0);
}

long
fbsd_shm_unlink(struct thread *t, uint64_t path)
{
	char name[256];
	long dir, r = get_name(path, name);

	if (r)
		return r == -EINVAL ? -ENOENT : r;
	dir = fbsd_shm_dir(true);
	if (dir < 0)
		return -ENOENT;
	r = host_call(SYS_unlinkat, dir, name, 0);
	host_call(SYS_close, dir);
	return r;
}

long
fbsd_shm_rename(struct thread *t, uint64_t path_from, uint64_t path_to, int flags)
{
	uint32_t h = flags & SHM_RENAME_NOREPLACE ? RENAME_NOREPLACE : flags & SHM_RENAME_EXCHANGE ? RENAME_EXCHANGE : 0;
	char from[256], to[256];
	long dir, r;

	if (flags & ~(SHM_RENAME_NOREPLACE | SHM_RENAME_EXCHANGE) || flags == (SHM_RENAME_NOREPLACE | SHM_RENAME_EXCHANGE))
		return -EINVAL;
	r = get_name(path_from, from);
	if (r == 0)
		r = get_name(path_to, to);
	if (r)
		return r;
	dir = fbsd_shm_dir(true);
	if (dir < 0)
		return -ENOENT;
	r = host_call(SYS_renameat2, dir, from, dir, to, h);
	host_call(SYS_close, dir);
	return r;
}
