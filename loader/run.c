/*
 * The loop that runs a guest thread, and the host side of threads, fork and vfork.
 * An engine runs until a stop and says why; the stop is served here, and it runs again.
 */
#include "loader/run.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/core/cpu_x64.h"
#include "abi/core/gm.h"
#include "abi/core/host.h"
#include "loader/crash.h"
#include "loader/exec.h"
#include "loader/patch.h"
#include "loader/trace.h"

#define MONITOR_STACK (192 * 1024)

/* A thread that was called to look: at signals, and whether another wants to be alone. */
static void
deliver(struct thread *t, long r)
{
	t->task->pers->deliver(t, r);
	task_park(t);
}

/* @r goes into the registers, or a signal's frame. */
static bool
finish(struct thread *t, long r)
{
	if (t->exit_now || r == -HOST_EJUSTRETURN)
		return !t->exit_now;
	if (r == -HOST_ERESTART || r == -HOST_ERESTARTNOINTR) {
		deliver(t, r);
		return !t->exit_now;
	}
	t->task->pers->set_result(t, r);
	if (t->wake)
		deliver(t, 0);
	return !t->exit_now;
}

static bool
serve_any(struct thread *t)
{
	uint64_t nr, a[8];
	int e = t->task->pers->get_call(t, &nr, a);

	return finish(t, e ? e : sys_serve(t, nr, a));
}

/* Most calls: untraced, arguments taken where they stand, plain success.  Few returns lie after the host's call. */
HOST_RETURNS bool
run_serve(struct thread *t)
{
	const struct systab *tab = t->task->pers->tab;
	struct cpu_x64 *c = t->cpu;
	uint32_t nr = (uint32_t)c->rax;
	const struct sysent *e = &tab->ent[nr];
	long r;

	if (nr >= tab->n || !e->plain || t->task->trace)
		return serve_any(t);
	t->in_restart = 0;
	t->has_ret2 = false;
	t->calls++;
	r = e->serve(t, &c->rdi);
	if (r < 0 || t->has_ret2 || t->wake || t->exit_now)
		return finish(t, sys_again(t, e, &c->rdi, r));
	c->rax = (uint64_t)r;
	c->rflags &= ~(uint64_t)X64_CF;
	return true;
}

void
run_thread(struct thread *t)
{
	const struct personality *p = t->task->pers;
	const struct engine *e = t->task->engine;
	struct stop stop;

	task_park(t); /* nobody has called us before we were in the list */
	while (!t->exit_now) {
		e->run(t, &stop);
		switch (stop.why) {
		case STOP_SYSCALL:
			if (t->cpu)
				run_serve(t);
			else
				serve_any(t);
			break;
		case STOP_FAULT:
			p->fault(t, &stop.fault);
			deliver(t, 0);
			break;
		case STOP_INTERRUPT:
			deliver(t, 0);
			break;
		case STOP_SERVED:
			break;
		}
	}
	p->thread_gone(t);
}

