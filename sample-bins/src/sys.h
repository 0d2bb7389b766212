/* Raw FreeBSD/amd64 calls for the samples. */
#pragma once

static inline long
sys3(long nr, long a, long b, long c)
{
	long r;

	__asm__ volatile("syscall\n\tjnc 1f\n\tneg %%rax\n1:" : "=a"(r) : "a"(nr), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "cc", "memory");
	return r;
}

enum { SYS_exit = 1, SYS_read = 3, SYS_write = 4 };

static inline void
put(const char *s)
{
	long n = 0;

	while (((volatile const char *)s)[n])
		n++;
	sys3(SYS_write, 1, (long)s, n);
}

/* rdi: address of argc */
void start(long *sp) __attribute__((used, noreturn));
__asm__(".globl _start\n_start:\n\tand $-16, %rsp\n\tcall start\n");
