/* Addition, subtraction, logic: one or two sources, with and without NZCV. */
#include "dbt/x64/lower_int.h"

/* ---- the second operand ---- */

static void
shift_in_place(struct lo *l, const struct ir_op *o, enum x64_gpr r, x64_op width)
{
	static const x64_op shifts[4] = { X64_shl, X64_shr, X64_sar, X64_ror };

	if (o->shift == 0)
		return;
	if (o->ext == IR_ROR) {
		x64_rri(&l->b, X64_rorx | width, r, r, o->shift);
	} else if ((o->ext == IR_LSL || o->ext < IR_LSL) && o->shift <= 3) {
		x64_rm(&l->b, X64_lea | width, r, x64_at_index(X64_NO_REG, r, o->shift, 0));
	} else {
		x64_ri(&l->b, (o->ext < IR_LSL ? X64_shl : shifts[o->ext - IR_LSL]) | width, r, o->shift);
	}
}

/* b extended into @to, not yet shifted. */
static void
extend(struct lo *l, const struct ir_op *o, enum x64_gpr to)
{
	static const x64_op ops[8] = { X64_movzx_b, X64_movzx_w, X64_mov, 0, X64_movsx_b | X64_64, X64_movsx_w | X64_64, X64_movsxd, 0 };
	unsigned e = o->ext & 7;

	if (o->b == IR_ZR)
		lo_const(l, to, 0);
	else if (e == IR_UXTX || e == IR_SXTX)
		lo_copy(l, to, o->b, true);
	else if (lo_home[o->b] == LO_SLOT)
		x64_rm(&l->b, ops[e], to, lo_slot(o->b));
	else
		x64_rr(&l->b, ops[e], to, lo_home[o->b]);
}

void
lo_operand_to(struct lo *l, const struct ir_op *o, enum x64_gpr to)
{
	x64_op width = lo_width(o);

	if (o->b == IR_NONE) {
		lo_const(l, to, o->size == 3 ? o->imm : (uint32_t)o->imm);
		return;
	}
	/* saving NZCV takes rax: before anything is built there */
	if (o->shift != 0 && o->ext != IR_ROR && (o->shift > 3 || o->ext > IR_LSL))
		lo_clobber(l);
	if (o->ext == IR_LSL && o->shift >= 1 && o->shift <= 3 && lo_home[o->b] != LO_SLOT) {
		x64_rm(&l->b, X64_lea | width, to, x64_at_index(X64_NO_REG, lo_home[o->b], o->shift, 0));
		return;
	}
	if (o->ext < IR_LSL)
		extend(l, o, to);
	else
		lo_copy(l, to, o->b, o->size == 3);
	shift_in_place(l, o, to, width);
}

struct lo_operand
lo_operand(struct lo *l, const struct ir_op *o)
{
	if (o->b == IR_NONE) {
		int64_t imm = o->size == 3 ? (int64_t)o->imm : (int32_t)o->imm;

		if (imm == (int32_t)imm)
			return (struct lo_operand){ .kind = LO_IMM, .imm = imm };
		lo_const(l, X64_RCX, o->imm);
		return (struct lo_operand){ .kind = LO_REG, .reg = X64_RCX };
	}
	if (o->b == IR_ZR)
		return (struct lo_operand){ .kind = LO_IMM };
	bool plain = o->shift == 0 && (o->ext == IR_LSL || o->ext == IR_UXTX || o->ext == IR_SXTX ||
				       (o->size == 2 && (o->ext == IR_UXTW || o->ext == IR_SXTW)) || o->ext >= IR_LSL);

	if (!plain) {
		lo_operand_to(l, o, X64_RCX);
		return (struct lo_operand){ .kind = LO_REG, .reg = X64_RCX };
	}
	if (lo_home[o->b] == LO_SLOT)
		return (struct lo_operand){ .kind = LO_MEM, .mem = lo_slot(o->b) };
	return (struct lo_operand){ .kind = LO_REG, .reg = lo_home[o->b] };
}

void
lo_op_operand(struct lo *l, x64_op op, enum x64_gpr reg, const struct lo_operand *s)
{
	switch (s->kind) {
	case LO_REG:
		x64_rr(&l->b, op, reg, s->reg);
		break;
	case LO_MEM:
		x64_rm(&l->b, op, reg, s->mem);
		break;
	case LO_IMM:
		x64_ri(&l->b, op, reg, s->imm);
		break;
	}
}

/* ---- two sources ---- */

/* Where the result is built: d's home, unless the second source is still needed from there. */
static enum x64_gpr
build_in(const struct ir_op *o)
{
	uint8_t home = lo_home[o->d];

	return home == LO_SLOT || o->d == o->b ? X64_RAX : home;
}

