/*
 * What a lowering may use: lo_<NAME>() appends the host code of one operation.
 *
 * Registers while translated code runs: rbp the state block, rsp the prediction stack, rax and rcx scratch, the twelve
 * general registers that programs use most in fixed host registers, the others in their slots (a slot costs nothing on a
 * CPU that renames memory).  Vectors: home registers by host level, the rest in slots; four vector registers are scratch.
 *
 * The invariant that signals and faults rest on (commit last): until the operation's last memory access has been made,
 * and until the first home register or slot is written, nothing but scratch is written; and executing the operation again
 * from its start, after any of its host instructions, gives the same result.  Who must break it says so with lo_fix().
 */
#pragma once

#include "dbt/ir.h"
#include "dbt/state.h"
#include "dbt/x64/emit.h"

struct lo;

/** Where NZCV is. */
enum lo_nzcv {
	LO_NZCV_MEM,   /* in state.cpu.flags */
	LO_NZCV_SUB,   /* EFLAGS of sub, cmp: CF is not C */
	LO_NZCV_ADD,   /* EFLAGS with CF = C: of add, and reloaded ones */
	LO_NZCV_LOGIC, /* N and Z of and, test; C = V = 0 */
	LO_NZCV_FCMP,  /* vucomis of the operands in order */
	LO_NZCV_FCMP_SWAPPED, /* ... of the second with the first */
};

/** Places where an interrupted operation cannot simply be begun again. */
enum lo_fix_kind {
	LO_FIX_GPR,    /* from here to lo_fix_end() host register `arg` is borrowed: its guest value is in its slot */
	LO_FIX_VEC,    /* the same for a vector register */
	LO_FIX_LANDING,/* a call returns to `begin`, for the guest to block.pc + `end` */
	LO_FIX_FORWARD,/* something is done that must not be done twice: an interruption first runs on to lo_fix_end() */
};

enum { LO_MAX_EXITS = 40, LO_MAX_FIX = 64, LO_MAX_LATER = 48, LO_MAX_MARKS = 640 };

struct lo_fix {
	uint32_t begin, end; /* host offsets in the block */
	uint8_t kind, arg;
};

/** From this host offset on: which guest instruction to begin again when interrupted, and where NZCV is then. */
struct lo_mark {
	uint32_t host;
	int32_t pc;     /* guest address, from the block's */
	uint8_t nzcv;   /* enum lo_nzcv */
};

/** An exit that can be linked: where its jump's displacement lies, and where it wants to go. */
struct lo_exit {
	uint8_t *disp;
	uint64_t target;
};

/** Code that stands behind the block because it is rarely run. */
struct lo_later {
	void (*emit)(struct lo *l, const struct lo_later *w);
	struct x64_label from;  /* jumps come from here */
	uint8_t *patch;         /* or this patchable jump does */
	uint64_t arg;
	uint32_t exit;          /* number of the exit within the block */
	enum lo_nzcv nzcv;      /* as it was at the jump */
	bool nzcv_mem;
};

struct lo {
	struct x64_buf b;
	const struct ir_block *ir;
	const struct ir_op *o;     /* the operation being lowered */
	uint32_t i;                /* its number */
	bool v4;                   /* AVX-512 level */
	bool aes, clmul;           /* AES-NI, PCLMULQDQ */
	bool fp_called;            /* some thread's FPCR asks for what x86 has not: floating point is the interpreter's */
	enum lo_nzcv nzcv;
	bool nzcv_mem;             /* memory is as good as EFLAGS */
	uint8_t vhome[32];         /* host vector register, or LO_SLOT */
	uint8_t vscratch[4];
	uint8_t vfree;             /* bit i: vscratch[i] is free in this operation */
	uint32_t vclean;           /* bit v: bits 127:64 of V<v> are known to be zero */
	struct lo_mark mark[LO_MAX_MARKS];
	uint32_t marks;
	struct lo_fix fix[LO_MAX_FIX];
	uint32_t fixes;
	struct lo_exit exit[LO_MAX_EXITS];
	uint32_t exits, first_exit; /* first_exit: the number of exit[0] in the process */
	struct lo_later later[LO_MAX_LATER];
	uint32_t laters;
	const struct lo_env *env;
};

