/* Sums, products, quotients, roots, extremes, comparisons (Arm ARM J1.3.3: FPAdd() to FPCompare()). */
#include "dbt/fp/fp_impl.h"

static bool
two_nans(struct fp_env *f, unsigned size, const struct fp_num *x, const struct fp_num *y, uint64_t *ret)
{
	const struct fp_num *const n[2] = { x, y };

	return fp_process_nans(f, size, n, 2, ret);
}

static uint64_t
end_sum(struct fp_env *f, unsigned size, const struct fp_num *s)
{
	if (s->m == 0)
		return fp_make_zero(size, fp_zero_sign(f));
	return fp_round(f, size, s->sign, s->exp, s->m, fp_mode(f));
}

/* NaNs keep the sign that they have: a difference is no sum with a turned sign there. */
static uint64_t
add(struct fp_env *f, unsigned size, uint64_t a, uint64_t b, bool subtract)
{
	struct fp_num x = fp_unpack(f, size, a), y = fp_unpack(f, size, b), s;
	uint64_t r;

	if (two_nans(f, size, &x, &y, &r))
		return r;
	y.sign ^= subtract;
	if (x.kind == FP_INF && y.kind == FP_INF && x.sign != y.sign)
		return fp_invalid(f, size);
	if (x.kind == FP_INF || y.kind == FP_INF)
		return fp_make_inf(size, x.kind == FP_INF ? x.sign : y.sign);
	if (x.kind == FP_ZERO && y.kind == FP_ZERO && x.sign == y.sign)
		return fp_make_zero(size, x.sign);
	s = fp_sum(x, y);
	return end_sum(f, size, &s);
}

uint64_t
fp_add(struct fp_env *f, unsigned size, uint64_t a, uint64_t b)
{
	return add(f, size, a, b, false);
}

uint64_t
fp_sub(struct fp_env *f, unsigned size, uint64_t a, uint64_t b)
{
	return add(f, size, a, b, true);
}

static uint64_t
multiply(struct fp_env *f, unsigned size, uint64_t a, uint64_t b, bool extended)
{
	struct fp_num x = fp_unpack(f, size, a), y = fp_unpack(f, size, b);
	bool sign = x.sign != y.sign;
	uint64_t r;

	if (two_nans(f, size, &x, &y, &r))
		return r;
	if ((x.kind == FP_INF && y.kind == FP_ZERO) || (x.kind == FP_ZERO && y.kind == FP_INF)) {
		if (!extended)
			return fp_invalid(f, size);
		return fp_make(size, sign, (uint64_t)fp_bias(size) + 1, 0);
	}
	if (x.kind == FP_INF || y.kind == FP_INF)
		return fp_make_inf(size, sign);
	if (x.kind == FP_ZERO || y.kind == FP_ZERO)
		return fp_make_zero(size, sign);
	return fp_round(f, size, sign, x.exp + y.exp, x.m * y.m, fp_mode(f));
}

uint64_t
fp_mul(struct fp_env *f, unsigned size, uint64_t a, uint64_t b)
{
	return multiply(f, size, a, b, false);
}

uint64_t
fp_mulx(struct fp_env *f, unsigned size, uint64_t a, uint64_t b)
{
	return multiply(f, size, a, b, true);
}

uint64_t
fp_div(struct fp_env *f, unsigned size, uint64_t a, uint64_t b)
{
	enum { UP = 72 }; /* of 53 bits: at least 71 bits of quotient, and 125 before */
	struct fp_num x = fp_unpack(f, size, a), y = fp_unpack(f, size, b);
	bool sign = x.sign != y.sign;
	fp_wide q;
	uint64_t r;

	if (two_nans(f, size, &x, &y, &r))
		return r;
	if ((x.kind == FP_INF && y.kind == FP_INF) || (x.kind == FP_ZERO && y.kind == FP_ZERO))
		return fp_invalid(f, size);
	if (x.kind == FP_INF || y.kind == FP_ZERO) {
		if (x.kind != FP_INF)
			f->sr |= A64_FPSR_DZC;
		return fp_make_inf(size, sign);
	}
	if (x.kind == FP_ZERO || y.kind == FP_INF)
		return fp_make_zero(size, sign);
	while (x.m < (fp_wide)1 << 52) { /* subnormal: all 53 bits are wanted */
		x.m <<= 1;
		x.exp--;
	}
	q = (x.m << UP) / y.m;
	q |= q * y.m != x.m << UP;
	return fp_round(f, size, sign, x.exp - y.exp - UP, q, fp_mode(f));
}

