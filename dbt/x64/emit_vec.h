/* Operand lists with vectors and masks; a part of emit.h. */
#pragma once

/* Registers that the encoding could not tell from others: general ones and is4 above 15, masks above 7. */
static inline __attribute__((always_inline)) void
x64_want_below(x64_op op, unsigned regs, unsigned limit)
{
	if (__builtin_expect(regs >= limit, 0))
		x64_bad(op, "no such register");
}

/** Two sources: vpaddd, vaddsd, vpermi2b. */
static inline void
x64_vvv(struct x64_buf *b, x64_op op, enum x64_vec d, enum x64_vec n, enum x64_vec m)
{
	x64_want(op, X64_IS(VVV) | X64_IS(VVV_R));
	x64_enc_vr(b, op, d, n, m, 0, 0);
}

static inline void
x64_vvm(struct x64_buf *b, x64_op op, enum x64_vec d, enum x64_vec n, struct x64_mem m)
{
	x64_want(op, X64_IS(VVV) | X64_IS(VVV_M) | X64_IS(VVG));
	x64_enc_vm(b, op, d, n, m, 0, 0);
}

static inline void
x64_vvvi(struct x64_buf *b, x64_op op, enum x64_vec d, enum x64_vec n, enum x64_vec m, uint8_t imm)
{
	x64_want(op, X64_IS(VVVI));
	x64_enc_vr(b, op, d, n, m, imm, 1);
}

static inline void
x64_vvmi(struct x64_buf *b, x64_op op, enum x64_vec d, enum x64_vec n, struct x64_mem m, uint8_t imm)
{
	x64_want(op, X64_IS(VVVI) | X64_IS(VVGI));
	x64_enc_vm(b, op, d, n, m, imm, 1);
}

/** vblendvps and such: the last operand chooses. */
static inline void
x64_vvvv(struct x64_buf *b, x64_op op, enum x64_vec d, enum x64_vec n, enum x64_vec m, enum x64_vec s)
{
	x64_want(op, X64_IS(VVVV));
	x64_want_below(op, s, 16);
	x64_enc_vr(b, op, d, n, m, (uint8_t)(s << 4), 1);
}

static inline void
x64_vvmv(struct x64_buf *b, x64_op op, enum x64_vec d, enum x64_vec n, struct x64_mem m, enum x64_vec s)
{
	x64_want(op, X64_IS(VVVV));
	x64_want_below(op, s, 16);
	x64_enc_vm(b, op, d, n, m, (uint8_t)(s << 4), 1);
}

/** One source: vmovdqa, vpabsd, vcvtps2pd; vpmovwb and its like, whose destination is the encoding's rm. */
static inline void
x64_vv(struct x64_buf *b, x64_op op, enum x64_vec d, enum x64_vec s)
{
	x64_want(op, X64_IS(VV) | X64_IS(VMOV) | X64_IS(XV));
	if (x64_op_shape(op) == X64_SHAPE_XV)
		x64_enc_vr(b, op, s, 0, d, 0, 0);
	else
		x64_enc_vr(b, op, d, 0, s, 0, 0);
}

static inline void
x64_vm(struct x64_buf *b, x64_op op, enum x64_vec d, struct x64_mem m)
{
	x64_want(op, X64_IS(VV) | X64_IS(VV_M) | X64_IS(VMOV) | X64_IS(VMOV_M) | X64_IS(GMOV));
	x64_enc_vm(b, op, d, 0, m, 0, 0);
}

static inline void
x64_mv(struct x64_buf *b, x64_op op, struct x64_mem m, enum x64_vec s)
{
	x64_want(op, X64_IS(MV) | X64_IS(VMOV) | X64_IS(VMOV_M) | X64_IS(GMOV) | X64_IS(XV));
	if (x64_op_shape(op) == X64_SHAPE_VMOV || x64_op_shape(op) == X64_SHAPE_VMOV_M)
		op ^= 1ull << x64_op_digit(op);
	else if (x64_op_shape(op) == X64_SHAPE_GMOV)
		op ^= 0x10;
	x64_enc_vm(b, op, s, 0, m, 0, 0);
}

