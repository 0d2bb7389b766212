/*
 * Shared by options.c and options_set.c only.
 */
#pragma once

#include <stddef.h>

#include "loader/options.h"

/** One use of an option: where its value goes, and how it was spelt. */
struct option_use {
	struct options *o;
	void *field;	  /* in o */
	const char *name; /* "--seed" or "DRAGOMAN_SEED" */
	const char *arg;  /* NULL when there is none */
	struct diag *d;
};

typedef int option_setter(const struct option_use *u);

struct option_row {
	const char *letter, *name;
	enum { OPTION_FLAG, OPTION_ARG, OPTION_MAYBE } kind;
	const char *arg;
	enum { OPTION_ANY, OPTION_RUN, OPTION_INSPECT, OPTION_INTERNAL } where;
	size_t field;
	option_setter *set;
	const char *help;
};

/* Each 0, or -errno with a message. */
option_setter option_set_help, option_set_version, option_set_root, option_set_sysroot,
    option_set_setenv, option_set_unsetenv, option_set_clearenv, option_set_string, option_set_u32,
    option_set_cpus, option_set_on, option_set_seed, option_set_intercept, option_set_native_exec,
    option_set_fd, option_set_strace, option_set_trace, option_set_nothing, option_set_log;
