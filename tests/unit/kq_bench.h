/* A guest thread for tests of FreeBSD's kqueue through its handlers, without an engine. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/freebsd/kq_impl.h"

struct thread;

/** Guest memory of the tests, all theirs. */
#define KQ_MEM      0x20000000ull
#define KQ_MEM_SIZE 0x10000ull

/** The program's one guest process, and more threads of it, which share its kqueues. */
struct thread *kq_bench_thread(void);
struct thread *kq_bench_sibling(struct thread *t);

long kq_bench_kqueue(struct thread *t);

/** What each test has. */
struct bench {
	struct thread *t;
	int kq;
	int p[2]; /* a pipe */
	int s[2]; /* a pair of sockets */
};
int kq_bench_setup(void **state);
int kq_bench_teardown(void **state);
/** As the guest's close(2); *fd is -1 then. */
void kq_guest_close(struct bench *b, int *fd);

/** One change; no events taken.  kevent's result. */
long kq_change(struct thread *t, int kq, uint64_t ident, int16_t filter, uint16_t flags, uint32_t fflags, int64_t data,
               uint64_t udata);
/** Take up to @n events; @ms < 0 waits for ever. */
long kq_wait(struct thread *t, int kq, struct fbsd_kevent *ret_kev, int n, int ms);
/** What is pending right now; asserts that it is exactly one event, and returns it. */
struct fbsd_kevent kq_one(struct thread *t, int kq);
/** Asserts that nothing is pending. */
void kq_none(struct thread *t, int kq);
/** The same, waiting as long as it takes. */
struct fbsd_kevent kq_next(struct thread *t, int kq);
