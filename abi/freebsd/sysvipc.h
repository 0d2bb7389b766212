/*
 * System V IPC in the guest's layouts.  Source: FreeBSD sys/ipc.h, sys/sem.h, sys/shm.h, sys/msg.h.
 */
#pragma once

#include <sys/ipc.h>

#include "abi/freebsd/fbsd.h"

/* IPC_RMID, IPC_SET, IPC_CREAT, IPC_EXCL, IPC_NOWAIT, MSG_NOERROR, SEM_UNDO, SHM_RDONLY, SHM_RND are the host's. */
#define FBSD_IPC_STAT 2

struct fbsd_ipc_perm {
	uint32_t cuid, cgid, uid, gid;
	uint16_t mode, seq;
	uint32_t pad;
	int64_t key;
};
_Static_assert(sizeof(struct fbsd_ipc_perm) == 32, "ipc_perm");

/** Before FreeBSD 8. */
struct fbsd_ipc_perm_old {
	uint16_t cuid, cgid, uid, gid, mode, seq;
	uint32_t pad;
	int64_t key;
};
_Static_assert(sizeof(struct fbsd_ipc_perm_old) == 24, "ipc_perm_old");

/** Both sizes of a structure come and go through the new one: @old is what the call's number says. */
void fbsd_ipc_perm_out(const struct ipc_perm *h, struct fbsd_ipc_perm *g);
void fbsd_ipc_perm_old_out(const struct fbsd_ipc_perm *g, struct fbsd_ipc_perm_old *o);
/** IPC_SET looks at owner and mode alone. */
void fbsd_ipc_perm_in(const struct fbsd_ipc_perm *g, struct ipc_perm *h);
void fbsd_ipc_perm_old_in(const struct fbsd_ipc_perm_old *o, struct fbsd_ipc_perm *g);

/** A guest key is a long; those beyond 32 bits cannot be the host's.  0 or -EINVAL. */
int fbsd_ipc_key_in(int64_t key, int *ret);
/** The bits of a get call that FreeBSD looks at; others mean huge pages and the like to the host. */
int fbsd_ipc_flags_in(int flags);
