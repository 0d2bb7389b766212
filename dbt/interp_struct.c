/* The meaning of loads and stores of structures (Arm ARM C7.2, LD1 to ST4): element by element, as the CPU may. */
#include <string.h>

#include "dbt/interp_simd.h"

#define DO(name) void ir_do_##name(struct cpu_a64 *c, const struct ir_op *o)

enum { VECTORS = 32, MOST = 4 };

/** Where element number k of memory is: register (from d on) and lane. */
struct place {
	unsigned reg, lane;
};

static unsigned
count(const struct ir_op *o)
{
	return o->imm ? o->cond : o->cond * ((o->flags & IR_Q ? 16u : 8u) >> o->size);
}

static struct place
place(const struct ir_op *o, unsigned k)
{
	unsigned lanes = (o->flags & IR_Q ? 16u : 8u) >> o->size;

	if (o->imm)
		return (struct place){ k, (unsigned)o->imm & 15 };
	if (o->shift == 1)
		return (struct place){ k / lanes, k % lanes };
	return (struct place){ k % o->shift, k / o->shift };
}

static volatile uint8_t *
host(uint64_t addr)
{
	return (volatile uint8_t *)(uintptr_t)(uint64_t)((int64_t)(addr << 8) >> 8);
}

static UNALIGNED uint64_t
load(uint64_t addr, unsigned size)
{
	volatile uint8_t *p = host(addr);

	switch (size) {
	case 0:
		return *p;
	case 1:
		return *(volatile uint16_t *)p;
	case 2:
		return *(volatile uint32_t *)p;
	default:
		return *(volatile uint64_t *)p;
	}
}

static UNALIGNED void
store(uint64_t addr, unsigned size, uint64_t v)
{
	volatile uint8_t *p = host(addr);

	switch (size) {
	case 0:
		*p = (uint8_t)v;
		break;
	case 1:
		*(volatile uint16_t *)p = (uint16_t)v;
		break;
	case 2:
		*(volatile uint32_t *)p = (uint32_t)v;
		break;
	default:
		*(volatile uint64_t *)p = v;
	}
}

static void
write_back(struct cpu_a64 *c, const struct ir_op *o)
{
	uint64_t moved = (uint64_t)count(o) << o->size;

	if (o->flags & IR_POST)
		reg_set(c, o->a, reg_get(c, o->a) + (o->b == IR_NONE ? moved : reg_get(c, o->b)));
}

/* LD1R: one element fills its register. */
static void
fill(union a64_vreg *r, const struct ir_op *o)
{
	for (unsigned i = 1; i < (o->flags & IR_Q ? 16u : 8u) >> o->size; i++)
		simd_set(r, o->size, i, simd_u(r, o->size, 0));
}

DO(VLDS)
{
	uint64_t at = reg_get(c, o->a);
	union a64_vreg r[MOST];

	memset(r, 0, sizeof(r));
	if (o->imm & IR_VLS_LANE)
		for (unsigned i = 0; i < o->cond; i++)
			r[i] = c->v[(o->d + i) % VECTORS];
	for (unsigned k = 0; k < count(o); k++) {
		struct place p = place(o, k);

		simd_set(&r[p.reg], o->size, p.lane, load(at + (k << o->size), o->size));
	}
	write_back(c, o);
	for (unsigned i = 0; i < o->cond; i++) {
		if (o->imm & IR_VLS_ALL)
			fill(&r[i], o);
		c->v[(o->d + i) % VECTORS] = r[i];
	}
}

DO(VSTS)
{
	uint64_t at = reg_get(c, o->a);

	for (unsigned k = 0; k < count(o); k++) {
		struct place p = place(o, k);

		store(at + (k << o->size), o->size, simd_u(&c->v[(o->d + p.reg) % VECTORS], o->size, p.lane));
	}
	write_back(c, o);
}
