/*
 * _umtx_op: words, results and errors of each operation on private objects.
 * Sources: FreeBSD _umtx_op(2), sys/umtx.h; sys/kern/kern_umtx.c for what the manual leaves out.
 */
#include "../kit/threads.h"

static void
waits_that_do_not_wait(void)
{
	uint64_t word = 5;
	uint32_t half = 7;

	CHECK_EQ(op(&word, OP_WAIT, 6, 0, 0), 0);
	CHECK_EQ(op(&word, OP_WAIT, 5 | 1ull << 32, 0, 0), 0); /* all 64 bits count */
	CHECK_EQ(op(&half, OP_WAIT_UINT, 8, 0, 0), 0);
	CHECK_EQ(op(&half, OP_WAIT_UINT, 7 | 1ull << 32, 0, 0), 0); /* no word has these bits */
	CHECK_EQ(op(&half, OP_WAIT_UINT_PRIVATE, 8, 0, 0), 0);
	CHECK_EQ(op((void *)16, OP_WAIT, 0, 0, 0), -EFAULT);
	CHECK_EQ(op((void *)16, OP_WAIT_UINT, 0, 0, 0), -EFAULT);
	CHECK_EQ(op((void *)16, OP_WAIT_UINT_PRIVATE, 0, 0, 0), -EFAULT);
	CHECK_EQ(op((void *)16, OP_WAKE, 1, 0, 0), -EFAULT);
	CHECK_EQ(op((void *)16, OP_WAKE_PRIVATE, 1, 0, 0), 0);
	CHECK_EQ(op(&half, OP_WAKE, 1, 0, 0), 0);
}

static void
time_limits(void)
{
	static const int waits[] = {OP_WAIT_UINT, OP_WAIT_UINT_PRIVATE, OP_WAIT};
	struct umtx_time t = {{0, 1000000}, 0, CLOCK_MONOTONIC}, past = {{1, 0}, ABSTIME, CLOCK_REALTIME};
	struct umtx_time mono = {{0, 1}, ABSTIME, CLOCK_MONOTONIC}, cpu = {{0, 0}, ABSTIME, 15};
	struct timespec negative = {-1, 0}, much = {0, 1000000000}, none = {0, 0};
	uint64_t w = 0;

	for (unsigned i = 0; i < 3; i++) {
		int o = waits[i];

		CHECK_EQ(op(&w, o, 0, (void *)sizeof(t), &t), -ETIMEDOUT);
		CHECK_EQ(op(&w, o, 0, (void *)16, &t), -ETIMEDOUT); /* a plain timespec */
		CHECK_EQ(op(&w, o, 0, 0, &none), -ETIMEDOUT);
		CHECK_EQ(op(&w, o, 0, (void *)sizeof(t), &past), -ETIMEDOUT);
		CHECK_EQ(op(&w, o, 0, (void *)sizeof(t), &mono), -ETIMEDOUT);
		CHECK_EQ(op(&w, o, 0, (void *)sizeof(t), &cpu), -ETIMEDOUT);
		CHECK_EQ(op(&w, o, 0, 0, &negative), -EINVAL);
		CHECK_EQ(op(&w, o, 0, 0, &much), -EINVAL);
		CHECK_EQ(op(&w, o, 0, 0, (void *)16), -EFAULT);
		CHECK_EQ(op(&w, o, 1, 0, &none), 0); /* a changed word comes first */
	}
}

static void
unknown_operations(void)
{
	uint32_t w = 0;

	CHECK_EQ(op(&w, 29, 0, 0, 0), -EINVAL);
	CHECK_EQ(op(&w, -1, 0, 0, 0), -EINVAL);
}

