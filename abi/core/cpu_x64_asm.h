/* Offsets and constants shared by C and assembly, checked in native_layout.c and cpu_x64.h. */
#pragma once

#define X64_XSTATE_MASK 0xe7
#define X64_MXCSR_DEFAULT 0x1f80

#define VEC_K     2048
#define VEC_MXCSR 2112
#define VEC_LIVE  2116

#ifndef __ASSEMBLER__
#include "abi/core/cpu_x64.h"
#include <stdint.h>
_Static_assert(offsetof(struct x64_vec, k) == VEC_K, "VEC_K");
_Static_assert(offsetof(struct x64_vec, mxcsr) == VEC_MXCSR, "VEC_MXCSR");
_Static_assert(offsetof(struct x64_vec, live) == VEC_LIVE, "VEC_LIVE");
/* Vector registers of this CPU: 0 SSE, 1 AVX, 2 AVX-512.  Set once by x64_vec_init(). */
extern uint32_t x64_vec_level;
void x64_vec_init(void);
void x64_fpu_get_asm(const struct x64_vec *vec, void *area, uint64_t mask);
void x64_fpu_set_asm(struct x64_vec *vec, const void *area, uint64_t mask);
#endif
