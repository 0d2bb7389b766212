/* Encoders of the forms without VEX, and what all encoders share. */
#include "dbt/x64/emit.h"

#include "abi/core/diag.h"
#include "dbt/x64/emit_impl.h"

void
x64_buf_init(struct x64_buf *b, void *mem, uint64_t size, int64_t bias)
{
	if (bias & 63)
		bug("x64 emitter: the buffer runs at another place in its cache line");
	*b = (struct x64_buf){ .p = mem, .start = mem, .bias = bias };
	b->overflow = size < X64_SLACK;
	b->limit = b->overflow ? b->p - 1 : b->p + size - X64_SLACK;
}

void
x64_bad(x64_op op, const char *what)
{
	unsigned id = x64_op_id(op);

	bug("x64 emitter: %s (%#llx): %s", id < X64_FORMS ? x64_forms[id].name : "?", (unsigned long long)op, what);
}

/* The buffer is far smaller than what is taken off here. */
bool
x64_reaches(const struct x64_buf *b, uint64_t addr)
{
	int64_t d = (int64_t)(addr - ((uint64_t)(uintptr_t)b->start + (uint64_t)b->bias));
	int64_t size = b->limit - b->start + X64_SLACK;

	return d <= INT32_MAX && d - size >= INT32_MIN;
}

struct x64_mem
x64_at_rip(const struct x64_buf *b, uint64_t addr)
{
	uint64_t start = (uint64_t)(uintptr_t)b->start + (uint64_t)b->bias;

	if (!x64_reaches(b, addr))
		bug("x64 emitter: %#llx is out of reach of %#llx", (unsigned long long)addr, (unsigned long long)start);
	return (struct x64_mem){ X64_RIP, X64_NO_REG, 0, 0, (int32_t)(addr - start) };
}

uint8_t *
x64_put_mem_sib(struct x64_buf *b, uint8_t *p, x64_op op, unsigned reg, struct x64_mem m, unsigned shift, unsigned immn)
{
	int32_t d = m.disp >> shift;
	unsigned modrm = (reg & 7) << 3, sib;

	if (m.base == X64_RIP) {
		if (m.index != X64_NO_REG)
			x64_bad(op, "rip with an index");
		store8(p, (modrm | 5) | (uint64_t)(uint32_t)(m.disp - (int32_t)(p + 5 + immn - b->start)) << 8);
		return p + 5;
	}
	if (m.index == X64_RSP || (m.index >= 16 && m.index != X64_NO_REG) || m.scale > 3 || (m.base >= 16 && m.base != X64_NO_REG))
		x64_bad(op, "no such memory operand");
	sib = m.scale << 6 | (m.index == X64_NO_REG ? 4 : m.index & 7) << 3 | (m.base & 7);
	modrm |= 4;
	if (m.base == X64_NO_REG) {
		store8(p, modrm | (sib | 5) << 8 | (uint64_t)(uint32_t)m.disp << 16);
		return p + 6;
	}
	if (m.disp == 0 && (m.base & 7) != X64_RBP) {
		store8(p, modrm | sib << 8);
		return p + 2;
	}
	if (fits8(d) && (int32_t)((uint32_t)d << shift) == m.disp) {
		store8(p, (modrm | 0x40) | sib << 8 | (uint64_t)(uint32_t)d << 16);
		return p + 3;
	}
	store8(p, (modrm | 0x80) | sib << 8 | (uint64_t)(uint32_t)m.disp << 16);
	return p + 6;
}

/*
 * Prefixes, escape and opcode, all in one word of at most seven bytes; returns their number.
 * rex: W R X B, and 0x40 where an 8-bit register needs a REX that says nothing.
 */
X64_INLINE unsigned
head(x64_op op, unsigned rex, uint64_t *ret_v)
{
	unsigned pp = op >> X64_BIT_PP & 3, map = op >> X64_BIT_MAP & 7;
	uint64_t v = 0;
	unsigned n = 0;

	if (X64_UNLIKELY(op & (X64_LOCK | X64_16))) {
		v = op & X64_LOCK ? 0xf0 : 0;
		n = op & X64_LOCK ? 8 : 0;
		v |= (op & X64_16 ? 0x66ull : 0) << n;
		n += op & X64_16 ? 8 : 0;
	}
	v |= (0xf2f36600ull >> (pp * 8) & 0xff) << n;
	n += pp ? 8 : 0;
	v |= (rex ? 0x40ull | rex : 0) << n;
	n += rex ? 8 : 0;
	v |= (0x3a0f380f000f0000ull >> (map * 16) & 0xffff) << n;
	n += 0x2210u >> (map * 4) << 3 & 0x18;
	v |= ((op & 0xff) ^ (op >> 33 & 1)) << n; /* X64_8 clears bit 0 */
	*ret_v = v;
	return n / 8 + 1;
}

X64_INLINE unsigned
rex_w(x64_op op)
{
	return ((op >> X64_BIT_WV & 1) | (op >> 32 & 1)) << 3;
}

