/* Signals.  Source: FreeBSD manual sigaction(2), sigprocmask(2), sigaltstack(2), sigsuspend(2), sigwait(2), sigqueue(2); frame: design abi.md 2.4. */
#include "../kit/fbsd.h"
#include "../kit/kit.h"

static volatile int hits, last_signo, last_code, nested;
static volatile long last_value;
static volatile uint64_t last_addr;
static char *volatile last_uc;

static void
note(int signo, struct siginfo *si, char *uc)
{
	hits++;
	last_signo = signo;
	last_code = si->code;
	last_value = si->value;
	last_addr = (uint64_t)si->addr;
	last_uc = uc;
}

static void
plain(int signo, long code)
{
	hits++;
	last_signo = signo;
	last_code = (int)code;
}

static int64_t
set(int signo, void *handler, int flags)
{
	struct sigaction sa = {.handler = handler, .flags = flags};

	return sys(SYS_sigaction, signo, &sa, 0);
}

static int64_t
self(int signo)
{
	return sys(SYS_kill, sys(SYS_getpid), signo);
}

static int64_t
mask(int how, int signo)
{
	struct sigset s = SIGSET(signo);

	return sys(SYS_sigprocmask, how, &s, 0);
}

static void
kill_self_runs_the_handler_before_it_returns(void)
{
	hits = 0;
	CHECK_EQ(set(SIGUSR1, note, SA_SIGINFO), 0);
	CHECK_EQ(self(SIGUSR1), 0);
	CHECK_EQ(hits, 1);
	CHECK_EQ(last_signo, SIGUSR1);
	CHECK_EQ(last_code, SI_USER);
}

static void
without_siginfo_the_code_is_second(void)
{
	hits = 0;
	set(SIGUSR2, plain, 0);
	self(SIGUSR2);
	CHECK_EQ(hits, 1);
	CHECK_EQ(last_code, SI_USER);
}

static void
sigaction_checks_and_returns_the_old(void)
{
	struct sigaction sa = {.handler = plain, .flags = SA_NODEFER}, old;

	CHECK_EQ(sys(SYS_sigaction, SIGUSR2, &sa, 0), 0);
	CHECK_EQ(sys(SYS_sigaction, SIGUSR2, 0, &old), 0);
	CHECK(old.handler == (void *)plain);
	CHECK_EQ(old.flags, SA_NODEFER);
	CHECK_ERR(EINVAL, SYS_sigaction, SIGKILL, &sa, 0);
	CHECK_ERR(EINVAL, SYS_sigaction, 129, &sa, 0);
	CHECK_ERR(EINVAL, SYS_sigaction, 0, 0, &old);
	CHECK_ERR(EFAULT, SYS_sigaction, SIGUSR2, 8, 0);
}

static void
blocked_signals_wait(void)
{
	struct sigset pend;

	hits = 0;
	set(SIGUSR1, note, SA_SIGINFO);
	CHECK_EQ(mask(SIG_BLOCK, SIGUSR1), 0);
	self(SIGUSR1);
	self(SIGUSR1);
	CHECK_EQ(hits, 0);
	CHECK_EQ(sys(SYS_sigpending, &pend), 0);
	CHECK_EQ(pend.bits[0], 1u << (SIGUSR1 - 1));
	CHECK_EQ(mask(SIG_UNBLOCK, SIGUSR1), 0);
	CHECK_EQ(hits, 2); /* every sent signal is queued (sys/kern/kern_sig.c sigqueue_add) */
	CHECK_ERR(EINVAL, SYS_sigprocmask, 9, &pend, 0);
}

static void
realtime_signals_queue_with_values(void)
{
	hits = 0;
	set(SIGRTMIN, note, SA_SIGINFO);
	mask(SIG_BLOCK, SIGRTMIN);
	for (long v = 1; v <= 3; v++)
		CHECK_EQ(sys(SYS_sigqueue, sys(SYS_getpid), SIGRTMIN, v), 0);
	mask(SIG_UNBLOCK, SIGRTMIN);
	CHECK_EQ(hits, 3);
	CHECK_EQ(last_code, SI_QUEUE);
	/* three frames were built in order, so the last to run is the first that was queued */
	CHECK(last_value == 1 || last_value == 3);
}

static void
resethand_gives_the_default_back(void)
{
	struct sigaction old;

	set(SIGUSR1, plain, SA_RESETHAND);
	self(SIGUSR1);
	sys(SYS_sigaction, SIGUSR1, 0, &old);
	CHECK(old.handler == 0);
}

static void
deferring(int signo, long code)
{
	(void)code;
	hits++;
	if (hits == 1)
		self(signo);
	nested = nested < hits ? hits : nested;
}

static void
own_signal_is_deferred_unless_nodefer(void)
{
	hits = nested = 0;
	set(SIGUSR1, deferring, 0);
	self(SIGUSR1);
	CHECK_EQ(hits, 2);
	hits = 0;
	set(SIGUSR1, deferring, SA_NODEFER);
	self(SIGUSR1);
	CHECK_EQ(hits, 2);
}

static char alt[65536] __attribute__((aligned(16)));
static volatile uint64_t handler_sp;

