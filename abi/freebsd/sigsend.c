/* kill and its kin. */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "abi/freebsd/signal.h"
#include "freebsd-amd64.h"

static struct gsiginfo
from_self(struct thread *t, int signo, int code)
{
	return (struct gsiginfo){.signo = signo, .code = code, .pid = t->task->pid, .uid = getuid()};
}

static int
host_number(struct thread *t, int signo)
{
	const struct signal_map *m = t->task->pers->signals;

	return signo > 0 && (uint32_t)signo < m->n ? m->to_host[signo] : 0;
}

/* Other processes get the host's counterpart; a number that only FreeBSD has cannot travel. */
long
fbsd_kill(struct thread *t, int pid, int signo)
{
	struct gsiginfo si = from_self(t, signo, FBSD_SI_USER);
	int host = host_number(t, signo);

	if (signo < 0 || signo > FBSD_NSIG)
		return -EINVAL;
	if (pid == t->task->pid && !t->task->vfork_child) {
		if (signo == FBSD_SIGKILL || signo == FBSD_SIGSTOP)
			return host_call(SYS_kill, pid, host);
		if (signo)
			fbsd_signal_post(t->task, NULL, &si);
		return 0;
	}
	if (signo && !host)
		return -ENOTSUP;
	return host_call(SYS_kill, pid, host);
}

static struct thread *
find(struct task *task, int64_t id)
{
	return id > 0 && id <= INT32_MAX ? thread_by_tid(task, (int32_t)id) : NULL;
}

static long
to_thread(struct thread *t, int64_t id, int signo)
{
	struct gsiginfo si = from_self(t, signo, FBSD_SI_LWP);
	struct thread *to;

	pthread_mutex_lock(&t->task->lock);
	to = find(t->task, id);
	pthread_mutex_unlock(&t->task->lock);
	if (!to)
		return -ESRCH;
	if (signo)
		fbsd_signal_post(t->task, to, &si);
	return 0;
}

/* -1: every thread but the caller. */
static long
to_others(struct thread *t, int signo)
{
	int32_t ids[1024];
	uint32_t n = 0;

	pthread_mutex_lock(&t->task->lock);
	for (struct thread *o = t->task->threads; o && n < 1024; o = o->next)
		if (o != t)
			ids[n++] = o->tid;
	pthread_mutex_unlock(&t->task->lock);
	for (uint32_t i = 0; i < n; i++)
		to_thread(t, ids[i], signo);
	return n ? 0 : -ESRCH;
}

long
fbsd_thr_kill(struct thread *t, int64_t id, int signo)
{
	if (signo < 0 || signo > FBSD_NSIG)
		return -EINVAL;
	return id == -1 ? to_others(t, signo) : to_thread(t, id, signo);
}

long
fbsd_thr_kill2(struct thread *t, int pid, int64_t id, int signo)
{
	int host = host_number(t, signo);

	if (signo < 0 || signo > FBSD_NSIG)
		return -EINVAL;
	if (pid == t->task->pid)
		return fbsd_thr_kill(t, id, signo);
	if (id == -1)
		return fbsd_kill(t, pid, signo);
	if (signo && !host)
		return -ENOTSUP;
	return host_call(SYS_tgkill, pid, id - FBSD_TID_BASE, host);
}

long
fbsd_sigqueue(struct thread *t, int pid, int signo, uint64_t value)
{
	struct gsiginfo si = from_self(t, signo, FBSD_SI_QUEUE);
	siginfo_t host = {.si_signo = host_number(t, signo), .si_code = SI_QUEUE};

	if (signo < 0 || signo > FBSD_NSIG)
		return -EINVAL;
	if (pid <= 0)
		return -EINVAL;
	si.value = value;
	if (pid == t->task->pid)
		return !signo || fbsd_signal_post(t->task, NULL, &si) ? 0 : -EAGAIN;
	if (signo && !host.si_signo)
		return -ENOTSUP;
	host.si_pid = t->task->pid;
	host.si_uid = getuid();
	host.si_value.sival_ptr = (void *)value;
	return signo ? host_call(SYS_rt_sigqueueinfo, pid, host.si_signo, &host) : host_call(SYS_kill, pid, 0);
}
