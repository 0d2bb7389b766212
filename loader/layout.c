/* Is everything of ours above the line? */
#include "loader/layout.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "abi/core/gm.h"

#define CARRY        "DRAGOMAN_STACK_LIMIT"
#define FINITE_STACK (8ul << 20)

static bool
below(uint64_t addr)
{
	return addr && addr < GM_HI;
}

static const char *
what_is_below(void)
{
	void *p = mmap(NULL, GM_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool anon = p != MAP_FAILED && below((uint64_t)p);

	if (p != MAP_FAILED)
		munmap(p, GM_PAGE);
	if (anon)
		return "an anonymous mapping";
	if (below(getauxval(AT_SYSINFO_EHDR)))
		return "the vDSO";
	if (below(getauxval(AT_BASE)))
		return "the run-time linker";
	if (below((uint64_t)&p))
		return "the stack";
	if (below((uint64_t)what_is_below))
		return "the program itself";
	return NULL;
}

int
layout_fix(char **argv, uint64_t *ret_stack, struct diag *d)
{
	const char *carried = getenv(CARRY), *low = what_is_below();
	struct rlimit rl;
	char text[32];

	if (getrlimit(RLIMIT_STACK, &rl))
		return diag_fail(d, -errno, "getrlimit: %s", strerror(errno));
	*ret_stack = carried ? strtoull(carried, NULL, 10) : rl.rlim_cur;
	unsetenv(CARRY);
	if (!low)
		return 0;
	if (carried)
		return diag_fail(d, -ENOMEM, "%s lies below 0x%llx, where guest memory must be", low, GM_HI);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)rl.rlim_cur);
	setenv(CARRY, text, 1);
	rl.rlim_cur = FINITE_STACK;
	if (setrlimit(RLIMIT_STACK, &rl) == 0)
		execv("/proc/self/exe", argv);
	return diag_fail(d, -errno, "%s lies below 0x%llx, and starting again failed: %s", low, GM_HI, strerror(errno));
}
