/* x87 and vector state of x86-64 guests as XSAVE images. */
#include "abi/core/cpu_x64.h"

#include <cpuid.h>
#include <string.h>

#include "abi/core/cpu_x64_asm.h"

uint64_t
x64_xcr0(void)
{
	uint32_t lo, hi;

	__asm__("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	/* x87, SSE, AVX, AVX-512: what the full lane saves.  PKRU and AMX stay the host's. */
	return (lo | (uint64_t)hi << 32) & X64_XSTATE_MASK;
}

static uint32_t
xsave_size(void)
{
	uint32_t size = 512 + 64;
	uint64_t mask = x64_xcr0();

	for (unsigned i = 2; i < 8; i++) {
		uint32_t len, off, c, d;

		if (!(mask >> i & 1))
			continue;
		__cpuid_count(0xd, i, len, off, c, d);
		if (off + len > size)
			size = off + len;
	}
	return size;
}

static uint32_t
mxcsr_mask(void)
{
	uint8_t area[512] __attribute__((aligned(16)));
	uint32_t mask;

	memset(area, 0, sizeof(area));
	__asm__ volatile("fxsave64 %0" : "=m"(area));
	memcpy(&mask, area + 28, 4);
	return mask ? mask : 0xffbf;
}

/*
 * The same at each signal, and asked for at each: CPUID leaves a virtual machine, which takes 1 to 70 microseconds.
 * Threads may find it out at once; they find the same.
 */
static uint32_t
once(uint32_t *cache, uint32_t (*find)(void))
{
	uint32_t v = __atomic_load_n(cache, __ATOMIC_RELAXED);

	if (!v) {
		v = find();
		__atomic_store_n(cache, v, __ATOMIC_RELAXED);
	}
	return v;
}

uint32_t
x64_xsave_size(void)
{
	static uint32_t cache;

	return once(&cache, xsave_size);
}

uint32_t
x64_mxcsr_mask(void)
{
	static uint32_t cache;

	return once(&cache, mxcsr_mask);
}

void
x64_fpu_get(const struct x64_vec *vec, void *area)
{
	memset((uint8_t *)area + 512, 0, 64);
	x64_fpu_get_asm(vec, area, x64_xcr0());
}

void
x64_fpu_set(struct x64_vec *vec, const void *area)
{
	x64_fpu_set_asm(vec, area, x64_xcr0());
}
