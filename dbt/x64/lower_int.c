/* Moves, shifts, bit fields, multiplication, division, bit counting. */
#include "dbt/x64/lower_int.h"

void
lo_MOVI(struct lo *l, const struct ir_op *o)
{
	if (o->d == IR_ZR)
		return;
	if (lo_home[o->d] == LO_SLOT && (int64_t)o->imm == (int32_t)o->imm) {
		x64_mi(&l->b, X64_mov | X64_64, lo_slot(o->d), (int64_t)o->imm);
		return;
	}
	enum x64_gpr to = lo_dst(l, o->d, X64_RAX);

	lo_const(l, to, o->imm);
	lo_put(l, o->d, to);
}

void
lo_ADR(struct lo *l, const struct ir_op *o)
{
	if (o->d == IR_ZR)
		return;
	enum x64_gpr to = lo_dst(l, o->d, X64_RAX);

	if (l->env->within(l->env->ctx, o->imm) && o->imm > UINT32_MAX)
		x64_rm(&l->b, X64_lea | X64_64, to, x64_at_rip(&l->b, o->imm));
	else
		lo_const(l, to, o->imm);
	lo_put(l, o->d, to);
}

void
lo_MOVK(struct lo *l, const struct ir_op *o)
{
	if (o->d == IR_ZR)
		return;
	lo_clobber(l);
	lo_copy(l, X64_RAX, o->a, o->size == 3);
	if (o->shift == 0 && o->imm != 0) {
		/* the low 16 bits alone, by a store of theirs would stall: clear and set */
		x64_ri(&l->b, X64_and | X64_64, X64_RAX, -0x10000);
		x64_ri(&l->b, X64_or | X64_64, X64_RAX, (int64_t)o->imm);
	} else {
		lo_const(l, X64_RCX, ~(0xffffull << o->shift));
		x64_rr(&l->b, X64_and | X64_64, X64_RAX, X64_RCX);
		if (o->imm != 0) {
			lo_const(l, X64_RCX, o->imm << o->shift);
			x64_rr(&l->b, X64_or | X64_64, X64_RAX, X64_RCX);
		}
	}
	lo_put(l, o->d, X64_RAX);
}

void
lo_MOV(struct lo *l, const struct ir_op *o)
{
	if (o->d == IR_ZR)
		return;
	if (o->b == IR_ZR) {
		if (lo_home[o->d] == LO_SLOT)
			x64_mi(&l->b, X64_mov | X64_64, lo_slot(o->d), 0);
		else
			lo_const(l, lo_home[o->d], 0);
		return;
	}
	/* what takes several host instructions is built aside when it would spoil its source */
	enum x64_gpr to = o->d != o->b ? lo_dst(l, o->d, X64_RAX) : X64_RAX;

	if (o->ext >= IR_LSL && o->shift == 0) {
		if (o->size == 3) {
			lo_put(l, o->d, lo_get(l, o->b, to));
			return;
		}
		to = lo_dst(l, o->d, X64_RAX);
	}
	lo_operand_to(l, o, to);
	lo_put(l, o->d, to);
}

/* ---- shifts by a register: BMI2 forms take the count modulo the size, as A64 does ---- */

static void
shift_by(struct lo *l, const struct ir_op *o, x64_op op)
{
	if (o->d == IR_ZR)
		return;
	enum x64_gpr by = lo_get(l, o->b, X64_RCX), to = lo_dst(l, o->d, X64_RAX);

	if (lo_home[o->a] == LO_SLOT && o->a != IR_ZR)
		x64_rmr(&l->b, op | lo_width(o), to, lo_slot(o->a), by);
	else
		x64_rrr(&l->b, op | lo_width(o), to, lo_get(l, o->a, X64_RAX), by);
	lo_put(l, o->d, to);
}

void
lo_LSLV(struct lo *l, const struct ir_op *o)
{
	shift_by(l, o, X64_shlx);
}

