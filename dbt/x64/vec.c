/* Encoders of VEX and EVEX forms; SHA, which has neither, goes on to the plain ones. */
#include "dbt/x64/emit.h"

#include "dbt/x64/emit_impl.h"

#define LEN_SHIFT (X64_BIT_MOD + 1)
#define MASKED (7ull << X64_BIT_K)
#define B_BIT (1ull << X64_BIT_B)
#define RC_BITS (3ull << X64_BIT_RC)
/* Modifiers that only EVEX can say. */
#define EVEX_ONLY (X64_512 | X64_Z | MASKED | B_BIT | RC_BITS | X64_EVEX)

X64_INLINE bool
allows(x64_op op, unsigned what)
{
	return op >> X64_BIT_ALLOW & what;
}

/* The modifiers that x64_want leaves: rare ones. */
static void
check_evex(x64_op op, bool mem)
{
	bool lengths = allows(op, X64_A_256 | X64_A_512);

	if (!(op >> X64_BIT_ENC & X64_ENC_EVEX))
		x64_bad(op, "only EVEX has this register or modifier");
	if (op & MASKED && !allows(op, X64_A_K))
		x64_bad(op, "a mask that it does not take");
	if (op & X64_Z && !(op & MASKED))
		x64_bad(op, "zeroing without a mask");
	if (op & RC_BITS && (!(op & B_BIT) || !allows(op, X64_A_ER)))
		x64_bad(op, "a rounding that it does not take");
	if (!(op & B_BIT))
		return;
	if (mem) {
		if (!(op >> X64_BIT_BCAST & 3))
			x64_bad(op, "a broadcast that it does not know");
	} else if (!allows(op, X64_A_SAE | X64_A_ER) || (lengths && !(op & X64_512))) {
		x64_bad(op, "rounding or {sae} that it does not take at this length");
	}
}

/* Prefix and opcode: r, x, b, and with EVEX rr (reg's bit 4) and vv (vvvv's) as they are, not inverted. */
X64_INLINE unsigned
vex(x64_op op, unsigned r, unsigned x, unsigned bb, unsigned nds, uint64_t *ret_v)
{
	unsigned pp = op >> X64_BIT_PP & 3, map = op >> X64_BIT_MAP & 7, w = (op >> X64_BIT_WV & 1) | (op >> 32 & 1);
	unsigned last = (~nds & 15) << 3 | (op >> LEN_SHIFT & 1) << 2 | pp;
	bool two = (x | bb | w | (map ^ X64_MAP_0F)) == 0;
	uint64_t short_v = 0xc5 | ((r ^ 1) << 7 | last) << 8;
	uint64_t long_v = 0xc4 | ((r ^ 1) << 7 | (x ^ 1) << 6 | (bb ^ 1) << 5 | map) << 8 | (w << 7 | last) << 16;
	unsigned n = two ? 2 : 3;

	*ret_v = (two ? short_v : long_v) | (op & 0xff) << (n * 8);
	return n + 1;
}

X64_INLINE uint64_t
evex(x64_op op, unsigned reg, unsigned x, unsigned bb, unsigned nds)
{
	unsigned pp = op >> X64_BIT_PP & 3, map = op >> X64_BIT_MAP & 7, w = (op >> X64_BIT_WE & 1) | (op >> 32 & 1);
	unsigned len = op >> LEN_SHIFT & 3;
	unsigned p0 = (~reg >> 3 & 1) << 7 | (x ^ 1) << 6 | (bb ^ 1) << 5 | (~reg >> 4 & 1) << 4 | map;
	unsigned p1 = w << 7 | (~nds & 15) << 3 | 4 | pp;
	unsigned p2 = (op & X64_Z ? 0x80 : 0) | len << 5 | (unsigned)(op >> X64_BIT_B & 1) << 4 | (~nds >> 4 & 1) << 3 |
		      (op >> X64_BIT_K & 7);

	return 0x62 | p0 << 8 | p1 << 16 | (uint64_t)p2 << 24 | (op & 0xff) << 32;
}

/* Needs nothing that VEX does not have. */
X64_INLINE bool
plain_vex(x64_op op, unsigned regs)
{
	return op & (1ull << X64_BIT_ENC) && !(op & EVEX_ONLY) && regs < 16;
}

/* A load's opcode for a store that is one byte shorter: vmovaps v1, v9 as vmovaps v9 <- v1 in the other direction. */
X64_INLINE bool
swaps(x64_op op, unsigned reg, unsigned rm)
{
	return x64_op_shape(op) == X64_SHAPE_VMOV && rm >= 8 && reg < 8;
}

