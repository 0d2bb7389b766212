/* What reads NZCV: additions with carry, conditional selection and comparison. */
#include "dbt/x64/lower_int.h"

/* ---- carry ---- */

/* EFLAGS such that CF is what @borrow wants: Arm's C, or its inverse. */
static void
carry_to_cf(struct lo *l, bool borrow)
{
	if (l->nzcv == LO_NZCV_FCMP || l->nzcv == LO_NZCV_FCMP_SWAPPED)
		lo_save_nzcv(l);
	if (l->nzcv != LO_NZCV_SUB && l->nzcv != LO_NZCV_ADD && l->nzcv != LO_NZCV_LOGIC)
		lo_load_nzcv(l);
	/* CF is C, or for SUB its inverse */
	if ((l->nzcv == LO_NZCV_SUB) != borrow)
		x64_0(&l->b, X64_cmc);
}

static void
with_carry(struct lo *l, const struct ir_op *o, bool subtract)
{
	x64_op width = lo_width(o), op = subtract ? X64_sbb : X64_adc;

	if (!(o->flags & IR_S)) {
		if (o->d == IR_ZR)
			return;
		if (o->flags & IR_KEEP)
			lo_save_nzcv(l);
	}
	if (l->nzcv == LO_NZCV_MEM) { /* rax is needed for the load */
		lo_load_nzcv(l);
	}
	/* from here on the old flags are gone from EFLAGS: an interruption runs to the end */
	uint32_t fix = lo_fix(l, LO_FIX_FORWARD, 0);

	carry_to_cf(l, subtract);
	lo_copy(l, X64_RAX, o->a, o->size == 3);
	if (o->b == IR_ZR || lo_home[o->b] != LO_SLOT)
		x64_rr(&l->b, op | width, X64_RAX, lo_get(l, o->b, X64_RCX));
	else
		x64_rm(&l->b, op | width, X64_RAX, lo_slot(o->b));
	lo_put(l, o->d, X64_RAX);
	lo_fix_end(l, fix);
	if (o->flags & IR_S)
		lo_set_nzcv(l, subtract ? LO_NZCV_SUB : LO_NZCV_ADD);
	else
		l->nzcv = LO_NZCV_MEM;
}

void
lo_ADC(struct lo *l, const struct ir_op *o)
{
	with_carry(l, o, false);
}

void
lo_SBC(struct lo *l, const struct ir_op *o)
{
	with_carry(l, o, true);
}

/* ---- selection ---- */

static enum x64_cc
inverse(unsigned cc)
{
	return (enum x64_cc)(cc ^ 1);
}

/* to = condition ? to : other; @other a register. */
static void
replace_unless(struct lo *l, const struct lo_cc *c, x64_op width, enum x64_gpr to, enum x64_gpr other)
{
	for (unsigned i = 0; i < c->n; i++)
		x64_rr(&l->b, X64_CMOV(inverse(c->cc[i])) | width, to, other);
}

static void
replace_if(struct lo *l, const struct lo_cc *c, x64_op width, enum x64_gpr to, enum x64_gpr other)
{
	for (unsigned i = 0; i < c->n; i++)
		x64_rr(&l->b, X64_CMOV(c->cc[i]) | width, to, other);
}

/* rcx = condition ? a : rcx, where rcx has been made of b; flags were brought in before. */
static void
finish_select(struct lo *l, const struct ir_op *o, const struct lo_cc *c)
{
	x64_op width = lo_width(o);

	if (c->n == 0) {
		if (c->constant)
			lo_copy(l, X64_RCX, o->a, o->size == 3);
	} else if (c->n == 1 && o->a != IR_ZR && lo_home[o->a] == LO_SLOT) {
		x64_rm(&l->b, X64_CMOV(c->cc[0]) | width, X64_RCX, lo_slot(o->a));
	} else if (c->n == 1 || c->any) {
		replace_if(l, c, width, X64_RCX, lo_get(l, o->a, X64_RAX));
	} else { /* both must hold: start from a */
		lo_copy(l, X64_RAX, o->a, o->size == 3);
		replace_unless(l, c, width, X64_RAX, X64_RCX);
		lo_put(l, o->d, X64_RAX);
		return;
	}
	lo_put(l, o->d, X64_RCX);
}

/* In place, when d is one of the two and all are at home. */
static bool
select_in_place(struct lo *l, const struct ir_op *o, const struct lo_cc *c)
{
	x64_op width = lo_width(o);

	if (lo_home[o->d] == LO_SLOT || c->n != 1 || o->a == IR_ZR || o->b == IR_ZR)
		return false;
	if (o->d == o->a && o->d != o->b) {
		lo_op_r(l, X64_CMOV(inverse(c->cc[0])) | width, lo_home[o->d], o->b);
		return true;
	}
	if (o->d != o->b)
		lo_copy(l, lo_home[o->d], o->b, o->size == 3);
	lo_op_r(l, X64_CMOV(c->cc[0]) | width, lo_home[o->d], o->a);
	return true;
}

