/* Data processing, register: one, two and three sources, flags (Arm ARM C4.1, "Data Processing -- Register"). */
#include "dbt/a64/tr.h"

static enum tr_next
two(struct tr *t, uint32_t w, enum ir_opcode op)
{
	struct ir_op *o = tr_op_sf(t, op, a64_sf(w));

	o->d = tr_z(a64_Rd(w));
	o->a = tr_z(a64_Rn(w));
	o->b = tr_z(a64_Rm(w));
	o->ext = IR_LSL;
	return TR_NEXT;
}

static enum tr_next
two_signed(struct tr *t, uint32_t w, enum ir_opcode op)
{
	two(t, w, op);
	t->ir->op[t->ir->n - 1].flags |= IR_SIGN;
	return TR_NEXT;
}

static enum tr_next
crc(struct tr *t, uint32_t w, unsigned size, bool castagnoli)
{
	struct ir_op *o = tr_op(t, IR_CRC32);

	o->d = tr_z(a64_Rd(w));
	o->a = tr_z(a64_Rn(w));
	o->b = tr_z(a64_Rm(w));
	o->ext = IR_LSL;
	o->size = (uint8_t)size;
	o->cond = castagnoli;
	return TR_NEXT;
}

static enum tr_next
one(struct tr *t, uint32_t w, enum ir_opcode op, unsigned sf)
{
	struct ir_op *o = tr_op_sf(t, op, sf);

	o->d = tr_z(a64_Rd(w));
	o->a = tr_z(a64_Rn(w));
	return TR_NEXT;
}

static enum tr_next
three(struct tr *t, uint32_t w, enum ir_opcode op, unsigned sf, bool is_signed)
{
	struct ir_op *o = tr_op_sf(t, op, sf);

	o->d = tr_z(a64_Rd(w));
	o->a = tr_z(a64_Rn(w));
	o->b = tr_z(a64_Rm(w));
	o->c = tr_z(a64_Ra(w));
	o->ext = IR_LSL;
	o->flags |= is_signed ? IR_SIGN : 0;
	return TR_NEXT;
}

static enum tr_next
high(struct tr *t, uint32_t w, bool is_signed)
{
	struct ir_op *o = tr_op_sf(t, IR_MULH, 1);

	o->d = tr_z(a64_Rd(w));
	o->a = tr_z(a64_Rn(w));
	o->b = tr_z(a64_Rm(w));
	o->ext = IR_LSL;
	o->flags |= is_signed ? IR_SIGN : 0;
	return TR_NEXT;
}

enum tr_next
a64_tr_UDIV(struct tr *t, uint32_t w)
{
	return two(t, w, IR_UDIV);
}

enum tr_next
a64_tr_SDIV(struct tr *t, uint32_t w)
{
	return two(t, w, IR_SDIV);
}

enum tr_next
a64_tr_LSLV(struct tr *t, uint32_t w)
{
	return two(t, w, IR_LSLV);
}

enum tr_next
a64_tr_LSRV(struct tr *t, uint32_t w)
{
	return two(t, w, IR_LSRV);
}

enum tr_next
a64_tr_ASRV(struct tr *t, uint32_t w)
{
	return two(t, w, IR_ASRV);
}

enum tr_next
a64_tr_RORV(struct tr *t, uint32_t w)
{
	return two(t, w, IR_RORV);
}

enum tr_next
a64_tr_SMAX_reg(struct tr *t, uint32_t w)
{
	return two_signed(t, w, IR_MAX);
}

enum tr_next
a64_tr_UMAX_reg(struct tr *t, uint32_t w)
{
	return two(t, w, IR_MAX);
}

enum tr_next
a64_tr_SMIN_reg(struct tr *t, uint32_t w)
{
	return two_signed(t, w, IR_MIN);
}

enum tr_next
a64_tr_UMIN_reg(struct tr *t, uint32_t w)
{
	return two(t, w, IR_MIN);
}

enum tr_next
a64_tr_CRC32B(struct tr *t, uint32_t w)
{
	return crc(t, w, 0, false);
}

enum tr_next
a64_tr_CRC32CB(struct tr *t, uint32_t w)
{
	return crc(t, w, 0, true);
}

enum tr_next
a64_tr_CRC32H(struct tr *t, uint32_t w)
{
	return crc(t, w, 1, false);
}

