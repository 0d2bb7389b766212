/* Data processing, immediate (Arm ARM C4.1, "Data Processing -- Immediate"). */
#include "dbt/a64/tr.h"

static enum tr_next
addsub_imm(struct tr *t, uint32_t w, enum ir_opcode op, bool s)
{
	struct ir_op *o = tr_op_sf(t, op, a64_sf(w));

	o->d = s ? tr_z(a64_Rd(w)) : tr_sp(a64_Rd(w));
	o->a = tr_sp(a64_Rn(w));
	o->imm = (uint64_t)a64_imm12(w) << (a64_sh(w) ? 12 : 0);
	o->flags |= s ? IR_S : 0;
	return TR_NEXT;
}

enum tr_next
a64_tr_ADD_imm(struct tr *t, uint32_t w)
{
	return addsub_imm(t, w, IR_ADD, false);
}

enum tr_next
a64_tr_ADDS_imm(struct tr *t, uint32_t w)
{
	return addsub_imm(t, w, IR_ADD, true);
}

enum tr_next
a64_tr_SUB_imm(struct tr *t, uint32_t w)
{
	return addsub_imm(t, w, IR_SUB, false);
}

enum tr_next
a64_tr_SUBS_imm(struct tr *t, uint32_t w)
{
	return addsub_imm(t, w, IR_SUB, true);
}

/* PC-relative addressing */
enum tr_next
a64_tr_ADR(struct tr *t, uint32_t w)
{
	struct ir_op *o = tr_op_sf(t, IR_ADR, 1);

	o->d = tr_z(a64_Rd(w));
	o->imm = t->pc + (uint64_t)tr_sext((uint64_t)a64_immhi(w) << 2 | a64_immlo(w), 21);
	return TR_NEXT;
}

enum tr_next
a64_tr_ADRP(struct tr *t, uint32_t w)
{
	struct ir_op *o = tr_op_sf(t, IR_ADR, 1);

	o->d = tr_z(a64_Rd(w));
	o->imm = (t->pc & ~0xfffull) + ((uint64_t)tr_sext((uint64_t)a64_immhi(w) << 2 | a64_immlo(w), 21) << 12);
	return TR_NEXT;
}

/* Minimum and maximum */
static enum tr_next
minmax_imm(struct tr *t, uint32_t w, enum ir_opcode op, bool is_signed)
{
	struct ir_op *o = tr_op_sf(t, op, a64_sf(w));

	o->d = tr_z(a64_Rd(w));
	o->a = tr_z(a64_Rn(w));
	o->imm = is_signed ? (uint64_t)tr_sext(a64_imm8(w), 8) : a64_imm8(w);
	o->flags |= is_signed ? IR_SIGN : 0;
	return TR_NEXT;
}

enum tr_next
a64_tr_SMAX_imm(struct tr *t, uint32_t w)
{
	return minmax_imm(t, w, IR_MAX, true);
}

enum tr_next
a64_tr_UMAX_imm(struct tr *t, uint32_t w)
{
	return minmax_imm(t, w, IR_MAX, false);
}

enum tr_next
a64_tr_SMIN_imm(struct tr *t, uint32_t w)
{
	return minmax_imm(t, w, IR_MIN, true);
}

enum tr_next
a64_tr_UMIN_imm(struct tr *t, uint32_t w)
{
	return minmax_imm(t, w, IR_MIN, false);
}

uint64_t
tr_bitmask(unsigned sf, unsigned n, unsigned immr, unsigned imms)
{
	/* the element size is the highest set bit of N:NOT(imms) */
	unsigned esize = n ? 64 : 1u << (31 - __builtin_clz(~imms & 0x3f));
	unsigned s = imms & (esize - 1), r = immr & (esize - 1);
	uint64_t ones = s == 63 ? ~0ull : (1ull << (s + 1)) - 1;
	uint64_t all = esize == 64 ? ~0ull : (1ull << esize) - 1;

	if (r != 0)
		ones = (ones >> r | ones << (esize - r)) & all;
	for (; esize < 64; esize *= 2)
		ones |= ones << esize;
	return sf ? ones : (uint32_t)ones;
}

