/*
 * Resource limits.  Those that would hit the monitor (NOFILE, STACK, AS, DATA) are kept here; the others are the host's.
 * Source: FreeBSD manual getrlimit(2).
 */
#include <errno.h>
#include <sys/resource.h>

#include "abi/core/fd.h"
#include "abi/freebsd/fbsd.h"
#include "abi/freebsd/proc.h"
#include "freebsd-amd64.h"

#define FBSD_INFINITY ((uint64_t)INT64_MAX)
#define FBSD_NLIMITS  17

enum { L_CPU, L_FSIZE, L_DATA, L_STACK, L_CORE, L_RSS, L_MEMLOCK, L_NPROC, L_NOFILE, L_SBSIZE, L_AS, L_NPTS, L_SWAP,
       L_KQUEUES, L_UMTXP, L_PIPEBUF, L_VMM };

/* Host resource, or -1: kept by us (or unlimited). */
static const int8_t host_of[FBSD_NLIMITS] = {
    [L_CPU] = RLIMIT_CPU,   [L_FSIZE] = RLIMIT_FSIZE, [L_DATA] = -1,
    [L_STACK] = -1,         [L_CORE] = RLIMIT_CORE,   [L_RSS] = RLIMIT_RSS,
    [L_MEMLOCK] = RLIMIT_MEMLOCK, [L_NPROC] = RLIMIT_NPROC, [L_NOFILE] = -1,
    [L_SBSIZE] = -1,        [L_AS] = -1,              [L_NPTS] = -1,
    [L_SWAP] = -1,          [L_KQUEUES] = -1,         [L_UMTXP] = -1,
    [L_PIPEBUF] = -1,       [L_VMM] = -1,
};

struct limit {
	uint64_t cur, max;
};

static uint64_t
to_guest(uint64_t v)
{
	return v == RLIM_INFINITY || v > FBSD_INFINITY ? FBSD_INFINITY : v;
}

static uint64_t
to_host(uint64_t v)
{
	return v >= FBSD_INFINITY ? RLIM_INFINITY : v;
}

/* First use: what the process started with. */
static struct fbsd_limit *
kept(struct thread *t, int which)
{
	struct fbsd_task *ft = fbsd_task(t);
	struct fbsd_limit *l = &ft->limit[which];

	if (l->set)
		return l;
	l->set = true;
	l->cur = l->max = FBSD_INFINITY;
	if (which == L_NOFILE) {
		l->cur = (uint64_t)fd_guest_soft();
		l->max = (uint64_t)fd_guest_limit();
	} else if (which == L_STACK) {
		l->cur = t->task->stack_size;
		l->max = 512ull << 20 > l->cur ? 512ull << 20 : l->cur;
	} else if (which == L_DATA) {
		l->cur = l->max = 32ull << 30;
	}
	return l;
}

long
fbsd_getrlimit(struct thread *t, uint32_t which, uint64_t rlp)
{
	struct limit g;

	if (which >= FBSD_NLIMITS)
		return -EINVAL;
	if (host_of[which] >= 0) {
		struct rlimit rl;
		long r = host_call(SYS_prlimit64, 0, host_of[which], 0, &rl);

		if (r)
			return r;
		g = (struct limit){to_guest(rl.rlim_cur), to_guest(rl.rlim_max)};
	} else {
		const struct fbsd_limit *l = kept(t, (int)which);

		g = (struct limit){l->cur, l->max};
	}
	return gm_write(rlp, &g, sizeof(g));
}

static long
set_kept(struct thread *t, int which, const struct limit *g)
{
	struct fbsd_limit *l = kept(t, which);

	if (g->cur > l->max || g->max > l->max) {
		if (host_call(SYS_geteuid) != 0 || which == L_NOFILE)
			return -EPERM;
	}
	l->max = g->max;
	l->cur = g->cur > g->max ? g->max : g->cur;
	if (which == L_AS)
		gm_set_limit(t->task->gm, l->cur);
	if (which == L_NOFILE)
		fd_set_guest_soft(l->cur > INT32_MAX ? INT32_MAX : (int)l->cur);
	return 0;
}

long
fbsd_setrlimit(struct thread *t, uint32_t which, uint64_t rlp)
{
	struct limit g;

	if (which >= FBSD_NLIMITS)
		return -EINVAL;
	if (gm_read(&g, rlp, sizeof(g)))
		return -EFAULT;
	if (g.cur > FBSD_INFINITY)
		g.cur = FBSD_INFINITY;
	if (g.max > FBSD_INFINITY)
		g.max = FBSD_INFINITY;
	if (g.cur > g.max)
		return -EINVAL;
	if (host_of[which] >= 0) {
		struct rlimit rl = {to_host(g.cur), to_host(g.max)};

		return host_call(SYS_prlimit64, 0, host_of[which], &rl, 0);
	}
	return set_kept(t, (int)which, &g);
}

long
fbsd_getdtablesize(struct thread *t)
{
	uint64_t n = kept(t, L_NOFILE)->cur;

	return n > INT32_MAX ? INT32_MAX : (long)n;
}
