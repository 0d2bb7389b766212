/*
 * Reports on stderr: a guest that dies of a fault, and bugs of our own.
 */
#pragma once

#include "abi/abi.h"

struct mapped;

/** Learn where the program is (@path is copied), and report our bugs with the state of guest and host. */
void crash_setup(const char *path, const struct mapped *m, uint64_t phnum);
/** struct task_hooks' crashed. */
void crash_report(struct thread *t, int guest_signo, uint64_t addr, const char *why);
