/* Look up, translate on a miss, run; link exits; step by the interpreter. */
#include "dbt/dbt.h"

#include <cpuid.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "dbt/a64/tr.h"
#include "dbt/cache.h"
#include "dbt/dbt_impl.h"

struct dbt dbt;

enum { STACK_BYTES = 1 << 20, STACK_GUARD = DBT_GUARD, STACK_TOP_ROOM = 4096 };

/* ---- reading code ---- */

static uint64_t
readable_words(uint64_t pc, uint64_t words)
{
	return dbt.config.readable(dbt.config.ctx, pc, 4 * words) / 4;
}

static bool
flags_dead_at(void *ctx, uint64_t pc)
{
	enum { AROUND = 256 };
	uint64_t words = pc & 3 ? 0 : readable_words(pc, AROUND);

	(void)ctx;
	return words > 0 && a64_flags_dead_at(0, (const uint32_t *)(uintptr_t)pc, words);
}

static bool
within(void *ctx, uint64_t addr)
{
	(void)ctx;
	(void)addr;
	return false; /* the cache is not placed at a distance from the program */
}

static struct ir_op *
keep_op(void *ctx, const struct ir_op *o)
{
	(void)ctx;
	return cache_keep_op(dbt.ir.pc + (uint64_t)(int64_t)o->pc, o);
}

static void
dbt_hold(void)
{
	if (dbt.config.hold)
		dbt.config.hold(dbt.config.ctx);
}

static void
dbt_release(void)
{
	if (dbt.config.release)
		dbt.config.release(dbt.config.ctx);
}

/* ---- translation; the cache's lock is held ---- */

static struct cache_block *
translate_some(uint64_t pc, uint64_t words, uint32_t max_guest)
{
	enum { LARGEST = 256 << 10 };
	struct lo *l = &dbt.lo;
	uint64_t room = cache_room();

	a64_block(&dbt.ir, pc, (const uint32_t *)(uintptr_t)pc, words, max_guest);
	const char *wrong = ir_check(&dbt.ir);

	if (wrong && !dbt.ir.overflow) {
		dbt_release(); /* the report looks at the map */
		bug("translation at 0x%llx: %s", (unsigned long long)pc, wrong);
	}
	if (wrong)
		return NULL;
	ir_live_flags(&dbt.ir, flags_dead_at, NULL);
	l->first_exit = cache.exits;
	x64_buf_init(&l->b, cache.rw + cache.used, room < LARGEST ? room : LARGEST, cache_bias());
	if (!lo_block(l, &dbt.ir))
		return NULL;
	return cache_add(&dbt.ir, l);
}

static uint64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

struct cache_block *
dbt_translate(uint64_t pc)
{
	uint64_t words = pc & 3 ? 0 : readable_words(pc, IR_MAX_GUEST), begin;
	struct cache_block *b = NULL;

	if (words == 0)
		return NULL;
	begin = now_ns();
	/* a block that does not fit its tables is made of fewer instructions */
	for (uint32_t max = dbt.max_guest; b == NULL && max > 0; max /= 4)
		b = translate_some(pc, words, max);
	if (b == NULL) {
		dbt_release();
		bug("the code cache is full"); /* see dbt_make_room() */
	}
	dbt.stats.blocks++;
	dbt.stats.guest_insns += dbt.ir.guest;
	dbt.stats.host_bytes += b->code_len;
	dbt.stats.translate_ns += now_ns() - begin;
	return b;
}

/* ---- one instruction by the interpreter ---- */

static enum dbt_exit
interpret(struct dbt_state *s, const struct ir_block *ir)
{
	enum dbt_exit r = DBT_EXIT_LOOKUP;
	uint64_t pc = s->cpu.pc;

	s->cpu.pc = pc + 4;
	for (uint32_t i = 0; i < ir->n; i++) {
		const struct ir_op *o = &ir->op[i];
		struct dbt_call call = { .op = *o, .pc = pc };

		s->calling = &call;
		ir_do[o->op](&s->cpu, o);
		s->calling = NULL;
		if (o->op == IR_SVC || o->op == IR_BRK || o->op == IR_UNDEF) {
			s->arg = o->imm;
			r = o->op == IR_SVC ? DBT_EXIT_SVC : o->op == IR_BRK ? DBT_EXIT_BRK : DBT_EXIT_UNDEF;
		}
		if (o->op == IR_IC_IVAU)
			dbt_invalidate(s->arg, 1);
		if (s->cpu.pc != pc + 4) /* it has branched: what follows in the block is not reached */
			break;
	}
	__atomic_fetch_add(&dbt.stats.steps, 1, __ATOMIC_RELAXED);
	return r;
}

