/* Random words and numbers. */
#include "tests/lockstep/random.h"

#include <regex.h>
#include <stdio.h>
#include <string.h>

#include "dbt/a64/tr.h"

static bool only[A64_OPS], only_some;
bool random_branches;
const char *const *random_lacks;
static uint64_t state;

void
random_seed(uint64_t seed)
{
	state = seed * 0x9e3779b97f4a7c15 + 1;
	random_next();
}

uint64_t
random_next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* Numbers that matter more often than others. */
uint64_t
random_value(void)
{
	static const uint64_t special[] = { 0, 1, 2, 7, 31, 32, 63, 64, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff,
		0x100000000, 0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff, 0xfffffffffffffffe, 0xffffffff00000000, 0x5555555555555555 };
	uint64_t r = random_next();

	switch (r % 4) {
	case 0:
		return special[(r >> 8) % (sizeof special / sizeof special[0])];
	case 1:
		return random_next() >> (r >> 8) % 64;
	case 2:
		return (uint64_t)((int64_t)random_next() >> (r >> 8) % 64);
	default:
		return random_next();
	}
}

/* One number of a format with @eb bits of exponent and @fb of fraction. */
static uint64_t
one_float(unsigned eb, unsigned fb)
{
	uint64_t r = random_next(), max = (1ull << eb) - 1, bias = max >> 1, exp, frac = random_next() & ((1ull << fb) - 1);

	switch (r % 8) {
	case 0: /* zero, subnormals */
		exp = 0;
		break;
	case 1: /* infinity, NaNs */
		exp = max;
		break;
	case 2: /* least and greatest normal numbers */
		exp = r >> 8 & 1 ? max - 1 - (r >> 9) % 3 : 1 + (r >> 9) % 3;
		break;
	case 3: /* all of them */
		exp = random_next() & max;
		break;
	case 4: /* about integers' width */
		exp = bias + (r >> 8) % (max - bias < 70 ? max - bias : 70);
		break;
	default: /* near one */
		exp = bias - 4 + (r >> 8) % 9;
	}
	switch (r >> 16 & 7) {
	case 0:
		frac = 0;
		break;
	case 1:
		frac = (1ull << fb) - 1;
		break;
	case 2:
		frac = 1ull << (r >> 20) % fb;
		break;
	case 3: /* few bits: sums and products come out exact, or half way */
		frac = frac >> (fb / 2) << (fb / 2);
		break;
	}
	return (r >> 40 & 1) << (eb + fb) | exp << fb | frac;
}

uint64_t
random_float(void)
{
	uint64_t v = 0;

	switch (random_next() >> 8 & 3) {
	case 0:
		for (unsigned i = 0; i < 4; i++)
			v = v << 16 | one_float(5, 10);
		return v;
	case 1:
	case 2:
		return one_float(8, 23) << 32 | one_float(8, 23);
	default:
		return one_float(11, 52);
	}
}

uint32_t
random_fpcr(void)
{
	uint64_t r = random_next();

	return r & 1 ? 0 : (uint32_t)(r >> 8) & 0x07c80000;
}

static bool
reserved(unsigned r)
{
	return (r == 30 && random_branches) || r == RANDOM_BASE1 || r == RANDOM_BASE2 || r == RANDOM_INDEX || r + 1 == RANDOM_BASE1 || r + 1 == RANDOM_BASE2; /* CASP has pairs */
}

static bool
memory_class(enum a64_op op)
{
	uint8_t c = a64_info[op].cls;

	return c == A64_CLASS_LOAD || c == A64_CLASS_STORE || c == A64_CLASS_RMW;
}

/* Of vectors, but with a general register as its result: UMOV, SMOV, and conversions from floating point, fixed point too. */
static bool
to_general(uint32_t w)
{
	return (w & 0xbfe0ec00) == 0x0e002c00 || (w & 0x5f20fc00) == 0x1e200000 || (w & 0x5f200000) == 0x1e000000;
}