void
lo_CSEL(struct lo *l, const struct ir_op *o)
{
	if (o->d == IR_ZR)
		return;
	struct lo_cc c = lo_cond(l, o->cond);

	if (select_in_place(l, o, &c))
		return;
	lo_copy(l, X64_RCX, o->b, o->size == 3);
	finish_select(l, o, &c);
}

/* CSET, CSETM: what a setcc makes. */
static bool
set_by_condition(struct lo *l, const struct ir_op *o, const struct lo_cc *c, bool all_ones)
{
	if (o->a != IR_ZR || o->b != IR_ZR || c->n != 1)
		return false;
	enum x64_gpr to = lo_dst(l, o->d, X64_RAX);

	/* d = condition ? 0 : 1 (or -1) */
	x64_r(&l->b, X64_SET(inverse(c->cc[0])), X64_RAX);
	x64_rr(&l->b, X64_movzx_b, all_ones ? X64_RAX : to, X64_RAX);
	if (all_ones) { /* ~(x - 1), no flag touched */
		x64_rm(&l->b, X64_lea | lo_width(o), to, x64_at(X64_RAX, -1));
		x64_r(&l->b, X64_not | lo_width(o), to);
	}
	lo_put(l, o->d, to);
	return true;
}

void
lo_CSINC(struct lo *l, const struct ir_op *o)
{
	if (o->d == IR_ZR)
		return;
	struct lo_cc c = lo_cond(l, o->cond);

	if (set_by_condition(l, o, &c, false))
		return;
	if (o->b == IR_ZR)
		lo_const(l, X64_RCX, 1);
	else
		x64_rm(&l->b, X64_lea | lo_width(o), X64_RCX, x64_at(lo_get(l, o->b, X64_RCX), 1));
	finish_select(l, o, &c);
}

void
lo_CSINV(struct lo *l, const struct ir_op *o)
{
	if (o->d == IR_ZR)
		return;
	struct lo_cc c = lo_cond(l, o->cond);

	if (set_by_condition(l, o, &c, true))
		return;
	lo_copy(l, X64_RCX, o->b, o->size == 3);
	x64_r(&l->b, X64_not | lo_width(o), X64_RCX);
	finish_select(l, o, &c);
}

void
lo_CSNEG(struct lo *l, const struct ir_op *o)
{
	if (o->d == IR_ZR)
		return;
	struct lo_cc c = lo_cond(l, o->cond);

	lo_copy(l, X64_RCX, o->b, o->size == 3);
	x64_r(&l->b, X64_not | lo_width(o), X64_RCX);
	x64_rm(&l->b, X64_lea | lo_width(o), X64_RCX, x64_at(X64_RCX, 1));
	finish_select(l, o, &c);
}

/* ---- conditional comparison ---- */

/*
 * Two numbers whose comparison gives NZCV; false where no subtraction does (Z without C, ...).  With @any_carry C is
 * not asked for.
 */
static bool
pair_for(unsigned nzcv, bool any_carry, unsigned size, int64_t *ret_x, int64_t *ret_y)
{
	int64_t least = size == 3 ? INT64_MIN : INT32_MIN, most = size == 3 ? INT64_MAX : INT32_MAX;
	static const uint8_t with_carry_too[16] = { [0x4] = 0x6, [0x1] = 0x3, [0xb] = 0x9 };

	if (any_carry && with_carry_too[nzcv] != 0)
		nzcv = with_carry_too[nzcv];
	switch (nzcv) {
	case 0x0: /* 0 - (least + 1) */
		*ret_x = 0, *ret_y = least + 1;
		return true;
	case 0x2:
		*ret_x = 1, *ret_y = 0;
		return true;
	case 0x3:
		*ret_x = least, *ret_y = 1;
		return true;
	case 0x6:
		*ret_x = 0, *ret_y = 0;
		return true;
	case 0x8:
		*ret_x = 0, *ret_y = 1;
		return true;
	case 0x9:
		*ret_x = most, *ret_y = -1;
		return true;
	case 0xa:
		*ret_x = -1, *ret_y = 0;
		return true;
	default:
		return false;
	}
}

/* Whether anyone asks for C before NZCV are written again: only conditions of this block are looked at. */
static bool
carry_unused(const struct lo *l)
{
	for (uint32_t i = l->i + 1; i < l->ir->n; i++) {
		const struct ir_op *o = &l->ir->op[i];
		uint16_t attr = ir_info[o->op].attr;

		if (attr & IR_NZCV_R) {
			bool tests = o->op == IR_BCOND || o->op == IR_CSEL || o->op == IR_CSINC || o->op == IR_CSINV || o->op == IR_CSNEG;

			if (!tests || o->cond == IR_HS || o->cond == IR_LO || o->cond == IR_HI || o->cond == IR_LS)
				return false;
		}
		/* where it may go from here someone may ask */
		if ((attr & IR_SIDE && !l->env->flags_dead_at(l->env->ctx, o->imm)) || (attr & (IR_CALL | IR_END) && o->flags & IR_KEEP))
			return false;
		if (!(o->flags & IR_KEEP))
			return true;
	}
	return false;
}

