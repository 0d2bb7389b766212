/*
 * Arm floating point in integer arithmetic: the pseudocode functions of Arm ARM J1.3.3 (FPAdd() and so on), every result,
 * NaN and exception bit as the manual has it.  Numbers are bit patterns in the low bits.
 *
 * size: log2 of a number's bytes, 1 half, 2 single, 3 double.  Rounding modes below 4 are FPCR.RMode's numbers.
 * Thread safety: all state is in the caller's fp_env.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** FPCR to compute under (A64_FPCR_*), and the FPSR bits that the operations add (A64_FPSR_*). */
struct fp_env {
	uint32_t cr, sr;
};

enum fp_rounding { FP_TIEEVEN, FP_POSINF, FP_NEGINF, FP_ZERO_MODE, FP_TIEAWAY, FP_ODD };

static inline enum fp_rounding
fp_mode(const struct fp_env *f)
{
	return (enum fp_rounding)(f->cr >> 22 & 3);
}

static inline uint64_t
fp_sign_bit(unsigned size)
{
	return 1ull << ((8u << size) - 1);
}

static inline uint64_t
fp_neg(unsigned size, uint64_t a)
{
	return a ^ fp_sign_bit(size);
}

static inline uint64_t
fp_abs(unsigned size, uint64_t a)
{
	return a & ~fp_sign_bit(size);
}

uint64_t fp_add(struct fp_env *f, unsigned size, uint64_t a, uint64_t b);
uint64_t fp_sub(struct fp_env *f, unsigned size, uint64_t a, uint64_t b);
uint64_t fp_mul(struct fp_env *f, unsigned size, uint64_t a, uint64_t b);
/** Infinity times zero is 2. */
uint64_t fp_mulx(struct fp_env *f, unsigned size, uint64_t a, uint64_t b);
uint64_t fp_div(struct fp_env *f, unsigned size, uint64_t a, uint64_t b);
uint64_t fp_sqrt(struct fp_env *f, unsigned size, uint64_t a);
/** addend + a * b, rounded once. */
uint64_t fp_fma(struct fp_env *f, unsigned size, uint64_t addend, uint64_t a, uint64_t b);
/** The same of a single and two halves (FPMulAddH()). */
uint64_t fp_fma_half(struct fp_env *f, uint64_t addend, uint64_t a, uint64_t b);
uint64_t fp_max(struct fp_env *f, unsigned size, uint64_t a, uint64_t b);
uint64_t fp_min(struct fp_env *f, unsigned size, uint64_t a, uint64_t b);
/** A number wins against a quiet NaN. */
uint64_t fp_maxnm(struct fp_env *f, unsigned size, uint64_t a, uint64_t b);
uint64_t fp_minnm(struct fp_env *f, unsigned size, uint64_t a, uint64_t b);
/** 2 - a * b and (3 - a * b) / 2, rounded once: steps of Newton and Raphson. */
uint64_t fp_recps(struct fp_env *f, unsigned size, uint64_t a, uint64_t b);
uint64_t fp_rsqrts(struct fp_env *f, unsigned size, uint64_t a, uint64_t b);
/** Estimates of 1/a and 1/sqrt(a) from the manual's tables; the reciprocal exponent. */
uint64_t fp_recpe(struct fp_env *f, unsigned size, uint64_t a);
uint64_t fp_rsqrte(struct fp_env *f, unsigned size, uint64_t a);
uint64_t fp_recpx(struct fp_env *f, unsigned size, uint64_t a);

/** NZCV in bits 3:0.  @signal: a quiet NaN is invalid too. */
unsigned fp_compare(struct fp_env *f, unsigned size, uint64_t a, uint64_t b, bool signal);

/** To an integral number in floating point.  @exact: tell FPSR.IXC. */
uint64_t fp_round_int(struct fp_env *f, unsigned size, uint64_t a, enum fp_rounding mode, bool exact);
/** FRINT32*, FRINT64*: what does not fit @width bits becomes the least number. */
uint64_t fp_round_int_n(struct fp_env *f, unsigned size, uint64_t a, enum fp_rounding mode, unsigned width);
/** To an integer of @width bits with @fbits bits of fraction, saturated; extended to 64 bits by zeros. */
uint64_t fp_to_fixed(struct fp_env *f, unsigned size, uint64_t a, unsigned fbits, bool is_signed, unsigned width, enum fp_rounding mode);
/** From an integer (64 bits, extended by the caller) with @fbits bits of fraction. */
uint64_t fp_from_fixed(struct fp_env *f, unsigned size, uint64_t v, unsigned fbits, bool is_signed, enum fp_rounding mode);
/** FJCVTZS: modulo 2^32; *@ret_z: the number was that integer, and not -0. */
uint32_t fp_to_int32_js(struct fp_env *f, uint64_t a, bool *ret_z);
/** Between formats (FPConvert()); half is the alternative format when FPCR.AHP says so. */
uint64_t fp_convert(struct fp_env *f, unsigned to, unsigned from, uint64_t a, enum fp_rounding mode);
/** Single to bfloat16 (FPConvertBF()). */
uint64_t fp_convert_bf(struct fp_env *f, uint64_t a);
/** addend + a0 * b0 + a1 * b1 of bfloat16 (BFDotAdd() without FEAT_EBF16): no exceptions, rounded to odd. */
uint64_t fp_bf_dot(uint64_t addend, const uint16_t a[2], const uint16_t b[2]);