/** Shuffles and shifts by an immediate; vextracti128, vcvtps2ph. */
static inline void
x64_vvi(struct x64_buf *b, x64_op op, enum x64_vec d, enum x64_vec s, uint8_t imm)
{
	x64_want(op, X64_IS(VVI) | X64_IS(NVI) | X64_IS(XVI));
	if (x64_op_shape(op) == X64_SHAPE_NVI)
		x64_enc_vr(b, op, x64_op_digit(op), d, s, imm, 1);
	else if (x64_op_shape(op) == X64_SHAPE_XVI)
		x64_enc_vr(b, op, s, 0, d, imm, 1);
	else
		x64_enc_vr(b, op, d, 0, s, imm, 1);
}

static inline void
x64_vmi(struct x64_buf *b, x64_op op, enum x64_vec d, struct x64_mem m, uint8_t imm)
{
	x64_want(op, X64_IS(VVI));
	x64_enc_vm(b, op, d, 0, m, imm, 1);
}

static inline void
x64_mvi(struct x64_buf *b, x64_op op, struct x64_mem m, enum x64_vec s, uint8_t imm)
{
	x64_want(op, X64_IS(XVI) | X64_IS(XGI));
	x64_enc_vm(b, op, s, 0, m, imm, 1);
}

/** General register from vector: vmovd, vpmovmskb, vcvttsd2si. */
static inline void
x64_rv(struct x64_buf *b, x64_op op, enum x64_gpr d, enum x64_vec s)
{
	x64_want(op, X64_IS(GV) | X64_IS(GV_R) | X64_IS(GMOV));
	x64_want_below(op, d, 16);
	if (x64_op_shape(op) == X64_SHAPE_GMOV)
		x64_enc_vr(b, op ^ 0x10, s, 0, d, 0, 0);
	else
		x64_enc_vr(b, op, d, 0, s, 0, 0);
}

/** vpextr, vextractps */
static inline void
x64_rvi(struct x64_buf *b, x64_op op, enum x64_gpr d, enum x64_vec s, uint8_t imm)
{
	x64_want(op, X64_IS(XGI));
	x64_want_below(op, d, 16);
	x64_enc_vr(b, op, s, 0, d, imm, 1);
}

/** Vector from general register: vmovd, vpbroadcast. */
static inline void
x64_vr(struct x64_buf *b, x64_op op, enum x64_vec d, enum x64_gpr s)
{
	x64_want(op, X64_IS(GMOV) | X64_IS(VG));
	x64_want_below(op, s, 16);
	x64_enc_vr(b, op, d, 0, s, 0, 0);
}

/** vcvtsi2sd */
static inline void
x64_vvr(struct x64_buf *b, x64_op op, enum x64_vec d, enum x64_vec n, enum x64_gpr s)
{
	x64_want(op, X64_IS(VVG));
	x64_want_below(op, s, 16);
	x64_enc_vr(b, op, d, n, s, 0, 0);
}

/** vpinsr */
static inline void
x64_vvri(struct x64_buf *b, x64_op op, enum x64_vec d, enum x64_vec n, enum x64_gpr s, uint8_t imm)
{
	x64_want(op, X64_IS(VVGI));
	x64_want_below(op, s, 16);
	x64_enc_vr(b, op, d, n, s, imm, 1);
}

/** Comparisons into a mask. */
static inline void
x64_kvv(struct x64_buf *b, x64_op op, enum x64_mask d, enum x64_vec n, enum x64_vec m)
{
	x64_want(op, X64_IS(KVV));
	x64_want_below(op, d, 8);
	x64_enc_vr(b, op, d, n, m, 0, 0);
}

static inline void
x64_kvm(struct x64_buf *b, x64_op op, enum x64_mask d, enum x64_vec n, struct x64_mem m)
{
	x64_want(op, X64_IS(KVV));
	x64_want_below(op, d, 8);
	x64_enc_vm(b, op, d, n, m, 0, 0);
}

