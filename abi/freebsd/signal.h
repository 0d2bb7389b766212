/*
 * Signals of a FreeBSD guest: what abi/core/sig.h leaves to the OS.  signal.c: state and arrival; sigdeliver.c: default
 * actions and handlers; sigfault.c: faults; sigframe.c: frames; sigaction.c, sigsend.c, sigwait.c, ktimer.c: calls.
 * A death by SIGEMT, SIGINFO, SIGTHR, SIGLIBRT or a number above 94, which the host cannot express, ends the process
 * with status 128 + number for the host; guests are told by its last word (proctab.h).
 * A call that does not exist is ENOSYS without SIGSYS (kern.signosys=0).
 * Source: FreeBSD manual sigaction(2) and kin, sys/kern/kern_sig.c, by observable behaviour.
 */
#pragma once

#include "abi/core/sig.h"
#include "abi/freebsd/fbsd.h"

#define FBSD_NSIG 128
_Static_assert(FBSD_NSIG == GSIG_MAX, "numbers");

enum { FBSD_SIGHUP = 1, FBSD_SIGINT, FBSD_SIGQUIT, FBSD_SIGILL, FBSD_SIGTRAP, FBSD_SIGABRT, FBSD_SIGEMT, FBSD_SIGFPE,
       FBSD_SIGKILL, FBSD_SIGBUS, FBSD_SIGSEGV, FBSD_SIGSYS, FBSD_SIGPIPE, FBSD_SIGALRM, FBSD_SIGTERM, FBSD_SIGURG,
       FBSD_SIGSTOP, FBSD_SIGTSTP, FBSD_SIGCONT, FBSD_SIGCHLD, FBSD_SIGTTIN, FBSD_SIGTTOU, FBSD_SIGIO, FBSD_SIGXCPU,
       FBSD_SIGXFSZ, FBSD_SIGVTALRM, FBSD_SIGPROF, FBSD_SIGWINCH, FBSD_SIGINFO, FBSD_SIGUSR1, FBSD_SIGUSR2,
       FBSD_SIGTHR, FBSD_SIGLIBRT, FBSD_SIGRTMIN = 65, FBSD_SIGRTMAX = 126 };

#define FBSD_SIG_DFL 0
#define FBSD_SIG_IGN 1

#define FBSD_SA_ONSTACK   0x01u
#define FBSD_SA_RESTART   0x02u
#define FBSD_SA_RESETHAND 0x04u
#define FBSD_SA_NOCLDSTOP 0x08u
#define FBSD_SA_NODEFER   0x10u
#define FBSD_SA_NOCLDWAIT 0x20u
#define FBSD_SA_SIGINFO   0x40u

#define FBSD_SS_ONSTACK 1
#define FBSD_SS_DISABLE 4
#define FBSD_MINSIGSTKSZ 2048

#define FBSD_SI_USER   0x10001
#define FBSD_SI_QUEUE  0x10002
#define FBSD_SI_TIMER  0x10003
#define FBSD_SI_ASYNCIO 0x10004
#define FBSD_SI_MESGQ  0x10005
#define FBSD_SI_KERNEL 0x10006
#define FBSD_SI_LWP    0x10007

/** struct sigaction */
struct fbsd_sigaction {
	uint64_t handler;
	uint32_t flags;
	struct fbsd_sigset mask;
	uint32_t pad;
};
_Static_assert(sizeof(struct fbsd_sigaction) == 32, "sigaction");

/** stack_t */
struct fbsd_stack {
	uint64_t sp, size;
	int32_t flags, pad;
};
_Static_assert(sizeof(struct fbsd_stack) == 24, "stack_t");

/** siginfo_t */
struct fbsd_siginfo {
	int32_t signo, error, code, pid;
	uint32_t uid;
	int32_t status;
	uint64_t addr, value;
	union {
		int32_t trapno;
		struct {
			int32_t id, overrun;
		} timer;
		int64_t band;
		uint8_t spare[40];
	} reason;
};
_Static_assert(sizeof(struct fbsd_siginfo) == 80, "siginfo_t");

