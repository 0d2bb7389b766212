/* What the floating-point families of the interpreter share. */
#pragma once

#include "dbt/fp/fp.h"
#include "dbt/interp.h"

/** The rounding that an operation's cond names. */
static inline enum fp_rounding
fp_op_mode(const struct fp_env *f, const struct ir_op *o)
{
	return o->cond == IR_ROUND_FPCR ? fp_mode(f) : (enum fp_rounding)o->cond;
}
_Static_assert((int)IR_ROUND_AWAY == (int)FP_TIEAWAY, "one numbering");
