/*
 * Taking a thread out of translated code: called by the host's signal handler, so no lock, no libc, no allocation.
 *
 * | the signal finds the thread in        | then                                                                   |
 * | the entry, before the jump             | it does not enter                                                       |
 * | translated code                        | the guest instruction begins again: borrowed registers and NZCV go back |
 * | a stretch that must not be done twice  | it single-steps to the stretch's end, then as above                     |
 * | the interpreter, called by either      | asynchronous: later, by *wake; a fault of guest memory: out, at its pc  |
 * | anything else                          | whoever is there looks at *wake later                                   |
 */
#include <ucontext.h>

#include "dbt/dbt_impl.h"

enum { EFL_CF = 1, EFL_PF = 4, EFL_ZF = 0x40, EFL_SF = 0x80, EFL_TF = 0x100, EFL_OF = 0x800, TRAP_GP = 13 };

static greg_t *
gregs(void *uc)
{
	return ((ucontext_t *)uc)->uc_mcontext.gregs;
}

static uint64_t
address(const char *label)
{
	return (uint64_t)(uintptr_t)label;
}

static const char *
of_level(const char *v3, const char *v4)
{
	return dbt.lo.v4 ? v4 : v3;
}

/* General registers as ucontext numbers them. */
static const uint8_t reg_of[16] = {
	REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
	REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
};

/* ---- flags ---- */

static uint32_t
integer_flags(uint64_t efl, bool carry)
{
	return (efl & EFL_SF ? A64_FLAG_N : 0) | (efl & EFL_ZF ? A64_FLAG_Z : 0) | (carry ? A64_FLAG_C : 0) |
	       (efl & EFL_OF ? A64_FLAG_V : 0);
}

/* vucomis: unordered, less, equal, greater; @swapped: of the second with the first. */
static uint32_t
fcmp_flags(uint64_t efl, bool swapped)
{
	if (efl & EFL_PF)
		return A64_FLAG_C | A64_FLAG_V;
	if (efl & EFL_ZF)
		return A64_FLAG_Z | A64_FLAG_C;
	return ((efl & EFL_CF) != 0) != swapped ? A64_FLAG_N : A64_FLAG_C;
}

static uint32_t
flags_of(uint64_t efl, enum lo_nzcv kind)
{
	switch (kind) {
	case LO_NZCV_SUB:
		return integer_flags(efl, !(efl & EFL_CF));
	case LO_NZCV_LOGIC:
		return integer_flags(efl & ~(uint64_t)EFL_OF, false);
	case LO_NZCV_FCMP:
	case LO_NZCV_FCMP_SWAPPED:
		return fcmp_flags(efl, kind == LO_NZCV_FCMP_SWAPPED);
	default:
		return integer_flags(efl, efl & EFL_CF);
	}
}

/* ---- a place in a block ---- */

/* The last mark at or before the offset. */
static const struct lo_mark *
mark_at(const struct cache_block *b, uint32_t offset)
{
	uint32_t lo = 0, hi = b->marks;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (cache.mark[b->mark + mid].host <= offset)
			lo = mid + 1;
		else
			hi = mid;
	}
	return &cache.mark[b->mark + (lo ? lo - 1 : 0)];
}

/* Inside, with at least one of its instructions executed. */
static bool
in_stretch(const struct cache_block *b, uint32_t offset)
{
	for (uint32_t i = 0; i < b->fixes; i++) {
		const struct lo_fix *f = &cache.fix[b->fix + i];

		if (f->kind == LO_FIX_FORWARD && offset > f->begin && offset < f->end)
			return true;
	}
	return false;
}

static void
give_back(struct dbt_state *s, const struct cache_block *b, uint32_t offset, greg_t *g)
{
	for (uint32_t i = 0; i < b->fixes; i++) {
		const struct lo_fix *f = &cache.fix[b->fix + i];

		if (f->kind != LO_FIX_GPR || offset < f->begin || offset >= f->end)
			continue;
		for (unsigned r = 0; r < 32; r++)
			if (lo_home[r] == f->arg)
				g[reg_of[f->arg]] = (greg_t)s->cpu.x[r];
	}
}

