/*
 * Random instructions in blocks: translated code against the interpreter, registers, flags and memory.
 *   lockstep [--level v3|v4] [--seed N] [--blocks N] [--length N] [--only REGEX] [--verbose]
 *   --branches      with branches forward, and calls of two short functions behind the block
 *   --fpcr          with all of FPCR, not its rounding alone
 *   --interrupt     each block again and again, taken out after each of its host instructions and begun again there
 * What is wrong is printed with the seed of its block: --seed N --blocks 1 shows it again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "dbt/a64/tr.h"
#include "dbt/dbt.h"
#include "dbt/dbt_impl.h"
#include "tests/lockstep/random.h"

enum { DATA = 131072, /* registers point to its middle; write-back may move them */
       WORDS = 1024, CODE = 4096, SVC_WORD = 0xd4000001 };

static uint8_t *data;
static uint32_t *code;
static unsigned length = 8;
static bool verbose, interrupt_all, all_fpcr;

static uint64_t
readable(void *ctx, uint64_t addr, uint64_t want)
{
	uint64_t end = (uint64_t)(uintptr_t)code + CODE;

	(void)ctx;
	if (addr < (uint64_t)(uintptr_t)code || addr >= end)
		return 0;
	return want < end - addr ? want : end - addr;
}

enum { FUNCTION = 4, RET_WORD = 0xd65f03c0 };

/* A branch from slot @i to one behind it, at most to the end. */
static uint32_t
branch(unsigned i)
{
	uint32_t by = 1 + (uint32_t)(random_next() % (length - i < 8 ? length - i : 8)), r = (uint32_t)random_next();

	switch (r % 8) {
	case 0:
		return 0x14000000 | by; /* b */
	case 1: /* bl: functions lie behind the end */
		return 0x94000000 | (length + 2 + FUNCTION * (r >> 8 & 1) - i);
	case 2:
	case 3: /* tbz, tbnz */
		return 0x36000000 | (r & 0x81f8001f) | by << 5;
	case 4: /* cbz, cbnz */
		return 0x34000000 | (r & 0x8100001f) | by << 5;
	default: /* b.cond */
		return 0x54000000 | (r >> 8 & 0xf) | by << 5;
	}
}

static void
random_code(void)
{
	for (unsigned i = 0; i < length; i++)
		/* a callee's flags mean nothing to its caller (AAPCS64 6.1.1): a comparison stands behind each call */
		code[i] = i > 0 && code[i - 1] >> 26 == 0x25 ? 0xeb00001f | ((uint32_t)random_next() & 0x1f03e0)
			  : random_branches && random_next() % 3 == 0 && i + 1 < length ? branch(i) : random_word();
	code[length] = SVC_WORD;
	code[length + 1] = 0x54000000; /* b.eq to itself: so NZCV are wanted behind the SVC, where they are compared */
	for (unsigned i = 0; random_branches && i < 2 * FUNCTION; i++)
		code[length + 2 + i] = i % FUNCTION == FUNCTION - 1 ? RET_WORD : random_word();
}

static void
random_registers(struct cpu_a64 *c)
{
	for (unsigned i = 0; i < 32; i++) {
		c->x[i] = random_value();
		c->v[i].d[0] = random_next() >> 20 & 1 ? random_float() : random_value();
		c->v[i].d[1] = random_next() >> 20 & 1 ? random_float() : random_value();
	}
	c->x[RANDOM_BASE1] = (uint64_t)(uintptr_t)data + DATA / 2;
	c->x[RANDOM_BASE2] = (uint64_t)(uintptr_t)data + DATA / 2 + 16 * (random_next() % 8);
	c->x[RANDOM_INDEX] = random_next() % 64;
	c->x[31] = (uint64_t)(uintptr_t)data + DATA / 2;
	a64_set_nzcv(c, (uint32_t)random_next());
	c->monitor = (struct a64_monitor){ 0 };
	/* what has no counterpart on the host (--fpcr) makes all code call the interpreter from then on */
	c->fpcr = random_fpcr() & (all_fpcr ? ~0u : A64_FPCR_RMODE);
	c->fpsr = 0;
	c->pc = (uint64_t)(uintptr_t)code;
}

