/* The meaning of Advanced SIMD integer operations between elements of two sizes (Arm ARM C7.2). */
#include "dbt/interp_simd.h"

/* What is done with a narrow element of a and of b, extended by IR_SIGN, and a wide one of d. */
typedef simd_wide long_fn(struct cpu_a64 *c, const struct ir_op *o, simd_wide a, simd_wide b, simd_wide d);

enum long_kind { NARROW_A, WIDE_A };

static inline __attribute__((always_inline)) void
each_long(struct cpu_a64 *c, const struct ir_op *o, long_fn *f, enum long_kind kind)
{
	union a64_vreg r = { .d = { 0, 0 } };
	unsigned n = o->flags & IR_ONE ? 1 : 8u >> o->size, from = o->flags & IR_HIGH ? n : 0, wide = o->size + 1u;
	bool s = o->flags & IR_SIGN;

	for (unsigned i = 0; i < n; i++) {
		simd_wide a = kind == WIDE_A ? simd_get(&c->v[o->a], wide, i, s) : simd_get(&c->v[o->a], o->size, from + i, s);
		simd_wide b = simd_get(&c->v[o->b], o->size, simd_b(o, from + i), s);

		simd_set(&r, wide, i, (uint64_t)f(c, o, a, b, simd_get(&c->v[o->d], wide, i, s)));
	}
	c->v[o->d] = r;
}

