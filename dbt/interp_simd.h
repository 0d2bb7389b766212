/* Elements of vectors, for the interpreter's families. */
#pragma once

#include "dbt/interp.h"

typedef __int128 simd_wide;

static inline unsigned
simd_bits(unsigned size)
{
	return 8u << size;
}

/** An element, zero-extended. */
static inline uint64_t
simd_u(const union a64_vreg *v, unsigned size, unsigned i)
{
	switch (size) {
	case 0:
		return v->b[i];
	case 1:
		return v->h[i];
	case 2:
		return v->s[i];
	default:
		return v->d[i];
	}
}

static inline int64_t
simd_s(const union a64_vreg *v, unsigned size, unsigned i)
{
	unsigned drop = 64 - simd_bits(size);

	return (int64_t)(simd_u(v, size, i) << drop) >> drop;
}

/** An element, extended as told. */
static inline simd_wide
simd_get(const union a64_vreg *v, unsigned size, unsigned i, bool is_signed)
{
	return is_signed ? (simd_wide)simd_s(v, size, i) : (simd_wide)simd_u(v, size, i);
}

static inline void
simd_set(union a64_vreg *v, unsigned size, unsigned i, uint64_t x)
{
	switch (size) {
	case 0:
		v->b[i] = (uint8_t)x;
		break;
	case 1:
		v->h[i] = (uint16_t)x;
		break;
	case 2:
		v->s[i] = (uint32_t)x;
		break;
	default:
		v->d[i] = x;
		break;
	}
}

/** Elements that the operation works on: of its size, in 64 or 128 bits, or one. */
static inline unsigned
simd_lanes(const struct ir_op *o)
{
	if (o->flags & IR_ONE)
		return 1;
	return (o->flags & IR_Q ? 16u : 8u) >> o->size;
}

/** Which element of b goes with element i. */
static inline unsigned
simd_b(const struct ir_op *o, unsigned i)
{
	return o->shift ? o->shift - 1u : i;
}

/** Clamp to the range of an element (SignedSatQ, UnsignedSatQ); FPSR.QC when it was outside. */
static inline uint64_t
simd_sat(struct cpu_a64 *c, simd_wide v, unsigned size, bool is_signed)
{
	simd_wide one = 1;
	simd_wide high = is_signed ? (one << (simd_bits(size) - 1)) - 1 : (one << simd_bits(size)) - 1;
	simd_wide low = is_signed ? -high - 1 : 0;

	if (v > high || v < low) {
		c->fpsr |= A64_FPSR_QC;
		v = v > high ? high : low;
	}
	return (uint64_t)v;
}
