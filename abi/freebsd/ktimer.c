/*
 * Timers of a process: ktimer_create and kin.  Each has a host timer whose signal, KICK_SIGNO, says which it is; the guest's
 * signal is made when that arrives, so that overruns count while the guest's is pending.
 * Source: FreeBSD timer_create(2), timer_settime(2), sigevent(3).
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "abi/freebsd/signal.h"
#include "abi/freebsd/time.h"
#include "freebsd-amd64.h"

#define TIMERS_FIRST 3 /* those below are setitimer's */
#define TIMERS_MAX   32

enum { EV_NONE, EV_SIGNAL, EV_THREAD, EV_KEVENT, EV_THREAD_ID };

/** struct sigevent */
struct fbsd_sigevent {
	int32_t notify, signo;
	uint64_t value;
	int32_t thread_id, pad;
	uint64_t spare[7];
};
_Static_assert(sizeof(struct fbsd_sigevent) == 80, "sigevent");

struct ktimer {
	bool used;
	int host;           /* the host's timer id */
	uint32_t generation; /* an expiry of a timer that is gone is nobody's */
	struct fbsd_sigevent ev;
	int32_t overrun, last_overrun;
};

struct fbsd_ktimers {
	struct ktimer t[TIMERS_MAX];
};

#define VALUE(id, generation) ((uint64_t)(generation) << 8 | (unsigned)(id))

static struct ktimer *
find(struct thread *t, int id)
{
	struct fbsd_ktimers *all = fbsd_sigacts(t)->timers;

	return all && id >= TIMERS_FIRST && id < TIMERS_MAX && all->t[id].used ? &all->t[id] : NULL;
}

/* Is the timer's signal on a queue?  With @drop it is taken off. */
static bool
on_queue(struct sigq *q, int id, bool drop)
{
	for (uint32_t i = 0; i < q->n; i++) {
		struct gsiginfo si = q->item[i];

		if (si.code != FBSD_SI_TIMER || si.timerid != id)
			continue;
		if (drop)
			sigq_remove(q, i);
		return true;
	}
	return false;
}

static bool
is_queued(struct task *task, int id, bool drop)
{
	for (struct thread *t = task->threads; t; t = t->next)
		if (t->sig && on_queue(&t->sig->own, id, drop))
			return true;
	return on_queue(&task->sig->process, id, drop);
}

static void
count_overrun(struct ktimer *k, int32_t n)
{
	k->overrun = n > INT32_MAX - k->overrun ? INT32_MAX : k->overrun + n;
}

/* Lock held. */
static void
expire(struct thread *t, int id, struct ktimer *k, int32_t host_overrun)
{
	struct gsiginfo si = {.signo = k->ev.signo, .code = FBSD_SI_TIMER, .value = k->ev.value, .timerid = id};
	struct thread *to = NULL;

	count_overrun(k, host_overrun);
	if (is_queued(t->task, id, false)) {
		count_overrun(k, 1);
		return;
	}
	if (k->ev.notify == EV_THREAD_ID) {
		to = thread_by_tid(t->task, k->ev.thread_id);
		if (!to || !to->sig)
			return;
	}
	sig_post_locked(t, to, &si, false);
}

bool
fbsd_ktimer_arrived(struct thread *t, const struct inbox_item *it, struct gsiginfo *ret, struct thread **ret_to)
{
	int id = (int)(it->value & 0xff);
	struct ktimer *k;

	(void)ret, (void)ret_to; /* posted here, under the lock that keeps the receiver */
	if (it->code != SI_TIMER)
		return false;
	pthread_mutex_lock(&t->task->lock);
	k = find(t, id);
	if (k && it->value == VALUE(id, k->generation))
		expire(t, id, k, it->overrun);
	pthread_mutex_unlock(&t->task->lock);
	return false;
}

void
fbsd_ktimer_accepted(struct task *task, struct gsiginfo *si)
{
	struct fbsd_ktimers *all = ((struct fbsd_task *)task->priv)->sig->timers;
	struct ktimer *k = all && si->timerid >= TIMERS_FIRST && si->timerid < TIMERS_MAX ? &all->t[si->timerid] : NULL;

	if (si->code != FBSD_SI_TIMER || !k || !k->used)
		return;
	si->overrun = k->last_overrun = k->overrun;
	k->overrun = 0;
}

