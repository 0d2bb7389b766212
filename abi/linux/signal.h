/*
 * Signals of a Linux guest: what abi/core/sig.h leaves to the OS.  signal.c: state and arrival; sigaction.c, sigsend.c,
 * sigwait.c: calls; sigframe.c: frames; sigdeliver.c: handlers, default actions, faults.
 * Numbers 32, 33 and 64 are our C library's and ours on the host: within the process they work, to others they cannot be sent.
 * Source: Linux manual signal(7), sigaction(2), sigaltstack(2); arch/arm64/include/uapi/asm/signal.h, sigcontext.h.
 */
#pragma once

#include "abi/core/sig.h"
#include "abi/linux/thread.h"

#define LINUX_NSIG     64
#define LINUX_SET_SIZE 8

#define LINUX_SIG_DFL 0
#define LINUX_SIG_IGN 1

#define LINUX_SA_NOCLDSTOP 0x1ull
#define LINUX_SA_NOCLDWAIT 0x2ull
#define LINUX_SA_SIGINFO   0x4ull
#define LINUX_SA_TAGBITS   0x800ull
#define LINUX_SA_RESTORER  0x04000000ull
#define LINUX_SA_ONSTACK   0x08000000ull
#define LINUX_SA_RESTART   0x10000000ull
#define LINUX_SA_NODEFER   0x40000000ull
#define LINUX_SA_RESETHAND 0x80000000ull

/** struct sigaction, the kernel's */
struct linux_sigaction {
	uint64_t handler, flags, restorer, mask;
};
_Static_assert(sizeof(struct linux_sigaction) == 32, "sigaction");

/** stack_t */
struct linux_stack {
	uint64_t sp;
	int32_t flags, pad;
	uint64_t size;
};
_Static_assert(sizeof(struct linux_stack) == 24, "stack_t");
#define LINUX_SS_ONSTACK    1u
#define LINUX_SS_DISABLE    2u
#define LINUX_SS_AUTODISARM 0x80000000u
#define LINUX_MINSIGSTKSZ   5120u

/** siginfo_t */
struct linux_siginfo {
	int32_t signo, error, code, pad;
	union {
		struct {
			int32_t pid;
			uint32_t uid;
			union {
				uint64_t value;
				int32_t status;
			};
		} sent;
		struct {
			int32_t id, overrun;
			uint64_t value;
		} timer;
		uint64_t addr;
		int64_t band;
		uint8_t space[112];
	};
};
_Static_assert(sizeof(struct linux_siginfo) == 128, "siginfo_t");

/** Of a process. */
struct linux_sigtask {
	struct sig_task core;
	struct linux_sigaction act[LINUX_NSIG + 1];
};

/** Of a thread. */
struct linux_sigthread {
	struct sig_thread core;
	struct linux_stack alt;
};

static inline struct linux_sigtask *
linux_sigtask(const struct thread *t)
{
	return (struct linux_sigtask *)t->task->sig;
}

static inline struct linux_sigthread *
linux_sigthread(const struct thread *t)
{
	return (struct linux_sigthread *)t->sig;
}

static inline struct gsigset
linux_set(uint64_t bits)
{
	struct gsigset s = { { bits, 0 } };

	gsig_del(&s, 9);
	gsig_del(&s, 19);
	return s;
}

/** Where the process begins, and threads come and go. */
int linux_signal_task_init(struct task *task);
int linux_signal_thread_init(struct thread *t, const struct thread *parent);
void linux_signal_thread_free(struct thread *t);
void linux_signal_after_fork(struct thread *t);
/** Copies for a vfork child, within its task->vfork_room. */
void linux_signal_vfork_child(struct thread *child, struct linux_sigtask *sig, struct linux_sigthread *thread);
/** A page with the code that handlers return to; task->sigcode. */
int linux_map_sigcode(struct task *task, struct diag *d);

void linux_siginfo_out(const struct gsiginfo *si, struct linux_siginfo *ret);
struct gsiginfo linux_siginfo_from(const struct thread *t, int signo, int code);
/** Back to the default; task->lock held. */
void linux_action_reset(struct task *task, int signo);

/** The host's mask for a call that waits with one of its own. */
void linux_mask_begin(struct thread *t, uint64_t mask);

/** Build a frame on the thread's stack and aim it at the handler; false when there is no room. */
bool linux_frame_push(struct thread *t, const struct gsiginfo *si, const struct linux_sigaction *act, const struct gsigset *mask);
/** As sigaltstack tells it for stack pointer @sp. */
uint32_t linux_on_stack(const struct linux_sigthread *st, uint64_t sp);

void linux_deliver(struct thread *t, long r);
void linux_fault(struct thread *t, const struct guest_fault *f);
