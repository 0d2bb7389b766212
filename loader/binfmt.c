/* Source: Linux, Documentation/admin-guide/binfmt-misc.rst: flag P, and AT_FLAGS that tells of it (5.12). */
#include "loader/binfmt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#ifndef AT_FLAGS_PRESERVE_ARGV0
#define AT_FLAGS_PRESERVE_ARGV0 1
#endif

bool
binfmt_started(void)
{
	return getauxval(AT_FLAGS) & AT_FLAGS_PRESERVE_ARGV0;
}

char **
binfmt_args(int *argc, char **argv)
{
	int n = 0;
	char **v;

	if (*argc < 3)
		return argv;
	v = calloc((size_t)*argc + 3, sizeof(*v));
	if (!v)
		return NULL;
	v[n++] = argv[0];
	v[n++] = "-0";
	v[n++] = argv[2];
	v[n++] = "--";
	/* The kernel looked the name up as it stands; we would look along PATH. */
	if (strchr(argv[1], '/'))
		v[n++] = argv[1];
	else if (asprintf(&v[n++], "./%s", argv[1]) < 0)
		return NULL;
	for (int i = 3; i < *argc; i++)
		v[n++] = argv[i];
	*argc = n;
	return v;
}