/* The instruction at pc as operations; NULL when its code cannot be read. */
static struct ir_block *
decode_one(uint64_t pc)
{
	struct ir_block *ir = NULL;

	dbt_hold();
	if (!(pc & 3) && readable_words(pc, 1) > 0) {
		ir = malloc(sizeof *ir);
		if (!ir)
			bug("no memory to interpret an instruction");
		a64_block(ir, pc, (const uint32_t *)(uintptr_t)pc, 1, 1);
	}
	dbt_release();
	return ir;
}

enum dbt_exit
dbt_step(struct dbt_state *s)
{
	struct ir_block *volatile ir = decode_one(s->cpu.pc);
	enum dbt_exit r = DBT_EXIT_FAULT;

	if (!ir)
		return r;
	/* a fault of guest memory comes back here: registers are as before, but for pc */
	if (__builtin_setjmp(s->step_jump) == 0) {
		__atomic_store_n(&s->in_step, 1, __ATOMIC_RELEASE);
		r = interpret(s, ir);
	} else {
		r = DBT_EXIT_FAULT;
	}
	__atomic_store_n(&s->in_step, 0, __ATOMIC_RELEASE);
	s->calling = NULL;
	free(ir);
	return r;
}

void
dbt_step_abort(struct dbt_state *s)
{
	__builtin_longjmp(s->step_jump, 1);
}

/* Translated code asks for an operation; enter.S. */
void
dbt_call(struct dbt_state *s, const struct dbt_call *c)
{
	ir_do[c->op.op](&s->cpu, &c->op);
}

/* ---- running ---- */

/* The host address for cpu.pc; 0 when its code cannot be read. */
static uint64_t
host_for(struct dbt_state *s, bool link)
{
	struct cache_block *b;

	dbt_hold();
	pthread_mutex_lock(&cache.lock);
	if (link)
		s->cpu.pc = cache.exit[s->link].target;
	b = cache_find(s->cpu.pc);
	if (b == NULL)
		b = dbt_translate(s->cpu.pc);
	if (b != NULL) {
		__atomic_store_n(cache_slot(s->cpu.pc), &cache.entry[b - cache.block + 1], __ATOMIC_RELEASE);
		if (link) {
			cache_link((uint32_t)s->link, b);
			dbt.stats.links++;
		} else {
			dbt.stats.lookups++;
		}
	}
	pthread_mutex_unlock(&cache.lock);
	dbt_release();
	return b ? (uint64_t)(uintptr_t)(cache.rx + b->code) : 0;
}

static enum dbt_exit
run_until_stop(struct dbt_state *s)
{
	s->exit_why = DBT_EXIT_LOOKUP;
	/* a signal frame may have brought another FPCR */
	if (s->mxcsr == 0 || s->mxcsr_for != s->cpu.fpcr)
		dbt_set_fpcr(s, s->cpu.fpcr);
	for (;;) {
		uint64_t host;

		/* what has been asked for comes before a signal: the guest's pc stands behind it */
		switch ((enum dbt_exit)s->exit_why) {
		case DBT_EXIT_STEP:
			if (*s->wake)
				return DBT_EXIT_WAKE;
			s->exit_why = dbt_step(s);
			continue;
		case DBT_EXIT_FLUSH:
			dbt_invalidate(s->arg, 1);
			break;
		case DBT_EXIT_FPCR:
			dbt_set_fpcr(s, (uint32_t)s->arg);
			break;
		case DBT_EXIT_LOOKUP:
		case DBT_EXIT_LINK:
			break;
		default:
			return (enum dbt_exit)s->exit_why;
		}
		if (*s->wake && s->exit_why != DBT_EXIT_LINK)
			return DBT_EXIT_WAKE;
		if (dbt.config.interpret) {
			s->exit_why = dbt_step(s);
			continue;
		}
		host = host_for(s, s->exit_why == DBT_EXIT_LINK);
		if (host == 0)
			return DBT_EXIT_FAULT;
		dbt.enter(s, host);
	}
}

enum dbt_exit
dbt_run(struct dbt_state *s)
{
	enum dbt_exit why = run_until_stop(s);

	dbt_fold_fpsr(s); /* who looks at the registers now sees all of them */
	return why;
}

/* Code that is running stays right for its thread: it has the usual FPCR, and finds no more links. */
void
dbt_exact_fp(void)
{
	dbt_hold();
	pthread_mutex_lock(&cache.lock);
	if (!dbt.lo.fp_called) {
		dbt.lo.fp_called = true;
		cache_invalidate(0, 1ull << 56, dbt.env.lookup_stub);
	}
	pthread_mutex_unlock(&cache.lock);
	dbt_release();
}

/* ---- threads ---- */

static int
make_stack(struct dbt_state *s)
{
	uint8_t *p = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return -ENOMEM;
	mprotect(p, STACK_GUARD, PROT_NONE);
	mprotect(p + STACK_BYTES - STACK_GUARD, STACK_GUARD, PROT_NONE);
	s->stack_low = (uint64_t)(uintptr_t)p;
	s->stack_high = s->stack_low + STACK_BYTES;
	dbt_reset_stack(s);
	return 0;
}

