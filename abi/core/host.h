/*
 * Raw host system calls: result or -errno, no libc, no errno variable.  Fast lane and signal handlers may use them.
 */
#pragma once

#include <stdint.h>
#include <sys/syscall.h>

#include "abi/core/host_errno.h"

struct thread;

/* Functions that return straight after a host call do so through return.S, where the compiler can. */
#if __has_attribute(function_return)
#define HOST_RETURNS __attribute__((function_return("thunk-extern")))
#else
#define HOST_RETURNS
#endif

static inline long
host_call6(long nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	register uint64_t r10 __asm__("r10") = d;
	register uint64_t r8 __asm__("r8") = e;
	register uint64_t r9 __asm__("r9") = f;
	long r;

	__asm__ volatile("syscall"
	                 : "=a"(r)
	                 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
	                 : "rcx", "r11", "memory");
	return r;
}

#define HOST_X(a)                            ((uint64_t)(a))
#define HOST_CALL_(n, a, b, c, d, e, f, ...) host_call6(n, HOST_X(a), HOST_X(b), HOST_X(c), HOST_X(d), HOST_X(e), HOST_X(f))
/** host_call(SYS_x, up to six arguments): cannot be interrupted by our own kick, use for calls that do not sleep. */
#define host_call(...) HOST_CALL_(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)

/** Where a host call that may sleep can still be called off; offsets from the fields' own addresses. */
struct host_window {
	int32_t begin, end; /* from the test of t->wake up to, not including, the instruction after `syscall` */
	int32_t stop;       /* where the call ends with -HOST_ERESTART */
};
extern const struct host_window __start_host_windows[], __stop_host_windows[];

/**
 * A host call that may sleep.  Returns its result, -errno, or -HOST_ERESTART when a signal came before the
 * call had any effect: the run loop then delivers it and either serves the call again or gives the guest EINTR.
 * A result of -EINTR means the same for calls that the kernel does not restart.
 *
 * A signal can call it off at any instruction before it takes effect: the handler finds RIP in a window and moves it
 * to `stop`; also when the kernel restarts the call (SA_RESTART leaves RIP on the syscall instruction).
 * Inline, because every return taken after a system call may be mispredicted.
 */
static inline long
host_block6(struct thread *t, long nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	register uint64_t r10 __asm__("r10") = d;
	register uint64_t r8 __asm__("r8") = e;
	register uint64_t r9 __asm__("r9") = f;
	const volatile uint32_t *wake = (const void *)t; /* its first member, asserted in task.h */
	long r;

	__asm__ volatile("1:\tcmpl $0, %[wake]\n\t"
	                 "jne 3f\n\t"
	                 "syscall\n"
	                 "2:\tjmp 4f\n"
	                 "3:\tmov $-512, %%rax\n"
	                 "4:\n\t"
	                 ".pushsection host_windows, \"a\"\n\t"
	                 ".balign 4\n\t"
	                 ".long 1b - ., 2b - ., 3b - .\n\t"
	                 ".popsection"
	                 : "=a"(r)
	                 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9), [wake] "m"(*wake)
	                 : "rcx", "r11", "memory", "cc");
	return r;
}
#define HOST_BLOCK_(t, n, a, b, c, d, e, f, ...) host_block6(t, n, HOST_X(a), HOST_X(b), HOST_X(c), HOST_X(d), HOST_X(e), HOST_X(f))
#define host_block(...) HOST_BLOCK_(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)
