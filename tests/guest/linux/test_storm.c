/* Signals from another process while system calls are made and numbers computed: no call is lost or made twice. */
#include "kit.h"

enum { NR_kill = 129, NR_sigaction = 134, NR_clone = 220, NR_wait4 = 260, SIGUSR1 = 10, SIGCHLD = 17, WNOHANG = 1, EINTR = 4 };
enum { SENT = 30000 };
#define SA_RESTART 0x10000000ull

static volatile uint32_t seen;

static void
count(int signo)
{
	seen++;
}

int
test(uint64_t *start)
{
	struct {
		void *handler;
		uint64_t flags, restorer, mask;
	} a = { (void *)count, SA_RESTART, 0, 0 };
	long us = CALL(NR_getpid), child, r;
	uint64_t made = 0, there = 0;
	int status, fd[2];
	double sum = 0;
	char c = 0;

	CHECK(CALL(NR_sigaction, SIGUSR1, &a, 0, 8) == 0 && CALL(NR_pipe2, fd, 0) == 0);
	child = CALL(NR_clone, SIGCHLD, 0, 0, 0, 0);
	if (child == 0) {
		for (unsigned i = 0; i < SENT; i++)
			CALL(NR_kill, us, SIGUSR1);
		CALL(NR_exit_group, 5);
	}
	do {
		for (unsigned i = 0; i < 64; i++) {
			CHECK(CALL(NR_getpid, 0x1234) == us);
			sum += 0.5;
		}
		made += 64;
		CHECK(CALL(NR_write, fd[1], "x", 1) == 1 && CALL(NR_read, fd[0], &c, 1) == 1 && c == 'x');
		there++;
		r = CALL(NR_wait4, child, &status, WNOHANG, 0);
	} while (r == 0 || r == -EINTR);
	CHECK(r == child && status == 5 << 8);
	CHECK(seen > 0 && sum == (double)made * 0.5 && made == 64 * there);
	say("ok\n");
	return 0;
}
