/*
 * Socket addresses, families and message flags.
 *
 * KNOWN LIMITS: the name of a local socket is told up to its path's end, whatever length it was bound with.  A path that
 * is too long for the host is bound under the name of a descriptor, and that is what getsockname tells.
 * Source: FreeBSD sys/socket.h, netinet/in.h, sys/un.h; unix(4), bind(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "abi/core/fd.h"
#include "abi/core/path.h"
#include "abi/freebsd/socket.h"

#define HOST_PATH_MAX (sizeof(((struct sockaddr_un *)0)->sun_path) - 1)
#define UNNAMED_LEN   16 /* an address without a path is as long as struct sockaddr */

static const struct {
	uint8_t guest, host, len; /* len 0: any */
} families[] = {
    {0, AF_UNSPEC, 0},
    {FBSD_AF_UNIX, AF_UNIX, 0},
    {FBSD_AF_INET, AF_INET, sizeof(struct sockaddr_in)},
    {FBSD_AF_INET6, AF_INET6, sizeof(struct sockaddr_in6)},
};
#define N_FAMILIES (sizeof(families) / sizeof(families[0]))

int
fbsd_family_in(int guest)
{
	for (unsigned i = 0; i < N_FAMILIES; i++)
		if (families[i].guest == guest)
			return families[i].host;
	return -1;
}

int
fbsd_family_out(int host)
{
	for (unsigned i = 0; i < N_FAMILIES; i++)
		if (families[i].host == host)
			return families[i].guest;
	return 0;
}

static uint8_t
length_of(int host)
{
	for (unsigned i = 0; i < N_FAMILIES; i++)
		if (families[i].host == host)
			return families[i].len;
	return 0;
}

bool
fbsd_sockaddr_family_in(uint8_t *ss)
{
	int family = fbsd_family_in(ss[1]);
	sa_family_t f = (sa_family_t)family;

	if (family != AF_INET && family != AF_INET6)
		return false;
	memcpy(ss, &f, sizeof(f));
	return true;
}

void
fbsd_sockaddr_family_out(uint8_t *ss)
{
	sa_family_t f;

	memcpy(&f, ss, sizeof(f));
	ss[0] = length_of(f);
	ss[1] = (uint8_t)fbsd_family_out(f);
}

static int
put_path(struct fbsd_sockaddr *a, const char *path)
{
	struct sockaddr_un *un = (void *)&a->ss;
	size_t n = strlen(path);

	if (n > HOST_PATH_MAX)
		return -ENAMETOOLONG;
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, path, n + 1);
	a->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);
	return 0;
}

/* Too long for the host's structure: by the name of a descriptor of the file, or of the directory it is made in. */
static int
shorten(struct fbsd_sockaddr *a, int dirfd, const char *path)
{
	char parent[PATH_BASE + PATH_BYTES], name[HOST_PATH_MAX + 1];
	const char *last = strrchr(path, '/');
	int flags = O_PATH | O_CLOEXEC, n;
	long fd;

	last = last ? last + 1 : path;
	snprintf(parent, sizeof(parent), "%.*s", a->creates ? (int)(last - path) : (int)strlen(path), path);
	fd = host_call(SYS_openat, dirfd, parent[0] ? parent : ".", flags);
	if (fd >= 0)
		fd = fd_hide((int)fd);
	if (fd < 0)
		return (int)fd;
	n = snprintf(name, sizeof(name), a->creates ? "/proc/self/fd/%d/%s" : "/proc/self/fd/%d", (int)fd, last);
	a->own_fd = (int)fd;
	return n < (int)sizeof(name) ? put_path(a, name) : -ENAMETOOLONG;
}

/* A path that the root or a directory has a say in. */
static int
resolve_path(struct thread *t, int dirfd, const char *path, struct fbsd_sockaddr *a)
{
	char full[PATH_BASE + PATH_BASE + PATH_BYTES];
	struct path p;
	int r = path_get_host(t, dirfd, path, a->creates ? PATH_PARENT : PATH_EXISTING, &p);
	long n = 0;

	full[0] = 0;
	/* The resolved file goes by the name of a descriptor that is closed here: take its own. */
	if (r == 0 && p.own_fd >= 0 && p.name == p.host)
		n = path_of_fd(p.own_fd, full, PATH_BASE);
	else if (r == 0 && p.dirfd != AT_FDCWD && p.name[0] != '/')
		n = path_of_fd(p.dirfd, full, PATH_BASE);
	if (r == 0 && n < 0)
		r = (int)n;
	if (r == 0 && p.name != p.host) {
		if (n)
			strcat(full, "/");
		strcat(full, p.name);
	}
	if (r == 0)
		r = strlen(full) <= HOST_PATH_MAX ? put_path(a, full) : shorten(a, AT_FDCWD, full);
	path_done(&p);
	return r;
}

static int
unix_in(struct thread *t, int dirfd, const uint8_t *g, uint32_t len, struct fbsd_sockaddr *a)
{
	char path[FBSD_SOCKADDR_MAX + 1];
	uint32_t n = (uint32_t)strnlen((const char *)g + 2, len - 2);
	bool plain;

	if (len == 2)
		return -EINVAL;
	if (dirfd != AT_FDCWD && g[2] != '/' && (fd_is_ours(dirfd) || host_call(SYS_fcntl, dirfd, F_GETFD) < 0))
		return -EBADF;
	memcpy(path, g + 2, n);
	path[n] = 0;
	if (n == 0)
		return -ENOENT; /* there are no abstract names */
	plain = !t->task->root && (dirfd == AT_FDCWD || path[0] == '/');
	if (plain)
		return n <= HOST_PATH_MAX ? put_path(a, path) : shorten(a, AT_FDCWD, path);
	return resolve_path(t, dirfd, path, a);
}

