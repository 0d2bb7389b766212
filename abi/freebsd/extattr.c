/*
 * Extended attributes.  The user's name space is the host's "user."; the system's takes a privilege and is refused.
 * Source: FreeBSD manual extattr_get_file(2), sys/extattr.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "abi/core/fd.h"
#include "abi/freebsd/file.h"
#include "freebsd-amd64.h"

enum { EXTATTR_USER = 1, EXTATTR_SYSTEM = 2 };

#define NAME_BYTES 256   /* the NUL included */
#define VALUE_MAX  65536 /* the host's limit of a value and of a list */
#define PREFIX     "user."
#define PREFIX_LEN 5

/* What the calls act on: a path of the host; through a descriptor's name it is followed. */
struct target {
	const char *path;
	bool follow;
	char buf[PATH_BASE + PATH_BYTES + 64];
};

static long
attr_name(int space, uint64_t name, char out[NAME_BYTES + PREFIX_LEN])
{
	long n;

	if (space != EXTATTR_USER)
		return space == EXTATTR_SYSTEM ? -EPERM : -EINVAL;
	memcpy(out, PREFIX, PREFIX_LEN);
	n = gm_read_str(out + PREFIX_LEN, name, NAME_BYTES);
	return n == 0 ? -EINVAL : n;
}

/* Attributes that are not there have a number of their own, and a name that is too long is one that is invalid. */
static long
result(long r)
{
	return r == -ENODATA ? -FBSD_ENOATTR : r;
}

