/*
 * Users and groups.  Changes apply to the whole process: each host thread makes the call.
 * Source: FreeBSD manual setuid(2), getgroups(2), setgroups(2), getlogin(2).
 */
#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "abi/freebsd/fbsd.h"
#include "abi/freebsd/proc.h"
#include "freebsd-amd64.h"

#define NGROUPS_MAX_FBSD 1023
#define MAXLOGNAME       33

long
fbsd_setuid(struct thread *t, uint32_t uid)
{
	return task_call_all(t, SYS_setuid, uid, 0, 0);
}

long
fbsd_seteuid(struct thread *t, uint32_t euid)
{
	return task_call_all(t, SYS_setresuid, (uint64_t)-1, euid, (uint64_t)-1);
}

long
fbsd_setreuid(struct thread *t, uint32_t ruid, uint32_t euid)
{
	return task_call_all(t, SYS_setreuid, ruid, euid, 0);
}

long
fbsd_setresuid(struct thread *t, uint32_t ruid, uint32_t euid, uint32_t suid)
{
	return task_call_all(t, SYS_setresuid, ruid, euid, suid);
}

long
fbsd_setgid(struct thread *t, uint32_t gid)
{
	return task_call_all(t, SYS_setgid, gid, 0, 0);
}

long
fbsd_setegid(struct thread *t, uint32_t egid)
{
	return task_call_all(t, SYS_setresgid, (uint64_t)-1, egid, (uint64_t)-1);
}

long
fbsd_setregid(struct thread *t, uint32_t rgid, uint32_t egid)
{
	return task_call_all(t, SYS_setregid, rgid, egid, 0);
}

long
fbsd_setresgid(struct thread *t, uint32_t rgid, uint32_t egid, uint32_t sgid)
{
	return task_call_all(t, SYS_setresgid, rgid, egid, sgid);
}

static long
three_ids(long nr, uint64_t a, uint64_t b, uint64_t c)
{
	uint32_t id[3];
	uint64_t at[3] = {a, b, c};
	long r = host_call(nr, &id[0], &id[1], &id[2]);

	for (int i = 0; r == 0 && i < 3; i++)
		if (at[i])
			r = gm_write(at[i], &id[i], 4);
	return r;
}

long
fbsd_getresuid(struct thread *t, uint64_t ruid, uint64_t euid, uint64_t suid)
{
	return three_ids(SYS_getresuid, ruid, euid, suid);
}

long
fbsd_getresgid(struct thread *t, uint64_t rgid, uint64_t egid, uint64_t sgid)
{
	return three_ids(SYS_getresgid, rgid, egid, sgid);
}

static long
get_groups(int size, uint64_t list, bool egid_first)
{
	uint32_t g[NGROUPS_MAX_FBSD + 1];
	long n = host_call(SYS_getgroups, NGROUPS_MAX_FBSD, g + 1), first = egid_first ? 0 : 1;

	if (n < 0)
		return n;
	g[0] = (uint32_t)host_call(SYS_getegid);
	n += egid_first;
	if (size == 0)
		return n;
	if (size < n)
		return -EINVAL;
	return gm_write(list, g + first, (uint64_t)n * 4) ? -EFAULT : n;
}

/* Until 14 the first element is the effective group. */
long
fbsd_freebsd14_getgroups(struct thread *t, int size, uint64_t list)
{
	return get_groups(size, list, true);
}

long
fbsd_getgroups(struct thread *t, int size, uint64_t list)
{
	return get_groups(size, list, false);
}

static long
read_groups(int n, uint64_t list, uint32_t *g)
{
	if (n < 0 || n > NGROUPS_MAX_FBSD)
		return -EINVAL;
	return gm_read(g, list, (uint64_t)n * 4);
}

long
fbsd_freebsd14_setgroups(struct thread *t, int n, uint64_t list)
{
	uint32_t g[NGROUPS_MAX_FBSD + 1];
	long r = read_groups(n, list, g);

	if (r)
		return r;
	if (n == 0)
		return task_call_all(t, SYS_setgroups, 0, 0, 0);
	r = task_call_all(t, SYS_setgroups, (uint64_t)n - 1, (uint64_t)(g + 1), 0);
	return r ? r : task_call_all(t, SYS_setresgid, (uint64_t)-1, g[0], (uint64_t)-1);
}

long
fbsd_setgroups(struct thread *t, int n, uint64_t list)
{
	uint32_t g[NGROUPS_MAX_FBSD + 1];
	long r = read_groups(n, list, g);

	return r ? r : task_call_all(t, SYS_setgroups, (uint64_t)n, (uint64_t)g, 0);
}

long
fbsd_getlogin(struct thread *t, uint64_t buf, uint32_t len)
{
	struct passwd pw, *found = NULL;
	char text[1024], name[MAXLOGNAME] = {0};

	if (len > MAXLOGNAME)
		len = MAXLOGNAME;
	if (getpwuid_r(getuid(), &pw, text, sizeof(text), &found) == 0 && found)
		strncpy(name, found->pw_name, sizeof(name) - 1);
	if (strlen(name) + 1 > len)
		return -ERANGE;
	return gm_write(buf, name, strlen(name) + 1);
}

long
fbsd_getloginclass(struct thread *t, uint64_t buf, uint64_t len)
{
	static const char name[] = "default";

	if (len < sizeof(name))
		return -ERANGE;
	return gm_write(buf, name, sizeof(name));
}
