/*
 * poll ppoll select pselect: arguments and waiting.  What is ready: pollready.c.
 * Source: FreeBSD manual poll(2), select(2); sys/kern/sys_generic.c by its observable results.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "abi/core/fd.h"
#include "abi/freebsd/fbsd.h"
#include "abi/freebsd/poll.h"
#include "abi/freebsd/signal.h"
#include "freebsd-amd64.h"

#define NFDS_MAX     65536u
#define G_FD_SETSIZE 65536u
#define NO_SUCH_FD   0x7ffffff0

/* One wait: the guest's entries and, behind each other in one piece of memory, the host's. */
struct wait {
	struct pollfd *guest, *host;
	uint32_t n;
	const struct timespec *limit; /* NULL: for ever */
	const struct gsigset *mask;   /* NULL: the thread's own */
};

static uint64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* The first service of a call says when it ends. */
static void
start_clock(struct thread *t, const struct timespec *ts)
{
	if (ts && !t->in_restart) {
		uint64_t sec = (uint64_t)ts->tv_sec > 1000000000u ? 1000000000u : (uint64_t)ts->tv_sec;

		t->deadline = now_ns() + sec * 1000000000u + (uint64_t)ts->tv_nsec;
	}
}

static struct timespec *
time_left(const struct thread *t, const struct timespec *ts, struct timespec *ret)
{
	uint64_t now;

	if (!ts)
		return NULL;
	now = now_ns();
	now = t->deadline > now ? t->deadline - now : 0;
	*ret = (struct timespec){(time_t)(now / 1000000000u), (long)(now % 1000000000u)};
	return ret;
}

/* Guest results from the host's; how many entries have one.  Those that woke the host for nothing are not asked again. */
static long
look(struct wait *w)
{
	long count = 0;

	for (uint32_t i = 0; i < w->n; i++) {
		w->guest[i].revents = w->host[i].revents ? fbsd_poll_out(&w->guest[i], w->host[i].revents) : 0;
		if (w->guest[i].revents)
			count++;
		else if (w->host[i].revents)
			w->host[i].fd = -1;
	}
	return count;
}

/*
 * Until something is ready, the time is up, or a signal that is due ends it; never restarted, whatever SA_RESTART says.
 * What is ready is told even when a signal is due too.
 */
static long
wait_ready(struct thread *t, struct wait *w)
{
	struct timespec left, zero = {0, 0};
	long r;

	start_clock(t, w->limit);
	if (w->mask)
		fbsd_mask_begin(t, *w->mask);
	do {
		r = host_block(t, SYS_ppoll, w->host, w->n, time_left(t, w->limit, &left), 0, 8);
		if (r == -HOST_ERESTART || r == -EINTR)
			r = host_call(SYS_ppoll, w->host, w->n, &zero, 0, 8) > 0 && look(w) > 0 ? 1 : -EINTR;
	} while (r > 0 && (r = look(w)) == 0);
	if (w->mask)
		fbsd_mask_end(t, r);
	return r;
}

static long
do_poll(struct thread *t, uint64_t fds, uint32_t n, const struct timespec *ts, const struct gsigset *mask)
{
	struct wait w = {.n = n, .limit = ts, .mask = mask};
	long r;

	if (n > NFDS_MAX)
		return -EINVAL;
	w.guest = calloc(2u * n + 1, sizeof(*w.guest));
	if (!w.guest)
		return -ENOMEM;
	w.host = w.guest + n;
	if (gm_read(w.guest, fds, n * sizeof(*w.guest))) {
		free(w.guest);
		return -EFAULT;
	}
	for (uint32_t i = 0; i < n; i++) {
		w.host[i].fd = fd_is_ours(w.guest[i].fd) ? NO_SUCH_FD : w.guest[i].fd;
		w.host[i].events = fbsd_poll_in(w.guest[i].events);
	}
	r = wait_ready(t, &w);
	if (r == 0)
		look(&w);
	if (r >= 0 && gm_write(fds, w.guest, n * sizeof(*w.guest)))
		r = -EFAULT;
	free(w.guest);
	return r;
}

long
fbsd_poll(struct thread *t, uint64_t fds, uint32_t nfds, int timeout)
{
	struct timespec ts = {timeout / 1000, timeout % 1000 * 1000000l};

	if (timeout < -1)
		return -EINVAL;
	return do_poll(t, fds, nfds, timeout == -1 ? NULL : &ts, NULL);
}

static int
read_mask(uint64_t at, struct gsigset *ret)
{
	struct fbsd_sigset in;

	if (gm_read(&in, at, sizeof(in)))
		return -EFAULT;
	*ret = fbsd_sigset_in(&in);
	return 0;
}

static int
read_spec(uint64_t at, struct timespec *ret)
{
	if (gm_read(ret, at, sizeof(*ret)))
		return -EFAULT;
	return ret->tv_sec < 0 || ret->tv_nsec < 0 || ret->tv_nsec >= 1000000000 ? -EINVAL : 0;
}

