/* Advanced SIMD, three registers of the same type: integers, vector and scalar (Arm ARM C4.1, C7.2). */
#include "dbt/a64/tr_simd.h"

/* By opcode (bits 15:11) and U (bit 29). */
static const struct tr_simd same[32][2] = {
	[0x00] = { { .op = IR_VHADD, .flags = IR_SIGN }, { .op = IR_VHADD } },
	[0x01] = { { .op = IR_VQADD, .flags = IR_SIGN }, { .op = IR_VQADD } },
	[0x02] = { { .op = IR_VRHADD, .flags = IR_SIGN }, { .op = IR_VRHADD } },
	[0x04] = { { .op = IR_VHSUB, .flags = IR_SIGN }, { .op = IR_VHSUB } },
	[0x05] = { { .op = IR_VQSUB, .flags = IR_SIGN }, { .op = IR_VQSUB } },
	[0x06] = { { .op = IR_VCMGT, .flags = IR_SIGN }, { .op = IR_VCMGT } },
	[0x07] = { { .op = IR_VCMGE, .flags = IR_SIGN }, { .op = IR_VCMGE } },
	[0x08] = { { .op = IR_VSHLV, .flags = IR_SIGN }, { .op = IR_VSHLV } },
	[0x09] = { { .op = IR_VQSHLV, .flags = IR_SIGN }, { .op = IR_VQSHLV } },
	[0x0a] = { { .op = IR_VRSHLV, .flags = IR_SIGN }, { .op = IR_VRSHLV } },
	[0x0b] = { { .op = IR_VQRSHLV, .flags = IR_SIGN }, { .op = IR_VQRSHLV } },
	[0x0c] = { { .op = IR_VMAX, .flags = IR_SIGN }, { .op = IR_VMAX } },
	[0x0d] = { { .op = IR_VMIN, .flags = IR_SIGN }, { .op = IR_VMIN } },
	[0x0e] = { { .op = IR_VABD, .flags = IR_SIGN }, { .op = IR_VABD } },
	[0x0f] = { { .op = IR_VABA, .flags = IR_SIGN }, { .op = IR_VABA } },
	[0x10] = { { .op = IR_VADD }, { .op = IR_VSUB } },
	[0x11] = { { .op = IR_VCMTST }, { .op = IR_VCMEQ } },
	[0x12] = { { .op = IR_VMLA }, { .op = IR_VMLS } },
	[0x13] = { { .op = IR_VMUL }, { .op = IR_VPMUL } },
	[0x14] = { { .op = IR_VMAXP, .flags = IR_SIGN }, { .op = IR_VMAXP } },
	[0x15] = { { .op = IR_VMINP, .flags = IR_SIGN }, { .op = IR_VMINP } },
	[0x16] = { { .op = IR_VQDMULH, .flags = IR_SIGN }, { .op = IR_VQRDMULH, .flags = IR_SIGN } },
	[0x17] = { { .op = IR_VADDP } },
};

A64_TR_ALSO(ADD_vec, "[SU](HADD|RHADD|HSUB|MAX|MIN|ABD|ABA|MAXP|MINP)_vec");
A64_TR_ALSO(ADD_vec, "[SU](QADD|QSUB|SHL|QSHL|RSHL|QRSHL)_(vec|scalar)");
A64_TR_ALSO(ADD_vec, "(SUB|CMEQ|CMGT|CMGE|CMHI|CMHS|CMTST|SQDMULH|SQRDMULH)_(vec|scalar)");
A64_TR_ALSO(ADD_vec, "ADD_scalar|(MUL|MLA|MLS|PMUL|ADDP)_vec");
enum tr_next
a64_tr_ADD_vec(struct tr *t, uint32_t w)
{
	const struct tr_simd *s = &same[w >> 11 & 31][w >> 29 & 1];

	if (s->op == 0)
		return TR_UNDEF;
	tr_vop(t, w, s, tr_vflags(w))->b = a64_Rm(w);
	return TR_NEXT;
}

/* Logical: by U and size.  BSL, BIT, BIF choose between two of Rd, Rn, Rm by the third. */
A64_TR_ALSO(AND_vec, "(BIC|ORR|ORN|EOR)_vec");
enum tr_next
a64_tr_AND_vec(struct tr *t, uint32_t w)
{
	static const uint16_t op[4] = { IR_VAND, IR_VBIC, IR_VORR, IR_VORN };
	const struct tr_simd s = { .op = w >> 29 & 1 ? IR_VEOR : op[a64_size(w)] };
	struct ir_op *o = tr_vop(t, w, &s, tr_vflags(w));

	o->size = 0;
	o->b = a64_Rm(w);
	return TR_NEXT;
}

static enum tr_next
choose(struct tr *t, uint32_t w, uint8_t by, uint8_t ones, uint8_t zeros)
{
	const struct tr_simd s = { .op = IR_VSEL };
	struct ir_op *o = tr_vop(t, w, &s, tr_vflags(w));

	o->size = 0;
	o->a = by;
	o->b = ones;
	o->c = zeros;
	return TR_NEXT;
}

enum tr_next
a64_tr_BSL_vec(struct tr *t, uint32_t w)
{
	return choose(t, w, a64_Rd(w), a64_Rn(w), a64_Rm(w));
}

enum tr_next
a64_tr_BIT_vec(struct tr *t, uint32_t w)
{
	return choose(t, w, a64_Rm(w), a64_Rn(w), a64_Rd(w));
}

enum tr_next
a64_tr_BIF_vec(struct tr *t, uint32_t w)
{
	return choose(t, w, a64_Rm(w), a64_Rd(w), a64_Rn(w));
}

/* FEAT_RDM */
A64_TR_ALSO(SQRDMLAH_vec, "SQRDMLAH_scalar|SQRDMLSH_(vec|scalar)");
enum tr_next
a64_tr_SQRDMLAH_vec(struct tr *t, uint32_t w)
{
	const struct tr_simd s = { .op = w >> 11 & 1 ? IR_VQRDMLSH : IR_VQRDMLAH, .flags = IR_SIGN };

	tr_vop(t, w, &s, tr_vflags(w))->b = a64_Rm(w);
	return TR_NEXT;
}

/* FEAT_DotProd, FEAT_I8MM: signedness by U, but with bit 11 a is unsigned and b signed. */
static enum tr_next
dot(struct tr *t, uint32_t w, uint16_t op)
{
	struct tr_simd s = { .op = op };

	if (w >> 11 & 1)
		s.cond = 2;
	else
		s.cond = w >> 29 & 1 ? 0 : 3;
	struct ir_op *o = tr_vop(t, w, &s, tr_vflags(w));

	o->size = 0;
	o->b = a64_Rm(w);
	return TR_NEXT;
}

A64_TR_ALSO(SDOT_vec, "(UDOT|USDOT)_vec");
enum tr_next
a64_tr_SDOT_vec(struct tr *t, uint32_t w)
{
	return dot(t, w, IR_VDOT);
}

A64_TR_ALSO(SMMLA, "UMMLA|USMMLA");
enum tr_next
a64_tr_SMMLA(struct tr *t, uint32_t w)
{
	return dot(t, w, IR_VMMLA);
}

/* The sum of both elements of Rn. */
enum tr_next
a64_tr_ADDP_scalar(struct tr *t, uint32_t w)
{
	const struct tr_simd s = { .op = IR_VADDP };
	struct ir_op *o = tr_vop(t, w, &s, tr_vflags(w));

	o->b = o->a;
	return TR_NEXT;
}
