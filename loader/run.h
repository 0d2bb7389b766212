/*
 * The loop: run, serve, again.
 */
#pragma once

#include "abi/abi.h"
#include "loader/engine.h"

/** Everything the loader does for personalities. */
extern const struct task_hooks run_hooks;

/** Serve the call in @t->cpu; false when the thread ends.  For the engine: engine_config.serve. */
bool run_serve(struct thread *t);
/** Run the calling host thread's guest thread until it ends. */
void run_thread(struct thread *t);
