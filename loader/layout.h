/*
 * The split of the address space: guests below GM_HI, everything of ours above.
 */
#pragma once

#include <stdint.h>

#include "abi/core/diag.h"

/**
 * First act of main: when the vDSO, ld.so, the stack or an anonymous mapping lies below the line (it does under
 * `ulimit -s unlimited`), set a finite stack limit and exec ourselves again.
 * 0 when all is well, with the limit that the guest should see in *ret_stack; else a message.
 */
int layout_fix(char **argv, uint64_t *ret_stack, struct diag *d);
