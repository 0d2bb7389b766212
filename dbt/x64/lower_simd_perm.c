/* Lowering of Advanced SIMD: immediates, lanes, permutations, tables, order of bytes and bits. */
#include "dbt/x64/lower_simd.h"

void
lo_VMOVI(struct lo *l, const struct ir_op *o)
{
	enum x64_vec to = lo_vd(l, o->d);
	uint64_t high = o->flags & IR_Q ? o->imm : 0;

	if (o->imm == 0)
		x64_vvv(&l->b, X64_vpxor, to, to, to);
	else
		x64_vm(&l->b, X64_vmovdqa, to, lo_vconst(l, o->imm, high));
	lo_vput(l, o->d, to, high ? LO_WHOLE : LO_ZERO64);
}

/* ---- lanes ---- */

void
lo_VDUP(struct lo *l, const struct ir_op *o)
{
	static const enum lo_upper up[4] = { LO_LOW8, LO_LOW16, LO_LOW32, LO_LOW64 };
	enum x64_vec a = lo_v(l, o->a), to, t;

	if (o->flags & IR_ONE) {
		if (o->cond) {
			t = lo_vover(l, a);
			x64_vvi(&l->b, X64_vpsrldq, t, a, (uint8_t)(o->cond << o->size));
			a = t;
		}
		lo_vput(l, o->d, a, up[o->size]);
		return;
	}
	if (o->cond && o->size < 2) { /* two steps */
		t = lo_vover(l, a);
		x64_vvi(&l->b, X64_vpsrldq, t, a, (uint8_t)(o->cond << o->size));
		to = lo_vto(l, o, t);
		lo_vrepeat(l, to, t, o->size, 0);
	} else {
		to = lo_vto(l, o, a);
		lo_vrepeat(l, to, a, o->size, o->cond);
	}
	lo_vend(l, o, to);
}

void
lo_VDUPG(struct lo *l, const struct ir_op *o)
{
	static const lo_by_size from_general = { X64_vpbroadcastb_r, X64_vpbroadcastw_r, X64_vpbroadcastd_r, X64_vpbroadcastq_r };
	enum x64_gpr r;
	enum x64_vec to, t;

	if (o->flags & IR_ONE && o->size < 2) {
		lo_call(l, o);
		return;
	}
	r = lo_get(l, o->a, X64_RCX);
	to = o->flags & (IR_Q | IR_ONE) ? lo_vd(l, o->d) : lo_vtmp(l);
	if (o->flags & IR_ONE) {
		x64_vr(&l->b, o->size == 3 ? X64_vmovq_r : X64_vmovd, to, r);
	} else if (l->v4) {
		x64_vr(&l->b, from_general[o->size], to, r);
	} else {
		t = lo_vtmp(l);
		x64_vr(&l->b, o->size == 3 ? X64_vmovq_r : X64_vmovd, t, r);
		lo_vrepeat(l, to, t, o->size, 0);
	}
	lo_vput(l, o->d, to, o->flags & IR_ONE ? LO_ZERO64 : lo_upper_q(o));
}

static const lo_by_size extract = { X64_vpextrb, X64_vpextrw, X64_vpextrd, X64_vpextrq };

void
lo_VGET(struct lo *l, const struct ir_op *o)
{
	static const x64_op sign[3] = { X64_movsx_b, X64_movsx_w, X64_movsxd };
	enum x64_vec a = lo_v(l, o->a);
	bool is_signed = o->flags & IR_SIGN;
	enum x64_gpr to = lo_dst(l, o->d, X64_RCX), from = is_signed ? X64_RCX : to;

	if (o->size >= 2 && o->cond == 0)
		x64_rv(&l->b, o->size == 3 ? X64_vmovq_r : X64_vmovd, from, a);
	else
		x64_rvi(&l->b, extract[o->size], from, a, o->cond);
	if (is_signed)
		x64_rr(&l->b, o->size == 2 ? X64_movsxd : sign[o->size] | (o->flags & IR_X ? X64_64 : X64_32), to, from);
	lo_put(l, o->d, to);
}

