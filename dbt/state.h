/*
 * What translated code finds behind rbp: the guest's registers, and what the translator keeps for the thread.
 * rbp points 128 bytes into it, so that all of x[] is within a displacement of 8 bits.
 */
#pragma once

#include "abi/core/cpu_a64.h"

/** Why translated code came back. */
enum dbt_exit {
	DBT_EXIT_LOOKUP,  /* go on at cpu.pc: it was not in the table */
	DBT_EXIT_LINK,    /* go on at cpu.pc; `link` is the exit that may be aimed there */
	DBT_EXIT_SVC, DBT_EXIT_BRK, DBT_EXIT_UNDEF,
	DBT_EXIT_FLUSH,   /* IC IVAU: `arg` is the address; go on at cpu.pc */
	DBT_EXIT_FPCR,    /* FPCR was written with `arg`; go on at cpu.pc */
	DBT_EXIT_SIGNAL,  /* the signal handler took the thread out: registers are those of cpu.pc */
	DBT_EXIT_FAULT,
	DBT_EXIT_CALL,    /* never seen outside: a call of the interpreter from translated code */
};

/** A slot of the table of translated addresses; `host` is the miss stub when empty. */
struct dbt_slot {
	uint64_t pc;
	uint64_t host;
};

struct dbt_state {
	struct cpu_a64 cpu;
	uint64_t t[4];            /* IR_T0 to IR_T3 */
	uint64_t spill[8];        /* host registers that an operation borrows */
	uint64_t vspill[4][2] __attribute__((aligned(16)));
	uint64_t exit_why, arg, link;
	uint64_t host_rsp;        /* the C stack, while translated code runs on the prediction stack */
	uint64_t guest_rsp;       /* the prediction stack, while C runs */
	uint64_t stack_low, stack_high;
	uint32_t mxcsr, host_mxcsr;
	uint64_t lookup;          /* the shared table's address */
	uint64_t lookup_mask;     /* of the index, in bytes: (slots - 1) * 16 */
	uint32_t fcmp_nzcv[4];    /* constants: NZCV of greater, less, equal, unordered */
	uint32_t barrier;         /* target of the locked instruction that stands for DMB */
	uint32_t running;         /* in translated code: the signal handler looks here */
};

enum { DBT_BIAS = 128 }; /* rbp - &state */
/** Displacement from rbp. */
#define DBT_OFF(field) ((int32_t)offsetof(struct dbt_state, field) - DBT_BIAS)