/** Fixed places of the process that code jumps to, and what the driver decides. */
struct lo_env {
	uint64_t exit_stub;      /* rax = pc, ecx = enum dbt_exit: save and return to C */
	uint64_t link_stub;      /* eax = exit's number: link it, go on behind it */
	uint64_t call_stub;      /* rax = struct ir_op *: the interpreter does it; all registers kept but rax, rcx, EFLAGS */
	uint64_t lookup_stub;    /* rax = pc: jump to its translation, or leave */
	struct ir_op *(*keep_op)(void *ctx, const struct ir_op *o); /* a copy that lives as long as the code */
	bool (*flags_dead_at)(void *ctx, uint64_t pc); /* nobody reads NZCV there before writing it */
	bool (*within)(void *ctx, uint64_t addr);      /* an address whose distance from the code is fixed */
	uint64_t (*constant)(void *ctx, uint64_t lo, uint64_t hi); /* address of 16 aligned bytes, within reach of the code */
	void *ctx;
};

enum { LO_SLOT = 0xff };

typedef void lo_fn(struct lo *l, const struct ir_op *o);

/** Lower the block into @l->b.  False when the buffer ran out. */
bool lo_block(struct lo *l, const struct ir_block *ir);
/** Set up for a host level; @l->b is the caller's. */
void lo_init(struct lo *l, bool v4, const struct lo_env *env);
/** From here on an interruption begins again at guest address block.pc + @pc, with NZCV where it is now. */
void lo_mark(struct lo *l, int32_t pc);
/** Code to be emitted behind the block. */
struct lo_later *lo_later(struct lo *l, void (*emit)(struct lo *l, const struct lo_later *w));
/** Leave for C: cpu.pc = @pc, exit_why = @why.  NZCV must be in memory. */
void lo_leave(struct lo *l, uint64_t pc, enum dbt_exit why);
/** Jump to the translation of guest address @pc, linked when it exists; NZCV is saved if the code there needs it. */
void lo_goto(struct lo *l, uint64_t pc);

/* ---- general registers ---- */

/** Home of a general register, or LO_SLOT. */
extern const uint8_t lo_home[64];

/** [rbp + ...] of a general register's slot (temporaries too).  Pinned ones have a slot too, which is not kept. */
struct x64_mem lo_slot(unsigned r);

/**
 * A host register with the value of guest register @r: its home, or @scratch loaded with it (zero register: cleared, flags
 * untouched).  Not to be written unless it is @scratch.
 */
enum x64_gpr lo_get(struct lo *l, unsigned r, enum x64_gpr scratch);
/** The same for 32 bits (upper half of the result undefined when it is a home). */
enum x64_gpr lo_get32(struct lo *l, unsigned r, enum x64_gpr scratch);
/** Copy into @to, 64 bits (or 32, cleared above). */
void lo_copy(struct lo *l, enum x64_gpr to, unsigned r, bool x);
/** Where to compute what goes to @r: its home, or @scratch.  End with lo_put(). */
enum x64_gpr lo_dst(struct lo *l, unsigned r, enum x64_gpr scratch);
/** @host (all 64 bits valid) becomes the value of @r: a move when it is not the home, a store for a slot, nothing for ZR. */
void lo_put(struct lo *l, unsigned r, enum x64_gpr host);
/** A constant into a host register, shortest form, EFLAGS untouched. */
void lo_const(struct lo *l, enum x64_gpr to, uint64_t v);
/** op reg, <r>: the source from its home, or from its slot as memory operand. */
void lo_op_r(struct lo *l, x64_op op, enum x64_gpr reg, unsigned r);

/**
 * The address of a memory operation as operand: may use rcx, and for loads rax (stores find it free).  IR_PRE: a + imm, IR_POST: a,
 * else a + imm or a + b.  @extra is added.
 */
struct x64_mem lo_addr(struct lo *l, const struct ir_op *o, int64_t extra);
/** The write-back of IR_PRE and IR_POST, after the access and before its destination if that is another register. */
void lo_writeback(struct lo *l, const struct ir_op *o);

/* ---- flags ---- */

