/*
 * Guest registers of an x86-64 thread.  The native engine saves into this block from assembly
 * (loader/native_entry.S), so order and offsets are part of that contract.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/**
 * Vector state at the boundary, written by the full lane.
 *
 * zmm holds 32 registers of 64 bytes, of which a CPU without AVX-512 or AVX uses the first 16 and their low parts.
 * `live` tells by XCR0 bits which parts may be non-zero (2 SSE, 4 AVX, 0xe0 AVX-512): with neither 4 nor 0x40 the
 * upper halves of registers 0-15 are zero whatever the array holds.
 * x87 is not here: the monitor never uses it, so it stays in the CPU.
 */
struct x64_vec {
	uint8_t zmm[32][64] __attribute__((aligned(64)));
	uint64_t k[8];
	uint32_t mxcsr;
	uint32_t live;
};

/** General registers; rdi..r9 stand in system-call argument order, so &cpu->rdi is an argument vector. */
struct cpu_x64 {
	uint64_t rax;
	uint64_t rdi, rsi, rdx, r10, r8, r9;
	uint64_t rcx, r11, rbx, rbp, rsp;
	uint64_t r12, r13, r14, r15;
	uint64_t rip, rflags;
	uint64_t fsbase, gsbase;
	/* Non-zero: every register must be as above when the guest runs again (signals, setcontext);
	 * zero: a system call returns, which leaves rip in rcx and rflags in r11. */
	uint32_t exact;
	uint32_t owns_gs; /* the guest set its own GS base; gsbase is valid */
	struct x64_vec *vec;
};

_Static_assert(offsetof(struct cpu_x64, r9) - offsetof(struct cpu_x64, rdi) == 40,
               "arguments are contiguous");

/** Flags a user program may set: CF PF AF ZF SF TF DF OF NT RF AC ID. */
#define X64_RFLAGS_USER 0x254dd5u
#define X64_CF          1u

/**
 * Bytes of a standard-format XSAVE image of this CPU with the features of XCR0.
 */
uint32_t x64_xsave_size(void);

/**
 * Write the thread's x87 and vector state as a standard-format XSAVE image.
 *
 * @vec   state of the calling thread, as saved at the last boundary
 * @area  64-byte aligned, x64_xsave_size() bytes
 *
 * Only for the calling thread, on the full lane (x87 is read from the CPU).
 */
void x64_fpu_get(const struct x64_vec *vec, void *area);

/**
 * Make an XSAVE image the thread's x87 and vector state, from its next entry to the guest.
 *
 * @area  as for x64_fpu_get; xstate_bv may omit features, which then get their initial state.
 *        The caller has validated the header (reserved bytes zero, features within XCR0) and MXCSR
 *        (within x64_mxcsr_mask()): a bad image is a bug() here.
 */
void x64_fpu_set(struct x64_vec *vec, const void *area);

/** Bits that MXCSR may hold on this CPU. */
uint32_t x64_mxcsr_mask(void);

/** Features enabled in XCR0. */
uint64_t x64_xcr0(void);