/* Everything else of d stays: in place, by one instruction. */
void
lo_VINS(struct lo *l, const struct ir_op *o)
{
	enum x64_vec a = lo_v(l, o->a), d = lo_v(l, o->d);

	if (o->size == 2) {
		x64_vvvi(&l->b, X64_vinsertps, d, d, a, (uint8_t)(o->shift << 6 | o->cond << 4));
	} else if (o->size < 2) {
		x64_rvi(&l->b, extract[o->size], X64_RCX, a, o->shift);
		x64_vvri(&l->b, o->size ? X64_vpinsrw : X64_vpinsrb, d, d, X64_RCX, o->cond);
	} else if (o->cond == 0) {
		x64_vvvi(&l->b, X64_vshufpd, d, a, d, (uint8_t)(2 | o->shift));
	} else {
		x64_vvvi(&l->b, X64_vshufpd, d, d, a, (uint8_t)(o->shift << 1));
	}
	lo_vput(l, o->d, d, LO_WHOLE);
}

void
lo_VINSG(struct lo *l, const struct ir_op *o)
{
	static const lo_by_size insert = { X64_vpinsrb, X64_vpinsrw, X64_vpinsrd, X64_vpinsrq };
	enum x64_vec d = lo_v(l, o->d);

	x64_vvri(&l->b, insert[o->size], d, d, lo_get(l, o->a, X64_RCX), o->cond);
	lo_vput(l, o->d, d, LO_WHOLE);
}

/* ---- permutations ---- */

void
lo_vzip(struct lo *l, unsigned size, bool high, enum x64_vec to, enum x64_vec a, enum x64_vec b)
{
	static const lo_by_size insn[2] = {
		{ X64_vpunpcklbw, X64_vpunpcklwd, X64_vpunpckldq, X64_vpunpcklqdq },
		{ X64_vpunpckhbw, X64_vpunpckhwd, X64_vpunpckhdq, X64_vpunpckhqdq },
	};

	x64_vvv(&l->b, insn[high][size], to, a, b);
}

/* a:b of 64 bits each, as one register. */
static enum x64_vec
joined(struct lo *l, const struct ir_op *o)
{
	enum x64_vec a = lo_v(l, o->a), t = lo_vover(l, a);

	lo_vop(l, X64_vpunpcklqdq, t, a, o->b);
	return t;
}

void
lo_VEXT(struct lo *l, const struct ir_op *o)
{
	enum x64_vec a, t, to;

	if (o->flags & IR_Q) {
		a = lo_v(l, o->a);
		t = lo_v(l, o->b);
		to = lo_vto(l, o, a);
		x64_vvvi(&l->b, X64_vpalignr, to, t, a, (uint8_t)o->imm);
	} else {
		t = joined(l, o);
		to = o->imm ? t : lo_vto(l, o, t);
		if (o->imm)
			x64_vvi(&l->b, X64_vpsrldq, to, t, (uint8_t)o->imm);
	}
	lo_vend(l, o, to);
}

void
lo_VZIP(struct lo *l, const struct ir_op *o)
{
	enum x64_vec a = lo_v(l, o->a), b = lo_v(l, o->b), t, to;

	if (o->flags & IR_Q) {
		to = lo_vto(l, o, a);
		lo_vzip(l, o->size, o->cond, to, a, b);
		lo_vend(l, o, to);
		return;
	}
	t = lo_vover(l, a);
	lo_vzip(l, o->size, false, t, a, b);
	if (o->cond == 0) {
		lo_vend(l, o, t);
		return;
	}
	to = lo_vto_zero(l, o, t);
	x64_vvi(&l->b, X64_vpsrldq, to, t, 8);
	lo_vend_zero(l, o, to);
}

