/* Operands of floating point and Advanced SIMD. */
#include "dbt/a64/show.h"

#define REGISTER(letter)                                                                           \
	void a64_show_##letter(struct a64_text *t, uint32_t w, uint32_t f)                         \
	{                                                                                          \
		a64_put(t, #letter "%u", f);                                                       \
	}
REGISTER(h)
REGISTER(s)
REGISTER(d)
REGISTER(v)

void
a64_show_F(struct a64_text *t, uint32_t w, uint32_t f)
{
	a64_put(t, "%c%u", "sd?h"[a64_ftype(w)], f);
}

void
a64_show_Fopc(struct a64_text *t, uint32_t w, uint32_t f)
{
	a64_put(t, "%c%u", "sd?h"[a64_opc(w)], f);
}

void
a64_show_fbits(struct a64_text *t, uint32_t w)
{
	a64_put(t, "#%u", 64 - a64_scale(w));
}

/* VFPExpandImm() of the manual: sign, 3 bits of exponent, 4 of fraction. */
static void
put_fp(struct a64_text *t, uint32_t imm8)
{
	double m = 16 + (imm8 & 15);
	int e = (int)((imm8 >> 4 & 7) ^ 4) - 7;

	m = e >= 0 ? m * (1 << e) : m / (1 << -e);
	a64_put(t, "#%.8f", imm8 & 0x80 ? -m : m);
}

void
a64_show_fpimm(struct a64_text *t, uint32_t w)
{
	put_fp(t, a64_fimm8(w));
}

/* Arrangements by the logarithm of an element's bytes, and 16 bytes or 8. */
static const char arrangement[5][2][4] = {
    {"8b", "16b"}, {"4h", "8h"}, {"2s", "4s"}, {"1d", "2d"}, {"1q", "1q"},
};

#define VECTOR(name, size, q)                                                                      \
	void a64_show_##name(struct a64_text *t, uint32_t w, uint32_t f)                           \
	{                                                                                          \
		a64_put(t, "v%u.%s", f, arrangement[size][q]);                                     \
	}
/* floor(log2) of the highest bit of immh or the lowest of imm5 is the element's size */
#define IMMH(w) (31 - __builtin_clz(a64_immh(w) | 1))
#define IMM5(w) (__builtin_ctz(a64_imm5(w) | 16))
VECTOR(V, a64_size(w), a64_Q(w))
VECTOR(Vb, 0, a64_Q(w))
VECTOR(Vh, 1, a64_Q(w))
VECTOR(Vs, 2, a64_Q(w))
VECTOR(Vd, 3, a64_Q(w))
VECTOR(Vz, 2 + a64_sz(w), a64_Q(w))
VECTOR(Vzn, 1 + a64_sz(w), a64_Q(w))
VECTOR(Vzw, 2 + a64_sz(w), 1)
VECTOR(Vw, 1 + a64_size(w), 1)
VECTOR(Vlp, 1 + a64_size(w), a64_Q(w))
VECTOR(Vi, IMMH(w), a64_Q(w))
VECTOR(Viw, 1 + IMMH(w), 1)
VECTOR(Vt5, IMM5(w), a64_Q(w))

/* FMLAL: half of the register, or all of it. */
void
a64_show_Vhh(struct a64_text *t, uint32_t w, uint32_t f)
{
	a64_put(t, "v%u.%s", f, a64_Q(w) ? "4h" : "2h");
}

void
a64_show_Vpair(struct a64_text *t, uint32_t w, uint32_t f)
{
	a64_put(t, "v%u.%s", f, a64_sz(w) ? "2d" : "2s");
}

void
a64_show_two(struct a64_text *t, uint32_t w)
{
	a64_put(t, "%s", a64_Q(w) ? "2" : "");
}

#define SCALAR(name, size)                                                                         \
	void a64_show_##name(struct a64_text *t, uint32_t w, uint32_t f)                           \
	{                                                                                          \
		a64_put(t, "%c%u", "bhsdq"[size], f);                                              \
	}
SCALAR(Fs, a64_size(w))
SCALAR(Fsw, 1 + a64_size(w))
SCALAR(Fz, 2 + a64_sz(w))
SCALAR(Si, IMMH(w))
SCALAR(Siw, 1 + IMMH(w))
SCALAR(S5, IMM5(w))

void
a64_show_R5(struct a64_text *t, uint32_t w, uint32_t f)
{
	if (IMM5(w) == 3)
		a64_show_X(t, w, f);
	else
		a64_show_W(t, w, f);
}

void
a64_show_RQ(struct a64_text *t, uint32_t w, uint32_t f)
{
	if (a64_Q(w))
		a64_show_X(t, w, f);
	else
		a64_show_W(t, w, f);
}

void
a64_show_elem5(struct a64_text *t, uint32_t w, uint32_t f)
{
	unsigned n = IMM5(w);

	a64_put(t, "v%u.%c[%u]", f, "bhsdq"[n], a64_imm5(w) >> (n + 1));
}

void
a64_show_elem4(struct a64_text *t, uint32_t w, uint32_t f)
{
	unsigned n = IMM5(w);

	a64_put(t, "v%u.%c[%u]", f, "bhsdq"[n], a64_imm4(w) >> n);
}

void
a64_show_rot(struct a64_text *t, uint32_t w)
{
	a64_put(t, "#%u", 90 * a64_rot(w));
}

void
a64_show_rot1(struct a64_text *t, uint32_t w)
{
	a64_put(t, "#%u", a64_rot1(w) ? 270 : 90);
}

void
a64_show_erot(struct a64_text *t, uint32_t w)
{
	a64_put(t, "#%u", 90 * a64_erot(w));
}

void
a64_show_table(struct a64_text *t, uint32_t w)
{
	a64_put(t, "{ ");
	for (unsigned i = 0; i <= a64_len(w); i++)
		a64_put(t, "%sv%u.16b", i > 0 ? ", " : "", (a64_Rn(w) + i) % 32);
	a64_put(t, " }");
}

/* SHLL shifts by the size of an element. */
void
a64_show_esize(struct a64_text *t, uint32_t w)
{
	a64_put(t, "#%u", 8u << a64_size(w));
}

void
a64_show_rshift(struct a64_text *t, uint32_t w)
{
	a64_put(t, "#%u", (16u << IMMH(w)) - (a64_immh(w) << 3 | a64_immb(w)));
}

void
a64_show_lshift(struct a64_text *t, uint32_t w)
{
	a64_put(t, "#%u", (a64_immh(w) << 3 | a64_immb(w)) - (8u << IMMH(w)));
}

/* Elements: the fewer there are, the more registers the bits can name. */
static uint32_t
hlm(uint32_t w)
{
	return a64_H(w) << 2 | a64_L(w) << 1 | a64_M(w);
}

static void
put_elem(struct a64_text *t, uint32_t w, const char *element, unsigned bits)
{
	uint32_t m = bits == 3 ? a64_Rm4(w) : a64_M(w) << 4 | a64_Rm4(w);

	a64_put(t, "v%u.%s[%u]", m, element, hlm(w) >> (3 - bits));
}

void
a64_show_e_hs(struct a64_text *t, uint32_t w)
{
	if (a64_size(w) == 1)
		put_elem(t, w, "h", 3);
	else
		put_elem(t, w, "s", 2);
}

void
a64_show_e_sd(struct a64_text *t, uint32_t w)
{
	if (a64_sz(w))
		put_elem(t, w, "d", 1);
	else
		put_elem(t, w, "s", 2);
}

#define ELEMENT(name, element, bits)                                                               \
	void a64_show_##name(struct a64_text *t, uint32_t w)                                       \
	{                                                                                          \
		put_elem(t, w, element, bits);                                                     \
	}
ELEMENT(e_h, "h", 3)
ELEMENT(e_2h, "2h", 2)
ELEMENT(e_4b, "4b", 2)
ELEMENT(e_ch, "h", 2)
ELEMENT(e_cs, "s", 1)

static uint32_t
imm8v(uint32_t w)
{
	return a64_abc(w) << 5 | a64_defgh(w);
}

void
a64_show_imm8v(struct a64_text *t, uint32_t w)
{
	a64_put(t, "#%u", imm8v(w));
}

/* Each bit stands for a byte of ones. */
void
a64_show_imm64v(struct a64_text *t, uint32_t w)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < 8; i++)
		if (imm8v(w) >> i & 1)
			n |= 0xffull << 8 * i;
	a64_put(t, "#0x%016llx", (unsigned long long)n);
}

void
a64_show_fpimmv(struct a64_text *t, uint32_t w)
{
	put_fp(t, imm8v(w));
}

void
a64_show_lsl32(struct a64_text *t, uint32_t w)
{
	if (a64_lsl32(w) != 0)
		a64_put(t, ", lsl #%u", 8 * a64_lsl32(w));
}

void
a64_show_lsl16(struct a64_text *t, uint32_t w)
{
	if (a64_lsl16(w) != 0)
		a64_put(t, ", lsl #8");
}

void
a64_show_msl(struct a64_text *t, uint32_t w)
{
	a64_put(t, ", msl #%u", 8u << a64_msl(w));
}
