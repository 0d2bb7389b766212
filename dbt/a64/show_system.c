/* Operands of branches, hints, barriers and system instructions. */
#include "dbt/a64/show.h"

void
a64_show_cond(struct a64_text *t, uint32_t w, uint32_t f)
{
	static const char name[16][3] = {"eq", "ne", "hs", "lo", "mi", "pl", "vs", "vc",
	                                 "hi", "ls", "ge", "lt", "gt", "le", "al", "nv"};

	a64_put(t, "%s", name[f]);
}

static void
put_target(struct a64_text *t, uint32_t imm, unsigned width)
{
	uint64_t to = t->pc + ((uint64_t)a64_sign(imm, width) << 2);

	a64_put(t, "0x%llx", (unsigned long long)to);
}

void
a64_show_at19(struct a64_text *t, uint32_t w)
{
	put_target(t, a64_imm19(w), 19);
}

void
a64_show_at26(struct a64_text *t, uint32_t w)
{
	put_target(t, a64_imm26(w), 26);
}

void
a64_show_at14(struct a64_text *t, uint32_t w)
{
	put_target(t, a64_imm14(w), 14);
}

void
a64_show_tbit(struct a64_text *t, uint32_t w, uint32_t f)
{
	if (a64_b5(w))
		a64_show_X(t, w, f);
	else
		a64_show_W(t, w, f);
	a64_put(t, ", #%u", a64_b5(w) << 5 | a64_b40(w));
}

void
a64_show_ret(struct a64_text *t, uint32_t w)
{
	a64_put(t, "\t");
	a64_show_X(t, w, a64_Rn(w));
}

void
a64_show_hint(struct a64_text *t, uint32_t w)
{
	a64_put(t, "#%u", a64_CRm(w) << 3 | a64_op2(w));
}

void
a64_show_barrier(struct a64_text *t, uint32_t w)
{
	static const char name[16][6] = {[1] = "oshld", "oshst", "osh", [5] = "nshld",
	                                 "nshst", "nsh", [9] = "ishld", "ishst",
	                                 "ish", [13] = "ld", "st", "sy"};
	uint32_t n = a64_CRm(w);

	if (name[n][0] != '\0')
		a64_put(t, "%s", name[n]);
	else
		a64_put(t, "#%u", n);
}

void
a64_show_isb(struct a64_text *t, uint32_t w)
{
	if (a64_CRm(w) == 15)
		a64_put(t, "sy");
	else
		a64_put(t, "#%u", a64_CRm(w));
}

/* Arm ARM, MSR (immediate): the fields that op1:op2 name. */
void
a64_show_pstate(struct a64_text *t, uint32_t w)
{
	static const struct {
		uint32_t op;
		const char *name;
	} fields[] = {
	    {003, "UAO"}, {004, "PAN"}, {005, "SPSel"}, {031, "SSBS"},
	    {032, "DIT"}, {036, "DAIFSet"}, {037, "DAIFClr"},
	};
	uint32_t op = a64_op1(w) << 3 | a64_op2(w);

	for (unsigned i = 0; i < sizeof fields / sizeof fields[0]; i++)
		if (fields[i].op == op)
			a64_put(t, "%s", fields[i].name);
}

void
a64_show_sysop(struct a64_text *t, uint32_t w)
{
	a64_put(t, "#%u, c%u, c%u, #%u", a64_op1(w), a64_CRn(w), a64_CRm(w), a64_op2(w));
}

void
a64_show_sysname(struct a64_text *t, uint32_t w)
{
	a64_put(t, "S%u_%u_C%u_C%u_%u", 2 + a64_o0(w), a64_op1(w), a64_CRn(w), a64_CRm(w),
	        a64_op2(w));
}