/* Above the top lie zeros, which no return address equals. */
void
dbt_reset_stack(struct dbt_state *s)
{
	s->guest_rsp = s->stack_high - STACK_GUARD - STACK_TOP_ROOM;
}

struct dbt_state *
dbt_new(const volatile uint32_t *wake)
{
	struct dbt_state *s = mmap(NULL, (sizeof *s + 4095) & ~4095ul, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (s == MAP_FAILED)
		return NULL;
	if (make_stack(s)) {
		munmap(s, sizeof *s);
		return NULL;
	}
	s->wake = wake;
	s->lookup = (uint64_t)(uintptr_t)cache.slot;
	s->lookup_mask = (CACHE_SLOTS - 1) * sizeof(struct dbt_slot *);
	s->fcmp_nzcv[0] = A64_FLAG_C;
	s->fcmp_nzcv[1] = A64_FLAG_N;
	s->fcmp_nzcv[2] = A64_FLAG_Z | A64_FLAG_C;
	s->fcmp_nzcv[3] = A64_FLAG_C | A64_FLAG_V;
	return s;
}

void
dbt_free(struct dbt_state *s)
{
	munmap((void *)(uintptr_t)s->stack_low, STACK_BYTES);
	munmap(s, (sizeof *s + 4095) & ~4095ul);
}

/* ---- the process ---- */

void
dbt_invalidate(uint64_t addr, uint64_t len)
{
	pthread_mutex_lock(&cache.lock);
	if (cache.blocks > 0)
		dbt.stats.flushes += cache_invalidate(addr, len, dbt.env.lookup_stub);
	pthread_mutex_unlock(&cache.lock);
}

void
dbt_before_fork(void)
{
	pthread_mutex_lock(&cache.lock);
}

void
dbt_after_fork_parent(void)
{
	pthread_mutex_unlock(&cache.lock);
}

void
dbt_after_fork_child(struct dbt_state *s)
{
	pthread_mutex_init(&cache.lock, NULL);
	if (cache_unshare())
		bug("no memory for the code cache of a forked child");
	(void)s;
}

void
dbt_get_stats(struct dbt_stats *ret)
{
	pthread_mutex_lock(&cache.lock);
	*ret = dbt.stats;
	pthread_mutex_unlock(&cache.lock);
}

const char *
dbt_level_name(void)
{
	return dbt.lo.v4 ? "x86-64-v4" : "x86-64-v3";
}

/* What compilers' own tests do not all know. */
static bool
has_f16c_movbe_lzcnt(void)
{
	unsigned a, b, c = 0, d, extended = 0;

	return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C) && (c & bit_MOVBE) &&
	       __get_cpuid(0x80000001, &a, &b, &extended, &d) && (extended & bit_LZCNT);
}

static bool
has_v3(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
	       __builtin_cpu_supports("fma") && has_f16c_movbe_lzcnt();
}

static bool
has_v4(void)
{
	return has_v3() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
	       __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

int
dbt_setup(const struct dbt_config *c, struct diag *d)
{
	bool v4 = c->level == DBT_LEVEL_V4 || (c->level == DBT_LEVEL_AUTO && has_v4());
	int r;

	if (!has_v3())
		return diag_fail(d, -ENOSYS, "this CPU is older than x86-64-v3 (AVX2, BMI2, FMA, F16C, LZCNT, MOVBE): ARM programs need that");
	if (v4 && !has_v4())
		return diag_fail(d, -ENOSYS, "this CPU does not have x86-64-v4 (AVX-512 F BW CD DQ VL)");
	dbt.config = *c;
	dbt.max_guest = IR_MAX_GUEST;
	r = cache_setup();
	if (r)
		return diag_fail(d, r, "no memory for the code cache of %d MiB: %s", CACHE_BYTES >> 20, strerror(-r));
	dbt.enter = v4 ? dbt_enter_v4 : dbt_enter_v3;
	dbt.env = (struct lo_env){
		.exit_stub = cache_trampoline(0, v4 ? dbt_exit_stub_v4 : dbt_exit_stub_v3),
		.link_stub = cache_trampoline(1, v4 ? dbt_link_stub_v4 : dbt_link_stub_v3),
		.call_stub = cache_trampoline(2, v4 ? dbt_call_stub_v4 : dbt_call_stub_v3),
		.lookup_stub = cache_trampoline(3, v4 ? dbt_lookup_stub_v4 : dbt_lookup_stub_v3),
		.keep_op = keep_op, .flags_dead_at = flags_dead_at, .within = within, .constant = cache_constant,
	};
	lo_init(&dbt.lo, v4, &dbt.env);
	dbt.lo.aes = __builtin_cpu_supports("aes");
	dbt.lo.clmul = __builtin_cpu_supports("pclmul");
	return 0;
}
