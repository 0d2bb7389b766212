/*
 * sysarch: FS and GS bases, and the size and bytes of the extended FPU state.
 * Source: FreeBSD sysarch(2), amd64_set_fsbase(3), machine/sysarch.h;
 * sys/amd64/amd64/sys_machdep.c.
 */
#include <errno.h>

#include "abi/core/cpu_x64.h"
#include "abi/freebsd/fbsd.h"
#include "freebsd-amd64.h"

#define I386_GET_FSBASE	    7
#define I386_SET_FSBASE	    8
#define I386_GET_GSBASE	    9
#define I386_SET_GSBASE	    10
#define I386_GET_XFPUSTATE  11
#define AMD64_GET_FSBASE    128
#define AMD64_SET_FSBASE    129
#define AMD64_GET_GSBASE    130
#define AMD64_SET_GSBASE    131
#define AMD64_GET_XFPUSTATE 132

#define USER_LIMIT  0x800000000000ull
#define XSAVE_MAX   4096u
#define FXSAVE_SIZE 512u

static uint64_t
gs_base(const struct thread *t)
{
	return t->cpu->owns_gs ? t->cpu->gsbase : 0;
}

/* The I386 forms pass 32 bits. */
static long
get_base(uint64_t parms, uint64_t base, uint32_t size)
{
	return gm_write(parms, &base, size);
}

static long
set_base(struct thread *t, uint64_t parms, uint32_t size, bool gs)
{
	uint64_t base = 0;

	if (gm_read(&base, parms, size))
		return -EFAULT;
	if (base >= USER_LIMIT)
		return -EINVAL;
	if (!gs) {
		t->cpu->fsbase = base;
		return 0;
	}
	t->task->hooks->guest_owns_gs(t);
	t->cpu->gsbase = base;
	return 0;
}

/* struct { u_int len; void *addr; }: what stands behind the 512 bytes of FXSAVE. */
static long
get_xfpustate(struct thread *t, uint64_t parms)
{
	uint8_t area[XSAVE_MAX] __attribute__((aligned(64)));
	uint32_t len, have = x64_xsave_size();
	uint64_t p[2];

	if (have > sizeof(area))
		return -EINVAL;
	if (gm_read(p, parms, sizeof(p)))
		return -EFAULT;
	len = (uint32_t)p[0];
	if (len > have - FXSAVE_SIZE)
		return -EINVAL;
	x64_fpu_get(t->cpu->vec, area);
	return gm_write(p[1], area + FXSAVE_SIZE, len);
}

long
fbsd_sysarch(struct thread *t, int op, uint64_t parms)
{
	switch (op) {
	case I386_GET_FSBASE:
		return get_base(parms, t->cpu->fsbase, 4);
	case AMD64_GET_FSBASE:
		return get_base(parms, t->cpu->fsbase, 8);
	case I386_SET_FSBASE:
		return set_base(t, parms, 4, false);
	case AMD64_SET_FSBASE:
		return set_base(t, parms, 8, false);
	case I386_GET_GSBASE:
		return get_base(parms, gs_base(t), 4);
	case AMD64_GET_GSBASE:
		return get_base(parms, gs_base(t), 8);
	case I386_SET_GSBASE:
		return set_base(t, parms, 4, true);
	case AMD64_SET_GSBASE:
		return set_base(t, parms, 8, true);
	case I386_GET_XFPUSTATE:
	case AMD64_GET_XFPUSTATE:
		return get_xfpustate(t, parms);
	}
	return -EINVAL;
}
