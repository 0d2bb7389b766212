/* Lowering of Advanced SIMD: results twice as wide as what they are made of, pairs of neighbours, whole vectors. */
#include "dbt/x64/lower_simd.h"

/* ---- wider elements ---- */

/* The half of V<v> that the operation works on, its elements made twice as wide. */
static enum x64_vec
widened(struct lo *l, const struct ir_op *o, enum x64_vec v)
{
	static const x64_op extend[2][3] = { { X64_vpmovzxbw, X64_vpmovzxwd, X64_vpmovzxdq }, { X64_vpmovsxbw, X64_vpmovsxwd, X64_vpmovsxdq } };
	enum x64_vec t = lo_vover(l, v);

	if (o->flags & IR_HIGH) {
		x64_vvi(&l->b, X64_vpshufd, t, v, 0xee);
		v = t;
	}
	x64_vv(&l->b, extend[(o->flags & IR_SIGN) != 0][o->size], t, v);
	return t;
}

static void
sum_long(struct lo *l, const struct ir_op *o, const lo_by_size insn, bool wide_a)
{
	enum x64_vec a = lo_v(l, o->a), b, to;

	if (!wide_a)
		a = widened(l, o, a);
	b = widened(l, o, lo_v(l, o->b));
	to = l->vhome[o->d] != LO_SLOT ? (enum x64_vec)l->vhome[o->d] : b;
	x64_vvv(&l->b, insn[o->size + 1], to, a, b);
	lo_vput(l, o->d, to, LO_WHOLE);
}

void
lo_VADDL(struct lo *l, const struct ir_op *o)
{
	sum_long(l, o, lo_vadd_insn, false);
}

void
lo_VSUBL(struct lo *l, const struct ir_op *o)
{
	sum_long(l, o, lo_vsub_insn, false);
}

void
lo_VADDW(struct lo *l, const struct ir_op *o)
{
	sum_long(l, o, lo_vadd_insn, true);
}

void
lo_VSUBW(struct lo *l, const struct ir_op *o)
{
	sum_long(l, o, lo_vsub_insn, true);
}

/* Products into @to, which is the last to be written. */
static void
product_long(struct lo *l, const struct ir_op *o, enum x64_vec to, enum x64_vec a, enum x64_vec b)
{
	bool is_signed = o->flags & IR_SIGN, high = o->flags & IR_HIGH;
	enum x64_vec t, u;

	if (o->size == 1) { /* both halves of the products, joined */
		t = lo_vtmp(l);
		u = lo_vover(l, b);
		x64_vvv(&l->b, X64_vpmullw, t, a, b);
		x64_vvv(&l->b, is_signed ? X64_vpmulhw : X64_vpmulhuw, u, a, b);
		lo_vzip(l, 1, high, to, t, u);
		lo_vfree(l, t);
		if (u != b)
			lo_vfree(l, u);
		return;
	}
	if (o->size == 0) {
		t = widened(l, o, a);
		u = widened(l, o, b);
		x64_vvv(&l->b, X64_vpmullw, to, t, u);
	} else { /* the even ones of four count */
		t = lo_vover(l, a);
		u = lo_vover(l, b);
		x64_vvi(&l->b, X64_vpshufd, t, a, high ? 0xfa : 0x50);
		x64_vvi(&l->b, X64_vpshufd, u, b, high ? 0xfa : 0x50);
		x64_vvv(&l->b, is_signed ? X64_vpmuldq : X64_vpmuludq, to, t, u);
	}
	if (t != a)
		lo_vfree(l, t);
	if (u != b)
		lo_vfree(l, u);
}

void
lo_VMULL(struct lo *l, const struct ir_op *o)
{
	enum x64_vec a = lo_v(l, o->a), b = lo_vb(l, o), to = lo_vd(l, o->d);

	product_long(l, o, to, a, b);
	lo_vput(l, o->d, to, LO_WHOLE);
}

static void
multiply_add_long(struct lo *l, const struct ir_op *o, const lo_by_size insn)
{
	enum x64_vec a = lo_v(l, o->a), b = lo_vb(l, o), t = lo_vover(l, b), d, to;

	product_long(l, o, t, a, b);
	if (lo_v_is_scratch(l, a))
		lo_vfree(l, a);
	d = lo_v(l, o->d);
	to = l->vhome[o->d] != LO_SLOT ? d : t;
	x64_vvv(&l->b, insn[o->size + 1], to, d, t);
	lo_vput(l, o->d, to, LO_WHOLE);
}

void
lo_VMLAL(struct lo *l, const struct ir_op *o)
{
	multiply_add_long(l, o, lo_vadd_insn);
}

void
lo_VMLSL(struct lo *l, const struct ir_op *o)
{
	multiply_add_long(l, o, lo_vsub_insn);
}

