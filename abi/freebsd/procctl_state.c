/*
 * Where processes of one user keep what procctl(2) sets: a small file each, with its number as name and its start time inside,
 * in the user's directory of shared memory.  It is there only when something was set; a process takes its own with it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi/freebsd/fbsd.h"
#include "abi/freebsd/file.h"
#include "abi/freebsd/proc.h"
#include "abi/freebsd/procctl.h"
#include "abi/freebsd/proctab.h"

struct record {
	uint64_t start; /* of the process: numbers are used again */
	struct procctl_state state;
};

static void
name_of(pid_t pid, char name[32])
{
	snprintf(name, 32, "ctl.%d", pid);
}

static bool
load_from(long dir, pid_t pid, struct record *ret)
{
	struct proc_stat ps;
	char name[32];
	long fd, n;

	name_of(pid, name);
	fd = host_call(SYS_openat, dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return false;
	n = host_call(SYS_read, fd, ret, sizeof(*ret));
	host_call(SYS_close, fd);
	return n == sizeof(*ret) && proc_stat_get(pid, &ps) && ps.start == ret->start;
}

/* Did anybody set anything? */
static bool
find(pid_t pid, struct procctl_state *ret)
{
	long dir = fbsd_shm_dir(false);
	struct record r;
	bool found;

	memset(ret, 0, sizeof(*ret));
	if (dir < 0)
		return false;
	found = load_from(dir, pid, &r);
	host_call(SYS_close, dir);
	if (found)
		*ret = r.state;
	return found;
}

bool
procctl_load(pid_t pid, struct procctl_state *ret)
{
	return find(pid, ret) || host_call(SYS_kill, pid, 0) != -ESRCH;
}

/* Files of those that were killed. */
static void
sweep(long dir)
{
	struct {
		uint64_t ino;
		int64_t off;
		uint16_t reclen;
		uint8_t type;
		char name[];
	} *e;
	char buf[2048] __attribute__((aligned(8)));
	struct record r;
	long fd = host_call(SYS_openat, dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), n;

	while (fd >= 0 && (n = host_call(SYS_getdents64, fd, buf, sizeof(buf))) > 0) {
		for (long at = 0; at < n; at += e->reclen) {
			e = (void *)(buf + at);
			if (!strncmp(e->name, "ctl.", 4) && !load_from(dir, atoi(e->name + 4), &r))
				host_call(SYS_unlinkat, dir, e->name, 0);
		}
	}
	if (fd >= 0)
		host_call(SYS_close, fd);
}

int
procctl_store(pid_t pid, const struct procctl_state *s)
{
	char name[32], tmp[64];
	struct record rec = {.state = *s};
	struct proc_stat ps;
	long dir, fd, r;

	if (!proc_stat_get(pid, &ps))
		return -ESRCH;
	rec.start = ps.start;
	name_of(pid, name);
	dir = fbsd_shm_dir(true);
	if (dir < 0)
		return (int)dir;
	if (host_call(SYS_faccessat, dir, name, F_OK))
		sweep(dir);
	snprintf(tmp, sizeof(tmp), "tmp.%s.%d", name, (int)host_call(SYS_gettid));
	r = fd = host_call(SYS_openat, dir, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0) {
		r = host_call(SYS_write, fd, &rec, sizeof(rec));
		host_call(SYS_close, fd);
		r = r == sizeof(rec) ? host_call(SYS_renameat, dir, tmp, dir, name) : r < 0 ? r : -EIO;
	}
	host_call(SYS_close, dir);
	return (int)r;
}

void
fbsd_procctl_after_fork(struct thread *t)
{
	struct procctl_state s;

	if (!find((pid_t)host_call(SYS_getppid), &s))
		return;
	s.reaper = 0;
	procctl_store((pid_t)host_call(SYS_getpid), &s);
	(void)t;
}

void
fbsd_procctl_after_exec(struct thread *t)
{
	struct procctl_state s;

	if (!find(t->task->pid, &s))
		return;
	if (s.trace == 2)
		s.trace = 0;
	if (!(s.stackgap & 8))
		s.stackgap &= ~2;
	procctl_store(t->task->pid, &s);
}

void
fbsd_procctl_exit(struct thread *t)
{
	long dir = fbsd_shm_dir(false);
	char name[32];

	(void)t;
	if (dir < 0)
		return;
	name_of((pid_t)host_call(SYS_getpid), name);
	host_call(SYS_unlinkat, dir, name, 0);
	host_call(SYS_close, dir);
}
