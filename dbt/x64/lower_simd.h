/*
 * What the lowerings of Advanced SIMD share.  All but an operation's last instruction write scratch, so that an interruption
 * can begin it again: results are computed in lo_vto() by that last one, and end with lo_vend().
 */
#pragma once

#include "dbt/x64/lower.h"

/** By log2 of the element's size. */
typedef x64_op lo_by_size[4];

static inline bool
lo_v_is_scratch(const struct lo *l, enum x64_vec v)
{
	return v == l->vscratch[0] || v == l->vscratch[1] || v == l->vscratch[2] || v == l->vscratch[3];
}

/** Scratch for a step that is the last to read @s: @s itself when it is a copy of a slot. */
static inline enum x64_vec
lo_vover(struct lo *l, enum x64_vec s)
{
	return lo_v_is_scratch(l, s) ? s : lo_vtmp(l);
}

/** Where the last instruction writes, which reads @s. */
static inline enum x64_vec
lo_vto(struct lo *l, const struct ir_op *o, enum x64_vec s)
{
	return o->flags & IR_Q && l->vhome[o->d] != LO_SLOT ? (enum x64_vec)l->vhome[o->d] : lo_vover(l, s);
}

/** The same when the bits above the operation's width come out as zero. */
static inline enum x64_vec
lo_vto_zero(struct lo *l, const struct ir_op *o, enum x64_vec s)
{
	return l->vhome[o->d] != LO_SLOT ? (enum x64_vec)l->vhome[o->d] : lo_vover(l, s);
}

static inline void
lo_vend(struct lo *l, const struct ir_op *o, enum x64_vec to)
{
	lo_vput(l, o->d, to, lo_upper_q(o));
}

static inline void
lo_vend_zero(struct lo *l, const struct ir_op *o, enum x64_vec to)
{
	lo_vput(l, o->d, to, o->flags & IR_Q ? LO_WHOLE : LO_ZERO64);
}

/** Whether all sources have zero in bits 127:64. */
static inline bool
lo_v_clean(const struct lo *l, const struct ir_op *o)
{
	return (l->vclean >> (o->a & 31) & 1) && (o->b == IR_NONE || o->b > 31 || (l->vclean >> o->b & 1));
}

/** The registers of a guest vector operand and of `b`: with `shift`, its one element in all lanes (of scratch). */
enum x64_vec lo_vb(struct lo *l, const struct ir_op *o);
/** Element @k of size @size of @s in all lanes of @to. */
void lo_vrepeat(struct lo *l, enum x64_vec to, enum x64_vec s, unsigned size, unsigned k);
/** insn @to, @n, V<v>: from its home, or from its slot as memory operand. */
void lo_vop(struct lo *l, x64_op insn, enum x64_vec to, enum x64_vec n, unsigned v);
/** insn @to, @n, a constant that is the same in both halves. */
void lo_vop_const(struct lo *l, x64_op insn, enum x64_vec to, enum x64_vec n, uint64_t both);
/** @v in each element of size @size, 64 bits. */
uint64_t lo_each(unsigned size, uint64_t v);
/** insn @to, @n, an instruction that exists without EVEX form only can name registers below 16: whether these are. */
static inline bool
lo_low_regs(enum x64_vec a, enum x64_vec b, enum x64_vec c)
{
	return (a | b | c) < 16;
}
/** Put a * b of elements of @size into @to; may use two scratch registers beside it. */
void lo_vmul(struct lo *l, unsigned size, enum x64_vec to, enum x64_vec a, enum x64_vec b);

/* Shifts of all elements by @n, below the width, to the left or right (IR_SIGN in @flags).  May use one scratch register. */
void lo_vshl(struct lo *l, unsigned size, enum x64_vec to, enum x64_vec a, unsigned n);
void lo_vshr(struct lo *l, unsigned size, unsigned flags, enum x64_vec to, enum x64_vec a, unsigned n);

/** vpunpckl or vpunpckh of elements of @size. */
void lo_vzip(struct lo *l, unsigned size, bool high, enum x64_vec to, enum x64_vec a, enum x64_vec b);

extern const lo_by_size lo_vadd_insn, lo_vsub_insn, lo_vmaxs_insn, lo_vmaxu_insn, lo_vmins_insn, lo_vminu_insn;
