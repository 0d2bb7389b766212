/*
 * What translated code finds behind rbp: the guest's registers, and what the translator keeps for the thread.
 * rbp points 128 bytes into it, so that all of x[] is within a displacement of 8 bits.
 */
#pragma once

/* For dbt/x64/enter.S: offsets from the state's begin, checked below. */
#define DBT_S_PC        256
#define DBT_S_V         320
#define DBT_S_WHY       832
#define DBT_S_LINK      848
#define DBT_S_HOST_RSP  856
#define DBT_S_GUEST_RSP 864
#define DBT_S_MXCSR     872
#define DBT_S_HOST_MXCSR 876
#define DBT_S_WAKE      880
#define DBT_S_CALLING   888
#define DBT_BIAS        128 /* rbp - &state */

#define DBT_WHY_LOOKUP  0
#define DBT_WHY_LINK    1
#define DBT_WHY_WAKE    2

#ifndef __ASSEMBLER__
#include "abi/core/cpu_a64.h"

/** Why translated code came back. */
enum dbt_exit {
	DBT_EXIT_LOOKUP = DBT_WHY_LOOKUP, /* go on at cpu.pc: it was not in the table */
	DBT_EXIT_LINK = DBT_WHY_LINK,     /* go on where exit number `link` leads, and aim it there */
	DBT_EXIT_WAKE = DBT_WHY_WAKE,     /* not entered, or left: *wake was set; registers are those of cpu.pc */
	DBT_EXIT_SVC, DBT_EXIT_BRK, DBT_EXIT_UNDEF,
	DBT_EXIT_FLUSH,   /* IC IVAU: `arg` is the address; go on at cpu.pc */
	DBT_EXIT_FPCR,    /* FPCR was written with `arg`; go on at cpu.pc */
	DBT_EXIT_FAULT,   /* an instruction faulted: the signal handler noted how */
	DBT_EXIT_STEP,    /* the instruction at cpu.pc is to be interpreted */
};

/** A translated address, as the table of them knows it; pc 0 when it is forgotten. */
struct dbt_slot {
	uint64_t pc;
	uint64_t host;
};

struct dbt_state {
	struct cpu_a64 cpu;
	uint64_t exit_why, arg, link;
	uint64_t host_rsp;        /* the C stack, while translated code runs on the prediction stack */
	uint64_t guest_rsp;       /* the prediction stack, while C runs */
	uint32_t mxcsr, host_mxcsr;
	const volatile uint32_t *wake; /* non-zero: do not enter translated code */
	const struct dbt_call *calling; /* the operation that the interpreter does for translated code, or NULL */
	uint64_t stack_low, stack_high;
	uint64_t t[4];            /* IR_T0 to IR_T3 */
	uint64_t spill[8];        /* host registers that an operation borrows */
	uint64_t vspill[4][2] __attribute__((aligned(16)));
	uint64_t lookup;          /* the shared table's address */
	uint64_t lookup_mask;     /* of the index, in bytes: (slots - 1) * 8 */
	uint32_t fcmp_nzcv[4];    /* constants: NZCV of greater, less, equal, unordered */
	uint32_t barrier;         /* target of the locked instruction that stands for DMB */
	uint32_t stepping;        /* the signal handler runs on to the end of a stretch: why to leave then, plus 1 */
	uint32_t in_step;         /* dbt_step() runs: a fault of guest memory goes to step_jump */
	void *step_jump[5];       /* __builtin_setjmp's */
	void *thread;             /* whose state this is; the engine's */
	uint64_t qc[2] __attribute__((aligned(16))); /* not zero: FPSR.QC, beside the bit in cpu.fpsr */
	uint32_t mxcsr_for;       /* the FPCR that mxcsr was made for */
};

#define DBT_CHECK(field, off) _Static_assert(offsetof(struct dbt_state, field) == (off), #field)
DBT_CHECK(cpu.x, 0);
DBT_CHECK(cpu.pc, DBT_S_PC);
DBT_CHECK(cpu.v, DBT_S_V);
DBT_CHECK(exit_why, DBT_S_WHY);
DBT_CHECK(link, DBT_S_LINK);
DBT_CHECK(host_rsp, DBT_S_HOST_RSP);
DBT_CHECK(guest_rsp, DBT_S_GUEST_RSP);
DBT_CHECK(mxcsr, DBT_S_MXCSR);
DBT_CHECK(host_mxcsr, DBT_S_HOST_MXCSR);
DBT_CHECK(wake, DBT_S_WAKE);
DBT_CHECK(calling, DBT_S_CALLING);

/** Move sticky exceptions of the saved MXCSR into FPSR; set FPCR and the MXCSR that goes with it (fpenv.c). */
void dbt_fold_fpsr(struct dbt_state *s);
void dbt_set_fpcr(struct dbt_state *s, uint32_t fpcr);

/** Bring FPSR.QC of translated code into cpu.fpsr: before anybody else reads it. */
static inline void
dbt_fold_qc(struct dbt_state *s)
{
	if (s->qc[0] | s->qc[1])
		s->cpu.fpsr |= A64_FPSR_QC;
	s->qc[0] = s->qc[1] = 0;
}

/** Displacement from rbp. */
#define DBT_OFF(field) ((int32_t)offsetof(struct dbt_state, field) - DBT_BIAS)
#endif