static void
min_timeout(void)
{
	long ns = -1;

	CHECK_EQ(op(0, OP_GET_MIN_TIMEOUT, 0, &ns, 0), 0);
	CHECK_EQ(ns, 0);
	CHECK_EQ(op(0, OP_SET_MIN_TIMEOUT, 1000, 0, 0), 0);
	CHECK_EQ(op(0, OP_GET_MIN_TIMEOUT, 0, &ns, 0), 0);
	CHECK_EQ(ns, 1000);
	CHECK_EQ(op(0, OP_SET_MIN_TIMEOUT, (uint64_t)-1, 0, 0), -EINVAL);
	CHECK_EQ(op(0, OP_GET_MIN_TIMEOUT, 0, (void *)16, 0), -EFAULT);
	CHECK_EQ(op(0, OP_SET_MIN_TIMEOUT, 0, 0, 0), 0);
}

/* Waiters that count themselves: woken tells how many went on. */
static volatile uint32_t word, ready, woken;

static void
wait_on_word(void *arg)
{
	(void)arg;
	__sync_fetch_and_add(&ready, 1);
	while (word == 0)
		op(&word, OP_WAIT_UINT_PRIVATE, 0, 0, 0);
	__sync_fetch_and_add(&woken, 1);
}

static void
nwake_wakes_all_of_each_address(void)
{
	struct kthread k[6];
	void *addrs[2] = {(void *)&word, (void *)&woken};

	word = ready = woken = 0;
	for (int i = 0; i < 6; i++)
		CHECK_EQ(spawn(&k[i], wait_on_word, 0), 0);
	until(&ready, ~0u, 6);
	word = 1;
	CHECK_EQ(op(addrs, OP_NWAKE_PRIVATE, 2, 0, 0), 0);
	for (int i = 0; i < 6; i++)
		join(&k[i]);
	CHECK_EQ(woken, 6);
	CHECK_EQ(op((void *)16, OP_NWAKE_PRIVATE, 1, 0, 0), -EFAULT);
	CHECK_EQ(op((void *)16, OP_NWAKE_PRIVATE, 0, 0, 0), 0);
}

static struct umutex mu;
static int64_t result[4];

static void
condition_words(void)
{
	uint32_t me = self();
	struct timespec ms = {0, 1000000}, past = {1, 0};
	struct umutex m = {.owner = me};
	struct ucond c = {0};

	CHECK_EQ(op(&c, OP_CV_WAIT, 0, &m, &ms), -ETIMEDOUT);
	CHECK_EQ(c.has_waiters, 0);
	CHECK_EQ(m.owner, 0); /* left to userland to take again */
	m.owner = me;
	CHECK_EQ(op(&c, OP_CV_WAIT, 2, &m, &past), -ETIMEDOUT); /* absolute, real time */
	m.owner = me;
	c.clockid = CLOCK_MONOTONIC;
	CHECK_EQ(op(&c, OP_CV_WAIT, 6, &m, &past), -ETIMEDOUT);
	m.owner = me;
	c.clockid = 14;
	CHECK_EQ(op(&c, OP_CV_WAIT, 4, &m, &ms), -EINVAL);
	CHECK_EQ(m.owner, me);
	CHECK_EQ(c.has_waiters, 0);
	c.clockid = 0;
	m.owner = 12345;
	CHECK_EQ(op(&c, OP_CV_WAIT, 0, &m, 0), -EPERM);
	CHECK_EQ(c.has_waiters, 0);
	c.has_waiters = 1;
	CHECK_EQ(op(&c, OP_CV_SIGNAL, 0, 0, 0), 0);
	CHECK_EQ(c.has_waiters, 0);
	c.has_waiters = 1;
	CHECK_EQ(op(&c, OP_CV_BROADCAST, 0, 0, 0), 0);
	CHECK_EQ(c.has_waiters, 0);
	CHECK_EQ(op((void *)16, OP_CV_SIGNAL, 0, 0, 0), -EFAULT);
	CHECK_EQ(op(&c, OP_CV_WAIT, 0, (void *)16, 0), -EFAULT);
	ms.nsec = -1;
	CHECK_EQ(op(&c, OP_CV_WAIT, 0, &m, &ms), -EINVAL);
}

static struct ucond cv;
static volatile uint32_t order[4], norder;

