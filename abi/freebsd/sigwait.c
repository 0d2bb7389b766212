/* Waiting for signals: sigsuspend sigwait sigwaitinfo sigtimedwait, and what is pending. */
#include <errno.h>
#include <time.h>

#include "abi/freebsd/signal.h"
#include "freebsd-amd64.h"

#define FUTEX_WAIT_BITSET_PRIVATE (9 | 128)
#define NS                        1000000000ll

static uint64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS + (uint64_t)ts.tv_nsec;
}

/* Until a signal arrives or the deadline (NULL: none) passes. */
static long
sleep_until(struct thread *t, const struct timespec *deadline)
{
	uint32_t never = 0;

	return host_block(t, SYS_futex, &never, FUTEX_WAIT_BITSET_PRIVATE, 0, deadline, 0, ~0u);
}

long
fbsd_sigpending(struct thread *t, uint64_t set)
{
	struct fbsd_sigset out;

	sig_drain(t);
	out = fbsd_sigset_out(sig_pending(t));
	return gm_write(set, &out, sizeof(out));
}

/* Ends when a handler has run, whatever its SA_RESTART; a stop or an ignored signal does not end it. */
long
fbsd_sigsuspend(struct thread *t, uint64_t set)
{
	struct fbsd_sigset in;
	long r;

	if (gm_read(&in, set, sizeof(in)))
		return -EFAULT;
	fbsd_mask_begin(t, fbsd_sigset_in(&in));
	do
		r = sleep_until(t, NULL);
	while (r != -EINTR && r != -HOST_ERESTART);
	return -EINTR;
}

enum { WAIT_POLL = 1, WAIT_BAD_TIME = 2 };

/* 0, -EAGAIN when the time is up, -EINVAL for a bad one (after looking), -EINTR with *ret the signal that is due. */
static long
wait_for(struct thread *t, struct gsigset set, const struct timespec *deadline, unsigned how, struct gsiginfo *ret)
{
	enum sig_waited w;
	long r = 0;

	sig_set_waiting(t, set);
	while ((w = sig_take_waited(t, ret)) == SIGW_NONE && r == 0) {
		if (how) {
			r = how & WAIT_BAD_TIME ? -EINVAL : -EAGAIN;
			break;
		}
		if (sleep_until(t, deadline) == -ETIMEDOUT)
			how = WAIT_POLL;
	}
	sig_set_waiting(t, (struct gsigset){{0, 0}});
	sig_drain(t);
	return w == SIGW_INTERRUPTED ? -EINTR : r;
}

static long
read_set(uint64_t at, struct gsigset *ret)
{
	struct fbsd_sigset in;

	if (gm_read(&in, at, sizeof(in)))
		return -EFAULT;
	*ret = fbsd_maskable(fbsd_sigset_in(&in));
	return 0;
}

static long
give(uint64_t info, const struct gsiginfo *si)
{
	struct fbsd_siginfo out;

	if (!info)
		return si->signo;
	fbsd_siginfo_out(si, &out);
	return gm_write(info, &out, sizeof(out)) ? -EFAULT : si->signo;
}

long
fbsd_sigtimedwait(struct thread *t, uint64_t set, uint64_t info, uint64_t timeout)
{
	struct timespec ts, until;
	struct gsigset want;
	struct gsiginfo si;
	unsigned how = 0;
	uint64_t at;
	long r;

	if (!timeout)
		return fbsd_sigwaitinfo(t, set, info);
	if (gm_read(&ts, timeout, sizeof(ts)))
		return -EFAULT;
	r = read_set(set, &want);
	if (r)
		return r;
	if (ts.tv_nsec < 0 || ts.tv_nsec >= NS)
		how = WAIT_BAD_TIME;
	else if (ts.tv_sec < 0 || (ts.tv_sec == 0 && ts.tv_nsec == 0))
		how = WAIT_POLL;
	at = how ? 0 : ts.tv_sec > INT32_MAX ? INT64_MAX : now_ns() + (uint64_t)(ts.tv_sec * NS + ts.tv_nsec);
	until = (struct timespec){(time_t)(at / NS), (long)(at % NS)};
	r = wait_for(t, want, &until, how, &si);
	return r ? r : give(info, &si);
}

long
fbsd_sigwaitinfo(struct thread *t, uint64_t set, uint64_t info)
{
	struct gsigset want;
	struct gsiginfo si;
	long r = read_set(set, &want);

	if (r)
		return r;
	r = wait_for(t, want, NULL, 0, &si);
	if (r == -EINTR)
		return -HOST_ERESTART; /* the handler's SA_RESTART decides */
	return r ? r : give(info, &si);
}

/* Errors are this call's value, not errors of the call.  EINTR is one, unless the handler restarts calls. */
long
fbsd_sigwait(struct thread *t, uint64_t set, uint64_t sigp)
{
	const uint16_t *errnos = t->task->pers->errnos->to_guest;
	struct gsigset want;
	struct gsiginfo si;
	long r = read_set(set, &want);

	if (r == 0)
		r = wait_for(t, want, NULL, 0, &si);
	if (r == -EINTR && fbsd_sigacts(t)->act[si.signo].flags & FBSD_SA_RESTART)
		return -HOST_ERESTART;
	if (r == -EINTR)
		t->wake = 1;
	if (r == 0)
		r = gm_write(sigp, &si.signo, sizeof(si.signo));
	return r ? errnos[-r] : 0;
}
