/*
 * What a translator function may use: a64_tr_<NAME>() for the line NAME of a64.decode appends to the block what the word
 * means.  The table of all of them is generated from the sources (dbt/gen/a64_tr.py).
 */
#pragma once

#include "dbt/a64/a64.h"
#include "dbt/ir.h"

enum tr_next {
	TR_NEXT,  /* go on with the word behind it */
	TR_END,   /* the block's last operation has been appended */
	TR_UNDEF, /* the word is undefined after all: SIGILL */
};

struct tr {
	struct ir_block *ir;
	uint64_t pc; /* of this word */
};

typedef enum tr_next a64_tr_fn(struct tr *t, uint32_t w);
#define A64_TR_DECLARE(name) a64_tr_fn a64_tr_##name;
A64_EACH(A64_TR_DECLARE)
/** By line; NULL where there is no function yet. */
extern a64_tr_fn *const a64_tr[A64_OPS];

/** a64_tr_<fn> serves all lines that match the pattern (a Python regular expression, of the whole name). */
#define A64_TR_ALSO(fn, pattern) _Static_assert(sizeof(pattern) > 1, "")

/**
 * Translate from @pc until a transfer of control, IR_MAX_GUEST words, or the end of what may be read.
 *
 * @code  where the words at @pc can be read, as many as @words
 *
 * Always appends at least one operation and ends with one that has IR_END.
 */
void a64_block(struct ir_block *b, uint64_t pc, const uint32_t *code, uint64_t words, uint32_t max_guest);

/**
 * Whether nobody reads NZCV at code[at] before writing them all, as far as a short look ahead tells.
 *
 * @code, @words  the readable range around it: branches within it are followed
 */
bool a64_flags_dead_at(uint64_t at, const uint32_t *code, uint64_t words);

/** An operation of this word. */
static inline struct ir_op *
tr_op(struct tr *t, enum ir_opcode op)
{
	return ir_append(t->ir, op, t->pc);
}

/* Register fields: 31 is the zero register, or SP. */
static inline uint8_t
tr_z(unsigned r)
{
	return r == 31 ? IR_ZR : (uint8_t)r;
}

static inline uint8_t
tr_sp(unsigned r)
{
	return (uint8_t)r;
}

/** Size and IR_X of an operation with the sf bit. */
static inline struct ir_op *
tr_op_sf(struct tr *t, enum ir_opcode op, unsigned sf)
{
	struct ir_op *o = tr_op(t, op);

	o->size = sf ? 3 : 2;
	o->flags = sf ? IR_X : 0;
	return o;
}

static inline int64_t
tr_sext(uint64_t v, unsigned bits)
{
	return (int64_t)(v << (64 - bits)) >> (64 - bits);
}

/** DecodeBitMasks() for immediates (Arm ARM J1.3.3): the mask of a logical immediate of 32 or 64 bits. */
uint64_t tr_bitmask(unsigned sf, unsigned n, unsigned immr, unsigned imms);
