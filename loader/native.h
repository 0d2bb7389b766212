/*
 * Inside the native engine: the per-thread block that GS points to while a guest runs, and the labels of native_entry.S.
 * Offsets are used by assembly and checked below.
 */
#pragma once

#define NT_CPU_RAX    0
#define NT_CPU_RDI    8
#define NT_CPU_RSI    16
#define NT_CPU_RDX    24
#define NT_CPU_R10    32
#define NT_CPU_R8     40
#define NT_CPU_R9     48
#define NT_CPU_RCX    56
#define NT_CPU_R11    64
#define NT_CPU_RBX    72
#define NT_CPU_RBP    80
#define NT_CPU_RSP    88
#define NT_CPU_R12    96
#define NT_CPU_R13    104
#define NT_CPU_R14    112
#define NT_CPU_R15    120
#define NT_CPU_RIP    128
#define NT_CPU_RFLAGS 136
#define NT_CPU_FSBASE 144
#define NT_CPU_GSBASE 152
#define NT_CPU_EXACT  160
#define NT_CPU_OWNSGS 164
#define NT_SELF       176
#define NT_THREAD     184
#define NT_HOST_RSP   192
#define NT_HOST_FS    200
#define NT_FAST       208
#define NT_WHY        216
#define NT_NFAST      224
#define NT_FASTTAB    232
#define NT_FASTN      240
#define NT_FULL       248
#define NT_VEC        256

#define THREAD_HAS_RET2 8   /* in struct thread, whose wake is at 0 */

#define WHY_SYSCALL   0
#define WHY_FAULT     1
#define WHY_INTERRUPT 2
#define WHY_SERVED    3

#define ALT_SIZE      65536

#ifndef __ASSEMBLER__
#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/abi.h"
#include "abi/core/cpu_x64.h"

struct nthread {
	struct cpu_x64 cpu;
	struct nthread *self;
	struct thread *t;
	uint64_t host_rsp;      /* the run loop's stack while the guest runs */
	uint64_t host_fs;       /* our own FS base */
	bool (*fast)(struct thread *t, long r); /* the personality's fast_result */
	uint32_t why;
	uint32_t pad;
	uint64_t nfast;         /* calls that the fast lane served */
	sys_serve_fn *const *fast_tab; /* by call number, NULL where the full lane must serve */
	uint64_t fast_n;        /* entries; 0: full lane for all */
	bool (*full)(struct thread *t); /* engine_config.serve */
	struct x64_vec vec;     /* at NT_VEC */
	struct guest_fault fault;
	uint64_t trap_site;     /* guest address of the syscall instruction that trapped, 0 otherwise */
	uint64_t ntraps, ninterrupts;
	struct dbt_state *dbt;  /* the translator's, of a translated guest; NULL of a native one */
	/** A translated guest: a signal hit it.  @sync: an instruction raised it; then false when it was not the guest's. */
	bool (*translated)(struct nthread *nt, int signo, siginfo_t *si, void *uc, bool sync);
	void *alt;              /* alternate stack, ALT_SIZE bytes, aligned to its size */
};

/* Bottom of each alternate stack: how a handler finds its thread whatever the guest did to GS. */
struct alt_head {
	struct nthread *nt;
};

#define NT_CHECK(field, off) _Static_assert(offsetof(struct nthread, field) == (off), #field)
NT_CHECK(cpu.rdi, NT_CPU_RDI);
NT_CHECK(cpu.r9, NT_CPU_R9);
NT_CHECK(cpu.rcx, NT_CPU_RCX);
NT_CHECK(cpu.rsp, NT_CPU_RSP);
NT_CHECK(cpu.r15, NT_CPU_R15);
NT_CHECK(cpu.rip, NT_CPU_RIP);
NT_CHECK(cpu.rflags, NT_CPU_RFLAGS);
NT_CHECK(cpu.fsbase, NT_CPU_FSBASE);
NT_CHECK(cpu.gsbase, NT_CPU_GSBASE);
NT_CHECK(cpu.exact, NT_CPU_EXACT);
NT_CHECK(cpu.owns_gs, NT_CPU_OWNSGS);
NT_CHECK(self, NT_SELF);
NT_CHECK(t, NT_THREAD);
NT_CHECK(host_rsp, NT_HOST_RSP);
NT_CHECK(host_fs, NT_HOST_FS);
NT_CHECK(fast, NT_FAST);
NT_CHECK(why, NT_WHY);
NT_CHECK(nfast, NT_NFAST);
NT_CHECK(fast_tab, NT_FASTTAB);
NT_CHECK(fast_n, NT_FASTN);
NT_CHECK(full, NT_FULL);
NT_CHECK(vec, NT_VEC);
_Static_assert(offsetof(struct thread, wake) == 0, "assembly reads t->wake at 0");
_Static_assert(offsetof(struct thread, has_ret2) == THREAD_HAS_RET2, "assembly reads it");

/* engine_native.c: what both engines need of a host thread - its block, found by GS, and its signal stack. */
int native_block_new(struct thread *t);
int native_block_attach(struct thread *t);
void native_block_drop(struct thread *t);
/** Handlers for what instructions raise and for kicks.  0, or a message. */
int native_catch_always(struct diag *d);

/* native_entry.S.  Windows: a signal inside one makes the exit start over, so that no wake-up is missed. */
void native_enter(struct nthread *nt);
extern const char native_entry[], native_redirected[], native_restorer[];
extern const char native_full_exit_begin[], native_full_exit_end[];
extern const char native_fast_exit_begin[], native_fast_exit_end[];

/* sigentry.c */
void native_signal(int signo, void *info, void *uc);
/* Code slabs in the guest's half (stubs): a signal there waits for the next boundary. */
#define NATIVE_SLABS 256
struct native_slab {
	uint64_t lo, hi;
};
extern struct native_slab native_slabs[NATIVE_SLABS];
extern uint32_t native_nslabs;
/* A stub is aligned to its size; a fault in it happened, for the guest, at the address that stands at its end. */
#define NATIVE_STUB     64u
#define NATIVE_STUB_OWN 56u
/* Padding that a short jump in a call site's place leads to: for the guest, who is there is at the site. */
#define NATIVE_PADS 256
struct native_pad {
	uint64_t pad, site;
};
extern struct native_pad native_pads[NATIVE_PADS];
extern uint32_t native_npads;
/* Our own C code faulted.  The context stays in native_bug_context for the report. */
extern void *native_bug_context;
_Noreturn void native_bug(int signo, void *info, void *uc);
#endif
