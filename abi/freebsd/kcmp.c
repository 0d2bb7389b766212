/*
 * kcmp: do two processes mean the same thing of the kernel's?
 * Source: FreeBSD manual kcmp(2).
 */
#include <errno.h>
#include <linux/kcmp.h>
#include <sys/stat.h>

#include "abi/core/fd.h"
#include "abi/freebsd/file.h"
#include "freebsd-amd64.h"

enum { G_KCMP_FILE = 100, G_KCMP_FILEOBJ, G_KCMP_FILES, G_KCMP_SIGHAND, G_KCMP_VM };
enum { EQUAL, LESS, GREATER, UNEQUAL };

/* The file behind two descriptors; what the host gives no inode of its own can only be told to be the same open file. */
static long
compare_objects(struct thread *t, int pid1, int pid2, uint64_t a, uint64_t b)
{
	int vnode1 = fbsd_fd_is_vnode((int)a), vnode2 = fbsd_fd_is_vnode((int)b);
	struct stat x, y;

	if (pid1 != t->task->pid || pid2 != t->task->pid)
		return -EPERM;
	if (vnode1 < 0 || vnode2 < 0 || host_call(SYS_fstat, a, &x) || host_call(SYS_fstat, b, &y))
		return -EBADF;
	if (!vnode1 && !vnode2 && (x.st_mode & S_IFMT) == 0 && (y.st_mode & S_IFMT) == 0)
		return host_call(SYS_kcmp, pid1, pid2, KCMP_FILE, a, b);
	if (vnode1 != vnode2)
		return UNEQUAL;
	if (x.st_dev != y.st_dev)
		return x.st_dev < y.st_dev ? LESS : GREATER;
	return x.st_ino == y.st_ino ? EQUAL : x.st_ino < y.st_ino ? LESS : GREATER;
}

long
fbsd_kcmp(struct thread *t, int pid1, int pid2, int type, uint64_t idx1, uint64_t idx2)
{
	if (type == G_KCMP_FILE || type == G_KCMP_FILEOBJ)
		if (idx1 >= (uint64_t)fd_guest_limit() || idx2 >= (uint64_t)fd_guest_limit())
			return -EBADF;
	switch (type) {
	case G_KCMP_FILE:
		return host_call(SYS_kcmp, pid1, pid2, KCMP_FILE, idx1, idx2);
	case G_KCMP_FILEOBJ:
		return compare_objects(t, pid1, pid2, idx1, idx2);
	case G_KCMP_FILES:
		return host_call(SYS_kcmp, pid1, pid2, KCMP_FILES, 0, 0);
	case G_KCMP_SIGHAND:
		return host_call(SYS_kcmp, pid1, pid2, KCMP_SIGHAND, 0, 0);
	case G_KCMP_VM:
		return host_call(SYS_kcmp, pid1, pid2, KCMP_VM, 0, 0);
	}
	return -EINVAL;
}
