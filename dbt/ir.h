/*
 * The translator's one intermediate form: three-address operations over guest registers.  A guest instruction becomes one
 * operation where that is possible, so that liveness and lowering see what the guest meant.  Operations are declared in
 * ir.def and the files that it includes, one a line; ir_do_<NAME>() is what each means (the interpreter, which is the
 * oracle), lo_<NAME>() its host code.
 *
 * Rules that both follow:
 * - an operation reads all its inputs before it writes anything;
 * - memory is touched before any register is written, so an operation that faults has had no effect on registers;
 * - results of 32 bits and of fewer vector bits clear the rest of the register.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct cpu_a64;

/* General registers in d, e, a, b, c: 0 to 30, and these.  Vector registers: 0 to 31. */
enum {
	IR_SP = 31,
	IR_ZR = 32,
	IR_T0 = 33, IR_T1, IR_T2, IR_T3, /* live within one guest instruction only; kept in memory */
	IR_NONE = 63,                    /* no register; as b where the line says so: imm is the operand */
};

enum ir_opcode {
#define IR(name, ...) IR_##name,
#include "dbt/ir.def"
#undef IR
	IR_OPS,
};

/* How b is read: low bits extended to the operation's size, then shifted by `shift`. */
enum ir_ext {
	IR_UXTB, IR_UXTH, IR_UXTW, IR_UXTX, IR_SXTB, IR_SXTH, IR_SXTW, IR_SXTX, /* A64's "option"; then LSL */
	IR_LSL, IR_LSR, IR_ASR, IR_ROR,                                         /* all bits of the operation's size */
};

/* Conditions as A64 encodes them; AL and NV are never tested. */
enum ir_cond {
	IR_EQ, IR_NE, IR_HS, IR_LO, IR_MI, IR_PL, IR_VS, IR_VC, IR_HI, IR_LS, IR_GE, IR_LT, IR_GT, IR_LE, IR_AL, IR_NV,
};

/* `flags` */
enum {
	IR_S = 1,    /* set NZCV (operations whose line has NZCV_W); cleared by ir_live_flags() when nobody looks */
	IR_KEEP = 2, /* NZCV is live after this operation: set by ir_live_flags() */
	IR_Q = 4,    /* vectors: 128 bits, not 64 */
	IR_PRE = 8, IR_POST = 16, /* memory: a += imm before, or after, the access; committed after it */
	IR_SIGN = 32, /* memory loads: extend the sign (to 32 bits, or to 64 with IR_X); arithmetic: signed */
	IR_X = 64,    /* 64 bits of general register */
	IR_ONE = 64,  /* vectors: scalar form, one element; the rest of the register is cleared */
	IR_HIGH = 128, /* vectors: the upper half is source, or destination (the "2" forms) */
};

/** One operation; 24 bytes. */
struct ir_op {
	uint16_t op;   /* enum ir_opcode */
	uint8_t size;  /* log2 of bytes: of the operation, the memory access, or a vector element (0 b, 1 h, 2 s, 3 d, 4 q) */
	uint8_t flags;
	uint8_t d, e;  /* destinations; of a store, what is stored */
	uint8_t a, b, c;
	uint8_t ext, shift, cond;
	int32_t pc;    /* address of the guest instruction, from the block's */
	uint64_t imm;
};
_Static_assert(sizeof(struct ir_op) == 24, "cache lines");

/* imm of VSHRNI and its like (cond), and of VLDS and VSTS. */
enum { IR_SHRN_ROUND = 1, IR_SHRN_UNSIGNED = 2 };
/* cond of floating-point operations. */
enum { IR_ROUND_AWAY = 4, IR_ROUND_FPCR = 5 };
enum { IR_FMA_NEG_A = 1, IR_FMA_NEG_C = 2 };
enum { IR_NARROW_ODD = 1, IR_NARROW_BF = 2 };
enum { IR_VLS_LANE = 0x100, IR_VLS_ALL = 0x200 };

/* Registers that MRS and MSR reach at EL0, other than NZCV, FPCR (writing) and RNDR. */
enum ir_sysreg {
	IR_SYS_TPIDR, IR_SYS_FPCR, IR_SYS_FPSR, IR_SYS_CTR, IR_SYS_DCZID, IR_SYS_CNTVCT, IR_SYS_CNTFRQ, IR_SYS_TPIDRRO, IR_SYS_CONST,
};

/* Attributes of a line of ir.def. */
enum {
	IR_NZCV_W = 1,  /* may set NZCV: when IR_S is set */
	IR_NZCV_R = 2,  /* reads NZCV (beside writing: some flags stay) */
	IR_LOAD = 4, IR_STORE = 8,
	IR_END = 16,    /* ends a block: the last operation, and only it, has this */
	IR_SIDE = 256,  /* may leave the block for imm, else goes on */
	IR_FP = 32,     /* depends on FPCR or adds to FPSR's exception bits */
	IR_QC = 64,     /* may set FPSR.QC */
	IR_CALL = 512,  /* a call: anything but the state block may have changed when the block goes on */
	IR_STOP = 128,  /* always leaves translated code (SVC, BRK, ...) */
};

/** What a line of ir.def says. */
struct ir_info {
	const char *name;
	/*
	 * Five letters for d e a b c: - none; r reads, w writes, m reads and writes a general register; R W M the same for
	 * a vector.  A list of registers (LD1 of several) is named by its first one; `regs` tells how many.
	 */
	char kind[6];
	uint16_t attr;
};
extern const struct ir_info ir_info[IR_OPS];

enum { IR_MAX_GUEST = 128, IR_MAX_OPS = 1024 };

/** The operations of one block. */
struct ir_block {
	uint64_t pc;
	uint32_t n;      /* operations */
	uint32_t guest;  /* guest instructions */
	uint64_t end;    /* one past the last guest byte that was read (the block is contiguous) */
	bool overflow;   /* more than IR_MAX_OPS: a bug of a translator function */
	struct ir_op op[IR_MAX_OPS];
};

/** Append an operation; the guest instruction at @pc. */
struct ir_op *ir_append(struct ir_block *b, enum ir_opcode op, uint64_t pc);

/**
 * Which NZCV are needed: clears IR_S where the flags are dead, sets IR_KEEP where they are live afterwards.
 *
 * @dead_at  nobody reads NZCV at that guest address before writing all of them
 *
 * A call's return and an indirect call do not carry flags (AAPCS64 6.1.1: NZCV are not preserved); BR does.
 */
void ir_live_flags(struct ir_block *b, bool (*dead_at)(void *ctx, uint64_t pc), void *ctx);

/** A text of the operation, one line without newline.  Returns its length. */
int ir_print(char *out, uint32_t size, const struct ir_op *o, uint64_t block_pc);

/** NULL, or what is wrong with the block (registers out of range, end in the middle, ...). */
const char *ir_check(const struct ir_block *b);

/** The meaning of each operation.  Control transfers set cpu->pc; all others leave it. */
typedef void ir_do_fn(struct cpu_a64 *cpu, const struct ir_op *o);
#define IR(name, ...) ir_do_fn ir_do_##name;
#include "dbt/ir.def"
#undef IR
extern ir_do_fn *const ir_do[IR_OPS];