static inline void
x64_kvvi(struct x64_buf *b, x64_op op, enum x64_mask d, enum x64_vec n, enum x64_vec m, uint8_t imm)
{
	x64_want(op, X64_IS(KVVI));
	x64_want_below(op, d, 8);
	x64_enc_vr(b, op, d, n, m, imm, 1);
}

static inline void
x64_kvmi(struct x64_buf *b, x64_op op, enum x64_mask d, enum x64_vec n, struct x64_mem m, uint8_t imm)
{
	x64_want(op, X64_IS(KVVI));
	x64_want_below(op, d, 8);
	x64_enc_vm(b, op, d, n, m, imm, 1);
}

/** vfpclass */
static inline void
x64_kvi(struct x64_buf *b, x64_op op, enum x64_mask d, enum x64_vec s, uint8_t imm)
{
	x64_want(op, X64_IS(KVI));
	x64_want_below(op, d, 8);
	x64_enc_vr(b, op, d, 0, s, imm, 1);
}

static inline void
x64_kmi(struct x64_buf *b, x64_op op, enum x64_mask d, struct x64_mem m, uint8_t imm)
{
	x64_want(op, X64_IS(KVI));
	x64_want_below(op, d, 8);
	x64_enc_vm(b, op, d, 0, m, imm, 1);
}

static inline void
x64_kv(struct x64_buf *b, x64_op op, enum x64_mask d, enum x64_vec s)
{
	x64_want(op, X64_IS(KV));
	x64_want_below(op, d, 8);
	x64_enc_vr(b, op, d, 0, s, 0, 0);
}

static inline void
x64_vk(struct x64_buf *b, x64_op op, enum x64_vec d, enum x64_mask s)
{
	x64_want(op, X64_IS(VK));
	x64_want_below(op, s, 8);
	x64_enc_vr(b, op, d, 0, s, 0, 0);
}

/** Masks of three operands have VEX.L set. */
static inline void
x64_kkk(struct x64_buf *b, x64_op op, enum x64_mask d, enum x64_mask n, enum x64_mask m)
{
	x64_want(op, X64_IS(KKK));
	x64_want_below(op, d | n | m, 8);
	x64_enc_vr(b, op | X64_256, d, n, m, 0, 0);
}

static inline void
x64_kk(struct x64_buf *b, x64_op op, enum x64_mask d, enum x64_mask s)
{
	x64_want(op, X64_IS(KK) | X64_IS(KMOV));
	x64_want_below(op, d | s, 8);
	x64_enc_vr(b, op, d, 0, s, 0, 0);
}

static inline void
x64_kki(struct x64_buf *b, x64_op op, enum x64_mask d, enum x64_mask s, uint8_t imm)
{
	x64_want(op, X64_IS(KKI));
	x64_want_below(op, d | s, 8);
	x64_enc_vr(b, op, d, 0, s, imm, 1);
}

static inline void
x64_km(struct x64_buf *b, x64_op op, enum x64_mask d, struct x64_mem m)
{
	x64_want(op, X64_IS(KMOV));
	x64_want_below(op, d, 8);
	x64_enc_vm(b, op, d, 0, m, 0, 0);
}

static inline void
x64_mk(struct x64_buf *b, x64_op op, struct x64_mem m, enum x64_mask s)
{
	x64_want(op, X64_IS(KMOV));
	x64_want_below(op, s, 8);
	x64_enc_vm(b, op ^ 1, s, 0, m, 0, 0);
}

/** kmov between masks and general registers */
static inline void
x64_kr(struct x64_buf *b, x64_op op, enum x64_mask d, enum x64_gpr s)
{
	x64_want(op, X64_IS(KG));
	x64_want_below(op, s, 16);
	x64_want_below(op, d, 8);
	x64_enc_vr(b, op, d, 0, s, 0, 0);
}

static inline void
x64_rk(struct x64_buf *b, x64_op op, enum x64_gpr d, enum x64_mask s)
{
	x64_want(op, X64_IS(KG));
	x64_want_below(op, d, 16);
	x64_want_below(op, s, 8);
	x64_enc_vr(b, op ^ 1, d, 0, s, 0, 0);
}

/** After 256 or 512 bits, before code without VEX. */
void x64_vzeroupper(struct x64_buf *b);
