/*
 * Lazy patching of call sites in guest code: after the second trap a site's `syscall` is replaced by a jump to a stub
 * that enters the monitor without a signal.
 */
#pragma once

#include <stdint.h>

struct thread;

/** A site (address of the two syscall bytes) trapped; counts it and perhaps patches it.  Full lane. */
void patch_hit(struct thread *t, uint64_t site);
/** Guest code in the range changed, moved or vanished. */
void patch_forget(uint64_t start, uint64_t end);
/** The registers of @t stand after a call: point them at the call instruction again, so that it is made once more. */
void patch_rewind(struct thread *t);
/** Undo every patch and never patch again (the guest took GS). */
void patch_stop(void);
void patch_get_stats(uint64_t *ret_patched, uint64_t *ret_refused);
