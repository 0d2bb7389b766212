/*
 * The host's vDSO: reading clocks without entering the kernel.
 */
#pragma once

#include <stdint.h>
#include <time.h>

/** clock_gettime of the vDSO, or the bare call before vdso_setup() and where there is no vDSO.  0 or -errno. */
typedef int vdso_gettime_fn(int64_t clock, struct timespec *ret_ts);

extern vdso_gettime_fn *vdso_gettime;

/**
 * Find the vDSO's clock_gettime through AT_SYSINFO_EHDR.  Once, at start-up.
 * The function found uses the caller's stack and needs neither TLS nor vector registers, so the fast lane may call it.
 */
void vdso_setup(void);
/** Look @name up in the image of a vDSO of @size bytes; NULL when it is not there or the image is malformed. */
const void *vdso_find(const uint8_t *image, uint64_t size, const char *name);
