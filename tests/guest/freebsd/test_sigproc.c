/*
 * Signals between processes: death and stop as the parent sees them, children, fork, exec, numbers that only FreeBSD has.
 * Sources: FreeBSD wait(2), sigaction(2), execve(2), fork(2), kill(2), signal(3); sys/kern/kern_sig.c (execsigs).
 */
#include "../kit/signals.h"

static volatile int hits, last_code, last_status, last_signo;
static volatile int64_t last_pid;
static volatile long last_value;

static void
note(int signo, struct siginfo *si, void *uc)
{
	(void)uc;
	hits++;
	last_signo = signo;
	last_code = si->code;
	last_status = si->status;
	last_pid = si->pid;
	last_value = si->value;
}

static void
pause_forever(void)
{
	struct sigset none = {{0}};

	for (;;)
		sys(SYS_sigsuspend, &none);
}

static int64_t
child_that_waits(void)
{
	int64_t pid = sys(SYS_fork);

	if (pid == 0)
		pause_forever();
	return pid;
}

static void
death_names_the_signal(void)
{
	static const int list[] = {SIGHUP, SIGINT, SIGQUIT, SIGTRAP, SIGABRT, SIGFPE, SIGKILL, SIGBUS, SIGSEGV, SIGSYS, SIGPIPE, SIGALRM,
	                           SIGTERM, SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF, SIGUSR1, SIGUSR2, SIGRTMIN, SIGRTMIN + 29};

	for (unsigned i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		int64_t pid = child_that_waits();
		int status;

		CHECK_EQ(sys(SYS_kill, pid, list[i]), 0);
		status = status_of(pid, 0);
		CHECK_EQ(status & ~0x80, list[i]);
		/* the same when it sends to itself, and when it had blocked it before */
		pid = sys(SYS_fork);
		if (pid == 0) {
			mask_one(SIG_BLOCK, list[i]);
			kill_self(list[i]);
			mask_one(SIG_UNBLOCK, list[i]);
			call(SYS_exit, 77);
		}
		CHECK_EQ(status_of(pid, 0) & ~0x80, list[i]);
	}
}

/* Numbers that the host lacks are causes of death like all others. */
static void
death_by_a_foreign_number(void)
{
	static const int list[] = {SIGEMT, SIGTHR, SIGLIBRT, SIGRTMAX};

	for (unsigned i = 0; i < 4; i++) {
		int64_t pid = child_that_waits();

		CHECK_EQ(sys(SYS_kill, pid, list[i]), 0);
		CHECK_EQ(status_of(pid, 0) & ~0x80, list[i]);
	}
}

static void
default_ignored_ones_do_nothing(void)
{
	static const int list[] = {SIGURG, SIGCONT, SIGCHLD, SIGIO, SIGWINCH, SIGINFO};
	int64_t pid = child_that_waits();

	for (unsigned i = 0; i < 6; i++)
		CHECK_EQ(sys(SYS_kill, pid, list[i]), 0);
	sys(SYS_kill, pid, SIGTERM);
	CHECK_EQ(status_of(pid, 0), SIGTERM);
}

static void
stops_and_continues_are_seen(void)
{
	static const int list[] = {SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU};
	int fd[2];
	char c;

	CHECK_EQ(sys(SYS_pipe2, fd, 0), 0);
	for (unsigned i = 0; i < 4; i++) {
		for (int blocked = 0; blocked < 2; blocked++) {
			int64_t pid = sys(SYS_fork);

			if (pid == 0) {
				/* Of a group of its own with a parent outside, so that it is not orphaned. */
				sys(NR_setpgid, 0, 0);
				if (blocked)
					mask_one(SIG_BLOCK, list[i]);
				kill_self(list[i]);
				if (blocked)
					mask_one(SIG_UNBLOCK, list[i]);
				sys(SYS_write, fd[1], "x", 1);
				pause_forever();
			}
			CHECK_EQ(status_of(pid, WUNTRACED), list[i] << 8 | 0x7f);
			CHECK_EQ(sys(SYS_kill, pid, SIGCONT), 0);
			CHECK_EQ(status_of(pid, WCONTINUED), 0x13);
			CHECK_EQ(sys(SYS_read, fd[0], &c, 1), 1);
			sys(SYS_kill, pid, SIGKILL);
			CHECK_EQ(status_of(pid, 0), SIGKILL);
		}
	}
	sys(SYS_close, fd[0]);
	sys(SYS_close, fd[1]);
}

