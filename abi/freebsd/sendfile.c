/*
 * sendfile: headers, file, trailers; never restarted.  What was sent is told even when the call fails.
 * Source: FreeBSD manual sendfile(2); sys/kern/kern_sendfile.c by its observable results.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "abi/core/fd.h"
#include "abi/freebsd/iov.h"
#include "abi/freebsd/socket.h"
#include "freebsd-amd64.h"

#define SF_KNOWN 0xffff001fu /* flags in the low bits, readahead in the high ones */

struct sf_hdtr {
	uint64_t headers;
	int32_t hdr_cnt, pad0;
	uint64_t trailers;
	int32_t trl_cnt, pad1;
};

/* What is sent so far is not sent again: a wait that was called off for nothing goes on. */
static bool
goes_on(struct thread *t, long r, int64_t sent)
{
	return (r == -HOST_ERESTART || r == -EINTR) && sent && !fbsd_signals_due(t);
}

/* Before the file; a part of it is what a full buffer or a signal left. */
static long
send_headers(struct thread *t, int s, uint64_t at, int n, int64_t *sent)
{
	struct iovec iov[FBSD_IOV_MAX];
	struct msghdr h = {.msg_iov = iov, .msg_iovlen = (size_t)n};
	long all = n ? fbsd_iov_get(at, (uint32_t)n, iov) : 0, r;

	if (all <= 0)
		return all;
	r = host_block(t, SYS_sendmsg, s, &h, MSG_NOSIGNAL);
	if (r < 0)
		return r;
	*sent += r;
	if (r == all)
		return 0;
	return host_call(SYS_fcntl, s, F_GETFL) & O_NONBLOCK ? -EAGAIN : -EINTR;
}

/* After it, by writev(2), which raises SIGPIPE. */
static long
send_trailers(struct thread *t, int s, uint64_t at, int n, int64_t *sent)
{
	struct iovec iov[FBSD_IOV_MAX];
	long r = n ? fbsd_iov_get(at, (uint32_t)n, iov) : 0;

	if (r <= 0)
		return r;
	do
		r = fbsd_write_vector(t, s, iov, (uint32_t)n);
	while (goes_on(t, r, *sent));
	if (r > 0)
		*sent += r;
	return r < 0 ? r : 0;
}

/* sendfile(2) is no reason for SIGPIPE.  The host's is directed to this thread, so it is taken before anything sees it. */
static long
send_quietly(struct thread *t, int fd, int s, int64_t *off, uint64_t want)
{
	static const struct timespec zero;
	uint64_t pipe = 1ull << (SIGPIPE - 1), old = 0;
	long r;

	host_call(SYS_rt_sigprocmask, SIG_BLOCK, &pipe, &old, 8);
	r = host_block(t, SYS_sendfile, s, fd, off, want);
	if (r == -EPIPE)
		host_call(SYS_rt_sigtimedwait, &pipe, NULL, &zero, 8);
	if (!(old & pipe))
		host_call(SYS_rt_sigprocmask, SIG_UNBLOCK, &pipe, NULL, 8);
	return r;
}

/* nbytes 0: to the end of the file. */
static long
send_body(struct thread *t, int fd, int s, int64_t offset, uint64_t nbytes, int64_t *sent)
{
	int64_t off = offset;

	for (;;) {
		uint64_t want = nbytes ? nbytes - (uint64_t)(off - offset) : 0x7ffff000ull;
		long r;

		if (nbytes && want == 0)
			return 0;
		r = send_quietly(t, fd, s, &off, want);
		if (goes_on(t, r, *sent))
			continue;
		if (r <= 0)
			return r;
		*sent += r;
	}
}

/* A file to read from, and a stream that has a peer. */
static long
check_ends(int fd, int s)
{
	struct sockaddr_storage ss;
	socklen_t n = sizeof(ss);
	struct stat st;
	long fl, r;
	int type;

	if (fd_is_ours(fd) || fd_is_ours(s))
		return -EBADF;
	if (fstat(fd, &st))
		return -errno;
	fl = host_call(SYS_fcntl, fd, F_GETFL);
	if ((fl & O_ACCMODE) == O_WRONLY)
		return -EBADF;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	type = fbsd_host_option(s, SOL_SOCKET, SO_TYPE, 0);
	if (type && type != SOCK_STREAM)
		return -EINVAL;
	r = host_call(SYS_getpeername, s, &ss, &n);
	/* a connection that is over is EPIPE, and that is for the sending to find out */
	return r == -ENOTCONN && fbsd_host_option(s, SOL_SOCKET, SO_DOMAIN, 0) != AF_UNIX && !fbsd_never_connected(s) ? 0 : r;
}

long
fbsd_sendfile(struct thread *t, int fd, int s, int64_t offset, uint64_t nbytes, uint64_t hdtr, uint64_t sbytes, int flags)
{
	struct sf_hdtr h = {0};
	int64_t sent = 0;
	long r;

	if (offset < 0 || (uint32_t)flags & ~SF_KNOWN)
		return -EINVAL;
	if (hdtr && gm_read(&h, hdtr, sizeof(h)))
		return -EFAULT;
	r = check_ends(fd, s);
	if (r)
		return r;
	if (h.headers)
		r = send_headers(t, s, h.headers, h.hdr_cnt, &sent);
	if (r == 0)
		r = send_body(t, fd, s, offset, nbytes, &sent);
	if (r == 0 && h.trailers)
		r = send_trailers(t, s, h.trailers, h.trl_cnt, &sent);
	if (sbytes && gm_store64(sbytes, (uint64_t)sent))
		return -EFAULT;
	return r == -HOST_ERESTART ? -EINTR : r;
}
