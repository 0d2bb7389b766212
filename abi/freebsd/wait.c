/*
 * wait4 wait6 pdwait: status words and siginfo.
 * Source: FreeBSD manual wait(2), wait6(2).
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "abi/core/fd.h"
#include "abi/freebsd/fbsd.h"
#include "abi/freebsd/proc.h"
#include "abi/freebsd/signal.h"
#include "abi/freebsd/waitset.h"
#include "freebsd-amd64.h"

#define FBSD_WNOHANG    1
#define FBSD_WUNTRACED  2
#define FBSD_WCONTINUED 4
#define FBSD_WNOWAIT    8
#define FBSD_WEXITED    16
#define FBSD_WTRAPPED   32
#define FBSD_WKNOWN     63

#define FBSD_SIGCHLD 20
#define FBSD_SIGCONT 19

/** siginfo_t of wait6 and SIGCHLD. */
struct fbsd_wait_info {
	int32_t signo, error, code, pid;
	uint32_t uid;
	int32_t status;
	uint64_t addr, value;
	uint8_t reason[40];
};
_Static_assert(sizeof(struct fbsd_wait_info) == 80, "siginfo_t");

static int
guest_signal(const struct signal_map *m, int host)
{
	if (host == KICK_SIGNO)
		return FBSD_SIGRTMAX; /* who is not ours can die of it: to_native() of sigsend.c */
	return host >= 0 && host <= 64 ? m->to_guest[host] : 0;
}

uint32_t
fbsd_wait_status(const struct signal_map *m, int code, int status)
{
	switch (code) {
	case CLD_EXITED:
		return (uint32_t)(status & 0xff) << 8;
	case CLD_KILLED:
		return (uint32_t)guest_signal(m, status);
	case CLD_DUMPED:
		return (uint32_t)guest_signal(m, status) | 0x80;
	case CLD_CONTINUED:
		return FBSD_SIGCONT;
	default: /* CLD_STOPPED, CLD_TRAPPED */
		return (uint32_t)guest_signal(m, status) << 8 | 0x7f;
	}
}

static int
host_options(int options)
{
	int h = 0;

	if (options & FBSD_WNOHANG)
		h |= WNOHANG;
	if (options & FBSD_WUNTRACED)
		h |= WSTOPPED;
	if (options & FBSD_WCONTINUED)
		h |= WCONTINUED;
	if (options & FBSD_WNOWAIT)
		h |= WNOWAIT;
	if (options & FBSD_WEXITED)
		h |= WEXITED;
	return h;
}

static uint32_t
status_of(const struct thread *t, const struct waiting *w)
{
	if (w->signo)
		return (uint32_t)w->signo; /* one that the host lacks */
	return fbsd_wait_status(t->task->pers->signals, w->info.si_code, w->info.si_status);
}

long
fbsd_wait4(struct thread *t, int pid, uint64_t status, int options, uint64_t rusage)
{
	struct waiting w = {.idtype = FBSD_P_PID, .id = (uint64_t)pid, .pidfd = -1};
	long r;

	if (options & ~FBSD_WKNOWN)
		return -EINVAL;
	w.options = host_options(options | FBSD_WEXITED | FBSD_WTRAPPED);
	if (pid < 0) {
		w.idtype = pid == -1 ? FBSD_P_ALL : FBSD_P_PGID;
		w.id = (uint64_t)-(int64_t)pid;
	}
	r = fbsd_wait_for(t, &w);
	if (r <= 0)
		return r;
	if (status && gm_store32(status, status_of(t, &w)))
		return -EFAULT;
	if (rusage && gm_write(rusage, &w.self, sizeof(w.self)))
		return -EFAULT;
	return w.info.si_pid;
}

static int
put_wait_info(struct thread *t, uint64_t at, const struct waiting *w)
{
	struct fbsd_wait_info g = {.signo = FBSD_SIGCHLD, .code = w->info.si_code, .pid = w->info.si_pid, .uid = w->info.si_uid};

	if (w->signo) {
		g.code = CLD_KILLED;
		g.status = w->signo;
	} else if (g.code == CLD_EXITED) {
		g.status = w->status;
	} else {
		g.status = guest_signal(t->task->pers->signals, w->info.si_status);
	}
	return gm_write(at, &g, sizeof(g));
}

static long
wait_result(struct thread *t, struct waiting *w, uint64_t status, uint64_t wrusage, uint64_t info)
{
	struct rusage both[2];

	if (info && put_wait_info(t, info, w))
		return -EFAULT;
	if (status && gm_store32(status, status_of(t, w)))
		return -EFAULT;
	both[0] = w->self;
	both[1] = w->children;
	if (wrusage && gm_write(wrusage, both, sizeof(both)))
		return -EFAULT;
	return w->info.si_pid;
}

static long
do_wait6(struct thread *t, struct waiting *w, uint64_t status, int options, uint64_t wrusage, uint64_t info)
{
	long r;

	if (options & ~FBSD_WKNOWN ||
	    !(options & (FBSD_WUNTRACED | FBSD_WCONTINUED | FBSD_WEXITED | FBSD_WTRAPPED)))
		return -EINVAL;
	w->options = host_options(options);
	if (!(w->options & (WEXITED | WSTOPPED | WCONTINUED)))
		w->options |= WCONTINUED; /* WTRAPPED alone: nobody is traced */
	r = fbsd_wait_for(t, w);
	if (r == 0 && info && gm_zero(info, sizeof(struct fbsd_wait_info)))
		return -EFAULT;
	return r <= 0 ? r : wait_result(t, w, status, wrusage, info);
}

long
fbsd_wait6(struct thread *t, int idtype, uint64_t id, uint64_t status, int options, uint64_t wrusage, uint64_t info)
{
	struct waiting w = {.idtype = idtype, .id = id, .pidfd = -1};

	return do_wait6(t, &w, status, options, wrusage, info);
}

long
fbsd_pdwait(struct thread *t, int fd, uint64_t status, int options, uint64_t wrusage, uint64_t info)
{
	struct waiting w = {.idtype = FBSD_P_ALL, .pidfd = fd};
	long r;

	if (fd < 0 || fd_is_ours(fd))
		return -EBADF;
	r = do_wait6(t, &w, status, options, wrusage, info);
	return r < 0 ? r : 0;
}
