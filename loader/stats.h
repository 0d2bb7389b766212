/*
 * --stats: what a process cost, printed at its end.
 */
#pragma once

#include "loader/engine.h"

/** Counts of earlier images of this process are in @before; print at the end from now on. */
void stats_start(const struct native_stats *before);
/** Counts so far, for the next image. */
void stats_get(struct task *task, struct native_stats *ret);
/** In a forked child: counts begin at 0. */
void stats_after_fork(struct task *task);
/** One line on stderr or the -D file. */
void stats_print(struct task *task);
