/* Taking numbers apart, rounding, NaNs (Arm ARM J1.3.3: FPUnpackBase(), FPRoundBase(), FPProcessNaN()). */
#include "dbt/fp/fp_impl.h"

static bool
flushes(const struct fp_env *f, unsigned format, bool cv)
{
	if (format == FP_HALF)
		return f->cr & A64_FPCR_FZ16 && !cv;
	return f->cr & A64_FPCR_FZ;
}

static struct fp_num
unpack(struct fp_env *f, unsigned format, uint64_t bits, bool cv)
{
	unsigned fb = fp_frac_bits(format), eb = fp_exp_bits(format);
	uint64_t frac = bits & ((1ull << fb) - 1), exp = bits >> fb & ((1ull << eb) - 1);
	struct fp_num n = { .kind = FP_NUMBER, .sign = bits >> (fb + eb) & 1, .bits = bits };

	if (exp == 0) {
		n.m = frac;
		n.exp = 1 - fp_bias(format) - (int)fb;
		if (frac != 0 && flushes(f, format, cv)) {
			n.m = 0;
			f->sr |= format != FP_HALF ? A64_FPSR_IDC : 0;
		}
		if (n.m == 0)
			n.kind = FP_ZERO;
	} else if (exp == (1ull << eb) - 1 && !(format == FP_HALF && cv && f->cr & A64_FPCR_AHP)) {
		n.kind = frac == 0 ? FP_INF : frac >> (fb - 1) ? FP_QNAN : FP_SNAN;
	} else {
		n.m = frac | 1ull << fb;
		n.exp = (int)exp - fp_bias(format) - (int)fb;
	}
	return n;
}

struct fp_num
fp_unpack(struct fp_env *f, unsigned format, uint64_t bits)
{
	return unpack(f, format, bits, false);
}

struct fp_num
fp_unpack_cv(struct fp_env *f, unsigned format, uint64_t bits)
{
	return unpack(f, format, bits, true);
}

/* The highest set bit. */
static int
top_bit(fp_wide m)
{
	uint64_t high = (uint64_t)(m >> 64);

	return high ? 127 - __builtin_clzll(high) : 63 - __builtin_clzll((uint64_t)m);
}

/* What a right shift drops: its highest bit, and whether anything is below that. */
struct rest {
	bool half, below;
};

static fp_wide
drop(fp_wide m, int shift, struct rest *ret)
{
	*ret = (struct rest){ false, false };
	if (shift <= 0)
		return m << -shift;
	if (shift > 128) {
		ret->below = m != 0;
		return 0;
	}
	ret->half = m >> (shift - 1) & 1;
	ret->below = shift > 1 && m << (129 - shift) != 0;
	return shift == 128 ? 0 : m >> shift;
}

static bool
rounds_up(enum fp_rounding mode, bool sign, bool odd, struct rest r)
{
	switch (mode) {
	case FP_TIEEVEN:
		return r.half && (r.below || odd);
	case FP_TIEAWAY:
		return r.half;
	case FP_POSINF:
		return (r.half || r.below) && !sign;
	case FP_NEGINF:
		return (r.half || r.below) && sign;
	default:
		return false;
	}
}

/* Beyond the greatest number. */
static uint64_t
overflow(struct fp_env *f, unsigned format, bool sign, enum fp_rounding mode)
{
	bool to_inf = mode == FP_TIEEVEN || mode == FP_TIEAWAY || mode == (sign ? FP_NEGINF : FP_POSINF);

	f->sr |= A64_FPSR_OFC | A64_FPSR_IXC;
	if (to_inf)
		return fp_make_inf(format, sign);
	return fp_make(format, sign, (1ull << fp_exp_bits(format)) - 2, (1ull << fp_frac_bits(format)) - 1);
}

