/* Lowering of floating-point arithmetic. */
#include "dbt/x64/lower_fp.h"

/* ---- operands ---- */

enum x64_vec
lo_fp_v(struct lo *l, const struct ir_op *o, unsigned v)
{
	enum x64_vec s = lo_v(l, v), t;

	if (l->v4 || o->flags & (IR_Q | IR_ONE))
		return s;
	t = lo_vover(l, s);
	x64_vvv(&l->b, X64_vpunpcklqdq, t, s, s);
	return t;
}

enum x64_vec
lo_fp_b(struct lo *l, const struct ir_op *o)
{
	return o->shift ? lo_vb(l, o) : lo_fp_v(l, o, o->b);
}

x64_op
lo_fp_insn(const struct lo *l, const struct ir_op *o, const struct lo_fp *f)
{
	if (l->v4)
		return f->packed[o->size - 2] | lo_fp_mask(o);
	return (lo_fp_scalar(o) ? f->scalar : f->packed)[o->size - 2];
}

enum x64_vec
lo_fp_to(struct lo *l, const struct ir_op *o, enum x64_vec s)
{
	return l->v4 ? lo_vto_zero(l, o, s) : lo_vto(l, o, s);
}

void
lo_fp_end(struct lo *l, const struct ir_op *o, enum x64_vec to)
{
	if (l->v4 || o->flags & IR_Q)
		lo_vend_zero(l, o, to);
	else
		lo_vput(l, o->d, to, lo_fp_scalar(o) && o->size == 2 ? LO_LOW32 : LO_LOW64);
}

void
lo_fp_const(struct lo *l, const struct ir_op *o, x64_op insn, enum x64_vec to, enum x64_vec n, uint64_t v)
{
	uint64_t all = lo_each(o->size, v);

	x64_vvm(&l->b, insn, to, n, lo_fp_scalar(o) ? lo_vconst(l, v, 0) : lo_vconst(l, all, o->flags & IR_Q ? all : 0));
}

static void
emit_slow(struct lo *l, const struct lo_later *w)
{
	struct lo_later mine = *w;

	x64_bind(&l->b, &mine.from);
	lo_mark(l, (int32_t)(w->arg - l->ir->pc));
	lo_leave(l, w->arg, DBT_EXIT_STEP);
}

struct lo_later *
lo_fp_slow(struct lo *l)
{
	struct lo_later *w = lo_later(l, emit_slow);

	w->arg = l->ir->pc + (uint64_t)(int64_t)l->o->pc;
	return w;
}

/* ---- two sources ---- */

static const struct lo_fp add = { { X64_vaddps, X64_vaddpd }, { X64_vaddss, X64_vaddsd } };
static const struct lo_fp sub = { { X64_vsubps, X64_vsubpd }, { X64_vsubss, X64_vsubsd } };
static const struct lo_fp mul = { { X64_vmulps, X64_vmulpd }, { X64_vmulss, X64_vmulsd } };
static const struct lo_fp quotient = { { X64_vdivps, X64_vdivpd }, { X64_vdivss, X64_vdivsd } };
static const struct lo_fp greatest = { { X64_vmaxps, X64_vmaxpd }, { X64_vmaxss, X64_vmaxsd } };
static const struct lo_fp least = { { X64_vminps, X64_vminpd }, { X64_vminss, X64_vminsd } };
static const struct lo_fp root = { { X64_vsqrtps, X64_vsqrtpd }, { X64_vsqrtss, X64_vsqrtsd } };

static void
two(struct lo *l, const struct ir_op *o, const struct lo_fp *f)
{
	enum x64_vec a, b, to;

	if (!lo_fp_inline(l, o)) {
		lo_call(l, o);
		return;
	}
	a = lo_fp_v(l, o, o->a);
	b = lo_fp_b(l, o);
	to = lo_fp_to(l, o, a);
	x64_vvv(&l->b, lo_fp_insn(l, o, f), to, a, b);
	lo_fp_end(l, o, to);
}

void
lo_FADD(struct lo *l, const struct ir_op *o)
{
	two(l, o, &add);
}

void
lo_FSUB(struct lo *l, const struct ir_op *o)
{
	two(l, o, &sub);
}

void
lo_FMUL(struct lo *l, const struct ir_op *o)
{
	two(l, o, &mul);
}

void
lo_FDIV(struct lo *l, const struct ir_op *o)
{
	two(l, o, &quotient);
}