static long
read_event(uint64_t evp, struct fbsd_sigevent *ev)
{
	if (gm_read(ev, evp, sizeof(*ev)))
		return -EFAULT;
	if (ev->notify != EV_NONE && ev->notify != EV_SIGNAL && ev->notify != EV_THREAD_ID)
		return -EINVAL;
	if (ev->notify != EV_NONE && (ev->signo < 1 || ev->signo > FBSD_NSIG))
		return -EINVAL;
	return 0;
}

/* Lock held. */
static long
reserve(struct thread *t, struct ktimer **ret)
{
	struct fbsd_sigacts *sa = fbsd_sigacts(t);

	if (!sa->timers)
		sa->timers = calloc(1, sizeof(*sa->timers));
	if (!sa->timers)
		return -EAGAIN;
	for (int id = TIMERS_FIRST; id < TIMERS_MAX; id++) {
		if (sa->timers->t[id].used)
			continue;
		*ret = &sa->timers->t[id];
		return id;
	}
	return -EAGAIN;
}

/* Lock held. */
static long
create(struct thread *t, int clock, const struct fbsd_sigevent *ev)
{
	struct ktimer *k;
	long id = reserve(t, &k), r;
	struct sigevent host = {.sigev_notify = ev && ev->notify == EV_NONE ? SIGEV_NONE : SIGEV_SIGNAL, .sigev_signo = KICK_SIGNO};

	if (id < 0)
		return id;
	k->generation++;
	host.sigev_value.sival_ptr = (void *)VALUE(id, k->generation);
	r = host_call(SYS_timer_create, clock, &host, &k->host);
	if (r)
		return r;
	k->used = true;
	k->ev = ev ? *ev : (struct fbsd_sigevent){.notify = EV_SIGNAL, .signo = FBSD_SIGALRM, .value = (uint64_t)id};
	k->overrun = k->last_overrun = 0;
	return id;
}

long
fbsd_ktimer_delete(struct thread *t, int id)
{
	struct ktimer *k;
	long r = -EINVAL;

	pthread_mutex_lock(&t->task->lock);
	k = find(t, id);
	if (k) {
		r = host_call(SYS_timer_delete, k->host);
		k->used = false;
		is_queued(t->task, id, true);
	}
	pthread_mutex_unlock(&t->task->lock);
	return r;
}

long
fbsd_ktimer_create(struct thread *t, int clock, uint64_t evp, uint64_t timerid)
{
	struct fbsd_sigevent ev;
	long id = evp ? read_event(evp, &ev) : 0;
	int host = clock == FBSD_CLOCK_REALTIME ? CLOCK_REALTIME : CLOCK_MONOTONIC;
	int32_t out;

	if (id)
		return id;
	if (clock != FBSD_CLOCK_REALTIME && clock != FBSD_CLOCK_MONOTONIC)
		return -EINVAL;
	pthread_mutex_lock(&t->task->lock);
	id = create(t, host, evp ? &ev : NULL);
	pthread_mutex_unlock(&t->task->lock);
	if (id < 0)
		return id;
	out = (int32_t)id;
	if (!gm_write(timerid, &out, sizeof(out)))
		return 0;
	fbsd_ktimer_delete(t, out);
	return -EFAULT;
}

static long
host_timer(struct thread *t, int id)
{
	struct ktimer *k;
	long host;

	pthread_mutex_lock(&t->task->lock);
	k = find(t, id);
	host = k ? k->host : -EINVAL;
	pthread_mutex_unlock(&t->task->lock);
	return host;
}

long
fbsd_ktimer_settime(struct thread *t, int id, int flags, uint64_t value, uint64_t ovalue)
{
	struct itimerspec in, out;
	long host, r;

	if (gm_read(&in, value, sizeof(in)))
		return -EFAULT;
	host = host_timer(t, id);
	if (host < 0)
		return host;
	r = host_call(SYS_timer_settime, host, flags & TIMER_ABSTIME, &in, &out);
	if (r || !ovalue)
		return r;
	return gm_write(ovalue, &out, sizeof(out));
}

long
fbsd_ktimer_gettime(struct thread *t, int id, uint64_t value)
{
	long host = host_timer(t, id), r;
	struct itimerspec out;

	if (host < 0)
		return host;
	r = host_call(SYS_timer_gettime, host, &out);
	return r ? r : gm_write(value, &out, sizeof(out));
}

long
fbsd_ktimer_getoverrun(struct thread *t, int id)
{
	struct ktimer *k;
	long r;

	pthread_mutex_lock(&t->task->lock);
	k = find(t, id);
	r = k ? k->last_overrun : -EINVAL;
	pthread_mutex_unlock(&t->task->lock);
	return r;
}
