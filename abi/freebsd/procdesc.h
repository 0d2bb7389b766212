/*
 * Process descriptors: a child that has one is nobody's to wait for but by its number, and dies when the last one is closed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct thread;

/** One descriptor, or (fd -1) a child whose descriptors are closed: it has only to be reaped. */
struct fbsd_pd {
	int32_t fd;
	int32_t keep; /* hidden: the child lives as long as one of these is open somewhere; -1 none (PD_DAEMON) */
	int32_t pid;  /* 0: of a process that is not our child */
};

#define FBSD_PD_MAX 128

/** What exec hands over. */
struct fbsd_pd_saved {
	int32_t guard; /* struct fbsd_task's pd_guard */
	uint32_t n;
	struct fbsd_pd pd[FBSD_PD_MAX];
};

struct fbsd_pd_table;

/** A new one of child @pid; it takes over @keep, -1 none.  False: it does not fit, and the child is a daemon. */
bool fbsd_pd_add(struct thread *t, int fd, int keep, int32_t pid);
void fbsd_pd_fd_closed(struct thread *t, int fd);
void fbsd_pd_fd_duped(struct thread *t, int from, int to);
/** It was sent to another process, which cannot be told of `keep`: ours stays open until we end. */
void fbsd_pd_fd_sent(struct thread *t, int fd);
/** In a forked child, not in a vfork child. */
void fbsd_pd_after_fork(struct thread *t);
/** In a vfork child that has a descriptor: see fbsd_thread's pd_link. */
void fbsd_pd_vfork_child(struct thread *child);

/** Is there any child with a descriptor? */
bool fbsd_pd_any(const struct thread *t);
enum fbsd_pd_kind { FBSD_PD_NONE, FBSD_PD_OPEN, FBSD_PD_CLOSED };
enum fbsd_pd_kind fbsd_pd_of(const struct thread *t, int32_t pid);
/** Is a SIGCHLD of @pid to be dropped?  Also true, once, for one that has been reaped. */
bool fbsd_pd_swallow(struct thread *t, int32_t pid);
/** It has been waited for: its number may be another's now. */
void fbsd_pd_reaped(struct thread *t, int32_t pid);
/** Reap the dead whose descriptors are closed. */
void fbsd_pd_clean(struct thread *t);

/** Before exec, when the other threads stand still; and when it failed. */
void fbsd_pd_save(struct thread *t, struct fbsd_pd_saved *ret);
void fbsd_pd_unsave(struct thread *t);
void fbsd_pd_restore(struct thread *t, const struct fbsd_pd_saved *saved);