/* The integer root; *@ret_rest: it is not exact. */
static uint64_t
root(fp_wide v, bool *ret_rest)
{
	uint64_t r = 0;

	for (int i = 62; i >= 0; i--) {
		uint64_t t = r | 1ull << i;

		if ((fp_wide)t * t <= v)
			r = t;
	}
	*ret_rest = (fp_wide)r * r != v;
	return r;
}

uint64_t
fp_sqrt(struct fp_env *f, unsigned size, uint64_t a)
{
	struct fp_num x = fp_unpack(f, size, a);
	bool rest;
	uint64_t r;

	if (fp_is_nan(&x))
		return fp_process_nan(f, size, &x);
	if (x.kind == FP_ZERO)
		return fp_make_zero(size, x.sign);
	if (x.sign)
		return fp_invalid(f, size);
	if (x.kind == FP_INF)
		return fp_make_inf(size, false);
	while (x.m < (fp_wide)1 << 120 || x.exp & 1) { /* 60 bits of root, and an even exponent */
		x.m <<= 1;
		x.exp--;
	}
	r = root(x.m, &rest);
	return fp_round(f, size, false, x.exp / 2 - 1, (fp_wide)r << 1 | rest, fp_mode(f));
}

/* ---- multiply and add ---- */

/* addend + x * y, halved so many times before it is rounded. */
static uint64_t
fused(struct fp_env *f, unsigned size, struct fp_num addend, struct fp_num x, struct fp_num y, int halvings)
{
	bool sign = x.sign != y.sign, inf = x.kind == FP_INF || y.kind == FP_INF, zero = x.kind == FP_ZERO || y.kind == FP_ZERO;
	struct fp_num product = { .kind = zero ? FP_ZERO : FP_NUMBER, .sign = sign, .exp = x.exp + y.exp, .m = zero ? 0 : x.m * y.m }, s;

	if ((inf && zero) || (addend.kind == FP_INF && inf && addend.sign != sign))
		return fp_invalid(f, size);
	if (addend.kind == FP_INF || inf)
		return fp_make_inf(size, addend.kind == FP_INF ? addend.sign : sign);
	if (addend.kind == FP_ZERO && zero && addend.sign == sign)
		return fp_make_zero(size, sign);
	s = fp_sum(addend, product);
	s.exp -= halvings;
	return end_sum(f, size, &s);
}

static uint64_t
multiply_add(struct fp_env *f, unsigned size, const struct fp_num *addend, const struct fp_num *x, const struct fp_num *y)
{
	const struct fp_num *const n[3] = { addend, x, y };
	bool undefined = (x->kind == FP_INF && y->kind == FP_ZERO) || (x->kind == FP_ZERO && y->kind == FP_INF);
	uint64_t r;

	if (fp_process_nans(f, size, n, 3, &r))
		return addend->kind == FP_QNAN && undefined ? fp_invalid(f, size) : r;
	return fused(f, size, *addend, *x, *y, 0);
}

uint64_t
fp_fma(struct fp_env *f, unsigned size, uint64_t addend, uint64_t a, uint64_t b)
{
	struct fp_num c = fp_unpack(f, size, addend), x = fp_unpack(f, size, a), y = fp_unpack(f, size, b);

	return multiply_add(f, size, &c, &x, &y);
}

/* A half with its NaN's payload as a single has it. */
static struct fp_num
half(struct fp_env *f, uint64_t a)
{
	struct fp_num n = fp_unpack(f, FP_HALF, a);

	n.bits = fp_make(FP_SINGLE, n.sign, 0xff, (a & 0x3ff) << 13);
	return n;
}

uint64_t
fp_fma_half(struct fp_env *f, uint64_t addend, uint64_t a, uint64_t b)
{
	struct fp_num c = fp_unpack(f, FP_SINGLE, addend), x = half(f, a), y = half(f, b);

	return multiply_add(f, FP_SINGLE, &c, &x, &y);
}