long
fbsd_ppoll(struct thread *t, uint64_t fds, uint32_t nfds, uint64_t ts, uint64_t set)
{
	struct timespec spec;
	struct gsigset mask;
	int r = ts ? read_spec(ts, &spec) : 0;

	if (r == 0 && set)
		r = read_mask(set, &mask);
	return r ? r : do_poll(t, fds, nfds, ts ? &spec : NULL, set ? &mask : NULL);
}

struct sets {
	uint64_t at[3];
	uint8_t *bits[3];
	uint32_t bytes;
};

static bool
has(const struct sets *s, int i, uint32_t fd)
{
	return s->at[i] && s->bits[i][fd / 8] >> (fd % 8) & 1;
}

/* What makes a descriptor a member of each set: readable, writable, exceptional. */
static const short asked[3] = {POLLIN | POLLRDNORM, POLLOUT, POLLPRI | POLLRDBAND};
static const short ended[3] = {POLLHUP | POLLERR, POLLHUP | POLLERR, POLLERR};

/* Ready descriptors back into the sets; their number, or -EBADF for one that is not open. */
static long
give_sets(struct sets *s, const struct pollfd *p, uint32_t n)
{
	long count = 0;

	for (int i = 0; i < 3; i++)
		if (s->at[i])
			memset(s->bits[i], 0, s->bytes);
	for (uint32_t k = 0; k < n; k++) {
		if (p[k].revents & POLLNVAL)
			return -EBADF;
		for (int i = 0; i < 3; i++) {
			if (p[k].events & asked[i] && p[k].revents & (asked[i] | ended[i])) {
				s->bits[i][p[k].fd / 8] |= (uint8_t)(1u << (p[k].fd % 8));
				count++;
			}
		}
	}
	for (int i = 0; i < 3; i++)
		if (s->at[i] && gm_write(s->at[i], s->bits[i], s->bytes))
			return -EFAULT;
	return count;
}

static uint32_t
list(const struct sets *s, uint32_t nd, const struct wait *w)
{
	uint32_t n = 0;

	for (uint32_t fd = 0; fd < nd; fd++) {
		short ev = 0;

		for (int i = 0; i < 3; i++)
			if (has(s, i, fd))
				ev |= asked[i];
		if (!ev)
			continue;
		w->guest[n] = (struct pollfd){.fd = (int)fd, .events = ev};
		w->host[n++] = (struct pollfd){.fd = fd_is_ours((int)fd) ? NO_SUCH_FD : (int)fd, .events = fbsd_poll_in(ev)};
	}
	return n;
}

static long
do_select(struct thread *t, int nd, const uint64_t at[3], const struct timespec *ts, const struct gsigset *mask)
{
	struct sets s = {.at = {at[0], at[1], at[2]}};
	struct wait w = {.limit = ts, .mask = mask};
	uint8_t *mem;
	long r = 0;

	if (nd < 0)
		return -EINVAL;
	if ((uint32_t)nd > G_FD_SETSIZE)
		nd = (int)G_FD_SETSIZE;
	s.bytes = ((uint32_t)nd + 63) / 64 * 8;
	mem = calloc(1, 3ul * s.bytes + (2u * (uint32_t)nd + 1) * sizeof(*w.guest));
	if (!mem)
		return -ENOMEM;
	w.guest = (void *)(mem + 3ul * s.bytes);
	w.host = w.guest + nd;
	for (int i = 0; i < 3 && r == 0; i++) {
		s.bits[i] = mem + (uint32_t)i * s.bytes;
		if (s.at[i])
			r = gm_read(s.bits[i], s.at[i], s.bytes);
	}
	if (r == 0) {
		w.n = list(&s, (uint32_t)nd, &w);
		r = wait_ready(t, &w);
		if (r >= 0)
			r = give_sets(&s, w.guest, w.n);
	}
	free(mem);
	return r;
}

long
fbsd_select(struct thread *t, int nd, uint64_t in, uint64_t ou, uint64_t ex, uint64_t tv)
{
	uint64_t at[3] = {in, ou, ex};
	struct timespec ts;
	int64_t v[2];

	if (!tv)
		return do_select(t, nd, at, NULL, NULL);
	if (gm_read(v, tv, sizeof(v)))
		return -EFAULT;
	if (v[0] < 0 || v[1] < 0 || v[1] >= 1000000)
		return -EINVAL;
	ts = (struct timespec){v[0], v[1] * 1000};
	return do_select(t, nd, at, &ts, NULL);
}

long
fbsd_pselect(struct thread *t, int nd, uint64_t in, uint64_t ou, uint64_t ex, uint64_t ts, uint64_t set)
{
	uint64_t at[3] = {in, ou, ex};
	struct timespec spec;
	struct gsigset mask;
	int r = ts ? read_spec(ts, &spec) : 0;

	if (r == 0 && set)
		r = read_mask(set, &mask);
	return r ? r : do_select(t, nd, at, ts ? &spec : NULL, set ? &mask : NULL);
}
