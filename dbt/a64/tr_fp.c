/* Scalar floating point (Arm ARM C4.1, C7.2). */
#include "dbt/a64/tr_simd.h"

/* Size by ftype; 2 is undefined. */
static uint8_t
fp_size(unsigned ftype)
{
	return ftype == 3 ? 1 : (uint8_t)(ftype + 2);
}

static struct ir_op *
fp_op(struct tr *t, uint32_t w, enum ir_opcode op)
{
	struct ir_op *o = tr_op(t, op);

	o->size = fp_size(a64_ftype(w));
	o->flags = IR_ONE;
	o->d = a64_Rd(w);
	o->a = a64_Rn(w);
	o->b = IR_NONE;
	return o;
}

/* Two sources, by bits 15:12. */
A64_TR_ALSO(FADD_fp, "(FMUL|FDIV|FSUB|FMAX|FMIN|FMAXNM|FMINNM|FNMUL)_fp");
enum tr_next
a64_tr_FADD_fp(struct tr *t, uint32_t w)
{
	static const uint16_t op[9] = { IR_FMUL, IR_FDIV, IR_FADD, IR_FSUB, IR_FMAX, IR_FMIN, IR_FMAXNM, IR_FMINNM, IR_FNMUL };
	unsigned n = w >> 12 & 15;

	if (n > 8)
		return TR_UNDEF;
	fp_op(t, w, op[n])->b = a64_Rm(w);
	return TR_NEXT;
}

/* FMADD and its like: which of product and addend is negated by o1 (bit 21) and o0 (bit 15). */
A64_TR_ALSO(FMADD, "FMSUB|FNMADD|FNMSUB");
enum tr_next
a64_tr_FMADD(struct tr *t, uint32_t w)
{
	static const uint8_t negated[2][2] = { { 0, IR_FMA_NEG_A }, { IR_FMA_NEG_A | IR_FMA_NEG_C, IR_FMA_NEG_C } };
	struct ir_op *o = fp_op(t, w, IR_FMA);

	o->b = a64_Rm(w);
	o->c = w >> 10 & 31;
	o->cond = negated[w >> 21 & 1][w >> 15 & 1];
	return TR_NEXT;
}

/* ---- one source ---- */

A64_TR_ALSO(FABS_fp, "(FNEG|FSQRT)_fp");
enum tr_next
a64_tr_FABS_fp(struct tr *t, uint32_t w)
{
	static const uint16_t op[4] = { 0, IR_FABS, IR_FNEG, IR_FSQRT };

	fp_op(t, w, op[w >> 15 & 3]);
	return TR_NEXT;
}

/* By bits 17:15: N P M Z A - X I. */
A64_TR_ALSO(FRINTN_fp, "FRINT[PMZAXI]_fp");
enum tr_next
a64_tr_FRINTN_fp(struct tr *t, uint32_t w)
{
	unsigned n = w >> 15 & 7;
	struct ir_op *o = fp_op(t, w, IR_FRINT);

	o->cond = n > IR_ROUND_AWAY ? IR_ROUND_FPCR : (uint8_t)n;
	o->flags |= n == 6 ? IR_SIGN : 0;
	return TR_NEXT;
}

A64_TR_ALSO(FRINT32Z_fp, "FRINT(32X|64[ZX])_fp");
enum tr_next
a64_tr_FRINT32Z_fp(struct tr *t, uint32_t w)
{
	struct ir_op *o = fp_op(t, w, IR_FRINTN);

	o->imm = w >> 16 & 1 ? 64 : 32;
	o->cond = w >> 15 & 1 ? IR_ROUND_FPCR : 3;
	return TR_NEXT;
}

enum tr_next
a64_tr_FCVT(struct tr *t, uint32_t w)
{
	fp_op(t, w, IR_FCVT)->cond = fp_size(w >> 15 & 3);
	return TR_NEXT;
}

enum tr_next
a64_tr_BFCVT(struct tr *t, uint32_t w)
{
	struct ir_op *o = fp_op(t, w, IR_FCVT);

	o->size = 2;
	o->cond = 4;
	return TR_NEXT;
}

