/*
 * System V shared memory.  A segment is attached over a reservation of its own, so that it lies where the guest's mappings
 * do; the book of mappings remembers it as a file without a device whose inode is the segment's id.
 * Source: FreeBSD manual shmget(2), shmat(2), shmctl(2); sys/shm.h.
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/shm.h>

#include "abi/freebsd/sysvipc.h"
#include "freebsd-amd64.h"

#define HOST_SHM_REMAP 040000
#define G_SHM_INFO     14
#define G_SHM_STAT     13
#define G_IPC_INFO     3
/* In the mode that IPC_STAT tells (sys/kern/sysv_shm.c). */
#define G_SEG_REMOVED   0x400
#define G_SEG_ALLOCATED 0x800

struct fbsd_shmid_ds {
	struct fbsd_ipc_perm perm;
	uint64_t segsz;
	int32_t lpid, cpid, nattch, pad;
	int64_t atime, dtime, ctime;
};
_Static_assert(sizeof(struct fbsd_shmid_ds) == 80, "shmid_ds");

struct fbsd_shmid_ds_old {
	struct fbsd_ipc_perm_old perm;
	int32_t segsz, lpid, cpid;
	int16_t nattch, pad;
	int64_t atime, dtime, ctime;
	uint64_t internal;
};
_Static_assert(sizeof(struct fbsd_shmid_ds_old) == 72, "shmid_ds_old");

long
fbsd_shmget(struct thread *t, int64_t key, uint64_t size, int shmflg)
{
	int k, r = fbsd_ipc_key_in(key, &k);

	(void)t;
	return r ? r : host_call(SYS_shmget, k, size, fbsd_ipc_flags_in(shmflg));
}

static long
attach(struct thread *t, int id, uint64_t at, uint64_t len, int flags)
{
	uint32_t prot = flags & SHM_RDONLY ? PROT_READ : PROT_READ | PROT_WRITE;
	struct vma v = {.start = at, .end = at + len, .prot = prot, .maxprot = prot, .flags = GM_SHARED, .kind = GM_FILE,
	                .ino = (uint64_t)id, .name = "SYSV"};
	long r = host_call(SYS_shmat, id, at, (flags & SHM_RDONLY) | HOST_SHM_REMAP);
	int e = r < 0 ? (int)r : gm_record(t->task->gm, &v);

	if (e) {
		gm_unmap(t->task->gm, at, len);
		return e;
	}
	return r;
}

long
fbsd_shmat(struct thread *t, int shmid, uint64_t shmaddr, int shmflg)
{
	struct gm_map_req q = {.host_flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, .fd = -1, .kind = GM_GUARD};
	struct shmid_ds ds;
	long r;

	if (shmflg & ~(SHM_RDONLY | SHM_RND))
		return -EINVAL;
	r = host_call(SYS_shmctl, shmid, IPC_STAT, &ds);
	if (r < 0)
		return r;
	if (shmaddr) {
		if (shmflg & SHM_RND)
			shmaddr = GM_PAGE_DOWN(shmaddr);
		if (shmaddr & (GM_PAGE - 1))
			return -EINVAL;
		q.addr = shmaddr;
		q.how = GM_FIXED | GM_EXCL;
	}
	q.len = GM_PAGE_UP(ds.shm_segsz);
	r = gm_map(t->task->gm, &q);
	if (r < 0)
		return r == -EEXIST ? -ENOMEM : r;
	return attach(t, shmid, (uint64_t)r, q.len, shmflg);
}

/* Bytes from @at to the end of the segment that begins there, 0 when none does. */
static uint64_t
attached(struct thread *t, uint64_t at)
{
	struct vma v;
	uint64_t end = at;
	uint64_t id = 0;

	gm_lock(t->task->gm);
	while (gm_find_locked(t->task->gm, end, &v) && v.start == end && v.kind == GM_FILE && v.dev == 0 &&
	       v.offset == end - at && (end == at || v.ino == id)) {
		id = v.ino;
		end = v.end;
	}
	gm_unlock(t->task->gm);
	return end - at;
}

