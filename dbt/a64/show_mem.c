/* Operands of loads and stores. */
#include "dbt/a64/show.h"

void
a64_show_Rx(struct a64_text *t, uint32_t w, uint32_t f)
{
	if (a64_x(w))
		a64_show_X(t, w, f);
	else
		a64_show_W(t, w, f);
}

/* The second register of a pair. */
void
a64_show_Rx1(struct a64_text *t, uint32_t w, uint32_t f)
{
	a64_show_Rx(t, w, f | 1);
}

/* Sign-extending loads: to 64 bits, or to 32. */
void
a64_show_Rw(struct a64_text *t, uint32_t w, uint32_t f)
{
	if (a64_w32(w))
		a64_show_W(t, w, f);
	else
		a64_show_X(t, w, f);
}

void
a64_show_Fo(struct a64_text *t, uint32_t w, uint32_t f)
{
	a64_put(t, "%c%u", "bhsd"[a64_osize(w)], f);
}

void
a64_show_q(struct a64_text *t, uint32_t w, uint32_t f)
{
	a64_put(t, "q%u", f);
}

/* Pairs and literals: S, D, Q. */
void
a64_show_Fp(struct a64_text *t, uint32_t w, uint32_t f)
{
	a64_put(t, "%c%u", "sdq?"[a64_osize(w)], f);
}

static void
put_base(struct a64_text *t, uint32_t w)
{
	a64_put(t, "[");
	if (a64_Rn(w) == 31)
		a64_put(t, "sp");
	else
		a64_put(t, "x%u", a64_Rn(w));
}

static void
put_offset(struct a64_text *t, uint32_t w, int64_t offset)
{
	put_base(t, w);
	if (offset != 0)
		a64_put(t, ", #%lld", (long long)offset);
	a64_put(t, "]");
}

static void
put_post(struct a64_text *t, uint32_t w, int64_t offset)
{
	put_base(t, w);
	a64_put(t, "], #%lld", (long long)offset);
}

static void
put_pre(struct a64_text *t, uint32_t w, int64_t offset)
{
	put_base(t, w);
	a64_put(t, ", #%lld]!", (long long)offset);
}

void
a64_show_mem(struct a64_text *t, uint32_t w)
{
	put_offset(t, w, 0);
}

void
a64_show_mem9(struct a64_text *t, uint32_t w)
{
	put_offset(t, w, a64_sign(a64_imm9(w), 9));
}

void
a64_show_post9(struct a64_text *t, uint32_t w)
{
	put_post(t, w, a64_sign(a64_imm9(w), 9));
}

void
a64_show_pre9(struct a64_text *t, uint32_t w)
{
	put_pre(t, w, a64_sign(a64_imm9(w), 9));
}

static void
put_index(struct a64_text *t, uint32_t w, unsigned scale)
{
	static const char name[8][5] = {"", "", "uxtw", "lsl", "", "", "sxtw", "sxtx"};
	uint32_t o = a64_option(w);

	put_base(t, w);
	a64_put(t, ", ");
	if (o & 1)
		a64_show_X(t, w, a64_Rm(w));
	else
		a64_show_W(t, w, a64_Rm(w));
	if (a64_S(w))
		a64_put(t, ", %s #%u", name[o], scale);
	else if (o != 3)
		a64_put(t, ", %s", name[o]);
	a64_put(t, "]");
}

/* The offset in units of the access: its logarithm, by line or by field. */
#define SCALED(suffix, scale)                                                                      \
	void a64_show_mem12_##suffix(struct a64_text *t, uint32_t w)                               \
	{                                                                                          \
		put_offset(t, w, (int64_t)a64_imm12(w) << (scale));                                \
	}                                                                                          \
	void a64_show_memr_##suffix(struct a64_text *t, uint32_t w)                                \
	{                                                                                          \
		put_index(t, w, scale);                                                            \
	}
SCALED(0, 0)
SCALED(1, 1)
SCALED(2, 2)
SCALED(3, 3)
SCALED(4, 4)
SCALED(x, 2 + a64_x(w))
SCALED(o, a64_osize(w))

#define PAIR(suffix, scale)                                                                        \
	void a64_show_mem7_##suffix(struct a64_text *t, uint32_t w)                                \
	{                                                                                          \
		put_offset(t, w, a64_sign(a64_imm7(w), 7) * (1 << (scale)));                       \
	}                                                                                          \
	void a64_show_post7_##suffix(struct a64_text *t, uint32_t w)                               \
	{                                                                                          \
		put_post(t, w, a64_sign(a64_imm7(w), 7) * (1 << (scale)));                         \
	}                                                                                          \
	void a64_show_pre7_##suffix(struct a64_text *t, uint32_t w)                                \
	{                                                                                          \
		put_pre(t, w, a64_sign(a64_imm7(w), 7) * (1 << (scale)));                          \
	}
