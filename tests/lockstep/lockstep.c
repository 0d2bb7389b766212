/*
 * Random instructions in blocks: translated code against the interpreter, registers, flags and memory.
 *   lockstep [--level v3|v4] [--seed N] [--blocks N] [--length N] [--only NAME] [--verbose]
 * What is wrong is printed with the seed of its block: --seed N --blocks 1 shows it again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "dbt/a64/tr.h"
#include "dbt/dbt.h"
#include "dbt/dbt_impl.h"

enum { DATA = 131072, /* registers point to its middle; write-back may move them */
       WORDS = 1024, CODE = 4096, BASE1 = 19, BASE2 = 25, INDEX = 20, SVC_WORD = 0xd4000001 };

static uint64_t state;
static uint8_t *data;
static uint32_t *code;
static unsigned length = 8;
static const char *only;
static bool verbose;

static uint64_t
next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static uint64_t
readable(void *ctx, uint64_t addr, uint64_t want)
{
	uint64_t end = (uint64_t)(uintptr_t)code + CODE;

	(void)ctx;
	if (addr < (uint64_t)(uintptr_t)code || addr >= end)
		return 0;
	return want < end - addr ? want : end - addr;
}

/* Numbers that matter more often than others. */
static uint64_t
value(void)
{
	static const uint64_t special[] = { 0, 1, 2, 7, 31, 32, 63, 64, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff,
		0x100000000, 0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff, 0xfffffffffffffffe, 0xffffffff00000000, 0x5555555555555555 };
	uint64_t r = next();

	switch (r % 4) {
	case 0:
		return special[(r >> 8) % (sizeof special / sizeof special[0])];
	case 1:
		return next() >> (r >> 8) % 64;
	case 2:
		return (uint64_t)((int64_t)next() >> (r >> 8) % 64);
	default:
		return next();
	}
}

static bool
reserved(unsigned r)
{
	return r == BASE1 || r == BASE2 || r == INDEX || r + 1 == BASE1 || r + 1 == BASE2; /* CASP has pairs */
}

static bool
memory_class(enum a64_op op)
{
	uint8_t c = a64_info[op].cls;

	return c == A64_CLASS_LOAD || c == A64_CLASS_STORE || c == A64_CLASS_RMW;
}

/* A word of the line that stays within the data area and leaves its bases alone; 0 when this one does not. */
static uint32_t
tame(enum a64_op op, uint32_t w)
{
	bool vector = memory_class(op) ? w >> 26 & 1 : (w >> 25 & 7) == 7;

	if (!memory_class(op))
		return (reserved(w & 31) || (w & 31) == 31) && !vector ? 0 : w;
	if (op == A64_LDR_lit || op == A64_LDRSW_lit || op == A64_LDR_fp_lit || op == A64_IC_IVAU)
		return 0;
	if (op == A64_DC_ZVA)
		return (w & ~31u) | BASE1;
	/* what wants alignment is based on SP, which nothing moves */
	w = (w & ~(31u << 5)) | (a64_info[op].cls == A64_CLASS_RMW || (w >> 24 & 0x3f) == 8 ? 31u : next() & 1 ? BASE1 : BASE2) << 5;
	if ((w >> 24 & 0x3b) == 0x39) /* unsigned immediate: a small one */
		w &= ~(0xfc0u << 10);
	if ((w >> 24 & 0x3b) == 0x38 && w >> 21 & 1 && (w >> 10 & 3) == 2) { /* register offset */
		w = (w & ~(31u << 16)) | INDEX << 16;
	} else if (!vector && (w >> 24 & 0x3f) == 8 && (reserved(w >> 16 & 31) || reserved(w >> 10 & 31))) {
		return 0;
	} else if (!vector && (w >> 24 & 0x3b) == 0x38 && w >> 21 & 1 && reserved(w >> 16 & 31)) {
		return 0;
	}
	if (!vector && (reserved(w & 31) || reserved(w >> 10 & 31)))
		return 0;
	return a64_decode(w) == op ? w : 0;
}

static bool
wanted(enum a64_op op)
{
	uint8_t c = a64_info[op].cls;

	if (op == A64_UNDEFINED || a64_tr[op] == NULL || op == A64_MRS || op == A64_MRS_RNDR || op == A64_MRS_RNDRRS)
		return false;
	if (only)
		return strcmp(a64_info[op].name, only) == 0;
	return c == A64_CLASS_INT || c == A64_CLASS_FP || c == A64_CLASS_SIMD || memory_class(op) || c == A64_CLASS_BARRIER;
}

static uint32_t
random_word(void)
{
	for (;;) {
		enum a64_op op = (enum a64_op)(1 + next() % (A64_OPS - 1));
		uint32_t w;

		if (!wanted(op))
			continue;
		w = a64_random(op, &state);
		if (w != 0)
			w = tame(op, w);
		if (w != 0)
			return w;
	}
}

static void
random_registers(struct cpu_a64 *c)
{
	for (unsigned i = 0; i < 32; i++) {
		c->x[i] = value();
		c->v[i].d[0] = value();
		c->v[i].d[1] = value();
	}
	c->x[BASE1] = (uint64_t)(uintptr_t)data + DATA / 2;
	c->x[BASE2] = (uint64_t)(uintptr_t)data + DATA / 2 + 16 * (next() % 8);
	c->x[INDEX] = next() % 64;
	c->x[31] = (uint64_t)(uintptr_t)data + DATA / 2;
	a64_set_nzcv(c, (uint32_t)next());
	c->monitor = (struct a64_monitor){ 0 };
	c->fpcr = c->fpsr = 0;
	c->pc = (uint64_t)(uintptr_t)code;
}

