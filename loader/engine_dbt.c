/*
 * The engine of AArch64 guests: their code is translated (dbt/), so nothing has to be caught; the translator says when
 * a system call is due.  Host threads, signal stack and handler are those of the native engine.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#include "abi/core/cpu_a64.h"
#include "abi/core/gm.h"
#include "abi/core/host.h"
#include "dbt/dbt.h"
#include "loader/engine.h"
#include "loader/native.h"

#define TRAP_GP 13
#define A64_INSN 4

static struct gm *guest_memory;

/* ---- what the translator asks: the map is locked before the code cache, as the map's listener comes from below its lock ---- */

static void
hold_map(void *ctx)
{
	gm_lock(ctx);
}

static void
release_map(void *ctx)
{
	gm_unlock(ctx);
}

/* Code is what may be executed; the host maps it readable. */
static uint64_t
readable(void *ctx, uint64_t addr, uint64_t want)
{
	uint64_t end = addr;
	struct vma v;

	while (end - addr < want && gm_find_locked(ctx, end, &v) && v.start <= end && v.prot & PROT_EXEC)
		end = v.end;
	return end - addr < want ? end - addr : want;
}

static void
code_changed(void *arg, uint64_t start, uint64_t end, bool gone)
{
	dbt_invalidate(start, end - start);
}

static int
setup(const struct engine_config *c, struct diag *d)
{
	struct dbt_config dc = {.level = c->level,
	                        .readable = readable,
	                        .hold = hold_map,
	                        .release = release_map,
	                        .ctx = c->gm};

	guest_memory = c->gm;
	if (dbt_setup(&dc, d))
		return d->code;
	gm_set_listener(c->gm, code_changed, NULL);
	return native_catch_always(d);
}

/* ---- signals: on the thread's signal stack, FS is ours ---- */

static void
note_fault(struct nthread *nt, int signo, const siginfo_t *si, const ucontext_t *uc)
{
	const greg_t *g = uc->uc_mcontext.gregs;

	nt->fault = (struct guest_fault){signo, si->si_code, (uint64_t)(uintptr_t)si->si_addr, (uint64_t)g[REG_TRAPNO],
	                                 (uint64_t)g[REG_ERR]};
}

static bool
translated(struct nthread *nt, int signo, siginfo_t *si, void *uc, bool sync)
{
	struct dbt_state *s = nt->dbt;
	bool access = signo == SIGSEGV || signo == SIGBUS;
	bool interpreted = s->calling != NULL;
	enum dbt_where where;

	if (!sync)
		return dbt_signal(s, uc, DBT_EXIT_WAKE) != DBT_OUTSIDE;
	where = dbt_fault(s, signo, si, uc);
	/* what translated code cannot decide is repeated by the interpreter, and faults there if it does */
	if (where != DBT_OUTSIDE && access && (interpreted || ((ucontext_t *)uc)->uc_mcontext.gregs[REG_TRAPNO] != TRAP_GP))
		note_fault(nt, signo, si, uc);
	return where != DBT_OUTSIDE;
}

/* ---- threads ---- */

static int
new_thread(struct thread *t)
{
	struct nthread *nt;

	if (native_block_new(t))
		return -ENOMEM;
	nt = t->engine;
	nt->dbt = dbt_new(&t->wake);
	if (!nt->dbt) {
		native_block_drop(t);
		return -ENOMEM;
	}
	nt->dbt->thread = t;
	nt->translated = translated;
	t->cpu = NULL;
	t->a64 = &nt->dbt->cpu;
	return 0;
}

static int
copy_thread(struct thread *t, const struct thread *parent)
{
	if (new_thread(t))
		return -ENOMEM;
	*t->a64 = *parent->a64;
	return 0;
}

static void
drop(struct thread *t)
{
	struct nthread *nt = t->engine;

	dbt_free(nt->dbt);
	t->a64 = NULL;
	native_block_drop(t);
}

static void
detach(struct thread *t)
{
	stack_t off = {.ss_flags = SS_DISABLE};

	sigaltstack(&off, NULL);
	drop(t);
}

static void
before_fork(struct thread *t)
{
	dbt_before_fork();
}

static void
after_fork_parent(struct thread *t)
{
	dbt_after_fork_parent();
}

static int
after_fork_child(struct thread *t)
{
	struct nthread *nt = t->engine;

	t->htid = (pid_t)host_call(SYS_gettid);
	dbt_after_fork_child(nt->dbt);
	return 0;
}

/* ---- running ---- */

/* No access faulted: the instruction itself could not be had. */
static struct guest_fault
fetch_fault(uint64_t pc)
{
	struct vma v;

	if (pc % A64_INSN)
		return (struct guest_fault){.signo = SIGBUS, .code = BUS_ADRALN, .addr = pc};
	if (gm_find(guest_memory, pc, &v) && v.start <= pc)
		return (struct guest_fault){.signo = SIGSEGV, .code = SEGV_ACCERR, .addr = pc};
	return (struct guest_fault){.signo = SIGSEGV, .code = SEGV_MAPERR, .addr = pc};
}

static void
run(struct thread *t, struct stop *ret_stop)
{
	struct nthread *nt = t->engine;
	struct dbt_state *s = nt->dbt;
	enum dbt_exit why;

	nt->fault.signo = 0;
	why = dbt_run(s);
	ret_stop->why = STOP_FAULT;
	switch (why) {
	case DBT_EXIT_SVC:
		ret_stop->why = STOP_SYSCALL;
		return;
	case DBT_EXIT_BRK:
		nt->fault = (struct guest_fault){.signo = SIGTRAP, .code = TRAP_BRKPT, .addr = s->cpu.pc};
		break;
	case DBT_EXIT_UNDEF:
		nt->fault = (struct guest_fault){.signo = SIGILL, .code = ILL_ILLOPC, .addr = s->cpu.pc};
		break;
	case DBT_EXIT_FAULT:
		if (!nt->fault.signo)
			nt->fault = fetch_fault(s->cpu.pc);
		break;
	default:
		ret_stop->why = STOP_INTERRUPT;
		return;
	}
	ret_stop->fault = nt->fault;
}

static void
rewind_call(struct thread *t)
{
	t->a64->pc -= A64_INSN;
}

static const char *
intercept_name(void)
{
	return "translation";
}

const struct engine dbt_engine = {
    .isa = "aarch64",
    .setup = setup,
    .new_thread = new_thread,
    .copy_thread = copy_thread,
    .attach = native_block_attach,
    .detach = detach,
    .drop = drop,
    .run = run,
    .before_fork = before_fork,
    .after_fork_parent = after_fork_parent,
    .after_fork_child = after_fork_child,
    .rewind = rewind_call,
    .intercept_name = intercept_name,
};
