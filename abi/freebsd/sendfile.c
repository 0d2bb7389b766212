/*
 * sendfile: headers, file, trailers.  What was sent is told even when the call fails.
 * Source: FreeBSD manual sendfile(2).
 */
#include <errno.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "abi/core/fd.h"
#include "abi/freebsd/iov.h"
#include "freebsd-amd64.h"

#define SF_KNOWN 0xffff000fu /* flags in the low bits, readahead in the high ones */

struct sf_hdtr {
	uint64_t headers;
	int32_t hdr_cnt, pad0;
	uint64_t trailers;
	int32_t trl_cnt, pad1;
};

static long
send_vector(struct thread *t, int s, uint64_t at, int n, int64_t *sent)
{
	struct iovec iov[FBSD_IOV_MAX];
	long r = n > 0 ? fbsd_iov_get(at, (uint32_t)n, iov) : 0;

	if (r <= 0)
		return r;
	r = host_block(t, SYS_writev, s, iov, n);
	if (r > 0)
		*sent += r;
	return r < 0 ? r : 0;
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
		r = host_block(t, SYS_sendfile, s, fd, &off, want);
		if (r <= 0)
			return r == -HOST_ERESTART && *sent ? -EINTR : r;
		*sent += r;
	}
}

long
fbsd_sendfile(struct thread *t, int fd, int s, int64_t offset, uint64_t nbytes, uint64_t hdtr, uint64_t sbytes, int flags)
{
	struct sf_hdtr h = {0};
	struct stat st;
	int64_t sent = 0;
	long r = 0;

	if (fd_is_ours(fd) || fd_is_ours(s))
		return -EBADF;
	if (offset < 0 || (uint32_t)flags & ~SF_KNOWN)
		return -EINVAL;
	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (hdtr && gm_read(&h, hdtr, sizeof(h)))
		return -EFAULT;
	if (h.headers)
		r = send_vector(t, s, h.headers, h.hdr_cnt, &sent);
	if (r == 0)
		r = send_body(t, fd, s, offset, nbytes, &sent);
	if (r == 0 && h.trailers)
		r = send_vector(t, s, h.trailers, h.trl_cnt, &sent);
	if (sbytes && gm_store64(sbytes, (uint64_t)sent))
		return -EFAULT;
	return r;
}
