/*
 * Signals of a FreeBSD guest.  signal.c: state, arrival, choice of thread; sigdeliver.c: default actions and handlers;
 * sigframe.c: frames; sigaction.c, sigsend.c, sigwait.c: calls.
 * Source: FreeBSD manual sigaction(2) and kin, by observable behaviour.
 */
#pragma once

#include "abi/core/sigq.h"
#include "abi/freebsd/fbsd.h"

#define FBSD_NSIG 128

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

/** Process-wide; one lock for it and for all threads' queues. */
struct fbsd_sigacts {
	pthread_mutex_t lock;
	struct fbsd_sigaction act[FBSD_NSIG + 1];
	struct sigq process;
	/* kqueue's EVFILT_SIGNAL: told of every attempt, also of ignored ones; lock held. */
	void (*observer)(struct task *task, int signo);
};

/** Per thread.  `mask` is written by its own thread only. */
struct fbsd_sigthread {
	struct gsigset mask, saved;   /* saved: to be back after sigsuspend and kin */
	bool has_saved;
	struct gsigset waiting;       /* sigwait set: taken although blocked */
	struct fbsd_stack alt;
	struct sigq own;
	uint64_t fast_block;          /* sigfastblock word, 0 none */
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

struct gsigset fbsd_sigset_in(const struct fbsd_sigset *s);
struct fbsd_sigset fbsd_sigset_out(const struct gsigset *s);
/** The mask without what cannot be blocked. */
struct gsigset fbsd_maskable(struct gsigset s);
void fbsd_siginfo_out(const struct gsiginfo *si, struct fbsd_siginfo *ret);

/** Does the signal go nowhere now: ignored, or ignored by default? */
bool fbsd_signal_ignored(const struct fbsd_sigacts *sa, int signo);
bool fbsd_default_ignores(int signo);
bool fbsd_default_stops(int signo);
/** What a guest's wait status says of death by it: a core? */
bool fbsd_default_cores(int signo);

/** A signal for a thread, or (to == NULL) for the process.  False when a queue is full (EAGAIN for sigqueue). */
bool fbsd_signal_post(struct task *task, struct thread *to, const struct gsiginfo *si);
/** A fault: at once, whatever is blocked. */
void fbsd_signal_force(struct thread *t, const struct gsiginfo *si);
/** Inbox to queues. */
void fbsd_signal_drain(struct thread *t);
/** Next signal for this thread's handler or default action; lock not held. */
bool fbsd_signal_next(struct thread *t, struct gsiginfo *ret);

/**
 * Wait calls with a mask of their own (sigsuspend, pselect, ppoll): the mask is swapped before the wait, and
 * fbsd_mask_end puts it back, or leaves that to the delivery when a signal ended the wait (@r is -EINTR or
 * -HOST_ERESTART), so that the handler's frame holds the old mask.
 */
void fbsd_mask_begin(struct thread *t, struct gsigset mask);
void fbsd_mask_end(struct thread *t, long r);

/** Mirror one disposition to the host. */
void fbsd_signal_mirror(struct task *task, int signo);
/** Push a handler's frame and point the registers at it; false when the stack cannot take it. */
bool fbsd_frame_push(struct thread *t, const struct gsiginfo *si, const struct fbsd_sigaction *act,
                     const struct gsigset *ret_mask);
