/*
 * Asynchronous requests.
 * Source: FreeBSD manual aio(4), aio_read(2), aio_write(2), aio_return(2), aio_suspend(2), aio_cancel(2), lio_listio(2),
 * aio_waitcomplete(2), aio_fsync(2), kqueue(2); layouts: sys/aio.h, sys/signal.h.
 */
#include "../kit/files.h"

struct aiocb {
	int fd, pad;
	int64_t offset;
	const void *buf;
	uint64_t nbytes;
	int spare[2];
	void *spare2;
	int opcode, prio;
	int64_t status, error;
	void *info;
	int notify, signo;
	uint64_t value;
	int tid_or_flags, pad2;
	uint64_t more[7];
};
_Static_assert(sizeof(struct aiocb) == 160 && offsetof(struct aiocb, notify) == 80, "aiocb");

enum { NOTIFY_NONE, NOTIFY_SIGNAL, NOTIFY_THREAD, NOTIFY_KEVENT, NOTIFY_THREAD_ID };
enum { LIO_NOP, LIO_WRITE, LIO_READ };
enum { SYS_kqueue = 362, SYS_kevent = 560, SYS_socketpair = 135 };

static char in[64];

static struct aiocb
request(int64_t fd, const void *buf, uint64_t n, int64_t offset)
{
	return (struct aiocb){.fd = (int)fd, .buf = buf, .nbytes = n, .offset = offset};
}

/* Its error once it is done. */
static int64_t
await(struct aiocb *cb)
{
	struct aiocb *list[1] = {cb};
	int64_t r = sys(SYS_aio_suspend, list, 1, 0);

	return r ? r : sys(SYS_aio_error, cb);
}

static void
requests_read_and_write(void)
{
	int64_t fd = files_make(P("f"), "0123456789");
	struct aiocb w = request(fd, "abc", 3, 2), r = request(fd, in, 20, 1), *list[1] = {&w};

	CHECK_ERR(EAGAIN, SYS_aio_suspend, list, 1, 0); /* no request was ever made */
	CHECK_OK(SYS_aio_write, &w);
	CHECK_EQ(await(&w), 0);
	CHECK_EQ(sys(SYS_aio_return, &w), 3);
	CHECK_ERR(EINVAL, SYS_aio_return, &w);
	CHECK_ERR(EINVAL, SYS_aio_error, &w);
	CHECK_OK(SYS_aio_read, &r);
	CHECK_EQ(await(&r), 0);
	CHECK_EQ(sys(SYS_aio_return, &r), 9);
	CHECK(!memcmp(in, "1abc56789", 9));
	CHECK_EQ(sys(SYS_lseek, fd, 0, 1), 10); /* the file's own offset stays */
	CHECK_OK(SYS_aio_fsync, 0x80 /* O_SYNC */, &w);
	CHECK_EQ(await(&w), 0);
	CHECK_EQ(sys(SYS_aio_return, &w), 0);
	sys(SYS_close, fd), sys(SYS_unlink, P("f"));
}

static void
vectors_too(void)
{
	struct {
		const void *base;
		uint64_t len;
	} v[2] = {{"ab", 2}, {"cde", 3}};
	int64_t fd = files_make(P("f"), "0123456789");
	struct aiocb w = request(fd, v, 2, 0);

	CHECK_OK(SYS_aio_writev, &w);
	CHECK_EQ(await(&w), 0);
	CHECK_EQ(sys(SYS_aio_return, &w), 5);
	v[0].base = in, v[1].base = in + 10;
	CHECK_OK(SYS_aio_readv, &w);
	CHECK_EQ(await(&w), 0);
	CHECK_EQ(sys(SYS_aio_return, &w), 5);
	CHECK(!memcmp(in, "ab", 2) && !memcmp(in + 10, "cde", 3));
	CHECK_EQ(sys(SYS_aio_suspend, (struct aiocb *[1]){0}, 1, 0), 0); /* nothing to wait for */
	w = request(fd, v, 0, 0);
	CHECK_ERR(EINVAL, SYS_aio_writev, &w);
	w = request(fd, v, 1025, 0); /* more than IOV_MAX */
	CHECK_ERR(EINVAL, SYS_aio_readv, &w);
	w = request(777, v, 2, 0);
	CHECK_ERR(EBADF, SYS_aio_writev, &w);
	CHECK_ERR(EBADF, SYS_aio_readv, &w);
	sys(SYS_close, fd), sys(SYS_unlink, P("f"));
}