void
lo_LSRV(struct lo *l, const struct ir_op *o)
{
	shift_by(l, o, X64_shrx);
}

void
lo_ASRV(struct lo *l, const struct ir_op *o)
{
	shift_by(l, o, X64_sarx);
}

void
lo_RORV(struct lo *l, const struct ir_op *o)
{
	if (o->d == IR_ZR)
		return;
	lo_clobber(l);
	lo_copy(l, X64_RCX, o->b, false);
	lo_copy(l, X64_RAX, o->a, o->size == 3);
	x64_r(&l->b, X64_ror | lo_width(o), X64_RAX);
	lo_put(l, o->d, X64_RAX);
}

/* ---- bit fields ---- */

/* One host instruction from a's register or slot. */
static void
one_from(struct lo *l, x64_op op, enum x64_gpr to, unsigned a)
{
	if (a == IR_ZR)
		lo_const(l, to, 0);
	else if (lo_home[a] == LO_SLOT)
		x64_rm(&l->b, op, to, lo_slot(a));
	else
		x64_rr(&l->b, op, to, lo_home[a]);
}

/* a shifted by a constant into @to, in one or two host instructions. */
static void
shifted_copy(struct lo *l, const struct ir_op *o, enum x64_gpr to, x64_op op, unsigned by)
{
	if (op == X64_shl && by >= 1 && by <= 3 && lo_home[o->a] != LO_SLOT) {
		x64_rm(&l->b, X64_lea | lo_width(o), to, x64_at_index(X64_NO_REG, lo_home[o->a], by, 0));
		return;
	}
	lo_copy(l, to, o->a, o->size == 3);
	if (by != 0)
		x64_ri(&l->b, op | lo_width(o), to, by);
}

static bool
ubfm_by_move(struct lo *l, const struct ir_op *o, unsigned immr, unsigned imms, bool sign)
{
	static const x64_op zero[3] = { X64_movzx_b, X64_movzx_w, X64_mov };
	static const x64_op signs[3] = { X64_movsx_b, X64_movsx_w, X64_movsxd };
	int which = imms == 7 ? 0 : imms == 15 ? 1 : imms == 31 && o->size == 3 ? 2 : -1;

	if (immr != 0 || which < 0)
		return false;
	enum x64_gpr to = lo_dst(l, o->d, X64_RAX);

	one_from(l, sign ? signs[which] | (which < 2 ? lo_width(o) : 0) : zero[which], to, o->a);
	lo_put(l, o->d, to);
	return true;
}

/* Saving NZCV takes rax: before anything is built there. */
static void
clobber_unless_lea(struct lo *l, const struct ir_op *o, unsigned immr, unsigned imms, unsigned size)
{
	if (imms + 1 != immr || size - immr > 3 || lo_home[o->a] == LO_SLOT)
		lo_clobber(l);
}

/* Where the result may be built in several steps. */
static enum x64_gpr
step_in(struct lo *l, const struct ir_op *o)
{
	return o->d == o->a ? X64_RAX : lo_dst(l, o->d, X64_RAX);
}

static void
mask_low(struct lo *l, enum x64_gpr r, unsigned bits, x64_op width)
{
	if (bits == 8) {
		x64_rr(&l->b, X64_movzx_b, r, r);
	} else if (bits == 16) {
		x64_rr(&l->b, X64_movzx_w, r, r);
	} else if (bits == 32) {
		x64_rr(&l->b, X64_mov, r, r);
	} else if (bits < 32) {
		x64_ri(&l->b, X64_and, r, (1ll << bits) - 1);
	} else {
		lo_const(l, X64_RCX, bits);
		x64_rrr(&l->b, X64_bzhi | width, r, r, X64_RCX);
	}
}

