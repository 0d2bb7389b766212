/* Threads and processes of a Linux guest.  Source: Linux manual clone(2), set_tid_address(2), get_robust_list(2). */
#pragma once

#include "abi/linux/linux.h"

struct linux_clone;

/** A thread's part of the personality. */
struct linux_thread {
	uint64_t clear_tid;       /* cleared and woken when the thread ends; 0: nothing */
	uint64_t robust_head;     /* set_robust_list */
	struct linux_clone *birth; /* while it is being made */
};

static inline struct linux_thread *
linux_thread(const struct thread *t)
{
	return t->priv;
}

/** What clone and clone3 ask for. */
struct linux_clone {
	uint64_t flags, stack, parent_tid, child_tid, tls;
	int exit_signal;
	int32_t tid;              /* of the thread that came of it */
};

/** Give a new thread its part, with @parent's signal mask unless that is NULL; 0 or -ENOMEM. */
int linux_thread_init(struct thread *t, const struct thread *parent);
void linux_thread_free(struct thread *t);

/** The guest's mutexes of a thread that ends are marked (FUTEX_OWNER_DIED) and their waiters woken: robust.c. */
void linux_robust_exit(struct thread *t);
