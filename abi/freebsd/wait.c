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
#include "freebsd-amd64.h"

#define FBSD_WNOHANG    1
#define FBSD_WUNTRACED  2
#define FBSD_WCONTINUED 4
#define FBSD_WNOWAIT    8
#define FBSD_WEXITED    16
#define FBSD_WTRAPPED   32
#define FBSD_WKNOWN     63

#define FBSD_P_PID  0
#define FBSD_P_PGID 2
#define FBSD_P_ALL  7

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

struct waiting {
	int idtype, host_options;
	uint64_t id;
	siginfo_t info;
	struct rusage ru;
};

static int
guest_signal(const struct signal_map *m, int host)
{
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

/* Block until something can be told: 1, 0 for WNOHANG and nothing, or -errno. */
static long
do_wait(struct thread *t, struct waiting *w)
{
	long r;

	memset(&w->info, 0, sizeof(w->info));
	memset(&w->ru, 0, sizeof(w->ru));
	r = host_block(t, SYS_waitid, w->idtype, w->id, &w->info, w->host_options, &w->ru);
	return r < 0 ? r : w->info.si_pid != 0;
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

long
fbsd_wait4(struct thread *t, int pid, uint64_t status, int options, uint64_t rusage)
{
	struct waiting w = {.idtype = P_ALL};
	long r;

	if (options & ~FBSD_WKNOWN)
		return -EINVAL;
	w.host_options = host_options(options | FBSD_WEXITED | FBSD_WTRAPPED);
	if (pid > 0) {
		w.idtype = P_PID;
		w.id = (uint64_t)pid;
	} else if (pid != -1) {
		w.idtype = P_PGID;
		w.id = pid == 0 ? (uint64_t)host_call(SYS_getpgid, 0) : (uint64_t)-(int64_t)pid;
	}
	r = do_wait(t, &w);
	if (r <= 0)
		return r;
	if (status &&
	    gm_store32(status, fbsd_wait_status(t->task->pers->signals, w.info.si_code, w.info.si_status)))
		return -EFAULT;
	if (rusage && gm_write(rusage, &w.ru, sizeof(w.ru)))
		return -EFAULT;
	return w.info.si_pid;
}

/* The exit code of si_status for CLD_EXITED is 32 bits wide on FreeBSD, 8 here: a native parent's limit. */
static int
put_wait_info(struct thread *t, uint64_t at, const siginfo_t *si)
{
	struct fbsd_wait_info g = {.signo = FBSD_SIGCHLD,
	                           .code = si->si_code,
	                           .pid = si->si_pid,
	                           .uid = si->si_uid,
	                           .status = si->si_code == CLD_EXITED
	                                         ? si->si_status
	                                         : guest_signal(t->task->pers->signals, si->si_status)};

	return gm_write(at, &g, sizeof(g));
}

static long
wait_result(struct thread *t, struct waiting *w, uint64_t status, uint64_t wrusage, uint64_t info)
{
	struct rusage both[2];

	if (info && put_wait_info(t, info, &w->info))
		return -EFAULT;
	if (status &&
	    gm_store32(status, fbsd_wait_status(t->task->pers->signals, w->info.si_code, w->info.si_status)))
		return -EFAULT;
	memset(both, 0, sizeof(both));
	both[0] = w->ru;
	if (wrusage && gm_write(wrusage, both, sizeof(both)))
		return -EFAULT;
	return w->info.si_pid;
}

long
fbsd_wait6(struct thread *t, int idtype, uint64_t id, uint64_t status, int options, uint64_t wrusage, uint64_t info)
{
	struct waiting w = {.id = id, .host_options = host_options(options)};
	long r;

	if (options & ~FBSD_WKNOWN ||
	    !(options & (FBSD_WUNTRACED | FBSD_WCONTINUED | FBSD_WEXITED | FBSD_WTRAPPED)))
		return -EINVAL;
	switch (idtype) {
	case FBSD_P_PID:
		w.idtype = (int)id == 0 ? P_PGID : P_PID; /* 0 is the caller's group in either form */
		break;
	case FBSD_P_PGID:
		w.idtype = P_PGID;
		break;
	case FBSD_P_ALL:
		w.idtype = P_ALL;
		break;
	default:
		return -EINVAL;
	}
	r = do_wait(t, &w);
	if (r == 0 && info && gm_zero(info, sizeof(struct fbsd_wait_info)))
		return -EFAULT;
	return r <= 0 ? r : wait_result(t, &w, status, wrusage, info);
}

long
fbsd_pdwait(struct thread *t, int fd, uint64_t status, int options, uint64_t wrusage, uint64_t info)
{
	struct waiting w = {.idtype = P_PIDFD, .id = (uint64_t)fd, .host_options = host_options(options)};
	long r;

	if (fd_is_ours(fd))
		return -EBADF;
	if (options & ~FBSD_WKNOWN ||
	    !(options & (FBSD_WUNTRACED | FBSD_WCONTINUED | FBSD_WEXITED | FBSD_WTRAPPED)))
		return -EINVAL;
	r = do_wait(t, &w);
	if (r == 0 && info && gm_zero(info, sizeof(struct fbsd_wait_info)))
		return -EFAULT;
	if (r > 0)
		r = wait_result(t, &w, status, wrusage, info);
	return r < 0 ? r : 0;
}