/* [slot] op= b, when d is a. */
static bool
in_slot(struct lo *l, const struct ir_op *o, x64_op op, const struct lo_operand *s)
{
	if (o->d != o->a || o->d == IR_ZR || lo_home[o->d] != LO_SLOT || o->size != 3 || s->kind == LO_MEM || op == X64_cmp)
		return false;
	if (s->kind == LO_IMM)
		x64_mi(&l->b, op | X64_64, lo_slot(o->d), s->imm);
	else
		x64_mr(&l->b, op | X64_64, lo_slot(o->d), s->reg);
	return true;
}

/* cmp, test: nothing but flags. */
static void
only_flags(struct lo *l, const struct ir_op *o, x64_op op, const struct lo_operand *s)
{
	x64_op width = lo_width(o);

	if (lo_home[o->a] == LO_SLOT && o->a != IR_ZR && s->kind != LO_MEM) {
		if (s->kind == LO_IMM)
			x64_mi(&l->b, op | width, lo_slot(o->a), s->imm);
		else
			x64_mr(&l->b, op | width, lo_slot(o->a), s->reg);
		return;
	}
	enum x64_gpr a = lo_get(l, o->a, X64_RAX);

	if (op == X64_test && s->kind == LO_MEM)
		x64_mr(&l->b, op | width, s->mem, a);
	else
		lo_op_operand(l, op | width, a, s);
}

/* d = a op b in the general way.  Flags are set by the last host instruction but stores. */
static void
binary(struct lo *l, const struct ir_op *o, x64_op op, bool commutes)
{
	struct lo_operand s = lo_operand(l, o);
	x64_op width = lo_width(o);

	if (!(o->flags & IR_S))
		lo_clobber(l);
	if (in_slot(l, o, op, &s))
		return;
	if (commutes && s.kind == LO_REG && s.reg == lo_home[o->d] && o->d != o->a) { /* d = a op d */
		if (o->a == IR_ZR)
			x64_ri(&l->b, op | width, s.reg, 0);
		else
			lo_op_r(l, op | width, s.reg, o->a);
		return;
	}
	enum x64_gpr to = o->d == o->a && lo_home[o->d] != LO_SLOT ? lo_home[o->d] : build_in(o);

	if (to != lo_home[o->a])
		lo_copy(l, to, o->a, o->size == 3);
	lo_op_operand(l, op | width, to, &s);
	lo_put(l, o->d, to);
}

/* a + b or a + imm by lea, which no flag sees. */
static bool
add_by_lea(struct lo *l, const struct ir_op *o, int64_t imm)
{
	enum x64_gpr to = lo_dst(l, o->d, X64_RAX);
	x64_op lea = X64_lea | lo_width(o);

	if (o->b == IR_NONE) {
		if (imm != (int32_t)imm || o->a == IR_ZR)
			return false;
		x64_rm(&l->b, lea, to, x64_at(lo_get(l, o->a, X64_RAX), (int32_t)imm));
	} else {
		bool plain = o->ext == IR_LSL || o->ext == IR_UXTX || o->ext == IR_SXTX;

		if (!plain || o->shift > 3 || o->a == IR_ZR || o->b == IR_ZR)
			return false;
		/* a source in its slot is an operand of add, unless flags are in the way */
		if (!lo_flags_busy(l) && o->shift == 0 && (lo_home[o->a] == LO_SLOT || lo_home[o->b] == LO_SLOT))
			return false;
		enum x64_gpr a = lo_get(l, o->a, X64_RAX);

		x64_rm(&l->b, lea, to, x64_at_index(a, lo_get(l, o->b, X64_RCX), o->shift, 0));
	}
	lo_put(l, o->d, to);
	return true;
}

void
lo_ADD(struct lo *l, const struct ir_op *o)
{
	int64_t imm = o->size == 3 ? (int64_t)o->imm : (int32_t)o->imm;

	if (!(o->flags & IR_S)) {
		if (o->d == IR_ZR)
			return;
		bool slot_in_place = o->d == o->a && lo_home[o->d] == LO_SLOT && o->size == 3 && !lo_flags_busy(l);

		if (!slot_in_place && add_by_lea(l, o, imm))
			return;
		binary(l, o, X64_add, true);
		return;
	}
	/* a + imm has the flags of a - (-imm), but for 0 and the number that is its own negative */
	int64_t least = o->size == 3 ? INT64_MIN : INT32_MIN;

	if (o->d == IR_ZR && o->b == IR_NONE && imm != 0 && imm != least && -imm == (int32_t)-imm) {
		struct lo_operand s = { .kind = LO_IMM, .imm = -imm };

		only_flags(l, o, X64_cmp, &s);
		lo_set_nzcv(l, LO_NZCV_SUB);
		return;
	}
	binary(l, o, X64_add, true);
	lo_set_nzcv(l, LO_NZCV_ADD);
}

