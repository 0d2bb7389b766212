/*
 * Guest registers of an AArch64 thread.  Translated code reaches them by offset from one host register, so order and
 * sizes are part of the contract with dbt/.
 * Source: Arm ARM (DDI 0487) B1.2 registers at EL0, C5.2 special-purpose registers.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum {
	A64_SP = 31, /* index of the stack pointer in x[]; the zero register is no register of this block */

	/* FPCR: what an Armv8.6 CPU without FEAT_AFP and FEAT_EBF16 has */
	A64_FPCR_FZ16 = 1 << 19,
	A64_FPCR_RMODE = 3 << 22, /* 0 nearest even, 1 up, 2 down, 3 to zero */
	A64_FPCR_RMODE_SHIFT = 22,
	A64_FPCR_FZ = 1 << 24,
	A64_FPCR_DN = 1 << 25,
	A64_FPCR_AHP = 1 << 26,
	A64_FPCR_MASK = 0x07c80000,

	A64_FPSR_IOC = 1 << 0,
	A64_FPSR_DZC = 1 << 1,
	A64_FPSR_OFC = 1 << 2,
	A64_FPSR_UFC = 1 << 3,
	A64_FPSR_IXC = 1 << 4,
	A64_FPSR_IDC = 1 << 7,
	A64_FPSR_QC = 1 << 27,
	A64_FPSR_MASK = 0x0800009f,
};

/* NZCV as translated code stores it: LAHF's AH in bits 15:8, SETO's AL in bit 0; the carry in Arm's sense. */
enum { A64_FLAG_V = 1, A64_FLAG_C = 1 << 8, A64_FLAG_Z = 1 << 14, A64_FLAG_N = 1 << 15 };

/** A vector register. */
union a64_vreg {
	uint8_t b[16];
	uint16_t h[8];
	uint32_t s[4];
	uint64_t d[2];
};

/** An armed local monitor (load-exclusive): compared by value at the store. */
struct a64_monitor {
	uint64_t addr;
	uint64_t value[2];
	uint32_t size; /* bytes, with A64_MONITOR_PAIR for two registers; 0: open */
};
enum { A64_MONITOR_PAIR = 0x100 };

struct cpu_a64 {
	uint64_t x[32]; /* x[31]: SP */
	uint64_t pc;
	uint64_t tpidr;
	uint32_t flags; /* NZCV, A64_FLAG_* */
	uint32_t fpcr, fpsr;
	uint32_t pad;
	struct a64_monitor monitor;
	union a64_vreg v[32] __attribute__((aligned(64)));
};

/** NZCV as PSTATE and MRS show it, in bits 31:28. */
static inline uint32_t
a64_get_nzcv(const struct cpu_a64 *c)
{
	return (uint32_t)((c->flags & A64_FLAG_N) != 0) << 31 | (uint32_t)((c->flags & A64_FLAG_Z) != 0) << 30 |
	       (uint32_t)((c->flags & A64_FLAG_C) != 0) << 29 | (uint32_t)((c->flags & A64_FLAG_V) != 0) << 28;
}

/** Set NZCV from bits 31:28. */
static inline void
a64_set_nzcv(struct cpu_a64 *c, uint32_t nzcv)
{
	c->flags = (nzcv >> 31 & 1 ? A64_FLAG_N : 0) | (nzcv >> 30 & 1 ? A64_FLAG_Z : 0) | (nzcv >> 29 & 1 ? A64_FLAG_C : 0) |
	           (nzcv >> 28 & 1 ? A64_FLAG_V : 0);
}
