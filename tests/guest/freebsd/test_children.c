/*
 * How processes come to be and are waited for: every form, values and errors.
 * Source: FreeBSD manual fork(2), vfork(2), rfork(2), pdfork(2), wait6(2), execve(2), setsid(2), setpgid(2), getpgrp(2), getsid(2),
 * getpid(2), exit(2); kern_fork.c for the order of checks, sys_procdesc.c, kern_prot.c.
 */
#include "../kit/files.h"

enum { SYS_vfork = 66, SYS_setuid = 23, SYS_getpgrp = 81, SYS_setpgid = 82, SYS_setsid = 147, SYS_getpgid = 207, SYS_getsid = 310,
       SYS_pdkill = 519, SYS_pdrfork = 600, SYS_pdwait };
enum { RFFDG = 1 << 2, RFPROC = 1 << 4, RFMEM = 1 << 5, RFNOWAIT = 1 << 6, RFCFDG = 1 << 12, RFTHREAD = 1 << 13, RFSIGSHARE = 1 << 14,
       RFPROCDESC = 1 << 28 };
#define RFSPAWN (1u << 31)
enum { PD_CLOEXEC = 2, WNOHANG = 1, WEXITED = 16, WNOWAIT = 8, RLIMIT_NPROC = 7, P_PID = 0, P_PGID = 2, P_ALL = 7,
       CLD_EXITED = 1, CLD_KILLED = 2, CLD_STOPPED = 5, CLD_CONTINUED = 6, WUNTRACED = 2, WCONTINUED = 4 };

static volatile int word;

static int
status_of(int64_t pid)
{
	int status = -1;

	while (sys(SYS_wait4, pid, &status, 0, 0) == -EINTR)
		;
	return status;
}

static void
exit_ends_with_its_low_byte(void)
{
	int64_t pid = sys(SYS_fork);

	if (pid == 0)
		ENDS(SYS_exit, 0x1234);
	CHECK_EQ(status_of(pid), 0x34 << 8);
}

/* A new process with the parent's memory as it was, and its own number. */
static void
child_of_fork(int64_t parent)
{
	word++;
	CHECK_EQ(sys(SYS_getppid), parent);
	CHECK(sys(SYS_getpid) != parent);
	CHECK_EQ(word, 8);
	call(SYS_exit, 7);
}

static void
fork_copies(void)
{
	int64_t me = sys(SYS_getpid), pid;

	word = 7;
	pid = sys(SYS_fork);
	if (pid == 0) {
		child_of_fork(me);
		call(SYS_exit, 1);
	}
	CHECK_EQ(status_of(pid), 7 << 8);
	CHECK_EQ(word, 7);
	/* Who forks in a condition is either. */
	if (HOLDS((pid = sys(SYS_fork)) == 0))
		call(SYS_exit, 3);
	CHECK_EQ(status_of(pid), 3 << 8);
}

/* The limit on processes holds for whoever is not the superuser. */
static void
child_at_the_limit(void)
{
	struct {
		int64_t cur, max;
	} one = {1, 1};
	int fd;

	if (sys(SYS_getuid) == 0)
		CHECK_OK(SYS_setuid, 65534);
	CHECK_OK(SYS_setrlimit, RLIMIT_NPROC, &one);
	CHECK_ERR(EAGAIN, SYS_fork);
	CHECK_ERR(EAGAIN, SYS_pdfork, &fd, 0);
	CHECK_ERR(EAGAIN, SYS_vfork);
	call(SYS_exit, 9);
}

static void
forks_fail_at_the_limit(void)
{
	int64_t pid = sys(SYS_fork);

	if (pid == 0) {
		child_at_the_limit();
		call(SYS_exit, 1);
	}
	CHECK_EQ(status_of(pid), 9 << 8);
}

static int64_t spawned;

/* vfork and its like return on the same stack, so the child does no more than it must. */
static int64_t
rfork_exit(uint32_t flags)
{
	struct ret r = call(SYS_rfork, flags);

	if (r.val == 0 && !r.carry) {
		word++;
		call(SYS_exit, sys(SYS_fcntl, 1, F_GETFD, 0) == -EBADF ? 11 : 10);
	}
	return kit_value(r);
}

