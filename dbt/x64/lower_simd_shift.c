/* Lowering of Advanced SIMD shifts: by immediate, by register, wider and narrower. */
#include "dbt/x64/lower_simd.h"

static const lo_by_size left = { 0, X64_vpsllw_i, X64_vpslld_i, X64_vpsllq_i };
static const lo_by_size right = { 0, X64_vpsrlw_i, X64_vpsrld_i, X64_vpsrlq_i };
static const lo_by_size right_sign = { 0, X64_vpsraw_i, X64_vpsrad_i, X64_vpsraq_i };

static inline unsigned
width(unsigned size)
{
	return 8u << size;
}

/* Bytes are shifted as words, and what came over from the neighbour is cleared. */
void
lo_vshl(struct lo *l, unsigned size, enum x64_vec to, enum x64_vec a, unsigned n)
{
	enum x64_vec t;

	if (size > 0) {
		x64_vvi(&l->b, left[size], to, a, (uint8_t)n);
		return;
	}
	t = lo_vtmp(l);
	x64_vvi(&l->b, X64_vpsllw_i, t, a, (uint8_t)n);
	lo_vop_const(l, X64_vpand, to, t, lo_each(0, 0xffu << n & 0xff));
	lo_vfree(l, t);
}

/* Sign bits back in: (x ^ m) - m with m the place of the sign. */
static void
bytes_right(struct lo *l, bool is_signed, enum x64_vec to, enum x64_vec a, unsigned n)
{
	enum x64_vec t = lo_vtmp(l);

	x64_vvi(&l->b, X64_vpsrlw_i, t, a, (uint8_t)n);
	if (!is_signed) {
		lo_vop_const(l, X64_vpand, to, t, lo_each(0, 0xffu >> n));
	} else {
		lo_vop_const(l, X64_vpand, t, t, lo_each(0, 0xffu >> n));
		lo_vop_const(l, X64_vpxor, t, t, lo_each(0, 0x80u >> n));
		lo_vop_const(l, X64_vpsubb, to, t, lo_each(0, 0x80u >> n));
	}
	lo_vfree(l, t);
}

void
lo_vshr(struct lo *l, unsigned size, unsigned flags, enum x64_vec to, enum x64_vec a, unsigned n)
{
	bool is_signed = flags & IR_SIGN;
	enum x64_vec t;

	if (size == 0) {
		bytes_right(l, is_signed, to, a, n);
	} else if (!is_signed || size < 3 || l->v4) {
		x64_vvi(&l->b, (is_signed ? right_sign : right)[size], to, a, (uint8_t)n);
	} else { /* AVX2 has no vpsraq */
		t = lo_vtmp(l);
		x64_vvi(&l->b, X64_vpsrlq_i, t, a, (uint8_t)n);
		lo_vop_const(l, X64_vpxor, t, t, 1ull << (63 - n));
		lo_vop_const(l, X64_vpsubq, to, t, 1ull << (63 - n));
		lo_vfree(l, t);
	}
}

/* ---- by immediate, of one size ---- */

void
lo_VSHLI(struct lo *l, const struct ir_op *o)
{
	enum x64_vec a = lo_v(l, o->a), to;

	if (!(o->flags & IR_Q) && lo_v_clean(l, o)) {
		to = lo_vto_zero(l, o, a);
		lo_vshl(l, o->size, to, a, (unsigned)o->imm);
		lo_vend_zero(l, o, to);
		return;
	}
	to = lo_vto(l, o, a);
	lo_vshl(l, o->size, to, a, (unsigned)o->imm);
	lo_vend(l, o, to);
}

/* Right by o->imm into @to: 1 to the width, which leaves zeros or signs. */
static void
right_by_imm(struct lo *l, const struct ir_op *o, enum x64_vec to, enum x64_vec a)
{
	unsigned n = (unsigned)o->imm;

	if (n == width(o->size) && !(o->flags & IR_SIGN))
		x64_vvv(&l->b, X64_vpxor, to, to, to);
	else
		lo_vshr(l, o->size, o->flags, to, a, n == width(o->size) ? n - 1 : n);
}

