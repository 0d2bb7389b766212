/*
 * What an instruction form is: one 64-bit word made from a line of insn.def, with room for modifiers (width, vector length,
 * mask, rounding) that the caller ORs in.  emit.h turns these words into bytes.
 * Source: Intel SDM volume 2, chapters 2 (prefixes, VEX, EVEX, compressed disp8) and 3-5 (opcodes); AMD APM volumes 3 and 4.
 */
#pragma once

#include <stdint.h>

/** An instruction form with its modifiers: X64_add | X64_64, X64_vaddps | X64_K(1) | X64_Z. */
typedef uint64_t x64_op;

enum x64_gpr {
	X64_RAX, X64_RCX, X64_RDX, X64_RBX, X64_RSP, X64_RBP, X64_RSI, X64_RDI,
	X64_R8, X64_R9, X64_R10, X64_R11, X64_R12, X64_R13, X64_R14, X64_R15,
	X64_RIP = 16,    /* as the base of a memory operand only */
	X64_NO_REG = 32, /* no base, no index */
};
/** xmm, ymm or zmm: the length is a modifier of the instruction. */
enum x64_vec {
	X64_V0, X64_V1, X64_V2, X64_V3, X64_V4, X64_V5, X64_V6, X64_V7,
	X64_V8, X64_V9, X64_V10, X64_V11, X64_V12, X64_V13, X64_V14, X64_V15,
	X64_V16, X64_V17, X64_V18, X64_V19, X64_V20, X64_V21, X64_V22, X64_V23,
	X64_V24, X64_V25, X64_V26, X64_V27, X64_V28, X64_V29, X64_V30, X64_V31,
};
enum x64_mask { X64_K0, X64_K1, X64_K2, X64_K3, X64_K4, X64_K5, X64_K6, X64_K7 };

/** Conditions, as the low four bits of jcc, setcc and cmovcc. */
enum x64_cc {
	X64_CC_O, X64_CC_NO, X64_CC_B, X64_CC_AE, X64_CC_E, X64_CC_NE, X64_CC_BE, X64_CC_A,
	X64_CC_S, X64_CC_NS, X64_CC_P, X64_CC_NP, X64_CC_L, X64_CC_GE, X64_CC_LE, X64_CC_G,
};
#define X64_CMOV(cc) (X64_cmovo + (cc))
#define X64_SET(cc) (X64_seto + (cc))

/* Where the parts of the word lie. */
enum {
	X64_BIT_OPCODE = 0, X64_BIT_PP = 8, X64_BIT_MAP = 10, X64_BIT_DIGIT = 13, X64_BIT_ENC = 16,
	X64_BIT_WV = 18,     /* REX.W or VEX.W, fixed */
	X64_BIT_WE = 19,     /* EVEX.W */
	X64_BIT_D8 = 20,     /* log2 of the compressed displacement's unit */
	X64_BIT_D8L = 23,    /* ... which grows with the vector length */
	X64_BIT_BCAST = 24,  /* log2 of the element that {1toN} repeats, 0: cannot */
	X64_BIT_SHAPE = 26,
	X64_BIT_MOD = 32,    /* modifiers: W64 S1 S2 Z | K K K B RC RC EV */
	X64_BIT_K = 36, X64_BIT_B = 39, X64_BIT_RC = 40,
	X64_BIT_ALLOW = 43,  /* the first four of them allowed, in the same order; then: K SAE ER, S1 or S2 needed */
	X64_BIT_ID = 52,
};

