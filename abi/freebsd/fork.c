/*
 * New processes: fork vfork rfork pdfork and process descriptors.
 * Source: FreeBSD manual fork(2), vfork(2), rfork(2), pdfork(2).
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
#include "freebsd-amd64.h"

#define RFFDG       (1u << 2)
#define RFPROC      (1u << 4)
#define RFMEM       (1u << 5)
#define RFCFDG      (1u << 12)
#define RFPROCDESC  (1u << 28)
#define RFSPAWN     (1u << 31)
#define RFKNOWN     (RFFDG | RFPROC | RFMEM | RFCFDG | RFSPAWN)

#define PD_DAEMON  1
#define PD_CLOEXEC 2

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

static long
do_fork(struct thread *t, int *ret_pidfd)
{
	int gate[2];
	long pid;

	fbsd_kq_fork_begin(t, gate);
	pid = t->task->hooks->fork(t, 0, ret_pidfd);
	if (pid == 0)
		fbsd_after_fork(t);
	fbsd_kq_fork_end(t, gate, pid);
	return forked(t, pid);
}

long
fbsd_fork(struct thread *t)
{
	return do_fork(t, NULL);
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
	child->task->pers->set_result(child, forked(child, 0));
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
		return forked(t, t->task->hooks->vfork(t, spawn_child));
	}
	if (!(flags & RFPROC)) {
		/* On the caller itself: a table and memory of its own it has already; RFCFDG empties the table. */
		return flags & RFCFDG ? fbsd_close_range(t, 0, UINT32_MAX, 0) : 0;
	}
	if (flags & RFMEM)
		return forked(t, t->task->hooks->vfork(t, vfork_child));
	if (!(flags & (RFFDG | RFCFDG)))
		return -EINVAL; /* a child that shares the descriptor table but not memory */
	long pid = do_fork(t, NULL);

	if (pid == 0 && flags & RFCFDG)
		fbsd_close_range(t, 0, UINT32_MAX, 0);
	return pid;
}

/* The child is there whatever becomes of its descriptor. */
static long
give_pidfd(int pidfd, uint64_t fdp, int flags, long pid)
{
	if (pidfd < 0)
		return pidfd;
	if (!(flags & PD_CLOEXEC))
		host_call(SYS_fcntl, pidfd, F_SETFD, 0);
	if (gm_store32(fdp, (uint32_t)pidfd)) {
		host_call(SYS_close, pidfd);
		return -EFAULT;
	}
	return pid;
}

static long
do_pdfork(struct thread *t, uint64_t fdp, int flags, bool empty)
{
	int pidfd = -1;
	long pid;

	if (flags & ~(PD_DAEMON | PD_CLOEXEC))
		return -EINVAL;
	if (fd_full())
		return -EMFILE;
	pid = do_fork(t, &pidfd);
	if (pid == 0 && empty)
		fbsd_close_range(t, 0, UINT32_MAX, 0);
	return pid <= 0 ? pid : give_pidfd(pidfd, fdp, flags, pid);
}

long
fbsd_pdfork(struct thread *t, uint64_t fdp, int flags)
{
	return do_pdfork(t, fdp, flags, false);
}

/* RFSPAWN stands alone; else the flags must make a process and its descriptor. */
long
fbsd_pdrfork(struct thread *t, uint64_t fdp, int pdflags, uint32_t rf)
{
	uint32_t copy = rf & (RFFDG | RFCFDG);
	long pid;

	if (pdflags & ~(PD_DAEMON | PD_CLOEXEC))
		return -EINVAL;
	if (rf == RFSPAWN) {
		if (fd_full())
			return -EMFILE;
		pid = forked(t, t->task->hooks->vfork(t, spawn_child));
		return pid <= 0 ? pid : give_pidfd((int)host_call(SYS_pidfd_open, pid, 0), fdp, pdflags, pid);
	}
	if ((rf & (RFPROC | RFPROCDESC)) != (RFPROC | RFPROCDESC) || rf & ~(RFPROC | RFPROCDESC | RFFDG | RFCFDG))
		return -EINVAL;
	if (copy != RFFDG && copy != RFCFDG)
		return -EINVAL; /* both, or a table that is shared */
	return do_pdfork(t, fdp, pdflags, copy == RFCFDG);
}

long
fbsd_pdkill(struct thread *t, int fd, int sig)
{
	const struct signal_map *m = t->task->pers->signals;

	if (fd_is_ours(fd))
		return -EBADF;
	if (sig < 0 || (uint32_t)sig >= m->n || (sig && !m->to_host[sig]))
		return -EINVAL;
	return host_call(SYS_pidfd_send_signal, fd, sig ? m->to_host[sig] : 0, 0, 0);
}

long
fbsd_pdgetpid(struct thread *t, int fd, uint64_t pidp)
{
	char path[64], text[512], *at;
	long n, info;
	int pid;

	if (fd < 0 || fd_is_ours(fd))
		return -EBADF;
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = host_call(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	if (info < 0)
		return -EBADF;
	n = host_call(SYS_read, info, text, sizeof(text) - 1);
	host_call(SYS_close, info);
	text[n > 0 ? n : 0] = 0;
	at = strstr(text, "\nPid:");
	if (!at || sscanf(at, "\nPid: %d", &pid) != 1)
		return -EBADF; /* not a process descriptor */
	return gm_store32(pidp, (uint32_t)pid);
}
