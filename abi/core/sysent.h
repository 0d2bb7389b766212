/*
 * System-call tables: what the generator makes of a map, and the dispatch through it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct set;
struct thread;

enum sys_level { SYS_GONE, SYS_NONE, SYS_FAIL, SYS_PART, SYS_CALL, SYS_FAST, SYS_SAME };

/** How an argument or result is written by the tracer. */
enum sys_kind {
	K_INT, K_UINT, K_LONG, K_ULONG, K_HEX, K_OCTAL, /* plain numbers */
	K_FD, K_ATFD,                                  /* descriptor; AT_FDCWD by name */
	K_PID, K_UID, K_GID, K_TID, K_SIG,
	K_ADDR,                                        /* address, nothing known about its target */
	K_PATH, K_STR,                                 /* NUL-terminated guest string */
	K_BUF,                                         /* bytes; length from argument `len` (or the result when out) */
	K_STRUCT,                                      /* struct type named in `type` */
	K_SET,                                         /* flags, names in `set` */
	K_VOID, K_PAIR,                                /* results: nothing; two values (rax, rdx) */
};

enum sys_dir { DIR_NONE, DIR_IN, DIR_OUT, DIR_INOUT };

struct sysarg {
	const char *name;
	uint8_t kind, dir;
	int8_t len;             /* index of the argument that holds bytes (K_BUF) or elements (K_STRUCT), -1 none */
	const char *type;       /* K_STRUCT: guest struct's name in the map */
	const struct set *set;  /* K_SET */
	uint16_t count;         /* length or number of elements where the map says a number; 0 otherwise */
};

/** What the map's @words say: classes for filters that arguments do not show, and whether the call may sleep. */
enum sys_classes { SYS_IN_NETWORK = 1, SYS_IN_MEMORY = 2, SYS_IN_PROCESS = 4, SYS_IN_SIGNAL = 8, SYS_WAITS = 16 };

/** Serve one call: arguments as the guest passed them, result host value or -errno (host numbers). */
typedef long sys_serve_fn(struct thread *t, const uint64_t *a);

struct sysent {
	const char *name;       /* NULL: no such call */
	uint8_t level;          /* enum sys_level */
	uint8_t nargs;
	uint8_t ret;            /* enum sys_kind */
	uint8_t classes;        /* enum sys_classes */
	uint16_t err;           /* SYS_FAIL: host errno */
	bool plain;             /* served, its arguments all in registers and its number not an argument */
	sys_serve_fn *serve;    /* NULL for NONE, FAIL, GONE */
	sys_serve_fn *fast;     /* NULL: full lane only */
	const struct sysarg *args;
	const char *note;
	const char *source;     /* file:line of the map */
};

/** The tables of one personality and ISA. */
struct systab {
	const char *name;             /* "freebsd-amd64" */
	const struct sysent *ent;
	uint32_t n;
	sys_serve_fn *const *fast;    /* n entries, NULL where the full lane must serve */
};

/**
 * Serve call @nr with arguments @a on the full lane: level, tracing, restart after signals.
 * Returns the result for the personality's set_result: value, -errno, or -HOST_EJUSTRETURN.
 * NONE and GONE: -ENOSYS, named once on stderr.
 */
long sys_serve(struct thread *t, uint64_t nr, const uint64_t a[8]);
/**
 * @e was served once, with t->in_restart 0, and gave @r: if a signal interrupted it that the guest need not see, serve it
 * again, until it is done or one came that the guest must see.
 */
long sys_again(struct thread *t, const struct sysent *e, const uint64_t *a, long r);
