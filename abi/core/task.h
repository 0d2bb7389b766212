/*
 * A guest process (task) and its threads, as every personality and engine sees them.
 */
#pragma once

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct cpu_a64;
struct cpu_x64;
struct engine;
struct exec_req;
struct gm;
struct personality;
struct sig_task;
struct sig_thread;
struct thread;

/** A host signal as our handler saw it, before the personality makes a guest signal of it. */
struct inbox_item {
	int signo, code, error;
	pid_t pid;
	uid_t uid;
	int status;
	uint64_t value; /* si_value */
	uint64_t addr;
	int timer_id, overrun;
	long band;
};

#define INBOX_SIZE 256
#define INBOX_FULL 63

/*
 * Written by the host signal handler on this very thread, read by its run loop: one producer, one
 * consumer.  From INBOX_FULL on the handler leaves all asynchronous signals but kicks blocked, so that the
 * kernel queues for us; inbox_take() unblocks them.  The rest of the room is for what comes by a kick's number.
 */
struct inbox {
	uint32_t head, tail;
	uint32_t blocked;
	bool held; /* the thread itself keeps host signals blocked: what does not fit stays in the kernel */
	struct inbox_item item[INBOX_SIZE];
};

/** What the loader does for a personality: things that need the engine. */
struct task_hooks {
	/**
	 * Start a host thread that runs @t->cpu.  Before the guest's first instruction the new thread calls @begin
	 * (t->htid is known then); what that returns is returned here, and when it is not 0 the thread ends again and
	 * @t is still the caller's.  After 0 it belongs to the new thread.  0 or -errno.
	 */
	int (*thread_start)(struct thread *t, int (*begin)(struct thread *t));
	/** End the calling host thread; never returns.  The personality has cleaned up the guest's part. */
	void (*thread_exit)(struct thread *t) __attribute__((noreturn));
	/**
	 * fork(2).  Returns the child's pid in the parent, 0 in the child (interception armed again, other
	 * threads' host resources released, t->htid updated), or -errno.  @clone_flags: CLONE_* beyond SIGCHLD.
	 */
	long (*fork)(struct thread *t, uint64_t clone_flags, int *ret_pidfd);
	/**
	 * vfork(2): the child shares memory and runs on a copy of task and thread; the parent sleeps until
	 * it execs or exits.  In the child, @child_init(child thread) is called before its run loop starts.
	 * Returns the pid in the parent, or -errno.
	 */
	long (*vfork)(struct thread *t, void (*child_init)(struct thread *child));
	/**
	 * execve(2) of ourselves with a guest program, or of a native one.  Returns only on error, -errno,
	 * with the caller unharmed.
	 */
	long (*exec)(struct thread *t, const struct exec_req *req);
	/** Give a new thread engine state and zeroed registers (t->cpu).  0 or -ENOMEM. */
	int (*thread_prepare)(struct thread *t);
	/** Undo thread_prepare: for a thread that never ran. */
	void (*thread_discard)(struct thread *t);
	/** Registers stand after a system call: point them at the call instruction again (restart). */
	void (*rewind)(struct thread *t);
	/**
	 * Catch a host signal with our handler (SIGCHLD: SA_NOCLDSTOP, SA_NOCLDWAIT), or give it back to the host's
	 * default (or SIG_IGN).  0 or -errno.
	 */
	int (*signal_catch)(int host_signo, bool no_stops, bool no_zombies);
	int (*signal_release)(int host_signo, bool ignore);
	/** The guest set its GS base: from now on only the trap path is usable. */
	void (*guest_owns_gs)(struct thread *t);
	/**
	 * A fault is about to end the guest: report it on stderr.  @addr as the guest's siginfo has it; @why in words, or
	 * NULL when the hardware says it.  May be NULL.
	 */
	void (*crashed)(struct thread *t, int guest_signo, uint64_t addr, const char *why);
	/** Die as the guest dies: by host signal @signo, with @core wanted or not.  Never returns. */
	void (*die)(struct thread *t, int signo) __attribute__((noreturn));
};

/** What exec must hand to the next image of ourselves. */
struct exec_req {
	int fd;              /* the file to run: foreign or native ELF; its close-on-exec flag is irrelevant */
	bool unread;         /* it may be executed but not read: @fd is O_PATH, and only the host's kernel can run it */
	const char *path;    /* path as the guest knows it, absolute */
	char **argv;         /* complete, argv[0] as the guest gave it */
	char **envp;
	uint64_t host_mask;  /* signal mask for a native program, host numbering */
	int keep_fd;         /* the next image of ourselves gets this descriptor of ours too; -1 none */
	void (*commit)(struct thread *t); /* all that we check is checked: what exec takes away can go now */
	const void *blob;    /* personality's own state (ignored signals, mask, pending), opaque */
	uint32_t blob_len;
};

/** Observers of system calls (the tracer); NULL members are skipped. */
struct task_trace {
	void (*enter)(struct thread *t, uint64_t nr, const uint64_t a[8]);
	void (*leave)(struct thread *t, uint64_t nr, const uint64_t a[8], long r);
	/** A signal is acted upon; its siginfo in the guest's layout. */
	void (*signal)(struct thread *t, int guest_signo, const void *guest_siginfo);
	/** The process ends now, with @status or by guest signal @signo.  The caller's host threads still run. */
	void (*exit)(struct thread *t, int status, int signo);
};

