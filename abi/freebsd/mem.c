/*
 * Memory calls: mmap munmap mprotect madvise mincore msync minherit mlock munlock mlockall munlockall break.
 * Source: FreeBSD manual section 2 and the observable rules of sys/vm/vm_mmap.c.
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "abi/core/fd.h"
#include "abi/freebsd/fbsd.h"
#include "freebsd-amd64.h"

#define FBSD_MAP_SHARED       0x1u
#define FBSD_MAP_PRIVATE      0x2u
#define FBSD_MAP_FIXED        0x10u
#define FBSD_MAP_HASSEMAPHORE 0x200u
#define FBSD_MAP_STACK        0x400u
#define FBSD_MAP_NOSYNC       0x800u
#define FBSD_MAP_ANON         0x1000u
#define FBSD_MAP_GUARD        0x2000u
#define FBSD_MAP_EXCL         0x4000u
#define FBSD_MAP_NOCORE       0x20000u
#define FBSD_MAP_PREFAULT     0x40000u
#define FBSD_MAP_32BIT        0x80000u
#define FBSD_MAP_ALIGN_SHIFT  24
#define FBSD_MAP_ALIGN_MASK   0xff000000u
#define FBSD_MAP_KNOWN                                                                                        \
	(FBSD_MAP_SHARED | FBSD_MAP_PRIVATE | FBSD_MAP_FIXED | FBSD_MAP_HASSEMAPHORE | FBSD_MAP_STACK |       \
	 FBSD_MAP_NOSYNC | FBSD_MAP_ANON | FBSD_MAP_GUARD | FBSD_MAP_EXCL | FBSD_MAP_NOCORE |                 \
	 FBSD_MAP_PREFAULT | FBSD_MAP_32BIT | FBSD_MAP_ALIGN_MASK)
#define ALL_PROT       (PROT_READ | PROT_WRITE | PROT_EXEC)
#define PROT_MAX_SHIFT 16
#define SUPERPAGE_LOG2 21
#define PAGE_LOG2      12
#define OSREL_FSTRICT  1100036 /* P_OSREL_MAP_FSTRICT: a file is mapped shared or private, not neither */

struct mmap_call {
	uint64_t addr, len, pos, pageoff;
	uint32_t prot, maxprot, flags, align;
	int fd;
};

static bool
alignment(uint32_t flags, uint32_t *ret_log2)
{
	uint32_t a = (flags & FBSD_MAP_ALIGN_MASK) >> FBSD_MAP_ALIGN_SHIFT;

	*ret_log2 = a == 1 ? SUPERPAGE_LOG2 : a;
	return a == 0 || a == 1 || (a >= PAGE_LOG2 && a < 64);
}

/* Every rule that depends on the arguments alone. */
static int
check_mmap(struct mmap_call *c)
{
	uint32_t guard_ok = FBSD_MAP_FIXED | FBSD_MAP_GUARD | FBSD_MAP_EXCL | FBSD_MAP_32BIT | FBSD_MAP_ALIGN_MASK;

	if ((c->prot & ~(ALL_PROT | ALL_PROT << PROT_MAX_SHIFT)) || c->flags & ~FBSD_MAP_KNOWN)
		return -EINVAL;
	c->maxprot = c->prot >> PROT_MAX_SHIFT;
	c->prot &= ALL_PROT;
	if (c->maxprot && (c->prot & ~c->maxprot))
		return -ENOTSUP;
	if (c->len == 0 || (c->flags & FBSD_MAP_ANON && (c->fd != -1 || c->pos != 0)))
		return -EINVAL;
	if (c->flags & FBSD_MAP_STACK) {
		if (c->fd != -1 || (c->prot & (PROT_READ | PROT_WRITE)) != (PROT_READ | PROT_WRITE))
			return -EINVAL;
		c->flags |= FBSD_MAP_ANON;
		c->pos = 0;
	}
	if ((c->flags & (FBSD_MAP_EXCL | FBSD_MAP_FIXED)) == FBSD_MAP_EXCL)
		return -EINVAL;
	if ((c->flags & (FBSD_MAP_SHARED | FBSD_MAP_PRIVATE)) == (FBSD_MAP_SHARED | FBSD_MAP_PRIVATE))
		return -EINVAL;
	if (c->flags & FBSD_MAP_GUARD && (c->prot != PROT_NONE || c->fd != -1 || c->pos != 0 || c->flags & ~guard_ok))
		return -EINVAL;
	if (!alignment(c->flags, &c->align))
		return -EINVAL;
	c->pageoff = c->pos & (GM_PAGE - 1);
	c->pos -= c->pageoff;
	if (c->len + c->pageoff < c->len)
		return -EINVAL;
	c->len += c->pageoff;
	if (c->flags & FBSD_MAP_FIXED) {
		c->addr -= c->pageoff;
		if (c->addr & (GM_PAGE - 1) || !gm_inside(c->addr, GM_PAGE_UP(c->len)))
			return -EINVAL;
		if (c->flags & FBSD_MAP_32BIT && c->addr + c->len > 0x80000000ull)
			return -EINVAL;
	}
	return 0;
}

