/*
 * What a call costs a FreeBSD guest; prints "name ns" lines like calls_native.c.  The same call (getppid) on the lane that
 * the options choose; memory-only calls on the fast lane.
 */
#include "../guest/kit/signals.h"

#define ROUNDS 15

/* As a libc stub: the site is a plain `mov number; syscall`. */
__asm__(".text\n.balign 16\nstub_getppid:\tmov $39, %eax\n\tsyscall\n\tret\n"
        ".balign 16\nstub_getpid:\tmov $20, %eax\n\tsyscall\n\tret\n"
        ".balign 16\nstub_sigprocmask:\tmov $1, %edi\n\txor %esi, %esi\n\txor %edx, %edx\n\tmov $340, %eax\n\tsyscall\n\tret\n"
        ".balign 16\nstub_clock:\tmov $4, %edi\n\tlea clock_out(%rip), %rsi\n\tmov $232, %eax\n\tsyscall\n\tret\n"
        ".balign 16\nstub_kill:\tmov own_pid(%rip), %edi\n\tmov $30, %esi\n\tmov $37, %eax\n\tsyscall\n\tret\n");
void stub_kill(void);
void stub_getppid(void), stub_getpid(void), stub_sigprocmask(void), stub_clock(void);
struct timespec clock_out;
int own_pid;

static void
on_signal(int signo)
{
	(void)signo;
}

static uint64_t
now(void)
{
	struct timespec ts;

	call(232, 4, &ts);
	return (uint64_t)ts.sec * 1000000000u + (uint64_t)ts.nsec;
}

static void
measure(const char *name, void (*body)(void), long n)
{
	uint64_t t[ROUNDS];

	for (int i = 0; i < 8; i++)
		body(); /* until the site is patched */
	for (int r = 0; r < ROUNDS; r++) {
		uint64_t start = now();

		for (long i = 0; i < n; i++)
			body();
		t[r] = (now() - start) * 10 / (uint64_t)n;
		for (int k = r; k > 0 && t[k - 1] > t[k]; k--) {
			uint64_t x = t[k];

			t[k] = t[k - 1];
			t[k - 1] = x;
		}
	}
	kit_printf("%s %ld.%ld\n", name, (long)(t[ROUNDS / 2] / 10), (long)(t[ROUNDS / 2] % 10));
}

static void
all(void)
{
	long n = kit_argc > 2 ? 5000 : 100000; /* a second argument: the slow ways */

	measure("getppid", stub_getppid, n);
	measure("getpid", stub_getpid, n);
	measure("sigprocmask", stub_sigprocmask, n);
	measure("clock_gettime", stub_clock, n);
	own_pid = (int)sys(SYS_getpid);
	handle(SIGUSR1, on_signal, 0);
	measure("signal", stub_kill, n / 20);
}

const struct test tests[] = {{"all", all}, {0}};
