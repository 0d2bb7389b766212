/*
 * sysarch: segment bases.  Source: FreeBSD manual amd64_set_fsbase(2), machine/sysarch.h.
 */
#include <errno.h>

#include "abi/core/cpu_x64.h"
#include "abi/freebsd/fbsd.h"
#include "freebsd-amd64.h"

enum { AMD64_GET_FSBASE = 128, AMD64_SET_FSBASE, AMD64_GET_GSBASE, AMD64_SET_GSBASE };

long
fbsd_sysarch(struct thread *t, int op, uint64_t parms)
{
	struct cpu_x64 *c = t->cpu;
	uint64_t base;

	switch (op) {
	case AMD64_GET_FSBASE:
		return gm_store64(parms, c->fsbase);
	case AMD64_GET_GSBASE:
		return gm_store64(parms, c->owns_gs ? c->gsbase : 0);
	case AMD64_SET_FSBASE:
	case AMD64_SET_GSBASE:
		if (gm_load64(parms, &base))
			return -EFAULT;
		if (!gm_inside(base, 1))
			return -EINVAL;
		if (op == AMD64_SET_FSBASE) {
			c->fsbase = base;
		} else {
			t->task->hooks->guest_owns_gs(t);
			c->gsbase = base;
		}
		return 0;
	}
	return -EINVAL;
}
