/*
 * The meaning of exclusives and atomics.  Exclusives compare by value: a store-exclusive succeeds when memory holds what
 * the load-exclusive saw, also if it was changed and changed back (ABA) in between.
 */
#include "dbt/interp.h"

#define DO(name) void ir_do_##name(struct cpu_a64 *c, const struct ir_op *o)

static void *
host(uint64_t addr)
{
	return (void *)(uintptr_t)((uint64_t)((int64_t)(addr << 8) >> 8));
}

static uint64_t
cut(uint64_t v, unsigned size)
{
	return size == 3 ? v : v & ((1ull << (8u << size)) - 1);
}

/* Compare *addr with @want and replace it; what was there. */
static UNALIGNED uint64_t
compare_swap(uint64_t addr, unsigned size, uint64_t want, uint64_t new)
{
	void *p = host(addr);
	uint64_t w = cut(want, size);
	bool ok;

	switch (size) {
	case 0: {
		uint8_t old = (uint8_t)w;
		ok = __atomic_compare_exchange_n((uint8_t *)p, &old, (uint8_t)new, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
		return ok ? w : old;
	}
	case 1: {
		uint16_t old = (uint16_t)w;
		ok = __atomic_compare_exchange_n((uint16_t *)p, &old, (uint16_t)new, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
		return ok ? w : old;
	}
	case 2: {
		uint32_t old = (uint32_t)w;
		ok = __atomic_compare_exchange_n((uint32_t *)p, &old, (uint32_t)new, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
		return ok ? w : old;
	}
	default:
		ok = __atomic_compare_exchange_n((uint64_t *)p, &w, new, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
		return w;
	}
}

static UNALIGNED uint64_t
load(uint64_t addr, unsigned size)
{
	const void *p = host(addr);

	switch (size) {
	case 0:
		return __atomic_load_n((const uint8_t *)p, __ATOMIC_ACQUIRE);
	case 1:
		return __atomic_load_n((const uint16_t *)p, __ATOMIC_ACQUIRE);
	case 2:
		return __atomic_load_n((const uint32_t *)p, __ATOMIC_ACQUIRE);
	default:
		return __atomic_load_n((const uint64_t *)p, __ATOMIC_ACQUIRE);
	}
}

/* ---- exclusives ---- */

DO(LDXR)
{
	uint64_t at = reg_get(c, o->a), v = load(at, o->size);

	c->monitor = (struct a64_monitor){ .addr = at, .value = { v, 0 }, .size = 1u << o->size };
	reg_set(c, o->d, v);
}

DO(STXR)
{
	uint64_t at = reg_get(c, o->a), failed = 1;

	if (c->monitor.size == 1u << o->size && c->monitor.addr == at)
		failed = compare_swap(at, o->size, c->monitor.value[0], cut(reg_get(c, o->b), o->size)) != c->monitor.value[0];
	c->monitor.size = 0;
	reg_set(c, o->d, failed);
}

/* cmpxchg16b; true when it stored.  What was there comes back in @old. */
static UNALIGNED bool
swap16(uint64_t addr, uint64_t old[2], const uint64_t new[2])
{
	bool ok;

	__asm__ volatile("lock cmpxchg16b %1"
			 : "=@ccz"(ok), "+m"(*(unsigned __int128 *)host(addr)), "+a"(old[0]), "+d"(old[1])
			 : "b"(new[0]), "c"(new[1])
			 : "memory");
	return ok;
}

/* Two words of 32 bits are one of 64 */
static void
load_pair(uint64_t addr, unsigned size, uint64_t ret[2])
{
	if (size == 2) {
		uint64_t v = load(addr, 3);

		ret[0] = (uint32_t)v;
		ret[1] = v >> 32;
		return;
	}
	ret[0] = load(addr, 3);
	ret[1] = load(addr + 8, 3);
}

DO(LDXP)
{
	uint64_t at = reg_get(c, o->a), v[2];

	load_pair(at, o->size, v);
	c->monitor = (struct a64_monitor){ .addr = at, .value = { v[0], v[1] }, .size = A64_MONITOR_PAIR | 2u << o->size };
	reg_set(c, o->d, v[0]);
	reg_set(c, o->e, v[1]);
}

/* Compare both with @want, replace both; what was there in @want. */
static bool
swap_pair(uint64_t addr, unsigned size, uint64_t want[2], const uint64_t new[2])
{
	if (size == 3)
		return swap16(addr, want, new);
	uint64_t old = (uint32_t)want[0] | want[1] << 32, was = compare_swap(addr, 3, old, (uint32_t)new[0] | new[1] << 32);

	want[0] = (uint32_t)was;
	want[1] = was >> 32;
	return was == old;
}

DO(STXP)
{
	uint64_t at = reg_get(c, o->a), failed = 1, new[2] = { reg_get(c, o->b), reg_get(c, o->c) };
	uint64_t want[2] = { c->monitor.value[0], c->monitor.value[1] };

	if (c->monitor.size == (A64_MONITOR_PAIR | 2u << o->size) && c->monitor.addr == at)
		failed = !swap_pair(at, o->size, want, new);
	c->monitor.size = 0;
	reg_set(c, o->d, failed);
}

DO(CLREX)
{
	c->monitor.size = 0;
}

/* ---- compare and swap, atomic operations ---- */

DO(CAS)
{
	uint64_t want = reg_get(c, o->d);

	reg_set(c, o->d, compare_swap(reg_get(c, o->a), o->size, want, cut(reg_get(c, o->b), o->size)));
}

/* Register 31 of a pair is ZR; pairs begin with an even one, so it is the second. */
static unsigned
second(unsigned r)
{
	return r == IR_ZR ? IR_ZR : r + 1 == 31 ? IR_ZR : r + 1;
}

DO(CASP)
{
	uint64_t want[2] = { reg_get(c, o->d), reg_get(c, second(o->d)) }, new[2] = { reg_get(c, o->b), reg_get(c, second(o->b)) };

	swap_pair(reg_get(c, o->a), o->size, want, new);
	reg_set(c, o->d, o->size == 3 ? want[0] : (uint32_t)want[0]);
	reg_set(c, second(o->d), o->size == 3 ? want[1] : (uint32_t)want[1]);
}

typedef uint64_t operation(const struct ir_op *o, uint64_t old, uint64_t by);

static void
atomic(struct cpu_a64 *c, const struct ir_op *o, operation *f)
{
	uint64_t at = reg_get(c, o->a), by = cut(reg_get(c, o->b), o->size), old = load(at, o->size), was;

	while ((was = compare_swap(at, o->size, old, cut(f(o, old, by), o->size))) != old)
		old = was;
	reg_set(c, o->d, old);
}

static int64_t
with_sign(const struct ir_op *o, uint64_t v)
{
	unsigned bits = 8u << o->size;

	return (int64_t)(v << (64 - bits)) >> (64 - bits);
}

static bool
greater(const struct ir_op *o, uint64_t a, uint64_t b)
{
	return o->flags & IR_SIGN ? with_sign(o, a) > with_sign(o, b) : a > b;
}

static uint64_t
swap(const struct ir_op *o, uint64_t old, uint64_t by)
{
	(void)o, (void)old;
	return by;
}

static uint64_t
add(const struct ir_op *o, uint64_t old, uint64_t by)
{
	(void)o;
	return old + by;
}

static uint64_t
clear(const struct ir_op *o, uint64_t old, uint64_t by)
{
	(void)o;
	return old & ~by;
}

static uint64_t
exclusive_or(const struct ir_op *o, uint64_t old, uint64_t by)
{
	(void)o;
	return old ^ by;
}

static uint64_t
set(const struct ir_op *o, uint64_t old, uint64_t by)
{
	(void)o;
	return old | by;
}

static uint64_t
maximum(const struct ir_op *o, uint64_t old, uint64_t by)
{
	return greater(o, old, by) ? old : by;
}

static uint64_t
minimum(const struct ir_op *o, uint64_t old, uint64_t by)
{
	return greater(o, old, by) ? by : old;
}

DO(SWP)
{
	atomic(c, o, swap);
}

DO(LDADD)
{
	atomic(c, o, add);
}

DO(LDCLR)
{
	atomic(c, o, clear);
}

DO(LDEOR)
{
	atomic(c, o, exclusive_or);
}

DO(LDSET)
{
	atomic(c, o, set);
}

DO(LDMAX)
{
	atomic(c, o, maximum);
}

DO(LDMIN)
{
	atomic(c, o, minimum);
}
