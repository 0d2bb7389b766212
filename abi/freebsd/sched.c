/*
 * Scheduling classes: rtprio rtprio_thread sched_*.
 * Source: FreeBSD rtprio(2), sched_setparam(2), sched_setscheduler(2), sched_get_priority_max(2);
 * the behaviour of sys/kern/ksched.c and sys/kern/kern_resource.c, and the priority range of
 * sys/priority.h of FreeBSD 14.
 *
 * KNOWN LIMIT: classes are kept for the guest to read back; the host schedules all threads alike,
 * so what a lock lends or an urgent waiter gives its owner is nothing but a number either.
 */
#include "abi/freebsd/sched.h"

#include <errno.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "abi/freebsd/umtx.h"
#include "freebsd-amd64.h"

#define RTP_LOOKUP 0
#define RTP_SET	   1

#define RTP_REALTIME 2
#define RTP_NORMAL   3
#define RTP_IDLE     4
#define RTP_FIFO     10
#define RTP_MAX	     31
#define TS_MAX	     103 /* PRI_MAX_TIMESHARE - PRI_MIN_TIMESHARE */

#define POLICY_FIFO  1
#define POLICY_OTHER 2
#define POLICY_RR    3

#define RR_INTERVAL_NS 94000000

struct rtprio {
	uint16_t type, prio;
};

static bool
privileged(void)
{
	return geteuid() == 0;
}

static bool
realtime(uint16_t type)
{
	return type == RTP_REALTIME || type == RTP_FIFO;
}

static struct rtprio
get(const struct thread *t)
{
	const struct fbsd_thread *ft = fbsd_thread(t);

	return (struct rtprio){ft->rtp_type ? ft->rtp_type : RTP_NORMAL, ft->rtp_prio};
}

static int
set(struct thread *t, struct rtprio r)
{
	struct fbsd_thread *ft = fbsd_thread(t);

	if (!realtime(r.type) && r.type != RTP_NORMAL && r.type != RTP_IDLE)
		return -EINVAL;
	if (r.prio > (r.type == RTP_NORMAL ? TS_MAX : RTP_MAX))
		return -EINVAL;
	ft->rtp_type = r.type;
	ft->rtp_prio = r.prio;
	return 0;
}

int
fbsd_rtprio_check_new(uint64_t rtp)
{
	struct rtprio r;

	if (gm_read(&r, rtp, sizeof(r)))
		return -EFAULT;
	if (realtime(r.type)) {
		if (!privileged())
			return -EPERM;
		return r.prio > RTP_MAX ? -EINVAL : 0;
	}
	return r.type == RTP_NORMAL ? 0 : -EINVAL;
}

bool
fbsd_rtprio_above(const struct thread *t, uint32_t ceiling)
{
	struct rtprio r = get(t);
	uint32_t lent = fbsd_thread(t)->umtx->lent;

	return (realtime(r.type) && r.prio < ceiling) || (lent && lent - 1 < ceiling);
}

bool
fbsd_rtprio_privileged(void)
{
	return privileged();
}

void
fbsd_rtprio_new(struct thread *n, const struct thread *parent, uint64_t rtp)
{
	struct rtprio own = get(parent), r = own;

	/* To ask for what it has already changes nothing, not even the priority within it. */
	if (!rtp || gm_read(&r, rtp, sizeof(r)) || (own.type == RTP_NORMAL && r.type == RTP_NORMAL))
		r = own;
	set(n, r);
}

/* A class for one thread of ours, or (a NULL @o) for another process, which can only be told what
 * it is already. */
static int
assign(struct thread *o, struct rtprio r)
{
	if ((realtime(r.type) || r.type == RTP_IDLE) && !privileged())
		return -EPERM;
	if (!o)
		return r.type == RTP_NORMAL ? 0 : -EPERM;
	return set(o, r);
}

static long
look_or_set(struct thread *o, int function, uint64_t rtp)
{
	struct rtprio r = {RTP_NORMAL, 0};

	switch (function) {
	case RTP_LOOKUP:
		if (o)
			r = get(o);
		return gm_write(rtp, &r, sizeof(r));
	case RTP_SET:
		return gm_read(&r, rtp, sizeof(r)) ? -EFAULT : assign(o, r);
	}
	return -EINVAL;
}

long
fbsd_rtprio_thread(struct thread *t, int function, uint64_t lwpid, uint64_t rtp)
{
	struct thread *o = t;
	long r;

	if (lwpid == 0 || lwpid == (uint64_t)t->tid)
		return look_or_set(t, function, rtp);
	pthread_mutex_lock(&t->task->lock);
	o = thread_by_tid(t->task, (int32_t)lwpid);
	r = o ? look_or_set(o, function, rtp) : -ESRCH;
	pthread_mutex_unlock(&t->task->lock);
	return r;
}

