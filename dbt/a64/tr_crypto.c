/* Cryptographic instructions (Arm ARM C4.1, C7.2). */
#include "dbt/a64/tr_simd.h"

static struct ir_op *
crypto_op(struct tr *t, uint32_t w, enum ir_opcode op)
{
	struct ir_op *o = tr_op(t, op);

	o->flags = IR_Q;
	o->d = a64_Rd(w);
	o->a = a64_Rn(w);
	return o;
}

/* By bits 13:12. */
A64_TR_ALSO(AESE, "AESD|AESMC|AESIMC");
enum tr_next
a64_tr_AESE(struct tr *t, uint32_t w)
{
	static const uint16_t op[4] = { IR_AESE, IR_AESD, IR_AESMC, IR_AESIMC };

	crypto_op(t, w, op[w >> 12 & 3]);
	return TR_NEXT;
}

enum tr_next
a64_tr_PMULL_64(struct tr *t, uint32_t w)
{
	struct ir_op *o = crypto_op(t, w, IR_PMULL64);

	o->flags |= w >> 30 & 1 ? IR_HIGH : 0;
	o->b = a64_Rm(w);
	return TR_NEXT;
}

A64_TR_ALSO(EOR3, "BCAX");
enum tr_next
a64_tr_EOR3(struct tr *t, uint32_t w)
{
	struct ir_op *o = crypto_op(t, w, w >> 21 & 1 ? IR_BCAX : IR_EOR3);

	o->b = a64_Rm(w);
	o->c = w >> 10 & 31;
	return TR_NEXT;
}

enum tr_next
a64_tr_RAX1(struct tr *t, uint32_t w)
{
	crypto_op(t, w, IR_RAX1)->b = a64_Rm(w);
	return TR_NEXT;
}

enum tr_next
a64_tr_XAR(struct tr *t, uint32_t w)
{
	struct ir_op *o = crypto_op(t, w, IR_XAR);

	o->b = a64_Rm(w);
	o->imm = w >> 10 & 63;
	return TR_NEXT;
}