/* Modifiers.  Integer forms work on 32 bits and vector forms on 128 unless told otherwise. */
#define X64_32 0ull
#define X64_64 (1ull << 32)
#define X64_8 (1ull << 33)
#define X64_16 (1ull << 34)
#define X64_LOCK (1ull << 35)
#define X64_128 0ull
#define X64_256 (1ull << 33)
#define X64_512 (1ull << 34)
#define X64_Z (1ull << 35)                        /* elements that the mask leaves out become zero */
#define X64_K(k) ((uint64_t)(k) << X64_BIT_K)     /* write only the elements of mask k */
#define X64_BCAST (1ull << X64_BIT_B)             /* the memory operand is one element, repeated */
#define X64_SAE (1ull << X64_BIT_B)               /* raise no exception */
#define X64_RN (1ull << X64_BIT_B | 0ull << X64_BIT_RC) /* round so, and raise no exception */
#define X64_RD (1ull << X64_BIT_B | 1ull << X64_BIT_RC)
#define X64_RU (1ull << X64_BIT_B | 2ull << X64_BIT_RC)
#define X64_RZ (1ull << X64_BIT_B | 3ull << X64_BIT_RC)
#define X64_EVEX (1ull << 42)                     /* EVEX though VEX could: for disp8 in units of the operand's size */

/*
 * Operand roles, in Intel's order: r = modrm.reg, m = modrm.rm, n = VEX.vvvv, i = immediate; G general, V vector, K mask.
 * _R: registers only, _M: memory only.
 */
enum x64_shape {
	X64_SHAPE_NONE,
	X64_SHAPE_M,      /* Gm, opcode /digit */
	X64_SHAPE_M_R, X64_SHAPE_M_M,
	X64_SHAPE_MB,     /* Gm of 8 bits */
	X64_SHAPE_O,      /* register in the opcode */
	X64_SHAPE_ALU,    /* Gm,Gr; Gr,Gm = opcode | 2; Gm,i = 80/81/83 /digit */
	X64_SHAPE_MOV,    /* the same, but Gm,i = C6/C7 */
	X64_SHAPE_TEST,   /* Gm,Gr; Gm,i = F6/F7 /0 */
	X64_SHAPE_MR, X64_SHAPE_MR_M,
	X64_SHAPE_RM, X64_SHAPE_RM_M,
	X64_SHAPE_RMB, X64_SHAPE_RMW, X64_SHAPE_RMD, /* Gm of 8, 16, 32 bits */
	X64_SHAPE_SH,     /* Gm by CL; Gm,i = C1, D1 */
	X64_SHAPE_BT,     /* Gm,Gr; Gm,i = 0F BA /digit */
	X64_SHAPE_MRI, X64_SHAPE_RMI, X64_SHAPE_RMI8,
	X64_SHAPE_RNM, X64_SHAPE_RMN, X64_SHAPE_NM, /* VEX, all G */
	X64_SHAPE_VVV,    /* Vr,Vn,Vm */
	X64_SHAPE_VVV_R, X64_SHAPE_VVV_M,
	X64_SHAPE_VVVI,
	X64_SHAPE_VVVV,   /* Vr,Vn,Vm,V in the immediate */
	X64_SHAPE_VV, X64_SHAPE_VV_M, X64_SHAPE_VVI,
	X64_SHAPE_NVI,    /* Vn,Vm,i: opcode /digit */
	X64_SHAPE_MV,     /* memory,Vr */
	X64_SHAPE_VMOV,   /* Vr,Vm; Vm,Vr = opcode with bit `digit` turned */
	X64_SHAPE_VMOV_M,
	X64_SHAPE_XV, X64_SHAPE_XVI, /* Vm,Vr */
	X64_SHAPE_XGI,    /* Gm,Vr,i */
	X64_SHAPE_GV, X64_SHAPE_GV_R, /* Gr,Vm */
	X64_SHAPE_GMOV,   /* Vr,Gm; Gm,Vr = opcode with bit 4 turned */
	X64_SHAPE_VG,     /* Vr,Gm */
	X64_SHAPE_VVG, X64_SHAPE_VVGI, /* Vr,Vn,Gm */
	X64_SHAPE_KVV, X64_SHAPE_KVVI, X64_SHAPE_KVI, X64_SHAPE_KV, X64_SHAPE_VK,
	X64_SHAPE_KKK, X64_SHAPE_KK, X64_SHAPE_KKI,
	X64_SHAPE_KMOV,   /* Kr,Km; memory,Kr = opcode ^ 1 */
	X64_SHAPE_KG,     /* Kr,Gm; Gr,Km = opcode ^ 1 */
};

