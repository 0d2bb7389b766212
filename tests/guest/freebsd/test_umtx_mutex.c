/*
 * _umtx_op on mutexes: words, results and errors of each operation, robust lists.
 * Sources: FreeBSD _umtx_op(2), sys/umtx.h; sys/kern/kern_umtx.c for what the manual leaves out.
 */
#include "../kit/threads.h"

static volatile uint32_t ready;

static void
mutex_words(void)
{
	uint32_t me = self();
	struct umutex m = {0};

	CHECK_EQ(op(&m, OP_MUTEX_LOCK, 0, 0, 0), 0);
	CHECK_EQ(m.owner, me);
	CHECK_EQ(op(&m, OP_MUTEX_TRYLOCK, 0, 0, 0), -EBUSY);
	CHECK_EQ(m.owner, me); /* trying leaves no mark */
	CHECK_EQ(op_ms(&m, OP_MUTEX_LOCK, 0, 1), -ETIMEDOUT);
	CHECK_EQ(m.owner, me | CONTESTED); /* waiting does */
	CHECK_EQ(op(&m, OP_MUTEX_UNLOCK, 0, 0, 0), 0);
	CHECK_EQ(m.owner, 0); /* nobody waited */
	CHECK_EQ(op(&m, OP_MUTEX_UNLOCK, 0, 0, 0), -EPERM);
	m.owner = CONTESTED;
	CHECK_EQ(op(&m, OP_MUTEX_TRYLOCK, 0, 0, 0), 0);
	CHECK_EQ(m.owner, me | CONTESTED);
	m.owner = 12345;
	CHECK_EQ(op(&m, OP_MUTEX_UNLOCK, 0, 0, 0), -EPERM);
	CHECK_EQ(op((void *)16, OP_MUTEX_LOCK, 0, 0, 0), -EFAULT);
	CHECK_EQ(op((void *)16, OP_MUTEX_UNLOCK, 0, 0, 0), -EFAULT);
	m.flags = PRIO_INHERIT | PRIO_PROTECT;
	CHECK_EQ(op(&m, OP_MUTEX_LOCK, 0, 0, 0), -EINVAL);
	CHECK_EQ(op(&m, OP_MUTEX_UNLOCK, 0, 0, 0), -EINVAL);
}

static void
mutex_wait_does_not_take(void)
{
	struct umutex m = {0};

	CHECK_EQ(op(&m, OP_MUTEX_WAIT, 0, 0, 0), 0);
	CHECK_EQ(m.owner, 0);
	m.owner = CONTESTED;
	CHECK_EQ(op(&m, OP_MUTEX_WAIT, 0, 0, 0), 0);
	m.owner = RB_OWNERDEAD;
	CHECK_EQ(op(&m, OP_MUTEX_WAIT, 0, 0, 0), 0);
	m.owner = RB_NOTRECOV;
	CHECK_EQ(op(&m, OP_MUTEX_WAIT, 0, 0, 0), 0);
	m.owner = 12345;
	CHECK_EQ(op_ms(&m, OP_MUTEX_WAIT, 0, 1), -ETIMEDOUT);
	CHECK_EQ(m.owner, 12345 | CONTESTED);
}

static void
mutex_wakes_without_waiters(void)
{
	struct umutex m = {.owner = CONTESTED};

	CHECK_EQ(op(&m, OP_MUTEX_WAKE, 0, 0, 0), 0);
	CHECK_EQ(m.owner, 0);
	m.owner = 12345;
	CHECK_EQ(op(&m, OP_MUTEX_WAKE, 0, 0, 0), 0);
	CHECK_EQ(op(&m, OP_MUTEX_WAKE2, 0, 0, 0), 0);
	CHECK_EQ(m.owner, 12345); /* no waiter, no mark */
	CHECK_EQ(op(&m, OP_MUTEX_WAKE2, PRIO_INHERIT | PRIO_PROTECT, 0, 0), -EINVAL);
	CHECK_EQ(op((void *)16, OP_MUTEX_WAKE2, 0, 0, 0), -EFAULT);
}

