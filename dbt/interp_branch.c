/* The meaning of transfers of control: cpu->pc is changed when they transfer.  Stops only leave: their pc is set by them. */
#include "dbt/interp.h"

#define DO(name) void ir_do_##name(struct cpu_a64 *c, const struct ir_op *o)

/* Branch targets lose their top byte: bit 55 is copied (TBI, Arm ARM D8.8 and J1.3 BranchAddr). */
static uint64_t
branch_address(uint64_t v)
{
	return (uint64_t)((int64_t)(v << 8) >> 8);
}

DO(B)
{
	c->pc = o->imm;
}

DO(NEXT)
{
	c->pc = o->imm;
}

DO(BCOND)
{
	if (nzcv_holds(c, o->cond))
		c->pc = o->imm;
}

static bool
is_zero(const struct cpu_a64 *c, const struct ir_op *o)
{
	uint64_t v = reg_get(c, o->a);

	return (o->size == 3 ? v : (uint32_t)v) == 0;
}

DO(CBZ)
{
	if (is_zero(c, o))
		c->pc = o->imm;
}

DO(CBNZ)
{
	if (!is_zero(c, o))
		c->pc = o->imm;
}

DO(TBZ)
{
	if (!(reg_get(c, o->a) >> o->shift & 1))
		c->pc = o->imm;
}

DO(TBNZ)
{
	if (reg_get(c, o->a) >> o->shift & 1)
		c->pc = o->imm;
}

/* While a call runs, cpu->pc is the instruction behind it: whoever steps sets it before (interp_step). */
DO(BL)
{
	c->x[30] = c->pc;
	c->pc = o->imm;
}

DO(BLR)
{
	uint64_t to = branch_address(reg_get(c, o->a));

	c->x[30] = c->pc;
	c->pc = to;
}

DO(BR)
{
	c->pc = branch_address(reg_get(c, o->a));
}

DO(RET)
{
	c->pc = branch_address(reg_get(c, o->a));
}

DO(SVC)
{
}

/* These leave pc at themselves. */
DO(BRK)
{
	c->pc -= 4;
}

DO(UNDEF)
{
	c->pc -= 4;
}
