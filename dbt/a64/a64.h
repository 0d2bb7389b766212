/*
 * The A64 instruction set as data: which line of a64.decode a word is, what the line says of it, and
 * its text.  Fields are read with a64_<field>(word); all comes from the generated header.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "a64-decode.h"

enum { A64_NZCV_READ = 1, A64_NZCV_WRITE = 2 };

struct a64_info {
	const char *name; /* as in a64.decode */
	uint32_t mask;    /* the words of the line are among (w & mask) == bits */
	uint32_t bits;
	uint8_t nzcv;     /* A64_NZCV_*; a line that leaves some flags as they were reads them */
	uint8_t cls;      /* enum a64_class */
	uint8_t feature;  /* enum a64_feature */
};

extern const struct a64_info a64_info[A64_OPS];
extern const char *const a64_feature_name[A64_FEATS];

/**
 * The line of a word; A64_UNDEFINED for a word that no line declares.
 *
 * Bits that should be 0 or 1 but are not make no difference (Arm ARM, (0) and (1) in diagrams).
 */
enum a64_op a64_decode(uint32_t w);

/**
 * The word's text without aliases, as objdump -M no-aliases writes it, with one tab after the mnemonic.
 *
 * @pc  the word's address, for branch targets and ADR
 *
 * Returns the length that the text has, or would have in a larger buffer.
 */
size_t a64_disasm(char *out, size_t size, uint32_t w, uint64_t pc);

/**
 * A random word of one line; 0 when none was found (UDF #0, a word of no line but UDF).
 *
 * @seed  state of the generator, advanced; the same seed gives the same words
 */
uint32_t a64_random(enum a64_op op, uint64_t *seed);
