/*
 * Children with descriptors and waits for what they are.
 * Source: FreeBSD manual pdfork(2), wait6(2); procdesc_close() and procdesc_exit() of sys/kern/sys_procdesc.c, proc_to_reap()
 * and exit1() of kern_exit.c.
 */
#include "../kit/signals.h"

enum { SYS_setpgid = 82, SYS_setsid = 147, SYS_setuid = 23, SYS_setgid = 181, SYS_getsid = 310, SYS_pdkill = 519, SYS_pdrfork = 600,
       SYS_pdwait = 601 };
enum { P_PID = 0, P_PPID, P_PGID, P_SID, P_CID, P_UID, P_GID, P_ALL, P_LWPID, P_JAILID = 12, P_CTID };
enum { WNOWAIT = 8, WEXITED = 16, PD_DAEMON = 1, PD_CLOEXEC = 2 };
#define RFSPAWN (1u << 31)

static int go[2], out[2];

/* A child that says a byte and lives until it is killed or hears one; its end closes the pipe `out` for the reader. */
static void
child_of_pdfork(void)
{
	char c = 'x';

	sys(SYS_close, out[0]);
	sys(SYS_close, go[1]);
	sys(SYS_write, out[1], &c, 1);
	sys(SYS_read, go[0], &c, 1);
	call(SYS_exit, 7);
}

static void
pipes(void)
{
	sys(SYS_pipe2, go, O_CLOEXEC);
	sys(SYS_pipe2, out, O_CLOEXEC);
}

static int64_t
make(int *fd, int flags)
{
	char c = 0;
	int64_t pid;

	pipes();
	pid = sys(SYS_pdfork, fd, flags);
	if (pid == 0)
		child_of_pdfork();
	sys(SYS_close, out[1]);
	sys(SYS_close, go[0]);
	return sys(SYS_read, out[0], &c, 1) == 1 ? pid : -1;
}

/* It has ended: nobody has the pipe open any more. */
static bool
ended(void)
{
	char c;

	return sys(SYS_read, out[0], &c, 1) == 0;
}

static void
done(void)
{
	sys(SYS_close, go[1]), sys(SYS_close, out[0]);
}

static volatile int chld;

static void
on_chld(int signo)
{
	(void)signo;
	chld++;
}

static void
the_last_close_kills(void)
{
	struct sigaction sa = {(void *)on_chld, 0, {{0}}};
	int fd, more;
	int64_t pid;

	chld = 0;
	sys(SYS_sigaction, SIGCHLD, &sa, 0);
	pid = make(&fd, 0);
	CHECK(pid > 0);
	/* It is not for anybody's wait but by its number. */
	CHECK_ERR(ECHILD, SYS_wait4, -1, 0, WNOHANG, 0);
	CHECK_ERR(ECHILD, SYS_wait6, P_ALL, 0, 0, WEXITED | WNOHANG, 0, 0);
	CHECK_EQ(sys(SYS_wait4, pid, 0, WNOHANG, 0), 0);
	more = (int)sys(SYS_dup, fd);
	CHECK_OK(SYS_close, fd);
	CHECK_EQ(sys(SYS_pdkill, more, 0), 0);
	CHECK_EQ(sys(SYS_wait4, pid, 0, WNOHANG, 0), 0);
	CHECK_OK(SYS_close, more);
	CHECK(ended());
	CHECK_ERR(ECHILD, SYS_wait4, pid, 0, 0, 0); /* init's */
	CHECK_EQ(chld, 0);
	done();
	sa.handler = 0;
	sys(SYS_sigaction, SIGCHLD, &sa, 0);
}

static void
daemons_live_on(void)
{
	int fd;
	int64_t pid = make(&fd, PD_DAEMON);

	CHECK(pid > 0);
	CHECK_OK(SYS_close, fd);
	CHECK_OK(SYS_kill, pid, 0);
	CHECK_ERR(ECHILD, SYS_wait4, pid, 0, WNOHANG, 0);
	CHECK_EQ(sys(SYS_write, go[1], "", 1), 1);
	CHECK(ended());
	done();
}

