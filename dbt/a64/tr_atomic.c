/* Exclusives, acquire and release, compare and swap, atomic memory operations (Arm ARM C4.1, "Loads and Stores"). */
#include "dbt/a64/tr.h"

static struct ir_op *
atomic(struct tr *t, uint32_t w, enum ir_opcode op)
{
	struct ir_op *o = tr_op(t, op);

	o->size = (uint8_t)(w >> 30);
	o->flags = o->size == 3 ? IR_X : 0;
	o->a = tr_sp(a64_Rn(w));
	return o;
}

enum tr_next
a64_tr_LDXR(struct tr *t, uint32_t w)
{
	atomic(t, w, IR_LDXR)->d = tr_z(a64_Rt(w));
	return TR_NEXT;
}
A64_TR_ALSO(LDXR, "LDA?XR[BH]?");

enum tr_next
a64_tr_STXR(struct tr *t, uint32_t w)
{
	struct ir_op *o = atomic(t, w, IR_STXR);

	o->d = tr_z(a64_Rs(w));
	o->b = tr_z(a64_Rt(w));
	return TR_NEXT;
}
A64_TR_ALSO(STXR, "STL?XR[BH]?");

enum tr_next
a64_tr_LDXP(struct tr *t, uint32_t w)
{
	struct ir_op *o = atomic(t, w, IR_LDXP);

	o->d = tr_z(a64_Rt(w));
	o->e = tr_z(a64_Rt2(w));
	return TR_NEXT;
}
A64_TR_ALSO(LDXP, "LDAXP");

enum tr_next
a64_tr_STXP(struct tr *t, uint32_t w)
{
	struct ir_op *o = atomic(t, w, IR_STXP);

	o->d = tr_z(a64_Rs(w));
	o->b = tr_z(a64_Rt(w));
	o->c = tr_z(a64_Rt2(w));
	return TR_NEXT;
}
A64_TR_ALSO(STXP, "STLXP");

enum tr_next
a64_tr_LDAR(struct tr *t, uint32_t w)
{
	atomic(t, w, IR_LDAR)->d = tr_z(a64_Rt(w));
	return TR_NEXT;
}
A64_TR_ALSO(LDAR, "LD(AR|LAR|APR)[BH]?");

enum tr_next
a64_tr_STLR(struct tr *t, uint32_t w)
{
	atomic(t, w, IR_STLR)->d = tr_z(a64_Rt(w));
	return TR_NEXT;
}
A64_TR_ALSO(STLR, "STLL?R[BH]?");

/* Unscaled offset, RCpc */
enum tr_next
a64_tr_LDAPUR(struct tr *t, uint32_t w)
{
	unsigned opc = w >> 22 & 3;
	struct ir_op *o = atomic(t, w, IR_LDAR);

	o->d = tr_z(a64_Rt(w));
	o->imm = (uint64_t)tr_sext(a64_imm9(w), 9);
	if (opc >= 2)
		o->flags |= IR_SIGN;
	if (opc == 2)
		o->flags |= IR_X;
	return TR_NEXT;
}
A64_TR_ALSO(LDAPUR, "LDAPUR(B|H|SB|SH|SW)");

enum tr_next
a64_tr_STLUR(struct tr *t, uint32_t w)
{
	struct ir_op *o = atomic(t, w, IR_STLR);

	o->d = tr_z(a64_Rt(w));
	o->imm = (uint64_t)tr_sext(a64_imm9(w), 9);
	o->cond = 1;
	return TR_NEXT;
}
A64_TR_ALSO(STLUR, "STLUR[BH]");

/* Compare and swap */
enum tr_next
a64_tr_CAS(struct tr *t, uint32_t w)
{
	struct ir_op *o = atomic(t, w, IR_CAS);

	o->d = tr_z(a64_Rs(w));
	o->b = tr_z(a64_Rt(w));
	return TR_NEXT;
}
A64_TR_ALSO(CAS, "CAS[BH]");

enum tr_next
a64_tr_CASP(struct tr *t, uint32_t w)
{
	struct ir_op *o = atomic(t, w, IR_CASP);

	o->size = w >> 30 & 1 ? 3 : 2;
	o->d = tr_z(a64_Rs(w));
	o->b = tr_z(a64_Rt(w));
	return TR_NEXT;
}

/* Atomic memory operations: Rs operates, Rt receives */
static enum tr_next
operation(struct tr *t, uint32_t w, enum ir_opcode op, bool is_signed)
{
	struct ir_op *o = atomic(t, w, op);

	o->d = tr_z(a64_Rt(w));
	o->b = tr_z(a64_Rs(w));
	o->flags |= is_signed ? IR_SIGN : 0;
	return TR_NEXT;
}

enum tr_next
a64_tr_LDADD(struct tr *t, uint32_t w)
{
	return operation(t, w, IR_LDADD, false);
}
A64_TR_ALSO(LDADD, "LDADD[BH]");

enum tr_next
a64_tr_LDCLR(struct tr *t, uint32_t w)
{
	return operation(t, w, IR_LDCLR, false);
}
A64_TR_ALSO(LDCLR, "LDCLR[BH]");

enum tr_next
a64_tr_LDEOR(struct tr *t, uint32_t w)
{
	return operation(t, w, IR_LDEOR, false);
}
A64_TR_ALSO(LDEOR, "LDEOR[BH]");

enum tr_next
a64_tr_LDSET(struct tr *t, uint32_t w)
{
	return operation(t, w, IR_LDSET, false);
}
A64_TR_ALSO(LDSET, "LDSET[BH]");

enum tr_next
a64_tr_LDSMAX(struct tr *t, uint32_t w)
{
	return operation(t, w, IR_LDMAX, true);
}
A64_TR_ALSO(LDSMAX, "LDSMAX[BH]");

enum tr_next
a64_tr_LDSMIN(struct tr *t, uint32_t w)
{
	return operation(t, w, IR_LDMIN, true);
}
A64_TR_ALSO(LDSMIN, "LDSMIN[BH]");

enum tr_next
a64_tr_LDUMAX(struct tr *t, uint32_t w)
{
	return operation(t, w, IR_LDMAX, false);
}
A64_TR_ALSO(LDUMAX, "LDUMAX[BH]");

enum tr_next
a64_tr_LDUMIN(struct tr *t, uint32_t w)
{
	return operation(t, w, IR_LDMIN, false);
}
A64_TR_ALSO(LDUMIN, "LDUMIN[BH]");

enum tr_next
a64_tr_SWP(struct tr *t, uint32_t w)
{
	return operation(t, w, IR_SWP, false);
}
A64_TR_ALSO(SWP, "SWP[BH]");
