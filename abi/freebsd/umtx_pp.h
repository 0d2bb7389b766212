/* Priority-protected mutexes: a part of umtx_mutex.c's family. */
#pragma once

#include "abi/freebsd/umtx.h"

/** Lock: 0, -EOWNERDEAD (locked), -ENOTRECOVERABLE, -EBUSY, -EINVAL for the ceiling, or how the
 * wait ended. */
long umtx_pp_lock(struct thread *t, uint64_t m, uint32_t flags, const struct umtx_deadline *d,
		  enum umtx_mode mode);
long umtx_pp_unlock(struct thread *t, uint64_t m, uint32_t flags, uint32_t id, bool rb);
