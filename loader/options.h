/*
 * The command line and the DRAGOMAN_* environment.  The options themselves are in options.def.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "abi/core/diag.h"
#include "loader/engine.h"

enum command { COMMAND_RUN, COMMAND_INSPECT, COMMAND_DOCTOR, COMMAND_HELP, COMMAND_VERSION };

/** One -E, -U or --clearenv; they act in the order given. */
struct env_edit {
	enum { ENV_SET, ENV_UNSET, ENV_CLEAR } what;
	const char *text;        /* VAR=V, or VAR */
};

struct env_edits {
	struct env_edit *edit;
	uint32_t n;
};

/** Strings point into argv or the environment. */
struct options {
	enum command command;
	char **args;             /* what follows the options and the command: the program and its arguments; NULL-terminated */
	const char *root;        /* NULL: none */
	bool root_strict;        /* --sysroot: no fallback to the host */
	struct env_edits env;
	const char *argv0;       /* NULL: the program as named */
	const char *abi;         /* NULL: recognise */
	const char *osrelease;   /* NULL: the personality's */
	uint32_t osreldate;      /* 0: the personality's */
	uint32_t cpus;           /* 0: as many as we may use */
	bool no_aslr;
	bool has_seed;
	uint64_t seed;
	enum intercept intercept;
	bool no_patch;
	bool no_fast;
	bool native_deny;
	bool core;
	int exec_config;         /* -1: none */
	bool strace;
	const char *strace_filter; /* NULL: every call */
	const char *strace_file;
	bool summary;
	bool stats;
	unsigned log_mask;       /* enum log_cat */
	const char *log_file;
	bool imports;
};

/**
 * Read environment, then command line (which wins).  0, or -EINVAL (-ENOMEM) with a message; @ret is then unspecified
 * but may be freed.  Stops at the first argument that is no option: the program, or one of the words run, inspect,
 * doctor, after which options may follow.  A program of such a name is run by "dragoman run NAME" or by its path.
 */
int options_parse(int argc, char **argv, char **envp, struct options *ret, struct diag *d);
void options_free(struct options *o);
void options_usage(FILE *f);
/**
 * The guest's environment: @envp changed by -E, -U and --clearenv.  A new NULL-terminated array, freed with free();
 * the strings belong to @envp and @o.  NULL when there is no memory.
 */
char **options_environ(const struct options *o, char **envp);
