/*
 * Guest structures as the tracer writes them: tables made from syscall-maps/<os>.structs by structgen.
 */
#pragma once

#include <stdint.h>

struct set;

enum field_kind {
	F_INT, F_UINT, F_HEX, F_OCTAL, /* plain numbers of field.size bytes */
	F_PTR,                         /* address, or NULL */
	F_FD, F_SIG, F_LIMIT,          /* F_LIMIT: the largest signed number is RLIM_INFINITY */
	F_CODE,                        /* si_code of the signal in the first field */
	F_MODE,                        /* file type and permissions */
	F_SET,                         /* names in `set` */
	F_STRUCT,                      /* a structure inside: `type` */
	F_REF,                         /* pointer to structures: `type`, as many as field `len` says (-1: one) */
	F_BUF,                         /* pointer to bytes, as many as field `len` says */
	F_STR,                         /* characters up to a NUL, at most size */
	F_SIGSET, F_STATUS,            /* 128-bit signal set; wait status */
	F_BE, F_IN4, F_IN6,            /* number in network order; addresses */
};

struct sys_field {
	const char *name;       /* NULL: the structure is this value, without a name */
	uint16_t off, size;
	uint8_t kind;
	int8_t len;             /* index of the field that counts, -1 none */
	const char *type;
	const struct set *set;
};

/** The structure is really another one when its first F_SET field has this value (sockaddr by family). */
struct sys_variant {
	uint64_t value;
	const char *type;
};

enum struct_form {
	STRUCT_FIELDS,
	STRUCT_VALUE,           /* one nameless field */
	STRUCT_STRINGS,         /* an array of strings that NULL ends (argv) */
	STRUCT_STRINGS_COUNT,   /* the same, and only their number is of interest (envp) */
};

struct sys_struct {
	const char *name;
	uint16_t size;
	uint8_t form;
	uint8_t more;           /* not all fields are here: "..." follows */
	uint8_t sparse;         /* fields that are 0 are left out */
	uint16_t least;         /* not 0: the count argument is a size in bytes, and fields behind it are absent */
	const struct sys_field *field;
	uint32_t nfields;
	const struct sys_variant *variant;
	uint32_t nvariants;
};

/** All structures of one guest, and the sets that calls do not name (signal codes) by name. */
struct sys_types {
	const struct sys_struct *s;
	uint32_t n;
	const struct set *const *set;
	uint32_t nset;
};
