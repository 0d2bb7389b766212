/*
 * The meaning of integer operations (Arm ARM C6, J1.3.3 "shared/functions": AddWithCarry, ExtendReg, ShiftReg,
 * ConditionHolds).
 */
#include "dbt/interp.h"

typedef __int128 s128;
typedef unsigned __int128 u128;

static unsigned
bits_of(const struct ir_op *o)
{
	return o->size == 3 ? 64 : 32;
}

static uint64_t
cut(uint64_t v, unsigned bits)
{
	return bits == 64 ? v : v & ((1ull << bits) - 1);
}

static int64_t
sign(uint64_t v, unsigned bits)
{
	return (int64_t)(v << (64 - bits)) >> (64 - bits);
}

static uint64_t
shifted(uint64_t v, unsigned kind, unsigned by, unsigned bits)
{
	v = cut(v, bits);
	switch (kind) {
	case IR_LSL:
		return cut(v << by, bits);
	case IR_LSR:
		return v >> by;
	case IR_ASR:
		return cut((uint64_t)(sign(v, bits) >> by), bits);
	default: /* ROR */
		return by == 0 ? v : cut(v >> by | v << (bits - by), bits);
	}
}

uint64_t
reg_operand(const struct cpu_a64 *c, const struct ir_op *o)
{
	unsigned bits = bits_of(o);

	if (o->b == IR_NONE)
		return cut(o->imm, bits);
	uint64_t v = reg_get(c, o->b);

	if (o->ext >= IR_LSL)
		return shifted(v, o->ext, o->shift, bits);
	unsigned from = 8u << (o->ext & 3);

	v = o->ext >= IR_SXTB ? (uint64_t)sign(v, from) : cut(v, from);
	return cut(v << o->shift, bits);
}

bool
nzcv_holds(const struct cpu_a64 *c, unsigned cond)
{
	bool n = c->flags & A64_FLAG_N, z = c->flags & A64_FLAG_Z, k = c->flags & A64_FLAG_C, v = c->flags & A64_FLAG_V, r;

	switch (cond >> 1) {
	case 0:
		r = z;
		break;
	case 1:
		r = k;
		break;
	case 2:
		r = n;
		break;
	case 3:
		r = v;
		break;
	case 4:
		r = k && !z;
		break;
	case 5:
		r = n == v;
		break;
	case 6:
		r = n == v && !z;
		break;
	default:
		return true;
	}
	return cond & 1 ? !r : r;
}

/* AddWithCarry(): the sum, and NZCV if asked. */
static uint64_t
add_with_carry(struct cpu_a64 *c, const struct ir_op *o, uint64_t a, uint64_t b, unsigned carry)
{
	unsigned bits = bits_of(o);

	a = cut(a, bits);
	b = cut(b, bits);
	u128 usum = (u128)a + b + carry;
	s128 ssum = (s128)sign(a, bits) + sign(b, bits) + carry;
	uint64_t r = cut((uint64_t)usum, bits);

	if (o->flags & IR_S)
		c->flags = (r >> (bits - 1) ? A64_FLAG_N : 0) | (r == 0 ? A64_FLAG_Z : 0) | (usum != r ? A64_FLAG_C : 0) |
			   (ssum != sign(r, bits) ? A64_FLAG_V : 0);
	return r;
}

static void
logic_flags(struct cpu_a64 *c, const struct ir_op *o, uint64_t r)
{
	if (o->flags & IR_S)
		c->flags = (r >> (bits_of(o) - 1) & 1 ? A64_FLAG_N : 0) | (cut(r, bits_of(o)) == 0 ? A64_FLAG_Z : 0);
}

#define DO(name) void ir_do_##name(struct cpu_a64 *c, const struct ir_op *o)

/* Moves */
DO(MOVI)
{
	reg_set(c, o->d, o->imm);
}

DO(ADR)
{
	reg_set(c, o->d, o->imm);
}

DO(MOVK)
{
	uint64_t keep = reg_get(c, o->a) & ~(0xffffull << o->shift);

	reg_put(c, o, keep | o->imm << o->shift);
}

DO(MOV)
{
	reg_put(c, o, reg_operand(c, o));
}

/* Addition and subtraction */
DO(ADD)
{
	reg_put(c, o, add_with_carry(c, o, reg_get(c, o->a), reg_operand(c, o), 0));
}

DO(SUB)
{
	reg_put(c, o, add_with_carry(c, o, reg_get(c, o->a), ~reg_operand(c, o), 1));
}