/* EVEX, or neither prefix: SHA. */
static __attribute__((noinline)) void
other_vr(struct x64_buf *b, x64_op op, unsigned reg, unsigned nds, unsigned rm, uint8_t imm, unsigned immn)
{
	if (X64_UNLIKELY((reg | nds | rm) > 31))
		x64_bad(op, "no such register");
	if (X64_UNLIKELY((op >> X64_BIT_ENC & 3) == X64_ENC_LEGACY)) {
		x64_enc_gri(b, op, reg, rm, imm, immn);
		return;
	}
	if (!room(b))
		return;
	if (op & (X64_Z | MASKED | B_BIT | RC_BITS) || X64_UNLIKELY(!(op >> X64_BIT_ENC & X64_ENC_EVEX)))
		check_evex(op, false);
	if (op & B_BIT) /* the length's place says how to round */
		op = (op & ~(X64_256 | X64_512)) | (op >> X64_BIT_RC & 3) << LEN_SHIFT;
	store8(b->p, evex(op, reg, rm >> 4, rm >> 3 & 1, nds) |
			     (uint64_t)(0xc0 | (reg & 7) << 3 | (rm & 7)) << 40 | (uint64_t)imm << 48);
	b->p += 6 + immn;
}

static __attribute__((noinline)) void
other_vm(struct x64_buf *b, x64_op op, unsigned reg, unsigned nds, struct x64_mem m, uint8_t imm, unsigned immn)
{
	uint8_t *p = b->p;
	unsigned shift;

	if (X64_UNLIKELY((reg | nds) > 31))
		x64_bad(op, "no such register");
	if (X64_UNLIKELY((op >> X64_BIT_ENC & 3) == X64_ENC_LEGACY)) {
		x64_enc_gmi(b, op, reg, m, imm, immn);
		return;
	}
	if (!room(b))
		return;
	if (op & (X64_Z | MASKED | B_BIT | RC_BITS) || X64_UNLIKELY(!(op >> X64_BIT_ENC & X64_ENC_EVEX)))
		check_evex(op, true);
	shift = (op >> X64_BIT_D8 & 7) + (op >> X64_BIT_D8L & 1 ? op >> LEN_SHIFT & 3 : 0);
	if (op & B_BIT)
		shift = op >> X64_BIT_BCAST & 3;
	if (x64_op_shape(op) == X64_SHAPE_VVG) /* the memory is as wide as the general register would be */
		shift += op >> 32 & 1;
	store8(p, evex(op, reg, m.index >> 3 & 1, m.base >> 3 & 1, nds));
	p = put_mem(b, p + 5, op, reg, m, shift, immn);
	*p = imm;
	b->p = p + immn;
}

void
x64_enc_vr(struct x64_buf *b, x64_op op, unsigned reg, unsigned nds, unsigned rm, uint8_t imm, unsigned immn)
{
	uint8_t *p = b->p;
	uint64_t v;
	unsigned n;

	if (!plain_vex(op, reg | nds | rm) || X64_UNLIKELY(p > b->limit)) {
		other_vr(b, op, reg, nds, rm, imm, immn);
		return;
	}
	if (swaps(op, reg, rm)) {
		unsigned t = reg;

		reg = rm;
		rm = t;
		op ^= 1ull << x64_op_digit(op);
	}
	n = vex(op, reg >> 3, 0, rm >> 3, nds, &v);
	store8(p, v | (uint64_t)(0xc0 | (reg & 7) << 3 | (rm & 7) | (unsigned)imm << 8) << (n * 8));
	b->p = p + n + 1 + immn;
}

void
x64_enc_vm(struct x64_buf *b, x64_op op, unsigned reg, unsigned nds, struct x64_mem m, uint8_t imm, unsigned immn)
{
	uint8_t *p = b->p;
	uint64_t v;
	unsigned n;

	if (!plain_vex(op, reg | nds) || X64_UNLIKELY(p > b->limit)) {
		other_vm(b, op, reg, nds, m, imm, immn);
		return;
	}
	n = vex(op, reg >> 3, m.index >> 3 & 1, m.base >> 3 & 1, nds, &v);
	store8(p, v);
	p = put_mem(b, p + n, op, reg, m, 0, immn);
	*p = imm;
	b->p = p + immn;
}

void
x64_vzeroupper(struct x64_buf *b)
{
	if (!room(b))
		return;
	store4(b->p, 0x77f8c5);
	b->p += 3;
}
