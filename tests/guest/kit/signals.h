/*
 * Signals for guest tests: layouts of sys/signal.h, machine/ucontext.h, sys/_ucontext.h, and small helpers.
 */
#pragma once

#include "threads.h"

enum { NR_sigwaitinfo = 346, NR_thr_kill2 = 481, NR_setitimer = 83, NR_getitimer = 86, NR_ktimer_create = 235, NR_ktimer_delete,
       NR_ktimer_settime, NR_ktimer_gettime, NR_ktimer_getoverrun, NR_nanosleep = 240, NR_abort2 = 463, NR_sigfastblock = 573,
       NR_getpgrp = 81, NR_setpgid = 82, NR_setsid = 147, NR_poll = 209, NR_ppoll = 545 };
enum { SIGTTIN = 21, SIGTTOU, SIGIO, SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF, SIGWINCH, SIGTHR = 32, SIGLIBRT, SIGRTMAX = 126 };
enum { SA_NOCLDSTOP = 8, SA_NOCLDWAIT = 0x20 };
enum { EPIPE = 32 };
#define SI_TIMER  0x10003
#define SI_KERNEL 0x10006
#define SI_LWP    0x10007
enum { SS_ONSTACK = 1, SS_DISABLE = 4 };
enum { CLD_EXITED = 1, CLD_KILLED, CLD_DUMPED, CLD_TRAPPED, CLD_STOPPED, CLD_CONTINUED };
enum { WNOHANG = 1, WUNTRACED = 2, WCONTINUED = 4 };

struct mcontext {
	uint64_t onstack, rdi, rsi, rdx, rcx, r8, r9, rax, rbx, rbp, r10, r11, r12, r13, r14, r15;
	uint32_t trapno;
	uint16_t fs, gs;
	uint64_t addr;
	uint32_t flags;
	uint16_t es, ds;
	uint64_t err, rip, cs, rflags, rsp, ss, len, fpformat, ownedfp;
	uint8_t fpstate[512];
	uint64_t fsbase, gsbase;
	uint8_t *xfpustate;
	uint64_t xfpustate_len, tlsbase, spare[3];
};
struct stack {
	void *sp;
	uint64_t size;
	int flags;
};
struct ucontext {
	struct sigset mask;
	struct mcontext mc;
	struct ucontext *link;
	struct stack stack;
	int flags, spare[4];
} __attribute__((aligned(16)));
_Static_assert(sizeof(struct mcontext) == 800 && sizeof(struct ucontext) == 880, "design abi.md 2.4");

static inline int64_t
handle(int signo, void *handler, int flags)
{
	struct sigaction sa = {.handler = handler, .flags = flags};

	return sys(SYS_sigaction, signo, &sa, 0);
}

static inline int64_t
mask_one(int how, int signo)
{
	struct sigset s = SIGSET(signo);

	return sys(SYS_sigprocmask, how, &s, 0);
}

static inline int64_t
kill_self(int signo)
{
	return sys(SYS_kill, sys(SYS_getpid), signo);
}

static inline bool
in_set(const struct sigset *s, int signo)
{
	return s->bits[(signo - 1) / 32] >> ((signo - 1) % 32) & 1;
}

/** Wait until the child ends or stops; its status word. */
static inline int
status_of(int64_t pid, int options)
{
	int status = -1;

	while (sys(SYS_wait4, pid, &status, options, 0) == -EINTR)
		;
	return status;
}

static inline uint64_t
random_next(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}
