/*
 * System V semaphores, shared memory, message queues; POSIX message queues.
 * Source: FreeBSD manual semget(2), semop(2), semctl(2), shmget(2), shmat(2), shmctl(2), msgget(2), msgsnd(2), msgrcv(2),
 * msgctl(2), mq_open(2) and kin; layouts: sys/ipc.h, sys/sem.h, sys/shm.h, sys/msg.h, sys/mqueue.h.
 */
#include "../kit/fbsd.h"
#include "../kit/kit.h"

enum { NR_osemctl = 220, NR_semget, NR_semop, NR_omsgctl = 224, NR_msgget, NR_msgsnd, NR_msgrcv, NR_shmat, NR_oshmctl, NR_shmdt, NR_shmget,
       NR_mq_open = 457, NR_mq_setattr, NR_mq_receive, NR_mq_send, NR_mq_notify, NR_mq_unlink, NR_semctl = 510, NR_msgctl, NR_shmctl };
enum { IPC_RMID, IPC_SET, IPC_STAT, GETNCNT, GETPID, GETVAL, GETALL, GETZCNT, SETVAL, SETALL };
enum { IPC_CREAT = 01000, IPC_EXCL = 02000, IPC_NOWAIT = 04000, SEM_UNDO = 010000, MSG_NOERROR = 010000, SHM_RDONLY = 010000, SHM_RND = 020000 };
enum { EIDRM = 82, ENOMSG = 83, EFBIG = 27, ETIMEDOUT = 60, EMSGSIZE = 40 };

struct perm {
	unsigned cuid, cgid, uid, gid;
	unsigned short mode, seq;
	long key;
};
struct perm_old {
	unsigned short cuid, cgid, uid, gid, mode, seq;
	long key;
};
struct sem_ds {
	struct perm perm;
	void *base;
	unsigned short nsems;
	long otime, ctime;
};
struct shm_ds {
	struct perm perm;
	unsigned long segsz;
	int lpid, cpid, nattch;
	long atime, dtime, ctime;
};
struct msg_ds {
	struct perm perm;
	void *first, *last;
	unsigned long cbytes, qnum, qbytes;
	int lspid, lrpid;
	long stime, rtime, ctime;
};
struct shm_ds_old {
	struct perm_old perm;
	int segsz, lpid, cpid;
	short nattch;
	long atime, dtime, ctime;
	void *internal;
};
_Static_assert(sizeof(struct perm) == 32 && sizeof(struct perm_old) == 24 && sizeof(struct sem_ds) == 64, "sys/ipc.h");
_Static_assert(sizeof(struct shm_ds) == 80 && sizeof(struct msg_ds) == 104 && sizeof(struct shm_ds_old) == 72, "sys/shm.h");
struct sembuf {
	unsigned short num;
	short op, flg;
};
union semun {
	int val;
	void *buf;
	unsigned short *array;
};
struct mq_attr {
	long flags, maxmsg, msgsize, curmsgs, spare[4];
};

static int64_t
semctl(int64_t id, int num, int cmd, void *buf)
{
	union semun u = {.buf = buf};

	return sys(NR_semctl, id, num, cmd, &u);
}

static void
semaphores_hold_values(void)
{
	int64_t id = sys(NR_semget, 0, 3, IPC_CREAT | 0600);
	unsigned short all[3] = {7, 8, 9}, got[3] = {0};

	CHECK(id >= 0);
	CHECK_EQ(semctl(id, 0, SETALL, all), 0);
	CHECK_EQ(semctl(id, 0, GETALL, got), 0);
	CHECK(!memcmp(all, got, sizeof(all)));
	CHECK_EQ(semctl(id, 1, SETVAL, (void *)41L), 0);
	CHECK_EQ(sys(NR_semctl, id, 1, GETVAL, 0), 41);
	CHECK_EQ(sys(NR_semctl, id, 1, GETPID, 0), sys(SYS_getpid));
	CHECK_EQ(sys(NR_semctl, id, 1, GETNCNT, 0), 0);
	CHECK_EQ(sys(NR_semctl, id, 1, GETZCNT, 0), 0);
	CHECK_EQ(semctl(id, 1, SETVAL, (void *)40000L), -ERANGE);
	CHECK_EQ(sys(NR_semctl, id, 9, GETVAL, 0), -EINVAL);
	CHECK_EQ(sys(NR_semctl, id, 0, 77, 0), -EINVAL);
	CHECK_ERR(EFAULT, NR_semctl, id, 0, GETALL, 16);
	CHECK_OK(NR_semctl, id, 0, IPC_RMID, 0);
	CHECK_ERR(EINVAL, NR_semctl, id, 0, GETVAL, 0);
}