static void *
room(void)
{
	void *p = mmap(NULL, VALUE_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static long
set_value(const struct target *g, int space, uint64_t name, uint64_t data, uint64_t n)
{
	char host[NAME_BYTES + PREFIX_LEN];
	long r = attr_name(space, name, host);
	void *value;

	if (r < 0)
		return r;
	if (n > VALUE_MAX)
		return -E2BIG;
	value = room();
	if (!value)
		return -ENOMEM;
	r = gm_read(value, data, n);
	if (r == 0)
		r = host_call(g->follow ? SYS_setxattr : SYS_lsetxattr, g->path, host, value, n, 0);
	munmap(value, VALUE_MAX);
	return r ? result(r) : (long)n;
}

/* A buffer that is too small gets the beginning; no buffer, the size. */
static long
get_value(const struct target *g, int space, uint64_t name, uint64_t data, uint64_t n)
{
	char host[NAME_BYTES + PREFIX_LEN];
	long nr = g->follow ? SYS_getxattr : SYS_lgetxattr, r = attr_name(space, name, host);
	void *value;

	if (r < 0)
		return r;
	if (!data)
		return result(host_call(nr, g->path, host, NULL, 0));
	value = room();
	if (!value)
		return -ENOMEM;
	r = host_call(nr, g->path, host, value, VALUE_MAX);
	if (r > 0 && (uint64_t)r > n)
		r = (long)n;
	if (r > 0 && gm_write(data, value, (uint64_t)r))
		r = -EFAULT;
	munmap(value, VALUE_MAX);
	return result(r);
}

static long
delete(const struct target *g, int space, uint64_t name)
{
	char host[NAME_BYTES + PREFIX_LEN];
	long r = attr_name(space, name, host);

	return r < 0 ? r : result(host_call(g->follow ? SYS_removexattr : SYS_lremovexattr, g->path, host));
}

/* NUL-terminated names with prefix become a length and a name each, in place: never longer. */
static long
convert_list(char *list, long n)
{
	long out = 0;

	for (long at = 0; at < n;) {
		size_t len = strlen(list + at);

		if (!strncmp(list + at, PREFIX, PREFIX_LEN)) {
			uint8_t short_len = (uint8_t)(len - PREFIX_LEN);

			memmove(list + out + 1, list + at + PREFIX_LEN, short_len);
			list[out] = (char)short_len;
			out += 1 + short_len;
		}
		at += (long)len + 1;
	}
	return out;
}

static long
list_names(const struct target *g, int space, uint64_t data, uint64_t n)
{
	char *list;
	long r;

	if (space != EXTATTR_USER)
		return space == EXTATTR_SYSTEM ? -EPERM : -EINVAL;
	list = room();
	if (!list)
		return -ENOMEM;
	r = host_call(g->follow ? SYS_listxattr : SYS_llistxattr, g->path, list, VALUE_MAX);
	if (r > 0)
		r = convert_list(list, r);
	if (r > 0 && data && (uint64_t)r > n)
		r = (long)n;
	if (r > 0 && data && gm_write(data, list, (uint64_t)r))
		r = -EFAULT;
	munmap(list, VALUE_MAX);
	return r;
}

static long
of_fd(int fd, struct target *g)
{
	if (!fbsd_fd_usable(fd) || host_call(SYS_fcntl, fd, F_GETFD) < 0)
		return -EBADF;
	fbsd_fd_name(fd, g->buf);
	g->path = g->buf;
	g->follow = true;
	return 0;
}

static long
of_path(struct thread *t, uint64_t path, uint32_t flag, struct path *p, struct target *g)
{
	int h;
	long r = fbsd_path_at(t, AT_FDCWD, path, flag, FBSD_AT_USUAL, p, &h);

	if (r)
		return r;
	g->path = path_flat(p, g->buf, sizeof(g->buf));
	g->follow = !(h & AT_SYMLINK_NOFOLLOW);
	return g->path ? 0 : -ENAMETOOLONG;
}

/* The nine calls and their three ways to name the file. */
#define ON_FD(act)                                                                 \
	struct target g;                                                           \
	long r = of_fd(fd, &g);                                                    \
	return r ? r : (act)
#define ON_PATH(flag, act)                                                         \
	struct path p;                                                             \
	struct target g;                                                           \
	long r = of_path(t, path, flag, &p, &g);                                   \
	if (r == 0)                                                                \
		r = (act);                                                         \
	path_done(&p);                                                             \
	return r

long
fbsd_extattr_set_fd(struct thread *t, int fd, int space, uint64_t name, uint64_t data, uint64_t n)
{
	ON_FD(set_value(&g, space, name, data, n));
}

long
fbsd_extattr_set_file(struct thread *t, uint64_t path, int space, uint64_t name, uint64_t data, uint64_t n)
{
	ON_PATH(0, set_value(&g, space, name, data, n));
}

long
fbsd_extattr_set_link(struct thread *t, uint64_t path, int space, uint64_t name, uint64_t data, uint64_t n)
{
	ON_PATH(FBSD_AT_SYMLINK_NOFOLLOW, set_value(&g, space, name, data, n));
}

long
fbsd_extattr_get_fd(struct thread *t, int fd, int space, uint64_t name, uint64_t data, uint64_t n)
{
	ON_FD(get_value(&g, space, name, data, n));
}

long
fbsd_extattr_get_file(struct thread *t, uint64_t path, int space, uint64_t name, uint64_t data, uint64_t n)
{
	ON_PATH(0, get_value(&g, space, name, data, n));
}

long
fbsd_extattr_get_link(struct thread *t, uint64_t path, int space, uint64_t name, uint64_t data, uint64_t n)
{
	ON_PATH(FBSD_AT_SYMLINK_NOFOLLOW, get_value(&g, space, name, data, n));
}

long
fbsd_extattr_delete_fd(struct thread *t, int fd, int space, uint64_t name)
{
	ON_FD(delete(&g, space, name));
}

long
fbsd_extattr_delete_file(struct thread *t, uint64_t path, int space, uint64_t name)
{
	ON_PATH(0, delete(&g, space, name));
}

long
fbsd_extattr_delete_link(struct thread *t, uint64_t path, int space, uint64_t name)
{
	ON_PATH(FBSD_AT_SYMLINK_NOFOLLOW, delete(&g, space, name));
}

long
fbsd_extattr_list_fd(struct thread *t, int fd, int space, uint64_t data, uint64_t n)
{
	ON_FD(list_names(&g, space, data, n));
}

long
fbsd_extattr_list_file(struct thread *t, uint64_t path, int space, uint64_t data, uint64_t n)
{
	ON_PATH(0, list_names(&g, space, data, n));
}

long
fbsd_extattr_list_link(struct thread *t, uint64_t path, int space, uint64_t data, uint64_t n)
{
	ON_PATH(FBSD_AT_SYMLINK_NOFOLLOW, list_names(&g, space, data, n));
}
