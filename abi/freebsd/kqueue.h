/*
 * What other parts of the personality tell kqueues.
 * Every hook is cheap while no kqueue exists.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct thread;

/** Host descriptor @fd is about to be closed or replaced: call just before.  Drops its knotes, or a kqueue. */
void fbsd_kq_fd_closed(struct thread *t, int fd);
/** Is @fd a kqueue? */
bool fbsd_kq_is(const struct thread *t, int fd);
/** @to is now a duplicate of @from: a kqueue may have several descriptors. */
void fbsd_kq_fd_duped(struct thread *t, int from, int to);
/** In a forked child (also a vfork child, before it runs): kqueues are not inherited. */
void fbsd_kq_after_fork(struct thread *t);
/**
 * fork(2): before it, after it on both sides, and in the child.  Watchers of this process are told by the child before it
 * runs, and the parent waits for that.  A vfork child calls fbsd_kq_fork_child() alone.
 */
void fbsd_kq_fork_begin(struct thread *t, int ret_gate[2]);
void fbsd_kq_fork_child(struct thread *t);
void fbsd_kq_fork_end(struct thread *t, const int gate[2], long pid);
/** The process execs now: nothing can fail any more.  It ends, with the status that wait(2) tells. */
void fbsd_kq_exec(struct thread *t);
void fbsd_kq_exit(struct thread *t, uint32_t status);
/**
 * Before exec: write down the kqueues that stay open.  A hidden descriptor for the next image, -1 when there is nothing
 * to keep, or -errno.  There fbsd_kq_restore() takes it, when signals and threads are set up.
 */
int fbsd_kq_save(struct thread *t);
void fbsd_kq_restore(struct thread *t, int fd);
/** shutdown(2) of @fd's sending side has been done: EVFILT_WRITE sees EV_EOF. */
void fbsd_kq_shutdown(struct thread *t, int fd);
