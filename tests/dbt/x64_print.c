/*
 * A case as text, from the case alone: what GNU as is asked for.  Widths of vector operands that are not all alike follow
 * the names and tuples (Intel SDM volume 2).
 */
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

static const char *
form_name(const struct x64_case *c)
{
	return x64_forms[x64_op_id(c->op)].name;
}

static bool
is_vector(const struct x64_case *c)
{
	return x64_op_shape(c->op) > X64_SHAPE_NM;
}

/* Bits of the vector length that the prefix says. */
static unsigned
length(const struct x64_case *c)
{
	return c->op & X64_512 ? 512 : c->op & X64_256 ? 256 : 128;
}

/* disp8 counts elements, but the vector is the operand. */
static bool
whole_in_memory(const struct x64_case *c)
{
	return !strncmp(form_name(c), "vpcompress", 10) || !strncmp(form_name(c), "vpexpand", 8);
}

/* Bits that the tuple moves from or to memory. */
static unsigned
tuple_bits(const struct x64_case *c)
{
	unsigned shift = c->op >> X64_BIT_D8 & 7;

	if (x64_op_shape(c->op) == X64_SHAPE_VVG)
		return c->op & X64_64 ? 64 : 32;
	if (x64_op_shape(c->op) == X64_SHAPE_KMOV)
		return form_name(c)[4] == 'b' ? 8 : form_name(c)[4] == 'w' ? 16 : form_name(c)[4] == 'd' ? 32 : 64;
	if (x64_op_id(c->op) == X64_ID_vcmpss || x64_op_id(c->op) == X64_ID_vcmpsd)
		return x64_op_id(c->op) == X64_ID_vcmpss ? 32 : 64;
	if (whole_in_memory(c))
		return length(c);
	if (!(c->op >> X64_BIT_ENC & X64_ENC_EVEX) || (!shift && strncmp(form_name(c), "vpinsrb", 7) &&
						       strncmp(form_name(c), "vpextrb", 7) && strcmp(form_name(c), "vpbroadcastb")))
		return length(c);
	return c->op >> X64_BIT_D8L & 1 ? (length(c) >> 4) << shift : 8u << shift;
}

/* Results of half the length. */
static bool
halves(const struct x64_case *c)
{
	static const char *const names[] = { "vcvtpd2ps", "vcvtpd2dq", "vcvttpd2dq", "vcvtpd2udq", "vcvttpd2udq", "vcvtqq2ps",
					     "vcvtuqq2ps", "vcvtneps2bf16" };

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(form_name(c), names[i]))
			return true;
	return false;
}

static unsigned
vector_width(const struct x64_case *c, unsigned i)
{
	enum x64_shape shape = x64_op_shape(c->op);
	unsigned tuple = tuple_bits(c) < 128 ? 128 : tuple_bits(c), len = length(c);
	bool last = !c->kinds[i + 1] || c->kinds[i + 1] == 'i';

	if (halves(c))
		return i == 0 ? (len == 512 ? 256 : 128) : len;
	if (whole_in_memory(c))
		return len;
	if ((shape == X64_SHAPE_XV || shape == X64_SHAPE_XVI) && i == 0)
		return tuple;
	if ((shape == X64_SHAPE_VVV || shape == X64_SHAPE_VVVI || shape == X64_SHAPE_VV) && last &&
	    c->op >> X64_BIT_ENC & X64_ENC_EVEX)
		return tuple;
	return len;
}

static void
add_mem(struct line *l, const struct x64_case *c, unsigned i)
{
	static const char *const sizes[] = { "byte", "word", "dword", "qword", "xmmword", "ymmword", "zmmword" };
	struct x64_mem m = c->o[i].m;
	unsigned width = is_vector(c) ? tuple_bits(c) : x64_case_width(c, i), bcast = c->op >> X64_BIT_BCAST & 3;
	bool repeated = is_vector(c) && c->op & X64_BCAST;
	const char *sep = "";

	if (x64_op_id(c->op) == X64_ID_push_m || x64_op_id(c->op) == X64_ID_pop_m)
		width = 64;
	if (width)
		add(l, "%s ptr ", sizes[__builtin_ctz(repeated ? 8u << bcast : width) - 3]);
	add(l, m.base == X64_NO_REG && m.index == X64_NO_REG ? "ds:[" : "[");
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
	if (repeated)
		add(l, "{1to%u}", width / (8u << bcast));
}

static void
add_operand(struct line *l, const struct x64_case *c, unsigned i)
{
	unsigned width;

	switch (c->kinds[i]) {
	case 'r':
		add_gpr(l, c->o[i].n, x64_case_width(c, i));
		break;
	case 'v':
		width = vector_width(c, i);
		add(l, "%cmm%u", width == 512 ? 'z' : width == 256 ? 'y' : 'x', c->o[i].n);
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

/* Behind the destination: the mask; behind the last register: how to round. */
static void
add_decorations(struct line *l, const struct x64_case *c, unsigned i)
{
	static const char *const modes[] = { "{rn-sae}", "{rd-sae}", "{ru-sae}", "{rz-sae}" };
	unsigned k = c->op >> X64_BIT_K & 7;
	bool last = !c->kinds[i + 1] || c->kinds[i + 1] == 'i';

	if (!is_vector(c))
		return;
	if (i == 0 && k)
		add(l, "{k%u}%s", k, c->op & X64_Z ? "{z}" : "");
	if (last && c->kinds[i] != 'i' && c->op & X64_SAE && !strchr(c->kinds, 'm'))
		add(l, ", %s", c->op >> X64_BIT_ALLOW & X64_A_ER ? modes[c->op >> X64_BIT_RC & 3] : "{sae}");
}

static bool
needs_evex(const struct x64_case *c)
{
	if (!is_vector(c) || !(c->op >> X64_BIT_ENC & X64_ENC_EVEX))
		return false;
	for (unsigned i = 0; c->kinds[i]; i++)
		if (c->kinds[i] == 'v' && c->o[i].n > 15)
			return true;
	return c->op & (X64_512 | X64_Z | X64_K(7) | X64_SAE | X64_EVEX);
}

void
x64_case_print(const struct x64_case *c, char *ret_text, unsigned size)
{
	struct line l = { ret_text, size, 0 };
	char name[32];

	ret_text[0] = '\0';
	x64_case_name(c, needs_evex(c), name, sizeof(name));
	if (is_vector(c) && c->op & X64_EVEX)
		add(&l, "{evex} ");
	if (c->op & X64_LOCK && !is_vector(c))
		add(&l, "lock ");
	if (strstr(form_name(c), "_rep"))
		add(&l, "rep ");
	add(&l, "%s", name);
	for (unsigned i = 0; c->kinds[0] != '0' && c->kinds[i]; i++) {
		add(&l, "%s", i ? ", " : " ");
		add_operand(&l, c, i);
		add_decorations(&l, c, i);
	}
	if ((x64_op_shape(c->op) == X64_SHAPE_SH && !c->kinds[1]) || strstr(form_name(c), "_cl"))
		add(&l, ", cl");
}