static void
wait_on_cv(void *arg)
{
	mutex_lock(&mu, self());
	ready = (uint32_t)(long)arg;
	op(&cv, OP_CV_WAIT, 0, &mu, 0);
	mutex_lock(&mu, self());
	order[norder++] = (uint32_t)(long)arg;
	mutex_unlock(&mu, self());
}

/* Who holds the mutex after a waiter's `ready` knows that it waits. */
static void
one_signal_wakes_one_and_the_first(void)
{
	struct kthread k[3];
	uint32_t me = self();

	mu = (struct umutex){0};
	cv = (struct ucond){0};
	ready = norder = 0;
	for (uint32_t i = 0; i < 3; i++) {
		CHECK_EQ(spawn(&k[i], wait_on_cv, (void *)(long)(i + 1)), 0);
		until(&ready, ~0u, i + 1);
		mutex_lock(&mu, me);
		CHECK_EQ(cv.has_waiters, 1);
		mutex_unlock(&mu, me);
	}
	for (uint32_t i = 0; i < 3; i++) {
		CHECK_EQ(op(&cv, OP_CV_SIGNAL, 0, 0, 0), 0);
		until(&norder, ~0u, i + 1);
		CHECK_EQ(order[i], i + 1);
		CHECK_EQ(cv.has_waiters, i < 2);
	}
	for (int i = 0; i < 3; i++)
		join(&k[i]);
}

#define W_OWNER   0x80000000u
#define W_WAITERS 0x40000000u
#define R_WAITERS 0x20000000u

static void
rwlock_words(void)
{
	struct urwlock l = {0};

	CHECK_EQ(op(&l, OP_RW_RDLOCK, 0, 0, 0), 0);
	CHECK_EQ(op(&l, OP_RW_RDLOCK, 0, 0, 0), 0);
	CHECK_EQ(l.state, 2);
	CHECK_EQ(op_ms(&l, OP_RW_WRLOCK, 0, 1), -ETIMEDOUT);
	CHECK_EQ(l.state, 2);
	CHECK_EQ(l.blocked_writers, 0);
	CHECK_EQ(op(&l, OP_RW_UNLOCK, 0, 0, 0), 0);
	CHECK_EQ(op(&l, OP_RW_UNLOCK, 0, 0, 0), 0);
	CHECK_EQ(op(&l, OP_RW_UNLOCK, 0, 0, 0), -EPERM);
	CHECK_EQ(op(&l, OP_RW_WRLOCK, 0, 0, 0), 0);
	CHECK_EQ(l.state, W_OWNER);
	CHECK_EQ(op_ms(&l, OP_RW_RDLOCK, 0, 1), -ETIMEDOUT);
	CHECK_EQ(op_ms(&l, OP_RW_WRLOCK, 0, 1), -ETIMEDOUT);
	CHECK_EQ(l.state, W_OWNER);
	CHECK_EQ(l.blocked_readers, 0);
	CHECK_EQ(op(&l, OP_RW_UNLOCK, 0, 0, 0), 0);
	CHECK_EQ(l.state, 0);
	l.state = W_WAITERS; /* writers first, unless one prefers readers */
	CHECK_EQ(op_ms(&l, OP_RW_RDLOCK, 0, 1), -ETIMEDOUT);
	CHECK_EQ(op_ms(&l, OP_RW_RDLOCK, 2, 1), 0);
	CHECK_EQ(l.state, W_WAITERS | 1);
	l.state = 0x1fffffff;
	CHECK_EQ(op(&l, OP_RW_RDLOCK, 0, 0, 0), -EAGAIN);
	CHECK_EQ(op((void *)16, OP_RW_RDLOCK, 0, 0, 0), -EFAULT);
	CHECK_EQ(op((void *)16, OP_RW_UNLOCK, 0, 0, 0), -EFAULT);
}

static struct urwlock rw;

static void
write_lock(void *arg)
{
	result[(long)arg] = op(&rw, OP_RW_WRLOCK, 0, 0, 0);
	op(&rw, OP_RW_UNLOCK, 0, 0, 0);
}