DO(ADC)
{
	reg_put(c, o, add_with_carry(c, o, reg_get(c, o->a), reg_get(c, o->b), (c->flags & A64_FLAG_C) != 0));
}

DO(SBC)
{
	reg_put(c, o, add_with_carry(c, o, reg_get(c, o->a), ~reg_get(c, o->b), (c->flags & A64_FLAG_C) != 0));
}

/* Logic */
static void
logic(struct cpu_a64 *c, const struct ir_op *o, uint64_t r)
{
	logic_flags(c, o, r);
	reg_put(c, o, r);
}

DO(AND)
{
	logic(c, o, reg_get(c, o->a) & reg_operand(c, o));
}

DO(ORR)
{
	logic(c, o, reg_get(c, o->a) | reg_operand(c, o));
}

DO(EOR)
{
	logic(c, o, reg_get(c, o->a) ^ reg_operand(c, o));
}

DO(BIC)
{
	logic(c, o, reg_get(c, o->a) & ~reg_operand(c, o));
}

DO(ORN)
{
	logic(c, o, reg_get(c, o->a) | ~reg_operand(c, o));
}

DO(EON)
{
	logic(c, o, reg_get(c, o->a) ^ ~reg_operand(c, o));
}

/* Shifts by a register */
static void
shift_by(struct cpu_a64 *c, const struct ir_op *o, unsigned kind)
{
	unsigned bits = bits_of(o);

	reg_put(c, o, shifted(reg_get(c, o->a), kind, reg_get(c, o->b) & (bits - 1), bits));
}

DO(LSLV)
{
	shift_by(c, o, IR_LSL);
}

DO(LSRV)
{
	shift_by(c, o, IR_LSR);
}

DO(ASRV)
{
	shift_by(c, o, IR_ASR);
}

DO(RORV)
{
	shift_by(c, o, IR_ROR);
}

/* Bit fields: `width` bits of a at `from` go to `to` */
struct field {
	unsigned from, to, width;
};

static struct field
field_of(const struct ir_op *o)
{
	unsigned immr = o->imm & 0xff, imms = o->imm >> 8 & 0xff;

	if (imms >= immr)
		return (struct field){ immr, 0, imms - immr + 1 };
	return (struct field){ 0, bits_of(o) - immr, imms + 1 };
}

DO(UBFM)
{
	struct field f = field_of(o);

	reg_put(c, o, cut(reg_get(c, o->a) >> f.from, f.width) << f.to);
}

DO(SBFM)
{
	struct field f = field_of(o);

	reg_put(c, o, (uint64_t)sign(reg_get(c, o->a) >> f.from, f.width) << f.to);
}

DO(BFM)
{
	struct field f = field_of(o);
	uint64_t mask = cut(~0ull, f.width) << f.to;

	reg_put(c, o, (reg_get(c, o->d) & ~mask) | ((reg_get(c, o->a) >> f.from << f.to) & mask));
}

DO(EXTR)
{
	unsigned bits = bits_of(o);
	u128 both = (u128)cut(reg_get(c, o->a), bits) << bits | cut(reg_get(c, o->b), bits);

	reg_put(c, o, (uint64_t)(both >> o->imm));
}

/* Selection and comparison */
static void
choose(struct cpu_a64 *c, const struct ir_op *o, uint64_t other)
{
	reg_put(c, o, nzcv_holds(c, o->cond) ? reg_get(c, o->a) : other);
}

DO(CSEL)
{
	choose(c, o, reg_get(c, o->b));
}

DO(CSINC)
{
	choose(c, o, reg_get(c, o->b) + 1);
}

DO(CSINV)
{
	choose(c, o, ~reg_get(c, o->b));
}

DO(CSNEG)
{
	choose(c, o, -reg_get(c, o->b));
}

static void
compare(struct cpu_a64 *c, const struct ir_op *o, bool negative)
{
	uint64_t b = reg_operand(c, &(struct ir_op){ .b = o->b, .imm = o->imm, .ext = IR_LSL, .size = o->size });

	if (!(o->flags & IR_S))
		return;
	if (nzcv_holds(c, o->cond))
		add_with_carry(c, o, reg_get(c, o->a), negative ? b : ~b, !negative);
	else
		a64_set_nzcv(c, (uint32_t)o->shift << 28);
}

DO(CCMP)
{
	compare(c, o, false);
}

DO(CCMN)
{
	compare(c, o, true);
}
