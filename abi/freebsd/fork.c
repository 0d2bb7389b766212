/*
 * New processes: fork vfork rfork.  With a descriptor: procdesc.c.
 * Source: FreeBSD manual fork(2), vfork(2), rfork(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "abi/core/fd.h"
#include "abi/freebsd/fbsd.h"
#include "abi/freebsd/file.h"
#include "abi/freebsd/kqueue.h"
#include "abi/freebsd/proc.h"
#include "abi/freebsd/procdesc.h"
#include "freebsd-amd64.h"

#define RFFDG       (1u << 2)
#define RFPROC      (1u << 4)
#define RFMEM       (1u << 5)
#define RFCFDG      (1u << 12)
#define RFSPAWN     (1u << 31)
#define RFKNOWN     (RFFDG | RFPROC | RFMEM | RFCFDG | RFSPAWN)

/* rdx tells parent (0) from child (1), as the old stubs expect. */
static long
forked(struct thread *t, long pid)
{
	log_debug(LOG_PROC, "fork: %ld", pid);
	if (pid < 0)
		return pid;
	t->has_ret2 = true;
	t->ret2 = pid == 0;
	return pid;
}

long
fbsd_do_fork(struct thread *t, int *ret_pidfd)
{
	int gate[2];
	long pid;

	fbsd_kq_fork_begin(t, gate);
	pid = t->task->hooks->fork(t, 0, ret_pidfd);
	if (pid == 0)
		fbsd_after_fork(t);
	fbsd_kq_fork_end(t, gate, pid);
	if (pid > 0)
		fbsd_pd_swallow(t, (int32_t)pid); /* a number that is used again */
	return forked(t, pid);
}

long
fbsd_fork(struct thread *t)
{
	return fbsd_do_fork(t, NULL);
}

static void
vfork_child(struct thread *child)
{
	fbsd_vfork_child(child);
	child->task->pers->set_result(child, forked(child, 0));
}

/* posix_spawn's form: caught signals are back at their defaults before the child runs. */
static void
spawn_child(struct thread *child)
{
	fbsd_vfork_child(child);
	fbsd_signal_reset_handlers(child);
	fbsd_pd_vfork_child(child);
	child->task->pers->set_result(child, forked(child, 0));
}

long
fbsd_spawn(struct thread *t)
{
	return forked(t, t->task->hooks->vfork(t, spawn_child));
}

long
fbsd_vfork(struct thread *t)
{
	return forked(t, t->task->hooks->vfork(t, vfork_child));
}

long
fbsd_rfork(struct thread *t, uint32_t flags)
{
	if (flags & ~RFKNOWN || (flags & (RFFDG | RFCFDG)) == (RFFDG | RFCFDG))
		return -EINVAL;
	if (flags & RFSPAWN) {
		if (flags & ~(RFSPAWN))
			return -EINVAL;
		return fbsd_spawn(t);
	}
	if (!(flags & RFPROC)) {
		/* On the caller itself: a table and memory of its own it has already; RFCFDG empties the table. */
		return flags & RFCFDG ? fbsd_close_range(t, 0, UINT32_MAX, 0) : 0;
	}
	if (flags & RFMEM)
		return forked(t, t->task->hooks->vfork(t, vfork_child));
	if (!(flags & (RFFDG | RFCFDG)))
		return -EINVAL; /* a child that shares the descriptor table but not memory */
	long pid = fbsd_do_fork(t, NULL);

	if (pid == 0 && flags & RFCFDG)
		fbsd_close_range(t, 0, UINT32_MAX, 0);
	return pid;
}
