/*
 * What the file family shares.
 */
#pragma once

#include "abi/core/path.h"
#include "abi/freebsd/fbsd.h"

/** "/proc/self/fd/N" into @ret (32 bytes): a path for calls that have no descriptor form. */
void fbsd_fd_name(int fd, char *ret);
/** A descriptor is about to be closed or replaced: knotes and whatever else is kept by number go with it. */
void fbsd_fd_closed(struct thread *t, int fd);
void fbsd_fd_range_closed(struct thread *t, int low, int high);
/** @to is now the same open file as @from. */
void fbsd_fd_duped(struct thread *t, int from, int to);
/** A new descriptor, or -errno: a number that the guest's limit excludes is given back, -EMFILE. */
long fbsd_fd_new(struct thread *t, long r);
/** Two new ones, with @r as the host's call ended: 0 or -errno, and then both are closed. */
long fbsd_fd_new_pair(struct thread *t, long r, const int fd[2]);
/** Is it, for FreeBSD, a file with a name (DTYPE_VNODE), rather than a pipe, a socket, a kqueue and the like?  -EBADF, 0, 1. */
int fbsd_fd_is_vnode(int fd);
/** F_GETFL in host flags, with FreeBSD's access mode; -EBADF. */
long fbsd_fd_flags(int fd);
/** A number that the guest can use: not negative, not one of ours. */
bool fbsd_fd_usable(int fd);

/**
 * A path with guest AT_* flags, of which the call takes @allowed: sets the host's flags (a link is followed or not, as
 * they say; AT_EMPTY_PATH is resolved).  0 or -errno; path_done() in either case.
 */
int fbsd_path_at(struct thread *t, int fd, uint64_t path, uint32_t flags, uint32_t allowed, struct path *ret, int *ret_host);
/** The same without flags; @use is a path_use. */
int fbsd_path(struct thread *t, int fd, uint64_t path, uint32_t use, struct path *ret);

#define FBSD_AT_EACCESS          0x100u
#define FBSD_AT_SYMLINK_NOFOLLOW 0x200u
#define FBSD_AT_SYMLINK_FOLLOW   0x400u
#define FBSD_AT_REMOVEDIR        0x800u
#define FBSD_AT_RESOLVE_BENEATH  0x2000u
#define FBSD_AT_EMPTY_PATH       0x4000u
/** What most calls take. */
#define FBSD_AT_USUAL (FBSD_AT_SYMLINK_NOFOLLOW | FBSD_AT_RESOLVE_BENEATH | FBSD_AT_EMPTY_PATH)

/* Errors without a number on the host. */
#define FBSD_EFTYPE      GUEST_ERRNO(79)
#define FBSD_ENOATTR     GUEST_ERRNO(87)
#define FBSD_ENOTCAPABLE GUEST_ERRNO(93)

/** The user's directory of shared memory objects, a hidden descriptor; made when it is not there and @make.  -errno. */
long fbsd_shm_dir(bool make);

/* dev_t is scattered over 64 bits (makedev(3)). */
uint64_t fbsd_dev_out(uint32_t maj, uint32_t min);
uint64_t fbsd_dev_in(uint64_t dev);

/** Content of /proc/curproc/{cmdline,map,status} as a fresh descriptor, or -errno. */
long fbsd_procfs_open(struct thread *t, enum path_self what, int host_flags);
