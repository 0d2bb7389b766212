/*
 * What a static program finds at its start.
 * Source: getauxval(3), execve(2), AAPCS64 6.4.5 (the stack pointer), Linux fs/binfmt_elf.c.
 */
#include "kit.h"

enum { AT_PHDR = 3, AT_PHENT = 4, AT_PHNUM = 5, AT_PAGESZ = 6, AT_ENTRY = 9, AT_UID = 11, AT_PLATFORM = 15, AT_HWCAP = 16,
       AT_CLKTCK = 17, AT_SECURE = 23, AT_RANDOM = 25, AT_EXECFN = 31 };
enum { HWCAP_ASIMD = 2, HWCAP_ATOMICS = 1 << 8 };

extern const char _start[];

static uint64_t
aux(const uint64_t (*v)[2], uint64_t type)
{
	for (; (*v)[0]; v++)
		if ((*v)[0] == type)
			return (*v)[1];
	return ~0ull;
}

int
test(uint64_t *start)
{
	uint64_t argc = start[0], n = 0;
	char **argv = (char **)(start + 1), **envp = argv + argc + 1;
	const uint64_t(*auxv)[2];

	CHECK((uint64_t)start % 16 == 0);
	CHECK(argc == 3 && same(argv[1], "one") && same(argv[2], "") && !argv[3]);
	while (envp[n])
		n++;
	CHECK(n == 1 && same(envp[0], "KEY=value"));
	auxv = (const uint64_t(*)[2])(envp + n + 1);
	CHECK(aux(auxv, AT_PAGESZ) == 4096);
	CHECK(aux(auxv, AT_CLKTCK) == 100);
	CHECK(aux(auxv, AT_PHENT) == 56);
	CHECK(aux(auxv, AT_PHNUM) > 0 && aux(auxv, AT_PHNUM) < 20);
	CHECK(*(const uint32_t *)aux(auxv, AT_PHDR) <= 7);
	CHECK(aux(auxv, AT_ENTRY) == (uint64_t)_start);
	CHECK(aux(auxv, AT_SECURE) == 0);
	CHECK(same((const char *)aux(auxv, AT_PLATFORM), "aarch64"));
	CHECK(*(const uint64_t *)aux(auxv, AT_RANDOM) != 0);
	CHECK((aux(auxv, AT_HWCAP) & HWCAP_ATOMICS) != 0);
	CHECK(length((const char *)aux(auxv, AT_EXECFN)) > 0);
	/* CTR_EL0 bit 31 is RES1 (Arm ARM D19.2.34) */
	__asm__("mrs %0, ctr_el0" : "=r"(n));
	CHECK(n >> 31 & 1);
	/* from a pool beside the code */
	__asm__("ldr %0, =0x123456789abcdef0" : "=r"(n));
	CHECK(n == 0x123456789abcdef0);
	say("ok\n");
	return 5;
}
