/*
 * NZCV in EFLAGS.  Arm's C after a subtraction is the inverse of x86's CF; after vucomis the three flags ZF PF CF tell
 * unordered 111, less 001, equal 100, greater 000.  Source: Arm ARM C1.2.4 (conditions), J1.2.1 FPCompare(); Intel SDM
 * UCOMISD.
 */
#include "dbt/x64/lower.h"

static struct x64_mem
flags_word(void)
{
	return x64_at(X64_RBP, DBT_OFF(cpu.flags));
}

static struct x64_mem
fcmp_word(unsigned which)
{
	return x64_at(X64_RBP, DBT_OFF(fcmp_nzcv) + 4 * (int32_t)which);
}

enum { GREATER, LESS, EQUAL, UNORDERED };

static void
compared_word(struct lo *l, bool swapped)
{
	x64_rm(&l->b, X64_mov, X64_RAX, fcmp_word(swapped ? LESS : GREATER));
	x64_rm(&l->b, X64_CMOV(X64_CC_B), X64_RAX, fcmp_word(swapped ? GREATER : LESS));
	x64_rm(&l->b, X64_CMOV(X64_CC_E), X64_RAX, fcmp_word(EQUAL));
	x64_rm(&l->b, X64_CMOV(X64_CC_P), X64_RAX, fcmp_word(UNORDERED));
}

void
lo_fcmp_word(struct lo *l)
{
	compared_word(l, false);
}

uint32_t
lo_flags_word(unsigned nzcv)
{
	return (nzcv & 8 ? A64_FLAG_N : 0) | (nzcv & 4 ? A64_FLAG_Z : 0) | (nzcv & 2 ? A64_FLAG_C : 0) | (nzcv & 1 ? A64_FLAG_V : 0);
}

void
lo_put_flags(struct lo *l)
{
	x64_mr(&l->b, X64_mov | X64_16, flags_word(), X64_RAX);
	lo_set_nzcv(l, LO_NZCV_MEM);
}

void
lo_save_nzcv(struct lo *l)
{
	if (l->nzcv == LO_NZCV_MEM || l->nzcv_mem)
		return;
	if (l->nzcv == LO_NZCV_FCMP_SWAPPED || l->nzcv == LO_NZCV_FCMP) {
		compared_word(l, l->nzcv == LO_NZCV_FCMP_SWAPPED);
	} else {
		x64_0(&l->b, X64_lahf);
		x64_r(&l->b, X64_SET(X64_CC_O), X64_RAX);
		if (l->nzcv == LO_NZCV_SUB) /* bit 8 turned; the carry dies in bit 11, which LAHF clears; no flag is touched */
			x64_rm(&l->b, X64_lea, X64_RAX, x64_at(X64_RAX, A64_FLAG_C));
	}
	x64_mr(&l->b, X64_mov | X64_16, flags_word(), X64_RAX);
	l->nzcv_mem = true;
	lo_mark(l, l->mark[l->marks - 1].pc); /* whose NZCV are now in memory */
}

void
lo_clobber(struct lo *l)
{
	if ((l->o->flags & (IR_KEEP | IR_S)) == IR_KEEP)
		lo_save_nzcv(l);
	l->nzcv = LO_NZCV_MEM;
}

void
lo_set_nzcv(struct lo *l, enum lo_nzcv kind)
{
	l->nzcv = kind;
	l->nzcv_mem = kind == LO_NZCV_MEM;
}

static struct lo_cc
always(bool value)
{
	return (struct lo_cc){ .n = 0, .constant = value };
}

static struct lo_cc
one(enum x64_cc cc)
{
	return (struct lo_cc){ .n = 1, .cc = { cc } };
}

static struct lo_cc
two(enum x64_cc a, enum x64_cc b, bool any)
{
	return (struct lo_cc){ .n = 2, .cc = { a, b }, .any = any };
}

static const uint8_t sub_cc[14] = {
	[IR_EQ] = X64_CC_E, [IR_NE] = X64_CC_NE, [IR_HS] = X64_CC_AE, [IR_LO] = X64_CC_B, [IR_MI] = X64_CC_S,
	[IR_PL] = X64_CC_NS, [IR_VS] = X64_CC_O, [IR_VC] = X64_CC_NO, [IR_HI] = X64_CC_A, [IR_LS] = X64_CC_BE,
	[IR_GE] = X64_CC_GE, [IR_LT] = X64_CC_L, [IR_GT] = X64_CC_G, [IR_LE] = X64_CC_LE,
};

