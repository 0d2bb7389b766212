/* Lowering of floating-point comparison and selection. */
#include "dbt/x64/lower_fp.h"

/* Predicates of vcmp: equality is quiet, order raises Invalid for every NaN. */
static uint8_t
predicate(unsigned cond)
{
	enum { EQ_OQ = 0, LT_OS = 1, LE_OS = 2, GE_OS = 13, GT_OS = 14 };

	return cond == IR_EQ ? EQ_OQ : cond == IR_GE ? GE_OS : cond == IR_GT ? GT_OS : cond == IR_LE ? LE_OS : LT_OS;
}

/* A source of FCM: its absolute value, or zero when there is none. */
static enum x64_vec
compared(struct lo *l, const struct ir_op *o, unsigned v)
{
	enum x64_vec s, t;

	if (v == IR_NONE) {
		t = lo_vtmp(l);
		x64_vvv(&l->b, X64_vpxor, t, t, t);
		return t;
	}
	s = lo_fp_v(l, o, v);
	if (!o->imm)
		return s;
	t = lo_vover(l, s);
	lo_vop_const(l, X64_vpand, t, s, lo_each(o->size, lo_fp_sign(o) - 1));
	return t;
}

void
lo_FCM(struct lo *l, const struct ir_op *o)
{
	enum x64_vec a, b, to;

	if (!lo_fp_inline(l, o)) {
		lo_call(l, o);
		return;
	}
	a = compared(l, o, o->a);
	b = compared(l, o, o->b);
	if (l->v4) {
		x64_kvvi(&l->b, (o->size == 3 ? X64_vcmppd_k : X64_vcmpps_k) | (lo_fp_mask(o) & ~X64_Z), X64_K1, a, b, predicate(o->cond));
		to = lo_vto_zero(l, o, a);
		x64_vk(&l->b, o->size == 3 ? X64_vpmovm2q : X64_vpmovm2d, to, X64_K1);
		lo_vend_zero(l, o, to);
		return;
	}
	to = lo_fp_to(l, o, a);
	if (lo_fp_scalar(o))
		x64_vvvi(&l->b, o->size == 3 ? X64_vcmpsd : X64_vcmpss, to, a, b, predicate(o->cond));
	else
		x64_vvvi(&l->b, o->size == 3 ? X64_vcmppd : X64_vcmpps, to, a, b, predicate(o->cond));
	lo_fp_end(l, o, to);
}

/* EFLAGS of the comparison; vcomis raises Invalid for quiet NaNs too. */
static void
compare(struct lo *l, const struct ir_op *o)
{
	static const x64_op insn[2][2] = { { X64_vucomiss, X64_vucomisd }, { X64_vcomiss, X64_vcomisd } };
	enum x64_vec a = lo_v(l, o->a), b;

	if (o->b == IR_NONE) {
		b = lo_vtmp(l);
		x64_vvv(&l->b, X64_vpxor, b, b, b);
	} else {
		b = lo_v(l, o->b);
	}
	x64_vv(&l->b, insn[(o->flags & IR_SIGN) != 0][o->size - 2], a, b);
}

void
lo_FCMP(struct lo *l, const struct ir_op *o)
{
	if (!lo_fp_inline(l, o)) {
		lo_call(l, o);
		return;
	}
	lo_clobber(l);
	compare(l, o);
	if (o->flags & IR_S)
		lo_set_nzcv(l, LO_NZCV_FCMP);
}

/* Both ways end in memory: an interruption finds the old flags there until the last store. */
void
lo_FCCMP(struct lo *l, const struct ir_op *o)
{
	struct x64_label not = { 0 }, yes = { 0 }, done = { 0 };
	struct lo_cc c;

	if (!lo_fp_inline(l, o)) {
		lo_call(l, o);
		return;
	}
	lo_save_nzcv(l);
	c = lo_cond(l, o->cond);
	if (c.n == 2 && c.any) {
		x64_jcc_near(&l->b, c.cc[0], &yes);
		x64_jcc_near(&l->b, c.cc[1] ^ 1, &not);
	} else {
		for (unsigned i = 0; i < c.n; i++)
			x64_jcc_near(&l->b, c.cc[i] ^ 1, &not);
	}
	x64_bind(&l->b, &yes);
	compare(l, o);
	lo_fcmp_word(l);
	x64_jmp_near(&l->b, &done);
	x64_bind(&l->b, &not);
	lo_const(l, X64_RAX, lo_flags_word(o->shift));
	x64_bind(&l->b, &done);
	lo_put_flags(l);
}

void
lo_FCSEL(struct lo *l, const struct ir_op *o)
{
	struct x64_label not = { 0 }, yes = { 0 };
	struct lo_cc c = lo_cond(l, o->cond);
	bool wide = o->size == 3;
	enum x64_vec a = lo_v(l, o->a), b = lo_v(l, o->b), to;

	if (c.n == 1) {
		x64_rv(&l->b, wide ? X64_vmovq_r : X64_vmovd, X64_RCX, a);
		x64_rv(&l->b, wide ? X64_vmovq_r : X64_vmovd, X64_RAX, b);
		x64_rr(&l->b, X64_CMOV(c.cc[0]) | (wide ? X64_64 : X64_32), X64_RAX, X64_RCX);
	} else {
		x64_rv(&l->b, wide ? X64_vmovq_r : X64_vmovd, X64_RAX, a);
		if (c.n == 2 && c.any) {
			x64_jcc(&l->b, c.cc[0], &yes);
			x64_jcc(&l->b, c.cc[1] ^ 1, &not);
			x64_jmp(&l->b, &yes);
		} else {
			for (unsigned i = 0; i < c.n; i++)
				x64_jcc(&l->b, c.cc[i] ^ 1, &not);
			if (c.n != 0 || c.constant)
				x64_jmp(&l->b, &yes);
		}
		x64_bind(&l->b, &not);
		x64_rv(&l->b, wide ? X64_vmovq_r : X64_vmovd, X64_RAX, b);
		x64_bind(&l->b, &yes);
	}
	if (o->size == 1)
		x64_rr(&l->b, X64_movzx_w, X64_RAX, X64_RAX);
	to = lo_vd(l, o->d);
	x64_vr(&l->b, wide ? X64_vmovq_r : X64_vmovd, to, X64_RAX);
	lo_vput(l, o->d, to, LO_ZERO64);
}