void
lo_VSHRI(struct lo *l, const struct ir_op *o)
{
	enum x64_vec a = lo_v(l, o->a), to;

	if (!(o->flags & IR_Q) && lo_v_clean(l, o)) {
		to = lo_vto_zero(l, o, a);
		right_by_imm(l, o, to, a);
		lo_vend_zero(l, o, to);
		return;
	}
	to = lo_vto(l, o, a);
	right_by_imm(l, o, to, a);
	lo_vend(l, o, to);
}

void
lo_VSRAI(struct lo *l, const struct ir_op *o)
{
	enum x64_vec a = lo_v(l, o->a), t = lo_vover(l, a), to;

	right_by_imm(l, o, t, a);
	to = lo_vto(l, o, t);
	lo_vop(l, lo_vadd_insn[o->size], to, t, o->d);
	lo_vend(l, o, to);
}

/* The highest bit that is shifted out, as 0 or 1 in each element. */
static void
rounding_bit(struct lo *l, const struct ir_op *o, enum x64_vec t, enum x64_vec a)
{
	unsigned n = (unsigned)o->imm, w = width(o->size);

	if (o->size == 0) {
		x64_vvi(&l->b, X64_vpsrlw_i, t, a, (uint8_t)(n - 1));
		lo_vop_const(l, X64_vpand, t, t, lo_each(0, 1));
		return;
	}
	if (n < w) {
		x64_vvi(&l->b, left[o->size], t, a, (uint8_t)(w - n));
		a = t;
	}
	x64_vvi(&l->b, right[o->size], t, a, (uint8_t)(w - 1));
}

void
lo_VRSHRI(struct lo *l, const struct ir_op *o)
{
	enum x64_vec a = lo_v(l, o->a), t = lo_vtmp(l), u, to;

	rounding_bit(l, o, t, a);
	u = lo_vover(l, a);
	right_by_imm(l, o, u, a);
	to = lo_vto(l, o, t);
	x64_vvv(&l->b, lo_vadd_insn[o->size], to, t, u);
	lo_vend(l, o, to);
}

void
lo_VRSRAI(struct lo *l, const struct ir_op *o)
{
	enum x64_vec a = lo_v(l, o->a), t = lo_vtmp(l), u, to;

	rounding_bit(l, o, t, a);
	u = lo_vover(l, a);
	right_by_imm(l, o, u, a);
	x64_vvv(&l->b, lo_vadd_insn[o->size], t, t, u);
	to = lo_vto(l, o, t);
	lo_vop(l, lo_vadd_insn[o->size], to, t, o->d);
	lo_vend(l, o, to);
}

/* d where @keep has ones, else a shifted. */
static void
insert(struct lo *l, const struct ir_op *o, bool to_left, uint64_t keep)
{
	enum { SECOND_WHERE_THIRD = 0xd8 };
	enum x64_vec a = lo_v(l, o->a), t = lo_vover(l, a), d, to;

	if (o->imm == width(o->size))
		x64_vvv(&l->b, X64_vpxor, t, t, t);
	else if (o->size == 0)
		x64_vvi(&l->b, to_left ? X64_vpsllw_i : X64_vpsrlw_i, t, a, (uint8_t)o->imm);
	else
		x64_vvi(&l->b, (to_left ? left : right)[o->size], t, a, (uint8_t)o->imm);
	d = lo_v(l, o->d);
	if (l->v4) {
		x64_vvmi(&l->b, X64_vpternlogd, t, d, lo_vconst(l, keep, keep), SECOND_WHERE_THIRD);
		lo_vend(l, o, t);
		return;
	}
	enum x64_vec u = lo_vover(l, d);

	if (o->size == 0 && o->imm < 8)
		lo_vop_const(l, X64_vpand, t, t, ~keep);
	lo_vop_const(l, X64_vpand, u, d, keep);
	to = lo_vto(l, o, t);
	x64_vvv(&l->b, X64_vpor, to, t, u);
	lo_vend(l, o, to);
}

void
lo_VSLI(struct lo *l, const struct ir_op *o)
{
	insert(l, o, true, lo_each(o->size, (1ull << o->imm) - 1));
}