/* |a - b| has no sign: made of narrow elements, then widened. */
static enum x64_vec
distance_long(struct lo *l, const struct ir_op *o)
{
	struct ir_op unsigned_op = *o;
	bool s = o->flags & IR_SIGN;
	enum x64_vec a = lo_v(l, o->a), t = lo_vtmp(l), u = lo_vover(l, a);

	lo_vop(l, (s ? lo_vmaxs_insn : lo_vmaxu_insn)[o->size], t, a, o->b);
	lo_vop(l, (s ? lo_vmins_insn : lo_vminu_insn)[o->size], u, a, o->b);
	x64_vvv(&l->b, lo_vsub_insn[o->size], t, t, u);
	lo_vfree(l, u);
	unsigned_op.flags &= (uint8_t)~IR_SIGN;
	return widened(l, &unsigned_op, t);
}

void
lo_VABDL(struct lo *l, const struct ir_op *o)
{
	lo_vput(l, o->d, distance_long(l, o), LO_WHOLE);
}

void
lo_VABAL(struct lo *l, const struct ir_op *o)
{
	enum x64_vec t = distance_long(l, o), to = l->vhome[o->d] != LO_SLOT ? (enum x64_vec)l->vhome[o->d] : t;

	lo_vop(l, lo_vadd_insn[o->size + 1], to, t, o->d);
	lo_vput(l, o->d, to, LO_WHOLE);
}

/* ---- sums of neighbours, wider ---- */

/* The last instruction writes @to, which may be @a only when that is scratch. */
static void
pairs_long(struct lo *l, const struct ir_op *o, enum x64_vec to, enum x64_vec a)
{
	bool is_signed = o->flags & IR_SIGN;
	unsigned size = o->size, half = 8u << size;
	static const lo_by_size shl = { 0, X64_vpsllw_i, X64_vpslld_i, X64_vpsllq_i };
	enum x64_vec t = lo_vtmp(l), u;

	if (size == 0 && !is_signed) {
		lo_vop_const(l, X64_vpmaddubsw, to, a, lo_each(0, 1));
	} else if (size == 0) {
		x64_vm(&l->b, X64_vmovdqa, t, lo_vconst(l, lo_each(0, 1), lo_each(0, 1)));
		x64_vvv(&l->b, X64_vpmaddubsw, to, t, a);
	} else if (size == 1 && is_signed) {
		lo_vop_const(l, X64_vpmaddwd, to, a, lo_each(1, 1));
	} else {
		u = lo_vover(l, a);
		lo_vshr(l, size + 1, o->flags, t, a, half);
		if (is_signed) {
			x64_vvi(&l->b, shl[size + 1], u, a, (uint8_t)half);
			lo_vshr(l, size + 1, o->flags, u, u, half);
		} else {
			lo_vop_const(l, X64_vpand, u, a, size == 1 ? 0x0000ffff0000ffff : 0x00000000ffffffff);
		}
		x64_vvv(&l->b, lo_vadd_insn[size + 1], to, t, u);
		if (u != a)
			lo_vfree(l, u);
	}
	lo_vfree(l, t);
}

void
lo_VADDLP(struct lo *l, const struct ir_op *o)
{
	enum x64_vec a = lo_v(l, o->a), to = lo_vto(l, o, a);

	pairs_long(l, o, to, a);
	lo_vend(l, o, to);
}

void
lo_VADALP(struct lo *l, const struct ir_op *o)
{
	enum x64_vec a = lo_v(l, o->a), t = lo_vover(l, a), to;

	pairs_long(l, o, t, a);
	to = lo_vto(l, o, t);
	lo_vop(l, lo_vadd_insn[o->size + 1], to, t, o->d);
	lo_vend(l, o, to);
}

/* ---- neighbours ---- */

/* The even elements of @a and then @b, and the odd ones; the sources are lost if they are scratch. */
static void
split(struct lo *l, unsigned size, enum x64_vec *ret_even, enum x64_vec *ret_odd, enum x64_vec a, enum x64_vec b)
{
	/* vpshufb: evens below, odds above */
	static const uint64_t at[2][2] = { { 0x0e0c0a0806040200, 0x0f0d0b0907050301 }, { 0x0d0c090805040100, 0x0f0e0b0a07060302 } };
	enum x64_vec even = lo_vtmp(l), odd = lo_vover(l, a), t = b;

	if (size < 2) {
		struct x64_mem places = lo_vconst(l, at[size][0], at[size][1]);

		if (a != b) {
			t = lo_vover(l, b);
			x64_vvm(&l->b, X64_vpshufb, t, b, places);
		}
		x64_vvm(&l->b, X64_vpshufb, odd, a, places);
		if (a == b)
			t = odd;
		lo_vzip(l, 3, false, even, odd, t);
		lo_vzip(l, 3, true, odd, odd, t);
	} else if (size == 2) {
		x64_vvvi(&l->b, X64_vshufps, even, a, b, 0x88);
		x64_vvvi(&l->b, X64_vshufps, odd, a, b, 0xdd);
	} else {
		lo_vzip(l, 3, false, even, a, b);
		lo_vzip(l, 3, true, odd, a, b);
	}
	*ret_even = even;
	*ret_odd = odd;
}

