/*
 * Lowering of AES steps, long carry-less products, SHA3's operations.  A round of x86 is ShiftRows, SubBytes, MixColumns,
 * and the key last; Arm's AESE has the key first and AESMC apart.  Source: Intel SDM, AESENC and its like; FIPS 197.
 * AES-NI and PCLMULQDQ above register 15 need features of their own: the work is done in scratch.
 */
#include "dbt/x64/lower_simd.h"

static void
end(struct lo *l, const struct ir_op *o, enum x64_vec t)
{
	lo_vput(l, o->d, t, LO_WHOLE);
}

static enum x64_vec
zero(struct lo *l)
{
	enum x64_vec z = lo_vtmp(l);

	x64_vvv(&l->b, X64_vpxor, z, z, z);
	return z;
}

/* The key, then a last round without one. */
static void
round_of(struct lo *l, const struct ir_op *o, x64_op last)
{
	enum x64_vec a, t;

	if (!l->aes) {
		lo_call(l, o);
		return;
	}
	a = lo_v(l, o->a);
	t = lo_vover(l, a);
	lo_vop(l, X64_vpxor, t, a, o->d);
	x64_vvv(&l->b, last, t, t, zero(l));
	end(l, o, t);
}

void
lo_AESE(struct lo *l, const struct ir_op *o)
{
	round_of(l, o, X64_vaesenclast);
}

void
lo_AESD(struct lo *l, const struct ir_op *o)
{
	round_of(l, o, X64_vaesdeclast);
}

/* A copy in scratch, of which instructions without EVEX form may be had. */
static enum x64_vec
low(struct lo *l, unsigned v)
{
	enum x64_vec a = lo_v(l, v), t;

	if (a < 16)
		return a;
	t = lo_vtmp(l);
	x64_vv(&l->b, X64_vmovdqa, t, a);
	return t;
}

/* MixColumns alone: a round behind what undoes its other two steps. */
void
lo_AESMC(struct lo *l, const struct ir_op *o)
{
	enum x64_vec a, t, z;

	if (!l->aes) {
		lo_call(l, o);
		return;
	}
	a = low(l, o->a);
	t = lo_vover(l, a);
	z = zero(l);
	x64_vvv(&l->b, X64_vaesdeclast, t, a, z);
	x64_vvv(&l->b, X64_vaesenc, t, t, z);
	end(l, o, t);
}

void
lo_AESIMC(struct lo *l, const struct ir_op *o)
{
	enum x64_vec a, t;

	if (!l->aes) {
		lo_call(l, o);
		return;
	}
	a = low(l, o->a);
	t = lo_vover(l, a);
	x64_vv(&l->b, X64_vaesimc, t, a);
	end(l, o, t);
}

void
lo_PMULL64(struct lo *l, const struct ir_op *o)
{
	enum x64_vec a, b, t;

	if (!l->clmul) {
		lo_call(l, o);
		return;
	}
	a = low(l, o->a);
	b = o->b == o->a ? a : low(l, o->b);
	t = lo_vover(l, a);
	x64_vvvi(&l->b, X64_vpclmulqdq, t, a, b, o->flags & IR_HIGH ? 0x11 : 0);
	end(l, o, t);
}

/* ---- SHA3 ---- */

void
lo_EOR3(struct lo *l, const struct ir_op *o)
{
	enum x64_vec a = lo_v(l, o->a), t = lo_vover(l, a), to;

	lo_vop(l, X64_vpxor, t, a, o->b);
	to = lo_vto(l, o, t);
	lo_vop(l, X64_vpxor, to, t, o->c);
	end(l, o, to);
}

void
lo_BCAX(struct lo *l, const struct ir_op *o)
{
	enum x64_vec c = lo_v(l, o->c), t = lo_vover(l, c), to;

	lo_vop(l, X64_vpandn, t, c, o->b);
	to = lo_vto(l, o, t);
	lo_vop(l, X64_vpxor, to, t, o->a);
	end(l, o, to);
}

/* Each half of @t to the right by @n, 1 to 63, into @to. */
static void
rotate(struct lo *l, enum x64_vec to, enum x64_vec t, unsigned n)
{
	enum x64_vec u;

	if (l->v4) {
		x64_vvi(&l->b, X64_vprorq, to, t, (uint8_t)n);
		return;
	}
	u = lo_vtmp(l);
	x64_vvi(&l->b, X64_vpsllq_i, u, t, (uint8_t)(64 - n));
	x64_vvi(&l->b, X64_vpsrlq_i, t, t, (uint8_t)n);
	x64_vvv(&l->b, X64_vpor, to, t, u);
	lo_vfree(l, u);
}

void
lo_RAX1(struct lo *l, const struct ir_op *o)
{
	enum x64_vec b = lo_v(l, o->b), t = lo_vover(l, b), to;

	if (t != b)
		x64_vv(&l->b, X64_vmovdqa, t, b);
	rotate(l, t, t, 63);
	to = lo_vto(l, o, t);
	lo_vop(l, X64_vpxor, to, t, o->a);
	end(l, o, to);
}

void
lo_XAR(struct lo *l, const struct ir_op *o)
{
	enum x64_vec a = lo_v(l, o->a), t = lo_vover(l, a), to = t;

	lo_vop(l, X64_vpxor, t, a, o->b);
	if (o->imm) {
		to = lo_vto(l, o, t);
		rotate(l, to, t, (unsigned)o->imm);
	}
	end(l, o, to);
}