PAIR(w, 2)
PAIR(r, 2 + a64_sf(w))
PAIR(f, 2 + a64_osize(w))

void
a64_show_prfop(struct a64_text *t, uint32_t w)
{
	static const char type[3][4] = {"pld", "pli", "pst"};
	uint32_t p = a64_Rt(w);

	if (p >> 3 == 3 || (p >> 1 & 3) == 3)
		a64_put(t, "#%u", p);
	else
		a64_put(t, "%sl%u%s", type[p >> 3], (p >> 1 & 3) + 1, p & 1 ? "strm" : "keep");
}

/* Suffixes of acquire and release. */
void
a64_show_AR(struct a64_text *t, uint32_t w)
{
	a64_put(t, "%s%s", a64_A(w) ? "a" : "", a64_R(w) ? "l" : "");
}

void
a64_show_casAR(struct a64_text *t, uint32_t w)
{
	a64_put(t, "%s%s", a64_acq(w) ? "a" : "", a64_rel(w) ? "l" : "");
}

static void
put_registers(struct a64_text *t, unsigned first, unsigned n, const char *element)
{
	a64_put(t, "{ ");
	for (unsigned i = 0; i < n; i++)
		a64_put(t, "%sv%u.%s", i > 0 ? ", " : "", (first + i) % 32, element);
	a64_put(t, " }");
}

/* Registers of LD1-4 and ST1-4 (multiple structures), by bits 15:12. */
static unsigned
multiple(uint32_t w)
{
	static const uint8_t n[16] = {4, 0, 4, 0, 3, 0, 3, 1, 2, 0, 2};

	return n[w >> 12 & 15];
}

/* Registers of LD1-4 and ST1-4 (single structure), by bits 13 and 21. */
static unsigned
structure(uint32_t w)
{
	return 1 + (w >> 21 & 1) + 2 * (w >> 13 & 1);
}

static const char arrangement[8][4] = {"8b", "16b", "4h", "8h", "2s", "4s", "1d", "2d"};

void
a64_show_vlist(struct a64_text *t, uint32_t w)
{
	put_registers(t, a64_Rt(w), multiple(w), arrangement[a64_ssize(w) << 1 | a64_Q(w)]);
}

void
a64_show_vlist_rep(struct a64_text *t, uint32_t w)
{
	put_registers(t, a64_Rt(w), structure(w), arrangement[a64_ssize(w) << 1 | a64_Q(w)]);
}

void
a64_show_elem_b(struct a64_text *t, uint32_t w)
{
	put_registers(t, a64_Rt(w), structure(w), "b");
	a64_put(t, "[%u]", a64_Q(w) << 3 | a64_S(w) << 2 | a64_ssize(w));
}

void
a64_show_elem_h(struct a64_text *t, uint32_t w)
{
	put_registers(t, a64_Rt(w), structure(w), "h");
	a64_put(t, "[%u]", a64_Q(w) << 2 | a64_S(w) << 1 | a64_ssize(w) >> 1);
}

void
a64_show_elem_s(struct a64_text *t, uint32_t w)
{
	put_registers(t, a64_Rt(w), structure(w), "s");
	a64_put(t, "[%u]", a64_Q(w) << 1 | a64_S(w));
}

void
a64_show_elem_d(struct a64_text *t, uint32_t w)
{
	put_registers(t, a64_Rt(w), structure(w), "d");
	a64_put(t, "[%u]", a64_Q(w));
}

/* After a structure the base moves by a register, or by the bytes transferred. */
static void
put_vpost(struct a64_text *t, uint32_t w, unsigned bytes)
{
	put_base(t, w);
	if (a64_Rm(w) == 31)
		a64_put(t, "], #%u", bytes);
	else
		a64_put(t, "], x%u", a64_Rm(w));
}

void
a64_show_vpost(struct a64_text *t, uint32_t w)
{
	put_vpost(t, w, multiple(w) * (8u << (w >> 30 & 1)));
}

void
a64_show_vpost_rep(struct a64_text *t, uint32_t w)
{
	put_vpost(t, w, structure(w) << a64_ssize(w));
}

#define ELEMENT(suffix, bytes)                                                                     \
	void a64_show_vpost_##suffix(struct a64_text *t, uint32_t w)                               \
	{                                                                                          \
		put_vpost(t, w, structure(w) * (bytes));                                           \
	}
ELEMENT(b, 1)
ELEMENT(h, 2)
ELEMENT(s, 4)
ELEMENT(d, 8)
