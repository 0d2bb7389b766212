/*
 * 100 threads on each kind of object, half of the time in four processes that share it; and the operations that
 * test_umtx_stress.c has not: words of a long, lists of words, the first semaphores, ceilings, thr_suspend.
 * Sources: _umtx_op(2), thr_suspend(2), thr_wake(2).
 */
#include "../kit/stress.h"

#define PROCESSES 4
#define EACH      25
#define THREADS   100

/* In memory that the processes share. */
struct all {
	struct umutex mu;
	struct ucond cv;
	struct urwlock rw;
	struct usem sem;
	struct usem2 sem2;
	volatile uint64_t token;
	volatile uint32_t counter, inside, readers, broken, generation;
	volatile uint32_t words[THREADS];
	volatile uint32_t tids[THREADS];
};
static struct all *all;
static uint64_t rounds, seed;
static struct kthread k[THREADS];

static void
begin(uint64_t quick)
{
	rounds = stress_begin(quick, &seed);
	if (!all)
		all = shared_page();
	memset(all, 0, sizeof(*all));
}

/* The first thing that went wrong. */
static void
broke(uint32_t what)
{
	cas(&all->broken, 0, what);
}

static int64_t
run_threads(void (*fn)(void *), long first, long n)
{
	for (long i = 0; i < n; i++)
		if (spawn(&k[i], fn, (void *)(first + i)))
			return -1;
	for (long i = 0; i < n; i++)
		join(&k[i]);
	return 0;
}

/* The threads of all processes have numbers from 0 up; all processes end well. */
static int64_t
run_processes(void (*fn)(void *))
{
	int64_t pids[PROCESSES], bad = 0;

	for (long p = 1; p < PROCESSES; p++) {
		pids[p] = sys(SYS_fork);
		if (pids[p] == 0)
			call(SYS_exit, run_threads(fn, p * EACH, EACH) != 0);
	}
	bad = run_threads(fn, 0, EACH);
	for (long p = 1; p < PROCESSES; p++)
		bad |= pids[p] < 0 ? -1 : status_of(pids[p], 0);
	return bad;
}

static int64_t
run(void (*fn)(void *), bool shared)
{
	return shared ? run_processes(fn) : run_threads(fn, 0, THREADS);
}

static void
enter(void)
{
	if (__sync_fetch_and_add(&all->inside, 1))
		broke(1);
	all->counter++;
	if (all->counter % 8 == 0)
		sys(SYS_sched_yield);
	__sync_fetch_and_sub(&all->inside, 1);
}

/* Only a wait with a limit ends without its lock, by the time or by a signal. */
static bool
given_up(int64_t r, long ms)
{
	return ms && (r == -ETIMEDOUT || r == -EINTR);
}

static void
lock_and_unlock(void *arg)
{
	uint64_t state = stress_stream(seed, (long)arg);
	uint32_t me = self();

	for (uint64_t i = 0; i < rounds; i++) {
		bool plain = !(all->mu.flags & (PRIO_INHERIT | PRIO_PROTECT)) && random_next(&state) % 2;
		int64_t r = 0;
		long ms = 0;

		if (plain)
			mutex_lock(&all->mu, me);
		else
			do {
				ms = random_next(&state) % 4 ? 0 : 1;
				r = op_ms(&all->mu, OP_MUTEX_LOCK, 0, ms);
			} while (given_up(r, ms));
		if (r)
			broke(2);
		enter();
		if (plain ? mutex_unlock(&all->mu, me) : op(&all->mu, OP_MUTEX_UNLOCK, 0, 0, 0))
			broke(3);
	}
}

static void
mutexes_of_every_protocol(void)
{
	for (uint32_t f = 0; f < 12; f++) {
		uint32_t protocol = f / 2 % 3;
		bool shared = f % 2;

		begin(30);
		all->mu.flags = (shared ? SHARED : 0) | (protocol == 1 ? PRIO_INHERIT : protocol == 2 ? PRIO_PROTECT : 0) |
		                (f >= 6 ? ROBUST : 0);
		all->mu.owner = protocol == 2 ? CONTESTED : 0;
		CHECK_EQ(run(lock_and_unlock, shared), 0);
		CHECK_EQ(all->broken, 0);
		CHECK_EQ(all->counter, THREADS * rounds);
		CHECK_EQ(all->mu.owner & ~CONTESTED, 0);
	}
}

/* Userland's half of the first wake-up: the mutex is freed with its mark. */
static void
wake_the_old_way(void *arg)
{
	uint32_t me = self(), was;

	(void)arg;
	for (uint64_t i = 0; i < rounds; i++) {
		for (;;) {
			was = all->mu.owner;
			if (!(was & ~CONTESTED) && cas(&all->mu.owner, was, me | was) == was)
				break;
			op(&all->mu, OP_MUTEX_WAIT, 0, 0, 0);
		}
		enter();
		do
			was = all->mu.owner;
		while (cas(&all->mu.owner, was, was & CONTESTED) != was);
		if (was & CONTESTED)
			op(&all->mu, OP_MUTEX_WAKE, 0, 0, 0);
	}
}

