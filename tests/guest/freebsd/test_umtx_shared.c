/*
 * _umtx_op between processes: objects in MAP_SHARED memory, robust locks of a process that dies, pages of UMTX_OP_SHM.
 * Sources: FreeBSD _umtx_op(2), sys/umtx.h.
 */
#include "../kit/threads.h"

enum { SHM_CREAT = 1, SHM_LOOKUP = 2, SHM_DESTROY = 4, SHM_ALIVE = 8 };

struct page {
	volatile uint32_t stage, counter, sum, in, broken;
	uint64_t word;
	struct umutex m, pi, pp;
	struct ucond c;
	struct urwlock rw;
	struct usem s;
	struct usem2 s2;
	uint64_t old;
	uint64_t rb_head, rb_priv, rb_inact;
};

static struct page *p;

static int64_t
fork_run(void (*fn)(void))
{
	int64_t pid = sys(SYS_fork);

	if (pid == 0) {
		fn();
		sys(SYS_exit, 0);
	}
	return pid;
}

static int
wait_for(int64_t pid)
{
	int status = -1;

	while (sys(SYS_wait4, pid, &status, 0, 0) == -EINTR)
		;
	return status;
}

static void
fresh(void)
{
	p = shared_page();
	p->m.flags = SHARED;
	p->pi.flags = SHARED | PRIO_INHERIT;
	p->pp.flags = SHARED | PRIO_PROTECT;
	p->pp.owner = CONTESTED;
	p->c.flags = p->rw.flags = p->s.flags = p->s2.flags = SHARED;
}

#define ROUNDS 2000

static void
lock_rounds(struct umutex *m)
{
	for (int i = 0; i < ROUNDS; i++) {
		if (op(m, OP_MUTEX_LOCK, 0, 0, 0))
			p->broken = 1;
		p->counter++;
		if (op(m, OP_MUTEX_UNLOCK, 0, 0, 0))
			p->broken = 2;
	}
}

static void
count_m(void)
{
	lock_rounds(&p->m);
}

static void
count_pi(void)
{
	lock_rounds(&p->pi);
}

static void
count_pp(void)
{
	lock_rounds(&p->pp);
}

static void
mutexes_exclude_processes(void)
{
	void (*kinds[3])(void) = {count_m, count_pi, count_pp};

	for (int k = 0; k < 3; k++) {
		int64_t pid[3];

		fresh();
		for (int i = 0; i < 3; i++)
			pid[i] = fork_run(kinds[k]);
		kinds[k]();
		for (int i = 0; i < 3; i++)
			CHECK_EQ(wait_for(pid[i]), 0);
		CHECK_EQ(p->broken, 0);
		CHECK_EQ(p->counter, 4 * ROUNDS);
	}
	CHECK_EQ(p->pp.owner, CONTESTED);
}

static void
wait_long(void)
{
	p->stage = 1;
	while (*(volatile uint64_t *)&p->word == 1ull << 40)
		op(&p->word, OP_WAIT, 1ull << 40, 0, 0);
}

static void
wait_uint(void)
{
	p->stage = 1;
	while (p->counter == 0)
		op(&p->counter, OP_WAIT_UINT, 0, 0, 0);
}

static void
simple_waits_cross_processes(void)
{
	fresh();
	p->word = 1ull << 40;
	int64_t pid = fork_run(wait_long);

	until(&p->stage, ~0u, 1);
	p->word = 2ull << 40; /* only the upper half changes */
	CHECK_EQ(op(&p->word, OP_WAKE, 1, 0, 0), 0);
	CHECK_EQ(wait_for(pid), 0);
	p->stage = 0;
	pid = fork_run(wait_uint);
	until(&p->stage, ~0u, 1);
	p->counter = 1;
	CHECK_EQ(op(&p->counter, OP_WAKE, 1, 0, 0), 0);
	CHECK_EQ(wait_for(pid), 0);
}

/* A barrier of two processes by a condition: each turn waits for the other's. */
#define TURNS 500

static void
take_turns(uint32_t mine)
{
	uint32_t me = self();

	for (uint32_t i = 0; i < TURNS; i++) {
		mutex_lock(&p->m, me);
		while (p->counter % 2 != mine) {
			op(&p->c, OP_CV_WAIT, 0, &p->m, 0);
			mutex_lock(&p->m, me);
		}
		p->counter++;
		op(&p->c, i % 2 ? OP_CV_SIGNAL : OP_CV_BROADCAST, 0, 0, 0);
		mutex_unlock(&p->m, me);
	}
}

static void
odd_turns(void)
{
	take_turns(1);
}

