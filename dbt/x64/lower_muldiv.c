/* Multiplication, division, minimum and maximum, checksums. */
#include "dbt/x64/lower_int.h"

/* rax = a * b */
static void
product(struct lo *l, const struct ir_op *o)
{
	x64_op width = lo_width(o);

	if (o->a == IR_ZR || o->b == IR_ZR) {
		lo_const(l, X64_RAX, 0);
		return;
	}
	lo_copy(l, X64_RAX, o->a, o->size == 3);
	lo_op_r(l, X64_imul | width, X64_RAX, o->b);
}

void
lo_MADD(struct lo *l, const struct ir_op *o)
{
	enum x64_gpr to = lo_dst(l, o->d, X64_RAX);

	if (o->d == IR_ZR)
		return;
	lo_clobber(l);
	if (o->c == IR_ZR && lo_home[o->d] != LO_SLOT && o->d == o->a && o->b != IR_ZR) { /* MUL in place */
		lo_op_r(l, X64_imul | lo_width(o), to, o->b);
		return;
	}
	product(l, o);
	if (o->c == IR_ZR) {
		if (o->size == 2 && lo_home[o->d] != LO_SLOT)
			x64_rr(&l->b, X64_mov, to, X64_RAX);
		else
			lo_put(l, o->d, X64_RAX);
		return;
	}
	if (lo_home[o->c] == LO_SLOT) {
		x64_rm(&l->b, X64_add | lo_width(o), X64_RAX, lo_slot(o->c));
		lo_put(l, o->d, X64_RAX);
		return;
	}
	x64_rm(&l->b, X64_lea | lo_width(o), to, x64_at_index(lo_home[o->c], X64_RAX, 0, 0));
	lo_put(l, o->d, to);
}

static void
subtract_product(struct lo *l, const struct ir_op *o, x64_op width)
{
	if (o->c == IR_ZR) {
		x64_r(&l->b, X64_neg | width, X64_RAX);
		lo_put(l, o->d, X64_RAX);
		return;
	}
	if (o->d == o->c && lo_home[o->d] != LO_SLOT) {
		x64_rr(&l->b, X64_sub | width, lo_home[o->d], X64_RAX);
		return;
	}
	lo_copy(l, X64_RCX, o->c, width == X64_64);
	x64_rr(&l->b, X64_sub | width, X64_RCX, X64_RAX);
	lo_put(l, o->d, X64_RCX);
}

void
lo_MSUB(struct lo *l, const struct ir_op *o)
{
	if (o->d == IR_ZR)
		return;
	lo_clobber(l);
	product(l, o);
	subtract_product(l, o, lo_width(o));
}

/* rax = extended a * extended b */
static void
long_product(struct lo *l, const struct ir_op *o)
{
	const uint8_t from[2] = { o->a, o->b };
	const enum x64_gpr to[2] = { X64_RAX, X64_RCX };

	for (unsigned i = 0; i < 2; i++) {
		if (!(o->flags & IR_SIGN) || from[i] == IR_ZR)
			lo_copy(l, to[i], from[i], false);
		else if (lo_home[from[i]] == LO_SLOT)
			x64_rm(&l->b, X64_movsxd, to[i], lo_slot(from[i]));
		else
			x64_rr(&l->b, X64_movsxd, to[i], lo_home[from[i]]);
	}
	x64_rr(&l->b, X64_imul | X64_64, X64_RAX, X64_RCX);
}

void
lo_MADDL(struct lo *l, const struct ir_op *o)
{
	if (o->d == IR_ZR)
		return;
	lo_clobber(l);
	long_product(l, o);
	if (o->c != IR_ZR)
		lo_op_r(l, X64_add | X64_64, X64_RAX, o->c);
	lo_put(l, o->d, X64_RAX);
}

void
lo_MSUBL(struct lo *l, const struct ir_op *o)
{
	if (o->d == IR_ZR)
		return;
	lo_clobber(l);
	long_product(l, o);
	subtract_product(l, o, X64_64);
}

