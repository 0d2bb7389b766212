/*
 * Threads and processes: clone, clone3, exit, set_tid_address.
 * Source: Linux manual clone(2), set_tid_address(2), _exit(2); kernel/fork.c for what is refused.
 */
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>

#include "abi/core/cpu_a64.h"
#include "abi/linux/signal.h"
#include "linux-aarch64.h"

#define THREAD_FLAGS (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)
#define TID_FLAGS    (CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_DETACHED)
#define OF_NAMESPACE \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

/** In task->vfork_room of a vfork child. */
struct vfork_copies {
	struct linux_thread thread;
	struct linux_sigtask sig;
	struct linux_sigthread sigthread;
};
_Static_assert(sizeof(struct vfork_copies) <= VFORK_ROOM, "VFORK_ROOM");

int
linux_thread_init(struct thread *t, const struct thread *parent)
{
	t->priv = calloc(1, sizeof(struct linux_thread));
	if (t->priv && linux_signal_thread_init(t, parent)) {
		free(t->priv);
		t->priv = NULL;
	}
	return t->priv ? 0 : -ENOMEM;
}

void
linux_thread_free(struct thread *t)
{
	linux_signal_thread_free(t);
	free(t->priv);
	t->priv = NULL;
}

/* Registers of the child: the caller's, a result of 0, and what is asked for. */
static void
child_registers(struct thread *n, const struct linux_clone *c)
{
	n->a64->x[0] = 0;
	if (c->stack)
		n->a64->x[A64_SP] = c->stack;
	if (c->flags & CLONE_SETTLS)
		n->a64->tpidr = c->tls;
	n->a64->monitor.size = 0;
}

/* ---- threads ---- */

/* On the new host thread, while the caller waits. */
static int
begin(struct thread *n)
{
	struct linux_thread *lt = linux_thread(n);
	struct linux_clone *c = lt->birth;
	uint32_t tid = (uint32_t)n->htid;

	n->tid = c->tid = n->htid;
	/* the kernel does not tell when these cannot be written (put_user() unchecked) */
	if (c->flags & CLONE_PARENT_SETTID)
		gm_write(c->parent_tid, &tid, sizeof(tid));
	if (c->flags & CLONE_CHILD_SETTID)
		gm_write(c->child_tid, &tid, sizeof(tid));
	lt->clear_tid = c->flags & CLONE_CHILD_CLEARTID ? c->child_tid : 0;
	lt->birth = NULL;
	return thread_link(n);
}

static long
start(struct thread *t, struct thread *n, struct linux_clone *c)
{
	const struct task_hooks *hooks = t->task->hooks;
	int r = hooks->thread_prepare(n);

	if (r)
		return r;
	*n->a64 = *t->a64;
	child_registers(n, c);
	r = linux_thread_init(n, t);
	if (r == 0) {
		linux_thread(n)->birth = c;
		r = hooks->thread_start(n, begin);
		if (r)
			linux_thread_free(n);
	}
	if (r)
		hooks->thread_discard(n);
	return r;
}

static long
new_thread(struct thread *t, const struct linux_clone *c)
{
	struct linux_clone asked = *c;
	struct thread *n = thread_new(t->task);
	long r;

	if (!n)
		return -EAGAIN;
	r = start(t, n, &asked);
	if (r)
		thread_free(n);
	return r ? r : asked.tid; /* the thread itself may be gone already */
}

/* ---- processes ---- */

static long
fork_process(struct thread *t, const struct linux_clone *c)
{
	long pid = t->task->hooks->fork(t, 0, NULL);
	uint32_t id = (uint32_t)(pid ? pid : t->htid);

	if (pid < 0)
		return pid;
	if (c->flags & CLONE_PARENT_SETTID && pid)
		gm_write(c->parent_tid, &id, sizeof(id));
	if (pid)
		return pid;
	t->tid = t->htid;
	linux_signal_after_fork(t);
	linux_thread(t)->clear_tid = c->flags & CLONE_CHILD_CLEARTID ? c->child_tid : 0;
	linux_thread(t)->robust_head = 0;
	if (c->flags & CLONE_CHILD_SETTID)
		gm_write(c->child_tid, &id, sizeof(id));
	child_registers(t, c);
	return 0;
}