static void
conditions_cross_processes(void)
{
	fresh();
	int64_t pid = fork_run(odd_turns);

	take_turns(0);
	CHECK_EQ(wait_for(pid), 0);
	CHECK_EQ(p->counter, 2 * TURNS);
	CHECK_EQ(p->c.has_waiters, 0);
}

static void
read_and_write(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		bool write = i % 3 == 0;

		if (op(&p->rw, write ? OP_RW_WRLOCK : OP_RW_RDLOCK, 0, 0, 0))
			p->broken = 1;
		if (write) {
			p->counter++;
			p->sum++;
		} else if (p->counter != p->sum) {
			p->broken = 2;
		}
		if (op(&p->rw, OP_RW_UNLOCK, 0, 0, 0))
			p->broken = 3;
	}
}

static void
rwlocks_cross_processes(void)
{
	int64_t pid[3];

	fresh();
	for (int i = 0; i < 3; i++)
		pid[i] = fork_run(read_and_write);
	read_and_write();
	for (int i = 0; i < 3; i++)
		CHECK_EQ(wait_for(pid[i]), 0);
	CHECK_EQ(p->broken, 0);
	CHECK_EQ(p->counter, 4 * ((ROUNDS + 2) / 3));
	CHECK_EQ(p->rw.state, 0);
	CHECK_EQ(p->rw.blocked_readers + p->rw.blocked_writers, 0);
}

/* Userland's half of both semaphores. */
static void
sem_take(volatile uint32_t *count, void *sem, int wait, uint32_t bits)
{
	for (;;) {
		uint32_t v = *count;

		if (!(v & bits))
			op(sem, wait, 0, 0, 0);
		else if (cas(count, v, v - 1) == v)
			return;
	}
}

static void
sem_put(volatile uint32_t *count, volatile uint32_t *has_waiters, uint32_t mark, void *sem, int wake)
{
	uint32_t v = __sync_fetch_and_add(count, 1);

	if ((has_waiters ? *has_waiters : v) & mark)
		op(sem, wake, 0, 0, 0);
}

static void
pass_through(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		sem_take(&p->s.count, &p->s, OP_SEM_WAIT, ~0u);
		sem_take(&p->s2.count, &p->s2, OP_SEM2_WAIT, 0x7fffffff);
		if (__sync_add_and_fetch(&p->in, 1) > 2)
			p->broken = 1;
		__sync_fetch_and_add(&p->counter, 1);
		__sync_fetch_and_sub(&p->in, 1);
		sem_put(&p->s2.count, 0, 0x80000000u, &p->s2, OP_SEM2_WAKE);
		sem_put(&p->s.count, &p->s.has_waiters, ~0u, &p->s, OP_SEM_WAKE);
	}
}

static void
semaphores_cross_processes(void)
{
	int64_t pid[4];

	fresh();
	p->s.count = 3;
	p->s2.count = 2;
	for (int i = 0; i < 4; i++)
		pid[i] = fork_run(pass_through);
	pass_through();
	for (int i = 0; i < 4; i++)
		CHECK_EQ(wait_for(pid[i]), 0);
	CHECK_EQ(p->broken, 0);
	CHECK_EQ(p->counter, 5 * ROUNDS);
	CHECK_EQ(p->s.count, 3);
	CHECK_EQ(p->s2.count & 0x7fffffff, 2);
}

static void
count_old(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		sys(NR_umtx_lock, &p->old);
		p->counter++;
		if (sys(NR_umtx_unlock, &p->old))
			p->broken = 1;
	}
}

static void
the_first_locks_cross_processes(void)
{
	int64_t pid[2];

	fresh();
	for (int i = 0; i < 2; i++)
		pid[i] = fork_run(count_old);
	count_old();
	for (int i = 0; i < 2; i++)
		CHECK_EQ(wait_for(pid[i]), 0);
	CHECK_EQ(p->broken, 0);
	CHECK_EQ(p->counter, 3 * ROUNDS);
}

/* A process that dies with a robust lock, in its main thread and in another. */
static void
hold_robust(void *arg)
{
	uint64_t lists[3] = {(uint64_t)&p->rb_head, 0, (uint64_t)&p->rb_inact};

	(void)arg;
	op(0, OP_ROBUST_LISTS, sizeof(lists), lists, 0);
	p->m.flags |= ROBUST;
	op(&p->m, OP_MUTEX_LOCK, 0, 0, 0);
	p->rb_head = (uint64_t)&p->m;
	p->stage = 1;
	until(&p->m.owner, CONTESTED, CONTESTED); /* the other process waits */
}

static void
hold_and_sleep(void *arg)
{
	hold_robust(arg);
	for (;;)
		op(&p->word, OP_WAIT, 0, 0, 0);
}

