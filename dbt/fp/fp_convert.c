/* To and from integers, and between formats (Arm ARM J1.3.3: FPRoundInt() to FPConvertBF()). */
#include "dbt/fp/fp_impl.h"

static uint64_t
exact_integer(unsigned size, bool sign, fp_wide v)
{
	struct fp_env none = { 0, 0 };

	return v == 0 ? fp_make_zero(size, sign) : fp_round(&none, size, sign, 0, v, FP_ZERO_MODE);
}

uint64_t
fp_round_int(struct fp_env *f, unsigned size, uint64_t a, enum fp_rounding mode, bool exact)
{
	struct fp_num n = fp_unpack(f, size, a);
	bool inexact;
	fp_wide v;

	if (fp_is_nan(&n))
		return fp_process_nan(f, size, &n);
	if (n.kind == FP_ZERO)
		return fp_make_zero(size, n.sign);
	if (n.kind == FP_INF || n.exp >= 0)
		return n.bits;
	v = fp_integer(&n, mode, &inexact);
	if (inexact && exact)
		f->sr |= A64_FPSR_IXC;
	return exact_integer(size, n.sign, v);
}

uint64_t
fp_round_int_n(struct fp_env *f, unsigned size, uint64_t a, enum fp_rounding mode, unsigned width)
{
	struct fp_num n = fp_unpack(f, size, a);
	bool inexact = false;
	fp_wide v = 0, most = (fp_wide)1 << (width - 1);

	if (n.kind == FP_ZERO)
		return fp_make_zero(size, n.sign);
	if (n.kind == FP_NUMBER)
		v = fp_integer(&n, mode, &inexact);
	if (n.kind != FP_NUMBER || v > most || (v == most && !n.sign)) {
		f->sr |= A64_FPSR_IOC;
		return exact_integer(size, true, most);
	}
	if (inexact)
		f->sr |= A64_FPSR_IXC;
	return exact_integer(size, n.sign, v);
}

uint64_t
fp_to_fixed(struct fp_env *f, unsigned size, uint64_t a, unsigned fbits, bool is_signed, unsigned width, enum fp_rounding mode)
{
	struct fp_num n = fp_unpack(f, size, a);
	uint64_t all = ~0ull >> (64 - width);
	bool inexact = false;
	fp_wide v = 0, most;

	if (fp_is_nan(&n)) {
		f->sr |= A64_FPSR_IOC;
		return 0;
	}
	n.exp += (int)fbits;
	if (n.kind != FP_ZERO)
		v = n.kind == FP_INF ? (fp_wide)1 << 127 : fp_integer(&n, mode, &inexact);
	if (is_signed)
		most = n.sign ? (fp_wide)1 << (width - 1) : ((fp_wide)1 << (width - 1)) - 1;
	else
		most = n.sign ? 0 : all;
	if (v > most) {
		f->sr |= A64_FPSR_IOC;
		v = most;
	} else if (inexact) {
		f->sr |= A64_FPSR_IXC;
	}
	return (n.sign ? -(uint64_t)v : (uint64_t)v) & all;
}

uint64_t
fp_from_fixed(struct fp_env *f, unsigned size, uint64_t v, unsigned fbits, bool is_signed, enum fp_rounding mode)
{
	bool sign = is_signed && v >> 63;

	if (v == 0)
		return fp_make_zero(size, false);
	return fp_round(f, size, sign, -(int)fbits, sign ? -v : v, mode);
}

uint32_t
fp_to_int32_js(struct fp_env *f, uint64_t a, bool *ret_z)
{
	struct fp_num n = fp_unpack(f, FP_DOUBLE, a);
	bool inexact = false, far;
	fp_wide v = 0;
	uint32_t r;

	*ret_z = false;
	if (fp_is_nan(&n) || n.kind == FP_INF) {
		f->sr |= A64_FPSR_IOC;
		return 0;
	}
	if (n.kind == FP_ZERO) {
		*ret_z = a == 0; /* neither -0 nor what was flushed */
		return 0;
	}
	v = fp_integer(&n, FP_ZERO_MODE, &inexact);
	far = v > (n.sign ? 1ull << 31 : (1ull << 31) - 1);
	r = n.exp > 63 ? 0 : (uint32_t)v;
	if (far)
		f->sr |= A64_FPSR_IOC;
	else if (inexact)
		f->sr |= A64_FPSR_IXC;
	*ret_z = !far && !inexact;
	return n.sign ? -r : r;
}

