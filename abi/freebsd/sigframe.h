/* Signal frames and machine contexts of FreeBSD/amd64.  Offsets: design abi.md 2.4, checked below. */
#pragma once

#include <stddef.h>

#include "abi/freebsd/signal.h"

#define FBSD_MC_HASSEGS     1u
#define FBSD_MC_HASBASES    2u
#define FBSD_MC_HASFPXSTATE 4u
#define FBSD_MC_KNOWN       15u /* and HASTLSBASE */
#define FBSD_FPFMT_NODEV    0x10000
#define FBSD_FPFMT_XMM      0x10002
#define FBSD_FPOWNED_NONE   0x20000
#define FBSD_FPOWNED_FPU    0x20001
#define FBSD_FPOWNED_PCB    0x20002
#define FBSD_MC_LEN         800

struct fbsd_mcontext {
	uint64_t onstack;
	uint64_t rdi, rsi, rdx, rcx, r8, r9, rax, rbx, rbp, r10, r11, r12, r13, r14, r15;
	uint32_t trapno;
	uint16_t fs, gs;
	uint64_t addr;
	uint32_t flags;
	uint16_t es, ds;
	uint64_t err, rip, cs, rflags, rsp, ss;
	uint64_t len, fpformat, ownedfp;
	uint8_t fpstate[512];
	uint64_t fsbase, gsbase, xfpustate, xfpustate_len, tlsbase, spare[3];
};

struct fbsd_ucontext {
	struct fbsd_sigset sigmask;
	struct fbsd_mcontext mc;
	uint64_t link;
	struct fbsd_stack stack;
	int32_t flags, spare[4];
	int32_t pad[3];
};

struct fbsd_sigframe {
	uint64_t handler, pad;
	struct fbsd_ucontext uc;
	struct fbsd_siginfo si;
};

#define FBSD_AT(type, field, off) _Static_assert(offsetof(struct type, field) == (off), #type "." #field)
FBSD_AT(fbsd_mcontext, r15, 120);
FBSD_AT(fbsd_mcontext, trapno, 128);
FBSD_AT(fbsd_mcontext, addr, 136);
FBSD_AT(fbsd_mcontext, flags, 144);
FBSD_AT(fbsd_mcontext, err, 152);
FBSD_AT(fbsd_mcontext, rip, 160);
FBSD_AT(fbsd_mcontext, ss, 192);
FBSD_AT(fbsd_mcontext, len, 200);
FBSD_AT(fbsd_mcontext, fpstate, 224);
FBSD_AT(fbsd_mcontext, fsbase, 736);
FBSD_AT(fbsd_mcontext, xfpustate, 752);
FBSD_AT(fbsd_mcontext, tlsbase, 768);
_Static_assert(sizeof(struct fbsd_mcontext) == 800, "mcontext_t");
FBSD_AT(fbsd_ucontext, mc, 16);
FBSD_AT(fbsd_ucontext, link, 816);
FBSD_AT(fbsd_ucontext, stack, 824);
FBSD_AT(fbsd_ucontext, flags, 848);
_Static_assert(sizeof(struct fbsd_ucontext) == 880, "ucontext_t");
FBSD_AT(fbsd_sigframe, uc, 16);
FBSD_AT(fbsd_sigframe, si, 896);
_Static_assert(sizeof(struct fbsd_sigframe) == 976, "sigframe");

/** Registers of the calling thread, x87 and vectors included; @xarea receives what follows the legacy 512 bytes. */
void fbsd_context_get(struct thread *t, struct fbsd_mcontext *ret, void *xarea, uint32_t *ret_xlen);
/**
 * Make a context the thread's registers, as setcontext does: flags that are not a user's are left out, segment bases only
 * with FBSD_MC_HASBASES.  0, -EINVAL or -EFAULT.
 */
int fbsd_context_set(struct thread *t, const struct fbsd_mcontext *mc);
