/* Initial registers and stack.  Source: FreeBSD exec_copyout_strings, exec_setregs, elf_common.h (design abi.md 2.2, 2.3). */
#include "../kit/fbsd.h"
#include "../kit/kit.h"

struct ps_strings {
	char **argv;
	int nargv;
	char **envp;
	int nenv;
};

static void
stack_is_aligned_as_the_kernel_does(void)
{
	CHECK_EQ(kit_start_rsp & 15, 8);
	CHECK_EQ(kit_start & 15, 0);
	CHECK_EQ(kit_start_rsp, ((kit_start - 8) & ~15ull) + 8);
}

static void
ps_strings_lead_to_the_vectors(void)
{
	const struct ps_strings *ps = (void *)kit_aux(AT_PS_STRINGS);

	CHECK(ps);
	CHECK(ps->argv == kit_argv);
	CHECK_EQ(ps->nargv, kit_argc);
	CHECK(ps->envp == kit_envp);
	CHECK(!ps->envp[ps->nenv]);
}

static void
auxv_tells_of_arguments(void)
{
	CHECK_EQ(kit_aux(AT_ARGC), kit_argc);
	CHECK_EQ(kit_aux(AT_ARGV), kit_argv);
	CHECK_EQ(kit_aux(AT_ENVV), kit_envp);
	CHECK_EQ(kit_aux(AT_PAGESZ), 4096);
	CHECK(kit_aux(AT_OSRELDATE) >= 1400000);
	CHECK(kit_aux(AT_NCPUS) >= 1);
	CHECK_EQ(kit_aux(AT_STACKPROT), PROT_READ | PROT_WRITE);
	CHECK_EQ(kit_aux(22), 0); /* no AT_TIMEKEEP */
}

static void
vectors_end_with_null_and_point_upwards(void)
{
	int n = 0;

	CHECK(kit_argc >= 1);
	CHECK(!kit_argv[kit_argc]);
	for (char **e = kit_envp; *e; e++, n++)
		CHECK((uint64_t)*e > kit_start);
	CHECK_EQ(kit_aux(AT_ENVC), n);
	for (int i = 0; i < kit_argc; i++)
		CHECK((uint64_t)kit_argv[i] > kit_start);
	CHECK(kit_env("TMPDIR") || n == 0 || kit_env("PATH"));
}

static void
auxv_names_each_type_once(void)
{
	char **p = kit_envp;
	uint64_t seen = 0;

	while (*p)
		p++;
	for (uint64_t *a = (uint64_t *)(p + 1); a[0]; a += 2) {
		CHECK(a[0] < 64);
		CHECK(!(seen >> a[0] & 1));
		seen |= 1ull << a[0];
	}
	for (int i = AT_PHDR; i <= AT_ENTRY; i++)
		CHECK(seen >> i & 1);
	for (int i = AT_EXECPATH; i <= AT_PAGESIZESLEN; i++)
		CHECK(seen >> i & 1);
	CHECK_EQ(kit_aux(AT_FLAGS), 0);
	CHECK_EQ(kit_aux(24), 0); /* AT_EHDRFLAGS: e_flags of amd64 */
	CHECK_EQ(kit_aux(27), 0); /* AT_BSDFLAGS: no sigfastblock */
}

/* exec_setregs clears the frame: rdi alone says something. */
static void
other_registers_are_zero(void)
{
	for (int i = 0; i < KIT_REG_COUNT; i++)
		if (i != KIT_REG_FLAGS)
			CHECK_EQ(kit_start_regs[i], 0);
	CHECK_EQ(kit_start_regs[KIT_REG_FLAGS] & 0xcd5, 0); /* OF DF SF ZF AF PF CF */
}

static void
entry_is_the_elf_entry(void)
{
	const unsigned char *elf = (void *)(kit_aux(AT_PHDR) & ~4095ull);

	CHECK_EQ(kit_aux(AT_ENTRY), *(const uint64_t *)(elf + 24));
}

