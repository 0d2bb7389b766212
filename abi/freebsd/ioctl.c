/*
 * ioctl: what is not in the list is ENOTTY, never passed on.
 * Source: FreeBSD sys/ttycom.h, sys/filio.h, sys/sockio.h; manual tty(4).
 */
#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "abi/core/fd.h"
#include "abi/freebsd/fbsd.h"
#include "abi/freebsd/ifioctl.h"
#include "abi/freebsd/termios.h"
#include "freebsd-amd64.h"

#define G_FIOCLEX     0x20006601u
#define G_FIONCLEX    0x20006602u
#define G_FIONREAD    0x4004667fu
#define G_FIONBIO     0x8004667eu
#define G_FIOASYNC    0x8004667du
#define G_FIODTYPE    0x4004667au
#define G_FIODGNAME   0x80106678u
#define G_FIOSEEKDATA 0xc0086661u
#define G_FIOSEEKHOLE 0xc0086662u
#define G_TIOCGETA    0x402c7413u
#define G_TIOCSETA    0x802c7414u
#define G_TIOCSETAW   0x802c7415u
#define G_TIOCSETAF   0x802c7416u
#define G_TIOCGWINSZ  0x40087468u
#define G_TIOCSWINSZ  0x80087467u
#define G_TIOCGPGRP   0x40047477u
#define G_TIOCSPGRP   0x80047476u
#define G_TIOCGSID    0x40047463u
#define G_TIOCSCTTY   0x20007461u
#define G_TIOCNOTTY   0x20007471u
#define G_TIOCOUTQ    0x40047473u
#define G_TIOCEXCL    0x2000740du
#define G_TIOCNXCL    0x2000740eu
#define G_TIOCDRAIN   0x2000745eu
#define G_TIOCFLUSH   0x80047410u
#define G_TIOCSBRK    0x2000747bu
#define G_TIOCCBRK    0x2000747au
#define G_TIOCSTOP    0x2000746fu
#define G_TIOCSTART   0x2000746eu
#define G_TIOCSTI     0x80017472u
#define G_TIOCGPTN    0x4004740fu
#define G_TIOCPTMASTER 0x2000741cu
#define G_SIOCATMARK  0x40047307u

/* Same meaning and argument on both: only the number differs. */
static const struct {
	uint32_t guest, host;
} plain[] = {
    {G_FIOCLEX, FIOCLEX},       {G_FIONCLEX, FIONCLEX},     {G_FIONREAD, FIONREAD},     {G_FIONBIO, FIONBIO},
    {G_FIOASYNC, FIOASYNC},     {G_TIOCGWINSZ, TIOCGWINSZ}, {G_TIOCSWINSZ, TIOCSWINSZ}, {G_TIOCGPGRP, TIOCGPGRP},
    {G_TIOCSPGRP, TIOCSPGRP},   {G_TIOCGSID, TIOCGSID},     {G_TIOCNOTTY, TIOCNOTTY},   {G_TIOCOUTQ, TIOCOUTQ},
    {G_TIOCEXCL, TIOCEXCL},     {G_TIOCNXCL, TIOCNXCL},     {G_TIOCSBRK, TIOCSBRK},     {G_TIOCCBRK, TIOCCBRK},
    {G_TIOCGPTN, TIOCGPTN},     {G_SIOCATMARK, 0x8905},
};

static long
get_attributes(int fd, uint64_t arg)
{
	struct fbsd_termios g;
	struct termios2 h;
	long r = host_call(SYS_ioctl, fd, TCGETS2, &h);

	if (r)
		return r == -EINVAL || r == -ENODEV ? -ENOTTY : r;
	fbsd_termios_out(&h, &g);
	return gm_write(arg, &g, sizeof(g));
}

static long
set_attributes(struct thread *t, int fd, uint32_t host, uint64_t arg)
{
	struct fbsd_termios g;
	struct termios2 h;
	long r;

	if (gm_read(&g, arg, sizeof(g)))
		return -EFAULT;
	r = host_call(SYS_ioctl, fd, TCGETS2, &h);
	if (r)
		return r == -EINVAL ? -ENOTTY : r;
	fbsd_termios_in(&g, &h);
	return host_block(t, SYS_ioctl, fd, host, &h);
}

/* D_TTY 2, D_DISK 4: what kind of device; -ENOTTY for what is none. */
static long
device_type(int fd, uint64_t arg)
{
	struct termios2 h;
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (S_ISBLK(st.st_mode))
		return gm_store32(arg, 4);
	if (!S_ISCHR(st.st_mode))
		return -ENOTTY;
	return gm_store32(arg, host_call(SYS_ioctl, fd, TCGETS2, &h) == 0 ? 2 : 0);
}

/* fdevname(3): the name below /dev. */
static long
device_name(int fd, uint64_t arg)
{
	struct {
		int32_t len, pad;
		uint64_t buf;
	} q;
	char link[40], path[256];
	long n;

	if (gm_read(&q, arg, sizeof(q)))
		return -EFAULT;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = host_call(SYS_readlinkat, AT_FDCWD, link, path, sizeof(path) - 1);
	if (n < 0)
		return n;
	path[n] = 0;
	if (strncmp(path, "/dev/", 5))
		return -EINVAL;
	n = (long)strlen(path + 5) + 1;
	return n > q.len ? -EINVAL : gm_write(q.buf, path + 5, (uint64_t)n);
}

