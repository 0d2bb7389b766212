/* Deaths: by the first argument's letter.  Source: signal(7); the Linux kernel's arm64 traps (by a run under qemu-aarch64). */
#include "kit.h"

int
test(uint64_t *start)
{
	switch (((char **)(start + 1))[1][0]) {
	case 'i': /* undefined */
		__asm__ volatile(".inst 0x00000000");
		break;
	case 'r':
		return *(volatile int *)16;
	case 'w':
		*(volatile int *)(uint64_t)test = 1;
		break;
	case 'j':
		((void (*)(void))0x7000)();
		break;
	case 'b':
		__asm__ volatile("brk #1");
		break;
	case 'x': /* the stack is not executable */
		((void (*)(void))start)();
		break;
	}
	return 0;
}
