/* Says hello with its own path and arguments. */
#include "kit.h"

static void
hello(void)
{
	kit_printf("hello from FreeBSD/amd64, pid %ld, %d argument(s)\n", (long)sys(20), kit_argc);
}

const struct test tests[] = {{"hello", hello}, {0}};
