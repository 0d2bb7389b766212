/* What the socket family shares. */
#pragma once

#include <sys/socket.h>

#include "abi/freebsd/fbsd.h"

#define FBSD_AF_INET6    28
#define FBSD_SUN_PATH    104
#define FBSD_SOCKADDR_MAX 128

/** A guest address for the host: family in 16 bits, no length byte.  0 or -errno. */
int fbsd_sockaddr_in(struct thread *t, uint64_t addr, uint32_t len, struct sockaddr_storage *ret, socklen_t *ret_len);
/**
 * A host address for the guest: copied to @addr up to the room that *lenp tells, the full length stored in *lenp.
 * A zero @addr gives nothing.  0 or -EFAULT.
 */
int fbsd_sockaddr_out(const struct sockaddr_storage *ss, socklen_t len, uint64_t addr, uint64_t lenp);
/** The guest's form in @ret (FBSD_SOCKADDR_MAX bytes); its length. */
uint32_t fbsd_sockaddr_make(const struct sockaddr_storage *ss, socklen_t len, uint8_t *ret);
/** Guest address family to host's, -1 when there is none; and back, 0 unknown. */
int fbsd_family_in(int guest);
int fbsd_family_out(int host);
/** MSG_* flags; false for one the host lacks. */
bool fbsd_msg_in(int guest, int *ret_host);
int fbsd_msg_out(int host);
/** A send call's flags with MSG_NOSIGNAL where the socket has SO_NOSIGPIPE. */
int fbsd_send_flags(struct thread *t, int fd, int host_flags);
