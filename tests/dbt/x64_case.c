/* Which function of the assembler takes which operands. */
#include "tests/dbt/x64_case.h"

#include <string.h>

#include "abi/core/diag.h"

#define R(i) ((enum x64_gpr)c->o[i].n)
#define V(i) ((enum x64_vec)c->o[i].n)
#define K(i) ((enum x64_mask)c->o[i].n)
#define M(i) (c->o[i].m)
#define I(i) ((uint8_t)c->o[i].imm)
#define N(i) (c->o[i].imm)

static const struct { enum x64_shape shape; const char *kinds; } shapes[] = {
	{ X64_SHAPE_NONE, "0" }, { X64_SHAPE_M, "r m" }, { X64_SHAPE_M_R, "r" }, { X64_SHAPE_M_M, "m" },
	{ X64_SHAPE_MB, "r m" }, { X64_SHAPE_O, "r" }, { X64_SHAPE_ALU, "rr rm mr ri mi" },
	{ X64_SHAPE_MOV, "rr rm mr mi" }, { X64_SHAPE_TEST, "rr mr ri mi" }, { X64_SHAPE_MR, "rr mr" },
	{ X64_SHAPE_MR_M, "mr" }, { X64_SHAPE_RM, "rr rm" }, { X64_SHAPE_RM_M, "rm" }, { X64_SHAPE_RMB, "rr rm" },
	{ X64_SHAPE_RMW, "rr rm" }, { X64_SHAPE_RMD, "rr rm" }, { X64_SHAPE_SH, "r m ri mi" },
	{ X64_SHAPE_BT, "rr mr ri mi" }, { X64_SHAPE_MRI, "rri mri" }, { X64_SHAPE_RMI, "rri rmi" },
	{ X64_SHAPE_RMI8, "rri rmi" }, { X64_SHAPE_RNM, "rrr rrm" }, { X64_SHAPE_RMN, "rrr rmr" },
	{ X64_SHAPE_NM, "rr rm" },
	{ X64_SHAPE_VVV, "vvv vvm" }, { X64_SHAPE_VVV_R, "vvv" }, { X64_SHAPE_VVV_M, "vvm" }, { X64_SHAPE_VVVI, "vvvi vvmi" },
	{ X64_SHAPE_VVVV, "vvvv vvmv" }, { X64_SHAPE_VV, "vv vm" }, { X64_SHAPE_VV_M, "vm" }, { X64_SHAPE_VVI, "vvi vmi" },
	{ X64_SHAPE_NVI, "vvi" }, { X64_SHAPE_MV, "mv" }, { X64_SHAPE_VMOV, "vv vm mv" }, { X64_SHAPE_VMOV_M, "vm mv" },
	{ X64_SHAPE_XV, "vv mv" }, { X64_SHAPE_XVI, "vvi mvi" }, { X64_SHAPE_XGI, "rvi mvi" }, { X64_SHAPE_GV, "rv rm" },
	{ X64_SHAPE_GV_R, "rv" }, { X64_SHAPE_GMOV, "vr vm rv mv" }, { X64_SHAPE_VG, "vr" }, { X64_SHAPE_VVG, "vvr vvm" },
	{ X64_SHAPE_VVGI, "vvri vvmi" }, { X64_SHAPE_KVV, "kvv kvm" }, { X64_SHAPE_KVVI, "kvvi kvmi" },
	{ X64_SHAPE_KVI, "kvi kmi" }, { X64_SHAPE_KV, "kv" }, { X64_SHAPE_VK, "vk" }, { X64_SHAPE_KKK, "kkk" },
	{ X64_SHAPE_KK, "kk" }, { X64_SHAPE_KKI, "kki" }, { X64_SHAPE_KMOV, "kk km mk" }, { X64_SHAPE_KG, "kr rk" },
};

const char *
x64_shape_kinds(enum x64_shape shape)
{
	for (unsigned i = 0; i < sizeof(shapes) / sizeof(*shapes); i++)
		if (shapes[i].shape == shape)
			return shapes[i].kinds;
	bug("no operand list for shape %d", shape);
}