static enum dbt_where
leave_block(struct dbt_state *s, const struct cache_block *b, greg_t *g, enum dbt_exit why)
{
	uint32_t offset = (uint32_t)((uint64_t)g[REG_RIP] - address((const char *)cache.rx) - b->code);
	const struct lo_mark *m = mark_at(b, offset);

	if (in_stretch(b, offset)) {
		g[REG_EFL] |= EFL_TF;
		s->stepping = (uint32_t)why + 1;
		return DBT_RUNS_ON;
	}
	give_back(s, b, offset, g);
	if (m->nzcv != LO_NZCV_MEM)
		s->cpu.flags = flags_of((uint64_t)g[REG_EFL], m->nzcv);
	g[REG_RAX] = (greg_t)(b->pc + (uint64_t)(int64_t)m->pc);
	g[REG_RCX] = why;
	g[REG_RIP] = (greg_t)address(of_level(dbt_exit_stub_v3, dbt_exit_stub_v4));
	return DBT_LEAVING;
}

enum dbt_where
dbt_signal(struct dbt_state *s, void *uc, enum dbt_exit why)
{
	greg_t *g = gregs(uc);
	uint64_t rip = (uint64_t)g[REG_RIP];
	const struct cache_block *b;

	if (s->stepping) {
		why = (enum dbt_exit)(s->stepping - 1);
		s->stepping = 0;
		g[REG_EFL] &= ~(greg_t)EFL_TF;
	}
	if (rip >= address(of_level(dbt_enter_window_v3, dbt_enter_window_v4)) &&
	    rip < address(of_level(dbt_enter_window_end_v3, dbt_enter_window_end_v4))) {
		g[REG_RIP] = (greg_t)address(of_level(dbt_not_entered_v3, dbt_not_entered_v4));
		return DBT_LEAVING;
	}
	/* the trap behind a call of the interpreter: as if the signal had come where the call returns to */
	if (rip == address(of_level(dbt_call_wake_v3, dbt_call_wake_v4)) + 1) {
		rip = *(const uint64_t *)(uintptr_t)g[REG_RSP];
		g[REG_RIP] = (greg_t)rip;
		g[REG_RSP] += 8;
	}
	b = cache_block_at(rip);
	return b ? leave_block(s, b, g, why) : DBT_OUTSIDE;
}

/* ---- faults ---- */

static bool
in_guard(const struct dbt_state *s, uint64_t addr)
{
	return (addr >= s->stack_low && addr < s->stack_low + DBT_GUARD) ||
	       (addr >= s->stack_high - DBT_GUARD && addr < s->stack_high);
}

/* The prediction stack is full or empty: begin it anew.  What was predicted is only lost. */
static enum dbt_where
new_stack(struct dbt_state *s, greg_t *g)
{
	uint64_t top = s->guest_rsp;

	dbt_reset_stack(s);
	g[REG_RSP] = (greg_t)s->guest_rsp;
	s->guest_rsp = top;
	return DBT_RETRY;
}

enum dbt_where
dbt_fault(struct dbt_state *s, int signo, siginfo_t *si, void *uc)
{
	greg_t *g = gregs(uc);
	uint64_t rip = (uint64_t)g[REG_RIP];

	if (signo == SIGTRAP && (s->stepping || rip == address(of_level(dbt_call_wake_v3, dbt_call_wake_v4)) + 1))
		return dbt_signal(s, uc, DBT_EXIT_WAKE);
	if (cache_block_at(rip)) {
		if (signo == SIGSEGV && in_guard(s, (uint64_t)(uintptr_t)si->si_addr))
			return new_stack(s, g);
		/* a tagged address, an exceptional number: the interpreter knows what Arm does */
		if (signo == SIGFPE || (signo == SIGSEGV && g[REG_TRAPNO] == TRAP_GP))
			return dbt_signal(s, uc, DBT_EXIT_STEP);
		return dbt_signal(s, uc, DBT_EXIT_FAULT);
	}
	if (!s->calling)
		return DBT_OUTSIDE;
	s->cpu.pc = s->calling->pc;
	s->exit_why = DBT_EXIT_FAULT;
	if (s->in_step) { /* called by dbt_step() */
		g[REG_RIP] = (greg_t)(uintptr_t)dbt_step_abort;
		g[REG_RDI] = (greg_t)(uintptr_t)s;
		g[REG_RSP] = ((g[REG_RSP] - 128) & ~15ll) - 8;
	} else {
		g[REG_RBP] = (greg_t)((uint64_t)(uintptr_t)s + DBT_BIAS);
		g[REG_RIP] = (greg_t)address(of_level(dbt_exit_call_v3, dbt_exit_call_v4));
	}
	return DBT_LEAVING;
}