static void
rfork_makes_what_its_flags_say(void)
{
	int64_t pid, fd;

	word = 0;
	pid = rfork_exit(RFPROC | RFFDG);
	CHECK(pid > 0);
	CHECK_EQ(status_of(pid), 10 << 8);
	CHECK_EQ(word, 0);
	pid = rfork_exit(RFPROC | RFCFDG); /* no descriptor is left */
	CHECK_EQ(status_of(pid), 11 << 8);
	CHECK_EQ(sys(SYS_rfork, 0), 0); /* changes nothing and makes nothing */
	CHECK_EQ(sys(SYS_rfork, RFFDG), 0);
	/* RFCFDG of the caller closes all: seen in a child. */
	fd = sys(SYS_fork);
	if (fd == 0) {
		bool ok = HOLDS(sys(SYS_rfork, RFCFDG) == 0);

		call(SYS_exit, ok && sys(SYS_fcntl, 0, F_GETFD, 0) == -EBADF ? 12 : 1);
	}
	CHECK_EQ(status_of(fd), 12 << 8);
	CHECK_ERR(EINVAL, SYS_rfork, RFPROC | RFFDG | RFCFDG);
	CHECK_ERR(EINVAL, SYS_rfork, 1 << 7);
	CHECK_ERR(EINVAL, SYS_rfork, RFPROC | RFPROCDESC | RFFDG);
	CHECK_ERR(EINVAL, SYS_rfork, RFSPAWN | RFPROC);
}

static void
descriptors_stand_for_processes(void)
{
	int fd = -1, pid2 = 0, status = 0, ready[2], c;
	struct siginfo si;
	int64_t pid;

	CHECK_OK(SYS_pipe2, ready, 0);
	pid = sys(SYS_pdfork, &fd, PD_CLOEXEC);
	if (pid == 0) {
		sys(SYS_read, ready[0], &c, 1);
		call(SYS_exit, 21);
	}
	CHECK(pid > 0 && fd > 2);
	CHECK_EQ(sys(SYS_fcntl, fd, F_GETFD, 0), 1);
	CHECK_EQ(sys(SYS_pdgetpid, fd, &pid2), 0);
	CHECK_EQ(pid2, pid);
	memset(&si, 0xff, sizeof(si));
	CHECK_EQ(sys(SYS_pdwait, fd, &status, WEXITED | WNOHANG, 0, &si), 0);
	CHECK(si.signo == 0 && si.pid == 0);
	CHECK_OK(SYS_pdkill, fd, 0);
	CHECK_ERR(EINVAL, SYS_pdkill, fd, 200);
	CHECK_ERR(EBADF, SYS_pdkill, 777, 0);
	CHECK_ERR(EINVAL, SYS_pdwait, fd, &status, 0, 0, 0);
	CHECK_ERR(EINVAL, SYS_pdwait, fd, &status, 0x1000, 0, 0);
	CHECK_ERR(EBADF, SYS_pdwait, 777, &status, WEXITED, 0, 0);
	CHECK_EQ(sys(SYS_write, ready[1], "x", 1), 1);
	CHECK_EQ(sys(SYS_pdwait, fd, &status, WEXITED | WNOWAIT, 0, &si), 0);
	CHECK_EQ(status, 21 << 8);
	CHECK(si.signo == SIGCHLD && si.code == CLD_EXITED && si.pid == pid && si.status == 21);
	status = 0;
	CHECK_EQ(sys(SYS_pdwait, fd, &status, WEXITED, 0, 0), 0);
	CHECK_EQ(status, 21 << 8);
	CHECK_ERR(ESRCH, SYS_pdkill, fd, 0);
	sys(SYS_close, fd);
	/* A signal by descriptor. */
	if (HOLDS((pid = sys(SYS_pdfork, &fd, 0)) == 0))
		for (;;)
			sys(SYS_read, ready[0], &c, 1);
	CHECK_EQ(sys(SYS_fcntl, fd, F_GETFD, 0), 0);
	CHECK_EQ(sys(SYS_pdkill, fd, SIGUSR2), 0);
	CHECK_EQ(sys(SYS_pdwait, fd, &status, WEXITED, 0, &si), 0);
	CHECK(status == SIGUSR2 && si.code == CLD_KILLED && si.status == SIGUSR2);
	sys(SYS_close, fd), sys(SYS_close, ready[0]), sys(SYS_close, ready[1]);
}

struct rusage {
	int64_t utime[2], stime[2], maxrss, rest[13];
};
_Static_assert(sizeof(struct rusage) == 144, "sys/resource.h");

