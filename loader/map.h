/*
 * Mapping a program into guest memory.
 */
#pragma once

#include "abi/core/gm.h"
#include "loader/image.h"

struct mapped {
	uint64_t bias;   /* load address minus link address */
	uint64_t entry, phdr, low, high;
};

/**
 * Map every segment.  @want_base: where a position-independent image begins, 0 lets the place be chosen between 64 GiB
 * and 256 GiB by @random (0: the lowest, --no-aslr).  0, or -errno with a message.
 */
int map_image(struct gm *m, const struct image *img, uint64_t want_base, uint64_t random, struct mapped *ret,
              struct diag *d);