/* Handlers of stop and continue signals run like others. */
static void
continue_can_be_caught(void)
{
	int64_t pid;

	handle(SIGCONT, note, SA_SIGINFO);
	pid = sys(SYS_fork);
	if (pid == 0) {
		struct sigset s = SIGSET(SIGCONT), rest = {{~(1u << (SIGCONT - 1)), ~0u, ~0u, ~0u}};

		sys(SYS_sigprocmask, SIG_BLOCK, &s, 0);
		kill_self(SIGSTOP);
		sys(SYS_sigsuspend, &rest);
		call(SYS_exit, hits);
	}
	CHECK_EQ(status_of(pid, WUNTRACED), SIGSTOP << 8 | 0x7f);
	sys(SYS_kill, pid, SIGCONT);
	CHECK_EQ(status_of(pid, 0), 1 << 8);
	handle(SIGCONT, 0, 0);
}

static void
sigchld_says_who_and_how(void)
{
	struct sigset s = SIGSET(SIGCHLD);
	struct siginfo si;
	int64_t pid;

	handle(SIGCHLD, note, SA_SIGINFO);
	mask_one(SIG_BLOCK, SIGCHLD);
	pid = sys(SYS_fork);
	if (pid == 0)
		call(SYS_exit, 42);
	CHECK_EQ(sys(NR_sigwaitinfo, &s, &si), SIGCHLD);
	CHECK_EQ(si.code, CLD_EXITED);
	CHECK_EQ(si.status, 42);
	CHECK_EQ(si.pid, pid);
	CHECK_EQ(si.uid, sys(SYS_getuid));
	status_of(pid, 0);
	pid = child_that_waits();
	sys(SYS_kill, pid, SIGSTOP);
	CHECK_EQ(sys(NR_sigwaitinfo, &s, &si), SIGCHLD);
	CHECK_EQ(si.code, CLD_STOPPED);
	CHECK_EQ(si.status, SIGSTOP);
	sys(SYS_kill, pid, SIGCONT);
	CHECK_EQ(sys(NR_sigwaitinfo, &s, &si), SIGCHLD);
	CHECK_EQ(si.code, CLD_CONTINUED);
	CHECK_EQ(si.status, SIGCONT);
	sys(SYS_kill, pid, SIGUSR2);
	CHECK_EQ(sys(NR_sigwaitinfo, &s, &si), SIGCHLD);
	CHECK_EQ(si.code, CLD_KILLED);
	CHECK_EQ(si.status, SIGUSR2);
	status_of(pid, 0);
	/* without stops */
	handle(SIGCHLD, note, SA_SIGINFO | SA_NOCLDSTOP);
	pid = child_that_waits();
	sys(SYS_kill, pid, SIGSTOP);
	CHECK_EQ(status_of(pid, WUNTRACED), SIGSTOP << 8 | 0x7f);
	sys(SYS_kill, pid, SIGKILL);
	CHECK_EQ(sys(NR_sigwaitinfo, &s, &si), SIGCHLD);
	CHECK_EQ(si.code, CLD_KILLED);
	status_of(pid, 0);
	mask_one(SIG_UNBLOCK, SIGCHLD);
	handle(SIGCHLD, 0, 0);
}

static void
nobody_becomes_a_zombie_when_unwanted(void)
{
	for (int how = 0; how < 3; how++) {
		int64_t pid;

		handle(SIGCHLD, how == 0 ? (void *)1 : how == 1 ? NULL : (void *)note, (how ? SA_NOCLDWAIT : 0) | (how == 2 ? SA_SIGINFO : 0));
		pid = sys(SYS_fork);
		if (pid == 0)
			call(SYS_exit, 0);
		int64_t r;
		while ((r = sys(SYS_wait4, pid, 0, 0, 0)) == -EINTR)
			;
		CHECK_EQ(r, -ECHILD);
	}
	handle(SIGCHLD, 0, 0);
}

static void
fork_starts_with_nothing_pending(void)
{
	struct sigset pend, now;
	int64_t pid;

	handle(SIGUSR1, note, SA_SIGINFO);
	mask_one(SIG_BLOCK, SIGUSR1);
	kill_self(SIGUSR1);
	pid = sys(SYS_fork);
	if (pid == 0) {
		sys(SYS_sigpending, &pend);
		sys(SYS_sigprocmask, 0, 0, &now);
		call(SYS_exit, in_set(&pend, SIGUSR1) << 1 | in_set(&now, SIGUSR1));
	}
	CHECK_EQ(status_of(pid, 0), 1 << 8); /* the mask is inherited */
	pid = kit_vfork();
	if (pid == 0) {
		sys(SYS_sigpending, &pend);
		call(SYS_exit, in_set(&pend, SIGUSR1));
	}
	CHECK_EQ(status_of(pid, 0), 0);
	sys(SYS_sigpending, &pend);
	CHECK(in_set(&pend, SIGUSR1));
	handle(SIGUSR1, (void *)1, 0);
	mask_one(SIG_UNBLOCK, SIGUSR1);
}

