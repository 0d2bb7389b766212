/*
 * Where the process is: chdir chroot getcwd realpath.
 * Source: FreeBSD manual chdir(2), chroot(2), getcwd(3), realpath(3); results of __getcwd and __realpathat as
 * vfs_cache.c gives them.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/core/fd.h"
#include "abi/freebsd/file.h"
#include "freebsd-amd64.h"

#define HOST_PATH 4096

/* Enter the directory that @p names; the host has no chdirat. */
static long
enter(const struct path *p)
{
	long fd, r;

	if (p->dirfd == AT_FDCWD)
		return host_call(SYS_chdir, p->name);
	fd = host_call(SYS_openat, p->dirfd, p->name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fd;
	r = host_call(SYS_fchdir, fd);
	host_call(SYS_close, fd);
	return r;
}

long
fbsd_chdir(struct thread *t, uint64_t path)
{
	struct path p;
	long r = fbsd_path(t, AT_FDCWD, path, PATH_EXISTING, &p);

	if (r == 0)
		r = enter(&p);
	path_done(&p);
	return r;
}

/* The superuser's, as there; the root is then what paths are resolved in, not a jail. */
static long
change_root(struct thread *t, int dirfd, const char *name)
{
	long fd = host_call(SYS_openat, dirfd, name, O_PATH | O_DIRECTORY | O_CLOEXEC), r;

	if (fd < 0)
		return fd;
	r = path_chroot(t, (int)fd);
	host_call(SYS_close, fd);
	return r;
}

long
fbsd_chroot(struct thread *t, uint64_t path)
{
	struct path p;
	long r;

	if (geteuid() != 0)
		return -EPERM;
	r = fbsd_path(t, AT_FDCWD, path, PATH_EXISTING, &p);
	if (r == 0)
		r = change_root(t, p.dirfd, p.name);
	path_done(&p);
	return r;
}

long
fbsd_fchroot(struct thread *t, int fd)
{
	char name[32];

	if (geteuid() != 0)
		return -EPERM;
	if (!fbsd_fd_usable(fd) || host_call(SYS_fcntl, fd, F_GETFD) < 0)
		return -EBADF;
	fbsd_fd_name(fd, name);
	return change_root(t, AT_FDCWD, name);
}

static long
put_path(struct thread *t, const char *host, uint64_t buf, uint64_t size)
{
	const char *name = path_for_guest(t, host);
	size_t n = name ? strlen(name) + 1 : 0;

	if (!name)
		return -ENOENT;
	if (n > PATH_BYTES || n > size)
		return -ENOMEM;
	return gm_write(buf, name, n);
}

long
fbsd_getcwd(struct thread *t, uint64_t buf, uint64_t buflen)
{
	char cwd[HOST_PATH];
	long n;

	if (buflen < 2)
		return -EINVAL;
	n = host_call(SYS_getcwd, cwd, sizeof(cwd));
	if (n < 0)
		return n;
	return cwd[0] == '/' ? put_path(t, cwd, buf, buflen) : -ENOENT;
}

long
fbsd_realpathat(struct thread *t, int fd, uint64_t path, uint64_t buf, uint64_t size, int flags)
{
	char text[HOST_PATH];
	struct path p;
	long r, own;

	if (flags)
		return -EINVAL;
	r = fbsd_path(t, fd, path, PATH_EXISTING, &p);
	if (r == 0) {
		own = host_call(SYS_openat, p.dirfd, p.name, O_PATH | O_CLOEXEC);
		r = own < 0 ? own : path_of_fd((int)own, text, sizeof(text));
		if (own >= 0)
			host_call(SYS_close, own);
	}
	path_done(&p);
	return r < 0 ? r : put_path(t, text, buf, size);
}
