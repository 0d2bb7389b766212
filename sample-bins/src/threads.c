/* Four threads add to one counter under thr_new, and the first waits for them by _umtx_op.  Numbers: sys/thr.h, sys/umtx.h. */
#include "sys.h"

enum { SYS_thr_exit = 431, SYS_umtx_op = 454, SYS_thr_new = 455, SYS_mmap = 477 };
enum { UMTX_OP_WAIT = 2, NTHREADS = 4, ROUNDS = 100000, STACK = 16384 };

struct thr_param {
	void (*start)(void *);
	void *arg;
	char *stack;
	unsigned long stack_size;
	void *tls;
	unsigned long tls_size;
	long *child_tid, *parent_tid;
	int flags;
	void *rtp, *spare[3];
};

static long counter, gone[NTHREADS];

static void
work(void *arg)
{
	for (int i = 0; i < ROUNDS; i++)
		__atomic_add_fetch(&counter, 1, __ATOMIC_RELAXED);
	sys3(SYS_thr_exit, (long)arg, 0, 0); /* writes 1 there and wakes who waits for it */
	__builtin_unreachable();
}

/* mmap(0, STACK, read and write, private and anonymous, -1, 0) */
static char *
new_stack(void)
{
	register long flags __asm__("r10") = 0x1002, fd __asm__("r8") = -1, off __asm__("r9") = 0;
	long r;

	__asm__ volatile("syscall"
	                 : "=a"(r)
	                 : "a"(SYS_mmap), "D"(0), "S"(STACK), "d"(3), "r"(flags), "r"(fd), "r"(off)
	                 : "rcx", "r11", "cc", "memory");
	return (char *)r;
}

static void
wait_for(long *word)
{
	register long none1 __asm__("r10") = 0, none2 __asm__("r8") = 0;
	long r;

	while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == 0)
		__asm__ volatile("syscall"
		                 : "=a"(r)
		                 : "a"(SYS_umtx_op), "D"(word), "S"(UMTX_OP_WAIT), "d"(0), "r"(none1), "r"(none2)
		                 : "rcx", "r11", "cc", "memory");
}

void
start(long *sp)
{
	(void)sp;
	for (int i = 0; i < NTHREADS; i++) {
		struct thr_param p = {.start = work, .arg = &gone[i], .stack = new_stack(), .stack_size = STACK};

		if (sys3(SYS_thr_new, (long)&p, sizeof(p), 0) != 0)
			sys3(SYS_exit, 1, 0, 0);
	}
	for (int i = 0; i < NTHREADS; i++)
		wait_for(&gone[i]);
	put(counter == (long)NTHREADS * ROUNDS ? "4 threads counted to 400000\n" : "the count is wrong\n");
	sys3(SYS_exit, 0, 0, 0);
	__builtin_unreachable();
}
