/* Estimates of reciprocals (Arm ARM J1.3.3: FPRecipEstimate(), FPRSqrtEstimate(), FPRecpX()). */
#include "dbt/fp/fp_impl.h"

/* Fractions are worked on as the 52 bits of a double. */
static uint64_t
fraction52(unsigned size, uint64_t a)
{
	unsigned fb = fp_frac_bits(size);

	return (a & ((1ull << fb) - 1)) << (52 - fb);
}

static int
exponent(unsigned size, uint64_t a)
{
	return (int)(a >> fp_frac_bits(size) & ((1ull << fp_exp_bits(size)) - 1));
}

enum { TOP = 51 };
static const uint64_t mask52 = (1ull << 52) - 1;

/* RecipEstimate(): nine bits from 256 up, both ways. */
static uint64_t
recip_estimate(uint64_t a)
{
	a = a * 2 + 1;
	return ((1u << 19) / a + 1) / 2;
}

/* RecipSqrtEstimate() */
static uint64_t
rsqrt_estimate(uint64_t a)
{
	uint64_t b = 512;

	a = a < 256 ? a * 2 + 1 : ((a >> 1 << 1) + 1) * 2;
	while (a * (b + 1) * (b + 1) < 1u << 28)
		b++;
	return (b + 1) / 2;
}

static uint64_t
too_small(struct fp_env *f, unsigned size, bool sign)
{
	enum fp_rounding mode = fp_mode(f);
	bool to_inf = mode == FP_TIEEVEN || mode == (sign ? FP_NEGINF : FP_POSINF);

	f->sr |= A64_FPSR_OFC | A64_FPSR_IXC;
	if (to_inf)
		return fp_make_inf(size, sign);
	return fp_make(size, sign, (1ull << fp_exp_bits(size)) - 2, (1ull << fp_frac_bits(size)) - 1);
}

static uint64_t
reciprocal(unsigned size, bool sign, uint64_t a)
{
	uint64_t fraction = fraction52(size, a);
	int exp = exponent(size, a), to;

	if (exp == 0) {
		if (fraction >> TOP == 0) {
			exp = -1;
			fraction = fraction << 2 & mask52;
		} else {
			fraction = fraction << 1 & mask52;
		}
	}
	to = 2 * fp_bias(size) - 1 - exp;
	fraction = (recip_estimate(256 | fraction >> 44) & 255) << 44;
	if (to == 0) {
		fraction = 1ull << TOP | fraction >> 1;
	} else if (to == -1) {
		fraction = 1ull << (TOP - 1) | fraction >> 2;
		to = 0;
	}
	return fp_make(size, sign, (uint64_t)to, fraction >> (52 - fp_frac_bits(size)));
}

uint64_t
fp_recpe(struct fp_env *f, unsigned size, uint64_t a)
{
	struct fp_num n = fp_unpack(f, size, a);
	unsigned fb = fp_frac_bits(size);
	bool flush = f->cr & (size == FP_HALF ? A64_FPCR_FZ16 : A64_FPCR_FZ);

	if (fp_is_nan(&n))
		return fp_process_nan(f, size, &n);
	if (n.kind == FP_INF)
		return fp_make_zero(size, n.sign);
	if (n.kind == FP_ZERO) {
		f->sr |= A64_FPSR_DZC;
		return fp_make_inf(size, n.sign);
	}
	/* below 2^-(bias + 1): the two highest bits of a subnormal's fraction are zero */
	if (exponent(size, a) == 0 && n.m < (fp_wide)1 << (fb - 2))
		return too_small(f, size, n.sign);
	if (flush && exponent(size, a) >= 2 * fp_bias(size) - 1) {
		f->sr |= A64_FPSR_UFC;
		return fp_make_zero(size, n.sign);
	}
	return reciprocal(size, n.sign, a);
}

uint64_t
fp_rsqrte(struct fp_env *f, unsigned size, uint64_t a)
{
	struct fp_num n = fp_unpack(f, size, a);
	uint64_t fraction = fraction52(size, a), scaled;
	int exp = exponent(size, a), to;

	if (fp_is_nan(&n))
		return fp_process_nan(f, size, &n);
	if (n.kind == FP_ZERO) {
		f->sr |= A64_FPSR_DZC;
		return fp_make_inf(size, n.sign);
	}
	if (n.sign)
		return fp_invalid(f, size);
	if (n.kind == FP_INF)
		return fp_make_zero(size, false);
	if (exp == 0) {
		for (; fraction >> TOP == 0; exp--)
			fraction <<= 1;
		fraction = fraction << 1 & mask52;
	}
	scaled = exp & 1 ? 128 | fraction >> 45 : 256 | fraction >> 44;
	to = (3 * fp_bias(size) - 1 - exp) >> 1;
	return fp_make(size, false, (uint64_t)to, (rsqrt_estimate(scaled) & 255) << (fp_frac_bits(size) - 8));
}

uint64_t
fp_recpx(struct fp_env *f, unsigned size, uint64_t a)
{
	struct fp_num n = fp_unpack(f, size, a);
	uint64_t max = (1ull << fp_exp_bits(size)) - 1, exp = (uint64_t)exponent(size, a);

	if (fp_is_nan(&n))
		return fp_process_nan(f, size, &n);
	return fp_make(size, n.sign, exp == 0 ? max - 1 : exp ^ max, 0);
}
