/*
 * An engine runs a guest thread until it stops, and says why.
 */
#pragma once

#include "abi/abi.h"

enum stop_why {
	STOP_SYSCALL,   /* t->cpu asks for a system call */
	STOP_FAULT,     /* guest code faulted: stop.fault */
	STOP_INTERRUPT, /* t->wake was set: look at signals, then run again */
	STOP_SERVED,    /* engine_config.serve said that the thread ends */
};

struct stop {
	enum stop_why why;
	struct guest_fault fault;
};

/** How system calls of native guests are caught. */
enum intercept { INTERCEPT_AUTO, INTERCEPT_INCLUSIVE, INTERCEPT_EXCLUSIVE, INTERCEPT_SECCOMP };

struct engine_config {
	enum intercept intercept;
	bool patch;       /* rewrite call sites after the first traps */
	struct gm *gm;
	bool full_only;   /* every call on the full lane: tracing */
	bool (*serve)(struct thread *t); /* serve the call in t->cpu; false when the thread ends */
	bool filter_inherited; /* a seccomp filter of ours survived an exec: do not stack another */
};

/** Once per process, before the first thread.  0, or a message in @d. */
int native_setup(const struct engine_config *c, struct diag *d);
/** Give a new thread its engine state and registers (t->cpu, all zero but rflags, MXCSR).  0 or -ENOMEM. */
int native_new(struct thread *t);
/** Bind a thread to the calling host thread, and arm interception.  0 or -errno. */
int native_attach(struct thread *t);
/** Unbind from the calling host thread and free the engine state. */
void native_detach(struct thread *t);
/** Free the engine state of a thread that no host thread is bound to (any more). */
void native_drop(struct thread *t);
/** Run until a stop. */
void native_run(struct thread *t, struct stop *ret_stop);
/** After fork, in the child: arm again. */
int native_after_fork(struct thread *t);
/** The last fault of this thread's guest code; false when there was none. */
bool native_last_fault(const struct thread *t, struct guest_fault *ret);
/** How calls are being caught: "inclusive", "exclusive" or "seccomp". */
const char *native_intercept_name(void);

struct native_stats {
	uint64_t traps, patched_sites, refused_sites, fast_calls, full_calls, interrupts;
};
void native_get_stats(struct task *task, struct native_stats *ret);
/** Install our handler for a host signal, or give it back to the host's default or SIG_IGN.  0 or -errno. */
int native_catch(int signo, bool no_stops, bool no_zombies);
int native_uncatch(int signo, bool ignore);
