/*
 * The host code of guest instructions, for tests/golden/a64: each line of the input is one or more words that are
 * translated together.  NZCV are wanted behind them unless they end in a branch, return or call.
 *   listing v3|v4 WORDS
 */
#include <Zydis/Zydis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dbt/a64/tr.h"
#include "dbt/x64/lower.h"

enum { PC = 0x400000, RUN = 0x10000000, STUBS = 0x10100000, WORDS_MAX = 16 };

static bool
dead(void *ctx, uint64_t pc)
{
	(void)ctx, (void)pc;
	return true;
}

static bool
nowhere(void *ctx, uint64_t addr)
{
	(void)ctx, (void)addr;
	return false;
}

static struct ir_op *
keep(void *ctx, const struct ir_op *o)
{
	(void)ctx, (void)o;
	return (struct ir_op *)0x20000000;
}

static uint64_t
constant(void *ctx, uint64_t lo, uint64_t hi)
{
	(void)ctx, (void)lo, (void)hi;
	return STUBS + 0x1000;
}

static const struct lo_env env = {
	.exit_stub = STUBS, .link_stub = STUBS + 16, .call_stub = STUBS + 32, .lookup_stub = STUBS + 48,
	.keep_op = keep, .flags_dead_at = dead, .within = nowhere, .constant = constant,
};

static unsigned
print_host(const uint8_t *code, size_t n, bool print)
{
	ZydisDisassembledInstruction insn;
	unsigned count = 0;

	for (size_t at = 0; at < n; at += insn.info.length, count++) {
		if (!ZYAN_SUCCESS(ZydisDisassembleIntel(ZYDIS_MACHINE_MODE_LONG_64, RUN + at, code + at, n - at, &insn)))
			return printf("\t(no instruction)\n"), count;
		if (print)
			printf("\t%s\n", insn.text);
	}
	return count;
}

static void
list(struct lo *l, const uint32_t *words, unsigned n)
{
	static struct ir_block ir;
	static uint8_t code[65536] __attribute__((aligned(4096)));
	char text[128];

	a64_block(&ir, PC, words, n, n);
	ir_live_flags(&ir, dead, NULL);
	/* what follows is not part of it */
	if (ir.op[ir.n - 1].op == IR_NEXT)
		ir.n--;
	x64_buf_init(&l->b, code, sizeof code, RUN - (int64_t)(uintptr_t)code);
	if (!lo_block(l, &ir))
		printf("(does not fit)\n");
	size_t bytes = (size_t)(l->b.p - l->b.start);
	unsigned count = print_host(code, bytes, false);

	for (unsigned i = 0; i < n; i++) {
		a64_disasm(text, sizeof text, words[i], PC + 4 * i);
		printf("%s%s", i ? "; " : "", text);
	}
	printf("  = %u, %zu bytes\n", count, bytes);
	print_host(code, bytes, true);
}

int
main(int argc, char **argv)
{
	static struct lo l;
	char line[256];
	FILE *f = argc == 3 ? fopen(argv[2], "r") : NULL;

	if (!f)
		return fprintf(stderr, "usage: listing v3|v4 WORDS\n"), 2;
	lo_init(&l, !strcmp(argv[1], "v4"), &env);
	l.aes = l.clmul = true; /* whatever this machine has */
	while (fgets(line, sizeof line, f)) {
		uint32_t words[WORDS_MAX];
		unsigned n = 0;

		for (char *p = strtok(line, " \n"); p && n < WORDS_MAX; p = strtok(NULL, " \n"))
			words[n++] = (uint32_t)strtoul(p, NULL, 16);
		if (n)
			list(&l, words, n);
	}
	fclose(f);
	return 0;
}
