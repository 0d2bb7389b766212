/*
 * Undefined symbols, for inspect.
 *
 * The dynamic section gives no count of symbols.  DT_HASH has it; DT_GNU_HASH tells the first
 * hashed symbol, and the undefined ones all lie before it.
 */
#include "loader/elf_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long long ull;

static int
sym_count(struct elf_reader *r, const struct elf_dyn *dyn, uint32_t *ret_n)
{
	uint64_t at = dyn->has_hash ? dyn->hash : dyn->gnu_hash, off;
	uint32_t word[2]; /* nbucket nchain; or nbuckets symoffset */
	int e;

	*ret_n = 0;
	if (!dyn->has_symtab || (!dyn->has_hash && !dyn->has_gnu_hash))
		return 0;
	if (!elf_file_offset(r->img, at, sizeof word, &off))
		return elf_fail(r, -ENOEXEC,
				"dynamic section: hash table at address %#llx is in no segment",
				(ull)at);
	e = elf_read_at(r, off, word, sizeof word, "hash table");
	if (e < 0)
		return e;
	if (word[1] > ELF_SYM_MAX)
		return elf_fail(r, -ENOEXEC, "hash table: %u symbols, at most %u are read", word[1],
				ELF_SYM_MAX);
	*ret_n = word[1];
	return 0;
}

static int
sym_take(struct elf_reader *r, const struct elf_dyn *dyn, const char *str, const GElf_Sym *s,
	 uint32_t i, struct image_imports *imp)
{
	if (s->st_shndx != SHN_UNDEF || s->st_name == 0)
		return 0;
	if (s->st_name >= dyn->strsz)
		return elf_fail(r, -ENOEXEC,
				"symbol %u: name at %#x of a string table of %#llx bytes", i,
				s->st_name, (ull)dyn->strsz);
	if (strnlen(str + s->st_name, ELF_NAME_MAX) == ELF_NAME_MAX)
		return elf_fail(r, -ENOEXEC, "symbol %u: name at %#x is longer than %u bytes", i,
				s->st_name, ELF_NAME_MAX - 1);
	imp->name[imp->n] = (char *)str + s->st_name;
	imp->n++;
	imp->nweak += GELF_ST_BIND(s->st_info) == STB_WEAK;
	return 0;
}

static int
syms_walk(struct elf_reader *r, const struct elf_dyn *dyn, uint32_t n, char *str,
	  struct image_imports *imp)
{
	uint64_t size = (uint64_t)n * elf_entsize(r, ELF_T_SYM), off;
	struct elf_table t;
	int e;

	if (!elf_file_offset(r->img, dyn->symtab, size, &off))
		return elf_fail(r, -ENOEXEC,
				"dynamic section: %u symbols at address %#llx are in no segment", n,
				(ull)dyn->symtab);
	e = elf_table_open(r, off, size, ELF_T_SYM, "symbols", &t);
	if (e < 0)
		return e;
	for (uint32_t i = 1; e == 0 && i < n; i++) {
		GElf_Sym s;

		if (gelf_getsym(t.data, (int)i, &s) == NULL)
			e = elf_fail(r, -ENOEXEC, "symbol %u: libelf: %s", i, elf_errmsg(-1));
		else
			e = sym_take(r, dyn, str, &s, i, imp);
	}
	elf_table_close(&t);
	return e;
}

/* The headers were checked by image_open(); the file is read again, and may have changed since. */
int
elf_reader_again(const struct image *img, struct diag *d, struct elf_reader *r)
{
	int e;

	*r = (struct elf_reader){.fd = img->fd,
				 .path = img->path,
				 .size = img->file_size,
				 .d = d,
				 .img = (struct image *)img};
	e = elf_read_at(r, 0, r->head, img->class64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr),
			"ELF header");
	if (e < 0)
		return e;
	if (memcmp(r->head, ELFMAG, SELFMAG) != 0 ||
	    r->head[EI_CLASS] != (img->class64 ? ELFCLASS64 : ELFCLASS32))
		return elf_fail(r, -ENOEXEC, "ELF header: the file has changed while being read");
	return elf_phdrs_read(r);
}

static int
imports_read(struct elf_reader *r, struct image_imports *imp)
{
	struct elf_dyn dyn;
	uint32_t n, index = 0;
	char *str;
	int e;

	while (index < r->nph && r->ph[index].p_type != PT_DYNAMIC)
		index++;
	if (index == r->nph)
		return 0;
	e = elf_dyn_collect(r, index, &dyn);
	if (e == 0)
		e = sym_count(r, &dyn, &n);
	if (e < 0 || n < 2)
		return e;
	e = elf_dyn_strings(r, &dyn, &str);
	if (e < 0)
		return e;
	imp->name = calloc((size_t)n + 1, sizeof *imp->name);
	e = imp->name == NULL ? elf_fail(r, -ENOMEM, "no memory") : syms_walk(r, &dyn, n, str, imp);
	if (e < 0) {
		free(str);
		free(imp->name);
		return e;
	}
	imp->strings = str;
	return 0;
}

int
image_imports(const struct image *img, struct image_imports *ret, struct diag *d)
{
	struct image_imports imp = {0};
	struct elf_reader r;
	int e;

	if (!img->has_dynamic) {
		*ret = imp;
		return 0;
	}
	e = elf_reader_again(img, d, &r);
	if (e == 0)
		e = imports_read(&r, &imp);
	free(r.ph);
	if (e == 0)
		*ret = imp;
	return e;
}

void
image_imports_free(struct image_imports *imp)
{
	free(imp->name);
	free(imp->strings);
	*imp = (struct image_imports){0};
}
