/*
 * EVFILT_READ and EVFILT_WRITE.
 *
 * KNOWN LIMITS: a file at whose end we are is noticed when it changes (inotify), not when somebody seeks in it, and not at
 * all beyond the host's number of inotify instances.  The error that goes with EV_EOF of a socket is told from the connection's history, as reading it from
 * Linux would take it away from the program.  A datagram socket's data counts its first datagram only.
 * Source: kqueue(2); filt_soread, filt_sowrite, filt_piperead, filt_pipewrite, filt_vfsread by their observable rules.
 */
#include <errno.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <netinet/in.h>

#include "abi/abi.h"
#include "abi/core/host.h"
#include "abi/core/sets.h"
#include "abi/freebsd/kq_impl.h"
#include "abi/freebsd/time.h"

#define FIONREAD      0x541B
#define TIOCOUTQ      0x5411
#define F_GETPIPE_SZ  1032
#define TTY_OUT_SPACE 4096 /* size of a terminal's output buffer on Linux */

static uint32_t
readiness(const struct knote *kn)
{
	struct pollfd p = {.fd = kn->reg->fd, .events = POLLIN | POLLOUT | POLLRDHUP};

	if (kn->edge)
		return kn->revents;
	return host_call(SYS_poll, &p, 1, 0) < 0 ? 0 : (uint32_t)(uint16_t)p.revents;
}

static int64_t
ioctl_int(int fd, unsigned request)
{
	int n = 0;
	long r = host_call(SYS_ioctl, fd, request, &n);

	return r < 0 ? r : n;
}

static bool
tcp_info(int fd, struct tcp_info *ret_info)
{
	socklen_t n = sizeof(*ret_info);

	memset(ret_info, 0, sizeof(*ret_info));
	return host_call(SYS_getsockopt, fd, IPPROTO_TCP, TCP_INFO, ret_info, &n) == 0;
}

/* How many connections wait to be accepted; TCP_INFO of a listening socket has it under this name. */
static int64_t
backlog(int fd)
{
	struct tcp_info ti;

	return tcp_info(fd, &ti) && ti.tcpi_unacked ? ti.tcpi_unacked : 1;
}

/* Why a connection is gone, in host numbers, without taking the error from the socket. */
static int
probable_error(int fd)
{
	struct tcp_info ti;

	if (!tcp_info(fd, &ti))
		return ECONNRESET;
	if (ti.tcpi_bytes_acked == 0 && ti.tcpi_bytes_received == 0)
		return ti.tcpi_segs_in ? ECONNREFUSED : ETIMEDOUT;
	return ti.tcpi_backoff || ti.tcpi_probes ? ETIMEDOUT : ECONNRESET;
}

static void
socket_eof(struct knote *kn, uint32_t ev)
{
	kn->kev.flags |= EV_EOF;
	kn->kev.fflags = 0;
	if (ev & POLLERR)
		kn->kev.fflags = kn->kq->errnos->to_guest[probable_error(kn->reg->fd)];
}

/* A fresh stream socket polls POLLOUT|POLLHUP on Linux, and is not ready at all on FreeBSD. */
static bool
socket_read(struct knote *kn, uint32_t ev)
{
	int64_t n = ioctl_int(kn->reg->fd, FIONREAD);

	if (n == -EINVAL) {
		kn->kev.data = ev & POLLIN ? backlog(kn->reg->fd) : 0;
		return ev & POLLIN;
	}
	kn->kev.data = n > 0 ? n : 0;
	if (ev & POLLRDHUP) {
		socket_eof(kn, ev);
		return true;
	}
	if (ev & POLLERR)
		return true;
	return kn->sfflags & NOTE_LOWAT ? kn->kev.data >= kn->sdata : ev & POLLIN;
}

static bool
socket_write(struct knote *kn, uint32_t ev)
{
	int fd = kn->reg->fd, size = 0;
	socklen_t n = sizeof(size);
	int64_t used = ioctl_int(fd, SIOCOUTQ);

	host_call(SYS_getsockopt, fd, SOL_SOCKET, SO_SNDBUF, &size, &n);
	kn->kev.data = used > 0 ? (used < size ? size - used : 0) : size;
	if (kn->reg->shut_wr || (ev & (POLLHUP | POLLRDHUP)) == (POLLHUP | POLLRDHUP)) {
		socket_eof(kn, ev);
		return true;
	}
	if (ev & POLLHUP)
		return false;
	if (ev & POLLERR)
		return true;
	return kn->sfflags & NOTE_LOWAT ? kn->kev.data >= kn->sdata : ev & POLLOUT;
}

static bool
pipe_read(struct knote *kn, uint32_t ev)
{
	int64_t n = ioctl_int(kn->reg->fd, FIONREAD);

	kn->kev.data = n > 0 ? n : 0;
	kn->kev.flags &= (uint16_t)~EV_EOF;
	if (ev & POLLHUP) {
		kn->kev.flags |= EV_EOF;
		return true;
	}
	return kn->kev.data > 0;
}

static bool
pipe_write(struct knote *kn, uint32_t ev)
{
	int64_t used = ioctl_int(kn->reg->fd, FIONREAD);
	long size = host_call(SYS_fcntl, kn->reg->fd, F_GETPIPE_SZ);

	kn->kev.flags &= (uint16_t)~EV_EOF;
	if (ev & POLLERR) {
		kn->kev.flags |= EV_EOF;
		kn->kev.data = 0;
		return true;
	}
	kn->kev.data = size > used ? size - used : 0;
	return ev & POLLOUT;
}

