/*
 * Threads: thr_new thr_create thr_suspend thr_wake thr_set_name, and the personality's state of a
 * thread. Source: FreeBSD thr_new(2), thr_suspend(2), thr_wake(2), thr_set_name(2), sys/thr.h.
 */
#include <errno.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "abi/core/cpu_x64.h"
#include "abi/freebsd/sched.h"
#include "abi/freebsd/sigframe.h"
#include "abi/freebsd/umtx.h"
#include "freebsd-amd64.h"

#define MAX_THREADS    1500 /* kern.threads.max_threads_per_proc */
#define EPROCLIM_GUEST 67
#define USER_LIMIT     0x800000000000ull
#define FLAG_TRAP      0x100u
#define NAME_BYTES     20 /* MAXCOMLEN + 1 */
#define SLEEP_CLOCK    4  /* CLOCK_MONOTONIC */

/* thr_suspend's two ways to be woken beforehand: by itself, by another. */
#define WOKEN_BY_SELF  1u
#define WOKEN_BY_OTHER 2u

struct thr_param {
	uint64_t start_func, arg, stack_base, stack_size, tls_base, tls_size, child_tid, parent_tid;
	uint32_t flags, pad;
	uint64_t rtp, spare[3];
};
_Static_assert(sizeof(struct thr_param) == 104, "thr_param");

int
fbsd_thread_init(struct thread *t, const struct thread *parent)
{
	struct fbsd_thread *ft = calloc(1, sizeof(*ft));
	const char *slash = t->task->exec_path ? strrchr(t->task->exec_path, '/') : NULL;

	if (!ft)
		return -ENOMEM;
	t->priv = ft;
	ft->umtx = calloc(1, sizeof(*ft->umtx));
	if (!ft->umtx || fbsd_signal_thread_init(t, parent)) {
		fbsd_thread_free(t);
		return -ENOMEM;
	}
	if (!parent)
		t->tid = FBSD_TID_BASE + gettid();
	if (slash)
		snprintf(t->name, NAME_BYTES, "%s", slash + 1);
	return 0;
}

void
fbsd_thread_free(struct thread *t)
{
	struct fbsd_thread *ft = t->priv;

	if (!ft)
		return;
	fbsd_signal_thread_free(t);
	free(ft->umtx);
	free(ft);
	t->priv = NULL;
}

void
fbsd_thread_after_fork(struct thread *t)
{
	t->tid = FBSD_TID_BASE + gettid();
}

/* What a new thread has to do before the guest's first instruction; on the starter's stack. */
struct thread_begin {
	uint64_t child_tid,
	    parent_tid; /* two places: either may be gone by the time the other side looks */
	const struct fbsd_mcontext *mc; /* thr_create's registers, or NULL */
};

/* On the new host thread. */
static int
begin(struct thread *t)
{
	const struct thread_begin *b = fbsd_thread(t)->begin;
	int64_t tid = t->tid = FBSD_TID_BASE + t->htid;
	int r;

	if ((b->child_tid && gm_write(b->child_tid, &tid, sizeof(tid))) ||
	    (b->parent_tid && gm_write(b->parent_tid, &tid, sizeof(tid))))
		return -EFAULT;
	r = b->mc ? fbsd_context_set(t, b->mc) : 0;
	fbsd_thread(t)->begin = NULL;
	return r ? r : thread_link(t);
}

static void
copy_registers(struct thread *t, const struct thread *parent)
{
	struct cpu_x64 *c = t->cpu;
	struct x64_vec *vec = c->vec;

	*c = *parent->cpu;
	c->vec = vec;
	*vec = *parent->cpu->vec;
	c->rflags &= ~(uint64_t)FLAG_TRAP;
	c->exact = 1;
}

/* The caller's registers but for what is told: the return address is a zero that ends a stack walk.
 */
static void
set_registers(struct thread *t, const struct thr_param *p)
{
	struct cpu_x64 *c = t->cpu;
	uint64_t zero = 0;

	c->rbp = 0;
	c->rsp = ((p->stack_base + p->stack_size) & ~15ull) - 8;
	c->rip = p->start_func;
	c->rdi = p->arg;
	c->fsbase = p->tls_base;
	gm_write(c->rsp, &zero, sizeof(zero));
}

/* @p: thr_new's parameters, or NULL when @b has the registers. */
static long
start(struct thread *t, struct thread *n, const struct thr_param *p, const struct thread_begin *b)
{
	const struct task_hooks *hooks = t->task->hooks;
	int r = hooks->thread_prepare(n);

	if (r)
		return r;
	copy_registers(n, t);
	if (p)
		set_registers(n, p);
	r = fbsd_thread_init(n, t);
	if (r == 0) {
		fbsd_rtprio_new(n, t, p ? p->rtp : 0);
		fbsd_thread(n)->begin = b;
		r = hooks->thread_start(n, begin);
		if (r)
			fbsd_thread_free(n);
	}
	if (r)
		hooks->thread_discard(n);
	return r;
}

