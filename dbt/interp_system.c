/* The meaning of system registers, barriers, hints (Arm ARM C6, D19). */
#include <time.h>

#include "dbt/interp.h"

#define DO(name) void ir_do_##name(struct cpu_a64 *c, const struct ir_op *o)

enum { MX_STICKY = 63, MX_DAZ = 64 };

static struct dbt_state *
state(struct cpu_a64 *c)
{
	return (struct dbt_state *)c;
}

DO(NOP)
{
}

DO(YIELD)
{
}

DO(DMB)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

DO(ISB)
{
	c->pc = o->imm;
}

/* The counter runs at 1 GHz. */
static uint64_t
counter(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

DO(MRS)
{
	uint64_t v;

	switch (o->cond) {
	case IR_SYS_TPIDR:
		v = c->tpidr;
		break;
	case IR_SYS_FPCR:
		v = c->fpcr;
		break;
	case IR_SYS_FPSR:
		dbt_fold_fpsr(state(c));
		v = c->fpsr;
		break;
	case IR_SYS_CNTVCT:
		v = counter();
		break;
	default:
		v = o->imm;
	}
	reg_set(c, o->d, v);
}

DO(MSR)
{
	if (o->cond == IR_SYS_TPIDR) {
		c->tpidr = reg_get(c, o->a);
		return;
	}
	dbt_fold_fpsr(state(c));
	c->fpsr = (uint32_t)reg_get(c, o->a) & A64_FPSR_MASK;
}

/* The driver acts on these two: what they need is in the state. */
DO(MSR_FPCR)
{
	dbt_set_fpcr(state(c), (uint32_t)reg_get(c, o->a));
	c->pc = o->imm;
}

DO(IC_IVAU)
{
	state(c)->arg = reg_get(c, o->a);
	c->pc = o->imm;
}

/* NZCV is 0 on success, Z on failure (FEAT_RNG). */
DO(RNDR)
{
	unsigned long long v = 0;
	bool ok = false;

	for (unsigned i = 0; i < 10 && !ok; i++)
		__asm__ volatile("rdrand %0" : "=r"(v), "=@ccc"(ok));
	reg_set(c, o->d, ok ? v : 0);
	c->flags = ok ? 0 : A64_FLAG_Z;
}
