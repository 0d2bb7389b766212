/* Writes to address 8 and dies of SIGSEGV, after a line of output that must not be lost. */
#include "sys.h"

void
start(long *sp)
{
	put("about to fault\n");
	*(volatile int *)8 = (int)sp[0];
	sys3(SYS_exit, 0, 0, 0);
	__builtin_unreachable();
}
