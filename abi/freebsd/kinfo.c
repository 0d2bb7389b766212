/*
 * struct kinfo_file of a descriptor.
 *
 * KNOWN LIMITS: addresses of sockets and counts of references are not told.
 * Source: FreeBSD manual fcntl(2) (F_KINFO), sys/user.h.
 */
#include "abi/freebsd/kinfo.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "abi/freebsd/file.h"

enum { KF_VNODE = 1, KF_SOCKET, KF_PIPE, KF_FIFO, KF_KQUEUE, KF_SHM = 8, KF_PTS = 10, KF_PROCDESC, KF_UNKNOWN = 255 };
enum { KF_VNON, KF_VREG, KF_VDIR, KF_VBLK, KF_VCHR, KF_VLNK, KF_VSOCK, KF_VFIFO };
#define KF_ATTR_VALID 1
#define FBSD_AF_INET6 28

static int
vnode_type(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return KF_VREG;
	case S_IFDIR:
		return KF_VDIR;
	case S_IFBLK:
		return KF_VBLK;
	case S_IFCHR:
		return KF_VCHR;
	case S_IFLNK:
		return KF_VLNK;
	case S_IFSOCK:
		return KF_VSOCK;
	case S_IFIFO:
		return KF_VFIFO;
	}
	return KF_VNON;
}

static int
socket_value(int fd, int option)
{
	int v = 0;
	socklen_t n = sizeof(v);

	return getsockopt(fd, SOL_SOCKET, option, &v, &n) ? 0 : v;
}

/* @host: what the host's kernel calls it, as in "pipe:[12]" or "/memfd:name (deleted)". */
static void
set_type(struct fbsd_kinfo_file *k, int fd, mode_t mode, const char *host)
{
	if (S_ISSOCK(mode)) {
		int domain = socket_value(fd, SO_DOMAIN);

		k->type = KF_SOCKET;
		k->sock_domain = domain == AF_INET6 ? FBSD_AF_INET6 : domain;
		k->sock_type = socket_value(fd, SO_TYPE);
		k->sock_protocol = socket_value(fd, SO_PROTOCOL);
		return;
	}
	k->vnode_type = vnode_type(mode);
	if (!strncmp(host, "pipe:", 5))
		k->type = KF_PIPE;
	else if (!strncmp(host, "anon_inode:[pidfd]", 18))
		k->type = KF_PROCDESC;
	else if (!strncmp(host, "anon_inode:[eventpoll]", 22))
		k->type = KF_KQUEUE;
	else if (!strncmp(host, "anon_inode:", 11))
		k->type = KF_UNKNOWN;
	else if (!strncmp(host, "/memfd:", 7))
		k->type = KF_SHM;
	else if (S_ISFIFO(mode))
		k->type = KF_FIFO;
	else
		k->type = S_ISCHR(mode) && !strncmp(host, "/dev/ptmx", 9) ? KF_PTS : KF_VNODE;
	if (k->type != KF_VNODE && k->type != KF_FIFO)
		k->vnode_type = KF_VNON;
}

static int
kf_flags(int fl)
{
	static const int of_mode[] = {[O_RDONLY] = 1, [O_WRONLY] = 2, [O_RDWR] = 3};
	int f = fl & O_PATH || (fl & O_ACCMODE) > O_RDWR ? 0 : of_mode[fl & O_ACCMODE];

	f |= fl & O_APPEND ? 0x4 : 0;
	f |= fl & O_ASYNC ? 0x8 : 0;
	f |= (fl & O_SYNC) == O_SYNC ? 0x10 : 0;
	f |= fl & O_NONBLOCK ? 0x20 : 0;
	f |= fl & O_DIRECT ? 0x40 : 0;
	return f;
}

int
fbsd_kinfo_fill(struct thread *t, int fd, struct fbsd_kinfo_file *ret)
{
	char host[PATH_BASE];
	const char *name;
	struct stat st;
	long fl = fbsd_fd_usable(fd) ? fbsd_fd_flags(fd) : -EBADF, at;

	if (fl < 0 || fstat(fd, &st) || path_of_fd(fd, host, sizeof(host)) < 0)
		return -EBADF;
	memset(ret, 0, sizeof(*ret));
	ret->structsize = sizeof(*ret);
	ret->fd = fd;
	ret->ref_count = 1;
	ret->flags = kf_flags((int)fl);
	at = host_call(SYS_lseek, fd, 0, SEEK_CUR);
	ret->offset = at > 0 ? at : 0;
	set_type(ret, fd, st.st_mode, host);
	ret->file_fsid = fbsd_dev_out(major(st.st_dev), minor(st.st_dev));
	ret->file_rdev = fbsd_dev_out(major(st.st_rdev), minor(st.st_rdev));
	ret->fsid11 = (uint32_t)ret->file_fsid;
	ret->rdev11 = (uint32_t)ret->file_rdev;
	ret->file_fileid = st.st_ino;
	ret->file_size = (uint64_t)st.st_size;
	ret->file_mode = (uint16_t)st.st_mode;
	ret->status = KF_ATTR_VALID;
	ret->cap_rights[0] = ret->cap_rights[1] = ~0ull;
	name = host[0] == '/' && ret->type != KF_SHM ? path_for_guest(t, host) : NULL;
	if (name && strlen(name) < sizeof(ret->path))
		strcpy(ret->path, name);
	return 0;
}
