/*
 * Processors: cpuset_* sched_getcpu.
 * Source: FreeBSD cpuset(2), cpuset_getaffinity(2), cpuset_getdomain(2); the behaviour of
 * sys/kern/kern_cpuset.c.
 *
 * One root set and one numbered set (1) exist, with the processors that we may use; cpuset(2)
 * numbers further ones, which belong to this process.  There is one memory domain.
 */
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "abi/freebsd/fbsd.h"
#include "freebsd-amd64.h"

#define LEVEL_ROOT   1
#define LEVEL_CPUSET 2
#define LEVEL_WHICH  3

#define WHICH_TID	  1
#define WHICH_PID	  2
#define WHICH_CPUSET	  3
#define WHICH_IRQ	  4
#define WHICH_JAIL	  5
#define WHICH_DOMAIN	  6
#define WHICH_INTRHANDLER 7
#define WHICH_ITHREAD	  8

#define DOMAIN_BYTES_MIN  8
#define DOMAIN_BYTES_MAX  32
#define POLICY_FIRSTTOUCH 2
#define POLICY_LAST	  4

#define ROOT_SET    0
#define DEFAULT_SET 1

/* An object as (which, id) names it: the host thread whose processors count; 0 for sets. */
struct target {
	int htid;
	bool whole_process, own;
	int set;
};

static int
own_set(const struct thread *t)
{
	return fbsd_task(t)->cpuset_id ? fbsd_task(t)->cpuset_id : DEFAULT_SET;
}

static bool
known_set(const struct thread *t, uint64_t id)
{
	return id <= DEFAULT_SET || id <= (uint64_t)fbsd_task(t)->cpuset_last;
}

static long
find_thread(struct thread *t, uint64_t id, struct target *ret)
{
	int htid = (int)id - FBSD_TID_BASE;

	ret->htid = id == ~0ull || (uint32_t)id == ~0u ? t->htid : htid;
	ret->own = true;
	if (ret->htid == t->htid)
		return 0;
	if (htid <= 0)
		return -ESRCH;
	ret->own = host_call(SYS_tgkill, getpid(), htid, 0) == 0;
	return ret->own ? 0 : host_call(SYS_tkill, htid, 0);
}

static long
find(struct thread *t, int which, uint64_t id, struct target *ret)
{
	bool self = (uint32_t)id == ~0u;

	*ret = (struct target){.set = own_set(t), .own = true};
	switch (which) {
	case WHICH_TID:
		return find_thread(t, id, ret);
	case WHICH_PID:
		ret->htid = self ? t->task->pid : (int)id;
		ret->whole_process = true;
		ret->own = ret->htid == t->task->pid;
		return ret->htid <= 0 ? -ESRCH : host_call(SYS_kill, ret->htid, 0);
	case WHICH_CPUSET:
		ret->set = self ? ret->set : (int)id;
		return self || known_set(t, id) ? 0 : -ESRCH;
	case WHICH_JAIL:
		return self || id == 0 ? 0 : -ESRCH;
	case WHICH_IRQ:
	case WHICH_INTRHANDLER:
	case WHICH_ITHREAD:
		ret->set = -1;
		return 0;
	case WHICH_DOMAIN:
		ret->set = -1;
		return id == 0 ? 0 : -ESRCH;
	}
	return -EINVAL;
}

/* Processors of the process when it began: the root, and what a wider set may grow back to. */
static const cpu_set_t *
root_mask(struct thread *t)
{
	struct fbsd_task *ft = fbsd_task(t);
	cpu_set_t *m = (cpu_set_t *)ft->cpu_root;

	_Static_assert(sizeof(ft->cpu_root) == sizeof(cpu_set_t), "cpu_root");
	if (!CPU_COUNT(m))
		host_call(SYS_sched_getaffinity, t->task->pid, sizeof(*m), m);
	return m;
}

static void
or_threads(struct thread *t, cpu_set_t *mask)
{
	pthread_mutex_lock(&t->task->lock);
	for (struct thread *o = t->task->threads; o; o = o->next) {
		cpu_set_t one;

		CPU_ZERO(&one);
		if (o->htid && host_call(SYS_sched_getaffinity, o->htid, sizeof(one), &one) > 0)
			CPU_OR(mask, mask, &one);
	}
	pthread_mutex_unlock(&t->task->lock);
}

