/*
 * Probes.  What could harm this process is done in a child.
 */
#include "loader/probe.h"

#include <cpuid.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/core/gm.h"

/* linux/prctl.h of Debian 12 has no inclusive mode. */
#define SUD_SET		59
#define SUD_OFF		0
#define SUD_EXCLUSIVE	1
#define SUD_INCLUSIVE	2
#define USER_TOP	0x7ffffffff000ull
#define HWCAP2_FSGSBASE 2u

/* Run fn in a child; what it returns, 0 or -errno.  A child that died counts as -ENOSYS. */
static int
in_child(int (*fn)(void))
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return -errno;
	if (pid == 0)
		_exit(-fn());
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -ENOSYS;
}

static int
sud_try(int mode, uint64_t start, uint64_t len)
{
	if (prctl(SUD_SET, mode, start, len, 0) < 0)
		return -errno;
	return prctl(SUD_SET, SUD_OFF, 0, 0, 0) < 0 ? -errno : 0;
}

static int
sud_inclusive(void)
{
	return sud_try(SUD_INCLUSIVE, GM_LO, GM_HI - GM_LO);
}

static int
sud_exclusive(void)
{
	return sud_try(SUD_EXCLUSIVE, GM_HI, USER_TOP - GM_HI);
}

static int
seccomp_filter(void)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog prog = {1, &allow};
	uint32_t trap = SECCOMP_RET_TRAP;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &trap) < 0 ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) < 0)
		return -errno;
	return 0;
}

static int
userns(void)
{
	return unshare(CLONE_NEWUSER) < 0 ? -errno : 0;
}

int
probe_sud_inclusive(void)
{
	return in_child(sud_inclusive);
}

int
probe_sud_exclusive(void)
{
	return in_child(sud_exclusive);
}

int
probe_seccomp(void)
{
	return in_child(seccomp_filter);
}

bool
probe_intercept(void)
{
	return probe_sud_inclusive() == 0 || probe_sud_exclusive() == 0 || probe_seccomp() == 0;
}

int
probe_userns(void)
{
	return in_child(userns);
}

bool
probe_fsgsbase(void)
{
	return (getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE) != 0;
}

bool
probe_xgetbv1(void)
{
	uint32_t a, b, c, d;

	return __get_cpuid_count(0xd, 1, &a, &b, &c, &d) && (a & 4) != 0;
}

bool
probe_avx512bw(void)
{
	uint32_t a, b, c, d;

	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_AVX512BW) != 0;
}

uint64_t
probe_lowest_mapping(void)
{
	FILE *f = fopen("/proc/self/maps", "re");
	unsigned long long start = 0;

	if (f == NULL)
		return 0;
	if (fscanf(f, "%llx", &start) != 1)
		start = 0;
	fclose(f);
	return start < GM_HI ? start : 0;
}

long long
probe_number(const char *path, long long otherwise)
{
	FILE *f = fopen(path, "re");
	long long v;

	if (f == NULL)
		return otherwise;
	if (fscanf(f, "%lld", &v) != 1)
		v = otherwise;
	fclose(f);
	return v;
}