/* One more step on the result: signs turned, or cleared. */
static void
two_then(struct lo *l, const struct ir_op *o, const struct lo_fp *f, x64_op then, uint64_t v)
{
	enum x64_vec a, b, t, to;

	if (!lo_fp_inline(l, o)) {
		lo_call(l, o);
		return;
	}
	a = lo_fp_v(l, o, o->a);
	b = lo_fp_b(l, o);
	t = lo_vover(l, a);
	x64_vvv(&l->b, lo_fp_insn(l, o, f), t, a, b);
	to = lo_fp_to(l, o, t);
	lo_fp_const(l, o, then, to, t, v);
	lo_fp_end(l, o, to);
}

void
lo_FNMUL(struct lo *l, const struct ir_op *o)
{
	two_then(l, o, &mul, X64_vpxor, lo_fp_sign(o));
}

void
lo_FABD(struct lo *l, const struct ir_op *o)
{
	two_then(l, o, &sub, X64_vpand, lo_fp_sign(o) - 1);
}

/* x86 gives the second source when both are zeros: both ways, so that the signs can be joined. */
static void
extreme(struct lo *l, const struct ir_op *o, const struct lo_fp *f, x64_op join)
{
	enum x64_vec a, b, t, u, to;

	if (!lo_fp_inline(l, o)) {
		lo_call(l, o);
		return;
	}
	a = lo_fp_v(l, o, o->a);
	b = lo_fp_b(l, o);
	t = lo_vtmp(l);
	u = lo_vover(l, a);
	x64_vvv(&l->b, lo_fp_insn(l, o, f), t, a, b);
	x64_vvv(&l->b, lo_fp_insn(l, o, f), u, b, a);
	to = lo_fp_to(l, o, t);
	x64_vvv(&l->b, join, to, t, u);
	lo_fp_end(l, o, to);
}

void
lo_FMAX(struct lo *l, const struct ir_op *o)
{
	extreme(l, o, &greatest, X64_vpand);
}

void
lo_FMIN(struct lo *l, const struct ir_op *o)
{
	extreme(l, o, &least, X64_vpor);
}

/* vrange is IEEE 754-2008's minNum and maxNum, and knows -0 from +0. */
static void
extreme_number(struct lo *l, const struct ir_op *o, uint8_t which)
{
	static const x64_op range[2] = { X64_vrangeps, X64_vrangepd };
	enum x64_vec a, b, to;

	if (!lo_fp_inline(l, o) || !l->v4) {
		lo_call(l, o);
		return;
	}
	a = lo_v(l, o->a);
	b = lo_fp_b(l, o);
	to = lo_vto_zero(l, o, a);
	x64_vvvi(&l->b, range[o->size - 2] | lo_fp_mask(o), to, a, b, which);
	lo_vend_zero(l, o, to);
}

enum { RANGE_MIN = 4, RANGE_MAX = 5 }; /* with the sign of what is chosen */

void
lo_FMAXNM(struct lo *l, const struct ir_op *o)
{
	extreme_number(l, o, RANGE_MAX);
}

void
lo_FMINNM(struct lo *l, const struct ir_op *o)
{
	extreme_number(l, o, RANGE_MIN);
}

/* ---- multiply and add ---- */

/*
 * A NaN that comes out without Invalid came in, and there Arm differs: it prefers the addend, negates NaNs too, and infinity
 * times zero is invalid even beside one.
 */
static void
without_nan(struct lo *l, const struct ir_op *o, enum x64_vec r)
{
	struct lo_later *slow = lo_fp_slow(l);
	enum x64_vec t;

	if (lo_fp_scalar(o)) {
		x64_vv(&l->b, o->size == 3 ? X64_vucomisd : X64_vucomiss, r, r);
		x64_jcc_near(&l->b, X64_CC_P, &slow->from);
	} else if (l->v4) {
		x64_kvvi(&l->b, o->size == 3 ? X64_vcmppd_k : X64_vcmpps_k, X64_K1, r, r, 3);
		x64_kk(&l->b, X64_kortestb, X64_K1, X64_K1);
		x64_jcc_near(&l->b, X64_CC_NE, &slow->from);
	} else {
		t = lo_vtmp(l);
		x64_vvvi(&l->b, o->size == 3 ? X64_vcmppd : X64_vcmpps, t, r, r, 3);
		x64_vv(&l->b, X64_vptest, t, t);
		x64_jcc_near(&l->b, X64_CC_NE, &slow->from);
		lo_vfree(l, t);
	}
}

