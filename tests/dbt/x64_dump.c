/* A sample of every form as "bytes<tab>text", for as.py: x64_dump SEED */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/dbt/x64_sweep.h"

static void
print(const struct x64_case *c)
{
	uint8_t code[64 + X64_SLACK];
	char text[200];
	struct x64_buf b;

	for (unsigned i = 0; c->kinds[i]; i++)
		if (c->kinds[i] == 'm' && c->o[i].m.base == X64_RIP)
			return; /* as wants the displacement from the end, which the case does not know */
	x64_buf_init(&b, code, sizeof(code), 0);
	x64_case_emit(&b, c);
	x64_case_print(c, text, sizeof(text));
	for (uint8_t *p = code; p < b.p; p++)
		printf("%02x", *p);
	printf("\t%s\n", text);
}

int
main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;

	for (unsigned i = 0; i < 2; i++)
		x64_sample(seed + i, print);
	return 0;
}
