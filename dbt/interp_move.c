/* The meaning of operations that move elements of vectors (Arm ARM C7.2). */
#include "dbt/interp_simd.h"

#define DO(name)                                                                                                       \
	void ir_do_##name(struct cpu_a64 *c, const struct ir_op *o)

enum { VECTORS = 32 };

DO(VMOVI)
{
	c->v[o->d].d[0] = o->imm;
	c->v[o->d].d[1] = o->flags & IR_Q ? o->imm : 0;
}

DO(VORRI)
{
	c->v[o->d].d[0] |= o->imm;
	c->v[o->d].d[1] = o->flags & IR_Q ? c->v[o->d].d[1] | o->imm : 0;
}

DO(VBICI)
{
	c->v[o->d].d[0] &= ~o->imm;
	c->v[o->d].d[1] = o->flags & IR_Q ? c->v[o->d].d[1] & ~o->imm : 0;
}

static void
fill(struct cpu_a64 *c, const struct ir_op *o, uint64_t v)
{
	union a64_vreg r = { .d = { 0, 0 } };

	for (unsigned i = 0; i < simd_lanes(o); i++)
		simd_set(&r, o->size, i, v);
	c->v[o->d] = r;
}

DO(VDUP)
{
	fill(c, o, simd_u(&c->v[o->a], o->size, o->cond));
}

DO(VDUPG)
{
	fill(c, o, reg_get(c, o->a));
}

DO(VINS)
{
	simd_set(&c->v[o->d], o->size, o->cond, simd_u(&c->v[o->a], o->size, o->shift));
}

DO(VINSG)
{
	simd_set(&c->v[o->d], o->size, o->cond, reg_get(c, o->a));
}

DO(VGET)
{
	uint64_t v = o->flags & IR_SIGN ? (uint64_t)simd_s(&c->v[o->a], o->size, o->cond) : simd_u(&c->v[o->a], o->size, o->cond);

	reg_set(c, o->d, o->flags & IR_X ? v : (uint32_t)v);
}

DO(VEXT)
{
	unsigned n = o->flags & IR_Q ? 16 : 8;
	union a64_vreg r = { .d = { 0, 0 } };

	for (unsigned i = 0; i < n; i++) {
		unsigned at = i + (unsigned)o->imm;

		r.b[i] = at < n ? c->v[o->a].b[at] : c->v[o->b].b[at - n];
	}
	c->v[o->d] = r;
}

/* Element i of the result is element `at` of a:b, b above. */
static uint64_t
of_pair(const struct cpu_a64 *c, const struct ir_op *o, unsigned at)
{
	unsigned n = simd_lanes(o);

	return at < n ? simd_u(&c->v[o->a], o->size, at) : simd_u(&c->v[o->b], o->size, at - n);
}

DO(VZIP)
{
	union a64_vreg r = { .d = { 0, 0 } };
	unsigned n = simd_lanes(o);

	for (unsigned i = 0; i < n; i++)
		simd_set(&r, o->size, i, of_pair(c, o, o->cond * n / 2 + i / 2 + i % 2 * n));
	c->v[o->d] = r;
}

DO(VUZP)
{
	union a64_vreg r = { .d = { 0, 0 } };

	for (unsigned i = 0; i < simd_lanes(o); i++)
		simd_set(&r, o->size, i, of_pair(c, o, 2 * i + o->cond));
	c->v[o->d] = r;
}

DO(VTRN)
{
	union a64_vreg r = { .d = { 0, 0 } };
	unsigned n = simd_lanes(o);

	for (unsigned i = 0; i < n; i++)
		simd_set(&r, o->size, i, of_pair(c, o, (i & ~1u) + o->cond + i % 2 * n));
	c->v[o->d] = r;
}

/* An index outside of the table leaves what stands there. */
static void
table(struct cpu_a64 *c, const struct ir_op *o, union a64_vreg r)
{
	union a64_vreg at = c->v[o->b];

	for (unsigned i = 0; i < 16; i++) {
		unsigned k = at.b[i];

		if (i >= simd_lanes(o))
			r.b[i] = 0;
		else if (k < 16u * (o->cond + 1u))
			r.b[i] = c->v[(o->a + k / 16) % VECTORS].b[k % 16];
	}
	c->v[o->d] = r;
}

DO(VTBL)
{
	table(c, o, (union a64_vreg){ .d = { 0, 0 } });
}

DO(VTBX)
{
	table(c, o, c->v[o->d]);
}

