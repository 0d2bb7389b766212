/*
 * What a host system call costs, natively: bare, with interception armed over other addresses, trapped by Syscall User
 * Dispatch, and under ptrace.  Prints one line each: name, nanoseconds per call (median of ROUNDS).
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define ROUNDS 15
#define SUD    59

static long
call(long nr)
{
	long r;

	__asm__ volatile("syscall" : "=a"(r) : "a"(nr) : "rcx", "r11", "memory");
	return r;
}

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
measure(const char *name, void (*op)(void), long n)
{
	double t[ROUNDS];

	for (int r = 0; r < ROUNDS; r++) {
		double start = now();

		for (long i = 0; i < n; i++)
			op();
		t[r] = (now() - start) / (double)n;
	}
	qsort(t, ROUNDS, sizeof(t[0]), compare);
	printf("%s %.1f\n", name, t[ROUNDS / 2]);
	fflush(stdout);
}

static void
getppid_call(void)
{
	call(SYS_getppid);
}

static void
clock_call(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
}

static void
on_sigsys(int sig, siginfo_t *si, void *context)
{
	ucontext_t *uc = context;

	(void)sig;
	(void)si;
	uc->uc_mcontext.gregs[REG_RAX] = 1;
}

static void
on_signal(int signo)
{
}

static void
signal_self(void)
{
	kill(getpid(), SIGUSR1);
}

/* A page below with one syscall instruction: what a guest's call costs when it traps. */
static void (*trapping)(void);

static void
measure_trap(void)
{
	static const uint8_t code[] = {0xb8, 110, 0, 0, 0, 0x0f, 0x05, 0xc3};
	struct sigaction sa = {.sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO | SA_NODEFER};
	void *page = mmap((void *)0x10000000, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (page == MAP_FAILED || sigaction(SIGSYS, &sa, NULL))
		return;
	memcpy(page, code, sizeof(code));
	trapping = (void (*)(void))page;
	measure("trap", trapping, 20000);
}

static int
arm(void)
{
	if (prctl(SUD, 2, 0x10000, 0x500000000000 - 0x10000, 0) == 0)
		return 0;
	return prctl(SUD, 1, 0x500000000000, 0x7ffffffff000 - 0x500000000000, 0);
}

static void
measure_ptrace(void)
{
	long n = 4000;
	int status;
	double start;
	pid_t pid = fork();

	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		for (long i = 0; i < n; i++)
			call(SYS_getppid);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	start = now();
	for (long stops = 0; !WIFEXITED(status); stops++) {
		struct user_regs_struct regs;

		if (ptrace(PTRACE_SYSEMU, pid, 0, 0))
			break;
		waitpid(pid, &status, 0);
		if (WIFEXITED(status) || ptrace(PTRACE_GETREGS, pid, 0, &regs))
			break;
		if (regs.orig_rax != SYS_getppid) {
			kill(pid, SIGKILL);
			break;
		}
		regs.rax = 1;
		ptrace(PTRACE_SETREGS, pid, 0, &regs);
	}
	printf("ptrace %.1f\n", (now() - start) / (double)n);
	waitpid(pid, &status, 0);
}

int
main(void)
{
	measure("bare", getppid_call, 200000);
	measure("clock-native", clock_call, 200000);
	signal(SIGUSR1, on_signal);
	measure("signal", signal_self, 20000);
	measure_ptrace();
	if (arm()) {
		printf("armed - %s\n", strerror(errno));
		return 0;
	}
	measure("armed", getppid_call, 200000);
	measure_trap();
	return 0;
}
