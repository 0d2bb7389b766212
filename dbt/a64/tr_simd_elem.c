/* Advanced SIMD, by an element of a register: integers, vector and scalar (Arm ARM C4.1, C7.2). */
#include "dbt/a64/tr_simd.h"

/* By opcode (bits 15:12) and U (bit 29). */
static const struct tr_simd same[16][2] = {
	[0x0] = { { .op = 0 }, { .op = IR_VMLA } },
	[0x4] = { { .op = 0 }, { .op = IR_VMLS } },
	[0x8] = { { .op = IR_VMUL } },
	[0xc] = { { .op = IR_VQDMULH, .flags = IR_SIGN } },
	[0xd] = { { .op = IR_VQRDMULH, .flags = IR_SIGN }, { .op = IR_VQRDMLAH, .flags = IR_SIGN } },
	[0xf] = { { .op = 0 }, { .op = IR_VQRDMLSH, .flags = IR_SIGN } },
};
static const struct tr_simd wide[16][2] = {
	[0x2] = { { .op = IR_VMLAL, .flags = IR_SIGN }, { .op = IR_VMLAL } },
	[0x3] = { { .op = IR_VQDMLAL, .flags = IR_SIGN } },
	[0x6] = { { .op = IR_VMLSL, .flags = IR_SIGN }, { .op = IR_VMLSL } },
	[0x7] = { { .op = IR_VQDMLSL, .flags = IR_SIGN } },
	[0xa] = { { .op = IR_VMULL, .flags = IR_SIGN }, { .op = IR_VMULL } },
	[0xb] = { { .op = IR_VQDMULL, .flags = IR_SIGN } },
};

static enum tr_next
by_element(struct tr *t, uint32_t w, const struct tr_simd *s, uint8_t flags)
{
	if (s->op == 0)
		return TR_UNDEF;
	struct ir_op *o = tr_vop(t, w, s, flags);

	if (o->size == 1) {
		o->b = a64_Rm4(w);
		o->shift = (uint8_t)(1 + (a64_H(w) << 2 | a64_L(w) << 1 | a64_M(w)));
	} else {
		o->b = (uint8_t)(a64_M(w) << 4 | a64_Rm4(w));
		o->shift = (uint8_t)(1 + (a64_H(w) << 1 | a64_L(w)));
	}
	return TR_NEXT;
}

A64_TR_ALSO(MUL_elem, "(MLA|MLS)_elem|(SQDMULH|SQRDMULH|SQRDMLAH|SQRDMLSH)_s?elem");
enum tr_next
a64_tr_MUL_elem(struct tr *t, uint32_t w)
{
	return by_element(t, w, &same[w >> 12 & 15][w >> 29 & 1], tr_vflags(w));
}

A64_TR_ALSO(SMULL_elem, "UMULL_elem|[SU]ML[AS]L_elem|(SQDMULL|SQDMLAL|SQDMLSL)_s?elem");
enum tr_next
a64_tr_SMULL_elem(struct tr *t, uint32_t w)
{
	uint8_t flags = tr_vflags(w);

	return by_element(t, w, &wide[w >> 12 & 15][w >> 29 & 1], flags == IR_Q ? IR_HIGH : flags);
}

/* Signedness of each side: SDOT, UDOT; with bit 12 USDOT and, by bit 23, SUDOT. */
A64_TR_ALSO(SDOT_elem, "(UDOT|USDOT|SUDOT)_elem");
enum tr_next
a64_tr_SDOT_elem(struct tr *t, uint32_t w)
{
	struct tr_simd s = { .op = IR_VDOT };

	if (w >> 12 & 1)
		s.cond = w >> 23 & 1 ? 2 : 1;
	else
		s.cond = w >> 29 & 1 ? 0 : 3;
	struct ir_op *o = tr_vop(t, w, &s, tr_vflags(w));

	o->size = 0;
	o->b = (uint8_t)(a64_M(w) << 4 | a64_Rm4(w));
	o->shift = (uint8_t)(1 + (a64_H(w) << 1 | a64_L(w)));
	return TR_NEXT;
}