#define ROW(kinds, call) \
	static void emit_##kinds(struct x64_buf *b, const struct x64_case *c) { call; }
ROW(0, x64_0(b, c->op))
ROW(r, x64_r(b, c->op, R(0)))
ROW(m, x64_m(b, c->op, M(0)))
ROW(rr, x64_rr(b, c->op, R(0), R(1)))
ROW(rm, x64_rm(b, c->op, R(0), M(1)))
ROW(mr, x64_mr(b, c->op, M(0), R(1)))
ROW(ri, x64_ri(b, c->op, R(0), N(1)))
ROW(mi, x64_mi(b, c->op, M(0), N(1)))
ROW(rri, x64_rri(b, c->op, R(0), R(1), N(2)))
ROW(rmi, x64_rmi(b, c->op, R(0), M(1), N(2)))
ROW(mri, x64_mri(b, c->op, M(0), R(1), N(2)))
ROW(rrr, x64_rrr(b, c->op, R(0), R(1), R(2)))
ROW(rrm, x64_rrm(b, c->op, R(0), R(1), M(2)))
ROW(rmr, x64_rmr(b, c->op, R(0), M(1), R(2)))
ROW(vvv, x64_vvv(b, c->op, V(0), V(1), V(2)))
ROW(vvm, x64_vvm(b, c->op, V(0), V(1), M(2)))
ROW(vvvi, x64_vvvi(b, c->op, V(0), V(1), V(2), I(3)))
ROW(vvmi, x64_vvmi(b, c->op, V(0), V(1), M(2), I(3)))
ROW(vvvv, x64_vvvv(b, c->op, V(0), V(1), V(2), V(3)))
ROW(vvmv, x64_vvmv(b, c->op, V(0), V(1), M(2), V(3)))
ROW(vv, x64_vv(b, c->op, V(0), V(1)))
ROW(vm, x64_vm(b, c->op, V(0), M(1)))
ROW(mv, x64_mv(b, c->op, M(0), V(1)))
ROW(vvi, x64_vvi(b, c->op, V(0), V(1), I(2)))
ROW(vmi, x64_vmi(b, c->op, V(0), M(1), I(2)))
ROW(mvi, x64_mvi(b, c->op, M(0), V(1), I(2)))
ROW(rv, x64_rv(b, c->op, R(0), V(1)))
ROW(rvi, x64_rvi(b, c->op, R(0), V(1), I(2)))
ROW(vr, x64_vr(b, c->op, V(0), R(1)))
ROW(vvr, x64_vvr(b, c->op, V(0), V(1), R(2)))
ROW(vvri, x64_vvri(b, c->op, V(0), V(1), R(2), I(3)))
ROW(kvv, x64_kvv(b, c->op, K(0), V(1), V(2)))
ROW(kvm, x64_kvm(b, c->op, K(0), V(1), M(2)))
ROW(kvvi, x64_kvvi(b, c->op, K(0), V(1), V(2), I(3)))
ROW(kvmi, x64_kvmi(b, c->op, K(0), V(1), M(2), I(3)))
ROW(kvi, x64_kvi(b, c->op, K(0), V(1), I(2)))
ROW(kmi, x64_kmi(b, c->op, K(0), M(1), I(2)))
ROW(kv, x64_kv(b, c->op, K(0), V(1)))
ROW(vk, x64_vk(b, c->op, V(0), K(1)))
ROW(kkk, x64_kkk(b, c->op, K(0), K(1), K(2)))
ROW(kk, x64_kk(b, c->op, K(0), K(1)))
ROW(kki, x64_kki(b, c->op, K(0), K(1), I(2)))
ROW(km, x64_km(b, c->op, K(0), M(1)))
ROW(mk, x64_mk(b, c->op, M(0), K(1)))
ROW(kr, x64_kr(b, c->op, K(0), R(1)))
ROW(rk, x64_rk(b, c->op, R(0), K(1)))

