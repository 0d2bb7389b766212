/* System instructions, hints, barriers (Arm ARM C4.1, "Branches, Exception Generating and System instructions"). */
#include "dbt/a64/cpu_id.h"
#include "dbt/a64/tr.h"

/* Hints of the space that do something on some CPU do nothing on one without. */
enum tr_next
a64_tr_HINT(struct tr *t, uint32_t w)
{
	tr_op(t, IR_NOP);
	return TR_NEXT;
}
A64_TR_ALSO(HINT, "NOP|SEVL?|ESB|PSB_CSYNC|TSB_CSYNC|CSDB|SB|DC_CVAC|DC_CVAU|DC_CVAP|DC_CVADP|DC_CIVAC");

/* Waiting: another thread's turn is what a program can hope for. */
enum tr_next
a64_tr_YIELD(struct tr *t, uint32_t w)
{
	tr_op(t, IR_YIELD);
	return TR_NEXT;
}
A64_TR_ALSO(YIELD, "WFE|WFI|WFET|WFIT");

enum tr_next
a64_tr_CLREX(struct tr *t, uint32_t w)
{
	tr_op(t, IR_CLREX);
	return TR_NEXT;
}

/* CRm<1:0>: 1 loads, 2 stores, 3 (and reserved 0) all */
enum tr_next
a64_tr_DMB(struct tr *t, uint32_t w)
{
	unsigned types = a64_CRm(w) & 3;

	tr_op(t, IR_DMB)->cond = types == 1 || types == 2 ? (uint8_t)types : 0;
	return TR_NEXT;
}

enum tr_next
a64_tr_DSB(struct tr *t, uint32_t w)
{
	tr_op(t, IR_DMB);
	return TR_NEXT;
}

static enum tr_next
and_go_on(struct tr *t, struct ir_op *o)
{
	o->imm = t->pc + 4;
	return TR_END;
}

enum tr_next
a64_tr_ISB(struct tr *t, uint32_t w)
{
	return and_go_on(t, tr_op(t, IR_ISB));
}

enum tr_next
a64_tr_IC_IVAU(struct tr *t, uint32_t w)
{
	struct ir_op *o = tr_op(t, IR_IC_IVAU);

	o->a = tr_z(a64_Rt(w));
	return and_go_on(t, o);
}

enum tr_next
a64_tr_DC_ZVA(struct tr *t, uint32_t w)
{
	tr_op(t, IR_DC_ZVA)->a = tr_z(a64_Rt(w));
	return TR_NEXT;
}

/* Flags */
static enum tr_next
flags(struct tr *t, enum ir_opcode op)
{
	tr_op(t, op)->flags |= IR_S;
	return TR_NEXT;
}

enum tr_next
a64_tr_CFINV(struct tr *t, uint32_t w)
{
	return flags(t, IR_CFINV);
}

enum tr_next
a64_tr_XAFLAG(struct tr *t, uint32_t w)
{
	return flags(t, IR_XAFLAG);
}

enum tr_next
a64_tr_AXFLAG(struct tr *t, uint32_t w)
{
	return flags(t, IR_AXFLAG);
}

enum tr_next
a64_tr_MSR_NZCV(struct tr *t, uint32_t w)
{
	struct ir_op *o = tr_op(t, IR_SETNZCV);

	o->a = tr_z(a64_Rt(w));
	o->flags |= IR_S;
	return TR_NEXT;
}

enum tr_next
a64_tr_MRS_NZCV(struct tr *t, uint32_t w)
{
	tr_op(t, IR_GETNZCV)->d = tr_z(a64_Rt(w));
	return TR_NEXT;
}

enum tr_next
a64_tr_MRS_RNDR(struct tr *t, uint32_t w)
{
	struct ir_op *o = tr_op(t, IR_RNDR);

	o->d = tr_z(a64_Rt(w));
	o->flags |= IR_S;
	return TR_NEXT;
}
A64_TR_ALSO(MRS_RNDR, "MRS_RNDRRS");

