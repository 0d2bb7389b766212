/*
 * How one guest process learns what another does.  A watcher listens at a name in the host's abstract socket space that has
 * the watched process's number in it; a process that forks, execs or exits tells whoever listens at its names.  For a fork
 * the child opens a listener for itself on its parent's watchers' behalf and hands it over before it runs, so that nothing
 * of a tracked tree is missed.
 *
 * KNOWN LIMITS: WATCHERS notes a process, and one above GAP numbers that were given up is not found; processes that are
 * not ours tell nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "abi/core/fd.h"
#include "abi/core/host.h"
#include "abi/core/task.h"
#include "abi/freebsd/kq_impl.h"
#include "abi/freebsd/kqueue.h"

#define WATCHERS 64
#define GAP      4 /* so many numbers in a row without a listener: there are no more */
#define BACKLOG  4096

static socklen_t
name_of(struct sockaddr_un *a, int32_t pid, int i)
{
	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
	                   (size_t)snprintf(a->sun_path + 1, sizeof(a->sun_path) - 1, "dragoman.watch.%d.%d", pid, i));
}

static int
new_socket(void)
{
	return (int)host_call(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

static int
listen_at(int32_t pid, int i)
{
	struct sockaddr_un a;
	socklen_t n = name_of(&a, pid, i);
	long fd = new_socket(), r;

	if (fd < 0)
		return (int)fd;
	r = host_call(SYS_bind, fd, &a, n);
	if (r == 0)
		r = host_call(SYS_listen, fd, BACKLOG);
	if (r) {
		host_call(SYS_close, fd);
		return (int)r;
	}
	return (int)fd;
}

int
kq_watch_open(int32_t pid)
{
	int fd = -EADDRINUSE;

	for (int i = 0; i < WATCHERS && fd == -EADDRINUSE; i++)
		fd = listen_at(pid, i);
	if (fd == -EADDRINUSE)
		return -ENOMEM;
	return fd < 0 ? fd : fd_hide(fd);
}

static bool
peer_of(int fd, struct ucred *ret)
{
	socklen_t n = sizeof(*ret);

	return host_call(SYS_getsockopt, fd, SOL_SOCKET, SO_PEERCRED, ret, &n) == 0;
}

/*
 * A connection to the first listener from name *i on, -1 when there is none.  Mostly nobody listens: one socket serves
 * until somebody does.  Listeners of other users are passed over.
 */
static int
next_listener(int32_t pid, int *i)
{
	struct sockaddr_un a;
	struct ucred peer;
	int fd = -1, last = *i + GAP;

	for (; *i < last && *i < WATCHERS; ++*i) {
		socklen_t n = name_of(&a, pid, *i);

		if (fd < 0)
			fd = new_socket();
		if (fd < 0)
			return -1;
		if (host_call(SYS_connect, fd, &a, n))
			continue;
		if (peer_of(fd, &peer) && (!peer.uid || peer.uid == (uid_t)host_call(SYS_getuid) ||
		                           peer.uid == (uid_t)host_call(SYS_geteuid)))
			return fd;
		host_call(SYS_close, fd);
		fd = -1;
	}
	if (fd >= 0)
		host_call(SYS_close, fd);
	return -1;
}

union fds {
	struct cmsghdr h;
	char space[CMSG_SPACE(2 * sizeof(int))];
};

static void
send_told(int fd, struct kq_told *m)
{
	struct iovec iov = {m, sizeof(*m)};
	union fds u = {0};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (m->fd[0] >= 0 && m->fd[1] >= 0) {
		msg.msg_control = &u;
		msg.msg_controllen = sizeof(u);
		u.h = (struct cmsghdr){.cmsg_len = CMSG_LEN(2 * sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
		memcpy(CMSG_DATA(&u.h), m->fd, 2 * sizeof(int));
	}
	host_call(SYS_sendmsg, fd, &msg, MSG_NOSIGNAL);
}

/* Tell each listener of @pid; for a fork with a listener and a process descriptor of the caller. */
static void
tell(int32_t pid, struct kq_told *m)
{
	int fd;

	for (int i = 0; (fd = next_listener(pid, &i)) >= 0; i++) {
		if (m->kind == KQ_TOLD_FORK) {
			m->fd[0] = listen_at(m->pid, i);
			m->fd[1] = (int)host_call(SYS_pidfd_open, m->pid, 0);
		}
		send_told(fd, m);
		for (int k = 0; k < 2; k++)
			if (m->fd[k] >= 0)
				host_call(SYS_close, m->fd[k]);
		m->fd[0] = m->fd[1] = -1;
		host_call(SYS_close, fd);
	}
}

/* Whoever comes may be anybody: it must be the process itself, or a child that says so, of our user. */
static bool
receive(int fd, int32_t pid, struct kq_told *ret)
{
	struct timeval soon = {1, 0}; /* it is between two calls of ours */
	struct iovec iov = {ret, sizeof(*ret)};
	union fds u;
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &u, .msg_controllen = sizeof(u)};
	struct ucred peer;
	struct cmsghdr *c;
	long n;

	if (!peer_of(fd, &peer))
		return false;
	if (peer.pid != pid && peer.uid && peer.uid != (uid_t)host_call(SYS_geteuid))
		return false;
	host_call(SYS_setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon));
	n = host_call(SYS_recvmsg, fd, &msg, MSG_CMSG_CLOEXEC);
	if (n < 0)
		return false;
	ret->fd[0] = ret->fd[1] = -1;
	c = CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(2 * sizeof(int))) {
		memcpy(ret->fd, CMSG_DATA(c), 2 * sizeof(int));
		for (int k = 0; k < 2; k++)
			ret->fd[k] = fd_hide(ret->fd[k]);
	}
	return n == sizeof(*ret) && (peer.pid == pid || (ret->kind == KQ_TOLD_FORK && peer.pid == ret->pid));
}

bool
kq_watch_next(int listener, int32_t pid, struct kq_told *ret)
{
	long fd;

	while ((fd = host_call(SYS_accept4, listener, 0, 0, SOCK_CLOEXEC)) >= 0) {
		bool good;

		ret->fd[0] = ret->fd[1] = -1;
		good = receive((int)fd, pid, ret);
		host_call(SYS_close, fd);
		if (good)
			return true;
		for (int k = 0; k < 2; k++)
			if (ret->fd[k] >= 0)
				host_call(SYS_close, ret->fd[k]);
	}
	return false;
}

void
fbsd_kq_fork_begin(struct thread *t, int ret_gate[2])
{
	int i = 0, fd = next_listener(t->task->pid, &i);

	if (fd < 0 || host_call(SYS_pipe2, ret_gate, O_CLOEXEC))
		ret_gate[0] = ret_gate[1] = -1;
	if (fd >= 0)
		host_call(SYS_close, fd);
}

void
fbsd_kq_fork_child(struct thread *t)
{
	struct kq_told m = {.kind = KQ_TOLD_FORK, .pid = (int32_t)host_call(SYS_getpid), .fd = {-1, -1}};

	tell((int32_t)host_call(SYS_getppid), &m);
}

void
fbsd_kq_fork_end(struct thread *t, const int gate[2], long pid)
{
	char c = 0;

	if (gate[0] < 0)
		return;
	if (pid == 0) {
		fbsd_kq_fork_child(t);
		host_call(SYS_write, gate[1], &c, 1);
	}
	host_call(SYS_close, gate[1]);
	/* The child runs when its watchers know it, and the parent goes on after that. */
	while (pid > 0 && host_call(SYS_read, gate[0], &c, 1) == -EINTR)
		;
	host_call(SYS_close, gate[0]);
}

void
fbsd_kq_exec(struct thread *t)
{
	struct kq_told m = {.kind = KQ_TOLD_EXEC, .pid = (int32_t)host_call(SYS_getpid), .fd = {-1, -1}};

	tell(m.pid, &m);
}

void
fbsd_kq_exit(struct thread *t, uint32_t status)
{
	struct kq_told m = {.kind = KQ_TOLD_EXIT, .pid = (int32_t)host_call(SYS_getpid), .status = status, .fd = {-1, -1}};

	tell(m.pid, &m);
}