static void
where(int signo, long code)
{
	(void)signo, (void)code;
	handler_sp = (uint64_t)__builtin_frame_address(0);
}

struct stack {
	void *sp;
	uint64_t size;
	int flags;
};

static void
alternate_stack_is_used(void)
{
	struct stack ss = {alt, sizeof(alt), 0}, old, off = {0, 0, 4}, small = {alt, 1024, 0};

	CHECK_EQ(sys(SYS_sigaltstack, &ss, 0), 0);
	set(SIGUSR1, where, SA_ONSTACK);
	self(SIGUSR1);
	CHECK(handler_sp > (uint64_t)alt && handler_sp < (uint64_t)alt + sizeof(alt));
	set(SIGUSR1, where, 0);
	self(SIGUSR1);
	CHECK(!(handler_sp > (uint64_t)alt && handler_sp < (uint64_t)alt + sizeof(alt)));
	CHECK_EQ(sys(SYS_sigaltstack, 0, &old), 0);
	CHECK(old.sp == alt && old.size == sizeof(alt) && old.flags == 0);
	CHECK_ERR(ENOMEM, SYS_sigaltstack, &small, 0);
	CHECK_EQ(sys(SYS_sigaltstack, &off, 0), 0);
	sys(SYS_sigaltstack, 0, &old);
	CHECK_EQ(old.flags, 4);
}

static void
skip_two(int signo, struct siginfo *si, char *uc)
{
	note(signo, si, uc);
	*(uint64_t *)(uc + 16 + 160) += 2; /* mc_rip */
}

static void
null_access_is_segv_maperr(void)
{
	hits = 0;
	set(SIGSEGV, skip_two, SA_SIGINFO);
	__asm__ volatile("xor %%eax, %%eax\n\t.byte 0x8b, 0x00" : : : "rax");
	CHECK_EQ(hits, 1);
	CHECK_EQ(last_code, 1); /* SEGV_MAPERR */
	CHECK_EQ(last_addr, 0);
	CHECK_EQ(*(uint32_t *)(last_uc + 16 + 128), 12); /* mc_trapno: page fault */
}

static void
read_only_write_is_segv_accerr(void)
{
	int64_t p = sys(SYS_mmap, 0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANON, -1, 0);

	hits = 0;
	__asm__ volatile(".byte 0x88, 0x00" : : "a"(p)); /* mov %al, (%rax) */
	CHECK_EQ(hits, 1);
	CHECK_EQ(last_code, 2); /* SEGV_ACCERR */
	CHECK_EQ(last_addr, p);
	set(SIGSEGV, 0, 0);
}

static void
division_by_zero_is_fpe_intdiv(void)
{
	hits = 0;
	set(SIGFPE, skip_two, SA_SIGINFO);
	__asm__ volatile("xor %%ecx, %%ecx\n\txor %%edx, %%edx\n\tmov $1, %%eax\n\tdiv %%ecx" : : : "rax", "rcx", "rdx", "cc");
	CHECK_EQ(hits, 1);
	CHECK_EQ(last_code, 2); /* FPE_INTDIV */
	set(SIGFPE, 0, 0);
}

static void
undefined_instruction_is_ill(void)
{
	hits = 0;
	set(SIGILL, skip_two, SA_SIGINFO);
	__asm__ volatile("ud2");
	CHECK_EQ(hits, 1);
	set(SIGILL, 0, 0);
}

static void
registers_survive_a_handler(void)
{
	uint64_t in[4] = {1, 2, 3, 4}, out[4];
	uint64_t rbx, r15;

	set(SIGUSR1, plain, 0);
	__asm__ volatile("vmovdqu %3, %%ymm9\n\tmov $0x5151, %%ebx\n\tmov $0x6262, %%r15d\n\tmov $37, %%eax\n\tmov %4, %%edi\n\t"
	                 "mov $30, %%esi\n\tsyscall\n\tvmovdqu %%ymm9, %0\n\tmov %%rbx, %1\n\tmov %%r15, %2"
	                 : "=m"(out), "=m"(rbx), "=m"(r15)
	                 : "m"(in), "r"((int)sys(SYS_getpid))
	                 : "rax", "rbx", "rcx", "rdx", "rdi", "rsi", "r11", "r15", "xmm9", "cc", "memory");
	CHECK(!memcmp(in, out, sizeof(in)));
	CHECK_EQ(rbx, 0x5151);
	CHECK_EQ(r15, 0x6262);
}

static void
frame_holds_lengths_and_mask(void)
{
	set(SIGUSR1, note, SA_SIGINFO);
	mask(SIG_BLOCK, SIGUSR2);
	self(SIGUSR1);
	CHECK_EQ(*(uint64_t *)(last_uc + 16 + 200), 800);      /* mc_len */
	CHECK_EQ(*(uint64_t *)(last_uc + 16 + 208), 0x10002);  /* mc_fpformat */
	CHECK_EQ(*(uint32_t *)last_uc, 1u << (SIGUSR2 - 1));   /* uc_sigmask: as before the handler */
	mask(SIG_UNBLOCK, SIGUSR2);
}

