/*
 * Signals: actions, masks, frames, faults, the alternate stack, waiting.
 * Source: Linux manual sigaction(2), sigaltstack(2), sigprocmask(2), sigtimedwait(2), sigsuspend(2);
 * arch/arm64/include/uapi/asm/sigcontext.h and ucontext.h for the frame.
 */
#include "kit.h"

enum { NR_futex = 98, NR_kill = 129, NR_tgkill = 131, NR_sigaltstack = 132, NR_sigsuspend = 133, NR_sigaction = 134, NR_sigprocmask = 135,
       NR_sigpending = 136, NR_sigtimedwait = 137, NR_sigqueueinfo = 138, NR_clone = 220, NR_wait4 = 260 };
enum { SIGILL = 4, SIGTRAP = 5, SIGKILL = 9, SIGUSR1 = 10, SIGSEGV = 11, SIGUSR2 = 12, SIGTERM = 15, SIGCHLD = 17, RT = 40 };
enum { EINTR = 4, EAGAIN = 11, ENOMEM = 12, EFAULT = 14, EINVAL = 22, EPERM = 1 };
#define SA_SIGINFO   4ull
#define SA_ONSTACK   0x08000000ull
#define SA_NODEFER   0x40000000ull
#define SA_RESETHAND 0x80000000ull

struct siginfo {
	int signo, error, code, pad;
	union {
		struct {
			int pid;
			uint32_t uid;
			uint64_t value;
		} sent;
		uint64_t addr;
		uint8_t space[112];
	};
};

struct ucontext {
	uint64_t flags, link, ss_sp;
	int ss_flags, pad;
	uint64_t ss_size, mask, unused[15];
	struct {
		uint64_t fault_address, regs[31], sp, pc, pstate;
		uint8_t reserved[4096] __attribute__((aligned(16)));
	} mc __attribute__((aligned(16)));
};
_Static_assert(sizeof(struct ucontext) == 4560, "ucontext_t");

struct action {
	void *handler;
	uint64_t flags, restorer, mask;
};

static volatile int seen, last_code, on_alt;
static volatile uint64_t last_addr, last_value, last_mask;
static volatile uint32_t records;
static bool whole; /* told to: with what qemu 7.2 does otherwise */
static uint8_t alt[16384] __attribute__((aligned(16)));

static long
act(int signo, void *handler, uint64_t flags, uint64_t mask)
{
	struct action a = { handler, flags, 0, mask };

	return CALL(NR_sigaction, signo, &a, 0, 8);
}

static void
count(int signo)
{
	seen++;
}

/* What the frame says; faults are passed over. */
static void
look(int signo, struct siginfo *si, struct ucontext *uc)
{
	const uint32_t *r = (const uint32_t *)uc->mc.reserved;
	uint8_t here;

	seen = signo;
	last_code = si->code;
	last_addr = si->addr;
	last_value = si->sent.value;
	last_mask = uc->mask;
	on_alt = &here > alt && &here < alt + sizeof(alt);
	for (records = 0; r[0] && records < 8; r = (const uint32_t *)((const uint8_t *)r + r[1]))
		records += r[0] == 0x46508001u ? 1 : r[0] == 0x45535201u ? 16 : 256;
	if (si->code > 0)
		uc->mc.pc += 4;
}

