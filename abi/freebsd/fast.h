/*
 * Fast-lane handlers written by hand: arguments as the guest's registers hold them, no libc, no TLS, no SIMD.
 * -HOST_ERESTART sends the call to the full lane, which serves it from the start.
 */
#pragma once

#include "abi/core/sysent.h"

/* umtx_fast.c */
sys_serve_fn fbsd_fast__umtx_op, fbsd_fast_thr_self, fbsd_fast_sysarch;
