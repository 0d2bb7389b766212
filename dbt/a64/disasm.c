/* Disassembly: the pieces of a line's text, and operands of the general registers. */
#include <stdarg.h>
#include <stdio.h>

#include "dbt/a64/show.h"

void
a64_put(struct a64_text *t, const char *format, ...)
{
	va_list ap;
	size_t room = t->n < t->size ? t->size - t->n : 0;

	va_start(ap, format);
	int n = vsnprintf(room > 0 ? t->out + t->n : NULL, room, format, ap);
	va_end(ap);
	if (n > 0)
		t->n += (size_t)n;
}

size_t
a64_disasm(char *out, size_t size, uint32_t w, uint64_t pc)
{
	struct a64_text t = {out, size, 0, pc};
	enum a64_op op = a64_decode(w);

	if (size > 0)
		out[0] = '\0';
	if (op == A64_UNDEFINED) {
		a64_put(&t, ".inst\t0x%08x", w);
		return t.n;
	}
	for (const struct a64_item *i = &a64_items[a64_first_item[op]];; i++) {
		if (i->text != NULL)
			a64_put(&t, "%s", i->text);
		else if (i->show != NULL)
			i->show(&t, w);
		else if (i->show_field != NULL)
			i->show_field(&t, w, (w >> i->lo) & i->mask);
		else
			return t.n;
	}
}

static void
put_reg(struct a64_text *t, int x, uint32_t r, const char *w31, const char *x31)
{
	if (r == 31)
		a64_put(t, "%s", x ? x31 : w31);
	else
		a64_put(t, "%c%u", x ? 'x' : 'w', r);
}

void
a64_show_R(struct a64_text *t, uint32_t w, uint32_t f)
{
	put_reg(t, a64_sf(w), f, "wzr", "xzr");
}

void
a64_show_RS(struct a64_text *t, uint32_t w, uint32_t f)
{
	put_reg(t, a64_sf(w), f, "wsp", "sp");
}

void
a64_show_X(struct a64_text *t, uint32_t w, uint32_t f)
{
	put_reg(t, 1, f, "wzr", "xzr");
}

void
a64_show_imm(struct a64_text *t, uint32_t w, uint32_t f)
{
	a64_put(t, "#%u", f);
}

void
a64_show_hex(struct a64_text *t, uint32_t w, uint32_t f)
{
	a64_put(t, "#%#x", f);
}

int64_t
a64_sign(uint32_t f, unsigned n)
{
	return (int64_t)((uint64_t)f << (64 - n)) >> (64 - n);
}

void
a64_show_adr(struct a64_text *t, uint32_t w)
{
	int64_t d = a64_sign(a64_immhi(w) << 2 | a64_immlo(w), 21);

	a64_put(t, "0x%llx", (unsigned long long)(t->pc + (uint64_t)d));
}

void
a64_show_adrp(struct a64_text *t, uint32_t w)
{
	uint64_t d = (uint64_t)a64_sign(a64_immhi(w) << 2 | a64_immlo(w), 21) << 12;

	a64_put(t, "0x%llx", (unsigned long long)((t->pc & ~0xfffull) + d));
}

void
a64_show_addimm(struct a64_text *t, uint32_t w)
{
	a64_put(t, "#%u%s", a64_imm12(w), a64_sh(w) ? ", lsl #12" : "");
}

void
a64_show_simm8(struct a64_text *t, uint32_t w)
{
	a64_put(t, "#%d", (int)a64_sign(a64_imm8(w), 8));
}

void
a64_show_hw(struct a64_text *t, uint32_t w)
{
	if (a64_hw(w) != 0)
		a64_put(t, ", lsl #%u", 16 * a64_hw(w));
}

/* DecodeBitMasks() of the manual: S + 1 ones, rotated right by R, in elements of esize bits. */
void
a64_show_bitmask(struct a64_text *t, uint32_t w)
{
	uint32_t key = a64_N(w) << 6 | (~a64_imms(w) & 0x3f);
	unsigned esize = 1u << (31 - __builtin_clz(key));
	unsigned s = a64_imms(w) & (esize - 1), r = a64_immr(w) & (esize - 1);
	uint64_t all = esize == 64 ? ~0ull : (1ull << esize) - 1;
	uint64_t e = (2ull << s) - 1;

	if (r != 0)
		e = (e >> r | e << (esize - r)) & all;
	for (unsigned n = esize; n < 64; n *= 2)
		e |= e << n;
	if (!a64_sf(w))
		e &= 0xffffffff;
	a64_put(t, "#0x%llx", (unsigned long long)e);
}

void
a64_show_W(struct a64_text *t, uint32_t w, uint32_t f)
{
	put_reg(t, 0, f, "wzr", "xzr");
}

void
a64_show_shift(struct a64_text *t, uint32_t w)
{
	static const char name[4][4] = {"lsl", "lsr", "asr", "ror"};

	if (a64_shift(w) != 0 || a64_imm6(w) != 0)
		a64_put(t, ", %s #%u", name[a64_shift(w)], a64_imm6(w));
}

/* With the stack pointer, the extension of the operation's own width is written as LSL. */
static void
put_ext(struct a64_text *t, uint32_t w, int sp)
{
	static const char name[8][5] = {"uxtb", "uxth", "uxtw", "uxtx",
	                                "sxtb", "sxth", "sxtw", "sxtx"};
	uint32_t o = a64_option(w), n = a64_imm3(w);

	put_reg(t, a64_sf(w) && (o & 3) == 3, a64_Rm(w), "wzr", "xzr");
	if (sp && o == 2 + a64_sf(w)) {
		if (n != 0)
			a64_put(t, ", lsl #%u", n);
		return;
	}
	a64_put(t, ", %s", name[o]);
	if (n != 0)
		a64_put(t, " #%u", n);
}

void
a64_show_Rm_ext(struct a64_text *t, uint32_t w)
{
	put_ext(t, w, a64_Rn(w) == 31 || a64_Rd(w) == 31);
}

void
a64_show_Rm_ext_s(struct a64_text *t, uint32_t w)
{
	put_ext(t, w, a64_Rn(w) == 31);
}
