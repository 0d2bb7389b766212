/*
 * Events of poll, the guest's and the host's.  They differ at ends: FreeBSD tells of the end of a stream as readable, never
 * tells POLLERR of pipes and sockets, never POLLOUT beside POLLHUP, and nothing of a socket that was not connected yet.
 *
 * KNOWN LIMITS: a descriptor that the host reports and FreeBSD does not is left out for the rest of the call.
 * Source: FreeBSD manual poll(2); sys/poll.h; sys/kern/sys_pipe.c pipe_poll, uipc_socket.c sopoll_generic, tty_pts.c
 * ptsdev_poll, sys_generic.c pollscan, by their observable results.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "abi/core/host.h"
#include "abi/freebsd/poll.h"
#include "abi/freebsd/socket.h"

#define G_POLLWRBAND   0x100
#define G_POLLINIGNEOF 0x2000 /* no event of its own: the end of a stream is not to be told */
#define G_POLLRDHUP    0x4000
#define IN             (POLLIN | POLLRDNORM)

/* These have the same value on both: IN PRI OUT ERR HUP NVAL RDNORM RDBAND. */
#define SHARED_ASKED (POLLIN | POLLPRI | POLLOUT | POLLRDNORM | POLLRDBAND)
#define SHARED_TOLD  (SHARED_ASKED | POLLERR | POLLHUP | POLLNVAL)

short
fbsd_poll_in(short guest)
{
	short h = (short)(guest & SHARED_ASKED);

	if (guest & G_POLLWRBAND)
		h |= POLLWRBAND;
	if (guest & G_POLLRDHUP)
		h |= POLLRDHUP;
	return h;
}

static short
plain_out(short host)
{
	short g = (short)(host & SHARED_TOLD);

	if (host & POLLWRBAND)
		g |= G_POLLWRBAND;
	if (host & POLLRDHUP)
		g |= G_POLLRDHUP;
	return g;
}

static bool
has_data(int fd)
{
	int n = 0;

	return host_call(SYS_ioctl, fd, FIONREAD, &n) == 0 && n > 0;
}

/* The other side is gone: what there is to read can be read, and the end after it. */
static short
pipe_out(const struct pollfd *g, short ev)
{
	short all = (short)(ev & ~(POLLERR | POLLHUP));

	if (g->events & G_POLLINIGNEOF)
		return all;
	if (ev & POLLHUP)
		all |= g->events & IN;
	return all | POLLHUP;
}

/* Does the host see the end of what the peer sends? */
static bool
peer_done(int fd)
{
	static const struct timespec zero;
	struct pollfd p = {.fd = fd, .events = POLLRDHUP};

	return host_call(SYS_ppoll, &p, 1, &zero, 0, 8) > 0 && p.revents & POLLRDHUP;
}

/* An error makes a socket readable and writable.  Linux hangs up a stream that never was connected. */
static short
socket_out(const struct pollfd *g, short ev)
{
	bool done = peer_done(g->fd);

	if (ev & POLLERR)
		ev |= g->events & (IN | POLLOUT);
	if (ev & POLLHUP && !done && !(ev & POLLERR))
		return ev & ~(POLLHUP | POLLOUT);
	ev &= ~POLLERR;
	if (done && g->events & G_POLLINIGNEOF) {
		ev &= ~POLLHUP;
		if (!has_data(g->fd))
			ev &= ~(IN | G_POLLRDHUP);
	}
	return ev;
}

short
fbsd_poll_out(const struct pollfd *g, short host)
{
	short ev = plain_out(host);
	struct stat st;

	if (!(host & (POLLERR | POLLHUP)) && !(g->events & G_POLLINIGNEOF && host & IN))
		return ev;
	if (fstat(g->fd, &st))
		return ev;
	if (S_ISFIFO(st.st_mode) && host & (POLLERR | POLLHUP))
		ev = pipe_out(g, ev);
	else if (S_ISSOCK(st.st_mode))
		ev = socket_out(g, ev);
	else if (S_ISCHR(st.st_mode) && host & POLLHUP)
		ev = (short)((ev & ~POLLERR) | (g->events & IN));
	if (ev & POLLHUP)
		ev &= ~POLLOUT;
	return ev;
}