static void
die_in_main(void)
{
	hold_robust(0);
}

static void
die_in_thread(void)
{
	struct kthread k;

	spawn(&k, hold_and_sleep, 0);
	until(&p->stage, ~0u, 1);
	until(&p->m.owner, CONTESTED, CONTESTED);
}

static void
die_of_a_signal(void)
{
	hold_robust(0);
	sys(SYS_kill, sys(SYS_getpid), SIGTERM);
	for (;;)
		sys(SYS_sched_yield);
}

static void
a_dead_process_hands_on_its_locks(void)
{
	void (*ways[3])(void) = {die_in_main, die_in_thread, die_of_a_signal};

	for (int i = 0; i < 3; i++) {
		fresh();
		int64_t pid = fork_run(ways[i]);

		until(&p->stage, ~0u, 1);
		CHECK_EQ(op(&p->m, OP_MUTEX_LOCK, 0, 0, 0), -EOWNERDEAD);
		CHECK_EQ(p->m.owner & ~CONTESTED, self());
		CHECK_EQ(wait_for(pid), i == 2 ? SIGTERM : 0);
	}
}

static void
use_shm(void)
{
	int64_t fd = op(0, OP_SHM, SHM_LOOKUP, &p->word, 0);
	volatile uint32_t *q = (void *)sys(SYS_mmap, 0, 4096, 3, MAP_SHARED, fd, 0);

	if (fd < 0 || *q != 4711)
		sys(SYS_exit, 1);
	*q = 4712;
}

static void
shm_pages_belong_to_addresses(void)
{
	fresh();
	CHECK_EQ(op(0, OP_SHM, SHM_LOOKUP, &p->word, 0), -ESRCH);
	int64_t fd = op(0, OP_SHM, SHM_CREAT, &p->word, 0);

	CHECK(fd >= 0);
	CHECK_EQ(sys(SYS_fcntl, fd, 1, 0), 1); /* close-on-exec */
	volatile uint32_t *q = (void *)sys(SYS_mmap, 0, 4096, 3, MAP_SHARED, fd, 0);

	CHECK_EQ(*q, 0);
	*q = 4711;
	CHECK_EQ(op(0, OP_SHM, SHM_ALIVE, q, 0), 0);
	CHECK_EQ(wait_for(fork_run(use_shm)), 0);
	CHECK_EQ(*q, 4712);
	int64_t again = op(0, OP_SHM, SHM_CREAT, &p->word, 0);

	CHECK(again >= 0 && again != fd);
	CHECK_EQ(op(0, OP_SHM, SHM_LOOKUP, &p->old, 0), -ESRCH); /* another address */
	CHECK_EQ(op(0, OP_SHM, SHM_DESTROY, &p->word, 0), 0);
	CHECK_EQ(op(0, OP_SHM, SHM_DESTROY, &p->word, 0), -ESRCH);
	CHECK_EQ(op(0, OP_SHM, SHM_LOOKUP, &p->word, 0), -ESRCH);
	CHECK_EQ(op(0, OP_SHM, SHM_ALIVE, q, 0), -ENOTTY);
	CHECK_EQ(op(0, OP_SHM, SHM_CREAT | SHM_LOOKUP, &p->word, 0), -EINVAL);
	CHECK_EQ(op(0, OP_SHM, 0, &p->word, 0), -EINVAL);
	CHECK_EQ(op(0, OP_SHM, SHM_CREAT, (void *)16, 0), -EFAULT);
	sys(SYS_close, fd);
	sys(SYS_close, again);
}

static void
shm_pages_of_private_memory(void)
{
	static uint64_t key;
	int64_t fd = op(0, OP_SHM, SHM_CREAT, &key, 0);

	CHECK(fd >= 0);
	CHECK(op(0, OP_SHM, SHM_LOOKUP, &key, 0) >= 0);
	CHECK_EQ(op(0, OP_SHM, SHM_DESTROY, &key, 0), 0);
}

const struct test tests[] = {
    {"mutexes exclude processes", mutexes_exclude_processes},
    {"simple waits cross processes", simple_waits_cross_processes},
    {"conditions cross processes", conditions_cross_processes},
    {"rwlocks cross processes", rwlocks_cross_processes},
    {"semaphores cross processes", semaphores_cross_processes},
    {"the first locks cross processes", the_first_locks_cross_processes},
    {"a dead process hands on its locks", a_dead_process_hands_on_its_locks},
    {"shm pages belong to addresses", shm_pages_belong_to_addresses},
    {"shm pages of private memory", shm_pages_of_private_memory},
    {0, 0},
};
