/* Inside the driver. */
#pragma once

#include "dbt/cache.h"
#include "dbt/dbt.h"
#include "dbt/x64/lower.h"

struct dbt {
	struct dbt_config config;
	struct dbt_stats stats;
	void (*enter)(struct dbt_state *s, uint64_t host);
	uint32_t max_guest;
	struct lo_env env;
	struct lo lo;       /* under cache.lock */
	struct ir_block ir; /* the same */
};
extern struct dbt dbt;

/** Translate at @pc, under the lock; NULL when nothing can be read there. */
struct cache_block *dbt_translate(uint64_t pc);
/** Interpret the instruction at cpu.pc: LOOKUP, or why to stop. */
enum dbt_exit dbt_step(struct dbt_state *s);
void dbt_call(struct dbt_state *s, const struct dbt_call *c);
/** Where the signal handler sends a thread whose interpreted instruction faulted. */
void dbt_step_abort(struct dbt_state *s);
/** From now on translated code calls the interpreter for floating point. */
void dbt_exact_fp(void);
enum { DBT_GUARD = 4096 }; /* at each end of a prediction stack */
/** An empty prediction stack. */
void dbt_reset_stack(struct dbt_state *s);

/* enter.S */
void dbt_enter_v3(struct dbt_state *s, uint64_t host);
void dbt_enter_v4(struct dbt_state *s, uint64_t host);
extern const char dbt_enter_window_v3[], dbt_enter_window_v4[], dbt_enter_window_end_v3[], dbt_enter_window_end_v4[];
extern const char dbt_not_entered_v3[], dbt_not_entered_v4[], dbt_exit_stub_v3[], dbt_exit_stub_v4[];
extern const char dbt_link_stub_v3[], dbt_link_stub_v4[], dbt_lookup_stub_v3[], dbt_lookup_stub_v4[];
extern const char dbt_call_stub_v3[], dbt_call_stub_v4[], dbt_call_wake_v3[], dbt_call_wake_v4[];
extern const char dbt_exit_call_v3[], dbt_exit_call_v4[];