#define LONG(name, kind, expr)                                                                             \
	static simd_wide long_##name(struct cpu_a64 *c, const struct ir_op *o, simd_wide a, simd_wide b, simd_wide d) \
	{                                                                                                  \
		(void)c, (void)o, (void)a, (void)b, (void)d;                                               \
		return expr;                                                                               \
	}                                                                                                  \
	void ir_do_##name(struct cpu_a64 *c, const struct ir_op *o)                                        \
	{                                                                                                  \
		each_long(c, o, long_##name, kind);                                                        \
	}
#define SAT(v) (simd_wide)(int64_t)simd_sat(c, v, o->size + 1u, true)

static uint32_t
carryless(uint32_t a, uint32_t b)
{
	uint32_t r = 0;

	for (unsigned i = 0; i < 8; i++)
		r ^= b >> i & 1 ? a << i : 0;
	return r;
}

LONG(VADDL, NARROW_A, a + b)
LONG(VSUBL, NARROW_A, a - b)
LONG(VADDW, WIDE_A, a + b)
LONG(VSUBW, WIDE_A, a - b)
LONG(VABDL, NARROW_A, a > b ? a - b : b - a)
LONG(VABAL, NARROW_A, d + (a > b ? a - b : b - a))
LONG(VMULL, NARROW_A, a * b)
LONG(VMLAL, NARROW_A, d + a * b)
LONG(VMLSL, NARROW_A, d - a * b)
LONG(VPMULL, NARROW_A, carryless((uint32_t)a, (uint32_t)b))
LONG(VQDMULL, NARROW_A, SAT(2 * a * b))
LONG(VQDMLAL, NARROW_A, SAT(d + SAT(2 * a * b)))
LONG(VQDMLSL, NARROW_A, SAT(d - SAT(2 * a * b)))

void
ir_do_VPMUL(struct cpu_a64 *c, const struct ir_op *o)
{
	union a64_vreg r = { .d = { 0, 0 } };

	for (unsigned i = 0; i < simd_lanes(o); i++)
		r.b[i] = (uint8_t)carryless(c->v[o->a].b[i], c->v[o->b].b[i]);
	c->v[o->d] = r;
}

/* Narrow results of @get: into the lower half and clear the upper, or into the upper half. */
static inline __attribute__((always_inline)) void
each_narrow(struct cpu_a64 *c, const struct ir_op *o, uint64_t (*get)(struct cpu_a64 *c, const struct ir_op *o, unsigned i))
{
	union a64_vreg r = { .d = { o->flags & IR_HIGH ? c->v[o->d].d[0] : 0, 0 } };
	unsigned n = o->flags & IR_ONE ? 1 : 8u >> o->size, to = o->flags & IR_HIGH ? n : 0;

	for (unsigned i = 0; i < n; i++)
		simd_set(&r, o->size, to + i, get(c, o, i));
	c->v[o->d] = r;
}

static uint64_t
high_half(struct cpu_a64 *c, const struct ir_op *o, unsigned i)
{
	bool subtract = o->op == IR_VSUBHN || o->op == IR_VRSUBHN, round = o->op == IR_VRADDHN || o->op == IR_VRSUBHN;
	uint64_t a = simd_u(&c->v[o->a], o->size + 1u, i), b = simd_u(&c->v[o->b], o->size + 1u, i);
	uint64_t r = (subtract ? a - b : a + b) + (round ? 1ull << (simd_bits(o->size) - 1) : 0);

	return r >> simd_bits(o->size);
}

void
ir_do_VADDHN(struct cpu_a64 *c, const struct ir_op *o)
{
	each_narrow(c, o, high_half);
}

void
ir_do_VSUBHN(struct cpu_a64 *c, const struct ir_op *o)
{
	each_narrow(c, o, high_half);
}

void
ir_do_VRADDHN(struct cpu_a64 *c, const struct ir_op *o)
{
	each_narrow(c, o, high_half);
}

void
ir_do_VRSUBHN(struct cpu_a64 *c, const struct ir_op *o)
{
	each_narrow(c, o, high_half);
}

static uint64_t
extract(struct cpu_a64 *c, const struct ir_op *o, unsigned i)
{
	return simd_u(&c->v[o->a], o->size + 1u, i);
}

/* SQXTN and UQXTN: the same signedness on both sides; SQXTUN: from signed to unsigned. */
static uint64_t
extract_sat(struct cpu_a64 *c, const struct ir_op *o, unsigned i)
{
	bool s = o->flags & IR_SIGN;

	return simd_sat(c, simd_get(&c->v[o->a], o->size + 1u, i, s), o->size, s && o->op == IR_VQXTN);
}

void
ir_do_VXTN(struct cpu_a64 *c, const struct ir_op *o)
{
	each_narrow(c, o, extract);
}

void
ir_do_VQXTN(struct cpu_a64 *c, const struct ir_op *o)
{
	each_narrow(c, o, extract_sat);
}

void
ir_do_VQXTUN(struct cpu_a64 *c, const struct ir_op *o)
{
	each_narrow(c, o, extract_sat);
}

static void
pairs_long(struct cpu_a64 *c, const struct ir_op *o, bool add)
{
	union a64_vreg r = { .d = { 0, 0 } };
	const union a64_vreg *a = &c->v[o->a], *d = &c->v[o->d];
	bool s = o->flags & IR_SIGN;

	for (unsigned i = 0; i < simd_lanes(o) / 2; i++) {
		simd_wide sum = simd_get(a, o->size, 2 * i, s) + simd_get(a, o->size, 2 * i + 1, s);

		simd_set(&r, o->size + 1u, i, (uint64_t)sum + (add ? simd_u(d, o->size + 1u, i) : 0));
	}
	c->v[o->d] = r;
}

void
ir_do_VADDLP(struct cpu_a64 *c, const struct ir_op *o)
{
	pairs_long(c, o, false);
}

void
ir_do_VADALP(struct cpu_a64 *c, const struct ir_op *o)
{
	pairs_long(c, o, true);
}

void
ir_do_VSHLL(struct cpu_a64 *c, const struct ir_op *o)
{
	union a64_vreg r = { .d = { 0, 0 } };
	unsigned n = 8u >> o->size, from = o->flags & IR_HIGH ? n : 0;

	for (unsigned i = 0; i < n; i++)
		simd_set(&r, o->size + 1u, i, simd_u(&c->v[o->a], o->size, from + i) << simd_bits(o->size));
	c->v[o->d] = r;
}
