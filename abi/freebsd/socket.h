/* What the socket family shares. */
#pragma once

#include <errno.h>
#include <sys/socket.h>

#include "abi/freebsd/fbsd.h"

#define FBSD_AF_UNIX      1
#define FBSD_AF_INET      2
#define FBSD_AF_LINK      18
#define FBSD_AF_INET6     28
#define FBSD_SOCKADDR_MAX 255 /* SOCK_MAXADDRLEN */

#define FBSD_SOL_SOCKET 0xffff
#define FBSD_MSG_EOF    0x100
#define FBSD_MSG_NBIO   0x4000
#define FBSD_MSG_EOR    0x8

/** A guest address for a host call; fbsd_sockaddr_done() after the call. */
struct fbsd_sockaddr {
	struct sockaddr_storage ss;
	socklen_t len;
	int own_fd;    /* keeps a path short that is too long for the host's structure, -1 none */
	bool creates;  /* the path's last component is to be made */
};

/**
 * Convert; a path is resolved by the guest's root, relative to @dirfd (AT_FDCWD).  0 or -errno, then nothing is to be
 * done.  @creates: bind.
 */
int fbsd_sockaddr_in(struct thread *t, int dirfd, uint64_t addr, uint32_t len, bool creates, struct fbsd_sockaddr *ret);
void fbsd_sockaddr_done(struct fbsd_sockaddr *a);
/** What a failed host call means where the systems differ in the number: @r is its -errno. */
long fbsd_sockaddr_error(int fd, const struct fbsd_sockaddr *a, long r);
/**
 * A host address for the guest: as much as *lenp has room for is copied to @addr, and that length stored in *lenp.
 * A zero @addr gives nothing.  0 or -EFAULT.
 */
int fbsd_sockaddr_out(struct thread *t, const struct sockaddr_storage *ss, socklen_t len, uint64_t addr, uint64_t lenp);
/** The guest's form in @ret (FBSD_SOCKADDR_MAX bytes); its length. */
uint32_t fbsd_sockaddr_make(struct thread *t, const struct sockaddr_storage *ss, socklen_t len, uint8_t *ret);
/** Only family and length byte: for structures that hold an address of an internet family.  False for others. */
bool fbsd_sockaddr_family_in(uint8_t *ss);
void fbsd_sockaddr_family_out(uint8_t *ss);
/** Guest address family to host's, -1 when there is none; and back, 0 unknown. */
int fbsd_family_in(int guest);
int fbsd_family_out(int host);

/** MSG_* flags; false for one the host lacks. */
bool fbsd_msg_in(int guest, int *ret_host);
int fbsd_msg_out(int host);
/**
 * The end of a send call that was made with MSG_NOSIGNAL: SIGPIPE where it is due, shutdown for MSG_EOF.
 * @guest_flags: as the guest gave them.
 */
long fbsd_send_done(struct thread *t, int fd, int guest_flags, long r);
/** A receive that ended by signal or time-out: whether it is restarted is for the signal's flags to say. */
static inline long
fbsd_recv_done(long r)
{
	return r == -EINTR ? -HOST_ERESTART : r;
}
/** An address was given for a datagram, but the socket has a peer: -EISCONN; else 0. */
long fbsd_check_unconnected(int fd);
/** A TCP socket that never was connected: ENOTCONN without a signal, where Linux has EPIPE. */
bool fbsd_never_connected(int fd);
/** An option of the host of type int; @otherwise when it cannot be had. */
int fbsd_host_option(int fd, int level, int name, int otherwise);

/* sockbits.c: what the host's socket cannot remember */
enum fbsd_sockbit {
	FBSD_SB_NOSIGPIPE = 1,
	FBSD_SB_CREDS = 2,       /* LOCAL_CREDS */
	FBSD_SB_CREDS_ALWAYS = 4, /* LOCAL_CREDS_PERSISTENT */
	FBSD_SB_DSTADDR = 8,     /* IP_RECVDSTADDR */
	FBSD_SB_RECVIF = 16,     /* IP_RECVIF */
	FBSD_SB_BINTIME = 32,    /* SO_BINTIME */
	FBSD_SB_CLOCK = 64 | 128, /* SO_TS_CLOCK */
	FBSD_SB_TIMESTAMP = 256, /* SO_TIMESTAMP */
	FBSD_SB_DEBUG = 512,     /* SO_DEBUG */
	FBSD_SB_LOOPBACK = 1024, /* SO_USELOOPBACK */
	FBSD_SB_RERROR = 2048,   /* SO_RERROR */
	FBSD_SB_FIXED = 4096,    /* a shared memory object that writes do not make longer */
	FBSD_SB_ALL = 0xffff,
};
#define FBSD_SB_CLOCK_SHIFT 6
uint16_t fbsd_sockbits(struct thread *t, int fd);
/** Has the socket SO_NOSIGPIPE?  Cheap while none has. */
bool fbsd_keeps_quiet(struct thread *t, int fd);
/** Set the bits of @mask to @bits; -ENOPROTOOPT for a descriptor beyond what is remembered. */
int fbsd_sockbits_set(struct thread *t, int fd, uint16_t mask, uint16_t bits);