static void
read_lock(void *arg)
{
	result[(long)arg] = op(&rw, OP_RW_RDLOCK, 0, 0, 0);
	op(&rw, OP_RW_UNLOCK, 0, 0, 0);
}

static void
rwlock_marks(void)
{
	struct kthread k[2];

	rw = (struct urwlock){.state = 1};
	CHECK_EQ(spawn(&k[0], write_lock, (void *)0), 0);
	until(&rw.state, ~0u, 1 | W_WAITERS);
	until(&rw.blocked_writers, ~0u, 1);
	CHECK_EQ(spawn(&k[1], read_lock, (void *)1), 0);
	until(&rw.state, ~0u, 1 | W_WAITERS | R_WAITERS); /* kept out by the writer that waits */
	until(&rw.blocked_readers, ~0u, 1);
	CHECK_EQ(op(&rw, OP_RW_UNLOCK, 0, 0, 0), 0);
	join(&k[0]);
	join(&k[1]);
	CHECK_EQ(result[0], 0);
	CHECK_EQ(result[1], 0);
	CHECK_EQ(rw.state, 0);
	CHECK_EQ(rw.blocked_readers + rw.blocked_writers, 0);
}

static void
semaphore_words(void)
{
	struct usem s = {.count = 1};
	struct usem2 s2 = {.count = 1};

	CHECK_EQ(op(&s, OP_SEM_WAIT, 0, 0, 0), 0); /* userland takes it */
	CHECK_EQ(s.count, 1);
	CHECK_EQ(s.has_waiters, 0);
	s.count = 0;
	CHECK_EQ(op_ms(&s, OP_SEM_WAIT, 0, 1), -ETIMEDOUT);
	CHECK_EQ(s.has_waiters, 1);
	CHECK_EQ(op(&s, OP_SEM_WAKE, 0, 0, 0), 0);
	CHECK_EQ(s.has_waiters, 1); /* nobody waits: memory is left alone */
	CHECK_EQ(op(&s2, OP_SEM2_WAIT, 0, 0, 0), 0);
	CHECK_EQ(s2.count, 1);
	s2.count = 0;
	CHECK_EQ(op_ms(&s2, OP_SEM2_WAIT, 0, 1), -ETIMEDOUT);
	CHECK_EQ(s2.count, 0x80000000u);
	CHECK_EQ(op(&s2, OP_SEM2_WAKE, 0, 0, 0), 0);
	CHECK_EQ(s2.count, 0x80000000u);
	CHECK_EQ(op((void *)16, OP_SEM2_WAIT, 0, 0, 0), -EFAULT);
	CHECK_EQ(op((void *)16, OP_SEM_WAKE, 0, 0, 0), -EFAULT);
}

static struct usem2 sem2;

static void
sem2_wait(void *arg)
{
	uint32_t v;

	do {
		v = sem2.count;
		if (!(v & 0x7fffffff))
			result[(long)arg] = op(&sem2, OP_SEM2_WAIT, 0, 0, 0);
	} while (!(v & 0x7fffffff) || cas(&sem2.count, v, v - 1) != v);
}

static void
a_posted_semaphore_lets_one_in(void)
{
	struct kthread k;

	sem2 = (struct usem2){0};
	CHECK_EQ(spawn(&k, sem2_wait, (void *)0), 0);
	until(&sem2.count, ~0u, 0x80000000u);
	__sync_fetch_and_add(&sem2.count, 1);
	CHECK_EQ(op(&sem2, OP_SEM2_WAKE, 0, 0, 0), 0);
	join(&k);
	CHECK_EQ(result[0], 0);
}

