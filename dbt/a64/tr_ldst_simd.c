/* Loads and stores of structures: LD1 to LD4, ST1 to ST4, LD1R to LD4R (Arm ARM C4.1, C7.2). */
#include "dbt/a64/tr_simd.h"

static struct ir_op *
structure_op(struct tr *t, uint32_t w)
{
	struct ir_op *o = tr_op(t, w >> 22 & 1 ? IR_VLDS : IR_VSTS);
	unsigned m = w >> 16 & 31;

	o->d = a64_Rd(w);
	o->a = tr_sp(a64_Rn(w));
	o->b = IR_NONE;
	o->flags = w >> 30 & 1 ? IR_Q : 0;
	if (w >> 23 & 1) {
		o->flags |= IR_POST;
		if (m != 31)
			o->b = (uint8_t)m;
	}
	return o;
}

A64_TR_ALSO(ST1_mult1, "(LD|ST)(1_mult[1-4]|[2-4]_mult)(_post)?");
enum tr_next
a64_tr_ST1_mult1(struct tr *t, uint32_t w)
{
	/* by opcode: registers, and how many elements belong together */
	static const uint8_t form[16][2] = { [0x0] = { 4, 4 }, [0x2] = { 4, 1 }, [0x4] = { 3, 3 }, [0x6] = { 3, 1 },
	                                     [0x7] = { 1, 1 }, [0x8] = { 2, 2 }, [0xa] = { 2, 1 } };
	const uint8_t *f = form[w >> 12 & 15];
	struct ir_op *o;

	if (f[0] == 0 || (f[1] > 1 && (w >> 10 & 3) == 3 && !(w >> 30 & 1)))
		return TR_UNDEF;
	o = structure_op(t, w);
	o->size = w >> 10 & 3;
	o->cond = f[0];
	o->shift = f[1];
	return TR_NEXT;
}

A64_TR_ALSO(ST1_single_b, "(LD|ST)[1-4]_single_[bhsd](_post)?|LD[1-4]R(_post)?");
enum tr_next
a64_tr_ST1_single_b(struct tr *t, uint32_t w)
{
	unsigned scale = w >> 14 & 3, size = w >> 10 & 3, lane = (w >> 30 & 1) << 3 | (w >> 12 & 1) << 2 | size;
	struct ir_op *o = structure_op(t, w);

	o->cond = o->shift = (uint8_t)((w >> 13 & 1) * 2 + (w >> 21 & 1) + 1);
	if (scale == 3) {
		o->size = (uint8_t)size;
		o->imm = IR_VLS_ALL;
		return TR_NEXT;
	}
	/* words and doublewords share a scale */
	o->size = (uint8_t)(scale == 2 && size & 1 ? 3 : scale);
	o->imm = IR_VLS_LANE + (lane >> o->size);
	return TR_NEXT;
}
