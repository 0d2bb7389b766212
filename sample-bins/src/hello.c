/* Says hello, then its arguments. */
#include "sys.h"

void
start(long *sp)
{
	char **argv = (char **)(sp + 1);

	put("hello from FreeBSD/amd64\n");
	for (long i = 1; i < sp[0]; i++) {
		put("argument: ");
		put(argv[i]);
		put("\n");
	}
	sys3(SYS_exit, 0, 0, 0);
	__builtin_unreachable();
}
