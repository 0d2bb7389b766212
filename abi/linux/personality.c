/* Linux/AArch64: the pieces put together, and its calling convention. */
#include <errno.h>

#include "abi/core/cpu_a64.h"
#include "abi/core/vdso.h"
#include "abi/linux/signal.h"
#include "linux-aarch64.h"
#include "linux-sets.h"

enum { NR_REG = 8, NARGS = 6 };

static int
task_start(struct task *task, struct diag *d)
{
	vdso_setup();
	task->threads->tid = task->threads->htid;
	return !linux_signal_task_init(task) && !linux_thread_init(task->threads, NULL) ? 0 : diag_fail(d, -ENOMEM, "no memory for the Linux personality");
}

/* The number in x8, arguments in x0 to x5.  Source: syscall(2), "Architecture calling conventions". */
static int
get_call(struct thread *t, uint64_t *ret_nr, uint64_t ret_a[8])
{
	const uint64_t *x = t->a64->x;

	*ret_nr = (uint32_t)x[NR_REG];
	for (unsigned i = 0; i < 8; i++)
		ret_a[i] = i < NARGS ? x[i] : 0;
	return 0;
}

static void
set_result(struct thread *t, long r)
{
	t->a64->x[0] = (uint64_t)r;
}

static bool
fast_result(struct thread *t, long r)
{
	return false;
}

static void
thread_gone(struct thread *t)
{
	if (!t->task->vfork_child)
		linux_thread_free(t);
}

const struct personality linux_aarch64 = {
    .os = "Linux",
    .isa = "aarch64",
    .tab = &linux_aarch64_tab,
    .errnos = &linux_errnos,
    .signals = &linux_signals,
    .task_start = task_start,
    .start = linux_start,
    .get_call = get_call,
    .set_result = set_result,
    .fast_result = fast_result,
    .fault = linux_fault,
    .signals_due = sig_due,
    .deliver = linux_deliver,
    .thread_gone = thread_gone,
};
