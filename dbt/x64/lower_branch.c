/*
 * Transfers of control.  Exits to known addresses are jumps that the driver aims (link_stub until then); calls push the
 * guest's return address beside the host's, so that the host predicts returns; what is only known at run time goes
 * through the shared table.
 */
#include "dbt/x64/lower_int.h"

/* A guest address into a host register. */
static void
guest_address(struct lo *l, enum x64_gpr to, uint64_t pc)
{
	if (pc > UINT32_MAX && l->env->within(l->env->ctx, pc))
		x64_rm(&l->b, X64_lea | X64_64, to, x64_at_rip(&l->b, pc));
	else
		lo_const(l, to, pc);
}

void
lo_leave(struct lo *l, uint64_t pc, enum dbt_exit why)
{
	guest_address(l, X64_RAX, pc);
	lo_const(l, X64_RCX, why);
	x64_jmp_to(&l->b, l->env->exit_stub);
}

/* ---- exits ---- */

static bool
flags_wanted(struct lo *l, uint64_t pc)
{
	return l->nzcv != LO_NZCV_MEM && !l->nzcv_mem && l->o->flags & IR_KEEP && !l->env->flags_dead_at(l->env->ctx, pc);
}

static uint32_t
new_exit(struct lo *l, uint8_t *disp, uint64_t pc)
{
	if (l->exits == LO_MAX_EXITS) {
		l->b.overflow = true;
		return 0;
	}
	l->exit[l->exits] = (struct lo_exit){ disp, pc };
	return l->exits++;
}

/* Where an exit's jump leads before it is linked. */
static void
cold_exit(struct lo *l, const struct lo_later *w)
{
	lo_mark(l, (int32_t)(l->exit[w->exit].target - l->ir->pc));
	if (w->patch != NULL)
		x64_patch(w->patch, l->b.bias, x64_here(&l->b));
	lo_const(l, X64_RAX, l->first_exit + w->exit);
	x64_jmp_to(&l->b, l->env->link_stub);
}

static void
exit_later(struct lo *l, uint8_t *disp, uint32_t exit)
{
	struct lo_later *w = lo_later(l, cold_exit);

	w->patch = disp;
	w->exit = exit;
}

void
lo_goto(struct lo *l, uint64_t pc)
{
	if (flags_wanted(l, pc))
		lo_save_nzcv(l);
	uint8_t *disp = x64_jmp_patchable(&l->b, x64_here(&l->b));

	if (disp != NULL)
		exit_later(l, disp, new_exit(l, disp, pc));
}

/* A side exit whose flags are wanted there: save them, then go. */
static void
cold_goto(struct lo *l, const struct lo_later *w)
{
	x64_bind(&l->b, (struct x64_label *)&w->from);
	lo_mark(l, (int32_t)(w->arg - l->ir->pc));
	lo_save_nzcv(l);
	uint8_t *disp = x64_jmp_patchable(&l->b, x64_here(&l->b));

	if (disp == NULL)
		return;
	l->nzcv_mem = true;
	exit_later(l, disp, new_exit(l, disp, w->arg));
}

/* Leave for @pc when the host condition holds.  @from: where the comparison begins, to stay fused. */
static void
side_exit(struct lo *l, uint8_t *from, enum x64_cc cc, uint64_t pc)
{
	if (flags_wanted(l, pc)) {
		struct lo_later *w = lo_later(l, cold_goto);

		w->arg = pc;
		x64_jcc_near(&l->b, cc, &w->from);
		return;
	}
	uint8_t *disp = from != NULL ? x64_jcc_patchable_fused(&l->b, from, cc, x64_here(&l->b))
				     : x64_jcc_patchable(&l->b, cc, x64_here(&l->b));

	if (disp != NULL)
		exit_later(l, disp, new_exit(l, disp, pc));
}

void
lo_B(struct lo *l, const struct ir_op *o)
{
	lo_goto(l, o->imm);
}

void
lo_NEXT(struct lo *l, const struct ir_op *o)
{
	lo_goto(l, o->imm);
}

void
lo_BCOND(struct lo *l, const struct ir_op *o)
{
	struct lo_cc c = lo_cond(l, o->cond);

	if (c.n == 0) {
		if (c.constant)
			lo_goto(l, o->imm);
		return;
	}
	if (c.n == 1 || c.any) {
		for (unsigned i = 0; i < c.n; i++)
			side_exit(l, NULL, c.cc[i], o->imm);
		return;
	}
	struct x64_label no = { 0 };

	x64_jcc_near(&l->b, (enum x64_cc)(c.cc[0] ^ 1), &no);
	side_exit(l, NULL, c.cc[1], o->imm);
	x64_bind(&l->b, &no);
}

