/* The meaning of multiplication, division, bit counting, checksums and flag manipulation (Arm ARM C6). */
#include "dbt/interp.h"

typedef __int128 s128;
typedef unsigned __int128 u128;

#define DO(name) void ir_do_##name(struct cpu_a64 *c, const struct ir_op *o)

static uint64_t
get(const struct cpu_a64 *c, const struct ir_op *o, unsigned r)
{
	uint64_t v = reg_get(c, r);

	return o->size == 3 ? v : (uint32_t)v;
}

/* Multiplication */
DO(MADD)
{
	reg_put(c, o, reg_get(c, o->c) + reg_get(c, o->a) * reg_get(c, o->b));
}

DO(MSUB)
{
	reg_put(c, o, reg_get(c, o->c) - reg_get(c, o->a) * reg_get(c, o->b));
}

static uint64_t
long_product(const struct cpu_a64 *c, const struct ir_op *o)
{
	uint32_t a = (uint32_t)reg_get(c, o->a), b = (uint32_t)reg_get(c, o->b);

	return o->flags & IR_SIGN ? (uint64_t)((int64_t)(int32_t)a * (int32_t)b) : (uint64_t)a * b;
}

DO(MADDL)
{
	reg_put(c, o, reg_get(c, o->c) + long_product(c, o));
}

DO(MSUBL)
{
	reg_put(c, o, reg_get(c, o->c) - long_product(c, o));
}

DO(MULH)
{
	uint64_t a = reg_get(c, o->a), b = reg_get(c, o->b);

	reg_put(c, o, o->flags & IR_SIGN ? (uint64_t)((s128)(int64_t)a * (int64_t)b >> 64) : (uint64_t)((u128)a * b >> 64));
}

/* Division: by zero gives zero, what does not fit wraps */
DO(UDIV)
{
	uint64_t b = get(c, o, o->b);

	reg_put(c, o, b == 0 ? 0 : get(c, o, o->a) / b);
}

DO(SDIV)
{
	int64_t a = (int64_t)reg_get(c, o->a), b = (int64_t)reg_get(c, o->b);

	if (o->size == 2)
		a = (int32_t)a, b = (int32_t)b;
	reg_put(c, o, b == 0 ? 0 : b == -1 ? -(uint64_t)a : (uint64_t)(a / b));
}

/* Bits */
DO(CLZ)
{
	uint64_t a = get(c, o, o->a);

	reg_put(c, o, (unsigned)(a == 0 ? 64 : __builtin_clzll(a)) - (o->size == 3 ? 0 : 32));
}

DO(CLS)
{
	int64_t a = o->size == 3 ? (int64_t)reg_get(c, o->a) : (int32_t)reg_get(c, o->a);

	reg_put(c, o, (unsigned)__builtin_clrsbll(a) - (o->size == 3 ? 0 : 32));
}

DO(CTZ)
{
	uint64_t a = get(c, o, o->a);

	reg_put(c, o, a == 0 ? (o->size == 3 ? 64 : 32) : (unsigned)__builtin_ctzll(a));
}

DO(CNT)
{
	reg_put(c, o, (unsigned)__builtin_popcountll(get(c, o, o->a)));
}

DO(ABS)
{
	int64_t a = o->size == 3 ? (int64_t)reg_get(c, o->a) : (int32_t)reg_get(c, o->a);

	reg_put(c, o, a < 0 ? -(uint64_t)a : (uint64_t)a);
}

DO(RBIT)
{
	uint64_t a = get(c, o, o->a), r = 0;

	for (unsigned i = 0; i < 64; i++)
		r |= (a >> i & 1) << (63 - i);
	reg_put(c, o, o->size == 3 ? r : r >> 32);
}

/* Bytes within groups of 2, 4, 8 */
static void
reverse(struct cpu_a64 *c, const struct ir_op *o, unsigned group)
{
	uint64_t a = reg_get(c, o->a), r = 0;

	for (unsigned i = 0; i < 8; i++)
		r |= (a >> (8 * i) & 0xff) << (8 * (i ^ (group - 1)));
	reg_put(c, o, r);
}

DO(REV16)
{
	reverse(c, o, 2);
}

DO(REV32)
{
	reverse(c, o, 4);
}

DO(REV64)
{
	reverse(c, o, 8);
}

/* Minimum and maximum */
static bool
less(const struct ir_op *o, uint64_t a, uint64_t b)
{
	if (!(o->flags & IR_SIGN))
		return o->size == 3 ? a < b : (uint32_t)a < (uint32_t)b;
	return o->size == 3 ? (int64_t)a < (int64_t)b : (int32_t)a < (int32_t)b;
}

DO(MAX)
{
	uint64_t a = reg_get(c, o->a), b = reg_operand(c, o);

	reg_put(c, o, less(o, a, b) ? b : a);
}

DO(MIN)
{
	uint64_t a = reg_get(c, o->a), b = reg_operand(c, o);

	reg_put(c, o, less(o, b, a) ? b : a);
}

/* CRC32: polynomials 0x04C11DB7 and 0x1EDC6F41, bits reversed; no inversion before or after */
DO(CRC32)
{
	uint32_t poly = o->cond == 1 ? 0x82f63b78 : 0xedb88320, sum = (uint32_t)reg_get(c, o->a);
	uint64_t v = reg_get(c, o->b);

	for (unsigned i = 0; i < 8u << o->size; i++, v >>= 1) {
		uint32_t bit = (sum ^ (uint32_t)v) & 1;

		sum = sum >> 1 ^ (bit ? poly : 0);
	}
	reg_set(c, o->d, sum);
}

/* Flags */
DO(CFINV)
{
	c->flags ^= A64_FLAG_C;
}

/* From the format of FCMP to an alternative one and back (Arm ARM C6.2.11, C6.2.398) */
DO(AXFLAG)
{
	bool z = c->flags & (A64_FLAG_Z), v = c->flags & A64_FLAG_V, k = c->flags & A64_FLAG_C;

	c->flags = (z || v ? A64_FLAG_Z : 0) | (k && !v ? A64_FLAG_C : 0);
}

DO(XAFLAG)
{
	bool z = c->flags & A64_FLAG_Z, k = c->flags & A64_FLAG_C;

	c->flags = (!k && !z ? A64_FLAG_N : 0) | (z && k ? A64_FLAG_Z : 0) | (k || z ? A64_FLAG_C : 0) | (!k && z ? A64_FLAG_V : 0);
}

DO(RMIF)
{
	uint64_t a = reg_get(c, o->a), v = o->shift == 0 ? a : a >> o->shift | a << (64 - o->shift);
	uint32_t mask = (uint32_t)o->imm << 28;

	a64_set_nzcv(c, (a64_get_nzcv(c) & ~mask) | ((uint32_t)v << 28 & mask));
}

DO(SETF)
{
	unsigned top = (8u << o->size) - 1;
	uint64_t v = reg_get(c, o->a);
	bool n = v >> top & 1, over = (v >> (top + 1) & 1) != n;

	c->flags = (c->flags & A64_FLAG_C) | (n ? A64_FLAG_N : 0) | ((v & ((2ull << top) - 1)) == 0 ? A64_FLAG_Z : 0) |
		   (over ? A64_FLAG_V : 0);
}

DO(GETNZCV)
{
	reg_set(c, o->d, a64_get_nzcv(c));
}

DO(SETNZCV)
{
	a64_set_nzcv(c, (uint32_t)reg_get(c, o->a));
}