/* rdx:rax = rax * b; rdx is x6, which is in its slot meanwhile. */
void
lo_MULH(struct lo *l, const struct ir_op *o)
{
	if (o->d == IR_ZR)
		return;
	lo_clobber(l);
	lo_copy(l, X64_RAX, o->a, true);
	lo_copy(l, X64_RCX, o->b, true);
	uint32_t fix = lo_borrow(l, X64_RDX);

	x64_r(&l->b, (o->flags & IR_SIGN ? X64_imul_1 : X64_mul) | X64_64, X64_RCX);
	x64_rr(&l->b, X64_mov | X64_64, X64_RAX, X64_RDX);
	lo_return(l, X64_RDX, fix);
	lo_put(l, o->d, X64_RAX);
}

/* x / 0 is 0; the least number / -1 is itself.  A64 never traps. */
static void
divide(struct lo *l, const struct ir_op *o, bool is_signed)
{
	x64_op width = lo_width(o);
	struct x64_label zero = { 0 }, minus = { 0 }, done = { 0 };

	if (o->d == IR_ZR)
		return;
	lo_clobber(l);
	lo_copy(l, X64_RCX, o->b, o->size == 3);
	lo_copy(l, X64_RAX, o->a, o->size == 3);
	uint32_t fix = lo_borrow(l, X64_RDX);

	x64_rr(&l->b, X64_test | width, X64_RCX, X64_RCX);
	x64_jcc(&l->b, X64_CC_E, &zero);
	if (is_signed) {
		x64_ri(&l->b, X64_cmp | width, X64_RCX, -1);
		x64_jcc(&l->b, X64_CC_E, &minus);
		x64_0(&l->b, o->size == 3 ? X64_cqo : X64_cdq);
		x64_r(&l->b, X64_idiv | width, X64_RCX);
	} else {
		x64_rr(&l->b, X64_xor, X64_RDX, X64_RDX);
		x64_r(&l->b, X64_div | width, X64_RCX);
	}
	x64_jmp(&l->b, &done);
	if (is_signed) {
		x64_bind(&l->b, &minus);
		x64_r(&l->b, X64_neg | width, X64_RAX);
		x64_jmp(&l->b, &done);
	}
	x64_bind(&l->b, &zero);
	x64_rr(&l->b, X64_xor, X64_RAX, X64_RAX);
	x64_bind(&l->b, &done);
	lo_return(l, X64_RDX, fix);
	lo_put(l, o->d, X64_RAX);
}

void
lo_UDIV(struct lo *l, const struct ir_op *o)
{
	divide(l, o, false);
}

void
lo_SDIV(struct lo *l, const struct ir_op *o)
{
	divide(l, o, true);
}

static void
min_or_max(struct lo *l, const struct ir_op *o, enum x64_cc second)
{
	x64_op width = lo_width(o);

	if (o->d == IR_ZR)
		return;
	lo_clobber(l);
	lo_copy(l, X64_RAX, o->a, o->size == 3);
	lo_operand_to(l, o, X64_RCX);
	x64_rr(&l->b, X64_cmp | width, X64_RAX, X64_RCX);
	x64_rr(&l->b, X64_CMOV(second) | width, X64_RAX, X64_RCX);
	lo_put(l, o->d, X64_RAX);
}

void
lo_MAX(struct lo *l, const struct ir_op *o)
{
	min_or_max(l, o, o->flags & IR_SIGN ? X64_CC_L : X64_CC_B);
}

void
lo_MIN(struct lo *l, const struct ir_op *o)
{
	min_or_max(l, o, o->flags & IR_SIGN ? X64_CC_G : X64_CC_A);
}

/* CRC-32C is the host's instruction; the other polynomial is computed by the interpreter. */
void
lo_CRC32(struct lo *l, const struct ir_op *o)
{
	static const x64_op ops[4] = { X64_crc32_b, X64_crc32_w | X64_16, X64_crc32, X64_crc32 | X64_64 };

	if (o->cond != 1) {
		lo_call(l, o);
		return;
	}
	if (o->d == IR_ZR)
		return;
	lo_copy(l, X64_RAX, o->a, false);
	if (o->b == IR_ZR || lo_home[o->b] == LO_SLOT) {
		lo_copy(l, X64_RCX, o->b, true);
		x64_rr(&l->b, ops[o->size], X64_RAX, X64_RCX);
	} else {
		x64_rr(&l->b, ops[o->size], X64_RAX, lo_home[o->b]);
	}
	lo_put(l, o->d, X64_RAX);
}
