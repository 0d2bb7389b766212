/*
 * Makes calls whose trace is the same in every run, for tests/golden/trace.  Each test is a run of its own; what the calls
 * return is the business of other tests.
 */
#include "../kit/fbsd.h"
#include "../kit/kit.h"

enum { NR_kqueue = 362, NR_kevent = 560, NR_socket = 97, NR_connect = 98, NR_sendmsg = 28, NR_socketpair = 135, NR_setsockopt = 105, NR_shutdown = 134, NR_ioctl = 54, NR_nanosleep = 240,
       NR_umtx_op = 454, NR_utimensat = 547, NR_pwritev = 290, NR_swapon = 85 };

struct iovec {
	const void *base;
	uint64_t len;
};
struct kevent {
	uint64_t ident;
	int16_t filter;
	uint16_t flags;
	uint32_t fflags;
	int64_t data;
	void *udata;
	uint64_t ext[4];
};
struct sockaddr_in {
	uint8_t len, family;
	uint16_t port;
	uint8_t addr[4];
	char zero[8];
};
struct sockaddr_in6 {
	uint8_t len, family;
	uint16_t port;
	uint32_t flow;
	uint8_t addr[16];
	uint32_t scope;
};
struct sockaddr_un {
	uint8_t len, family;
	char path[104];
};
struct msghdr {
	void *name;
	uint32_t namelen;
	struct iovec *iov;
	int iovlen;
	void *control;
	uint32_t controllen;
	int flags;
};

static void
strings(void)
{
	char buf[64];
	int fd[2];

	call(SYS_pipe2, fd, O_CLOEXEC);
	call(SYS_write, fd[1], "tab\t nl\n quote\" back\\ nul\0001 esc\033[ high\377", 40);
	call(SYS_read, fd[0], buf, sizeof(buf));
	call(SYS_write, fd[1], "exactly thirty-two characters...", 32);
	call(SYS_write, fd[1], "one more than thirty-two letters.", 33);
	call(SYS_read, fd[0], buf, 32);
	call(SYS_read, fd[0], buf, 33);
	call(SYS_read, fd[0], (void *)16, 0);
	call(SYS_write, fd[1], (void *)16, 5);
	call(SYS_write, 99, "", 0);
	call(SYS_close, fd[0]);
	call(SYS_close, fd[1]);
}

static void
files(void)
{
	static const struct timespec times[2] = {{1000000000, 5}, {0, -2}};
	static const struct iovec v[3] = {{"first ", 6}, {"second", 6}, {0, 0}};
	char st[224];
	int64_t fd;

	call(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC | O_NONBLOCK, 0);
	fd = sys(SYS_open, "/dev/null", O_WRONLY | O_APPEND, 0);
	call(SYS_open, "/nonexistent/a path longer than thirty-two characters is written whole", O_RDONLY | O_CREAT | O_EXCL, 0644);
	call(SYS_open, (char *)8, 0x40000000, 0);
	call(SYS_fstat, fd, st);
	call(SYS_fstatat, AT_FDCWD, "/nonexistent", st, 0x200);
	call(SYS_writev, fd, v, 3);
	call(NR_pwritev, fd, v, -1, 0l);
	call(SYS_lseek, fd, -5l, 2);
	call(NR_utimensat, AT_FDCWD, "/nonexistent", times, 0);
	call(SYS_readlink, "/nonexistent", st, 100);
	call(SYS_unlinkat, AT_FDCWD, "/nonexistent", 0x800);
	call(SYS_umask, 022);
	call(SYS_umask, 0);
	call(SYS_fcntl, fd, 1, 0);
	call(SYS_close, fd);
	call(SYS_close, fd);
}

static void
memory(void)
{
	struct ret m = call(SYS_mmap, 0x10000000, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON | MAP_FIXED, -1, 0);

	call(SYS_mprotect, m.val, 4096, PROT_NONE);
	call(SYS_madvise, m.val, 4096, MADV_FREE);
	call(SYS_msync, m.val + 4096, 4096, 0);
	call(SYS_munmap, m.val, 8192);
	call(SYS_mmap, 1, 0x1000, PROT_READ, MAP_ANON | MAP_FIXED, -1, 0);
	call(SYS_munmap, 0, 0);
}

static void
on_signal(int signo)
{
	(void)signo;
}

