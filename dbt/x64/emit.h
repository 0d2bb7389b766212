/*
 * The macro assembler: instruction forms (op.h) and operands become bytes in a buffer.
 * One function for each list of operand kinds, named by one letter an operand in Intel's order: r general register,
 * v vector, k mask, m memory, i immediate.  Which forms a function takes is checked: at compile time's cost when the form
 * is a constant; a wrong one is a bug() that names the instruction.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dbt/x64/op.h"

/** No instruction, with all that is stored beyond it on speculation, takes more. */
enum { X64_SLACK = 32 };

/**
 * Where instructions go.  Memory is written at @p and will run @bias bytes away from there (0: in place).
 * When less than X64_SLACK bytes are left nothing more is written and @overflow is set, once for all that follows:
 * test it when a block is done.
 */
struct x64_buf {
	uint8_t *p;
	uint8_t *limit;  /* last position at which an instruction may begin */
	uint8_t *start;
	int64_t bias;
	bool overflow;
};

/** A memory operand.  @scale is log2.  With X64_RIP as base, @disp is from the start of the buffer. */
struct x64_mem {
	uint8_t base, index, scale, unused;
	int32_t disp;
};

void x64_buf_init(struct x64_buf *b, void *mem, uint64_t size, int64_t bias);

/** The address at which the next instruction will run. */
static inline uint64_t
x64_here(const struct x64_buf *b)
{
	return (uint64_t)(uintptr_t)b->p + (uint64_t)b->bias;
}

/** [base + disp] */
static inline struct x64_mem
x64_at(enum x64_gpr base, int32_t disp)
{
	return (struct x64_mem){ base, X64_NO_REG, 0, 0, disp };
}

/** [base + (index << scale) + disp]; no base: X64_NO_REG.  The index is never rsp. */
static inline struct x64_mem
x64_at_index(enum x64_gpr base, enum x64_gpr index, unsigned scale, int32_t disp)
{
	return (struct x64_mem){ base, index, (uint8_t)scale, 0, disp };
}

/** [disp32], sign-extended: the lowest and the highest 2 GiB. */
static inline struct x64_mem
x64_at_abs(int32_t disp)
{
	return (struct x64_mem){ X64_NO_REG, X64_NO_REG, 0, 0, disp };
}

/** Whether rip-relative operands and rel32 of the whole buffer reach the address. */
bool x64_reaches(const struct x64_buf *b, uint64_t addr);
/** [rip + ...]: the memory at @addr, which must be within reach (else a bug). */
struct x64_mem x64_at_rip(const struct x64_buf *b, uint64_t addr);

_Noreturn void x64_bad(x64_op op, const char *what);

/* The encoders.  immn: bytes of immediate. */
void x64_enc_gr(struct x64_buf *b, x64_op op, unsigned reg, unsigned rm);
void x64_enc_gm(struct x64_buf *b, x64_op op, unsigned reg, struct x64_mem m);
void x64_enc_gri(struct x64_buf *b, x64_op op, unsigned reg, unsigned rm, int64_t imm, unsigned immn);
void x64_enc_gmi(struct x64_buf *b, x64_op op, unsigned reg, struct x64_mem m, int64_t imm, unsigned immn);
void x64_enc_vr(struct x64_buf *b, x64_op op, unsigned reg, unsigned nds, unsigned rm, uint8_t imm, unsigned immn);
void x64_enc_vm(struct x64_buf *b, x64_op op, unsigned reg, unsigned nds, struct x64_mem m, uint8_t imm, unsigned immn);
void x64_enc_ri(struct x64_buf *b, x64_op op, unsigned rm, int64_t imm);
void x64_enc_mi(struct x64_buf *b, x64_op op, struct x64_mem m, int64_t imm);
void x64_enc_o(struct x64_buf *b, x64_op op, unsigned reg);

#define X64_IS(name) (1ull << X64_SHAPE_##name)

/** The form is of one of these shapes, and its modifiers are ones that it knows. */
static inline __attribute__((always_inline)) void
x64_want(x64_op op, uint64_t shapes)
{
	uint64_t allow = op >> X64_BIT_ALLOW;

	if (__builtin_expect(!(shapes >> x64_op_shape(op) & 1), 0))
		x64_bad(op, "operands of another kind");
	if (__builtin_expect((op >> X64_BIT_MOD & ~allow & 15) != 0, 0))
		x64_bad(op, "a width, length, lock or zeroing that it does not have");
	if (__builtin_expect((allow & X64_A_NOT128) && !(op & (X64_256 | X64_512)), 0))
		x64_bad(op, "no vector length");
}

/* The part of an opcode's /digit. */
static inline unsigned
x64_op_digit(x64_op op)
{
	return op >> X64_BIT_DIGIT & 7;
}

#include "dbt/x64/emit_int.h"
#include "dbt/x64/emit_vec.h"
#include "dbt/x64/emit_flow.h"
