/* Loads and stores.  A fault leaves all registers but destinations of pairs as they were: base last. */
#include "dbt/x64/lower_int.h"

static x64_op
load_op(const struct ir_op *o)
{
	static const x64_op zero[4] = { X64_movzx_b, X64_movzx_w, X64_mov, X64_mov | X64_64 };
	static const x64_op sign[3] = { X64_movsx_b, X64_movsx_w, X64_movsxd };
	x64_op width = o->flags & IR_X ? X64_64 : X64_32;

	if (!(o->flags & IR_SIGN) || o->size == 3)
		return zero[o->size];
	return o->size == 2 ? (o->flags & IR_X ? X64_movsxd : X64_mov) : sign[o->size] | width;
}

static void
load_to(struct lo *l, const struct ir_op *o, unsigned d, struct x64_mem m)
{
	enum x64_gpr to = lo_dst(l, d, X64_RAX);

	x64_rm(&l->b, load_op(o), to, m);
	lo_put(l, d, to);
}

void
lo_LD(struct lo *l, const struct ir_op *o)
{
	load_to(l, o, o->d, lo_addr(l, o, 0));
	lo_writeback(l, o);
}

static void
store_from(struct lo *l, unsigned size, unsigned r, struct x64_mem m)
{
	static const x64_op width[4] = { X64_8, X64_16, X64_32, X64_64 };

	if (r == IR_ZR)
		x64_mi(&l->b, X64_mov | width[size], m, 0);
	else
		x64_mr(&l->b, X64_mov | width[size], m, lo_get(l, r, X64_RAX));
}

void
lo_ST(struct lo *l, const struct ir_op *o)
{
	store_from(l, o->size, o->d, lo_addr(l, o, 0));
	lo_writeback(l, o);
}

void
lo_LDP(struct lo *l, const struct ir_op *o)
{
	struct x64_mem first = lo_addr(l, o, 0), second = first;

	second.disp += 1 << o->size;
	if (o->d == o->a) { /* the base is needed for the other one */
		load_to(l, o, o->e, second);
		load_to(l, o, o->d, first);
	} else {
		load_to(l, o, o->d, first);
		load_to(l, o, o->e, second);
	}
	lo_writeback(l, o);
}

void
lo_STP(struct lo *l, const struct ir_op *o)
{
	struct x64_mem m = lo_addr(l, o, 0);

	store_from(l, o->size, o->d, m);
	m.disp += 1 << o->size;
	store_from(l, o->size, o->e, m);
	lo_writeback(l, o);
}

/* ---- vectors ---- */

static void
load_vector(struct lo *l, unsigned size, unsigned v, struct x64_mem m)
{
	enum x64_vec to = lo_vd(l, v);

	switch (size) {
	case 0:
	case 1:
		x64_rm(&l->b, size == 0 ? X64_movzx_b : X64_movzx_w, X64_RAX, m);
		x64_vr(&l->b, X64_vmovd, to, X64_RAX);
		break;
	case 2:
		x64_vm(&l->b, X64_vmovss, to, m);
		break;
	case 3:
		x64_vm(&l->b, X64_vmovsd, to, m);
		break;
	default:
		x64_vm(&l->b, X64_vmovups, to, m);
	}
	lo_vput(l, v, to, size == 4 ? LO_WHOLE : LO_ZERO64);
	if (l->vhome[v] == LO_SLOT)
		lo_vfree(l, to);
}

static void
store_vector(struct lo *l, unsigned size, unsigned v, struct x64_mem m)
{
	enum x64_vec from = lo_v(l, v);

	switch (size) {
	case 0:
		x64_mvi(&l->b, X64_vpextrb, m, from, 0);
		break;
	case 1:
		x64_mvi(&l->b, X64_vpextrw, m, from, 0);
		break;
	case 2:
		x64_mv(&l->b, X64_vmovss, m, from);
		break;
	case 3:
		x64_mv(&l->b, X64_vmovsd, m, from);
		break;
	default:
		x64_mv(&l->b, X64_vmovups, m, from);
	}
	if (l->vhome[v] == LO_SLOT)
		lo_vfree(l, from);
}

void
lo_LDV(struct lo *l, const struct ir_op *o)
{
	load_vector(l, o->size, o->d, lo_addr(l, o, 0));
	lo_writeback(l, o);
}

void
lo_STV(struct lo *l, const struct ir_op *o)
{
	store_vector(l, o->size, o->d, lo_addr(l, o, 0));
	lo_writeback(l, o);
}

void
lo_LDPV(struct lo *l, const struct ir_op *o)
{
	struct x64_mem m = lo_addr(l, o, 0);

	load_vector(l, o->size, o->d, m);
	m.disp += 1 << o->size;
	load_vector(l, o->size, o->e, m);
	lo_writeback(l, o);
}

void
lo_STPV(struct lo *l, const struct ir_op *o)
{
	struct x64_mem m = lo_addr(l, o, 0);

	store_vector(l, o->size, o->d, m);
	m.disp += 1 << o->size;
	store_vector(l, o->size, o->e, m);
	lo_writeback(l, o);
}

/* Zero the aligned 64 bytes around the address. */
void
lo_DC_ZVA(struct lo *l, const struct ir_op *o)
{
	enum x64_vec zero = lo_vtmp(l);

	lo_clobber(l);
	lo_copy(l, X64_RCX, o->a, true);
	x64_ri(&l->b, X64_and | X64_64, X64_RCX, -64);
	x64_vvv(&l->b, X64_vpxor, zero, zero, zero);
	if (l->v4) {
		x64_mv(&l->b, X64_vmovdqu64 | X64_512, x64_at(X64_RCX, 0), zero);
		return;
	}
	x64_mv(&l->b, X64_vmovdqu | X64_256, x64_at(X64_RCX, 0), zero);
	x64_mv(&l->b, X64_vmovdqu | X64_256, x64_at(X64_RCX, 32), zero);
}

void
lo_PRFM(struct lo *l, const struct ir_op *o)
{
}
