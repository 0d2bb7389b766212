/*
 * Guest paths to host files.
 *
 * Without -L and --sysroot a guest path is a host path; only the names under which a program finds itself differ.
 * With a root, what exists below it (links resolved inside it by the kernel, openat2 RESOLVE_IN_ROOT) is the root's;
 * else the host's, unless the root is strict.  Creation and removal follow the parent directory.
 *
 * KNOWN LIMITS: a symbolic link that someone else made to /proc/self/exe shows this program, not the guest's.  A
 * directory that is moved out of the root while a path below it is being resolved is seen where it was.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct task;
struct thread;

#define PATH_BYTES 1024 /* FreeBSD's MAXPATHLEN, the NUL included */
#define PATH_BASE  4096 /* a host directory's own path may be this long */

/** What of itself the program names: the content is the personality's to make, but for the file. */
enum path_self {
	PATH_NOT_SELF,
	PATH_SELF_FILE,    /* its own executable; name is the host's path of it, or of the link for PATH_LINK */
	PATH_SELF_CMDLINE, /* name is a file of the host that has the same owner and mode */
	PATH_SELF_MAP,
	PATH_SELF_STATUS,
};

/** A guest path made ready for the host's *at calls: use (dirfd, name), then path_done(). */
struct path {
	int dirfd;            /* what to pass as directory */
	const char *name;     /* what to pass as path */
	int own_fd;           /* opened here, -1 none */
	enum path_self self;
	bool at_fd;           /* the name is empty and @dirfd itself is meant (PATH_EMPTY) */
	uint64_t resolve;     /* openat2's, for path_open(): PATH_OPEN and PATH_CREATE with a root or beneath a directory */
	char host[64];
	char text[PATH_BASE + PATH_BYTES];
};

enum path_use {
	PATH_EXISTING,        /* the whole path is to exist, a final link is followed */
	PATH_LINK,            /* to exist, a final link is not followed */
	PATH_PARENT,          /* the last component may be new, and is not followed: the parent decides */
	PATH_OPEN,            /* for path_open(): to exist */
	PATH_CREATE,          /* for path_open() with O_CREAT: the last component may be new */
	PATH_USE = 0xf,
	PATH_EMPTY = 0x10,    /* an empty name stands for the descriptor */
	PATH_BENEATH = 0x20,  /* must stay below the directory: -EXDEV when it does not */
	PATH_NOFOLLOW = 0x40, /* with PATH_OPEN: a final link is not followed */
};

/**
 * Read the guest string at @addr and resolve it; @use is a path_use with PATH_EMPTY, PATH_BENEATH.
 * 0, or -EFAULT, -ENOENT (empty), -ENAMETOOLONG, -EBADF (@dirfd is one of ours), or the host's.
 * @dirfd: AT_FDCWD in any guest's number is -100.
 */
int path_get(struct thread *t, int dirfd, uint64_t addr, uint32_t use, struct path *ret);
/** The same for a string of ours. */
int path_get_host(struct thread *t, int dirfd, const char *name, uint32_t use, struct path *ret);
void path_done(struct path *p);

/** One path of the host for calls that take no directory: into @buf of @size bytes; NULL when it is too long. */
const char *path_flat(const struct path *p, char *buf, uint32_t size);
/** Open it with host flags; may sleep (FIFOs).  Descriptor or -errno. */
long path_open(struct thread *t, const struct path *p, int host_flags, uint32_t mode);
/** Open what the guest calls @path (a host string), with host flags; descriptor or -errno. */
long path_open_host(struct thread *t, const char *path, int host_flags);
/** Where a file of the host is for the guest; NULL when it is outside a strict root.  Points into @host. */
const char *path_for_guest(struct thread *t, const char *host);
/** The path of an open file as the host's kernel knows it; length or -errno. */
long path_of_fd(int fd, char *buf, uint32_t size);
/** A process with a strict root that stands outside of it goes to the root itself: before the guest starts.  0 or -errno. */
int path_enter_root(struct task *task);
/** The directory @fd becomes the strict root of this process.  0 or -errno. */
int path_chroot(struct thread *t, int fd);
