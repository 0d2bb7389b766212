/*
 * The interpreter against an independent implementation: random words of each line of a64.decode with random registers,
 * run by runner.S under another emulator.
 *   oracle [--seed N] [--words N] [--only REGEX] EMULATOR...      (the emulator's command, runner included)
 * Lines of features that qemu 7.2, which Debian 12 has, lacks are left out: no other emulator is at hand for them here.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dbt/a64/tr.h"
#include "dbt/dbt.h"
#include "dbt/dbt_impl.h"
#include "tests/dbt/oracle/record.h"
#include "tests/lockstep/random.h"

static const char *const lacks[] = { "CSSC", "MOPS", "WFxT", NULL };
static uint32_t *code;
static int to, from;

static uint64_t
readable(void *ctx, uint64_t addr, uint64_t want)
{
	uint64_t at = (uint64_t)(uintptr_t)code;

	(void)ctx;
	return addr >= at && addr < at + 4096 ? (want < at + 4096 - addr ? want : at + 4096 - addr) : 0;
}

static void
start(char **command)
{
	int in[2], out[2];

	if (pipe(in) || pipe(out))
		exit(2);
	if (fork() == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		close(in[1]);
		close(out[0]);
		execvp(command[0], command);
		fprintf(stderr, "oracle: %s: %s\n", command[0], strerror(errno));
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	to = in[1];
	from = out[0];
}

/* 0 when the other one died of the word. */
static int
ask(struct oracle_record *r)
{
	for (size_t n = 0; n < sizeof *r;) {
		ssize_t k = write(to, (char *)r + n, sizeof *r - n);

		if (k <= 0)
			return 0;
		n += (size_t)k;
	}
	for (size_t n = 0; n < sizeof *r;) {
		ssize_t k = read(from, (char *)r + n, sizeof *r - n);

		if (k <= 0)
			return 0;
		n += (size_t)k;
	}
	return 1;
}

static void
fill(struct oracle_record *r, uint32_t word)
{
	enum a64_op op = a64_decode(word);
	bool floats = a64_info[op].cls == A64_CLASS_FP || a64_info[op].name[0] == 'F' || !strncmp(a64_info[op].name, "BF", 2) ||
		      strstr(a64_info[op].name, "CVT");

	memset(r, 0, sizeof *r);
	r->word = word;
	r->fpcr = random_fpcr();
	/*
	 * FJCVTZS of a flushed subnormal: Z is 0 (FPToFixedJS(), Arm ARM J1.3.3: "sign == '0' && value == 0.0 && !IsZero(op<51:0>)"), while
	 * qemu 7.2 says 1.
	 */
	if (op == A64_FJCVTZS)
		r->fpcr &= ~(uint32_t)A64_FPCR_FZ;
	r->nzcv = (uint32_t)random_next() & 0xf0000000;
	for (unsigned i = 0; i < 32; i++) {
		r->x[i] = random_value();
		r->v[i][0] = floats ? random_float() : random_value();
		r->v[i][1] = floats ? random_float() : random_value();
	}
	r->x[RANDOM_BASE1] = ORACLE_DATA + ORACLE_WINDOW / 2;
	r->x[RANDOM_BASE2] = ORACLE_DATA + ORACLE_WINDOW / 2 + 16 * (random_next() % 8);
	r->x[RANDOM_INDEX] = random_next() % 64;
	r->x[31] = ORACLE_DATA + ORACLE_WINDOW / 2;
	for (unsigned i = 0; i < ORACLE_WINDOW; i += 8) {
		uint64_t v = random_value();

		memcpy(r->data + i, &v, 8);
	}
}

static void
interpret(struct dbt_state *s, const struct oracle_record *in, struct oracle_record *out)
{
	struct cpu_a64 *c = &s->cpu;

	memcpy(c->x, in->x, sizeof c->x);
	memcpy(c->v, in->v, sizeof in->v);
	a64_set_nzcv(c, in->nzcv);
	c->fpcr = in->fpcr;
	c->fpsr = in->fpsr;
	c->monitor.size = 0;
	c->pc = (uint64_t)(uintptr_t)code;
	code[0] = in->word;
	memcpy((void *)ORACLE_DATA, in->data, ORACLE_WINDOW);
	dbt_step(s);
	*out = *in;
	memcpy(out->x, c->x, sizeof out->x);
	memcpy(out->v, c->v, sizeof out->v);
	out->nzcv = a64_get_nzcv(c);
	out->fpsr = c->fpsr;
	memcpy(out->data, (void *)ORACLE_DATA, ORACLE_WINDOW);
}