static const struct { const char *kinds; void (*emit)(struct x64_buf *, const struct x64_case *); } rows[] = {
	{ "0", emit_0 }, { "r", emit_r }, { "m", emit_m }, { "rr", emit_rr }, { "rm", emit_rm }, { "mr", emit_mr },
	{ "ri", emit_ri }, { "mi", emit_mi }, { "rri", emit_rri }, { "rmi", emit_rmi }, { "mri", emit_mri },
	{ "rrr", emit_rrr }, { "rrm", emit_rrm }, { "rmr", emit_rmr },
	{ "vvv", emit_vvv }, { "vvm", emit_vvm }, { "vvvi", emit_vvvi }, { "vvmi", emit_vvmi }, { "vvvv", emit_vvvv },
	{ "vvmv", emit_vvmv }, { "vv", emit_vv }, { "vm", emit_vm }, { "mv", emit_mv }, { "vvi", emit_vvi },
	{ "vmi", emit_vmi }, { "mvi", emit_mvi }, { "rv", emit_rv }, { "rvi", emit_rvi }, { "vr", emit_vr },
	{ "vvr", emit_vvr }, { "vvri", emit_vvri }, { "kvv", emit_kvv }, { "kvm", emit_kvm }, { "kvvi", emit_kvvi },
	{ "kvmi", emit_kvmi }, { "kvi", emit_kvi }, { "kmi", emit_kmi }, { "kv", emit_kv }, { "vk", emit_vk },
	{ "kkk", emit_kkk }, { "kk", emit_kk }, { "kki", emit_kki }, { "km", emit_km }, { "mk", emit_mk },
	{ "kr", emit_kr }, { "rk", emit_rk },
};

void
x64_case_emit(struct x64_buf *b, const struct x64_case *c)
{
	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (strcmp(rows[i].kinds, c->kinds))
			continue;
		rows[i].emit(b, c);
		return;
	}
	bug("no function takes %s", c->kinds);
}

/* The width that the operation itself has. */
static unsigned
op_width(const struct x64_case *c)
{
	if (x64_op_shape(c->op) > X64_SHAPE_NM)
		return c->op & X64_64 || c->op >> X64_BIT_WV & 1 || c->op >> X64_BIT_WE & 1 ? 64 : 32;
	if (c->op >> X64_BIT_ENC & 3)
		return c->op & X64_64 ? 64 : 32;
	return c->op & X64_64 || c->op >> X64_BIT_WV & 1 ? 64 : c->op & X64_8 ? 8 : c->op & X64_16 ? 16 : 32;
}

unsigned
x64_case_width(const struct x64_case *c, unsigned i)
{
	switch (x64_op_shape(c->op)) {
	case X64_SHAPE_MB:
		return 8;
	case X64_SHAPE_RMB:
		return i == 1 ? 8 : op_width(c);
	case X64_SHAPE_RMW:
		return i == 1 ? 16 : op_width(c) == 64 ? 64 : 32;
	case X64_SHAPE_RMD:
		return i == 1 ? 32 : 64;
	case X64_SHAPE_O:
		return x64_op_id(c->op) == X64_ID_bswap ? op_width(c) : 64;
	case X64_SHAPE_M:
		if (x64_op_id(c->op) == X64_ID_call_m || x64_op_id(c->op) == X64_ID_jmp_m)
			return 64;
		return op_width(c);
	case X64_SHAPE_M_M:
	case X64_SHAPE_RM_M:
		return c->o[i].kind == 'm' ? 0 : op_width(c);
	default:
		return op_width(c);
	}
}

void
x64_case_name(const struct x64_case *c, bool evex, char *ret_name, unsigned size)
{
	static const char conditions[16][4] = { "o", "no", "b", "nb", "z", "nz", "be", "nbe",
						"s", "ns", "p", "np", "l", "nl", "le", "nle" };
	const struct x64_form *f = &x64_forms[x64_op_id(c->op)];
	const char *name = evex ? f->evex_name : f->name;
	unsigned pos = 0;

	if (x64_op_id(c->op) == X64_ID_cmovo || x64_op_id(c->op) == X64_ID_seto) {
		str_addf(ret_name, size, &pos, "%.*s%s", (int)strlen(name) - 1, name, conditions[c->op & 15]);
		return;
	}
	str_addf(ret_name, size, &pos, "%.*s", (int)strcspn(name, "_"), name);
}
