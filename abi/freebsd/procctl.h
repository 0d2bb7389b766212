/* procctl's inside. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct thread;

/** What a process has set of itself or others of it; all 0 until then. */
struct procctl_state {
	int32_t trace, trapcap, aslr, protmax; /* the command's value, 0 never set */
	int32_t stackgap, wxmap;               /* bits as status tells them, of stackgap only those of disabling */
	int32_t reaper;
};

/** Of process @pid, ours or another; nothing set is not an error.  False: no such process. */
bool procctl_load(pid_t pid, struct procctl_state *ret);
/** 0 or -errno. */
int procctl_store(pid_t pid, const struct procctl_state *s);

/* reap.c */
long procctl_reap_status(struct thread *t, pid_t pid, uint64_t data);
long procctl_reap_pids(struct thread *t, pid_t pid, uint64_t data);
long procctl_reap_kill(struct thread *t, pid_t pid, uint64_t data);