void
lo_SUB(struct lo *l, const struct ir_op *o)
{
	int64_t imm = o->size == 3 ? (int64_t)o->imm : (int32_t)o->imm;

	if (!(o->flags & IR_S)) {
		if (o->d == IR_ZR)
			return;
		bool slot_in_place = o->d == o->a && lo_home[o->d] == LO_SLOT && o->size == 3 && !lo_flags_busy(l);

		if (o->b == IR_NONE && !slot_in_place && add_by_lea(l, o, -imm))
			return;
		if (o->a == IR_ZR && o->b != IR_NONE) { /* NEG */
			lo_clobber(l);
			lo_operand_to(l, o, X64_RAX);
			x64_r(&l->b, X64_neg | lo_width(o), X64_RAX);
			lo_put(l, o->d, X64_RAX);
			return;
		}
		binary(l, o, X64_sub, false);
		return;
	}
	if (o->d == IR_ZR) {
		struct lo_operand s = lo_operand(l, o);

		if (s.kind == LO_IMM && s.imm == 0 && lo_home[o->a] != LO_SLOT) {
			/* cmp with 0: test sets the same, and C = 1 is CF = 0 in both */
			x64_rr(&l->b, X64_test | lo_width(o), lo_home[o->a], lo_home[o->a]);
		} else {
			only_flags(l, o, X64_cmp, &s);
		}
	} else {
		binary(l, o, X64_sub, false);
	}
	lo_set_nzcv(l, LO_NZCV_SUB);
}

/* ---- logic ---- */

/* Masks that are moves: 8, 16, 32 low bits. */
static bool
and_by_move(struct lo *l, const struct ir_op *o)
{
	uint64_t imm = o->size == 3 ? o->imm : (uint32_t)o->imm;
	x64_op op = imm == 0xff ? X64_movzx_b : imm == 0xffff ? X64_movzx_w : imm == 0xffffffff ? X64_mov : 0;

	if (o->b != IR_NONE || op == 0 || o->a == IR_ZR)
		return false;
	enum x64_gpr to = lo_dst(l, o->d, X64_RAX);

	if (lo_home[o->a] == LO_SLOT)
		x64_rm(&l->b, op, to, lo_slot(o->a));
	else
		x64_rr(&l->b, op, to, lo_home[o->a]);
	lo_put(l, o->d, to);
	return true;
}

void
lo_AND(struct lo *l, const struct ir_op *o)
{
	if (o->flags & IR_S) {
		if (o->d == IR_ZR) {
			struct lo_operand s = lo_operand(l, o);

			only_flags(l, o, X64_test, &s);
		} else {
			binary(l, o, X64_and, true);
		}
		lo_set_nzcv(l, LO_NZCV_LOGIC);
		return;
	}
	if (o->d == IR_ZR || and_by_move(l, o))
		return;
	struct ir_op narrow = *o;

	if (o->b == IR_NONE && o->size == 3 && o->imm <= 0xffffffff && o->d != o->a) /* the upper half becomes zero by itself */
		narrow.size = 2;
	binary(l, &narrow, X64_and, true);
}

void
lo_ORR(struct lo *l, const struct ir_op *o)
{
	if (o->d != IR_ZR)
		binary(l, o, X64_or, true);
}

void
lo_EOR(struct lo *l, const struct ir_op *o)
{
	if (o->d != IR_ZR)
		binary(l, o, X64_xor, true);
}

void
lo_BIC(struct lo *l, const struct ir_op *o)
{
	if (!(o->flags & IR_S)) {
		if (o->d == IR_ZR)
			return;
		lo_clobber(l);
	}
	enum x64_gpr b, to = lo_dst(l, o->d, X64_RAX), a;

	if (o->shift == 0 && o->b != IR_ZR && lo_home[o->b] != LO_SLOT) {
		b = lo_home[o->b];
	} else {
		lo_operand_to(l, o, X64_RCX);
		b = X64_RCX;
	}
	if (o->a != IR_ZR && lo_home[o->a] == LO_SLOT) {
		x64_rrm(&l->b, X64_andn | lo_width(o), to, b, lo_slot(o->a));
	} else {
		a = lo_get(l, o->a, X64_RAX);
		x64_rrr(&l->b, X64_andn | lo_width(o), to, b, a);
	}
	lo_put(l, o->d, to);
	if (o->flags & IR_S)
		lo_set_nzcv(l, LO_NZCV_LOGIC);
}

/* a op ~b */
static void
with_not(struct lo *l, const struct ir_op *o, x64_op op)
{
	if (o->d == IR_ZR)
		return;
	lo_operand_to(l, o, X64_RCX);
	x64_r(&l->b, X64_not | lo_width(o), X64_RCX);
	if (o->a != IR_ZR) {
		lo_clobber(l);
		lo_op_r(l, op | lo_width(o), X64_RCX, o->a);
	}
	lo_put(l, o->d, X64_RCX);
}

void
lo_ORN(struct lo *l, const struct ir_op *o)
{
	with_not(l, o, X64_or);
}

void
lo_EON(struct lo *l, const struct ir_op *o)
{
	with_not(l, o, X64_xor);
}