/* FPConvertNaN(): sign and the payload's upper bits, quiet. */
static uint64_t
convert_nan(unsigned to, unsigned from, const struct fp_num *n)
{
	unsigned have = fp_frac_bits(from), want = fp_frac_bits(to);
	uint64_t payload = n->bits & ((1ull << have) - 1);

	payload = want >= have ? payload << (want - have) : payload >> (have - want);
	return fp_make(to, n->sign, (1ull << fp_exp_bits(to)) - 1, payload | 1ull << (want - 1));
}

static uint64_t
convert(struct fp_env *f, unsigned to, unsigned from, uint64_t a, enum fp_rounding mode)
{
	struct fp_num n = fp_unpack_cv(f, from, a);
	bool alternative = to == FP_HALF && f->cr & A64_FPCR_AHP;

	if (fp_is_nan(&n)) {
		if (n.kind == FP_SNAN || alternative)
			f->sr |= A64_FPSR_IOC;
		if (alternative)
			return fp_make_zero(to, n.sign);
		return f->cr & A64_FPCR_DN ? fp_default_nan(to) : convert_nan(to, from, &n);
	}
	if (n.kind == FP_INF) {
		if (!alternative)
			return fp_make_inf(to, n.sign);
		f->sr |= A64_FPSR_IOC;
		return fp_make(to, n.sign, 0x1f, 0x3ff);
	}
	if (n.kind == FP_ZERO)
		return fp_make_zero(to, n.sign);
	return fp_round_cv(f, to, n.sign, n.exp, n.m, mode);
}

uint64_t
fp_convert(struct fp_env *f, unsigned to, unsigned from, uint64_t a, enum fp_rounding mode)
{
	return convert(f, to, from, a, mode);
}

uint64_t
fp_convert_bf(struct fp_env *f, uint64_t a)
{
	return convert(f, FP_BF16, FP_SINGLE, a, fp_mode(f));
}

/* ---- bfloat16 products: the arithmetic of BFDotAdd() has no FPCR ---- */

/* Denormals are zero on both sides, NaNs are the default one, overflow is infinity whatever the rounding. */
static uint64_t
bf_end(bool sign, int exp, fp_wide m)
{
	struct fp_env f = { A64_FPCR_FZ, 0 };
	uint64_t r = fp_round(&f, FP_SINGLE, sign, exp, m, FP_ODD);

	return f.sr & A64_FPSR_OFC ? fp_make_inf(FP_SINGLE, sign) : r;
}

static struct fp_num
bf_unpack(uint64_t bits)
{
	struct fp_env f = { A64_FPCR_FZ, 0 };

	return fp_unpack(&f, FP_SINGLE, bits);
}

static uint64_t
bf_mul(uint16_t a, uint16_t b)
{
	struct fp_num x = bf_unpack((uint64_t)a << 16), y = bf_unpack((uint64_t)b << 16);
	bool sign = x.sign != y.sign;

	if (fp_is_nan(&x) || fp_is_nan(&y) || (x.kind == FP_INF && y.kind == FP_ZERO) || (x.kind == FP_ZERO && y.kind == FP_INF))
		return fp_default_nan(FP_SINGLE);
	if (x.kind == FP_INF || y.kind == FP_INF)
		return fp_make_inf(FP_SINGLE, sign);
	if (x.kind == FP_ZERO || y.kind == FP_ZERO)
		return fp_make_zero(FP_SINGLE, sign);
	return bf_end(sign, x.exp + y.exp, x.m * y.m);
}

static uint64_t
bf_add(uint64_t a, uint64_t b)
{
	struct fp_num x = bf_unpack(a), y = bf_unpack(b), s;

	if (fp_is_nan(&x) || fp_is_nan(&y) || (x.kind == FP_INF && y.kind == FP_INF && x.sign != y.sign))
		return fp_default_nan(FP_SINGLE);
	if (x.kind == FP_INF || y.kind == FP_INF)
		return fp_make_inf(FP_SINGLE, x.kind == FP_INF ? x.sign : y.sign);
	if (x.kind == FP_ZERO && y.kind == FP_ZERO)
		return fp_make_zero(FP_SINGLE, x.sign && y.sign);
	s = fp_sum(x, y);
	return s.m == 0 ? fp_make_zero(FP_SINGLE, false) : bf_end(s.sign, s.exp, s.m);
}

uint64_t
fp_bf_dot(uint64_t addend, const uint16_t a[2], const uint16_t b[2])
{
	return bf_add(addend, bf_add(bf_mul(a[0], b[0]), bf_mul(a[1], b[1])));
}
