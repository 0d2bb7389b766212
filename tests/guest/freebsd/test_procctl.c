/*
 * procctl: of ourselves, of others, of groups; reapers.
 * Source: FreeBSD manual procctl(2), sys/procctl.h; sys/kern/kern_procctl.c for errors and their order.
 */
#include "../kit/signals.h"

enum { SYS_procctl = 544, P_PID = 0, P_PGID = 2, P_ALL = 7 };
enum { SPROTECT = 1, REAP_ACQUIRE, REAP_RELEASE, REAP_STATUS, REAP_GETPIDS, REAP_KILL, TRACE_CTL, TRACE_STATUS, TRAPCAP_CTL,
       TRAPCAP_STATUS, PDEATHSIG_CTL, PDEATHSIG_STATUS, ASLR_CTL, ASLR_STATUS, PROTMAX_CTL, PROTMAX_STATUS, STACKGAP_CTL,
       STACKGAP_STATUS, NO_NEW_PRIVS_CTL, NO_NEW_PRIVS_STATUS, WXMAP_CTL, WXMAP_STATUS };

struct status {
	uint32_t flags, children, descendants;
	int reaper, pid;
	uint32_t pad[15];
};
struct pidinfo {
	int pid, subtree;
	uint32_t flags, pad[15];
};
struct pids {
	uint32_t count, pad[15];
	struct pidinfo *pids;
};
struct reap_kill {
	int sig;
	uint32_t flags;
	int subtree;
	uint32_t killed;
	int fpid;
	uint32_t pad[15];
};

static int64_t
set(int64_t pid, int com, int v)
{
	return sys(SYS_procctl, P_PID, pid, com, &v);
}

static int64_t
get(int64_t pid, int com)
{
	int v = -77;
	int64_t r = sys(SYS_procctl, P_PID, pid, com, &v);

	return r ? r : (int64_t)(uint32_t)v;
}

static int64_t
held_child(int go[2])
{
	char c;
	int64_t pid;

	sys(SYS_pipe2, go, O_CLOEXEC);
	pid = sys(SYS_fork);
	if (pid == 0) {
		sys(SYS_close, go[1]);
		sys(SYS_read, go[0], &c, 1);
		call(SYS_exit, 0);
	}
	return pid;
}

static void
let_go(int go[2], int64_t pid)
{
	sys(SYS_close, go[0]), sys(SYS_close, go[1]);
	status_of(pid, 0);
}

static void
what_was_never_set(void)
{
	CHECK_EQ(get(0, TRACE_STATUS), 0);
	CHECK_EQ(get(0, TRAPCAP_STATUS), 2);
	CHECK_EQ(get(0, PROTMAX_STATUS), 3);
	CHECK_EQ(get(0, STACKGAP_STATUS), 1 | 4);
	CHECK_EQ(get(0, WXMAP_STATUS), 0);
	CHECK(get(0, NO_NEW_PRIVS_STATUS) == 2 || get(0, NO_NEW_PRIVS_STATUS) == 1); /* inherited: a filter of the host's needs it */
	CHECK_EQ(get(0, PDEATHSIG_STATUS), 0);
	CHECK_EQ(get(1, TRACE_STATUS), 0); /* anybody is seen */
}

static void
errors_in_their_order(void)
{
	int v = 1, go[2];
	int64_t none = 0x7ffffff0, pid = held_child(go);

	CHECK_ERR(EINVAL, SYS_procctl, P_PID, 0, 0, &v);
	CHECK_ERR(EINVAL, SYS_procctl, P_PID, 0, 999, 8);
	CHECK_ERR(EFAULT, SYS_procctl, P_ALL, 0, TRACE_CTL, 8);
	CHECK_ERR(EINVAL, SYS_procctl, P_ALL, 0, TRACE_CTL, &v);
	CHECK_ERR(EINVAL, SYS_procctl, P_PGID, 0, ASLR_CTL, &v);
	CHECK_ERR(ESRCH, SYS_procctl, P_PGID, none, TRACE_CTL, &v);
	CHECK_ERR(ESRCH, SYS_procctl, P_PID, none, TRACE_STATUS, &v);
	CHECK_ERR(EINVAL, SYS_procctl, P_PID, none, PDEATHSIG_STATUS, &v);
	CHECK_ERR(EINVAL, SYS_procctl, P_PID, pid, PDEATHSIG_STATUS, &v);
	CHECK_ERR(EFAULT, SYS_procctl, P_PID, 0, TRACE_STATUS, 8);
	CHECK_ERR(EINVAL, SYS_procctl, P_PID, 0, REAP_ACQUIRE, &v);
	CHECK_ERR(EPERM, SYS_procctl, P_PID, pid, REAP_ACQUIRE, 0);
	CHECK_ERR(EPERM, SYS_procctl, P_PID, pid, REAP_RELEASE, 0);
	CHECK_ERR(EINVAL, SYS_procctl, P_PID, 0, REAP_RELEASE, 0);
	CHECK_ERR(EPERM, SYS_procctl, P_PID, pid, TRACE_CTL, &v); /* only one itself may be traced again */
	v = 7;
	CHECK_ERR(EINVAL, SYS_procctl, P_PID, 0, SPROTECT, &v);
	for (int com = TRACE_CTL; com <= WXMAP_CTL; com += 2)
		CHECK_EQ(set(0, com, 99 + (com == PDEATHSIG_CTL) * 100), -EINVAL);
	let_go(go, pid);
}

