/*
 * ioctl on disks, which are block devices here and character devices there.  Only what asks: what erases or formats is
 * not passed on.
 * Source: FreeBSD sys/disk.h; sys/geom/geom_dev.c g_dev_ioctl().
 */
#include <errno.h>
#include <linux/fs.h>
#include <string.h>

#include "abi/core/gm.h"
#include "abi/core/host.h"
#include "abi/freebsd/ifioctl.h"

#define G_DIOCGSECTORSIZE   0x40046480u
#define G_DIOCGMEDIASIZE    0x40086481u
#define G_DIOCGFWSECTORS    0x40046482u
#define G_DIOCGFWHEADS      0x40046483u
#define G_DIOCGFLUSH        0x20006487u
#define G_DIOCGDELETE       0x80106488u
#define G_DIOCGSTRIPESIZE   0x4008648bu
#define G_DIOCGSTRIPEOFFSET 0x4008648cu

static long
media_size(int fd, uint64_t arg)
{
	uint64_t bytes;
	long r = host_call(SYS_ioctl, fd, BLKGETSIZE64, &bytes);

	return r ? r : gm_store64(arg, bytes);
}

static long
sector_size(int fd, uint64_t arg)
{
	int bytes;
	long r = host_call(SYS_ioctl, fd, BLKSSZGET, &bytes);

	return r ? r : gm_store32(arg, (uint32_t)bytes);
}

static long
stripe(int fd, uint64_t arg)
{
	unsigned physical;
	int logical;
	long r = host_call(SYS_ioctl, fd, BLKPBSZGET, &physical);

	if (r == 0)
		r = host_call(SYS_ioctl, fd, BLKSSZGET, &logical);
	return r ? r : gm_store64(arg, physical > (unsigned)logical ? physical : 0);
}

long
fbsd_ioctl_disk(int fd, uint32_t com, uint64_t arg)
{
	switch (com) {
	case G_DIOCGMEDIASIZE:
		return media_size(fd, arg);
	case G_DIOCGSECTORSIZE:
		return sector_size(fd, arg);
	case G_DIOCGFWSECTORS: /* no firmware tells a geometry */
	case G_DIOCGFWHEADS:
		return gm_store32(arg, 0);
	case G_DIOCGSTRIPESIZE:
		return stripe(fd, arg);
	case G_DIOCGSTRIPEOFFSET:
		return gm_store64(arg, 0);
	case G_DIOCGFLUSH:
		return host_call(SYS_fsync, fd);
	case G_DIOCGDELETE:
		return -EPERM;
	}
	return FBSD_IOCTL_NEXT;
}
