/*
 * System V message queues.
 * Source: FreeBSD manual msgget(2), msgsnd(2), msgrcv(2), msgctl(2); sys/msg.h.
 */
#include <errno.h>
#include <sys/msg.h>

#include "abi/freebsd/sysvipc.h"
#include "freebsd-amd64.h"

struct fbsd_msqid_ds {
	struct fbsd_ipc_perm perm;
	uint64_t first, last, cbytes, qnum, qbytes;
	int32_t lspid, lrpid;
	int64_t stime, rtime, ctime;
};
_Static_assert(sizeof(struct fbsd_msqid_ds) == 104, "msqid_ds");

struct fbsd_msqid_ds_old {
	struct fbsd_ipc_perm_old perm;
	uint64_t first, last, cbytes, qnum, qbytes;
	int32_t lspid, lrpid;
	int64_t stime, pad1, rtime, pad2, ctime, pad3, pad4[4];
};
_Static_assert(sizeof(struct fbsd_msqid_ds_old) == 152, "msqid_ds_old");

long
fbsd_msgget(struct thread *t, int64_t key, int msgflg)
{
	int k, r = fbsd_ipc_key_in(key, &k);

	(void)t;
	return r ? r : host_call(SYS_msgget, k, fbsd_ipc_flags_in(msgflg));
}

/* The message is a long and its text on both sides.  A wait that a signal ends is never restarted. */
long
fbsd_msgsnd(struct thread *t, int msqid, uint64_t msgp, uint64_t msgsz, int msgflg)
{
	long r;

	if (msgsz > INT32_MAX)
		return -EINVAL;
	if (!gm_inside(msgp, msgsz + 8))
		return -EFAULT;
	r = host_block(t, SYS_msgsnd, msqid, msgp, msgsz, msgflg & IPC_NOWAIT);
	return r == -HOST_ERESTART ? -EINTR : r;
}

long
fbsd_msgrcv(struct thread *t, int msqid, uint64_t msgp, uint64_t msgsz, int64_t msgtyp, int msgflg)
{
	long r;

	if (msgsz > INT32_MAX)
		return -EINVAL;
	if (!gm_inside(msgp, msgsz + 8))
		return -EFAULT;
	r = host_block(t, SYS_msgrcv, msqid, msgp, msgsz, msgtyp, msgflg & (IPC_NOWAIT | MSG_NOERROR));
	return r == -HOST_ERESTART ? -EINTR : r;
}

static long
stat_out(int id, uint64_t buf, bool old)
{
	struct msqid_ds h;
	struct fbsd_msqid_ds g = {0};
	struct fbsd_msqid_ds_old o = {0};
	long r = host_call(SYS_msgctl, id, IPC_STAT, &h);

	if (r < 0)
		return r;
	fbsd_ipc_perm_out(&h.msg_perm, &g.perm);
	g.cbytes = h.__msg_cbytes;
	g.qnum = h.msg_qnum;
	g.qbytes = h.msg_qbytes;
	g.lspid = h.msg_lspid;
	g.lrpid = h.msg_lrpid;
	g.stime = h.msg_stime;
	g.rtime = h.msg_rtime;
	g.ctime = h.msg_ctime;
	if (!old)
		return gm_write(buf, &g, sizeof(g));
	fbsd_ipc_perm_old_out(&g.perm, &o.perm);
	o.cbytes = g.cbytes;
	o.qnum = g.qnum;
	o.qbytes = g.qbytes;
	o.lspid = g.lspid;
	o.lrpid = g.lrpid;
	o.stime = g.stime;
	o.rtime = g.rtime;
	o.ctime = g.ctime;
	return gm_write(buf, &o, sizeof(o));
}

static long
set_in(int id, uint64_t buf, bool old)
{
	struct msqid_ds h = {0};
	struct fbsd_msqid_ds g;
	struct fbsd_msqid_ds_old o;

	if (old ? gm_read(&o, buf, sizeof(o)) : gm_read(&g, buf, sizeof(g)))
		return -EFAULT;
	if (old) {
		fbsd_ipc_perm_old_in(&o.perm, &g.perm);
		g.qbytes = o.qbytes;
	}
	if (g.qbytes == 0)
		return -EINVAL;
	fbsd_ipc_perm_in(&g.perm, &h.msg_perm);
	h.msg_qbytes = g.qbytes;
	return host_call(SYS_msgctl, id, IPC_SET, &h);
}

static long
control(int id, int cmd, uint64_t buf, bool old)
{
	switch (cmd) {
	case IPC_RMID:
		return host_call(SYS_msgctl, id, IPC_RMID, 0);
	case IPC_SET:
		return set_in(id, buf, old);
	case FBSD_IPC_STAT:
		return stat_out(id, buf, old);
	}
	return -EINVAL;
}

long
fbsd_msgctl(struct thread *t, int msqid, int cmd, uint64_t buf)
{
	(void)t;
	return control(msqid, cmd, buf, false);
}

long
fbsd_freebsd7_msgctl(struct thread *t, int msqid, int cmd, uint64_t buf)
{
	(void)t;
	return control(msqid, cmd, buf, true);
}
