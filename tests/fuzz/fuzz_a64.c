/* Any words as A64 instructions: decode, facts, text.  libFuzzer's entry; replay.c has a main(). */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dbt/a64/a64.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_word(uint32_t w, uint64_t pc)
{
	char text[128], cut[8];
	enum a64_op op = a64_decode(w);

	if (op >= A64_OPS || (w & a64_info[op].mask) != a64_info[op].bits)
		abort();
	memset(text, 0, sizeof text);
	size_t n = a64_disasm(text, sizeof text, w, pc);

	/* No operand shows a case that the line's condition excludes. */
	if (n == 0 || n >= sizeof text || strlen(text) != n || strchr(text, '?') != NULL)
		abort();
	if (a64_disasm(cut, sizeof cut, w, pc) != n ||
	    strncmp(cut, text, sizeof cut - 1) != 0 || cut[sizeof cut - 1] != '\0')
		abort();
	if (a64_disasm(NULL, 0, w, pc) != n)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t w;

	for (size_t at = 0; at + sizeof w <= size; at += sizeof w) {
		memcpy(&w, data + at, sizeof w);
		check_word(w, at);
	}
	return 0;
}
