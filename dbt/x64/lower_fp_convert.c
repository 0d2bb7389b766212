/* Lowering of floating-point conversions and rounding.  What is not here in some form calls the interpreter. */
#include "dbt/x64/lower_fp.h"

/* The rounding control of vround: Arm's N P M Z. */
static const uint8_t rounding[4] = { 0, 2, 1, 3 };
enum { ROUND_MXCSR = 4, ROUND_QUIET = 8 };

static void
round_to(struct lo *l, const struct ir_op *o, enum x64_vec to, enum x64_vec a, uint8_t how)
{
	static const x64_op packed[2] = { X64_vroundps, X64_vroundpd }, scalar[2] = { X64_vroundss, X64_vroundsd };

	if (lo_fp_scalar(o) && !l->v4)
		x64_vvvi(&l->b, scalar[o->size - 2], to, a, a, how);
	else
		x64_vvi(&l->b, packed[o->size - 2] | (l->v4 ? lo_fp_mask(o) : 0), to, a, how);
}

void
lo_FRINT(struct lo *l, const struct ir_op *o)
{
	enum x64_vec a, to;

	if (!lo_fp_inline(l, o) || o->cond == IR_ROUND_AWAY) {
		lo_call(l, o);
		return;
	}
	a = lo_fp_v(l, o, o->a);
	to = lo_fp_to(l, o, a);
	round_to(l, o, to, a, (uint8_t)((o->cond == IR_ROUND_FPCR ? ROUND_MXCSR : rounding[o->cond]) | (o->flags & IR_SIGN ? 0 : ROUND_QUIET)));
	lo_fp_end(l, o, to);
}

/* ---- general registers ---- */

void
lo_GTOF(struct lo *l, const struct ir_op *o)
{
	static const x64_op sign[2] = { X64_vcvtsi2ss, X64_vcvtsi2sd }, plain[2] = { X64_vcvtusi2ss, X64_vcvtusi2sd };
	bool is_signed = o->flags & IR_SIGN, x = o->flags & IR_X;
	enum x64_gpr r;
	enum x64_vec t;

	if (!lo_fp_inline(l, o) || o->imm || (!is_signed && x && !l->v4)) {
		lo_call(l, o);
		return;
	}
	if (x) {
		r = lo_get(l, o->a, X64_RCX);
	} else {
		r = lo_get32(l, o->a, X64_RCX);
		if (!is_signed) { /* as 64 bits, of which the upper half is clear */
			x64_rr(&l->b, X64_mov, X64_RCX, r);
			r = X64_RCX;
		}
	}
	t = lo_vtmp(l);
	x64_vvv(&l->b, X64_vpxor, t, t, t);
	if (!is_signed && x)
		x64_vvr(&l->b, plain[o->size - 2] | X64_64, t, t, r);
	else
		x64_vvr(&l->b, sign[o->size - 2] | (x || !is_signed ? X64_64 : 0), t, t, r);
	lo_vput(l, o->d, t, LO_ZERO64);
}

static x64_op
to_integer(const struct ir_op *o)
{
	static const x64_op insn[2][2] = { { X64_vcvttss2usi, X64_vcvttsd2usi }, { X64_vcvttss2si, X64_vcvttsd2si } };

	return insn[(o->flags & IR_SIGN) != 0][o->size - 2] | (o->flags & IR_X ? X64_64 : 0);
}

/*
 * Out of range and NaNs raise Invalid.  With another rounding than towards zero: the rounded number first, quietly, as only
 * what fits may be Inexact; then the number itself, for Inexact.
 */
void
lo_FTOG(struct lo *l, const struct ir_op *o)
{
	struct ir_op one = *o;
	enum x64_vec a, t;
	enum x64_gpr to;

	if (!lo_fp_inline(l, o) || o->imm || o->cond == IR_ROUND_AWAY || (!(o->flags & IR_SIGN) && !l->v4)) {
		lo_call(l, o);
		return;
	}
	a = lo_v(l, o->a);
	to = lo_dst(l, o->d, X64_RCX);
	if (o->cond == 3) {
		x64_rv(&l->b, to_integer(o), o->d == IR_ZR ? X64_RCX : to, a);
		lo_put(l, o->d, to);
		return;
	}
	one.flags = IR_ONE;
	t = lo_vtmp(l);
	round_to(l, &one, t, a, rounding[o->cond] | ROUND_QUIET);
	x64_rv(&l->b, to_integer(o), X64_RCX, t);
	x64_rv(&l->b, to_integer(o), X64_RAX, a);
	lo_put(l, o->d, X64_RCX);
}

/* ---- vectors of integers ---- */

static void
one_to_one(struct lo *l, const struct ir_op *o, x64_op insn, bool has)
{
	enum x64_vec a, t, to;

	if (!has) {
		lo_call(l, o);
		return;
	}
	a = lo_fp_v(l, o, o->a);
	if (lo_fp_scalar(o) && !l->v4) { /* a single, its neighbours cleared: zeros convert to zeros */
		t = lo_vover(l, a);
		x64_vvvi(&l->b, X64_vinsertps, t, a, a, 0x0e);
		to = lo_vto_zero(l, o, t);
		x64_vv(&l->b, insn, to, t);
		lo_vend_zero(l, o, to);
		return;
	}
	to = lo_fp_to(l, o, a);
	x64_vv(&l->b, insn | (l->v4 ? lo_fp_mask(o) : 0), to, a);
	lo_fp_end(l, o, to);
}