static void
actions(void)
{
	struct action old, bad = { 0 };

	CHECK(CALL(NR_sigaction, SIGUSR1, &bad, 0, 4) == -EINVAL && CALL(NR_sigaction, SIGKILL, &bad, 0, 8) == -EINVAL);
	CHECK(CALL(NR_sigaction, 65, 0, 0, 8) == -EINVAL && CALL(NR_sigaction, 0, 0, 0, 8) == -EINVAL);
	CHECK(CALL(NR_sigaction, SIGUSR1, 16, 0, 8) == -EFAULT);
	CHECK(act(SIGUSR1, count, SA_NODEFER, 1ull << 63 | 1ull << (SIGKILL - 1)) == 0);
	CHECK(CALL(NR_sigaction, SIGUSR1, 0, &old, 8) == 0 && old.handler == (void *)count && old.flags == SA_NODEFER);
	CHECK(!whole || old.mask == 1ull << 63); /* SIGKILL cannot be blocked */
	CHECK(CALL(NR_kill, CALL(NR_getpid), SIGUSR1) == 0 && seen == 1);
	CHECK(CALL(NR_tgkill, CALL(NR_getpid), CALL(NR_gettid), SIGUSR1) == 0 && seen == 2);
	CHECK(CALL(NR_kill, CALL(NR_getpid), 0) == 0 && CALL(NR_kill, CALL(NR_getpid), 65) == -EINVAL);
	CHECK(act(SIGUSR1, count, SA_RESETHAND, 0) == 0 && CALL(NR_kill, CALL(NR_getpid), SIGUSR1) == 0 && seen == 3);
	CHECK(CALL(NR_sigaction, SIGUSR1, 0, &old, 8) == 0 && old.handler == 0);
}

static void
masks(void)
{
	uint64_t bit = 1ull << (SIGUSR2 - 1), old = 7, pending;

	CHECK(act(SIGUSR2, count, 0, 0) == 0);
	CHECK(CALL(NR_sigprocmask, 0, &bit, &old, 8) == 0 && old == 0 && CALL(NR_sigprocmask, 9, &bit, 0, 8) == -EINVAL);
	seen = 0;
	CALL(NR_kill, CALL(NR_getpid), SIGUSR2);
	CALL(NR_kill, CALL(NR_getpid), SIGUSR2);
	CHECK(seen == 0 && CALL(NR_sigpending, &pending, 8) == 0 && pending == bit);
	CHECK(CALL(NR_sigprocmask, 1, &bit, &old, 8) == 0 && old == bit && seen == 1); /* a standard signal is pending once */
}

static void
faults(void)
{
	CHECK(act(SIGSEGV, look, SA_SIGINFO, 0) == 0 && act(SIGILL, look, SA_SIGINFO, 0) == 0 && act(SIGTRAP, look, SA_SIGINFO, 0) == 0);
	*(volatile uint32_t *)0x1230 = 1;
	CHECK(seen == SIGSEGV && last_code == 1 && last_addr == 0x1230 && (!whole || records == 17));
	*(volatile uint32_t *)((uint64_t)faults & ~4095ull) = 1;
	CHECK(seen == SIGSEGV && last_code == 2 && last_addr == ((uint64_t)faults & ~4095ull));
	__asm__ volatile(".word 0");
	CHECK(seen == SIGILL && (!whole || last_code == 1));
	__asm__ volatile("brk #7");
	CHECK(seen == SIGTRAP && last_code == 1);
}

static void
alternate(void)
{
	struct {
		void *sp;
		int flags, pad;
		uint64_t size;
	} s = { alt, 0, 0, sizeof(alt) }, old, small = { alt, 0, 0, 1000 }, odd = { alt, 4, 0, sizeof(alt) };

	CHECK(CALL(NR_sigaltstack, 0, &old) == 0 && old.flags == 2);
	CHECK(CALL(NR_sigaltstack, &small, 0) == -ENOMEM && CALL(NR_sigaltstack, &odd, 0) == -EINVAL);
	CHECK(CALL(NR_sigaltstack, &s, 0) == 0 && CALL(NR_sigaltstack, 0, &old) == 0 && old.sp == alt && old.size == sizeof(alt));
	CHECK(act(SIGUSR1, look, SA_SIGINFO | SA_ONSTACK, 0) == 0);
	CALL(NR_kill, CALL(NR_getpid), SIGUSR1);
	CHECK(seen == SIGUSR1 && on_alt && last_code == 0 && (!whole || records == 1));
	CHECK(act(SIGUSR1, look, SA_SIGINFO, 0) == 0);
	CALL(NR_kill, CALL(NR_getpid), SIGUSR1);
	CHECK(!on_alt);
}

