/* Control messages of sendmsg and recvmsg: 12-byte headers, data 8-aligned. */
#pragma once

#include <sys/socket.h>

#include "abi/freebsd/fbsd.h"

struct fbsd_cmsghdr {
	uint32_t len;
	int32_t level, type;
};
_Static_assert(sizeof(struct fbsd_cmsghdr) == 12, "cmsghdr");

#define FBSD_CMSG_ALIGN(n) (((n) + 7u) & ~7u)
#define FBSD_CMSG_HEAD     FBSD_CMSG_ALIGN(sizeof(struct fbsd_cmsghdr))

/**
 * Guest messages @g of @n bytes for a socket of the host's @family and @type, as host ones in @h: bytes or -errno.
 */
long fbsd_cmsg_in(struct thread *t, int family, int type, const uint8_t *g, uint32_t n, uint8_t *h, uint32_t room);
/**
 * What the host gave with @mh, as guest messages in @g; bytes.  What has no room is dropped, descriptors closed, and
 * MSG_CTRUNC set in *flags (host's).  @fd: the receiving socket.
 */
uint32_t fbsd_cmsg_out(struct thread *t, int fd, struct msghdr *mh, uint8_t *g, uint32_t room, int *flags);
/** Guest messages that could not be given after all: close the descriptors in them. */
void fbsd_cmsg_discard(struct thread *t, const uint8_t *g, uint32_t n);