/* Ready off the end, which a file's offset can be beyond. */
static bool
file_read(struct knote *kn)
{
	struct stat st;
	long at = host_call(SYS_lseek, kn->reg->fd, 0, 1 /* SEEK_CUR */);

	kq_inotify_drain(kn);
	if (fstat(kn->reg->fd, &st))
		return false;
	kn->kev.data = st.st_size - (at > 0 ? at : 0);
	return kn->sfflags & NOTE_FILE_POLL || kn->kev.data != 0;
}

/* Its data is how many events the inner one has. */
static bool
kqueue_read(struct knote *kn)
{
	struct kq *inner = kn->u.fd.inner;

	pthread_mutex_lock(&inner->lock);
	if (!inner->closing)
		kq_pull(inner);
	kn->kev.data = inner->nqueued;
	kq_sync(inner);
	pthread_mutex_unlock(&inner->lock);
	return kn->kev.data > 0;
}

static bool
read_event(struct knote *kn)
{
	uint32_t ev;
	int64_t n;

	switch (kn->reg->kind) {
	case KQ_FD_FILE:
		return file_read(kn);
	case KQ_FD_KQUEUE:
		return kqueue_read(kn);
	case KQ_FD_SOCKET:
		return socket_read(kn, readiness(kn));
	case KQ_FD_PIPE:
		return pipe_read(kn, readiness(kn));
	}
	ev = readiness(kn);
	n = ioctl_int(kn->reg->fd, FIONREAD);
	kn->kev.data = n > 0 ? n : 0;
	if (ev & POLLHUP)
		kn->kev.flags |= EV_EOF;
	return ev & (POLLIN | POLLHUP);
}

static bool
write_event(struct knote *kn)
{
	uint32_t ev;

	switch (kn->reg->kind) {
	case KQ_FD_FILE:
		kn->kev.data = 0;
		return true;
	case KQ_FD_SOCKET:
		return socket_write(kn, readiness(kn));
	case KQ_FD_PIPE:
		return pipe_write(kn, readiness(kn));
	}
	ev = readiness(kn);
	if (kn->reg->kind == KQ_FD_TTY) {
		int64_t used = ioctl_int(kn->reg->fd, TIOCOUTQ);

		kn->kev.data = used > 0 && used < TTY_OUT_SPACE ? TTY_OUT_SPACE - used : TTY_OUT_SPACE;
	}
	if (ev & POLLHUP)
		kn->kev.flags |= EV_EOF;
	return ev & (POLLOUT | POLLHUP);
}

#define EMPTY_POLL_NS 2000000u /* epoll does not tell when a socket's output is gone */

/* How much waits to be sent: nothing on a listening socket, and nothing between local ones, where the receiver holds it. */
static bool
empty_event(struct knote *kn)
{
	int domain = 0;
	socklen_t n = sizeof(domain);
	int64_t used = ioctl_int(kn->reg->fd, SIOCOUTQ);

	host_call(SYS_getsockopt, kn->reg->fd, SOL_SOCKET, SO_DOMAIN, &domain, &n);
	if (domain == AF_UNIX)
		used = 0;

	kn->kev.data = used > 0 ? used : 0;
	if (kn->kev.data && kn->tick_pos == KN_NO_TICK)
		kq_tick_set(kn, fbsd_now() + EMPTY_POLL_NS);
	return kn->kev.data == 0;
}

static void
empty_tick(struct knote *kn, uint64_t now)
{
	kq_evaluate(kn);
}

/* Files are asked; what epoll newly watches it reports by itself; else we look. */
static int
attach(struct knote *kn)
{
	bool news = false;
	int r = 0;

	if (kn->reg->kind != KQ_FD_FILE)
		r = kq_reg_watch(kn->kq, kn->reg, kn->ops->events, &news);
	if (r == -EPERM)
		return -ENODEV; /* a device that cannot be polled, like /dev/null */
	kn->initial = !news;
	return r;
}

static int
read_attach(struct thread *t, struct knote *kn)
{
	int r;

	if (kn->reg->kind == KQ_FD_FILE) {
		/* Without inotify only what the file has now is seen; instances are few. */
		kq_inotify_open(kn, IN_MODIFY);
		return attach(kn);
	}
	if (kn->reg->kind != KQ_FD_KQUEUE)
		return attach(kn);
	kn->u.fd.inner = kq_get(t, kn->reg->fd);
	if (!kn->u.fd.inner)
		return -EBADF;
	r = kn->u.fd.inner == kn->kq ? -EINVAL : attach(kn);
	if (r)
		kq_put(kn->u.fd.inner);
	return r;
}

static int
write_attach(struct thread *t, struct knote *kn)
{
	return kn->reg->kind == KQ_FD_KQUEUE ? -EINVAL : attach(kn);
}

static int
empty_attach(struct thread *t, struct knote *kn)
{
	return kn->reg->kind == KQ_FD_SOCKET ? attach(kn) : -EINVAL;
}

static void
read_detach(struct knote *kn)
{
	kq_slot_close(kn);
	if (kn->u.fd.inner)
		kq_put(kn->u.fd.inner);
}

static void
write_detach(struct knote *kn)
{
}

const struct kq_filter kq_filter_read = {
    .is_fd = true,
    .events = EPOLLIN | EPOLLRDHUP,
    .attach = read_attach,
    .detach = read_detach,
    .event = read_event,
};

const struct kq_filter kq_filter_write = {
    .is_fd = true,
    .events = EPOLLOUT,
    .attach = write_attach,
    .detach = write_detach,
    .event = write_event,
};

const struct kq_filter kq_filter_empty = {
    .is_fd = true,
    .events = EPOLLOUT,
    .attach = empty_attach,
    .detach = write_detach,
    .event = empty_event,
    .tick = empty_tick,
};