static void
semaphore_status_has_freebsds_layout(void)
{
	struct sem_ds ds;
	unsigned char old[104];
	int64_t id = sys(NR_semget, 0x5a17, 2, IPC_CREAT | IPC_EXCL | 0640);
	union semun u = {.buf = old};

	CHECK(id >= 0);
	CHECK_ERR(EEXIST, NR_semget, 0x5a17, 2, IPC_CREAT | IPC_EXCL | 0640);
	memset(&ds, 0xee, sizeof(ds));
	CHECK_EQ(semctl(id, 0, IPC_STAT, &ds), 0);
	CHECK_EQ(ds.perm.key, 0x5a17);
	CHECK_EQ(ds.perm.mode & 0777, 0640);
	CHECK_EQ(ds.perm.uid, sys(SYS_getuid));
	CHECK_EQ(ds.perm.cuid, sys(SYS_getuid));
	CHECK_EQ(ds.nsems, 2);
	CHECK_EQ(ds.otime, 0);
	CHECK(ds.ctime > 1000000000);
	ds.perm.mode = 0600;
	CHECK_EQ(semctl(id, 0, IPC_SET, &ds), 0);
	CHECK_EQ(sys(NR_osemctl, id, 0, IPC_STAT, &u), 0);
	CHECK_EQ(old[8] | old[9] << 8, 0600 | 01000); /* mode with SEM_ALLOC */
	CHECK_EQ(old[32], 2);                         /* nsems */
	CHECK_OK(NR_semctl, id, 0, IPC_RMID, 0);
	CHECK_ERR(ENOENT, NR_semget, 0x5a17, 2, 0);
}

static void
semop_waits_and_undoes(void)
{
	int64_t id = sys(NR_semget, 0, 1, IPC_CREAT | 0600), pid;
	struct sembuf down = {0, -1, 0}, up = {0, 1, 0}, try = {0, -1, IPC_NOWAIT}, undo = {0, 1, SEM_UNDO}, far = {5, 1, 0};
	int status;

	CHECK(id >= 0);
	CHECK_ERR(EAGAIN, NR_semop, id, &try, 1);
	CHECK_ERR(EFBIG, NR_semop, id, &far, 1);
	CHECK_ERR(E2BIG, NR_semop, id, &try, 100000);
	CHECK_ERR(EFAULT, NR_semop, id, 0x600000000000, 1);
	pid = sys(SYS_fork);
	if (pid == 0) {
		sys(NR_semop, id, &up, 1);
		sys(NR_semop, id, &undo, 1);
		sys(SYS_exit, 0);
	}
	CHECK_OK(NR_semop, id, &down, 1);
	CHECK_EQ(sys(SYS_wait4, pid, &status, 0, 0), pid);
	CHECK_EQ(sys(NR_semctl, id, 0, GETVAL, 0), 0); /* the child's last is undone */
	CHECK_OK(NR_semctl, id, 0, IPC_RMID, 0);
}

static void
handler(int s)
{
	(void)s;
}

static void
semop_is_not_restarted(void)
{
	struct sigaction sa = {.handler = handler, .flags = SA_RESTART};
	int64_t id = sys(NR_semget, 0, 1, IPC_CREAT | 0600), me = sys(SYS_getpid), pid;
	struct sembuf down = {0, -1, 0};
	int status;

	CHECK_OK(SYS_sigaction, SIGUSR1, &sa, 0);
	pid = sys(SYS_fork);
	if (pid == 0) {
		while (sys(NR_semctl, id, 0, GETNCNT, 0) != 1)
			sys(SYS_sched_yield);
		sys(SYS_kill, me, SIGUSR1);
		sys(SYS_exit, 0);
	}
	CHECK_ERR(EINTR, NR_semop, id, &down, 1);
	CHECK_EQ(sys(SYS_wait4, pid, &status, 0, 0), pid);
	CHECK_OK(NR_semctl, id, 0, IPC_RMID, 0);
}