/* PSTATE by immediate: at EL0 DIT and SSBS, which change nothing here; others are the kernel's */
enum tr_next
a64_tr_MSR_imm(struct tr *t, uint32_t w)
{
	if (a64_op1(w) != 3 || (a64_op2(w) != 1 && a64_op2(w) != 2))
		return TR_UNDEF;
	tr_op(t, IR_NOP);
	return TR_NEXT;
}

/* System registers: op0 is 2 + o0 */
#define SYSREG(op0, op1, crn, crm, op2) ((op0) << 16 | (op1) << 12 | (crn) << 8 | (crm) << 4 | (op2))

static unsigned
sysreg(uint32_t w)
{
	return SYSREG(2 + a64_o0(w), a64_op1(w), a64_CRn(w), a64_CRm(w), a64_op2(w));
}

static enum tr_next
read_register(struct tr *t, uint32_t w, enum ir_sysreg r, uint64_t value)
{
	struct ir_op *o = tr_op(t, IR_MRS);

	o->d = tr_z(a64_Rt(w));
	o->cond = (uint8_t)r;
	o->imm = value;
	return TR_NEXT;
}

enum tr_next
a64_tr_MRS(struct tr *t, uint32_t w)
{
	uint64_t v;

	switch (sysreg(w)) {
	case SYSREG(3, 3, 13, 0, 2):
		return read_register(t, w, IR_SYS_TPIDR, 0);
	case SYSREG(3, 3, 13, 0, 3): /* TPIDRRO_EL0: Linux keeps it 0 for 64-bit programs */
		return read_register(t, w, IR_SYS_CONST, 0);
	case SYSREG(3, 3, 4, 4, 0):
		return read_register(t, w, IR_SYS_FPCR, 0);
	case SYSREG(3, 3, 4, 4, 1):
		return read_register(t, w, IR_SYS_FPSR, 0);
	case SYSREG(3, 3, 0, 0, 1):
		return read_register(t, w, IR_SYS_CONST, A64_CTR);
	case SYSREG(3, 3, 0, 0, 7):
		return read_register(t, w, IR_SYS_CONST, A64_DCZID);
	case SYSREG(3, 3, 14, 0, 0):
		return read_register(t, w, IR_SYS_CONST, A64_CNTFRQ);
	case SYSREG(3, 3, 14, 0, 2): /* CNTVCT_EL0 */
	case SYSREG(3, 3, 14, 0, 6): /* CNTVCTSS_EL0 */
		return read_register(t, w, IR_SYS_CNTVCT, 0);
	case SYSREG(3, 3, 4, 2, 5): /* DIT */
	case SYSREG(3, 3, 4, 2, 6): /* SSBS */
		return read_register(t, w, IR_SYS_CONST, 0);
	default:
		break;
	}
	if ((sysreg(w) & ~0xf7u) == SYSREG(3, 0, 0, 0, 0) && a64_id_register(a64_CRm(w), a64_op2(w), &v))
		return read_register(t, w, IR_SYS_CONST, v);
	return TR_UNDEF;
}

enum tr_next
a64_tr_MSR_reg(struct tr *t, uint32_t w)
{
	struct ir_op *o;

	switch (sysreg(w)) {
	case SYSREG(3, 3, 13, 0, 2):
		o = tr_op(t, IR_MSR);
		o->cond = IR_SYS_TPIDR;
		break;
	case SYSREG(3, 3, 4, 4, 1):
		o = tr_op(t, IR_MSR);
		o->cond = IR_SYS_FPSR;
		break;
	case SYSREG(3, 3, 4, 4, 0):
		o = tr_op(t, IR_MSR_FPCR);
		o->a = tr_z(a64_Rt(w));
		return and_go_on(t, o);
	case SYSREG(3, 3, 4, 2, 5):
	case SYSREG(3, 3, 4, 2, 6):
		tr_op(t, IR_NOP);
		return TR_NEXT;
	default:
		return TR_UNDEF;
	}
	o->a = tr_z(a64_Rt(w));
	return TR_NEXT;
}
