/* The meaning of Advanced SIMD integer operations on elements of one size (Arm ARM C7.2). */
#include "dbt/interp_simd.h"

/* What is done with an element of a, of b and of d, extended by IR_SIGN: the result's low bits. */
typedef simd_wide elem_fn(struct cpu_a64 *c, const struct ir_op *o, simd_wide a, simd_wide b, simd_wide d);

static inline __attribute__((always_inline)) void
each(struct cpu_a64 *c, const struct ir_op *o, elem_fn *f)
{
	union a64_vreg r = { .d = { 0, 0 } };
	bool s = o->flags & IR_SIGN;

	for (unsigned i = 0; i < simd_lanes(o); i++) {
		simd_wide a = simd_get(&c->v[o->a], o->size, i, s), d = simd_get(&c->v[o->d], o->size, i, s);
		simd_wide b = o->b == IR_NONE ? 0 : simd_get(&c->v[o->b], o->size, simd_b(o, i), s);

		simd_set(&r, o->size, i, (uint64_t)f(c, o, a, b, d));
	}
	c->v[o->d] = r;
}

#define ELEM(name, expr)                                                                                   \
	static simd_wide elem_##name(struct cpu_a64 *c, const struct ir_op *o, simd_wide a, simd_wide b, simd_wide d) \
	{                                                                                                  \
		(void)c, (void)o, (void)a, (void)b, (void)d;                                               \
		return expr;                                                                               \
	}                                                                                                  \
	void ir_do_##name(struct cpu_a64 *c, const struct ir_op *o)                                        \
	{                                                                                                  \
		each(c, o, elem_##name);                                                                   \
	}
#define SAT(v) (simd_wide)simd_sat(c, v, o->size, o->flags & IR_SIGN)
#define BITS simd_bits(o->size)

ELEM(VAND, a & b)
ELEM(VBIC, a & ~b)
ELEM(VORR, a | b)
ELEM(VORN, a | ~b)
ELEM(VEOR, a ^ b)
ELEM(VADD, a + b)
ELEM(VSUB, a - b)
ELEM(VMUL, a * b)
ELEM(VMLA, d + a * b)
ELEM(VMLS, d - a * b)
ELEM(VCMEQ, -(simd_wide)(a == b))
ELEM(VCMGT, -(simd_wide)(a > b))
ELEM(VCMGE, -(simd_wide)(a >= b))
ELEM(VCMTST, -(simd_wide)((a & b) != 0))
ELEM(VMAX, a > b ? a : b)
ELEM(VMIN, a < b ? a : b)
ELEM(VABD, a > b ? a - b : b - a)
ELEM(VABA, d + (a > b ? a - b : b - a))
ELEM(VHADD, (a + b) >> 1)
ELEM(VRHADD, (a + b + 1) >> 1)
ELEM(VHSUB, (a - b) >> 1)
ELEM(VQADD, SAT(a + b))
ELEM(VQSUB, SAT(a - b))
ELEM(VQDMULH, SAT((2 * a * b) >> BITS))
ELEM(VQRDMULH, SAT((2 * a * b + ((simd_wide)1 << (BITS - 1))) >> BITS))
ELEM(VQRDMLAH, SAT((d * ((simd_wide)1 << BITS) + 2 * a * b + ((simd_wide)1 << (BITS - 1))) >> BITS))
ELEM(VQRDMLSH, SAT((d * ((simd_wide)1 << BITS) - 2 * a * b + ((simd_wide)1 << (BITS - 1))) >> BITS))
ELEM(VNOT, ~a)
ELEM(VNEG, -a)
ELEM(VABS, a < 0 ? -a : a)
ELEM(VQNEG, SAT(-a))
ELEM(VQABS, SAT(a < 0 ? -a : a))
ELEM(VCNT, __builtin_popcountll((uint64_t)a))
ELEM(VCLZ, a == 0 ? BITS : (unsigned)__builtin_clzll((uint64_t)a) - (64 - BITS))
ELEM(VCLS, (unsigned)__builtin_clrsbll((int64_t)a) - (64 - BITS))

void
ir_do_VSEL(struct cpu_a64 *c, const struct ir_op *o)
{
	union a64_vreg a = c->v[o->a], r;

	for (unsigned i = 0; i < 2; i++)
		r.d[i] = (a.d[i] & c->v[o->b].d[i]) | (~a.d[i] & c->v[o->c].d[i]);
	if (!(o->flags & IR_Q))
		r.d[1] = 0;
	c->v[o->d] = r;
}

void
ir_do_VCMZ(struct cpu_a64 *c, const struct ir_op *o)
{
	union a64_vreg r = { .d = { 0, 0 } };

	for (unsigned i = 0; i < simd_lanes(o); i++) {
		int64_t a = simd_s(&c->v[o->a], o->size, i);
		bool yes = o->cond == IR_EQ ? a == 0 : o->cond == IR_GT ? a > 0 : o->cond == IR_GE ? a >= 0 : o->cond == IR_LT ? a < 0 : a <= 0;

		simd_set(&r, o->size, i, yes ? ~0ull : 0);
	}
	c->v[o->d] = r;
}

/* Neighbours of a, then of b. */
static inline __attribute__((always_inline)) void
pairs(struct cpu_a64 *c, const struct ir_op *o, elem_fn *f)
{
	union a64_vreg r = { .d = { 0, 0 } };
	unsigned n = o->flags & IR_ONE ? 2 : simd_lanes(o);
	bool s = o->flags & IR_SIGN;

	for (unsigned i = 0; i < n; i++) {
		const union a64_vreg *v = &c->v[i < n / 2 ? o->a : o->b];
		unsigned k = 2 * (i % (n / 2));

		simd_set(&r, o->size, i, (uint64_t)f(c, o, simd_get(v, o->size, k, s), simd_get(v, o->size, k + 1, s), 0));
	}
	if (o->flags & IR_ONE)
		r.d[1] = 0;
	c->v[o->d] = r;
}

void
ir_do_VMAXP(struct cpu_a64 *c, const struct ir_op *o)
{
	pairs(c, o, elem_VMAX);
}

void
ir_do_VMINP(struct cpu_a64 *c, const struct ir_op *o)
{
	pairs(c, o, elem_VMIN);
}

void
ir_do_VADDP(struct cpu_a64 *c, const struct ir_op *o)
{
	pairs(c, o, elem_VADD);
}

/* All elements with one another. */
static inline __attribute__((always_inline)) void
across(struct cpu_a64 *c, const struct ir_op *o, elem_fn *f, unsigned size)
{
	bool s = o->flags & IR_SIGN;
	simd_wide sum = simd_get(&c->v[o->a], o->size, 0, s);

	for (unsigned i = 1; i < simd_lanes(o); i++)
		sum = f(c, o, sum, simd_get(&c->v[o->a], o->size, i, s), 0);
	c->v[o->d].d[0] = c->v[o->d].d[1] = 0;
	simd_set(&c->v[o->d], size, 0, (uint64_t)sum);
}

void
ir_do_VADDV(struct cpu_a64 *c, const struct ir_op *o)
{
	across(c, o, elem_VADD, o->size);
}

void
ir_do_VADDLV(struct cpu_a64 *c, const struct ir_op *o)
{
	across(c, o, elem_VADD, o->size + 1u);
}

void
ir_do_VMAXV(struct cpu_a64 *c, const struct ir_op *o)
{
	across(c, o, elem_VMAX, o->size);
}

void
ir_do_VMINV(struct cpu_a64 *c, const struct ir_op *o)
{
	across(c, o, elem_VMIN, o->size);
}

/* SUQADD, USQADD: d by IR_SIGN, a the other way. */
void
ir_do_VUQADD(struct cpu_a64 *c, const struct ir_op *o)
{
	union a64_vreg r = { .d = { 0, 0 } };
	bool s = o->flags & IR_SIGN;

	for (unsigned i = 0; i < simd_lanes(o); i++) {
		simd_wide sum = simd_get(&c->v[o->d], o->size, i, s) + simd_get(&c->v[o->a], o->size, i, !s);

		simd_set(&r, o->size, i, simd_sat(c, sum, o->size, s));
	}
	c->v[o->d] = r;
}

/* a shifted by b's signed low byte; beyond 100 places nothing changes any more. */
static simd_wide
shifted(simd_wide a, simd_wide b, bool round)
{
	int by = (int8_t)(uint8_t)b;

	if (by >= 0)
		return by > 63 ? (a > 0) * ((simd_wide)1 << 100) - (a < 0) * ((simd_wide)1 << 100) : a * ((simd_wide)1 << by);
	by = -by > 100 ? 100 : -by;
	return (a + (round ? (simd_wide)1 << (by - 1) : 0)) >> by;
}

ELEM(VSHLV, shifted(a, b, false))
ELEM(VRSHLV, shifted(a, b, true))
ELEM(VQSHLV, SAT(shifted(a, b, false)))
ELEM(VQRSHLV, SAT(shifted(a, b, true)))

/* The sum of products of four bytes each, from byte 4 * i and 4 * k. */
static uint32_t
dot(const struct cpu_a64 *c, const struct ir_op *o, unsigned i, unsigned k)
{
	simd_wide sum = 0;

	for (unsigned n = 0; n < 4; n++)
		sum += simd_get(&c->v[o->a], 0, 4 * i + n, o->cond & 1) * simd_get(&c->v[o->b], 0, 4 * k + n, o->cond & 2);
	return (uint32_t)sum;
}

void
ir_do_VDOT(struct cpu_a64 *c, const struct ir_op *o)
{
	union a64_vreg r = { .d = { 0, 0 } };

	for (unsigned i = 0; i < (o->flags & IR_Q ? 4 : 2); i++)
		r.s[i] = c->v[o->d].s[i] + dot(c, o, i, simd_b(o, i));
	c->v[o->d] = r;
}

void
ir_do_VMMLA(struct cpu_a64 *c, const struct ir_op *o)
{
	union a64_vreg r = { .d = { 0, 0 } };

	for (unsigned i = 0; i < 4; i++)
		r.s[i] = c->v[o->d].s[i] + dot(c, o, i / 2 * 2, i % 2 * 2) + dot(c, o, i / 2 * 2 + 1, i % 2 * 2 + 1);
	c->v[o->d] = r;
}