/* A vfork child's signals and dispositions are its own. */
static void
vfork_child_has_its_own_dispositions(void)
{
	struct sigaction old;
	int64_t pid;

	hits = 0;
	handle(SIGUSR1, note, SA_SIGINFO);
	pid = kit_vfork();
	if (pid == 0) {
		handle(SIGUSR2, (void *)1, 0);
		kill_self(SIGUSR1);
		kill_self(SIGUSR2);
		call(SYS_exit, 3);
	}
	CHECK_EQ(status_of(pid, 0), 3 << 8);
	CHECK_EQ(hits, 1); /* it ran on our memory */
	CHECK_EQ(last_pid, pid);
	sys(SYS_sigaction, SIGUSR2, 0, &old);
	CHECK(old.handler == 0);
	pid = kit_vfork();
	if (pid == 0) {
		kill_self(SIGTERM);
		call(SYS_exit, 3);
	}
	CHECK_EQ(status_of(pid, 0), SIGTERM);
}

/* Run by exec below with a bit for what went wrong as its status. */
static int
after_exec(void)
{
	struct sigset pend, now;
	struct sigaction a;
	struct siginfo si;
	struct sigset s = SIGSET(SIGRTMIN);
	struct stack ss;
	int bad = 0;

	sys(SYS_sigaction, SIGUSR1, 0, &a);
	bad |= a.handler != 0;                 /* caught: default again */
	sys(SYS_sigaction, SIGUSR2, 0, &a);
	bad |= (a.handler != (void *)1) << 1;  /* ignored stays */
	sys(SYS_sigprocmask, 0, 0, &now);
	bad |= !(in_set(&now, SIGTERM) && in_set(&now, SIGRTMIN) && !in_set(&now, SIGHUP)) << 2;
	sys(SYS_sigpending, &pend);
	bad |= !(in_set(&pend, SIGTERM) && in_set(&pend, SIGRTMIN)) << 3;
	bad |= (sys(NR_sigwaitinfo, &s, &si) != SIGRTMIN || si.value != 123456) << 4;
	bad |= (sys(NR_sigwaitinfo, &s, &si) != SIGRTMIN || si.value != 654321) << 5;
	sys(SYS_sigaltstack, 0, &ss);
	bad |= (ss.flags != SS_DISABLE) << 6;
	return bad;
}

static void
exec_hands_signals_on(void)
{
	char *argv[] = {kit_argv[0], "entry_after_exec", 0}, *envp[] = {0};
	char *path = (char *)kit_aux(AT_EXECPATH);
	static char alt[8192];
	struct stack ss = {alt, sizeof(alt), 0};
	int64_t pid = sys(SYS_fork);

	if (pid == 0) {
		handle(SIGUSR1, note, 0);
		handle(SIGUSR2, (void *)1, 0);
		sys(SYS_sigaltstack, &ss, 0);
		mask_one(SIG_BLOCK, SIGTERM);
		mask_one(SIG_BLOCK, SIGRTMIN);
		kill_self(SIGTERM);
		sys(SYS_sigqueue, sys(SYS_getpid), SIGRTMIN, 123456);
		sys(NR_thr_kill, self(), SIGTERM);
		sys(SYS_sigqueue, sys(SYS_getpid), SIGRTMIN, 654321);
		sys(SYS_execve, path, argv, envp);
		call(SYS_exit, 99);
	}
	CHECK_EQ(status_of(pid, 0), 0);
}

static void
foreign_numbers_travel_between_guests(void)
{
	int64_t me = sys(SYS_getpid), pid;
	struct sigset s = {{1u << (SIGINFO - 1), 1u << (SIGTHR - 1) % 32, 0, 1u << (SIGRTMAX - 97)}};
	struct siginfo si;
	long id = self();

	s.bits[0] |= 1u << (SIGTHR - 1);
	handle(SIGINFO, note, SA_SIGINFO);
	sys(SYS_sigprocmask, SIG_BLOCK, &s, 0);
	pid = sys(SYS_fork);
	if (pid == 0) {
		int64_t r = sys(SYS_kill, me, SIGINFO);

		r |= sys(SYS_sigqueue, me, SIGRTMAX, 0x123456789abcl);
		r |= sys(NR_thr_kill2, me, id, SIGTHR);
		call(SYS_exit, r != 0);
	}
	CHECK_EQ(status_of(pid, 0), 0);
	CHECK_EQ(sys(NR_sigwaitinfo, &s, &si), SIGINFO);
	CHECK_EQ(si.code, SI_USER);
	CHECK_EQ(si.pid, pid);
	CHECK_EQ(sys(NR_sigwaitinfo, &s, &si), SIGTHR);
	CHECK_EQ(si.code, SI_LWP);
	CHECK_EQ(sys(NR_sigwaitinfo, &s, &si), SIGRTMAX);
	CHECK_EQ(si.code, SI_QUEUE);
	CHECK_EQ(si.value, 0x123456789abc);
	sys(SYS_sigprocmask, SIG_UNBLOCK, &s, 0);
	handle(SIGINFO, 0, 0);
}

