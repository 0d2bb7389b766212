/*
 * Function names by address, for crash reports.  Section headers are for this alone, so they are read here, and what
 * they say is believed no further than the file reaches.
 */
#include "loader/elf_impl.h"

#include <stdlib.h>
#include <string.h>

#define SIZELESS 65536

struct image_symbols {
	Elf64_Sym *sym;
	uint64_t n;
	char *str;
	uint64_t strsz;
};

static int
find_table(const Elf64_Shdr *sh, uint32_t n, uint32_t type)
{
	for (uint32_t i = 0; i < n; i++)
		if (sh[i].sh_type == type && sh[i].sh_link < n && sh[i].sh_entsize == sizeof(Elf64_Sym) &&
		    sh[i].sh_size / sizeof(Elf64_Sym) <= ELF_SYM_MAX && sh[sh[i].sh_link].sh_type == SHT_STRTAB &&
		    sh[sh[i].sh_link].sh_size <= ELF_STR_MAX)
			return (int)i;
	return -1;
}

static bool
section(struct elf_reader *r, const Elf64_Shdr *s, char **ret)
{
	return elf_in_file(r, s->sh_offset, s->sh_size) && elf_read_new(r, s->sh_offset, s->sh_size, "symbols", ret) == 0;
}

static bool
read_tables(struct elf_reader *r, struct image_symbols *s)
{
	Elf64_Ehdr eh;
	uint64_t size;
	char *mem, *sym;
	int i;

	memcpy(&eh, r->head, sizeof(eh));
	size = (uint64_t)eh.e_shnum * sizeof(Elf64_Shdr);
	if (!r->img->class64 || eh.e_shentsize != sizeof(Elf64_Shdr) || eh.e_shnum == 0 ||
	    !elf_in_file(r, eh.e_shoff, size) || elf_read_new(r, eh.e_shoff, size, "section headers", &mem))
		return false;
	const Elf64_Shdr *sh = (void *)mem;

	i = find_table(sh, eh.e_shnum, SHT_SYMTAB);
	if (i < 0)
		i = find_table(sh, eh.e_shnum, SHT_DYNSYM);
	if (i >= 0 && section(r, &sh[i], &sym)) {
		s->sym = (void *)sym;
		s->n = sh[i].sh_size / sizeof(Elf64_Sym);
		s->strsz = sh[sh[i].sh_link].sh_size;
		if (!section(r, &sh[sh[i].sh_link], &s->str))
			s->str = NULL;
	}
	free(mem);
	return s->str != NULL;
}

void
image_symbols_close(struct image_symbols *s)
{
	if (!s)
		return;
	free(s->sym);
	free(s->str);
	free(s);
}

struct image_symbols *
image_symbols_open(const char *path)
{
	struct image_symbols *s = calloc(1, sizeof(*s));
	struct image img = {.fd = -1};
	struct elf_reader r = {0};
	struct diag d = {0};

	if (!s || image_open_any(path, &img, &d)) {
		free(s);
		return NULL;
	}
	if (elf_reader_again(&img, &d, &r) || !read_tables(&r, s)) {
		image_symbols_close(s);
		s = NULL;
	}
	free(r.ph);
	image_close(&img);
	return s;
}

const char *
image_symbol(const struct image_symbols *s, uint64_t addr, uint64_t *ret_off)
{
	const Elf64_Sym *best = NULL;

	for (uint64_t i = 0; i < s->n; i++) {
		const Elf64_Sym *y = &s->sym[i];
		uint32_t type = ELF64_ST_TYPE(y->st_info);

		if ((type != STT_FUNC && type != STT_NOTYPE) || y->st_shndx == SHN_UNDEF || y->st_value > addr ||
		    y->st_name == 0 || y->st_name >= s->strsz || (best && y->st_value < best->st_value))
			continue;
		/* A symbol without a size (assembly) covers what comes up to the next, within reason. */
		if (addr - y->st_value >= (y->st_size ? y->st_size : SIZELESS))
			continue;
		if (!best || y->st_value > best->st_value || type == STT_FUNC)
			best = y;
	}
	if (!best)
		return NULL;
	*ret_off = addr - best->st_value;
	return s->str + best->st_name;
}