/* A shared mapping can never become more writable than the descriptor. */
static int
file_limits(const struct mmap_call *c, struct gm_map_req *q)
{
	long fl;

	if (fd_is_ours(c->fd))
		return -EBADF;
	fl = host_call(SYS_fcntl, c->fd, 3 /* F_GETFL */);
	if (fl < 0)
		return (int)fl;
	if (!q->maxprot)
		q->maxprot = ALL_PROT;
	if (c->flags & FBSD_MAP_SHARED && (fl & 3) == 0)
		q->maxprot &= ~(uint32_t)PROT_WRITE;
	return 0;
}

static long
do_mmap(struct thread *t, struct mmap_call *c)
{
	struct gm_map_req q = {.addr = c->addr,
	                       .len = c->len,
	                       .prot = c->prot,
	                       .maxprot = c->maxprot,
	                       .fd = -1,
	                       .align_log2 = c->align,
	                       .kind = GM_ANON};
	struct stat st;
	long at;

	q.host_flags = c->flags & FBSD_MAP_SHARED ? MAP_SHARED : MAP_PRIVATE;
	if (c->flags & FBSD_MAP_FIXED)
		q.how |= GM_FIXED;
	if (c->flags & FBSD_MAP_EXCL)
		q.how |= GM_EXCL;
	if (c->flags & FBSD_MAP_32BIT)
		q.how |= GM_BELOW_2G;
	if (c->flags & FBSD_MAP_PREFAULT)
		q.host_flags |= MAP_POPULATE;
	if (c->flags & FBSD_MAP_GUARD) {
		q.kind = GM_GUARD;
		q.host_flags |= MAP_ANONYMOUS | MAP_NORESERVE;
	} else if (c->flags & FBSD_MAP_ANON) {
		q.host_flags |= MAP_ANONYMOUS | MAP_NORESERVE;
	} else {
		int r = file_limits(c, &q);

		if (r)
			return r;
		if (!(c->flags & (FBSD_MAP_SHARED | FBSD_MAP_PRIVATE)) && fbsd_task(t)->osrel >= OSREL_FSTRICT)
			return -EINVAL;
		q.fd = c->fd;
		q.offset = c->pos;
		q.kind = GM_FILE;
	}
	at = gm_map(t->task->gm, &q);
	if (at == -EEXIST)
		return -ENOMEM; /* FIXED|EXCL over something: KERN_NO_SPACE */
	if (at < 0)
		return at;
	if (q.kind == GM_FILE && !fstat(c->fd, &st))
		gm_set_file(t->task->gm, (uint64_t)at, c->len, st.st_dev, st.st_ino);
	return at + (long)c->pageoff;
}

long
fbsd_mmap(struct thread *t, uint64_t addr, uint64_t len, uint32_t prot, uint32_t flags, int fd, int64_t pos)
{
	struct mmap_call c = {.addr = addr, .len = len, .pos = (uint64_t)pos, .prot = prot, .flags = flags, .fd = fd};
	int r = check_mmap(&c);

	return r ? r : do_mmap(t, &c);
}

/* Its offset stands behind a pad, on the stack. */
long
fbsd_freebsd6_mmap(struct thread *t, uint64_t addr, uint64_t len, uint32_t prot, uint32_t flags, int fd, int pad, int64_t pos)
{
	return fbsd_mmap(t, addr, len, prot, flags, fd, pos);
}

