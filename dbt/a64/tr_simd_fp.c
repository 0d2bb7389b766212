/* Floating point of Advanced SIMD, vector and scalar (Arm ARM C4.1, C7.2). */
#include "dbt/a64/tr_simd.h"

enum { HALF = 1 };

static struct ir_op *
vector_op(struct tr *t, uint32_t w, const struct tr_simd *s, uint8_t size)
{
	struct ir_op *o = tr_vop(t, w, s, tr_vflags(w));

	o->size = size;
	o->b = IR_NONE;
	return o;
}

/* ---- three registers ---- */

/* By U, bit 23 and bits 13:11.  FCMxx has the condition in cond; the absolute ones are those with odd opcodes. */
static const struct tr_simd same[2][2][8] = {
	{ { { .op = IR_FMAXNM }, { .op = IR_FMA }, { .op = IR_FADD }, { .op = IR_FMULX }, { .op = IR_FCM, .cond = IR_EQ }, { .op = 0 },
	    { .op = IR_FMAX }, { .op = IR_FRECPS } },
	  { { .op = IR_FMINNM }, { .op = IR_FMA, .cond = IR_FMA_NEG_A }, { .op = IR_FSUB }, { .op = 0 }, { .op = 0 }, { .op = 0 },
	    { .op = IR_FMIN }, { .op = IR_FRSQRTS } } },
	{ { { .op = IR_FMAXNMP }, { .op = 0 }, { .op = IR_FADDP }, { .op = IR_FMUL }, { .op = IR_FCM, .cond = IR_GE },
	    { .op = IR_FCM, .cond = IR_GE }, { .op = IR_FMAXP }, { .op = IR_FDIV } },
	  { { .op = IR_FMINNMP }, { .op = 0 }, { .op = IR_FABD }, { .op = 0 }, { .op = IR_FCM, .cond = IR_GT },
	    { .op = IR_FCM, .cond = IR_GT }, { .op = IR_FMINP }, { .op = 0 } } },
};

A64_TR_ALSO(FADD_vec, "F(MAXNM|MLA|MULX|CMEQ|MAX|RECPS|MINNM|MLS|SUB|MIN|RSQRTS|MAXNMP|ADDP|MUL|CMGE|ACGE|MAXP|DIV|MINNMP|ABD|CMGT|ACGT|MINP)_vec(_h)?");
A64_TR_ALSO(FADD_vec, "FADD_vec_h|F(MULX|CMEQ|RECPS|RSQRTS|CMGE|ACGE|ABD|CMGT|ACGT)_scalar(_h)?");
enum tr_next
a64_tr_FADD_vec(struct tr *t, uint32_t w)
{
	unsigned n = w >> 11 & 7;
	const struct tr_simd *s = &same[w >> 29 & 1][w >> 23 & 1][n];
	struct ir_op *o;

	if (s->op == 0)
		return TR_UNDEF;
	o = vector_op(t, w, s, w >> 21 & 1 ? (uint8_t)(2 + (w >> 22 & 1)) : HALF);
	o->b = a64_Rm(w);
	if (s->op == IR_FMA)
		o->c = o->d;
	if (s->op == IR_FCM)
		o->imm = n & 1;
	return TR_NEXT;
}

/* Pairs of one register, by bits 13:12 and 23; U is for single and double. */
A64_TR_ALSO(FADDP_scalar, "FADDP_scalar_h|F(MAXNM|MAX|MINNM|MIN)P_scalar(_h)?");
enum tr_next
a64_tr_FADDP_scalar(struct tr *t, uint32_t w)
{
	static const uint16_t op[2][4] = { { IR_FMAXNMP, IR_FADDP, 0, IR_FMAXP }, { IR_FMINNMP, 0, 0, IR_FMINP } };
	const struct tr_simd s = { .op = op[w >> 23 & 1][w >> 12 & 3] };

	if (s.op == 0)
		return TR_UNDEF;
	vector_op(t, w, &s, w >> 29 & 1 ? (uint8_t)(2 + (w >> 22 & 1)) : HALF)->b = a64_Rn(w);
	return TR_NEXT;
}