/* CBZ and TBZ change no NZCV; the host's test does: what someone still wants is saved before. */
static void
test_and_exit(struct lo *l, const struct ir_op *o, bool if_zero)
{
	uint8_t *from;

	if (o->a == IR_ZR) {
		if (if_zero)
			lo_goto(l, o->imm);
		return;
	}
	lo_clobber(l);
	from = l->b.p;
	if (lo_home[o->a] == LO_SLOT)
		x64_mi(&l->b, X64_cmp | lo_width(o), lo_slot(o->a), 0);
	else
		x64_rr(&l->b, X64_test | lo_width(o), lo_home[o->a], lo_home[o->a]);
	side_exit(l, from, if_zero ? X64_CC_E : X64_CC_NE, o->imm);
}

void
lo_CBZ(struct lo *l, const struct ir_op *o)
{
	test_and_exit(l, o, true);
}

void
lo_CBNZ(struct lo *l, const struct ir_op *o)
{
	test_and_exit(l, o, false);
}

static void
bit_and_exit(struct lo *l, const struct ir_op *o, bool if_zero)
{
	enum x64_cc cc = if_zero ? X64_CC_E : X64_CC_NE;

	if (o->a == IR_ZR) {
		if (if_zero)
			lo_goto(l, o->imm);
		return;
	}
	lo_clobber(l);
	uint8_t *from = l->b.p;

	if (lo_home[o->a] == LO_SLOT) {
		struct x64_mem m = lo_slot(o->a);

		m.disp += o->shift / 8;
		x64_mi(&l->b, X64_test | X64_8, m, 1 << (o->shift & 7));
	} else if (o->shift == 31 || o->shift == 63) {
		x64_rr(&l->b, X64_test | (o->shift == 63 ? X64_64 : X64_32), lo_home[o->a], lo_home[o->a]);
		cc = if_zero ? X64_CC_NS : X64_CC_S;
	} else if (o->shift < 31) {
		x64_ri(&l->b, X64_test | (o->shift < 8 ? X64_8 : X64_32), lo_home[o->a], 1ll << o->shift);
	} else {
		x64_ri(&l->b, X64_bt | X64_64, lo_home[o->a], o->shift);
		cc = if_zero ? X64_CC_AE : X64_CC_B;
		from = NULL;
	}
	side_exit(l, from, cc, o->imm);
}

void
lo_TBZ(struct lo *l, const struct ir_op *o)
{
	bit_and_exit(l, o, true);
}

void
lo_TBNZ(struct lo *l, const struct ir_op *o)
{
	bit_and_exit(l, o, false);
}

/* ---- calls and returns ---- */

/* x30 = the guest's return address; pushed for the RET that will compare it. */
static void
push_return(struct lo *l, uint64_t ra)
{
	guest_address(l, X64_RAX, ra);
	x64_mr(&l->b, X64_mov | X64_64, lo_slot(30), X64_RAX);
	x64_r(&l->b, X64_push, X64_RAX);
}

/*
 * Pad so that a call of five bytes ends on a multiple of 8: its displacement and the landing's five bytes then lie within
 * eight aligned bytes each, and either can be replaced by one store.
 */
static void
align_landing(struct lo *l)
{
	unsigned n = (unsigned)(-(x64_here(&l->b) + 5) & 7);

	if (n != 0)
		x64_nops(&l->b, n);
}

/* Where the callee comes back to: drop the guest's address, go on with the instruction behind the call. */
static void
landing(struct lo *l, uint32_t fix)
{
	lo_fix_end(l, fix);
	l->nzcv = LO_NZCV_MEM;
	l->nzcv_mem = true;
	l->vclean = 0;
	lo_mark(l, l->o->pc + 4);
	l->fix[lo_fix(l, LO_FIX_LANDING, 0)].end = (uint32_t)(l->o->pc + 4);
	x64_rm(&l->b, X64_lea | X64_64, X64_RSP, x64_at(X64_RSP, 8));
}

void
lo_BL(struct lo *l, const struct ir_op *o)
{
	uint64_t ra = l->ir->pc + (uint64_t)(int64_t)o->pc + 4;

	if (flags_wanted(l, o->imm))
		lo_save_nzcv(l);
	uint32_t fix = lo_fix(l, LO_FIX_FORWARD, 0);

	push_return(l, ra);
	align_landing(l);
	uint8_t *disp = x64_call_patchable(&l->b, x64_here(&l->b));

	if (disp != NULL)
		exit_later(l, disp, new_exit(l, disp, o->imm));
	landing(l, fix);
}

