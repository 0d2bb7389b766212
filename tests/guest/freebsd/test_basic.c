/* The call convention itself.  Source: FreeBSD sys/amd64/amd64/trap.c cpu_set_syscall_retval, by its observable results. */
#include "../kit/fbsd.h"
#include "../kit/kit.h"

static void
unknown_call_is_enosys_with_carry(void)
{
	struct ret r = call(470, 1, 2, 3);

	CHECK(r.carry);
	CHECK_EQ(r.val, ENOSYS);
	CHECK_EQ(r.val2, 3); /* rdx as it was */
}

static void
error_keeps_rdx(void)
{
	struct ret r = call(SYS_read, 999, 0, 77);

	CHECK(r.carry);
	CHECK_EQ(r.val, EBADF);
	CHECK_EQ(r.val2, 77);
}

static void
success_keeps_rdx_of_one_result_calls(void)
{
	struct ret r = call(SYS_getpid, 0, 0, 55);

	CHECK(!r.carry);
	CHECK(r.val > 0);
	CHECK_EQ(r.val2, 55);
}

static void
indirect_calls_shift_arguments(void)
{
	CHECK_EQ(sys(0, SYS_getpid), sys(SYS_getpid));
	CHECK_EQ(sys(SYS___syscall, SYS_write, 999, "x", 1), -EBADF);
	CHECK_EQ(sys(0, SYS_write, 1, "", 0), 0);
	CHECK_ERR(ENOSYS, 0, 470);
	CHECK_ERR(ENOSYS, 0, 0, SYS_getpid); /* sysent[0] is nosys: one level only */
}

/* The sixth argument of the call is the seventh of __syscall: on the stack, above a return address. */
static void
indirect_calls_find_arguments_on_the_stack(void)
{
	int64_t fd = sys(SYS_open, "/dev/zero", O_RDWR, 0);
	int64_t p = sys(SYS___syscall, SYS_mmap, 0, 4096, PROT_READ, MAP_PRIVATE, fd, 4096);

	CHECK(fd >= 0);
	CHECK(p > 0);
	CHECK_ERR(EINVAL, SYS___syscall, SYS_mmap, 0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANON, -1, 4096);
	CHECK_OK(SYS_munmap, p, 4096);
	CHECK_OK(SYS_close, fd);
}

static void
status_is_the_low_byte(void)
{
	static const int given[] = {0, 1, 77, 255, 256, -1};

	for (unsigned i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
		int status = -1;
		int64_t pid = sys(SYS_fork);

		if (pid == 0)
			call(SYS_exit, given[i]);
		CHECK(pid > 0);
		CHECK_EQ(sys(SYS_wait4, pid, &status, 0, 0), pid);
		CHECK_EQ(status, (given[i] & 255) << 8);
	}
}

static void
write_tells_how_much(void)
{
	struct ret r = call(SYS_pipe10);
	char buf[8] = {0};

	CHECK_EQ(sys(SYS_write, r.val2, "abcdef", 6), 6);
	CHECK_EQ(sys(SYS_write, r.val2, "", 0), 0);
	CHECK_EQ(sys(SYS_read, r.val, buf, 4), 4);
	CHECK(!memcmp(buf, "abcd", 4));
	CHECK_ERR(EBADF, SYS_write, r.val, "x", 1);
	CHECK_ERR(EFAULT, SYS_write, r.val2, 8, 1);
	CHECK_ERR(EINVAL, SYS_write, r.val2, buf, 1ull << 63); /* above IOSIZE_MAX */
	CHECK_OK(SYS_close, r.val);
	CHECK_OK(SYS_close, r.val2);
}

static void
pipe_returns_two_values(void)
{
	struct ret r = call(SYS_pipe10);
	char c = 0;

	CHECK(!r.carry);
	CHECK_EQ(sys(SYS_write, r.val2, "z", 1), 1);
	CHECK_EQ(sys(SYS_read, r.val, &c, 1), 1);
	CHECK_EQ(c, 'z');
	sys(SYS_close, r.val);
	sys(SYS_close, r.val2);
}

/* Every register but rax, rdx, rcx, r11 survives, on both lanes and through the trap as well as the patched site. */
long clobber_nr; /* named by the assembly below */
uint64_t clobber_bad;

