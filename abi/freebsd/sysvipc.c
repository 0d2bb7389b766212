/*
 * System V semaphores, and what the three kinds of objects share.
 * Source: FreeBSD manual semget(2), semop(2), semctl(2); sys/sem.h.
 */
#include "abi/freebsd/sysvipc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sem.h>

#include "freebsd-amd64.h"

#define G_SEM_ALLOC 01000 /* in the mode that IPC_STAT tells */
#define SOPS_MAX    1000u /* more than any host takes */

enum { G_GETNCNT = 3, G_GETPID, G_GETVAL, G_GETALL, G_GETZCNT, G_SETVAL, G_SETALL, G_SEM_STAT };

struct fbsd_semid_ds {
	struct fbsd_ipc_perm perm;
	uint64_t base;
	uint16_t nsems, pad[3];
	int64_t otime, ctime;
};
_Static_assert(sizeof(struct fbsd_semid_ds) == 64, "semid_ds");

struct fbsd_semid_ds_old {
	struct fbsd_ipc_perm_old perm;
	uint64_t base;
	uint16_t nsems, pad[3];
	int64_t otime, pad1, ctime, pad2, pad3[4];
};
_Static_assert(sizeof(struct fbsd_semid_ds_old) == 104, "semid_ds_old");

void
fbsd_ipc_perm_out(const struct ipc_perm *h, struct fbsd_ipc_perm *g)
{
	*g = (struct fbsd_ipc_perm){
	    .cuid = h->cuid,
	    .cgid = h->cgid,
	    .uid = h->uid,
	    .gid = h->gid,
	    .mode = (uint16_t)(h->mode & 0777),
	    .seq = h->__seq,
	    .key = (int32_t)h->__key,
	};
}

void
fbsd_ipc_perm_in(const struct fbsd_ipc_perm *g, struct ipc_perm *h)
{
	h->uid = g->uid;
	h->gid = g->gid;
	h->mode = g->mode & 0777;
}

void
fbsd_ipc_perm_old_out(const struct fbsd_ipc_perm *g, struct fbsd_ipc_perm_old *o)
{
	*o = (struct fbsd_ipc_perm_old){
	    .cuid = (uint16_t)(g->cuid < UINT16_MAX ? g->cuid : UINT16_MAX),
	    .cgid = (uint16_t)(g->cgid < UINT16_MAX ? g->cgid : UINT16_MAX),
	    .uid = (uint16_t)(g->uid < UINT16_MAX ? g->uid : UINT16_MAX),
	    .gid = (uint16_t)(g->gid < UINT16_MAX ? g->gid : UINT16_MAX),
	    .mode = g->mode,
	    .seq = g->seq,
	    .key = g->key,
	};
}

void
fbsd_ipc_perm_old_in(const struct fbsd_ipc_perm_old *o, struct fbsd_ipc_perm *g)
{
	g->uid = o->uid;
	g->gid = o->gid;
	g->mode = o->mode;
}

int
fbsd_ipc_key_in(int64_t key, int *ret)
{
	*ret = (int)key;
	if (key == *ret)
		return 0;
	log_debug(LOG_UNKNOWN, "System V key 0x%llx has more than 32 bits", (unsigned long long)key);
	return -EINVAL;
}

int
fbsd_ipc_flags_in(int flags)
{
	return flags & (IPC_CREAT | IPC_EXCL | 0777);
}

long
fbsd_semget(struct thread *t, int64_t key, int nsems, int semflg)
{
	int k, r = fbsd_ipc_key_in(key, &k);

	(void)t;
	return r ? r : host_call(SYS_semget, k, nsems, fbsd_ipc_flags_in(semflg));
}

/* Never restarted after a signal. */
long
fbsd_semop(struct thread *t, int semid, uint64_t sops, uint64_t nsops)
{
	long r;

	if (nsops > SOPS_MAX)
		return -E2BIG;
	if (!gm_inside(sops, nsops * sizeof(struct sembuf)))
		return -EFAULT;
	r = host_block(t, SYS_semop, semid, sops, nsops);
	return r == -HOST_ERESTART ? -EINTR : r;
}

