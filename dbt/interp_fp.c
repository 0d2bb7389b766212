/* The meaning of floating-point arithmetic and comparison (Arm ARM C7.2), by dbt/fp. */
#include "dbt/fp/fp.h"
#include "dbt/interp_fp.h"
#include "dbt/interp_simd.h"

#define DO(name) void ir_do_##name(struct cpu_a64 *c, const struct ir_op *o)

/* ---- lane by lane ---- */

typedef uint64_t lane_fn(struct fp_env *f, const struct ir_op *o, uint64_t a, uint64_t b);

static inline __attribute__((always_inline)) void
each(struct cpu_a64 *c, const struct ir_op *o, lane_fn *fn)
{
	struct fp_env f = { c->fpcr, 0 };
	union a64_vreg r = { .d = { 0, 0 } };

	for (unsigned i = 0; i < simd_lanes(o); i++) {
		uint64_t b = o->b == IR_NONE ? 0 : simd_u(&c->v[o->b], o->size, simd_b(o, i));

		simd_set(&r, o->size, i, fn(&f, o, simd_u(&c->v[o->a], o->size, i), b));
	}
	c->v[o->d] = r;
	c->fpsr |= f.sr;
}

#define LANES(name, expr)                                                                     \
	static uint64_t lane_##name(struct fp_env *f, const struct ir_op *o, uint64_t a, uint64_t b) \
	{                                                                                     \
		(void)f, (void)a, (void)b;                                                    \
		return expr;                                                                  \
	}                                                                                     \
	DO(name)                                                                              \
	{                                                                                     \
		each(c, o, lane_##name);                                                      \
	}
#define MODE fp_op_mode(f, o)

LANES(FADD, fp_add(f, o->size, a, b))
LANES(FSUB, fp_sub(f, o->size, a, b))
LANES(FMUL, fp_mul(f, o->size, a, b))
LANES(FDIV, fp_div(f, o->size, a, b))
LANES(FNMUL, fp_neg(o->size, fp_mul(f, o->size, a, b)))
LANES(FMULX, fp_mulx(f, o->size, a, b))
LANES(FMAX, fp_max(f, o->size, a, b))
LANES(FMIN, fp_min(f, o->size, a, b))
LANES(FMAXNM, fp_maxnm(f, o->size, a, b))
LANES(FMINNM, fp_minnm(f, o->size, a, b))
LANES(FABD, fp_abs(o->size, fp_sub(f, o->size, a, b)))
LANES(FRECPS, fp_recps(f, o->size, a, b))
LANES(FRSQRTS, fp_rsqrts(f, o->size, a, b))
LANES(FABS, fp_abs(o->size, a))
LANES(FNEG, fp_neg(o->size, a))
LANES(FSQRT, fp_sqrt(f, o->size, a))
LANES(FRINT, fp_round_int(f, o->size, a, MODE, o->flags & IR_SIGN))
LANES(FRINTN, fp_round_int_n(f, o->size, a, MODE, (unsigned)o->imm))
LANES(FRECPE, fp_recpe(f, o->size, a))
LANES(FRSQRTE, fp_rsqrte(f, o->size, a))
LANES(FRECPX, fp_recpx(f, o->size, a))

DO(FMA)
{
	struct fp_env f = { c->fpcr, 0 };
	union a64_vreg r = { .d = { 0, 0 } };

	for (unsigned i = 0; i < simd_lanes(o); i++) {
		uint64_t a = simd_u(&c->v[o->a], o->size, i), b = simd_u(&c->v[o->b], o->size, simd_b(o, i));
		uint64_t addend = simd_u(&c->v[o->c], o->size, i);

		a = o->cond & IR_FMA_NEG_A ? fp_neg(o->size, a) : a;
		addend = o->cond & IR_FMA_NEG_C ? fp_neg(o->size, addend) : addend;
		simd_set(&r, o->size, i, fp_fma(&f, o->size, addend, a, b));
	}
	c->v[o->d] = r;
	c->fpsr |= f.sr;
}

/* ---- neighbours, whole vectors ---- */

static inline __attribute__((always_inline)) void
pairs(struct cpu_a64 *c, const struct ir_op *o, lane_fn *fn)
{
	struct fp_env f = { c->fpcr, 0 };
	union a64_vreg r = { .d = { 0, 0 } };
	unsigned n = o->flags & IR_ONE ? 1 : simd_lanes(o);

	for (unsigned i = 0; i < n; i++) {
		const union a64_vreg *v = &c->v[2 * i < n || n == 1 ? o->a : o->b];
		unsigned k = n == 1 ? 0 : 2 * i % n;

		simd_set(&r, o->size, i, fn(&f, o, simd_u(v, o->size, k), simd_u(v, o->size, k + 1)));
	}
	c->v[o->d] = r;
	c->fpsr |= f.sr;
}

/* Reduce() (Arm ARM J1.3.3): the lower half with the upper half, each the same way. */
static uint64_t
reduce(struct fp_env *f, const struct cpu_a64 *c, const struct ir_op *o, lane_fn *fn, unsigned from, unsigned n)
{
	if (n == 1)
		return simd_u(&c->v[o->a], o->size, from);
	uint64_t low = reduce(f, c, o, fn, from, n / 2), high = reduce(f, c, o, fn, from + n / 2, n / 2);

	return fn(f, o, low, high);
}

static void
across(struct cpu_a64 *c, const struct ir_op *o, lane_fn *fn)
{
	struct fp_env f = { c->fpcr, 0 };
	uint64_t r = reduce(&f, c, o, fn, 0, simd_lanes(o));

	c->v[o->d].d[0] = r;
	c->v[o->d].d[1] = 0;
	c->fpsr |= f.sr;
}

#define PAIRS(name) \
	DO(name##P) { pairs(c, o, lane_##name); }
#define ACROSS(name) \
	DO(name##V) { across(c, o, lane_##name); }

PAIRS(FADD)
PAIRS(FMAX)
PAIRS(FMIN)
PAIRS(FMAXNM)
PAIRS(FMINNM)
ACROSS(FMAX)
ACROSS(FMIN)
ACROSS(FMAXNM)
ACROSS(FMINNM)

/* ---- comparison ---- */

/* FPCompareEQ(), GE(), GT(): only equality is quiet. */
static uint64_t
lane_FCM(struct fp_env *f, const struct ir_op *o, uint64_t a, uint64_t b)
{
	unsigned r;
	bool yes;

	if (o->imm) {
		a = fp_abs(o->size, a);
		b = fp_abs(o->size, b);
	}
	r = fp_compare(f, o->size, a, b, o->cond != IR_EQ);
	switch (o->cond) {
	case IR_EQ:
		yes = r == 6;
		break;
	case IR_GE:
		yes = r == 6 || r == 2;
		break;
	case IR_GT:
		yes = r == 2;
		break;
	case IR_LE:
		yes = r == 6 || r == 8;
		break;
	default:
		yes = r == 8;
	}
	return yes ? ~0ull : 0;
}

DO(FCM)
{
	each(c, o, lane_FCM);
}

static uint32_t
compare(struct cpu_a64 *c, const struct ir_op *o)
{
	struct fp_env f = { c->fpcr, 0 };
	uint64_t b = o->b == IR_NONE ? 0 : simd_u(&c->v[o->b], o->size, 0);
	uint32_t nzcv = fp_compare(&f, o->size, simd_u(&c->v[o->a], o->size, 0), b, o->flags & IR_SIGN);

	c->fpsr |= f.sr;
	return nzcv << 28;
}

DO(FCMP)
{
	a64_set_nzcv(c, compare(c, o));
}

DO(FCCMP)
{
	a64_set_nzcv(c, nzcv_holds(c, o->cond) ? compare(c, o) : (uint32_t)o->shift << 28);
}

DO(FCSEL)
{
	uint64_t v = simd_u(&c->v[nzcv_holds(c, o->cond) ? o->a : o->b], o->size, 0);

	c->v[o->d].d[0] = v;
	c->v[o->d].d[1] = 0;
}
