/*
 * What an emitted instruction costs, in ns: best of many rounds over a buffer that stays in the cache.  Not a test.
 * Forms as variables where a lowering takes them from a table, constants elsewhere; registers always vary.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "dbt/x64/emit.h"

enum { ROUNDS = 400, REPEAT = 1000 };

static uint8_t code[64 * 1024] __attribute__((aligned(64)));
static uint8_t regs[1024]; /* random numbers of 0 to 15 */

static enum x64_gpr
g(unsigned i)
{
	return (enum x64_gpr)regs[i & 1023];
}

static enum x64_vec
v(unsigned i)
{
	return (enum x64_vec)regs[i & 1023];
}

static unsigned
alu_rr(struct x64_buf *b, unsigned i)
{
	x64_rr(b, X64_add | X64_64, g(i), g(i + 1));
	return 1;
}

static unsigned
load(struct x64_buf *b, unsigned i)
{
	x64_rm(b, X64_mov | X64_64, g(i), x64_at(X64_RBP, (int)(i & 31) * 8 - 128));
	return 1;
}

static unsigned
load_indexed(struct x64_buf *b, unsigned i)
{
	x64_rm(b, X64_mov, g(i), x64_at_index(g(i + 1), X64_RSI, 2, 0x40));
	return 1;
}

static unsigned
alu_imm(struct x64_buf *b, unsigned i)
{
	x64_ri(b, X64_cmp | X64_64, g(i), (int)(i & 255));
	return 1;
}

static unsigned
vex_vvv(struct x64_buf *b, unsigned i)
{
	x64_vvv(b, X64_vaddsd, v(i), v(i + 1), v(i + 2));
	return 1;
}

static unsigned
evex_vvv(struct x64_buf *b, unsigned i)
{
	x64_vvv(b, X64_vpaddd, (enum x64_vec)(v(i) + 16), v(i + 1), v(i + 2));
	return 1;
}

static unsigned
evex_masked(struct x64_buf *b, unsigned i)
{
	x64_vvv(b, X64_vpermi2b | X64_K(1) | X64_Z, v(i), v(i + 1), v(i + 2));
	return 1;
}

static unsigned
vector_load(struct x64_buf *b, unsigned i)
{
	x64_vm(b, X64_vmovdqu, v(i), x64_at(g(i + 1), (int)(i & 63) * 16));
	return 1;
}

/* ldr x, add, cmp + b.cond, str, bl: what integer code is made of. */
static unsigned
integer_mix(struct x64_buf *b, unsigned i)
{
	static const x64_op width[] = { X64_32, X64_64 };
	struct x64_label l = {0};

	x64_rm(b, X64_mov | width[i & 1], g(i), x64_at(g(i + 1), (int)(i & 15) * 8));
	x64_rm(b, X64_lea | X64_64, g(i + 2), x64_at_index(g(i + 3), X64_RDI, 0, 0));
	x64_rr(b, X64_xor | width[i & 1], g(i + 4), g(i + 5));
	x64_ri(b, X64_sub | X64_64, g(i + 6), 16);
	x64_rm(b, X64_cmp | X64_64, g(i + 7), x64_at(X64_RBP, 24));
	x64_jcc(b, X64_CC_NE, &l);
	x64_mr(b, X64_mov | width[i & 1], x64_at(g(i + 8), 8), g(i + 9));
	x64_rrr(b, X64_shlx | X64_64, g(i + 10), g(i + 11), X64_RCX);
	x64_bind(b, &l);
	x64_mov_imm(b, g(i + 12), i);
	x64_jmp_patchable(b, x64_here(b) + 4096);
	return 10;
}

/* Forms from a table, registers of both halves. */
static unsigned
vector_mix(struct x64_buf *b, unsigned i)
{
	static const x64_op ops[] = { X64_vpaddd, X64_vmulpd, X64_vfmadd231ps, X64_vpminub, X64_vpshufb };

	for (unsigned k = 0; k < 5; k++)
		x64_vvv(b, ops[(i + k) % 5], (enum x64_vec)(v(i + k) + (k & 1) * 16), v(i + 5), v(i + 6));
	x64_vm(b, X64_vmovdqu, v(i + 7), x64_at(g(i + 8), 32));
	x64_mv(b, X64_vmovdqu, x64_at(g(i + 9), 48), v(i + 7));
	x64_vvi(b, X64_vpshufd, v(i + 8), v(i + 9), 0x4e);
	return 8;
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void
measure(const char *name, unsigned (*emit)(struct x64_buf *, unsigned))
{
	double best = 1e18, bytes = 0;

	for (unsigned r = 0; r < ROUNDS; r++) {
		unsigned n = 0;
		struct x64_buf b;
		double t0, t;

		x64_buf_init(&b, code, sizeof(code), 0);
		t0 = now();
		for (unsigned i = 0; i < REPEAT; i++)
			n += emit(&b, i);
		t = (now() - t0) / n;
		best = t < best ? t : best;
		bytes = (double)(b.p - b.start) / n;
		if (b.overflow)
			exit(1);
	}
	printf("%-14s %5.2f ns/instruction  %4.1f bytes\n", name, best, bytes);
}

int
main(void)
{
	srand(1);
	for (unsigned i = 0; i < sizeof(regs); i++)
		regs[i] = (uint8_t)(rand() >> 8 & 15);
	measure("alu r,r", alu_rr);
	measure("load disp8", load);
	measure("load indexed", load_indexed);
	measure("cmp imm", alu_imm);
	measure("vex", vex_vvv);
	measure("evex", evex_vvv);
	measure("evex masked", evex_masked);
	measure("vector load", vector_load);
	measure("integer mix", integer_mix);
	measure("vector mix", vector_mix);
	return 0;
}