/** Before anything that changes EFLAGS in an operation that does not write NZCV: saves them if someone will look. */
void lo_clobber(struct lo *l);
/** EFLAGS now hold NZCV; call after the instruction that set them. */
void lo_set_nzcv(struct lo *l, enum lo_nzcv kind);
/** EFLAGS as memory says (rax is lost); LO_NZCV_ADD then. */
void lo_load_nzcv(struct lo *l);
/** Write NZCV to memory if it is not there (rax is lost). */
void lo_save_nzcv(struct lo *l);

/** rax = the flags word of vucomis' EFLAGS; of NZCV as a number; and the word in rax becomes NZCV, in memory. */
void lo_fcmp_word(struct lo *l);
uint32_t lo_flags_word(unsigned nzcv);
void lo_put_flags(struct lo *l);

/** One or two host conditions that make an Arm condition: both (all), or one of them. */
struct lo_cc {
	uint8_t n;       /* 0: constant, 1, 2 */
	uint8_t cc[2];
	bool any;        /* n == 2: true when one of them holds; else when both do */
	bool constant;   /* n == 0 */
};
/** NZCV is wanted behind this operation and is nowhere but in EFLAGS: prefer host instructions that leave them. */
static inline bool
lo_flags_busy(const struct lo *l)
{
	return l->o->flags & IR_KEEP && l->nzcv != LO_NZCV_MEM && !l->nzcv_mem;
}
/** Bring NZCV to EFLAGS (rax may be lost) and say how to test @cond. */
struct lo_cc lo_cond(struct lo *l, unsigned cond);

/* ---- vectors ---- */

/** Fill in homes and scratch (part of lo_init). */
void lo_init_vec(struct lo *l);

/** A host register with V<v>: its home, or a scratch register loaded with it. */
enum x64_vec lo_v(struct lo *l, unsigned v);
/** A scratch register; four in an operation with all operands at home, one with three operands in slots. */
enum x64_vec lo_vtmp(struct lo *l);
/** Give a scratch register back before the operation's end. */
void lo_vfree(struct lo *l, enum x64_vec t);
/** Where to compute what goes to V<v>; never one of this operation's sources' scratch copies.  End with lo_vput(). */
enum x64_vec lo_vd(struct lo *l, unsigned v);
/** [rbp + ...] of a vector register's slot; valid only for those without a home. */
struct x64_mem lo_vslot(unsigned v);

/** What is known of a result's bits above the operation's width. */
enum lo_upper {
	LO_WHOLE,   /* all 128 bits are the result */
	LO_ZERO64,  /* 64 bits are the result, those above are zero already */
	LO_LOW64,   /* 64 bits are the result, those above must be cleared (vmovq) */
	LO_LOW32,   /* 32 bits are ... */
	LO_LOW16,
	LO_LOW8,
};
/** @host becomes V<v>. */
void lo_vput(struct lo *l, unsigned v, enum x64_vec host, enum lo_upper up);
/** LO_WHOLE with IR_Q, else LO_LOW64. */
static inline enum lo_upper
lo_upper_q(const struct ir_op *o)
{
	return o->flags & IR_Q ? LO_WHOLE : LO_LOW64;
}

/** A constant of 16 bytes as operand: in memory next to the translated code, there before the block is emitted. */
struct x64_mem lo_vconst(struct lo *l, uint64_t lo64, uint64_t hi64);

/* ---- the rest ---- */

/** Call the interpreter for this operation (IR_CALLED): NZCV in memory before and after. */
void lo_call(struct lo *l, const struct ir_op *o);
/** Begin a stretch where an interruption needs more than beginning again; returns its number for lo_fix_end(). */
uint32_t lo_fix(struct lo *l, enum lo_fix_kind kind, unsigned arg);
void lo_fix_end(struct lo *l, uint32_t n);
/** Borrow a pinned host register (its guest value goes to its slot), and give it back. */
uint32_t lo_borrow(struct lo *l, enum x64_gpr g);
void lo_return(struct lo *l, enum x64_gpr g, uint32_t fix);

#define IR(name, kind, attr) lo_fn lo_##name;
#define IR_CALLED(...)
#include "dbt/ir.def"
#undef IR