/* ---- shifts by immediate ---- */

/* By n to the right, rounded when told; n may be the width. */
static simd_wide
right(simd_wide v, unsigned n, bool round)
{
	return (round ? v + ((simd_wide)1 << (n - 1)) : v) >> n;
}

static void
shift_right(struct cpu_a64 *c, const struct ir_op *o, bool round, bool add)
{
	union a64_vreg r = { .d = { 0, 0 } };

	for (unsigned i = 0; i < simd_lanes(o); i++) {
		uint64_t v = (uint64_t)right(simd_get(&c->v[o->a], o->size, i, o->flags & IR_SIGN), (unsigned)o->imm, round);

		simd_set(&r, o->size, i, add ? v + simd_u(&c->v[o->d], o->size, i) : v);
	}
	c->v[o->d] = r;
}

DO(VSHRI)
{
	shift_right(c, o, false, false);
}

DO(VRSHRI)
{
	shift_right(c, o, true, false);
}

DO(VSRAI)
{
	shift_right(c, o, false, true);
}

DO(VRSRAI)
{
	shift_right(c, o, true, true);
}

/* What the shift leaves free keeps d's bits: all of them where n is the width. */
static void
insert(struct cpu_a64 *c, const struct ir_op *o, bool left)
{
	unsigned n = (unsigned)o->imm, bits = simd_bits(o->size);
	uint64_t all = bits == 64 ? ~0ull : (1ull << bits) - 1;
	uint64_t mask = left ? all << n & all : n == bits ? 0 : all >> n;
	union a64_vreg r = { .d = { 0, 0 } };

	for (unsigned i = 0; i < simd_lanes(o); i++) {
		uint64_t v = simd_u(&c->v[o->a], o->size, i);

		v = left ? v << n : n == bits ? 0 : v >> n;
		simd_set(&r, o->size, i, (v & mask) | (simd_u(&c->v[o->d], o->size, i) & ~mask));
	}
	c->v[o->d] = r;
}

DO(VSLI)
{
	insert(c, o, true);
}

DO(VSRI)
{
	insert(c, o, false);
}

DO(VSHLI)
{
	union a64_vreg r = { .d = { 0, 0 } };

	for (unsigned i = 0; i < simd_lanes(o); i++)
		simd_set(&r, o->size, i, simd_u(&c->v[o->a], o->size, i) << o->imm);
	c->v[o->d] = r;
}

DO(VQSHLI)
{
	bool s = o->flags & IR_SIGN;
	union a64_vreg r = { .d = { 0, 0 } };

	for (unsigned i = 0; i < simd_lanes(o); i++) {
		simd_wide v = simd_get(&c->v[o->a], o->size, i, s) * ((simd_wide)1 << o->imm);

		simd_set(&r, o->size, i, simd_sat(c, v, o->size, s && !o->cond));
	}
	c->v[o->d] = r;
}

DO(VSHLLI)
{
	unsigned n = 8u >> o->size, first = o->flags & IR_HIGH ? n : 0;
	union a64_vreg r;

	for (unsigned i = 0; i < n; i++)
		simd_set(&r, o->size + 1, i, (uint64_t)simd_get(&c->v[o->a], o->size, first + i, o->flags & IR_SIGN) << o->imm);
	c->v[o->d] = r;
}

/* Into the lower half, the rest cleared, or with IR_HIGH into the upper half alone. */
static void
narrow(struct cpu_a64 *c, const struct ir_op *o, bool saturate)
{
	unsigned n = o->flags & IR_ONE ? 1 : 8u >> o->size, first = o->flags & IR_HIGH ? 8u >> o->size : 0;
	bool s = o->flags & IR_SIGN;
	union a64_vreg r = { .d = { o->flags & IR_HIGH ? c->v[o->d].d[0] : 0, 0 } };

	for (unsigned i = 0; i < n; i++) {
		simd_wide v = right(simd_get(&c->v[o->a], o->size + 1, i, s), (unsigned)o->imm, o->cond & IR_SHRN_ROUND);

		simd_set(&r, o->size, first + i,
		         saturate ? simd_sat(c, v, o->size, s && !(o->cond & IR_SHRN_UNSIGNED)) : (uint64_t)v);
	}
	c->v[o->d] = r;
}

DO(VSHRNI)
{
	narrow(c, o, false);
}

DO(VQSHRNI)
{
	narrow(c, o, true);
}
