/* Registers, addresses and the frame of a block.  Flags: lower_nzcv.c; vectors: lower_vec.c. */
#include <string.h>

#include "dbt/x64/lower.h"

#define S LO_SLOT
const uint8_t lo_home[64] = {
	/* x0 */ X64_RDI, X64_RSI, X64_R8, X64_R9, X64_R10, X64_R11, X64_RDX, X64_R15,
	/* x8 */ S, S, S, S, S, S, S, S,
	/* x16 */ S, S, S, X64_RBX, X64_R12, X64_R13, S, S,
	/* x24 */ S, S, S, S, S, S, S, /* SP */ X64_R14,
	/* zero, temporaries, none */ S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S,
};
#undef S

static lo_fn *const table[IR_OPS] = {
#define IR(name, kind, attr) [IR_##name] = lo_##name,
#define IR_CALLED(name, kind, attr) [IR_##name] = lo_call,
#include "dbt/ir.def"
#undef IR
};

struct x64_mem
lo_slot(unsigned r)
{
	if (r >= IR_T0 && r <= IR_T3)
		return x64_at(X64_RBP, DBT_OFF(t) + 8 * (int32_t)(r - IR_T0));
	return x64_at(X64_RBP, DBT_OFF(cpu.x) + 8 * (int32_t)r);
}

void
lo_const(struct lo *l, enum x64_gpr to, uint64_t v)
{
	x64_mov_imm(&l->b, to, v);
}

enum x64_gpr
lo_get(struct lo *l, unsigned r, enum x64_gpr scratch)
{
	if (lo_home[r] != LO_SLOT)
		return lo_home[r];
	lo_copy(l, scratch, r, true);
	return scratch;
}

enum x64_gpr
lo_get32(struct lo *l, unsigned r, enum x64_gpr scratch)
{
	if (lo_home[r] != LO_SLOT)
		return lo_home[r];
	lo_copy(l, scratch, r, false);
	return scratch;
}

void
lo_copy(struct lo *l, enum x64_gpr to, unsigned r, bool x)
{
	x64_op width = x ? X64_64 : X64_32;

	if (r == IR_ZR)
		lo_const(l, to, 0);
	else if (lo_home[r] == LO_SLOT)
		x64_rm(&l->b, X64_mov | width, to, lo_slot(r));
	else if (lo_home[r] != to || !x)
		x64_rr(&l->b, X64_mov | width, to, lo_home[r]);
}

enum x64_gpr
lo_dst(struct lo *l, unsigned r, enum x64_gpr scratch)
{
	return lo_home[r] != LO_SLOT ? lo_home[r] : scratch;
}

void
lo_put(struct lo *l, unsigned r, enum x64_gpr host)
{
	if (r == IR_ZR)
		return;
	if (lo_home[r] == LO_SLOT)
		x64_mr(&l->b, X64_mov | X64_64, lo_slot(r), host);
	else if (lo_home[r] != host)
		x64_rr(&l->b, X64_mov | X64_64, lo_home[r], host);
}

void
lo_op_r(struct lo *l, x64_op op, enum x64_gpr reg, unsigned r)
{
	if (r == IR_ZR)
		x64_ri(&l->b, op, reg, 0);
	else if (lo_home[r] == LO_SLOT)
		x64_rm(&l->b, op, reg, lo_slot(r));
	else
		x64_rr(&l->b, op, reg, lo_home[r]);
}

/* ---- addresses ---- */

/* The index of an address, extended: its home, or rax. */
static enum x64_gpr
index_register(struct lo *l, const struct ir_op *o)
{
	if (o->ext == IR_SXTW) {
		if (lo_home[o->b] == LO_SLOT && o->b != IR_ZR)
			x64_rm(&l->b, X64_movsxd, X64_RAX, lo_slot(o->b));
		else if (o->b == IR_ZR)
			lo_const(l, X64_RAX, 0);
		else
			x64_rr(&l->b, X64_movsxd, X64_RAX, lo_home[o->b]);
		return X64_RAX;
	}
	if (o->ext == IR_UXTW) {
		lo_copy(l, X64_RAX, o->b, false);
		return X64_RAX;
	}
	return lo_get(l, o->b, X64_RAX);
}