static void
bad_requests_are_refused(void)
{
	int64_t fd = files_make(P("f"), "x"), ro = sys(SYS_open, P("f"), O_RDONLY, 0);
	struct aiocb cb = request(777, in, 1, 0);
	int fds[2];

	CHECK_ERR(EBADF, SYS_aio_read, &cb);
	cb = request(ro, in, 1, 0);
	CHECK_ERR(EBADF, SYS_aio_write, &cb);
	cb = request(fd, in, 1, -1);
	CHECK_ERR(EINVAL, SYS_aio_read, &cb);
	cb = request(fd, in, 1, 0), cb.notify = 9;
	CHECK_ERR(EINVAL, SYS_aio_read, &cb);
	cb.notify = NOTIFY_SIGNAL, cb.signo = 200;
	CHECK_ERR(EINVAL, SYS_aio_read, &cb);
	CHECK_ERR(EFAULT, SYS_aio_read, 8);
	CHECK_OK(SYS_pipe2, fds, 0);
	cb = request(fds[0], in, 1, 0);
	CHECK_ERR(EOPNOTSUPP, SYS_aio_read, &cb); /* vfs.aio.enable_unsafe is 0 */
	CHECK_ERR(EINVAL, SYS_aio_fsync, 7, &cb);
	/* An error of the request itself is told by aio_return. */
	cb = request(fd, (void *)0x10000, 4, 0);
	CHECK_OK(SYS_aio_write, &cb);
	CHECK_EQ(await(&cb), EFAULT);
	CHECK_ERR(EFAULT, SYS_aio_return, &cb);
	sys(SYS_close, fds[0]), sys(SYS_close, fds[1]), sys(SYS_close, fd), sys(SYS_close, ro), sys(SYS_unlink, P("f"));
}

static void
sockets_wait_without_us(void)
{
	int fds[2];
	struct aiocb r, none, *list[1] = {&r}, *two[2] = {&none, &r};
	struct timespec ts = {0, 10000000};

	if (sys(SYS_socketpair, 1, 1, 0, fds) != 0)
		return; /* no sockets yet */
	r = request(fds[0], in, 10, 0);
	CHECK_OK(SYS_aio_read, &r);
	CHECK_EQ(sys(SYS_aio_error, &r), EINPROGRESS);
	CHECK_ERR(EINVAL, SYS_aio_return, &r);
	CHECK_ERR(EAGAIN, SYS_aio_suspend, list, 1, &ts);
	CHECK_ERR(EAGAIN, SYS_aio_suspend, two, 2, &ts); /* one that is none does not end it */
	CHECK_EQ(sys(SYS_write, fds[1], "hello", 5), 5);
	CHECK_EQ(await(&r), 0);
	CHECK_EQ(sys(SYS_aio_return, &r), 5);
	CHECK(!memcmp(in, "hello", 5));
	CHECK_EQ(sys(SYS_aio_cancel, fds[0], 0), 3); /* AIO_ALLDONE */
	CHECK_ERR(EBADF, SYS_aio_cancel, 777, 0);
	sys(SYS_close, fds[0]), sys(SYS_close, fds[1]);
}

static void
lists_are_taken_together(void)
{
	int64_t fd = files_make(P("f"), "0123456789");
	struct aiocb a = request(fd, "AB", 2, 0), b = request(fd, in, 2, 8), c = request(fd, "C", 1, 5), *list[4] = {&a, 0, &b, &c};

	a.opcode = LIO_WRITE, b.opcode = LIO_READ, c.opcode = LIO_NOP;
	CHECK_OK(SYS_lio_listio, 1 /* LIO_WAIT */, list, 4, 0);
	CHECK_EQ(sys(SYS_aio_error, &a), 0);
	CHECK_EQ(sys(SYS_aio_return, &a), 2);
	CHECK_EQ(sys(SYS_aio_return, &b), 2);
	CHECK(!memcmp(in, "89", 2));
	CHECK_ERR(EINVAL, SYS_aio_error, &c);
	CHECK_ERR(EINVAL, SYS_lio_listio, 2, list, 4, 0);
	CHECK_ERR(EINVAL, SYS_lio_listio, 0, list, -1, 0);
	a.fd = 777;
	CHECK_ERR(EIO, SYS_lio_listio, 1, list, 1, 0);
	sys(SYS_close, fd), sys(SYS_unlink, P("f"));
}

