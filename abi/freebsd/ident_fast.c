/* Identity calls that need no host call.  Fast lane: no libc in here. */
#include "abi/freebsd/fbsd.h"
#include "freebsd-amd64.h"

long
fbsd_getpid(struct thread *t)
{
	return t->task->pid;
}

/* Set-id bits are never honoured by us, so nothing is tainted. */
long
fbsd_issetugid(struct thread *t)
{
	return 0;
}
