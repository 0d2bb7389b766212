/*
 * Scheduling, processors, randomness, barriers.
 * Sources: FreeBSD manual sched_setparam(2), sched_setscheduler(2), sched_get_priority_max(2), sched_yield(2), cpuset(2),
 * cpuset_getdomain(2), getpriority(2), getrandom(2), membarrier(2), cap_getmode(2), sync(2); sys/kern/ksched.c, p1003_1b.c
 * (changing a class needs privilege), kern_cpuset.c.
 */
#include "../kit/signals.h"

enum { NR_sync = 36, NR_setpriority = 96, NR_getpriority = 100, NR_yield = 321, NR_sched_setparam = 327, NR_sched_getparam, NR_sched_setscheduler,
       NR_sched_getscheduler, NR_sched_get_priority_max = 332, NR_sched_get_priority_min, NR_sched_rr_get_interval,
       NR_cpuset = 484, NR_cpuset_setid, NR_cpuset_getid, NR_cap_getmode = 517, NR_cpuset_getdomain = 561, NR_cpuset_setdomain, NR_getrandom,
       NR_sched_getcpu = 581, NR_membarrier = 584 };
enum { FIFO = 1, OTHER, RR };
enum { LEVEL_CPUSET = 2, LEVEL_WHICH };
enum { WHICH_PID = 2, WHICH_CPUSET };
#define BAD    ((void *)8)
#define NOBODY 0x7ffffff0

static void
classes_are_told(void)
{
	int prio = -1;
	struct timespec slice = {-1, -1};

	CHECK_EQ(sys(NR_sched_getscheduler, 0), OTHER);
	CHECK_EQ(sys(NR_sched_getparam, 0, &prio), 0);
	CHECK(prio >= 0);
	CHECK_EQ(sys(NR_sched_rr_get_interval, 0, &slice), 0);
	CHECK(slice.sec >= 0 && slice.nsec >= 0 && slice.sec + slice.nsec > 0);
	CHECK_EQ(sys(NR_sched_get_priority_max, RR), 31);
	CHECK_EQ(sys(NR_sched_get_priority_min, FIFO), 0);
	CHECK_ERR(ESRCH, NR_sched_getscheduler, NOBODY);
	CHECK_ERR(ESRCH, NR_sched_getparam, NOBODY, &prio);
	CHECK_ERR(EFAULT, NR_sched_getparam, 0, BAD);
	CHECK_ERR(ESRCH, NR_sched_rr_get_interval, NOBODY, &slice);
	CHECK_ERR(EINVAL, NR_sched_get_priority_max, 9);
	CHECK_ERR(EINVAL, NR_sched_get_priority_min, 9);
}

static void
classes_need_privilege(void)
{
	bool root = sys(25) == 0;
	int prio = 0, bad = 99;

	CHECK_EQ(sys(NR_sched_setscheduler, 0, OTHER, &prio), root ? 0 : -EPERM);
	CHECK_EQ(sys(NR_sched_getparam, 0, &prio), 0);
	CHECK_EQ(sys(NR_sched_setparam, 0, &prio), 0);
	CHECK_ERR(EFAULT, NR_sched_setparam, 0, BAD);
	CHECK_ERR(ESRCH, NR_sched_setparam, NOBODY, &prio);
	if (root)
		CHECK_ERR(EINVAL, NR_sched_setscheduler, 0, 9, &prio);
	if (root)
		CHECK_ERR(EPERM, NR_sched_setscheduler, 0, RR, &bad); /* out of range: ksched.c says so */
}

static void
giving_way(void)
{
	CHECK_EQ(sys(SYS_sched_yield), 0);
	CHECK_EQ(sys(NR_yield), 0);
	CHECK_EQ(sys(NR_sync), 0);
	CHECK(sys(NR_sched_getcpu) >= 0);
	CHECK_ERR(EINVAL, NR_setpriority, 9, 0, 0);
	CHECK_ERR(ESRCH, NR_setpriority, 0, NOBODY, 0);
	CHECK_ERR(ESRCH, NR_getpriority, 0, NOBODY);
}

