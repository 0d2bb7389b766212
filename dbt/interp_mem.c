/*
 * The meaning of loads and stores (Arm ARM C6, C7).  Guest memory is host memory at the same address without its top
 * byte (TBI); a fault arrives as the host's.  Memory is read or written before any register.
 */
#include <string.h>

#include "dbt/interp.h"

#define DO(name) void ir_do_##name(struct cpu_a64 *c, const struct ir_op *o)

static void *
host(uint64_t addr)
{
	return (void *)(uintptr_t)((uint64_t)((int64_t)(addr << 8) >> 8));
}

static uint64_t
index_of(const struct cpu_a64 *c, const struct ir_op *o)
{
	uint64_t v = reg_get(c, o->b);

	switch (o->ext) {
	case IR_UXTW:
		v = (uint32_t)v;
		break;
	case IR_SXTW:
		v = (uint64_t)(int64_t)(int32_t)v;
		break;
	default:
		break;
	}
	return v << o->shift;
}

static uint64_t
address(const struct cpu_a64 *c, const struct ir_op *o)
{
	if (o->a == IR_NONE)
		return o->imm;
	uint64_t a = reg_get(c, o->a);

	if (o->flags & IR_POST)
		return a;
	return o->b != IR_NONE ? a + index_of(c, o) : a + o->imm;
}

static void
write_back(struct cpu_a64 *c, const struct ir_op *o)
{
	if (o->flags & (IR_PRE | IR_POST))
		reg_set(c, o->a, reg_get(c, o->a) + (o->b != IR_NONE ? reg_get(c, o->b) : o->imm));
}

/* One access, as the CPU makes it: whole. */
static UNALIGNED uint64_t
load(uint64_t addr, unsigned size)
{
	const volatile void *p = host(addr);

	switch (size) {
	case 0:
		return *(const volatile uint8_t *)p;
	case 1:
		return *(const volatile uint16_t *)p;
	case 2:
		return *(const volatile uint32_t *)p;
	default:
		return *(const volatile uint64_t *)p;
	}
}

static UNALIGNED void
store(uint64_t addr, unsigned size, uint64_t v)
{
	volatile void *p = host(addr);

	switch (size) {
	case 0:
		*(volatile uint8_t *)p = (uint8_t)v;
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

static uint64_t
extended(const struct ir_op *o, uint64_t v)
{
	unsigned bits = 8u << o->size;

	if (!(o->flags & IR_SIGN))
		return v;
	v = (uint64_t)((int64_t)(v << (64 - bits)) >> (64 - bits));
	return o->flags & IR_X ? v : (uint32_t)v;
}

DO(LD)
{
	uint64_t v = extended(o, load(address(c, o), o->size));

	write_back(c, o);
	reg_set(c, o->d, v);
}

DO(ST)
{
	store(address(c, o), o->size, reg_get(c, o->d));
	write_back(c, o);
}

DO(LDP)
{
	uint64_t at = address(c, o), v = extended(o, load(at, o->size)), w = extended(o, load(at + (1u << o->size), o->size));

	write_back(c, o);
	reg_set(c, o->d, v);
	reg_set(c, o->e, w);
}

/* The second first where it faults first: nothing must be stored when either faults. */
static void
probe_store(uint64_t addr, unsigned bytes)
{
	volatile uint8_t *last = host(addr + bytes - 1);

	__atomic_fetch_or(last, 0, __ATOMIC_RELAXED);
}

DO(STP)
{
	uint64_t at = address(c, o), v = reg_get(c, o->d), w = reg_get(c, o->e);

	if (((at + (2u << o->size) - 1) ^ at) >> 12)
		probe_store(at, 2u << o->size);
	store(at, o->size, v);
	store(at + (1u << o->size), o->size, w);
	write_back(c, o);
}

/* Vectors: up to 16 bytes, the rest of the register cleared */
static union a64_vreg
load_vector(uint64_t addr, unsigned size)
{
	union a64_vreg v = { .d = { 0, 0 } };

	if (size == 4)
		memcpy(&v, host(addr), 16);
	else
		v.d[0] = load(addr, size);
	return v;
}

static void
store_vector(uint64_t addr, unsigned size, const union a64_vreg *v)
{
	if (size == 4)
		memcpy(host(addr), v, 16);
	else
		store(addr, size, v->d[0]);
}

DO(LDV)
{
	union a64_vreg v = load_vector(address(c, o), o->size);

	write_back(c, o);
	c->v[o->d] = v;
}

DO(STV)
{
	store_vector(address(c, o), o->size, &c->v[o->d]);
	write_back(c, o);
}

DO(LDPV)
{
	uint64_t at = address(c, o);
	union a64_vreg v = load_vector(at, o->size), w = load_vector(at + (1u << o->size), o->size);

	write_back(c, o);
	c->v[o->d] = v;
	c->v[o->e] = w;
}

DO(STPV)
{
	uint64_t at = address(c, o);

	if (((at + (2u << o->size) - 1) ^ at) >> 12)
		probe_store(at, 2u << o->size);
	store_vector(at, o->size, &c->v[o->d]);
	store_vector(at + (1u << o->size), o->size, &c->v[o->e]);
	write_back(c, o);
}

DO(LDAR)
{
	uint64_t v = extended(o, load(reg_get(c, o->a) + o->imm, o->size));

	reg_set(c, o->d, v);
}

DO(STLR)
{
	uint64_t at = reg_get(c, o->a) + o->imm, v = reg_get(c, o->d);

	store(at, o->size, v);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

DO(DC_ZVA)
{
	uint64_t at = reg_get(c, o->a) & ~63ull;

	memset(host(at), 0, 64);
}

DO(PRFM)
{
}