/* Everything that is told of a child, and nothing beside it. */
static void
wait6_tells_all(void)
{
	static struct {
		struct rusage self, children;
		uint64_t guard;
	} wru;
	static struct {
		struct siginfo si;
		uint64_t guard;
	} info;
	int status = 77, go[2];
	int64_t pid;
	char c;

	wru.guard = info.guard = 0x5a5a5a5a5a5a5a5a;
	CHECK_OK(SYS_pipe2, go, 0);
	pid = sys(SYS_fork);
	if (pid == 0) {
		sys(SYS_read, go[0], &c, 1);
		sys(SYS_kill, sys(SYS_getpid), SIGSTOP);
		call(SYS_exit, 51);
	}
	memset(&info.si, 0xff, sizeof(info.si));
	CHECK_EQ(sys(SYS_wait6, P_PID, pid, &status, WEXITED | WNOHANG, 0, &info.si), 0);
	CHECK_EQ(status, 77); /* nothing to tell */
	CHECK(info.si.signo == 0 && info.si.pid == 0);
	sys(SYS_write, go[1], "x", 1);
	CHECK_EQ(sys(SYS_wait6, P_ALL, 0, &status, WUNTRACED, 0, &info.si), pid);
	CHECK_EQ(status, SIGSTOP << 8 | 0x7f);
	CHECK(info.si.code == CLD_STOPPED && info.si.status == SIGSTOP);
	sys(SYS_kill, pid, SIGCONT);
	CHECK_EQ(sys(SYS_wait6, P_PGID, sys(SYS_getpgrp), &status, WCONTINUED, 0, &info.si), pid);
	CHECK(info.si.code == CLD_CONTINUED && info.si.status == SIGCONT);
	CHECK_EQ(sys(SYS_wait6, P_PID, pid, &status, WEXITED | WNOWAIT, 0, 0), pid);
	CHECK_EQ(sys(SYS_wait6, P_PID, 0, &status, WEXITED, &wru, &info.si), pid); /* 0: the caller's group */
	CHECK_EQ(status, 51 << 8);
	CHECK(info.si.code == CLD_EXITED && info.si.status == 51 && info.si.uid == sys(SYS_getuid) && info.si.pid == pid);
	CHECK(wru.self.maxrss > 0 && wru.self.utime[0] + wru.self.stime[0] < 60);
	CHECK(wru.guard == 0x5a5a5a5a5a5a5a5a && info.guard == 0x5a5a5a5a5a5a5a5a);
	CHECK_ERR(ECHILD, SYS_wait6, P_PID, pid, &status, WEXITED, 0, 0);
	CHECK_ERR(ECHILD, SYS_wait6, P_ALL, 0, &status, WEXITED, 0, 0);
	CHECK_ERR(EINVAL, SYS_wait6, P_PID, pid, &status, WNOHANG, 0, 0);
	CHECK_ERR(EINVAL, SYS_wait6, P_PID, pid, &status, WEXITED | 64, 0, 0);
	CHECK_ERR(ECHILD, SYS_wait6, 99, pid, &status, WEXITED, 0, 0);
	/* wait4 tells the same of usage. */
	memset(&wru, 0, sizeof(wru.self));
	if (HOLDS((pid = sys(SYS_fork)) == 0))
		call(SYS_exit, 52);
	CHECK_EQ(sys(SYS_wait4, 0, &status, 0, &wru.self), pid);
	CHECK(status == 52 << 8 && wru.self.maxrss > 0);
	CHECK_ERR(ECHILD, SYS_wait4, pid, &status, 0, 0);
	CHECK_ERR(EINVAL, SYS_wait4, pid, &status, 64, 0);
	sys(SYS_close, go[0]), sys(SYS_close, go[1]);
}

static void
pdrfork_does_both(void)
{
	int fd = -1, pid2 = 0;
	struct ret r = call(SYS_pdrfork, &fd, 0, RFPROC | RFPROCDESC | RFFDG);

	if (r.val == 0 && !r.carry)
		call(SYS_exit, r.val2 == 1 ? 31 : 1);
	CHECK(!r.carry && fd > 2);
	CHECK_EQ(r.val2, 0);
	CHECK_OK(SYS_pdgetpid, fd, &pid2);
	CHECK_EQ(pid2, r.val);
	CHECK_EQ(status_of(pid2), 31 << 8);
	sys(SYS_close, fd);
	if (HOLDS((spawned = sys(SYS_pdrfork, &fd, PD_CLOEXEC, RFPROC | RFPROCDESC | RFCFDG)) == 0))
		call(SYS_exit, sys(SYS_fcntl, 0, F_GETFD, 0) == -EBADF ? 32 : 1);
	CHECK_EQ(sys(SYS_fcntl, fd, F_GETFD, 0), 1);
	CHECK_EQ(status_of(spawned), 32 << 8);
	sys(SYS_close, fd);
	CHECK_ERR(EINVAL, SYS_pdrfork, &fd, 0, RFPROC | RFFDG);
	CHECK_ERR(EINVAL, SYS_pdrfork, &fd, 0, RFPROCDESC | RFFDG);
	CHECK_ERR(EINVAL, SYS_pdrfork, &fd, 0, RFPROC | RFPROCDESC | RFFDG | RFCFDG);
	CHECK_ERR(EINVAL, SYS_pdrfork, &fd, 0, RFSPAWN | RFFDG);
	CHECK_ERR(EINVAL, SYS_pdrfork, &fd, 0x100, RFPROC | RFPROCDESC | RFFDG);
}

