/* Lowering of Advanced SIMD: logic, arithmetic on elements of one size. */
#include "dbt/x64/lower_simd.h"

const lo_by_size lo_vadd_insn = { X64_vpaddb, X64_vpaddw, X64_vpaddd, X64_vpaddq };
const lo_by_size lo_vsub_insn = { X64_vpsubb, X64_vpsubw, X64_vpsubd, X64_vpsubq };
const lo_by_size lo_vmaxs_insn = { X64_vpmaxsb, X64_vpmaxsw, X64_vpmaxsd };
const lo_by_size lo_vmaxu_insn = { X64_vpmaxub, X64_vpmaxuw, X64_vpmaxud };
const lo_by_size lo_vmins_insn = { X64_vpminsb, X64_vpminsw, X64_vpminsd };
const lo_by_size lo_vminu_insn = { X64_vpminub, X64_vpminuw, X64_vpminud };

/* ---- operands ---- */

void
lo_vrepeat(struct lo *l, enum x64_vec to, enum x64_vec s, unsigned size, unsigned k)
{
	static const lo_by_size broadcast = { X64_vpbroadcastb, X64_vpbroadcastw, X64_vpbroadcastd, X64_vpbroadcastq };

	if (k == 0) {
		x64_vv(&l->b, broadcast[size], to, s);
	} else if (size >= 2) {
		x64_vvi(&l->b, X64_vpshufd, to, s, (uint8_t)(size == 3 ? 0xee : 0x55 * k));
	} else {
		x64_vvi(&l->b, X64_vpsrldq, to, s, (uint8_t)(k << size));
		x64_vv(&l->b, broadcast[size], to, to);
	}
}

enum x64_vec
lo_vb(struct lo *l, const struct ir_op *o)
{
	enum x64_vec b = lo_v(l, o->b), t;

	if (!o->shift)
		return b;
	t = lo_vover(l, b);
	lo_vrepeat(l, t, b, o->size, o->shift - 1u);
	return t;
}

void
lo_vop(struct lo *l, x64_op insn, enum x64_vec to, enum x64_vec n, unsigned v)
{
	if (l->vhome[v] == LO_SLOT)
		x64_vvm(&l->b, insn, to, n, lo_vslot(v));
	else
		x64_vvv(&l->b, insn, to, n, l->vhome[v]);
}

void
lo_vop_const(struct lo *l, x64_op insn, enum x64_vec to, enum x64_vec n, uint64_t both)
{
	x64_vvm(&l->b, insn, to, n, lo_vconst(l, both, both));
}

uint64_t
lo_each(unsigned size, uint64_t v)
{
	static const uint64_t ones[4] = { 0x0101010101010101, 0x0001000100010001, 0x0000000100000001, 1 };

	return ones[size] * v;
}

/* One host instruction; zero with zero makes zero. */
static void
two(struct lo *l, const struct ir_op *o, x64_op insn, unsigned first, unsigned second)
{
	enum x64_vec a = lo_v(l, first), to;

	if (!(o->flags & IR_Q) && lo_v_clean(l, o)) {
		to = lo_vto_zero(l, o, a);
		lo_vop(l, insn, to, a, second);
		lo_vend_zero(l, o, to);
		return;
	}
	to = lo_vto(l, o, a);
	lo_vop(l, insn, to, a, second);
	lo_vend(l, o, to);
}

/* ---- logic ---- */

void
lo_VAND(struct lo *l, const struct ir_op *o)
{
	two(l, o, X64_vpand, o->a, o->b);
}

void
lo_VORR(struct lo *l, const struct ir_op *o)
{
	if (o->a == o->b && o->flags & IR_Q)
		lo_vput(l, o->d, lo_v(l, o->a), LO_WHOLE);
	else
		two(l, o, X64_vpor, o->a, o->b);
}

void
lo_VEOR(struct lo *l, const struct ir_op *o)
{
	two(l, o, X64_vpxor, o->a, o->b);
}

void
lo_VBIC(struct lo *l, const struct ir_op *o)
{
	two(l, o, X64_vpandn, o->b, o->a);
}

/* The truth tables of vpternlog: bit 4 * d + 2 * second + third. */
enum { NOT_THIRD = 0x55, FIRST_CHOOSES = 0xca, SECOND_CHOOSES_THIRD = 0xb8, SECOND_CHOOSES_FIRST = 0xe2 };

static void
invert(struct lo *l, enum x64_vec to, enum x64_vec a)
{
	if (l->v4)
		x64_vvvi(&l->b, X64_vpternlogd, to, a, a, NOT_THIRD);
	else
		lo_vop_const(l, X64_vpxor, to, a, ~0ull);
}

void
lo_VNOT(struct lo *l, const struct ir_op *o)
{
	enum x64_vec a = lo_v(l, o->a), to = lo_vto(l, o, a);

	invert(l, to, a);
	lo_vend(l, o, to);
}

