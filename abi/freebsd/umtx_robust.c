/*
 * Robust mutexes: a thread's lists of those it holds, walked when it ends.
 * Source: FreeBSD _umtx_op(2) (UMTX_OP_ROBUST_LISTS); the limit is kern.ipc.umtx_max_robust's
 * default.
 *
 * KNOWN LIMIT: SIGKILL ends the process without us.
 */
#include <errno.h>

#include "abi/core/sig.h"
#include "abi/freebsd/umtx.h"

#define MAX_ROBUST  1000
#define PARAMS_SIZE 24

struct umutex {
	uint32_t owner, flags, ceiling[2];
	uint64_t next;
	uint32_t spare[4];
};
_Static_assert(sizeof(struct umutex) == UMUTEX_SIZE, "umutex");

long
umtx_op_robust_lists(struct thread *t, const uint64_t *a)
{
	uint64_t p[PARAMS_SIZE / 8] = {0}; /* list, private list, the one in transition */
	struct fbsd_umtx_thread *u = fbsd_thread(t)->umtx;

	if (a[2] > PARAMS_SIZE)
		return -EINVAL;
	if (gm_read(p, a[3], a[2]))
		return -EFAULT;
	if (t->task->vfork_child)
		return 0; /* the state is the parent's, who goes on with it */
	u->rb_list = p[0];
	u->rbp_list = p[1];
	u->rb_inact = p[2];
	if (!__atomic_exchange_n(&fbsd_task(t)->umtx->robust_used, true, __ATOMIC_ACQ_REL))
		sig_catch_all(t->task); /* deaths by signal pass through us, too */
	return 0;
}

/* Hand on one mutex; an entry in transition may turn out not to be ours. */
static long
hand_on(struct thread *t, uint32_t tid, uint64_t at, uint64_t *ret_next, bool inact)
{
	struct umutex m;

	if (gm_read(&m, at, sizeof(m)))
		return -EFAULT;
	if (ret_next)
		*ret_next = m.next;
	if (!(m.flags & UMUTEX_ROBUST))
		return -EINVAL;
	if ((m.owner & ~UMUTEX_CONTESTED) != tid)
		return inact ? 0 : -EINVAL;
	return umtx_mutex_unlock(t, at, tid);
}

static void
walk(struct thread *t, uint32_t tid, uint64_t list, uint64_t *inact)
{
	uint64_t at;
	long r;

	if (!list)
		return;
	r = gm_read(&at, list, sizeof(at));
	for (int i = 0; r == 0 && at && i < MAX_ROBUST; i++) {
		bool is_inact = at == *inact;

		if (is_inact)
			*inact = 0;
		r = hand_on(t, tid, at, &at, is_inact);
	}
}

void
umtx_robust_exit(struct thread *t, struct thread *of)
{
	struct fbsd_umtx_thread *u = fbsd_thread(of)->umtx;
	struct fbsd_umtx_thread lists = *u;
	uint64_t inact = 0;
	uint32_t tid = (uint32_t)of->tid;

	if (t->task->vfork_child)
		return;
	u->rb_list = u->rbp_list = u->rb_inact = 0;
	if (lists.rb_inact && gm_read(&inact, lists.rb_inact, sizeof(inact)))
		inact = 0;
	walk(t, tid, lists.rb_list, &inact);
	walk(t, tid, lists.rbp_list, &inact);
	if (inact)
		hand_on(t, tid, inact, NULL, true);
}

void
fbsd_umtx_before_exec(struct thread *t)
{
	struct task *task = t->task;

	if (task->vfork_child || !fbsd_task(t)->umtx->robust_used)
		return;
	pthread_mutex_lock(&task->lock);
	for (struct thread *o = task->threads; o; o = o->next)
		umtx_robust_exit(t, o);
	pthread_mutex_unlock(&task->lock);
}
