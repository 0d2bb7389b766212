/*
 * What every operation of _umtx_op refuses: carry set, the errno in rax, rdx and the object untouched.
 * Sources: _umtx_op(2); sys/kern/kern_umtx.c for the order of checks.
 */
#include "../kit/threads.h"

#define BAD      ((void *)16)
#define FAILS(e, ...) CHECK_ERR(e, NR_umtx_op, __VA_ARGS__)

enum { SHM_CREAT = 1, SHM_LOOKUP, SHM_DESTROY = 4, SHM_ALIVE = 8 };
enum { CVWAIT_ABSTIME = 2, CVWAIT_CLOCKID = 4 };

static uint32_t me;
static const struct timespec soon = {0, 1000000}, odd = {0, 1000000000}, past = {-1, 0};
static const struct umtx_time strange = {{0, 1000000}, 0, 99};
#define SOON (void *)sizeof(soon), &soon

static void
unknown_operations(void)
{
	static uint32_t w = 7;

	FAILS(EINVAL, &w, 29, 0, 0, 0);
	FAILS(EINVAL, &w, -1, 0, 0, 0);
	CHECK_EQ(w, 7);
}

static void
words(void)
{
	static uint64_t w = 7;
	static const int waits[] = {OP_WAIT, OP_WAIT_UINT, OP_WAIT_UINT_PRIVATE};

	for (int i = 0; i < 3; i++) {
		FAILS(EFAULT, BAD, waits[i], 7, 0, 0);
		FAILS(ETIMEDOUT, &w, waits[i], 7, SOON);
		FAILS(EINVAL, &w, waits[i], 7, (void *)16, &odd);
		FAILS(EINVAL, &w, waits[i], 7, (void *)16, &past);
		FAILS(EFAULT, &w, waits[i], 7, (void *)16, BAD);
		FAILS(EFAULT, &w, waits[i], 7, (void *)24, BAD);
		FAILS(EINVAL, &w, waits[i], 7, (void *)24, &strange);
		CHECK_EQ(sys(NR_umtx_op, &w, waits[i], 8, SOON), 0); /* another value: no wait */
	}
	FAILS(EFAULT, BAD, OP_WAKE, 1, 0, 0);
	CHECK_EQ(sys(NR_umtx_op, BAD, OP_WAKE_PRIVATE, 1, 0, 0), 0); /* a number to it */
	FAILS(EFAULT, BAD, OP_NWAKE_PRIVATE, 1, 0, 0);
	CHECK_EQ(sys(NR_umtx_op, BAD, OP_NWAKE_PRIVATE, 0, 0, 0), 0);
	CHECK_EQ(w, 7);
}

static void
mutexes(void)
{
	static const int takes[] = {OP_MUTEX_TRYLOCK, OP_MUTEX_LOCK, OP_MUTEX_WAIT};
	struct umutex m = {.owner = 12345}, both = {.flags = PRIO_INHERIT | PRIO_PROTECT}, was;

	me = self();
	for (int i = 0; i < 3; i++) {
		FAILS(EFAULT, BAD, takes[i], 0, 0, 0);
		FAILS(EINVAL, &both, takes[i], 0, 0, 0);
	}
	was = m;
	FAILS(EBUSY, &m, OP_MUTEX_TRYLOCK, 0, 0, 0);
	FAILS(EPERM, &m, OP_MUTEX_UNLOCK, 0, 0, 0);
	CHECK_EQ(memcmp(&m, &was, sizeof(m)), 0);
	FAILS(EINVAL, &m, OP_MUTEX_LOCK, 0, (void *)16, &odd);
	FAILS(EFAULT, &m, OP_MUTEX_LOCK, 0, (void *)16, BAD);
	FAILS(EINVAL, &m, OP_MUTEX_LOCK, 0, (void *)24, &strange);
	CHECK_EQ(memcmp(&m, &was, sizeof(m)), 0);
	FAILS(ETIMEDOUT, &m, OP_MUTEX_LOCK, 0, SOON);
	CHECK_EQ(m.owner, 12345 | CONTESTED);
	FAILS(ETIMEDOUT, &m, OP_MUTEX_WAIT, 0, SOON);
	FAILS(EINVAL, &both, OP_MUTEX_UNLOCK, 0, 0, 0);
	FAILS(EFAULT, BAD, OP_MUTEX_UNLOCK, 0, 0, 0);
	FAILS(EFAULT, BAD, OP_MUTEX_WAKE, 0, 0, 0);
	FAILS(EINVAL, &m, OP_MUTEX_WAKE2, PRIO_INHERIT | PRIO_PROTECT, 0, 0);
	FAILS(EFAULT, BAD, OP_MUTEX_WAKE2, SHARED, 0, 0);
	m = (struct umutex){.owner = RB_NOTRECOV, .flags = ROBUST};
	FAILS(ENOTRECOVERABLE, &m, OP_MUTEX_LOCK, 0, 0, 0);
	FAILS(ENOTRECOVERABLE, &m, OP_MUTEX_TRYLOCK, 0, 0, 0);
	CHECK_EQ(m.owner, RB_NOTRECOV);
	m.owner = RB_OWNERDEAD;
	FAILS(EOWNERDEAD, &m, OP_MUTEX_LOCK, 0, 0, 0);
	CHECK_EQ(m.owner, me | CONTESTED);
}

