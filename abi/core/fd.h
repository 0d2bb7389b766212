/*
 * Descriptors of ours live above those that the guest may use, out of its sight.
 */
#pragma once

#include <stdbool.h>

/** Highest descriptor number a guest can have, plus one: its RLIMIT_NOFILE never exceeds it. */
int fd_guest_limit(void);
/** Learn the limits; raises the soft limit to make room for ours.  0 or -errno. Once, before the guest starts. */
int fd_setup(void);
/** Move @fd out of the guest's range (close-on-exec), close the original.  New number or -errno. */
int fd_hide(int fd);
/** Is it one of ours?  Guest calls on such a number give EBADF. */
static inline bool
fd_is_ours(int fd)
{
	extern int fd_ours_first;
	return fd >= fd_ours_first;
}