static void
sets_of_processors(void)
{
	int id = -1, now = -1;

	CHECK_EQ(sys(NR_cpuset_getid, LEVEL_CPUSET, WHICH_PID, -1l, &now), 0);
	CHECK_EQ(sys(NR_cpuset, &id), 0);
	CHECK(id > 1 && id != now);
	CHECK_EQ(sys(NR_cpuset_getid, LEVEL_CPUSET, WHICH_PID, -1l, &now), 0);
	CHECK_EQ(now, id);
	CHECK_EQ(sys(NR_cpuset_setid, WHICH_PID, -1l, 1), 0);
	CHECK_EQ(sys(NR_cpuset_getid, LEVEL_CPUSET, WHICH_PID, -1l, &now), 0);
	CHECK_EQ(now, 1);
	CHECK_ERR(EFAULT, NR_cpuset, BAD);
	CHECK_ERR(ESRCH, NR_cpuset_setid, WHICH_PID, -1l, 99999);
	CHECK_ERR(EINVAL, NR_cpuset_setid, WHICH_CPUSET, -1l, 1);
}

static void
memory_domains(void)
{
	uint64_t mask[4] = {0};
	int policy = 0;

	CHECK_EQ(sys(NR_cpuset_getdomain, LEVEL_WHICH, WHICH_PID, -1l, sizeof(mask), mask, &policy), 0);
	CHECK(mask[0] & 1);
	CHECK_EQ(sys(NR_cpuset_setdomain, LEVEL_WHICH, WHICH_PID, -1l, sizeof(mask), mask, policy), 0);
	CHECK_ERR(EINVAL, NR_cpuset_setdomain, LEVEL_WHICH, WHICH_PID, -1l, sizeof(mask), mask, 99);
	CHECK_ERR(ERANGE, NR_cpuset_setdomain, LEVEL_WHICH, WHICH_PID, -1l, 1, mask, policy);
	CHECK_ERR(ERANGE, NR_cpuset_getdomain, LEVEL_WHICH, WHICH_PID, -1l, 1, mask, &policy);
}

static void
randomness(void)
{
	unsigned char a[64] = {0}, b[64] = {0};

	CHECK_EQ(sys(NR_getrandom, a, 64, 0), 64);
	CHECK_EQ(sys(NR_getrandom, b, 64, 1), 64); /* GRND_NONBLOCK */
	CHECK(memcmp(a, b, 64));
	CHECK_EQ(sys(NR_getrandom, a, 0, 4), 0); /* GRND_INSECURE */
	CHECK_ERR(EINVAL, NR_getrandom, a, 64, 8);
	CHECK_ERR(EINVAL, NR_getrandom, a, 64, 2 | 4);
	CHECK_ERR(EFAULT, NR_getrandom, BAD, 64, 0);
}

/* Commands are numbered as Linux numbers them (membarrier(2)). */
static void
barriers(void)
{
	int64_t can = sys(NR_membarrier, 0, 0, 0);

	CHECK(can > 0);
	CHECK_EQ(sys(NR_membarrier, 0, 0, 0), can);
	CHECK_EQ(sys(NR_membarrier, 16, 0, 0), 0); /* REGISTER_PRIVATE_EXPEDITED */
	CHECK_EQ(sys(NR_membarrier, 8, 0, 0), 0);
	CHECK_ERR(EINVAL, NR_membarrier, 0x12345, 0, 0);
	CHECK_ERR(EINVAL, NR_membarrier, 8, 0x80, 0);
}

static void
capability_mode_is_off(void)
{
	unsigned mode = 9;

	CHECK_EQ(sys(NR_cap_getmode, &mode), 0);
	CHECK_EQ(mode, 0);
	CHECK_ERR(EFAULT, NR_cap_getmode, BAD);
}

const struct test tests[] = {
    {"classes_are_told", classes_are_told},
    {"classes_need_privilege", classes_need_privilege},
    {"giving_way", giving_way},
    {"sets_of_processors", sets_of_processors},
    {"memory_domains", memory_domains},
    {"randomness", randomness},
    {"barriers", barriers},
    {"capability_mode_is_off", capability_mode_is_off},
    {0},
};
