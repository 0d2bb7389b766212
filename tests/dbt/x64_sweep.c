/* The cases: each place of an operand list takes all its values in turn while the others are random. */
#include "tests/dbt/x64_sweep.h"

#include <string.h>

static uint64_t random_state;

/* xorshift64* */
static uint64_t
rnd(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * 0x2545f4914f6cdd1dull;
}

/* Around what one signed byte holds, in units of 1 to 64 bytes. */
static const int32_t disps[] = { 0, 1, -1, 8, 127, 128, -128, -129, 256, 1016, 2032, -2048, 4064, 8128, -8192, 8256, 0x12345678,
				 INT32_MIN, INT32_MAX };
static const int64_t imms[] = { 0, 1, -1, 2, 63, 127, 128, -128, -129, 255, 256, 0x1234, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff,
				-0x8000, -0x80000000ll, 0x80000000ll, 0xffffffffll, 0xffffff80ll };

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
enum { MEM_BASES = 16 * 8, MEM_INDEXED = 16 * 4, MEM_LONE = 15, MEM_REST = 8 };
enum { MEMS = MEM_BASES + MEM_INDEXED + MEM_LONE + MEM_REST };

static enum x64_gpr
index_number(unsigned i)
{
	return i == X64_RSP ? X64_NO_REG : (enum x64_gpr)i;
}

/* Memory operand number i of MEMS: every base, every index with and without a base, absolute, relative. */
static struct x64_mem
memory(unsigned i)
{
	int32_t disp = disps[rnd() % COUNT(disps)];
	enum x64_gpr index;

	if (i < MEM_BASES)
		return x64_at(i % 16, i < 16 ? 0 : disp);
	i -= MEM_BASES;
	if (i < MEM_INDEXED) {
		index = index_number(i < 16 ? i : rnd() % 16);
		return x64_at_index(i < 16 ? rnd() % 16 : i % 16, index, index == X64_NO_REG ? 0 : rnd() % 4, disp);
	}
	i -= MEM_INDEXED;
	if (i < MEM_LONE)
		return x64_at_index(X64_NO_REG, i >= X64_RSP ? i + 1 : i, rnd() % 4, disp);
	i -= MEM_LONE;
	if (i < 4)
		return x64_at_abs(disp);
	/* Rip-relative displacements are from the start of the test's buffer. */
	return (struct x64_mem){ X64_RIP, X64_NO_REG, 0, 0, (int32_t)(rnd() % 0x20000000) - 0x10000000 };
}

static unsigned
vec_limit(const struct x64_case *c)
{
	return c->op >> X64_BIT_ENC & X64_ENC_EVEX ? 32 : 16;
}

/* How many values a place has. */
static unsigned
values(const struct x64_case *c, unsigned i)
{
	switch (c->kinds[i]) {
	case 'r':
		return 16;
	case 'v':
		return vec_limit(c);
	case 'k':
		return 8;
	case 'm':
		return MEMS;
	case 'i':
		return COUNT(imms);
	}
	return 0;
}

/* Which immediates fit the form: counts, bytes, or numbers of the width. */
static int64_t
immediate(const struct x64_case *c, unsigned n)
{
	enum x64_shape shape = x64_op_shape(c->op);
	int64_t v = imms[n];

	if (shape == X64_SHAPE_SH || shape == X64_SHAPE_BT)
		return v & 63;
	if (shape > X64_SHAPE_RMI || shape == X64_SHAPE_MRI)
		return v & 127;
	if (c->op & X64_8)
		return (int8_t)v;
	if (c->op & X64_16)
		return n & 1 ? (int16_t)v : (uint16_t)v;
	return c->op & X64_64 ? (int32_t)v : v;
}

static void
set(struct x64_case *c, unsigned i, unsigned n)
{
	struct x64_operand *o = &c->o[i];

	*o = (struct x64_operand){ .kind = c->kinds[i], .n = n };
	if (o->kind == 'm')
		o->m = memory(n);
	if (o->kind == 'i')
		o->imm = immediate(c, n);
}

static void
randomize(struct x64_case *c)
{
	for (unsigned i = 0; c->kinds[0] != '0' && c->kinds[i]; i++)
		set(c, i, rnd() % values(c, i));
}

static void
sweep_places(struct x64_case *c, void (*judge)(const struct x64_case *c))
{
	if (c->kinds[0] == '0') {
		judge(c);
		return;
	}
	for (unsigned i = 0; c->kinds[i]; i++) {
		unsigned n = values(c, i);

		for (unsigned k = 0; k < n; k++) {
			randomize(c);
			set(c, i, k);
			judge(c);
		}
	}
}

