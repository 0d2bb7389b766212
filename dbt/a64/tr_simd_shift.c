/* Advanced SIMD shifts by immediate, of integers (Arm ARM C4.1, C7.2). */
#include "dbt/a64/tr_simd.h"

enum { NARROW = 0x10, LONG = 0x14 }; /* opcodes (bits 15:11) from which on the two sizes differ */

/* By opcode and U. */
static const struct tr_simd shifts[0x15][2] = {
	[0x00] = { { .op = IR_VSHRI, .flags = IR_SIGN }, { .op = IR_VSHRI } },
	[0x02] = { { .op = IR_VSRAI, .flags = IR_SIGN }, { .op = IR_VSRAI } },
	[0x04] = { { .op = IR_VRSHRI, .flags = IR_SIGN }, { .op = IR_VRSHRI } },
	[0x06] = { { .op = IR_VRSRAI, .flags = IR_SIGN }, { .op = IR_VRSRAI } },
	[0x08] = { { .op = 0 }, { .op = IR_VSRI } },
	[0x0a] = { { .op = IR_VSHLI }, { .op = IR_VSLI } },
	[0x0c] = { { .op = 0 }, { .op = IR_VQSHLI, .flags = IR_SIGN, .cond = 1 } },
	[0x0e] = { { .op = IR_VQSHLI, .flags = IR_SIGN }, { .op = IR_VQSHLI } },
	[0x10] = { { .op = IR_VSHRNI }, { .op = IR_VQSHRNI, .flags = IR_SIGN, .cond = IR_SHRN_UNSIGNED } },
	[0x11] = { { .op = IR_VSHRNI, .cond = IR_SHRN_ROUND },
	           { .op = IR_VQSHRNI, .flags = IR_SIGN, .cond = IR_SHRN_UNSIGNED | IR_SHRN_ROUND } },
	[0x12] = { { .op = IR_VQSHRNI, .flags = IR_SIGN }, { .op = IR_VQSHRNI } },
	[0x13] = { { .op = IR_VQSHRNI, .flags = IR_SIGN, .cond = IR_SHRN_ROUND }, { .op = IR_VQSHRNI, .cond = IR_SHRN_ROUND } },
	[0x14] = { { .op = IR_VSHLLI, .flags = IR_SIGN }, { .op = IR_VSHLLI } },
};

static bool
is_left(unsigned opcode)
{
	return opcode == 0x0a || opcode == 0x0c || opcode == 0x0e || opcode == LONG;
}

A64_TR_ALSO(SSHR_vec, "([SU]SHR|[SU]SRA|S?URSHR|SRSHR|[SU]RSRA|SRI|SHL|SLI|SQSHLU|[SU]QSHL_imm|[SU]QR?SHRN|SQR?SHRUN)_(vec|scalar)|R?SHRN|[SU]SHLL");
enum tr_next
a64_tr_SSHR_vec(struct tr *t, uint32_t w)
{
	unsigned opcode = w >> 11 & 31, u = w >> 29 & 1, immhb = w >> 16 & 127, size = 31u - (unsigned)__builtin_clz(immhb >> 3);
	/* SLI has SHL's opcode, and U */
	const struct tr_simd *s = &shifts[opcode][u];
	uint8_t flags = tr_vflags(w);
	struct ir_op *o;

	if (s->op == 0)
		return TR_UNDEF;
	if (opcode >= NARROW && flags == IR_Q)
		flags = IR_HIGH;
	o = tr_vop(t, w, s, flags);
	o->size = (uint8_t)size;
	o->imm = is_left(opcode) ? immhb - (8u << size) : (16u << size) - immhb;
	return TR_NEXT;
}
