/*
 * Acquire, release, barriers, exclusives, atomics.  x86's order is stronger than Arm's but for a store followed by a load:
 * store-release is an exchange, full barriers a locked instruction, the rest plain.
 */
#include "dbt/x64/lower_int.h"

static const x64_op width[4] = { X64_8, X64_16, X64_32, X64_64 };

void
lo_LDAR(struct lo *l, const struct ir_op *o)
{
	lo_LD(l, o);
}

void
lo_STLR(struct lo *l, const struct ir_op *o)
{
	struct x64_mem m = lo_addr(l, o, 0);

	lo_copy(l, X64_RAX, o->d, true);
	x64_mr(&l->b, X64_xchg | width[o->size], m, X64_RAX);
}

/* xchg leaves EFLAGS alone */
void
lo_DMB(struct lo *l, const struct ir_op *o)
{
	if (o->cond == 0)
		x64_mr(&l->b, X64_xchg, x64_at(X64_RBP, DBT_OFF(barrier)), X64_RAX);
}

void
lo_ISB(struct lo *l, const struct ir_op *o)
{
	lo_goto(l, o->imm);
}

/* ---- exclusives, by value ---- */

static struct x64_mem
monitor(int32_t field)
{
	return x64_at(X64_RBP, DBT_OFF(cpu.monitor) + field);
}

enum {
	AT_ADDR = offsetof(struct a64_monitor, addr),
	AT_VALUE = offsetof(struct a64_monitor, value),
	AT_SIZE = offsetof(struct a64_monitor, size),
};

void
lo_CLREX(struct lo *l, const struct ir_op *o)
{
	x64_mi(&l->b, X64_mov, monitor(AT_SIZE), 0);
}

void
lo_LDXR(struct lo *l, const struct ir_op *o)
{
	static const x64_op loads[4] = { X64_movzx_b, X64_movzx_w, X64_mov, X64_mov | X64_64 };
	enum x64_gpr base = lo_get(l, o->a, X64_RCX);

	x64_rm(&l->b, loads[o->size], X64_RAX, x64_at(base, 0));
	x64_mr(&l->b, X64_mov | X64_64, monitor(AT_ADDR), base);
	x64_mr(&l->b, X64_mov | X64_64, monitor(AT_VALUE), X64_RAX);
	x64_mi(&l->b, X64_mov, monitor(AT_SIZE), 1 << o->size);
	lo_put(l, o->d, X64_RAX);
}

/* A register that holds r: its home, or rdx, borrowed.  rcx has the base, rax what is expected. */
static enum x64_gpr
third(struct lo *l, unsigned r, uint32_t *ret_fix, bool *ret_borrowed)
{
	*ret_borrowed = lo_home[r] == LO_SLOT;
	if (!*ret_borrowed)
		return lo_home[r];
	*ret_fix = lo_borrow(l, X64_RDX);
	lo_copy(l, X64_RDX, r, true);
	return X64_RDX;
}

void
lo_STXR(struct lo *l, const struct ir_op *o)
{
	struct x64_label fail = { 0 }, done = { 0 };
	uint32_t fix = 0, forward;
	bool borrowed;

	lo_clobber(l);
	lo_copy(l, X64_RCX, o->a, true);
	enum x64_gpr value = third(l, o->b, &fix, &borrowed);

	x64_mr(&l->b, X64_cmp | X64_64, monitor(AT_ADDR), X64_RCX);
	x64_jcc(&l->b, X64_CC_NE, &fail);
	x64_mi(&l->b, X64_cmp, monitor(AT_SIZE), 1 << o->size);
	x64_jcc(&l->b, X64_CC_NE, &fail);
	x64_rm(&l->b, X64_mov | X64_64, X64_RAX, monitor(AT_VALUE));
	forward = lo_fix(l, LO_FIX_FORWARD, 0);
	x64_mr(&l->b, X64_cmpxchg | width[o->size] | X64_LOCK, x64_at(X64_RCX, 0), value);
	x64_r(&l->b, X64_SET(X64_CC_NE), X64_RAX);
	x64_rr(&l->b, X64_movzx_b, X64_RAX, X64_RAX);
	x64_jmp(&l->b, &done);
	x64_bind(&l->b, &fail);
	lo_const(l, X64_RAX, 1);
	x64_bind(&l->b, &done);
	x64_mi(&l->b, X64_mov, monitor(AT_SIZE), 0);
	if (borrowed)
		lo_return(l, X64_RDX, fix);
	lo_put(l, o->d, X64_RAX);
	lo_fix_end(l, forward);
}

void
lo_LDXP(struct lo *l, const struct ir_op *o)
{
	lo_call(l, o);
}

void
lo_STXP(struct lo *l, const struct ir_op *o)
{
	lo_call(l, o);
}

/* ---- atomics ---- */

/* What memory held, in rax, becomes d. */
static void
finish(struct lo *l, const struct ir_op *o, uint32_t forward)
{
	if (o->size == 0)
		x64_rr(&l->b, X64_movzx_b, X64_RAX, X64_RAX);
	else if (o->size == 1)
		x64_rr(&l->b, X64_movzx_w, X64_RAX, X64_RAX);
	else if (o->size == 2)
		x64_rr(&l->b, X64_mov, X64_RAX, X64_RAX);
	lo_put(l, o->d, X64_RAX);
	lo_fix_end(l, forward);
}

