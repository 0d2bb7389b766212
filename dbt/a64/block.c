/* A block: words decoded and translated up to what ends it.  And what can be said of NZCV by reading ahead. */
#include "dbt/a64/tr.h"

static void
end_with(struct tr *t, enum ir_opcode op, uint64_t imm)
{
	tr_op(t, op)->imm = imm;
}

static enum tr_next
one_word(struct tr *t, uint32_t w)
{
	enum a64_op op = a64_decode(w);

	return op == A64_UNDEFINED || a64_tr[op] == NULL ? TR_UNDEF : a64_tr[op](t, w);
}

static bool
has_ended(const struct ir_block *b)
{
	return b->n > 0 && ir_info[b->op[b->n - 1].op].attr & IR_END;
}

void
a64_block(struct ir_block *b, uint64_t pc, const uint32_t *code, uint64_t words, uint32_t max_guest)
{
	struct tr t = { .ir = b, .pc = pc };

	b->pc = pc;
	b->n = b->guest = 0;
	b->overflow = false;
	while (b->guest < max_guest && b->guest < words) {
		uint32_t before = b->n, w = code[b->guest];
		enum tr_next next = one_word(&t, w);

		b->guest++;
		if (next == TR_UNDEF) {
			b->n = before;
			end_with(&t, IR_UNDEF, w);
		}
		t.pc += 4;
		if (next == TR_UNDEF || (next == TR_END && has_ended(b)))
			break;
	}
	if (!has_ended(b)) {
		t.pc -= 4;
		end_with(&t, IR_NEXT, pc + 4ull * b->guest);
	}
	b->end = pc + 4ull * b->guest;
}

enum { LOOK_AHEAD = 32 };

/* What a word does to NZCV. */
enum effect { NOTHING, READS, WRITES, UNKNOWN };

static enum effect
effect_of(uint32_t w, enum a64_op op)
{
	const struct a64_info *i = &a64_info[op];

	if (op == A64_UNDEFINED)
		return UNKNOWN;
	if (i->nzcv & A64_NZCV_READ)
		return READS;
	if (i->nzcv & A64_NZCV_WRITE)
		return WRITES;
	(void)w;
	return NOTHING;
}

static bool
dead_along(uint64_t at, const uint32_t *code, uint64_t words, unsigned depth)
{
	for (unsigned n = 0; n < LOOK_AHEAD && at < words; n++, at++) {
		uint32_t w = code[at];
		enum a64_op op = a64_decode(w);

		switch (effect_of(w, op)) {
		case READS:
		case UNKNOWN:
			return false;
		case WRITES:
			return true;
		case NOTHING:
			break;
		}
		int64_t to;

		switch (op) {
		case A64_RET: /* AAPCS64 6.1.1: a caller expects no flags, nor does a callee that cannot be read here */
		case A64_BLR:
			return true;
		case A64_BL:
			to = (int64_t)at + tr_sext(a64_imm26(w), 26);
			if (to < 0 || (uint64_t)to >= words)
				return true;
			at = (uint64_t)to - 1;
			break;
		case A64_B:
			to = (int64_t)at + tr_sext(a64_imm26(w), 26);
			if (to < 0 || (uint64_t)to >= words)
				return false;
			at = (uint64_t)to - 1;
			break;
		case A64_CBZ: case A64_CBNZ: case A64_TBZ: case A64_TBNZ:
			to = (int64_t)at + (op == A64_CBZ || op == A64_CBNZ ? tr_sext(a64_imm19(w), 19) : tr_sext(a64_imm14(w), 14));
			if (depth == 0 || to < 0 || (uint64_t)to >= words || !dead_along((uint64_t)to, code, words, depth - 1))
				return false;
			break;
		default:
			if (a64_info[op].cls >= A64_CLASS_BRANCH && a64_info[op].cls <= A64_CLASS_PRIV && op != A64_SVC)
				return false;
		}
	}
	return false;
}

bool
a64_flags_dead_at(uint64_t at, const uint32_t *code, uint64_t words)
{
	return dead_along(at, code, words, 2);
}
