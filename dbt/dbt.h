/*
 * The translator's door: AArch64 code in, x86-64 code run.  One translator a process; guest addresses are host addresses.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "abi/core/diag.h"
#include "dbt/state.h"

enum dbt_level { DBT_LEVEL_AUTO, DBT_LEVEL_V3, DBT_LEVEL_V4 };

struct dbt_config {
	enum dbt_level level;
	/** Bytes that may be read as code from @addr on, at most @want; 0 when none. */
	uint64_t (*readable)(void *ctx, uint64_t addr, uint64_t want);
	/** Keep what `readable` says true: taken before the translator's own lock.  Not from within. */
	void (*hold)(void *ctx);
	void (*release)(void *ctx);
	void *ctx;
	bool interpret; /* no host code: every instruction by the interpreter */
};

/** Once per process.  0, or a message in @d (-ENOSYS: the CPU lacks what the level needs). */
int dbt_setup(const struct dbt_config *c, struct diag *d);
/** "x86-64-v4" or "x86-64-v3". */
const char *dbt_level_name(void);

/** A thread's state: zeroed registers, FPCR 0.  @wake: non-zero keeps the thread out of translated code.  NULL: no memory. */
struct dbt_state *dbt_new(const volatile uint32_t *wake);
void dbt_free(struct dbt_state *s);

/**
 * Run from cpu.pc until something must be done outside: DBT_EXIT_WAKE, SVC (pc behind it), BRK, UNDEF (pc at it; arg: the
 * number or the word), FAULT (pc at the instruction; the signal handler knows more).
 */
enum dbt_exit dbt_run(struct dbt_state *s);

/** Translations of guest code in [addr, addr + len) are forgotten.  Any thread; takes a lock. */
void dbt_invalidate(uint64_t addr, uint64_t len);
/** Before fork(2) in the parent, after it in the parent, after it in the child: the child gets a cache of its own. */
void dbt_before_fork(void);
void dbt_after_fork_parent(void);
void dbt_after_fork_child(struct dbt_state *s);

/* ---- for the signal handler: no lock, no libc ---- */

enum dbt_where {
	DBT_OUTSIDE,  /* not in translated code: whoever is there looks at *wake later */
	DBT_LEAVING,  /* the context was changed: the thread comes out of dbt_run() with what @why said */
	DBT_RUNS_ON,  /* it single-steps to a place where it can leave; the handler will be called with SIGTRAP */
	DBT_RETRY,    /* a fault of ours that has been mended: return from the handler */
};

/**
 * A signal hit the thread of @s in the context @uc: take it out of translated code if it is there.
 *
 * @why   DBT_EXIT_WAKE for an asynchronous signal; DBT_EXIT_FAULT or STEP for one that an instruction raised
 */
enum dbt_where dbt_signal(struct dbt_state *s, void *uc, enum dbt_exit why);
/** A fault that guest memory access by the interpreter or translated code raised: deal with what is the translator's own
 * business (prediction stack, tagged addresses) first, then as dbt_signal(). */
enum dbt_where dbt_fault(struct dbt_state *s, int signo, siginfo_t *si, void *uc);

struct dbt_stats {
	uint64_t blocks, guest_insns, host_bytes, links, lookups, steps, flushes, translate_ns;
};
void dbt_get_stats(struct dbt_stats *ret);
