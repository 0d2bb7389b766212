/* What the encoders share: stores wider than what they are for, prefixes, memory operands. */
#pragma once

#include <string.h>

#include "dbt/x64/emit.h"

#define X64_INLINE static inline __attribute__((always_inline))
#define X64_UNLIKELY(x) __builtin_expect(!!(x), 0)

/* Eight bytes at once though fewer count: the next instruction overwrites the rest (X64_SLACK). */
X64_INLINE void
store8(uint8_t *p, uint64_t v)
{
	memcpy(p, &v, 8);
}

X64_INLINE void
store4(uint8_t *p, uint32_t v)
{
	memcpy(p, &v, 4);
}

/* Room for one more instruction? */
X64_INLINE bool
room(struct x64_buf *b)
{
	if (X64_UNLIKELY(b->p > b->limit)) {
		b->overflow = true;
		return false;
	}
	return true;
}

X64_INLINE bool
fits8(int64_t v)
{
	return v == (int8_t)v;
}

/* An operand with a SIB byte, or none of whose parts is a register. */
uint8_t *x64_put_mem_sib(struct x64_buf *b, uint8_t *p, x64_op op, unsigned reg, struct x64_mem m, unsigned shift,
			 unsigned immn);

/* modrm, SIB and displacement; disp8 counts in units of 1 << shift. */
X64_INLINE uint8_t *
put_mem(struct x64_buf *b, uint8_t *p, x64_op op, unsigned reg, struct x64_mem m, unsigned shift, unsigned immn)
{
	int32_t d = m.disp >> shift;
	bool small = fits8(d) && (int32_t)((uint32_t)d << shift) == m.disp;
	unsigned mod, n;

	if (X64_UNLIKELY(m.index != X64_NO_REG || m.base >= 16 || (m.base & 7) == X64_RSP))
		return x64_put_mem_sib(b, p, op, reg, m, shift, immn);
	mod = small ? 1 : 2;
	n = small ? 2 : 5;
	d = small ? d : m.disp;
	if (m.disp == 0 && (m.base & 7) != X64_RBP) {
		mod = 0;
		n = 1;
	}
	store8(p, (mod << 6 | (reg & 7) << 3 | (m.base & 7)) | (uint64_t)(uint32_t)d << 8);
	return p + n;
}