static void
pairs(struct lo *l, const struct ir_op *o, x64_op insn)
{
	enum x64_vec a = lo_v(l, o->a), b = a, t, u, to;

	if (!(o->flags & (IR_Q | IR_ONE))) {
		t = lo_vover(l, a);
		lo_vop(l, X64_vpunpcklqdq, t, a, o->b);
		a = b = t;
	} else if (o->a != o->b) {
		b = lo_v(l, o->b);
	}
	split(l, o->size, &t, &u, a, b);
	to = lo_vto(l, o, t);
	x64_vvv(&l->b, insn, to, t, u);
	lo_vend(l, o, to);
}

void
lo_VADDP(struct lo *l, const struct ir_op *o)
{
	pairs(l, o, lo_vadd_insn[o->size]);
}

void
lo_VMAXP(struct lo *l, const struct ir_op *o)
{
	pairs(l, o, (o->flags & IR_SIGN ? lo_vmaxs_insn : lo_vmaxu_insn)[o->size]);
}

void
lo_VMINP(struct lo *l, const struct ir_op *o)
{
	pairs(l, o, (o->flags & IR_SIGN ? lo_vmins_insn : lo_vminu_insn)[o->size]);
}

/* ---- whole vectors ---- */

static const enum lo_upper one_element[4] = { LO_LOW8, LO_LOW16, LO_LOW32, LO_LOW64 };

/* Halves with one another until one element is left; what lies above it is not the result. */
static void
across(struct lo *l, const struct ir_op *o, x64_op insn)
{
	enum x64_vec a = lo_v(l, o->a), t = lo_vover(l, a), u = lo_vtmp(l);

	if (o->flags & IR_Q) {
		x64_vvi(&l->b, X64_vpshufd, u, a, 0xee);
		x64_vvv(&l->b, insn, t, a, u);
		a = t;
	}
	x64_vvi(&l->b, X64_vpshufd, u, a, 0x55);
	x64_vvv(&l->b, insn, t, a, u);
	if (o->size < 2) {
		x64_vvi(&l->b, X64_vpsrld_i, u, t, 16);
		x64_vvv(&l->b, insn, t, t, u);
	}
	if (o->size < 1) {
		x64_vvi(&l->b, X64_vpsrlw_i, u, t, 8);
		x64_vvv(&l->b, insn, t, t, u);
	}
	lo_vput(l, o->d, t, one_element[o->size]);
}

void
lo_VMAXV(struct lo *l, const struct ir_op *o)
{
	across(l, o, (o->flags & IR_SIGN ? lo_vmaxs_insn : lo_vmaxu_insn)[o->size]);
}

void
lo_VMINV(struct lo *l, const struct ir_op *o)
{
	across(l, o, (o->flags & IR_SIGN ? lo_vmins_insn : lo_vminu_insn)[o->size]);
}

/* Sums of eight bytes each (vpsadbw); signed ones are taken 128 higher. */
static enum x64_vec
sum_of_bytes(struct lo *l, const struct ir_op *o)
{
	bool is_signed = o->flags & IR_SIGN, q = o->flags & IR_Q;
	enum x64_vec a = lo_v(l, o->a), t = lo_vover(l, a), u;

	if (is_signed) {
		lo_vop_const(l, X64_vpxor, t, a, lo_each(0, 0x80));
		a = t;
	}
	lo_vop_const(l, X64_vpsadbw, t, a, 0);
	if (q) {
		u = lo_vtmp(l);
		x64_vvi(&l->b, X64_vpshufd, u, t, 0xee);
		x64_vvv(&l->b, X64_vpaddd, t, t, u);
		lo_vfree(l, u);
	}
	if (is_signed)
		lo_vop_const(l, X64_vpsubd, t, t, q ? 16 * 128 : 8 * 128);
	return t;
}

void
lo_VADDV(struct lo *l, const struct ir_op *o)
{
	if (o->size == 0)
		lo_vput(l, o->d, sum_of_bytes(l, o), LO_LOW8);
	else
		across(l, o, lo_vadd_insn[o->size]);
}

/* Words and doublewords: neighbours first, then as VADDV. */
void
lo_VADDLV(struct lo *l, const struct ir_op *o)
{
	enum x64_vec a, t, u;
	unsigned wide = o->size + 1u;

	if (o->size == 0) {
		lo_vput(l, o->d, sum_of_bytes(l, o), LO_LOW16);
		return;
	}
	a = lo_v(l, o->a);
	t = lo_vover(l, a);
	pairs_long(l, o, t, a);
	u = lo_vtmp(l);
	if (o->flags & IR_Q) {
		x64_vvi(&l->b, X64_vpshufd, u, t, 0xee);
		x64_vvv(&l->b, lo_vadd_insn[wide], t, t, u);
	}
	if (wide == 2) {
		x64_vvi(&l->b, X64_vpshufd, u, t, 0x55);
		x64_vvv(&l->b, X64_vpaddd, t, t, u);
	}
	lo_vput(l, o->d, t, one_element[wide]);
}