static void
first_form_of_wake(void)
{
	for (uint32_t f = 0; f < 2; f++) {
		begin(50);
		all->mu.flags = f ? SHARED : 0;
		CHECK_EQ(run(wake_the_old_way, f), 0);
		CHECK_EQ(all->broken, 0);
		CHECK_EQ(all->counter, THREADS * rounds);
	}
}

static void
change_ceilings(void *arg)
{
	uint64_t state = stress_stream(seed, (long)arg);

	for (uint64_t i = 0; i < rounds; i++) {
		uint32_t old = 99;

		if (random_next(&state) % 2) {
			if (op(&all->mu, OP_SET_CEILING, random_next(&state) % 32, &old, 0) || old > 31)
				broke(4);
			continue;
		}
		if (op(&all->mu, OP_MUTEX_LOCK, 0, 0, 0))
			broke(2);
		enter();
		if (op(&all->mu, OP_MUTEX_UNLOCK, 0, 0, 0))
			broke(3);
	}
}

static void
ceilings_change_under_locks(void)
{
	for (uint32_t f = 0; f < 2; f++) {
		begin(30);
		all->mu = (struct umutex){.owner = CONTESTED, .flags = PRIO_PROTECT | (f ? SHARED : 0)};
		CHECK_EQ(run(change_ceilings, f), 0);
		CHECK_EQ(all->broken, 0);
		CHECK_EQ(all->mu.owner, CONTESTED);
	}
}

/* The last to come opens the barrier. */
static void
meet(void *arg)
{
	uint32_t me = self();

	(void)arg;
	for (uint64_t i = 0; i < rounds; i++) {
		mutex_lock(&all->mu, me);
		uint32_t mine = all->generation;

		if (++all->counter == THREADS) {
			all->counter = 0;
			all->generation++;
			op(&all->cv, OP_CV_BROADCAST, 0, 0, 0);
		}
		while (all->generation == mine) {
			op(&all->cv, OP_CV_WAIT, 0, &all->mu, 0);
			mutex_lock(&all->mu, me);
		}
		mutex_unlock(&all->mu, me);
	}
}

static void
barriers_of_processes(void)
{
	begin(20);
	all->mu.flags = all->cv.flags = SHARED;
	CHECK_EQ(run_processes(meet), 0);
	CHECK_EQ(all->generation, rounds);
	CHECK_EQ(all->cv.has_waiters, 0);
}

static void
read_or_write(void *arg)
{
	uint64_t state = stress_stream(seed, (long)arg);

	for (uint64_t i = 0; i < rounds; i++) {
		bool write = random_next(&state) % 8 == 0;
		long ms = random_next(&state) % 4 ? 0 : 1;
		int64_t r = op_ms(&all->rw, write ? OP_RW_WRLOCK : OP_RW_RDLOCK, 0, ms);

		/* A signal ends the wait for a rwlock even without a limit. */
		if (r == -EINTR || given_up(r, ms))
			continue;
		if (r)
			broke(7);
		if (write) {
			if (all->readers)
				broke(5);
			enter();
		} else {
			__sync_fetch_and_add(&all->readers, 1);
			if (all->inside)
				broke(6);
			__sync_fetch_and_sub(&all->readers, 1);
		}
		if (op(&all->rw, OP_RW_UNLOCK, 0, 0, 0))
			broke(8);
	}
}

static void
rwlocks_of_processes(void)
{
	for (uint32_t f = 0; f < 2; f++) {
		begin(30);
		all->rw.flags = SHARED | (f ? 2 : 0);
		CHECK_EQ(run_processes(read_or_write), 0);
		CHECK_EQ(all->broken, 0);
		CHECK_EQ(all->rw.state & ~0x60000000u, 0);
		CHECK_EQ(all->rw.blocked_readers + all->rw.blocked_writers, 0);
	}
}

/* At most three inside, by the first semaphores or the second. */
static void
three_inside(void)
{
	if (__sync_add_and_fetch(&all->readers, 1) > 3)
		broke(1);
	sys(SYS_sched_yield);
	__sync_fetch_and_sub(&all->readers, 1);
}

static void
pass_first(void *arg)
{
	uint64_t state = stress_stream(seed, (long)arg);

	for (uint64_t i = 0; i < rounds; i++) {
		uint32_t v;

		do {
			v = all->sem.count;
			if (v == 0) {
				long ms = random_next(&state) % 4 ? 0 : 1;
				int64_t r = op_ms(&all->sem, OP_SEM_WAIT, 0, ms);

				if (r && !given_up(r, ms))
					broke(9);
			}
		} while (v == 0 || cas(&all->sem.count, v, v - 1) != v);
		three_inside();
		__sync_fetch_and_add(&all->sem.count, 1);
		op(&all->sem, OP_SEM_WAKE, 0, 0, 0);
	}
}