/* Jump to the translation of the address in rax; rcx is lost. */
static void
jump_by_table(struct lo *l)
{
	x64_rm(&l->b, X64_lea, X64_RCX, x64_at_index(X64_NO_REG, X64_RAX, 1, 0));
	x64_rm(&l->b, X64_and, X64_RCX, x64_at(X64_RBP, DBT_OFF(lookup_mask)));
	x64_rm(&l->b, X64_add | X64_64, X64_RCX, x64_at(X64_RBP, DBT_OFF(lookup)));
	x64_rm(&l->b, X64_mov | X64_64, X64_RCX, x64_at(X64_RCX, 0));
	x64_mr(&l->b, X64_cmp | X64_64, x64_at(X64_RCX, offsetof(struct dbt_slot, pc)), X64_RAX);
	x64_jcc_to(&l->b, X64_CC_NE, l->env->lookup_stub);
	x64_m(&l->b, X64_jmp_m, x64_at(X64_RCX, offsetof(struct dbt_slot, host)));
}

/* Behind BLR's call: the table is looked into with the host's return address already pushed. */
static void
cold_table(struct lo *l, const struct lo_later *w)
{
	lo_mark(l, (int32_t)w->arg);
	x64_bind(&l->b, (struct x64_label *)&w->from);
	uint32_t fix = lo_fix(l, LO_FIX_FORWARD, 0); /* a call has pushed; its register may be x30 */

	jump_by_table(l);
	lo_fix_end(l, fix);
}

void
lo_BLR(struct lo *l, const struct ir_op *o)
{
	uint64_t ra = l->ir->pc + (uint64_t)(int64_t)o->pc + 4;

	lo_save_nzcv(l);
	lo_copy(l, X64_RCX, o->a, true);
	uint32_t fix = lo_fix(l, LO_FIX_FORWARD, 0);

	push_return(l, ra);
	x64_rr(&l->b, X64_mov | X64_64, X64_RAX, X64_RCX);
	struct lo_later *w = lo_later(l, cold_table);

	w->arg = (uint64_t)(int64_t)o->pc;
	align_landing(l);
	x64_call_label(&l->b, &w->from);
	landing(l, fix);
}

void
lo_BR(struct lo *l, const struct ir_op *o)
{
	if (o->flags & IR_KEEP)
		lo_save_nzcv(l);
	lo_copy(l, X64_RAX, o->a, true);
	jump_by_table(l);
}

/* The prediction holds when the caller's address is beside the host's return address. */
void
lo_RET(struct lo *l, const struct ir_op *o)
{
	struct lo_later *w;

	if (o->a != 30) {
		lo_BR(l, o);
		return;
	}
	x64_rm(&l->b, X64_mov | X64_64, X64_RAX, lo_slot(30));
	x64_rm(&l->b, X64_cmp | X64_64, X64_RAX, x64_at(X64_RSP, 8));
	w = lo_later(l, cold_table);
	w->arg = (uint64_t)(int64_t)o->pc;
	x64_jcc_near(&l->b, X64_CC_NE, &w->from);
	x64_0(&l->b, X64_ret);
}

/* ---- stops ---- */

static void
stop(struct lo *l, const struct ir_op *o, uint64_t pc, enum dbt_exit why)
{
	lo_save_nzcv(l);
	if (o->imm <= INT32_MAX)
		x64_mi(&l->b, X64_mov | X64_64, x64_at(X64_RBP, DBT_OFF(arg)), (int64_t)o->imm);
	else {
		lo_const(l, X64_RAX, o->imm);
		x64_mr(&l->b, X64_mov | X64_64, x64_at(X64_RBP, DBT_OFF(arg)), X64_RAX);
	}
	lo_leave(l, pc, why);
}

void
lo_SVC(struct lo *l, const struct ir_op *o)
{
	stop(l, o, l->ir->pc + (uint64_t)(int64_t)o->pc + 4, DBT_EXIT_SVC);
}

void
lo_BRK(struct lo *l, const struct ir_op *o)
{
	stop(l, o, l->ir->pc + (uint64_t)(int64_t)o->pc, DBT_EXIT_BRK);
}

void
lo_UNDEF(struct lo *l, const struct ir_op *o)
{
	stop(l, o, l->ir->pc + (uint64_t)(int64_t)o->pc, DBT_EXIT_UNDEF);
}