/* While NZCV are in EFLAGS a shift by a constant is one by a register, which leaves them alone. */
static bool
shift_quietly(struct lo *l, const struct ir_op *o, x64_op op, unsigned by)
{
	if (!lo_flags_busy(l))
		return false;
	enum x64_gpr to = lo_dst(l, o->d, X64_RAX);

	lo_const(l, X64_RCX, by);
	if (lo_home[o->a] == LO_SLOT && o->a != IR_ZR)
		x64_rmr(&l->b, op | lo_width(o), to, lo_slot(o->a), X64_RCX);
	else
		x64_rrr(&l->b, op | lo_width(o), to, lo_get(l, o->a, X64_RAX), X64_RCX);
	lo_put(l, o->d, to);
	return true;
}

void
lo_UBFM(struct lo *l, const struct ir_op *o)
{
	unsigned immr = o->imm & 0xff, imms = o->imm >> 8 & 0xff, size = o->size == 3 ? 64 : 32;
	x64_op width = lo_width(o);

	if (o->d == IR_ZR || ubfm_by_move(l, o, immr, imms, false))
		return;
	if (imms == size - 1 ? shift_quietly(l, o, X64_shrx, immr) : imms + 1 == immr && shift_quietly(l, o, X64_shlx, size - immr))
		return;
	if (lo_flags_busy(l) || o->d != o->a)
		clobber_unless_lea(l, o, immr, imms, size);
	else
		lo_clobber(l);
	if (o->d == o->a && lo_home[o->d] != LO_SLOT && l->nzcv == LO_NZCV_MEM && (imms == size - 1 || imms + 1 == immr)) { /* LSR, LSL in place */
		x64_ri(&l->b, (imms == size - 1 ? X64_shr : X64_shl) | width, lo_home[o->d], imms == size - 1 ? immr : size - immr);
		return;
	}
	enum x64_gpr to = step_in(l, o);

	if (imms == size - 1) {
		shifted_copy(l, o, to, X64_shr, immr);
	} else if (imms + 1 == immr) {
		shifted_copy(l, o, to, X64_shl, size - immr);
	} else if (imms >= immr) { /* UBFX */
		shifted_copy(l, o, to, X64_shr, immr);
		mask_low(l, to, imms - immr + 1, width);
	} else { /* UBFIZ */
		lo_copy(l, to, o->a, o->size == 3);
		mask_low(l, to, imms + 1, width);
		x64_ri(&l->b, X64_shl | width, to, size - immr);
	}
	lo_put(l, o->d, to);
}

void
lo_SBFM(struct lo *l, const struct ir_op *o)
{
	unsigned immr = o->imm & 0xff, imms = o->imm >> 8 & 0xff, size = o->size == 3 ? 64 : 32;
	x64_op width = lo_width(o);

	if (o->d == IR_ZR || ubfm_by_move(l, o, immr, imms, true))
		return;
	if (imms == size - 1 && shift_quietly(l, o, X64_sarx, immr))
		return;
	lo_clobber(l);
	enum x64_gpr to = step_in(l, o);

	if (imms == size - 1) { /* ASR */
		shifted_copy(l, o, to, X64_sar, immr);
		lo_put(l, o->d, to);
		return;
	}
	lo_copy(l, to, o->a, o->size == 3);
	/* the field's sign to the top, then down to its place */
	x64_ri(&l->b, X64_shl | width, to, size - 1 - imms);
	x64_ri(&l->b, X64_sar | width, to, imms >= immr ? size - 1 - imms + immr : immr - imms - 1);
	lo_put(l, o->d, to);
}

