/* Lowering of Advanced SIMD comparisons: all ones or all zeros in each element. */
#include "dbt/x64/lower_simd.h"

static const lo_by_size equal = { X64_vpcmpeqb, X64_vpcmpeqw, X64_vpcmpeqd, X64_vpcmpeqq };
static const lo_by_size greater = { X64_vpcmpgtb, X64_vpcmpgtw, X64_vpcmpgtd, X64_vpcmpgtq };
static const lo_by_size into_mask[2] = {
	{ X64_vpcmpub, X64_vpcmpuw, X64_vpcmpud, X64_vpcmpuq },
	{ X64_vpcmpb, X64_vpcmpw, X64_vpcmpd, X64_vpcmpq },
};
static const lo_by_size from_mask = { X64_vpmovm2b, X64_vpmovm2w, X64_vpmovm2d, X64_vpmovm2q };
static const lo_by_size test_mask = { X64_vptestmb, X64_vptestmw, X64_vptestmd, X64_vptestmq };
static const lo_by_size test_not_mask = { X64_vptestnmb, X64_vptestnmw, X64_vptestnmd, X64_vptestnmq };

/* Predicates of vpcmp. */
enum { EQ = 0, LT = 1, LE = 2, GE = 5, GT = 6 };

/* End with what mask 1 says. */
static void
end_mask(struct lo *l, const struct ir_op *o)
{
	enum x64_vec to = o->flags & IR_Q ? lo_vd(l, o->d) : lo_vtmp(l);

	x64_vk(&l->b, from_mask[o->size], to, X64_K1);
	lo_vend(l, o, to);
}

/* One comparison that needs low registers (any on AVX2). */
static void
direct(struct lo *l, const struct ir_op *o, x64_op insn, enum x64_vec a, enum x64_vec b)
{
	enum x64_vec to = lo_vto(l, o, a);

	if (to >= 16)
		to = lo_vtmp(l);
	x64_vvv(&l->b, insn, to, a, b);
	lo_vend(l, o, to);
}

static void
compare(struct lo *l, const struct ir_op *o, unsigned predicate)
{
	enum x64_vec a = lo_v(l, o->a), b = lo_v(l, o->b);
	bool is_signed = o->flags & IR_SIGN;

	if (predicate == EQ && lo_low_regs(a, b, 0)) {
		direct(l, o, equal[o->size], a, b);
	} else if (predicate == GT && is_signed && lo_low_regs(a, b, 0)) {
		direct(l, o, greater[o->size], a, b);
	} else {
		x64_kvvi(&l->b, into_mask[is_signed][o->size], X64_K1, a, b, (uint8_t)predicate);
		end_mask(l, o);
	}
}

void
lo_VCMEQ(struct lo *l, const struct ir_op *o)
{
	compare(l, o, EQ);
}

/* a > b without sign on AVX2: not (max(a, b) = b); 64 bits with turned sign bits. */
static void
above(struct lo *l, const struct ir_op *o)
{
	enum x64_vec a = lo_v(l, o->a), b = lo_v(l, o->b), t = lo_vtmp(l), to;

	if (o->size < 3) {
		x64_vvv(&l->b, lo_vmaxu_insn[o->size], t, a, b);
		x64_vvv(&l->b, equal[o->size], t, t, b);
		to = lo_vto(l, o, t);
		lo_vop_const(l, X64_vpxor, to, t, ~0ull);
	} else {
		enum x64_vec u = lo_vover(l, b);

		lo_vop_const(l, X64_vpxor, t, a, 1ull << 63);
		lo_vop_const(l, X64_vpxor, u, b, 1ull << 63);
		to = lo_vto(l, o, t);
		x64_vvv(&l->b, X64_vpcmpgtq, to, t, u);
	}
	lo_vend(l, o, to);
}

