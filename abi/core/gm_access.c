/* Checked access to guest memory.  Fast lane: no libc in here. */
#include "abi/core/gm.h"

#include <errno.h>

#include "abi/core/guard.h"
#include "abi/core/host.h"
#include "abi/core/task.h"

static void *
host_ptr(uint64_t addr)
{
	return (void *)(uintptr_t)addr;
}

int
gm_read(void *dst, uint64_t src, uint64_t n)
{
	if (n == 0)
		return 0;
	if (!gm_inside(src, n))
		return -EFAULT;
	return (int)guard_copy(dst, host_ptr(src), n);
}

int
gm_write(uint64_t dst, const void *src, uint64_t n)
{
	if (n == 0)
		return 0;
	if (!gm_inside(dst, n))
		return -EFAULT;
	return (int)guard_copy(host_ptr(dst), src, n);
}

int
gm_zero(uint64_t dst, uint64_t n)
{
	if (n == 0)
		return 0;
	if (!gm_inside(dst, n))
		return -EFAULT;
	return (int)guard_zero(host_ptr(dst), n);
}

long
gm_read_str(char *dst, uint64_t src, uint64_t size)
{
	uint64_t room = src < GM_HI ? GM_HI - src : 0;
	uint64_t n = size < room ? size : room;
	long len;

	if (n == 0)
		return -EFAULT;
	len = guard_copy_str(dst, host_ptr(src), n);
	if (len < 0 || (uint64_t)len < n)
		return len;
	return n == size ? -ENAMETOOLONG : -EFAULT;
}

static int
word_ok(uint64_t addr, unsigned size)
{
	return gm_inside(addr, size) ? 0 : -EFAULT;
}

int
gm_load32(uint64_t addr, uint32_t *ret_val)
{
	int r = word_ok(addr, 4);

	return r ? r : (int)guard_load32(host_ptr(addr), ret_val);
}

int
gm_load64(uint64_t addr, uint64_t *ret_val)
{
	int r = word_ok(addr, 8);

	return r ? r : (int)guard_load64(host_ptr(addr), ret_val);
}

int
gm_store32(uint64_t addr, uint32_t val)
{
	int r = word_ok(addr, 4);

	return r ? r : (int)guard_store32(host_ptr(addr), val);
}

int
gm_store64(uint64_t addr, uint64_t val)
{
	int r = word_ok(addr, 8);

	return r ? r : (int)guard_store64(host_ptr(addr), val);
}

int
gm_cas32(uint64_t addr, uint32_t want, uint32_t val, uint32_t *ret_old)
{
	int r = word_ok(addr, 4);

	return r ? r : (int)guard_cas32(host_ptr(addr), want, val, ret_old);
}

int
gm_cas64(uint64_t addr, uint64_t want, uint64_t val, uint64_t *ret_old)
{
	int r = word_ok(addr, 8);

	return r ? r : (int)guard_cas64(host_ptr(addr), want, val, ret_old);
}