/* Exec with PD_CLOEXEC is a close; so is the end of whoever has it, also by SIGKILL. */
static void
holders_ends_are_closes(void)
{
	char *argv[] = {"sleeper", "sleeper", 0}, c = 0;
	int status;

	for (int how = 0; how < 4; how++) {
		int ready[2], start[2];
		int64_t pid, fd;

		pipes();
		sys(SYS_pipe2, ready, O_CLOEXEC), sys(SYS_pipe2, start, O_CLOEXEC);
		pid = sys(SYS_fork);
		if (pid == 0) {
			int pd;

			if (!sys(SYS_pdfork, &pd, how == 3 ? 0 : PD_CLOEXEC))
				child_of_pdfork();
			sys(SYS_close, out[1]), sys(SYS_close, out[0]), sys(SYS_close, go[1]);
			sys(SYS_read, start[0], &c, 1);
			if (how == 0)
				call(SYS_exit, 0);
			if (how == 1)
				sys(SYS_kill, sys(SYS_getpid), SIGKILL);
			sys(SYS_dup2, ready[0], 60); /* what it will read until it is to end */
			sys(SYS_execve, kit_aux(AT_EXECPATH), argv, kit_envp);
			call(SYS_exit, 1);
		}
		sys(SYS_close, out[1]), sys(SYS_close, go[0]);
		sys(SYS_close, ready[0]);
		CHECK_EQ(sys(SYS_read, out[0], &c, 1), 1);
		if (how == 3) { /* it is inherited: killed when the heir ends */
			CHECK_EQ(sys(SYS_write, start[1], "", 1), 1);
			fd = ready[1];
			CHECK_EQ(sys(SYS_write, fd, "", 1), 1);
			CHECK(ended());
		} else {
			CHECK_EQ(sys(SYS_write, start[1], "", 1), 1);
			CHECK(ended());
			if (how == 2)
				sys(SYS_write, ready[1], "", 1);
		}
		sys(SYS_wait4, pid, &status, 0, 0);
		CHECK_EQ(status, how == 1 ? SIGKILL : 0);
		done();
		sys(SYS_close, ready[1]), sys(SYS_close, start[0]), sys(SYS_close, start[1]);
	}
}

static void
sleeper(void)
{
	char c;

	if (kit_argc > 1 && !strcmp(kit_argv[0], "sleeper"))
		sys(SYS_read, 60, &c, 1);
}

/* The child runs on our stack: no call may return in it before we go on. */
__attribute__((always_inline)) static inline int64_t
spawn_with(int *fd)
{
	uint64_t rdx = RFSPAWN;
	int64_t r = SYS_pdrfork;

	__asm__ volatile("syscall" : "+a"(r), "+d"(rdx) : "D"(fd), "S"(0) : "rcx", "r11", "r8", "r9", "r10", "memory", "cc");
	return r;
}

static void
spawned_ones_too(void)
{
	char *argv[] = {"x", "-c", "read x", 0}, c;
	int fd, in[2];
	int64_t pid;

	CHECK_OK(SYS_pipe2, in, 0);
	CHECK_OK(SYS_pipe2, out, O_CLOEXEC);
	pid = spawn_with(&fd);
	if (pid == 0) {
		sys(SYS_dup2, in[0], 0);
		sys(SYS_dup2, out[1], 9);
		sys(SYS_close, in[1]);
		sys(SYS_execve, "/bin/sh", argv, kit_envp);
		call(SYS_exit, 1);
	}
	CHECK(pid > 0);
	sys(SYS_close, out[1]), sys(SYS_close, in[0]);
	CHECK_EQ(sys(SYS_pdkill, fd, 0), 0);
	CHECK_OK(SYS_close, fd);
	CHECK_EQ(sys(SYS_read, out[0], &c, 1), 0);
	sys(SYS_close, out[0]), sys(SYS_close, in[1]);
}

struct rusage {
	int64_t utime[2], stime[2], maxrss, rest[13];
};

/* Groups, sessions, users: the child is what is asked for, or there is none. */
static void
waits_by_what_a_child_is(void)
{
	int64_t pid, us = sys(SYS_getuid);
	int status;
	char c = 0;

	pipes();
	pid = sys(SYS_fork);
	if (pid == 0) {
		sys(SYS_setsid);
		if (us == 0 && (sys(SYS_setgid, 54321) || sys(SYS_setuid, 54322)))
			call(SYS_exit, 1);
		sys(SYS_write, out[1], "", 1);
		sys(SYS_read, go[0], &c, 1);
		call(SYS_exit, 3);
	}
	CHECK_EQ(sys(SYS_read, out[0], &c, 1), 1);
	CHECK_ERR(ECHILD, SYS_wait6, P_SID, sys(SYS_getsid, 0), &status, WEXITED, 0, 0);
	CHECK_EQ(sys(SYS_wait6, P_SID, pid, &status, WEXITED | WNOHANG, 0, 0), 0);
	CHECK_EQ(sys(SYS_wait6, P_JAILID, 0, &status, WEXITED | WNOHANG, 0, 0), 0);
	CHECK_ERR(ECHILD, SYS_wait6, P_JAILID, 1, &status, WEXITED, 0, 0);
	CHECK_ERR(ECHILD, SYS_wait6, P_CTID, 0, &status, WEXITED, 0, 0);
	CHECK_ERR(ECHILD, SYS_wait6, P_PPID, 0, &status, WEXITED, 0, 0);
	CHECK_ERR(ECHILD, SYS_wait6, 99, 0, &status, WEXITED, 0, 0);
	if (us == 0) {
		CHECK_ERR(ECHILD, SYS_wait6, P_UID, 0, &status, WEXITED, 0, 0);
		CHECK_ERR(ECHILD, SYS_wait6, P_GID, 0, &status, WEXITED, 0, 0);
		CHECK_EQ(sys(SYS_wait6, P_GID, 54321, &status, WEXITED | WNOHANG, 0, 0), 0);
	}
	CHECK_OK(SYS_kill, pid, SIGSTOP);
	CHECK_EQ(sys(SYS_wait6, P_SID, pid, &status, WUNTRACED, 0, 0), pid);
	CHECK_EQ(status, SIGSTOP << 8 | 0x7f);
	CHECK_OK(SYS_kill, pid, SIGCONT);
	CHECK_EQ(sys(SYS_write, go[1], "", 1), 1);
	CHECK_EQ(sys(SYS_wait6, P_SID, pid, &status, WEXITED | WNOWAIT, 0, 0), pid);
	CHECK_EQ(sys(SYS_wait6, P_UID, us == 0 ? 54322 : us, &status, WEXITED, 0, 0), pid);
	CHECK_EQ(status, 3 << 8);
	CHECK_ERR(ECHILD, SYS_wait6, P_UID, us, &status, WEXITED, 0, 0);
	done();
	sys(SYS_close, go[0]), sys(SYS_close, out[1]);
}