static void
shared_memory_is_shared(void)
{
	int64_t id = sys(NR_shmget, 0, 5000, IPC_CREAT | 0600), at, ro, pid;
	struct shm_ds ds;
	char vec[2];
	int status;

	CHECK(id >= 0);
	at = sys(NR_shmat, id, 0, 0);
	CHECK(at > 0 && at % 4096 == 0);
	ro = sys(NR_shmat, id, 0, SHM_RDONLY);
	CHECK(ro > 0 && ro != at);
	pid = sys(SYS_fork);
	if (pid == 0) {
		*(volatile long *)at = 0x1234;
		sys(SYS_exit, 0);
	}
	CHECK_EQ(sys(SYS_wait4, pid, &status, 0, 0), pid);
	CHECK_EQ(*(volatile long *)ro, 0x1234);
	memset(&ds, 0xee, sizeof(ds));
	CHECK_OK(NR_shmctl, id, IPC_STAT, &ds);
	CHECK_EQ(ds.segsz, 5000);
	CHECK_EQ(ds.nattch, 2);
	CHECK_EQ(ds.cpid, sys(SYS_getpid));
	CHECK_EQ(ds.perm.mode & 0777, 0600);
	CHECK(ds.atime >= ds.ctime);
	CHECK_OK(NR_shmdt, ro);
	CHECK_ERR(EINVAL, NR_shmdt, ro);
	CHECK_ERR(EINVAL, NR_shmdt, at + 4096);
	CHECK_OK(NR_shmctl, id, IPC_STAT, &ds);
	CHECK_EQ(ds.nattch, 1);
	CHECK_OK(NR_shmctl, id, IPC_RMID, 0);
	CHECK_EQ(*(volatile long *)at, 0x1234);
	CHECK_OK(NR_shmdt, at);
	CHECK_ERR(EINVAL, NR_shmat, id, 0, 0);
	CHECK_ERR(ENOMEM, SYS_mincore, at, 8192, vec); /* nothing there any more */
}

static void
shmat_takes_an_address(void)
{
	int64_t id = sys(NR_shmget, 0, 4096, IPC_CREAT | 0600);
	int64_t page = sys(SYS_mmap, 0, 16384, PROT_READ, MAP_PRIVATE | MAP_ANON, -1, 0);
	struct shm_ds_old old;

	CHECK(id >= 0 && page > 0);
	CHECK_ERR(ENOMEM, NR_shmat, id, page, 0);
	CHECK_OK(SYS_munmap, page, 16384);
	CHECK_ERR(EINVAL, NR_shmat, id, page + 100, 0);
	CHECK_EQ(sys(NR_shmat, id, page + 100, SHM_RND), page);
	CHECK_EQ(sys(NR_shmat, id, page + 4096, 0), page + 4096);
	CHECK_OK(NR_shmdt, page);
	*(volatile char *)(page + 4096) = 1;
	CHECK_OK(NR_oshmctl, id, IPC_STAT, &old);
	CHECK_EQ(old.segsz, 4096);
	CHECK_EQ(old.nattch, 1);
	CHECK_OK(NR_shmdt, page + 4096);
	CHECK_ERR(EINVAL, NR_shmget, 0, 0, IPC_CREAT | 0600);
	CHECK_OK(NR_shmctl, id, IPC_RMID, 0);
}

static void
messages_come_in_order_and_by_type(void)
{
	struct {
		long type;
		char text[16];
	} m = {1, "one"};
	struct msg_ds ds;
	unsigned char old[152];
	long zero[2] = {0, 0};
	int64_t id = sys(NR_msgget, 0, IPC_CREAT | 0600);

	CHECK(id >= 0);
	CHECK_OK(NR_msgsnd, id, &m, 4, 0);
	m.type = 2;
	memcpy(m.text, "two", 4);
	CHECK_OK(NR_msgsnd, id, &m, 4, 0);
	CHECK_ERR(EINVAL, NR_msgsnd, id, zero, 4, 0);
	CHECK_OK(NR_msgctl, id, IPC_STAT, &ds);
	CHECK_EQ(ds.qnum, 2);
	CHECK_EQ(ds.cbytes, 8);
	CHECK_EQ(ds.lspid, sys(SYS_getpid));
	CHECK_EQ(ds.lrpid, 0);
	CHECK(ds.qbytes > 0);
	CHECK_OK(NR_omsgctl, id, IPC_STAT, old);
	CHECK_EQ(old[48], 2); /* qnum */
	CHECK_ERR(E2BIG, NR_msgrcv, id, &m, 2, 2, 0);
	CHECK_EQ(sys(NR_msgrcv, id, &m, 16, 2, 0), 4);
	CHECK(m.type == 2 && !memcmp(m.text, "two", 4));
	CHECK_EQ(sys(NR_msgrcv, id, &m, 2, 0, MSG_NOERROR), 2);
	CHECK(m.type == 1 && !memcmp(m.text, "on", 2));
	CHECK_ERR(ENOMSG, NR_msgrcv, id, &m, 16, 0, IPC_NOWAIT);
	ds.qbytes = 1024;
	ds.perm.mode = 0660;
	CHECK_OK(NR_msgctl, id, IPC_SET, &ds);
	CHECK_OK(NR_msgctl, id, IPC_STAT, &ds);
	CHECK(ds.qbytes == 1024 && (ds.perm.mode & 0777) == 0660);
	CHECK_OK(NR_msgctl, id, IPC_RMID, 0);
	CHECK_ERR(EINVAL, NR_msgrcv, id, &m, 16, 0, IPC_NOWAIT);
}

