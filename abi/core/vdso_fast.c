/* The pointer through which clocks are read.  Fast lane: no libc in here. */
#include "abi/core/host.h"
#include "abi/core/vdso.h"

static int
bare_gettime(int64_t clock, struct timespec *ret_ts)
{
	return (int)host_call(SYS_clock_gettime, clock, ret_ts);
}

vdso_gettime_fn *vdso_gettime = bare_gettime;
