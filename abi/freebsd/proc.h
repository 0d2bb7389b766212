/*
 * Processes: what fork, exec and wait need of the other families.
 */
#pragma once

#include "abi/freebsd/fbsd.h"
#include "abi/freebsd/procdesc.h"
#include "abi/freebsd/signal.h"

/** In task->vfork_room of a vfork child. */
struct fbsd_vfork {
	struct fbsd_task task;
	struct fbsd_thread thread;
	struct fbsd_sigacts sig;
	struct fbsd_sigthread sigthread;
};
_Static_assert(sizeof(struct fbsd_vfork) <= VFORK_ROOM, "VFORK_ROOM");

/** What exec hands to the next image: this, then what fbsd_signal_save() wrote. */
struct fbsd_exec_head {
	int32_t kq_fd; /* fbsd_kq_save() */
	uint32_t pad[3];
	struct fbsd_pd_saved pd;
	uint32_t pdeathsig, pad2;
};

/** Does process @pid run under us?  (sigsend.c) */
bool fbsd_is_guest(int pid);

/* fork.c */
/** fork(2), with a descriptor of the child's in @ret_pidfd when that is not NULL; what the guest gets. */
long fbsd_do_fork(struct thread *t, int *ret_pidfd);
/** rfork(RFSPAWN) */
long fbsd_spawn(struct thread *t);

/* fork.c's collaborators, each in its own family's file */

/** In a forked child: pending signals, timers, umtx queues, kqueues, the thread's id. (personality.c) */
void fbsd_after_fork(struct thread *t);
/** In a vfork child, which runs on the parent's memory: signal state of its own. (personality.c) */
void fbsd_vfork_child(struct thread *child);
/** procctl_state.c: settings are inherited, change with exec, and go. */
void fbsd_procctl_after_fork(struct thread *t);
void fbsd_procctl_after_exec(struct thread *t);
void fbsd_procctl_exit(struct thread *t);
/** Caught signals get their default action back. (signal.c) */
void fbsd_signal_reset_handlers(struct thread *t);

/** Host wait status pieces (si_code, si_status of waitid) as FreeBSD's status word. (wait.c) */
uint32_t fbsd_wait_status(const struct signal_map *m, int code, int status);
