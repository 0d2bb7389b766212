/*
 * What a socket of FreeBSD (or a shared memory object) remembers and the host's does not, by descriptor: set by setsockopt, copied by dup, dropped by
 * close (fdtab.c), inherited by fork and accept.
 *
 * KNOWN LIMITS: a descriptor that goes to another process by exec or in a message has lost it; numbers from
 * FBSD_SOCKBITS_FDS on have none.
 */
#include <errno.h>

#include "abi/freebsd/socket.h"

uint16_t
fbsd_sockbits(struct thread *t, int fd)
{
	return fd >= 0 && fd < FBSD_SOCKBITS_FDS ? fbsd_task(t)->sockbits[fd] : 0;
}

bool
fbsd_keeps_quiet(struct thread *t, int fd)
{
	return fbsd_task(t)->odd_writes && fbsd_sockbits(t, fd) & FBSD_SB_NOSIGPIPE;
}

int
fbsd_sockbits_set(struct thread *t, int fd, uint16_t mask, uint16_t bits)
{
	uint16_t *b, old, new;

	if (fd < 0 || fd >= FBSD_SOCKBITS_FDS)
		return -ENOPROTOOPT;
	b = &fbsd_task(t)->sockbits[fd];
	old = __atomic_load_n(b, __ATOMIC_RELAXED);
	do
		new = (uint16_t)((old & ~mask) | (bits & mask));
	while (!__atomic_compare_exchange_n(b, &old, new, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	if (new & (FBSD_SB_NOSIGPIPE | FBSD_SB_FIXED))
		fbsd_task(t)->odd_writes = true;
	return 0;
}
