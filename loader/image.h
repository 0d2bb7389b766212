/*
 * What a program file says of itself, read and checked; nothing is mapped.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/core/diag.h"

struct image_seg {
	uint64_t vaddr, memsz, filesz, offset, align;
	uint32_t prot;                 /* PROT_* */
};

struct image_note {                    /* PT_NOTE entries that matter for recognition */
	char owner[16];
	uint32_t type;
	uint32_t desc0, desclen;       /* first word of the descriptor */
};

struct image {
	char *path;
	int fd;                        /* kept open, close-on-exec, -1 after image_close */
	uint64_t file_size;
	uint16_t type, machine;        /* ET_EXEC or ET_DYN; EM_* */
	uint8_t class64, osabi, abiversion;
	uint32_t eflags;
	uint64_t entry, phoff;
	uint32_t phnum, phentsize;
	uint64_t phdr_vaddr;           /* address of the program headers in memory, 0 when not mapped */
	struct image_seg *seg;
	uint32_t nseg;
	char *interp;                  /* PT_INTERP, NULL for static */
	struct image_note *note;
	uint32_t nnote;
	bool has_dynamic, exec_stack, has_tls;
	uint32_t openbsd_segments;     /* count of PT_OPENBSD_* */
	char **needed;                 /* DT_NEEDED, NULL-terminated; NULL when none */
	char *soname;
};

/**
 * Open, read and check a program.  0, or -errno with a message: -ENOENT, -EACCES (not executable, not a file), -ENOEXEC
 * (not ELF, or an ELF that lies about itself: message names part and number).
 */
int image_open(const char *path, struct image *ret_img, struct diag *d);
/** The same for a descriptor, which it takes over; permission to execute is the caller's to check. @path is for messages. */
int image_open_fd(int fd, const char *path, struct image *ret_img, struct diag *d);
/** For inspect: permission is not asked for, and shared libraries (no entry point) are let through. */
int image_open_any(const char *path, struct image *ret_img, struct diag *d);
int image_open_any_fd(int fd, const char *path, struct image *ret_img, struct diag *d);
/** Close and free; @img is left empty.  An image that was never opened must be all zero but for fd = -1. */
void image_close(struct image *img);

/** Undefined symbols of a dynamic program. */
struct image_imports {
	char **name;   /* in the order of the file, NULL-terminated; NULL when there are none */
	char *strings; /* what the names point into */
	uint32_t n, nweak;
};
/** Read them.  0, or -errno with a message as for image_open(). */
int image_imports(const struct image *img, struct image_imports *ret, struct diag *d);
void image_imports_free(struct image_imports *imp);

/** Names of functions, for crash reports. */
struct image_symbols;
/** Those of .symtab, or else .dynsym.  NULL when there are none, or when the file cannot be read. */
struct image_symbols *image_symbols_open(const char *path);
void image_symbols_close(struct image_symbols *s);
/** The function that holds link address @addr, and how far in it that is; NULL when no symbol covers it. */
const char *image_symbol(const struct image_symbols *s, uint64_t addr, uint64_t *ret_off);

struct brand {
	const char *os;     /* "FreeBSD" ..., "Linux", or NULL when unknown */
	const char *isa;    /* "amd64", "i386", "aarch64", "arm", "riscv64", or NULL */
	uint32_t osreldate; /* FreeBSD note's value, 0 when none */
	char why[160];      /* what decided it */
};
/** Which system and machine a program was built for. */
void brand_find(const struct image *img, struct brand *ret);
