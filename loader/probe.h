/*
 * What the kernel and the CPU offer, found by trying.  For doctor and inspect.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** Ways to catch system calls; each is tried in a child process.  0, or -errno of the refusal. */
int probe_sud_inclusive(void);
int probe_sud_exclusive(void);
int probe_seccomp(void);
/** Any of them. */
bool probe_intercept(void);
/** A user namespace without privileges, tried in a child. 0 or -errno. */
int probe_userns(void);

/** User programs may write FS and GS base. */
bool probe_fsgsbase(void);
/** XGETBV with ECX = 1: which state is in use. */
bool probe_xgetbv1(void);
bool probe_avx512bw(void);

/** Start of the lowest mapping of this process below the line, GM_HI; 0 when there is none. */
uint64_t probe_lowest_mapping(void);
/** First number in a file as those in /proc/sys; @otherwise when it cannot be read. */
long long probe_number(const char *path, long long otherwise);
