/* kern.proc.*: the caller itself (by -1 or its pid); of other processes what /proc tells. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi/core/fd.h"
#include "abi/freebsd/sysctl.h"

static bool
is_self(struct thread *t, const int32_t *mib)
{
	return mib[0] == -1 || mib[0] == t->task->pid;
}

static int
strings(char **v, struct sysctl_out *o)
{
	for (; *v; v++)
		sysctl_string(o, *v);
	return 0;
}

static int
proc_file(int pid, const char *what, struct sysctl_out *o)
{
	char path[64], buf[4096];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, what);
	f = fopen(path, "re");
	if (!f)
		return errno == ENOENT ? -ESRCH : -errno;
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		sysctl_bytes(o, buf, n);
	fclose(f);
	return 0;
}

static int
proc_link(int pid, const char *what, struct sysctl_out *o)
{
	char path[64], target[PATH_MAX];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, what);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	target[n] = 0;
	sysctl_string(o, target);
	return 0;
}

int
sysctl_proc_args(struct thread *t, const int32_t *mib, uint32_t n, struct sysctl_out *o)
{
	if (n != 1)
		return -EINVAL;
	return is_self(t, mib) ? strings(t->task->argv, o) : proc_file(mib[0], "cmdline", o);
}

int
sysctl_proc_env(struct thread *t, const int32_t *mib, uint32_t n, struct sysctl_out *o)
{
	if (n != 1)
		return -EINVAL;
	return is_self(t, mib) ? strings(t->task->envp, o) : proc_file(mib[0], "environ", o);
}

int
sysctl_proc_pathname(struct thread *t, const int32_t *mib, uint32_t n, struct sysctl_out *o)
{
	if (n != 1)
		return -EINVAL;
	if (!is_self(t, mib))
		return proc_link(mib[0], "exe", o);
	sysctl_string(o, t->task->exec_path);
	return 0;
}

int
sysctl_proc_cwd(struct thread *t, const int32_t *mib, uint32_t n, struct sysctl_out *o)
{
	if (n != 1)
		return -EINVAL;
	return -EOPNOTSUPP; /* struct kinfo_file; getcwd(2) serves the caller */
}

int
sysctl_proc_auxv(struct thread *t, const int32_t *mib, uint32_t n, struct sysctl_out *o)
{
	uint8_t auxv[1024];

	if (n != 1)
		return -EINVAL;
	if (!is_self(t, mib) || t->task->auxv_len > sizeof(auxv))
		return -EPERM;
	if (gm_read(auxv, t->task->auxv_addr, t->task->auxv_len))
		return -EFAULT;
	sysctl_bytes(o, auxv, t->task->auxv_len);
	return 0;
}

int
sysctl_proc_osrel(struct thread *t, const int32_t *mib, uint32_t n, struct sysctl_out *o)
{
	int32_t v = (int32_t)t->task->osreldate;

	if (n != 1)
		return -EINVAL;
	sysctl_bytes(o, &v, 4);
	return 0;
}

int
sysctl_proc_nfds(struct thread *t, const int32_t *mib, uint32_t n, struct sysctl_out *o)
{
	int32_t count = 0;
	struct dirent *e;
	DIR *d;

	if (n != 1)
		return -EINVAL;
	if (mib[0] != 0 && !is_self(t, mib))
		return -EOPNOTSUPP;
	d = opendir("/proc/self/fd");
	if (!d)
		return -errno;
	while ((e = readdir(d)))
		if (e->d_name[0] != '.' && !fd_is_ours(atoi(e->d_name)) && atoi(e->d_name) != dirfd(d))
			count++;
	closedir(d);
	sysctl_bytes(o, &count, 4);
	return 0;
}
