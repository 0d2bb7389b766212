/* ioctl on sockets and disks. */
#pragma once

#include <stdint.h>

enum { FBSD_IOCTL_NEXT = 1 };

/** A command on a socket: its result, or FBSD_IOCTL_NEXT for one that all descriptors share. */
long fbsd_ioctl_socket(int fd, uint32_t com, uint64_t arg);
/** A command on a disk (a block device here), the same. */
long fbsd_ioctl_disk(int fd, uint32_t com, uint64_t arg);