static void
the_next_to_end_is_told(void)
{
	int64_t fd = files_make(P("f"), "0123456789");
	struct aiocb a = request(fd, in, 4, 0), *done = 0;
	struct timespec ts = {0, 1000000};

	CHECK_OK(SYS_aio_read, &a);
	CHECK_EQ(sys(SYS_aio_waitcomplete, &done, 0), 4);
	CHECK(done == &a);
	CHECK_ERR(EINVAL, SYS_aio_error, &a);
	CHECK_ERR(EAGAIN, SYS_aio_waitcomplete, &done, &ts);
	CHECK(done == 0);
	sys(SYS_close, fd), sys(SYS_unlink, P("f"));
}

static void
ends_are_signalled(void)
{
	struct sigset set = SIGSET(SIGUSR1);
	struct siginfo si;
	int64_t fd = files_make(P("f"), "0123456789"), tid = 0;
	struct aiocb a = request(fd, in, 4, 0);

	CHECK_OK(SYS_sigprocmask, SIG_BLOCK, &set, 0);
	a.notify = NOTIFY_SIGNAL, a.signo = SIGUSR1, a.value = 0x1234567890;
	CHECK_OK(SYS_aio_read, &a);
	CHECK_EQ(sys(SYS_sigtimedwait, &set, &si, 0), SIGUSR1);
	CHECK_EQ(si.code, 0x10004); /* SI_ASYNCIO */
	CHECK_EQ(si.value, 0x1234567890);
	CHECK_EQ(sys(SYS_aio_return, &a), 4);
	CHECK_OK(SYS_thr_self, &tid);
	a.notify = NOTIFY_THREAD_ID, a.tid_or_flags = (int)tid;
	CHECK_OK(SYS_aio_read, &a);
	CHECK_EQ(sys(SYS_sigtimedwait, &set, &si, 0), SIGUSR1);
	CHECK_EQ(sys(SYS_aio_return, &a), 4);
	CHECK_OK(SYS_sigprocmask, SIG_UNBLOCK, &set, 0);
	sys(SYS_close, fd), sys(SYS_unlink, P("f"));
}

struct kevent {
	uint64_t ident;
	short filter;
	unsigned short flags;
	unsigned fflags;
	int64_t data;
	uint64_t udata, ext[4];
};

static void
ends_are_events(void)
{
	int64_t kq = sys(SYS_kqueue), fd = files_make(P("f"), "0123456789");
	struct aiocb a = request(fd, in, 4, 0);
	struct kevent ev = {.ident = 1, .filter = -3, .flags = 1 /* EV_ADD */};

	CHECK_ERR(EPERM, SYS_kevent, kq, &ev, 1, 0, 0, 0);
	for (int i = 0; i < 3; i++) {
		a.notify = NOTIFY_KEVENT, a.signo = (int)kq, a.value = 77, a.tid_or_flags = 0x10 /* EV_ONESHOT */;
		CHECK_OK(SYS_aio_read, &a);
		CHECK_EQ(sys(SYS_kevent, kq, 0, 0, &ev, 1, 0), 1);
		CHECK_EQ(ev.ident, (uint64_t)&a);
		CHECK_EQ(ev.filter, -3);
		CHECK_EQ(ev.udata, 77);
		CHECK_EQ(sys(SYS_aio_return, &a), 4);
	}
	a.signo = 777;
	CHECK_ERR(EBADF, SYS_aio_read, &a);
	sys(SYS_close, kq), sys(SYS_close, fd), sys(SYS_unlink, P("f"));
}

