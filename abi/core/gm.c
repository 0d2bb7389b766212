/*
 * The guest's mappings: a sorted array, neighbours that agree are one entry.  Every change of the guest half of the
 * address space goes through here.  Questions about it are in gm_query.c, copies in and out in gm_access.c.
 */
#include "abi/core/gm.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "abi/core/diag.h"
#include "abi/core/gm_impl.h"
#include "abi/core/host.h"

/* FreeBSD places unhinted mappings above the data limit (32 GiB): programs that look see familiar addresses. */
#define GM_MMAP_BASE 0x800000000ull

typedef unsigned long long ull;

struct gm *
gm_new(void)
{
	struct gm *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	pthread_mutex_init(&m->lock, NULL);
	m->first_gap = GM_MMAP_BASE;
	m->limit = UINT64_MAX;
	return m;
}

void
gm_before_fork(struct gm *m)
{
	pthread_mutex_lock(&m->lock);
}

void
gm_after_fork_parent(struct gm *m)
{
	pthread_mutex_unlock(&m->lock);
}

void
gm_after_fork_child(struct gm *m)
{
	pthread_mutex_init(&m->lock, NULL);
}

void
gm_set_listener(struct gm *m, gm_changed_fn *changed, void *arg)
{
	m->changed = changed;
	m->changed_arg = arg;
}

