/*
 * The FreeBSD personality's inside: what its files share.  Guest numbers and layouts appear only in types.h, the
 * generated tables, and the conversion functions.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "abi/abi.h"
#include "abi/core/gm.h"
#include "abi/core/host.h"
#include "abi/core/sets.h"
#include "abi/core/task.h"

/** Signal sets: 128 bits, bit number = signo - 1. */
struct fbsd_sigset {
	uint32_t bits[4];
};

#define FBSD_SOCKBITS_FDS 16384

/** Process-wide state.  Each part is owned by the file named, which also allocates and frees it. */
struct fbsd_task {
	struct fbsd_sigacts *sig;    /* signal.c: dispositions, process queue */
	struct fbsd_umtx *umtx;      /* umtx.c */
	struct fbsd_kq_table *kq;    /* kqueue.c: kqueues by descriptor */
	struct fbsd_aio *aio;        /* aio_work.c: asynchronous requests; NULL until there is one */
	struct fbsd_limit {
		uint64_t cur, max;
		bool set;
	} limit[17];                 /* rlimit.c: those that are not the host's */
	uint16_t sockbits[FBSD_SOCKBITS_FDS]; /* sockbits.c: enum fbsd_sockbit by descriptor */
	bool odd_writes;             /* sockbits.c: some descriptor has, or had, a bit that concerns writes */
	uint64_t cpu_root[16];       /* cpuset.c: processors at the start, 0 until asked for */
	uint32_t osrel;              /* start.c: what the program's ABI note says (p_osrel), 0 without one */
	pthread_rwlock_t dir_lock;   /* dir.c: whoever gives entries back reads alone */
	struct fbsd_pd_table *pd;    /* procdesc.c: process descriptors; NULL until there is one */
	int pd_guard;                /* procdesc.c: hidden, for whoever has ours; 0 none */
	uint8_t pdeathsig;           /* procctl.c: the guest's number, when the host's is KICK_SIGNO */
	int cpuset_id, cpuset_last;  /* cpuset.c: the set we are in, the last one made; 0: none */
};

/** Per-thread state; same rule. */
struct fbsd_thread {
	struct fbsd_sigthread *sig;  /* signal.c: mask, queue, alternate stack */
	struct fbsd_umtx_thread *umtx; /* umtx.c: waiter, robust lists */
	const struct thread_begin *begin; /* thread.c: while it starts */
	int pd_link[2];              /* pdfork.c: for the vfork child being made; 0 none */
	uint16_t rtp_type, rtp_prio; /* sched.c: scheduling class, 0 normal */
};

static inline struct fbsd_task *
fbsd_task(const struct thread *t)
{
	return t->task->priv;
}

static inline struct fbsd_thread *
fbsd_thread(const struct thread *t)
{
	return t->priv;
}

/**
 * Thread ids are the host's plus this, so that they are unique in the whole system (lock words shared between
 * processes hold them) and above every process id.
 */
#define FBSD_TID_BASE 100000

/* thread.c, thread_exit.c */
/** State of the personality for a new thread; @parent is NULL for a task's first.  0 or -errno.  t->htid need not be known. */
int fbsd_thread_init(struct thread *t, const struct thread *parent);
/** Give it all back (also after a failed start). */
void fbsd_thread_free(struct thread *t);
/** struct personality's thread_gone. */
void fbsd_thread_gone(struct thread *t);
/** In a forked child, or for a vfork child's own thread: a new thread id. */
void fbsd_thread_after_fork(struct thread *t);
/**
 * End the process: robust locks are handed on, then exit(@status), or death by guest signal @signo when that is not 0.
 * Source: exit(2), sigaction(2).
 */
_Noreturn void fbsd_exit_process(struct thread *t, int status, int signo);

/* umtx.c */
int fbsd_umtx_task_init(struct task *task);
/** In a forked child: the other threads' waits are gone. */
void fbsd_umtx_after_fork(struct thread *t);
/** Before exec replaces the memory: robust locks of all threads are handed on. */
void fbsd_umtx_before_exec(struct thread *t);

/* signal.c */
/** Signal state of a new thread: the parent's mask, nothing pending.  0 or -ENOMEM. */
int fbsd_signal_thread_init(struct thread *t, const struct thread *parent);
void fbsd_signal_thread_free(struct thread *t);

/** Dispositions: ignored ones are inherited from the host.  0 or -ENOMEM. */
int fbsd_signal_task_init(struct task *task);
/** First thread: host handlers, the mask, and what exec handed over. */
void fbsd_signal_start(struct thread *t, const void *blob, uint32_t blob_len);
/** Pending signals of the parent are not the child's. */
void fbsd_signal_after_fork(struct thread *t);
/** A vfork child runs on its parent's memory: dispositions, mask and queues of its own, without malloc. */
void fbsd_signal_vfork_child(struct thread *child);
/** What the next image must know: ignored set, mask, pending.  Bytes written; host mask for a native program. */
uint32_t fbsd_signal_save(struct thread *t, void *blob, uint32_t size, uint64_t *ret_host_mask);
/** exec failed: go on. */
void fbsd_signal_unsave(struct thread *t);
/* struct personality's */
void fbsd_fault(struct thread *t, const struct guest_fault *f);
bool fbsd_signals_due(struct thread *t);
void fbsd_deliver(struct thread *t, long r);

/* conv_amd64.c */
int fbsd_amd64_get_call(struct thread *t, uint64_t *ret_nr, uint64_t ret_a[8]);
/* personality.c */
extern const struct personality fbsd_amd64;
/* conv_fast.c (fast lane) */
void fbsd_amd64_set_result(struct thread *t, long r);
bool fbsd_amd64_fast_result(struct thread *t, long r);
/* start.c */
int fbsd_start(struct thread *t, const struct start_info *s, struct diag *d);
