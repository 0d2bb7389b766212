/*
 * Faults as signals: number, code, address, trap number, where rip stands.
 * Sources: FreeBSD sys/amd64/amd64/trap.c (trap, trap_pfault), machine/trap.h, sys/signal.h, siginfo(3).
 */
#include "../kit/signals.h"

static volatile int hits, signo_seen, code_seen, skip;
static volatile uint64_t addr_seen, rip_seen, uc_addr, err_seen;
static volatile uint32_t trapno_seen, reason_seen;
static volatile bool drop_trap_flag;

static void
note(int signo, struct siginfo *si, struct ucontext *uc)
{
	hits++;
	signo_seen = signo;
	code_seen = si->code;
	addr_seen = (uint64_t)si->addr;
	reason_seen = *(uint32_t *)si->reason;
	trapno_seen = uc->mc.trapno;
	rip_seen = uc->mc.rip;
	uc_addr = uc->mc.addr;
	err_seen = uc->mc.err;
	uc->mc.rip += (uint64_t)skip;
	if (drop_trap_flag)
		uc->mc.rflags &= ~0x100ull;
}

static void
expect(int signo, int length)
{
	hits = 0;
	skip = length;
	handle(signo, note, SA_SIGINFO);
}

#define CHECK_SEEN(signo, code, trapno)      \
	do {                                 \
		CHECK_EQ(hits, 1);           \
		CHECK_EQ(signo_seen, signo); \
		CHECK_EQ(code_seen, code);   \
		CHECK_EQ(trapno_seen, trapno); \
		CHECK_EQ(reason_seen, trapno); \
	} while (0)

#define AT(label)               \
	({                      \
		extern char label[]; \
		(uint64_t)label; \
	})

static void
unmapped_is_segv_maperr(void)
{
	expect(SIGSEGV, 2);
	__asm__ volatile("movl $0x123458, %%eax\nseg_at:\n\t.byte 0x8b, 0x00" : : : "rax");
	CHECK_SEEN(SIGSEGV, 1, 12);
	CHECK_EQ(addr_seen, 0x123458);
	CHECK_EQ(uc_addr, 0x123458);
	CHECK_EQ(rip_seen, AT(seg_at));
	CHECK_EQ(err_seen & 6, 4); /* a read by a program */
}

static void
far_above_is_segv_maperr(void)
{
	expect(SIGSEGV, 2);
	__asm__ volatile("movabs $0x7ffffffffff0, %%rax\n\t.byte 0x8b, 0x00" : : : "rax");
	CHECK_SEEN(SIGSEGV, 1, 12);
	CHECK_EQ(addr_seen, 0x7ffffffffff0);
}

static void
forbidden_is_segv_accerr(void)
{
	int64_t p = sys(SYS_mmap, 0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANON, -1, 0);

	CHECK_EQ(*(volatile char *)p, 0); /* there from now on, so the fault is one of protection */
	expect(SIGSEGV, 2);
	__asm__ volatile(".byte 0x88, 0x00" : : "a"(p + 7));
	CHECK_SEEN(SIGSEGV, 2, 12);
	CHECK_EQ(addr_seen, p + 7);
	CHECK_EQ(err_seen & 7, 7);
	sys(SYS_mprotect, p, 4096, PROT_NONE);
	expect(SIGSEGV, 2);
	__asm__ volatile(".byte 0x8a, 0x00" : "+a"(p));
	CHECK_SEEN(SIGSEGV, 2, 12);
}

