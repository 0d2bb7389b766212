/*
 * Guest paths to host files.
 */
#pragma once

#include <stdint.h>

struct thread;

/** Open what the guest calls @path (a host string), with host flags; descriptor or -errno.  Honours -L and /proc views. */
long path_open_host(struct thread *t, const char *path, int host_flags);