/* Calls that take a range round it outwards to pages. */
static int
page_range(uint64_t *addr, uint64_t *len)
{
	uint64_t off = *addr & (GM_PAGE - 1), n = *len + off;

	if (n < *len || GM_PAGE_UP(n) < n)
		return -EINVAL;
	*addr -= off;
	*len = GM_PAGE_UP(n);
	return gm_inside(*addr, *len) ? 0 : -EINVAL;
}

long
fbsd_munmap(struct thread *t, uint64_t addr, uint64_t len)
{
	int r;

	if (len == 0)
		return -EINVAL;
	r = page_range(&addr, &len);
	return r ? r : gm_unmap(t->task->gm, addr, len);
}

/* Holes and guards are passed over (vm_map_protect). */
long
fbsd_mprotect(struct thread *t, uint64_t addr, uint64_t len, uint32_t prot)
{
	uint32_t max = prot >> PROT_MAX_SHIFT;
	struct vma v;
	uint64_t end;
	int r = page_range(&addr, &len);

	if (r)
		return r;
	if (prot & ~(ALL_PROT | ALL_PROT << PROT_MAX_SHIFT))
		return -EINVAL;
	prot &= ALL_PROT;
	if (max && prot & ~max)
		return -ENOTSUP;
	for (end = addr + len; addr < end && gm_find(t->task->gm, addr, &v) && v.start < end; addr = v.end) {
		uint64_t from = v.start > addr ? v.start : addr, to = v.end < end ? v.end : end;

		if (v.kind == GM_GUARD || v.kind == GM_OURS)
			continue;
		r = gm_protect(t->task->gm, from, to - from, prot);
		if (r)
			return r;
		if (max)
			gm_limit(t->task->gm, from, to - from, max);
	}
	return 0;
}

/* MADV_DONTNEED only lowers priority on FreeBSD: Linux's would throw the contents away. */
long
fbsd_madvise(struct thread *t, uint64_t addr, uint64_t len, int behav)
{
	static const int8_t host[] = {MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, 20 /* MADV_COLD */,
	                              MADV_FREE,   -1,          -1,              MADV_DONTDUMP, MADV_DODUMP,
	                              -1};
	long r;

	if (behav < 0 || behav >= (int)sizeof(host))
		return -EINVAL;
	r = page_range(&addr, &len);
	if (r || host[behav] < 0 || len == 0)
		return r;
	r = host_call(SYS_madvise, addr, len, host[behav]);
	/* Holes are passed over; a mapping that cannot be freed keeps its contents, which MADV_FREE allows; an older
	 * kernel without MADV_COLD loses only the hint. */
	return r == -ENOMEM || r == -EINVAL ? 0 : r;
}

long
fbsd_mincore(struct thread *t, uint64_t addr, uint64_t len, uint64_t vec)
{
	uint8_t part[512];
	int r = page_range(&addr, &len);

	if (r)
		return -ENOMEM;
	for (uint64_t done = 0; done < len / GM_PAGE; done += sizeof(part)) {
		uint64_t n = len / GM_PAGE - done < sizeof(part) ? len / GM_PAGE - done : sizeof(part);
		long e = host_call(SYS_mincore, addr + done * GM_PAGE, n * GM_PAGE, part);

		if (e)
			return e;
		for (uint64_t i = 0; i < n; i++)
			part[i] &= 1;
		if (gm_write(vec + done, part, n))
			return -EFAULT;
	}
	return 0;
}

#define FBSD_MS_ASYNC      1
#define FBSD_MS_INVALIDATE 2

long
fbsd_msync(struct thread *t, uint64_t addr, uint64_t len, int flags)
{
	struct vma v;
	int r = page_range(&addr, &len), host = flags & FBSD_MS_ASYNC ? MS_ASYNC : MS_SYNC;

	if (r)
		return r;
	if (flags & ~(FBSD_MS_ASYNC | FBSD_MS_INVALIDATE) || flags == (FBSD_MS_ASYNC | FBSD_MS_INVALIDATE))
		return -EINVAL;
	if (len == 0) { /* the whole mapping that holds addr */
		if (!gm_find(t->task->gm, addr, &v) || v.start > addr)
			return -ENOMEM;
		addr = v.start;
		len = v.end - v.start;
	}
	return host_block(t, SYS_msync, addr, len, host | (flags & FBSD_MS_INVALIDATE ? MS_INVALIDATE : 0));
}