void
lo_CAS(struct lo *l, const struct ir_op *o)
{
	uint32_t fix = 0, forward;
	bool borrowed;

	lo_clobber(l);
	lo_copy(l, X64_RCX, o->a, true);
	lo_copy(l, X64_RAX, o->d, true);
	enum x64_gpr value = third(l, o->b, &fix, &borrowed);

	forward = lo_fix(l, LO_FIX_FORWARD, 0);
	x64_mr(&l->b, X64_cmpxchg | width[o->size] | X64_LOCK, x64_at(X64_RCX, 0), value);
	if (borrowed)
		lo_return(l, X64_RDX, fix);
	finish(l, o, forward);
}

void
lo_CASP(struct lo *l, const struct ir_op *o)
{
	lo_call(l, o);
}

void
lo_SWP(struct lo *l, const struct ir_op *o)
{
	enum x64_gpr base = lo_get(l, o->a, X64_RCX);

	lo_copy(l, X64_RAX, o->b, true);
	uint32_t forward = lo_fix(l, LO_FIX_FORWARD, 0);

	x64_mr(&l->b, X64_xchg | width[o->size], x64_at(base, 0), X64_RAX);
	finish(l, o, forward);
}

void
lo_LDADD(struct lo *l, const struct ir_op *o)
{
	lo_clobber(l);
	enum x64_gpr base = lo_get(l, o->a, X64_RCX);

	if (o->d == IR_ZR) {
		x64_mr(&l->b, X64_add | width[o->size] | X64_LOCK, x64_at(base, 0), lo_get(l, o->b, X64_RAX));
		return;
	}
	lo_copy(l, X64_RAX, o->b, true);
	uint32_t forward = lo_fix(l, LO_FIX_FORWARD, 0);

	x64_mr(&l->b, X64_xadd | width[o->size] | X64_LOCK, x64_at(base, 0), X64_RAX);
	finish(l, o, forward);
}

/* rdx = what is stored for rax */
static void
combine(struct lo *l, const struct ir_op *o, x64_op op, bool not)
{
	if (not) {
		if (lo_home[o->b] == X64_RDX || o->b == IR_ZR || lo_home[o->b] == LO_SLOT) {
			if (o->b == IR_ZR)
				lo_const(l, X64_RDX, 0);
			else
				x64_rm(&l->b, X64_mov | X64_64, X64_RDX, lo_slot(o->b));
		} else {
			x64_rr(&l->b, X64_mov | X64_64, X64_RDX, lo_home[o->b]);
		}
		x64_r(&l->b, X64_not | X64_64, X64_RDX);
		x64_rr(&l->b, X64_and | X64_64, X64_RDX, X64_RAX);
		return;
	}
	x64_rr(&l->b, X64_mov | X64_64, X64_RDX, X64_RAX);
	if (o->b == IR_ZR)
		x64_ri(&l->b, op | X64_64, X64_RDX, 0);
	else if (lo_home[o->b] == X64_RDX || lo_home[o->b] == LO_SLOT)
		x64_rm(&l->b, op | X64_64, X64_RDX, lo_slot(o->b));
	else
		x64_rr(&l->b, op | X64_64, X64_RDX, lo_home[o->b]);
}

static void
logic(struct lo *l, const struct ir_op *o, x64_op op, bool not)
{
	static const x64_op loads[4] = { X64_movzx_b, X64_movzx_w, X64_mov, X64_mov | X64_64 };
	struct x64_label again = { 0 };

	lo_clobber(l);
	lo_copy(l, X64_RCX, o->a, true);
	if (o->d == IR_ZR) {
		lo_copy(l, X64_RAX, o->b, true);
		if (not)
			x64_r(&l->b, X64_not | X64_64, X64_RAX);
		uint32_t once = lo_fix(l, LO_FIX_FORWARD, 0); /* eor twice is no eor */

		x64_mr(&l->b, op | width[o->size] | X64_LOCK, x64_at(X64_RCX, 0), X64_RAX);
		lo_fix_end(l, once);
		return;
	}
	x64_rm(&l->b, loads[o->size], X64_RAX, x64_at(X64_RCX, 0));
	uint32_t fix = lo_borrow(l, X64_RDX);

	x64_bind(&l->b, &again);
	combine(l, o, op, not);
	uint32_t forward = lo_fix(l, LO_FIX_FORWARD, 0);

	x64_mr(&l->b, X64_cmpxchg | width[o->size] | X64_LOCK, x64_at(X64_RCX, 0), X64_RDX);
	x64_jcc(&l->b, X64_CC_NE, &again);
	lo_return(l, X64_RDX, fix);
	finish(l, o, forward);
}

void
lo_LDCLR(struct lo *l, const struct ir_op *o)
{
	logic(l, o, X64_and, true);
}

void
lo_LDEOR(struct lo *l, const struct ir_op *o)
{
	logic(l, o, X64_xor, false);
}

void
lo_LDSET(struct lo *l, const struct ir_op *o)
{
	logic(l, o, X64_or, false);
}

void
lo_LDMAX(struct lo *l, const struct ir_op *o)
{
	lo_call(l, o);
}

void
lo_LDMIN(struct lo *l, const struct ir_op *o)
{
	lo_call(l, o);
}
