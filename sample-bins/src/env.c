/* Prints its environment, and ends with status 3. */
#include "sys.h"

void
start(long *sp)
{
	for (char **e = (char **)(sp + sp[0] + 2); *e; e++) {
		put(*e);
		put("\n");
	}
	sys3(SYS_exit, 3, 0, 0);
	__builtin_unreachable();
}