/* Clear the address's top byte; flags stay. */
static struct x64_mem
masked(struct lo *l, struct x64_mem m)
{
	x64_rm(&l->b, X64_lea | X64_64, X64_RCX, m);
	lo_const(l, X64_RAX, 8);
	x64_rrr(&l->b, X64_shlx | X64_64, X64_RCX, X64_RCX, X64_RAX);
	x64_rrr(&l->b, X64_shrx | X64_64, X64_RCX, X64_RCX, X64_RAX);
	return x64_at(X64_RCX, 0);
}

static struct x64_mem
indexed(struct lo *l, const struct ir_op *o, enum x64_gpr base, int32_t disp)
{
	enum x64_gpr index = index_register(l, o);
	unsigned shift = o->shift;

	if (shift > 3) { /* 16-byte elements */
		x64_rm(&l->b, X64_lea | X64_64, X64_RAX, x64_at_index(X64_NO_REG, index, 1, 0));
		index = X64_RAX;
		shift = 3;
	}
	struct x64_mem m = x64_at_index(base, index, shift, disp);

	if (index == X64_RAX && (ir_info[o->op].attr & IR_STORE)) {
		x64_rm(&l->b, X64_lea | X64_64, X64_RCX, m);
		m = x64_at(X64_RCX, 0);
	}
	return m;
}

struct x64_mem
lo_addr(struct lo *l, const struct ir_op *o, int64_t extra)
{
	bool mask = o->cond == 1 && (o->op == IR_LD || o->op == IR_ST || o->op == IR_LDV || o->op == IR_STV || o->op == IR_LDP ||
				     o->op == IR_STP || o->op == IR_LDPV || o->op == IR_STPV);
	int64_t imm = (o->flags & IR_POST ? 0 : (int64_t)o->imm) + extra;
	struct x64_mem m;

	if (o->a == IR_NONE) { /* literal */
		if (l->env->within(l->env->ctx, o->imm))
			return x64_at_rip(&l->b, o->imm + (uint64_t)extra);
		lo_const(l, X64_RCX, o->imm + (uint64_t)extra);
		return x64_at(X64_RCX, 0);
	}
	if (imm != (int32_t)imm) {
		lo_copy(l, X64_RCX, o->a, true);
		lo_const(l, X64_RAX, (uint64_t)imm);
		x64_rm(&l->b, X64_lea | X64_64, X64_RCX, x64_at_index(X64_RCX, X64_RAX, 0, 0));
		return x64_at(X64_RCX, 0);
	}
	enum x64_gpr base = lo_get(l, o->a, X64_RCX);

	if (o->b == IR_NONE || o->flags & IR_POST)
		m = x64_at(base, (int32_t)imm);
	else
		m = indexed(l, o, base, (int32_t)extra);
	return mask ? masked(l, m) : m;
}

void
lo_writeback(struct lo *l, const struct ir_op *o)
{
	if (!(o->flags & (IR_PRE | IR_POST)))
		return;
	enum x64_gpr base = lo_get(l, o->a, X64_RCX), to = lo_dst(l, o->a, X64_RCX);

	if (o->b != IR_NONE) {
		enum x64_gpr by = lo_get(l, o->b, X64_RAX);

		x64_rm(&l->b, X64_lea | X64_64, to, x64_at_index(base, by, 0, 0));
	} else {
		x64_rm(&l->b, X64_lea | X64_64, to, x64_at(base, (int32_t)o->imm));
	}
	lo_put(l, o->a, to);
}

/* ---- calls, borrowed registers ---- */

