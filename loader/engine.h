/*
 * An engine runs a guest thread until it stops, and says why.
 */
#pragma once

#include "abi/abi.h"
#include "dbt/dbt.h"

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
	enum dbt_level level; /* --host-isa: how translated guests are translated */
	bool patch;       /* rewrite call sites after the first traps */
	struct gm *gm;
	bool full_only;   /* every call on the full lane: tracing */
	bool (*serve)(struct thread *t); /* serve the call in t->cpu; false when the thread ends */
	bool filter_inherited; /* a seccomp filter of ours survived an exec: do not stack another */
};

/** What runs guest threads of one ISA. */
struct engine {
	const char *isa; /* "amd64" */
	/** Once per process, before the first thread.  0, or a message in @d. */
	int (*setup)(const struct engine_config *c, struct diag *d);
	/** Give a new thread its engine state and zeroed registers (t->cpu with rflags, MXCSR; or t->a64).  0 or -ENOMEM. */
	int (*new_thread)(struct thread *t);
	/** The same for a vfork child, with the registers of @parent. */
	int (*copy_thread)(struct thread *t, const struct thread *parent);
	/** Bind a thread to the calling host thread, and arm interception.  0 or -errno. */
	int (*attach)(struct thread *t);
	/** Unbind from the calling host thread and free the engine state. */
	void (*detach)(struct thread *t);
	/** Free the engine state of a thread that no host thread is bound to (any more). */
	void (*drop)(struct thread *t);
	/** Run until a stop. */
	void (*run)(struct thread *t, struct stop *ret_stop);
	/** Around fork, with the guest's mappings locked: before it, then in the parent, or in the child (arm again; 0 or -errno). */
	void (*before_fork)(struct thread *t);
	void (*after_fork_parent)(struct thread *t);
	int (*after_fork_child)(struct thread *t);
	/** Registers stand after a system call: point them at the call instruction again (restart). */
	void (*rewind)(struct thread *t);
	/** How calls are being caught: "inclusive", "exclusive", "seccomp", or "translation". */
	const char *(*intercept_name)(void);
};

extern const struct engine native_engine, dbt_engine;
/** The engine for guests of that ISA; NULL when there is none. */
const struct engine *engine_find(const char *isa);

/** The last fault of this thread's guest code; false when there was none. */
bool native_last_fault(const struct thread *t, struct guest_fault *ret);

struct native_stats {
	uint64_t traps, patched_sites, refused_sites, fast_calls, full_calls, interrupts;
};
void native_get_stats(struct task *task, struct native_stats *ret);
/** Install our handler for a host signal, or give it back to the host's default or SIG_IGN.  0 or -errno. */
int native_catch(int signo, bool no_stops, bool no_zombies);
int native_uncatch(int signo, bool ignore);
