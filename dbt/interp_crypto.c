/* The meaning of AES steps, long carry-less products, SHA3's operations.  Source: FIPS 197, 5.1 to 5.3; Arm ARM C7.2. */
#include "dbt/interp.h"

#define DO(name) void ir_do_##name(struct cpu_a64 *c, const struct ir_op *o)

enum { BLOCK = 16, POLYNOMIAL = 0x1b, AFFINE = 0x63 };

/* The product in GF(2^8) (FIPS 197, 4.2). */
static uint8_t
times(uint8_t a, uint8_t b)
{
	uint8_t r = 0;

	for (; b; b >>= 1) {
		r ^= b & 1 ? a : 0;
		a = (uint8_t)(a << 1 ^ (a >> 7 ? POLYNOMIAL : 0));
	}
	return r;
}

/* a^254: the inverse, and 0 for 0. */
static uint8_t
inverse(uint8_t a)
{
	uint8_t r = 1, square = a;

	for (unsigned e = 254; e; e >>= 1) {
		if (e & 1)
			r = times(r, square);
		square = times(square, square);
	}
	return r;
}

static uint8_t
rotated(uint8_t a, unsigned n)
{
	return (uint8_t)(a << n | a >> (8 - n));
}

/* SubBytes(): the inverse, then the affine map; and back. */
static uint8_t
sub_byte(uint8_t a)
{
	uint8_t b = inverse(a);

	return b ^ rotated(b, 1) ^ rotated(b, 2) ^ rotated(b, 3) ^ rotated(b, 4) ^ AFFINE;
}

static uint8_t
inv_sub_byte(uint8_t a)
{
	a ^= AFFINE;
	return inverse(rotated(a, 1) ^ rotated(a, 3) ^ rotated(a, 6));
}

/* Row r moves by r columns; byte 4 * column + row. */
DO(AESE)
{
	union a64_vreg r;

	for (unsigned i = 0; i < BLOCK; i++) {
		unsigned from = (i + 4 * (i % 4)) % BLOCK;

		r.b[i] = sub_byte(c->v[o->d].b[from] ^ c->v[o->a].b[from]);
	}
	c->v[o->d] = r;
}

DO(AESD)
{
	union a64_vreg r;

	for (unsigned i = 0; i < BLOCK; i++) {
		unsigned from = (i + 12 * (i % 4)) % BLOCK;

		r.b[i] = inv_sub_byte(c->v[o->d].b[from] ^ c->v[o->a].b[from]);
	}
	c->v[o->d] = r;
}

static void
mix_columns(struct cpu_a64 *c, const struct ir_op *o, const uint8_t by[4])
{
	const union a64_vreg a = c->v[o->a];

	for (unsigned i = 0; i < BLOCK; i++) {
		uint8_t sum = 0;

		for (unsigned k = 0; k < 4; k++)
			sum ^= times(a.b[i / 4 * 4 + (i + k) % 4], by[k]);
		c->v[o->d].b[i] = sum;
	}
}

DO(AESMC)
{
	mix_columns(c, o, (const uint8_t[4]){ 2, 3, 1, 1 });
}

DO(AESIMC)
{
	mix_columns(c, o, (const uint8_t[4]){ 14, 11, 13, 9 });
}

DO(PMULL64)
{
	unsigned half = o->flags & IR_HIGH ? 1 : 0;
	unsigned __int128 a = c->v[o->a].d[half], r = 0;
	uint64_t b = c->v[o->b].d[half];

	for (unsigned i = 0; i < 64; i++)
		r ^= b >> i & 1 ? a << i : 0;
	c->v[o->d].d[0] = (uint64_t)r;
	c->v[o->d].d[1] = (uint64_t)(r >> 64);
}

#define EACH(name, expr)                                                                                        \
	DO(name)                                                                                                \
	{                                                                                                       \
		for (unsigned i = 0; i < 2; i++) {                                                              \
			uint64_t a = c->v[o->a].d[i], b = c->v[o->b].d[i], e = o->c < 32 ? c->v[o->c].d[i] : 0; \
                                                                                                                \
			(void)e;                                                                                \
			c->v[o->d].d[i] = expr;                                                                 \
		}                                                                                               \
	}

static uint64_t
right(uint64_t v, unsigned n)
{
	return n ? v >> n | v << (64 - n) : v;
}

EACH(EOR3, a ^ b ^ e)
EACH(BCAX, a ^ (b & ~e))
EACH(RAX1, a ^ (b << 1 | b >> 63))
EACH(XAR, right(a ^ b, (unsigned)o->imm))