/* The next data or hole at or after an offset; the file's own position stays (vop_stdioctl), so another opening is asked. */
static long
seek_in(int fd, int whence, uint64_t arg)
{
	struct stat st;
	char link[40];
	int64_t at;
	long other, r;

	if (gm_read(&at, arg, sizeof(at)))
		return -EFAULT;
	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -ENOTTY;
	if (at < 0 || at >= st.st_size)
		return -ENXIO;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	other = host_call(SYS_openat, AT_FDCWD, link, O_RDONLY | O_CLOEXEC);
	if (other < 0)
		return other;
	r = host_call(SYS_lseek, other, at, whence);
	host_call(SYS_close, other);
	return r < 0 ? r : gm_write(arg, &r, sizeof(r));
}

static long
flush_queue(int fd, uint64_t arg)
{
	uint32_t which; /* FREAD 1, FWRITE 2; 0 means both */

	if (gm_load32(arg, &which))
		return -EFAULT;
	if (which & ~3u)
		return -EINVAL;
	return host_call(SYS_ioctl, fd, TCFLSH, which == 1 ? TCIFLUSH : which == 2 ? TCOFLUSH : TCIOFLUSH);
}

static long
with_number(struct thread *t, int fd, uint32_t com, uint64_t arg)
{
	for (unsigned i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		if (plain[i].guest != com)
			continue;
		if (com & 0xc0000000u && !gm_inside(arg, com >> 16 & 0x1fff))
			return -EFAULT;
		long r = host_call(SYS_ioctl, fd, plain[i].host, com & 0xc0000000u ? arg : 0);

		return r == -EINVAL ? -ENOTTY : r;
	}
	log_debug(LOG_UNKNOWN, "ioctl 0x%x on descriptor %d is not known", com, fd);
	return -ENOTTY;
}

/* What only sockets, or only disks, know. */
static long
by_kind(int fd, uint32_t com, uint64_t arg)
{
	uint32_t group = com >> 8 & 0xff;
	struct stat st;

	if ((group != 'i' && group != 's' && group != 'f' && group != 'd') || fstat(fd, &st))
		return FBSD_IOCTL_NEXT;
	if (S_ISSOCK(st.st_mode))
		return fbsd_ioctl_socket(fd, com, arg);
	return S_ISBLK(st.st_mode) ? fbsd_ioctl_disk(fd, com, arg) : FBSD_IOCTL_NEXT;
}

long
fbsd_ioctl(struct thread *t, int fd, uint32_t com, uint64_t arg)
{
	long r;

	if (fd < 0 || fd_is_ours(fd) || host_call(SYS_fcntl, fd, F_GETFD) < 0)
		return -EBADF;
	r = by_kind(fd, com, arg);
	if (r != FBSD_IOCTL_NEXT)
		return r;
	switch (com) {
	case G_TIOCGETA:
		return get_attributes(fd, arg);
	case G_TIOCSETA:
		return set_attributes(t, fd, TCSETS2, arg);
	case G_TIOCSETAW:
		return set_attributes(t, fd, TCSETSW2, arg);
	case G_TIOCSETAF:
		return set_attributes(t, fd, TCSETSF2, arg);
	case G_TIOCSCTTY:
		return host_call(SYS_ioctl, fd, TIOCSCTTY, 0);
	case G_TIOCDRAIN:
		return host_block(t, SYS_ioctl, fd, TCSBRK, 1);
	case G_TIOCFLUSH:
		return flush_queue(fd, arg);
	case G_TIOCSTOP:
		return host_call(SYS_ioctl, fd, TCXONC, TCOOFF);
	case G_TIOCSTART:
		return host_call(SYS_ioctl, fd, TCXONC, TCOON);
	case G_TIOCSTI:
		return -EPERM; /* pushing input into a terminal is how a guest would reach its caller's shell */
	case G_TIOCPTMASTER: {
		int n;

		return host_call(SYS_ioctl, fd, TIOCGPTN, &n) == 0 ? 0 : -EINVAL;
	}
	case G_FIOSEEKDATA:
		return seek_in(fd, SEEK_DATA, arg);
	case G_FIOSEEKHOLE:
		return seek_in(fd, SEEK_HOLE, arg);
	case G_FIODTYPE:
		return device_type(fd, arg);
	case G_FIODGNAME:
		return device_name(fd, arg);
	}
	return with_number(t, fd, com, arg);
}

/* The slave is unlocked at once: FreeBSD has no unlockpt step. */
long
fbsd_posix_openpt(struct thread *t, int flags)
{
	int host = O_RDWR, zero = 0;
	long fd;

	if (flags & ~(0x3 | 0x8000 | 0x100000) || (flags & 3) != 2)
		return -EINVAL;
	if (flags & 0x8000)
		host |= O_NOCTTY;
	if (flags & 0x100000)
		host |= O_CLOEXEC;
	fd = host_call(SYS_openat, AT_FDCWD, "/dev/ptmx", host);
	if (fd >= 0)
		host_call(SYS_ioctl, fd, TIOCSPTLCK, &zero);
	return fd;
}
