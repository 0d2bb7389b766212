/* Build a block of operations, and the facts about each operation. */
#include "dbt/ir.h"

const struct ir_info ir_info[IR_OPS] = {
#define IR(name, kind, attr) [IR_##name] = { #name, kind, attr },
#include "dbt/ir.def"
#undef IR
};

ir_do_fn *const ir_do[IR_OPS] = {
#define IR(name, ...) [IR_##name] = ir_do_##name,
#include "dbt/ir.def"
#undef IR
};

struct ir_op *
ir_append(struct ir_block *b, enum ir_opcode op, uint64_t pc)
{
	if (b->n == IR_MAX_OPS) {
		b->overflow = true;
		b->n--;
	}
	struct ir_op *o = &b->op[b->n++];

	*o = (struct ir_op){ .op = op, .d = IR_NONE, .e = IR_NONE, .a = IR_NONE, .b = IR_NONE, .c = IR_NONE,
		             .pc = (int32_t)(pc - b->pc) };
	return o;
}

/* Live behind the operation, as far as where it goes tells. */
static bool
live_behind(const struct ir_op *o, bool live, bool (*dead_at)(void *ctx, uint64_t pc), void *ctx)
{
	switch (o->op) {
	case IR_B: case IR_NEXT: case IR_ISB: case IR_MSR_FPCR: case IR_IC_IVAU:
		return !dead_at(ctx, o->imm);
	case IR_BL:
		return !dead_at(ctx, o->imm);
	case IR_RET: case IR_BLR:
		return false;
	default:
		if (ir_info[o->op].attr & IR_SIDE)
			return live || !dead_at(ctx, o->imm);
		return live || ir_info[o->op].attr & IR_END;
	}
}

void
ir_live_flags(struct ir_block *b, bool (*dead_at)(void *ctx, uint64_t pc), void *ctx)
{
	bool live = true;

	for (uint32_t i = b->n; i-- > 0;) {
		struct ir_op *o = &b->op[i];
		uint16_t attr = ir_info[o->op].attr;

		live = live_behind(o, live, dead_at, ctx);
		o->flags = live ? o->flags | IR_KEEP : o->flags & ~IR_KEEP;
		if (o->flags & IR_S && attr & IR_NZCV_W) {
			if (!live)
				o->flags &= ~IR_S;
			live = false;
		}
		if (attr & IR_NZCV_R && (o->flags & IR_S || !(attr & IR_NZCV_W) || attr & IR_FP || o->d != IR_NONE))
			live = true;
	}
}
