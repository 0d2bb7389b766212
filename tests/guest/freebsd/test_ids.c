/*
 * Users, groups, sessions.
 * Sources: FreeBSD manual setuid(2), setreuid(2), setresuid(2), getgroups(2), setgroups(2), getlogin(2), getpgrp(2), setpgid(2),
 * setsid(2), getsid(2), getloginclass(2); sys/kern/kern_prot.c for which error comes first.
 * Runs as root and as anybody: what gives up privileges does it in a child.
 */
#include "../kit/signals.h"

enum { NR_setuid = 23, NR_geteuid = 25, NR_getegid = 43, NR_getgid = 47, NR_getlogin = 49, NR_getgroups14 = 79, NR_setgroups14, NR_setreuid = 126,
       NR_setregid, NR_setgid = 181, NR_setegid, NR_seteuid, NR_getpgid = 207, NR_getsid = 310, NR_setresuid, NR_setresgid,
       NR_getresuid = 360, NR_getresgid, NR_getloginclass = 523, NR_getgroups = 595, NR_setgroups };
#define BAD     ((void *)8)
#define NOBODY  0x7ffffff0
#define SOMEONE 12345u

static bool passed;

/* @fn in a child; it says `passed` at its end. */
static int
in_child(void (*fn)(void))
{
	int64_t pid = sys(SYS_fork);

	if (pid == 0) {
		passed = false;
		fn();
		sys(SYS_exit, passed ? 0 : 1);
	}
	return status_of(pid, 0);
}

static void
ids_are_what_they_were_set_to(void)
{
	unsigned uid = (unsigned)sys(SYS_getuid), gid = (unsigned)sys(NR_getgid), id[3];

	CHECK_EQ(sys(SYS_issetugid), 0);
	CHECK_EQ(sys(NR_geteuid), uid);
	CHECK_EQ(sys(NR_getegid), gid);
	CHECK_EQ(sys(NR_setuid, uid), 0);
	CHECK_EQ(sys(NR_seteuid, uid), 0);
	CHECK_EQ(sys(NR_setreuid, uid, uid), 0);
	CHECK_EQ(sys(NR_setreuid, -1, -1), 0);
	CHECK_EQ(sys(NR_setresuid, uid, -1, uid), 0);
	CHECK_EQ(sys(NR_setgid, gid), 0);
	CHECK_EQ(sys(NR_setegid, gid), 0);
	CHECK_EQ(sys(NR_setregid, gid, gid), 0);
	CHECK_EQ(sys(NR_setresgid, -1, gid, -1), 0);
	CHECK_EQ(sys(NR_getresuid, &id[0], &id[1], &id[2]), 0);
	CHECK(id[0] == uid && id[1] == uid && id[2] == uid);
	CHECK_EQ(sys(NR_getresgid, &id[0], 0, &id[2]), 0); /* a null pointer is passed over */
	CHECK(id[0] == gid && id[2] == gid);
	CHECK_ERR(EFAULT, NR_getresuid, BAD, &id[1], &id[2]);
	CHECK_ERR(EFAULT, NR_getresgid, &id[0], BAD, &id[2]);
}

static void
stranger(void)
{
	unsigned me = SOMEONE, id[3];

	if (sys(NR_geteuid) == 0) {
		/* Groups first: without privileges that is over. */
		CHECK_EQ(sys(NR_setresgid, me, me, me), 0);
		CHECK_EQ(sys(NR_setresuid, me, me, me), 0);
		CHECK_EQ(sys(NR_getresuid, &id[0], &id[1], &id[2]), 0);
		CHECK(id[0] == me && id[1] == me && id[2] == me);
	}
	CHECK_ERR(EPERM, NR_setuid, 0);
	CHECK_ERR(EPERM, NR_seteuid, 0);
	CHECK_ERR(EPERM, NR_setreuid, 0, -1);
	CHECK_ERR(EPERM, NR_setreuid, -1, 0);
	CHECK_ERR(EPERM, NR_setresuid, -1, -1, 0);
	CHECK_ERR(EPERM, NR_setgid, 0);
	CHECK_ERR(EPERM, NR_setegid, 0);
	CHECK_ERR(EPERM, NR_setregid, 0, 0);
	CHECK_ERR(EPERM, NR_setresgid, 0, -1, -1);
	CHECK_ERR(EPERM, NR_setgroups, 1, &me);
	CHECK_ERR(EPERM, NR_setgroups14, 1, &me);
	passed = true;
}

static void
without_privileges_nothing_is_gained(void)
{
	CHECK_EQ(in_child(stranger), 0);
}

static void
effective_id_comes_back_from_the_saved_one(void)
{
	if (sys(NR_geteuid) == 0) {
		CHECK_EQ(sys(NR_setresuid, SOMEONE, 0, 0), 0);
		CHECK_EQ(sys(NR_seteuid, SOMEONE), 0);
		CHECK_EQ(sys(NR_geteuid), SOMEONE);
		CHECK_EQ(sys(NR_seteuid, 0), 0); /* the saved one */
		CHECK_EQ(sys(NR_setreuid, 0, SOMEONE), 0);
		CHECK_EQ(sys(SYS_getuid), 0);
		CHECK_EQ(sys(NR_geteuid), SOMEONE);
	}
	passed = true;
}

