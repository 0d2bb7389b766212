/*
 * Signal frames, contexts, alternate stacks.
 * Sources: FreeBSD sys/amd64/amd64/exec_machdep.c (sendsig, sys_sigreturn, get_mcontext, set_mcontext), sys/kern/kern_sig.c
 * (kern_sigaltstack), sigaltstack(2), getcontext(3); offsets as in machine/ucontext.h.
 */
#include "../kit/signals.h"

static volatile int hits;
static struct ucontext seen;
static struct siginfo seen_info;
static uint64_t seen_rsp, seen_rcx, seen_uc, seen_si, seen_flags;

static void
note(int signo, struct siginfo *si, struct ucontext *uc)
{
	(void)signo;
	hits++;
	memcpy(&seen, uc, sizeof(seen));
	memcpy(&seen_info, si, sizeof(seen_info));
	seen_uc = (uint64_t)uc;
	seen_si = (uint64_t)si;
}

/* Entered by the signal code: rsp points to its return address, the frame is above. */
void raw_handler(int, struct siginfo *, struct ucontext *);
uint64_t raw_rsp, raw_rcx, raw_flags; /* named by the assembly below */
__asm__("	.text\n"
        "raw_handler:\n"
        "	mov	%rsp, raw_rsp(%rip)\n"
        "	mov	%rcx, raw_rcx(%rip)\n"
        "	pushfq\n"
        "	pop	raw_flags(%rip)\n"
        "	jmp	note_asm\n");
void note_asm(int, struct siginfo *, struct ucontext *);
void
note_asm(int signo, struct siginfo *si, struct ucontext *uc)
{
	note(signo, si, uc);
	seen_rsp = raw_rsp;
	seen_rcx = raw_rcx;
	seen_flags = raw_flags;
}

uint64_t sent_rsp, sent_rip;

/* kill(pid, SIGUSR1) with every register known. */
static void
kill_with_known_registers(void)
{
	uint64_t pid = (uint64_t)sys(SYS_getpid);

	__asm__ volatile("lea 1f(%%rip), %%rax\n\tmov %%rax, sent_rip(%%rip)\n\tmov %%rsp, sent_rsp(%%rip)\n\t"
	                 "mov $0x1100220033004400, %%rdx\n\tmov $0x88, %%r8\n\tmov $0x99, %%r9\n\tmov $0x1010, %%r10\n\t"
	                 "mov $0xbbbb, %%rbx\n\tmov $0x1212, %%r12\n\tmov $0x1313, %%r13\n\tmov $0x1414, %%r14\n\t"
	                 "mov $0x1515, %%r15\n\tmov $30, %%esi\n\tmov $37, %%eax\n\tsyscall\n1:"
	                 :
	                 : "D"(pid)
	                 : "rax", "rbx", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "cc", "memory");
}

static void
frame_lies_where_the_kernel_puts_it(void)
{
	CHECK_EQ(handle(SIGUSR1, raw_handler, SA_SIGINFO), 0);
	kill_with_known_registers();
	CHECK_EQ(hits, 1);
	CHECK_EQ(seen_uc, seen_rsp + 8 + 16);
	CHECK_EQ(seen_si, seen_rsp + 8 + 896);
	CHECK_EQ((seen_rsp + 8) % 16, 0);
	CHECK_EQ((uint64_t)seen.mc.xfpustate % 64, 0);
	/* red zone, extended state at 64, frame at 16 */
	CHECK_EQ((uint64_t)seen.mc.xfpustate, (sent_rsp - 128 - seen.mc.xfpustate_len) & ~63ull);
	CHECK_EQ(seen_rsp + 8, ((uint64_t)seen.mc.xfpustate - 976) & ~15ull);
	CHECK_EQ(seen_rcx, 0);
	CHECK_EQ(seen_flags & 0x500, 0);
}