void
lo_VORN(struct lo *l, const struct ir_op *o)
{
	enum x64_vec a = lo_v(l, o->a), b = lo_v(l, o->b), t = lo_vover(l, b), to = lo_vto(l, o, t);

	invert(l, t, b);
	x64_vvv(&l->b, X64_vpor, to, a, t);
	lo_vend(l, o, to);
}

/* d is always one of the three: vpternlog chooses in place, by its first operand, its second (a) or its third. */
static void
select_v4(struct lo *l, const struct ir_op *o)
{
	enum x64_vec a = lo_v(l, o->a), b = lo_v(l, o->b), c = lo_v(l, o->c), d = lo_v(l, o->d), to = d;

	if (!(o->flags & IR_Q)) {
		to = lo_vover(l, d);
		if (to != d)
			x64_vv(&l->b, X64_vmovdqa, to, d);
	}
	if (o->d == o->a)
		x64_vvvi(&l->b, X64_vpternlogd, to, b, c, FIRST_CHOOSES);
	else if (o->d == o->c)
		x64_vvvi(&l->b, X64_vpternlogd, to, a, b, SECOND_CHOOSES_THIRD);
	else
		x64_vvvi(&l->b, X64_vpternlogd, to, a, c, SECOND_CHOOSES_FIRST);
	lo_vend(l, o, to);
}

void
lo_VSEL(struct lo *l, const struct ir_op *o)
{
	/* every slot is loaded, d twice: more than one can be too many */
	unsigned slots = (l->vhome[o->a] == LO_SLOT) + (l->vhome[o->b] == LO_SLOT) + (l->vhome[o->c] == LO_SLOT);
	enum x64_vec c, t, to;

	if (l->v4 && slots <= 1) {
		select_v4(l, o);
		return;
	}
	c = lo_v(l, o->c);
	t = lo_vtmp(l);
	lo_vop(l, X64_vpxor, t, c, o->b);
	lo_vop(l, X64_vpand, t, t, o->a);
	to = lo_vto(l, o, t);
	x64_vvv(&l->b, X64_vpxor, to, t, c);
	lo_vend(l, o, to);
}

static void
with_immediate(struct lo *l, const struct ir_op *o, x64_op insn, uint64_t v)
{
	enum x64_vec d = lo_v(l, o->d), to = lo_vto(l, o, d);

	lo_vop_const(l, insn, to, d, v);
	lo_vend(l, o, to);
}

void
lo_VORRI(struct lo *l, const struct ir_op *o)
{
	with_immediate(l, o, X64_vpor, o->imm);
}

void
lo_VBICI(struct lo *l, const struct ir_op *o)
{
	with_immediate(l, o, X64_vpand, ~o->imm);
}

/* ---- sums, differences ---- */

void
lo_VADD(struct lo *l, const struct ir_op *o)
{
	two(l, o, lo_vadd_insn[o->size], o->a, o->b);
}

void
lo_VSUB(struct lo *l, const struct ir_op *o)
{
	two(l, o, lo_vsub_insn[o->size], o->a, o->b);
}

void
lo_VMAX(struct lo *l, const struct ir_op *o)
{
	two(l, o, (o->flags & IR_SIGN ? lo_vmaxs_insn : lo_vmaxu_insn)[o->size], o->a, o->b);
}

void
lo_VMIN(struct lo *l, const struct ir_op *o)
{
	two(l, o, (o->flags & IR_SIGN ? lo_vmins_insn : lo_vminu_insn)[o->size], o->a, o->b);
}

void
lo_VNEG(struct lo *l, const struct ir_op *o)
{
	enum x64_vec t = lo_vtmp(l), to = lo_vto(l, o, t);

	x64_vvv(&l->b, X64_vpxor, t, t, t);
	lo_vop(l, lo_vsub_insn[o->size], to, t, o->a);
	lo_vend(l, o, to);
}

void
lo_VABS(struct lo *l, const struct ir_op *o)
{
	static const lo_by_size insn = { X64_vpabsb, X64_vpabsw, X64_vpabsd, X64_vpabsq };
	enum x64_vec a = lo_v(l, o->a), to, t;

	if (o->size < 3 || l->v4) {
		to = lo_vto(l, o, a);
		x64_vv(&l->b, insn[o->size], to, a);
	} else {
		t = lo_vtmp(l);
		x64_vvv(&l->b, X64_vpxor, t, t, t);
		x64_vvv(&l->b, X64_vpsubq, t, t, a);
		to = lo_vto(l, o, a);
		x64_vvvv(&l->b, X64_vblendvpd, to, a, t, a);
	}
	lo_vend(l, o, to);
}

