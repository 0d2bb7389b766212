/*
 * Well-formed programs of two classes, built byte by byte, for tests to bend.
 *
 * Both: segment 0 r-x at 0x400000 from file 0 to 0x1000, segment 1 rw- at 0x401000 from file 0x1000 to 0x1800 with
 * 0x800 bytes of bss.  Header, program headers, interpreter, notes, strings, symbols, hash table lie in segment 0; the
 * dynamic section and TLS in segment 1.
 */
#pragma once

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

#include "loader/image.h"

enum {
	SAMPLE_SIZE = 0x1800,
	SAMPLE_INTERP = 0x300, /* file offsets; the address is 0x400000 more */
	SAMPLE_NOTE = 0x380,
	SAMPLE_STR = 0x400,
	SAMPLE_SYM = 0x500,
	SAMPLE_HASH = 0x600,
	SAMPLE_DYN = 0x1000,
	SAMPLE_ENTRY = 0x400800,
};

/* Program headers by index. */
enum { SEG_TEXT, SEG_DATA, SEG_INTERP, SEG_NOTE, SEG_DYN, SEG_TLS, SEG_STACK, SEGS };

/* The string table's strings, by offset. */
enum { STR_LIBC = 1, STR_LIBM = 11, STR_SELF = 21, STR_OPEN = 32, STR_WEAK = 37, STR_MINE = 42, STR_SIZE = 47 };

struct sample {
	uint8_t bytes[SAMPLE_SIZE];
	uint32_t size;
};

/** 64-bit FreeBSD/amd64 program, dynamic, ET_EXEC. */
void sample_make64(struct sample *s);
/** 32-bit ARM program, dynamic, ET_EXEC, no note. */
void sample_make32(struct sample *s);

/* Where a field of the 64-bit sample lies. */
#define EH64(field)       offsetof(Elf64_Ehdr, field), sizeof(((Elf64_Ehdr *)0)->field)
#define PH64(i, field)    (sizeof(Elf64_Ehdr) + (i) * sizeof(Elf64_Phdr) + offsetof(Elf64_Phdr, field)), sizeof(((Elf64_Phdr *)0)->field)
#define DYN64(i, field)   (SAMPLE_DYN + (i) * sizeof(Elf64_Dyn) + offsetof(Elf64_Dyn, field)), sizeof(((Elf64_Dyn *)0)->field)
#define SYM64(i, field)   (SAMPLE_SYM + (i) * sizeof(Elf64_Sym) + offsetof(Elf64_Sym, field)), sizeof(((Elf64_Sym *)0)->field)
#define NOTE64(field)     (SAMPLE_NOTE + offsetof(Elf64_Nhdr, field)), 4
#define EH32(field)       offsetof(Elf32_Ehdr, field), sizeof(((Elf32_Ehdr *)0)->field)
#define PH32(i, field)    (sizeof(Elf32_Ehdr) + (i) * sizeof(Elf32_Phdr) + offsetof(Elf32_Phdr, field)), sizeof(((Elf32_Phdr *)0)->field)

/** Change one little-endian number. */
struct bend {
	uint32_t off, size;
	uint64_t value;
};
/** Apply changes up to one of size 0. */
void sample_bend(struct sample *s, const struct bend *b, uint32_t max);
/** Open it as image_open_fd() would, under the name "t". */
int sample_open(const struct sample *s, struct image *ret, struct diag *d);
/** A descriptor of a memory file with these bytes. */
int sample_fd(const struct sample *s);
