/*
 * Lazy patching of call sites in guest code: after the second trap a site is given a jump to a stub that enters the
 * monitor without a signal.  Every shape leaves the two `syscall` bytes, or a jump in their place, so that a thread
 * that stands at any instruction boundary of the site, or jumps to one, still makes its call.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct gm;
struct thread;

/** Once: which guest memory to patch, and where stubs jump to. */
void patch_setup(struct gm *m, const void *entry);
/** A site (address of the two syscall bytes) trapped; counts it and perhaps patches it.  Full lane. */
void patch_hit(struct thread *t, uint64_t site);
/** The registers of @t stand after a call: point them at the call instruction again, so that it is made once more. */
void patch_rewind(struct thread *t);
/** Undo every patch and never patch again (the guest took GS). */
void patch_stop(void);
void patch_get_stats(uint64_t *ret_patched, uint64_t *ret_refused);
