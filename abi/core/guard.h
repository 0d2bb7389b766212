/* Guarded access to guest memory: labels that the host signal handler knows. */
#pragma once

#include <stdint.h>

extern const char guard_text_begin[], guard_text_end[], guard_fail[];

long guard_copy(void *dst, const void *src, uint64_t n);
long guard_zero(void *dst, uint64_t n);
long guard_copy_str(char *dst, const char *src, uint64_t size);
long guard_load32(const void *p, uint32_t *ret);
long guard_load64(const void *p, uint64_t *ret);
long guard_store32(void *p, uint32_t v);
long guard_store64(void *p, uint64_t v);
long guard_cas32(void *p, uint32_t want, uint32_t val, uint32_t *ret_old);
long guard_cas64(void *p, uint64_t want, uint64_t val, uint64_t *ret_old);