void
lo_VCMGT(struct lo *l, const struct ir_op *o)
{
	if (l->v4 || o->flags & IR_SIGN)
		compare(l, o, GT);
	else
		above(l, o);
}

/* a >= b on AVX2: max(a, b) = a without sign, else not b > a. */
static void
not_below(struct lo *l, const struct ir_op *o)
{
	enum x64_vec a = lo_v(l, o->a), b = lo_v(l, o->b), t = lo_vtmp(l), to;

	if (!(o->flags & IR_SIGN) && o->size < 3) {
		x64_vvv(&l->b, lo_vmaxu_insn[o->size], t, a, b);
		to = lo_vto(l, o, t);
		x64_vvv(&l->b, equal[o->size], to, t, a);
		lo_vend(l, o, to);
		return;
	}
	if (!(o->flags & IR_SIGN)) {
		enum x64_vec u = lo_vover(l, a);

		lo_vop_const(l, X64_vpxor, t, b, 1ull << 63);
		lo_vop_const(l, X64_vpxor, u, a, 1ull << 63);
		a = u;
		b = t;
	}
	x64_vvv(&l->b, greater[o->size], t, b, a);
	to = lo_vto(l, o, t);
	lo_vop_const(l, X64_vpxor, to, t, ~0ull);
	lo_vend(l, o, to);
}

void
lo_VCMGE(struct lo *l, const struct ir_op *o)
{
	if (l->v4)
		compare(l, o, GE);
	else
		not_below(l, o);
}

void
lo_VCMTST(struct lo *l, const struct ir_op *o)
{
	enum x64_vec a = lo_v(l, o->a), t, to;

	if (l->v4) {
		x64_kvv(&l->b, test_mask[o->size], X64_K1, a, lo_v(l, o->b));
		end_mask(l, o);
		return;
	}
	t = lo_vtmp(l);
	lo_vop(l, X64_vpand, t, a, o->b);
	lo_vop_const(l, equal[o->size], t, t, 0);
	to = lo_vto(l, o, t);
	lo_vop_const(l, X64_vpxor, to, t, ~0ull);
	lo_vend(l, o, to);
}

/* ---- with zero ---- */

static void
zero_by_mask(struct lo *l, const struct ir_op *o, enum x64_vec a)
{
	static const uint8_t predicate[16] = { [IR_GT] = GT, [IR_GE] = GE, [IR_LE] = LE, [IR_LT] = LT };
	enum x64_vec zero;

	if (o->cond == IR_EQ) {
		x64_kvv(&l->b, test_not_mask[o->size], X64_K1, a, a);
	} else {
		zero = lo_vtmp(l);
		x64_vvv(&l->b, X64_vpxor, zero, zero, zero);
		x64_kvvi(&l->b, into_mask[1][o->size], X64_K1, a, zero, predicate[o->cond]);
	}
	end_mask(l, o);
}

void
lo_VCMZ(struct lo *l, const struct ir_op *o)
{
	enum x64_vec a = lo_v(l, o->a), t, to;

	if (a >= 16) {
		zero_by_mask(l, o, a);
		return;
	}
	if (o->cond == IR_LT || o->cond == IR_LE) { /* 0 > a, 1 > a */
		t = lo_vtmp(l);
		if (o->cond == IR_LT)
			x64_vvv(&l->b, X64_vpxor, t, t, t);
		else
			x64_vm(&l->b, X64_vmovdqa, t, lo_vconst(l, lo_each(o->size, 1), lo_each(o->size, 1)));
		direct(l, o, greater[o->size], t, a);
		return;
	}
	to = lo_vto(l, o, a);
	if (to >= 16)
		to = lo_vtmp(l);
	if (o->cond == IR_EQ)
		lo_vop_const(l, equal[o->size], to, a, 0);
	else /* a > 0, a > -1 */
		lo_vop_const(l, greater[o->size], to, a, o->cond == IR_GT ? 0 : ~0ull);
	lo_vend(l, o, to);
}
