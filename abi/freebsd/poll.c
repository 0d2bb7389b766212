/*
 * poll ppoll select pselect.
 * Source: FreeBSD manual poll(2), select(2), sys/poll.h.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <time.h>

#include "abi/core/fd.h"
#include "abi/freebsd/fbsd.h"
#include "abi/freebsd/signal.h"
#include "freebsd-amd64.h"

#define NFDS_MAX    65536u
#define G_POLLWRNORM 0x4 /* alias of POLLOUT */
#define G_POLLWRBAND 0x100
#define G_POLLRDHUP  0x4000
#define G_POLLINIGNEOF 0x2000
#define G_FD_SETSIZE 65536u

/* POLLIN PRI OUT ERR HUP NVAL RDNORM RDBAND share their bits. */
static short
events_in(short g)
{
	short h = (short)(g & (POLLIN | POLLPRI | POLLOUT | POLLRDNORM | POLLRDBAND));

	if (g & G_POLLWRBAND)
		h |= POLLWRBAND;
	if (g & G_POLLRDHUP)
		h |= POLLRDHUP;
	if (g & G_POLLINIGNEOF)
		h |= POLLIN;
	return h;
}

static short
events_out(short h)
{
	short g = (short)(h & (POLLIN | POLLPRI | POLLOUT | POLLERR | POLLHUP | POLLNVAL | POLLRDNORM | POLLRDBAND));

	if (h & POLLWRBAND)
		g |= G_POLLWRBAND;
	if (h & POLLRDHUP)
		g |= G_POLLRDHUP;
	return g;
}

static uint64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* The time left until t->deadline, which the first service of this call sets from @ts (NULL: for ever). */
static struct timespec *
time_left(struct thread *t, const struct timespec *ts, struct timespec *ret)
{
	uint64_t now;

	if (!ts)
		return NULL;
	now = now_ns();
	if (!t->in_restart) {
		uint64_t sec = (uint64_t)ts->tv_sec > 1000000000u ? 1000000000u : (uint64_t)ts->tv_sec;

		t->deadline = now + sec * 1000000000u + (uint64_t)ts->tv_nsec;
	}
	now = t->deadline > now ? t->deadline - now : 0;
	*ret = (struct timespec){(time_t)(now / 1000000000u), (long)(now % 1000000000u)};
	return ret;
}

static long
wait_ready(struct thread *t, struct pollfd *p, uint32_t n, const struct timespec *ts, const struct gsigset *mask)
{
	struct timespec left;
	long r;

	if (mask)
		fbsd_mask_begin(t, *mask);
	r = host_block(t, SYS_ppoll, p, n, time_left(t, ts, &left), 0, 8);
	if (r == -HOST_ERESTART)
		r = -EINTR; /* never restarted, whatever SA_RESTART says */
	if (mask)
		fbsd_mask_end(t, r);
	return r;
}

static long
do_poll(struct thread *t, uint64_t fds, uint32_t n, const struct timespec *ts, const struct gsigset *mask)
{
	struct pollfd *p;
	long r;

	if (n > NFDS_MAX)
		return -EINVAL;
	p = calloc(2u * n + 1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	if (gm_read(p, fds, n * sizeof(*p))) {
		free(p);
		return -EFAULT;
	}
	memcpy(p + n, p, n * sizeof(*p));
	for (uint32_t i = 0; i < n; i++) {
		p[i].events = events_in(p[i].events);
		if (fd_is_ours(p[i].fd))
			p[i].fd = 0x7ffffff0; /* not open: POLLNVAL */
	}
	r = wait_ready(t, p, n, ts, mask);
	for (uint32_t i = 0; i < n && r >= 0; i++) {
		p[n + i].revents = events_out(p[i].revents);
		if (p[n + i].events & G_POLLWRNORM && p[i].revents & POLLOUT)
			p[n + i].revents |= G_POLLWRNORM;
	}
	if (r >= 0 && gm_write(fds, p + n, n * sizeof(*p)))
		r = -EFAULT;
	free(p);
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

/* Ready descriptors back into the sets; their number, or -EBADF for one that is not open. */
static long
give_sets(struct sets *s, const struct pollfd *p, uint32_t n)
{
	long count = 0;

	for (int i = 0; i < 3; i++)
		if (s->at[i])
			memset(s->bits[i], 0, s->bytes);
	for (uint32_t k = 0; k < n; k++) {
		static const short ready[3] = {POLLIN | POLLRDNORM | POLLHUP | POLLERR, POLLOUT | POLLERR, POLLPRI};

		if (p[k].revents & POLLNVAL)
			return -EBADF;
		for (int i = 0; i < 3; i++) {
			short asked = i == 0 ? POLLIN : i == 1 ? POLLOUT : POLLPRI;

			if (p[k].events & asked && p[k].revents & ready[i]) {
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
list(const struct sets *s, uint32_t nd, struct pollfd *p)
{
	uint32_t n = 0;

	for (uint32_t fd = 0; fd < nd; fd++) {
		short ev = (short)((has(s, 0, fd) ? POLLIN : 0) | (has(s, 1, fd) ? POLLOUT : 0) | (has(s, 2, fd) ? POLLPRI : 0));

		if (ev)
			p[n++] = (struct pollfd){.fd = fd_is_ours((int)fd) ? 0x7ffffff0 : (int)fd, .events = ev};
	}
	return n;
}

static long
do_select(struct thread *t, int nd, const uint64_t at[3], const struct timespec *ts, const struct gsigset *mask)
{
	struct sets s = {.at = {at[0], at[1], at[2]}};
	uint8_t *mem;
	struct pollfd *p;
	uint32_t n;
	long r = 0;

	if (nd < 0)
		return -EINVAL;
	if ((uint32_t)nd > G_FD_SETSIZE)
		nd = (int)G_FD_SETSIZE;
	s.bytes = ((uint32_t)nd + 63) / 64 * 8;
	mem = calloc(1, 3ul * s.bytes + ((uint32_t)nd + 1) * sizeof(*p));
	if (!mem)
		return -ENOMEM;
	p = (void *)(mem + 3ul * s.bytes);
	for (int i = 0; i < 3 && r == 0; i++) {
		s.bits[i] = mem + (uint32_t)i * s.bytes;
		if (s.at[i])
			r = gm_read(s.bits[i], s.at[i], s.bytes);
	}
	if (r == 0) {
		n = list(&s, (uint32_t)nd, p);
		r = wait_ready(t, p, n, ts, mask);
		if (r >= 0)
			r = give_sets(&s, p, n);
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
