/* Random words of a line, for tests. */
#include "dbt/a64/a64.h"

/* splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators) */
static uint64_t
next(uint64_t *seed)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

uint32_t
a64_random(enum a64_op op, uint64_t *seed)
{
	const struct a64_info *i = &a64_info[op];

	/* Bit by bit half ones; now and then nearly all equal, where the special cases are. */
	for (unsigned n = 0; n < 10000; n++) {
		uint64_t r = next(seed), s = next(seed);
		uint32_t free = (uint32_t)r;

		if (s % 8 == 0)
			free &= (uint32_t)(r >> 32) & (uint32_t)(s >> 32);
		else if (s % 8 == 1)
			free |= (uint32_t)(r >> 32) | (uint32_t)(s >> 32);
		uint32_t w = i->bits | (free & ~i->mask);

		if (a64_decode(w) == op)
			return w;
	}
	return 0;
}
