/*
 * The process: its end, ids, name of the system, limits.
 * Source: Linux manual section 2.
 */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include "abi/core/fd.h"
#include "abi/linux/linux.h"
#include "linux-aarch64.h"

_Noreturn void
linux_exit_process(struct thread *t, int status)
{
	if (t->task->trace && t->task->trace->exit)
		t->task->trace->exit(t, status & 0xff, 0);
	for (;;)
		host_call(SYS_exit_group, status);
}

_Noreturn void
linux_die(struct thread *t, int signo)
{
	if (t->task->trace && t->task->trace->exit)
		t->task->trace->exit(t, 0, signo);
	t->task->hooks->die(t, signo);
}

long
linux_exit_group(struct thread *t, int status)
{
	linux_exit_process(t, status);
}

long
linux_uname(struct thread *t, uint64_t name)
{
	struct utsname u;
	long r = host_call(SYS_uname, &u);

	if (r)
		return r;
	memset(u.machine, 0, sizeof(u.machine));
	memcpy(u.machine, "aarch64", sizeof("aarch64"));
	if (t->task->osrelease) {
		memset(u.release, 0, sizeof(u.release));
		memcpy(u.release, t->task->osrelease, strnlen(t->task->osrelease, sizeof(u.release) - 1));
	}
	return gm_write(name, &u, sizeof(u));
}

long
linux_prlimit64(struct thread *t, int pid, int what, uint64_t new, uint64_t old)
{
	struct rlimit rl;
	long r;

	if ((pid && pid != t->task->pid) || new)
		return -EPERM;
	r = host_call(SYS_prlimit64, 0, what, 0, &rl);
	if (r)
		return r;
	if (what == RLIMIT_STACK)
		rl.rlim_cur = t->task->stack_size;
	if (what == RLIMIT_NOFILE) {
		rl.rlim_cur = (rlim_t)fd_guest_soft();
		rl.rlim_max = (rlim_t)fd_guest_limit();
	}
	return old ? gm_write(old, &rl, sizeof(rl)) : 0;
}
