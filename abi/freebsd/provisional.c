/* Weak stand-ins until their families land; each strong definition elsewhere replaces one. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "abi/core/cpu_x64.h"
#include "abi/core/path.h"
#include "abi/freebsd/fbsd.h"
#include "abi/freebsd/proc.h"
#include "freebsd-amd64.h"

#define WEAK __attribute__((weak))

WEAK void
fbsd_fault(struct thread *t, const struct guest_fault *f)
{
	diag_say("signal %d at 0x%llx, rip 0x%llx", f->signo, (unsigned long long)f->addr,
	         (unsigned long long)t->cpu->rip);
	t->task->hooks->die(t, f->signo);
}

WEAK bool
fbsd_signals_due(struct thread *t)
{
	struct inbox_item it;

	t->wake = 0;
	while (inbox_take(t, &it))
		;
	return false;
}

WEAK void
fbsd_deliver(struct thread *t, long r)
{
	fbsd_signals_due(t);
	if (r)
		t->task->hooks->rewind(t);
}

WEAK int
fbsd_thread_init(struct thread *t, const struct thread *parent)
{
	t->priv = calloc(1, sizeof(struct fbsd_thread));
	t->tid = FBSD_TID_BASE + getpid();
	return t->priv ? 0 : -ENOMEM;
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
fbsd_signal_after_fork(struct thread *t)
{
}

WEAK void
fbsd_signal_vfork_child(struct thread *child)
{
}

WEAK void
fbsd_signal_reset_handlers(struct thread *t)
{
}

WEAK uint32_t
fbsd_signal_save(struct thread *t, void *blob, uint32_t size, uint64_t *ret_host_mask)
{
	*ret_host_mask = 0;
	return 0;
}

WEAK void
fbsd_kq_after_fork(struct thread *t)
{
}

WEAK long
path_open_host(struct thread *t, const char *path, int host_flags)
{
	return host_call(SYS_openat, AT_FDCWD, path, host_flags, 0);
}

WEAK long
fbsd_exit(struct thread *t, int rval)
{
	_exit(rval);
}