static uint64_t
round_number(struct fp_env *f, unsigned format, bool sign, int exp, fp_wide m, enum fp_rounding mode, bool cv)
{
	int fb = (int)fp_frac_bits(format), min_exp = 1 - fp_bias(format), e = exp + top_bit(m), biased;
	uint64_t max = (1ull << fp_exp_bits(format)) - 1, frac;
	bool alternative = format == FP_HALF && cv && f->cr & A64_FPCR_AHP;
	struct rest r;

	if (e < min_exp && flushes(f, format, cv)) { /* tininess is seen before rounding */
		f->sr |= A64_FPSR_UFC;
		return fp_make_zero(format, sign);
	}
	biased = e < min_exp ? 0 : e - min_exp + 1;
	frac = (uint64_t)drop(m, (biased ? e : min_exp) - fb - exp, &r);
	if (biased == 0 && (r.half || r.below))
		f->sr |= A64_FPSR_UFC;
	if (rounds_up(mode, sign, frac & 1, r)) {
		frac++;
		if (frac == 1ull << fb)
			biased = 1;
		if (frac == 2ull << fb) {
			biased++;
			frac >>= 1;
		}
	}
	if (mode == FP_ODD && (r.half || r.below))
		frac |= 1;
	if (alternative && biased > (int)max) {
		f->sr |= A64_FPSR_IOC;
		return fp_make(format, sign, max, (1ull << fb) - 1);
	}
	if (!alternative && biased >= (int)max)
		return overflow(f, format, sign, mode);
	if (r.half || r.below)
		f->sr |= A64_FPSR_IXC;
	return fp_make(format, sign, (uint64_t)biased, frac & ((1ull << fb) - 1));
}

uint64_t
fp_round(struct fp_env *f, unsigned format, bool sign, int exp, fp_wide m, enum fp_rounding mode)
{
	return round_number(f, format, sign, exp, m, mode, false);
}

uint64_t
fp_round_cv(struct fp_env *f, unsigned format, bool sign, int exp, fp_wide m, enum fp_rounding mode)
{
	return round_number(f, format, sign, exp, m, mode, true);
}

fp_wide
fp_integer(const struct fp_num *n, enum fp_rounding mode, bool *ret_inexact)
{
	struct rest r;
	fp_wide v;

	*ret_inexact = false;
	if (n->m == 0)
		return 0;
	if (n->exp + top_bit(n->m) >= 127)
		return (fp_wide)1 << 127;
	v = drop(n->m, -n->exp, &r);
	*ret_inexact = r.half || r.below;
	return v + rounds_up(mode, n->sign, v & 1, r);
}

/* Right, with what is lost kept in the lowest bit. */
static fp_wide
shift_jam(fp_wide m, int n)
{
	if (n == 0)
		return m;
	if (n > 127)
		return m != 0;
	return m >> n | (m << (128 - n) != 0);
}

/* Both with their highest bit at 125: one place for a carry, and enough below that the jammed bit never decides alone. */
struct fp_num
fp_sum(struct fp_num a, struct fp_num b)
{
	enum { TOP = 125 };

	if (a.m == 0)
		return b;
	if (b.m == 0)
		return a;
	a.exp -= TOP - top_bit(a.m);
	a.m <<= TOP - top_bit(a.m);
	b.exp -= TOP - top_bit(b.m);
	b.m <<= TOP - top_bit(b.m);
	if (a.exp < b.exp || (a.exp == b.exp && a.m < b.m)) {
		struct fp_num t = a;

		a = b;
		b = t;
	}
	b.m = shift_jam(b.m, a.exp - b.exp);
	a.m = a.sign == b.sign ? a.m + b.m : a.m - b.m;
	a.kind = a.m ? FP_NUMBER : FP_ZERO;
	return a;
}

/* ---- NaNs ---- */

uint64_t
fp_process_nan(struct fp_env *f, unsigned format, const struct fp_num *n)
{
	if (n->kind == FP_SNAN)
		f->sr |= A64_FPSR_IOC;
	if (f->cr & A64_FPCR_DN)
		return fp_default_nan(format);
	return n->bits | 1ull << (fp_frac_bits(format) - 1);
}

bool
fp_process_nans(struct fp_env *f, unsigned format, const struct fp_num *const *n, unsigned count, uint64_t *ret)
{
	for (enum fp_kind kind = FP_SNAN; kind >= FP_QNAN; kind--)
		for (unsigned i = 0; i < count; i++)
			if (n[i]->kind == kind) {
				*ret = fp_process_nan(f, format, n[i]);
				return true;
			}
	return false;
}