/* Indices for vpshufb: the even (odd: +1) elements of 16 bytes, in 8. */
static uint64_t
every_other(unsigned size, bool odd)
{
	uint64_t at = 0;
	unsigned bytes = 1u << size;

	for (unsigned i = 8; i-- > 0;)
		at = at << 8 | ((i / bytes * 2 + odd) * bytes + i % bytes);
	return at;
}

void
lo_VUZP(struct lo *l, const struct ir_op *o)
{
	uint64_t at = every_other(o->size < 2 ? o->size : 0, o->cond);
	enum x64_vec a, b, t, u, to;

	if (!(o->flags & IR_Q)) {
		a = joined(l, o);
		to = lo_vto_zero(l, o, a);
		x64_vvm(&l->b, X64_vpshufb, to, a, lo_vconst(l, every_other(o->size, o->cond), 0x8080808080808080));
		lo_vend_zero(l, o, to);
		return;
	}
	a = lo_v(l, o->a);
	b = lo_v(l, o->b);
	to = lo_vto(l, o, b);
	if (o->size == 3) {
		lo_vzip(l, 3, o->cond, to, a, b);
	} else if (o->size == 2) {
		x64_vvvi(&l->b, X64_vshufps, to, a, b, o->cond ? 0xdd : 0x88);
	} else {
		t = lo_vtmp(l);
		u = a == b ? t : lo_vover(l, b);
		x64_vvm(&l->b, X64_vpshufb, t, a, lo_vconst(l, at, at));
		if (u != t)
			x64_vvm(&l->b, X64_vpshufb, u, b, lo_vconst(l, at, at));
		lo_vzip(l, 3, false, to, t, u);
	}
	lo_vend(l, o, to);
}

/* Words and less: one source moved by an element, and what is wanted of both taken by a mask. */
static enum x64_vec
transposed(struct lo *l, const struct ir_op *o, enum x64_vec a, enum x64_vec b)
{
	static const x64_op shl[2] = { X64_vpsllw_i, X64_vpslld_i }, shr[2] = { X64_vpsrlw_i, X64_vpsrld_i };
	enum { SECOND_WHERE_THIRD = 0xd8 };
	uint64_t even = o->size ? 0x0000ffff0000ffff : 0x00ff00ff00ff00ff, keep = o->cond ? ~even : even;
	enum x64_vec stays = o->cond ? b : a, moves = o->cond ? a : b, t = lo_vover(l, moves), u;

	x64_vvi(&l->b, o->cond ? shr[o->size] : shl[o->size], t, moves, (uint8_t)(8u << o->size));
	if (l->v4) {
		x64_vvmi(&l->b, X64_vpternlogd, t, stays, lo_vconst(l, keep, keep), SECOND_WHERE_THIRD);
	} else {
		u = lo_vtmp(l);
		lo_vop_const(l, X64_vpand, u, stays, keep);
		x64_vvv(&l->b, X64_vpor, t, t, u);
	}
	return t;
}

void
lo_VTRN(struct lo *l, const struct ir_op *o)
{
	enum x64_vec a = lo_v(l, o->a), b = lo_v(l, o->b), t, to;

	if (o->size == 3) {
		to = lo_vto(l, o, a);
		lo_vzip(l, 3, o->cond, to, a, b);
	} else if (o->size == 2) {
		t = lo_vover(l, a);
		x64_vvvi(&l->b, X64_vshufps, t, a, b, o->cond ? 0xdd : 0x88);
		to = lo_vto(l, o, t);
		x64_vvi(&l->b, X64_vpshufd, to, t, 0xd8);
	} else {
		to = transposed(l, o, a, b);
	}
	lo_vend(l, o, to);
}

/* ---- tables ---- */

/* One register: indices above 15 get bit 7 by a saturating sum, for which vpshufb makes zero. */
static void
table_of_one(struct lo *l, const struct ir_op *o)
{
	enum x64_vec b = lo_v(l, o->b), t = lo_vover(l, b), a, to;

	lo_vop_const(l, X64_vpaddusb, t, b, 0x7070707070707070);
	a = lo_v(l, o->a);
	to = lo_vto(l, o, t);
	x64_vvv(&l->b, X64_vpshufb, to, a, t);
	lo_vend(l, o, to);
}

