/*
 * Sending: kill sigqueue thr_kill thr_kill2 abort2.
 * Source: FreeBSD kill(2), sigqueue(2), thr_kill(2), abort2(2).
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/freebsd/proc.h"
#include "abi/freebsd/proctab.h"
#include "abi/freebsd/signal.h"
#include "freebsd-amd64.h"

static bool
valid(int signo)
{
	return signo >= 0 && signo <= FBSD_NSIG;
}

/* Does another process run under us?  Then it catches KICK_SIGNO, and nothing else runs our executable. */
bool
fbsd_is_guest(int pid)
{
	struct stat ours, its;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	return !stat("/proc/self/exe", &ours) && !stat(path, &its) && ours.st_ino == its.st_ino && ours.st_dev == its.st_dev;
}

/*
 * A number that the host lacks, for a program of the host: it cannot have done anything about it, so the default action is
 * taken.  That of SIGINFO is nothing; all others end the program, as the host's last number does.
 */
static long
to_native(int pid, int64_t tid, int signo)
{
	if (signo == FBSD_SIGINFO)
		return 0;
	return tid ? host_call(SYS_tgkill, pid, tid, KICK_SIGNO) : host_call(SYS_kill, pid, KICK_SIGNO);
}

/* A number that the host lacks: guests are told by a carrier. */
static long
carry(struct thread *t, int pid, int64_t tid, int signo, int code, uint64_t value)
{
	siginfo_t si = {.si_signo = KICK_SIGNO, .si_code = SI_QUEUE};
	long r = host_call(SYS_kill, pid, 0);

	if (r)
		return r;
	if (!fbsd_is_guest(pid))
		return to_native(pid, tid, signo);
	si.si_errno = FBSD_CARRIER(signo, code, tid != 0);
	si.si_pid = t->task->pid;
	si.si_uid = getuid();
	si.si_value.sival_ptr = (void *)value;
	if (tid)
		return host_call(SYS_rt_tgsigqueueinfo, pid, tid, KICK_SIGNO, &si);
	return host_call(SYS_rt_sigqueueinfo, pid, KICK_SIGNO, &si);
}

struct carrying {
	struct thread *t;
	int group, signo;
	struct gsiginfo si;
	long r;
};

static bool
carry_to(void *arg, const struct proc_stat *ps)
{
	struct carrying *c = arg;
	pid_t us = c->t->task->pid;

	if (ps->pid == 1 || (c->group ? ps->pgrp != c->group : ps->pid == us))
		return true;
	if (ps->pid == us)
		c->r = sig_post(c->t, NULL, &c->si, false);
	else if ((c->group || fbsd_is_guest(ps->pid)) && !carry(c->t, ps->pid, 0, c->signo, FBSD_SI_USER, 0))
		c->r = 0;
	return true;
}

/* The members of a process group, or (group 0) all guests but the caller: the host's own system is left alone. */
static long
carry_group(struct thread *t, int group, int signo)
{
	struct carrying c = {.t = t, .group = group, .signo = signo, .si = fbsd_siginfo_from(t, signo, FBSD_SI_USER), .r = -ESRCH};

	proc_each(carry_to, &c);
	return c.r;
}

long
fbsd_kill(struct thread *t, int pid, int signo)
{
	struct gsiginfo si = fbsd_siginfo_from(t, signo, FBSD_SI_USER);
	int host = sig_host_number(t->task, signo);

	if (!valid(signo))
		return -EINVAL;
	if (pid == t->task->pid && signo != FBSD_SIGKILL && signo != FBSD_SIGSTOP)
		return signo ? sig_post(t, NULL, &si, false) : 0;
	if (!signo || host)
		return host_call(SYS_kill, pid, host);
	if (pid > 0)
		return carry(t, pid, 0, signo, FBSD_SI_USER, 0);
	return carry_group(t, pid == -1 ? 0 : pid ? -pid : getpgrp(), signo);
}