A64_TR_ALSO(FMAXV, "FMAXV_h|F(MAXNM|MINNM|MIN)V(_h)?");
enum tr_next
a64_tr_FMAXV(struct tr *t, uint32_t w)
{
	static const uint16_t op[2][2] = { { IR_FMAXNMV, IR_FMAXV }, { IR_FMINNMV, IR_FMINV } };
	const struct tr_simd s = { .op = op[w >> 23 & 1][w >> 12 & 1] };

	vector_op(t, w, &s, w >> 29 & 1 ? 2 : HALF);
	return TR_NEXT;
}

/* ---- one register ---- */

enum { FPCR = IR_ROUND_FPCR, AWAY = IR_ROUND_AWAY };

/* By bit 23, U and opcode (bits 16:12). */
static const struct tr_simd misc[2][2][32] = {
	{ { [0x18] = { .op = IR_FRINT, .cond = 0 }, [0x19] = { .op = IR_FRINT, .cond = 2 }, [0x1a] = { .op = IR_FTOI, .flags = IR_SIGN, .cond = 0 },
	    [0x1b] = { .op = IR_FTOI, .flags = IR_SIGN, .cond = 2 }, [0x1c] = { .op = IR_FTOI, .flags = IR_SIGN, .cond = AWAY },
	    [0x1d] = { .op = IR_ITOF, .flags = IR_SIGN }, [0x1e] = { .op = IR_FRINTN, .cond = 3 }, [0x1f] = { .op = IR_FRINTN, .cond = 3 } },
	  { [0x18] = { .op = IR_FRINT, .cond = AWAY }, [0x19] = { .op = IR_FRINT, .flags = IR_SIGN, .cond = FPCR },
	    [0x1a] = { .op = IR_FTOI, .cond = 0 }, [0x1b] = { .op = IR_FTOI, .cond = 2 }, [0x1c] = { .op = IR_FTOI, .cond = AWAY },
	    [0x1d] = { .op = IR_ITOF }, [0x1e] = { .op = IR_FRINTN, .cond = FPCR }, [0x1f] = { .op = IR_FRINTN, .cond = FPCR } } },
	{ { [0x0c] = { .op = IR_FCM, .cond = IR_GT }, [0x0d] = { .op = IR_FCM, .cond = IR_EQ }, [0x0e] = { .op = IR_FCM, .cond = IR_LT },
	    [0x0f] = { .op = IR_FABS }, [0x18] = { .op = IR_FRINT, .cond = 1 }, [0x19] = { .op = IR_FRINT, .cond = 3 },
	    [0x1a] = { .op = IR_FTOI, .flags = IR_SIGN, .cond = 1 }, [0x1b] = { .op = IR_FTOI, .flags = IR_SIGN, .cond = 3 },
	    [0x1d] = { .op = IR_FRECPE }, [0x1f] = { .op = IR_FRECPX } },
	  { [0x0c] = { .op = IR_FCM, .cond = IR_GE }, [0x0d] = { .op = IR_FCM, .cond = IR_LE }, [0x0f] = { .op = IR_FNEG },
	    [0x19] = { .op = IR_FRINT, .cond = FPCR }, [0x1a] = { .op = IR_FTOI, .cond = 1 }, [0x1b] = { .op = IR_FTOI, .cond = 3 },
	    [0x1d] = { .op = IR_FRSQRTE }, [0x1f] = { .op = IR_FSQRT } } },
};