static void
burn(void)
{
	struct timespec t;

	/* CLOCK_PROCESS_CPUTIME_ID: 200 ms of this process. */
	do
		sys(232 /* clock_gettime */, 15, &t);
	while (t.sec == 0 && t.nsec < 200000000);
}

/* What a child used and what its children used are told apart (wru_self, wru_children); all 32 bits of its status are told. */
static void
wait6_tells_usage_apart_and_all_of_a_status(void)
{
	struct rusage wru[2];
	struct siginfo si;
	int status;
	int64_t pid = sys(SYS_fork), us[2];

	if (pid == 0) {
		pid = sys(SYS_fork);
		if (pid == 0) {
			burn();
			call(SYS_exit, 0);
		}
		sys(SYS_wait4, pid, &status, 0, 0);
		call(SYS_exit, 0x12345678);
	}
	CHECK_EQ(sys(SYS_wait6, P_PID, pid, &status, WEXITED, wru, &si), pid);
	CHECK_EQ(status, 0x7800);
	CHECK_EQ(si.status, 0x12345678);
	CHECK_EQ(si.code, 1 /* CLD_EXITED */);
	for (int i = 0; i < 2; i++)
		us[i] = (wru[i].utime[0] + wru[i].stime[0]) * 1000000 + wru[i].utime[1] + wru[i].stime[1];
	CHECK(us[1] >= 150000);
	CHECK(us[0] < 100000);
	/* wait4 tells of the child alone. */
	pid = sys(SYS_fork);
	if (pid == 0)
		call(SYS_exit, 0x101);
	CHECK_EQ(sys(SYS_wait4, pid, &status, 0, wru), pid);
	CHECK_EQ(status, 0x100);
}

/* Deaths by signals that the host has no number for. */
static void
deaths_by_freebsds_own_signals(void)
{
	static const int signals[] = {SIGEMT, 32 /* SIGTHR */, 33 /* SIGLIBRT */, 120};
	struct siginfo si;
	int status;

	for (unsigned i = 0; i < 4; i++)
		for (int how = 0; how < 2; how++) {
			int64_t pid = sys(SYS_fork);

			if (pid == 0) {
				sys(SYS_kill, sys(SYS_getpid), signals[i]);
				call(SYS_exit, 1);
			}
			if (how) {
				CHECK_EQ(sys(SYS_wait4, pid, &status, 0, 0), pid);
			} else {
				CHECK_EQ(sys(SYS_wait6, P_ALL, 0, &status, WEXITED, 0, &si), pid);
				CHECK_EQ(si.status, signals[i]);
				CHECK(si.code == 2 /* CLD_KILLED */ || si.code == 3);
			}
			CHECK_EQ(status & 0x7f, signals[i]);
		}
}

const struct test tests[] = {
    {"the_last_close_kills", the_last_close_kills},
    {"daemons_live_on", daemons_live_on},
    {"holders_ends_are_closes", holders_ends_are_closes},
    {"sleeper", sleeper},
    {"spawned_ones_too", spawned_ones_too},
    {"waits_by_what_a_child_is", waits_by_what_a_child_is},
    {"wait6_tells_usage_apart_and_all_of_a_status", wait6_tells_usage_apart_and_all_of_a_status},
    {"deaths_by_freebsds_own_signals", deaths_by_freebsds_own_signals},
    {0},
};