void
lo_BFM(struct lo *l, const struct ir_op *o)
{
	unsigned immr = o->imm & 0xff, imms = o->imm >> 8 & 0xff, size = o->size == 3 ? 64 : 32;
	unsigned bits = imms >= immr ? imms - immr + 1 : imms + 1, to = imms >= immr ? 0 : size - immr;
	uint64_t low = bits == 64 ? ~0ull : (1ull << bits) - 1;
	x64_op width = lo_width(o);

	if (o->d == IR_ZR)
		return;
	if (bits == size) { /* all of it */
		lo_copy(l, X64_RAX, o->a, o->size == 3);
		lo_put(l, o->d, X64_RAX);
		return;
	}
	lo_clobber(l);
	lo_copy(l, X64_RAX, o->a, o->size == 3);
	if (imms >= immr && immr != 0)
		x64_ri(&l->b, X64_shr | width, X64_RAX, immr);
	/* the field at `to` of rax, the rest from d: d ^ ((d ^ (rax << to)) & mask) */
	if (to != 0)
		x64_ri(&l->b, X64_shl | width, X64_RAX, to);
	lo_op_r(l, X64_xor | width, X64_RAX, o->d);
	uint64_t mask = low << to;

	if (o->size == 2)
		mask = (uint32_t)mask;
	if ((int64_t)mask == (int32_t)mask || o->size == 2) {
		x64_ri(&l->b, X64_and | width, X64_RAX, (int32_t)mask);
	} else {
		lo_const(l, X64_RCX, mask);
		x64_rr(&l->b, X64_and | width, X64_RAX, X64_RCX);
	}
	lo_op_r(l, X64_xor | width, X64_RAX, o->d);
	lo_put(l, o->d, X64_RAX);
}

void
lo_EXTR(struct lo *l, const struct ir_op *o)
{
	if (o->d == IR_ZR)
		return;
	if (o->a == o->b && o->a != IR_ZR) { /* ROR */
		enum x64_gpr to = lo_dst(l, o->d, X64_RAX);

		if (lo_home[o->a] == LO_SLOT)
			x64_rmi(&l->b, X64_rorx | lo_width(o), to, lo_slot(o->a), (int64_t)o->imm);
		else
			x64_rri(&l->b, X64_rorx | lo_width(o), to, lo_home[o->a], (int64_t)o->imm);
		lo_put(l, o->d, to);
		return;
	}
	lo_clobber(l);
	lo_copy(l, X64_RAX, o->b, o->size == 3);
	if (o->imm != 0)
		x64_rri(&l->b, X64_shrd | lo_width(o), X64_RAX, lo_get(l, o->a, X64_RCX), (int64_t)o->imm);
	lo_put(l, o->d, X64_RAX);
}

/* ---- counting and reversing ---- */

static void
one_source(struct lo *l, const struct ir_op *o, x64_op op)
{
	if (o->d == IR_ZR)
		return;
	lo_clobber(l);
	enum x64_gpr to = lo_dst(l, o->d, X64_RAX);

	if (o->a == IR_ZR) {
		lo_const(l, X64_RAX, 0);
		x64_rr(&l->b, op | lo_width(o), to, X64_RAX);
	} else {
		one_from(l, op | lo_width(o), to, o->a);
	}
	lo_put(l, o->d, to);
}

void
lo_CLZ(struct lo *l, const struct ir_op *o)
{
	one_source(l, o, X64_lzcnt);
}

void
lo_CTZ(struct lo *l, const struct ir_op *o)
{
	one_source(l, o, X64_tzcnt);
}

void
lo_CNT(struct lo *l, const struct ir_op *o)
{
	one_source(l, o, X64_popcnt);
}

/* The sign bit's run: leading zeros of x ^ (x >> 1 with sign), less one. */
void
lo_CLS(struct lo *l, const struct ir_op *o)
{
	if (o->d == IR_ZR)
		return;
	lo_clobber(l);
	lo_copy(l, X64_RAX, o->a, o->size == 3);
	x64_ri(&l->b, X64_sar | lo_width(o), X64_RAX, 1);
	lo_op_r(l, X64_xor | lo_width(o), X64_RAX, o->a);
	x64_rr(&l->b, X64_lzcnt | lo_width(o), X64_RAX, X64_RAX);
	x64_rm(&l->b, X64_lea, X64_RAX, x64_at(X64_RAX, -1));
	lo_put(l, o->d, X64_RAX);
}