enum { INHERIT_SHARE, INHERIT_COPY, INHERIT_NONE, INHERIT_ZERO };

long
fbsd_minherit(struct thread *t, uint64_t addr, uint64_t len, int inherit)
{
	struct vma v;
	int r = page_range(&addr, &len);

	if (r)
		return r;
	switch (inherit) {
	case INHERIT_NONE:
		return host_call(SYS_madvise, addr, len, MADV_DONTFORK);
	case INHERIT_ZERO:
		return host_call(SYS_madvise, addr, len, MADV_WIPEONFORK);
	case INHERIT_COPY:
		r = (int)host_call(SYS_madvise, addr, len, MADV_DOFORK);
		if (r == 0)
			host_call(SYS_madvise, addr, len, MADV_KEEPONFORK);
		return r;
	case INHERIT_SHARE: /* what was mapped privately cannot become shared afterwards */
		if (!gm_find(t->task->gm, addr, &v) || v.start > addr)
			return 0;
		return v.flags & GM_SHARED ? 0 : -ENOTSUP;
	}
	return -EINVAL;
}

/* A range that wraps is EINVAL whatever the limits are; all else that is wrong with it is ENOMEM (kern_mlock). */
static long
lock_range(long nr, uint64_t addr, uint64_t len)
{
	uint64_t start = addr & ~(uint64_t)(GM_PAGE - 1), last = addr + len, end = GM_PAGE_UP(last);
	long r;

	if (last < addr || end < last)
		return -EINVAL;
	if (start == end)
		return 0;
	if (!gm_inside(start, end - start))
		return -ENOMEM;
	r = host_call(nr, start, end - start);
	return r == -EAGAIN ? -ENOMEM : r;
}

long
fbsd_mlock(struct thread *t, uint64_t addr, uint64_t len)
{
	return lock_range(SYS_mlock, addr, len);
}

long
fbsd_munlock(struct thread *t, uint64_t addr, uint64_t len)
{
	return lock_range(SYS_munlock, addr, len);
}

static int
lock_one(const struct vma *v, void *arg)
{
	if (v->kind == GM_GUARD || v->kind == GM_OURS)
		return 0;
	return (int)host_call(*(long *)arg, v->start, v->end - v->start);
}

#define FBSD_MCL_CURRENT 1
#define FBSD_MCL_FUTURE  2

/* Guest mappings one by one: MCL_CURRENT on the host would lock the monitor too. */
long
fbsd_mlockall(struct thread *t, int how)
{
	long nr = SYS_mlock;

	if (how == 0 || how & ~(FBSD_MCL_CURRENT | FBSD_MCL_FUTURE))
		return -EINVAL;
	if (how & FBSD_MCL_CURRENT)
		return gm_each(t->task->gm, lock_one, &nr);
	return 0;
}

long
fbsd_munlockall(struct thread *t)
{
	long nr = SYS_munlock;

	return gm_each(t->task->gm, lock_one, &nr);
}

/* The heap of old programs; returns the new break as FreeBSD 12 and later do. */
long
fbsd_break(struct thread *t, uint64_t nsize)
{
	struct task *task = t->task;
	uint64_t now = GM_PAGE_UP(task->brk_now), want = GM_PAGE_UP(nsize);
	struct gm_map_req q = {.addr = now,
	                       .prot = PROT_READ | PROT_WRITE,
	                       .host_flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
	                       .fd = -1,
	                       .how = GM_FIXED | GM_EXCL,
	                       .kind = GM_ANON,
	                       .name = "[heap]"};
	long r = 0;

	if (nsize < task->brk_start)
		return (long)task->brk_now;
	if (nsize > task->brk_max)
		return -ENOMEM;
	if (want > now) {
		q.len = want - now;
		r = gm_map(task->gm, &q);
	} else if (want < now) {
		r = gm_unmap(task->gm, want, now - want);
	}
	if (r < 0)
		return -ENOMEM;
	task->brk_now = nsize;
	return (long)nsize;
}
