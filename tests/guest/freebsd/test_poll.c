/*
 * poll, ppoll, select, pselect.
 * Source: FreeBSD manual poll(2), select(2), pselect(2); sys/poll.h; sys/kern/sys_pipe.c pipe_poll, uipc_socket.c
 * sopoll_generic, sys_generic.c pollscan and selscan by what they return.
 */
#include "../kit/net.h"
#include "../kit/signals.h"

#define ALL (POLLIN | POLLPRI | POLLOUT | POLLRDNORM | POLLRDBAND)

/* What poll says at once of @fd for @events. */
static int
now(int fd, int events)
{
	struct pollfd p = {fd, (short)events, 0x5555};
	int64_t r = sys(SYS_poll, &p, 1, 0);

	return r < 0 ? (int)r : r != (p.revents != 0) ? -1000 : p.revents;
}

/* Wait for it. */
static int64_t
until_any(int fd, int events)
{
	struct pollfd p = {fd, (short)events, 0};

	return sys(SYS_poll, &p, 1, 10000);
}

/* Which of the three sets select says @fd is in: 1 readable, 2 writable, 4 exceptional. */
static int
in_sets(int fd)
{
	uint64_t sets[3][16], zero[2] = {0, 0};
	int64_t r;
	int found = 0, count = 0;

	for (int i = 0; i < 3; i++) {
		memset(sets[i], 0, sizeof(sets[i]));
		sets[i][fd / 64] = 1ull << (fd % 64);
	}
	r = sys(SYS_select, fd + 1, sets[0], sets[1], sets[2], zero);
	for (int i = 0; i < 3; i++)
		if (sets[i][fd / 64] >> (fd % 64) & 1)
			found |= 1 << i, count++;
	return r < 0 ? (int)r : r != count ? -1000 : found;
}

static void
pipes_before_the_end(void)
{
	int p[2];

	CHECK_EQ(sys(SYS_pipe2, p, 0), 0);
	CHECK_EQ(now(p[0], POLLIN | POLLRDNORM), 0);
	CHECK_EQ(now(p[1], POLLIN | POLLOUT), POLLOUT);
	CHECK_EQ(in_sets(p[1]), 2);
	CHECK_EQ(sys(SYS_write, p[1], "x", 1), 1);
	CHECK_EQ(now(p[0], POLLIN), POLLIN);
	CHECK_EQ(now(p[0], POLLRDNORM), POLLRDNORM);
	CHECK_EQ(now(p[0], POLLIN | POLLRDNORM | POLLPRI | POLLRDBAND), POLLIN | POLLRDNORM);
	CHECK_EQ(now(p[0], POLLIN | POLLINIGNEOF), POLLIN);
	CHECK_EQ(now(p[0], 0), 0);
	CHECK_EQ(in_sets(p[0]) & 1, 1);
	close_pair(p);
}

/* The writer is gone: readable besides hung up, with and without data left. */
static void
pipes_without_a_writer(void)
{
	int p[2];
	char c;

	CHECK_EQ(sys(SYS_pipe2, p, 0), 0);
	CHECK_EQ(sys(SYS_write, p[1], "x", 1), 1);
	CHECK_EQ(sys(SYS_close, p[1]), 0);
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(now(p[0], POLLIN), POLLIN | POLLHUP);
		CHECK_EQ(now(p[0], POLLIN | POLLRDNORM), POLLIN | POLLRDNORM | POLLHUP);
		CHECK_EQ(now(p[0], 0), POLLHUP);
		CHECK_EQ(now(p[0], POLLIN | POLLINIGNEOF), i ? 0 : POLLIN);
		CHECK_EQ(in_sets(p[0]) & 1, 1);
		CHECK_EQ(sys(SYS_read, p[0], &c, 1), 1 - i);
	}
	sys(SYS_close, p[0]);
}

/* The reader is gone: hung up, not an error; never writable at the same time. */
static void
pipes_without_a_reader(void)
{
	int p[2];

	CHECK_EQ(sys(SYS_pipe2, p, 0), 0);
	CHECK_EQ(sys(SYS_close, p[0]), 0);
	CHECK_EQ(now(p[1], POLLOUT), POLLHUP);
	CHECK_EQ(now(p[1], 0), POLLHUP);
	CHECK_EQ(in_sets(p[1]) & 2, 2);
	sys(SYS_close, p[1]);
}

