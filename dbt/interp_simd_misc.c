/* The meaning of Advanced SIMD integer operations on one register: order of bits and elements, estimates (Arm ARM C7.2). */
#include "dbt/interp_simd.h"

void
ir_do_VRBIT(struct cpu_a64 *c, const struct ir_op *o)
{
	union a64_vreg r = { .d = { 0, 0 } };

	for (unsigned i = 0; i < simd_lanes(o); i++)
		for (unsigned k = 0; k < 8; k++)
			r.b[i] |= (uint8_t)((c->v[o->a].b[i] >> k & 1) << (7 - k));
	c->v[o->d] = r;
}

void
ir_do_VREV(struct cpu_a64 *c, const struct ir_op *o)
{
	union a64_vreg r = { .d = { 0, 0 } };
	unsigned turn = (1u << (o->cond - o->size)) - 1;

	for (unsigned i = 0; i < simd_lanes(o); i++)
		simd_set(&r, o->size, i, simd_u(&c->v[o->a], o->size, i ^ turn));
	c->v[o->d] = r;
}

/* UnsignedRecipEstimate() (Arm ARM J1.3.3): RecipEstimate() of bits 31:23, nine bits from 256 up. */
static uint32_t
recip_estimate(uint32_t v)
{
	if (!(v >> 31))
		return ~0u;
	uint32_t a = (v >> 23) * 2 + 1, b = (1u << 19) / a;

	return ((b + 1) / 2) << 23;
}

/* UnsignedRSqrtEstimate() (Arm ARM J1.3.3): RecipSqrtEstimate() of bits 31:23. */
static uint32_t
rsqrt_estimate(uint32_t v)
{
	if (v >> 30 == 0)
		return ~0u;
	uint32_t a = v >> 23, b = 512;

	a = a < 256 ? a * 2 + 1 : ((a >> 1 << 1) + 1) * 2;
	while (a * (b + 1) * (b + 1) < 1u << 28)
		b++;
	return ((b + 1) / 2) << 23;
}

static void
estimates(struct cpu_a64 *c, const struct ir_op *o, uint32_t (*f)(uint32_t v))
{
	union a64_vreg r = { .d = { 0, 0 } };

	for (unsigned i = 0; i < simd_lanes(o); i++)
		r.s[i] = f(c->v[o->a].s[i]);
	c->v[o->d] = r;
}

void
ir_do_VRECPE(struct cpu_a64 *c, const struct ir_op *o)
{
	estimates(c, o, recip_estimate);
}

void
ir_do_VRSQRTE(struct cpu_a64 *c, const struct ir_op *o)
{
	estimates(c, o, rsqrt_estimate);
}