/* A word of the line that stays within the data area and leaves its bases alone; 0 when this one does not. */
static uint32_t
tame(enum a64_op op, uint32_t w)
{
	bool vector = memory_class(op) ? w >> 26 & 1 : (w >> 25 & 7) == 7 && !to_general(w);

	if (!memory_class(op))
		return (reserved(w & 31) || (w & 31) == 31) && !vector ? 0 : w;
	if (op == A64_LDR_lit || op == A64_LDRSW_lit || op == A64_LDR_fp_lit || op == A64_IC_IVAU)
		return 0;
	if (op == A64_LDAPR || op == A64_LDAPRB || op == A64_LDAPRH)
		w |= 31u << 16; /* bits that should be 1: others than CPUs may want them so */
	if (a64_info[op].feature == A64_FEAT_LRCPC2)
		w &= ~(7u << 12); /* aligned */
	if (op == A64_DC_ZVA)
		return (w & ~31u) | RANDOM_BASE1;
	/* what wants alignment is based on SP, which nothing moves */
	w = (w & ~(31u << 5)) | (a64_info[op].cls == A64_CLASS_RMW || (w >> 24 & 0x3f) == 8 ? 31u : random_next() & 1 ? RANDOM_BASE1 : RANDOM_BASE2) << 5;
	if ((w >> 24 & 0x3e) == 0x0c && w >> 23 & 1) /* structures, post-index: by what was moved, or by little */
		w = (w & ~(31u << 16)) | (random_next() & 1 ? 31u : RANDOM_INDEX) << 16;
	if ((w >> 24 & 0x3b) == 0x39) /* unsigned immediate: a small one */
		w &= ~(0xfc0u << 10);
	if ((w >> 24 & 0x3b) == 0x38 && w >> 21 & 1 && (w >> 10 & 3) == 2) { /* register offset */
		w = (w & ~(31u << 16)) | RANDOM_INDEX << 16;
	} else if (!vector && (w >> 24 & 0x3f) == 8 && (reserved(w >> 16 & 31) || reserved(w >> 10 & 31))) {
		return 0;
	} else if (!vector && (w >> 24 & 0x3b) == 0x38 && w >> 21 & 1 && reserved(w >> 16 & 31)) {
		return 0;
	}
	if ((w >> 22 & 0xe1) == 0xa1 && (w & 31) == (w >> 10 & 31)) /* a pair loaded into one register is unpredictable */
		return 0;
	if (!vector && (reserved(w & 31) || reserved(w >> 10 & 31)))
		return 0;
	return a64_decode(w) == op ? w : 0;
}

static bool
wanted(enum a64_op op)
{
	uint8_t c = a64_info[op].cls;

	if (op == A64_UNDEFINED || a64_tr[op] == NULL || op == A64_MRS || op == A64_MRS_RNDR || op == A64_MRS_RNDRRS)
		return false;
	for (const char *const *f = random_lacks; f && *f; f++)
		if (!strcmp(a64_feature_name[a64_info[op].feature], *f))
			return false;
	if (random_lacks && op == A64_DC_ZVA)
		return false; /* blocks of another size */
	if (only_some)
		return only[op];
	return c == A64_CLASS_INT || c == A64_CLASS_FP || c == A64_CLASS_SIMD || memory_class(op) || c == A64_CLASS_BARRIER;
}

bool
random_only(const char *expr)
{
	char whole[512];
	bool any = false;
	regex_t r;

	snprintf(whole, sizeof whole, "^(%s)$", expr);
	if (regcomp(&r, whole, REG_EXTENDED | REG_NOSUB) != 0)
		return false;
	for (unsigned i = 1; i < A64_OPS; i++) {
		only[i] = regexec(&r, a64_info[i].name, 0, NULL, 0) == 0;
		any |= only[i] && wanted((enum a64_op)i);
	}
	regfree(&r);
	only_some = true;
	return any;
}

uint32_t
random_word(void)
{
	for (;;) {
		enum a64_op op = (enum a64_op)(1 + random_next() % (A64_OPS - 1));
		uint32_t w;

		if (!wanted(op))
			continue;
		w = a64_random(op, &state);
		if (w != 0)
			w = tame(op, w);
		if (w != 0)
			return w;
	}
}

