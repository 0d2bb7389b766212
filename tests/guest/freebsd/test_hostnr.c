/*
 * A call whose number is uretprobe on the host: recent kernels let it through any filter, so this is not run in seccomp mode.
 * Source: FreeBSD manual utrace(2), kern_ktrace.c.
 */
#include "../kit/fbsd.h"
#include "../kit/kit.h"

enum { SYS_utrace = 335 };

/* Nobody traces: the data are not even looked at. */
static void
utrace_records_for_nobody(void)
{
	char data[8] = "data";

	CHECK_EQ(sys(SYS_utrace, data, sizeof(data)), 0);
	CHECK_EQ(sys(SYS_utrace, 8, 1 << 20), 0);
}

const struct test tests[] = {
    {"utrace_records_for_nobody", utrace_records_for_nobody},
    {0},
};