void
lo_ABS(struct lo *l, const struct ir_op *o)
{
	if (o->d == IR_ZR)
		return;
	lo_clobber(l);
	lo_copy(l, X64_RAX, o->a, o->size == 3);
	x64_r(&l->b, X64_neg | lo_width(o), X64_RAX);
	lo_copy(l, X64_RCX, o->a, o->size == 3);
	x64_rr(&l->b, X64_CMOV(X64_CC_S) | lo_width(o), X64_RAX, X64_RCX);
	lo_put(l, o->d, X64_RAX);
}

/* Bits within bytes by three exchanges of neighbours, bytes by bswap. */
void
lo_RBIT(struct lo *l, const struct ir_op *o)
{
	static const uint64_t masks[3] = { 0x5555555555555555, 0x3333333333333333, 0x0f0f0f0f0f0f0f0f };
	enum x64_gpr third = X64_RDX;

	if (o->d == IR_ZR)
		return;
	lo_clobber(l);
	lo_copy(l, X64_RAX, o->a, o->size == 3);
	x64_r(&l->b, X64_bswap | lo_width(o), X64_RAX);
	uint32_t fix = lo_borrow(l, third);

	for (unsigned i = 0; i < 3; i++) {
		lo_const(l, X64_RCX, o->size == 3 ? masks[i] : (uint32_t)masks[i]);
		x64_rr(&l->b, X64_mov | X64_64, third, X64_RAX);
		x64_ri(&l->b, X64_shr | X64_64, third, 1 << i);
		x64_rr(&l->b, X64_and | X64_64, third, X64_RCX);
		x64_rr(&l->b, X64_and | X64_64, X64_RAX, X64_RCX);
		x64_ri(&l->b, X64_shl | X64_64, X64_RAX, 1 << i);
		x64_rr(&l->b, X64_or | X64_64, X64_RAX, third);
	}
	lo_return(l, third, fix);
	lo_put(l, o->d, X64_RAX);
}

void
lo_REV64(struct lo *l, const struct ir_op *o)
{
	if (o->d == IR_ZR)
		return;
	enum x64_gpr to = step_in(l, o);

	lo_copy(l, to, o->a, true);
	x64_r(&l->b, X64_bswap | X64_64, to);
	lo_put(l, o->d, to);
}

void
lo_REV32(struct lo *l, const struct ir_op *o)
{
	if (o->d == IR_ZR)
		return;
	enum x64_gpr to = step_in(l, o);

	lo_copy(l, to, o->a, o->size == 3);
	x64_r(&l->b, X64_bswap | lo_width(o), to);
	if (o->size == 3)
		x64_rri(&l->b, X64_rorx | X64_64, to, to, 32);
	lo_put(l, o->d, to);
}

/* Bytes of each half word: (x & m) << 8 | (x >> 8) & m. */
void
lo_REV16(struct lo *l, const struct ir_op *o)
{
	if (o->d == IR_ZR)
		return;
	lo_clobber(l);
	lo_const(l, X64_RCX, o->size == 3 ? 0x00ff00ff00ff00ff : 0x00ff00ff);
	lo_op_r(l, X64_and | X64_64, X64_RCX, o->a);
	lo_copy(l, X64_RAX, o->a, o->size == 3);
	x64_rr(&l->b, X64_xor | X64_64, X64_RAX, X64_RCX); /* the odd bytes */
	if (o->size == 2)
		x64_rr(&l->b, X64_mov, X64_RAX, X64_RAX);
	x64_ri(&l->b, X64_shr | X64_64, X64_RAX, 8);
	x64_ri(&l->b, X64_shl | X64_64, X64_RCX, 8);
	x64_rr(&l->b, X64_or | X64_64, X64_RAX, X64_RCX);
	lo_put(l, o->d, X64_RAX);
}