/* sys/kern/vfs_aio.c: the note is there until the last request of the list has been collected. */
static void
ends_of_lists_are_events(void)
{
	int64_t kq = sys(SYS_kqueue), fd = files_make(P("f"), "0123456789");
	struct aiocb a = request(fd, in, 4, 0), b = request(fd, in + 4, 4, 4), *list[2] = {&a, &b};
	struct aiocb how = {.notify = NOTIFY_KEVENT, .signo = (int)kq, .value = 99};
	struct kevent ev = {.ident = (uint64_t)list, .filter = -10, .flags = 1 /* EV_ADD */}, out;
	struct timespec zero = {0, 0};

	CHECK_ERR(EPERM, SYS_kevent, kq, &ev, 1, 0, 0, 0);
	a.opcode = b.opcode = LIO_READ;
	CHECK_OK(SYS_lio_listio, 0 /* LIO_NOWAIT */, list, 2, &how.notify);
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(sys(SYS_kevent, kq, 0, 0, &out, 1, 0), 1); /* it stays */
		CHECK_EQ(out.ident, (uint64_t)list);
		CHECK_EQ(out.filter, -10);
		CHECK_EQ(out.udata, 99);
	}
	CHECK_EQ(sys(SYS_aio_return, &a), 4);
	CHECK_EQ(sys(SYS_kevent, kq, 0, 0, &out, 1, 0), 1);
	CHECK_EQ(sys(SYS_aio_return, &b), 4);
	CHECK_EQ(sys(SYS_kevent, kq, 0, 0, &out, 1, &zero), 0);
	how.signo = 777;
	CHECK_ERR(EBADF, SYS_lio_listio, 0, list, 2, &how.notify);
	sys(SYS_close, kq), sys(SYS_close, fd), sys(SYS_unlink, P("f"));
}

static void
many_at_once(void)
{
	static struct aiocb cb[200], *done;
	static char data[200];
	int64_t fd = sys(SYS_open, P("f"), O_RDWR | O_CREAT | O_TRUNC, 0600), sum = 0;

	for (int i = 0; i < 200; i++) {
		data[i] = (char)i;
		cb[i] = request(fd, &data[i], 1, i);
		CHECK_OK(SYS_aio_write, &cb[i]);
	}
	for (int i = 0; i < 200; i++)
		sum += sys(SYS_aio_waitcomplete, &done, 0);
	CHECK_EQ(sum, 200);
	for (int i = 0; i < 200; i++)
		CHECK(sys(SYS_pread, fd, in, 1, i) == 1 && in[0] == (char)i);
	sys(SYS_close, fd), sys(SYS_unlink, P("f"));
}

static void
children_inherit_none(void)
{
	int64_t fd = files_make(P("f"), "0123456789"), pid;
	struct aiocb a = request(fd, in, 4, 0);
	int status = -1;

	CHECK_OK(SYS_aio_read, &a);
	pid = sys(SYS_fork);
	if (pid == 0) {
		int bad = sys(SYS_aio_error, &a) != -EINVAL;

		bad |= sys(SYS_aio_read, &a) != 0 || await(&a) != 0 || sys(SYS_aio_return, &a) != 4;
		call(SYS_exit, bad);
	}
	sys(SYS_wait4, pid, &status, 0, 0);
	CHECK_EQ(status, 0);
	CHECK_EQ(await(&a), 0);
	CHECK_EQ(sys(SYS_aio_return, &a), 4);
	sys(SYS_close, fd), sys(SYS_unlink, P("f"));
}

const struct test tests[] = {
    {"requests_read_and_write", requests_read_and_write},
    {"vectors_too", vectors_too},
    {"bad_requests_are_refused", bad_requests_are_refused},
    {"sockets_wait_without_us", sockets_wait_without_us},
    {"lists_are_taken_together", lists_are_taken_together},
    {"the_next_to_end_is_told", the_next_to_end_is_told},
    {"ends_are_signalled", ends_are_signalled},
    {"ends_are_events", ends_are_events},
    {"ends_of_lists_are_events", ends_of_lists_are_events},
    {"many_at_once", many_at_once},
    {"children_inherit_none", children_inherit_none},
    {0},
};