A64_TR_ALSO(FABS_vec, "FRINT([NMPZAXI]|32[ZX]|64[ZX])_vec(_h)?|FCVT([NMAPZ][SU])_(vec|scalar)(_h)?|[SU]CVTF_(vec|scalar)(_h)?");
A64_TR_ALSO(FABS_vec, "FCM(GT|EQ|LT|GE|LE)_zero_(vec|scalar)(_h)?|F(ABS|NEG|SQRT)_vec_h|F(NEG|SQRT)_vec|F(RECPE|RSQRTE)_(vec|scalar)(_h)?|FRECPX_scalar(_h)?");
enum tr_next
a64_tr_FABS_vec(struct tr *t, uint32_t w)
{
	unsigned opcode = w >> 12 & 31;
	const struct tr_simd *s = &misc[w >> 23 & 1][w >> 29 & 1][opcode];
	struct ir_op *o;

	if (s->op == 0)
		return TR_UNDEF;
	o = vector_op(t, w, s, w >> 19 & 1 ? HALF : (uint8_t)(2 + (w >> 22 & 1)));
	if (s->op == IR_FRINTN)
		o->imm = opcode & 1 ? 64 : 32;
	return TR_NEXT;
}

/* ---- between formats ---- */

enum tr_next
a64_tr_FCVTL(struct tr *t, uint32_t w)
{
	static const struct tr_simd s = { .op = IR_FCVTL };
	struct ir_op *o = vector_op(t, w, &s, (uint8_t)(1 + (w >> 22 & 1)));

	o->flags = w >> 30 & 1 ? IR_HIGH : 0;
	return TR_NEXT;
}

A64_TR_ALSO(FCVTN, "FCVTXN_(vec|scalar)|BFCVTN");
enum tr_next
a64_tr_FCVTN(struct tr *t, uint32_t w)
{
	const struct tr_simd s = { .op = IR_FCVTN, .cond = w >> 23 & 1 ? IR_NARROW_BF : w >> 29 & 1 ? IR_NARROW_ODD : 0 };
	struct ir_op *o = vector_op(t, w, &s, w >> 23 & 1 ? 1 : (uint8_t)(1 + (w >> 22 & 1)));

	if (o->flags & IR_Q)
		o->flags = IR_HIGH;
	return TR_NEXT;
}

/* Fixed point: the size is where immh begins, the bits of fraction as a right shift. */
A64_TR_ALSO(SCVTF_fix_vec, "UCVTF_fix_vec|[SU]CVTF_fix_scalar|FCVTZ[SU]_fix_(vec|scalar)");
enum tr_next
a64_tr_SCVTF_fix_vec(struct tr *t, uint32_t w)
{
	unsigned immhb = w >> 16 & 127, size = 31u - (unsigned)__builtin_clz(immhb >> 3);
	const struct tr_simd s = { .op = (w >> 11 & 31) == 0x1c ? IR_ITOF : IR_FTOI, .flags = w >> 29 & 1 ? 0 : IR_SIGN, .cond = 3 };
	struct ir_op *o = vector_op(t, w, &s, (uint8_t)size);

	o->imm = (16u << size) - immhb;
	return TR_NEXT;
}

/* ---- by element ---- */

/* H:L:M of halves, whose register has four bits; H:L of singles; H of doubles. */
static void
element(struct ir_op *o, uint32_t w)
{
	unsigned h = a64_H(w), l = a64_L(w), m = a64_M(w);

	o->b = (uint8_t)(o->size == HALF ? a64_Rm4(w) : m << 4 | a64_Rm4(w));
	o->shift = (uint8_t)(1 + (o->size == HALF ? h << 2 | l << 1 | m : o->size == 2 ? h << 1 | l : h));
}

A64_TR_ALSO(FMLA_elem, "FMLA_s?elem(_h)?|F(MLS|MUL|MULX)_s?elem(_h)?");
enum tr_next
a64_tr_FMLA_elem(struct tr *t, uint32_t w)
{
	static const struct tr_simd by[4] = { { .op = IR_FMA }, { .op = IR_FMA, .cond = IR_FMA_NEG_A }, { .op = IR_FMUL }, { .op = IR_FMULX } };
	unsigned n = w >> 14 & 3;
	struct ir_op *o = vector_op(t, w, &by[n == 2 ? 2 + (w >> 29 & 1) : n], w >> 23 & 1 ? (uint8_t)(2 + (w >> 22 & 1)) : HALF);

	element(o, w);
	if (o->op == IR_FMA)
		o->c = o->d;
	return TR_NEXT;
}

