/*
 * Guest paths to host files.
 *
 * Without -L and --sysroot a guest path is a host path; only the names under which a program finds itself differ.
 * With a root, what exists below it (links resolved inside it by the kernel, openat2 RESOLVE_IN_ROOT) is the root's;
 * else the host's, unless the root is strict.  Creation and removal follow the parent directory.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct thread;

#define PATH_BYTES 1024 /* FreeBSD's MAXPATHLEN, the NUL included */

/** A guest path made ready for the host's *at calls: use (dirfd, name), then path_done(). */
struct path {
	int dirfd;            /* what to pass as directory */
	const char *name;     /* what to pass as path */
	int own_fd;           /* opened here, -1 none */
	bool is_self;         /* a name of the running program: name is its host path */
	char text[PATH_BYTES];
	char host[64];
};

enum path_use {
	PATH_EXISTING,        /* the whole path is to exist: looked up in the root, then on the host */
	PATH_PARENT,          /* the last component may be new: the parent decides */
};

/**
 * Read the guest string at @addr and resolve it.  0, or -EFAULT, -ENOENT (empty), -ENAMETOOLONG, -EBADF (@dirfd is one
 * of ours).  @dirfd: AT_FDCWD in any guest's number is -100.
 */
int path_get(struct thread *t, int dirfd, uint64_t addr, enum path_use use, struct path *ret);
/** The same for a string of ours. */
int path_get_host(struct thread *t, int dirfd, const char *name, enum path_use use, struct path *ret);
void path_done(struct path *p);

/** Open what the guest calls @path (a host string), with host flags; descriptor or -errno. */
long path_open_host(struct thread *t, const char *path, int host_flags);
