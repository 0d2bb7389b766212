/* Advanced SIMD, two registers: integers, vector and scalar (Arm ARM C4.1, C7.2). */
#include "dbt/a64/tr_simd.h"

/* By opcode (bits 16:12) and U (bit 29); those of `narrow` have "2" forms. */
static const struct tr_simd misc[32][2] = {
	[0x00] = { { .op = IR_VREV, .cond = 3 }, { .op = IR_VREV, .cond = 2 } },
	[0x01] = { { .op = IR_VREV, .cond = 1 } },
	[0x02] = { { .op = IR_VADDLP, .flags = IR_SIGN }, { .op = IR_VADDLP } },
	[0x03] = { { .op = IR_VUQADD, .flags = IR_SIGN }, { .op = IR_VUQADD } },
	[0x04] = { { .op = IR_VCLS, .flags = IR_SIGN }, { .op = IR_VCLZ } },
	[0x05] = { { .op = IR_VCNT } },
	[0x06] = { { .op = IR_VADALP, .flags = IR_SIGN }, { .op = IR_VADALP } },
	[0x07] = { { .op = IR_VQABS, .flags = IR_SIGN }, { .op = IR_VQNEG, .flags = IR_SIGN } },
	[0x08] = { { .op = IR_VCMZ, .flags = IR_SIGN, .cond = IR_GT }, { .op = IR_VCMZ, .flags = IR_SIGN, .cond = IR_GE } },
	[0x09] = { { .op = IR_VCMZ, .flags = IR_SIGN, .cond = IR_EQ }, { .op = IR_VCMZ, .flags = IR_SIGN, .cond = IR_LE } },
	[0x0a] = { { .op = IR_VCMZ, .flags = IR_SIGN, .cond = IR_LT } },
	[0x0b] = { { .op = IR_VABS, .flags = IR_SIGN }, { .op = IR_VNEG } },
	[0x1c] = { { .op = IR_VRECPE }, { .op = IR_VRSQRTE } },
};
/* From opcode 0x12 on. */
static const struct tr_simd narrow[3][2] = {
	[0x0] = { { .op = IR_VXTN }, { .op = IR_VQXTUN, .flags = IR_SIGN } },
	[0x1] = { { .op = 0 }, { .op = IR_VSHLL } },
	[0x2] = { { .op = IR_VQXTN, .flags = IR_SIGN }, { .op = IR_VQXTN } },
};

A64_TR_ALSO(ABS_vec, "(REV64|REV16|REV32|[SU]ADDLP|[SU]ADALP|CLS|CLZ|CNT)_vec|URECPE|URSQRTE");
A64_TR_ALSO(ABS_vec, "(SUQADD|USQADD|SQABS|SQNEG|CM(GT|GE|EQ|LE|LT)_zero|NEG)_(vec|scalar)|ABS_scalar");
enum tr_next
a64_tr_ABS_vec(struct tr *t, uint32_t w)
{
	const struct tr_simd *s = &misc[w >> 12 & 31][w >> 29 & 1];

	if (s->op == 0)
		return TR_UNDEF;
	tr_vop(t, w, s, tr_vflags(w));
	return TR_NEXT;
}

A64_TR_ALSO(XTN, "(SQXTUN|SQXTN|UQXTN)_(vec|scalar)|SHLL");
enum tr_next
a64_tr_XTN(struct tr *t, uint32_t w)
{
	const struct tr_simd *s = &narrow[(w >> 12 & 31) - 0x12][w >> 29 & 1];
	uint8_t flags = tr_vflags(w);

	if (s->op == 0)
		return TR_UNDEF;
	tr_vop(t, w, s, flags == IR_Q ? IR_HIGH : flags);
	return TR_NEXT;
}

/* The same opcode for both: size tells. */
A64_TR_ALSO(NOT_vec, "RBIT_vec");
enum tr_next
a64_tr_NOT_vec(struct tr *t, uint32_t w)
{
	const struct tr_simd s = { .op = a64_size(w) ? IR_VRBIT : IR_VNOT };

	tr_vop(t, w, &s, tr_vflags(w))->size = 0;
	return TR_NEXT;
}

/* Across lanes, by opcode (bits 16:12) and U. */
A64_TR_ALSO(ADDV, "[SU](ADDLV|MAXV|MINV)");
enum tr_next
a64_tr_ADDV(struct tr *t, uint32_t w)
{
	static const uint16_t op[32] = { [0x03] = IR_VADDLV, [0x0a] = IR_VMAXV, [0x1a] = IR_VMINV, [0x1b] = IR_VADDV };
	const struct tr_simd s = { .op = op[w >> 12 & 31], .flags = w >> 29 & 1 ? 0 : IR_SIGN };

	if (s.op == 0)
		return TR_UNDEF;
	tr_vop(t, w, &s, tr_vflags(w));
	return TR_NEXT;
}
