/* Lowering of Advanced SIMD: the operations that compiled code uses most; the others call the interpreter. */
#include "dbt/x64/lower.h"

/* One host instruction: in place when all of d is written, else beside it, so that an interruption begins again. */
static void
two(struct lo *l, const struct ir_op *o, x64_op insn, unsigned first, unsigned second)
{
	enum x64_vec a = lo_v(l, first), b = first == second ? a : lo_v(l, second), to = o->flags & IR_Q ? lo_vd(l, o->d) : lo_vtmp(l);

	x64_vvv(&l->b, insn, to, a, b);
	lo_vput(l, o->d, to, lo_upper_q(o));
}

void
lo_VAND(struct lo *l, const struct ir_op *o)
{
	two(l, o, X64_vpand, o->a, o->b);
}

void
lo_VORR(struct lo *l, const struct ir_op *o)
{
	if (o->a == o->b && o->flags & IR_Q)
		lo_vput(l, o->d, lo_v(l, o->a), LO_WHOLE);
	else
		two(l, o, X64_vpor, o->a, o->b);
}

void
lo_VEOR(struct lo *l, const struct ir_op *o)
{
	two(l, o, X64_vpxor, o->a, o->b);
}

void
lo_VBIC(struct lo *l, const struct ir_op *o)
{
	two(l, o, X64_vpandn, o->b, o->a);
}

void
lo_VADD(struct lo *l, const struct ir_op *o)
{
	static const x64_op insn[4] = { X64_vpaddb, X64_vpaddw, X64_vpaddd, X64_vpaddq };

	two(l, o, insn[o->size], o->a, o->b);
}

void
lo_VSUB(struct lo *l, const struct ir_op *o)
{
	static const x64_op insn[4] = { X64_vpsubb, X64_vpsubw, X64_vpsubd, X64_vpsubq };

	two(l, o, insn[o->size], o->a, o->b);
}

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

static const x64_op broadcast[4] = { X64_vpbroadcastb, X64_vpbroadcastw, X64_vpbroadcastd, X64_vpbroadcastq };

void
lo_VDUP(struct lo *l, const struct ir_op *o)
{
	static const enum lo_upper up[4] = { LO_LOW8, LO_LOW16, LO_LOW32, LO_LOW64 };
	enum x64_vec a = lo_v(l, o->a), to;

	if (o->cond) {
		enum x64_vec t = lo_vtmp(l);

		x64_vvi(&l->b, X64_vpsrldq, t, a, (uint8_t)(o->cond << o->size));
		a = t;
	}
	if (o->flags & IR_ONE) {
		lo_vput(l, o->d, a, up[o->size]);
		return;
	}
	to = o->flags & IR_Q ? lo_vd(l, o->d) : lo_vtmp(l);
	x64_vv(&l->b, broadcast[o->size], to, a);
	lo_vput(l, o->d, to, lo_upper_q(o));
}

void
lo_VDUPG(struct lo *l, const struct ir_op *o)
{
	static const x64_op from_general[4] = { X64_vpbroadcastb_r, X64_vpbroadcastw_r, X64_vpbroadcastd_r, X64_vpbroadcastq_r };
	enum x64_gpr r;
	enum x64_vec to;

	if (o->flags & IR_ONE && o->size < 2) {
		lo_call(l, o);
		return;
	}
	r = lo_get(l, o->a, X64_RCX);
	to = o->flags & (IR_Q | IR_ONE) ? lo_vd(l, o->d) : lo_vtmp(l);
	if (l->v4 && !(o->flags & IR_ONE)) {
		x64_vr(&l->b, from_general[o->size], to, r);
	} else if (o->flags & IR_ONE) {
		x64_vr(&l->b, o->size == 3 ? X64_vmovq_r : X64_vmovd, to, r);
	} else {
		enum x64_vec t = lo_vtmp(l);

		x64_vr(&l->b, o->size == 3 ? X64_vmovq_r : X64_vmovd, t, r);
		x64_vv(&l->b, broadcast[o->size], to, t);
	}
	lo_vput(l, o->d, to, o->flags & IR_ONE ? LO_ZERO64 : lo_upper_q(o));
}

void
lo_VGET(struct lo *l, const struct ir_op *o)
{
	static const x64_op extract[4] = { X64_vpextrb, X64_vpextrw, X64_vpextrd, X64_vpextrq };
	enum x64_vec a;
	enum x64_gpr to;

	if (o->flags & IR_SIGN) {
		lo_call(l, o);
		return;
	}
	a = lo_v(l, o->a);
	to = lo_dst(l, o->d, X64_RCX);
	if (o->size >= 2 && o->cond == 0)
		x64_rv(&l->b, o->size == 3 ? X64_vmovq_r : X64_vmovd, to, a);
	else
		x64_rvi(&l->b, extract[o->size], to, a, o->cond);
	lo_put(l, o->d, to);
}
