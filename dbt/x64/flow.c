/* Jumps, calls, labels, patches and nops. */
#include "dbt/x64/emit.h"

#include <errno.h>

#include "abi/core/diag.h"
#include "dbt/x64/emit_impl.h"

enum { JMP8 = 0xeb, JMP32 = 0xe9, CALL32 = 0xe8, JCC8 = 0x70, JCC32 = 0x0f80, JRCXZ = 0xe3 };

/* The nops of the SDM's table 4-12 (NOP, multi-byte): up to nine bytes. */
static const uint8_t nops[9][9] = {
	{ 0x90 },
	{ 0x66, 0x90 },
	{ 0x0f, 0x1f, 0x00 },
	{ 0x0f, 0x1f, 0x40, 0x00 },
	{ 0x0f, 0x1f, 0x44, 0x00, 0x00 },
	{ 0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00 },
	{ 0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00 },
	{ 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00 },
	{ 0x66, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00 },
};

static int64_t
distance(const struct x64_buf *b, const uint8_t *end, uint64_t addr)
{
	return (int64_t)(addr - ((uint64_t)(uintptr_t)end + (uint64_t)b->bias));
}

/* Opcode of one or two bytes. */
X64_INLINE void
put_opcode(struct x64_buf *b, unsigned opcode)
{
	if (opcode > 0xff)
		*b->p++ = (uint8_t)(opcode >> 8);
	*b->p++ = (uint8_t)opcode;
}

/* A jump whose label is not yet bound. */
static void
forward(struct x64_buf *b, unsigned opcode, struct x64_label *l, bool wide)
{
	if (l->jumps == X64_LABEL_JUMPS)
		bug("x64 emitter: more than %d jumps to a label ahead", X64_LABEL_JUMPS);
	put_opcode(b, opcode);
	l->jump[l->jumps] = b->p;
	l->wide |= (uint8_t)(wide << l->jumps);
	l->jumps++;
	store4(b->p, 0);
	b->p += wide ? 4 : 1;
}

static void
jump(struct x64_buf *b, unsigned short_op, unsigned near_op, struct x64_label *l, bool wide)
{
	int64_t d;

	if (!room(b))
		return;
	if (!l->at) {
		forward(b, wide ? near_op : short_op, l, wide);
		return;
	}
	d = l->at - (b->p + 2);
	if (fits8(d)) {
		put_opcode(b, short_op);
		*b->p++ = (uint8_t)d;
		return;
	}
	if (!near_op)
		bug("x64 emitter: a short jump over %lld bytes", (long long)d);
	put_opcode(b, near_op);
	store4(b->p, (uint32_t)(l->at - (b->p + 4)));
	b->p += 4;
}

void
x64_jmp(struct x64_buf *b, struct x64_label *l)
{
	jump(b, JMP8, JMP32, l, false);
}

void
x64_jmp_near(struct x64_buf *b, struct x64_label *l)
{
	jump(b, JMP8, JMP32, l, true);
}

void
x64_call_label(struct x64_buf *b, struct x64_label *l)
{
	if (l->at)
		bug("x64 emitter: a call backwards");
	if (room(b))
		forward(b, CALL32, l, true);
}

void
x64_jcc(struct x64_buf *b, enum x64_cc cc, struct x64_label *l)
{
	jump(b, JCC8 | cc, JCC32 | cc, l, false);
}

void
x64_jcc_near(struct x64_buf *b, enum x64_cc cc, struct x64_label *l)
{
	jump(b, JCC8 | cc, JCC32 | cc, l, true);
}

void
x64_jrcxz(struct x64_buf *b, struct x64_label *l)
{
	jump(b, JRCXZ, 0, l, false);
}

