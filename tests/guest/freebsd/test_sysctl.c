/* sysctl.  Source: FreeBSD manual sysctl(3), sys/sysctl.h. */
#include "../kit/fbsd.h"
#include "../kit/kit.h"

static int64_t
by_name(const char *name, void *old, uint64_t *len)
{
	return sys(SYS___sysctlbyname, name, strlen(name), old, len, 0, 0);
}

static void
numbers_and_names_agree(void)
{
	int mib[2] = {6, 3}, a = 0, b = 0; /* hw.ncpu */
	uint64_t n = sizeof(a);

	CHECK_EQ(sys(SYS___sysctl, mib, 2, &a, &n, 0, 0), 0);
	CHECK_EQ(n, 4);
	CHECK_EQ(by_name("hw.ncpu", &b, &n), 0);
	CHECK_EQ(a, b);
	CHECK(a >= 1);
}

static void
size_protocol(void)
{
	char buf[64];
	uint64_t n = 0;

	CHECK_EQ(by_name("kern.ostype", 0, &n), 0);
	CHECK_EQ(n, 8);
	CHECK_EQ(by_name("kern.ostype", buf, &n), 0);
	CHECK(!strcmp(buf, "FreeBSD"));
	n = 3;
	CHECK_EQ(by_name("kern.ostype", buf, &n), -ENOMEM);
	CHECK_EQ(n, 3);
	CHECK_EQ(by_name("no.such.thing", buf, &n), -ENOENT);
}

static void
name_becomes_oid_and_back(void)
{
	int q[2] = {0, 3}, oid[24], back[26] = {0, 1};
	uint64_t n = sizeof(oid), len = 64;
	char name[64];

	CHECK_EQ(sys(SYS___sysctl, q, 2, oid, &n, "kern.osreldate", 14), 0);
	CHECK_EQ(n, 8);
	CHECK(oid[0] == 1 && oid[1] == 24);
	back[2] = oid[0], back[3] = oid[1];
	CHECK_EQ(sys(SYS___sysctl, back, 4, name, &len, 0, 0), 0);
	CHECK(!strcmp(name, "kern.osreldate"));
}

static void
own_path_and_arguments(void)
{
	static char buf[4096];
	int mib[4] = {1, 14, 12, -1};
	uint64_t n = sizeof(buf);

	CHECK_EQ(sys(SYS___sysctl, mib, 4, buf, &n, 0, 0), 0);
	CHECK(!strcmp(buf, (char *)kit_aux(AT_EXECPATH)));
	mib[2] = 7;
	n = sizeof(buf);
	CHECK_EQ(sys(SYS___sysctl, mib, 4, buf, &n, 0, 0), 0);
	CHECK(!strcmp(buf, kit_argv[0]));
}

static void
nothing_can_be_set(void)
{
	int v = 1;

	CHECK_EQ(sys(SYS___sysctlbyname, "kern.maxproc", 12, 0, 0, &v, 4), -EPERM);
}

enum { ENOTDIR_ = 20, EISDIR_ = 21 };

/* sysctl_find_oid, sysctl_root and sys___sysctl of sys/kern/kern_sysctl.c. */
static void
bad_names_and_places(void)
{
	int mib[26] = {1, 1}, v = 0, deep[3] = {1, 1, 1}, node[2] = {1, 14}, none[2] = {1, 99999};
	uint64_t n = sizeof(v);

	CHECK_ERR(EINVAL, SYS___sysctl, mib, 1, &v, &n, 0, 0);
	CHECK_ERR(EINVAL, SYS___sysctl, mib, 25, &v, &n, 0, 0);
	CHECK_ERR(EFAULT, SYS___sysctl, 8, 2, &v, &n, 0, 0);
	CHECK_ERR(EFAULT, SYS___sysctl, mib, 2, &v, 8, 0, 0);
	CHECK_ERR(ENOENT, SYS___sysctl, none, 2, &v, &n, 0, 0);
	CHECK_ERR(ENOTDIR_, SYS___sysctl, deep, 3, &v, &n, 0, 0);
	CHECK_ERR(EISDIR_, SYS___sysctl, node, 2, &v, &n, 0, 0);
	CHECK_ERR(ENOENT, SYS___sysctlbyname, "no.such.thing", 13, &v, &n, 0, 0);
	CHECK_ERR(EINVAL, SYS___sysctlbyname, "kern", 0, &v, &n, 0, 0);
	CHECK_ERR(EINVAL, SYS___sysctlbyname, "kern", 1025, &v, &n, 0, 0);
	CHECK_ERR(EFAULT, SYS___sysctlbyname, 8, 5, &v, &n, 0, 0);
	CHECK_ERR(EISDIR_, SYS___sysctlbyname, "kern", 4, &v, &n, 0, 0);
	CHECK_ERR(EFAULT, SYS___sysctlbyname, "hw.ncpu", 7, 8, &n, 0, 0);
	CHECK_EQ(v, 0);
}

const struct test tests[] = {
    {"numbers_and_names_agree", numbers_and_names_agree},
    {"size_protocol", size_protocol},
    {"name_becomes_oid_and_back", name_becomes_oid_and_back},
    {"own_path_and_arguments", own_path_and_arguments},
    {"bad_names_and_places", bad_names_and_places},
    {"nothing_can_be_set", nothing_can_be_set},
    {0},
};
