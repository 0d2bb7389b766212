/* Which vector registers this CPU and kernel have. */
#include <stddef.h>

#include "abi/core/cpu_x64.h"
#include "abi/core/cpu_x64_asm.h"

uint32_t x64_vec_level;

void
x64_vec_init(void)
{
	uint64_t xcr0 = x64_xcr0();

	x64_vec_level = (xcr0 & 0xe6) == 0xe6 ? 2 : (xcr0 & 6) == 6 ? 1 : 0;
}
