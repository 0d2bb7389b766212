/* Sending.  Source: Linux manual kill(2), tgkill(2), rt_sigqueueinfo(2). */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "abi/linux/signal.h"
#include "linux-aarch64.h"

static bool
valid(int signo)
{
	return signo >= 0 && signo <= LINUX_NSIG;
}

/* What only the host's kernel can do, to oneself too. */
static bool
is_fixed(int signo)
{
	return signo == SIGKILL || signo == SIGSTOP;
}

/* The host's number, -EINVAL for those that other processes cannot be sent. */
static int
for_others(struct thread *t, int signo)
{
	int host = sig_host_number(t->task, signo);

	return signo && !host ? -EINVAL : host;
}

long
linux_kill(struct thread *t, int pid, int signo)
{
	struct gsiginfo si = linux_siginfo_from(t, signo, SI_USER);
	int host = for_others(t, signo);

	if (!valid(signo))
		return -EINVAL;
	if (pid == t->task->pid && !is_fixed(signo))
		return signo ? sig_post(t, NULL, &si, false) : 0;
	return host < 0 ? host : host_call(SYS_kill, pid, host);
}

static long
to_thread(struct thread *t, int tid, const struct gsiginfo *si)
{
	struct thread *to;
	long r = -ESRCH;

	pthread_mutex_lock(&t->task->lock);
	to = thread_by_tid(t->task, tid);
	if (to && to->sig)
		r = si->signo ? sig_post_locked(t, to, si, false) : 0;
	pthread_mutex_unlock(&t->task->lock);
	return r;
}

long
linux_tgkill(struct thread *t, int tgid, int tid, int signo)
{
	struct gsiginfo si = linux_siginfo_from(t, signo, SI_TKILL);
	int host = for_others(t, signo);

	if (tgid <= 0 || tid <= 0 || !valid(signo))
		return -EINVAL;
	if (tgid == t->task->pid && !is_fixed(signo))
		return to_thread(t, tid, &si);
	return host < 0 ? host : host_call(SYS_tgkill, tgid, tid, host);
}

long
linux_tkill(struct thread *t, int tid, int signo)
{
	struct gsiginfo si = linux_siginfo_from(t, signo, SI_TKILL);
	int host = for_others(t, signo);
	long r;

	if (tid <= 0 || !valid(signo))
		return -EINVAL;
	r = is_fixed(signo) ? -ESRCH : to_thread(t, tid, &si);
	if (r != -ESRCH)
		return r;
	return host < 0 ? host : host_call(SYS_tkill, tid, host);
}

/* siginfo as the caller makes it up; only to oneself may it look like the kernel's or tkill's. */
static long
read_info(struct thread *t, int pid, int signo, uint64_t info, struct linux_siginfo *ret)
{
	if (gm_read(ret, info, sizeof(*ret)))
		return -EFAULT;
	ret->signo = signo;
	return (ret->code >= 0 || ret->code == SI_TKILL) && pid != t->task->pid ? -EPERM : valid(signo) ? 0 : -EINVAL;
}

static struct gsiginfo
taken(const struct linux_siginfo *in)
{
	return (struct gsiginfo){ .signo = in->signo, .code = in->code, .error = in->error, .pid = in->sent.pid, .uid = in->sent.uid,
		                  .value = in->sent.value };
}

long
linux_rt_sigqueueinfo(struct thread *t, int pid, int signo, uint64_t info)
{
	struct linux_siginfo in;
	struct gsiginfo si;
	int host = for_others(t, signo);
	long r = read_info(t, pid, signo, info, &in);

	if (r)
		return r;
	si = taken(&in);
	if (pid == t->task->pid && !is_fixed(signo))
		return signo ? sig_post(t, NULL, &si, true) : 0;
	return host < 0 ? host : host_call(SYS_rt_sigqueueinfo, pid, host, &in);
}

long
linux_rt_tgsigqueueinfo(struct thread *t, int tgid, int tid, int signo, uint64_t info)
{
	struct linux_siginfo in;
	struct gsiginfo si;
	int host = for_others(t, signo);
	long r = tgid <= 0 || tid <= 0 ? -EINVAL : read_info(t, tgid, signo, info, &in);

	if (r)
		return r;
	si = taken(&in);
	if (tgid == t->task->pid && !is_fixed(signo))
		return to_thread(t, tid, &si);
	return host < 0 ? host : host_call(SYS_rt_tgsigqueueinfo, tgid, tid, host, &in);
}
