/*
 * Process descriptors: pdfork pdrfork pdkill pdgetpid.
 * Source: FreeBSD manual pdfork(2); sys_procdesc.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "abi/core/fd.h"
#include "abi/freebsd/fbsd.h"
#include "abi/freebsd/file.h"
#include "abi/freebsd/proc.h"
#include "freebsd-amd64.h"

#define PD_DAEMON  1
#define PD_CLOEXEC 2

static void
close_if(int fd)
{
	if (fd >= 0)
		host_call(SYS_close, fd);
}

/* Both ends hidden; -errno.  @link[0] is the child's. */
static int
make_link(int link[2])
{
	long r = host_call(SYS_pipe2, link, O_CLOEXEC);

	if (r)
		return (int)r;
	for (int i = 0; i < 2; i++) {
		link[i] = fd_hide(link[i]);
		if (link[i] < 0)
			r = link[i];
	}
	if (r == 0)
		return 0;
	close_if(link[0]);
	close_if(link[1]);
	return (int)r;
}

/* In the child, before its program runs: SIGKILL comes when the other end has gone, or has it already? */
static void
arm(struct thread *t, const int link[2])
{
	struct pollfd p = {.fd = link[0]};

	if (link[0] <= 0)
		return;
	close_if(link[1]);
	fbsd_task(t)->pd_guard = link[0];
	host_call(SYS_fcntl, link[0], F_SETFD, 0);
	host_call(SYS_fcntl, link[0], F_SETOWN, (int)host_call(SYS_getpid));
	host_call(SYS_fcntl, link[0], F_SETSIG, SIGKILL);
	host_call(SYS_fcntl, link[0], F_SETFL, O_ASYNC);
	if (host_call(SYS_poll, &p, 1, 0) == 1)
		host_call(SYS_kill, (int)host_call(SYS_getpid), SIGKILL);
}

void
fbsd_pd_vfork_child(struct thread *child)
{
	arm(child, fbsd_thread(child)->pd_link);
}

/* The child is there whatever becomes of its descriptor. */
static long
give(struct thread *t, int pidfd, int keep, uint64_t fdp, int flags, long pid)
{
	if (pidfd < 0) {
		close_if(keep);
		return pidfd;
	}
	if (!(flags & PD_CLOEXEC))
		host_call(SYS_fcntl, pidfd, F_SETFD, 0);
	fbsd_pd_add(t, pidfd, keep, (int32_t)pid);
	if (gm_store32(fdp, (uint32_t)pidfd)) {
		fbsd_fd_closed(t, pidfd);
		host_call(SYS_close, pidfd);
		return -EFAULT;
	}
	return pid;
}

static long
do_pdfork(struct thread *t, uint64_t fdp, int flags, bool empty)
{
	int pidfd = -1, link[2] = {-1, -1};
	long pid;

	if (flags & ~(PD_DAEMON | PD_CLOEXEC))
		return -EINVAL;
	if (fd_full())
		return -EMFILE;
	pid = flags & PD_DAEMON ? 0 : make_link(link);
	if (pid)
		return pid;
	pid = fbsd_do_fork(t, &pidfd);
	if (pid == 0) {
		arm(t, link);
		if (empty)
			fbsd_close_range(t, 0, UINT32_MAX, 0);
		return 0;
	}
	close_if(link[0]);
	if (pid > 0)
		return give(t, pidfd, link[1], fdp, flags, pid);
	close_if(link[1]);
	return pid;
}

long
fbsd_pdfork(struct thread *t, uint64_t fdp, int flags)
{
	return do_pdfork(t, fdp, flags, false);
}

static long
spawn(struct thread *t, uint64_t fdp, int flags)
{
	int *link = fbsd_thread(t)->pd_link;
	long pid;

	if (fd_full())
		return -EMFILE;
	link[0] = link[1] = -1;
	pid = flags & PD_DAEMON ? 0 : make_link(link);
	if (pid == 0)
		pid = fbsd_spawn(t);
	close_if(link[0]);
	if (pid > 0)
		pid = give(t, (int)host_call(SYS_pidfd_open, pid, 0), link[1], fdp, flags, pid);
	else
		close_if(link[1]);
	link[0] = link[1] = 0; /* rfork(RFSPAWN) comes by there too */
	return pid;
}

#define RFFDG      (1u << 2)
#define RFPROC     (1u << 4)
#define RFCFDG     (1u << 12)
#define RFPROCDESC (1u << 28)
#define RFSPAWN    (1u << 31)

/* RFSPAWN stands alone; else the flags must make a process and its descriptor. */
long
fbsd_pdrfork(struct thread *t, uint64_t fdp, int pdflags, uint32_t rf)
{
	uint32_t copy = rf & (RFFDG | RFCFDG);

	if (pdflags & ~(PD_DAEMON | PD_CLOEXEC))
		return -EINVAL;
	if (rf == RFSPAWN)
		return spawn(t, fdp, pdflags);
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
