/*
 * Loadable segments: are they where they say, do they fit, can they be mapped?
 */
#include "loader/elf_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "abi/core/gm.h"

#define SPAN_MAX                                                                                   \
	(1ull << 40) /* of a position-independent image: what the address choice leaves room for   \
		      */
#define ALIGN_MAX (1ull << 30)

typedef unsigned long long ull;

static uint32_t
seg_prot(uint32_t flags)
{
	return ((flags & PF_R) ? PROT_READ : 0) | ((flags & PF_W) ? PROT_WRITE : 0) |
	       ((flags & PF_X) ? PROT_EXEC : 0);
}

/* What holds for any segment that has bytes in the file and in memory. */
static int
seg_check_sizes(struct elf_reader *r, uint32_t i)
{
	const GElf_Phdr *p = &r->ph[i];

	if (p->p_filesz > p->p_memsz)
		return elf_fail(r, -ENOEXEC,
				"segment %u: %#llx bytes in the file but only %#llx in memory", i,
				(ull)p->p_filesz, (ull)p->p_memsz);
	/* A segment of zeroes alone may say any offset: nothing is read there. */
	if (p->p_filesz > 0 && !elf_in_file(r, p->p_offset, p->p_filesz))
		return elf_fail(
		    r, -ENOEXEC,
		    "segment %u: %#llx bytes at %#llx do not fit in a file of %#llx bytes", i,
		    (ull)p->p_filesz, (ull)p->p_offset, (ull)r->size);
	if (p->p_align != 0 && (p->p_align & (p->p_align - 1)) != 0)
		return elf_fail(r, -ENOEXEC, "segment %u: alignment %#llx is no power of two", i,
				(ull)p->p_align);
	if (p->p_align > ALIGN_MAX)
		return elf_fail(r, -ENOEXEC,
				"segment %u: alignment %#llx, at most %#llx can be met", i,
				(ull)p->p_align, ALIGN_MAX);
	return 0;
}

static int
seg_check_place(struct elf_reader *r, uint32_t i)
{
	const GElf_Phdr *p = &r->ph[i];
	uint64_t top = r->img->class64 ? UINT64_MAX : UINT32_MAX;
	uint64_t lo = GM_LO, hi = r->img->class64 ? GM_HI : 1ull << 32;

	if (p->p_vaddr > top || p->p_memsz > top - p->p_vaddr ||
	    GM_PAGE_UP(p->p_vaddr + p->p_memsz) < p->p_vaddr)
		return elf_fail(r, -ENOEXEC, "segment %u: %#llx bytes at address %#llx wrap around",
				i, (ull)p->p_memsz, (ull)p->p_vaddr);
	if (p->p_filesz > 0 && ((p->p_vaddr ^ p->p_offset) & (GM_PAGE - 1)) != 0)
		return elf_fail(
		    r, -ENOEXEC,
		    "segment %u: address %#llx and file offset %#llx differ within the page", i,
		    (ull)p->p_vaddr, (ull)p->p_offset);
	if (r->img->type == ET_EXEC && (p->p_vaddr < lo || p->p_vaddr + p->p_memsz > hi))
		return elf_fail(
		    r, -ENOEXEC,
		    "segment %u: addresses %#llx to %#llx, programs can have %#llx to %#llx", i,
		    (ull)p->p_vaddr, (ull)(p->p_vaddr + p->p_memsz), (ull)lo, (ull)hi);
	return 0;
}

/* Against the loadable segment before it, which lies at index @before of the file's headers. */
static int
seg_check_order(struct elf_reader *r, uint32_t i, uint32_t before)
{
	const GElf_Phdr *p = &r->ph[i], *q = &r->ph[before];
	uint64_t end = q->p_vaddr + q->p_memsz;

	if (p->p_vaddr < q->p_vaddr)
		return elf_fail(r, -ENOEXEC,
				"segment %u: address %#llx is below segment %u at %#llx", i,
				(ull)p->p_vaddr, before, (ull)q->p_vaddr);
	if (p->p_vaddr < end)
		return elf_fail(r, -ENOEXEC,
				"segment %u: address %#llx lies inside segment %u (%#llx to %#llx)",
				i, (ull)p->p_vaddr, before, (ull)q->p_vaddr, (ull)end);
	if (GM_PAGE_DOWN(p->p_vaddr) >= GM_PAGE_UP(end))
		return 0;
	/* Mapping the second replaces the page that both touch: nothing is lost only if both take
	 * all of it from one place in the file. */
	if (q->p_memsz > q->p_filesz || p->p_filesz == 0)
		return elf_fail(r, -ENOEXEC,
				"segment %u: shares the page at %#llx with segment %u, and one has "
				"zeroes there",
				i, (ull)GM_PAGE_DOWN(p->p_vaddr), before);
	if (p->p_vaddr - p->p_offset != q->p_vaddr - q->p_offset)
		return elf_fail(r, -ENOEXEC,
				"segment %u: shares the page at %#llx with segment %u, from "
				"another file offset",
				i, (ull)GM_PAGE_DOWN(p->p_vaddr), before);
	return 0;
}

