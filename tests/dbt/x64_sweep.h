/* All forms with all kinds of operands, one after the other. */
#pragma once

#include "tests/dbt/x64_case.h"

/** Calls @judge with each case.  The operands that are not swept are random by @seed. */
void x64_sweep(uint64_t seed, void (*judge)(const struct x64_case *c));
/** Calls @judge with one random case for each form, modifier set and operand list. */
void x64_sample(uint64_t seed, void (*judge)(const struct x64_case *c));
