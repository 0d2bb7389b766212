/*
 * A guest program from file to first instruction.
 */
#pragma once

#include "loader/config.h"
#include "loader/image.h"

struct program {
	struct image img;
	struct brand brand;
	const char *path;      /* absolute, as the guest sees it */
	char **argv, **envp;
	const struct personality *pers;
	struct thread *thread; /* after program_start() */
};

/** inspect, doctor, --help, --version: do it and exit; return for a program to run. */
void program_other_commands(const struct options *o);
/** Find a program by its name: a path, or (without a slash) along PATH; under -L first.  0 or -errno with a message. */
int program_find(const struct options *o, const char *name, struct program *ret, struct diag *d);
/** The same for a descriptor that exec handed over. */
int program_from_fd(int fd, const char *path, struct program *ret, struct diag *d);
/** Personality, memory, stack, engine: all but the first step.  0 or -errno with a message. */
int program_start(struct exec_config *c, struct program *p, struct diag *d);