/* Every register is as it was when a handler has run. */
static void
registers(void)
{
	uint64_t ok;

	CHECK(act(SIGUSR1, look, SA_SIGINFO, 0) == 0);
	__asm__ volatile("mov x9, #0x1234\n\tmov x28, #0x77\n\tfmov d17, #1.5\n\tmovi v30.16b, #0x5a\n\tcmp x28, x9\n\t"
	                 "mov x0, %1\n\tmov x1, %2\n\tmov x8, #129\n\tsvc #0\n\t"
	                 "cset x10, mi\n\tmov x12, #0x1234\n\tcmp x9, x12\n\tmov x12, #0x77\n\tccmp x28, x12, #0, eq\n\tcset x11, eq\n\tand x10, x10, x11\n\t"
	                 "fmov d18, #1.5\n\tfcmp d17, d18\n\tcset x11, eq\n\tand x10, x10, x11\n\tumov w11, v30.b[15]\n\tcmp w11, #0x5a\n\t"
	                 "cset x11, eq\n\tand %0, x10, x11"
	                 : "=r"(ok)
	                 : "r"(CALL(NR_getpid)), "r"((uint64_t)SIGUSR1)
	                 : "x0", "x1", "x8", "x9", "x10", "x11", "x12", "x28", "d17", "d18", "v30", "cc", "memory");
	CHECK(ok == 1 && seen == SIGUSR1);
}

static void
waiting(void)
{
	uint64_t bit = 1ull << (RT - 1), none = 0;
	long zero[2] = { 0, 0 }, bad[2] = { 0, 1000000000 };
	struct siginfo si = { .code = -1, .sent = { .value = 5 } }, got;

	CHECK(CALL(NR_sigprocmask, 0, &bit, 0, 8) == 0);
	CHECK(CALL(NR_sigtimedwait, &bit, 0, zero, 8) == -EAGAIN && CALL(NR_sigtimedwait, &bit, 0, bad, 8) == -EINVAL);
	for (si.sent.value = 5; si.sent.value < 8; si.sent.value++)
		CHECK(CALL(NR_sigqueueinfo, CALL(NR_getpid), RT, &si) == 0);
	for (unsigned i = 5; i < 8; i++) /* realtime signals queue, in order */
		CHECK(CALL(NR_sigtimedwait, &bit, &got, zero, 8) == RT && got.code == -1 && got.sent.value == i);
	CHECK(CALL(NR_sigtimedwait, &bit, 0, zero, 8) == -EAGAIN);
	CHECK(act(RT, look, SA_SIGINFO, 0) == 0 && CALL(NR_sigqueueinfo, CALL(NR_getpid), RT, &si) == 0);
	seen = 0;
	CHECK(CALL(NR_sigsuspend, &none, 8) == -EINTR && seen == RT && last_value == 8 && last_mask == bit);
}

static void
children(void)
{
	int status;
	long pid = CALL(NR_clone, SIGCHLD, 0, 0, 0, 0);

	if (pid == 0) {
		act(SIGTERM, 0, 0, 0);
		CALL(NR_kill, CALL(NR_getpid), SIGTERM);
		CALL(NR_exit_group, 1);
	}
	CHECK(pid > 0 && CALL(NR_wait4, pid, &status, 0, 0) == pid && status == SIGTERM);
	seen = 0;
	CHECK(act(SIGCHLD, look, SA_SIGINFO, 0) == 0);
	pid = CALL(NR_clone, SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		CALL(NR_exit_group, 9);
	while (CALL(NR_wait4, pid, &status, 0, 0) == -EINTR)
		;
	CHECK(seen == SIGCHLD && last_code == 1 && status == 9 << 8);
}

int
test(uint64_t *start)
{
	whole = start[0] > 1;
	actions();
	masks();
	faults();
	alternate();
	registers();
	waiting();
	children();
	say("ok\n");
	return 0;
}