static void
others_are_told_and_set(void)
{
	int go[2], v = 2;
	int64_t pid = held_child(go), group;

	CHECK_EQ(set(pid, TRACE_CTL, 3), 0);
	CHECK_EQ(get(pid, TRACE_STATUS), 0xffffffff);
	CHECK_EQ(set(pid, TRACE_CTL, 2), -EPERM);
	CHECK_EQ(set(pid, STACKGAP_CTL, 2 | 8), 0);
	CHECK_EQ(set(pid, STACKGAP_CTL, 1), -EINVAL);
	CHECK_EQ(get(pid, STACKGAP_STATUS), 2 | 8);
	CHECK_EQ(get(0, STACKGAP_STATUS), 1 | 4);
	CHECK_EQ(set(pid, PROTMAX_CTL, 1), 0);
	CHECK_EQ(get(pid, PROTMAX_STATUS), 0x80000001);
	let_go(go, pid);
	/* A group, of which one succeeds. */
	pid = held_child(go);
	CHECK_OK(NR_setpgid, pid, pid);
	group = pid;
	CHECK_OK(SYS_procctl, P_PGID, group, TRAPCAP_CTL, (v = 1, &v));
	CHECK_EQ(get(pid, TRAPCAP_STATUS), 1);
	CHECK_EQ(get(0, TRAPCAP_STATUS), 2);
	let_go(go, pid);
}

/* argv[1] "told_over_exec": what the next program finds. */
static void
settings_are_inherited(void)
{
	char *argv[] = {"heir", "told_over_exec", 0};
	int64_t pid = sys(SYS_fork);

	if (pid == 0) {
		if (set(0, TRACE_CTL, 2) || set(0, STACKGAP_CTL, 2 | 8) || set(0, WXMAP_CTL, 2) || set(0, ASLR_CTL, 2))
			call(SYS_exit, 1);
		pid = sys(SYS_fork);
		if (pid == 0) {
			if (get(0, TRACE_STATUS) != 0xffffffff || get(0, STACKGAP_STATUS) != (2 | 8) || get(0, WXMAP_STATUS) != 2)
				call(SYS_exit, 2);
			sys(SYS_execve, kit_aux(AT_EXECPATH), argv, kit_envp);
		}
		call(SYS_exit, pid < 0 ? 3 : status_of(pid, 0) >> 8);
	}
	CHECK_EQ(status_of(pid, 0), 0);
}

static void
told_over_exec(void)
{
	if (strcmp(kit_argv[0], "heir"))
		return;
	CHECK_EQ(get(0, TRACE_STATUS), 0); /* tracing is only off over exec with 3 */
	CHECK_EQ(get(0, STACKGAP_STATUS), 2 | 8);
	CHECK_EQ(get(0, ASLR_STATUS) & 3, 2);
}

