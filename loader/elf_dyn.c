/*
 * The dynamic section: libraries needed, and where the symbol table is.
 */
#include "loader/elf_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long long ull;

static int
dyn_check(struct elf_reader *r, uint32_t index)
{
	const GElf_Phdr *p = &r->ph[index];
	uint32_t ent = elf_entsize(r, ELF_T_DYN);

	if (!elf_in_file(r, p->p_offset, p->p_filesz))
		return elf_fail(r, -ENOEXEC,
				"segment %u: dynamic section of %#llx bytes at %#llx does not fit "
				"in a file of %#llx bytes",
				index, (ull)p->p_filesz, (ull)p->p_offset, (ull)r->size);
	if (p->p_filesz > ELF_DYN_MAX)
		return elf_fail(r, -ENOEXEC,
				"segment %u: dynamic section of %#llx bytes, at most %#x are read",
				index, (ull)p->p_filesz, ELF_DYN_MAX);
	if (p->p_filesz == 0 || p->p_filesz % ent != 0)
		return elf_fail(r, -ENOEXEC,
				"segment %u: dynamic section of %#llx bytes, not a multiple of %u",
				index, (ull)p->p_filesz, ent);
	return 0;
}

static int
dyn_note(struct elf_reader *r, struct elf_dyn *dyn, const GElf_Dyn *e)
{
	uint64_t v = e->d_un.d_val;

	switch (e->d_tag) {
	case DT_NEEDED:
		if (dyn->nneeded == ELF_NEEDED_MAX)
			return elf_fail(r, -ENOEXEC, "dynamic section: more than %u libraries",
					ELF_NEEDED_MAX);
		dyn->needed[dyn->nneeded++] = v;
		break;
	case DT_SONAME:
		dyn->soname = v;
		dyn->has_soname = true;
		break;
	case DT_STRTAB:
		dyn->strtab = v;
		dyn->has_strtab = true;
		break;
	case DT_STRSZ:
		dyn->strsz = v;
		dyn->has_strsz = true;
		break;
	case DT_SYMTAB:
		dyn->symtab = v;
		dyn->has_symtab = true;
		break;
	case DT_HASH:
		dyn->hash = v;
		dyn->has_hash = true;
		break;
	case DT_GNU_HASH:
		dyn->gnu_hash = v;
		dyn->has_gnu_hash = true;
		break;
	}
	return 0;
}

int
elf_dyn_collect(struct elf_reader *r, uint32_t index, struct elf_dyn *ret)
{
	const GElf_Phdr *p = &r->ph[index];
	uint32_t n;
	struct elf_table t;
	bool ended = false;
	int e = dyn_check(r, index);

	if (e == 0)
		e = elf_table_open(r, p->p_offset, p->p_filesz, ELF_T_DYN, "dynamic section", &t);
	if (e < 0)
		return e;
	memset(ret, 0, sizeof *ret);
	n = (uint32_t)(p->p_filesz / elf_entsize(r, ELF_T_DYN));
	for (uint32_t i = 0; e == 0 && !ended && i < n; i++) {
		GElf_Dyn entry;

		if (gelf_getdyn(t.data, (int)i, &entry) == NULL)
			e = elf_fail(r, -ENOEXEC, "dynamic entry %u: libelf: %s", i,
				     elf_errmsg(-1));
		else if (entry.d_tag == DT_NULL)
			ended = true;
		else
			e = dyn_note(r, ret, &entry);
	}
	elf_table_close(&t);
	if (e == 0 && !ended)
		e = elf_fail(
		    r, -ENOEXEC,
		    "segment %u: dynamic section: none of its %u entries ends it (DT_NULL)", index,
		    n);
	return e;
}

int
elf_dyn_strings(struct elf_reader *r, const struct elf_dyn *dyn, char **ret_str)
{
	uint64_t off;

	if (!dyn->has_strtab || !dyn->has_strsz)
		return elf_fail(r, -ENOEXEC, "dynamic section: names, but no string table (%s)",
				dyn->has_strtab ? "DT_STRSZ" : "DT_STRTAB");
	if (dyn->strsz > ELF_STR_MAX)
		return elf_fail(
		    r, -ENOEXEC,
		    "dynamic section: string table of %#llx bytes, at most %#x are read",
		    (ull)dyn->strsz, ELF_STR_MAX);
	if (!elf_file_offset(r->img, dyn->strtab, dyn->strsz, &off))
		return elf_fail(r, -ENOEXEC,
				"dynamic section: string table of %#llx bytes at address %#llx is "
				"in no segment",
				(ull)dyn->strsz, (ull)dyn->strtab);
	return elf_read_new(r, off, dyn->strsz, "string table", ret_str);
}

/* A copy of the string at @off. */
static int
dyn_string(struct elf_reader *r, const struct elf_dyn *dyn, const char *str, uint64_t off,
	   const char *tag, char **ret)
{
	uint64_t len;

	if (off >= dyn->strsz)
		return elf_fail(r, -ENOEXEC,
				"dynamic section: %s at %#llx of a string table of %#llx bytes",
				tag, (ull)off, (ull)dyn->strsz);
	len = strnlen(str + off, dyn->strsz - off);
	if (len == dyn->strsz - off)
		return elf_fail(
		    r, -ENOEXEC,
		    "dynamic section: %s at %#llx runs past the string table's %#llx bytes", tag,
		    (ull)off, (ull)dyn->strsz);
	if (len >= ELF_NAME_MAX)
		return elf_fail(
		    r, -ENOEXEC,
		    "dynamic section: %s at %#llx is %llu bytes long, at most %u are possible", tag,
		    (ull)off, (ull)len, ELF_NAME_MAX - 1);
	*ret = strdup(str + off);
	return *ret != NULL ? 0 : elf_fail(r, -ENOMEM, "no memory");
}

static int
dyn_names(struct elf_reader *r, const struct elf_dyn *dyn, const char *str)
{
	struct image *img = r->img;
	int e = 0;

	if (dyn->nneeded > 0) {
		img->needed = calloc(dyn->nneeded + 1, sizeof *img->needed);
		if (img->needed == NULL)
			return elf_fail(r, -ENOMEM, "no memory");
	}
	for (uint32_t i = 0; e == 0 && i < dyn->nneeded; i++)
		e = dyn_string(r, dyn, str, dyn->needed[i], "DT_NEEDED", &img->needed[i]);
	if (e == 0 && dyn->has_soname)
		e = dyn_string(r, dyn, str, dyn->soname, "DT_SONAME", &img->soname);
	return e;
}

int
elf_read_dynamic(struct elf_reader *r, uint32_t index)
{
	struct elf_dyn dyn;
	char *str;
	int e;

	if (r->img->has_dynamic)
		return elf_fail(r, -ENOEXEC, "segment %u: a second dynamic section", index);
	r->img->has_dynamic = true;
	e = elf_dyn_collect(r, index, &dyn);
	if (e < 0 || (dyn.nneeded == 0 && !dyn.has_soname))
		return e;
	e = elf_dyn_strings(r, &dyn, &str);
	if (e < 0)
		return e;
	e = dyn_names(r, &dyn, str);
	free(str);
	return e;
}
