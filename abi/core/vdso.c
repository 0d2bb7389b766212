/*
 * Finding a function in the host's vDSO: an ELF image that the kernel has mapped, read with bounds checks.
 * Source: vdso(7), Linux Documentation/ABI/stable/vdso.
 */
#include "abi/core/vdso.h"

#include <elf.h>
#include <stdbool.h>
#include <string.h>
#include <sys/auxv.h>

#define VDSO_MAX (64u * 1024)

struct vdso {
	const uint8_t *image;
	uint64_t size, bias; /* bias: add to an address of the image to get an offset */
	const Elf64_Sym *sym;
	const char *str;
	uint64_t nsym, nstr;
};

static bool
inside(const struct vdso *v, uint64_t off, uint64_t n)
{
	return off <= v->size && n <= v->size - off;
}

static const Elf64_Phdr *
program_header(const struct vdso *v, uint32_t type)
{
	const Elf64_Ehdr *e = (const void *)v->image;

	for (unsigned i = 0; i < e->e_phnum; i++) {
		const Elf64_Phdr *p = (const void *)(v->image + e->e_phoff + (uint64_t)i * sizeof(*p));

		if (p->p_type == type)
			return p;
	}
	return NULL;
}

static bool
header_ok(struct vdso *v)
{
	const Elf64_Ehdr *e = (const void *)v->image;
	const Elf64_Phdr *load;

	if (!inside(v, 0, sizeof(*e)) || memcmp(e->e_ident, ELFMAG, SELFMAG) || e->e_ident[EI_CLASS] != ELFCLASS64 ||
	    e->e_phentsize != sizeof(Elf64_Phdr) || e->e_phoff % 8 ||
	    !inside(v, e->e_phoff, (uint64_t)e->e_phnum * sizeof(Elf64_Phdr)))
		return false;
	load = program_header(v, PT_LOAD);
	if (!load)
		return false;
	v->bias = load->p_offset - load->p_vaddr;
	return true;
}

/* The number of symbols stands in the hash table. */
static bool
count_symbols(struct vdso *v, uint64_t hash)
{
	const uint32_t *h = (const void *)(v->image + hash);

	if (hash % 4 || !inside(v, hash, 8))
		return false;
	v->nsym = h[1];
	return true;
}

/* GNU hash: follow the chain of the highest bucket to its end. */
static bool
count_gnu(struct vdso *v, uint64_t hash)
{
	const uint32_t *h = (const void *)(v->image + hash), *bucket, *chain;
	uint64_t at, max = 0;

	if (hash % 4 || !inside(v, hash, 16))
		return false;
	at = hash + 16 + h[2] * 8ull;
	if (!inside(v, at, h[0] * 4ull))
		return false;
	bucket = (const void *)(v->image + at);
	for (uint32_t i = 0; i < h[0]; i++)
		if (bucket[i] > max)
			max = bucket[i];
	if (max < h[1])
		return false;
	at += h[0] * 4ull + (max - h[1]) * 4;
	for (chain = (const void *)(v->image + at); inside(v, at, 4); chain++, at += 4, max++) {
		if (*chain & 1) {
			v->nsym = max + 1;
			return true;
		}
	}
	return false;
}

static bool
read_dynamic(struct vdso *v)
{
	const Elf64_Phdr *p = program_header(v, PT_DYNAMIC);
	uint64_t sym = 0, str = 0, hash = 0, gnu = 0;

	if (!p || p->p_offset % 8 || !inside(v, p->p_offset, p->p_filesz))
		return false;
	for (uint64_t i = 0; i < p->p_filesz / sizeof(Elf64_Dyn); i++) {
		const Elf64_Dyn *d = (const Elf64_Dyn *)(const void *)(v->image + p->p_offset) + i;

		switch (d->d_tag) {
		case DT_SYMTAB:
			sym = d->d_un.d_ptr + v->bias;
			break;
		case DT_STRTAB:
			str = d->d_un.d_ptr + v->bias;
			break;
		case DT_STRSZ:
			v->nstr = d->d_un.d_val;
			break;
		case DT_HASH:
			hash = d->d_un.d_ptr + v->bias;
			break;
		case DT_GNU_HASH:
			gnu = d->d_un.d_ptr + v->bias;
			break;
		}
	}
	if (!sym || sym % 8 || !str || !(hash ? count_symbols(v, hash) : gnu && count_gnu(v, gnu)))
		return false;
	v->sym = (const void *)(v->image + sym);
	v->str = (const char *)v->image + str;
	return v->nsym <= v->size / sizeof(Elf64_Sym) && inside(v, sym, v->nsym * sizeof(Elf64_Sym)) &&
	       inside(v, str, v->nstr);
}

const void *
vdso_find(const uint8_t *image, uint64_t size, const char *name)
{
	struct vdso v = {.image = image, .size = size};
	uint64_t n = strlen(name) + 1;

	if (!header_ok(&v) || !read_dynamic(&v))
		return NULL;
	for (uint64_t i = 0; i < v.nsym; i++) {
		const Elf64_Sym *s = &v.sym[i];

		if (s->st_shndx != SHN_UNDEF && ELF64_ST_TYPE(s->st_info) == STT_FUNC && s->st_name < v.nstr &&
		    n <= v.nstr - s->st_name && !memcmp(v.str + s->st_name, name, n) &&
		    inside(&v, s->st_value + v.bias, s->st_size ? s->st_size : 1))
			return image + s->st_value + v.bias;
	}
	return NULL;
}

/* The image's length: the end of what its headers describe, of which the kernel maps whole pages. */
static uint64_t
image_size(const uint8_t *image)
{
	const Elf64_Ehdr *e = (const void *)image;
	uint64_t end = e->e_shoff + (uint64_t)e->e_shnum * e->e_shentsize;

	return end < VDSO_MAX ? end : VDSO_MAX;
}

void
vdso_setup(void)
{
	const uint8_t *image = (const uint8_t *)getauxval(AT_SYSINFO_EHDR);
	const void *fn = image ? vdso_find(image, image_size(image), "__vdso_clock_gettime") : NULL;

	if (fn)
		vdso_gettime = (vdso_gettime_fn *)(uintptr_t)fn;
}