long
fbsd_shmdt(struct thread *t, uint64_t shmaddr)
{
	uint64_t len = attached(t, shmaddr);
	long r;

	if (!len)
		return -EINVAL;
	r = host_call(SYS_shmdt, shmaddr);
	return r ? r : gm_unmap(t->task->gm, shmaddr, len);
}

static long
stat_out(int id, int host_cmd, uint64_t buf, bool old)
{
	struct shmid_ds h;
	struct fbsd_shmid_ds g = {0};
	struct fbsd_shmid_ds_old o = {0};
	long r = host_call(SYS_shmctl, id, host_cmd, &h);

	if (r < 0)
		return r;
	fbsd_ipc_perm_out(&h.shm_perm, &g.perm);
	g.perm.mode |= G_SEG_ALLOCATED | (h.shm_perm.mode & SHM_DEST ? G_SEG_REMOVED : 0);
	g.segsz = h.shm_segsz;
	g.lpid = h.shm_lpid;
	g.cpid = h.shm_cpid;
	g.nattch = (int32_t)h.shm_nattch;
	g.atime = h.shm_atime;
	g.dtime = h.shm_dtime;
	g.ctime = h.shm_ctime;
	if (!old)
		return gm_write(buf, &g, sizeof(g)) ? -EFAULT : r;
	fbsd_ipc_perm_old_out(&g.perm, &o.perm);
	o.segsz = g.segsz > INT32_MAX ? INT32_MAX : (int32_t)g.segsz;
	o.lpid = g.lpid;
	o.cpid = g.cpid;
	o.nattch = (int16_t)(g.nattch > INT16_MAX ? INT16_MAX : g.nattch);
	o.atime = g.atime;
	o.dtime = g.dtime;
	o.ctime = g.ctime;
	return gm_write(buf, &o, sizeof(o)) ? -EFAULT : r;
}

static long
set_in(int id, uint64_t buf, bool old)
{
	struct shmid_ds h = {0};
	struct fbsd_shmid_ds g;
	struct fbsd_shmid_ds_old o;

	if (old ? gm_read(&o, buf, sizeof(o)) : gm_read(&g, buf, sizeof(g)))
		return -EFAULT;
	if (old)
		fbsd_ipc_perm_old_in(&o.perm, &g.perm);
	fbsd_ipc_perm_in(&g.perm, &h.shm_perm);
	return host_call(SYS_shmctl, id, IPC_SET, &h);
}

/* Limits and use of the whole system: the host's structures begin with the guest's. */
static long
info_out(int host_cmd, uint64_t buf, uint64_t bytes)
{
	union {
		struct shminfo limits;
		struct shm_info use;
	} h = {0};
	long r = host_call(SYS_shmctl, 0, host_cmd, &h);

	return r < 0 ? r : gm_write(buf, &h, bytes) ? -EFAULT : r;
}

static long
control(int id, int cmd, uint64_t buf, bool old)
{
	switch (cmd) {
	case IPC_RMID:
		return host_call(SYS_shmctl, id, IPC_RMID, 0);
	case IPC_SET:
		return set_in(id, buf, old);
	case FBSD_IPC_STAT:
	case G_SHM_STAT:
		return stat_out(id, cmd == G_SHM_STAT ? SHM_STAT : IPC_STAT, buf, old);
	case G_IPC_INFO:
		return info_out(IPC_INFO, buf, 5 * sizeof(uint64_t));
	case G_SHM_INFO:
		return info_out(SHM_INFO, buf, 6 * sizeof(uint64_t));
	case SHM_LOCK:
	case SHM_UNLOCK:
		return host_call(SYS_shmctl, id, cmd, 0);
	}
	return -EINVAL;
}

long
fbsd_shmctl(struct thread *t, int shmid, int cmd, uint64_t buf)
{
	(void)t;
	return control(shmid, cmd, buf, false);
}

long
fbsd_freebsd7_shmctl(struct thread *t, int shmid, int cmd, uint64_t buf)
{
	(void)t;
	return control(shmid, cmd, buf, true);
}
