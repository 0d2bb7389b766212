/* The code that a signal handler returns to; it lives in a page of the guest. */
#pragma once

#include <stdint.h>

extern const uint8_t fbsd_sigcode[];
extern const uint32_t fbsd_sigcode_size;
