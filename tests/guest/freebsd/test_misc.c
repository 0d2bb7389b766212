/* Calls of no family.  Source: FreeBSD manual procctl(2), getpriority(2), kenv(2), cap_getmode(2), uuidgen(2), utrace(2). */
#include "../kit/fbsd.h"
#include "../kit/kit.h"

static void
procctl_remembers_and_checks(void)
{
	int v = 1, back = 0;

	CHECK_EQ(sys(544, 0, 0, 14 /* PROC_ASLR_STATUS */, &back), 0);
	CHECK_EQ(back, 3);
	CHECK_EQ(sys(544, 0, 0, 13 /* PROC_ASLR_CTL */, &v), 0);
	CHECK_EQ(sys(544, 0, 0, 14, &back), 0);
	CHECK_EQ(back, 1);
	v = 9;
	CHECK_ERR(EINVAL, 544, 0, 0, 13, &v);
	CHECK_ERR(EINVAL, 544, 0, 0, 999, &v);
	CHECK_ERR(EFAULT, 544, 0, 0, 13, 8);
	CHECK_ERR(ESRCH, 544, 0, 0x7ffffff0, 14, &back);
}

static void
death_signal_is_in_guest_numbers(void)
{
	int v = SIGUSR1, back = 0;

	CHECK_EQ(sys(544, 0, 0, 11 /* PROC_PDEATHSIG_CTL */, &v), 0);
	CHECK_EQ(sys(544, 0, 0, 12, &back), 0);
	CHECK_EQ(back, SIGUSR1);
	v = 0;
	CHECK_EQ(sys(544, 0, 0, 11, &v), 0);
	v = 200;
	CHECK_ERR(EINVAL, 544, 0, 0, 11, &v);
}

static void
priority_is_what_was_set(void)
{
	int64_t had = sys(100, 0, 0); /* inherited */

	int64_t more = had + 5 < 19 ? had + 5 : 19; /* the host's last */

	CHECK(had >= -20 && had < 20);
	CHECK_EQ(sys(96, 0, 0, more), 0);
	CHECK_EQ(sys(100, 0, 0), more);
	CHECK_ERR(EINVAL, 100, 9, 0);
}

static void
no_capability_mode(void)
{
	unsigned mode = 9;

	CHECK_EQ(sys(517, &mode), 0);
	CHECK_EQ(mode, 0);
	CHECK_ERR(ENOSYS, 516);
}

static void
kernel_environment_is_empty(void)
{
	char v[8];

	CHECK_ERR(ENOENT, 390, 0, "kern.x", v, 8);
	CHECK_EQ(sys(390, 3, 0, 0, 0), 0);
	CHECK_ERR(EPERM, 390, 1, "a", "b", 2);
	CHECK_ERR(EINVAL, 390, 9, 0, 0, 0);
}

static void
uuids_are_unique_and_well_formed(void)
{
	unsigned char u[3][16];

	CHECK_EQ(sys(392, u, 3), 0);
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(u[i][7] >> 4, 1);
		CHECK_EQ(u[i][8] >> 6, 2);
		CHECK(memcmp(u[i], u[(i + 1) % 3], 16));
	}
	CHECK_ERR(EINVAL, 392, u, 0);
	CHECK_ERR(EINVAL, 392, u, 2049);
}

static void
indirect_indirect_calls_do_not_exist(void)
{
	CHECK_ERR(ENOSYS, 0, 0, SYS_getpid);
}

const struct test tests[] = {
    {"procctl_remembers_and_checks", procctl_remembers_and_checks},
    {"death_signal_is_in_guest_numbers", death_signal_is_in_guest_numbers},
    {"priority_is_what_was_set", priority_is_what_was_set},
    {"no_capability_mode", no_capability_mode},
    {"kernel_environment_is_empty", kernel_environment_is_empty},
    {"uuids_are_unique_and_well_formed", uuids_are_unique_and_well_formed},
    {"indirect_indirect_calls_do_not_exist", indirect_indirect_calls_do_not_exist},
    {0},
};
