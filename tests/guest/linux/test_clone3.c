/* clone3: what it refuses, and a process made with it.  Source: Linux manual clone(2), kernel/fork.c clone3_args_valid(). */
#include "kit.h"

enum { NR_clone3 = 435, NR_wait4 = 260, SIGCHLD = 17, EFAULT = 14, EINVAL = 22, E2BIG = 7 };
enum { FLAGS, PIDFD, CHILD_TID, PARENT_TID, EXIT_SIGNAL, STACK, STACK_SIZE, TLS, WORDS, LATER = 11 };
enum { CLONE_PARENT_SETTID = 0x100000, CLONE_DETACHED = 0x400000 };

int
test(uint64_t *start)
{
	uint64_t a[LATER + 1] = { 0 };
	uint32_t told = 0;
	int status = 0;
	long pid;

	CHECK(CALL(NR_clone3, a, 56) == -EINVAL); /* smaller than its first form */
	CHECK(CALL(NR_clone3, 16, 64) == -EFAULT);
	a[FLAGS] = SIGCHLD; /* the signal has a place of its own */
	CHECK(CALL(NR_clone3, a, 64) == -EINVAL);
	a[FLAGS] = CLONE_DETACHED;
	CHECK(CALL(NR_clone3, a, 64) == -EINVAL);
	a[FLAGS] = 0;
	a[STACK_SIZE] = 4096; /* of no stack */
	CHECK(CALL(NR_clone3, a, 64) == -EINVAL);
	a[STACK_SIZE] = 0;
	a[FLAGS] = CLONE_PARENT_SETTID;
	a[PARENT_TID] = (uint64_t)&told;
	a[EXIT_SIGNAL] = SIGCHLD;
	pid = CALL(NR_clone3, a, 88);
	if (pid == 0)
		CALL(NR_exit_group, 3);
	CHECK(pid > 0 && told == (uint32_t)pid);
	CHECK(CALL(NR_wait4, pid, &status, 0, 0) == pid && status == 3 << 8);
	say("ok\n");
	return 0;
}