static void
the_first_locks(void)
{
	uint64_t l = 0, me = self();
	struct timespec ms = {0, 1000000};

	CHECK_EQ(op(&l, OP_LOCK, 4711, 0, 0), 0);
	CHECK_EQ(l, 4711);
	CHECK_EQ(op(&l, OP_LOCK, 4712, 0, &ms), -ETIMEDOUT);
	CHECK_EQ(l, 4711 | 1ull << 63);
	CHECK_EQ(op(&l, OP_UNLOCK, 4712, 0, 0), -EPERM);
	CHECK_EQ(op(&l, OP_UNLOCK, 4711, 0, 0), 0);
	CHECK_EQ(l, 0);
	CHECK_EQ(sys(NR_umtx_lock, &l), 0);
	CHECK_EQ(l, me);
	CHECK_EQ(sys(NR_umtx_unlock, &l), 0);
	CHECK_EQ(sys(NR_umtx_unlock, &l), -EPERM);
	CHECK_EQ(op((void *)16, OP_LOCK, 1, 0, 0), -EFAULT);
}

static void
interrupt(int signo)
{
	(void)signo;
	__sync_fetch_and_add(&woken, 1);
}

static void
interrupted_ops(void *arg)
{
	struct umtx_time t = {{100, 0}, 0, CLOCK_MONOTONIC};
	uint64_t left[5];

	(void)arg;
	memset(left, 0, sizeof(left));
	memcpy(left, &t, sizeof(t));
	ready = 1;
	result[0] = op((void *)&word, OP_WAIT_UINT_PRIVATE, 0, 0, 0);
	ready = 2;
	result[1] = op(&mu, OP_MUTEX_LOCK, 0, (void *)sizeof(t), &t);
	ready = 3;
	result[2] = op(&sem2, OP_SEM2_WAIT, 0, (void *)sizeof(left), left);
	result[3] = (int64_t)left[3];
	ready = 4;
	op(&mu, OP_MUTEX_LOCK, 0, 0, 0); /* starts over after each signal */
}

/* One signal, and its handler has run: a flood would keep the thread in handlers, as signals queue. */
static void
poke(int64_t tid)
{
	uint32_t seen = woken;

	sys(NR_thr_kill, tid, SIGUSR1);
	while (woken == seen)
		sys(SYS_sched_yield);
}

/* Send the signal again until the thread has gone on: it may not wait yet. */
static void
signals_end_waits(void)
{
	struct sigaction sa = {.handler = (void *)interrupt, .flags = SA_RESTART};
	struct kthread k;

	CHECK_EQ(sys(SYS_sigaction, SIGUSR1, &sa, 0), 0);
	mu = (struct umutex){.owner = 12345};
	sem2 = (struct usem2){0};
	word = ready = woken = 0;
	CHECK_EQ(spawn(&k, interrupted_ops, 0), 0);
	/* A signal that comes when a wait has just ended may end the next one: no stage is waited for by itself. */
	until(&ready, ~0u, 1);
	while (ready < 4) {
		poke(k.tid);
		sys(SYS_sched_yield);
	}
	CHECK_EQ(result[0], -EINTR);
	CHECK_EQ(result[1], -EINTR);
	CHECK_EQ(result[2], -EINTR);
	CHECK(result[3] >= 90 && result[3] < 100); /* what was left of 100 seconds */
	for (int i = 0; i < 3; i++)
		poke(k.tid);
	CHECK_EQ(k.gone, 0);
	mu.owner = CONTESTED;
	op(&mu, OP_MUTEX_WAKE2, 0, 0, 0);
	join(&k);
}

const struct test tests[] = {
    {"waits that do not wait", waits_that_do_not_wait},
    {"time limits", time_limits},
    {"unknown operations", unknown_operations},
    {"min timeout", min_timeout},
    {"nwake wakes all of each address", nwake_wakes_all_of_each_address},
    {"condition words", condition_words},
    {"one signal wakes one, and the first", one_signal_wakes_one_and_the_first},
    {"rwlock words", rwlock_words},
    {"rwlock marks", rwlock_marks},
    {"semaphore words", semaphore_words},
    {"a posted semaphore lets one in", a_posted_semaphore_lets_one_in},
    {"the first locks", the_first_locks},
    {"signals end waits", signals_end_waits},
    {0, 0},
};