/* The copies live on the child's own side of the shared memory. */
static void
vfork_child(struct thread *child)
{
	struct vfork_copies *v = child->task->vfork_room;
	const struct linux_clone *c = linux_thread(child)->birth;

	v->thread = (struct linux_thread){ 0 };
	child->priv = &v->thread;
	child->tid = child->htid;
	linux_signal_vfork_child(child, &v->sig, &v->sigthread);
	child_registers(child, c);
}

static long
vfork_process(struct thread *t, const struct linux_clone *c)
{
	struct linux_clone asked = *c;
	long pid;

	linux_thread(t)->birth = &asked;
	pid = t->task->hooks->vfork(t, vfork_child);
	linux_thread(t)->birth = NULL;
	return pid;
}

/* ---- calls ---- */

static long
make(struct thread *t, const struct linux_clone *c)
{
	uint64_t f = c->flags;

	if (f & OF_NAMESPACE)
		return -EPERM; /* as without the privilege, or where user namespaces are switched off */
	if ((f & CLONE_THREAD && !(f & CLONE_SIGHAND)) || (f & CLONE_SIGHAND && !(f & CLONE_VM)))
		return -EINVAL;
	if (f & CLONE_THREAD)
		return (f & ~TID_FLAGS) == THREAD_FLAGS && c->stack ? new_thread(t, c) : -EINVAL;
	if (c->exit_signal != SIGCHLD)
		return -EINVAL;
	if (f & CLONE_VM)
		return (f & ~TID_FLAGS) == (CLONE_VM | CLONE_VFORK) ? vfork_process(t, c) : -EINVAL;
	return f & ~(uint64_t)(TID_FLAGS | CLONE_VFORK) ? -EINVAL : fork_process(t, c);
}

long
linux_clone(struct thread *t, uint64_t flags, uint64_t stack, uint64_t parent_tid, uint64_t tls, uint64_t child_tid)
{
	struct linux_clone c = { flags & ~(uint64_t)CSIGNAL, stack, parent_tid, child_tid, tls, (int)(flags & CSIGNAL), 0 };

	return make(t, &c);
}

/* struct clone_args, in its first form and later ones; pidfd and what follows tls are not served. */
long
linux_clone3(struct thread *t, uint64_t args, uint64_t size)
{
	enum { FLAGS, PIDFD, CHILD_TID, PARENT_TID, EXIT_SIGNAL, STACK, STACK_SIZE, TLS, WORDS, LATER = 11 };
	uint64_t a[LATER] = { 0 };
	struct linux_clone c;

	if (size < WORDS * 8)
		return -EINVAL;
	if (size > sizeof(a))
		return -E2BIG;
	if (gm_read(a, args, size))
		return -EFAULT;
	if (a[FLAGS] & (CSIGNAL | CLONE_DETACHED | CLONE_PIDFD) || (a[STACK] != 0) != (a[STACK_SIZE] != 0) || a[8] || a[9] || a[10])
		return -EINVAL;
	c = (struct linux_clone){ a[FLAGS], a[STACK] + a[STACK_SIZE], a[PARENT_TID], a[CHILD_TID], a[TLS], (int)a[EXIT_SIGNAL], 0 };
	return make(t, &c);
}

long
linux_set_tid_address(struct thread *t, uint64_t tid)
{
	linux_thread(t)->clear_tid = tid;
	return t->htid;
}

long
linux_gettid(struct thread *t)
{
	return t->htid;
}

/* mm_release(): the mutexes first, then the word that a joiner waits for; it may free the stack then. */
static void
leave(struct thread *t)
{
	struct linux_thread *lt = linux_thread(t);
	uint32_t zero = 0;

	linux_robust_exit(t);
	if (lt->clear_tid && t->task->nthreads > 1 && !gm_write(lt->clear_tid, &zero, sizeof(zero)))
		host_call(SYS_futex, lt->clear_tid, FUTEX_WAKE, 1);
	lt->clear_tid = 0;
}

long
linux_exit(struct thread *t, int status)
{
	leave(t);
	if (!thread_unlink_unless_last(t))
		linux_exit_process(t, status);
	t->exit_now = true;
	return 0;
}