static long
get_mask(struct thread *t, int level, int which, const struct target *g, cpu_set_t *mask)
{
	long r;

	CPU_ZERO(mask);
	if (level == LEVEL_ROOT || level == LEVEL_CPUSET) {
		if (g->set < 0)
			return -EINVAL;
		*mask = *root_mask(t);
		return 0;
	}
	if (level != LEVEL_WHICH)
		return -EINVAL;
	if (which == WHICH_IRQ || which == WHICH_INTRHANDLER || which == WHICH_ITHREAD)
		return -ESRCH;
	if (!g->htid) {
		*mask = *root_mask(t);
		return 0;
	}
	if (g->whole_process && g->own) {
		or_threads(t, mask);
		return 0;
	}
	r = host_call(SYS_sched_getaffinity, g->htid, sizeof(*mask), mask);
	return r < 0 ? r : 0;
}

/* --cpus N: the guest sees the first N of its processors. */
static void
limit_mask(const struct thread *t, cpu_set_t *mask)
{
	uint32_t left = t->task->cpus;

	if (!left)
		return;
	for (int i = 0; i < CPU_SETSIZE; i++) {
		if (!CPU_ISSET(i, mask))
			continue;
		if (left)
			left--;
		else
			CPU_CLR(i, mask);
	}
}

static uint32_t
bytes_needed(const cpu_set_t *mask)
{
	for (int i = CPU_SETSIZE - 1; i >= 0; i--)
		if (CPU_ISSET(i, mask))
			return (uint32_t)i / 8 + 1;
	return 0;
}

long
fbsd_cpuset_getaffinity(struct thread *t, int level, int which, uint64_t id, uint64_t size,
			uint64_t mask)
{
	struct target g;
	cpu_set_t m;
	uint64_t n;
	long r = find(t, which, id, &g);

	if (r == 0)
		r = get_mask(t, level, which, &g, &m);
	if (r)
		return r;
	limit_mask(t, &m);
	if (size < bytes_needed(&m))
		return -ERANGE;
	n = size < sizeof(m) ? size : sizeof(m);
	if (gm_write(mask, &m, n) || gm_zero(mask + n, size - n))
		return -EFAULT;
	return 0;
}

/* A wider mask than ours must be empty in its tail. */
static long
read_mask(uint64_t mask, uint64_t size, cpu_set_t *ret)
{
	uint64_t n = size < sizeof(*ret) ? size : sizeof(*ret);
	uint8_t tail[64];

	CPU_ZERO(ret);
	if (gm_read(ret, mask, n))
		return -EFAULT;
	while (n < size) {
		uint64_t step = size - n < sizeof(tail) ? size - n : sizeof(tail);

		if (gm_read(tail, mask + n, step))
			return -EFAULT;
		for (uint64_t i = 0; i < step; i++)
			if (tail[i])
				return -EINVAL;
		n += step;
	}
	return CPU_COUNT(ret) ? 0 : -EDEADLK;
}

static long
set_thread(int htid, const cpu_set_t *m)
{
	long r = host_call(SYS_sched_setaffinity, htid, sizeof(*m), m);

	/* No processor of the host's in it. */
	return r == -EINVAL ? -EDEADLK : r;
}

static long
set_all(struct thread *t, const cpu_set_t *m)
{
	long r = 0;

	pthread_mutex_lock(&t->task->lock);
	for (struct thread *o = t->task->threads; o && r == 0; o = o->next)
		if (o->htid)
			r = set_thread(o->htid, m);
	pthread_mutex_unlock(&t->task->lock);
	return r;
}

long
fbsd_cpuset_setaffinity(struct thread *t, int level, int which, uint64_t id, uint64_t size,
			uint64_t mask)
{
	struct target g;
	cpu_set_t m, common;
	long r = read_mask(mask, size, &m);

	if (r == 0)
		r = find(t, which, id, &g);
	if (r)
		return r;
	if (which == WHICH_IRQ || which == WHICH_INTRHANDLER || which == WHICH_ITHREAD ||
	    which == WHICH_DOMAIN)
		return level == LEVEL_WHICH && which != WHICH_DOMAIN ? -ESRCH : -EINVAL;
	if (level == LEVEL_ROOT)
		return -EPERM;
	if (level != LEVEL_CPUSET && level != LEVEL_WHICH)
		return -EINVAL;
	CPU_AND(&common, &m, root_mask(t));
	if (!CPU_COUNT(&common))
		return level == LEVEL_WHICH && g.htid ? -EDEADLK : -EINVAL;
	if (level == LEVEL_CPUSET || !g.htid) {
		/* A numbered set is changed by the privileged only; ours is this process. */
		if (geteuid() != 0)
			return -EPERM;
		return set_all(t, &common);
	}
	return g.whole_process && g.own ? set_all(t, &common) : set_thread(g.htid, &common);
}

