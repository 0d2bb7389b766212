/* What the translator functions of Advanced SIMD share.  Fields that have no name in a64.decode are read from the word. */
#pragma once

#include "dbt/a64/tr.h"

/** Bit 28: the scalar forms, where bit 30 is not Q. */
static inline uint8_t
tr_vflags(uint32_t w)
{
	if (w >> 28 & 1)
		return IR_ONE;
	return w >> 30 & 1 ? IR_Q : 0;
}

/** What an opcode of a group means; op 0 (an integer operation) where the group has none. */
struct tr_simd {
	uint16_t op;    /* enum ir_opcode */
	uint8_t flags;
	uint8_t cond;
};

static inline struct ir_op *
tr_vop(struct tr *t, uint32_t w, const struct tr_simd *s, uint8_t flags)
{
	struct ir_op *o = tr_op(t, s->op);

	o->d = a64_Rd(w);
	o->a = a64_Rn(w);
	o->size = a64_size(w);
	o->flags = s->flags | flags;
	o->cond = s->cond;
	return o;
}