/* ---- half to single ---- */

A64_TR_ALSO(FMLAL_vec, "FMLSL_vec|FML[AS]L2_vec|FML[AS]L2?_elem");
enum tr_next
a64_tr_FMLAL_vec(struct tr *t, uint32_t w)
{
	bool by_element = w >> 24 & 1, upper = w >> 29 & 1;
	const struct tr_simd s = { .op = IR_FMLAL, .flags = upper ? IR_HIGH : 0, .cond = by_element ? w >> 14 & 1 : w >> 23 & 1 };
	struct ir_op *o = vector_op(t, w, &s, HALF);

	if (by_element)
		element(o, w);
	else
		o->b = a64_Rm(w);
	return TR_NEXT;
}

/* ---- complex numbers ---- */

enum tr_next
a64_tr_FCADD(struct tr *t, uint32_t w)
{
	const struct tr_simd s = { .op = IR_FCADD, .cond = w >> 12 & 1 };

	vector_op(t, w, &s, (uint8_t)a64_size(w))->b = a64_Rm(w);
	return TR_NEXT;
}

enum tr_next
a64_tr_FCMLA_vec(struct tr *t, uint32_t w)
{
	const struct tr_simd s = { .op = IR_FCMLA, .cond = w >> 11 & 3 };

	vector_op(t, w, &s, (uint8_t)a64_size(w))->b = a64_Rm(w);
	return TR_NEXT;
}

A64_TR_ALSO(FCMLA_elem_h, "FCMLA_elem_s");
enum tr_next
a64_tr_FCMLA_elem_h(struct tr *t, uint32_t w)
{
	const struct tr_simd s = { .op = IR_FCMLA, .cond = w >> 13 & 3 };
	struct ir_op *o = vector_op(t, w, &s, (uint8_t)a64_size(w));

	o->b = (uint8_t)(a64_M(w) << 4 | a64_Rm4(w));
	o->shift = (uint8_t)(1 + (o->size == HALF ? a64_H(w) << 1 | a64_L(w) : a64_H(w)));
	return TR_NEXT;
}

/* ---- bfloat16 ---- */

A64_TR_ALSO(BFDOT_vec, "BFDOT_elem");
enum tr_next
a64_tr_BFDOT_vec(struct tr *t, uint32_t w)
{
	static const struct tr_simd s = { .op = IR_BFDOT };
	struct ir_op *o = vector_op(t, w, &s, HALF);

	o->b = a64_Rm(w);
	if (w >> 24 & 1) {
		o->b = (uint8_t)(a64_M(w) << 4 | a64_Rm4(w));
		o->shift = (uint8_t)(1 + (a64_H(w) << 1 | a64_L(w)));
	}
	return TR_NEXT;
}

enum tr_next
a64_tr_BFMMLA(struct tr *t, uint32_t w)
{
	static const struct tr_simd s = { .op = IR_BFMMLA };

	vector_op(t, w, &s, HALF)->b = a64_Rm(w);
	return TR_NEXT;
}

A64_TR_ALSO(BFMLALB_vec, "BFMLALT_vec|BFMLAL[BT]_elem");
enum tr_next
a64_tr_BFMLALB_vec(struct tr *t, uint32_t w)
{
	const struct tr_simd s = { .op = IR_BFMLAL, .cond = w >> 30 & 1 };
	struct ir_op *o = vector_op(t, w, &s, HALF);

	o->flags = IR_Q;
	if (w >> 24 & 1)
		element(o, w);
	else
		o->b = a64_Rm(w);
	return TR_NEXT;
}
