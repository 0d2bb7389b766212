/* FreeBSD/amd64: the pieces put together. */
#include <errno.h>
#include <stdlib.h>

#include "abi/core/sig.h"
#include "abi/core/vdso.h"
#include "abi/freebsd/fbsd.h"
#include "abi/freebsd/kqueue.h"
#include "abi/freebsd/proc.h"
#include "freebsd-amd64.h"
#include "freebsd-sets.h"
#include "freebsd-structs.h"

static int
task_start(struct task *task, struct diag *d)
{
	struct fbsd_task *ft = calloc(1, sizeof(*ft));
	int r = ft ? 0 : -ENOMEM;

	task->priv = ft;
	if (ft)
		pthread_rwlock_init(&ft->dir_lock, NULL);
	vdso_setup();
	if (r == 0)
		r = fbsd_signal_task_init(task);
	if (r == 0)
		r = fbsd_umtx_task_init(task);
	if (r == 0)
		r = fbsd_thread_init(task->threads, NULL);
	return r ? diag_fail(d, r, "no memory for the FreeBSD personality") : 0;
}

void
fbsd_after_fork(struct thread *t)
{
	fbsd_thread_after_fork(t);
	fbsd_umtx_after_fork(t);
	fbsd_signal_after_fork(t);
	fbsd_kq_after_fork(t);
	fbsd_pd_after_fork(t);
	fbsd_procctl_after_fork(t);
	fbsd_task(t)->pdeathsig = 0;
	pthread_rwlock_init(&fbsd_task(t)->dir_lock, NULL);
	fbsd_task(t)->aio = NULL; /* requests are not inherited; another thread may have held their lock */
}

void
fbsd_vfork_child(struct thread *child)
{
	fbsd_thread_after_fork(child);
	fbsd_signal_vfork_child(child);
	/* A lock that the child dies with stays locked for its parent: it ends between two calls, but for SIGKILL. */
	sig_catch_all(child->task);
	fbsd_kq_after_fork(child);
	fbsd_kq_fork_child(child);
	fbsd_procctl_after_fork(child);
	fbsd_task(child)->pdeathsig = 0;
}

const struct personality fbsd_amd64 = {
    .os = "FreeBSD",
    .isa = "amd64",
    .tab = &fbsd_amd64_tab,
    .errnos = &fbsd_errnos,
    .signals = &fbsd_signals,
    .types = &fbsd_types,
    .task_start = task_start,
    .start = fbsd_start,
    .get_call = fbsd_amd64_get_call,
    .set_result = fbsd_amd64_set_result,
    .fast_result = fbsd_amd64_fast_result,
    .fault = fbsd_fault,
    .signals_due = fbsd_signals_due,
    .deliver = fbsd_deliver,
    .thread_gone = fbsd_thread_gone,
};