static void
posix_queue_keeps_priorities(void)
{
	struct mq_attr a = {.maxmsg = 4, .msgsize = 32}, got;
	char name[] = "/dragoman-test-0000000000", buf[32];
	struct timespec past = {1, 0}, bad = {0, 2000000000};
	unsigned prio = 77;
	int64_t q, pid = sys(SYS_getpid);

	for (unsigned i = sizeof(name) - 2; name[i] != '-'; i--, pid /= 10)
		name[i] = (char)('0' + pid % 10);
	CHECK_ERR(EINVAL, NR_mq_open, "noslash", O_RDWR | O_CREAT, 0600, &a);
	CHECK_ERR(EINVAL, NR_mq_open, "/a/b", O_RDWR | O_CREAT, 0600, &a);
	CHECK_ERR(ENOENT, NR_mq_open, name, O_RDWR, 0600, 0);
	q = sys(NR_mq_open, name, O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK, 0600, &a);
	CHECK(q >= 0);
	CHECK_OK(NR_mq_setattr, q, 0, &got);
	CHECK(got.flags == O_NONBLOCK && got.maxmsg == 4 && got.msgsize == 32 && got.curmsgs == 0);
	CHECK_ERR(EAGAIN, NR_mq_receive, q, buf, 32, &prio, 0);
	CHECK_OK(NR_mq_send, q, "low", 4, 1, 0);
	CHECK_OK(NR_mq_send, q, "high", 5, 9, 0);
	CHECK_ERR(EINVAL, NR_mq_send, q, "no", 3, 64, 0);
	CHECK_ERR(EMSGSIZE, NR_mq_receive, q, buf, 8, &prio, 0);
	CHECK_EQ(sys(NR_mq_receive, q, buf, 32, &prio, 0), 5);
	CHECK(prio == 9 && !memcmp(buf, "high", 5));
	CHECK_EQ(sys(NR_mq_receive, q, buf, 32, 0, 0), 4);
	got.flags = 0;
	CHECK_OK(NR_mq_setattr, q, &got, 0);
	CHECK_ERR(ETIMEDOUT, NR_mq_receive, q, buf, 32, &prio, &past);
	CHECK_ERR(EINVAL, NR_mq_receive, q, buf, 32, &prio, &bad);
	CHECK_ERR(EBADF, NR_mq_send, 999, "x", 1, 0, 0);
	CHECK_OK(NR_mq_unlink, name);
	CHECK_ERR(ENOENT, NR_mq_unlink, name);
	CHECK_OK(SYS_close, q);
}

