/*
 * /proc/curproc/{cmdline,map,status}: made when opened.
 *
 * KNOWN LIMITS: counts of pages and references in map are 0; times in status are those of the process so far.
 * Source: FreeBSD manual procfs(4).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "abi/core/fd.h"
#include "abi/freebsd/file.h"

static int
put(int fd, const char *text, size_t n)
{
	return fd_write_all(fd, text, n);
}

static int
put_cmdline(struct thread *t, int fd)
{
	int r = 0;

	for (char **v = t->task->argv; r == 0 && *v; v++)
		r = put(fd, *v, strlen(*v) + 1);
	return r;
}

static int
map_line(const struct vma *v, void *arg)
{
	static const char *const type[] = {
	    [GM_ANON] = "swap", [GM_FILE] = "vnode", [GM_GUARD] = "none", [GM_STACK] = "swap"};
	bool cow = v->kind == GM_FILE && !(v->flags & GM_SHARED);
	char line[PATH_BASE + 256];
	int n;

	if (v->kind == GM_OURS)
		return 0;
	n = snprintf(line, sizeof(line), "0x%llx 0x%llx 0 0 0x0 %c%c%c 0 0 0x0 %s %s %s %s NCH -1\n",
	             (unsigned long long)v->start, (unsigned long long)v->end, v->prot & PROT_READ ? 'r' : '-',
	             v->prot & PROT_WRITE ? 'w' : '-', v->prot & PROT_EXEC ? 'x' : '-', cow ? "COW" : "NCOW",
	             cow ? "NC" : "NNC", type[v->kind], v->name && v->kind == GM_FILE ? v->name : "-");
	return put(*(int *)arg, line, (size_t)(n < (int)sizeof(line) ? n : (int)sizeof(line) - 1));
}

static int
put_status(struct thread *t, int fd)
{
	const char *name = strrchr(t->task->exec_path, '/');
	struct rusage u;
	char line[512];
	int n;

	getrusage(RUSAGE_SELF, &u);
	n = snprintf(line, sizeof(line), "%.19s %d %d %d %d -1,-1 nottl 0,0 %ld,%ld %ld,%ld nochan %u %u %u,%u -\n",
	             name ? name + 1 : t->task->exec_path, (int)t->task->pid, getppid(), getpgrp(), getsid(0),
	             (long)u.ru_utime.tv_sec, (long)u.ru_utime.tv_usec, (long)u.ru_stime.tv_sec,
	             (long)u.ru_stime.tv_usec, geteuid(), getuid(), getgid(), getegid());
	return put(fd, line, (size_t)n);
}

static int
fill(struct thread *t, enum path_self what, int fd)
{
	if (what == PATH_SELF_CMDLINE)
		return put_cmdline(t, fd);
	if (what == PATH_SELF_MAP)
		return gm_each(t->task->gm, map_line, &fd);
	return put_status(t, fd);
}

long
fbsd_procfs_open(struct thread *t, enum path_self what, int host_flags)
{
	long fd;
	int r;

	if ((host_flags & O_ACCMODE) != O_RDONLY || host_flags & (O_CREAT | O_DIRECTORY))
		return host_flags & O_DIRECTORY ? -ENOTDIR : -EACCES;
	fd = memfd_create("proc", host_flags & O_CLOEXEC ? MFD_CLOEXEC : 0);
	if (fd < 0)
		return -errno;
	r = fill(t, what, (int)fd);
	host_call(SYS_lseek, fd, 0, SEEK_SET);
	if (r)
		host_call(SYS_close, fd);
	return r ? r : fd;
}