static void
frame_holds_the_registers(void)
{
	CHECK_EQ(seen.mc.rdi, sys(SYS_getpid));
	CHECK_EQ(seen.mc.rsi, SIGUSR1);
	CHECK_EQ(seen.mc.rdx, 0x1100220033004400);
	CHECK_EQ(seen.mc.r8, 0x88);
	CHECK_EQ(seen.mc.r9, 0x99);
	CHECK_EQ(seen.mc.r10, 0x1010);
	CHECK_EQ(seen.mc.rbx, 0xbbbb);
	CHECK_EQ(seen.mc.r12, 0x1212);
	CHECK_EQ(seen.mc.r13, 0x1313);
	CHECK_EQ(seen.mc.r14, 0x1414);
	CHECK_EQ(seen.mc.r15, 0x1515);
	CHECK_EQ(seen.mc.rax, 0); /* the call's result, carry clear */
	CHECK_EQ(seen.mc.rflags & 0x201, 0x200);
	CHECK_EQ(seen.mc.rip, sent_rip);
	CHECK_EQ(seen.mc.rsp, sent_rsp);
	CHECK_EQ(seen.mc.cs, 0x43);
	CHECK_EQ(seen.mc.ss, 0x3b);
	CHECK_EQ(seen.mc.ds, 0x3b);
	CHECK_EQ(seen.mc.es, 0x3b);
	CHECK_EQ(seen.mc.fs, 0x13);
	CHECK_EQ(seen.mc.gs, 0x1b);
}

static void
frame_describes_itself(void)
{
	CHECK_EQ(seen.mc.len, 800);
	CHECK_EQ(seen.mc.fpformat, 0x10002);
	CHECK_EQ(seen.mc.ownedfp, 0x20001);
	CHECK_EQ(seen.mc.flags & ~8u, 5); /* HASSEGS, HASFPXSTATE */
	CHECK(seen.mc.xfpustate_len >= 64 + 256);
	CHECK_EQ(seen.mc.onstack, 0);
	CHECK_EQ(seen.stack.flags, SS_DISABLE);
	CHECK_EQ(seen.flags, 0);
	CHECK_EQ(seen_info.signo, SIGUSR1);
	CHECK_EQ(seen_info.code, SI_USER);
	CHECK_EQ(seen_info.pid, sys(SYS_getpid));
	CHECK_EQ(seen_info.uid, sys(SYS_getuid));
	CHECK_EQ(seen_info.error, 0);
}

/* What a program has in all its registers comes back, however the handler leaves them. */
static void
clobber(int signo, struct siginfo *si, struct ucontext *uc)
{
	static uint64_t junk[8] = {~0ull, 0x5a5a5a5a5a5a5a5a, ~0ull, 1, 2, 3, 4, 5};
	uint32_t mxcsr = 0x1fff, back = 0x1f80;

	(void)signo, (void)si, (void)uc;
	hits++;
	__asm__ volatile("vmovdqu %0, %%ymm0\n\tvmovdqa %%ymm0, %%ymm1\n\tvmovdqa %%ymm0, %%ymm7\n\tvmovdqa %%ymm0, %%ymm15\n\t"
	                 "fninit\n\tfldpi\n\tfldl2e\n\tldmxcsr %1\n\tldmxcsr %2"
	                 :
	                 : "m"(junk), "m"(mxcsr), "m"(back)
	                 : "xmm0", "xmm1", "xmm7", "xmm15");
}