void
lo_call(struct lo *l, const struct ir_op *o)
{
	uint16_t attr = ir_info[o->op].attr;

	if (attr & IR_NZCV_R || o->flags & IR_KEEP)
		lo_save_nzcv(l);
	lo_const(l, X64_RAX, (uint64_t)(uintptr_t)l->env->keep_op(l->env->ctx, o));
	x64_call_to(&l->b, l->env->call_stub);
	l->nzcv = LO_NZCV_MEM;
	l->nzcv_mem = true;
	l->vclean = 0;
}

uint32_t
lo_fix(struct lo *l, enum lo_fix_kind kind, unsigned arg)
{
	uint32_t n = l->fixes;

	if (n == LO_MAX_FIX) {
		l->b.overflow = true;
		return n - 1;
	}
	l->fix[n] = (struct lo_fix){ (uint32_t)(l->b.p - l->b.start), 0, (uint8_t)kind, (uint8_t)arg };
	l->fixes++;
	return n;
}

void
lo_fix_end(struct lo *l, uint32_t n)
{
	l->fix[n].end = (uint32_t)(l->b.p - l->b.start);
}

/* Which guest register lives there. */
static unsigned
guest_of(enum x64_gpr g)
{
	unsigned r = 0;

	while (lo_home[r] != g)
		r++;
	return r;
}

uint32_t
lo_borrow(struct lo *l, enum x64_gpr g)
{
	x64_mr(&l->b, X64_mov | X64_64, lo_slot(guest_of(g)), g);
	return lo_fix(l, LO_FIX_GPR, g);
}

void
lo_return(struct lo *l, enum x64_gpr g, uint32_t fix)
{
	x64_rm(&l->b, X64_mov | X64_64, g, lo_slot(guest_of(g)));
	lo_fix_end(l, fix);
}

/* ---- a block ---- */

struct lo_later *
lo_later(struct lo *l, void (*emit)(struct lo *l, const struct lo_later *w))
{
	if (l->laters == LO_MAX_LATER) {
		l->b.overflow = true;
		l->laters--;
	}
	struct lo_later *w = &l->later[l->laters++];

	memset(w, 0, sizeof *w);
	w->emit = emit;
	w->nzcv = l->nzcv;
	w->nzcv_mem = l->nzcv_mem;
	return w;
}

void
lo_init(struct lo *l, bool v4, const struct lo_env *env)
{
	memset(l, 0, sizeof *l);
	l->v4 = v4;
	l->env = env;
	lo_init_vec(l);
}

void
lo_mark(struct lo *l, int32_t pc)
{
	uint32_t here = (uint32_t)(l->b.p - l->b.start);
	uint8_t nzcv = (uint8_t)(l->nzcv_mem ? LO_NZCV_MEM : l->nzcv);

	if (l->marks > 0 && l->mark[l->marks - 1].host == here)
		l->marks--;
	else if (l->marks > 0 && l->mark[l->marks - 1].pc == pc && l->mark[l->marks - 1].nzcv == nzcv)
		return;
	if (l->marks == LO_MAX_MARKS) {
		l->b.overflow = true;
		return;
	}
	l->mark[l->marks++] = (struct lo_mark){ here, pc, nzcv };
}

bool
lo_block(struct lo *l, const struct ir_block *ir)
{
	l->ir = ir;
	l->nzcv = LO_NZCV_MEM;
	l->nzcv_mem = true;
	l->vclean = 0;
	l->marks = l->fixes = l->exits = l->laters = 0;
	for (l->i = 0; l->i < ir->n && !l->b.overflow; l->i++) {
		l->o = &ir->op[l->i];
		l->vfree = 15;
		lo_mark(l, l->o->pc);
		table[l->o->op](l, l->o);
	}
	for (uint32_t i = 0; i < l->laters && !l->b.overflow; i++) {
		l->nzcv = l->later[i].nzcv;
		l->nzcv_mem = l->later[i].nzcv_mem;
		l->later[i].emit(l, &l->later[i]);
	}
	return !l->b.overflow;
}
