/*
 * Code slabs: small executable regions in the guest's half, near the code that jumps to them.  They are private
 * anonymous pages, so that a forked child gets copies of its own; they are never writable where they can be executed:
 * a page is replaced by a changed copy with mremap, which is atomic for all threads.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "abi/core/gm.h"
#include "abi/core/host.h"
#include "loader/native.h"
#include "loader/patch_impl.h"

#define SLAB_SIZE 16384u
#define SLAB_HEAD NATIVE_STUB /* the entry's address stands at the start */

struct native_slab native_slabs[NATIVE_SLABS];
uint32_t native_nslabs;

static uint32_t used[NATIVE_SLABS];
static const void *entry_addr;

void
slab_setup(const void *entry)
{
	entry_addr = entry;
}

int
code_write(uint64_t at, const void *bytes, uint32_t n)
{
	uint64_t start = GM_PAGE_DOWN(at), len = GM_PAGE_UP(at + n) - start;
	uint8_t *copy = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (copy == MAP_FAILED)
		return -ENOMEM;
	memcpy(copy, (const void *)start, len);
	memcpy(copy + (at - start), bytes, n);
	if (mprotect(copy, len, PROT_READ | PROT_EXEC) ||
	    mremap(copy, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)start) == MAP_FAILED) {
		munmap(copy, len);
		return -errno;
	}
	return 0;
}

static uint64_t
new_slab(struct gm *m, uint64_t lo, uint64_t hi)
{
	uint64_t first = GM_PAGE_UP(lo), last = GM_PAGE_DOWN(hi);
	struct gm_map_req q = {.len = SLAB_SIZE,
	                       .prot = PROT_READ | PROT_EXEC,
	                       .host_flags = MAP_PRIVATE | MAP_ANONYMOUS,
	                       .fd = -1,
	                       .how = GM_FIXED | GM_EXCL,
	                       .kind = GM_OURS,
	                       .name = "[dragoman stubs]"};
	uint32_t n = native_nslabs;

	if (n == NATIVE_SLABS)
		return 0;
	q.addr = gm_hole_locked(m, first, last + SLAB_SIZE, SLAB_SIZE);
	if (!q.addr || gm_map_locked(m, &q) < 0)
		return 0;
	if (code_write(q.addr, &entry_addr, sizeof(entry_addr)))
		return 0;
	used[n] = SLAB_HEAD;
	native_slabs[n] = (struct native_slab){q.addr, q.addr + SLAB_SIZE};
	/* Handlers read the list: the entry is complete before it counts. */
	__atomic_store_n(&native_nslabs, n + 1, __ATOMIC_RELEASE);
	return q.addr;
}

uint64_t
slab_take(struct gm *m, uint64_t lo, uint64_t hi)
{
	for (int tries = 0; tries < 2; tries++) {
		for (uint32_t i = 0; i < native_nslabs; i++) {
			uint64_t at = native_slabs[i].lo + used[i];

			if (at < lo) /* skip ahead: windows of 64 KiB are narrow, slabs are cheap */
				at = (lo + NATIVE_STUB - 1) & ~(uint64_t)(NATIVE_STUB - 1);
			if (at < native_slabs[i].lo || at > hi || at + NATIVE_STUB > native_slabs[i].hi)
				continue;
			used[i] = (uint32_t)(at + NATIVE_STUB - native_slabs[i].lo);
			return at;
		}
		if (!new_slab(m, lo, hi))
			return 0;
	}
	return 0;
}

uint64_t
slab_slot(uint64_t at)
{
	for (uint32_t i = 0; i < native_nslabs; i++)
		if (at >= native_slabs[i].lo && at < native_slabs[i].hi)
			return native_slabs[i].lo;
	return 0;
}

bool
slab_lost(uint64_t start, uint64_t end)
{
	bool lost = false;

	for (uint32_t i = 0; i < native_nslabs; i++) {
		if (native_slabs[i].lo >= end || native_slabs[i].hi <= start)
			continue;
		/* Handlers find nothing in it from now on; the entry stays. */
		__atomic_store_n(&native_slabs[i].hi, 0, __ATOMIC_RELAXED);
		lost = true;
	}
	return lost;
}