void
lo_VSRI(struct lo *l, const struct ir_op *o)
{
	unsigned w = width(o->size);
	uint64_t all = ~0ull >> (64 - w);

	insert(l, o, false, lo_each(o->size, o->imm == w ? all : all & ~(all >> o->imm)));
}

/* ---- by register ---- */

/*
 * Left by the signed low byte of each element of b, right when negative.  vpsllv and vpsrlv make zero of counts at or beyond
 * the width, and a negative number is such a count: both are done, and one of them is zero but for equal results at 0.
 */
static void
by_register(struct lo *l, const struct ir_op *o)
{
	static const lo_by_size shl = { 0, X64_vpsllvw, X64_vpsllvd, X64_vpsllvq }, shr = { 0, X64_vpsrlvw, X64_vpsrlvd, X64_vpsrlvq };
	static const lo_by_size sub = { 0, X64_vpsubw, X64_vpsubd, X64_vpsubq };
	enum x64_vec a = lo_v(l, o->a), b = lo_v(l, o->b), t = lo_vover(l, b), u = lo_vtmp(l), to;
	unsigned places = width(o->size) - 8;

	/* the low byte, sign-extended: a 64-bit one by way of 32, where only the sign's bits above are missing */
	x64_vvi(&l->b, left[o->size], t, b, (uint8_t)places);
	lo_vshr(l, o->size, IR_SIGN, t, t, places);
	x64_vvv(&l->b, X64_vpxor, u, u, u);
	x64_vvv(&l->b, sub[o->size], u, u, t);
	x64_vvv(&l->b, shr[o->size], u, a, u);
	x64_vvv(&l->b, shl[o->size], t, a, t);
	to = lo_vto(l, o, t);
	x64_vvv(&l->b, X64_vpor, to, t, u);
	lo_vend(l, o, to);
}

/* With signs: the right shift where the count is negative. */
static void
by_register_signed(struct lo *l, const struct ir_op *o)
{
	static const lo_by_size shl = { 0, X64_vpsllvw, X64_vpsllvd, X64_vpsllvq }, sar = { 0, X64_vpsravw, X64_vpsravd, X64_vpsravq };
	static const lo_by_size sub = { 0, X64_vpsubw, X64_vpsubd, X64_vpsubq }, sign = { 0, X64_vpmovw2m, X64_vpmovd2m, X64_vpmovq2m };
	enum x64_vec a = lo_v(l, o->a), b = lo_v(l, o->b), t = lo_vover(l, b), u = lo_vtmp(l), to;
	unsigned places = width(o->size) - 8;

	x64_vvi(&l->b, left[o->size], t, b, (uint8_t)places);
	lo_vshr(l, o->size, IR_SIGN, t, t, places);
	x64_vvv(&l->b, X64_vpxor, u, u, u);
	x64_vvv(&l->b, sub[o->size], u, u, t);
	if (l->v4) {
		x64_kv(&l->b, sign[o->size], X64_K1, t);
		x64_vvv(&l->b, shl[o->size], t, a, t);
		x64_vvv(&l->b, sar[o->size] | X64_K(1), t, a, u);
		lo_vend(l, o, t);
		return;
	}
	x64_vvv(&l->b, sar[o->size], u, a, u);
	to = lo_vtmp(l);
	x64_vvv(&l->b, shl[o->size], to, a, t);
	x64_vvvv(&l->b, X64_vblendvps, t, to, u, t);
	lo_vend(l, o, t);
}

void
lo_VSHLV(struct lo *l, const struct ir_op *o)
{
	bool is_signed = o->flags & IR_SIGN;

	if (o->size == 0 || (!l->v4 && (o->size == 1 || (o->size == 3 && is_signed))))
		lo_call(l, o);
	else if (is_signed)
		by_register_signed(l, o);
	else
		by_register(l, o);
}

/* ---- wider, narrower ---- */

