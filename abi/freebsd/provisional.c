/* Weak stand-ins until their families land; each strong definition elsewhere replaces one. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "abi/core/cpu_x64.h"
#include "abi/core/path.h"
#include "abi/freebsd/fbsd.h"
#include "abi/freebsd/file.h"
#include "abi/freebsd/proc.h"
#include "freebsd-amd64.h"

#define WEAK __attribute__((weak))

WEAK int
fbsd_thread_init(struct thread *t, const struct thread *parent)
{
	t->priv = calloc(1, sizeof(struct fbsd_thread));
	t->tid = FBSD_TID_BASE + getpid();
	return t->priv ? fbsd_signal_thread_init(t, parent) : -ENOMEM;
}

WEAK void
fbsd_thread_free(struct thread *t)
{
	free(t->priv);
}

WEAK void
fbsd_thread_gone(struct thread *t)
{
}

WEAK void
fbsd_thread_after_fork(struct thread *t)
{
	t->tid = FBSD_TID_BASE + getpid();
}

WEAK int
fbsd_umtx_task_init(struct task *task)
{
	return 0;
}

WEAK void
fbsd_umtx_after_fork(struct thread *t)
{
}

WEAK void
fbsd_umtx_before_exec(struct thread *t)
{
}

WEAK void
fbsd_kq_after_fork(struct thread *t)
{
}

WEAK _Noreturn void
fbsd_exit_process(struct thread *t, int status, int signo)
{
	int host = signo ? t->task->pers->signals->to_host[signo] : 0;

	if (host)
		t->task->hooks->die(t, host);
	_exit(signo ? 128 + signo : status);
}

WEAK void
fbsd_fd_closed(struct thread *t, int fd)
{
}

WEAK void
fbsd_fd_range_closed(struct thread *t, int low, int high)
{
}

WEAK long
fbsd_exit(struct thread *t, int rval)
{
	_exit(rval);
}