void
x64_bind(struct x64_buf *b, struct x64_label *l)
{
	unsigned i;

	if (l->at)
		bug("x64 emitter: a label bound twice");
	l->at = b->p;
	for (i = 0; i < l->jumps; i++) {
		int64_t d = b->p - (l->jump[i] + (l->wide >> i & 1 ? 4 : 1));

		/* After an overflow the distances mean nothing, and nobody will run them. */
		if (l->wide >> i & 1)
			store4(l->jump[i], (uint32_t)d);
		else if (fits8(d))
			*l->jump[i] = (uint8_t)d;
		else
			bug("x64 emitter: a short jump over %lld bytes", (long long)d);
	}
}

static uint8_t *
to(struct x64_buf *b, unsigned opcode, uint64_t addr)
{
	uint8_t *disp;
	int64_t d;

	if (!room(b))
		return NULL;
	put_opcode(b, opcode);
	disp = b->p;
	d = distance(b, disp + 4, addr);
	if (X64_UNLIKELY(d != (int32_t)d))
		bug("x64 emitter: a jump or call to %#llx is %lld bytes long", (unsigned long long)addr, (long long)d);
	store4(disp, (uint32_t)d);
	b->p += 4;
	return disp;
}

void
x64_jmp_to(struct x64_buf *b, uint64_t addr)
{
	to(b, JMP32, addr);
}

void
x64_jcc_to(struct x64_buf *b, enum x64_cc cc, uint64_t addr)
{
	to(b, JCC32 | cc, addr);
}

void
x64_call_to(struct x64_buf *b, uint64_t addr)
{
	to(b, CALL32, addr);
}

/* The displacement must begin at 0 to 4 modulo 8 of the run address. */
static uint8_t *
patchable(struct x64_buf *b, unsigned opcode, uint64_t addr)
{
	unsigned at = (unsigned)(x64_here(b) + (opcode > 0xff ? 2 : 1)) & 7;

	if (at > 4)
		x64_nops(b, 8 - at);
	return to(b, opcode, addr);
}

uint8_t *
x64_jmp_patchable(struct x64_buf *b, uint64_t addr)
{
	return patchable(b, JMP32, addr);
}

uint8_t *
x64_jcc_patchable(struct x64_buf *b, enum x64_cc cc, uint64_t addr)
{
	return patchable(b, JCC32 | cc, addr);
}

uint8_t *
x64_jcc_patchable_fused(struct x64_buf *b, uint8_t *from, enum x64_cc cc, uint64_t addr)
{
	unsigned at = (unsigned)(x64_here(b) + 2) & 7, pad = at > 4 ? 8 - at : 0;

	if (pad && room(b)) {
		memmove(from + pad, from, (size_t)(b->p - from));
		memcpy(from, nops[pad - 1], pad);
		b->p += pad;
	}
	return to(b, JCC32 | cc, addr);
}

uint8_t *
x64_call_patchable(struct x64_buf *b, uint64_t addr)
{
	return patchable(b, CALL32, addr);
}

int
x64_patch(uint8_t *disp, int64_t bias, uint64_t addr)
{
	int64_t d = (int64_t)(addr - ((uint64_t)(uintptr_t)disp + 4 + (uint64_t)bias));
	int32_t d32 = (int32_t)d;

	if (d != d32)
		return -ERANGE;
	if (((uintptr_t)disp & 7) > 4)
		bug("x64 emitter: a patch across eight bytes");
	/* Unaligned but within eight aligned bytes, where x86 stores are single: a plain mov, after all that it leads to. */
	__asm__ volatile("movl %1, %0" : "=m"(*disp) : "r"(d32) : "memory");
	return 0;
}

void
x64_nops(struct x64_buf *b, unsigned n)
{
	unsigned k;

	for (; n; n -= k) {
		k = n < 9 ? n : 9;
		if (!room(b))
			return;
		memcpy(b->p, nops[k - 1], k);
		b->p += k;
	}
}

void
x64_align(struct x64_buf *b, unsigned n)
{
	x64_nops(b, (unsigned)(-x64_here(b) & (n - 1)));
}