static void
program_headers_are_ours(void)
{
	const unsigned char *elf = (void *)(kit_aux(AT_PHDR) & ~4095ull);

	CHECK(!memcmp(elf, "\177ELF", 4));
	CHECK_EQ(kit_aux(AT_PHENT), 56);
	CHECK(kit_aux(AT_PHNUM) >= 2);
	CHECK_EQ(kit_aux(AT_BASE), 0);
}

static void
exec_path_is_absolute_and_exists(void)
{
	const char *path = (void *)kit_aux(AT_EXECPATH);

	CHECK(path && path[0] == '/');
	CHECK_EQ(sys(SYS_faccessat, AT_FDCWD, path, 1, 0), 0);
}

static void
canary_is_random_bytes(void)
{
	const unsigned char *c = (void *)kit_aux(AT_CANARY);
	unsigned zero = 0;

	CHECK_EQ(kit_aux(AT_CANARYLEN), 64);
	for (int i = 0; i < 64; i++)
		zero += c[i] == 0;
	CHECK(zero < 16);
}

static void
page_sizes_begin_with_the_smallest(void)
{
	const uint64_t *p = (void *)kit_aux(AT_PAGESIZES);

	CHECK(kit_aux(AT_PAGESIZESLEN) >= 8);
	CHECK_EQ(p[0], 4096);
}

static void
thread_pointer_is_zero(void)
{
	uint64_t fs = 1;

	CHECK_EQ(sys(SYS_sysarch, 128, &fs), 0);
	CHECK_EQ(fs, 0);
	fs = 1;
	CHECK_EQ(sys(SYS_sysarch, 130, &fs), 0); /* AMD64_GET_GSBASE */
	CHECK_EQ(fs, 0);
}

static void
fpu_is_as_the_kernel_sets_it(void)
{
	uint32_t mxcsr;
	uint16_t cw;

	__asm__("stmxcsr %0\n\tfnstcw %1" : "=m"(mxcsr), "=m"(cw));
	CHECK_EQ(mxcsr, 0x1f80);
	CHECK_EQ(cw, 0x37f);
}

static void
stack_bounds_agree(void)
{
	uint64_t here = (uint64_t)__builtin_frame_address(0), top = kit_aux(AT_USRSTACKBASE), n = kit_aux(AT_USRSTACKLIM);

	CHECK(here < top && here > top - n);
}

static void
fs_base_can_be_set_and_survives_calls(void)
{
	static uint64_t block[8] = {0x1234};
	uint64_t base = (uint64_t)block, seen;

	CHECK_EQ(sys(SYS_sysarch, 129, &base), 0);
	sys(SYS_getpid);
	sys(470);
	__asm__("mov %%fs:0, %0" : "=r"(seen));
	CHECK_EQ(seen, 0x1234);
}

const struct test tests[] = {
    {"stack_is_aligned_as_the_kernel_does", stack_is_aligned_as_the_kernel_does},
    {"ps_strings_lead_to_the_vectors", ps_strings_lead_to_the_vectors},
    {"auxv_tells_of_arguments", auxv_tells_of_arguments},
    {"vectors_end_with_null_and_point_upwards", vectors_end_with_null_and_point_upwards},
    {"auxv_names_each_type_once", auxv_names_each_type_once},
    {"other_registers_are_zero", other_registers_are_zero},
    {"entry_is_the_elf_entry", entry_is_the_elf_entry},
    {"program_headers_are_ours", program_headers_are_ours},
    {"exec_path_is_absolute_and_exists", exec_path_is_absolute_and_exists},
    {"canary_is_random_bytes", canary_is_random_bytes},
    {"page_sizes_begin_with_the_smallest", page_sizes_begin_with_the_smallest},
    {"thread_pointer_is_zero", thread_pointer_is_zero},
    {"fpu_is_as_the_kernel_sets_it", fpu_is_as_the_kernel_sets_it},
    {"stack_bounds_agree", stack_bounds_agree},
    {"fs_base_can_be_set_and_survives_calls", fs_base_can_be_set_and_survives_calls},
    {0},
};