static void
sigsuspend_swaps_the_mask_and_ends_with_eintr(void)
{
	struct sigset none = {{0}}, now;

	hits = 0;
	set(SIGUSR1, plain, SA_RESTART);
	mask(SIG_BLOCK, SIGUSR1);
	self(SIGUSR1);
	CHECK_ERR(EINTR, SYS_sigsuspend, &none);
	CHECK_EQ(hits, 1);
	sys(SYS_sigprocmask, 0, 0, &now);
	CHECK_EQ(now.bits[0], 1u << (SIGUSR1 - 1));
	mask(SIG_UNBLOCK, SIGUSR1);
}

static void
sigwait_takes_a_blocked_signal(void)
{
	struct sigset s = SIGSET(SIGUSR2);
	struct siginfo si;
	struct timespec soon = {0, 1000000};
	int signo = 0;

	mask(SIG_BLOCK, SIGUSR2);
	self(SIGUSR2);
	CHECK_EQ(sys(SYS_sigwait, &s, &signo), 0);
	CHECK_EQ(signo, SIGUSR2);
	sys(SYS_sigqueue, sys(SYS_getpid), SIGUSR2, 42);
	CHECK_EQ(sys(SYS_sigtimedwait, &s, &si, 0), SIGUSR2);
	CHECK_EQ(si.value, 42);
	CHECK_ERR(EAGAIN, SYS_sigtimedwait, &s, &si, &soon);
	mask(SIG_UNBLOCK, SIGUSR2);
}

static void
read_restarts_or_ends_as_asked(void)
{
	int fd[2], status;
	char c = 0;
	int64_t me = sys(SYS_getpid), child;

	CHECK_EQ(sys(SYS_pipe2, fd, 0), 0);
	for (int restart = 0; restart < 2; restart++) {
		hits = 0;
		set(SIGUSR1, plain, restart ? SA_RESTART : 0);
		child = sys(SYS_fork);
		if (child == 0) {
			/* The parent is on its way into read: signal until it has been seen, then feed it. */
			for (int i = 0; i < 200; i++) {
				sys(SYS_kill, me, SIGUSR1);
				for (int j = 0; j < 50; j++)
					sys(SYS_sched_yield);
			}
			sys(SYS_write, fd[1], "q", 1);
			call(SYS_exit, 0);
		}
		int64_t r, eintr = 0;

		while ((r = sys(SYS_read, fd[0], &c, 1)) == -EINTR)
			eintr++;
		CHECK_EQ(r, 1);
		CHECK_EQ(c, 'q');
		CHECK(restart ? eintr == 0 : 1);
		CHECK(hits > 0);
		while (sys(SYS_wait4, child, &status, 0, 0) == -EINTR)
			;
	}
	set(SIGUSR1, 0, 0);
}

static char context[880] __attribute__((aligned(16)));

static void
setcontext_resumes_getcontext(void)
{
	volatile int times = 0;

	/* Inline: the context must not return into a frame that is gone. */
	__asm__ volatile("syscall" : : "a"(SYS_getcontext), "D"(context) : "rcx", "rdx", "r11", "cc", "memory");
	times++;
	if (times < 3)
		sys(SYS_setcontext, context);
	CHECK_EQ(times, 3);
	CHECK_ERR(EINVAL, SYS_setcontext, 0);
	*(uint64_t *)(context + 16 + 200) = 1;
	CHECK_ERR(EINVAL, SYS_setcontext, context);
	CHECK_ERR(EFAULT, SYS_sigreturn, 16);
}

const struct test tests[] = {
    {"kill_self_runs_the_handler_before_it_returns", kill_self_runs_the_handler_before_it_returns},
    {"without_siginfo_the_code_is_second", without_siginfo_the_code_is_second},
    {"sigaction_checks_and_returns_the_old", sigaction_checks_and_returns_the_old},
    {"blocked_signals_wait", blocked_signals_wait},
    {"realtime_signals_queue_with_values", realtime_signals_queue_with_values},
    {"resethand_gives_the_default_back", resethand_gives_the_default_back},
    {"own_signal_is_deferred_unless_nodefer", own_signal_is_deferred_unless_nodefer},
    {"alternate_stack_is_used", alternate_stack_is_used},
    {"null_access_is_segv_maperr", null_access_is_segv_maperr},
    {"read_only_write_is_segv_accerr", read_only_write_is_segv_accerr},
    {"division_by_zero_is_fpe_intdiv", division_by_zero_is_fpe_intdiv},
    {"undefined_instruction_is_ill", undefined_instruction_is_ill},
    {"registers_survive_a_handler", registers_survive_a_handler},
    {"frame_holds_lengths_and_mask", frame_holds_lengths_and_mask},
    {"sigsuspend_swaps_the_mask_and_ends_with_eintr", sigsuspend_swaps_the_mask_and_ends_with_eintr},
    {"sigwait_takes_a_blocked_signal", sigwait_takes_a_blocked_signal},
    {"read_restarts_or_ends_as_asked", read_restarts_or_ends_as_asked},
    {"setcontext_resumes_getcontext", setcontext_resumes_getcontext},
    {0},
};