enum { X64_MAP_OP, X64_MAP_0F, X64_MAP_0F38, X64_MAP_0F3A };
enum { X64_PP_NP, X64_PP_66, X64_PP_F3, X64_PP_F2 };
enum { X64_ENC_LEGACY, X64_ENC_VEX, X64_ENC_EVEX, X64_ENC_BOTH }; /* BOTH: VEX where it can, as it is shorter */
enum {
	X64_W_0 = 0,
	X64_W_1 = 1 << X64_BIT_WV | 1 << X64_BIT_WE,
	X64_W_E1 = 1 << X64_BIT_WE, /* VEX.W ignored: 0 allows the short prefix */
};

/* What may be ORed in. */
enum {
	X64_A_64 = 1, X64_A_8 = 2, X64_A_16 = 4, X64_A_LOCK = 8,
	X64_A_256 = 2, X64_A_512 = 4, X64_A_Z = 8, X64_A_K = 16, X64_A_SAE = 32, X64_A_ER = 64, X64_A_NOT128 = 128,
	/* integer: letters b 8, w 16, q 64, l lock */
	X64_ALLOW_D = 0, X64_ALLOW_Q = X64_A_64, X64_ALLOW_WQ = X64_A_64 | X64_A_16, X64_ALLOW_w = X64_A_16 | X64_A_NOT128, /* 16 bits always */
	X64_ALLOW_BWQ = X64_A_64 | X64_A_16 | X64_A_8, X64_ALLOW_BWQL = X64_ALLOW_BWQ | X64_A_LOCK,
	X64_ALLOW_WQL = X64_ALLOW_WQ | X64_A_LOCK, X64_ALLOW_L = X64_A_LOCK,
	/* vectors: x 128 y 256 z 512, k masks, m masks that cannot zero, s {sae}, r rounding, q 64-bit general register */
	X64_ALLOW_x = 0, X64_ALLOW_xy = X64_A_256, X64_ALLOW_xyz = X64_A_256 | X64_A_512,
	X64_ALLOW_y = X64_A_256 | X64_A_NOT128, X64_ALLOW_yz = X64_ALLOW_xyz | X64_A_NOT128,
	X64_ALLOW_xm = X64_A_K, X64_ALLOW_xk = X64_A_K | X64_A_Z, X64_ALLOW_xkr = X64_ALLOW_xk | X64_A_ER,
	X64_ALLOW_xks = X64_ALLOW_xk | X64_A_SAE, X64_ALLOW_xms = X64_ALLOW_xm | X64_A_SAE,
	X64_ALLOW_xs = X64_A_SAE, X64_ALLOW_xq = X64_A_64, X64_ALLOW_xsq = X64_A_SAE | X64_A_64,
	X64_ALLOW_xrq = X64_A_ER | X64_A_64,
	X64_ALLOW_xyzk = X64_ALLOW_xyz | X64_ALLOW_xk, X64_ALLOW_xyzm = X64_ALLOW_xyz | X64_A_K,
	X64_ALLOW_xyzkr = X64_ALLOW_xyz | X64_ALLOW_xkr, X64_ALLOW_xyzks = X64_ALLOW_xyz | X64_ALLOW_xks,
	X64_ALLOW_xyzms = X64_ALLOW_xyz | X64_ALLOW_xms,
	X64_ALLOW_yzk = X64_ALLOW_yz | X64_ALLOW_xk, X64_ALLOW_zk = X64_A_512 | X64_A_NOT128 | X64_ALLOW_xk,
	X64_ALLOW_zm = X64_A_512 | X64_A_NOT128 | X64_A_K,
};

/* EVEX tuples: the unit of disp8 and what {1toN} repeats.  F full, H half, Q quarter, O eighth of the vector; S scalar. */
#define X64_D8_MAKE(shift, grows, bcast) \
	((shift) << X64_BIT_D8 | (grows) << X64_BIT_D8L | (bcast) << X64_BIT_BCAST)
