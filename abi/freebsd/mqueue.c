/*
 * POSIX message queues.  The descriptor of the host's queue is the guest's.
 *
 * KNOWN LIMITS: the host's limits hold (fs.mqueue: 10 messages of 8192 bytes unless raised); a notification is a signal that
 * the host has, by SIGEV_SIGNAL or none.
 * Source: FreeBSD manual mq_open(2), mq_send(2), mq_receive(2), mq_setattr(2), mq_notify(2), mq_unlink(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <string.h>

#include "abi/core/fd.h"
#include "abi/freebsd/signal.h"
#include "freebsd-amd64.h"

#define G_O_ACCMODE  0x3
#define G_O_NONBLOCK 0x4
#define G_O_CREAT    0x200
#define G_O_EXCL     0x800
#define G_O_CLOEXEC  0x100000
#define G_PRIO_MAX   64u
#define NAME_BYTES   256
/* What a queue has when its maker says nothing. */
#define G_MAXMSG_DEFAULT  10
#define G_MSGSIZE_DEFAULT 1024

/** Both systems': flags, maxmsg, msgsize, curmsgs, four spare. */
struct mq_words {
	int64_t flags, maxmsg, msgsize, curmsgs, spare[4];
};
_Static_assert(sizeof(struct mq_words) == sizeof(struct mq_attr), "mq_attr");

struct fbsd_event {
	int32_t notify, signo;
	uint64_t value, spare[8];
};
_Static_assert(sizeof(struct fbsd_event) == 80, "sigevent");

/* One component with a slash before it: the host's calls take it without. */
static long
read_name(uint64_t at, char name[NAME_BYTES])
{
	long n = gm_read_str(name, at, NAME_BYTES);

	if (n < 0)
		return n;
	return n < 2 || name[0] != '/' || strchr(name + 1, '/') ? -EINVAL : 0;
}

long
fbsd_kmq_open(struct thread *t, uint64_t path, int flags, uint32_t mode, uint64_t attr)
{
	struct mq_words a = {.maxmsg = G_MAXMSG_DEFAULT, .msgsize = G_MSGSIZE_DEFAULT};
	char name[NAME_BYTES];
	int h = flags & O_ACCMODE;
	long r;

	(void)t;
	if ((flags & G_O_ACCMODE) == G_O_ACCMODE ||
	    flags & ~(G_O_ACCMODE | G_O_NONBLOCK | G_O_CREAT | G_O_EXCL | G_O_CLOEXEC))
		return -EINVAL;
	if (attr && gm_read(&a, attr, sizeof(a)))
		return -EFAULT;
	if (flags & G_O_CREAT && attr && (a.maxmsg <= 0 || a.msgsize <= 0))
		return -EINVAL;
	r = read_name(path, name);
	if (r)
		return r;
	h |= (flags & G_O_NONBLOCK ? O_NONBLOCK : 0) | (flags & G_O_CREAT ? O_CREAT : 0) | (flags & G_O_EXCL ? O_EXCL : 0) |
	     (flags & G_O_CLOEXEC ? O_CLOEXEC : 0);
	a.flags = 0;
	return host_call(SYS_mq_open, name + 1, h, mode & 0777, &a);
}

long
fbsd_kmq_unlink(struct thread *t, uint64_t path)
{
	char name[NAME_BYTES];
	long r = read_name(path, name);

	(void)t;
	return r ? r : host_call(SYS_mq_unlink, name + 1);
}

long
fbsd_kmq_setattr(struct thread *t, int mqd, uint64_t attr, uint64_t oattr)
{
	struct mq_words in, out;
	long r;

	(void)t;
	if (fd_is_ours(mqd))
		return -EBADF;
	if (attr) {
		if (gm_read(&in, attr, sizeof(in)))
			return -EFAULT;
		if (in.flags & ~(int64_t)G_O_NONBLOCK)
			return -EINVAL;
		in.flags = in.flags ? O_NONBLOCK : 0;
	}
	r = host_call(SYS_mq_getsetattr, mqd, attr ? &in : NULL, &out);
	if (r || !oattr)
		return r;
	out.flags = out.flags & O_NONBLOCK ? G_O_NONBLOCK : 0;
	return gm_write(oattr, &out, sizeof(out));
}

static int
read_limit(uint64_t at, struct timespec *ret)
{
	if (!at)
		return 0;
	if (gm_read(ret, at, sizeof(*ret)))
		return -EFAULT;
	return ret->tv_nsec < 0 || ret->tv_nsec >= 1000000000 ? -EINVAL : 0;
}

/* Absolute times of CLOCK_REALTIME on both: a wait served again goes on where it was. */
long
fbsd_kmq_timedreceive(struct thread *t, int mqd, uint64_t msg, uint64_t len, uint64_t prio, uint64_t abs_timeout)
{
	struct timespec ts;
	uint32_t p = 0;
	long r;

	if (fd_is_ours(mqd))
		return -EBADF;
	if (!gm_inside(msg, len))
		return -EFAULT;
	r = read_limit(abs_timeout, &ts);
	if (r)
		return r;
	r = host_block(t, SYS_mq_timedreceive, mqd, msg, len, &p, abs_timeout ? &ts : NULL);
	return r >= 0 && prio && gm_store32(prio, p) ? -EFAULT : r;
}

long
fbsd_kmq_timedsend(struct thread *t, int mqd, uint64_t msg, uint64_t len, uint32_t prio, uint64_t abs_timeout)
{
	struct timespec ts;
	long r;

	if (fd_is_ours(mqd))
		return -EBADF;
	if (prio >= G_PRIO_MAX)
		return -EINVAL;
	if (!gm_inside(msg, len))
		return -EFAULT;
	r = read_limit(abs_timeout, &ts);
	return r ? r : host_block(t, SYS_mq_timedsend, mqd, msg, len, prio, abs_timeout ? &ts : NULL);
}

long
fbsd_kmq_notify(struct thread *t, int mqd, uint64_t sigev)
{
	struct sigevent h = {.sigev_notify = SIGEV_NONE};
	struct fbsd_event g;

	if (fd_is_ours(mqd))
		return -EBADF;
	if (!sigev)
		return host_call(SYS_mq_notify, mqd, 0);
	if (gm_read(&g, sigev, sizeof(g)))
		return -EFAULT;
	if (g.notify != 0 && g.notify != 1)
		return -EINVAL;
	if (g.notify == 1) {
		if (g.signo < 1 || g.signo > FBSD_NSIG)
			return -EINVAL;
		h.sigev_notify = SIGEV_SIGNAL;
		h.sigev_signo = sig_host_number(t->task, g.signo);
		h.sigev_value.sival_ptr = (void *)g.value;
		if (h.sigev_signo <= 0)
			return -EINVAL;
	}
	return host_call(SYS_mq_notify, mqd, &h);
}