/* A process of ours becomes a reaper, with a child, a grandchild whose parent has died, and another reaper. */
static int
reap(void)
{
	struct status rs;
	struct pidinfo info[8];
	struct pids rp = {.count = 8, .pids = info};
	struct reap_kill rk = {.sig = SIGTERM, .flags = 4};
	int go[2], say[2], orphan = 0, status;
	int64_t child, me = sys(SYS_getpid), r;

	if (!HOLDS(sys(SYS_procctl, P_PID, 0, REAP_STATUS, &rs) == 0 && !(rs.flags & 1)))
		return 2;
	if (!HOLDS(sys(SYS_procctl, P_PID, 0, REAP_ACQUIRE, 0) == 0 && sys(SYS_procctl, P_PID, 0, REAP_ACQUIRE, 0) == -16 /* EBUSY */))
		return 3;
	if (!HOLDS(sys(SYS_procctl, P_PID, 0, REAP_STATUS, &rs) == 0 && rs.flags == 1 && rs.reaper == me && rs.pid == -1 && !rs.descendants))
		return 4;
	child = held_child(go);
	sys(SYS_pipe2, say, O_CLOEXEC);
	r = sys(SYS_fork);
	if (r == 0) {
		int64_t pid = sys(SYS_fork);
		int n = (int)pid;
		char c;

		if (pid)
			sys(SYS_write, say[1], &n, 4);
		else
			sys(SYS_close, go[1]), sys(SYS_read, go[0], &c, 1);
		call(SYS_exit, 0);
	}
	sys(SYS_read, say[0], &orphan, 4);
	status_of(r, 0);
	if (!HOLDS(sys(SYS_procctl, P_PID, child, REAP_STATUS, &rs) == 0 && rs.flags == 0 && rs.reaper == me && rs.children == 2 && rs.descendants == 2))
		return 5;
	if (!HOLDS(rs.pid == child || rs.pid == orphan))
		return 6;
	memset(info, 0, sizeof(info));
	if (!HOLDS(sys(SYS_procctl, P_PID, 0, REAP_GETPIDS, &rp) == 0 && info[0].flags == 3 && info[1].flags == 3 && !info[2].flags))
		return 7;
	if (!HOLDS(info[0].pid + info[1].pid == child + orphan && info[0].pid != info[1].pid))
		return 8;
	for (int i = 0; i < 2; i++)
		if (info[i].pid == child && info[i].subtree != child)
			return 9;
	if (!HOLDS(sys(SYS_procctl, P_PID, 0, REAP_KILL, &rk) == -EINVAL))
		return 10;
	rk.flags = 2;
	rk.subtree = (int)child;
	if (!HOLDS(sys(SYS_procctl, P_PID, 0, REAP_KILL, &rk) == 0 && rk.killed == 1 && rk.fpid == -1))
		return 11;
	sys(SYS_wait4, child, &status, 0, 0);
	if (status != SIGTERM)
		return 12;
	rk = (struct reap_kill){.sig = SIGKILL};
	if (!HOLDS(sys(SYS_procctl, P_PID, 0, REAP_KILL, &rk) == 0 && rk.killed == 1))
		return 13;
	if (sys(SYS_wait4, orphan, &status, 0, 0) != orphan || status != SIGKILL) /* it was adopted */
		return 14;
	if (!HOLDS(sys(SYS_procctl, P_PID, 0, REAP_KILL, &rk) == -ESRCH && rk.killed == 0))
		return 15;
	return HOLDS(sys(SYS_procctl, P_PID, 0, REAP_RELEASE, 0) == 0) ? 0 : 16;
}

static void
reapers_reap(void)
{
	int64_t pid = sys(SYS_fork);

	if (pid == 0)
		call(SYS_exit, reap());
	CHECK_EQ(status_of(pid, 0), 0);
}

/* Any number can tell of a parent's death. */
static void
parents_deaths_are_told(void)
{
	static const int list[] = {SIGUSR2, SIGINFO, 120};

	for (int i = 0; i < 3; i++) {
		struct sigset s = SIGSET(list[i]);
		struct siginfo si;
		int out[2];
		char c = 0;
		int64_t pid;

		CHECK_OK(SYS_pipe2, out, O_CLOEXEC);
		pid = sys(SYS_fork);
		if (pid == 0) {
			int ready[2];

			sys(SYS_pipe2, ready, 0);
			pid = sys(SYS_fork);
			if (pid == 0) {
				sys(SYS_sigprocmask, SIG_BLOCK, &s, 0);
				handle(list[i], (void *)what_was_never_set, SA_SIGINFO); /* never run: it is waited for */
				bool ok = set(0, PDEATHSIG_CTL, list[i]) == 0 && get(0, PDEATHSIG_STATUS) == list[i];

				sys(SYS_write, ready[1], "", 1);
				if (sys(NR_sigwaitinfo, &s, &si) == list[i] && ok)
					sys(SYS_write, out[1], "y", 1);
				call(SYS_exit, 0);
			}
			sys(SYS_read, ready[0], &c, 1);
			call(SYS_exit, 0);
		}
		sys(SYS_close, out[1]);
		CHECK_EQ(sys(SYS_read, out[0], &c, 1), 1);
		CHECK_EQ(c, 'y');
		status_of(pid, 0);
		sys(SYS_close, out[0]);
	}
}

const struct test tests[] = {
    {"what_was_never_set", what_was_never_set},
    {"errors_in_their_order", errors_in_their_order},
    {"others_are_told_and_set", others_are_told_and_set},
    {"settings_are_inherited", settings_are_inherited},
    {"told_over_exec", told_over_exec},
    {"reapers_reap", reapers_reap},
    {"parents_deaths_are_told", parents_deaths_are_told},
    {0},
};
