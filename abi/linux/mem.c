/*
 * Memory calls: mmap munmap mprotect madvise brk.
 * Source: Linux manual section 2; include/uapi/asm-generic/mman*.h, which arm64 has as they are.
 */
#include <errno.h>
#include <sys/mman.h>

#include "abi/core/fd.h"
#include "abi/linux/linux.h"
#include "linux-aarch64.h"

#define ALL_PROT  (PROT_READ | PROT_WRITE | PROT_EXEC)
#define PROT_SEM_ 8u
#define TO_HOST   (MAP_NORESERVE | MAP_POPULATE | MAP_LOCKED | MAP_NONBLOCK)

/* Like the kernel's, PROT_WRITE and PROT_EXEC alone are readable by nobody; the CPU reads what it may write. */
static int
file_limits(const struct gm_map_req *q, uint32_t flags, uint32_t *ret_max)
{
	long fl;

	if (fd_is_ours(q->fd))
		return -EBADF;
	fl = host_call(SYS_fcntl, q->fd, 3 /* F_GETFL */);
	if (fl < 0)
		return (int)fl;
	*ret_max = ALL_PROT;
	if (flags & MAP_SHARED && (fl & 3) == 0)
		*ret_max &= ~(uint32_t)PROT_WRITE;
	return 0;
}

long
linux_mmap(struct thread *t, uint64_t at, uint64_t size, uint32_t prot, uint32_t flags, int fd, int64_t off)
{
	struct gm_map_req q = {.addr = at, .len = size, .prot = prot & ALL_PROT, .fd = -1, .kind = GM_ANON};
	uint32_t type = flags & MAP_TYPE;
	bool fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);

	if (off & (int64_t)(GM_PAGE - 1) || size == 0 || (type != MAP_SHARED && type != MAP_PRIVATE && type != MAP_SHARED_VALIDATE))
		return -EINVAL;
	if (fixed && at & (GM_PAGE - 1))
		return -EINVAL;
	if (GM_PAGE_UP(size) < size || (fixed && !gm_inside(at, GM_PAGE_UP(size))))
		return -ENOMEM;
	q.addr = GM_PAGE_DOWN(at);
	q.host_flags = (int)((type == MAP_PRIVATE ? MAP_PRIVATE : MAP_SHARED) | (flags & TO_HOST));
	q.how = fixed ? GM_FIXED | (flags & MAP_FIXED_NOREPLACE ? GM_EXCL : 0) : 0;
	if (flags & MAP_ANONYMOUS) {
		q.host_flags |= MAP_ANONYMOUS;
	} else {
		int r;

		q.fd = fd;
		q.offset = (uint64_t)off;
		q.kind = GM_FILE;
		r = file_limits(&q, flags, &q.maxprot);
		if (r)
			return r;
	}
	return gm_map(t->task->gm, &q);
}

long
linux_munmap(struct thread *t, uint64_t at, uint64_t size)
{
	uint64_t len = GM_PAGE_UP(size);

	if (at & (GM_PAGE - 1) || size == 0 || len < size || !gm_inside(at, len))
		return -EINVAL;
	return gm_unmap(t->task->gm, at, len);
}

long
linux_mprotect(struct thread *t, uint64_t at, uint64_t size, uint32_t prot)
{
	uint64_t len = GM_PAGE_UP(size);

	if (at & (GM_PAGE - 1) || prot & ~(ALL_PROT | PROT_SEM_))
		return -EINVAL;
	if (len == 0)
		return size ? -ENOMEM : 0;
	if (len < size || !gm_inside(at, len))
		return -ENOMEM;
	return gm_protect(t->task->gm, at, len, prot & ALL_PROT);
}

/* Advice that changes nothing but what the host does with its own pages. */
static bool
advice_known(int advice)
{
	return (advice >= MADV_NORMAL && advice <= MADV_DONTNEED) || (advice >= MADV_FREE && advice <= MADV_KEEPONFORK) ||
	       advice == MADV_COLD || advice == MADV_PAGEOUT;
}

long
linux_madvise(struct thread *t, uint64_t at, uint64_t size, int advice)
{
	uint64_t len = GM_PAGE_UP(size);

	if (at & (GM_PAGE - 1) || len < size || !advice_known(advice))
		return -EINVAL;
	if (len == 0)
		return 0;
	if (!gm_inside(at, len) || !gm_covered(t->task->gm, at, len))
		return -ENOMEM;
	return host_call(SYS_madvise, at, len, advice);
}

/* An impossible wish changes nothing and tells the old end. */
long
linux_brk(struct thread *t, uint64_t to)
{
	struct task *task = t->task;
	uint64_t old = GM_PAGE_UP(task->brk_now), end = GM_PAGE_UP(to);

	if (to < task->brk_start || to > task->brk_max)
		return (long)task->brk_now;
	if (end > old) {
		struct gm_map_req q = {.addr = old,
		                       .len = end - old,
		                       .prot = PROT_READ | PROT_WRITE,
		                       .host_flags = MAP_PRIVATE | MAP_ANONYMOUS,
		                       .fd = -1,
		                       .how = GM_FIXED | GM_EXCL,
		                       .kind = GM_ANON,
		                       .name = "[heap]"};

		if (gm_map(task->gm, &q) < 0)
			return (long)task->brk_now;
	} else if (end < old && gm_unmap(task->gm, end, old - end)) {
		return (long)task->brk_now;
	}
	task->brk_now = to;
	return (long)to;
}