long
fbsd_cpuset(struct thread *t, uint64_t setid)
{
	struct fbsd_task *ft = fbsd_task(t);
	uint32_t id;

	pthread_mutex_lock(&t->task->lock);
	if (ft->cpuset_last < DEFAULT_SET + 1)
		ft->cpuset_last = DEFAULT_SET + 1;
	id = (uint32_t)(ft->cpuset_id = ++ft->cpuset_last);
	pthread_mutex_unlock(&t->task->lock);
	return gm_write(setid, &id, sizeof(id));
}

long
fbsd_cpuset_setid(struct thread *t, int which, uint64_t id, uint64_t setid)
{
	struct target g;
	long r;

	if (which != WHICH_PID)
		return -EINVAL;
	if (!known_set(t, (uint32_t)setid))
		return -ESRCH;
	r = find(t, which, id, &g);
	if (r)
		return r;
	if (!g.own)
		return -EPERM;
	fbsd_task(t)->cpuset_id = (int)setid;
	return 0;
}

long
fbsd_cpuset_getid(struct thread *t, int level, int which, uint64_t id, uint64_t setid)
{
	struct target g;
	uint32_t n;
	long r;

	if (level == LEVEL_WHICH && which != WHICH_CPUSET)
		return -EINVAL;
	r = find(t, which, id, &g);
	if (r)
		return r;
	if (g.set < 0 || level < LEVEL_ROOT || level > LEVEL_WHICH)
		return -EINVAL;
	n = level == LEVEL_ROOT ? ROOT_SET : (uint32_t)g.set;
	return gm_write(setid, &n, sizeof(n));
}

long
fbsd_cpuset_getdomain(struct thread *t, int level, int which, uint64_t id, uint64_t size,
		      uint64_t mask, uint64_t policy)
{
	uint8_t m[DOMAIN_BYTES_MAX] = {1};
	uint32_t p = POLICY_FIRSTTOUCH;
	struct target g;
	long r;

	if (size < DOMAIN_BYTES_MIN || size > DOMAIN_BYTES_MAX)
		return -ERANGE;
	r = find(t, which, id, &g);
	if (r)
		return r;
	if (g.set < 0 || level < LEVEL_ROOT || level > LEVEL_WHICH)
		return -EINVAL;
	if (gm_write(mask, m, size) || gm_write(policy, &p, sizeof(p)))
		return -EFAULT;
	return 0;
}

/* The one domain there is may be named, and nothing else. */
long
fbsd_cpuset_setdomain(struct thread *t, int level, int which, uint64_t id, uint64_t size,
		      uint64_t mask, int policy)
{
	uint8_t m[DOMAIN_BYTES_MAX];
	struct target g;
	long r;

	if (size < DOMAIN_BYTES_MIN || size > DOMAIN_BYTES_MAX)
		return -ERANGE;
	if (gm_read(m, mask, size))
		return -EFAULT;
	for (uint64_t i = 0; i < size; i++)
		if (m[i] & (i ? 0xff : 0xfe))
			return -EINVAL;
	if (!m[0])
		return -EDEADLK;
	if (policy < 1 || policy > POLICY_LAST)
		return -EINVAL;
	r = find(t, which, id, &g);
	if (r)
		return r;
	if (g.set < 0 || level < LEVEL_ROOT || level > LEVEL_WHICH)
		return -EINVAL;
	return level == LEVEL_ROOT ? -EPERM : 0;
}

long
fbsd_sched_getcpu(struct thread *t)
{
	uint32_t cpu;
	long r = host_call(SYS_getcpu, &cpu, 0, 0);

	return r ? r : (long)cpu;
}