static int
segs_check_all(struct elf_reader *r)
{
	const struct image *img = r->img;
	const struct image_seg *last = &img->seg[img->nseg - 1];
	uint64_t span = last->vaddr + last->memsz - img->seg[0].vaddr;
	uint64_t entry =
	    img->machine == EM_ARM ? img->entry & ~1ull : img->entry; /* bit 0 says Thumb */

	if (img->type == ET_DYN && span > SPAN_MAX)
		return elf_fail(
		    r, -ENOEXEC,
		    "segments: %#llx bytes from first to last, at most %#llx can be placed",
		    (ull)span, SPAN_MAX);
	if (img->type == ET_DYN && img->entry == 0)
		return r->any ? 0
			      : elf_fail(r, -ENOEXEC,
					 "a shared library (entry point 0), not a program");
	for (uint32_t i = 0; i < img->nseg; i++)
		if ((img->seg[i].prot & PROT_EXEC) && entry >= img->seg[i].vaddr &&
		    entry - img->seg[i].vaddr < img->seg[i].memsz)
			return 0;
	return elf_fail(r, -ENOEXEC, "entry point %#llx: in no executable segment",
			(ull)img->entry);
}

static void
find_phdrs(struct image *img)
{
	uint64_t n = (uint64_t)img->phnum * img->phentsize;

	for (uint32_t i = 0; i < img->nseg; i++) {
		const struct image_seg *s = &img->seg[i];

		if (img->phoff >= s->offset && n <= s->filesz &&
		    img->phoff - s->offset <= s->filesz - n) {
			img->phdr_vaddr = s->vaddr + (img->phoff - s->offset);
			return;
		}
	}
}

/* Segments that only tell something. */
static int
note_marks(struct elf_reader *r, uint32_t i)
{
	const GElf_Phdr *p = &r->ph[i];

	if (p->p_type == PT_GNU_STACK)
		r->img->exec_stack = (p->p_flags & PF_X) != 0;
	/* PT_OPENBSD_*: RANDOMIZE, WXNEEDED, NOBTCFI, SYSCALLS; BOOTDATA (OpenBSD
	 * sys/sys/exec_elf.h) */
	if ((p->p_type >= 0x65a3dbe6 && p->p_type <= 0x65a3dbe9) || p->p_type == 0x65a41be6)
		r->img->openbsd_segments++;
	if (p->p_type != PT_TLS)
		return 0;
	r->img->has_tls = true;
	return seg_check_sizes(r, i);
}

int
elf_read_segments(struct elf_reader *r)
{
	struct image *img = r->img;
	uint32_t before = UINT32_MAX;
	int e = 0;

	img->seg = calloc(r->nph, sizeof *img->seg);
	if (img->seg == NULL)
		return elf_fail(r, -ENOMEM, "no memory");
	for (uint32_t i = 0; i < r->nph; i++) {
		const GElf_Phdr *p = &r->ph[i];

		if (p->p_type != PT_LOAD) {
			e = note_marks(r, i);
			if (e < 0)
				return e;
			continue;
		}
		e = seg_check_sizes(r, i);
		if (e == 0 && p->p_memsz == 0)
			continue; /* loads nothing; linkers emit such */
		if (e == 0)
			e = seg_check_place(r, i);
		if (e == 0 && before != UINT32_MAX)
			e = seg_check_order(r, i, before);
		if (e < 0)
			return e;
		before = i;
		img->seg[img->nseg++] =
		    (struct image_seg){p->p_vaddr,  p->p_memsz, p->p_filesz,
				       p->p_offset, p->p_align, seg_prot(p->p_flags)};
	}
	if (img->nseg == 0)
		return elf_fail(r, -ENOEXEC, "program headers: %u, but none loads anything",
				r->nph);
	find_phdrs(img);
	return segs_check_all(r);
}

bool
elf_file_offset(const struct image *img, uint64_t vaddr, uint64_t n, uint64_t *ret_off)
{
	for (uint32_t i = 0; i < img->nseg; i++) {
		const struct image_seg *s = &img->seg[i];

		if (vaddr >= s->vaddr && n <= s->filesz && vaddr - s->vaddr <= s->filesz - n) {
			*ret_off = s->offset + (vaddr - s->vaddr);
			return true;
		}
	}
	return false;
}