static long
create(struct thread *t, const struct thr_param *p, const struct thread_begin *b)
{
	struct thread *n;
	long r;

	if (t->task->nthreads >= MAX_THREADS)
		return -GUEST_ERRNO(EPROCLIM_GUEST);
	n = thread_new(t->task);
	if (!n)
		return -ENOMEM;
	r = start(t, n, p, b);
	if (r)
		thread_free(n);
	return r;
}

long
fbsd_thr_new(struct thread *t, uint64_t param, int param_size)
{
	struct thr_param p = {0};
	long r;

	if (param_size < 0 || (uint32_t)param_size > sizeof(p))
		return -EINVAL;
	if (gm_read(&p, param, (uint32_t)param_size))
		return -EFAULT;
	r = p.rtp ? fbsd_rtprio_check_new(p.rtp) : 0;
	if (r)
		return r;
	if (p.tls_base >= USER_LIMIT)
		return -EINVAL;
	struct thread_begin b = {.child_tid = p.child_tid, .parent_tid = p.parent_tid};

	return create(t, &p, &b);
}

/* The first form: all registers from a context. */
long
fbsd_thr_create(struct thread *t, uint64_t ctx, uint64_t id, int flags)
{
	struct fbsd_ucontext uc;
	struct thread_begin b = {.child_tid = id, .mc = &uc.mc};

	if (gm_read(&uc, ctx, sizeof(uc)))
		return -EFAULT;
	return create(t, NULL, &b);
}

long
fbsd_thr_suspend(struct thread *t, uint64_t timeout)
{
	uint32_t *token = &fbsd_thread(t)->umtx->suspend_token;
	struct umtx_deadline d;
	struct umtx_time tm;
	long r = umtx_timespec_get(timeout, &tm);

	if (r)
		return r;
	if (__atomic_fetch_and(token, ~WOKEN_BY_SELF, __ATOMIC_ACQUIRE) & WOKEN_BY_SELF)
		return 0;
	tm.clock = SLEEP_CLOCK;
	r = umtx_deadline_make(t, &tm, &d);
	if (r)
		return r;
	r = umtx_futex_wait(t, (uint64_t)token, 0, FUTEX_PRIVATE_FLAG, FUTEX_BITSET_MATCH_ANY, &d);
	if (__atomic_fetch_and(token, ~WOKEN_BY_OTHER, __ATOMIC_ACQUIRE) & WOKEN_BY_OTHER)
		return 0;
	return r == -EINTR && !tm.set ? -HOST_ERESTART : r;
}

long
fbsd_thr_wake(struct thread *t, int64_t id)
{
	struct thread *o;

	if (id == t->tid) {
		__atomic_fetch_or(&fbsd_thread(t)->umtx->suspend_token, WOKEN_BY_SELF,
				  __ATOMIC_RELEASE);
		return 0;
	}
	pthread_mutex_lock(&t->task->lock);
	o = thread_by_tid(t->task, (int32_t)id);
	if (o) {
		uint32_t *token = &fbsd_thread(o)->umtx->suspend_token;

		__atomic_fetch_or(token, WOKEN_BY_OTHER, __ATOMIC_RELEASE);
		host_call(SYS_futex, token, FUTEX_WAKE_PRIVATE, 1);
	}
	pthread_mutex_unlock(&t->task->lock);
	return o ? 0 : -ESRCH;
}

/* What ps and debuggers of the host show; 15 characters. */
static void
set_host_name(const struct thread *t, const struct thread *o)
{
	char path[64];
	long fd;

	if (o == t) {
		host_call(SYS_prctl, PR_SET_NAME, o->name);
		return;
	}
	snprintf(path, sizeof(path), "/proc/self/task/%d/comm", o->htid);
	fd = host_call(SYS_open, path, 1);
	if (fd >= 0) {
		host_call(SYS_write, fd, o->name, strlen(o->name));
		host_call(SYS_close, fd);
	}
}

long
fbsd_thr_set_name(struct thread *t, int64_t id, uint64_t name)
{
	char text[NAME_BYTES] = "";
	struct thread *o;

	if (name) {
		long r = gm_read_str(text, name, sizeof(text));

		/* A longer name is cut. */
		if (r < 0 && r != -ENAMETOOLONG)
			return r;
		text[NAME_BYTES - 1] = 0;
	}
	pthread_mutex_lock(&t->task->lock);
	o = thread_by_tid(t->task, (int32_t)id);
	if (o) {
		memcpy(o->name, text, sizeof(text));
		set_host_name(t, o);
	}
	pthread_mutex_unlock(&t->task->lock);
	return o ? 0 : -ESRCH;
}
