/*
 * Job control on a terminal.
 * Sources: FreeBSD termios(4) (job access control, special characters), tty(4), tcsetpgrp(3), posix_openpt(2).
 */
#include "../kit/signals.h"

enum { NR_ioctl = 54, NR_posix_openpt = 504, O_NOCTTY = 0x8000 };
#define TIOCSPGRP  0x80047476u
#define TIOCSCTTY  0x20007461u
#define TIOCGPTN   0x4004740fu
#define TIOCSWINSZ 0x80087467u

static int master, slave;
static volatile int hits, last_signo, last_code;

static void
note(int signo, struct siginfo *si, void *uc)
{
	(void)uc;
	last_signo = signo;
	last_code = si->code;
	hits++;
}

static int64_t
foreground(int pgrp)
{
	return sys(NR_ioctl, slave, TIOCSPGRP, &pgrp);
}

/* A session of its own with a terminal of its own; @fn's result is the exit status. */
static int
in_session(int (*fn)(void))
{
	char path[32] = "/dev/pts/";
	int n = -1;
	int64_t pid;

	master = (int)sys(NR_posix_openpt, O_RDWR | O_NOCTTY);
	if (master < 0 || sys(NR_ioctl, master, TIOCGPTN, &n) || n < 0 || n > 999)
		return -1;
	char *at = path + strlen(path);

	if (n >= 100)
		*at++ = (char)('0' + n / 100);
	if (n >= 10)
		*at++ = (char)('0' + n / 10 % 10);
	*at++ = (char)('0' + n % 10);
	*at = 0;
	pid = sys(SYS_fork);
	if (pid == 0) {
		sys(NR_setsid);
		slave = (int)sys(SYS_open, path, O_RDWR | O_NOCTTY);
		if (slave < 0 || sys(NR_ioctl, slave, TIOCSCTTY, 0))
			call(SYS_exit, 99);
		call(SYS_exit, fn());
	}
	n = status_of(pid, 0);
	sys(SYS_close, master);
	return n;
}

static int64_t
job(void (*fn)(void))
{
	int64_t pid = sys(SYS_fork);

	if (pid == 0) {
		sys(NR_setpgid, 0, 0);
		fn();
		call(SYS_exit, 98);
	}
	return pid;
}

static void
take_and_give_back(void)
{
	char c;

	mask_one(SIG_BLOCK, SIGTTOU);
	mask_one(SIG_BLOCK, SIGTTIN);
	if (foreground((int)sys(SYS_getpid)) || foreground((int)sys(SYS_getppid)))
		call(SYS_exit, 1);
	if (sys(SYS_read, slave, &c, 1) != -EIO)
		call(SYS_exit, 2);
	mask_one(SIG_UNBLOCK, SIGTTOU);
	handle(SIGTTOU, note, SA_SIGINFO);
	if (foreground((int)sys(SYS_getpid)) != -EINTR || hits != 1 || last_code != SI_KERNEL)
		call(SYS_exit, 3);
	handle(SIGTTOU, (void *)1, 0);
	call(SYS_exit, foreground((int)sys(SYS_getppid)) ? 4 : 0);
}

static int
blocked(void)
{
	return status_of(job(take_and_give_back), 0);
}

static void
background_jobs_may_block_ttou_and_ttin(void)
{
	CHECK_EQ(in_session(blocked), 0);
}

static void
read_a_line(void)
{
	char line[8];

	call(SYS_exit, sys(SYS_read, slave, line, 8) == 3 && line[0] == 'h' ? 0 : 5);
}

static int
stopped_by_read(void)
{
	int64_t pid = job(read_a_line);
	int st = status_of(pid, WUNTRACED);

	if (st != (SIGTTIN << 8 | 0x7f))
		return 1;
	handle(SIGTTOU, (void *)1, 0);
	if (foreground((int)pid))
		return 2;
	sys(SYS_kill, -pid, SIGCONT);
	if (status_of(pid, WCONTINUED) != 0x13)
		return 3;
	sys(SYS_write, master, "hi\n", 3);
	return status_of(pid, 0);
}

static void
background_read_stops_and_goes_on(void)
{
	CHECK_EQ(in_session(stopped_by_read), 0);
}

static void
hit_by_keys(void)
{
	struct sigset s = {{1u << (SIGINT - 1) | 1u << (SIGQUIT - 1) | 1u << (SIGWINCH - 1)}};
	struct siginfo si;
	short size[4] = {11, 22, 0, 0};

	handle(SIGWINCH, note, SA_SIGINFO);
	sys(SYS_sigprocmask, SIG_BLOCK, &s, 0);
	handle(SIGTTOU, (void *)1, 0);
	if (foreground((int)sys(SYS_getpid)))
		call(SYS_exit, 1);
	sys(SYS_write, master, "\003", 1);
	if (sys(NR_sigwaitinfo, &s, &si) != SIGINT || si.code != SI_KERNEL)
		call(SYS_exit, 2);
	sys(SYS_write, master, "\034", 1);
	if (sys(NR_sigwaitinfo, &s, &si) != SIGQUIT)
		call(SYS_exit, 3);
	sys(NR_ioctl, master, TIOCSWINSZ, size);
	if (sys(NR_sigwaitinfo, &s, &si) != SIGWINCH)
		call(SYS_exit, 4);
	sys(SYS_write, master, "\032", 1); /* stops us, by default */
	for (;;)
		sys(SYS_sched_yield);
}

static int
keys(void)
{
	int64_t pid = job(hit_by_keys);

	int st = status_of(pid, WUNTRACED);

	if (st != (SIGTSTP << 8 | 0x7f))
		return st >> 8 ? st >> 8 : 9;
	sys(SYS_kill, pid, SIGCONT);
	sys(SYS_write, master, "\003", 1); /* blocked still: it must be killed otherwise */
	sys(SYS_kill, pid, SIGTERM);
	return status_of(pid, 0) == SIGTERM ? 0 : 10;
}

static void
keys_signal_the_foreground(void)
{
	CHECK_EQ(in_session(keys), 0);
}

const struct test tests[] = {
    {"background_jobs_may_block_ttou_and_ttin", background_jobs_may_block_ttou_and_ttin},
    {"background_read_stops_and_goes_on", background_read_stops_and_goes_on},
    {"keys_signal_the_foreground", keys_signal_the_foreground},
    {0},
};
