/* Advanced SIMD, three registers of different types: integers, vector and scalar (Arm ARM C4.1, C7.2). */
#include "dbt/a64/tr_simd.h"

/* By opcode (bits 15:12) and U (bit 29). */
static const struct tr_simd diff[16][2] = {
	[0x0] = { { .op = IR_VADDL, .flags = IR_SIGN }, { .op = IR_VADDL } },
	[0x1] = { { .op = IR_VADDW, .flags = IR_SIGN }, { .op = IR_VADDW } },
	[0x2] = { { .op = IR_VSUBL, .flags = IR_SIGN }, { .op = IR_VSUBL } },
	[0x3] = { { .op = IR_VSUBW, .flags = IR_SIGN }, { .op = IR_VSUBW } },
	[0x4] = { { .op = IR_VADDHN }, { .op = IR_VRADDHN } },
	[0x5] = { { .op = IR_VABAL, .flags = IR_SIGN }, { .op = IR_VABAL } },
	[0x6] = { { .op = IR_VSUBHN }, { .op = IR_VRSUBHN } },
	[0x7] = { { .op = IR_VABDL, .flags = IR_SIGN }, { .op = IR_VABDL } },
	[0x8] = { { .op = IR_VMLAL, .flags = IR_SIGN }, { .op = IR_VMLAL } },
	[0x9] = { { .op = IR_VQDMLAL, .flags = IR_SIGN } },
	[0xa] = { { .op = IR_VMLSL, .flags = IR_SIGN }, { .op = IR_VMLSL } },
	[0xb] = { { .op = IR_VQDMLSL, .flags = IR_SIGN } },
	[0xc] = { { .op = IR_VMULL, .flags = IR_SIGN }, { .op = IR_VMULL } },
	[0xd] = { { .op = IR_VQDMULL, .flags = IR_SIGN } },
	[0xe] = { { .op = IR_VPMULL } },
};

A64_TR_ALSO(SADDL, "[SU](ADDW|SUBL|SUBW|ABAL|ABDL)|[SU](MLAL|MLSL|MULL)_vec|UADDL");
A64_TR_ALSO(SADDL, "R?(ADD|SUB)HN|PMULL_8|SQDML[AS]L_(vec|scalar)|SQDMULL_(vec|scalar)");
enum tr_next
a64_tr_SADDL(struct tr *t, uint32_t w)
{
	const struct tr_simd *s = &diff[w >> 12 & 15][w >> 29 & 1];
	uint8_t flags = tr_vflags(w);

	if (s->op == 0)
		return TR_UNDEF;
	tr_vop(t, w, s, flags == IR_Q ? IR_HIGH : flags)->b = a64_Rm(w);
	return TR_NEXT;
}
