/*
 * What the lowerings of floating point share.
 *
 * MXCSR holds FPCR's rounding, Invalid is not masked: a signalling NaN, an undefined operation, an integer out of range raise
 * SIGFPE, and the interpreter does the instruction as Arm does.  All else x86 does as Arm does when the order of operands is
 * kept: of two quiet NaNs the first is the result on both.  Source: Arm ARM J1.3.3 FPProcessNaNs(); Intel SDM volume 1,
 * 4.8.3.5 and table 4-7.
 *
 * Lanes beyond the operation's must not raise anything: on AVX-512 they are masked off, and come out as zero; mask 7 is one
 * lane, mask 6 two, for as long as translated code runs (enter.S).  On AVX2 scalars have their own instructions, and the
 * lower half of vectors is doubled.
 */
#pragma once

#include "dbt/x64/lower_simd.h"

/** The instructions for singles and doubles: of vectors, and of scalars where AVX2 needs them. */
struct lo_fp {
	x64_op packed[2], scalar[2];
};

/** Whether host instructions do it: not for halves, nor while FPCR asks for what x86 has not. */
static inline bool
lo_fp_inline(const struct lo *l, const struct ir_op *o)
{
	return o->size >= 2 && !l->fp_called;
}

/** The mask for the operation's lanes, AVX-512. */
static inline x64_op
lo_fp_mask(const struct ir_op *o)
{
	return o->flags & IR_ONE ? X64_K(7) | X64_Z : o->flags & IR_Q ? 0 : X64_K(6) | X64_Z;
}

static inline bool
lo_fp_scalar(const struct ir_op *o)
{
	return o->flags & IR_ONE;
}

static inline uint64_t
lo_fp_sign(const struct ir_op *o)
{
	return 1ull << ((8u << o->size) - 1);
}

/** A source's register; for the lower half on AVX2 both halves are that. */
enum x64_vec lo_fp_v(struct lo *l, const struct ir_op *o, unsigned v);
/** The same for b, with its one element repeated. */
enum x64_vec lo_fp_b(struct lo *l, const struct ir_op *o);
/** The instruction for this level, size and shape, its lanes masked. */
x64_op lo_fp_insn(const struct lo *l, const struct ir_op *o, const struct lo_fp *f);
/** Where the last instruction writes, which reads @s; and the end. */
enum x64_vec lo_fp_to(struct lo *l, const struct ir_op *o, enum x64_vec s);
void lo_fp_end(struct lo *l, const struct ir_op *o, enum x64_vec to);
/** @insn to, n, a constant that is @v in the operation's lanes and zero in the others. */
void lo_fp_const(struct lo *l, const struct ir_op *o, x64_op insn, enum x64_vec to, enum x64_vec n, uint64_t v);
/** Leave for the interpreter, to do this instruction; EFLAGS must hold no NZCV that is wanted. */
struct lo_later *lo_fp_slow(struct lo *l);