enum tr_next
a64_tr_CRC32CH(struct tr *t, uint32_t w)
{
	return crc(t, w, 1, true);
}

enum tr_next
a64_tr_CRC32W(struct tr *t, uint32_t w)
{
	return crc(t, w, 2, false);
}

enum tr_next
a64_tr_CRC32CW(struct tr *t, uint32_t w)
{
	return crc(t, w, 2, true);
}

enum tr_next
a64_tr_CRC32X(struct tr *t, uint32_t w)
{
	return crc(t, w, 3, false);
}

enum tr_next
a64_tr_CRC32CX(struct tr *t, uint32_t w)
{
	return crc(t, w, 3, true);
}

enum tr_next
a64_tr_RBIT_int(struct tr *t, uint32_t w)
{
	return one(t, w, IR_RBIT, a64_sf(w));
}

enum tr_next
a64_tr_REV16_int(struct tr *t, uint32_t w)
{
	return one(t, w, IR_REV16, a64_sf(w));
}

enum tr_next
a64_tr_CLZ_int(struct tr *t, uint32_t w)
{
	return one(t, w, IR_CLZ, a64_sf(w));
}

enum tr_next
a64_tr_CLS_int(struct tr *t, uint32_t w)
{
	return one(t, w, IR_CLS, a64_sf(w));
}

enum tr_next
a64_tr_CTZ(struct tr *t, uint32_t w)
{
	return one(t, w, IR_CTZ, a64_sf(w));
}

enum tr_next
a64_tr_CNT_int(struct tr *t, uint32_t w)
{
	return one(t, w, IR_CNT, a64_sf(w));
}

enum tr_next
a64_tr_ABS_int(struct tr *t, uint32_t w)
{
	return one(t, w, IR_ABS, a64_sf(w));
}

enum tr_next
a64_tr_REV_32(struct tr *t, uint32_t w)
{
	return one(t, w, IR_REV32, 0);
}

enum tr_next
a64_tr_REV32_int(struct tr *t, uint32_t w)
{
	return one(t, w, IR_REV32, 1);
}

enum tr_next
a64_tr_REV_64(struct tr *t, uint32_t w)
{
	return one(t, w, IR_REV64, 1);
}

enum tr_next
a64_tr_MADD(struct tr *t, uint32_t w)
{
	return three(t, w, IR_MADD, a64_sf(w), false);
}

enum tr_next
a64_tr_MSUB(struct tr *t, uint32_t w)
{
	return three(t, w, IR_MSUB, a64_sf(w), false);
}

enum tr_next
a64_tr_SMADDL(struct tr *t, uint32_t w)
{
	return three(t, w, IR_MADDL, 1, true);
}

enum tr_next
a64_tr_SMSUBL(struct tr *t, uint32_t w)
{
	return three(t, w, IR_MSUBL, 1, true);
}

enum tr_next
a64_tr_UMADDL(struct tr *t, uint32_t w)
{
	return three(t, w, IR_MADDL, 1, false);
}

enum tr_next
a64_tr_UMSUBL(struct tr *t, uint32_t w)
{
	return three(t, w, IR_MSUBL, 1, false);
}

enum tr_next
a64_tr_SMULH(struct tr *t, uint32_t w)
{
	return high(t, w, true);
}

enum tr_next
a64_tr_UMULH(struct tr *t, uint32_t w)
{
	return high(t, w, false);
}

/* Flag manipulation */
static enum tr_next
setf(struct tr *t, uint32_t w, unsigned size)
{
	struct ir_op *o = tr_op(t, IR_SETF);

	o->a = tr_z(a64_Rn(w));
	o->size = (uint8_t)size;
	o->flags = IR_S;
	return TR_NEXT;
}

enum tr_next
a64_tr_SETF8(struct tr *t, uint32_t w)
{
	return setf(t, w, 0);
}

enum tr_next
a64_tr_SETF16(struct tr *t, uint32_t w)
{
	return setf(t, w, 1);
}

enum tr_next
a64_tr_RMIF(struct tr *t, uint32_t w)
{
	struct ir_op *o = tr_op(t, IR_RMIF);

	o->a = tr_z(a64_Rn(w));
	o->shift = (uint8_t)a64_rimm6(w);
	o->imm = a64_mask(w);
	o->flags = IR_S;
	return TR_NEXT;
}