static void
sockets_at_each_stage(void)
{
	int fd[2], fresh = (int)sys(SYS_socket, AF_INET, SOCK_STREAM, 0), local = (int)sys(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
	int udp = (int)sys(SYS_socket, AF_INET, SOCK_DGRAM, 0);

	CHECK_EQ(now(fresh, ALL), 0);
	CHECK_EQ(in_sets(fresh), 0);
	CHECK_EQ(now(local, ALL), 0);
	CHECK_EQ(now(udp, ALL), POLLOUT);
	CHECK_EQ(tcp_pair(fd), 0);
	CHECK_EQ(now(fd[0], ALL), POLLOUT);
	CHECK_EQ(sys(SYS_write, fd[1], "x", 1), 1);
	CHECK_EQ(until_any(fd[0], POLLIN), 1);
	CHECK_EQ(now(fd[0], POLLIN | POLLRDNORM | POLLOUT), POLLIN | POLLRDNORM | POLLOUT);
	CHECK_EQ(sys(SYS_sendto, fd[1], "o", 1, MSG_OOB, 0, 0), 1);
	CHECK_EQ(until_any(fd[0], POLLPRI), 1);
	CHECK_EQ(in_sets(fd[0]) & 4, 4);
	close_pair(fd), sys(SYS_close, fresh), sys(SYS_close, local), sys(SYS_close, udp);
}

/* One direction ended: readable; both: hung up besides, and not writable. */
static void
sockets_that_end(void)
{
	static const int types[] = {SOCK_STREAM, SOCK_SEQPACKET};
	int fd[2];

	for (int i = 0; i < 3; i++) {
		CHECK_EQ(i < 2 ? sys(SYS_socketpair, AF_UNIX, types[i], 0, fd) : tcp_pair(fd), 0);
		CHECK_EQ(sys(SYS_shutdown, fd[1], 1), 0);
		CHECK_EQ(until_any(fd[0], POLLIN), 1);
		CHECK_EQ(now(fd[0], POLLIN | POLLRDNORM | POLLOUT), POLLIN | POLLRDNORM | POLLOUT);
		CHECK_EQ(now(fd[0], POLLIN | POLLINIGNEOF), 0);
		CHECK_EQ(now(fd[0], POLLRDHUP), POLLRDHUP);
		CHECK_EQ(now(fd[0], POLLOUT), POLLOUT);
		CHECK_EQ(sys(SYS_shutdown, fd[0], 1), 0);
		CHECK_EQ(until_any(fd[1], POLLIN), 1);
		CHECK_EQ(now(fd[0], POLLIN | POLLOUT), POLLIN | POLLHUP);
		CHECK_EQ(now(fd[1], POLLIN | POLLOUT), POLLIN | POLLHUP);
		CHECK_EQ(in_sets(fd[0]) & 3, 3);
		close_pair(fd);
	}
}

/* An error is told by the call that meets it, not as POLLERR. */
static void
sockets_with_an_error(void)
{
	struct sockaddr_in a = loopback(0x0100);
	int s = (int)sys(SYS_socket, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct pollfd p = {s, POLLIN | POLLOUT, 0};

	if (sys(SYS_connect, s, &a, 16) == -NET_EINPROGRESS) {
		CHECK_EQ(sys(SYS_poll, &p, 1, 10000), 1);
		CHECK_EQ(p.revents, POLLIN | POLLHUP);
		CHECK_EQ(in_sets(s), 3);
	}
	sys(SYS_close, s);
}

static void
files_are_always_ready(void)
{
	int fd = (int)sys(SYS_open, kit_argv[0], O_RDONLY), null = (int)sys(SYS_open, "/dev/null", O_RDWR);

	CHECK_EQ(now(fd, POLLIN | POLLOUT | POLLRDNORM | POLLPRI), POLLIN | POLLOUT | POLLRDNORM);
	CHECK_EQ(now(null, POLLIN | POLLOUT), POLLIN | POLLOUT);
	CHECK_EQ(in_sets(fd), 3);
	sys(SYS_close, fd), sys(SYS_close, null);
}

static void
bad_descriptors(void)
{
	struct pollfd p[3] = {{999, POLLIN, 0x55}, {-1, POLLIN, 0x55}, {-7, POLLIN, 0x55}};
	uint64_t set[16] = {0}, zero[2] = {0, 0};

	CHECK_EQ(sys(SYS_poll, p, 3, -1), 1);
	CHECK_EQ(p[0].revents, POLLNVAL);
	CHECK_EQ(p[1].revents, 0);
	CHECK_EQ(p[2].revents, 0);
	set[999 / 64] = 1ull << (999 % 64);
	CHECK_ERR(EBADF, SYS_select, 1000, set, 0, 0, zero);
	CHECK_ERR(EBADF, SYS_select, 1000, 0, 0, set, 0);
	CHECK_EQ(sys(SYS_select, 999, set, 0, 0, zero), 0);
}

static void
bad_arguments(void)
{
	struct pollfd p = {0, POLLIN, 0};
	int64_t bad[][2] = {{-1, 0}, {0, -1}, {0, 1000000}}, bad_ns[][2] = {{-1, 0}, {0, -1}, {0, 1000000000}}, zero[2] = {0, 0};

	CHECK_ERR(EINVAL, SYS_poll, &p, 1, -2);
	CHECK_ERR(EINVAL, SYS_poll, &p, 0x7fffffff, 0);
	CHECK_ERR(EFAULT, SYS_poll, 8, 1, 0);
	CHECK_ERR(EINVAL, SYS_select, -1, 0, 0, 0, zero);
	CHECK_ERR(EFAULT, SYS_select, 5, 8, 0, 0, zero);
	CHECK_ERR(EFAULT, SYS_select, 5, 0, 0, 0, 8);
	for (int i = 0; i < 3; i++) {
		CHECK_ERR(EINVAL, SYS_select, 0, 0, 0, 0, bad[i]);
		CHECK_ERR(EINVAL, SYS_pselect, 0, 0, 0, 0, bad_ns[i], 0);
		CHECK_ERR(EINVAL, SYS_ppoll, &p, 0, bad_ns[i], 0);
	}
	CHECK_ERR(EFAULT, SYS_ppoll, &p, 0, 8, 0);
	CHECK_ERR(EFAULT, SYS_ppoll, &p, 0, zero, 8);
	CHECK_ERR(EFAULT, SYS_pselect, 0, 0, 0, 0, zero, 8);
}

static int64_t
clock_ns(void)
{
	struct timespec ts;

	sys(NR_clock_gettime, CLOCK_MONOTONIC, &ts);
	return ts.sec * 1000000000 + ts.nsec;
}

/* Never less than asked for, and the sets are empty after it. */
static void
time_limits_are_kept(void)
{
	int64_t start = clock_ns(), tv[2] = {0, 20000}, ts[2] = {0, 20000000};
	uint64_t set[16] = {0};
	struct pollfd p;
	int fd[2];

	CHECK_EQ(sys(SYS_pipe2, fd, 0), 0);
	p = (struct pollfd){fd[0], POLLIN, 0x55};
	CHECK_EQ(sys(SYS_poll, &p, 1, 20), 0);
	CHECK_EQ(p.revents, 0);
	CHECK(clock_ns() - start >= 20000000);
	start = clock_ns();
	CHECK_EQ(sys(SYS_ppoll, &p, 1, ts, 0), 0);
	CHECK(clock_ns() - start >= 20000000);
	set[fd[0] / 64] = 1ull << (fd[0] % 64);
	start = clock_ns();
	CHECK_EQ(sys(SYS_select, fd[0] + 1, set, 0, 0, tv), 0);
	CHECK(clock_ns() - start >= 20000000);
	CHECK_EQ(set[fd[0] / 64], 0);
	set[fd[0] / 64] = 1ull << (fd[0] % 64);
	start = clock_ns();
	CHECK_EQ(sys(SYS_pselect, fd[0] + 1, set, 0, 0, ts, 0), 0);
	CHECK(clock_ns() - start >= 20000000);
	CHECK_EQ(tv[1], 20000); /* select(2): the limit is not changed */
	CHECK_EQ(sys(SYS_poll, 0, 0, 1), 0);
	close_pair(fd);
}

static volatile int hits;

static void
count(int signo)
{
	(void)signo;
	hits++;
}

/* What is ready is told although a signal waits that the mask lets in; it is delivered by the mask of before, so later. */
static void
ready_comes_before_signals(void)
{
	struct sigset none = {{0}};
	uint64_t set[16] = {0};
	struct pollfd p;
	int fd[2];

	CHECK_EQ(sys(SYS_pipe2, fd, 0), 0);
	p = (struct pollfd){fd[1], POLLOUT, 0};
	hits = 0;
	handle(SIGUSR1, count, SA_RESTART);
	mask_one(SIG_BLOCK, SIGUSR1);
	kill_self(SIGUSR1);
	CHECK_EQ(sys(SYS_ppoll, &p, 1, 0, &none), 1);
	CHECK_EQ(p.revents, POLLOUT);
	CHECK_EQ(hits, 0);
	set[fd[1] / 64] = 1ull << (fd[1] % 64);
	CHECK_EQ(sys(SYS_pselect, fd[1] + 1, 0, set, 0, 0, &none), 1);
	CHECK_EQ(hits, 0);
	/* nothing is ready: the signal ends the wait, in spite of SA_RESTART */
	p = (struct pollfd){fd[0], POLLIN, 0x55};
	CHECK_ERR(EINTR, SYS_ppoll, &p, 1, 0, &none);
	CHECK_EQ(hits, 1);
	CHECK_EQ(p.revents, 0x55);
	kill_self(SIGUSR1);
	set[fd[1] / 64] = 0, set[fd[0] / 64] = 1ull << (fd[0] % 64);
	CHECK_ERR(EINTR, SYS_pselect, fd[0] + 1, set, 0, 0, 0, &none);
	CHECK_EQ(hits, 2);
	CHECK_EQ(set[fd[0] / 64], 1ull << (fd[0] % 64));
	mask_one(SIG_UNBLOCK, SIGUSR1);
	close_pair(fd);
}

static void
write_soon(void *arg)
{
	sys(SYS_write, *(int *)arg, "x", 1);
}

/* A waiter is woken, also when the host reports another descriptor that FreeBSD says nothing of. */
static void
waiters_are_woken(void)
{
	int fd[2], fresh = (int)sys(SYS_socket, AF_INET, SOCK_STREAM, 0);
	struct pollfd p[2];
	struct kthread k;
	char c;

	CHECK_EQ(sys(SYS_pipe2, fd, 0), 0);
	p[0] = (struct pollfd){fresh, POLLIN | POLLOUT, 0x55}, p[1] = (struct pollfd){fd[0], POLLIN, 0x55};
	CHECK_EQ(spawn(&k, write_soon, &fd[1]), 0);
	CHECK_EQ(sys(SYS_poll, p, 2, -1), 1);
	join(&k);
	CHECK_EQ(p[0].revents, 0);
	CHECK_EQ(p[1].revents, POLLIN);
	CHECK_EQ(sys(SYS_read, fd[0], &c, 1), 1);
	CHECK_EQ(spawn(&k, write_soon, &fd[1]), 0);
	uint64_t set[16] = {0};
	set[fd[0] / 64] |= 1ull << (fd[0] % 64), set[fresh / 64] |= 1ull << (fresh % 64);
	CHECK_EQ(sys(SYS_select, 1024, set, 0, 0, 0), 1);
	join(&k);
	CHECK_EQ(set[fd[0] / 64], 1ull << (fd[0] % 64));
	close_pair(fd), sys(SYS_close, fresh);
}

const struct test tests[] = {
    {"pipes_before_the_end", pipes_before_the_end},
    {"pipes_without_a_writer", pipes_without_a_writer},
    {"pipes_without_a_reader", pipes_without_a_reader},
    {"sockets_at_each_stage", sockets_at_each_stage},
    {"sockets_that_end", sockets_that_end},
    {"sockets_with_an_error", sockets_with_an_error},
    {"files_are_always_ready", files_are_always_ready},
    {"bad_descriptors", bad_descriptors},
    {"bad_arguments", bad_arguments},
    {"time_limits_are_kept", time_limits_are_kept},
    {"ready_comes_before_signals", ready_comes_before_signals},
    {"waiters_are_woken", waiters_are_woken},
    {0},
};