void
lo_FMA(struct lo *l, const struct ir_op *o)
{
	static const struct lo_fp insn[4] = {
		{ { X64_vfmadd231ps, X64_vfmadd231pd }, { X64_vfmadd231ss, X64_vfmadd231sd } },
		{ { X64_vfnmadd231ps, X64_vfnmadd231pd }, { X64_vfnmadd231ss, X64_vfnmadd231sd } },
		{ { X64_vfmsub231ps, X64_vfmsub231pd }, { X64_vfmsub231ss, X64_vfmsub231sd } },
		{ { X64_vfnmsub231ps, X64_vfnmsub231pd }, { X64_vfnmsub231ss, X64_vfnmsub231sd } },
	};
	enum x64_vec a, b, c, r;
	unsigned slots = (l->vhome[o->a] == LO_SLOT) + (l->vhome[o->b] == LO_SLOT);

	/* two copies, the result and the test's scratch are four */
	if (!lo_fp_inline(l, o) || (!l->v4 && !(o->flags & (IR_Q | IR_ONE)) && (o->shift || slots == 0))) {
		lo_call(l, o);
		return;
	}
	lo_clobber(l);
	c = lo_fp_v(l, o, o->c);
	a = lo_fp_v(l, o, o->a);
	b = lo_fp_b(l, o);
	r = lo_vover(l, c);
	if (r != c)
		x64_vv(&l->b, X64_vmovdqa, r, c);
	x64_vvv(&l->b, lo_fp_insn(l, o, &insn[o->cond]), r, a, b);
	without_nan(l, o, r);
	lo_fp_end(l, o, r);
}

/* ---- one source ---- */

void
lo_FABS(struct lo *l, const struct ir_op *o)
{
	enum x64_vec a = lo_v(l, o->a), to = lo_vto_zero(l, o, a);

	lo_fp_const(l, o, X64_vpand, to, a, lo_fp_sign(o) - 1);
	lo_vend_zero(l, o, to);
}

void
lo_FNEG(struct lo *l, const struct ir_op *o)
{
	enum x64_vec a = lo_v(l, o->a), to;

	if (l->v4 && o->size >= 2) {
		to = lo_vto_zero(l, o, a);
		lo_fp_const(l, o, (o->size == 3 ? X64_vxorpd : X64_vxorps) | lo_fp_mask(o), to, a, lo_fp_sign(o));
		lo_vend_zero(l, o, to);
		return;
	}
	to = lo_vto(l, o, a);
	lo_fp_const(l, o, X64_vpxor, to, a, lo_fp_sign(o));
	if (lo_fp_scalar(o))
		lo_vput(l, o->d, to, o->size == 3 ? LO_LOW64 : o->size == 2 ? LO_LOW32 : LO_LOW16);
	else
		lo_vend(l, o, to);
}

void
lo_FSQRT(struct lo *l, const struct ir_op *o)
{
	enum x64_vec a, to;

	if (!lo_fp_inline(l, o)) {
		lo_call(l, o);
		return;
	}
	a = lo_fp_v(l, o, o->a);
	to = lo_fp_to(l, o, a);
	if (lo_fp_scalar(o) && !l->v4)
		x64_vvv(&l->b, root.scalar[o->size - 2], to, a, a);
	else
		x64_vv(&l->b, lo_fp_insn(l, o, &root), to, a);
	lo_fp_end(l, o, to);
}

/* ---- neighbours ---- */

void
lo_FADDP(struct lo *l, const struct ir_op *o)
{
	enum x64_vec a, b, even, odd, to;

	if (!lo_fp_inline(l, o)) {
		lo_call(l, o);
		return;
	}
	a = b = lo_v(l, o->a);
	if (!(o->flags & (IR_Q | IR_ONE))) { /* four singles: a's two, b's two */
		a = lo_vover(l, a);
		lo_vop(l, X64_vpunpcklqdq, a, b, o->b);
		b = a;
	} else if (o->a != o->b) {
		b = lo_v(l, o->b);
	}
	even = lo_vtmp(l);
	odd = lo_vover(l, a);
	if (o->size == 3) {
		lo_vzip(l, 3, false, even, a, b);
		lo_vzip(l, 3, true, odd, a, b);
	} else {
		x64_vvvi(&l->b, X64_vshufps, even, a, b, 0x88);
		x64_vvvi(&l->b, X64_vshufps, odd, a, b, 0xdd);
	}
	to = lo_fp_to(l, o, even);
	x64_vvv(&l->b, lo_fp_insn(l, o, &add), to, even, odd);
	lo_fp_end(l, o, to);
}
