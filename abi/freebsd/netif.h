/* What FreeBSD says of a network interface.  Source: FreeBSD net/if.h, net/if_dl.h, net/if_types.h. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define FBSD_SOCKADDR_DL_LEN 54

/** struct sockaddr_dl */
struct fbsd_sockaddr_dl {
	uint8_t len, family;
	uint16_t index;
	uint8_t type, nlen, alen, slen;
	char data[46];
};
_Static_assert(sizeof(struct fbsd_sockaddr_dl) == FBSD_SOCKADDR_DL_LEN, "sockaddr_dl");

/** The link-level address of the interface @name: its name, then @alen bytes of @addr where they have room. */
void fbsd_sockaddr_dl_make(struct fbsd_sockaddr_dl *ret, int index, uint8_t type, const char *name, const void *addr,
                           uint32_t alen);
/** The same of an interface of which the index is known, without its hardware address; bytes written.  @fd: a socket. */
uint32_t fbsd_sockaddr_dl(int fd, int index, uint8_t ret[FBSD_SOCKADDR_DL_LEN]);
/** IFF_* of the host for the guest. */
uint32_t fbsd_if_flags_out(uint32_t host);
/** IFT_* of a host's ARPHRD_*. */
uint8_t fbsd_if_type(uint16_t host);