void
lo_VSHLLI(struct lo *l, const struct ir_op *o)
{
	static const x64_op extend[2][3] = { { X64_vpmovzxbw, X64_vpmovzxwd, X64_vpmovzxdq }, { X64_vpmovsxbw, X64_vpmovsxwd, X64_vpmovsxdq } };
	enum x64_vec a = lo_v(l, o->a), to = lo_vd(l, o->d), t = o->imm ? lo_vover(l, a) : to, low = a;

	if (o->flags & IR_HIGH) {
		low = lo_vover(l, a);
		x64_vvi(&l->b, X64_vpshufd, low, a, 0xee);
	}
	x64_vv(&l->b, extend[(o->flags & IR_SIGN) != 0][o->size], t, low);
	if (o->imm)
		x64_vvi(&l->b, left[o->size + 1], to, t, (uint8_t)o->imm);
	lo_vput(l, o->d, to, LO_WHOLE);
}

/* Bytes @first on of each element of twice the size, gathered in the lower half. */
static void
gather(struct lo *l, unsigned size, unsigned first, enum x64_vec to, enum x64_vec a)
{
	uint64_t at = 0;
	unsigned bytes = 1u << size;

	for (unsigned i = 8; i-- > 0;)
		at = at << 8 | (i / bytes * 2 * bytes + i % bytes + first);
	x64_vvm(&l->b, X64_vpshufb, to, a, lo_vconst(l, at, 0x8080808080808080));
}

/* Narrow results of @a into the lower half of d and clear the upper, or into the upper half. */
static void
narrow_end(struct lo *l, const struct ir_op *o, unsigned first, enum x64_vec a)
{
	enum x64_vec t, d, to;

	if (!(o->flags & IR_HIGH)) {
		to = lo_vto_zero(l, o, a);
		gather(l, o->size, first, to, a);
		lo_vput(l, o->d, to, LO_ZERO64);
		return;
	}
	t = lo_vover(l, a);
	gather(l, o->size, first, t, a);
	d = lo_v(l, o->d);
	to = l->vhome[o->d] != LO_SLOT ? d : t;
	x64_vvv(&l->b, X64_vpunpcklqdq, to, d, t);
	lo_vput(l, o->d, to, LO_WHOLE);
}

void
lo_VXTN(struct lo *l, const struct ir_op *o)
{
	narrow_end(l, o, 0, lo_v(l, o->a));
}

void
lo_VSHRNI(struct lo *l, const struct ir_op *o)
{
	enum x64_vec a = lo_v(l, o->a), t;
	unsigned n = (unsigned)o->imm, wide = o->size + 1u;

	if (o->cond & IR_SHRN_ROUND) {
		t = lo_vover(l, a);
		lo_vop_const(l, lo_vadd_insn[wide], t, a, lo_each(wide, 1ull << (n - 1)));
		a = t;
	}
	if (n % 8 == 0) {
		narrow_end(l, o, n / 8, a);
		return;
	}
	t = lo_vover(l, a);
	x64_vvi(&l->b, right[wide], t, a, (uint8_t)n);
	narrow_end(l, o, 0, t);
}

/* The upper halves of sums or differences of the wider elements. */
static void
high_half(struct lo *l, const struct ir_op *o, const lo_by_size insn, bool round)
{
	enum x64_vec a = lo_v(l, o->a), t = lo_vover(l, a);
	unsigned wide = o->size + 1u;

	lo_vop(l, insn[wide], t, a, o->b);
	if (round)
		lo_vop_const(l, lo_vadd_insn[wide], t, t, lo_each(wide, 1ull << (width(o->size) - 1)));
	narrow_end(l, o, 1u << o->size, t);
}

void
lo_VADDHN(struct lo *l, const struct ir_op *o)
{
	high_half(l, o, lo_vadd_insn, false);
}

void
lo_VSUBHN(struct lo *l, const struct ir_op *o)
{
	high_half(l, o, lo_vsub_insn, false);
}

void
lo_VRADDHN(struct lo *l, const struct ir_op *o)
{
	high_half(l, o, lo_vadd_insn, true);
}

void
lo_VRSUBHN(struct lo *l, const struct ir_op *o)
{
	high_half(l, o, lo_vsub_insn, true);
}
