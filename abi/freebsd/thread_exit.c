/*
 * The ends of threads and of the process: thr_exit exit.
 * Source: FreeBSD thr_exit(2), exit(2).
 */
#include <errno.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <time.h>

#include "abi/freebsd/kqueue.h"
#include "abi/freebsd/proc.h"
#include "abi/freebsd/proctab.h"
#include "abi/freebsd/umtx.h"
#include "freebsd-amd64.h"

/* How long a process that ends waits for its other threads to stop before their locks are handed on
 * for them. */
#define STOP_SECONDS 1

/*
 * The last thread does not end here: it returns, and the C library's next step is exit.  A caller's
 * joiner may free the stack as soon as the state word is stored.
 */
long
fbsd_thr_exit(struct thread *t, uint64_t state)
{
	int64_t gone = 1;

	umtx_robust_exit(t, t);
	if (state) {
		gm_write(state, &gone, sizeof(gone));
		umtx_wake(t, state, UMTX_ALL, false);
	}
	if (thread_unlink_unless_last(t))
		t->exit_now = true;
	return 0;
}

void
fbsd_thread_gone(struct thread *t)
{
	if (t->task->vfork_child)
		return; /* its state is its parent's */
	umtx_robust_exit(t, t);
	thread_unlink(t);
	fbsd_thread_free(t);
}

/* Ask all others to leave.  False when another thread ends the process already. */
static bool
stop_others(struct thread *t)
{
	struct task *task = t->task;
	struct timespec end;
	uint32_t n;

	pthread_mutex_lock(&task->lock);
	if (task->exiting) {
		pthread_mutex_unlock(&task->lock);
		return false;
	}
	__atomic_store_n(&task->exiting, true, __ATOMIC_SEQ_CST);
	for (struct thread *o = task->threads; o; o = o->next) {
		if (o == t)
			continue;
		__atomic_store_n(&o->exit_now, true, __ATOMIC_SEQ_CST);
		thread_kick(o);
	}
	pthread_mutex_unlock(&task->lock);
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += STOP_SECONDS;
	while ((n = __atomic_load_n(&task->nthreads, __ATOMIC_ACQUIRE)) > 1)
		if (host_call(SYS_futex, &task->nthreads, FUTEX_WAIT_BITSET_PRIVATE, n, &end, 0,
			      FUTEX_BITSET_MATCH_ANY) == -ETIMEDOUT)
			break;
	return true;
}

/* Locks that others wait for, in this process or another, must not be held by the dead. */
static void
hand_on_locks(struct thread *t)
{
	struct task *task = t->task;

	if (task->vfork_child ||
	    !__atomic_load_n(&fbsd_task(t)->umtx->robust_used, __ATOMIC_ACQUIRE))
		return;
	if (!stop_others(t)) {
		fbsd_thread_gone(t);
		task->hooks->thread_exit(t);
	}
	pthread_mutex_lock(&task->lock);
	for (struct thread *o = task->threads; o; o = o->next)
		umtx_robust_exit(t, o);
	pthread_mutex_unlock(&task->lock);
}

_Noreturn void
fbsd_exit_process(struct thread *t, int status, int signo)
{
	struct task *task = t->task;
	const struct signal_map *m = task->pers->signals;

	if (signo)
		log_debug(LOG_SIGNAL, "signal %d ends process %d", signo, (int)task->pid);
	log_debug(LOG_PROC, "process %d ends: status %d, signal %d", (int)task->pid, status, signo);
	hand_on_locks(t);
	fbsd_procctl_exit(t);
	fbsd_kq_exit(t, signo ? (uint32_t)signo : (uint32_t)(status & 0xff) << 8);
	if (!task->vfork_child)
		umtx_shm_exit(fbsd_task(t)->umtx);
	if (task->trace && task->trace->exit)
		task->trace->exit(t, status, signo);
	if (signo > 0 && (uint32_t)signo < m->n && m->to_host[signo])
		task->hooks->die(t, m->to_host[signo]);
	if (signo || status & ~0xff)
		proc_last_word(status, signo);
	_Exit(signo ? 128 + signo : status);
}

long
fbsd_exit(struct thread *t, int rval)
{
	fbsd_exit_process(t, rval, 0);
}
