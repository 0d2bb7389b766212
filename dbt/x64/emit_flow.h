/* Jumps, calls, labels and patches; a part of emit.h. */
#pragma once

#include <stddef.h>

/** A place in the buffer that jumps may name before it is known. */
enum { X64_LABEL_JUMPS = 8 };
struct x64_label {
	uint8_t *at;                    /* NULL until bound */
	uint8_t *jump[X64_LABEL_JUMPS]; /* displacements that wait */
	uint8_t wide;                   /* bit i: jump[i] has 32 bits, not 8 */
	uint8_t jumps;
};

/** Jump to a label.  Backwards in the shortest form; forwards as told: 8 bits (a bug at x64_bind if that is not enough) or 32. */
void x64_jmp(struct x64_buf *b, struct x64_label *l);
void x64_jmp_near(struct x64_buf *b, struct x64_label *l);
/** A call of a label ahead. */
void x64_call_label(struct x64_buf *b, struct x64_label *l);
void x64_jcc(struct x64_buf *b, enum x64_cc cc, struct x64_label *l);
void x64_jcc_near(struct x64_buf *b, enum x64_cc cc, struct x64_label *l);
/** jrcxz: changes and reads no flag; 8 bits only. */
void x64_jrcxz(struct x64_buf *b, struct x64_label *l);
/** The label is here. */
void x64_bind(struct x64_buf *b, struct x64_label *l);

/** To an address where code runs, within reach (else a bug); always rel32. */
void x64_jmp_to(struct x64_buf *b, uint64_t addr);
void x64_jcc_to(struct x64_buf *b, enum x64_cc cc, uint64_t addr);
void x64_call_to(struct x64_buf *b, uint64_t addr);

/**
 * The same, to be aimed elsewhere later while other threads run it: the displacement lies within eight aligned bytes
 * (nops in front see to that).  Returns where it is written, NULL after an overflow.
 */
uint8_t *x64_jmp_patchable(struct x64_buf *b, uint64_t addr);
uint8_t *x64_jcc_patchable(struct x64_buf *b, enum x64_cc cc, uint64_t addr);
uint8_t *x64_call_patchable(struct x64_buf *b, uint64_t addr);
/**
 * The same behind a comparison that begins at @from (b->p before it): the nops go in front of that, so that the CPU still
 * fuses the two.  The comparison has no rip-relative operand.
 */
uint8_t *x64_jcc_patchable_fused(struct x64_buf *b, uint8_t *from, enum x64_cc cc, uint64_t addr);
/** Aim such a jump, with one store.  @bias is the buffer's.  -ERANGE when rel32 does not reach. */
int x64_patch(uint8_t *disp, int64_t bias, uint64_t addr);

/** The longest nops that make n bytes. */
void x64_nops(struct x64_buf *b, unsigned n);
/** Nops until the run address is a multiple of n, a power of two. */
void x64_align(struct x64_buf *b, unsigned n);
