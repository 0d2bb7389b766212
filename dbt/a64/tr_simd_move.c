/* Advanced SIMD copies, permutations, tables, immediates; moves between the register files (Arm ARM C4.1, C7.2). */
#include "dbt/a64/tr_simd.h"

enum { SIZE_D = 3 };

/* imm5: the lowest bit set tells the size, what is above it the element. */
static unsigned
size5(uint32_t w)
{
	return (unsigned)__builtin_ctz(w >> 16 & 31);
}

static uint8_t
element5(uint32_t w)
{
	return (uint8_t)((w >> 16 & 31) >> (size5(w) + 1));
}

static struct ir_op *
lane_op(struct tr *t, uint32_t w, enum ir_opcode op, uint8_t flags)
{
	const struct tr_simd s = { .op = (uint16_t)op };
	struct ir_op *o = tr_vop(t, w, &s, flags);

	o->size = (uint8_t)size5(w);
	return o;
}

A64_TR_ALSO(DUP_elem, "DUP_elem_scalar");
enum tr_next
a64_tr_DUP_elem(struct tr *t, uint32_t w)
{
	lane_op(t, w, IR_VDUP, tr_vflags(w))->cond = element5(w);
	return TR_NEXT;
}

enum tr_next
a64_tr_DUP_gen(struct tr *t, uint32_t w)
{
	lane_op(t, w, IR_VDUPG, tr_vflags(w))->a = tr_z(a64_Rn(w));
	return TR_NEXT;
}

A64_TR_ALSO(UMOV, "SMOV");
enum tr_next
a64_tr_UMOV(struct tr *t, uint32_t w)
{
	bool is_signed = !(w >> 12 & 1);
	struct ir_op *o = lane_op(t, w, IR_VGET, (uint8_t)((w >> 30 & 1 ? IR_X : 0) | (is_signed ? IR_SIGN : 0)));

	o->cond = element5(w);
	o->d = tr_z(a64_Rd(w));
	return TR_NEXT;
}

enum tr_next
a64_tr_INS_gen(struct tr *t, uint32_t w)
{
	struct ir_op *o = lane_op(t, w, IR_VINSG, IR_Q);

	o->cond = element5(w);
	o->a = tr_z(a64_Rn(w));
	return TR_NEXT;
}

enum tr_next
a64_tr_INS_elem(struct tr *t, uint32_t w)
{
	struct ir_op *o = lane_op(t, w, IR_VINS, IR_Q);

	o->cond = element5(w);
	o->shift = (uint8_t)((w >> 11 & 15) >> o->size);
	return TR_NEXT;
}

/* ---- permutations ---- */

A64_TR_ALSO(ZIP1, "(ZIP|UZP|TRN)[12]");
enum tr_next
a64_tr_ZIP1(struct tr *t, uint32_t w)
{
	static const uint16_t by_opcode[4] = { 0, IR_VUZP, IR_VTRN, IR_VZIP };
	const struct tr_simd s = { .op = by_opcode[w >> 12 & 3], .cond = (uint8_t)(w >> 14 & 1) };

	if (a64_size(w) == SIZE_D && !(w >> 30 & 1))
		return TR_UNDEF;
	tr_vop(t, w, &s, tr_vflags(w))->b = a64_Rm(w);
	return TR_NEXT;
}

enum tr_next
a64_tr_EXT(struct tr *t, uint32_t w)
{
	const struct tr_simd s = { .op = IR_VEXT };
	struct ir_op *o;

	if (!(w >> 30 & 1) && w >> 14 & 1)
		return TR_UNDEF;
	o = tr_vop(t, w, &s, tr_vflags(w));
	o->size = 0;
	o->b = a64_Rm(w);
	o->imm = w >> 11 & 15;
	return TR_NEXT;
}

A64_TR_ALSO(TBL, "TBX");
enum tr_next
a64_tr_TBL(struct tr *t, uint32_t w)
{
	const struct tr_simd s = { .op = w >> 12 & 1 ? IR_VTBX : IR_VTBL, .cond = (uint8_t)(w >> 13 & 3) };
	struct ir_op *o = tr_vop(t, w, &s, tr_vflags(w));

	o->size = 0;
	o->b = a64_Rm(w);
	return TR_NEXT;
}

/* ---- immediates ---- */

static uint64_t
repeat(uint64_t v, unsigned bits)
{
	for (; bits < 64; bits *= 2)
		v |= v << bits;
	return v;
}

/* VFPExpandImm() (Arm ARM J1.3.3). */
static uint64_t
expand_fp(unsigned imm8, unsigned bits)
{
	unsigned e = bits == 64 ? 11 : bits == 32 ? 8 : 5, f = bits - e - 1;
	uint64_t sign = imm8 >> 7, b6 = imm8 >> 6 & 1;
	uint64_t exponent = (b6 ^ 1) << (e - 1) | (b6 ? ((1ull << (e - 3)) - 1) << 2 : 0) | (imm8 >> 4 & 3);

	return sign << (bits - 1) | exponent << f | (uint64_t)(imm8 & 15) << (f - 4);
}