enum {
	X64_D8_NO = 0,
	X64_D8_F = X64_D8_MAKE(4, 1, 0), X64_D8_F4 = X64_D8_MAKE(4, 1, 2), X64_D8_F8 = X64_D8_MAKE(4, 1, 3),
	X64_D8_H = X64_D8_MAKE(3, 1, 0), X64_D8_H4 = X64_D8_MAKE(3, 1, 2),
	X64_D8_Q = X64_D8_MAKE(2, 1, 0), X64_D8_O = X64_D8_MAKE(1, 1, 0),
	X64_D8_S1 = 0, X64_D8_S2 = X64_D8_MAKE(1, 0, 0), X64_D8_S4 = X64_D8_MAKE(2, 0, 0), X64_D8_S8 = X64_D8_MAKE(3, 0, 0),
	X64_D8_S16 = X64_D8_MAKE(4, 0, 0), X64_D8_S32 = X64_D8_MAKE(5, 0, 0),
};

/**
 * What the CPU must have.  EVEX forms of 128 and 256 bits need AVX512VL besides; VEX forms of AES and PCLMUL with 256 bits
 * need VAES and VPCLMUL, as their EVEX forms do.
 */
enum x64_feature {
	X64_F_BASE, X64_F_NONE = X64_F_BASE,
	X64_F_BMI1, X64_F_BMI2, X64_F_LZCNT, X64_F_POPCNT, X64_F_MOVBE, X64_F_CX16, X64_F_CRC32, X64_F_RDRAND, X64_F_RDSEED,
	X64_F_PREFETCHW, X64_F_SHA, X64_F_AVX, X64_F_AVX2, X64_F_FMA, X64_F_F16C, X64_F_AES, X64_F_VAES, X64_F_PCLMUL,
	X64_F_VPCLMUL, X64_F_GFNI, X64_F_AVX512F, X64_F_AVX512BW, X64_F_AVX512DQ, X64_F_AVX512CD, X64_F_VBMI, X64_F_VBMI2,
	X64_F_BITALG, X64_F_VPOPCNTDQ, X64_F_VNNI, X64_F_IFMA, X64_F_BF16,
	X64_F_COUNT,
};

enum {
#define INSN(name, ...) X64_ID_##name,
#include "dbt/x64/insn.def"
#undef INSN
	X64_FORMS,
};

#define X64_PACK(id, shape, map, pp, opcode, digit, w, enc, allow, d8)                                  \
	((uint64_t)(id) << X64_BIT_ID | (uint64_t)(allow) << X64_BIT_ALLOW | (uint64_t)(shape) << X64_BIT_SHAPE | \
	 (uint64_t)(d8) | (uint64_t)(w) | (uint64_t)(enc) << X64_BIT_ENC | (uint64_t)(digit) << X64_BIT_DIGIT | \
	 (uint64_t)(map) << X64_BIT_MAP | (uint64_t)(pp) << X64_BIT_PP | (opcode))

/* X64_<name>: the form itself. */
enum {
#define INSN(name, ename, shape, map, pp, opcode, digit, w, enc, allow, d8, feature, efeature)                     \
	X64_##name = X64_PACK(X64_ID_##name, X64_SHAPE_##shape, X64_MAP_##map, X64_PP_##pp, opcode, digit, X64_W_##w, \
			      X64_ENC_##enc, X64_ALLOW_##allow, X64_D8_##d8),
#include "dbt/x64/insn.def"
#undef INSN
};

/** A form's facts beside its bits. */
struct x64_form {
	x64_op op;
	const char *name;       /* mnemonic, with _suffix where one mnemonic has several lines */
	const char *evex_name;  /* mnemonic under EVEX */
	enum x64_feature feature, evex_feature;
};
/** By the word's id. */
extern const struct x64_form x64_forms[X64_FORMS];
_Static_assert(X64_FORMS <= 4096, "the id has 12 bits");

static inline unsigned
x64_op_id(x64_op op)
{
	return op >> X64_BIT_ID;
}

static inline enum x64_shape
x64_op_shape(x64_op op)
{
	return (enum x64_shape)(op >> X64_BIT_SHAPE & 63);
}
