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

/** Process-wide state.  Each part is owned by the file named, which also allocates and frees it. */
struct fbsd_task {
	struct fbsd_sigacts *sig;    /* signal.c: dispositions, process queue */
	struct fbsd_umtx *umtx;      /* umtx.c */
	struct fbsd_kq_table *kq;    /* kqueue.c: kqueues by descriptor */
	struct fbsd_proc *proc;      /* proc.c */
};

/** Per-thread state; same rule. */
struct fbsd_thread {
	struct fbsd_sigthread *sig;  /* signal.c: mask, queue, alternate stack */
	struct fbsd_umtx_thread *umtx; /* umtx.c: waiter, robust lists */
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

/** First FreeBSD thread id: below are process ids. */
#define FBSD_FIRST_TID 100001

/* conv_amd64.c */
int fbsd_amd64_get_call(struct thread *t, uint64_t *ret_nr, uint64_t ret_a[8]);
/* conv_fast.c (fast lane) */
void fbsd_amd64_set_result(struct thread *t, long r);
bool fbsd_amd64_fast(struct thread *t, sys_serve_fn *fn);
/* start.c */
int fbsd_start(struct thread *t, const struct start_info *s, struct diag *d);