static enum tr_next
logical_imm(struct tr *t, uint32_t w, enum ir_opcode op, bool s)
{
	struct ir_op *o = tr_op_sf(t, op, a64_sf(w));

	o->d = s ? tr_z(a64_Rd(w)) : tr_sp(a64_Rd(w));
	o->a = tr_z(a64_Rn(w));
	o->imm = tr_bitmask(a64_sf(w), a64_N(w), a64_immr(w), a64_imms(w));
	o->flags |= s ? IR_S : 0;
	if (op == IR_ORR && o->a == IR_ZR) /* MOV (bitmask immediate) */
		o->op = IR_MOVI, o->a = IR_NONE;
	return TR_NEXT;
}

enum tr_next
a64_tr_AND_imm(struct tr *t, uint32_t w)
{
	return logical_imm(t, w, IR_AND, false);
}

enum tr_next
a64_tr_ORR_imm(struct tr *t, uint32_t w)
{
	return logical_imm(t, w, IR_ORR, false);
}

enum tr_next
a64_tr_EOR_imm(struct tr *t, uint32_t w)
{
	return logical_imm(t, w, IR_EOR, false);
}

enum tr_next
a64_tr_ANDS_imm(struct tr *t, uint32_t w)
{
	return logical_imm(t, w, IR_AND, true);
}

/* Move wide */
static enum tr_next
move_wide(struct tr *t, uint32_t w, bool not)
{
	struct ir_op *o = tr_op_sf(t, IR_MOVI, a64_sf(w));
	uint64_t v = (uint64_t)a64_imm16(w) << (16 * a64_hw(w));

	o->d = tr_z(a64_Rd(w));
	o->imm = not ? ~v : v;
	if (!a64_sf(w))
		o->imm = (uint32_t)o->imm;
	return TR_NEXT;
}

enum tr_next
a64_tr_MOVN(struct tr *t, uint32_t w)
{
	return move_wide(t, w, true);
}

enum tr_next
a64_tr_MOVZ(struct tr *t, uint32_t w)
{
	return move_wide(t, w, false);
}

/* A MOVK behind the constant that it changes becomes one constant: nothing can be seen in between but by a signal. */
static bool
movk_folds(struct tr *t, uint32_t w)
{
	if (t->ir->n == 0)
		return false;
	struct ir_op *p = &t->ir->op[t->ir->n - 1];
	unsigned shift = 16 * a64_hw(w);

	if (p->op != IR_MOVI || p->d != tr_z(a64_Rd(w)) || p->d == IR_ZR || (p->flags & IR_X) != (a64_sf(w) ? IR_X : 0))
		return false;
	p->imm = (p->imm & ~(0xffffull << shift)) | (uint64_t)a64_imm16(w) << shift;
	return true;
}

enum tr_next
a64_tr_MOVK(struct tr *t, uint32_t w)
{
	if (movk_folds(t, w))
		return TR_NEXT;
	struct ir_op *o = tr_op_sf(t, IR_MOVK, a64_sf(w));

	o->d = o->a = tr_z(a64_Rd(w));
	o->imm = a64_imm16(w);
	o->shift = (uint8_t)(16 * a64_hw(w));
	return TR_NEXT;
}

/* Bitfield */
static enum tr_next
bitfield(struct tr *t, uint32_t w, enum ir_opcode op)
{
	struct ir_op *o = tr_op_sf(t, op, a64_sf(w));

	o->d = tr_z(a64_Rd(w));
	o->a = tr_z(a64_Rn(w));
	o->imm = a64_immr(w) | (uint64_t)a64_imms(w) << 8;
	return TR_NEXT;
}

enum tr_next
a64_tr_SBFM(struct tr *t, uint32_t w)
{
	return bitfield(t, w, IR_SBFM);
}

enum tr_next
a64_tr_BFM(struct tr *t, uint32_t w)
{
	return bitfield(t, w, IR_BFM);
}

enum tr_next
a64_tr_UBFM(struct tr *t, uint32_t w)
{
	return bitfield(t, w, IR_UBFM);
}

/* Extract */
enum tr_next
a64_tr_EXTR(struct tr *t, uint32_t w)
{
	struct ir_op *o = tr_op_sf(t, IR_EXTR, a64_sf(w));

	o->d = tr_z(a64_Rd(w));
	o->a = tr_z(a64_Rn(w));
	o->b = tr_z(a64_Rm(w));
	o->ext = IR_LSL;
	o->imm = a64_imms(w);
	return TR_NEXT;
}