/* Index of the first entry that ends after addr. */
uint32_t
gm_index_of(const struct gm *m, uint64_t addr)
{
	uint32_t lo = 0, hi = m->n;

	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;

		if (m->v[mid].end > addr)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

static int
insert_at(struct gm *m, uint32_t i, const struct vma *v)
{
	if (m->n == m->cap) {
		uint32_t cap = m->cap ? m->cap * 2 : 64;
		struct vma *p = realloc(m->v, cap * sizeof(*p));

		if (!p)
			return -ENOMEM;
		m->v = p;
		m->cap = cap;
	}
	memmove(&m->v[i + 1], &m->v[i], (m->n - i) * sizeof(*v));
	m->v[i] = *v;
	m->n++;
	return 0;
}

static void
remove_range(struct gm *m, uint32_t i, uint32_t count)
{
	memmove(&m->v[i], &m->v[i + count], (m->n - i - count) * sizeof(*m->v));
	m->n -= count;
}

static void
cut_front(struct vma *v, uint64_t start)
{
	if (v->kind == GM_FILE)
		v->offset += start - v->start;
	v->start = start;
}

/* Make addr a boundary between entries. */
static int
split(struct gm *m, uint64_t addr)
{
	uint32_t i = gm_index_of(m, addr);
	struct vma tail;

	if (i == m->n || m->v[i].start >= addr)
		return 0;
	tail = m->v[i];
	cut_front(&tail, addr);
	if (insert_at(m, i + 1, &tail))
		return -ENOMEM;
	m->v[i].end = addr;
	return 0;
}

static bool
mergeable(const struct vma *a, const struct vma *b)
{
	if (a->end != b->start || a->prot != b->prot || a->maxprot != b->maxprot || a->flags != b->flags ||
	    a->kind != b->kind || a->name != b->name)
		return false;
	if (a->kind == GM_FILE)
		return a->dev == b->dev && a->ino == b->ino && a->offset + (a->end - a->start) == b->offset;
	return a->kind != GM_OURS;
}

/* Join neighbours that agree, from the entry before i to the one after j. */
static void
merge(struct gm *m, uint32_t i, uint32_t j)
{
	uint32_t k = i ? i - 1 : 0;

	while (k + 1 < m->n && k <= j) {
		if (mergeable(&m->v[k], &m->v[k + 1])) {
			m->v[k].end = m->v[k + 1].end;
			remove_range(m, k + 1, 1);
			j = j ? j - 1 : 0;
		} else {
			k++;
		}
	}
}

/* Forget [start, end): the host's mapping is the caller's business. */
static int
forget(struct gm *m, uint64_t start, uint64_t end)
{
	uint32_t i, j;

	if (split(m, start) || split(m, end))
		return -ENOMEM;
	i = gm_index_of(m, start);
	for (j = i; j < m->n && m->v[j].start < end; j++)
		m->total -= m->v[j].end - m->v[j].start;
	if (j == i)
		return 0;
	remove_range(m, i, j - i);
	if (start < m->first_gap)
		m->first_gap = start > GM_MMAP_BASE ? start : GM_MMAP_BASE;
	if (m->changed)
		m->changed(m->changed_arg, start, end, true);
	return 0;
}

static int
record(struct gm *m, const struct vma *v)
{
	uint32_t i;
	int r = forget(m, v->start, v->end);

	if (r)
		return r;
	i = gm_index_of(m, v->start);
	r = insert_at(m, i, v);
	if (r)
		return r;
	m->total += v->end - v->start;
	merge(m, i, i);
	return 0;
}

int
gm_record(struct gm *m, const struct vma *v)
{
	int r;

	pthread_mutex_lock(&m->lock);
	r = record(m, v);
	pthread_mutex_unlock(&m->lock);
	return r;
}

static uint64_t
align_up(uint64_t a, uint64_t align)
{
	return (a + align - 1) & ~(align - 1);
}

/* First hole of len bytes at or above from and below limit; 0 when there is none. */
static uint64_t
find_hole(struct gm *m, uint64_t from, uint64_t limit, uint64_t len, uint64_t align)
{
	uint64_t at = align_up(from, align);
	uint32_t i = gm_index_of(m, at);

	for (; i < m->n; i++) {
		if (at + len <= m->v[i].start && at + len >= at)
			break;
		if (m->v[i].end > at)
			at = align_up(m->v[i].end, align);
	}
	return at + len <= limit && at + len > at ? at : 0;
}

static bool
hint_usable(struct gm *m, uint64_t addr, uint64_t len)
{
	uint32_t i;

	if (addr < GM_LO || !gm_inside(addr, len))
		return false;
	i = gm_index_of(m, addr);
	return i == m->n || m->v[i].start >= addr + len;
}

static uint64_t
choose(struct gm *m, const struct gm_map_req *q, uint64_t len, uint64_t from)
{
	uint64_t align = q->align_log2 > 12 ? 1ull << q->align_log2 : GM_PAGE;
	uint64_t hint = align_up(q->addr, align);
	uint64_t at;

	if (q->how & GM_BELOW_2G)
		return find_hole(m, from ? from : GM_LO + 0x100000, 0x80000000ull, len, align);
	if (!from && hint && hint_usable(m, hint, len))
		return hint;
	if (!from && hint >= GM_MMAP_BASE && hint < GM_HI) {
		at = find_hole(m, hint, GM_HI, len, align);
		if (at)
			return at;
	}
	at = find_hole(m, from ? from : m->first_gap, GM_HI, len, align);
	return at ? at : find_hole(m, GM_LO + 0x100000, GM_MMAP_BASE, len, align);
}

static long
host_map(uint64_t at, uint64_t len, const struct gm_map_req *q, int fixed)
{
	return host_call(SYS_mmap, at, len, q->prot, q->host_flags | fixed, q->fd, q->offset);
}

/* Something of the host's lies in the guest's half (it should not): step over it. */
static long
place_free(struct gm *m, const struct gm_map_req *q, uint64_t len)
{
	uint64_t from = 0;

	for (int tries = 0; tries < 64; tries++) {
		uint64_t at = choose(m, q, len, from);
		long r;

		if (!at)
			return -ENOMEM;
		r = host_map(at, len, q, MAP_FIXED_NOREPLACE);
		if (r != -EEXIST)
			return r;
		from = at + len;
	}
	return -ENOMEM;
}

static long
place_fixed(struct gm *m, const struct gm_map_req *q, uint64_t len)
{
	if (q->addr & (GM_PAGE - 1) || q->addr < GM_LO || !gm_inside(q->addr, len))
		return -EINVAL;
	if (q->how & GM_EXCL) {
		uint32_t i = gm_index_of(m, q->addr);

		for (; i < m->n && m->v[i].start < q->addr + len; i++)
			if (m->v[i].kind != GM_OURS)
				return -EEXIST;
	}
	/* Host first, then the books: a failure must leave both as they were. */
	return host_map(q->addr, len, q, MAP_FIXED);
}

static void
describe(struct vma *v, const struct gm_map_req *q, uint64_t at, uint64_t len)
{
	*v = (struct vma){
	    .start = at,
	    .end = at + len,
	    .prot = q->prot & (PROT_READ | PROT_WRITE | PROT_EXEC),
	    .maxprot = q->maxprot ? q->maxprot : PROT_READ | PROT_WRITE | PROT_EXEC,
	    .kind = q->kind,
	    .offset = q->fd >= 0 ? q->offset : 0,
	    .name = q->name,
	};
	if ((q->host_flags & MAP_TYPE) != MAP_PRIVATE)
		v->flags |= GM_SHARED;
	if ((q->prot & (PROT_WRITE | PROT_EXEC)) == (PROT_WRITE | PROT_EXEC))
		v->flags |= GM_WAS_WRITABLE;
}

long
gm_map_locked(struct gm *m, const struct gm_map_req *q)
{
	uint64_t len = GM_PAGE_UP(q->len);
	struct vma v;
	long at;

	if (len == 0)
		return q->len ? -ENOMEM : -EINVAL;
	if (q->kind != GM_OURS && !(q->how & GM_FIXED) && m->total + len > m->limit)
		return -ENOMEM;
	at = q->how & GM_FIXED ? place_fixed(m, q, len) : place_free(m, q, len);
	if (at >= 0) {
		uint64_t start = (uint64_t)at;

		describe(&v, q, start, len);
		if (record(m, &v))
			at = -ENOMEM;
		else if (start == m->first_gap)
			m->first_gap = start + len;
	}
	return at;
}

long
gm_map(struct gm *m, const struct gm_map_req *q)
{
	long at;

	pthread_mutex_lock(&m->lock);
	at = gm_map_locked(m, q);
	pthread_mutex_unlock(&m->lock);
	log_debug(LOG_MM, "map 0x%llx bytes at 0x%llx, prot %u: 0x%lx", (ull)q->len, (ull)q->addr, q->prot, at);
	return at;
}

uint64_t
gm_hole_locked(struct gm *m, uint64_t lo, uint64_t hi, uint64_t len)
{
	return find_hole(m, lo < GM_LO ? GM_LO : lo, hi < GM_HI ? hi : GM_HI, len, GM_PAGE);
}

int
gm_unmap(struct gm *m, uint64_t addr, uint64_t len)
{
	uint64_t n = GM_PAGE_UP(len);
	int r;

	if (addr & (GM_PAGE - 1) || n < len || !gm_inside(addr, n))
		return -EINVAL;
	pthread_mutex_lock(&m->lock);
	r = (int)host_call(SYS_munmap, addr, n);
	if (r == 0)
		r = forget(m, addr, addr + n);
	pthread_mutex_unlock(&m->lock);
	log_debug(LOG_MM, "unmap 0x%llx bytes at 0x%llx: %d", (ull)len, (ull)addr, r);
	return r;
}

/* What the entries of a range allow: 0, -ENOMEM for a hole, -EACCES beyond maxprot. */
int
gm_check_protect(struct gm *m, uint64_t addr, uint64_t end, uint32_t prot)
{
	uint64_t at = addr;

	for (uint32_t i = gm_index_of(m, addr); at < end; i++) {
		if (i == m->n || m->v[i].start > at || m->v[i].kind == GM_OURS)
			return -ENOMEM;
		if (prot & ~m->v[i].maxprot)
			return -EACCES;
		at = m->v[i].end;
	}
	return 0;
}

static void
set_prot(struct gm *m, uint64_t addr, uint64_t end, uint32_t prot)
{
	uint32_t first = gm_index_of(m, addr), i;

	for (i = first; i < m->n && m->v[i].start < end; i++) {
		if (m->v[i].prot & PROT_WRITE && prot & PROT_EXEC)
			m->v[i].flags |= GM_WAS_WRITABLE;
		m->v[i].prot = prot;
	}
	merge(m, first, i);
}

int
gm_protect(struct gm *m, uint64_t addr, uint64_t len, uint32_t prot)
{
	uint64_t n = GM_PAGE_UP(len);
	int r;

	if (addr & (GM_PAGE - 1) || n < len || !gm_inside(addr, n))
		return -EINVAL;
	pthread_mutex_lock(&m->lock);
	r = gm_check_protect(m, addr, addr + n, prot);
	if (r == 0 && (split(m, addr) || split(m, addr + n)))
		r = -ENOMEM;
	if (r == 0 && m->changed)
		m->changed(m->changed_arg, addr, addr + n, false);
	if (r == 0)
		r = (int)host_call(SYS_mprotect, addr, n, prot);
	if (r == 0)
		set_prot(m, addr, addr + n, prot);
	pthread_mutex_unlock(&m->lock);
	log_debug(LOG_MM, "protect 0x%llx bytes at 0x%llx, prot %u: %d", (ull)len, (ull)addr, prot, r);
	return r;
}

void
gm_limit(struct gm *m, uint64_t addr, uint64_t len, uint32_t maxprot)
{
	pthread_mutex_lock(&m->lock);
	if (!split(m, addr) && !split(m, addr + len))
		for (uint32_t i = gm_index_of(m, addr); i < m->n && m->v[i].start < addr + len; i++)
			m->v[i].maxprot &= maxprot;
	pthread_mutex_unlock(&m->lock);
}

void
gm_set_file(struct gm *m, uint64_t addr, uint64_t len, uint64_t dev, uint64_t ino)
{
	pthread_mutex_lock(&m->lock);
	for (uint32_t i = gm_index_of(m, addr); i < m->n && m->v[i].start < addr + len; i++) {
		m->v[i].dev = dev;
		m->v[i].ino = ino;
	}
	pthread_mutex_unlock(&m->lock);
}