/* 0 ours (*ret_own) or another's that exists; -ESRCH, -EPERM. */
static long
find_process(struct thread *t, int pid, bool *ret_own)
{
	*ret_own = pid == 0 || pid == t->task->pid;
	if (pid < 0)
		return -ESRCH;
	return *ret_own ? 0 : host_call(SYS_kill, pid, 0);
}

/* For a process the class counts that its most urgent thread has; all are given the same. */
static long
own_process(struct thread *t, int function, uint64_t rtp)
{
	struct rtprio best, r;
	long e = 0;

	if (function == RTP_SET) {
		if (gm_read(&r, rtp, sizeof(r)))
			return -EFAULT;
		pthread_mutex_lock(&t->task->lock);
		for (struct thread *o = t->task->threads; o && e == 0; o = o->next)
			e = assign(o, r);
		pthread_mutex_unlock(&t->task->lock);
		return e;
	}
	best = get(t);
	pthread_mutex_lock(&t->task->lock);
	for (struct thread *o = t->task->threads; o; o = o->next) {
		r = get(o);
		if ((r.type & 7) < (best.type & 7) ||
		    ((r.type & 7) == (best.type & 7) && r.prio < best.prio))
			best = r;
	}
	pthread_mutex_unlock(&t->task->lock);
	return gm_write(rtp, &best, sizeof(best));
}

long
fbsd_rtprio(struct thread *t, int function, int pid, uint64_t rtp)
{
	bool own;
	long r = find_process(t, pid, &own);

	if (r)
		return r;
	if (function != RTP_LOOKUP && function != RTP_SET)
		return -EINVAL;
	if (own && (pid != 0 || function == RTP_SET))
		return own_process(t, function, rtp);
	return look_or_set(own ? t : NULL, function, rtp);
}

static int
policy_of(uint16_t type)
{
	return type == RTP_FIFO ? POLICY_FIFO : type == RTP_REALTIME ? POLICY_RR : POLICY_OTHER;
}

static int
set_policy(struct thread *o, int policy, int prio)
{
	switch (policy) {
	case POLICY_FIFO:
	case POLICY_RR:
		if (prio < 0 || prio > RTP_MAX)
			return -EPERM;
		return assign(o, (struct rtprio){policy == POLICY_FIFO ? RTP_FIFO : RTP_REALTIME,
						 (uint16_t)(RTP_MAX - prio)});
	case POLICY_OTHER:
		if (prio < 0 || prio > TS_MAX)
			return -EINVAL;
		return assign(o, (struct rtprio){RTP_NORMAL, (uint16_t)(TS_MAX - prio)});
	}
	return -EINVAL;
}

long
fbsd_sched_setparam(struct thread *t, int pid, uint64_t param)
{
	uint32_t prio;
	bool own;
	long r = gm_read(&prio, param, sizeof(prio)) ? -EFAULT : find_process(t, pid, &own);

	return r ? r
		 : set_policy(own ? t : NULL, own ? policy_of(get(t).type) : POLICY_OTHER,
			      (int)prio);
}

long
fbsd_sched_getparam(struct thread *t, int pid, uint64_t param)
{
	struct rtprio p = {RTP_NORMAL, 0};
	uint32_t prio;
	bool own;
	long r = find_process(t, pid, &own);

	if (r)
		return r;
	if (own)
		p = get(t);
	prio = (realtime(p.type) ? RTP_MAX : TS_MAX) - p.prio;
	return gm_write(param, &prio, sizeof(prio));
}

long
fbsd_sched_setscheduler(struct thread *t, int pid, int policy, uint64_t param)
{
	uint32_t prio;
	bool own;
	long r;

	if (gm_read(&prio, param, sizeof(prio)))
		return -EFAULT;
	if (!privileged())
		return -EPERM;
	r = find_process(t, pid, &own);
	return r ? r : set_policy(own ? t : NULL, policy, (int)prio);
}

long
fbsd_sched_getscheduler(struct thread *t, int pid)
{
	bool own;
	long r = find_process(t, pid, &own);

	return r ? r : own ? policy_of(get(t).type) : POLICY_OTHER;
}

long
fbsd_sched_get_priority_max(struct thread *t, int policy)
{
	if (policy == POLICY_OTHER)
		return TS_MAX;
	return policy == POLICY_FIFO || policy == POLICY_RR ? RTP_MAX : -EINVAL;
}

long
fbsd_sched_get_priority_min(struct thread *t, int policy)
{
	return policy >= POLICY_FIFO && policy <= POLICY_RR ? 0 : -EINVAL;
}

long
fbsd_sched_rr_get_interval(struct thread *t, int pid, uint64_t interval)
{
	struct timespec ts = {0, RR_INTERVAL_NS};
	bool own;
	long r = find_process(t, pid, &own);

	return r ? r : gm_write(interval, &ts, sizeof(ts));
}