/* FPRecipStepFused(), FPRSqrtStepFused(): @three or two less a * b, and half of it for the former. */
static uint64_t
step(struct fp_env *f, unsigned size, uint64_t a, uint64_t b, bool three)
{
	struct fp_num x = fp_unpack(f, size, fp_neg(size, a)), y = fp_unpack(f, size, b);
	struct fp_num constant = { .kind = FP_NUMBER, .m = three ? 3 : 2 };
	uint64_t r;

	if (two_nans(f, size, &x, &y, &r))
		return r;
	if ((x.kind == FP_INF && y.kind == FP_ZERO) || (x.kind == FP_ZERO && y.kind == FP_INF)) {
		if (three) /* 1.5 */
			return fp_make(size, false, (uint64_t)fp_bias(size), 1ull << (fp_frac_bits(size) - 1));
		return fp_make(size, false, (uint64_t)fp_bias(size) + 1, 0);
	}
	return fused(f, size, constant, x, y, three);
}

uint64_t
fp_recps(struct fp_env *f, unsigned size, uint64_t a, uint64_t b)
{
	return step(f, size, a, b, false);
}

uint64_t
fp_rsqrts(struct fp_env *f, unsigned size, uint64_t a, uint64_t b)
{
	return step(f, size, a, b, true);
}

/* ---- order ---- */

/* -1, 0, 1; neither is a NaN. */
static int
order(const struct fp_num *x, const struct fp_num *y)
{
	int exp;

	if (x->kind == FP_ZERO && y->kind == FP_ZERO)
		return 0;
	if (x->kind == FP_ZERO || y->kind == FP_ZERO || x->sign != y->sign)
		return x->kind == FP_ZERO ? (y->sign ? 1 : -1) : x->sign ? -1 : 1;
	if (x->kind == FP_INF || y->kind == FP_INF) {
		exp = (x->kind == FP_INF) - (y->kind == FP_INF);
	} else { /* of one format: the smaller exponent belongs to the smaller number, but for subnormals */
		fp_wide a = x->m, b = y->m;

		for (int i = y->exp; i < x->exp && a < (fp_wide)1 << 64; i++)
			a <<= 1;
		for (int i = x->exp; i < y->exp && b < (fp_wide)1 << 64; i++)
			b <<= 1;
		exp = (a > b) - (a < b);
	}
	return x->sign ? -exp : exp;
}

unsigned
fp_compare(struct fp_env *f, unsigned size, uint64_t a, uint64_t b, bool signal)
{
	struct fp_num x = fp_unpack(f, size, a), y = fp_unpack(f, size, b);
	int o;

	if (fp_is_nan(&x) || fp_is_nan(&y)) {
		if (signal || x.kind == FP_SNAN || y.kind == FP_SNAN)
			f->sr |= A64_FPSR_IOC;
		return 3;
	}
	o = order(&x, &y);
	return o == 0 ? 6 : o < 0 ? 8 : 2;
}

static uint64_t
extreme(struct fp_env *f, unsigned size, uint64_t a, uint64_t b, bool least)
{
	struct fp_num x = fp_unpack(f, size, a), y = fp_unpack(f, size, b);
	const struct fp_num *n;
	uint64_t r;
	int o;

	if (two_nans(f, size, &x, &y, &r))
		return r;
	o = order(&x, &y);
	n = (least ? o < 0 : o > 0) ? &x : &y;
	if (n->kind == FP_INF)
		return fp_make_inf(size, n->sign);
	if (n->kind == FP_ZERO)
		return fp_make_zero(size, least ? x.sign || y.sign : x.sign && y.sign);
	return n->bits;
}

uint64_t
fp_max(struct fp_env *f, unsigned size, uint64_t a, uint64_t b)
{
	return extreme(f, size, a, b, false);
}

uint64_t
fp_min(struct fp_env *f, unsigned size, uint64_t a, uint64_t b)
{
	return extreme(f, size, a, b, true);
}

/* A quiet NaN beside a number gives way: it becomes the infinity that loses. */
static uint64_t
extreme_number(struct fp_env *f, unsigned size, uint64_t a, uint64_t b, bool least)
{
	struct fp_num x = fp_unpack(f, size, a), y = fp_unpack(f, size, b);

	if (x.kind == FP_QNAN && !fp_is_nan(&y))
		a = fp_make_inf(size, !least);
	else if (!fp_is_nan(&x) && y.kind == FP_QNAN)
		b = fp_make_inf(size, !least);
	return extreme(f, size, a, b, least);
}

uint64_t
fp_maxnm(struct fp_env *f, unsigned size, uint64_t a, uint64_t b)
{
	return extreme_number(f, size, a, b, false);
}

uint64_t
fp_minnm(struct fp_env *f, unsigned size, uint64_t a, uint64_t b)
{
	return extreme_number(f, size, a, b, true);
}
