/* Socket options: what the plain table and the special ones share. */
#pragma once

#include "abi/freebsd/fbsd.h"

#define FBSD_OPTION_MAX 512

/** One call: the value as the guest gave it, or room for what it gets. */
struct fbsd_option {
	struct thread *t;
	int s, name;
	uint8_t *v;   /* FBSD_OPTION_MAX bytes, 8-aligned, zeroed */
	uint32_t n;   /* bytes given; on get, to be set to the value's size */
};

typedef long fbsd_option_fn(struct fbsd_option *o);

struct fbsd_special {
	int level, name;
	fbsd_option_fn *set, *get; /* NULL: ENOPROTOOPT */
};

/** Options that are more than another number; NULL when it is none. */
const struct fbsd_special *fbsd_option_special(int level, int name);
/** Options of local sockets stand at level 0, where those of IP stand too. */
const struct fbsd_special *fbsd_option_local(int name);

static inline int
fbsd_option_int(const struct fbsd_option *o)
{
	return *(const int *)(const void *)o->v;
}

static inline long
fbsd_option_give(struct fbsd_option *o, int v)
{
	*(int *)(void *)o->v = v;
	o->n = sizeof(v);
	return 0;
}