static struct umutex mu;
static int64_t result[2];

static void
lock_and_unlock(void *arg)
{
	uint32_t me = self();

	__sync_fetch_and_add(&ready, 1);
	result[(long)arg] = op(&mu, OP_MUTEX_LOCK, 0, 0, 0);
	if ((mu.owner & ~CONTESTED) == me)
		op(&mu, OP_MUTEX_UNLOCK, 0, 0, 0);
}

static void
a_contested_mutex_is_handed_on(void)
{
	struct kthread k[2];

	mu = (struct umutex){.owner = self()};
	ready = 0;
	for (long i = 0; i < 2; i++)
		CHECK_EQ(spawn(&k[i], lock_and_unlock, (void *)i), 0);
	until(&ready, ~0u, 2);
	until(&mu.owner, CONTESTED, CONTESTED);
	CHECK_EQ(op(&mu, OP_MUTEX_UNLOCK, 0, 0, 0), 0);
	for (int i = 0; i < 2; i++) {
		join(&k[i]);
		CHECK_EQ(result[i], 0);
	}
	CHECK_EQ(mu.owner & ~CONTESTED, 0);
}

static void
robust_words(void)
{
	uint32_t me = self();
	struct umutex m = {.owner = RB_OWNERDEAD, .flags = ROBUST};

	for (int pi = 0; pi < 2; pi++) {
		m.flags = ROBUST | (pi ? PRIO_INHERIT : 0);
		m.owner = RB_OWNERDEAD;
		CHECK_EQ(op(&m, OP_MUTEX_LOCK, 0, 0, 0), -EOWNERDEAD); /* and locked */
		CHECK_EQ(m.owner, me | CONTESTED);
		m.flags |= NONCONSISTENT;
		CHECK_EQ(op(&m, OP_MUTEX_UNLOCK, 0, 0, 0), 0);
		CHECK_EQ(m.owner, RB_NOTRECOV);
		CHECK_EQ(op(&m, OP_MUTEX_LOCK, 0, 0, 0), -ENOTRECOVERABLE);
		CHECK_EQ(op(&m, OP_MUTEX_TRYLOCK, 0, 0, 0), -ENOTRECOVERABLE);
	}
}

static void
inheriting_mutexes_know_their_owner(void)
{
	uint32_t me = self();
	struct umutex m = {.flags = PRIO_INHERIT};

	CHECK_EQ(op(&m, OP_MUTEX_LOCK, 0, 0, 0), 0);
	CHECK_EQ(op(&m, OP_MUTEX_LOCK, 0, 0, 0), -EDEADLK);
	CHECK_EQ(op(&m, OP_MUTEX_TRYLOCK, 0, 0, 0), -EDEADLK);
	CHECK_EQ(m.owner, me);
	CHECK_EQ(op(&m, OP_MUTEX_UNLOCK, 0, 0, 0), 0);
	m.owner = 12345;
	CHECK_EQ(op(&m, OP_MUTEX_TRYLOCK, 0, 0, 0), -EBUSY);
	CHECK_EQ(op_ms(&m, OP_MUTEX_LOCK, 0, 1), -ETIMEDOUT);
	CHECK_EQ(op(&m, OP_MUTEX_WAIT, 0, 0, 0), -EBUSY);
}