static void
beyond_the_file_is_bus_objerr(void)
{
	char path[256];
	const char *dir = kit_dir();
	uint64_t n = strlen(dir);

	memcpy(path, dir, n);
	memcpy(path + n, "/short", 7);
	int64_t fd = sys(SYS_open, path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	CHECK(fd >= 0);
	int64_t p = sys(SYS_mmap, 0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p > 0);
	expect(SIGBUS, 2);
	__asm__ volatile(".byte 0x88, 0x00" : : "a"(p + 4096));
	CHECK_SEEN(SIGBUS, 3, 12); /* BUS_OBJERR */
	CHECK_EQ(addr_seen, p + 4096);
	sys(SYS_close, fd);
}

static void
non_canonical_is_bus_objerr(void)
{
	expect(SIGBUS, 2);
	__asm__ volatile("movabs $0x1234000000000000, %%rax\nnc_at:\n\t.byte 0x8b, 0x00" : : : "rax");
	CHECK_SEEN(SIGBUS, 3, 9);
	CHECK_EQ(addr_seen, AT(nc_at)); /* not the address: the CPU does not tell */
}

static void
privileged_instruction_is_bus_objerr(void)
{
	expect(SIGBUS, 1);
	__asm__ volatile("hlt");
	CHECK_SEEN(SIGBUS, 3, 9);
}

static void
undefined_instruction_is_ill_prvopc(void)
{
	expect(SIGILL, 2);
	__asm__ volatile("ill_at: ud2");
	CHECK_SEEN(SIGILL, 5, 1);
	CHECK_EQ(addr_seen, AT(ill_at));
	CHECK_EQ(rip_seen, AT(ill_at));
}

static void
breakpoint_is_trap_brkpt_after_it(void)
{
	expect(SIGTRAP, 0);
	__asm__ volatile("int3\nbp_after:");
	CHECK_SEEN(SIGTRAP, 1, 3);
	CHECK_EQ(rip_seen, AT(bp_after));
	CHECK_EQ(addr_seen, AT(bp_after));
}

static void
trap_flag_is_trap_trace(void)
{
	expect(SIGTRAP, 0);
	drop_trap_flag = true;
	__asm__ volatile("pushfq\n\torl $0x100, (%%rsp)\n\tpopfq\n\tnop\ntf_after:\n\tnop" : : : "cc", "memory");
	drop_trap_flag = false;
	CHECK_SEEN(SIGTRAP, 2, 10);
	CHECK_EQ(rip_seen, AT(tf_after));
}

static void
divisions_are_fpe_intdiv(void)
{
	expect(SIGFPE, 2);
	__asm__ volatile("xor %%ecx, %%ecx\n\txor %%edx, %%edx\n\tmov $1, %%eax\ndiv_at:\n\tdiv %%ecx" : : : "rax", "rcx", "rdx", "cc");
	CHECK_SEEN(SIGFPE, 2, 18);
	CHECK_EQ(addr_seen, AT(div_at));
	expect(SIGFPE, 2);
	__asm__ volatile("mov $-1, %%ecx\n\tmov $0x80000000, %%eax\n\tcltd\n\tidiv %%ecx" : : : "rax", "rcx", "rdx", "cc");
	CHECK_SEEN(SIGFPE, 2, 18);
}

static void
unmasked_sse_is_fpe_with_a_reason(void)
{
	static const struct {
		uint32_t mxcsr;
		double a, b;
		int code;
	} cases[] = {{0x1f00, 0, 0, 7}, {0x1d80, 1, 0, 3}, {0x1b80, 1e308, 1e-308, 4}};
	uint32_t plain = 0x1f80;

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		double a = cases[i].a;

		expect(SIGFPE, 4);
		__asm__ volatile("ldmxcsr %1\n\tdivsd %%xmm1, %%xmm0\n\tldmxcsr %3"
		                 : "+Yz"(a)
		                 : "m"(cases[i].mxcsr), "x"(cases[i].b), "m"(plain));
		CHECK_SEEN(SIGFPE, cases[i].code, 29);
	}
}

static void
unmasked_x87_is_fpe_fltdiv(void)
{
	uint16_t cw = 0x37b;

	expect(SIGFPE, 1);
	__asm__ volatile("fninit\n\tfldcw %0\n\tfldz\n\tfld1\n\tfdivp\n\t.byte 0x9b\n\tfninit" : : "m"(cw));
	CHECK_SEEN(SIGFPE, 3, 6);
}