static void
mutexes_with_a_protocol(void)
{
	struct umutex pi = {.owner = self(), .flags = PRIO_INHERIT}, pp = {.owner = 12345 | CONTESTED, .flags = PRIO_PROTECT};
	uint32_t old = 99;

	FAILS(EDEADLK, &pi, OP_MUTEX_LOCK, 0, 0, 0);
	FAILS(EDEADLK, &pi, OP_MUTEX_TRYLOCK, 0, 0, 0);
	FAILS(EBUSY, &pp, OP_MUTEX_TRYLOCK, 0, 0, 0);
	FAILS(ETIMEDOUT, &pp, OP_MUTEX_LOCK, 0, SOON);
	FAILS(EPERM, &pp, OP_MUTEX_UNLOCK, 0, 0, 0);
	FAILS(EINVAL, &pi, OP_SET_CEILING, 3, &old, 0);
	FAILS(EINVAL, &pp, OP_SET_CEILING, 32, &old, 0);
	FAILS(EFAULT, BAD, OP_SET_CEILING, 3, &old, 0);
	CHECK_EQ(old, 99);
	pp.owner = CONTESTED;
	FAILS(EFAULT, &pp, OP_SET_CEILING, 3, BAD, 0); /* set, but not told */
	CHECK_EQ(pp.ceilings[0], 3);
	pp.ceilings[0] = 32;
	FAILS(EINVAL, &pp, OP_MUTEX_LOCK, 0, 0, 0);
	CHECK_EQ(pp.owner, CONTESTED);
}

static void
conditions(void)
{
	struct umutex free = {0}, m = {.owner = self()};
	struct ucond cv = {0};

	FAILS(EFAULT, BAD, OP_CV_WAIT, 0, &m, 0);
	FAILS(EFAULT, &cv, OP_CV_WAIT, 0, &m, BAD);
	FAILS(EINVAL, &cv, OP_CV_WAIT, 0, &m, &odd);
	CHECK_EQ(m.owner, self()); /* not given up for these */
	FAILS(EPERM, &cv, OP_CV_WAIT, 0, &free, 0);
	CHECK_EQ(cv.has_waiters, 0);
	cv.clockid = 14; /* a CPU's time does not pass in sleep */
	FAILS(EINVAL, &cv, OP_CV_WAIT, CVWAIT_CLOCKID, &m, &soon);
	cv.clockid = 0;
	FAILS(ETIMEDOUT, &cv, OP_CV_WAIT, 0, &m, &soon);
	CHECK_EQ(m.owner, 0);
	CHECK_EQ(cv.has_waiters, 0);
	FAILS(EFAULT, BAD, OP_CV_SIGNAL, 0, 0, 0);
	FAILS(EFAULT, BAD, OP_CV_BROADCAST, 0, 0, 0);
}

static void
rwlocks(void)
{
	struct urwlock rw = {0};

	FAILS(EFAULT, BAD, OP_RW_RDLOCK, 0, 0, 0);
	FAILS(EFAULT, BAD, OP_RW_WRLOCK, 0, 0, 0);
	FAILS(EFAULT, BAD, OP_RW_UNLOCK, 0, 0, 0);
	FAILS(EPERM, &rw, OP_RW_UNLOCK, 0, 0, 0);
	FAILS(EINVAL, &rw, OP_RW_RDLOCK, 0, (void *)16, &odd);
	FAILS(EFAULT, &rw, OP_RW_WRLOCK, 0, (void *)16, BAD);
	rw.state = 0x1fffffff; /* URWLOCK_MAX_READERS */
	FAILS(EAGAIN, &rw, OP_RW_RDLOCK, 0, 0, 0);
	CHECK_EQ(rw.state, 0x1fffffff);
	rw.state = 0x80000000u;
	FAILS(ETIMEDOUT, &rw, OP_RW_RDLOCK, 0, SOON);
	FAILS(ETIMEDOUT, &rw, OP_RW_WRLOCK, 0, SOON);
	CHECK_EQ(rw.state, 0x80000000u); /* marks of waiters that are gone, gone */
	CHECK_EQ(rw.blocked_readers + rw.blocked_writers, 0);
	rw.state = 0x40000001u; /* a reader, and a writer who waits: readers wait too, but for those who need not */
	FAILS(ETIMEDOUT, &rw, OP_RW_RDLOCK, 0, SOON);
	CHECK_EQ(sys(NR_umtx_op, &rw, OP_RW_RDLOCK, 2, SOON), 0);
	CHECK_EQ(rw.state & 0x1fffffff, 2);
}

