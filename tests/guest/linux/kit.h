/* What freestanding Linux/AArch64 test programs share: calls, checks, the start. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Numbers: include/uapi/asm-generic/unistd.h. */
enum { NR_getcwd = 17, NR_openat = 56, NR_close = 57, NR_pipe2 = 59, NR_lseek = 62, NR_read = 63, NR_write = 64, NR_writev = 66,
       NR_readlinkat = 78, NR_fstatat = 79, NR_fstat = 80, NR_exit_group = 94, NR_set_tid_address = 96, NR_clock_gettime = 113,
       NR_uname = 160, NR_getpid = 172, NR_gettid = 178, NR_brk = 214, NR_munmap = 215, NR_mmap = 222, NR_mprotect = 226,
       NR_getrandom = 278 };

static inline long
call(long nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	register uint64_t x8 __asm__("x8") = (uint64_t)nr, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c;
	register uint64_t x3 __asm__("x3") = d, x4 __asm__("x4") = e, x5 __asm__("x5") = f;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
	return (long)x0;
}
#define CALL_(nr, a, b, c, d, e, f, ...) call(nr, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), (uint64_t)(d), (uint64_t)(e), (uint64_t)(f))
#define CALL(...) CALL_(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)

static inline size_t
length(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

static inline void
say(const char *s)
{
	CALL(NR_write, 1, s, length(s));
}

static inline bool
same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

#define CHECK(cond)                                                                                                    \
	do {                                                                                                           \
		if (!(cond)) {                                                                                         \
			say("not ok: " #cond "\n");                                                                    \
			CALL(NR_exit_group, 1);                                                                        \
		}                                                                                                      \
	} while (0)

/** The test: what the kernel left at the stack pointer. */
int test(uint64_t *start);

__asm__(".globl _start\n_start:\n\tmov x0, sp\n\tbl begin\n");
__attribute__((used)) static void
begin(uint64_t *start)
{
	int r = test(start);

	CALL(NR_exit_group, r);
	__builtin_trap();
}
