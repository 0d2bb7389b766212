/*
 * dragoman inspect: what a program is, what it needs, and whether it would run here.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "loader/image.h"

/** What the caller knows and inspect does not look up itself. */
struct inspect {
	FILE *out;
	const char *root; /* -L or --sysroot, or NULL */
	bool root_strict; /* --sysroot */
	bool imports;	  /* list undefined symbols */
	bool runs_dynamic; /* programs with a run-time linker are started too */
	/** Is there a personality? */
	bool (*has_personality)(const char *os, const char *isa);
	/** Can system calls be caught on this kernel? */
	bool (*has_intercept)(void);
};

/** Report on one file.  0, or -errno with a message as for image_open(). */
int inspect_file(const struct inspect *in, const char *path, struct diag *d);
/** Report on each; failures are said on stderr.  0, or the exit code that belongs to the last
 * failure. */
int inspect_files(const struct inspect *in, char **paths);
