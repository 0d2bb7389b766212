/* Random words of the lines of a64.decode that can be run, and random numbers for their registers. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Registers that point to memory, and a small index: no random word changes them but by write-back. */
enum { RANDOM_BASE1 = 19, RANDOM_BASE2 = 25, RANDOM_INDEX = 20 };

/** x30 belongs to calls. */
extern bool random_branches;
/** Features whose lines are left out, NULL at the end. */
extern const char *const *random_lacks;

/** Only lines whose whole name matches the extended regular expression; false when none does that can be run. */
bool random_only(const char *expr);
void random_seed(uint64_t seed);
uint64_t random_next(void);
/** Numbers that matter more often than others. */
uint64_t random_value(void);
/** 64 bits of one double, two singles, four halves: zeros, subnormals, ones, the greatest, infinities, NaNs, near and far numbers. */
uint64_t random_float(void);
/** FPCR: usual more often than not. */
uint32_t random_fpcr(void);
/** No branch; memory only within 2 KiB around the bases and SP. */
uint32_t random_word(void);
