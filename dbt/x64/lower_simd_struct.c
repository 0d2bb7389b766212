/*
 * Lowering of loads and stores of structures: LD1 and ST1 of whole registers, pairs (LD2, ST2), one lane, LD1R; the others call
 * the interpreter.  A load's last bytes are read first, into scratch: behind them and the first ones nothing can fault,
 * as 64 bytes touch two pages at most.
 */
#include "dbt/x64/lower_simd.h"

enum { VECTORS = 32 };

static struct x64_mem
address(struct lo *l, const struct ir_op *o, unsigned offset)
{
	return x64_at(lo_get(l, o->a, X64_RCX), (int32_t)offset);
}

static void
write_back(struct lo *l, const struct ir_op *o, unsigned moved)
{
	struct ir_op w = *o;

	w.imm = moved;
	lo_writeback(l, &w);
}

/* ---- whole registers ---- */

static void
load_one(struct lo *l, const struct ir_op *o, enum x64_vec to, unsigned n)
{
	if (o->flags & IR_Q)
		x64_vm(&l->b, X64_vmovups, to, address(l, o, 16 * n));
	else
		x64_vm(&l->b, X64_vmovsd, to, address(l, o, 8 * n));
}

static void
store_one(struct lo *l, const struct ir_op *o, enum x64_vec from, unsigned n)
{
	if (o->flags & IR_Q)
		x64_mv(&l->b, X64_vmovups, address(l, o, 16 * n), from);
	else
		x64_mv(&l->b, X64_vmovsd, address(l, o, 8 * n), from);
}

static void
load_registers(struct lo *l, const struct ir_op *o)
{
	enum lo_upper up = o->flags & IR_Q ? LO_WHOLE : LO_ZERO64;
	unsigned last = o->cond - 1u;
	enum x64_vec held = lo_vtmp(l), to;

	load_one(l, o, held, last);
	for (unsigned n = 0; n < last; n++) {
		to = lo_vd(l, (o->d + n) % VECTORS);
		load_one(l, o, to, n);
		lo_vput(l, (o->d + n) % VECTORS, to, up);
		lo_vfree(l, to);
	}
	lo_vput(l, (o->d + last) % VECTORS, held, up);
}

static void
store_registers(struct lo *l, const struct ir_op *o)
{
	for (unsigned n = 0; n < o->cond; n++) {
		enum x64_vec from = lo_v(l, (o->d + n) % VECTORS);

		store_one(l, o, from, n);
		lo_vfree(l, from);
	}
}

/* ---- pairs ---- */

/* LD2: even elements to the first register, odd ones to the second. */
static void
load_pairs(struct lo *l, const struct ir_op *o)
{
	/* vpshufb: evens below, odds above */
	static const uint64_t at[3][2] = { { 0x0e0c0a0806040200, 0x0f0d0b0907050301 }, { 0x0d0c090805040100, 0x0f0e0b0a07060302 },
	                                   { 0x0b0a090803020100, 0x0f0e0d0c07060504 } };
	enum x64_vec low = lo_vtmp(l), high = lo_vtmp(l), even;
	unsigned second = (o->d + 1u) % VECTORS;

	if (!(o->flags & IR_Q)) { /* 16 bytes: both halves are results */
		x64_vm(&l->b, X64_vmovups, low, address(l, o, 0));
		x64_vvm(&l->b, X64_vpshufb, low, low, lo_vconst(l, at[o->size][0], at[o->size][1]));
		x64_vvi(&l->b, X64_vpsrldq, high, low, 8);
		lo_vput(l, o->d, low, LO_LOW64);
		lo_vput(l, second, high, LO_ZERO64);
		return;
	}
	x64_vm(&l->b, X64_vmovups, high, address(l, o, 16));
	x64_vm(&l->b, X64_vmovups, low, address(l, o, 0));
	even = lo_vtmp(l);
	if (o->size == 2) {
		x64_vvvi(&l->b, X64_vshufps, even, low, high, 0x88);
		x64_vvvi(&l->b, X64_vshufps, high, low, high, 0xdd);
	} else {
		if (o->size < 2) {
			struct x64_mem places = lo_vconst(l, at[o->size][0], at[o->size][1]);

			x64_vvm(&l->b, X64_vpshufb, low, low, places);
			x64_vvm(&l->b, X64_vpshufb, high, high, places);
		}
		lo_vzip(l, 3, false, even, low, high);
		lo_vzip(l, 3, true, high, low, high);
	}
	lo_vput(l, o->d, even, LO_WHOLE);
	lo_vput(l, second, high, LO_WHOLE);
}

static void
store_pairs(struct lo *l, const struct ir_op *o)
{
	enum x64_vec first = lo_v(l, o->d), second = lo_v(l, (o->d + 1u) % VECTORS), t = lo_vtmp(l), u = lo_vover(l, first);

	lo_vzip(l, o->size, false, t, first, second);
	if (o->flags & IR_Q)
		lo_vzip(l, o->size, true, u, first, second);
	x64_mv(&l->b, X64_vmovups, address(l, o, 0), t);
	if (o->flags & IR_Q)
		x64_mv(&l->b, X64_vmovups, address(l, o, 16), u);
}

/* ---- one element ---- */

static const lo_by_size insert = { X64_vpinsrb, X64_vpinsrw, X64_vpinsrd, X64_vpinsrq };
static const lo_by_size extract = { X64_vpextrb, X64_vpextrw, X64_vpextrd, X64_vpextrq };
static const lo_by_size repeat = { X64_vpbroadcastb, X64_vpbroadcastw, X64_vpbroadcastd, X64_vpbroadcastq };

static void
load_lane(struct lo *l, const struct ir_op *o)
{
	enum x64_vec d, to;

	if (o->imm & IR_VLS_ALL) {
		to = o->flags & IR_Q ? lo_vd(l, o->d) : lo_vtmp(l);
		x64_vm(&l->b, repeat[o->size], to, address(l, o, 0));
		lo_vend(l, o, to);
		return;
	}
	d = lo_v(l, o->d);
	x64_vvmi(&l->b, insert[o->size], d, d, address(l, o, 0), o->imm & 15);
	lo_vput(l, o->d, d, LO_WHOLE);
}

/* ---- */

static unsigned
bytes(const struct ir_op *o)
{
	return o->imm ? (unsigned)o->cond << o->size : o->cond * (o->flags & IR_Q ? 16u : 8u);
}

void
lo_VLDS(struct lo *l, const struct ir_op *o)
{
	if (o->imm && o->cond == 1)
		load_lane(l, o);
	else if (!o->imm && o->shift == 1)
		load_registers(l, o);
	else if (!o->imm && o->shift == 2)
		load_pairs(l, o);
	else {
		lo_call(l, o);
		return;
	}
	write_back(l, o, bytes(o));
}

void
lo_VSTS(struct lo *l, const struct ir_op *o)
{
	if (o->imm && o->cond == 1)
		x64_mvi(&l->b, extract[o->size], address(l, o, 0), lo_v(l, o->d), o->imm & 15);
	else if (!o->imm && o->shift == 1)
		store_registers(l, o);
	else if (!o->imm && o->shift == 2)
		store_pairs(l, o);
	else {
		lo_call(l, o);
		return;
	}
	write_back(l, o, bytes(o));
}