/* Without a jump: choose what is compared. */
static bool
compare_chosen(struct lo *l, const struct ir_op *o, const struct lo_cc *c)
{
	x64_op width = lo_width(o);
	int64_t x, y;

	if (c->n != 1 || !pair_for(o->shift, carry_unused(l), o->size, &x, &y))
		return false;
	if (o->b == IR_NONE && (int64_t)o->imm == y) { /* the second is the same either way */
		lo_const(l, X64_RAX, (uint64_t)x);
		x64_rr(&l->b, X64_CMOV(c->cc[0]) | width, X64_RAX, lo_get(l, o->a, X64_RCX));
		x64_ri(&l->b, X64_cmp | width, X64_RAX, y);
		return true;
	}
	if (o->b == IR_NONE) {
		lo_const(l, X64_RCX, o->imm);
	} else {
		lo_copy(l, X64_RCX, o->b, o->size == 3);
	}
	/* rcx = condition ? b : y; rax = condition ? a : x */
	lo_const(l, X64_RAX, (uint64_t)y);
	x64_rr(&l->b, X64_CMOV(inverse(c->cc[0])) | width, X64_RCX, X64_RAX);
	lo_const(l, X64_RAX, (uint64_t)x);
	if (lo_home[o->a] == LO_SLOT)
		x64_rm(&l->b, X64_CMOV(c->cc[0]) | width, X64_RAX, lo_slot(o->a));
	else
		x64_rr(&l->b, X64_CMOV(c->cc[0]) | width, X64_RAX, lo_home[o->a]);
	x64_rr(&l->b, X64_cmp | width, X64_RAX, X64_RCX);
	return true;
}

/* EFLAGS = nzcv, with CF as C or as its inverse. */
static void
set_eflags(struct lo *l, unsigned nzcv, bool inverse_carry)
{
	uint32_t word = (nzcv & 8 ? A64_FLAG_N : 0) | (nzcv & 4 ? A64_FLAG_Z : 0) | ((nzcv >> 1 & 1) != inverse_carry ? A64_FLAG_C : 0) |
			(nzcv & 1 ? A64_FLAG_V : 0);

	lo_const(l, X64_RAX, word);
	x64_ri(&l->b, X64_add | X64_8, X64_RAX, 0x7f);
	x64_0(&l->b, X64_sahf);
}

static void
compare_branching(struct lo *l, const struct ir_op *o, const struct lo_cc *c, bool negative)
{
	struct x64_label not = { 0 }, yes = { 0 }, done = { 0 };
	uint32_t fix = lo_fix(l, LO_FIX_FORWARD, 0);

	if (c->n == 2 && c->any) {
		x64_jcc_near(&l->b, c->cc[0], &yes);
		x64_jcc_near(&l->b, inverse(c->cc[1]), &not);
	} else {
		for (unsigned i = 0; i < c->n; i++)
			x64_jcc_near(&l->b, inverse(c->cc[i]), &not);
	}
	x64_bind(&l->b, &yes);
	if (c->n != 0 || c->constant) {
		lo_copy(l, X64_RAX, o->a, o->size == 3);
		if (o->b == IR_NONE)
			x64_ri(&l->b, (negative ? X64_add : X64_cmp) | lo_width(o), X64_RAX, (int64_t)o->imm);
		else
			lo_op_r(l, (negative ? X64_add : X64_cmp) | lo_width(o), X64_RAX, o->b);
		x64_jmp_near(&l->b, &done);
	}
	x64_bind(&l->b, &not);
	if (c->n != 0 || !c->constant)
		set_eflags(l, o->shift, !negative);
	x64_bind(&l->b, &done);
	lo_fix_end(l, fix);
}

static void
conditional_compare(struct lo *l, const struct ir_op *o, bool negative)
{
	if (!(o->flags & IR_S))
		return;
	struct lo_cc c = { .n = 0, .constant = true };

	if (o->cond < IR_AL)
		c = lo_cond(l, o->cond);
	if (negative || o->a == IR_ZR || !compare_chosen(l, o, &c))
		compare_branching(l, o, &c, negative);
	lo_set_nzcv(l, negative ? LO_NZCV_ADD : LO_NZCV_SUB);
}

void
lo_CCMP(struct lo *l, const struct ir_op *o)
{
	conditional_compare(l, o, false);
}

void
lo_CCMN(struct lo *l, const struct ir_op *o)
{
	conditional_compare(l, o, true);
}