static void
show(const char *what, uint64_t seed)
{
	printf("lockstep: %s differs; --seed %llu --blocks 1 --length %u --level %s\n", what, (unsigned long long)seed, length,
	       dbt_level_name() + 7);
	for (unsigned i = 0; i < length; i++) {
		char text[128];

		a64_disasm(text, sizeof text, code[i], (uint64_t)(uintptr_t)&code[i]);
		printf("  %08x  %s\n", code[i], text);
	}
}

static unsigned
compare(const struct cpu_a64 *want, const struct cpu_a64 *got, const uint8_t *memory, uint64_t seed)
{
	unsigned bad = 0;

	for (unsigned i = 0; i < 32; i++) {
		if (want->x[i] != got->x[i]) {
			if (!bad++)
				show("a register", seed);
			printf("  x%u: interpreter %016llx, translated %016llx\n", i, (unsigned long long)want->x[i], (unsigned long long)got->x[i]);
		}
		if (memcmp(&want->v[i], &got->v[i], 16)) {
			if (!bad++)
				show("a vector", seed);
			printf("  v%u: interpreter %016llx:%016llx, translated %016llx:%016llx\n", i, (unsigned long long)want->v[i].d[1],
			       (unsigned long long)want->v[i].d[0], (unsigned long long)got->v[i].d[1], (unsigned long long)got->v[i].d[0]);
		}
	}
	if (a64_get_nzcv(want) != a64_get_nzcv(got)) {
		if (!bad++)
			show("NZCV", seed);
		printf("  nzcv: interpreter %x, translated %x\n", a64_get_nzcv(want) >> 28, a64_get_nzcv(got) >> 28);
	}
	if (want->fpsr != got->fpsr || want->pc != got->pc) {
		if (!bad++)
			show("FPSR or PC", seed);
		printf("  fpsr: interpreter %x, translated %x; pc %llx, %llx\n", want->fpsr, got->fpsr, (unsigned long long)want->pc, (unsigned long long)got->pc);
	}
	if (memcmp(memory, data, DATA)) {
		if (!bad++)
			show("memory", seed);
	}
	return bad;
}

static uint8_t before[DATA], after[DATA];

static unsigned
one_block(struct dbt_state *s, uint64_t seed)
{
	struct cpu_a64 start, want;
	enum dbt_exit e;

	state = seed * 0x9e3779b97f4a7c15 + 1;
	next();
	for (unsigned i = 0; i < length; i++)
		code[i] = random_word();
	code[length] = SVC_WORD;
	random_registers(&s->cpu);
	for (unsigned i = 0; i < WORDS; i++) {
		uint64_t v = value();

		memcpy(data + DATA / 2 - 4 * WORDS + 8 * i, &v, 8);
	}
	memcpy(before, data, DATA);
	start = s->cpu;
	if (verbose)
		show("(--verbose)", seed);
	do
		e = dbt_step(s);
	while (e == DBT_EXIT_LOOKUP);
	want = s->cpu;
	memcpy(after, data, DATA);
	memcpy(data, before, DATA);
	s->cpu = start;
	dbt_invalidate((uint64_t)(uintptr_t)code, CODE);
	s->exit_why = DBT_EXIT_LOOKUP;
	e = dbt_run(s);
	if (e != DBT_EXIT_SVC)
		printf("translated code stopped with %d\n", e);
	dbt_fold_fpsr(s);
	return compare(&want, &s->cpu, after, seed);
}

int
main(int argc, char **argv)
{
	static const uint32_t awake;
	struct dbt_config config = { .readable = readable };
	uint64_t seed = 1, blocks = 2000, bad = 0;
	struct diag d = { 0 };

	for (int i = 1; i < argc; i++) {
		const char *o = argv[i], *v = i + 1 < argc ? argv[i + 1] : "";

		if (!strcmp(o, "--verbose")) {
			verbose = true;
			continue;
		}
		i++;
		if (!strcmp(o, "--level"))
			config.level = !strcmp(v, "v3") ? DBT_LEVEL_V3 : DBT_LEVEL_V4;
		else if (!strcmp(o, "--seed"))
			seed = strtoull(v, NULL, 0);
		else if (!strcmp(o, "--blocks"))
			blocks = strtoull(v, NULL, 0);
		else if (!strcmp(o, "--length"))
			length = (unsigned)strtoul(v, NULL, 0);
		else if (!strcmp(o, "--only"))
			only = v;
		else
			return fprintf(stderr, "lockstep: unknown option %s\n", o), 2;
	}
	code = mmap((void *)0x10000000, CODE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	data = mmap((void *)0x20000000, DATA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (dbt_setup(&config, &d))
		return fprintf(stderr, "lockstep: %s\n", d.text), 2;
	struct dbt_state *s = dbt_new(&awake);

	for (uint64_t i = 0; i < blocks && bad < 20; i++)
		bad += one_block(s, seed + i) != 0;
	printf("lockstep: seed %llu, %llu blocks of %u at %s: %llu differ\n", (unsigned long long)seed, (unsigned long long)blocks, length,
	       dbt_level_name(), (unsigned long long)bad);
	return bad != 0;
}
