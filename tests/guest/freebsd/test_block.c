/*
 * Calls that wait: they wait for what they should, and a signal with a handler ends them or they go on, as SA_RESTART says.
 * Source: FreeBSD manual open(2), fcntl(2), flock(2), read(2), sigaction(2).
 */
#include "../kit/files.h"

static volatile int handled;

static void
on_signal(int signo)
{
	(void)signo;
	handled++;
}

static void
catch_signal(int flags)
{
	struct sigaction sa = {(void *)on_signal, flags, {{0}}};

	sys(SYS_sigaction, SIGUSR1, &sa, 0);
	handled = 0;
}

/* A child that signals us until it is killed; @first is what it does to begin with. */
static int64_t
pester(void (*first)(void))
{
	int64_t us = sys(SYS_getpid), pid = sys(SYS_fork);

	if (pid == 0) {
		if (first)
			first();
		for (;;) {
			sys(SYS_kill, us, SIGUSR1);
			sys(SYS_sched_yield);
		}
	}
	return pid;
}

static void
stop(int64_t pid)
{
	int status;

	sys(SYS_kill, pid, SIGKILL);
	while (sys(SYS_wait4, pid, &status, 0, 0) == -EINTR)
		;
}

/* What @nr gives while a child sends signals to a handler without SA_RESTART. */
static int64_t
interrupted(long nr, uint64_t a, uint64_t b, uint64_t c)
{
	int64_t pid, r;

	catch_signal(0);
	pid = pester(0);
	r = sys(nr, a, b, c);
	stop(pid);
	return handled ? r : -1000;
}

static void
a_fifo_opens_when_both_ends_are_there(void)
{
	char c = 0;
	int status;
	int64_t pid, fd;

	CHECK_OK(SYS_mkfifo, P("fifo"), 0600);
	pid = sys(SYS_fork);
	if (pid == 0) {
		fd = sys(SYS_open, P("fifo"), O_WRONLY, 0);
		sys(SYS_write, fd, "x", 1);
		call(SYS_exit, fd < 0);
	}
	fd = sys(SYS_open, P("fifo"), O_RDONLY, 0);
	CHECK(fd >= 0);
	CHECK_EQ(sys(SYS_read, fd, &c, 1), 1);
	CHECK_EQ(c, 'x');
	sys(SYS_wait4, pid, &status, 0, 0);
	CHECK_EQ(status, 0);
	sys(SYS_close, fd);
	sys(SYS_unlink, P("fifo"));
}

static void
signals_end_waits(void)
{
	struct flock l = {0, 0, 0, F_WRLCK, 0, 0};
	int fds[2], ready[2], status;
	int64_t fd = files_make(P("f"), "x"), other = sys(SYS_open, P("f"), O_RDWR, 0), pid;
	char c;

	CHECK_OK(SYS_mkfifo, P("fifo"), 0600);
	CHECK_EQ(interrupted(SYS_open, (uint64_t)P("fifo"), O_RDONLY, 0), -EINTR);
	CHECK_OK(SYS_pipe2, fds, 0);
	CHECK_EQ(interrupted(SYS_read, (uint64_t)fds[0], (uint64_t)&c, 1), -EINTR);
	CHECK_OK(SYS_flock, fd, LOCK_EX);
	CHECK_EQ(interrupted(SYS_flock, (uint64_t)other, LOCK_EX, 0), -EINTR);
	CHECK_EQ(interrupted(SYS_open, (uint64_t)P("f"), O_RDWR | O_EXLOCK, 0), -EINTR);
	CHECK_OK(SYS_flock, fd, LOCK_UN);
	CHECK_OK(SYS_pipe2, ready, 0);
	pid = sys(SYS_fork);
	if (pid == 0) {
		sys(SYS_fcntl, fd, F_SETLK, &l);
		sys(SYS_write, ready[1], "x", 1);
		sys(SYS_read, fds[0], &c, 1);
		call(SYS_exit, 0);
	}
	CHECK_EQ(sys(SYS_read, ready[0], &c, 1), 1);
	CHECK_EQ(interrupted(SYS_fcntl, (uint64_t)fd, F_SETLKW, (uint64_t)&l), -EINTR);
	sys(SYS_write, fds[1], "x", 1);
	CHECK_OK(SYS_fcntl, fd, F_SETLKW, &l); /* when the child is gone */
	sys(SYS_wait4, pid, &status, 0, 0);
	for (int i = 0; i < 2; i++)
		sys(SYS_close, fds[i]), sys(SYS_close, ready[i]);
	sys(SYS_close, fd), sys(SYS_close, other);
	sys(SYS_unlink, P("f")), sys(SYS_unlink, P("fifo"));
}

static int pipe_fds[2];

/* Some signals first, so that the reader has been interrupted, then what it waits for. */
static void
signal_then_write(void)
{
	for (int i = 0; i < 50; i++) {
		sys(SYS_kill, sys(SYS_getppid), SIGUSR1);
		sys(SYS_sched_yield);
	}
	sys(SYS_write, pipe_fds[1], "y", 1);
}

static void
waits_go_on_with_sa_restart(void)
{
	int64_t pid;
	char c = 0;

	CHECK_OK(SYS_pipe2, pipe_fds, 0);
	catch_signal(SA_RESTART);
	pid = pester(signal_then_write);
	CHECK_EQ(sys(SYS_read, pipe_fds[0], &c, 1), 1);
	stop(pid);
	CHECK_EQ(c, 'y');
	CHECK(handled > 0);
	sys(SYS_close, pipe_fds[0]), sys(SYS_close, pipe_fds[1]);
}

/* The file was made by the call that waits for its lock; it must not be made twice. */
static void
exclusive_creation_with_a_lock_is_done_once(void)
{
	int64_t fd = sys(SYS_open, P("f"), O_RDWR | O_CREAT | O_EXCL | O_EXLOCK, 0600);

	CHECK(fd >= 0);
	CHECK_ERR(EEXIST, SYS_open, P("f"), O_RDWR | O_CREAT | O_EXCL | O_EXLOCK, 0600);
	sys(SYS_close, fd), sys(SYS_unlink, P("f"));
}

/* A write to a pipe without readers: the signal, and then the error. */
static void
broken_pipes_are_signalled(void)
{
	struct sigaction sa = {(void *)on_signal, 0, {{0}}}, ignore = {(void *)1, 0, {{0}}};
	int fds[2];

	CHECK_OK(SYS_pipe2, fds, 0);
	sys(SYS_close, fds[0]);
	sys(SYS_sigaction, SIGPIPE, &sa, 0);
	handled = 0;
	CHECK_ERR(32 /* EPIPE */, SYS_write, fds[1], "x", 1);
	CHECK_EQ(handled, 1);
	sys(SYS_sigaction, SIGPIPE, &ignore, 0);
	CHECK_ERR(32, SYS_write, fds[1], "x", 1);
	CHECK_EQ(handled, 1);
	sys(SYS_close, fds[1]);
}

const struct test tests[] = {
    {"a_fifo_opens_when_both_ends_are_there", a_fifo_opens_when_both_ends_are_there},
    {"signals_end_waits", signals_end_waits},
    {"waits_go_on_with_sa_restart", waits_go_on_with_sa_restart},
    {"exclusive_creation_with_a_lock_is_done_once", exclusive_creation_with_a_lock_is_done_once},
    {"broken_pipes_are_signalled", broken_pipes_are_signalled},
    {0},
};
