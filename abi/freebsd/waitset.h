/* Which child a wait means, and waiting for it. */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

struct thread;

struct waiting {
	int idtype;  /* guest's */
	uint64_t id;
	int pidfd;   /* by descriptor when >= 0 */
	int options; /* host's */
	/* the result */
	siginfo_t info;
	struct rusage self, children; /* its own, and of its children that it has waited for */
	int status;                   /* of an exit, all 32 bits; else the guest's signal number, 0: as info says */
	int signo;
};

enum { FBSD_P_PID = 0, FBSD_P_PGID = 2, FBSD_P_SID, FBSD_P_UID = 5, FBSD_P_GID, FBSD_P_ALL, FBSD_P_JAILID = 12 };

/** Sleep until there is something to tell: 1, 0 for WNOHANG and nothing, or -errno (also of interrupted waits). */
long fbsd_wait_for(struct thread *t, struct waiting *w);
/** Is there a child, other than those with descriptors, that has something to tell?  Then w->info; nothing is taken. */
bool fbsd_wait_peek(struct thread *t, struct waiting *w);