/* Of no such object, by no such command, to no such memory. */
static void
what_is_not_there_is_refused(void)
{
	struct mq_attr a = {.maxmsg = 2, .msgsize = 8};
	union semun bad = {.buf = (void *)8};
	struct msg_ds ds;
	int64_t id, q;

	CHECK((id = sys(NR_semget, 0, 1, IPC_CREAT | 0600)) >= 0);
	CHECK_ERR(EINVAL, NR_semget, 0, -1, IPC_CREAT | 0600);
	CHECK_ERR(EINVAL, NR_osemctl, id + 1, 0, GETVAL, 0);
	CHECK_ERR(EINVAL, NR_osemctl, id, 0, 77, 0);
	CHECK_ERR(EFAULT, NR_osemctl, id, 0, IPC_STAT, &bad);
	CHECK_OK(NR_semctl, id, 0, IPC_RMID, 0);
	CHECK((id = sys(NR_shmget, 0, 4096, IPC_CREAT | 0600)) >= 0);
	CHECK_ERR(EINVAL, NR_shmctl, id, 77, 0);
	CHECK_ERR(EFAULT, NR_shmctl, id, IPC_STAT, 8);
	CHECK_ERR(EINVAL, NR_shmctl, id + 1, IPC_STAT, &ds);
	CHECK_ERR(EFAULT, NR_oshmctl, id, IPC_STAT, 8);
	CHECK_ERR(EINVAL, NR_oshmctl, id + 1, IPC_STAT, &ds);
	CHECK_OK(NR_shmctl, id, IPC_RMID, 0);
	CHECK((id = sys(NR_msgget, 0, IPC_CREAT | 0600)) >= 0);
	CHECK_ERR(ENOENT, NR_msgget, 0x5a18, 0);
	CHECK_ERR(EINVAL, NR_msgctl, id, 77, 0);
	CHECK_ERR(EFAULT, NR_msgctl, id, IPC_STAT, 8);
	CHECK_ERR(EINVAL, NR_msgctl, id + 1, IPC_STAT, &ds);
	CHECK_ERR(EFAULT, NR_omsgctl, id, IPC_STAT, 8);
	CHECK_ERR(EINVAL, NR_omsgctl, id + 1, IPC_STAT, &ds);
	CHECK_OK(NR_msgctl, id, IPC_RMID, 0);
	CHECK((q = sys(NR_mq_open, "/dragoman-refused", O_RDWR | O_CREAT, 0600, &a)) >= 0);
	CHECK_ERR(EFAULT, NR_mq_setattr, q, 8, 0);
	CHECK_ERR(EFAULT, NR_mq_setattr, q, 0, 8);
	CHECK_ERR(EBADF, NR_mq_setattr, 0, 0, &a);
	CHECK_ERR(EBADF, NR_mq_setattr, 777, 0, &a);
	CHECK_OK(NR_mq_unlink, "/dragoman-refused");
	CHECK_OK(SYS_close, q);
}

static volatile int notified, note_code;
static volatile long note_value;

static void
on_note(int s, struct siginfo *si)
{
	note_code = si->code;
	note_value = si->value;
	notified = s;
}

static void
posix_queue_notifies_once(void)
{
	struct mq_attr a = {.maxmsg = 2, .msgsize = 8};
	struct {
		int notify, signo;
		long value, spare[8];
	} ev = {.notify = 1, .signo = SIGUSR2, .value = 0x77};
	struct sigaction sa = {.handler = on_note, .flags = SA_SIGINFO};
	int64_t q = sys(NR_mq_open, "/dragoman-notify", O_RDWR | O_CREAT, 0600, &a);

	CHECK(q >= 0);
	sys(NR_mq_unlink, "/dragoman-notify");
	CHECK_OK(SYS_sigaction, SIGUSR2, &sa, 0);
	CHECK_OK(NR_mq_notify, q, &ev);
	CHECK_OK(NR_mq_send, q, "a", 1, 0, 0);
	while (!notified)
		sys(SYS_sched_yield);
	CHECK_EQ(notified, SIGUSR2);
	CHECK_EQ(note_code, 0x10005); /* SI_MESGQ */
	CHECK_EQ(note_value, 0x77);
	ev.notify = 9;
	CHECK_ERR(EINVAL, NR_mq_notify, q, &ev);
	CHECK_OK(NR_mq_notify, q, 0);
	CHECK_OK(SYS_close, q);
}

const struct test tests[] = {
    {"semaphores_hold_values", semaphores_hold_values},
    {"semaphore_status_has_freebsds_layout", semaphore_status_has_freebsds_layout},
    {"semop_waits_and_undoes", semop_waits_and_undoes},
    {"semop_is_not_restarted", semop_is_not_restarted},
    {"shared_memory_is_shared", shared_memory_is_shared},
    {"shmat_takes_an_address", shmat_takes_an_address},
    {"messages_come_in_order_and_by_type", messages_come_in_order_and_by_type},
    {"posix_queue_keeps_priorities", posix_queue_keeps_priorities},
    {"what_is_not_there_is_refused", what_is_not_there_is_refused},
    {"posix_queue_notifies_once", posix_queue_notifies_once},
    {NULL, NULL},
};