static struct lo_cc
add_cond(unsigned cond)
{
	switch (cond) {
	case IR_HS:
		return one(X64_CC_B);
	case IR_LO:
		return one(X64_CC_AE);
	case IR_HI:
		return two(X64_CC_B, X64_CC_NE, false);
	case IR_LS:
		return two(X64_CC_AE, X64_CC_E, true);
	default:
		return one(sub_cc[cond]);
	}
}

static struct lo_cc
logic_cond(unsigned cond)
{
	switch (cond) {
	case IR_HS: case IR_HI: case IR_VS:
		return always(false);
	case IR_LO: case IR_LS: case IR_VC:
		return always(true);
	case IR_GE:
		return one(X64_CC_NS);
	case IR_LT:
		return one(X64_CC_S);
	default:
		return one(sub_cc[cond]);
	}
}

/* vucomis n, m */
static struct lo_cc
fcmp_cond(unsigned cond)
{
	switch (cond) {
	case IR_EQ:
		return two(X64_CC_E, X64_CC_NP, false);
	case IR_NE:
		return two(X64_CC_NE, X64_CC_P, true);
	case IR_HS: case IR_PL: /* not less */
		return two(X64_CC_AE, X64_CC_P, true);
	case IR_LO: case IR_MI: /* less */
		return two(X64_CC_B, X64_CC_NP, false);
	case IR_VS:
		return one(X64_CC_P);
	case IR_VC:
		return one(X64_CC_NP);
	case IR_HI: /* greater or unordered */
		return two(X64_CC_A, X64_CC_P, true);
	case IR_LS: /* less or equal */
		return two(X64_CC_BE, X64_CC_NP, false);
	case IR_GE:
		return one(X64_CC_AE);
	case IR_LT:
		return one(X64_CC_B);
	case IR_GT:
		return one(X64_CC_A);
	default: /* LE: less, equal or unordered */
		return one(X64_CC_BE);
	}
}

/* vucomis m, n */
static struct lo_cc
fcmp_swapped_cond(unsigned cond)
{
	switch (cond) {
	case IR_HS: case IR_PL: /* n >= m or unordered */
		return one(X64_CC_BE);
	case IR_LO: case IR_MI:
		return one(X64_CC_A);
	case IR_HI:
		return one(X64_CC_B);
	case IR_LS:
		return one(X64_CC_AE);
	case IR_GE: /* m <= n, ordered */
		return two(X64_CC_BE, X64_CC_NP, false);
	case IR_LT:
		return two(X64_CC_A, X64_CC_P, true);
	case IR_GT:
		return two(X64_CC_B, X64_CC_NP, false);
	case IR_LE:
		return two(X64_CC_AE, X64_CC_P, true);
	default:
		return fcmp_cond(cond);
	}
}

/* One flag of memory by `test`; what is left is loaded whole: al + 0x7f overflows when V is 1. */
static struct lo_cc
memory_cond(struct lo *l, unsigned cond)
{
	static const uint16_t single[8] = { A64_FLAG_Z, A64_FLAG_Z, A64_FLAG_C, A64_FLAG_C, A64_FLAG_N, A64_FLAG_N, A64_FLAG_V, A64_FLAG_V };

	if (cond < 8) {
		struct x64_mem m = flags_word();
		unsigned bit = single[cond];

		m.disp += bit > 0xff;
		x64_mi(&l->b, X64_test | X64_8, m, bit > 0xff ? bit >> 8 : bit);
		return one(cond & 1 ? X64_CC_E : X64_CC_NE);
	}
	lo_load_nzcv(l);
	return add_cond(cond);
}

void
lo_load_nzcv(struct lo *l)
{
	x64_rm(&l->b, X64_movzx_w, X64_RAX, flags_word());
	x64_ri(&l->b, X64_add | X64_8, X64_RAX, 0x7f);
	x64_0(&l->b, X64_sahf);
	l->nzcv = LO_NZCV_ADD;
	l->nzcv_mem = true;
}

struct lo_cc
lo_cond(struct lo *l, unsigned cond)
{
	switch (l->nzcv) {
	case LO_NZCV_SUB:
		return one(sub_cc[cond]);
	case LO_NZCV_ADD:
		return add_cond(cond);
	case LO_NZCV_LOGIC:
		return logic_cond(cond);
	case LO_NZCV_FCMP:
		return fcmp_cond(cond);
	case LO_NZCV_FCMP_SWAPPED:
		return fcmp_swapped_cond(cond);
	case LO_NZCV_MEM:
		break;
	}
	return memory_cond(l, cond);
}