static void
one_random(struct x64_case *c, void (*judge)(const struct x64_case *c))
{
	randomize(c);
	judge(c);
}

typedef void visit_fn(struct x64_case *c, void (*judge)(const struct x64_case *c));

static bool
fits_masks(const struct x64_case *c, x64_op mod)
{
	bool mem = strchr(c->kinds, 'm'), b = mod >> X64_BIT_B & 1, rc = mod >> X64_BIT_RC & 3;
	unsigned allow = c->op >> X64_BIT_ALLOW;
	bool lengths = allow & (X64_A_256 | X64_A_512);

	if (mod & (7ull << X64_BIT_K) && !(allow & X64_A_K))
		return false;
	if (mod & X64_EVEX && !(c->op >> X64_BIT_ENC & X64_ENC_EVEX))
		return false;
	if (!b)
		return true;
	if (mem)
		return !rc && c->op >> X64_BIT_BCAST & 3;
	return allow & (rc ? X64_A_ER : X64_A_SAE | X64_A_ER) && (!lengths || mod & X64_512);
}

/* May these modifiers stand with this form and these operands? */
static bool
fits(const struct x64_case *c, x64_op mod)
{
	bool vector = x64_op_shape(c->op) > X64_SHAPE_NM, to_memory = c->kinds[0] == 'm';
	unsigned allow = c->op >> X64_BIT_ALLOW, low = mod >> X64_BIT_MOD & 15;

	if (low & ~allow & 15)
		return false;
	if ((allow & X64_A_NOT128) && !(mod & (X64_256 | X64_512)))
		return false;
	if (!vector)
		return !(mod & X64_LOCK) || (to_memory && c->kinds[1] != 'x');
	if (mod & X64_Z && (!(mod & (7ull << X64_BIT_K)) || to_memory))
		return false;
	return fits_masks(c, mod);
}

static const x64_op integer_mods[] = {
	0, X64_8, X64_16, X64_64, X64_LOCK, X64_LOCK | X64_8, X64_LOCK | X64_16, X64_LOCK | X64_64,
};
static const x64_op vector_mods[] = {
	0, X64_64, X64_256, X64_512, X64_EVEX, X64_EVEX | X64_256, X64_K(1), X64_K(7) | X64_Z, X64_256 | X64_K(2),
	X64_256 | X64_K(5) | X64_Z, X64_512 | X64_K(3), X64_512 | X64_K(6) | X64_Z, X64_BCAST, X64_256 | X64_BCAST,
	X64_512 | X64_BCAST, X64_BCAST | X64_K(4), X64_RD, X64_RU, X64_RZ, X64_512 | X64_RD, X64_512 | X64_RU,
	X64_512 | X64_RZ, X64_512 | X64_RZ | X64_K(1) | X64_Z, X64_64 | X64_RN, X64_64 | X64_RZ,
};

static void
visit_kinds(struct x64_case *c, const x64_op *mods, unsigned n, visit_fn *visit, void (*judge)(const struct x64_case *c))
{
	x64_op op = c->op;
	unsigned conditions = x64_op_id(op) == X64_ID_cmovo || x64_op_id(op) == X64_ID_seto ? 16 : 1;

	for (unsigned i = 0; i < n; i++) {
		if (!fits(c, mods[i]))
			continue;
		for (unsigned cc = 0; cc < conditions; cc++) {
			c->op = (op | mods[i]) + cc;
			visit(c, judge);
		}
		c->op = op;
	}
}

static void
visit_all(uint64_t seed, visit_fn *visit, void (*judge)(const struct x64_case *c))
{
	random_state = seed * 2 + 1;
	for (unsigned id = 0; id < X64_FORMS; id++) {
		struct x64_case c = { .op = x64_forms[id].op };
		bool vector = x64_op_shape(c.op) > X64_SHAPE_NM;
		const char *list = x64_shape_kinds(x64_op_shape(c.op));
		char kinds[8];

		c.kinds = kinds;
		for (; *list; list += strspn(list, " ")) {
			size_t n = strcspn(list, " ");

			memcpy(kinds, list, n);
			kinds[n] = '\0';
			list += n;
			visit_kinds(&c, vector ? vector_mods : integer_mods, vector ? COUNT(vector_mods) : COUNT(integer_mods),
				    visit, judge);
		}
	}
}

void
x64_sweep(uint64_t seed, void (*judge)(const struct x64_case *c))
{
	visit_all(seed, sweep_places, judge);
}

void
x64_sample(uint64_t seed, void (*judge)(const struct x64_case *c))
{
	visit_all(seed, one_random, judge);
}