/*
 * FCVTZS of a half to fixed point in a half: bits above the 16 of the result are zero ("V[d] = result", Arm ARM C7.2), while
 * qemu 7.2 leaves 32 bits of it.
 */
static void
correct(struct oracle_record *they)
{
	uint32_t w = they->word;

	if (a64_decode(w) == A64_FCVTZS_fix_scalar && (w >> 19 & 15) < 4)
		they->v[w & 31][0] &= 0xffff;
}

static unsigned
compare(const struct oracle_record *in, const struct oracle_record *we, const struct oracle_record *they, uint64_t seed)
{
	char text[128];
	unsigned bad = 0;

	if (memcmp(&we->nzcv, &they->nzcv, sizeof *we - offsetof(struct oracle_record, nzcv)) == 0)
		return 0;
	a64_disasm(text, sizeof text, in->word, (uint64_t)(uintptr_t)code);
	printf("oracle: --seed %llu: %08x  %s, fpcr %x\n", (unsigned long long)seed, in->word, text, in->fpcr);
	for (unsigned k = 0; k < 20; k += 5) { /* fields where most words name registers */
		unsigned v = in->word >> k & 31;

		printf("  v%u was %016llx:%016llx\n", v, (unsigned long long)in->v[v][1], (unsigned long long)in->v[v][0]);
	}
	for (unsigned i = 0; i < 32 && bad < 8; i++) {
		if (we->x[i] != they->x[i])
			bad++, printf("  x%u was %016llx: we %016llx, they %016llx\n", i, (unsigned long long)in->x[i],
				      (unsigned long long)we->x[i], (unsigned long long)they->x[i]);
		if (memcmp(we->v[i], they->v[i], 16))
			bad++, printf("  v%u: we %016llx:%016llx, they %016llx:%016llx\n", i, (unsigned long long)we->v[i][1],
				      (unsigned long long)we->v[i][0], (unsigned long long)they->v[i][1], (unsigned long long)they->v[i][0]);
	}
	if (we->nzcv != they->nzcv)
		printf("  nzcv was %x: we %x, they %x\n", in->nzcv >> 28, we->nzcv >> 28, they->nzcv >> 28);
	if (we->fpsr != they->fpsr)
		printf("  fpsr: we %x, they %x\n", we->fpsr, they->fpsr);
	if (memcmp(we->data, they->data, ORACLE_WINDOW))
		printf("  memory\n");
	return 1;
}

int
main(int argc, char **argv)
{
	static const uint32_t awake;
	static struct oracle_record in, we, they;
	struct dbt_config config = { .readable = readable };
	const char *only = NULL;
	uint64_t seed = 1, words = 2000, bad = 0;
	struct diag d = { 0 };
	int i = 1;

	for (; i + 1 < argc && !strncmp(argv[i], "--", 2); i += 2) {
		if (!strcmp(argv[i], "--seed"))
			seed = strtoull(argv[i + 1], NULL, 0);
		else if (!strcmp(argv[i], "--words"))
			words = strtoull(argv[i + 1], NULL, 0);
		else if (!strcmp(argv[i], "--only"))
			only = argv[i + 1];
	}
	if (i >= argc)
		return fprintf(stderr, "usage: oracle [--seed N] [--words N] [--only REGEX] EMULATOR...\n"), 2;
	code = mmap((void *)0x10000000, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mmap((void *)ORACLE_DATA, ORACLE_WINDOW, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (dbt_setup(&config, &d))
		return fprintf(stderr, "oracle: %s\n", d.text), 2;
	struct dbt_state *s = dbt_new(&awake);

	random_lacks = lacks;
	if (only && !random_only(only))
		return fprintf(stderr, "oracle: no line that can be run is called %s\n", only), 2;
	start(argv + i);
	for (uint64_t n = 0; n < words && bad < 20; n++) {
		random_seed(seed + n);
		fill(&in, random_word());
		they = in;
		if (!ask(&they)) {
			printf("oracle: --seed %llu: the other one died of %08x\n", (unsigned long long)(seed + n), in.word);
			bad++;
			break;
		}
		interpret(s, &in, &we);
		correct(&they);
		bad += compare(&in, &we, &they, seed + n);
	}
	close(to);
	wait(NULL);
	printf("oracle: seed %llu, %llu words: %llu differ\n", (unsigned long long)seed, (unsigned long long)words, (unsigned long long)bad);
	return bad != 0;
}