/** A call that every thread is asked to make; the signal handler compares `round` with the thread's own. */
struct remote_call {
	uint32_t round, left;
	long nr;
	uint64_t a, b, c;
};

#define VFORK_ROOM 131072

/** A guest process. */
struct task {
	const struct personality *pers;
	const struct engine *engine; /* what runs its threads */
	const struct task_hooks *hooks;
	const struct task_trace *trace; /* NULL when nobody looks */
	struct gm *gm;
	pthread_mutex_t lock;       /* guards threads, nthreads, next_tid */
	pthread_mutex_t birth;      /* held while a thread is made, until it is in the list; before `lock` */
	struct thread *threads;     /* list through next */
	struct remote_call remote;  /* task_call_all() */
	uint32_t nthreads;
	uint32_t alone;             /* guest id of the thread for which the others stand still, or 0: park.c; a futex word */
	uint32_t parked;            /* how many do; a futex word, changed under lock */
	int32_t next_tid;
	pid_t pid;                  /* host pid = guest pid */
	bool vfork_child;           /* runs on its parent's memory until exec or exit */
	bool exiting;
	struct sig_task *sig;       /* sig.c */
	void *priv;                 /* the personality's own */
	void *vfork_room;           /* VFORK_ROOM bytes for its copies, in a vfork child */
	/* the program */
	const char *exec_path;      /* absolute, as the guest sees it */
	const char *root;           /* -L or --sysroot, or NULL */
	bool root_strict;           /* --sysroot: no fallback to the host */
	int root_fd;                /* path.c: its descriptor plus one, 0 until it is needed */
	uint64_t stack_top, stack_size;
	uint64_t brk_start, brk_now, brk_max;
	uint64_t ps_strings, sigcode; /* guest addresses */
	uint64_t auxv_addr, auxv_len;
	char **argv, **envp;        /* as at start, for sysctl and /proc */
	uint32_t osreldate;         /* what the guest is told; never 0 once started */
	const char *osrelease;      /* -r, or NULL: the personality's */
	uint32_t cpus;              /* --cpus, or 0: as many as we may use */
	uint64_t stack_rlim_cur;    /* RLIMIT_STACK as the guest sees it; ours is finite for layout's sake */
	bool native_deny;           /* native programs may not be started */
	uint64_t seed;
};

/** A guest thread.  Only its own host thread touches it, but for fields said to be shared. */
struct thread {
	/* Shared: set by the host signal handler and by other threads' kicks; read by the engine before
	 * it enters the guest and by host_block() before it sleeps.  Non-zero: something to look at. */
	volatile uint32_t wake;
	uint32_t in_restart;        /* this service repeats an interrupted one: keep `deadline` */
	bool has_ret2;              /* ret2 below is set; read by assembly */
	struct task *task;
	struct cpu_x64 *cpu;        /* registers, x86-64 guests; NULL for others */
	struct cpu_a64 *a64;        /* registers, AArch64 guests; NULL for others */
	int32_t tid;                /* guest thread id */
	pid_t htid;                 /* host thread id */
	uint64_t ret2;              /* second result register of the call being served */
	bool exit_now;              /* the run loop ends this thread */
	uint64_t deadline;          /* ns, host CLOCK_MONOTONIC, of the interrupted wait; valid with in_restart */
	struct inbox inbox;
	struct sig_thread *sig;     /* sig.c */
	void *priv;                 /* the personality's own */
	void *engine;               /* the engine's own */
	void *trace;                /* the tracer's own */
	struct thread *next;        /* under task->lock */
	char name[32];
	uint32_t remote_round;      /* the last task->remote that this thread made */
	uint64_t calls;             /* served on the full lane, for --stats */
};

/**
 * Make one host system call in every thread of the task (credentials are per thread on Linux): each makes it in its
 * signal handler.  Returns the caller's own result; the others are only asked when that was 0.  Full lane.
 */
long task_call_all(struct thread *t, long nr, uint64_t a, uint64_t b, uint64_t c);

/**
 * All other threads of the task stand still, outside the guest and with host signals blocked, until task_let_go().  Who
 * sleeps in the host where nothing interrupts it (a vfork parent) is not waited for longer than a second.
 * -EAGAIN when another thread has asked first, or ends the process: serve the call again.
 */
int task_stop_others(struct thread *t);
void task_let_go(struct thread *t);
/** Stand still if another thread asks for it.  Called between two runs of the guest and when a wait was interrupted. */
void task_park(struct thread *t);

_Static_assert(offsetof(struct thread, wake) == 0, "host_block6() reads it there");

/** Take the next host signal; false when there is none (then host signals are unblocked again). */
bool inbox_take(struct thread *t, struct inbox_item *ret_item);

/** Make @t leave the guest or its blocking host call soon, so that it looks at its signals.  Any thread may call. */
void thread_kick(struct thread *t);

/** Host signal used by thread_kick(); never shown to a guest. */
#define KICK_SIGNO 64

struct thread *thread_new(struct task *task);
/** Link into the task's list; -EAGAIN when the task is exiting. */
int thread_link(struct thread *t);
void thread_unlink(struct thread *t);
/** The same, unless it is the only one: then false, and nothing is changed. */
bool thread_unlink_unless_last(struct thread *t);
void thread_free(struct thread *t);
/** Find by guest tid, with task->lock held. */
struct thread *thread_by_tid(struct task *task, int32_t tid);