static void
protected_mutexes(void)
{
	uint32_t me = self(), old = 99;
	struct umutex m = {.owner = CONTESTED, .flags = PRIO_PROTECT, .ceilings = {10, ~0u}};

	CHECK_EQ(op(&m, OP_MUTEX_LOCK, 0, 0, 0), 0);
	CHECK_EQ(m.owner, me | CONTESTED);
	CHECK_EQ(op(&m, OP_MUTEX_TRYLOCK, 0, 0, 0), -EBUSY);
	CHECK_EQ(op_ms(&m, OP_MUTEX_LOCK, 0, 1), -ETIMEDOUT);
	CHECK_EQ(op(&m, OP_SET_CEILING, 20, &old, 0), 0); /* one's own */
	CHECK_EQ(old, 10);
	CHECK_EQ(m.owner, me | CONTESTED);
	CHECK_EQ(op(&m, OP_MUTEX_UNLOCK, 0, 0, 0), 0);
	CHECK_EQ(m.owner, CONTESTED); /* free, and the next one has to ask */
	CHECK_EQ(op(&m, OP_SET_CEILING, 5, &old, 0), 0);
	CHECK_EQ(old, 20);
	CHECK_EQ(m.ceilings[0], 5);
	CHECK_EQ(m.owner, CONTESTED);
	CHECK_EQ(op(&m, OP_SET_CEILING, 32, 0, 0), -EINVAL);
	m.ceilings[0] = 32;
	CHECK_EQ(op(&m, OP_MUTEX_LOCK, 0, 0, 0), -EINVAL);
	m.ceilings[0] = 3;
	m.flags |= ROBUST;
	m.owner = RB_OWNERDEAD;
	CHECK_EQ(op(&m, OP_SET_CEILING, 5, 0, 0), -EOWNERDEAD);
	CHECK_EQ(op(&m, OP_MUTEX_LOCK, 0, 0, 0), -EOWNERDEAD);
	m.flags = 0;
	CHECK_EQ(op(&m, OP_SET_CEILING, 5, 0, 0), -EINVAL);
}

/* Robust lists of a thread that ends. */
static struct umutex rb[3];
static uint64_t rb_head, rb_priv, rb_inact;

static void
die_with_locks(void *arg)
{
	uint64_t lists[3] = {(uint64_t)&rb_head, (uint64_t)&rb_priv, (uint64_t)&rb_inact};
	uint32_t me = self();

	(void)arg;
	rb[0] = (struct umutex){.owner = me, .flags = ROBUST, .next = (uint64_t)&rb[1]};
	rb[1] = (struct umutex){.owner = me | CONTESTED, .flags = ROBUST | PRIO_INHERIT};
	rb[2] = (struct umutex){.owner = me, .flags = ROBUST};
	rb_head = (uint64_t)&rb[0];
	rb_inact = (uint64_t)&rb[2];
	op(0, OP_ROBUST_LISTS, sizeof(lists), lists, 0);
}

static void
the_dead_hand_on_their_locks(void)
{
	uint64_t lists[4] = {0};
	struct kthread k;

	CHECK_EQ(op(0, OP_ROBUST_LISTS, 32, lists, 0), -EINVAL);
	CHECK_EQ(op(0, OP_ROBUST_LISTS, 24, (void *)16, 0), -EFAULT);
	CHECK_EQ(spawn(&k, die_with_locks, 0), 0);
	join(&k);
	CHECK_EQ(rb[0].owner, RB_OWNERDEAD);
	CHECK_EQ(rb[1].owner, RB_OWNERDEAD);
	CHECK_EQ(rb[2].owner, RB_OWNERDEAD);
	CHECK_EQ(op(&rb[0], OP_MUTEX_LOCK, 0, 0, 0), -EOWNERDEAD);
}

const struct test tests[] = {
    {"mutex words", mutex_words},
    {"mutex wait does not take", mutex_wait_does_not_take},
    {"mutex wakes without waiters", mutex_wakes_without_waiters},
    {"a contested mutex is handed on", a_contested_mutex_is_handed_on},
    {"robust words", robust_words},
    {"inheriting mutexes know their owner", inheriting_mutexes_know_their_owner},
    {"protected mutexes", protected_mutexes},
    {"the dead hand on their locks", the_dead_hand_on_their_locks},
    {0, 0},
};