static void
pass_second(void *arg)
{
	(void)arg;
	for (uint64_t i = 0; i < rounds; i++) {
		uint32_t v;

		do {
			v = all->sem2.count;
			if (!(v & 0x7fffffff) && op(&all->sem2, OP_SEM2_WAIT, 0, 0, 0))
				broke(2);
		} while (!(v & 0x7fffffff) || cas(&all->sem2.count, v, v - 1) != v);
		three_inside();
		if (__sync_fetch_and_add(&all->sem2.count, 1) & 0x80000000u)
			op(&all->sem2, OP_SEM2_WAKE, 0, 0, 0);
	}
}

static void
semaphores_of_both_kinds(void)
{
	for (uint32_t f = 0; f < 3; f++) {
		begin(30);
		all->sem.flags = all->sem2.flags = f ? SHARED : 0;
		all->sem.count = all->sem2.count = 3;
		CHECK_EQ(run(f == 2 ? pass_second : pass_first, f), 0);
		CHECK_EQ(all->broken, 0);
		CHECK_EQ(f == 2 ? all->sem2.count & 0x7fffffff : all->sem.count, 3);
	}
}

/* A token goes round through all processes: waits for a long, and for its lower half. */
static void
ring(void *arg)
{
	uint64_t mine = (uint64_t)(long)arg, v;

	for (uint64_t i = 0; i < rounds; i++) {
		while ((v = all->token) % THREADS != mine)
			op(&all->token, mine % 2 ? OP_WAIT : OP_WAIT_UINT, mine % 2 ? v : (uint32_t)v, 0, 0);
		all->token = v + 1;
		op(&all->token, OP_WAKE, 0x7fffffff, 0, 0);
	}
}

static void
rings_of_words(void)
{
	for (uint32_t f = 0; f < 2; f++) {
		begin(5);
		/* The lower half goes round on the way. */
		all->token = 0x100000000ull / THREADS * THREADS;
		uint64_t from = all->token;

		CHECK_EQ(run(ring, f), 0);
		CHECK_EQ(all->token - from, THREADS * rounds);
	}
}

/* One wakes all the others, each on a word of its own. */
static void
wait_on_mine(void *arg)
{
	volatile uint32_t *w = &all->words[(long)arg];

	for (uint32_t i = 0; i < rounds; i++) {
		while (*w <= i)
			op(w, OP_WAIT_UINT_PRIVATE, i, 0, 0);
		__sync_fetch_and_add(&all->counter, 1);
	}
}

static void
lists_of_words(void)
{
	volatile uint32_t *list[THREADS];

	begin(50);
	for (long i = 0; i < THREADS; i++) {
		list[i] = &all->words[i];
		CHECK_EQ(spawn(&k[i], wait_on_mine, (void *)i), 0);
	}
	for (uint32_t i = 0; i < rounds; i++) {
		for (long t = 0; t < THREADS; t++)
			all->words[t] = i + 1;
		CHECK_EQ(op(list, OP_NWAKE_PRIVATE, THREADS, 0, 0), 0);
		while (all->counter != THREADS * (i + 1))
			sys(SYS_sched_yield);
	}
	for (long i = 0; i < THREADS; i++)
		join(&k[i]);
}

/* Each wakes the next; a wake-up that comes before the sleep is not lost. */
static void
suspend_and_wake(void *arg)
{
	long me = (long)arg;

	all->tids[me] = self();
	while (!all->tids[(me + 1) % THREADS])
		sys(SYS_sched_yield);
	for (uint64_t i = 0; i < rounds; i++) {
		while (all->words[me] == 0)
			sys(NR_thr_suspend, 0);
		all->words[me] = 0;
		__sync_fetch_and_add(&all->counter, 1);
		if (i + 1 < rounds || me + 1 < THREADS)
			all->words[(me + 1) % THREADS] = 1;
		sys(NR_thr_wake, (long)all->tids[(me + 1) % THREADS]);
	}
}

static void
suspended_threads_are_woken(void)
{
	begin(20);
	all->words[0] = 1;
	CHECK_EQ(run_threads(suspend_and_wake, 0, THREADS), 0);
	CHECK_EQ(all->counter, THREADS * rounds);
}

static void
every_object_under_a_storm(void)
{
	static void (*const all_of_them[])(void) = {
	    mutexes_of_every_protocol, first_form_of_wake, ceilings_change_under_locks, barriers_of_processes, rwlocks_of_processes,
	    semaphores_of_both_kinds, rings_of_words, lists_of_words, suspended_threads_are_woken};

	CHECK_EQ(storm_begin(), 0);
	for (unsigned i = 0; i < sizeof(all_of_them) / sizeof(all_of_them[0]); i++)
		all_of_them[i]();
	CHECK(storm_end() > 0);
}

const struct test tests[] = {
    {"mutexes_of_every_protocol", mutexes_of_every_protocol},
    {"first_form_of_wake", first_form_of_wake},
    {"ceilings_change_under_locks", ceilings_change_under_locks},
    {"barriers_of_processes", barriers_of_processes},
    {"rwlocks_of_processes", rwlocks_of_processes},
    {"semaphores_of_both_kinds", semaphores_of_both_kinds},
    {"rings_of_words", rings_of_words},
    {"lists_of_words", lists_of_words},
    {"suspended_threads_are_woken", suspended_threads_are_woken},
    {"every_object_under_a_storm", every_object_under_a_storm},
    {0},
};
