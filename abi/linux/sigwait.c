/* Waiting for signals.  Source: Linux manual sigsuspend(2), sigtimedwait(2). */
#include <errno.h>
#include <linux/futex.h>
#include <time.h>

#include "abi/linux/signal.h"
#include "linux-aarch64.h"

#define NS 1000000000ll

/* Until a signal arrives or the deadline (NULL: none) passes. */
static long
sleep_until(struct thread *t, const struct timespec *deadline)
{
	uint32_t never = 0;

	return host_block(t, SYS_futex, &never, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 0, deadline, 0, FUTEX_BITSET_MATCH_ANY);
}

/* Ends when a handler has run, whatever its SA_RESTART; a stop or an ignored signal does not end it. */
long
linux_rt_sigsuspend(struct thread *t, uint64_t set, uint64_t size)
{
	uint64_t in;
	long r;

	if (size != LINUX_SET_SIZE)
		return -EINVAL;
	if (gm_read(&in, set, sizeof(in)))
		return -EFAULT;
	linux_mask_begin(t, in);
	do
		r = sleep_until(t, NULL);
	while (r != -EINTR && r != -HOST_ERESTART);
	return -EINTR;
}

/* The time as an absolute one; INT32_MAX seconds are for ever. */
static long
until(uint64_t timeout, struct timespec *ret, bool *ret_poll)
{
	struct timespec ts;

	if (gm_read(&ts, timeout, sizeof(ts)))
		return -EFAULT;
	if (ts.tv_sec < 0 || ts.tv_nsec < 0 || ts.tv_nsec >= NS)
		return -EINVAL;
	*ret_poll = ts.tv_sec == 0 && ts.tv_nsec == 0;
	clock_gettime(CLOCK_MONOTONIC, ret);
	ret->tv_sec += ts.tv_sec < INT32_MAX ? ts.tv_sec : INT32_MAX;
	ret->tv_nsec += ts.tv_nsec;
	if (ret->tv_nsec >= NS) {
		ret->tv_sec++;
		ret->tv_nsec -= NS;
	}
	return 0;
}

long
linux_rt_sigtimedwait(struct thread *t, uint64_t set, uint64_t info, uint64_t timeout, uint64_t size)
{
	struct linux_siginfo out;
	struct timespec deadline;
	bool poll = false;
	struct gsiginfo si;
	enum sig_waited w;
	uint64_t in;
	long r = 0;

	if (size != LINUX_SET_SIZE)
		return -EINVAL;
	if (gm_read(&in, set, sizeof(in)))
		return -EFAULT;
	r = timeout ? until(timeout, &deadline, &poll) : 0;
	if (r)
		return r;
	sig_set_waiting(t, linux_set(in));
	while ((w = sig_take_waited(t, &si)) == SIGW_NONE && r == 0) {
		if (poll)
			r = -EAGAIN;
		else if (sleep_until(t, timeout ? &deadline : NULL) == -ETIMEDOUT)
			poll = true;
	}
	sig_set_waiting(t, (struct gsigset){ { 0, 0 } });
	sig_drain(t);
	if (w == SIGW_INTERRUPTED)
		return -EINTR;
	if (r)
		return r;
	linux_siginfo_out(&si, &out);
	return info && gm_write(info, &out, sizeof(out)) ? -EFAULT : si.signo;
}
