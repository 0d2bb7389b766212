/* One thread has the process to itself: the others stand still at a boundary. */
#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <time.h>

#include "abi/core/host.h"
#include "abi/core/sig.h"

#define STEP_NS    2000000l /* between two looks at who is missing */
#define STEPS_MOST 500

#define BIT(n) (1ull << ((n)-1))
/* All that do not belong to an instruction. */
#define ASYNC (~(BIT(SIGSYS) | BIT(SIGSEGV) | BIT(SIGBUS) | BIT(SIGFPE) | BIT(SIGILL) | BIT(SIGTRAP)))

static void
sleep_on(uint32_t *word, uint32_t val)
{
	struct timespec step = {0, STEP_NS};

	host_call(SYS_futex, word, FUTEX_WAIT_PRIVATE, val, &step);
}

int
task_stop_others(struct thread *t)
{
	struct task *task = t->task;
	uint32_t n, parked;

	pthread_mutex_lock(&task->lock);
	if (task->alone || task->exiting) {
		pthread_mutex_unlock(&task->lock);
		return -EAGAIN;
	}
	__atomic_store_n(&task->alone, (uint32_t)t->tid, __ATOMIC_SEQ_CST);
	for (struct thread *o = task->threads; o; o = o->next)
		if (o != t)
			thread_kick(o);
	pthread_mutex_unlock(&task->lock);
	for (int i = 0; i < STEPS_MOST; i++) {
		pthread_mutex_lock(&task->lock);
		n = task->nthreads;
		parked = task->parked;
		pthread_mutex_unlock(&task->lock);
		if (parked + 1 >= n)
			break;
		sleep_on(&task->parked, parked);
	}
	return 0;
}

void
task_let_go(struct thread *t)
{
	struct task *task = t->task;

	__atomic_store_n(&task->alone, 0, __ATOMIC_SEQ_CST);
	host_call(SYS_futex, &task->alone, FUTEX_WAKE_PRIVATE, INT32_MAX);
}

static bool
somebody_alone(const struct thread *t)
{
	uint32_t alone = __atomic_load_n(&t->task->alone, __ATOMIC_SEQ_CST);

	return alone && alone != (uint32_t)t->tid && !__atomic_load_n(&t->task->exiting, __ATOMIC_SEQ_CST);
}

static void
count(struct task *task, uint32_t change)
{
	pthread_mutex_lock(&task->lock);
	task->parked += change;
	pthread_mutex_unlock(&task->lock);
	host_call(SYS_futex, &task->parked, FUTEX_WAKE_PRIVATE, 1);
}

void
task_park(struct thread *t)
{
	struct task *task = t->task;
	uint64_t async = ASYNC, old;

	if (!somebody_alone(t))
		return;
	/* What had come for the process is the process's; what comes now waits in the kernel, also for the next image. */
	host_call(SYS_rt_sigprocmask, SIG_BLOCK, &async, &old, 8);
	t->inbox.held = true;
	sig_drain(t);
	count(task, 1);
	while (somebody_alone(t))
		sleep_on(&task->alone, __atomic_load_n(&task->alone, __ATOMIC_SEQ_CST));
	count(task, -1u);
	t->inbox.held = false;
	t->wake = 1;
	host_call(SYS_rt_sigprocmask, SIG_SETMASK, &old, 0, 8);
}
