/* Numbers taken apart, and put together again. */
#pragma once

#include "abi/core/cpu_a64.h"
#include "dbt/fp/fp.h"

typedef unsigned __int128 fp_wide;

enum fp_kind { FP_ZERO, FP_NUMBER, FP_INF, FP_QNAN, FP_SNAN };

/** The number is m * 2^exp; `bits` is what it was made of, for NaNs. */
struct fp_num {
	enum fp_kind kind;
	bool sign;
	int exp;
	fp_wide m;
	uint64_t bits;
};

/** Of a format. */
enum fp_format { FP_HALF = 1, FP_SINGLE, FP_DOUBLE, FP_BF16 };

static inline unsigned
fp_frac_bits(unsigned format)
{
	static const uint8_t bits[5] = { 0, 10, 23, 52, 7 };

	return bits[format];
}

static inline unsigned
fp_exp_bits(unsigned format)
{
	static const uint8_t bits[5] = { 0, 5, 8, 11, 8 };

	return bits[format];
}

static inline int
fp_bias(unsigned format)
{
	return (1 << (fp_exp_bits(format) - 1)) - 1;
}

static inline uint64_t
fp_make(unsigned format, bool sign, uint64_t exp, uint64_t frac)
{
	return (uint64_t)sign << (fp_exp_bits(format) + fp_frac_bits(format)) | exp << fp_frac_bits(format) | frac;
}

static inline uint64_t
fp_make_inf(unsigned format, bool sign)
{
	return fp_make(format, sign, (1ull << fp_exp_bits(format)) - 1, 0);
}

static inline uint64_t
fp_make_zero(unsigned format, bool sign)
{
	return fp_make(format, sign, 0, 0);
}

/** FPDefaultNaN() */
static inline uint64_t
fp_default_nan(unsigned format)
{
	return fp_make(format, false, (1ull << fp_exp_bits(format)) - 1, 1ull << (fp_frac_bits(format) - 1));
}

static inline bool
fp_is_nan(const struct fp_num *n)
{
	return n->kind >= FP_QNAN;
}

/** IOC, and the default NaN. */
static inline uint64_t
fp_invalid(struct fp_env *f, unsigned format)
{
	f->sr |= A64_FPSR_IOC;
	return fp_default_nan(format);
}

/** FPUnpack(), and FPUnpackCV() for conversions between formats. */
struct fp_num fp_unpack(struct fp_env *f, unsigned format, uint64_t bits);
struct fp_num fp_unpack_cv(struct fp_env *f, unsigned format, uint64_t bits);
/** FPRound() and FPRoundCV() of m * 2^exp, m not 0; its lowest bit may stand for all below it. */
uint64_t fp_round(struct fp_env *f, unsigned format, bool sign, int exp, fp_wide m, enum fp_rounding mode);
uint64_t fp_round_cv(struct fp_env *f, unsigned format, bool sign, int exp, fp_wide m, enum fp_rounding mode);
/** FPProcessNaN() */
uint64_t fp_process_nan(struct fp_env *f, unsigned format, const struct fp_num *n);
/** FPProcessNaNs() of @count numbers: false when none is a NaN. */
bool fp_process_nans(struct fp_env *f, unsigned format, const struct fp_num *const *n, unsigned count, uint64_t *ret);
/** The sum of two numbers that are not both zero, neither infinite nor NaN; m 0 when it is zero. */
struct fp_num fp_sum(struct fp_num a, struct fp_num b);
/** Zero of a sum: negative when rounding downward. */
static inline bool
fp_zero_sign(const struct fp_env *f)
{
	return fp_mode(f) == FP_NEGINF;
}
/** The integer part of a number, rounded.  *@ret_inexact: it was no integer.  Numbers from 2^127 on are cut to 2^127. */
fp_wide fp_integer(const struct fp_num *n, enum fp_rounding mode, bool *ret_inexact);