/* Two: the same with indices moved by 16 for the second, turned so that those of the first saturate. */
static void
table_of_two(struct lo *l, const struct ir_op *o)
{
	enum x64_vec b = lo_v(l, o->b), t = lo_vtmp(l), u = lo_vover(l, b), to;
	unsigned second = (o->a + 1u) % 32;
	enum x64_vec v;

	lo_vop_const(l, X64_vpaddusb, t, b, 0x7070707070707070);
	v = lo_v(l, o->a);
	x64_vvv(&l->b, X64_vpshufb, t, v, t);
	if (lo_v_is_scratch(l, v))
		lo_vfree(l, v);
	/* b - 16: below 16 it wraps above 0xf0 and keeps bit 7 in the saturating sum */
	lo_vop_const(l, X64_vpsubb, u, b, 0x1010101010101010);
	lo_vop_const(l, X64_vpaddusb, u, u, 0x7070707070707070);
	v = lo_v(l, second);
	x64_vvv(&l->b, X64_vpshufb, u, v, u);
	to = lo_vto(l, o, t);
	x64_vvv(&l->b, X64_vpor, to, t, u);
	lo_vend(l, o, to);
}

void
lo_VTBL(struct lo *l, const struct ir_op *o)
{
	if (o->cond == 0)
		table_of_one(l, o);
	else if (o->cond == 1)
		table_of_two(l, o);
	else
		lo_call(l, o);
}

/* ---- bytes and bits ---- */

void
lo_VREV(struct lo *l, const struct ir_op *o)
{
	enum x64_vec a = lo_v(l, o->a), to = lo_vto(l, o, a);
	unsigned turn = ((1u << (o->cond - o->size)) - 1) << o->size;
	uint64_t at = 0;

	for (unsigned i = 8; i-- > 0;)
		at = at << 8 | (i ^ turn);
	x64_vvm(&l->b, X64_vpshufb, to, a, lo_vconst(l, at, at + 0x0808080808080808));
	lo_vend(l, o, to);
}

/* By nibbles: two tables of 16 bytes, looked up and joined. */
static void
by_nibbles(struct lo *l, const struct ir_op *o, const uint64_t low[2], const uint64_t high[2], x64_op join)
{
	enum x64_vec a = lo_v(l, o->a), t = lo_vtmp(l), u = lo_vtmp(l), table, to;

	lo_vop_const(l, X64_vpand, t, a, 0x0f0f0f0f0f0f0f0f);
	x64_vvi(&l->b, X64_vpsrlw_i, u, a, 4);
	table = lo_vover(l, a);
	lo_vop_const(l, X64_vpand, u, u, 0x0f0f0f0f0f0f0f0f);
	x64_vm(&l->b, X64_vmovdqa, table, lo_vconst(l, low[0], low[1]));
	x64_vvv(&l->b, X64_vpshufb, t, table, t);
	if (high != low)
		x64_vm(&l->b, X64_vmovdqa, table, lo_vconst(l, high[0], high[1]));
	x64_vvv(&l->b, X64_vpshufb, u, table, u);
	to = lo_vto(l, o, t);
	x64_vvv(&l->b, join, to, t, u);
	lo_vend(l, o, to);
}

void
lo_VCNT(struct lo *l, const struct ir_op *o)
{
	static const uint64_t bits[2] = { 0x0302020102010100, 0x0403030203020201 };

	by_nibbles(l, o, bits, bits, X64_vpaddb);
}

void
lo_VRBIT(struct lo *l, const struct ir_op *o)
{
	static const uint64_t low[2] = { 0xe060a020c0408000, 0xf070b030d0509010 }, high[2] = { 0x0e060a020c040800, 0x0f070b030d050901 };

	by_nibbles(l, o, low, high, X64_vpor);
}
