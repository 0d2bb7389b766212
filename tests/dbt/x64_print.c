/* A case as text, from the case alone: what another assembler is asked for. */
#include "tests/dbt/x64_case.h"

#include <stdio.h>
#include <string.h>

#include "abi/core/diag.h"

static const char low_names[16][4] = { "ax", "cx", "dx", "bx", "sp", "bp", "si", "di",
				       "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15" };

struct line {
	char *text;
	unsigned size, pos;
};
#define add(l, ...) str_addf((l)->text, (l)->size, &(l)->pos, __VA_ARGS__)

static void
add_gpr(struct line *l, unsigned n, unsigned width)
{
	static const char bytes[8][4] = { "al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil" };

	if (n >= 8)
		add(l, "%s%s", low_names[n], width == 8 ? "b" : width == 16 ? "w" : width == 32 ? "d" : "");
	else if (width == 8)
		add(l, "%s", bytes[n]);
	else
		add(l, "%s%s", width == 16 ? "" : width == 32 ? "e" : "r", low_names[n]);
}

static void
add_mem(struct line *l, const struct x64_case *c, unsigned i)
{
	static const char *const sizes[] = { "byte ptr ", "word ptr ", "dword ptr ", "qword ptr " };
	struct x64_mem m = c->o[i].m;
	unsigned width = x64_op_shape(c->op) <= X64_SHAPE_NM ? x64_case_width(c, i) : 0;
	const char *sep = "";

	if (width)
		add(l, "%s", sizes[__builtin_ctz(width) - 3]);
	add(l, "[");
	if (m.base != X64_NO_REG) {
		if (m.base == X64_RIP)
			add(l, "rip");
		else
			add_gpr(l, m.base, 64);
		sep = "+";
	}
	if (m.index != X64_NO_REG) {
		add(l, "%s", sep);
		add_gpr(l, m.index, 64);
		add(l, "*%d", 1 << m.scale);
		sep = "+";
	}
	add(l, "%s%d]", m.disp < 0 ? "" : sep, m.disp);
}

static void
add_operand(struct line *l, const struct x64_case *c, unsigned i)
{
	switch (c->kinds[i]) {
	case 'r':
		add_gpr(l, c->o[i].n, x64_case_width(c, i));
		break;
	case 'v':
		add(l, "%cmm%u", c->op & X64_512 ? 'z' : c->op & X64_256 ? 'y' : 'x', c->o[i].n);
		break;
	case 'k':
		add(l, "k%u", c->o[i].n);
		break;
	case 'm':
		add_mem(l, c, i);
		break;
	case 'i':
		add(l, "%lld", (long long)c->o[i].imm);
		break;
	}
}

void
x64_case_print(const struct x64_case *c, char *ret_text, unsigned size)
{
	struct line l = { ret_text, size, 0 };
	char name[32];

	ret_text[0] = '\0';
	x64_case_name(c, false, name, sizeof(name));
	if (c->op & X64_LOCK && x64_op_shape(c->op) <= X64_SHAPE_NM)
		add(&l, "lock ");
	if (strstr(x64_forms[x64_op_id(c->op)].name, "_rep"))
		add(&l, "rep ");
	add(&l, "%s", name);
	for (unsigned i = 0; c->kinds[0] != '0' && c->kinds[i]; i++) {
		add(&l, "%s", i ? ", " : " ");
		add_operand(&l, c, i);
	}
	if (x64_op_shape(c->op) == X64_SHAPE_SH && !c->kinds[1])
		add(&l, ", cl");
	if (strstr(x64_forms[x64_op_id(c->op)].name, "_cl"))
		add(&l, ", cl");
}
