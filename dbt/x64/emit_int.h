/* Operand lists over general-purpose registers; a part of emit.h. */
#pragma once

/** cmc, ret, ... */
static inline void
x64_0(struct x64_buf *b, x64_op op)
{
	x64_want(op, X64_IS(NONE));
	x64_enc_o(b, op, 0);
}

/** neg, push, setcc; shifts by cl. */
static inline void
x64_r(struct x64_buf *b, x64_op op, enum x64_gpr r)
{
	x64_want(op, X64_IS(M) | X64_IS(M_R) | X64_IS(MB) | X64_IS(O) | X64_IS(SH));
	if (x64_op_shape(op) == X64_SHAPE_O)
		x64_enc_o(b, op, r);
	else
		x64_enc_gr(b, op, x64_op_digit(op), r);
}

static inline void
x64_m(struct x64_buf *b, x64_op op, struct x64_mem m)
{
	x64_want(op, X64_IS(M) | X64_IS(M_M) | X64_IS(MB) | X64_IS(SH));
	x64_enc_gm(b, op, x64_op_digit(op), m);
}

static inline void
x64_rr(struct x64_buf *b, x64_op op, enum x64_gpr d, enum x64_gpr s)
{
	x64_want(op, X64_IS(ALU) | X64_IS(MOV) | X64_IS(TEST) | X64_IS(MR) | X64_IS(BT) | X64_IS(RM) | X64_IS(RMB) |
			 X64_IS(RMW) | X64_IS(RMD) | X64_IS(NM));
	if (x64_op_shape(op) == X64_SHAPE_NM)
		x64_enc_vr(b, op, x64_op_digit(op), d, s, 0, 0);
	else if (1ull << x64_op_shape(op) & (X64_IS(RM) | X64_IS(RMB) | X64_IS(RMW) | X64_IS(RMD)))
		x64_enc_gr(b, op, d, s);
	else
		x64_enc_gr(b, op, s, d);
}

/** Register from memory, or memory as the second operand. */
static inline void
x64_rm(struct x64_buf *b, x64_op op, enum x64_gpr d, struct x64_mem m)
{
	enum x64_shape shape = x64_op_shape(op);

	x64_want(op, X64_IS(ALU) | X64_IS(MOV) | X64_IS(RM) | X64_IS(RM_M) | X64_IS(RMB) | X64_IS(RMW) | X64_IS(RMD) |
			 X64_IS(NM) | X64_IS(GV));
	if (shape == X64_SHAPE_NM)
		x64_enc_vm(b, op, x64_op_digit(op), d, m, 0, 0);
	else if (shape == X64_SHAPE_GV)
		x64_enc_vm(b, op, d, 0, m, 0, 0);
	else
		x64_enc_gm(b, shape == X64_SHAPE_ALU || shape == X64_SHAPE_MOV ? op | 2 : op, d, m);
}

/** Memory from register, or memory as the first operand. */
static inline void
x64_mr(struct x64_buf *b, x64_op op, struct x64_mem m, enum x64_gpr s)
{
	x64_want(op, X64_IS(ALU) | X64_IS(MOV) | X64_IS(TEST) | X64_IS(MR) | X64_IS(MR_M) | X64_IS(BT));
	x64_enc_gm(b, op, s, m);
}

/**
 * The immediate is sign-extended to the width: -2^31 .. 2^31-1 for 64 bits; for narrower ones also as an unsigned number.
 * Shortest form.  Not mov, which is x64_mov_imm.
 */
static inline void
x64_ri(struct x64_buf *b, x64_op op, enum x64_gpr d, int64_t imm)
{
	x64_want(op, X64_IS(ALU) | X64_IS(TEST) | X64_IS(SH) | X64_IS(BT));
	x64_enc_ri(b, op, d, imm);
}

static inline void
x64_mi(struct x64_buf *b, x64_op op, struct x64_mem m, int64_t imm)
{
	x64_want(op, X64_IS(ALU) | X64_IS(MOV) | X64_IS(TEST) | X64_IS(SH) | X64_IS(BT));
	x64_enc_mi(b, op, m, imm);
}

/** Any 64-bit constant in the fewest bytes; flags are kept. */
void x64_mov_imm(struct x64_buf *b, enum x64_gpr d, uint64_t value);
/** push of a sign-extended immediate */
void x64_push_imm(struct x64_buf *b, int32_t value);

/* Bytes of immediate of imul r, r/m, imm; those of the rest have one. */
unsigned x64_imul_imm(x64_op *op, int64_t imm);

/** shld, shrd: d, s, count; imul, rorx: d, s, imm. */
static inline void
x64_rri(struct x64_buf *b, x64_op op, enum x64_gpr d, enum x64_gpr s, int64_t imm)
{
	unsigned immn = 1;

	x64_want(op, X64_IS(MRI) | X64_IS(RMI) | X64_IS(RMI8));
	if (x64_op_shape(op) == X64_SHAPE_RMI8) {
		x64_enc_vr(b, op, d, 0, s, (uint8_t)imm, 1);
		return;
	}
	if (x64_op_shape(op) == X64_SHAPE_MRI) {
		x64_enc_gri(b, op, s, d, imm, 1);
		return;
	}
	immn = x64_imul_imm(&op, imm);
	x64_enc_gri(b, op, d, s, imm, immn);
}

static inline void
x64_rmi(struct x64_buf *b, x64_op op, enum x64_gpr d, struct x64_mem m, int64_t imm)
{
	unsigned immn;

	x64_want(op, X64_IS(RMI) | X64_IS(RMI8));
	if (x64_op_shape(op) == X64_SHAPE_RMI8) {
		x64_enc_vm(b, op, d, 0, m, (uint8_t)imm, 1);
		return;
	}
	immn = x64_imul_imm(&op, imm);
	x64_enc_gmi(b, op, d, m, imm, immn);
}

static inline void
x64_mri(struct x64_buf *b, x64_op op, struct x64_mem m, enum x64_gpr s, int64_t imm)
{
	x64_want(op, X64_IS(MRI));
	x64_enc_gmi(b, op, s, m, imm, 1);
}

/** BMI: andn, mulx (high half, low half, factor), pdep, pext; shlx, bextr and such (d, value, count). */
static inline void
x64_rrr(struct x64_buf *b, x64_op op, enum x64_gpr d, enum x64_gpr s1, enum x64_gpr s2)
{
	x64_want(op, X64_IS(RNM) | X64_IS(RMN));
	if (x64_op_shape(op) == X64_SHAPE_RNM)
		x64_enc_vr(b, op, d, s1, s2, 0, 0);
	else
		x64_enc_vr(b, op, d, s2, s1, 0, 0);
}

/** andn, mulx, pdep, pext with memory last. */
static inline void
x64_rrm(struct x64_buf *b, x64_op op, enum x64_gpr d, enum x64_gpr s1, struct x64_mem m)
{
	x64_want(op, X64_IS(RNM));
	x64_enc_vm(b, op, d, s1, m, 0, 0);
}

/** shlx, bextr and such of memory. */
static inline void
x64_rmr(struct x64_buf *b, x64_op op, enum x64_gpr d, struct x64_mem m, enum x64_gpr s2)
{
	x64_want(op, X64_IS(RMN));
	x64_enc_vm(b, op, d, s2, m, 0, 0);
}
