/*
 * Descriptors of ours live above those that the guest may use, out of its sight.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct diag;

/** The smallest hard limit of open files that leaves room for a guest and for us. */
#define FD_HARD_LEAST 32u

/** Highest descriptor number a guest can have, plus one: its RLIMIT_NOFILE never exceeds it. */
int fd_guest_limit(void);
/**
 * Where the line lies for these limits: the guest has [0, *ret_guest), ours end at *ret_end.
 * False when @hard leaves no room.
 */
bool fd_split(uint64_t soft, uint64_t hard, int *ret_guest, int *ret_end);
/**
 * Learn the limits and raise the soft one to make room for ours.  0, or -EMFILE with a message when the hard limit
 * leaves no room.  Once, before the guest starts, before fd_hide() and diag_set_fd().
 */
int fd_setup(struct diag *d);
/** The soft limit as it was before fd_setup(), for the guest's first getrlimit; at most fd_guest_limit(). */
int fd_guest_soft(void);
/** Is no number below the guest's soft limit free?  Asked before calls that must have no effect then. */
bool fd_full(void);
/** The guest changed its soft limit: new numbers lie below it, and the next image is given it. */
void fd_set_guest_soft(int soft);
/**
 * Set the host's soft limit to @soft just before an exec, so that neither a native program nor our next image sees
 * the raised one; fd_soft_raise() takes it back when the exec fails.  0 or -errno.
 */
int fd_soft_lower(int soft);
int fd_soft_raise(void);
/** Move @fd out of the guest's range (close-on-exec), close the original.  New number or -errno. */
int fd_hide(int fd);
/**
 * Write all of @p to a file of ours: 0, or -errno.  A signal that the kernel sends for it (SIGPIPE; SIGXFSZ, as the
 * guest's limit of file sizes holds for ours too) is no business of the guest's, and is taken back.
 */
int fd_write_all(int fd, const void *p, uint64_t n);
/** Is it one of ours?  Guest calls on such a number give EBADF. */
static inline bool
fd_is_ours(int fd)
{
	extern int fd_ours_first;
	return fd >= fd_ours_first;
}