/* The greater of a and b, and the smaller. */
static void
ordered(struct lo *l, const struct ir_op *o, enum x64_vec *ret_more, enum x64_vec *ret_less)
{
	bool s = o->flags & IR_SIGN;
	enum x64_vec a = lo_v(l, o->a);

	*ret_more = lo_vtmp(l);
	*ret_less = lo_vover(l, a);
	lo_vop(l, (s ? lo_vmaxs_insn : lo_vmaxu_insn)[o->size], *ret_more, a, o->b);
	lo_vop(l, (s ? lo_vmins_insn : lo_vminu_insn)[o->size], *ret_less, a, o->b);
}

void
lo_VABD(struct lo *l, const struct ir_op *o)
{
	enum x64_vec t, u, to;

	ordered(l, o, &t, &u);
	to = lo_vto(l, o, t);
	x64_vvv(&l->b, lo_vsub_insn[o->size], to, t, u);
	lo_vend(l, o, to);
}

void
lo_VABA(struct lo *l, const struct ir_op *o)
{
	enum x64_vec t, u, to;

	ordered(l, o, &t, &u);
	x64_vvv(&l->b, lo_vsub_insn[o->size], t, t, u);
	to = lo_vto(l, o, t);
	lo_vop(l, lo_vadd_insn[o->size], to, t, o->d);
	lo_vend(l, o, to);
}

/* (a & b) + ((a ^ b) >> 1), or (a | b) - ((a ^ b) >> 1) when rounded up; vpavg is the latter. */
static void
halved(struct lo *l, const struct ir_op *o, bool up)
{
	enum x64_vec a = lo_v(l, o->a), t = lo_vtmp(l), u, to;

	if (up && !(o->flags & IR_SIGN) && o->size < 2) {
		to = lo_vto(l, o, a);
		lo_vop(l, o->size ? X64_vpavgw : X64_vpavgb, to, a, o->b);
		lo_vend(l, o, to);
		return;
	}
	lo_vop(l, X64_vpxor, t, a, o->b);
	lo_vshr(l, o->size, o->flags, t, t, 1);
	u = lo_vover(l, a);
	lo_vop(l, up ? X64_vpor : X64_vpand, u, a, o->b);
	to = lo_vto(l, o, t);
	x64_vvv(&l->b, (up ? lo_vsub_insn : lo_vadd_insn)[o->size], to, u, t);
	lo_vend(l, o, to);
}

void
lo_VHADD(struct lo *l, const struct ir_op *o)
{
	halved(l, o, false);
}

void
lo_VRHADD(struct lo *l, const struct ir_op *o)
{
	halved(l, o, true);
}

/* ---- products ---- */

/* Bytes: those with even numbers by words; the others as upper halves of words. */
static void
multiply_bytes(struct lo *l, enum x64_vec to, enum x64_vec a, enum x64_vec b)
{
	enum x64_vec t = lo_vtmp(l), u = lo_vtmp(l);

	x64_vvi(&l->b, X64_vpsrlw_i, t, a, 8);
	lo_vop_const(l, X64_vpand, u, b, 0xff00ff00ff00ff00);
	x64_vvv(&l->b, X64_vpmullw, t, t, u);
	x64_vvv(&l->b, X64_vpmullw, u, a, b);
	lo_vop_const(l, X64_vpand, u, u, 0x00ff00ff00ff00ff);
	x64_vvv(&l->b, X64_vpor, to, t, u);
	lo_vfree(l, t);
	lo_vfree(l, u);
}

void
lo_vmul(struct lo *l, unsigned size, enum x64_vec to, enum x64_vec a, enum x64_vec b)
{
	if (size == 0)
		multiply_bytes(l, to, a, b);
	else
		x64_vvv(&l->b, size == 1 ? X64_vpmullw : X64_vpmulld, to, a, b);
}

void
lo_VMUL(struct lo *l, const struct ir_op *o)
{
	enum x64_vec a = lo_v(l, o->a), b = lo_vb(l, o), to = lo_vto(l, o, b);

	lo_vmul(l, o->size, to, a, b);
	lo_vend(l, o, to);
}

static void
multiply_add(struct lo *l, const struct ir_op *o, bool subtract)
{
	enum x64_vec a = lo_v(l, o->a), b = lo_vb(l, o), t = lo_vover(l, b), d, to;

	lo_vmul(l, o->size, t, a, b);
	if (lo_v_is_scratch(l, a))
		lo_vfree(l, a);
	if (!subtract) {
		to = lo_vto(l, o, t);
		lo_vop(l, lo_vadd_insn[o->size], to, t, o->d);
	} else {
		d = lo_v(l, o->d);
		to = lo_vto(l, o, d);
		x64_vvv(&l->b, lo_vsub_insn[o->size], to, d, t);
	}
	lo_vend(l, o, to);
}

void
lo_VMLA(struct lo *l, const struct ir_op *o)
{
	multiply_add(l, o, false);
}

void
lo_VMLS(struct lo *l, const struct ir_op *o)
{
	multiply_add(l, o, true);
}
