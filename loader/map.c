/* Segments of a program into guest memory. */
#include "loader/map.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PIE_BASE 0x1000000000ull

static void
extent(const struct image *img, uint64_t *ret_lo, uint64_t *ret_hi, uint64_t *ret_align)
{
	uint64_t lo = ~0ull, hi = 0, align = GM_PAGE;

	for (uint32_t i = 0; i < img->nseg; i++) {
		const struct image_seg *s = &img->seg[i];

		if (s->vaddr < lo)
			lo = s->vaddr;
		if (s->vaddr + s->memsz > hi)
			hi = s->vaddr + s->memsz;
		if (s->align > align)
			align = s->align;
	}
	*ret_lo = GM_PAGE_DOWN(lo);
	*ret_hi = GM_PAGE_UP(hi);
	*ret_align = align;
}

/* Reserve the whole span of a position-independent image, so that its segments keep their distances. */
static int
reserve(struct gm *m, const struct image *img, uint64_t want, uint64_t random, uint64_t *ret_bias, struct diag *d)
{
	uint64_t lo, hi, align;
	struct gm_map_req q = {.prot = PROT_NONE,
	                       .host_flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
	                       .fd = -1,
	                       .kind = GM_GUARD};
	long at;

	extent(img, &lo, &hi, &align);
	q.len = hi - lo;
	q.addr = want ? want : PIE_BASE + (random % 0x3000000ull) * GM_PAGE;
	q.align_log2 = (uint32_t)__builtin_ctzll(align);
	if (want)
		q.how = GM_FIXED | GM_EXCL;
	at = gm_map(m, &q);
	if (at < 0)
		return diag_fail(d, (int)at, "%s: no room for 0x%llx bytes: %s", img->path, (unsigned long long)q.len,
		                 strerror((int)-at));
	*ret_bias = (uint64_t)at - lo;
	return 0;
}

/* The part of a segment that comes from the file. */
static int
map_file(struct gm *m, const struct image *img, uint32_t i, uint64_t bias, struct diag *d)
{
	const struct image_seg *s = &img->seg[i];
	uint64_t start = GM_PAGE_DOWN(s->vaddr + bias), skip = s->vaddr + bias - start;
	uint64_t end = s->vaddr + bias + s->filesz;
	struct gm_map_req q = {.addr = start,
	                       .len = end - start,
	                       .prot = s->prot,
	                       .host_flags = MAP_PRIVATE,
	                       .fd = img->fd,
	                       .offset = s->offset - skip,
	                       .how = GM_FIXED,
	                       .kind = GM_FILE,
	                       .name = img->path};
	uint64_t tail = GM_PAGE_UP(end) - end;
	long r;

	if (s->memsz > s->filesz && tail && !(s->prot & PROT_WRITE))
		q.prot |= PROT_WRITE;
	r = gm_map(m, &q);
	if (r < 0)
		return diag_fail(d, (int)r, "%s: segment %u: mapping 0x%llx bytes at 0x%llx: %s", img->path, i,
		                 (unsigned long long)q.len, (unsigned long long)start, strerror((int)-r));
	/* The last page of the file part continues with zeroes, not with what follows in the file. */
	if (s->memsz > s->filesz && tail && gm_zero(end, tail))
		return diag_fail(d, -ENOEXEC, "%s: segment %u: the file ends before its last page", img->path, i);
	if (q.prot != s->prot)
		gm_protect(m, start, q.len, s->prot);
	return 0;
}

static int
map_segment(struct gm *m, const struct image *img, uint32_t i, uint64_t bias, struct diag *d)
{
	const struct image_seg *s = &img->seg[i];
	uint64_t file_end = GM_PAGE_UP(s->vaddr + bias + s->filesz);
	uint64_t mem_end = GM_PAGE_UP(s->vaddr + bias + s->memsz);
	struct gm_map_req q = {.prot = s->prot,
	                       .host_flags = MAP_PRIVATE | MAP_ANONYMOUS,
	                       .fd = -1,
	                       .how = GM_FIXED,
	                       .kind = GM_ANON};
	long r;

	if (s->filesz) {
		r = map_file(m, img, i, bias, d);
		if (r)
			return (int)r;
	} else {
		file_end = GM_PAGE_DOWN(s->vaddr + bias);
	}
	if (mem_end <= file_end)
		return 0;
	q.addr = file_end;
	q.len = mem_end - file_end;
	r = gm_map(m, &q);
	if (r < 0)
		return diag_fail(d, (int)r, "%s: segment %u: 0x%llx bytes of zeroes at 0x%llx: %s", img->path, i,
		                 (unsigned long long)q.len, (unsigned long long)q.addr, strerror((int)-r));
	return 0;
}

int
map_image(struct gm *m, const struct image *img, uint64_t want_base, uint64_t random, struct mapped *ret, struct diag *d)
{
	uint64_t lo, hi, align;

	ret->bias = 0;
	if (img->type == ET_DYN && reserve(m, img, want_base, random, &ret->bias, d))
		return d->code;
	for (uint32_t i = 0; i < img->nseg; i++)
		if (map_segment(m, img, i, ret->bias, d))
			return d->code;
	extent(img, &lo, &hi, &align);
	ret->low = lo + ret->bias;
	ret->high = hi + ret->bias;
	ret->entry = img->entry + ret->bias;
	ret->phdr = img->phdr_vaddr ? img->phdr_vaddr + ret->bias : 0;
	return 0;
}