static void
groups_are_reached(void)
{
	static const int list[] = {SIGUSR1, SIGINFO, SIGRTMIN + 31};
	int64_t pid;

	for (unsigned i = 0; i < 3; i++) {
		pid = sys(SYS_fork);
		if (pid == 0) {
			sys(NR_setpgid, 0, 0);
			handle(list[i], note, SA_SIGINFO);
			hits = 0;
			for (int n = 0; n < 2; n++) {
				if (sys(SYS_kill, n ? 0 : -sys(SYS_getpid), list[i]))
					call(SYS_exit, 98);
			}
			call(SYS_exit, hits);
		}
		CHECK_EQ(status_of(pid, 0), 2 << 8);
	}
	CHECK_ERR(ESRCH, SYS_kill, -0x3fffffff, SIGUSR1);
}

static void
broken_pipe_is_sigpipe_to_the_writer(void)
{
	int fd[2];

	hits = 0;
	handle(SIGPIPE, note, SA_SIGINFO);
	CHECK_EQ(sys(SYS_pipe2, fd, 0), 0);
	sys(SYS_close, fd[0]);
	CHECK_ERR(EPIPE, SYS_write, fd[1], "x", 1);
	CHECK_EQ(hits, 1);
	CHECK_EQ(last_code, SI_KERNEL);
	sys(SYS_close, fd[1]);
	handle(SIGPIPE, 0, 0);
}

static void
entry_after_exec(void)
{
	if (kit_argc > 1 && !strcmp(kit_argv[1], "entry_after_exec"))
		call(SYS_exit, after_exec());
}

/* They can have no handler for such a number: SIGINFO is ignored, the others end them (sigprop of kern_sig.c). */
static void
programs_of_the_host_take_the_default_action(void)
{
	static const int list[] = {SIGINFO, SIGEMT, SIGTHR, SIGRTMAX};
	char *argv[] = {"cat", 0}, c = 0;

	for (unsigned i = 0; i < 4; i++)
		for (int group = 0; group < 2; group++) {
			int in[2], out[2], status;
			int64_t pid;

			sys(SYS_pipe2, in, O_CLOEXEC), sys(SYS_pipe2, out, O_CLOEXEC);
			pid = sys(SYS_fork);
			if (pid == 0) {
				sys(NR_setpgid, 0, 0);
				sys(SYS_dup2, in[0], 0), sys(SYS_dup2, out[1], 1);
				sys(SYS_execve, "/bin/cat", argv, kit_envp);
				call(SYS_exit, 1);
			}
			CHECK_EQ(sys(SYS_write, in[1], "x", 1), 1);
			CHECK_EQ(sys(SYS_read, out[0], &c, 1), 1); /* it runs */
			CHECK_OK(SYS_kill, group ? -pid : pid, list[i]);
			sys(SYS_close, in[1]);
			CHECK_EQ(sys(SYS_wait4, pid, &status, 0, 0), pid);
			if (list[i] == SIGINFO)
				CHECK_EQ(status, 0);
			else
				CHECK((status & 0x7f) != 0 && (status & 0x7f) != 0x7f);
			sys(SYS_close, in[0]), sys(SYS_close, out[0]), sys(SYS_close, out[1]);
		}
}

const struct test tests[] = {
    {"entry_after_exec", entry_after_exec},
    {"death_names_the_signal", death_names_the_signal},
    {"death_by_a_foreign_number", death_by_a_foreign_number},
    {"programs_of_the_host_take_the_default_action", programs_of_the_host_take_the_default_action},
    {"default_ignored_ones_do_nothing", default_ignored_ones_do_nothing},
    {"stops_and_continues_are_seen", stops_and_continues_are_seen},
    {"continue_can_be_caught", continue_can_be_caught},
    {"sigchld_says_who_and_how", sigchld_says_who_and_how},
    {"nobody_becomes_a_zombie_when_unwanted", nobody_becomes_a_zombie_when_unwanted},
    {"fork_starts_with_nothing_pending", fork_starts_with_nothing_pending},
    {"vfork_child_has_its_own_dispositions", vfork_child_has_its_own_dispositions},
    {"exec_hands_signals_on", exec_hands_signals_on},
    {"foreign_numbers_travel_between_guests", foreign_numbers_travel_between_guests},
    {"groups_are_reached", groups_are_reached},
    {"broken_pipe_is_sigpipe_to_the_writer", broken_pipe_is_sigpipe_to_the_writer},
    {0},
};