static int
child_dies_of(void (*what)(void))
{
	int64_t pid = sys(SYS_fork);

	if (pid == 0) {
		what();
		call(SYS_exit, 99);
	}
	return status_of(pid, 0) & 0xff7f;
}

static void
fault_while_blocked(void)
{
	handle(SIGSEGV, note, SA_SIGINFO);
	mask_one(SIG_BLOCK, SIGSEGV);
	*(volatile int *)8 = 1;
}

static void
fault_while_ignored(void)
{
	handle(SIGFPE, (void *)1, 0);
	__asm__ volatile("xor %%ecx, %%ecx\n\txor %%edx, %%edx\n\tdiv %%ecx" : : : "rax", "rcx", "rdx", "cc");
}

static void
fault_by_default(void)
{
	handle(SIGILL, 0, 0);
	__asm__ volatile("ud2");
}

static void
abort_kills(void)
{
	sys(NR_abort2, "why", 0, 0);
}

static void
abort_with_bad_arguments(void)
{
	sys(NR_abort2, "why", 17, 0);
}

static void
faults_that_cannot_be_handled_kill(void)
{
	CHECK_EQ(child_dies_of(fault_while_blocked), SIGSEGV);
	CHECK_EQ(child_dies_of(fault_while_ignored), SIGFPE);
	CHECK_EQ(child_dies_of(fault_by_default), SIGILL);
	CHECK_EQ(child_dies_of(abort_kills), SIGABRT);
	CHECK_EQ(child_dies_of(abort_with_bad_arguments), SIGKILL);
}

/* Sent from outside a fault's number is a signal like any other. */
static void
sent_faults_are_plain_signals(void)
{
	static const int list[] = {SIGILL, SIGTRAP, SIGFPE, SIGBUS, SIGSEGV, SIGSYS};

	for (unsigned i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		int64_t me = sys(SYS_getpid), pid;
		struct sigset s = {{1u << (list[i] - 1)}};
		struct siginfo si;

		mask_one(SIG_BLOCK, list[i]);
		pid = sys(SYS_fork);
		if (pid == 0) {
			sys(SYS_kill, me, list[i]);
			call(SYS_exit, 0);
		}
		CHECK_EQ(sys(NR_sigwaitinfo, &s, &si), list[i]);
		CHECK_EQ(si.code, SI_USER);
		CHECK_EQ(si.pid, pid);
		status_of(pid, 0);
		mask_one(SIG_UNBLOCK, list[i]);
	}
}

const struct test tests[] = {
    {"unmapped_is_segv_maperr", unmapped_is_segv_maperr},
    {"far_above_is_segv_maperr", far_above_is_segv_maperr},
    {"forbidden_is_segv_accerr", forbidden_is_segv_accerr},
    {"beyond_the_file_is_bus_objerr", beyond_the_file_is_bus_objerr},
    {"non_canonical_is_bus_objerr", non_canonical_is_bus_objerr},
    {"privileged_instruction_is_bus_objerr", privileged_instruction_is_bus_objerr},
    {"undefined_instruction_is_ill_prvopc", undefined_instruction_is_ill_prvopc},
    {"breakpoint_is_trap_brkpt_after_it", breakpoint_is_trap_brkpt_after_it},
    {"trap_flag_is_trap_trace", trap_flag_is_trap_trace},
    {"divisions_are_fpe_intdiv", divisions_are_fpe_intdiv},
    {"unmasked_sse_is_fpe_with_a_reason", unmasked_sse_is_fpe_with_a_reason},
    {"unmasked_x87_is_fpe_fltdiv", unmasked_x87_is_fpe_fltdiv},
    {"faults_that_cannot_be_handled_kill", faults_that_cannot_be_handled_kill},
    {"sent_faults_are_plain_signals", sent_faults_are_plain_signals},
    {0},
};