static uint64_t
clobbered(long nr)
{
	clobber_nr = nr;
	__asm__ volatile("mov clobber_nr(%%rip), %%rax\n\t"
	                 "mov $0x1111, %%edi\n\tmov $0x2222, %%esi\n\tmov $0x3333, %%r8d\n\tmov $0x4704, %%r9d\n\t"
	                 "mov $0x5555, %%r10d\n\tmov $0x6666, %%r12d\n\tmov $0x7777, %%r13d\n\tmov $0x8888, %%r14d\n\t"
	                 "mov $0x9999, %%r15d\n\tmov $0xaaaa, %%ebx\n\t"
	                 "syscall\n\t"
	                 "xor $0x1111, %%rdi\n\txor $0x2222, %%rsi\n\txor $0x3333, %%r8\n\txor $0x4704, %%r9\n\t"
	                 "xor $0x5555, %%r10\n\txor $0x6666, %%r12\n\txor $0x7777, %%r13\n\txor $0x8888, %%r14\n\t"
	                 "xor $0x9999, %%r15\n\txor $0xaaaa, %%rbx\n\t"
	                 "or %%rsi, %%rdi\n\tor %%r8, %%rdi\n\tor %%r9, %%rdi\n\tor %%r10, %%rdi\n\tor %%r12, %%rdi\n\t"
	                 "or %%r13, %%rdi\n\tor %%r14, %%rdi\n\tor %%r15, %%rdi\n\tor %%rbx, %%rdi\n\t"
	                 "mov %%rdi, clobber_bad(%%rip)"
	                 :
	                 :
	                 : "rax", "rdi", "rsi", "rdx", "rcx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "rbx",
	                   "cc", "memory");
	return clobber_bad;
}

static void
registers_survive_calls(void)
{
	for (int i = 0; i < 5; i++) {
		CHECK_EQ(clobbered(SYS_getpid), 0);  /* fast lane */
		CHECK_EQ(clobbered(SYS_getppid), 0); /* fast lane with a host call */
		CHECK_EQ(clobbered(470), 0);         /* full lane */
	}
}

static void
vectors_survive_calls(void)
{
	for (int i = 0; i < 5; i++) {
		uint64_t in[4] = {1, 2, 3, 0xfeedfacecafebeefull}, out[4] = {0};

		__asm__ volatile("vmovdqu %1, %%ymm7\n\tmov $470, %%eax\n\tsyscall\n\tvmovdqu %%ymm7, %0"
		                 : "=m"(out)
		                 : "m"(in)
		                 : "rax", "rcx", "r11", "rdx", "xmm7", "cc");
		CHECK(!memcmp(in, out, sizeof(in)));
	}
}

static void
fpu_control_survives_calls(void)
{
	uint32_t mxcsr = 0x7fa0, back;
	uint16_t cw = 0x27f, cw2;

	__asm__ volatile("ldmxcsr %2\n\tfldcw %3\n\tmov $470, %%eax\n\tsyscall\n\tstmxcsr %0\n\tfnstcw %1"
	                 : "=m"(back), "=m"(cw2)
	                 : "m"(mxcsr), "m"(cw)
	                 : "rax", "rcx", "r11", "rdx", "cc");
	CHECK_EQ(back, mxcsr);
	CHECK_EQ(cw2, cw);
	mxcsr = 0x1f80;
	cw = 0x37f;
	__asm__ volatile("ldmxcsr %0\n\tfldcw %1" : : "m"(mxcsr), "m"(cw));
}

static void
red_zone_is_untouched(void)
{
	for (int i = 0; i < 5; i++) {
		uint64_t a = 0, b = 0;

		__asm__ volatile("movq $0x1234, -8(%%rsp)\n\tmovq $0x5678, -128(%%rsp)\n\tmov $470, %%eax\n\tsyscall\n\t"
		                 "mov -8(%%rsp), %0\n\tmov -128(%%rsp), %1"
		                 : "=&r"(a), "=&r"(b)
		                 :
		                 : "rax", "rcx", "r11", "rdx", "cc", "memory");
		CHECK_EQ(a, 0x1234);
		CHECK_EQ(b, 0x5678);
	}
}

static void
other_flags_survive_calls(void)
{
	for (int i = 0; i < 5; i++) {
		uint64_t fl;

		/* SF ZF AF PF OF set, carry comes back clear on success */
		__asm__ volatile("push $0x8d5\n\tpopfq\n\tmov $20, %%eax\n\tsyscall\n\t"
		                 "pushfq\n\tpop %0"
		                 : "=r"(fl)
		                 :
		                 : "rax", "rcx", "r11", "rdx", "cc", "memory");
		CHECK_EQ(fl & 0x8d5, 0x8d4);
	}
}

const struct test tests[] = {
    {"unknown_call_is_enosys_with_carry", unknown_call_is_enosys_with_carry},
    {"error_keeps_rdx", error_keeps_rdx},
    {"success_keeps_rdx_of_one_result_calls", success_keeps_rdx_of_one_result_calls},
    {"indirect_calls_shift_arguments", indirect_calls_shift_arguments},
    {"indirect_calls_find_arguments_on_the_stack", indirect_calls_find_arguments_on_the_stack},
    {"status_is_the_low_byte", status_is_the_low_byte},
    {"write_tells_how_much", write_tells_how_much},
    {"pipe_returns_two_values", pipe_returns_two_values},
    {"registers_survive_calls", registers_survive_calls},
    {"vectors_survive_calls", vectors_survive_calls},
    {"fpu_control_survives_calls", fpu_control_survives_calls},
    {"red_zone_is_untouched", red_zone_is_untouched},
    {"other_flags_survive_calls", other_flags_survive_calls},
    {0},
};