static uint64_t
byte_mask(unsigned imm8)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < 8; i++)
		if (imm8 >> i & 1)
			v |= 0xffull << 8 * i;
	return v;
}

/* AdvSIMDExpandImm() (Arm ARM J1.3.3). */
static uint64_t
expand(unsigned cmode, unsigned op, unsigned o2, unsigned imm8)
{
	unsigned lsl = 8 * (cmode >> 1 & 3);

	if (cmode < 8)
		return repeat((uint64_t)imm8 << lsl, 32);
	if (cmode < 12)
		return repeat((uint64_t)imm8 << (lsl & 8), 16);
	if (cmode == 12)
		return repeat((uint64_t)imm8 << 8 | 0xff, 32);
	if (cmode == 13)
		return repeat((uint64_t)imm8 << 16 | 0xffff, 32);
	if (cmode == 14)
		return op ? byte_mask(imm8) : repeat(imm8, 8);
	if (o2)
		return repeat(expand_fp(imm8, 16), 16);
	return op ? expand_fp(imm8, 64) : repeat(expand_fp(imm8, 32), 32);
}

A64_TR_ALSO(MOVI_imm32_vec, "(MOVI|MVNI|ORR|BIC)_imm(32|16)_vec|(MOVI|MVNI)_msl_vec|MOVI_imm(8|64)_vec|MOVI_imm64|FMOV_imm_[shd]_vec");
enum tr_next
a64_tr_MOVI_imm32_vec(struct tr *t, uint32_t w)
{
	unsigned cmode = w >> 12 & 15, op = w >> 29 & 1;
	bool modifies = cmode < 12 && cmode & 1, inverted = op && cmode < 14;
	uint64_t v = expand(cmode, op, w >> 11 & 1, (w >> 16 & 7) << 5 | (w >> 5 & 31));
	struct ir_op *o = tr_op(t, modifies ? op ? IR_VBICI : IR_VORRI : IR_VMOVI);

	o->d = a64_Rd(w);
	o->size = SIZE_D;
	o->flags = w >> 30 & 1 ? IR_Q : 0;
	o->imm = inverted && !modifies ? ~v : v;
	return TR_NEXT;
}

/* ---- moves of one number ---- */

/* ftype: S D (the upper half of a vector) H. */
static uint8_t
ftype_size(uint32_t w)
{
	static const uint8_t size[4] = { 2, 3, 3, 1 };

	return size[w >> 22 & 3];
}

A64_TR_ALSO(FMOV_s_to_w, "FMOV_d_to_x|FMOV_h_to_gen|FMOV_top_to_x");
enum tr_next
a64_tr_FMOV_s_to_w(struct tr *t, uint32_t w)
{
	struct ir_op *o = tr_op(t, IR_VGET);

	o->d = tr_z(a64_Rd(w));
	o->a = a64_Rn(w);
	o->size = ftype_size(w);
	o->flags = w >> 31 ? IR_X : 0;
	o->cond = w >> 19 & 1;
	return TR_NEXT;
}

A64_TR_ALSO(FMOV_w_to_s, "FMOV_x_to_d|FMOV_gen_to_h");
enum tr_next
a64_tr_FMOV_w_to_s(struct tr *t, uint32_t w)
{
	struct ir_op *o = tr_op(t, IR_VDUPG);

	o->d = a64_Rd(w);
	o->a = tr_z(a64_Rn(w));
	o->size = ftype_size(w);
	o->flags = IR_ONE;
	return TR_NEXT;
}

enum tr_next
a64_tr_FMOV_x_to_top(struct tr *t, uint32_t w)
{
	struct ir_op *o = tr_op(t, IR_VINSG);

	o->d = a64_Rd(w);
	o->a = tr_z(a64_Rn(w));
	o->size = SIZE_D;
	o->flags = IR_Q;
	o->cond = 1;
	return TR_NEXT;
}

enum tr_next
a64_tr_FMOV_fp(struct tr *t, uint32_t w)
{
	struct ir_op *o = tr_op(t, IR_VDUP);

	o->d = a64_Rd(w);
	o->a = a64_Rn(w);
	o->size = ftype_size(w);
	o->flags = IR_ONE;
	return TR_NEXT;
}

enum tr_next
a64_tr_FMOV_imm_fp(struct tr *t, uint32_t w)
{
	struct ir_op *o = tr_op(t, IR_VMOVI);

	o->d = a64_Rd(w);
	o->size = SIZE_D;
	o->imm = expand_fp(w >> 13 & 0xff, 8u << ftype_size(w));
	return TR_NEXT;
}