static void
show(const char *what, uint64_t seed)
{
	printf("lockstep: %s differs; --seed %llu --blocks 1 --length %u --level %s%s\n", what, (unsigned long long)seed, length,
	       dbt_level_name() + 7, random_branches ? " --branches" : "");
	for (unsigned i = 0; i < length + (random_branches ? 2 + 2 * FUNCTION : 0); i++) {
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

/* ---- interruptions: the first byte of the block's code is a trap, from which on the CPU is stepped ---- */

static struct {
	struct dbt_state *s;
	uint8_t *first;     /* written through the cache's other mapping */
	uint64_t run;       /* where that byte runs */
	uint8_t byte;
	unsigned left;      /* instructions to go */
	bool done;
	uint64_t at;        /* where it was taken out, from the block's code */
} trap;

enum { TF = 0x100 };

/* Invalid: as the engine does. */
static void
on_fpe(int signo, siginfo_t *si, void *uc)
{
	if (dbt_fault(trap.s, signo, si, uc) == DBT_OUTSIDE) {
		static const char text[] = "lockstep: SIGFPE outside translated code\n";

		(void)!write(2, text, sizeof(text) - 1);
		_exit(2);
	}
}

static void
on_trap(int signo, siginfo_t *si, void *uc)
{
	greg_t *g = ((ucontext_t *)uc)->uc_mcontext.gregs;

	if (trap.done || trap.s->stepping) {
		/* it ran on to where it can leave */
		if (dbt_fault(trap.s, signo, si, uc) == DBT_OUTSIDE)
			g[REG_EFL] &= ~(greg_t)TF;
		return;
	}
	if ((uint64_t)g[REG_RIP] == trap.run + 1 && *trap.first == 0xcc) {
		*trap.first = trap.byte;
		g[REG_RIP] = (greg_t)trap.run;
		g[REG_EFL] |= TF;
		return;
	}
	if (!cache_block_at((uint64_t)g[REG_RIP])) {
		g[REG_EFL] &= ~(greg_t)TF; /* it has left by itself */
		return;
	}
	if (--trap.left > 0)
		return;
	g[REG_EFL] &= ~(greg_t)TF;
	trap.done = true;
	if (verbose)
		trap.at = (uint64_t)g[REG_RIP] - trap.run;
	dbt_signal(trap.s, uc, DBT_EXIT_WAKE);
}

/* Run the block, taken out after @n host instructions; false when it has fewer. */
static bool
run_interrupted(struct dbt_state *s, unsigned n)
{
	pthread_mutex_lock(&cache.lock);
	struct cache_block *b = cache_find(s->cpu.pc);

	if (b == NULL)
		b = dbt_translate(s->cpu.pc);
	pthread_mutex_unlock(&cache.lock);
	trap.s = s;
	trap.first = cache.rw + b->code;
	trap.run = (uint64_t)(uintptr_t)(cache.rx + b->code);
	trap.byte = *trap.first;
	trap.left = n;
	trap.done = false;
	*trap.first = 0xcc;
	s->exit_why = DBT_EXIT_LOOKUP;
	enum dbt_exit e = dbt_run(s);

	if (e == DBT_EXIT_WAKE)
		e = dbt_run(s);
	if (e != DBT_EXIT_SVC)
		printf("interrupted after %u host instructions, translated code stopped with %d\n", n, e);
	return trap.done;
}

static void
begin(struct dbt_state *s, const struct cpu_a64 *start)
{
	s->cpu = *start;
	dbt_set_fpcr(s, start->fpcr);
	s->cpu.fpsr = start->fpsr;
}

static uint8_t before[DATA], after[DATA];

static unsigned
one_block(struct dbt_state *s, uint64_t seed)
{
	struct cpu_a64 start, want;
	enum dbt_exit e;

	random_seed(seed);
	random_code();
	random_registers(&s->cpu);
	for (unsigned i = 0; i < WORDS; i++) {
		uint64_t v = random_value();

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
	begin(s, &start);
	dbt_invalidate((uint64_t)(uintptr_t)code, CODE);
	s->exit_why = DBT_EXIT_LOOKUP;
	e = dbt_run(s);
	if (e != DBT_EXIT_SVC)
		printf("translated code stopped with %d\n", e);
	dbt_fold_fpsr(s);
	unsigned bad = compare(&want, &s->cpu, after, seed);

	for (unsigned n = 1, more = interrupt_all; more && bad == 0; n++) {
		memcpy(data, before, DATA);
		begin(s, &start);
		more = run_interrupted(s, n);
		dbt_fold_fpsr(s);
		bad = compare(&want, &s->cpu, after, seed);
		if (bad)
			printf("  interrupted after %u host instructions, at +0x%llx\n", n, (unsigned long long)trap.at);
	}
	return bad;
}

int
main(int argc, char **argv)
{
	static const uint32_t awake;
	struct dbt_config config = { .readable = readable };
	uint64_t seed = 1, blocks = 2000, bad = 0;
	const char *only = NULL;
	struct diag d = { 0 };

	for (int i = 1; i < argc; i++) {
		const char *o = argv[i], *v = i + 1 < argc ? argv[i + 1] : "";

		if (!strcmp(o, "--verbose") || !strcmp(o, "--interrupt") || !strcmp(o, "--branches") || !strcmp(o, "--fpcr")) {
			*(o[2] == 'v' ? &verbose : o[2] == 'i' ? &interrupt_all : o[2] == 'f' ? &all_fpcr : &random_branches) = true;
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
	if (only && !random_only(only))
		return fprintf(stderr, "lockstep: no line that can be run is called %s\n", only), 2;
	code = mmap((void *)0x10000000, CODE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	data = mmap((void *)0x20000000, DATA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (dbt_setup(&config, &d))
		return fprintf(stderr, "lockstep: %s\n", d.text), 2;
	struct dbt_state *s = dbt_new(&awake);
	struct sigaction sa = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };
	static uint8_t alt_stack[65536] __attribute__((aligned(16)));
	stack_t alt = { .ss_sp = alt_stack, .ss_size = sizeof alt_stack };

	sigaltstack(&alt, NULL);
	sigaction(SIGTRAP, &sa, NULL);
	sa.sa_sigaction = on_fpe;
	sigaction(SIGFPE, &sa, NULL);
	trap.s = s;

	for (uint64_t i = 0; i < blocks && bad < 20; i++)
		bad += one_block(s, seed + i) != 0;
	struct dbt_stats st;

	dbt_get_stats(&st);
	printf("lockstep: seed %llu, %llu blocks of %u at %s: %llu differ; %.1f bytes of host code and %llu ns of translation a guest instruction\n",
	       (unsigned long long)seed, (unsigned long long)blocks, length, dbt_level_name(), (unsigned long long)bad,
	       (double)st.host_bytes / (double)(st.guest_insns ? st.guest_insns : 1),
	       (unsigned long long)(st.translate_ns / (st.guest_insns ? st.guest_insns : 1)));
	return bad != 0;
}
