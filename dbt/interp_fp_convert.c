/* The meaning of floating-point conversions, complex numbers, widening products (Arm ARM C7.2), by dbt/fp. */
#include "dbt/interp_fp.h"
#include "dbt/interp_simd.h"

#define DO(name) void ir_do_##name(struct cpu_a64 *c, const struct ir_op *o)

static void
set_one(struct cpu_a64 *c, unsigned d, uint64_t v)
{
	c->v[d].d[0] = v;
	c->v[d].d[1] = 0;
}

/* ---- between formats ---- */

DO(FCVT)
{
	struct fp_env f = { c->fpcr, 0 };
	uint64_t a = simd_u(&c->v[o->a], o->size, 0);

	set_one(c, o->d, o->cond == 4 ? fp_convert_bf(&f, a) : fp_convert(&f, o->cond, o->size, a, fp_mode(&f)));
	c->fpsr |= f.sr;
}

DO(FCVTL)
{
	struct fp_env f = { c->fpcr, 0 };
	unsigned n = 8u >> o->size, from = o->flags & IR_HIGH ? n : 0;
	union a64_vreg r;

	for (unsigned i = 0; i < n; i++)
		simd_set(&r, o->size + 1u, i, fp_convert(&f, o->size + 1u, o->size, simd_u(&c->v[o->a], o->size, from + i), fp_mode(&f)));
	c->v[o->d] = r;
	c->fpsr |= f.sr;
}

DO(FCVTN)
{
	struct fp_env f = { c->fpcr, 0 };
	enum fp_rounding mode = o->cond == IR_NARROW_ODD ? FP_ODD : fp_mode(&f);
	unsigned n = o->flags & IR_ONE ? 1 : 8u >> o->size, to = o->flags & IR_HIGH ? n : 0;
	union a64_vreg r = { .d = { o->flags & IR_HIGH ? c->v[o->d].d[0] : 0, 0 } };

	for (unsigned i = 0; i < n; i++) {
		uint64_t a = simd_u(&c->v[o->a], o->size + 1u, i);

		simd_set(&r, o->size, to + i, o->cond == IR_NARROW_BF ? fp_convert_bf(&f, a) : fp_convert(&f, o->size, o->size + 1u, a, mode));
	}
	c->v[o->d] = r;
	c->fpsr |= f.sr;
}

/* ---- to and from integers ---- */

DO(FTOI)
{
	struct fp_env f = { c->fpcr, 0 };
	union a64_vreg r = { .d = { 0, 0 } };

	for (unsigned i = 0; i < simd_lanes(o); i++) {
		uint64_t a = simd_u(&c->v[o->a], o->size, i);

		simd_set(&r, o->size, i, fp_to_fixed(&f, o->size, a, (unsigned)o->imm, o->flags & IR_SIGN, 8u << o->size, fp_op_mode(&f, o)));
	}
	c->v[o->d] = r;
	c->fpsr |= f.sr;
}

DO(ITOF)
{
	struct fp_env f = { c->fpcr, 0 };
	union a64_vreg r = { .d = { 0, 0 } };
	bool s = o->flags & IR_SIGN;

	for (unsigned i = 0; i < simd_lanes(o); i++) {
		uint64_t v = (uint64_t)simd_get(&c->v[o->a], o->size, i, s);

		simd_set(&r, o->size, i, fp_from_fixed(&f, o->size, v, (unsigned)o->imm, s, fp_mode(&f)));
	}
	c->v[o->d] = r;
	c->fpsr |= f.sr;
}

DO(FTOG)
{
	struct fp_env f = { c->fpcr, 0 };
	uint64_t a = simd_u(&c->v[o->a], o->size, 0);

	reg_set(c, o->d, fp_to_fixed(&f, o->size, a, (unsigned)o->imm, o->flags & IR_SIGN, o->flags & IR_X ? 64 : 32, fp_op_mode(&f, o)));
	c->fpsr |= f.sr;
}

DO(GTOF)
{
	struct fp_env f = { c->fpcr, 0 };
	uint64_t v = reg_get(c, o->a);

	if (!(o->flags & IR_X))
		v = o->flags & IR_SIGN ? (uint64_t)(int64_t)(int32_t)v : (uint32_t)v;
	set_one(c, o->d, fp_from_fixed(&f, o->size, v, (unsigned)o->imm, o->flags & IR_SIGN, fp_mode(&f)));
	c->fpsr |= f.sr;
}

