/*
 * 100 threads on each kind of object.
 * Sources: as test_umtx.c.
 */
#include "../kit/stress.h"

#define THREADS 100

static struct kthread k[THREADS];
static uint64_t rounds, seed;
static volatile uint32_t counter, inside, readers, broken, generation;
static struct umutex mu;
static struct ucond cv;
static struct urwlock rw;
static struct usem2 sem;

/* xorshift, one state a thread. */
static uint32_t
draw(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (uint32_t)(*state >> 16);
}

static void
begin(uint64_t quick)
{
	rounds = stress_begin(quick, &seed);
	counter = inside = readers = broken = generation = 0;
	mu = (struct umutex){0};
	cv = (struct ucond){0};
	rw = (struct urwlock){0};
	sem = (struct usem2){0};
}

static int64_t
run_all(void (*fn)(void *))
{
	for (long i = 0; i < THREADS; i++)
		if (spawn(&k[i], fn, (void *)i))
			return -1;
	for (int i = 0; i < THREADS; i++)
		join(&k[i]);
	return 0;
}

static void
pause_a_little(uint64_t *state)
{
	if (draw(state) % 4 == 0)
		sys(SYS_sched_yield);
}

/* By userland's fast path, by the kernel alone, with a time limit, and by MUTEX_WAIT with WAKE2, mixed. */
static void
lock_somehow(uint32_t me, uint64_t *state)
{
	for (;;) {
		uint32_t was;
		int64_t r;

		switch (draw(state) % 4) {
		case 0:
			mutex_lock(&mu, me);
			return;
		case 1:
			if (op(&mu, OP_MUTEX_LOCK, 0, 0, 0) == 0)
				return;
			break;
		case 2:
			r = op_ms(&mu, OP_MUTEX_LOCK, 0, 1 + draw(state) % 3);
			if (r == 0)
				return;
			if (r != -ETIMEDOUT)
				broken = 10;
			break;
		case 3:
			was = mu.owner;
			if ((was & ~CONTESTED) == 0 && cas(&mu.owner, was, me | was) == was)
				return;
			op(&mu, OP_MUTEX_WAIT, 0, 0, 0);
			break;
		}
	}
}

static void
unlock_somehow(uint32_t me, uint64_t *state)
{
	uint32_t was;

	if (draw(state) % 2) {
		mutex_unlock(&mu, me);
		return;
	}
	do
		was = mu.owner;
	while (cas(&mu.owner, was, 0) != was);
	if (was & CONTESTED)
		op(&mu, OP_MUTEX_WAKE2, mu.flags, 0, 0);
}

static void
lock_many(void *arg)
{
	uint64_t state = seed + (uint64_t)(long)arg * 7919 + 1;
	uint32_t me = self();

	for (uint64_t i = 0; i < rounds; i++) {
		lock_somehow(me, &state);
		if (inside++)
			broken = 1;
		counter++;
		pause_a_little(&state);
		inside--;
		unlock_somehow(me, &state);
	}
}

static void
mutex_counters(void)
{
	begin(200);
	CHECK_EQ(run_all(lock_many), 0);
	CHECK_EQ(broken, 0);
	CHECK_EQ(counter, THREADS * rounds);
	CHECK_EQ(mu.owner & ~CONTESTED, 0);
}

static void
lock_kernel(void *arg)
{
	uint64_t state = seed + (uint64_t)(long)arg * 7919 + 1;

	for (uint64_t i = 0; i < rounds; i++) {
		if (op(&mu, OP_MUTEX_LOCK, 0, 0, 0))
			broken = 3;
		if (inside++)
			broken = 1;
		counter++;
		pause_a_little(&state);
		inside--;
		if (op(&mu, OP_MUTEX_UNLOCK, 0, 0, 0))
			broken = 4;
	}
}

static void
mutexes_of_all_protocols(void)
{
	static const uint32_t flags[] = {0, PRIO_INHERIT, PRIO_PROTECT, SHARED, SHARED | PRIO_INHERIT};

	for (unsigned f = 0; f < 5; f++) {
		begin(100);
		mu.flags = flags[f];
		mu.owner = flags[f] & PRIO_PROTECT ? CONTESTED : 0;
		CHECK_EQ(run_all(lock_kernel), 0);
		CHECK_EQ(broken, 0);
		CHECK_EQ(counter, THREADS * rounds);
	}
}