static void
semaphores(void)
{
	struct usem s = {0};
	struct usem2 s2 = {0};

	FAILS(EFAULT, BAD, OP_SEM_WAIT, 0, 0, 0);
	FAILS(EFAULT, BAD, OP_SEM_WAKE, 0, 0, 0);
	FAILS(ETIMEDOUT, &s, OP_SEM_WAIT, 0, SOON);
	FAILS(EINVAL, &s, OP_SEM_WAIT, 0, (void *)16, &odd);
	s.count = 1;
	CHECK_EQ(sys(NR_umtx_op, &s, OP_SEM_WAIT, 0, 0, 0), 0); /* the count is userland's to take */
	CHECK_EQ(s.count, 1);
	FAILS(EFAULT, BAD, OP_SEM2_WAIT, 0, 0, 0);
	FAILS(EFAULT, BAD, OP_SEM2_WAKE, 0, 0, 0);
	FAILS(ETIMEDOUT, &s2, OP_SEM2_WAIT, 0, SOON);
	CHECK_EQ(s2.count, 0x80000000u);
	FAILS(EINVAL, &s2, OP_SEM2_WAIT, 0, (void *)16, &odd);
	s2.count = 3;
	CHECK_EQ(sys(NR_umtx_op, &s2, OP_SEM2_WAIT, 0, 0, 0), 0);
	CHECK_EQ(s2.count, 3);
}

static void
shared_objects(void)
{
	void *page = shared_page();

	FAILS(EINVAL, page, OP_SHM, 0, page, 0);
	FAILS(EINVAL, page, OP_SHM, SHM_CREAT | SHM_LOOKUP, page, 0);
	FAILS(ESRCH, page, OP_SHM, SHM_LOOKUP, page, 0);
	FAILS(EFAULT, page, OP_SHM, SHM_CREAT, BAD, 0);
	CHECK(sys(NR_umtx_op, page, OP_SHM, SHM_CREAT, page, 0) >= 0);
	CHECK_EQ(sys(NR_umtx_op, page, OP_SHM, SHM_DESTROY, page, 0), 0);
	FAILS(ESRCH, page, OP_SHM, SHM_DESTROY, page, 0);
}

static void
the_rest(void)
{
	int64_t ns = -1;

	FAILS(EINVAL, 0, OP_ROBUST_LISTS, 25, &ns, 0);
	FAILS(EFAULT, 0, OP_ROBUST_LISTS, 24, BAD, 0);
	FAILS(EFAULT, 0, OP_GET_MIN_TIMEOUT, 0, BAD, 0);
	FAILS(EINVAL, 0, OP_SET_MIN_TIMEOUT, -1, 0, 0);
	CHECK_EQ(sys(NR_umtx_op, 0, OP_SET_MIN_TIMEOUT, 5000, 0, 0), 0);
	CHECK_EQ(sys(NR_umtx_op, 0, OP_GET_MIN_TIMEOUT, 0, &ns, 0), 0);
	CHECK(ns > 4990 && ns <= 5000); /* kept in fractions of a second that are no nanoseconds */
	CHECK_EQ(sys(NR_umtx_op, 0, OP_SET_MIN_TIMEOUT, 0, 0, 0), 0);
	CHECK_ERR(EFAULT, NR_umtx_lock, BAD);
	CHECK_ERR(EFAULT, NR_umtx_unlock, BAD);
	CHECK_ERR(EPERM, NR_umtx_unlock, &ns);
}

const struct test tests[] = {
    {"unknown_operations", unknown_operations},
    {"words", words},
    {"mutexes", mutexes},
    {"mutexes_with_a_protocol", mutexes_with_a_protocol},
    {"conditions", conditions},
    {"rwlocks", rwlocks},
    {"semaphores", semaphores},
    {"shared_objects", shared_objects},
    {"the_rest", the_rest},
    {0},
};
