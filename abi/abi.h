/*
 * The one door to the personalities.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/core/diag.h"
#include "abi/core/sysent.h"
#include "abi/core/task.h"

struct image;
struct errno_map;
struct signal_map;
struct sys_types;

/** Why the guest stopped other than for a system call. */
struct guest_fault {
	int signo, code;   /* host numbers */
	uint64_t addr;     /* si_addr */
	uint64_t trapno, err; /* as the hardware says */
};

/** What the loader tells a personality about a program it has mapped. */
struct start_info {
	uint64_t entry;          /* where to begin: the program's entry or its interpreter's */
	uint64_t prog_entry, phdr, phent, phnum, base; /* for auxv; base = interpreter's load address, 0 without */
	uint32_t osreldate;      /* from the ABI note, 0 when none */
	char **argv, **envp;
	const char *exec_path;
	uint64_t seed;           /* for canary and the like; 0 = use the kernel's randomness */
	bool no_aslr;
	const void *blob;        /* what the caller of exec handed over, or NULL */
	uint32_t blob_len;
};

/** An operating system as a guest of one ISA sees it. */
struct personality {
	const char *os;       /* "FreeBSD" */
	const char *isa;      /* "amd64" */
	const struct systab *tab;
	const struct errno_map *errnos;
	const struct signal_map *signals;
	const struct sys_types *types; /* for the tracer */

	/** Set up task-wide state.  0 or -errno. */
	int (*task_start)(struct task *task, struct diag *d);
	/** Build stack, registers and signal code of the first thread; 0, or notes what is wrong. */
	int (*start)(struct thread *t, const struct start_info *s, struct diag *d);

	/** Which call do the registers ask for?  Fills nr and 8 arguments; 0, or -errno if the stack is unreadable. */
	int (*get_call)(struct thread *t, uint64_t *ret_nr, uint64_t ret_a[8]);
	/** Put a result (host value, -errno, -HOST_EJUSTRETURN) into the registers. */
	void (*set_result)(struct thread *t, long r);
	/**
	 * A call of tab->fast ended with @r, an error or with a second result: put it into the registers and return true, or
	 * false when the full lane must serve the call.  (Plain success is done by the engine: rax, and carry clear, which is
	 * what all of its guests take for success.)  No libc, no vector registers, no TLS.
	 */
	bool (*fast_result)(struct thread *t, long r);

	/** Turn a fault in guest code into a guest signal (delivered by deliver()). */
	void (*fault)(struct thread *t, const struct guest_fault *f);
	/**
	 * Move host signals from the inbox to the guest's queues.  True when one is now deliverable to @t, so
	 * that an interrupted call must end.
	 */
	bool (*signals_due)(struct thread *t);
	/**
	 * Before the guest runs again: if a signal is due, build its frame and change the registers; stop, die.
	 * @r: the interrupted call's result to turn into EINTR or a restart (-HOST_ERESTART, or -HOST_ERESTARTNOINTR
	 * which is always a restart), or 0 when none was interrupted.
	 */
	void (*deliver)(struct thread *t, long r);
	/** The thread has left its run loop for good: free what the personality keeps of it; on its own host thread. */
	void (*thread_gone)(struct thread *t);
};

/** Look up by names ("FreeBSD", "amd64"); NULL when there is none. */
const struct personality *abi_find(const char *os, const char *isa);
/** All of them, NULL-terminated. */
const struct personality *const *abi_all(void);
