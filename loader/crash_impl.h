/*
 * Shared by the crash*.c files only.
 */
#pragma once

#include "abi/abi.h"
#include "abi/core/cpu_x64.h"
#include "abi/core/gm.h"

#define CRASH_FRAMES 64
#define CRASH_TEXT   16384

/** The whole report is one write. */
struct crash_text {
	char buf[CRASH_TEXT];
	unsigned pos;
};
#define crash_add(o, ...) str_addf((o)->buf, CRASH_TEXT, &(o)->pos, __VA_ARGS__)

/** The program, where it is mapped. */
struct crash_program {
	char path[512];
	uint64_t bias, low, high, phdr, phnum;
};
extern struct crash_program crash_program;

/** Return addresses of the guest's callers, innermost first; ip[0] is where it stopped.  How many. */
unsigned crash_unwind(struct gm *gm, const struct cpu_x64 *cpu, uint64_t ip[CRASH_FRAMES]);
/** crash_a64.c: the same for AArch64; ip[1] is the link register, which may be an older call's. */
struct cpu_a64;
unsigned crash_a64_unwind(const struct cpu_a64 *c, uint64_t ip[CRASH_FRAMES]);
void crash_a64_registers(const struct cpu_a64 *c, struct crash_text *o);
void crash_a64_code(uint64_t pc, struct crash_text *o);
/** Registers and call chain of a guest thread. */
void crash_guest_state(struct thread *t, struct crash_text *o);
/** Our own call chain; @context as a signal handler got it, or NULL: from here. */
void crash_host_state(void *context, struct crash_text *o);