DO(FJCVTZS)
{
	struct fp_env f = { c->fpcr, 0 };
	bool z;

	reg_set(c, o->d, fp_to_int32_js(&f, c->v[o->a].d[0], &z));
	a64_set_nzcv(c, (uint32_t)z << 30);
	c->fpsr |= f.sr;
}

/* ---- complex numbers: even elements real, odd ones imaginary ---- */

DO(FCADD)
{
	struct fp_env f = { c->fpcr, 0 };
	union a64_vreg r = { .d = { 0, 0 } };

	for (unsigned i = 0; i < simd_lanes(o); i += 2) {
		uint64_t re = simd_u(&c->v[o->b], o->size, i + 1), im = simd_u(&c->v[o->b], o->size, i);

		if (o->cond == 0)
			re = fp_neg(o->size, re);
		else
			im = fp_neg(o->size, im);
		simd_set(&r, o->size, i, fp_add(&f, o->size, simd_u(&c->v[o->a], o->size, i), re));
		simd_set(&r, o->size, i + 1, fp_add(&f, o->size, simd_u(&c->v[o->a], o->size, i + 1), im));
	}
	c->v[o->d] = r;
	c->fpsr |= f.sr;
}

DO(FCMLA)
{
	struct fp_env f = { c->fpcr, 0 };
	union a64_vreg r = { .d = { 0, 0 } };
	unsigned odd = o->cond & 1;

	for (unsigned i = 0; i < simd_lanes(o); i += 2) {
		unsigned k = o->shift ? 2 * (o->shift - 1u) : i;
		uint64_t a = simd_u(&c->v[o->a], o->size, i + odd);
		uint64_t re = simd_u(&c->v[o->b], o->size, k + odd), im = simd_u(&c->v[o->b], o->size, k + !odd);

		re = o->cond == 1 || o->cond == 2 ? fp_neg(o->size, re) : re;
		im = o->cond >= 2 ? fp_neg(o->size, im) : im;
		simd_set(&r, o->size, i, fp_fma(&f, o->size, simd_u(&c->v[o->d], o->size, i), a, re));
		simd_set(&r, o->size, i + 1, fp_fma(&f, o->size, simd_u(&c->v[o->d], o->size, i + 1), a, im));
	}
	c->v[o->d] = r;
	c->fpsr |= f.sr;
}

/* ---- wider results ---- */

DO(FMLAL)
{
	struct fp_env f = { c->fpcr, 0 };
	unsigned n = o->flags & IR_Q ? 4 : 2, from = o->flags & IR_HIGH ? n : 0;
	union a64_vreg r = { .d = { 0, 0 } };

	for (unsigned i = 0; i < n; i++) {
		uint64_t a = c->v[o->a].h[from + i], b = c->v[o->b].h[o->shift ? o->shift - 1u : from + i];

		r.s[i] = (uint32_t)fp_fma_half(&f, c->v[o->d].s[i], o->cond ? fp_neg(1, a) : a, b);
	}
	c->v[o->d] = r;
	c->fpsr |= f.sr;
}

DO(BFDOT)
{
	union a64_vreg r = { .d = { 0, 0 } };

	for (unsigned i = 0; i < (o->flags & IR_Q ? 4 : 2); i++)
		r.s[i] = (uint32_t)fp_bf_dot(c->v[o->d].s[i], &c->v[o->a].h[2 * i], &c->v[o->b].h[2 * (o->shift ? o->shift - 1u : i)]);
	c->v[o->d] = r;
}

DO(BFMMLA)
{
	union a64_vreg r;

	for (unsigned i = 0; i < 4; i++) {
		const uint16_t *a = &c->v[o->a].h[i / 2 * 4], *b = &c->v[o->b].h[i % 2 * 4];

		r.s[i] = (uint32_t)fp_bf_dot(fp_bf_dot(c->v[o->d].s[i], a, b), a + 2, b + 2);
	}
	c->v[o->d] = r;
}

DO(BFMLAL)
{
	struct fp_env f = { c->fpcr, 0 };
	union a64_vreg r;

	for (unsigned i = 0; i < 4; i++) {
		uint64_t a = c->v[o->a].h[2 * i + o->cond], b = c->v[o->b].h[o->shift ? o->shift - 1u : 2 * i + o->cond];

		r.s[i] = (uint32_t)fp_fma(&f, 2, c->v[o->d].s[i], a << 16, b << 16);
	}
	c->v[o->d] = r;
	c->fpsr |= f.sr;
}
