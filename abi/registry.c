/* One row for each personality. */
#include <stddef.h>
#include <string.h>

#include "abi/abi.h"

extern const struct personality fbsd_amd64, linux_aarch64;

static const struct personality *const all[] = {&fbsd_amd64, &linux_aarch64, NULL};

const struct personality *const *
abi_all(void)
{
	return all;
}

const struct personality *
abi_find(const char *os, const char *isa)
{
	for (const struct personality *const *p = all; *p; p++)
		if (!strcmp((*p)->os, os) && !strcmp((*p)->isa, isa))
			return *p;
	return NULL;
}
