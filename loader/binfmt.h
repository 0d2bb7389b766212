/*
 * Started by the kernel, because someone told its binfmt_misc that we run such programs.
 */
#pragma once

#include <stdbool.h>

/** The kernel gave "dragoman PATH ARGV0 ARGS..." (flag P): the first argument of such a command line is no option. */
bool binfmt_started(void);
/**
 * The same as a command line of ours: "dragoman -0 ARGV0 -- PATH ARGS...".  A new array of the same strings, with the
 * path made one with a slash in it; @argv itself when it is too short to be the kernel's, NULL when there is no memory.
 */
char **binfmt_args(int *argc, char **argv);
