/*
 * The sysctl tree: one row a leaf.
 */
#pragma once

#include "abi/freebsd/fbsd.h"

#define FBSD_CTL_MAXNAME 24

/** Where a value is put together: it grows; `failed` when there was no memory. */
struct sysctl_out {
	uint8_t *buf;
	uint64_t cap, len;
	bool failed;
};

void sysctl_bytes(struct sysctl_out *o, const void *p, uint64_t n);
void sysctl_string(struct sysctl_out *o, const char *s);

/** Called with what follows the row's own numbers (mib[at..n)).  0 or -errno. */
typedef int sysctl_fn(struct thread *t, const int32_t *mib, uint32_t n, struct sysctl_out *o);

struct sysctl_row {
	const char *name;        /* "kern.ostype" */
	uint8_t depth;
	int32_t oid[6];
	char kind;               /* A string, I int, L long, Q 64 bits, S struct, N node that takes further numbers */
	int64_t value;           /* I, L, Q without fn */
	const char *text;        /* A without fn */
	sysctl_fn *fn;
};

extern const struct sysctl_row sysctl_rows[];
extern const uint32_t sysctl_nrows;

/* sysctl_proc.c */
sysctl_fn sysctl_proc_args, sysctl_proc_pathname, sysctl_proc_auxv, sysctl_proc_env, sysctl_proc_cwd, sysctl_proc_osrel,
    sysctl_proc_nfds;

/* route.c: net.routetable (4.17) */
sysctl_fn sysctl_routetable;