void
lo_ITOF(struct lo *l, const struct ir_op *o)
{
	static const x64_op insn[2][2] = { { X64_vcvtudq2ps, X64_vcvtuqq2pd }, { X64_vcvtdq2ps, X64_vcvtqq2pd } };
	bool is_signed = o->flags & IR_SIGN, has = lo_fp_inline(l, o) && !o->imm && (l->v4 || (is_signed && o->size == 2));

	one_to_one(l, o, has ? insn[is_signed][o->size - 2] : 0, has);
}

void
lo_FTOI(struct lo *l, const struct ir_op *o)
{
	static const x64_op insn[2][2] = { { X64_vcvttps2udq, X64_vcvttpd2uqq }, { X64_vcvttps2dq, X64_vcvttpd2qq } };
	bool is_signed = o->flags & IR_SIGN;
	bool has = lo_fp_inline(l, o) && !o->imm && o->cond == 3 && (l->v4 || (is_signed && o->size == 2));

	one_to_one(l, o, has ? insn[is_signed][o->size - 2] : 0, has);
}

/* ---- between formats ---- */

/* One half, single or double alone in its register. */
static enum x64_vec
alone(struct lo *l, enum x64_vec a, unsigned size)
{
	enum x64_vec t = lo_vover(l, a);

	if (size == 3) {
		x64_vv(&l->b, X64_vmovq, t, a);
	} else if (size == 2) {
		x64_vvvi(&l->b, X64_vinsertps, t, a, a, 0x0e);
	} else {
		x64_vvi(&l->b, X64_vpslldq, t, a, 14);
		x64_vvi(&l->b, X64_vpsrldq, t, t, 14);
	}
	return t;
}

void
lo_FCVT(struct lo *l, const struct ir_op *o)
{
	enum x64_vec a, to;
	bool down = o->cond < o->size;

	if (l->fp_called || o->cond == 4 || (o->size == 3 && o->cond == 1)) { /* bfloat16; double to half is rounded once */
		lo_call(l, o);
		return;
	}
	a = lo_v(l, o->a);
	if (l->v4 && o->size != 1 && o->cond != 1) {
		to = lo_vto_zero(l, o, a);
		x64_vv(&l->b, (down ? X64_vcvtpd2ps : X64_vcvtps2pd) | X64_K(7) | X64_Z, to, a);
		lo_vput(l, o->d, to, LO_ZERO64);
		return;
	}
	a = alone(l, a, o->size);
	to = lo_vto_zero(l, o, a);
	if (o->size == 1) {
		x64_vv(&l->b, X64_vcvtph2ps, o->cond == 3 ? a : to, a);
		if (o->cond == 3)
			x64_vv(&l->b, X64_vcvtps2pd, to, a);
	} else if (o->cond == 1) {
		x64_vvi(&l->b, X64_vcvtps2ph, to, a, ROUND_MXCSR);
	} else {
		x64_vv(&l->b, down ? X64_vcvtpd2ps : X64_vcvtps2pd, to, a);
	}
	lo_vput(l, o->d, to, LO_ZERO64);
}

void
lo_FCVTL(struct lo *l, const struct ir_op *o)
{
	enum x64_vec a, t, to;

	if (l->fp_called) {
		lo_call(l, o);
		return;
	}
	a = lo_v(l, o->a);
	if (o->flags & IR_HIGH) {
		t = lo_vover(l, a);
		x64_vvi(&l->b, X64_vpshufd, t, a, 0xee);
		a = t;
	}
	to = lo_vd(l, o->d);
	x64_vv(&l->b, o->size == 2 ? X64_vcvtps2pd : X64_vcvtph2ps, to, a);
	lo_vput(l, o->d, to, LO_WHOLE);
}

void
lo_FCVTN(struct lo *l, const struct ir_op *o)
{
	enum x64_vec a, t, d;

	if (l->fp_called || o->cond || o->flags & IR_ONE) {
		lo_call(l, o);
		return;
	}
	a = lo_v(l, o->a);
	t = o->flags & IR_HIGH ? lo_vover(l, a) : lo_vto_zero(l, o, a);
	if (o->size == 2)
		x64_vv(&l->b, X64_vcvtpd2ps, t, a);
	else
		x64_vvi(&l->b, X64_vcvtps2ph, t, a, ROUND_MXCSR);
	if (!(o->flags & IR_HIGH)) {
		lo_vput(l, o->d, t, LO_ZERO64);
		return;
	}
	d = lo_v(l, o->d);
	lo_vzip(l, 3, false, l->vhome[o->d] != LO_SLOT ? d : t, d, t);
	lo_vput(l, o->d, l->vhome[o->d] != LO_SLOT ? d : t, LO_WHOLE);
}
