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
/** shutdown(2) of @fd's sending side has been done: EVFILT_WRITE sees EV_EOF. */
void fbsd_kq_shutdown(struct thread *t, int fd);
