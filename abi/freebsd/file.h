/*
 * What the file family shares.
 */
#pragma once

#include "abi/core/path.h"
#include "abi/freebsd/fbsd.h"

/** "/proc/self/fd/N" into @ret (32 bytes): a path for calls that have no descriptor form. */
void fbsd_fd_name(int fd, char *ret);
/** A descriptor is about to be closed or replaced: knotes and flags of ours go with it. */
void fbsd_fd_closed(struct thread *t, int fd);
void fbsd_fd_range_closed(struct thread *t, int low, int high);
/** Guest AT_* flags to host flags; false for a bit that the call does not take (@allowed, guest bits). */
bool fbsd_at_flags(uint32_t flags, uint32_t allowed, int *ret_host);

#define FBSD_AT_EACCESS          0x100u
#define FBSD_AT_SYMLINK_NOFOLLOW 0x200u
#define FBSD_AT_SYMLINK_FOLLOW   0x400u
#define FBSD_AT_REMOVEDIR        0x800u
#define FBSD_AT_RESOLVE_BENEATH  0x2000u
#define FBSD_AT_EMPTY_PATH       0x4000u
