/* Between the files of the patcher. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct gm;

#define PATCH_MAX_INSN 15

enum patch_shape {
	SHAPE_NONE,
	SHAPE_P1,   /* an instruction of 5 bytes or more ends at the site: its place takes the jump */
	SHAPE_P2,   /* 3 bytes and the syscall: e9 xx xx 0f 05, the distance contains the syscall */
	SHAPE_P2_4, /* 4 bytes and the syscall: e9 xx xx xx 0f 05 */
	SHAPE_P3,   /* a short jump over the syscall to padding, which takes the jump */
};

/** How a site can be patched. */
struct patch_plan {
	enum patch_shape shape;
	uint64_t at;              /* where the jump goes: P1, P2; P3: the padding */
	uint8_t insn[PATCH_MAX_INSN]; /* the displaced instruction, P1 and P2 */
	uint8_t insn_len;
	int8_t disp_at;           /* offset of a RIP-relative displacement in it, or -1 */
	uint8_t at_len;           /* bytes that change at `at` */
};

/**
 * Read the code around a site and choose.  @lo, @hi: bounds of the readable mapping.
 * False, with why in *ret_why, when nothing is safe.
 */
bool patch_plan(uint64_t site, uint64_t lo, uint64_t hi, uint32_t nr, struct patch_plan *ret, const char **ret_why);

/**
 * Room for a stub (NATIVE_STUB bytes, aligned to them) whose start lies in [lo, hi]; its address, or 0.  The memory is a
 * reservation of ours in the guest's half, readable and executable.  With the map's lock held.
 */
uint64_t slab_take(struct gm *m, uint64_t lo, uint64_t hi);
/** The guest has mapped something over [start, end), or unmapped it: true when stubs were there. */
bool slab_lost(uint64_t start, uint64_t end);
/** Replace bytes of code at @at, whole pages at a time: other threads see the old or the new, never a mixture. */
int code_write(uint64_t at, const void *bytes, uint32_t n);
/** Address of the word that holds the entry's address, in the slab of stub @at. */
uint64_t slab_slot(uint64_t at);
void slab_setup(const void *entry);
