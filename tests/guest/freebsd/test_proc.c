/* Processes.  Source: FreeBSD manual fork(2), vfork(2), rfork(2), wait4(2), wait6(2), execve(2), pdfork(2), getrlimit(2). */
#include "../kit/fbsd.h"
#include "../kit/kit.h"

static void
fork_gives_two_processes(void)
{
	struct ret r = call(SYS_fork);
	int status = 0;

	if (r.val == 0) {
		call(SYS_exit, r.val2 == 1 ? 3 : 4); /* rdx tells the child */
	}
	CHECK(!r.carry);
	CHECK_EQ(r.val2, 0);
	CHECK_EQ(sys(SYS_wait4, r.val, &status, 0, 0), r.val);
	CHECK_EQ(status, 3 << 8);
}

static volatile int shared_word;

static void
vfork_shares_memory_until_exit(void)
{
	int status = 0;
	int64_t pid;

	shared_word = 0;
	if (HOLDS((pid = kit_vfork()) == 0)) {
		shared_word = 77;
		call(SYS_exit, 5);
	}
	CHECK(pid > 0);
	CHECK_EQ(shared_word, 77);
	CHECK_EQ(sys(SYS_wait4, pid, &status, 0, 0), pid);
	CHECK_EQ(status, 5 << 8);
}

static void
status_tells_the_signal(void)
{
	int status = 0;
	int64_t pid = sys(SYS_fork);

	if (pid == 0) {
		sys(SYS_kill, sys(SYS_getpid), SIGTERM);
		call(SYS_exit, 0);
	}
	sys(SYS_wait4, pid, &status, 0, 0);
	CHECK_EQ(status & 0x7f, SIGTERM);
	pid = sys(SYS_fork);
	if (pid == 0) {
		sys(SYS_kill, sys(SYS_getpid), SIGUSR1); /* 30 here, 10 on the host */
		call(SYS_exit, 0);
	}
	sys(SYS_wait4, pid, &status, 0, 0);
	CHECK_EQ(status & 0x7f, SIGUSR1);
}

static void
stops_and_continues_are_reported(void)
{
	int status = 0, hold[2];
	int64_t pid;
	char c;

	CHECK_OK(SYS_pipe2, hold, 0);
	pid = sys(SYS_fork);
	if (pid == 0) {
		sys(SYS_close, hold[1]);
		sys(SYS_kill, sys(SYS_getpid), SIGSTOP);
		sys(SYS_read, hold[0], &c, 1); /* what ends is no longer one that was continued */
		call(SYS_exit, 6);
	}
	CHECK_EQ(sys(SYS_wait4, pid, &status, 2 /* WUNTRACED */, 0), pid);
	CHECK_EQ(status, SIGSTOP << 8 | 0x7f);
	sys(SYS_kill, pid, SIGCONT);
	CHECK_EQ(sys(SYS_wait4, pid, &status, 4 /* WCONTINUED */, 0), pid);
	CHECK_EQ(status, SIGCONT);
	sys(SYS_close, hold[0]), sys(SYS_close, hold[1]);
	CHECK_EQ(sys(SYS_wait4, pid, &status, 0, 0), pid);
	CHECK_EQ(status, 6 << 8);
}

static void
wait_errors(void)
{
	CHECK_ERR(ECHILD, SYS_wait4, -1, 0, 0, 0);
	CHECK_ERR(EINVAL, SYS_wait4, -1, 0, 0x1000, 0);
	CHECK_ERR(EINVAL, SYS_wait6, 7, 0, 0, 0, 0, 0); /* no event asked for */
	CHECK_ERR(ECHILD, SYS_wait6, 99, 0, 0, 16, 0, 0);
}

static void
wait6_fills_siginfo(void)
{
	struct siginfo si;
	int status = 0;
	int64_t pid = sys(SYS_fork);

	if (pid == 0)
		call(SYS_exit, 9);
	memset(&si, 1, sizeof(si));
	CHECK_EQ(sys(SYS_wait6, 0 /* P_PID */, pid, &status, 16 /* WEXITED */, 0, &si), pid);
	CHECK_EQ(si.signo, SIGCHLD);
	CHECK_EQ(si.code, 1); /* CLD_EXITED */
	CHECK_EQ(si.pid, pid);
	CHECK_EQ(si.status, 9);
	CHECK_EQ(status, 9 << 8);
}

static void
exec_runs_this_program_again(void)
{
	const char *path = (void *)kit_aux(AT_EXECPATH);
	char *argv[] = {"other name", "exec_target", 0}, *envp[] = {"DRAGOMAN_TEST=42", 0};
	int status = 0;
	int64_t pid = sys(SYS_fork);

	if (pid == 0) {
		struct sigset s = SIGSET(SIGUSR2);
		struct sigaction ign = {.handler = (void *)1};

		sys(SYS_sigprocmask, SIG_BLOCK, &s, 0);
		sys(SYS_sigaction, SIGUSR1, &ign, 0);
		sys(SYS_execve, path, argv, envp);
		call(SYS_exit, 99);
	}
	sys(SYS_wait4, pid, &status, 0, 0);
	CHECK_EQ(status, 0);
}

