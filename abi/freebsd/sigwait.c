/* Taking signals without handlers: sigwait sigwaitinfo sigtimedwait. */
#include <errno.h>
#include <time.h>

#include "abi/freebsd/signal.h"
#include "freebsd-amd64.h"

#define FUTEX_WAIT_BITSET_PRIVATE (9 | 128)

static uint64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static bool
take(struct thread *t, const struct gsigset *set, struct gsiginfo *ret)
{
	struct gsigset blocked = {{~set->w[0], ~set->w[1]}};
	struct fbsd_sigacts *sa = fbsd_sigacts(t);
	bool r;

	pthread_mutex_lock(&sa->lock);
	r = sigq_take(&fbsd_sigthread(t)->own, &blocked, ret) || sigq_take(&sa->process, &blocked, ret);
	pthread_mutex_unlock(&sa->lock);
	return r;
}

/* Sleep until something arrives or the deadline (0: none) passes.  0 or -errno. */
static long
wait_for(struct thread *t, const struct gsigset *set, uint64_t deadline, struct gsiginfo *ret)
{
	struct fbsd_sigthread *st = fbsd_sigthread(t);
	struct timespec until = {(time_t)(deadline / 1000000000u), (long)(deadline % 1000000000u)};
	uint32_t never = 0;
	long r;

	st->waiting = *set;
	for (;;) {
		fbsd_signal_drain(t);
		if (take(t, set, ret)) {
			r = 0;
			break;
		}
		if (fbsd_signals_due(t)) {
			r = -EINTR;
			break;
		}
		r = host_block(t, SYS_futex, &never, FUTEX_WAIT_BITSET_PRIVATE, 0, deadline ? &until : NULL, 0, ~0u);
		if (r == -ETIMEDOUT) {
			r = -EAGAIN;
			break;
		}
	}
	st->waiting = (struct gsigset){{0, 0}};
	if (t->inbox.head != t->inbox.tail)
		t->wake = 1;
	return r;
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
		return 0;
	fbsd_siginfo_out(si, &out);
	return gm_write(info, &out, sizeof(out));
}

long
fbsd_sigtimedwait(struct thread *t, uint64_t set, uint64_t info, uint64_t timeout)
{
	struct gsiginfo si;
	struct gsigset want;
	struct timespec ts;
	uint64_t deadline = 0;
	long r = read_set(set, &want);

	if (r)
		return r;
	if (timeout) {
		if (gm_read(&ts, timeout, sizeof(ts)))
			return -EFAULT;
		if (ts.tv_sec < 0 || ts.tv_nsec < 0 || ts.tv_nsec >= 1000000000)
			return -EINVAL;
		deadline = now_ns() + (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
	}
	r = wait_for(t, &want, deadline, &si);
	if (r == 0)
		r = give(info, &si);
	return r ? r : si.signo;
}

long
fbsd_sigwaitinfo(struct thread *t, uint64_t set, uint64_t info)
{
	return fbsd_sigtimedwait(t, set, info, 0);
}

/* The error is the value; EINTR is not among them, the call goes on. */
long
fbsd_sigwait(struct thread *t, uint64_t set, uint64_t sigp)
{
	struct gsiginfo si;
	struct gsigset want;
	long r = read_set(set, &want);

	if (r == 0)
		r = wait_for(t, &want, 0, &si);
	if (r == -EINTR)
		return -HOST_ERESTARTNOINTR;
	if (r == 0)
		r = gm_store32(sigp, (uint32_t)si.signo);
	return r == -EFAULT ? 14 : r;
}
