/* What the integer lowerings share. */
#pragma once

#include "dbt/x64/lower.h"

/** The second operand of an integer operation as the second operand of a host instruction. */
struct lo_operand {
	enum { LO_REG, LO_MEM, LO_IMM } kind;
	enum x64_gpr reg;
	struct x64_mem mem;
	int64_t imm;
};

static inline x64_op
lo_width(const struct ir_op *o)
{
	return o->size == 3 ? X64_64 : X64_32;
}

/** b (extended, shifted) or imm; rcx when it must be computed. */
struct lo_operand lo_operand(struct lo *l, const struct ir_op *o);
/** The same, in a register of the caller's choice. */
void lo_operand_to(struct lo *l, const struct ir_op *o, enum x64_gpr to);
/** op reg, operand */
void lo_op_operand(struct lo *l, x64_op op, enum x64_gpr reg, const struct lo_operand *s);