static void
effective_and_saved_ids(void)
{
	CHECK_EQ(in_child(effective_id_comes_back_from_the_saved_one), 0);
}

static void
set_groups(void)
{
	unsigned list[3] = {7, 9, 11}, got[8] = {0};

	if (sys(NR_geteuid) == 0) {
		CHECK_EQ(sys(NR_setgroups, 3, list), 0);
		CHECK_EQ(sys(NR_getgroups, 0, 0), 3);
		CHECK_EQ(sys(NR_getgroups, 8, got), 3);
		CHECK(!memcmp(got, list, sizeof(list)));
		/* Before 15 the first element was the effective group. */
		CHECK_EQ(sys(NR_getgroups14, 8, got), 4);
		CHECK_EQ(got[0], sys(NR_getegid));
		CHECK(!memcmp(got + 1, list, sizeof(list)));
		CHECK_EQ(sys(NR_setgroups14, 3, list), 0);
		CHECK_EQ(sys(NR_getegid), 7);
		CHECK_EQ(sys(NR_getgroups14, 3, got), 3);
		CHECK(!memcmp(got, list, sizeof(list)));
		CHECK_EQ(sys(NR_getgroups, 2, got), 2);
		CHECK_ERR(EINVAL, NR_getgroups, 1, got);
		CHECK_ERR(EINVAL, NR_getgroups14, 2, got);
		CHECK_ERR(EFAULT, NR_setgroups, 1, BAD);
		CHECK_ERR(EFAULT, NR_getgroups, 2, BAD);
	}
	CHECK_ERR(EINVAL, NR_setgroups, 1024, list);
	CHECK_ERR(EINVAL, NR_setgroups, -1, list);
	CHECK_ERR(EINVAL, NR_getgroups14, -1, got);
	passed = true;
}

static void
groups(void)
{
	CHECK_EQ(in_child(set_groups), 0);
}

static void
lead_a_session(void)
{
	int64_t me = sys(SYS_getpid);

	CHECK_EQ(sys(NR_setpgid, 0, 0), 0);
	CHECK_EQ(sys(NR_getpgrp), me);
	CHECK_EQ(sys(NR_getpgid, 0), me);
	CHECK_ERR(EPERM, NR_setsid); /* it leads a group already */
	passed = true;
}

static void
begin_a_session(void)
{
	int64_t me = sys(SYS_getpid);

	CHECK(sys(NR_getpgrp) != me);
	CHECK_EQ(sys(NR_setsid), me);
	CHECK_EQ(sys(NR_getsid, 0), me);
	CHECK_EQ(sys(NR_getpgrp), me);
	CHECK_ERR(EPERM, NR_setsid);
	CHECK_ERR(EPERM, NR_setpgid, 0, 0); /* a session's leader stays where it is */
	passed = true;
}

static void
sessions_and_groups_of_processes(void)
{
	CHECK_EQ(in_child(lead_a_session), 0);
	CHECK_EQ(in_child(begin_a_session), 0);
	CHECK_EQ(sys(NR_getpgid, sys(SYS_getpid)), sys(NR_getpgrp));
	CHECK_EQ(sys(NR_getsid, sys(SYS_getpid)), sys(NR_getsid, 0));
	CHECK_ERR(ESRCH, NR_getpgid, NOBODY);
	CHECK_ERR(ESRCH, NR_getsid, NOBODY);
	CHECK_ERR(ESRCH, NR_setpgid, NOBODY, 0);
	CHECK_ERR(EINVAL, NR_setpgid, 0, -5);
}

static void
parents(void)
{
	int64_t me = sys(SYS_getpid), pid = sys(SYS_fork);

	if (pid == 0)
		sys(SYS_exit, HOLDS(sys(SYS_getppid) == me) ? 0 : 1);
	CHECK_EQ(status_of(pid, 0), 0);
}

static void
login_names(void)
{
	char name[33], class[33];

	memset(name, 'x', sizeof(name));
	memset(class, 'x', sizeof(class));
	CHECK_EQ(sys(NR_getlogin, name, sizeof(name)), 0);
	CHECK(memcmp(name, "xx", 2));
	CHECK_ERR(ERANGE, NR_getlogin, name, 0);
	CHECK_ERR(EFAULT, NR_getlogin, BAD, 33);
	CHECK_EQ(sys(NR_getloginclass, class, sizeof(class)), 0);
	CHECK(strlen(class) > 0 && strlen(class) < 33);
	CHECK_ERR(ERANGE, NR_getloginclass, class, 1);
	CHECK_ERR(EFAULT, NR_getloginclass, BAD, 33);
}

const struct test tests[] = {
    {"ids_are_what_they_were_set_to", ids_are_what_they_were_set_to},
    {"without_privileges_nothing_is_gained", without_privileges_nothing_is_gained},
    {"effective_and_saved_ids", effective_and_saved_ids},
    {"groups", groups},
    {"sessions_and_groups_of_processes", sessions_and_groups_of_processes},
    {"parents", parents},
    {"login_names", login_names},
    {0},
};
