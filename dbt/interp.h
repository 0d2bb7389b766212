/* What the interpreter's families share: ir_do_<NAME>() in interp_<family>.c is the meaning of each operation. */
#pragma once

#include "abi/core/cpu_a64.h"
#include "dbt/ir.h"
#include "dbt/state.h"

/** The guest's data may lie at any address; so does the host's. */
#define UNALIGNED __attribute__((no_sanitize("alignment")))

/** The value of a general register; temporaries live in the state block that the registers are part of. */
static inline uint64_t
reg_get(const struct cpu_a64 *c, unsigned r)
{
	if (r == IR_ZR)
		return 0;
	if (r >= IR_T0)
		return ((const struct dbt_state *)c)->t[r - IR_T0];
	return c->x[r];
}

static inline void
reg_set(struct cpu_a64 *c, unsigned r, uint64_t v)
{
	if (r >= IR_T0)
		((struct dbt_state *)c)->t[r - IR_T0] = v;
	else if (r != IR_ZR)
		c->x[r] = v;
}

/** Write a result of the operation's size: 32 bits clear the rest. */
static inline void
reg_put(struct cpu_a64 *c, const struct ir_op *o, uint64_t v)
{
	reg_set(c, o->d, o->size == 3 ? v : (uint32_t)v);
}

/** ExtendReg() and ShiftReg() of register b (Arm ARM J1.3.3), or imm; of the operation's size. */
uint64_t reg_operand(const struct cpu_a64 *c, const struct ir_op *o);

/** ConditionHolds() (Arm ARM J1.3.3). */
bool nzcv_holds(const struct cpu_a64 *c, unsigned cond);