int
fbsd_sockaddr_in(struct thread *t, int dirfd, uint64_t addr, uint32_t len, bool creates, struct fbsd_sockaddr *ret)
{
	uint8_t g[FBSD_SOCKADDR_MAX];
	int family, r;

	memset(&ret->ss, 0, sizeof(ret->ss));
	ret->own_fd = -1;
	ret->creates = creates;
	if (len > sizeof(g))
		return -ENAMETOOLONG;
	if (len < 2)
		return -EINVAL;
	if (gm_read(g, addr, len))
		return -EFAULT;
	/* The length byte is what the call says, whatever the program wrote there. */
	family = fbsd_family_in(g[1]);
	if (family < 0)
		return -EAFNOSUPPORT;
	if (length_of(family) && len != length_of(family))
		return -EINVAL;
	if (family == AF_UNIX) {
		r = unix_in(t, dirfd, g, len, ret);
		if (r)
			fbsd_sockaddr_done(ret);
		return r;
	}
	memcpy(&ret->ss, g, len < sizeof(ret->ss) ? len : sizeof(ret->ss));
	ret->ss.ss_family = (sa_family_t)family;
	ret->len = len < sizeof(ret->ss) ? len : sizeof(ret->ss);
	return 0;
}

void
fbsd_sockaddr_done(struct fbsd_sockaddr *a)
{
	if (a->own_fd >= 0)
		host_call(SYS_close, a->own_fd);
	a->own_fd = -1;
}

long
fbsd_sockaddr_error(int fd, const struct fbsd_sockaddr *a, long r)
{
	struct stat st;

	if (r == -EINVAL && fbsd_host_option(fd, SOL_SOCKET, SO_DOMAIN, a->ss.ss_family) != a->ss.ss_family)
		return -EAFNOSUPPORT;
	if (r == -ECONNREFUSED && a->ss.ss_family == AF_UNIX &&
	    stat(((const struct sockaddr_un *)&a->ss)->sun_path, &st) == 0 && !S_ISSOCK(st.st_mode))
		return -ENOTSOCK;
	return r;
}

static uint32_t
unix_out(struct thread *t, const struct sockaddr_storage *ss, socklen_t len, uint8_t *ret)
{
	const struct sockaddr_un *un = (const void *)ss;
	char path[sizeof(un->sun_path) + 1] = "";
	const char *name;
	uint32_t n;

	ret[1] = FBSD_AF_UNIX;
	if (len > offsetof(struct sockaddr_un, sun_path))
		memcpy(path, un->sun_path, len - offsetof(struct sockaddr_un, sun_path));
	name = path[0] == '/' ? path_for_guest(t, path) : path;
	if (!name)
		name = "";
	n = (uint32_t)strlen(name);
	memcpy(ret + 2, name, n);
	return ret[0] = (uint8_t)(n ? 2 + n : UNNAMED_LEN);
}

uint32_t
fbsd_sockaddr_make(struct thread *t, const struct sockaddr_storage *ss, socklen_t len, uint8_t *ret)
{
	memset(ret, 0, FBSD_SOCKADDR_MAX);
	if (len > sizeof(*ss))
		len = sizeof(*ss);
	if (len < sizeof(sa_family_t) || ss->ss_family == AF_UNIX)
		return unix_out(t, ss, len, ret);
	memcpy(ret, ss, len);
	ret[0] = (uint8_t)len;
	ret[1] = (uint8_t)fbsd_family_out(ss->ss_family);
	return len;
}

int
fbsd_sockaddr_out(struct thread *t, const struct sockaddr_storage *ss, socklen_t len, uint64_t addr, uint64_t lenp)
{
	uint8_t g[FBSD_SOCKADDR_MAX];
	uint32_t room, n;

	if (!addr)
		return 0;
	if (gm_read(&room, lenp, sizeof(room)))
		return -EFAULT;
	n = fbsd_sockaddr_make(t, ss, len, g);
	if (n > room)
		n = room;
	return gm_write(addr, g, n) || gm_write(lenp, &n, sizeof(n)) ? -EFAULT : 0;
}

/* MSG_EOF is done by a shutdown after the send; 0x8000 is the mark of 4.3BSD's calls and means nothing here. */
static const struct {
	int guest, host;
} msgs[] = {{0x1, MSG_OOB},
            {0x2, MSG_PEEK},
            {0x4, MSG_DONTROUTE},
            {FBSD_MSG_EOR, MSG_EOR},
            {0x10, MSG_TRUNC},
            {0x20, MSG_CTRUNC},
            {0x40, MSG_WAITALL},
            {0x80, MSG_DONTWAIT},
            {FBSD_MSG_EOF, 0},
            {FBSD_MSG_NBIO, MSG_DONTWAIT},
            {0x8000, 0},
            {0x20000, MSG_NOSIGNAL},
            {0x40000, MSG_CMSG_CLOEXEC},
            {0x80000, MSG_WAITFORONE}};

bool
fbsd_msg_in(int guest, int *ret_host)
{
	int host = 0;

	for (unsigned i = 0; i < sizeof(msgs) / sizeof(msgs[0]); i++) {
		if (guest & msgs[i].guest)
			host |= msgs[i].host;
		guest &= ~msgs[i].guest;
	}
	*ret_host = host;
	return guest == 0;
}

int
fbsd_msg_out(int host)
{
	int guest = 0;

	for (unsigned i = 0; i < sizeof(msgs) / sizeof(msgs[0]); i++)
		if (host & msgs[i].host && msgs[i].guest != FBSD_MSG_NBIO)
			guest |= msgs[i].guest;
	return guest;
}