static void
signals(void)
{
	static const struct sigaction act = {.handler = (void *)on_signal, .flags = SA_RESTART | SA_NODEFER, .mask = {{2, 0, 0, 0}}};
	static const struct sigset most = {{~0u, ~0u, ~0u, ~0u}};
	struct sigset set = SIGSET(SIGUSR1), old;
	struct sigaction sa = act;

	sa.handler = (void *)on_signal;
	call(SYS_sigaction, SIGUSR1, &sa, 0);
	call(SYS_sigaction, SIGUSR1, 0, &sa);
	call(SYS_sigaction, SIGKILL, &act, 0);
	call(SYS_sigprocmask, SIG_BLOCK, &set, &old);
	call(SYS_kill, sys(SYS_getpid), SIGUSR1);
	call(SYS_sigpending, &old);
	call(SYS_sigprocmask, SIG_SETMASK, &old, 0);
	call(SYS_sigprocmask, SIG_UNBLOCK, &set, 0);
	call(SYS_sigprocmask, SIG_SETMASK, &most, &old);
	call(SYS_sigprocmask, 9, 0, &old);
	call(SYS_sigqueue, sys(SYS_getpid), SIGRTMIN, 42);
	call(SYS_sigtimedwait, &most, 0, 0);
}

static void
network(void)
{
	static struct sockaddr_un un = {.len = 106, .family = 1, .path = "/nonexistent/socket"};
	static struct sockaddr_in in = {.len = 16, .family = 2, .port = 0x0100, .addr = {127, 0, 0, 1}};
	static struct sockaddr_in6 in6 = {.len = 28, .family = 28, .port = 0xbb01, .addr = {[15] = 1}, .scope = 3};
	static struct iovec v[2] = {{"over a ", 7}, {"socket", 6}};
	struct msghdr m = {.iov = v, .iovlen = 2};
	int pair[2], bad = 99, on = 1;

	call(NR_connect, bad, &un, 106);
	call(NR_connect, bad, &in, 16);
	call(NR_connect, bad, &in6, 28);
	call(NR_socket, 1, 1, 0);
	call(NR_socketpair, 1, 1, 0, pair);
	call(NR_sendmsg, pair[0], &m, 0x20000);
	call(NR_setsockopt, pair[0], 0xffff, 8, &on, 4);
	call(NR_ioctl, pair[1], 0x4004667f, &on);
	call(NR_shutdown, pair[0], 1);
	call(NR_socket, 2, 0x10000002, 17);
}

static void
waiting(void)
{
	struct kevent set[2] = {{.ident = 7, .filter = -11, .flags = 0x21}, {.ident = 7, .filter = -11, .fflags = 0x1000000}}, got[4];
	static const struct timespec moment = {0, 1000};
	static const struct {
		struct timespec ts;
		unsigned flags, clock;
	} until = {{0, 1000}, 0, 4};
	struct {
		int fd;
		short events, revents;
	} pfd[2] = {{1, 4, 0}, {99, 1, 0}};
	uint32_t word = 5;
	int64_t kq = sys(NR_kqueue);

	call(NR_kevent, kq, set, 2, 0, 0, 0);
	call(NR_kevent, kq, 0, 0, got, 4, &moment);
	call(SYS_poll, pfd, 2, 0);
	call(NR_nanosleep, &moment, 0);
	call(NR_umtx_op, &word, 11, 4, 0, 0);
	call(NR_umtx_op, &word, 15, 5, 24, &until);
	call(NR_umtx_op, &word, 3, 1, 0, 0);
	call(SYS_wait4, -1, 0, 1, 0);
}

static void
execs(void)
{
	static char *const argv[] = {"x", "two words", 0}, *const envp[] = {"A=1", 0};

	call(SYS_execve, "/nonexistent", argv, envp);
	if (kit_envp[0])
		call(SYS_execve, kit_argv[0], kit_argv, kit_envp + 1); /* the next image finishes the line */
}

/* The child's lines come in its own time, but for vfork: the parent waits. */
static void
children(void)
{
	int64_t pid = kit_vfork();
	int status;

	if (pid == 0)
		call(SYS_exit, 5);
	call(SYS_wait4, pid, &status, 0, 0);
	call(SYS_exit, 300);
}

static void
unknown(void)
{
	call(NR_swapon, "/dev/null");
	call(1000, 1, 2, 3);
}

static void
killed(void)
{
	call(SYS_kill, sys(SYS_getpid), SIGTERM);
}

const struct test tests[] = {{"strings", strings}, {"files", files},     {"memory", memory},     {"signals", signals},
                             {"network", network}, {"waiting", waiting}, {"children", children}, {"unknown", unknown},
                             {"killed", killed},   {"execs", execs},     {0}};