/* A barrier: the last to come opens it for all; any lost wake-up hangs. */
static void
meet(void *arg)
{
	uint32_t me = self();

	(void)arg;
	for (uint64_t i = 0; i < rounds; i++) {
		mutex_lock(&mu, me);
		uint32_t mine = generation;

		if (++counter == THREADS) {
			counter = 0;
			generation++;
			op(&cv, OP_CV_BROADCAST, 0, 0, 0);
		}
		while (generation == mine) {
			op(&cv, OP_CV_WAIT, 0, &mu, 0);
			mutex_lock(&mu, me);
		}
		mutex_unlock(&mu, me);
	}
}

static void
broadcast_storms(void)
{
	for (uint32_t f = 0; f < 2; f++) {
		begin(50);
		cv.flags = mu.flags = f ? SHARED : 0;
		CHECK_EQ(run_all(meet), 0);
		CHECK_EQ(generation, rounds);
		CHECK_EQ(cv.has_waiters, 0);
	}
}

/* Producers and consumers of tokens, with signals and short time limits. */
static void
produce_or_consume(void *arg)
{
	uint64_t state = seed + (uint64_t)(long)arg * 7919 + 1;
	uint32_t me = self();
	bool producer = (long)arg % 2;

	for (uint64_t i = 0; i < rounds; i++) {
		mutex_lock(&mu, me);
		if (producer) {
			counter++;
			op(&cv, OP_CV_SIGNAL, 0, 0, 0);
		}
		while (!producer && counter == 0) {
			struct timespec ts = {0, 1000 + draw(&state) % 2000000};
			int64_t r = op(&cv, OP_CV_WAIT, 0, &mu, draw(&state) % 2 ? &ts : 0);

			if (r && r != -ETIMEDOUT)
				broken = 1;
			mutex_lock(&mu, me);
		}
		if (!producer)
			counter--;
		mutex_unlock(&mu, me);
	}
}

static void
signals_and_timed_waits(void)
{
	for (uint32_t f = 0; f < 2; f++) {
		begin(100);
		cv.flags = mu.flags = f ? SHARED : 0;
		CHECK_EQ(run_all(produce_or_consume), 0);
		CHECK_EQ(broken, 0);
		CHECK_EQ(counter, 0);
	}
}

static void
read_or_write(void *arg)
{
	uint64_t state = seed + (uint64_t)(long)arg * 7919 + 1;

	for (uint64_t i = 0; i < rounds; i++) {
		bool write = draw(&state) % 8 == 0;
		long ms = draw(&state) % 4 == 0 ? 1 + (long)(draw(&state) % 3) : 0;
		int64_t r = op_ms(&rw, write ? OP_RW_WRLOCK : OP_RW_RDLOCK, 0, ms);

		if (r == -ETIMEDOUT && ms)
			continue;
		if (r)
			broken = 1;
		if (write) {
			if (__sync_fetch_and_add(&inside, 1) || readers)
				broken = 2;
			pause_a_little(&state);
			__sync_fetch_and_sub(&inside, 1);
		} else {
			__sync_fetch_and_add(&readers, 1);
			if (inside)
				broken = 3;
			pause_a_little(&state);
			__sync_fetch_and_sub(&readers, 1);
		}
		if (op(&rw, OP_RW_UNLOCK, 0, 0, 0))
			broken = 4;
	}
}

static void
rwlock_invariants(void)
{
	for (uint32_t f = 0; f < 4; f++) {
		begin(100);
		rw.flags = (f & 1 ? SHARED : 0) | (f & 2 ? 2 : 0);
		CHECK_EQ(run_all(read_or_write), 0);
		CHECK_EQ(broken, 0);
		CHECK_EQ(rw.state & ~0x60000000u, 0);
		CHECK_EQ(rw.blocked_readers + rw.blocked_writers, 0);
	}
}

