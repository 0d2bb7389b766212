/* Dies as its first argument says, for tests of crash reports.  Built with unwind tables and without frame pointers. */
#include "../kit/kit.h"

#include "../kit/fbsd.h"

#define CALL __attribute__((noinline))

static volatile int zero, sink = 7;
static void (*volatile nowhere)(void) = (void (*)(void))0x1230;

static CALL void
say(void)
{
	kit_printf("about to die\n");
}

static CALL void
null_write(void)
{
	say();
	*(volatile int *)8 = 1;
}

static CALL void
jump(void)
{
	say();
	nowhere();
	sink++;
}

/* The return address of this frame and all above are overwritten. */
static CALL void
smash(void)
{
	volatile uint64_t room[2];

	say();
	for (int i = 0; i < 64; i++)
		room[i] = 0x4141414141414141;
}

static CALL void
undefined(void)
{
	say();
	__asm__ volatile("ud2");
}

static CALL int
deeper(int n)
{
	volatile char room[4096];

	room[0] = (char)n;
	if (zero)
		return 0;
	return deeper(n + 1) + room[0];
}

static CALL void
divide(void)
{
	say();
	sink = sink / zero;
}

static CALL void
noncanonical(void)
{
	say();
	*(volatile int *)0x8000000000000000 = 1;
}

/* A handler, and no stack to run it on. */
static CALL void
no_stack(void)
{
	struct sigaction sa = {.handler = (void *)null_write};

	say();
	sys(SYS_sigaction, SIGSEGV, &sa, 0);
	__asm__ volatile("mov $16, %%rsp\n\tmov %%rax, 8" : : : "memory");
	__builtin_unreachable();
}

static CALL void
overflow(void)
{
	say();
	sink = deeper(0);
}

/* Named on the command line, one dies in each run. */
const struct test tests[] = {{"null", null_write},
                             {"jump", jump},
                             {"smash", smash},
                             {"ud2", undefined},
                             {"divide", divide},
                             {"noncanonical", noncanonical},
                             {"nostack", no_stack},
                             {"overflow", overflow},
                             {0}};
