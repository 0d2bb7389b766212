/* How the disassembler writes operands: the functions that the lines' {operand FIELD} name. */
#pragma once

#include "dbt/a64/a64.h"

struct a64_text {
	char *out;
	size_t size;
	size_t n; /* what was written, or would have been */
	uint64_t pc;
};

/* One piece of a line's text: letters, an operand, or an operand that takes a field. */
struct a64_item {
	const char *text;
	void (*show)(struct a64_text *t, uint32_t w);
	void (*show_field)(struct a64_text *t, uint32_t w, uint32_t f);
	uint8_t lo;
	uint32_t mask;
};

extern const struct a64_item a64_items[]; /* a line's pieces end with an empty one */
extern const uint16_t a64_first_item[A64_OPS];

__attribute__((format(printf, 2, 3))) void a64_put(struct a64_text *t, const char *format, ...);

/* f as a number whose sign is bit n - 1. */
int64_t a64_sign(uint32_t f, unsigned n);