static long
sem_stat(int id, int host_cmd, uint64_t buf, bool old)
{
	struct semid_ds h;
	struct fbsd_semid_ds g = {0};
	struct fbsd_semid_ds_old o = {0};
	long r = host_call(SYS_semctl, id, 0, host_cmd, &h);

	if (r < 0)
		return r;
	fbsd_ipc_perm_out(&h.sem_perm, &g.perm);
	g.perm.mode |= G_SEM_ALLOC;
	g.nsems = (uint16_t)h.sem_nsems;
	g.otime = h.sem_otime;
	g.ctime = h.sem_ctime;
	if (!old)
		return gm_write(buf, &g, sizeof(g)) ? -EFAULT : r;
	fbsd_ipc_perm_old_out(&g.perm, &o.perm);
	o.nsems = g.nsems;
	o.otime = g.otime;
	o.ctime = g.ctime;
	return gm_write(buf, &o, sizeof(o)) ? -EFAULT : r;
}

static long
sem_set(int id, uint64_t buf, bool old)
{
	struct semid_ds h = {0};
	struct fbsd_semid_ds g;
	struct fbsd_semid_ds_old o;

	if (old ? gm_read(&o, buf, sizeof(o)) : gm_read(&g, buf, sizeof(g)))
		return -EFAULT;
	if (old)
		fbsd_ipc_perm_old_in(&o.perm, &g.perm);
	fbsd_ipc_perm_in(&g.perm, &h.sem_perm);
	return host_call(SYS_semctl, id, 0, IPC_SET, &h);
}

/* The whole array through memory of ours: the host would take a wild address for the guest's. */
static long
sem_all(int id, int host_cmd, uint64_t array)
{
	struct semid_ds h;
	uint64_t bytes;
	uint16_t *v;
	long r = host_call(SYS_semctl, id, 0, IPC_STAT, &h);

	if (r < 0)
		return r;
	bytes = h.sem_nsems * sizeof(*v);
	v = malloc(bytes);
	if (!v)
		return -ENOMEM;
	r = host_cmd == SETALL ? gm_read(v, array, bytes) : 0;
	if (r == 0)
		r = host_call(SYS_semctl, id, 0, host_cmd, v);
	if (r == 0 && host_cmd == GETALL)
		r = gm_write(array, v, bytes);
	free(v);
	return r;
}

static long
sem_control(int id, int num, int cmd, uint64_t argp, bool old)
{
	static const int host_get[] = {[G_GETNCNT] = GETNCNT, [G_GETPID] = GETPID, [G_GETVAL] = GETVAL, [G_GETZCNT] = GETZCNT};
	bool wants_arg = cmd == G_SEM_STAT || cmd == IPC_SET || cmd == FBSD_IPC_STAT || cmd == G_GETALL || cmd == G_SETVAL ||
	                 cmd == G_SETALL;
	uint64_t arg = 0;

	if (wants_arg && gm_read(&arg, argp, sizeof(arg)))
		return -EFAULT;
	switch (cmd) {
	case IPC_RMID:
		return host_call(SYS_semctl, id, 0, IPC_RMID, 0);
	case IPC_SET:
		return sem_set(id, arg, old);
	case FBSD_IPC_STAT:
	case G_SEM_STAT:
		return sem_stat(id, cmd == G_SEM_STAT ? SEM_STAT : IPC_STAT, arg, old);
	case G_GETNCNT:
	case G_GETPID:
	case G_GETVAL:
	case G_GETZCNT:
		return host_call(SYS_semctl, id, num, host_get[cmd], 0);
	case G_GETALL:
		return sem_all(id, GETALL, arg);
	case G_SETALL:
		return sem_all(id, SETALL, arg);
	case G_SETVAL:
		return host_call(SYS_semctl, id, num, SETVAL, (int)arg);
	}
	return -EINVAL;
}

long
fbsd_semctl(struct thread *t, int semid, int semnum, int cmd, uint64_t arg)
{
	(void)t;
	return sem_control(semid, semnum, cmd, arg, false);
}

long
fbsd_freebsd7___semctl(struct thread *t, int semid, int semnum, int cmd, uint64_t arg)
{
	(void)t;
	return sem_control(semid, semnum, cmd, arg, true);
}