/** kern.sigqueue.max_pending_per_proc */
#define FBSD_SIGQUEUE_MAX 128

struct fbsd_ktimers;

/** Process-wide, under task->lock. */
struct fbsd_sigacts {
	struct sig_task core;
	struct fbsd_sigaction act[FBSD_NSIG + 1];
	struct fbsd_ktimers *timers; /* ktimer.c; NULL until there is one */
};

/** Per thread. */
struct fbsd_sigthread {
	struct sig_thread core;
	struct fbsd_stack alt;       /* flags: FBSD_SS_DISABLE or 0 */
	uint64_t fast_block;         /* sigfastblock's word, 0 none */
};

static inline struct fbsd_sigacts *
fbsd_sigacts(const struct thread *t)
{
	return fbsd_task(t)->sig;
}

static inline struct fbsd_sigthread *
fbsd_sigthread(const struct thread *t)
{
	return fbsd_thread(t)->sig;
}

static inline struct gsigset
fbsd_sigset_in(const struct fbsd_sigset *s)
{
	return (struct gsigset){{s->bits[0] | (uint64_t)s->bits[1] << 32, s->bits[2] | (uint64_t)s->bits[3] << 32}};
}

static inline struct fbsd_sigset
fbsd_sigset_out(struct gsigset s)
{
	return (struct fbsd_sigset){
	    {(uint32_t)s.w[0], (uint32_t)(s.w[0] >> 32), (uint32_t)s.w[1], (uint32_t)(s.w[1] >> 32)}};
}

/** The mask without what cannot be blocked. */
static inline struct gsigset
fbsd_maskable(struct gsigset s)
{
	gsig_del(&s, FBSD_SIGKILL);
	gsig_del(&s, FBSD_SIGSTOP);
	return s;
}

extern const struct sig_os fbsd_sig_os;

void fbsd_siginfo_out(const struct gsiginfo *si, struct fbsd_siginfo *ret);
/** What SI_USER and its like say of the sender. */
struct gsiginfo fbsd_siginfo_from(const struct thread *t, int signo, int code);

/**
 * Wait calls with a mask of their own (sigsuspend, pselect, ppoll): the mask is swapped before the wait, and fbsd_mask_end
 * puts it back, or leaves that to the delivery when a signal ended the wait (@r is -EINTR or -HOST_ERESTART), so that the
 * handler's frame holds the old mask.  Both may be called again when the call is served again.
 */
void fbsd_mask_begin(struct thread *t, struct gsigset mask);
void fbsd_mask_end(struct thread *t, long r);

/** The caught signal goes back to its default action, the rest of its settings stay (SA_RESETHAND, exec). Lock held. */
void fbsd_action_reset(struct task *task, int signo);

/** Push a handler's frame and point the registers at it; false when the stack cannot take it. */
bool fbsd_frame_push(struct thread *t, const struct gsiginfo *si, const struct fbsd_sigaction *act,
                     const struct gsigset *ret_mask);
/** Let the handler run (or die of a bad stack): frame, mask, SA_RESETHAND. */
void fbsd_enter_handler(struct thread *t, const struct gsiginfo *si);
/** sigfastblock: is everything put off?  Sets the word's pending bit then. */
bool fbsd_fast_held(struct thread *t);
/** The same without the bit: for faults. */
bool fbsd_fast_blocks(struct thread *t);

/** A host signal from a timer of ktimer_create; false when it is of none. */
bool fbsd_ktimer_arrived(struct thread *t, const struct inbox_item *it, struct gsiginfo *ret, struct thread **ret_to);
/** Its signal is taken: overruns are counted from here.  Lock held. */
void fbsd_ktimer_accepted(struct task *task, struct gsiginfo *si);

/**
 * Numbers that the host lacks travel between guests by KICK_SIGNO, which each of our processes catches: si_errno says
 * what it is.
 */
#define FBSD_CARRIER(signo, code, thread) (0x46420000 | ((code) == FBSD_SI_QUEUE) << 9 | (thread) << 8 | (signo))
#define FBSD_IS_CARRIER(e)                (((e) & 0xffff0000) == 0x46420000)
