/* Data processing, register (Arm ARM C4.1, "Data Processing -- Register"): arithmetic, logical, conditional. */
#include "dbt/a64/tr.h"

/* d = a op b, all of the instruction's size. */
static struct ir_op *
three(struct tr *t, uint32_t w, enum ir_opcode op)
{
	struct ir_op *o = tr_op_sf(t, op, a64_sf(w));

	o->d = tr_z(a64_Rd(w));
	o->a = tr_z(a64_Rn(w));
	o->b = tr_z(a64_Rm(w));
	o->ext = IR_LSL;
	return o;
}

static enum tr_next
shifted(struct tr *t, uint32_t w, enum ir_opcode op, bool s)
{
	struct ir_op *o = three(t, w, op);

	o->ext = (uint8_t)(IR_LSL + a64_shift(w));
	o->shift = (uint8_t)a64_imm6(w);
	o->flags |= s ? IR_S : 0;
	if (op == IR_ORR && o->a == IR_ZR) /* MOV (register), and LSL LSR ASR ROR as compilers write them */
		o->op = IR_MOV, o->a = IR_NONE;
	return TR_NEXT;
}

static enum tr_next
extended(struct tr *t, uint32_t w, enum ir_opcode op, bool s)
{
	struct ir_op *o = three(t, w, op);

	o->d = s ? tr_z(a64_Rd(w)) : tr_sp(a64_Rd(w));
	o->a = tr_sp(a64_Rn(w));
	o->ext = (uint8_t)a64_option(w);
	o->shift = (uint8_t)a64_imm3(w);
	o->flags |= s ? IR_S : 0;
	return TR_NEXT;
}

static enum tr_next
carry(struct tr *t, uint32_t w, enum ir_opcode op, bool s)
{
	struct ir_op *o = three(t, w, op);

	o->flags |= s ? IR_S : 0;
	return TR_NEXT;
}

static enum tr_next
select(struct tr *t, uint32_t w, enum ir_opcode op)
{
	struct ir_op *o = three(t, w, op);

	o->cond = (uint8_t)a64_cond(w);
	if (o->cond >= IR_AL) { /* always: the first, as it is */
		o->op = IR_MOV;
		o->b = o->a;
		o->a = IR_NONE;
	}
	return TR_NEXT;
}

static enum tr_next
compare(struct tr *t, uint32_t w, enum ir_opcode op, bool imm)
{
	struct ir_op *o = tr_op_sf(t, op, a64_sf(w));

	o->a = tr_z(a64_Rn(w));
	if (imm)
		o->imm = a64_imm5(w);
	else
		o->b = tr_z(a64_Rm(w));
	o->ext = IR_LSL;
	o->shift = (uint8_t)a64_nzcv(w);
	o->cond = (uint8_t)a64_cond(w);
	o->flags |= IR_S;
	return TR_NEXT;
}

enum tr_next
a64_tr_AND_shift(struct tr *t, uint32_t w)
{
	return shifted(t, w, IR_AND, false);
}

enum tr_next
a64_tr_BIC_shift(struct tr *t, uint32_t w)
{
	return shifted(t, w, IR_BIC, false);
}

enum tr_next
a64_tr_ORR_shift(struct tr *t, uint32_t w)
{
	return shifted(t, w, IR_ORR, false);
}

enum tr_next
a64_tr_ORN_shift(struct tr *t, uint32_t w)
{
	return shifted(t, w, IR_ORN, false);
}

enum tr_next
a64_tr_EOR_shift(struct tr *t, uint32_t w)
{
	return shifted(t, w, IR_EOR, false);
}

enum tr_next
a64_tr_EON_shift(struct tr *t, uint32_t w)
{
	return shifted(t, w, IR_EON, false);
}

enum tr_next
a64_tr_ANDS_shift(struct tr *t, uint32_t w)
{
	return shifted(t, w, IR_AND, true);
}

enum tr_next
a64_tr_BICS_shift(struct tr *t, uint32_t w)
{
	return shifted(t, w, IR_BIC, true);
}

enum tr_next
a64_tr_ADD_shift(struct tr *t, uint32_t w)
{
	return shifted(t, w, IR_ADD, false);
}

enum tr_next
a64_tr_ADDS_shift(struct tr *t, uint32_t w)
{
	return shifted(t, w, IR_ADD, true);
}

enum tr_next
a64_tr_SUB_shift(struct tr *t, uint32_t w)
{
	return shifted(t, w, IR_SUB, false);
}

enum tr_next
a64_tr_SUBS_shift(struct tr *t, uint32_t w)
{
	return shifted(t, w, IR_SUB, true);
}

enum tr_next
a64_tr_ADD_ext(struct tr *t, uint32_t w)
{
	return extended(t, w, IR_ADD, false);
}

enum tr_next
a64_tr_ADDS_ext(struct tr *t, uint32_t w)
{
	return extended(t, w, IR_ADD, true);
}

enum tr_next
a64_tr_SUB_ext(struct tr *t, uint32_t w)
{
	return extended(t, w, IR_SUB, false);
}

enum tr_next
a64_tr_SUBS_ext(struct tr *t, uint32_t w)
{
	return extended(t, w, IR_SUB, true);
}

enum tr_next
a64_tr_ADC(struct tr *t, uint32_t w)
{
	return carry(t, w, IR_ADC, false);
}

enum tr_next
a64_tr_ADCS(struct tr *t, uint32_t w)
{
	return carry(t, w, IR_ADC, true);
}

enum tr_next
a64_tr_SBC(struct tr *t, uint32_t w)
{
	return carry(t, w, IR_SBC, false);
}

enum tr_next
a64_tr_SBCS(struct tr *t, uint32_t w)
{
	return carry(t, w, IR_SBC, true);
}

enum tr_next
a64_tr_CSEL(struct tr *t, uint32_t w)
{
	return select(t, w, IR_CSEL);
}

enum tr_next
a64_tr_CSINC(struct tr *t, uint32_t w)
{
	return select(t, w, IR_CSINC);
}

enum tr_next
a64_tr_CSINV(struct tr *t, uint32_t w)
{
	return select(t, w, IR_CSINV);
}

enum tr_next
a64_tr_CSNEG(struct tr *t, uint32_t w)
{
	return select(t, w, IR_CSNEG);
}

enum tr_next
a64_tr_CCMN_reg(struct tr *t, uint32_t w)
{
	return compare(t, w, IR_CCMN, false);
}

enum tr_next
a64_tr_CCMP_reg(struct tr *t, uint32_t w)
{
	return compare(t, w, IR_CCMP, false);
}

enum tr_next
a64_tr_CCMN_imm(struct tr *t, uint32_t w)
{
	return compare(t, w, IR_CCMN, true);
}

enum tr_next
a64_tr_CCMP_imm(struct tr *t, uint32_t w)
{
	return compare(t, w, IR_CCMP, true);
}