/* But for what our own instructions raise: guarded access to guest memory faults at any time. */
static void
block_all(sigset_t *ret_old)
{
	static const int own[] = {SIGSYS, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
	sigset_t all;

	sigfillset(&all);
	for (unsigned i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		sigdelset(&all, own[i]);
	pthread_sigmask(SIG_SETMASK, &all, ret_old);
}

struct start {
	struct thread *t;
	int (*begin)(struct thread *t);
	int result;
	uint32_t done;
};

/* @s is on the starter's stack and gone once `done` is set: the wake-up after it may hit anything, and wakes nobody then. */
static void
report_start(struct start *s, int result)
{
	s->result = result;
	__atomic_store_n(&s->done, 1, __ATOMIC_RELEASE);
	host_call(SYS_futex, &s->done, FUTEX_WAKE_PRIVATE, 1);
}

static void *
thread_main(void *arg)
{
	struct start *s = arg;
	struct thread *t = s->t;
	int r = t->task->engine->attach(t);
	sigset_t none;

	if (r)
		bug("cannot arm interception for a new thread: %s", strerror(-r));
	t->inbox.blocked = 0;
	r = s->begin(t);
	if (r) {
		stack_t off = {.ss_flags = SS_DISABLE};

		sigaltstack(&off, NULL);
		report_start(s, r);
		return NULL;
	}
	report_start(s, 0);
	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
	run_thread(t);
	run_hooks.thread_exit(t);
}

static int
start_thread(struct thread *t, int (*begin)(struct thread *t))
{
	struct start s = {.t = t, .begin = begin};
	struct task *task = t->task; /* t may be gone when it has begun */
	pthread_attr_t attr;
	sigset_t old;
	pthread_t id;
	int r;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, MONITOR_STACK);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	/* Waiting for it we still answer task_call_all(). */
	pthread_mutex_lock(&task->birth);
	block_all(&old);
	r = pthread_create(&id, &attr, thread_main, &s);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	while (r == 0 && !__atomic_load_n(&s.done, __ATOMIC_ACQUIRE))
		host_call(SYS_futex, &s.done, FUTEX_WAIT_PRIVATE, 0);
	pthread_mutex_unlock(&task->birth);
	return r ? -r : s.result;
}

static __attribute__((noreturn)) void
exit_thread(struct thread *t)
{
	sigset_t old;

	block_all(&old);
	trace_thread_gone(t);
	thread_unlink(t);
	t->task->engine->detach(t);
	thread_free(t);
	pthread_exit(NULL);
}

/* In a forked child only the caller lives: other threads' host resources stay as garbage of the copy. */
static void
only_thread(struct thread *t)
{
	struct task *task = t->task;

	pthread_mutex_init(&task->lock, NULL);
	pthread_mutex_init(&task->birth, NULL);
	task->threads = t;
	t->next = NULL;
	task->nthreads = 1;
	task->pid = getpid();
}

static long
do_fork(struct thread *t, uint64_t clone_flags, int *ret_pidfd)
{
	struct task *task = t->task;
	uint32_t arrived;
	sigset_t old;
	long pid;

	/* Who holds the lock may be waiting for our answer (task_call_all): signals are open until we have it. */
	pthread_mutex_lock(&task->lock);
	block_all(&old);
	arrived = t->inbox.head;
	gm_before_fork(task->gm);
	task->engine->before_fork(t);
	pid = fork();
	if (pid < 0)
		pid = -errno;
	if (pid == 0) {
		gm_after_fork_child(task->gm);
		only_thread(t);
		/* What had arrived is the parent's; what came since (SIGTRAP and its like are never blocked) is ours. */
		t->inbox.tail = arrived;
		if (task->engine->after_fork_child(t))
			bug("cannot arm interception after fork");
		trace_after_fork(t);
	} else {
		task->engine->after_fork_parent(t);
		gm_after_fork_parent(task->gm);
		pthread_mutex_unlock(&task->lock);
		if (pid > 0 && ret_pidfd)
			*ret_pidfd = (int)host_call(SYS_pidfd_open, pid, 0);
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return pid;
}

/*
 * vfork: the child runs the loop on a stack of its own, with copies of task and thread, while the parent sleeps in
 * clone.  It never calls malloc and leaves by exec or _exit.
 */
struct vfork_start {
	struct task task;
	struct thread thread;
	void (*child_init)(struct thread *child);
	sigset_t mask;
	uint8_t room[VFORK_ROOM] __attribute__((aligned(64)));
};

static int
vfork_main(void *arg)
{
	struct vfork_start *s = arg;
	struct thread *t = &s->thread;

	s->task.pid = (pid_t)host_call(SYS_getpid);
	if (t->task->engine->attach(t))
		_exit(EXIT_SETUP);
	s->child_init(t);
	pthread_sigmask(SIG_SETMASK, &s->mask, NULL);
	run_thread(t);
	_exit(0);
}

static long
do_vfork(struct thread *t, void (*child_init)(struct thread *child))
{
	size_t size = GM_PAGE_UP(sizeof(struct vfork_start)) + MONITOR_STACK;
	uint8_t *area = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct vfork_start *s = (void *)area;
	long pid;

	if (area == MAP_FAILED)
		return -ENOMEM;
	s->task = *t->task;
	s->thread = *t;
	s->child_init = child_init;
	s->task.vfork_child = true;
	s->task.vfork_room = s->room;
	s->task.threads = &s->thread;
	s->task.nthreads = 1;
	pthread_mutex_init(&s->task.lock, NULL);
	pthread_mutex_init(&s->task.birth, NULL);
	s->thread.task = &s->task;
	s->thread.next = NULL;
	s->thread.wake = 0;
	memset(&s->thread.inbox, 0, sizeof(s->thread.inbox));
	pid = t->task->engine->copy_thread(&s->thread, t);
	if (pid == 0) {
		block_all(&s->mask);
		pid = clone(vfork_main, area + size, CLONE_VM | CLONE_VFORK | SIGCHLD, s);
		if (pid < 0)
			pid = -errno;
		pthread_sigmask(SIG_SETMASK, &s->mask, NULL);
		t->task->engine->drop(&s->thread);
	}
	munmap(area, size);
	return pid;
}

static __attribute__((noreturn)) void
die(struct thread *t, int signo)
{
	struct rlimit none = {0, 0};
	sigset_t only;

	/* A core of ours would not be the guest's. */
	setrlimit(RLIMIT_CORE, &none);
	native_uncatch(signo, false);
	sigemptyset(&only);
	sigaddset(&only, signo);
	pthread_sigmask(SIG_UNBLOCK, &only, NULL);
	kill(getpid(), signo);
	for (;;)
		host_call(SYS_exit_group, 128 + signo);
}

static int
prepare_thread(struct thread *t)
{
	return t->task->engine->new_thread(t);
}

static void
discard_thread(struct thread *t)
{
	t->task->engine->drop(t);
}

static void
rewind_call(struct thread *t)
{
	t->task->engine->rewind(t);
}

static void
owns_gs(struct thread *t)
{
	t->cpu->owns_gs = 1;
	t->cpu->exact = 1;
	patch_stop();
}

const struct task_hooks run_hooks = {
    .thread_start = start_thread,
    .thread_exit = exit_thread,
    .thread_prepare = prepare_thread,
    .thread_discard = discard_thread,
    .fork = do_fork,
    .vfork = do_vfork,
    .exec = exec_program,
    .rewind = rewind_call,
    .guest_owns_gs = owns_gs,
    .signal_catch = native_catch,
    .signal_release = native_uncatch,
    .crashed = crash_report,
    .die = die,
};
