/*
 * The code cache: memory for host code, blocks and what is known of each, the table of translated addresses.
 * Code is written through one mapping and runs from another (W^X).  All of it under one lock but what a signal handler and
 * translated code read: blocks are in the order of their code and only ever added; a table slot is one pointer, to an entry that never changes
 * but for being forgotten, so that who reads both parts of it reads one block's.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "abi/core/diag.h"
#include "dbt/ir.h"
#include "dbt/state.h"
#include "dbt/x64/lower.h"

enum {
	CACHE_BYTES = 512 << 20,
	CACHE_TRAMPOLINES = 256,    /* at its beginning; then code upwards, and constants of 16 bytes from its end downwards */
	CACHE_GUARD = 64 << 10,     /* between them: more than the constants of one block */
	CACHE_KNOWN = 1 << 15,      /* constants that are found again */
	CACHE_BLOCKS = 2 << 20,
	CACHE_MARKS = 24 << 20,
	CACHE_FIXES = 4 << 20,
	CACHE_EXITS = 8 << 20,
	CACHE_OPS = 1 << 20,
	CACHE_SLOTS = 1 << 16,
	CACHE_PAGES = 1 << 14, /* buckets of the index by guest page */
};

/** An operation that translated code calls the interpreter for. */
struct dbt_call {
	struct ir_op op;
	uint64_t pc; /* of its guest instruction */
};

struct cache_block {
	uint64_t pc;
	uint32_t code, code_len;   /* offsets in the cache */
	uint32_t mark, marks;      /* in cache.mark */
	uint32_t fix, fixes;
	uint32_t exit, exits;
	uint32_t guest_len;        /* bytes */
	uint32_t next_page[2];     /* of blocks on the same guest page, for its first and last page: (number + 1) << 1 | which */
	uint32_t incoming;         /* linked exits that lead here; number + 1 */
	bool dead;
};

struct cache_exit {
	uint64_t target;
	uint32_t disp;             /* offset of its displacement */
	uint32_t cold;             /* offset of what it leads to unlinked */
	uint32_t next;             /* of those linked to the same block; number + 1 */
	uint32_t block;            /* linked to; number + 1 */
};

struct cache {
	pthread_mutex_t lock;
	uint8_t *rw, *rx;
	uint32_t used, constants; /* offsets: the end of code, the beginning of constants */
	uint32_t *known;          /* offsets of constants, by hash; 0: none */
	struct cache_block *block;
	struct lo_mark *mark;
	struct lo_fix *fix;
	struct cache_exit *exit;
	struct dbt_call *op;
	struct dbt_slot *entry;   /* by number of block + 1; entry[0] is nobody's */
	struct dbt_slot **slot;
	uint32_t *page;
	uint32_t blocks, marks, fixes, exits, ops;
};
extern struct cache cache;

/** Map everything.  0 or -errno. */
int cache_setup(void);
/** Forget all code; every other thread is outside. */
void cache_flush(void);
/** Replace the shared mappings of a forked child by its own copy. */
int cache_unshare(void);

static inline int64_t
cache_bias(void)
{
	return cache.rx - cache.rw;
}

/** Bytes that code may still take. */
static inline uint64_t
cache_room(void)
{
	return cache.constants < cache.used + CACHE_GUARD ? 0 : cache.constants - cache.used - CACHE_GUARD;
}

/** Where a trampoline to a fixed place lies (run address); @which < CACHE_TRAMPOLINES / 16. */
uint64_t cache_trampoline(unsigned which, const void *to);
/** Address (run) of a constant; lo_env.constant. */
uint64_t cache_constant(void *ctx, uint64_t lo, uint64_t hi);
struct ir_op *cache_keep_op(uint64_t pc, const struct ir_op *o);

/** Record a block that was lowered into the cache at its end.  NULL when a table is full. */
struct cache_block *cache_add(const struct ir_block *ir, const struct lo *l);
/** A valid block that begins at @pc, or NULL. */
struct cache_block *cache_find(uint64_t pc);
/** The block whose code has this run address, dead or not; NULL.  No lock needed. */
const struct cache_block *cache_block_at(uint64_t host);

/** Where translated code looks for @pc. */
static inline struct dbt_slot **
cache_slot(uint64_t pc)
{
	return &cache.slot[(pc >> 2) & (CACHE_SLOTS - 1)];
}

/** Aim an exit at a block. */
void cache_link(uint32_t exit, struct cache_block *b);
/** Forget translations of [addr, addr + len).  Returns how many. */
unsigned cache_invalidate(uint64_t addr, uint64_t len, uint64_t lookup_stub);