/* Also a test when run alone: what exec hands over. */
static void
exec_target(void)
{
	struct sigset s;
	struct sigaction old;

	if (strcmp(kit_argv[0], "other name"))
		return;
	CHECK_EQ(kit_argc, 2);
	CHECK(!strcmp(kit_envp[0], "DRAGOMAN_TEST=42") && !kit_envp[1]);
	sys(SYS_sigprocmask, 0, 0, &s);
	CHECK_EQ(s.bits[0], 1u << (SIGUSR2 - 1));
	sys(SYS_sigaction, SIGUSR1, 0, &old);
	CHECK(old.handler == (void *)1);
}

static void
vfork_and_exec_a_native_program(void)
{
	static char *argv[] = {"sh", "-c", "exit 12", 0}, *envp[] = {0};
	int status = 0;
	int64_t pid = kit_vfork();

	if (pid == 0) {
		sys(SYS_execve, "/bin/sh", argv, envp);
		call(SYS_exit, 99);
	}
	CHECK_EQ(sys(SYS_wait4, pid, &status, 0, 0), pid);
	CHECK_EQ(status, 12 << 8);
}

static void
scripts_run_by_their_interpreter(void)
{
	static const char text[] = "#!/bin/sh -e\nexit $#\n";
	char path[96], *argv[] = {"x", "a", "b", 0}, *envp[] = {0};
	int status = 0;
	int64_t fd, pid;

	memcpy(path, kit_dir(), strlen(kit_dir()) + 1);
	memcpy(path + strlen(path), "/script", 8);
	fd = sys(SYS_open, path, O_WRONLY | O_CREAT | O_TRUNC, 0700);
	sys(SYS_write, fd, text, sizeof(text) - 1);
	sys(SYS_close, fd);
	pid = sys(SYS_fork);
	if (pid == 0) {
		sys(SYS_execve, path, argv, envp);
		call(SYS_exit, 99);
	}
	sys(SYS_wait4, pid, &status, 0, 0);
	sys(SYS_unlink, path);
	CHECK_EQ(status, 2 << 8);
}

static void
exec_errors_leave_the_caller(void)
{
	char *argv[] = {"x", 0}, *none[] = {0};

	CHECK_ERR(ENOENT, SYS_execve, "/nonexistent/x", argv, none);
	CHECK_ERR(EACCES, SYS_execve, "/etc/passwd", argv, none);
	CHECK_ERR(EACCES, SYS_execve, "/tmp", argv, none);
	CHECK_ERR(EFAULT, SYS_execve, "/bin/sh", 8, none);
	CHECK_ERR(EINVAL, SYS_execve, "/bin/sh", none, none);
	CHECK_ERR(ENOENT, SYS_execve, "", argv, none);
}

static void
pdfork_gives_a_descriptor(void)
{
	int fd = -1, pid2 = 0, status;
	int64_t pid = sys(SYS_pdfork, &fd, 0);

	if (pid == 0)
		call(SYS_exit, 0);
	CHECK(pid > 0 && fd >= 0);
	CHECK_EQ(sys(SYS_pdgetpid, fd, &pid2), 0);
	CHECK_EQ(pid2, pid);
	sys(SYS_wait4, pid, &status, 0, 0);
	CHECK_EQ(sys(SYS_close, fd), 0);
	CHECK_ERR(EBADF, SYS_pdgetpid, 1, &pid2);
	CHECK_ERR(EINVAL, SYS_pdfork, &fd, 0x100);
}

static void
rfork_checks_its_flags(void)
{
	CHECK_ERR(EINVAL, SYS_rfork, 0x80);
	CHECK_ERR(EINVAL, SYS_rfork, (1 << 4) | (1 << 2) | (1 << 12));
}

static void
limits_are_seen_and_set(void)
{
	uint64_t rl[2] = {0}, old[2];

	CHECK_EQ(sys(SYS_getrlimit, 8 /* NOFILE */, old), 0);
	CHECK(old[0] <= old[1] && old[0] > 8);
	rl[0] = 64, rl[1] = old[1];
	CHECK_EQ(sys(SYS_setrlimit, 8, rl), 0);
	CHECK_EQ(sys(SYS_getrlimit, 8, rl), 0);
	CHECK_EQ(rl[0], 64);
	CHECK_EQ(sys(SYS_setrlimit, 8, old), 0);
	CHECK_ERR(EINVAL, SYS_getrlimit, 99, rl);
	rl[0] = 5, rl[1] = 4;
	CHECK_ERR(EINVAL, SYS_setrlimit, 8, rl);
}

const struct test tests[] = {
    {"fork_gives_two_processes", fork_gives_two_processes},
    {"vfork_shares_memory_until_exit", vfork_shares_memory_until_exit},
    {"status_tells_the_signal", status_tells_the_signal},
    {"stops_and_continues_are_reported", stops_and_continues_are_reported},
    {"wait_errors", wait_errors},
    {"wait6_fills_siginfo", wait6_fills_siginfo},
    {"exec_runs_this_program_again", exec_runs_this_program_again},
    {"exec_target", exec_target},
    {"vfork_and_exec_a_native_program", vfork_and_exec_a_native_program},
    {"scripts_run_by_their_interpreter", scripts_run_by_their_interpreter},
    {"exec_errors_leave_the_caller", exec_errors_leave_the_caller},
    {"pdfork_gives_a_descriptor", pdfork_gives_a_descriptor},
    {"rfork_checks_its_flags", rfork_checks_its_flags},
    {"limits_are_seen_and_set", limits_are_seen_and_set},
    {0},
};