static void
vectors_and_x87_survive_a_handler(void)
{
	static uint64_t in[16][4], out[16][4];
	uint32_t mxcsr = 0x3fa0, mxcsr2, plain = 0x1f80;
	uint16_t cw = 0x27f, cw2, sw;
	double x = 0;
	uint64_t pid = (uint64_t)sys(SYS_getpid);

	handle(SIGUSR1, clobber, SA_SIGINFO);
	hits = 0;
	for (int i = 0; i < 64; i++)
		in[i / 4][i % 4] = 0x0101010101010101ull * (uint64_t)(i + 1);
	__asm__ volatile("vmovdqu 0(%[in]), %%ymm0\n\tvmovdqu 32(%[in]), %%ymm1\n\tvmovdqu 224(%[in]), %%ymm7\n\t"
	                 "vmovdqu 480(%[in]), %%ymm15\n\tfninit\n\tfldcw %[cw]\n\tldmxcsr %[mx]\n\tfld1\n\tfldlg2\n\t"
	                 "mov $37, %%eax\n\tmov $30, %%esi\n\tsyscall\n\t"
	                 "vmovdqu %%ymm0, 0(%[out])\n\tvmovdqu %%ymm1, 32(%[out])\n\tvmovdqu %%ymm7, 224(%[out])\n\t"
	                 "vmovdqu %%ymm15, 480(%[out])\n\tstmxcsr %[mx2]\n\tfnstcw %[cw2]\n\tfnstsw %[sw]\n\tfstp %%st(0)\n\t"
	                 "fstpl %[x]\n\tfninit\n\tldmxcsr %[plain]"
	                 : [mx2] "=m"(mxcsr2), [cw2] "=m"(cw2), [sw] "=m"(sw), [x] "=m"(x)
	                 : [in] "r"(in), [out] "r"(out), "D"(pid), [cw] "m"(cw), [mx] "m"(mxcsr), [plain] "m"(plain)
	                 : "rax", "rcx", "rdx", "rsi", "r11", "xmm0", "xmm1", "xmm7", "xmm15", "cc", "memory");
	CHECK_EQ(hits, 1);
	for (int i = 0; i < 16; i++)
		if (i == 0 || i == 1 || i == 7 || i == 15)
			CHECK(!memcmp(in[i], out[i], 32));
	CHECK_EQ(mxcsr2, mxcsr);
	CHECK_EQ(cw2, cw);
	CHECK_EQ(sw >> 11 & 7, 6); /* two values on the stack */
	CHECK(x == 1.0);
}