long
fbsd_sigqueue(struct thread *t, int pid, int signo, uint64_t value)
{
	struct gsiginfo si = fbsd_siginfo_from(t, signo, FBSD_SI_QUEUE);
	siginfo_t host = {.si_signo = sig_host_number(t->task, signo), .si_code = SI_QUEUE};

	if (!valid(signo) || pid <= 0)
		return -EINVAL;
	si.value = value;
	if (pid == t->task->pid && signo != FBSD_SIGKILL && signo != FBSD_SIGSTOP)
		return signo ? sig_post(t, NULL, &si, true) : 0;
	if (!signo)
		return host_call(SYS_kill, pid, 0);
	if (!host.si_signo)
		return carry(t, pid, 0, signo, FBSD_SI_QUEUE, value);
	host.si_pid = t->task->pid;
	host.si_uid = getuid();
	host.si_value.sival_ptr = (void *)value;
	return host_call(SYS_rt_sigqueueinfo, pid, host.si_signo, &host);
}

/* Only a thread that is still there may be named. */
static long
to_thread(struct thread *t, int64_t id, int signo)
{
	struct gsiginfo si = fbsd_siginfo_from(t, signo, FBSD_SI_LWP);
	struct thread *to;
	long r = -ESRCH;

	pthread_mutex_lock(&t->task->lock);
	to = id > 0 && id <= INT32_MAX ? thread_by_tid(t->task, (int32_t)id) : NULL;
	if (to && to->sig)
		r = signo ? sig_post_locked(t, to, &si, false) : 0;
	pthread_mutex_unlock(&t->task->lock);
	return r;
}

/* -1: every thread but the caller. */
static long
to_others(struct thread *t, int signo)
{
	struct gsiginfo si = fbsd_siginfo_from(t, signo, FBSD_SI_LWP);
	long r = -ESRCH;

	pthread_mutex_lock(&t->task->lock);
	for (struct thread *o = t->task->threads; o; o = o->next)
		if (o != t && o->sig)
			r = signo ? sig_post_locked(t, o, &si, false) : 0;
	pthread_mutex_unlock(&t->task->lock);
	return r;
}

static long
kill_or_stop(struct thread *t, int signo)
{
	return host_call(SYS_kill, t->task->pid, sig_host_number(t->task, signo));
}

long
fbsd_thr_kill(struct thread *t, int64_t id, int signo)
{
	long r;

	if (!valid(signo))
		return -EINVAL;
	if (signo != FBSD_SIGKILL && signo != FBSD_SIGSTOP)
		return id == -1 ? to_others(t, signo) : to_thread(t, id, signo);
	r = id == -1 ? to_others(t, 0) : to_thread(t, id, 0);
	return r ? r : kill_or_stop(t, signo);
}

long
fbsd_thr_kill2(struct thread *t, int pid, int64_t id, int signo)
{
	int host = sig_host_number(t->task, signo);

	if (!valid(signo))
		return -EINVAL;
	if (pid == t->task->pid)
		return fbsd_thr_kill(t, id, signo);
	if (id == -1)
		return fbsd_kill(t, pid, signo);
	if (id <= FBSD_TID_BASE)
		return -ESRCH;
	if (signo && !host)
		return carry(t, pid, id - FBSD_TID_BASE, signo, FBSD_SI_LWP, 0);
	return host_call(SYS_tgkill, pid, id - FBSD_TID_BASE, host);
}

#define ABORT_ARGS 16
#define WHY_BYTES  128

/* Never returns: with arguments that cannot be read the process is killed as well. */
long
fbsd_abort2(struct thread *t, uint64_t why, int nargs, uint64_t args)
{
	char reason[WHY_BYTES + 1] = "(null)";
	uint64_t v[ABORT_ARGS];
	bool ok = nargs >= 0 && nargs <= ABORT_ARGS && (!nargs || !gm_read(v, args, (uint64_t)nargs * 8));
	long n = ok && why ? gm_read_str(reason, why, sizeof(reason)) : 0;

	if (n == -EFAULT)
		ok = false;
	reason[WHY_BYTES] = 0;
	diag_say("pid %d aborted: %s", t->task->pid, ok ? reason : "(Reason text inaccessible)");
	for (int i = 0; ok && i < nargs; i++)
		diag_say("  argument %d: 0x%llx", i, (unsigned long long)v[i]);
	fbsd_exit_process(t, 0, ok ? FBSD_SIGABRT : FBSD_SIGKILL);
}
