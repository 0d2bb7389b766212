/*
 * One instruction with its operands: emitted through the assembler's functions, judged by Zydis, printed for GNU as.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dbt/x64/emit.h"

struct x64_operand {
	char kind;          /* r v k m i, as in the functions' names */
	unsigned n;         /* register */
	struct x64_mem m;
	int64_t imm;
};

struct x64_case {
	x64_op op;
	const char *kinds;  /* one letter an operand */
	struct x64_operand o[5];
};

/** The operand lists that a shape takes, separated by spaces. */
const char *x64_shape_kinds(enum x64_shape shape);
/** Through the function of that operand list. */
void x64_case_emit(struct x64_buf *b, const struct x64_case *c);
/** Width in bits of general register or memory number i of the case; 0: not known here. */
unsigned x64_case_width(const struct x64_case *c, unsigned i);
/** What is wrong with these bytes as an encoding of the case; NULL: nothing.  @b tells where rip is. */
const char *x64_case_check(const struct x64_buf *b, const struct x64_case *c, const uint8_t *code, unsigned n);
/** Intel syntax, from the case alone, as GNU as reads it. */
void x64_case_print(const struct x64_case *c, char *ret_text, unsigned size);
/** Mnemonic: the form's name without its suffix. */
void x64_case_name(const struct x64_case *c, bool evex, char *ret_name, unsigned size);
