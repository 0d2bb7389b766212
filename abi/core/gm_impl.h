/* Between the files of guest memory. */
#pragma once

#include <pthread.h>

#include "abi/core/gm.h"

struct gm {
	pthread_mutex_t lock;
	struct vma *v;
	uint32_t n, cap;
	uint64_t first_gap; /* no free page in [GM_MMAP_BASE, first_gap) */
	uint64_t total, limit; /* bytes mapped; RLIMIT_AS */
	gm_changed_fn *changed;
	void *changed_arg;
};

/** Index of the first entry that ends after addr. */
uint32_t gm_index_of(const struct gm *m, uint64_t addr);
/** What the entries of a range allow: 0, -ENOMEM for a hole, -EACCES beyond maxprot. */
int gm_check_protect(struct gm *m, uint64_t addr, uint64_t end, uint32_t prot);
