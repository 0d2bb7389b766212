/*
 * Shared by the elf_*.c files only: one file being read.
 *
 * libelf never sees the file itself, only small pieces that were read and bounded here: given a
 * whole hostile file it would size its own tables by what the section headers claim.
 */
#pragma once

#include <gelf.h>
#include <stdbool.h>
#include <stdint.h>

#include "loader/image.h"

#define ELF_PHDRS_MAX  65536u /* bytes of program headers, as fs/binfmt_elf.c has it */
#define ELF_INTERP_MAX 4096u  /* PATH_MAX */
#define ELF_NAME_MAX   4096u  /* a library's name */
#define ELF_NEEDED_MAX 1024u
#define ELF_NOTES_MAX  (1u << 20) /* bytes in one note segment */
#define ELF_NOTE_COUNT 1024u
#define ELF_DYN_MAX    (1u << 20)  /* bytes of the dynamic section */
#define ELF_STR_MAX    (64u << 20) /* bytes of a string table */
#define ELF_SYM_MAX    (1u << 20)  /* symbols */

struct elf_reader {
	int fd;
	const char *path;
	uint64_t size;
	bool any; /* shared libraries are welcome */
	struct diag *d;
	struct image *img;
	uint8_t head[64]; /* the file's first bytes, zero behind its end */
	GElf_Ehdr eh;
	GElf_Phdr *ph;
	uint32_t nph;
};

/** Note "path: what" with -code; the first message wins. */
int elf_fail(struct elf_reader *r, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/** Are [off, off + n) bytes of the file? */
bool elf_in_file(const struct elf_reader *r, uint64_t off, uint64_t n);
/** Read n bytes at off, which lie in the file; @what names them in messages. */
int elf_read_at(struct elf_reader *r, uint64_t off, void *buf, uint64_t n, const char *what);
/** Read into new memory; the caller frees.  One zero byte is appended. */
int elf_read_new(struct elf_reader *r, uint64_t off, uint64_t n, const char *what, char **ret_buf);

/** A table of the file in libelf's hands. */
struct elf_table {
	char *mem;
	Elf *elf;
	Elf_Data *data;
};
/** Read n bytes at off as a table of @type.  n must be bounded by the caller and is a multiple of
 * the entry size. */
int elf_table_open(struct elf_reader *r, uint64_t off, uint64_t n, Elf_Type type, const char *what,
		   struct elf_table *ret);
void elf_table_close(struct elf_table *t);
/** Size of one entry of @type in this file's class. */
uint32_t elf_entsize(const struct elf_reader *r, Elf_Type type);

/** Offset in the file of n bytes that segments load at vaddr; false when no segment holds them all
 * from the file. */
bool elf_file_offset(const struct image *img, uint64_t vaddr, uint64_t n, uint64_t *ret_off);

/** Fill r->ph from where r->img says the table is, checked before; the caller frees. */
int elf_phdrs_read(struct elf_reader *r);

/** Start over with a file whose headers image_open() has checked; it may have changed since. */
int elf_reader_again(const struct image *img, struct diag *d, struct elf_reader *r);

/* The steps, in their order; each 0 or -errno with a message. */
int elf_read_segments(struct elf_reader *r);
int elf_read_notes(struct elf_reader *r, uint32_t index);
int elf_read_interp(struct elf_reader *r, uint32_t index);
int elf_read_dynamic(struct elf_reader *r, uint32_t index);

/** What the dynamic section says that we need. */
struct elf_dyn {
	uint64_t strtab, strsz, symtab, hash, gnu_hash;
	bool has_strtab, has_strsz, has_symtab, has_hash, has_gnu_hash;
	uint64_t soname;
	bool has_soname;
	uint64_t needed[ELF_NEEDED_MAX];
	uint32_t nneeded;
};
/** Collect the entries of the dynamic section of program header @index. */
int elf_dyn_collect(struct elf_reader *r, uint32_t index, struct elf_dyn *ret);
/** Load its string table; the caller frees. */
int elf_dyn_strings(struct elf_reader *r, const struct elf_dyn *dyn, char **ret_str);
