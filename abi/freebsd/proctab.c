/* Processes as /proc has them.  Source: Linux proc(5). */
#include "abi/freebsd/proctab.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/core/fd.h"
#include "abi/core/host.h"

static long
read_file(pid_t pid, const char *name, char *buf, uint64_t size)
{
	char path[48];
	long fd, n;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = host_call(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fd;
	n = host_call(SYS_read, fd, buf, size - 1);
	host_call(SYS_close, fd);
	buf[n > 0 ? n : 0] = 0;
	return n;
}

bool
proc_stat_get(pid_t pid, struct proc_stat *ret)
{
	char text[1024], *open, *close;
	size_t n;

	if (read_file(pid, "stat", text, sizeof(text)) <= 0)
		return false;
	open = strchr(text, '(');
	close = strrchr(text, ')'); /* the name may hold anything */
	if (!open || !close)
		return false;
	*ret = (struct proc_stat){.pid = pid};
	n = (size_t)(close - open) - 1;
	memcpy(ret->comm, open + 1, n < 16 ? n : 16);
	return sscanf(close + 1,
	              " %c %d %d %d %*d %*d %*u %*u %lu %*u %lu %*u %*u %lu %lu %*d %*d %*d %*d %lu", &ret->state,
	              &ret->ppid, &ret->pgrp, &ret->sid, &ret->cminflt, &ret->cmajflt, &ret->cutime, &ret->cstime,
	              &ret->start) == 9;
}

bool
proc_ids_get(pid_t pid, uid_t *ret_uid, gid_t *ret_gid)
{
	char text[2048], *uid, *gid;

	if (read_file(pid, "status", text, sizeof(text)) <= 0)
		return false;
	uid = strstr(text, "\nUid:");
	gid = strstr(text, "\nGid:");
	return uid && gid && sscanf(uid, "\nUid: %*u %u", ret_uid) == 1 && sscanf(gid, "\nGid: %*u %u", ret_gid) == 1;
}

bool
proc_no_new_privs(pid_t pid)
{
	char text[2048], *at;
	int v = 0;

	if (read_file(pid, "status", text, sizeof(text)) <= 0)
		return false;
	at = strstr(text, "\nNoNewPrivs:");
	return at && sscanf(at, "\nNoNewPrivs: %d", &v) == 1 && v == 1;
}

uint32_t
proc_umask(void)
{
	char text[2048], *at;
	uint32_t mask = 022;

	if (read_file((pid_t)host_call(SYS_getpid), "status", text, sizeof(text)) <= 0)
		return mask;
	at = strstr(text, "Umask:");
	return at && sscanf(at, "Umask: %o", &mask) == 1 ? mask : 022;
}

struct host_dirent {
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};

void
proc_each(bool (*each)(void *arg, const struct proc_stat *ps), void *arg)
{
	char buf[4096] __attribute__((aligned(8)));
	long fd = host_call(SYS_openat, AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC), n;
	bool more = true;

	if (fd >= 0)
		fd = fd_hide((int)fd);
	while (more && fd >= 0 && (n = host_call(SYS_getdents64, fd, buf, sizeof(buf))) > 0) {
		const struct host_dirent *e;

		for (long at = 0; at < n && more; at += e->reclen) {
			struct proc_stat ps;
			int pid;

			e = (void *)(buf + at);
			pid = atoi(e->name);
			if (pid > 0 && proc_stat_get(pid, &ps))
				more = each(arg, &ps);
		}
	}
	if (fd >= 0)
		host_call(SYS_close, fd);
}

void
proc_last_word(int status, int signo)
{
	char path[48], word[17];
	int n = signo ? snprintf(word, sizeof(word), "drag%c%x", 's', (unsigned)signo)
	              : snprintf(word, sizeof(word), "drag%c%x", 'e', (unsigned)status);
	long fd;

	/* Of the first thread: it is the one that parents see. */
	snprintf(path, sizeof(path), "/proc/self/task/%d/comm", (int)host_call(SYS_getpid));
	fd = host_call(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	host_call(SYS_write, fd, word, n);
	host_call(SYS_close, fd);
}

bool
proc_last_word_of(const struct proc_stat *ps, int *ret_status, int *ret_signo)
{
	unsigned v;
	char kind;

	if (sscanf(ps->comm, "drag%c%x", &kind, &v) != 2)
		return false;
	*ret_status = kind == 'e' ? (int)v : 0;
	*ret_signo = kind == 's' ? (int)v : 0;
	return kind == 'e' || (kind == 's' && v > 0 && v <= 128);
}
