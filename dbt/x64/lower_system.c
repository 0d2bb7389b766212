/* System registers, cache maintenance, hints. */
#include "dbt/x64/lower_int.h"

static uint64_t
next_pc(const struct lo *l, const struct ir_op *o)
{
	return l->ir->pc + (uint64_t)(int64_t)o->pc + 4;
}

void
lo_NOP(struct lo *l, const struct ir_op *o)
{
}

void
lo_YIELD(struct lo *l, const struct ir_op *o)
{
	x64_0(&l->b, X64_pause);
}

void
lo_MRS(struct lo *l, const struct ir_op *o)
{
	enum x64_gpr to = lo_dst(l, o->d, X64_RAX);

	if (o->d == IR_ZR)
		return;
	switch (o->cond) {
	case IR_SYS_TPIDR:
		x64_rm(&l->b, X64_mov | X64_64, to, x64_at(X64_RBP, DBT_OFF(cpu.tpidr)));
		break;
	case IR_SYS_FPCR:
		x64_rm(&l->b, X64_mov, to, x64_at(X64_RBP, DBT_OFF(cpu.fpcr)));
		break;
	case IR_SYS_CONST:
		lo_const(l, to, o->imm);
		break;
	default:
		lo_call(l, o);
		return;
	}
	lo_put(l, o->d, to);
}

void
lo_MSR(struct lo *l, const struct ir_op *o)
{
	if (o->cond == IR_SYS_TPIDR)
		x64_mr(&l->b, X64_mov | X64_64, x64_at(X64_RBP, DBT_OFF(cpu.tpidr)), lo_get(l, o->a, X64_RAX));
	else
		lo_call(l, o);
}

static void
leave_with(struct lo *l, const struct ir_op *o, enum dbt_exit why)
{
	lo_save_nzcv(l);
	x64_mr(&l->b, X64_mov | X64_64, x64_at(X64_RBP, DBT_OFF(arg)), lo_get(l, o->a, X64_RAX));
	lo_leave(l, next_pc(l, o), why);
}

void
lo_MSR_FPCR(struct lo *l, const struct ir_op *o)
{
	leave_with(l, o, DBT_EXIT_FPCR);
}

void
lo_IC_IVAU(struct lo *l, const struct ir_op *o)
{
	leave_with(l, o, DBT_EXIT_FLUSH);
}
