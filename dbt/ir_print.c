/* An operation as text, and what must hold of a block. */
#include <stdio.h>
#include <string.h>

#include "dbt/ir.h"

static const char *const ext_name[] = { "uxtb", "uxth", "uxtw", "uxtx", "sxtb", "sxth", "sxtw", "sxtx", "lsl", "lsr", "asr", "ror" };
static const char *const cond_name[] = { "eq", "ne", "hs", "lo", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le", "al", "nv" };

static int
reg_name(char *out, uint32_t size, unsigned r, char kind)
{
	if (r == IR_NONE)
		return snprintf(out, size, " #");
	if (kind >= 'A' && kind <= 'Z')
		return snprintf(out, size, " v%u", r);
	if (r == IR_SP || r == IR_ZR)
		return snprintf(out, size, r == IR_SP ? " sp" : " zr");
	if (r >= IR_T0)
		return snprintf(out, size, " t%u", r - IR_T0);
	return snprintf(out, size, " x%u", r);
}

static void
append(char *out, uint32_t size, int *n, const char *text)
{
	if ((uint32_t)*n < size)
		*n += snprintf(out + *n, size - (uint32_t)*n, "%s", text);
}

int
ir_print(char *out, uint32_t size, const struct ir_op *o, uint64_t block_pc)
{
	static const char *const flag_name[] = { ".s", ".keep", ".q", ".pre", ".post", ".sign", ".x", ".high" };
	const struct ir_info *info = &ir_info[o->op];
	const uint8_t regs[5] = { o->d, o->e, o->a, o->b, o->c };
	char text[64];
	int n = snprintf(out, size, "%6llx %s.%u", (unsigned long long)(block_pc + (uint64_t)(int64_t)o->pc), info->name, o->size);

	for (unsigned i = 0; i < 8; i++)
		if (o->flags >> i & 1)
			append(out, size, &n, flag_name[i]);
	for (unsigned i = 0; i < 5; i++)
		if (info->kind[i] != '-') {
			reg_name(text, sizeof text, regs[i], info->kind[i]);
			append(out, size, &n, text);
		}
	if (o->ext != 0 || o->shift != 0) {
		snprintf(text, sizeof text, " %s %u", o->ext < 12 ? ext_name[o->ext] : "?", o->shift);
		append(out, size, &n, text);
	}
	if (info->attr & IR_NZCV_R || o->cond != 0) {
		snprintf(text, sizeof text, " %s", o->cond < 16 ? cond_name[o->cond] : "?");
		append(out, size, &n, text);
	}
	snprintf(text, sizeof text, " #0x%llx", (unsigned long long)o->imm);
	if (o->imm != 0)
		append(out, size, &n, text);
	return n;
}

static bool
register_fits(unsigned r, char kind)
{
	switch (kind) {
	case '-':
		return true;
	case 'W': case 'M':
		return r < 32;
	case 'R':
		return r < 32 || r == IR_NONE;
	case 'w':
		return r <= IR_T3;
	default:
		return r <= IR_T3 || r == IR_NONE;
	}
}

const char *
ir_check(const struct ir_block *b)
{
	if (b->overflow)
		return "more operations than a block holds";
	if (b->n == 0 || !(ir_info[b->op[b->n - 1].op].attr & IR_END))
		return "the last operation does not end the block";
	for (uint32_t i = 0; i < b->n; i++) {
		const struct ir_op *o = &b->op[i];

		if (o->op >= IR_OPS)
			return "an operation that is none";
		const struct ir_info *info = &ir_info[o->op];
		const uint8_t regs[5] = { o->d, o->e, o->a, o->b, o->c };

		if (info->attr & IR_END && i + 1 < b->n)
			return "an end in the middle";
		for (unsigned k = 0; k < 5; k++)
			if (!register_fits(regs[k], info->kind[k]))
				return "a register that its operand cannot be";
		if (o->flags & IR_S && !(info->attr & IR_NZCV_W))
			return "flags set by an operation that has none";
		if (o->ext > IR_ROR || o->size > 4)
			return "an extension or size out of range";
	}
	return NULL;
}
