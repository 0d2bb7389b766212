/* Branches, exceptions (Arm ARM C4.1, "Branches, Exception Generating and System instructions"). */
#include "dbt/a64/tr.h"

static enum tr_next
jump(struct tr *t, enum ir_opcode op, uint64_t offset, unsigned bits)
{
	tr_op(t, op)->imm = t->pc + (uint64_t)tr_sext(offset << 2, bits + 2);
	return TR_END;
}

static enum tr_next
test(struct tr *t, enum ir_opcode op, uint64_t offset, unsigned bits, uint32_t w)
{
	struct ir_op *o = tr_op(t, op);

	o->imm = t->pc + (uint64_t)tr_sext(offset << 2, bits + 2);
	o->a = tr_z(a64_Rt(w));
	if (op == IR_TBZ || op == IR_TBNZ)
		o->shift = (uint8_t)(a64_b5(w) << 5 | a64_b40(w));
	else
		o->size = a64_sf(w) ? 3 : 2;
	return TR_END;
}

enum tr_next
a64_tr_B(struct tr *t, uint32_t w)
{
	return jump(t, IR_B, a64_imm26(w), 26);
}

enum tr_next
a64_tr_BL(struct tr *t, uint32_t w)
{
	return jump(t, IR_BL, a64_imm26(w), 26);
}

enum tr_next
a64_tr_B_cond(struct tr *t, uint32_t w)
{
	enum tr_next next = jump(t, a64_bcond(w) >= IR_AL ? IR_B : IR_BCOND, a64_imm19(w), 19);

	t->ir->op[t->ir->n - 1].cond = (uint8_t)a64_bcond(w);
	return next;
}

enum tr_next
a64_tr_CBZ(struct tr *t, uint32_t w)
{
	return test(t, IR_CBZ, a64_imm19(w), 19, w);
}

enum tr_next
a64_tr_CBNZ(struct tr *t, uint32_t w)
{
	return test(t, IR_CBNZ, a64_imm19(w), 19, w);
}

enum tr_next
a64_tr_TBZ(struct tr *t, uint32_t w)
{
	return test(t, IR_TBZ, a64_imm14(w), 14, w);
}

enum tr_next
a64_tr_TBNZ(struct tr *t, uint32_t w)
{
	return test(t, IR_TBNZ, a64_imm14(w), 14, w);
}

static enum tr_next
to_register(struct tr *t, enum ir_opcode op, uint32_t w)
{
	tr_op(t, op)->a = tr_z(a64_Rn(w));
	return TR_END;
}

enum tr_next
a64_tr_BR(struct tr *t, uint32_t w)
{
	return to_register(t, IR_BR, w);
}

enum tr_next
a64_tr_BLR(struct tr *t, uint32_t w)
{
	return to_register(t, IR_BLR, w);
}

enum tr_next
a64_tr_RET(struct tr *t, uint32_t w)
{
	return to_register(t, IR_RET, w);
}

/* Exception generation */
enum tr_next
a64_tr_SVC(struct tr *t, uint32_t w)
{
	tr_op(t, IR_SVC)->imm = a64_imm16(w);
	return TR_END;
}

enum tr_next
a64_tr_BRK(struct tr *t, uint32_t w)
{
	tr_op(t, IR_BRK)->imm = a64_imm16(w);
	return TR_END;
}

/* What EL0 may not do is undefined there; HLT too, without a debugger. */
enum tr_next
a64_tr_UDF(struct tr *t, uint32_t w)
{
	return TR_UNDEF;
}
A64_TR_ALSO(UDF, "HVC|SMC|HLT|DCPS[123]|ERET|DRPS|SYS|SYSL");
