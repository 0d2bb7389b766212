/*
 * Loads and stores of one register, of pairs, of literals (Arm ARM C4.1, "Loads and Stores").  The addressing form is
 * in bits 24, 21 and 11:10 for all sizes, so one function serves a register's forms.
 *
 * Write-back to a register that is also loaded is CONSTRAINED UNPREDICTABLE: here the loaded value stays; a stored one
 * is the old value.
 */
#include "dbt/a64/tr.h"

/* Address of unsigned immediate, unscaled, post, unprivileged, pre or register form. */
static void
address(struct ir_op *o, uint32_t w, unsigned scale)
{
	o->a = tr_sp(a64_Rn(w));
	o->ext = IR_LSL;
	if (w >> 24 & 1) {
		o->imm = (uint64_t)a64_imm12(w) << scale;
		return;
	}
	if (w >> 21 & 1) {
		o->b = tr_z(a64_Rm(w));
		o->ext = (uint8_t)a64_option(w);
		o->shift = a64_S(w) ? (uint8_t)scale : 0;
		if (o->b == IR_ZR) /* an index of zero */
			o->b = IR_NONE, o->ext = IR_LSL, o->shift = 0;
		return;
	}
	o->imm = (uint64_t)tr_sext(a64_imm9(w), 9);
	if ((w >> 10 & 3) == 1)
		o->flags |= IR_POST;
	else if ((w >> 10 & 3) == 3)
		o->flags |= IR_PRE;
}

/* option<1> 0 is unallocated in the register form. */
static bool
bad_option(uint32_t w)
{
	return !(w >> 24 & 1) && w >> 21 & 1 && !(a64_option(w) & 2);
}

static enum tr_next
general(struct tr *t, uint32_t w)
{
	unsigned size = w >> 30, opc = w >> 22 & 3;

	if (bad_option(w))
		return TR_UNDEF;
	struct ir_op *o = tr_op(t, opc == 0 ? IR_ST : IR_LD);

	o->size = (uint8_t)size;
	o->d = tr_z(a64_Rt(w));
	if (opc >= 2)
		o->flags |= IR_SIGN;
	if (opc == 2 || size == 3)
		o->flags |= IR_X;
	address(o, w, size);
	if (o->flags & (IR_PRE | IR_POST) && opc != 0 && o->d == o->a)
		o->flags &= ~(IR_PRE | IR_POST), o->imm = w >> 11 & 1 ? o->imm : 0;
	return TR_NEXT;
}

enum tr_next
a64_tr_LDR_imm(struct tr *t, uint32_t w)
{
	return general(t, w);
}
A64_TR_ALSO(LDR_imm, "(LD|ST)(R|UR|TR)(B|H|SB|SH|SW)?(_imm|_post|_pre|_reg)?");

static enum tr_next
vector(struct tr *t, uint32_t w)
{
	unsigned scale = w >> 23 & 1 ? 4 : w >> 30;

	if (bad_option(w))
		return TR_UNDEF;
	struct ir_op *o = tr_op(t, w >> 22 & 1 ? IR_LDV : IR_STV);

	o->size = (uint8_t)scale;
	o->d = (uint8_t)a64_Rt(w);
	address(o, w, scale);
	return TR_NEXT;
}

enum tr_next
a64_tr_LDR_q_imm(struct tr *t, uint32_t w)
{
	return vector(t, w);
}
A64_TR_ALSO(LDR_q_imm, "(LD|ST)U?R_(q|fp)(_imm|_post|_pre|_reg)?");

static enum tr_next
pair(struct tr *t, uint32_t w)
{
	bool v = w >> 26 & 1, load = w >> 22 & 1, sign = !v && w >> 30 == 1;
	unsigned scale = v ? 2 + (w >> 30) : w >> 31 ? 3 : 2;
	struct ir_op *o = tr_op(t, v ? (load ? IR_LDPV : IR_STPV) : load ? IR_LDP : IR_STP);

	o->size = (uint8_t)scale;
	o->d = v ? (uint8_t)a64_Rt(w) : tr_z(a64_Rt(w));
	o->e = v ? (uint8_t)a64_Rt2(w) : tr_z(a64_Rt2(w));
	o->a = tr_sp(a64_Rn(w));
	o->imm = (uint64_t)tr_sext(a64_imm7(w), 7) << scale;
	if (sign)
		o->flags |= IR_SIGN | IR_X;
	if ((w >> 23 & 3) == 1)
		o->flags |= IR_POST;
	else if ((w >> 23 & 3) == 3)
		o->flags |= IR_PRE;
	if (load && !v && (o->d == o->a || o->e == o->a) && o->flags & (IR_PRE | IR_POST)) {
		o->imm = o->flags & IR_PRE ? o->imm : 0;
		o->flags &= ~(IR_PRE | IR_POST);
	}
	return TR_NEXT;
}

enum tr_next
a64_tr_LDP(struct tr *t, uint32_t w)
{
	return pair(t, w);
}
A64_TR_ALSO(LDP, "LDPSW|(LD|ST)N?P(SW)?(_fp|_q)?(_post|_pre)?");

/* Literal */
static struct ir_op *
literal(struct tr *t, uint32_t w, enum ir_opcode op)
{
	struct ir_op *o = tr_op(t, op);

	o->imm = t->pc + (uint64_t)(tr_sext(a64_imm19(w), 19) * 4);
	return o;
}

enum tr_next
a64_tr_LDR_lit(struct tr *t, uint32_t w)
{
	struct ir_op *o = literal(t, w, IR_LD);

	o->d = tr_z(a64_Rt(w));
	o->size = w >> 30 & 1 ? 3 : 2;
	o->flags = w >> 30 & 1 ? IR_X : 0;
	return TR_NEXT;
}

enum tr_next
a64_tr_LDRSW_lit(struct tr *t, uint32_t w)
{
	struct ir_op *o = literal(t, w, IR_LD);

	o->d = tr_z(a64_Rt(w));
	o->size = 2;
	o->flags = IR_SIGN | IR_X;
	return TR_NEXT;
}

enum tr_next
a64_tr_LDR_fp_lit(struct tr *t, uint32_t w)
{
	struct ir_op *o = literal(t, w, IR_LDV);

	o->d = (uint8_t)a64_Rt(w);
	o->size = (uint8_t)(2 + (w >> 30));
	return TR_NEXT;
}

/* Prefetches have no effect that a program can see, and never fault. */
enum tr_next
a64_tr_PRFM_imm(struct tr *t, uint32_t w)
{
	tr_op(t, IR_NOP);
	return TR_NEXT;
}
A64_TR_ALSO(PRFM_imm, "PRFM_(reg|lit)|PRFUM");