/* ---- comparison, selection ---- */

A64_TR_ALSO(FCMP, "FCMPE|FCMPE?_zero");
enum tr_next
a64_tr_FCMP(struct tr *t, uint32_t w)
{
	struct ir_op *o = fp_op(t, w, IR_FCMP);

	o->d = IR_NONE;
	o->flags = (uint8_t)(IR_S | (w >> 4 & 1 ? IR_SIGN : 0));
	o->b = w >> 3 & 1 ? IR_NONE : a64_Rm(w);
	return TR_NEXT;
}

A64_TR_ALSO(FCCMP, "FCCMPE");
enum tr_next
a64_tr_FCCMP(struct tr *t, uint32_t w)
{
	unsigned cond = w >> 12 & 15;
	struct ir_op *o = fp_op(t, w, cond >= IR_AL ? IR_FCMP : IR_FCCMP);

	o->d = IR_NONE;
	o->flags = (uint8_t)(IR_S | (w >> 4 & 1 ? IR_SIGN : 0));
	o->b = a64_Rm(w);
	if (cond < IR_AL) {
		o->cond = (uint8_t)cond;
		o->shift = w & 15;
	}
	return TR_NEXT;
}

enum tr_next
a64_tr_FCSEL(struct tr *t, uint32_t w)
{
	unsigned cond = w >> 12 & 15;
	struct ir_op *o;

	if (cond >= IR_AL) { /* a copy of Rn's element */
		fp_op(t, w, IR_VDUP);
		return TR_NEXT;
	}
	o = fp_op(t, w, IR_FCSEL);
	o->b = a64_Rm(w);
	o->cond = (uint8_t)cond;
	return TR_NEXT;
}

/* ---- general registers ---- */

static enum tr_next
to_general(struct tr *t, uint32_t w, uint8_t mode, uint64_t fbits)
{
	struct ir_op *o = fp_op(t, w, IR_FTOG);

	o->flags = (uint8_t)((w >> 16 & 1 ? 0 : IR_SIGN) | (w >> 31 ? IR_X : 0));
	o->d = tr_z(a64_Rd(w));
	o->cond = mode;
	o->imm = fbits;
	return TR_NEXT;
}

static enum tr_next
from_general(struct tr *t, uint32_t w, uint64_t fbits)
{
	struct ir_op *o = fp_op(t, w, IR_GTOF);

	o->flags = (uint8_t)((w >> 16 & 1 ? 0 : IR_SIGN) | (w >> 31 ? IR_X : 0));
	o->a = tr_z(a64_Rn(w));
	o->imm = fbits;
	return TR_NEXT;
}

/* By rmode (bits 20:19), or away from zero by bit 18. */
A64_TR_ALSO(FCVTZS_fp, "FCVT([NPMA][SU]|ZU)_fp");
enum tr_next
a64_tr_FCVTZS_fp(struct tr *t, uint32_t w)
{
	return to_general(t, w, w >> 18 & 1 ? IR_ROUND_AWAY : (uint8_t)(w >> 19 & 3), 0);
}

A64_TR_ALSO(SCVTF_fp, "UCVTF_fp");
enum tr_next
a64_tr_SCVTF_fp(struct tr *t, uint32_t w)
{
	return from_general(t, w, 0);
}

A64_TR_ALSO(FCVTZS_fix_fp, "FCVTZU_fix_fp");
enum tr_next
a64_tr_FCVTZS_fix_fp(struct tr *t, uint32_t w)
{
	return to_general(t, w, 3, 64 - (w >> 10 & 63));
}

A64_TR_ALSO(SCVTF_fix_fp, "UCVTF_fix_fp");
enum tr_next
a64_tr_SCVTF_fix_fp(struct tr *t, uint32_t w)
{
	return from_general(t, w, 64 - (w >> 10 & 63));
}

enum tr_next
a64_tr_FJCVTZS(struct tr *t, uint32_t w)
{
	struct ir_op *o = fp_op(t, w, IR_FJCVTZS);

	o->d = tr_z(a64_Rd(w));
	o->flags = IR_S;
	return TR_NEXT;
}
