/*
 * Vector registers: which guest register lives where, and scratch.  On AVX-512 28 of 32 have the host register of their
 * number; V8 and V13 to V15, of the callee-saved ones, live in slots: compilers use them least, and scratch registers
 * must have low numbers for instructions without EVEX form.  On AVX2 twelve have a home.
 */
#include "dbt/x64/lower.h"

void
lo_init_vec(struct lo *l)
{
	static const uint8_t scratch4[4] = { 8, 13, 14, 15 }, scratch3[4] = { 12, 13, 14, 15 };

	for (unsigned v = 0; v < 32; v++) {
		if (l->v4)
			l->vhome[v] = v == 8 || (v >= 13 && v <= 15) ? LO_SLOT : (uint8_t)v;
		else /* V0-V7 in 0-7, V16-V19 in 8-11 */
			l->vhome[v] = v < 8 ? (uint8_t)v : v >= 16 && v < 20 ? (uint8_t)(v - 8) : LO_SLOT;
	}
	for (unsigned i = 0; i < 4; i++)
		l->vscratch[i] = l->v4 ? scratch4[i] : scratch3[i];
}

struct x64_mem
lo_vslot(unsigned v)
{
	return x64_at(X64_RBP, DBT_OFF(cpu.v) + 16 * (int32_t)v);
}

enum x64_vec
lo_vtmp(struct lo *l)
{
	unsigned i = 0;

	while (i < 3 && !(l->vfree >> i & 1))
		i++;
	if (!(l->vfree >> i & 1))
		x64_bad(0, "a lowering that needs more scratch vectors than there are");
	l->vfree &= (uint8_t)~(1u << i);
	return l->vscratch[i];
}

void
lo_vfree(struct lo *l, enum x64_vec t)
{
	for (unsigned i = 0; i < 4; i++)
		if (l->vscratch[i] == t)
			l->vfree |= (uint8_t)(1u << i);
}

enum x64_vec
lo_v(struct lo *l, unsigned v)
{
	if (l->vhome[v] != LO_SLOT)
		return l->vhome[v];
	enum x64_vec t = lo_vtmp(l);

	x64_vm(&l->b, X64_vmovdqa, t, lo_vslot(v));
	return t;
}

enum x64_vec
lo_vd(struct lo *l, unsigned v)
{
	return l->vhome[v] != LO_SLOT ? (enum x64_vec)l->vhome[v] : lo_vtmp(l);
}

/* Clear what is above; the result is in @to. */
static void
narrow(struct lo *l, enum x64_vec to, enum x64_vec host, enum lo_upper up)
{
	unsigned bytes = up == LO_LOW16 ? 14 : 15;
	enum x64_vec t;

	switch (up) {
	case LO_LOW64:
		x64_vv(&l->b, X64_vmovq, to, host);
		break;
	case LO_LOW32:
		x64_vvvi(&l->b, X64_vinsertps, to, host, host, 0x0e);
		break;
	case LO_LOW16:
	case LO_LOW8:
		/* beside it: @host may be the home of a source, and @to of the same register */
		t = lo_vtmp(l);
		x64_vvi(&l->b, X64_vpslldq, t, host, (uint8_t)bytes);
		x64_vvi(&l->b, X64_vpsrldq, to, t, (uint8_t)bytes);
		lo_vfree(l, t);
		break;
	case LO_WHOLE:
	case LO_ZERO64:
		if (to != host)
			x64_vv(&l->b, X64_vmovdqa, to, host);
		break;
	}
}

void
lo_vput(struct lo *l, unsigned v, enum x64_vec host, enum lo_upper up)
{
	uint8_t home = l->vhome[v];

	if (home != LO_SLOT) {
		narrow(l, home, host, up);
	} else {
		if (up != LO_WHOLE && up != LO_ZERO64) {
			enum x64_vec t = host;

			/* not in place: the host register may be another guest register's home */
			for (unsigned i = 0; i < 32 && t == host; i++)
				if (l->vhome[i] == host)
					t = lo_vtmp(l);
			narrow(l, t, host, up);
			host = t;
		}
		x64_mv(&l->b, X64_vmovdqa, lo_vslot(v), host);
	}
	if (up == LO_WHOLE)
		l->vclean &= ~(1u << v);
	else
		l->vclean |= 1u << v;
}

struct x64_mem
lo_vconst(struct lo *l, uint64_t lo64, uint64_t hi64)
{
	return x64_at_rip(&l->b, l->env->constant(l->env->ctx, lo64, hi64));
}