static void
pass(void *arg)
{
	uint64_t state = seed + (uint64_t)(long)arg * 7919 + 1;

	for (uint64_t i = 0; i < rounds; i++) {
		uint32_t v;

		do {
			v = sem.count;
			if (!(v & 0x7fffffff)) {
				int64_t r = op_ms(&sem, OP_SEM2_WAIT, 0, draw(&state) % 4 ? 0 : 1);

				if (r && r != -ETIMEDOUT)
					broken = 1;
			}
		} while (!(v & 0x7fffffff) || cas(&sem.count, v, v - 1) != v);
		if (__sync_add_and_fetch(&inside, 1) > 3)
			broken = 2;
		pause_a_little(&state);
		__sync_fetch_and_sub(&inside, 1);
		if (__sync_fetch_and_add(&sem.count, 1) & 0x80000000u)
			op(&sem, OP_SEM2_WAKE, 0, 0, 0);
	}
}

static void
semaphores_let_three_in(void)
{
	for (uint32_t f = 0; f < 2; f++) {
		begin(200);
		sem.flags = f ? SHARED : 0;
		sem.count = 3;
		CHECK_EQ(run_all(pass), 0);
		CHECK_EQ(broken, 0);
		CHECK_EQ(sem.count & 0x7fffffff, 3);
	}
}

/* A token goes round: each thread waits for its number on one word. */
static volatile uint32_t token;
static uint64_t old_lock;

static void
ring(void *arg)
{
	uint32_t mine = (uint32_t)(long)arg, v;

	for (uint64_t i = 0; i < rounds; i++) {
		while ((v = token) % THREADS != mine)
			op(&token, mine % 2 ? OP_WAIT_UINT : OP_WAIT_UINT_PRIVATE, v, 0, 0);
		token = v + 1;
		op(&token, mine % 3 ? OP_WAKE_PRIVATE : OP_WAKE, 0x7fffffff, 0, 0);
		if (sys(NR_umtx_lock, &old_lock) == 0) {
			counter++;
			sys(NR_umtx_unlock, &old_lock);
		}
	}
}

static void
rings_of_simple_waits(void)
{
	begin(20);
	token = 0;
	CHECK_EQ(run_all(ring), 0);
	CHECK_EQ(token, THREADS * rounds);
	CHECK_EQ(counter, THREADS * rounds);
}

/* Each thread takes a robust mutex and ends with it. */
static uint64_t heads[THREADS], inacts[THREADS];

static void
die_with_it(void *arg)
{
	long i = (long)arg;
	uint64_t lists[3] = {(uint64_t)&heads[i], 0, (uint64_t)&inacts[i]};
	int64_t r;

	heads[i] = 0;
	op(0, OP_ROBUST_LISTS, sizeof(lists), lists, 0);
	inacts[i] = (uint64_t)&mu;
	r = op(&mu, OP_MUTEX_LOCK, 0, 0, 0);
	if (r != (counter ? -EOWNERDEAD : 0))
		broken = 1;
	if (inside++)
		broken = 2;
	counter++;
	sys(SYS_sched_yield);
	inside--;
}

static void
robust_deaths(void)
{
	static const uint32_t flags[] = {ROBUST, ROBUST | PRIO_INHERIT, ROBUST | SHARED};

	for (unsigned f = 0; f < 3; f++) {
		begin(1);
		for (uint64_t i = 0; i < rounds && !broken; i++) {
			counter = 0;
			mu = (struct umutex){.flags = flags[f]};
			CHECK_EQ(run_all(die_with_it), 0);
			CHECK_EQ(counter, THREADS);
			CHECK_EQ(mu.owner & ~0x80000000u, RB_OWNERDEAD & ~0x80000000u);
		}
		CHECK_EQ(broken, 0);
	}
}

const struct test tests[] = {
    {"mutex counters", mutex_counters},
    {"mutexes of all protocols", mutexes_of_all_protocols},
    {"broadcast storms", broadcast_storms},
    {"signals and timed waits", signals_and_timed_waits},
    {"rwlock invariants", rwlock_invariants},
    {"semaphores let three in", semaphores_let_three_in},
    {"rings of simple waits", rings_of_simple_waits},
    {"robust deaths", robust_deaths},
    {0, 0},
};