static bool
has_avx512(void)
{
	uint32_t a = 7, b, c = 0, d, lo, hi;

	__asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	__asm__("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	return b >> 16 & 1 && (lo & 0xe6) == 0xe6;
}

static void
clobber512(int signo)
{
	(void)signo;
	hits++;
	__asm__ volatile("vpternlogd $0xff, %%zmm5, %%zmm5, %%zmm5\n\tvpternlogd $0xff, %%zmm29, %%zmm29, %%zmm29\n\t"
	                 "kxnorq %%k3, %%k3, %%k3"
	                 :
	                 :
	                 : "xmm5");
}

__attribute__((target("avx512f,avx512bw"))) static void
avx512_survives_a_handler(void)
{
	static uint64_t in[2][8], out[2][8];
	uint64_t k = 0x123456789abcdef0, k2 = 0, pid = (uint64_t)sys(SYS_getpid);

	if (!has_avx512())
		return;
	handle(SIGUSR1, clobber512, 0);
	hits = 0;
	for (int i = 0; i < 16; i++)
		in[i / 8][i % 8] = 0x1111111111111111ull * (uint64_t)i;
	__asm__ volatile("vmovdqu64 0(%[in]), %%zmm5\n\tvmovdqu64 64(%[in]), %%zmm29\n\tkmovq %[k], %%k3\n\t"
	                 "mov $37, %%eax\n\tmov $30, %%esi\n\tsyscall\n\t"
	                 "vmovdqu64 %%zmm5, 0(%[out])\n\tvmovdqu64 %%zmm29, 64(%[out])\n\tkmovq %%k3, %[k2]"
	                 : [k2] "=m"(k2)
	                 : [in] "r"(in), [out] "r"(out), "D"(pid), [k] "m"(k)
	                 : "rax", "rcx", "rdx", "rsi", "r11", "xmm5", "cc", "memory");
	CHECK_EQ(hits, 1);
	CHECK(!memcmp(in, out, sizeof(in)));
	CHECK_EQ(k2, k);
}

/* A handler may change what it returns to. */
static void
edit(int signo, struct siginfo *si, struct ucontext *uc)
{
	(void)signo, (void)si;
	hits++;
	uc->mc.rbx = 0x7777;
	uc->mc.rflags |= 0x8c1; /* OF SF ZF CF */
	memset(uc->mc.fpstate + 160 + 16 * 3, 0xa5, 16); /* xmm3 */
	memset(&uc->mask, 0, sizeof(uc->mask));
	uc->mask.bits[0] = 1u << (SIGUSR2 - 1);
}

static void
handler_edits_take_effect(void)
{
	uint64_t rbx, flags, x[2], pid = (uint64_t)sys(SYS_getpid);
	struct sigset now;

	handle(SIGUSR1, edit, SA_SIGINFO);
	__asm__ volatile("mov $1, %%ebx\n\tmov $37, %%eax\n\tmov $30, %%esi\n\tsyscall\n\tpushfq\n\tpop %1\n\tmov %%rbx, %0\n\t"
	                 "movdqu %%xmm3, %2"
	                 : "=&r"(rbx), "=&r"(flags), "=m"(x)
	                 : "D"(pid)
	                 : "rax", "rbx", "rcx", "rdx", "rsi", "r11", "xmm3", "cc", "memory");
	CHECK_EQ(rbx, 0x7777);
	CHECK_EQ(flags & 0x8c1, 0x8c1);
	CHECK_EQ(x[0], 0xa5a5a5a5a5a5a5a5);
	CHECK_EQ(x[1], 0xa5a5a5a5a5a5a5a5);
	CHECK_EQ(sys(SYS_sigprocmask, 0, 0, &now), 0);
	CHECK_EQ(now.bits[0], 1u << (SIGUSR2 - 1));
	mask_one(SIG_UNBLOCK, SIGUSR2);
}

static void
sigreturn_refuses(void)
{
	struct ucontext uc = {{{0}}, .mc = {.cs = 0x43, .rflags = 0x202, .fpformat = 0x10002, .ownedfp = 0x20001}};

	CHECK_ERR(EFAULT, SYS_sigreturn, 16);
	uc.mc.flags = 0x10;
	CHECK_ERR(EINVAL, SYS_sigreturn, &uc);
	uc.mc.flags = 0;
	uc.mc.rflags = 0x3202; /* I/O privilege */
	CHECK_ERR(EINVAL, SYS_sigreturn, &uc);
	uc.mc.rflags = 0x202;
	uc.mc.fpformat = 0;
	CHECK_ERR(EINVAL, SYS_sigreturn, &uc);
	uc.mc.fpformat = 0x10002;
	uc.mc.ownedfp = 5;
	CHECK_ERR(EINVAL, SYS_sigreturn, &uc);
	uc.mc.ownedfp = 0x20001;
	uc.mc.flags = 4;
	uc.mc.xfpustate_len = 1 << 20;
	CHECK_ERR(EINVAL, SYS_sigreturn, &uc);
	uc.mc.xfpustate_len = 64;
	uc.mc.xfpustate = (void *)16;
	CHECK_ERR(EFAULT, SYS_sigreturn, &uc);
	uc.mc.xfpustate_len = 8;
	uc.mc.xfpustate = (void *)&uc;
	CHECK_ERR(EINVAL, SYS_sigreturn, &uc);
}

static char alt[65536] __attribute__((aligned(16)));
static volatile uint64_t deep[3];
static volatile int perm, alt_flags[2];

static void
inner(int signo)
{
	struct stack now;

	(void)signo;
	deep[1] = (uint64_t)__builtin_frame_address(0);
	sys(SYS_sigaltstack, 0, &now);
	alt_flags[1] = now.flags;
}

static void
outer(int signo, struct siginfo *si, struct ucontext *uc)
{
	struct stack now, other = {alt, 8192, 0};

	(void)signo, (void)si;
	deep[0] = (uint64_t)__builtin_frame_address(0);
	deep[2] = (uint64_t)uc->stack.flags;
	perm = (int)sys(SYS_sigaltstack, &other, 0);
	sys(SYS_sigaltstack, 0, &now);
	alt_flags[0] = now.flags;
	kill_self(SIGUSR2);
}

static bool
on_alt(uint64_t at)
{
	return at > (uint64_t)alt && at < (uint64_t)alt + sizeof(alt);
}

static void
alternate_stack_is_entered_once(void)
{
	struct stack ss = {alt, sizeof(alt), 0}, now;

	CHECK_EQ(sys(SYS_sigaltstack, &ss, 0), 0);
	handle(SIGUSR1, outer, SA_SIGINFO | SA_ONSTACK);
	handle(SIGUSR2, inner, SA_ONSTACK);
	kill_self(SIGUSR1);
	CHECK(on_alt(deep[0]) && on_alt(deep[1]));
	CHECK(deep[1] < deep[0]); /* nested: further down, not from the top again */
	CHECK_EQ(deep[2], 0);     /* uc_stack: was not on it */
	CHECK_EQ(perm, -EPERM);
	CHECK_EQ(alt_flags[0], SS_ONSTACK);
	CHECK_EQ(alt_flags[1], SS_ONSTACK);
	CHECK_EQ(sys(SYS_sigaltstack, 0, &now), 0);
	CHECK_EQ(now.flags, 0); /* sigreturn left it */
}

static void
alternate_stack_is_checked(void)
{
	struct stack bad = {alt, 65536, 2}, small = {alt, 2047, 0}, least = {alt, 2048, 0}, off = {0, 0, SS_DISABLE}, now;

	CHECK_ERR(EINVAL, SYS_sigaltstack, &bad, 0);
	CHECK_ERR(ENOMEM, SYS_sigaltstack, &small, 0);
	CHECK_EQ(sys(SYS_sigaltstack, &least, 0), 0);
	CHECK_ERR(EFAULT, SYS_sigaltstack, 16, 0);
	CHECK_EQ(sys(SYS_sigaltstack, &off, &now), 0);
	CHECK(now.sp == alt && now.size == 2048 && now.flags == 0);
	CHECK_EQ(sys(SYS_sigaltstack, 0, &now), 0);
	CHECK(now.sp == alt && now.size == 2048 && now.flags == SS_DISABLE); /* switched off, not forgotten */
}

static void
bad_stack_is_death_by_sigill(void)
{
	int64_t pid = sys(SYS_fork);

	if (pid == 0) {
		handle(SIGUSR1, inner, 0);
		pid = sys(SYS_getpid);
		__asm__ volatile("mov $4096, %%esp\n\tmov $37, %%eax\n\tmov $30, %%esi\n\tsyscall" : : "D"(pid) : "rax", "memory");
	}
	CHECK_EQ(status_of(pid, 0) & 0x7f, SIGILL);
}

const struct test tests[] = {
    {"frame_lies_where_the_kernel_puts_it", frame_lies_where_the_kernel_puts_it},
    {"frame_holds_the_registers", frame_holds_the_registers},
    {"frame_describes_itself", frame_describes_itself},
    {"vectors_and_x87_survive_a_handler", vectors_and_x87_survive_a_handler},
    {"avx512_survives_a_handler", avx512_survives_a_handler},
    {"handler_edits_take_effect", handler_edits_take_effect},
    {"sigreturn_refuses", sigreturn_refuses},
    {"alternate_stack_is_entered_once", alternate_stack_is_entered_once},
    {"alternate_stack_is_checked", alternate_stack_is_checked},
    {"bad_stack_is_death_by_sigill", bad_stack_is_death_by_sigill},
    {0},
};
