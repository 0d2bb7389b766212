/* Guest processes and threads: lists, inbox, kicks. */
#include "abi/core/task.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <unistd.h>

#include "abi/core/host.h"

struct thread *
thread_new(struct task *task)
{
	struct thread *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->task = task;
	return t;
}

void
thread_free(struct thread *t)
{
	free(t);
}

int
thread_link(struct thread *t)
{
	struct task *task = t->task;
	int r = 0;

	pthread_mutex_lock(&task->lock);
	if (task->exiting) {
		r = -EAGAIN;
	} else {
		t->next = task->threads;
		task->threads = t;
		task->nthreads++;
	}
	pthread_mutex_unlock(&task->lock);
	return r;
}

/* An exiting process waits for the count to fall. */
static void
unlink_locked(struct thread *t)
{
	struct task *task = t->task;

	for (struct thread **p = &task->threads; *p; p = &(*p)->next) {
		if (*p == t) {
			*p = t->next;
			__atomic_fetch_sub(&task->nthreads, 1, __ATOMIC_RELEASE);
			if (task->exiting)
				host_call(SYS_futex, &task->nthreads, FUTEX_WAKE_PRIVATE, 1);
			break;
		}
	}
}

void
thread_unlink(struct thread *t)
{
	pthread_mutex_lock(&t->task->lock);
	unlink_locked(t);
	pthread_mutex_unlock(&t->task->lock);
}

bool
thread_unlink_unless_last(struct thread *t)
{
	struct task *task = t->task;
	bool last;

	pthread_mutex_lock(&task->lock);
	last = task->nthreads <= 1;
	if (!last)
		unlink_locked(t);
	pthread_mutex_unlock(&task->lock);
	return !last;
}

struct thread *
thread_by_tid(struct task *task, int32_t tid)
{
	for (struct thread *t = task->threads; t; t = t->next)
		if (t->tid == tid)
			return t;
	return NULL;
}

void
thread_kick(struct thread *t)
{
	pid_t htid = __atomic_load_n(&t->htid, __ATOMIC_ACQUIRE);

	__atomic_store_n(&t->wake, 1, __ATOMIC_SEQ_CST);
	if (htid > 0 && htid != (pid_t)host_call(SYS_gettid))
		host_call(SYS_tgkill, getpid(), htid, KICK_SIGNO);
}

long
task_call_all(struct thread *t, long nr, uint64_t a, uint64_t b, uint64_t c)
{
	struct task *task = t->task;
	struct remote_call *rc = &task->remote;
	long r;

	/* A thread that is being made has what its maker had: nobody makes one now. */
	pthread_mutex_lock(&task->birth);
	pthread_mutex_lock(&task->lock);
	r = host_call(nr, a, b, c);
	if (r == 0) {
		uint32_t round = rc->round + 1;

		rc->nr = nr;
		rc->a = a;
		rc->b = b;
		rc->c = c;
		t->remote_round = round;
		__atomic_store_n(&rc->left, task->nthreads - 1, __ATOMIC_SEQ_CST);
		__atomic_store_n(&rc->round, round, __ATOMIC_SEQ_CST);
		for (struct thread *o = task->threads; o; o = o->next) {
			if (o != t)
				thread_kick(o);
		}
		while (__atomic_load_n(&rc->left, __ATOMIC_SEQ_CST))
			host_call(SYS_sched_yield);
	}
	pthread_mutex_unlock(&task->lock);
	pthread_mutex_unlock(&task->birth);
	return r;
}

static void
unblock_all(void)
{
	uint64_t none = 0;

	host_call(SYS_rt_sigprocmask, SIG_SETMASK, &none, 0, 8);
}

bool
inbox_take(struct thread *t, struct inbox_item *ret_item)
{
	struct inbox *b = &t->inbox;
	uint32_t tail = b->tail;

	if (__atomic_load_n(&b->head, __ATOMIC_ACQUIRE) == tail) {
		if (b->blocked && !b->held) {
			b->blocked = 0;
			unblock_all();
			return inbox_take(t, ret_item);
		}
		return false;
	}
	*ret_item = b->item[tail % INBOX_SIZE];
	__atomic_store_n(&b->tail, tail + 1, __ATOMIC_RELEASE);
	return true;
}
