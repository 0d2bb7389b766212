/*
 * Watching a guest: --strace, -c, --stats.
 */
#pragma once

#include "abi/abi.h"
#include "loader/config.h"

/**
 * Install the observers that the options ask for in @task->trace, before the personality starts.  Opens --strace-file; what the next image needs is
 * left in @c.  0, or -errno with a message (a filter that names no call).
 */
int trace_start(struct task *task, struct exec_config *c, struct diag *d);
/** The image before this one was in exec, which succeeded: finish its line. */
void trace_resume(struct thread *t, struct exec_config *c);
/** The thread ends; the process goes on. */
void trace_thread_gone(struct thread *t);
/** An exec of a native program comes next, which is not traced: what there is is written. */
void trace_leaving(struct thread *t);
/** Name of the call that @t is in, for the next image to finish its line; NULL when it is not traced. */
const char *trace_call(const struct thread *t);
/** In a forked child: its counts begin at 0. */
void trace_after_fork(struct thread *t);