/* This program again, named by its descriptor or by its path: it runs the test told_what. */
static void
exec_by_every_name(void)
{
	const char *path = (void *)kit_aux(AT_EXECPATH);
	char *argv[] = {"again", "told_what", 0}, *envp[] = {"TOLD=exec", 0}, *none[] = {0};
	int64_t fd = sys(SYS_open, path, O_RDONLY, 0), pid = sys(SYS_fork), text;

	if (pid == 0)
		ENDS(SYS_fexecve, fd, argv, envp);
	CHECK_EQ(status_of(pid), 0);
	pid = sys(SYS_fork);
	if (pid == 0)
		ENDS(SYS_execve, path, argv, envp);
	CHECK_EQ(status_of(pid), 0);
	CHECK_ERR(EBADF, SYS_fexecve, 777, argv, envp);
	CHECK_ERR(EFAULT, SYS_fexecve, fd, 8, envp);
	CHECK_ERR(EINVAL, SYS_fexecve, fd, none, envp);
	text = files_make(P("text"), "neither ELF nor script");
	CHECK_ERR(EACCES, SYS_fexecve, text, argv, envp);
	sys(SYS_fchmod, text, 0755);
	sys(SYS_close, text);
	text = sys(SYS_open, P("text"), O_RDONLY, 0);
	CHECK_ERR(ENOEXEC, SYS_fexecve, text, argv, envp);
	CHECK_ERR(ENOEXEC, SYS_execve, P("text"), argv, envp);
	sys(SYS_close, fd), sys(SYS_close, text), sys(SYS_unlink, P("text"));
}

static void
told_what(void)
{
	if (strcmp(kit_argv[0], "again"))
		return;
	CHECK_EQ(kit_argc, 2);
	CHECK(!strcmp(kit_envp[0], "TOLD=exec") && !kit_envp[1]);
}

static void
child_of_a_new_session(int64_t parent)
{
	int64_t me = sys(SYS_getpid);

	CHECK_EQ(sys(SYS_getpgrp), sys(SYS_getpgid, parent));
	CHECK_EQ(sys(SYS_getsid, 0), sys(SYS_getsid, parent));
	CHECK_OK(SYS_setpgid, 0, 0);
	CHECK_EQ(sys(SYS_getpgrp), me);
	CHECK_ERR(EPERM, SYS_setsid); /* leads a group already */
	CHECK_OK(SYS_setpgid, me, sys(SYS_getpgid, parent));
	CHECK_EQ(sys(SYS_getpgid, 0), sys(SYS_getpgid, parent));
	CHECK_EQ(sys(SYS_setsid), me);
	CHECK_EQ(sys(SYS_getsid, 0), me);
	CHECK_EQ(sys(SYS_getpgid, me), me);
	CHECK_ERR(EPERM, SYS_setpgid, 0, 0); /* a session leader stays */
	call(SYS_exit, 41);
}

static void
groups_and_sessions(void)
{
	int64_t me = sys(SYS_getpid), pid = sys(SYS_fork);

	if (pid == 0) {
		child_of_a_new_session(me);
		call(SYS_exit, 1);
	}
	CHECK_EQ(status_of(pid), 41 << 8);
	CHECK_ERR(ESRCH, SYS_getpgid, 0x7ffffff0);
	CHECK_ERR(ESRCH, SYS_getsid, 0x7ffffff0);
	CHECK_ERR(ESRCH, SYS_setpgid, 0x7ffffff0, 0);
	CHECK_ERR(EINVAL, SYS_setpgid, 0, -5);
	CHECK_ERR(ESRCH, SYS_getpgid, -1);
}

const struct test tests[] = {
    {"exit_ends_with_its_low_byte", exit_ends_with_its_low_byte},
    {"fork_copies", fork_copies},
    {"forks_fail_at_the_limit", forks_fail_at_the_limit},
    {"rfork_makes_what_its_flags_say", rfork_makes_what_its_flags_say},
    {"descriptors_stand_for_processes", descriptors_stand_for_processes},
    {"wait6_tells_all", wait6_tells_all},
    {"pdrfork_does_both", pdrfork_does_both},
    {"exec_by_every_name", exec_by_every_name},
    {"told_what", told_what},
    {"groups_and_sessions", groups_and_sessions},
    {0},
};