/* spl, bpl, sil, dil are bytes only with a REX. */
X64_INLINE unsigned
rex_byte(x64_op op, unsigned reg, unsigned rm)
{
	enum x64_shape shape = x64_op_shape(op);
	bool rm_byte = op & X64_8 || shape == X64_SHAPE_MB || shape == X64_SHAPE_RMB;

	return (rm_byte && rm >= 4) || (op & X64_8 && reg >= 4) ? 0x40 : 0;
}

/* An opcode whose modrm.reg is a digit has no register there to be 8 bits wide. */
X64_INLINE bool
has_digit(x64_op op)
{
	return 1ull << x64_op_shape(op) & (X64_IS(M) | X64_IS(M_R) | X64_IS(M_M) | X64_IS(MB) | X64_IS(SH));
}

/* byte: REX without a bit, for 8-bit registers */
X64_INLINE void
gr(struct x64_buf *b, x64_op op, unsigned reg, unsigned rm, unsigned byte, int64_t imm, unsigned immn)
{
	uint8_t *p = b->p;
	uint64_t v;
	unsigned n;

	if (X64_UNLIKELY((reg | rm) > 15))
		x64_bad(op, "no such register");
	if (X64_UNLIKELY(op & X64_LOCK))
		x64_bad(op, "lock without memory");
	if (!room(b))
		return;
	n = head(op, rex_w(op) | (reg >> 3) << 2 | rm >> 3 | byte, &v);
	store8(p, v | (uint64_t)(0xc0 | (reg & 7) << 3 | (rm & 7)) << (n * 8));
	p += n + 1;
	store4(p, (uint32_t)imm);
	b->p = p + immn;
}

X64_INLINE void
gm(struct x64_buf *b, x64_op op, unsigned reg, struct x64_mem m, int64_t imm, unsigned immn, unsigned byte)
{
	uint8_t *p = b->p;
	uint64_t v;
	unsigned n;

	if (X64_UNLIKELY(reg > 15))
		x64_bad(op, "no such register");
	if (!room(b))
		return;
	n = head(op, rex_w(op) | (reg >> 3 & 1) << 2 | (m.index >> 3 & 1) << 1 | (m.base >> 3 & 1) | byte, &v);
	store8(p, v);
	p = put_mem(b, p + n, op, reg, m, 0, immn);
	store4(p, (uint32_t)imm);
	b->p = p + immn;
}

void
x64_enc_gri(struct x64_buf *b, x64_op op, unsigned reg, unsigned rm, int64_t imm, unsigned immn)
{
	gr(b, op, reg, rm, rex_byte(op, has_digit(op) ? 0 : reg, rm), imm, immn);
}

void
x64_enc_gmi(struct x64_buf *b, x64_op op, unsigned reg, struct x64_mem m, int64_t imm, unsigned immn)
{
	gm(b, op, reg, m, imm, immn, op & X64_8 && reg >= 4 && !has_digit(op) ? 0x40 : 0);
}

/* What most code is made of: one byte of opcode, 32 or 64 bits.  The encoders above can do it too, more slowly. */
#define NOT_PLAIN (7ull << X64_BIT_MAP | 3ull << X64_BIT_PP | X64_8 | X64_16 | X64_LOCK)

void
x64_enc_gr(struct x64_buf *b, x64_op op, unsigned reg, unsigned rm)
{
	unsigned rex = rex_w(op) | (reg >> 3) << 2 | rm >> 3, n = rex ? 1 : 0;
	uint8_t *p = b->p;

	if (op & NOT_PLAIN || X64_UNLIKELY((reg | rm) > 15 || p > b->limit)) {
		x64_enc_gri(b, op, reg, rm, 0, 0);
		return;
	}
	store4(p, 0x40 | rex);
	store4(p + n, (op & 0xff) | (0xc0 | (reg & 7) << 3 | (rm & 7)) << 8);
	b->p = p + n + 2;
}

void
x64_enc_gm(struct x64_buf *b, x64_op op, unsigned reg, struct x64_mem m)
{
	unsigned rex = rex_w(op) | (reg >> 3 & 1) << 2 | (m.index >> 3 & 1) << 1 | (m.base >> 3 & 1), n = rex ? 1 : 0;
	uint8_t *p = b->p;

	if (op & NOT_PLAIN || X64_UNLIKELY(reg > 15 || p > b->limit)) {
		x64_enc_gmi(b, op, reg, m, 0, 0);
		return;
	}
	*p = (uint8_t)(0x40 | rex);
	p[n] = (uint8_t)op;
	b->p = put_mem(b, p + n + 1, op, reg, m, 0, 0);
}

/* No modrm: the register, if any, is in the opcode. */
void
x64_enc_o(struct x64_buf *b, x64_op op, unsigned reg)
{
	uint64_t v;
	unsigned n;

	if (X64_UNLIKELY(reg > 15))
		x64_bad(op, "no such register");
	if (!room(b))
		return;
	n = head(op + (reg & 7), rex_w(op) | reg >> 3, &v);
	store8(b->p, v);
	b->p += n;
}

/* The immediate as the width sees it; a bug when it has bits that would be lost. */
static int64_t
narrow(x64_op op, int64_t imm)
{
	int64_t s = op & X64_8 ? (int8_t)imm : op & X64_16 ? (int16_t)imm : (int32_t)imm;
	int64_t u = op & X64_8 ? (uint8_t)imm : op & X64_16 ? (uint16_t)imm : (uint32_t)imm;

	if (X64_UNLIKELY(imm != s && (op & X64_64 || imm != u)))
		x64_bad(op, "immediate too wide");
	return s;
}

/* Turn the form into its immediate one: opcode, and how many bytes follow.  digit is modrm.reg. */
static unsigned
to_imm(x64_op *op, int64_t *imm)
{
	x64_op o = *op & ~0xffull;
	enum x64_shape shape = x64_op_shape(*op);

	if (shape == X64_SHAPE_SH || shape == X64_SHAPE_BT) {
		if (X64_UNLIKELY((uint64_t)*imm > 63))
			x64_bad(*op, "no such count");
		*op = o | (shape == X64_SHAPE_BT ? 0xba : *imm == 1 ? 0xd1 : 0xc1);
		return shape == X64_SHAPE_BT || *imm != 1;
	}
	*imm = narrow(*op, *imm);
	if (shape == X64_SHAPE_ALU && !(*op & X64_8) && fits8(*imm)) {
		*op = o | 0x83;
		return 1;
	}
	*op = o | (shape == X64_SHAPE_ALU ? 0x81 : shape == X64_SHAPE_MOV ? 0xc7 : 0xf7);
	return *op & X64_8 ? 1 : *op & X64_16 ? 2 : 4;
}

void
x64_enc_ri(struct x64_buf *b, x64_op op, unsigned rm, int64_t imm)
{
	unsigned digit = x64_op_digit(op), immn, n;
	x64_op form = op;
	uint64_t v;

	if (x64_op_shape(op) == X64_SHAPE_ALU && !(op & NOT_PLAIN) && fits8(imm) && room(b) && rm < 16) {
		uint8_t *p = b->p;
		unsigned rex = rex_w(op) | rm >> 3;

		store8(p, 0x40 | rex);
		p += rex ? 1 : 0;
		store4(p, 0x83 | (0xc0 | digit << 3 | (rm & 7)) << 8 | (uint32_t)(uint8_t)imm << 16);
		b->p = p + 3;
		return;
	}
	if (X64_UNLIKELY(op & X64_LOCK))
		x64_bad(op, "lock without memory");
	immn = to_imm(&form, &imm);
	if (rm == X64_RAX && ((form & 0xff) == 0x81 || (form & 0xff) == 0xf7)) {
		/* rax has opcodes of its own that save the modrm. */
		form = (op & ~0xffull) | ((form & 0xff) == 0x81 ? digit << 3 | 5 : 0xa9);
		if (!room(b))
			return;
		n = head(form, rex_w(op), &v);
		store8(b->p, v);
		store4(b->p + n, (uint32_t)imm);
		b->p += n + immn;
		return;
	}
	gr(b, form, digit, rm, op & X64_8 && rm >= 4 ? 0x40 : 0, imm, immn);
}

void
x64_enc_mi(struct x64_buf *b, x64_op op, struct x64_mem m, int64_t imm)
{
	unsigned immn = to_imm(&op, &imm);

	gm(b, op, x64_op_digit(op), m, imm, immn, 0);
}

unsigned
x64_imul_imm(x64_op *op, int64_t imm)
{
	imm = narrow(*op, imm);
	if (!fits8(imm))
		return *op & X64_16 ? 2 : 4;
	*op |= 2;
	return 1;
}

void
x64_mov_imm(struct x64_buf *b, enum x64_gpr d, uint64_t value)
{
	if (X64_UNLIKELY((unsigned)d > 15))
		x64_bad(X64_mov, "no such register");
	if (value != (uint32_t)value && (int64_t)value == (int32_t)value) {
		gr(b, (X64_mov & ~0xffull) | 0xc7 | X64_64, 0, d, 0, (int64_t)value, 4);
		return;
	}
	if (!room(b))
		return;
	if (value != (uint32_t)value)
		*b->p++ = (uint8_t)(0x48 | d >> 3);
	else if (d >= X64_R8)
		*b->p++ = 0x41;
	*b->p++ = (uint8_t)(0xb8 | (d & 7));
	store8(b->p, value);
	b->p += value == (uint32_t)value ? 4 : 8;
}

void
x64_push_imm(struct x64_buf *b, int32_t value)
{
	if (!room(b))
		return;
	*b->p++ = fits8(value) ? 0x6a : 0x68;
	store4(b->p, (uint32_t)value);
	b->p += fits8(value) ? 1 : 4;
}
