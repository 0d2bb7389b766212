/* kqueue.  Source: FreeBSD manual kqueue(2). */
#include "../kit/fbsd.h"
#include "../kit/kit.h"

enum { SYS_kqueue = 362, SYS_kevent11 = 363, SYS_kevent = 560, SYS_kqueuex = 583 };
enum { READ = -1, WRITE = -2, VNODE = -4, PROC = -5, SIGNAL = -6, TIMER = -7, PROCDESC = -8, USER = -11 };
enum { EV_ADD = 1, EV_DELETE = 2, EV_ENABLE = 4, EV_DISABLE = 8, EV_ONESHOT = 0x10, EV_CLEAR = 0x20, EV_RECEIPT = 0x40, EV_DISPATCH = 0x80,
       EV_ERROR = 0x4000, EV_EOF = 0x8000 };
#define NOTE_TRIGGER 0x01000000u
#define NOTE_EXIT    0x80000000u

struct kevent {
	uint64_t ident;
	int16_t filter;
	uint16_t flags;
	uint32_t fflags;
	int64_t data;
	uint64_t udata;
	uint64_t ext[4];
};
_Static_assert(sizeof(struct kevent) == 64, "kevent");

static struct kevent out[8];

static int64_t
change(int64_t kq, uint64_t ident, int filter, int flags, uint32_t fflags, int64_t data)
{
	struct kevent k = {ident, (int16_t)filter, (uint16_t)flags, fflags, data, 0x1234, {1, 2, 3, 4}};

	return sys(SYS_kevent, kq, &k, 1, 0, 0, 0);
}

/* Events that are there now. */
static int64_t
now(int64_t kq)
{
	struct timespec zero = {0, 0};

	return sys(SYS_kevent, kq, 0, 0, out, 8, &zero);
}

/* Wait for at least one, five seconds at most. */
static int64_t
soon(int64_t kq)
{
	struct timespec limit = {5, 0};

	return sys(SYS_kevent, kq, 0, 0, out, 8, &limit);
}

static void
pipes_read_and_write(void)
{
	int fd[2];
	char c;
	int64_t kq = sys(SYS_kqueue);

	sys(SYS_pipe2, fd, 0);
	CHECK_EQ(change(kq, (uint64_t)fd[0], READ, EV_ADD, 0, 0), 0);
	CHECK_EQ(now(kq), 0);
	sys(SYS_write, fd[1], "abc", 3);
	CHECK_EQ(now(kq), 1);
	CHECK_EQ(out[0].ident, fd[0]);
	CHECK_EQ(out[0].filter, READ);
	CHECK_EQ(out[0].data, 3);
	CHECK_EQ(out[0].udata, 0x1234);
	CHECK_EQ(out[0].ext[2], 3);
	CHECK_EQ(now(kq), 1); /* level: still there */
	sys(SYS_read, fd[0], &c, 1);
	CHECK_EQ(now(kq), 1);
	CHECK_EQ(out[0].data, 2);
	sys(SYS_close, fd[1]);
	CHECK_EQ(now(kq), 1);
	CHECK(out[0].flags & EV_EOF);
	sys(SYS_close, fd[0]), sys(SYS_close, kq);
}

static void
clear_reports_an_edge(void)
{
	int fd[2];
	int64_t kq = sys(SYS_kqueue);

	sys(SYS_pipe2, fd, 0);
	change(kq, (uint64_t)fd[0], READ, EV_ADD | EV_CLEAR, 0, 0);
	sys(SYS_write, fd[1], "a", 1);
	CHECK_EQ(now(kq), 1);
	CHECK_EQ(now(kq), 0);
	sys(SYS_write, fd[1], "b", 1);
	CHECK_EQ(now(kq), 1);
	CHECK_EQ(out[0].data, 2);
	sys(SYS_close, fd[0]), sys(SYS_close, fd[1]), sys(SYS_close, kq);
}

static void
oneshot_dispatch_disable(void)
{
	int fd[2];
	int64_t kq = sys(SYS_kqueue);

	sys(SYS_pipe2, fd, 0);
	sys(SYS_write, fd[1], "a", 1);
	change(kq, (uint64_t)fd[0], READ, EV_ADD | EV_ONESHOT, 0, 0);
	CHECK_EQ(now(kq), 1);
	CHECK_EQ(now(kq), 0);
	CHECK_EQ(change(kq, (uint64_t)fd[0], READ, EV_DELETE, 0, 0), -ENOENT);
	change(kq, (uint64_t)fd[0], READ, EV_ADD | EV_DISPATCH, 0, 0);
	CHECK_EQ(now(kq), 1);
	CHECK_EQ(now(kq), 0);
	CHECK_EQ(change(kq, (uint64_t)fd[0], READ, EV_ENABLE, 0, 0), 0);
	CHECK_EQ(now(kq), 1);
	change(kq, (uint64_t)fd[0], READ, EV_ADD, 0, 0);
	change(kq, (uint64_t)fd[0], READ, EV_DISABLE, 0, 0);
	CHECK_EQ(now(kq), 0);
	sys(SYS_close, fd[0]), sys(SYS_close, fd[1]), sys(SYS_close, kq);
}

static void
errors_are_events_when_there_is_room(void)
{
	struct kevent k[2] = {{999, READ, EV_ADD, 0, 0, 0, {0}}, {7, USER, EV_ADD | EV_RECEIPT, 0, 0, 0, {0}}};
	struct timespec zero = {0, 0};
	int64_t kq = sys(SYS_kqueue);

	CHECK_ERR(EBADF, SYS_kevent, kq, k, 1, 0, 0, 0);
	CHECK_EQ(sys(SYS_kevent, kq, k, 2, out, 8, &zero), 2);
	CHECK(out[0].flags & EV_ERROR);
	CHECK_EQ(out[0].data, EBADF);
	CHECK(out[1].flags & EV_ERROR);
	CHECK_EQ(out[1].data, 0); /* EV_RECEIPT */
	CHECK_EQ(change(kq, 1, 5, EV_ADD, 0, 0), -EINVAL);
	CHECK_ERR(EBADF, SYS_kevent, 999, 0, 0, 0, 0, 0);
	CHECK_ERR(EFAULT, SYS_kevent, kq, 8, 1, 0, 0, 0);
	sys(SYS_close, kq);
}

static void
user_events(void)
{
	int64_t kq = sys(SYS_kqueuex, 0);

	CHECK_EQ(change(kq, 42, USER, EV_ADD | EV_CLEAR, 0, 0), 0);
	CHECK_EQ(now(kq), 0);
	CHECK_EQ(change(kq, 42, USER, 0, NOTE_TRIGGER | 0xc0000000u | 0x55, 0), 0);
	CHECK_EQ(now(kq), 1);
	CHECK_EQ(out[0].fflags, 0x55);
	CHECK_EQ(now(kq), 0);
	sys(SYS_close, kq);
}

static void
timers(void)
{
	int64_t kq = sys(SYS_kqueue);

	CHECK_EQ(change(kq, 1, TIMER, EV_ADD | EV_ONESHOT, 0, 1), 0); /* milliseconds */
	CHECK_EQ(soon(kq), 1);
	CHECK_EQ(out[0].filter, TIMER);
	CHECK(out[0].data >= 1);
	CHECK_EQ(change(kq, 2, TIMER, EV_ADD, 8 /* NOTE_NSECONDS */, 1000), 0);
	CHECK_EQ(soon(kq), 1);
	CHECK_EQ(change(kq, 2, TIMER, EV_DELETE, 0, 0), 0);
	CHECK_EQ(change(kq, 3, TIMER, EV_ADD, 0x1000, 1), -EINVAL);
	sys(SYS_close, kq);
}

static void
process_exit(void)
{
	int64_t kq = sys(SYS_kqueue), pid = sys(SYS_fork);
	int status;

	if (pid == 0)
		call(SYS_exit, 7);
	CHECK_EQ(change(kq, (uint64_t)pid, PROC, EV_ADD, NOTE_EXIT, 0), 0);
	CHECK_EQ(soon(kq), 1);
	CHECK_EQ(out[0].ident, pid);
	CHECK_EQ(out[0].fflags, NOTE_EXIT);
	CHECK_EQ(out[0].data, 7 << 8);
	CHECK(out[0].flags & EV_EOF);
	CHECK_EQ(now(kq), 0); /* one shot by itself */
	CHECK_EQ(sys(SYS_wait4, pid, &status, 0, 0), pid);
	CHECK_EQ(change(kq, (uint64_t)pid, PROC, EV_ADD, NOTE_EXIT, 0), -ESRCH);
	sys(SYS_close, kq);
}

static void
process_descriptors(void)
{
	int fd = -1, status;
	int64_t kq = sys(SYS_kqueue), pid = sys(SYS_pdfork, &fd, 0);

	if (pid == 0)
		call(SYS_exit, 3);
	CHECK_EQ(change(kq, (uint64_t)fd, PROCDESC, EV_ADD, NOTE_EXIT, 0), 0);
	CHECK_EQ(soon(kq), 1);
	CHECK_EQ(out[0].fflags, NOTE_EXIT);
	CHECK_EQ(out[0].data, 3 << 8);
	sys(SYS_wait4, pid, &status, 0, 0);
	sys(SYS_close, fd), sys(SYS_close, kq);
}

static void
signals_count_even_when_ignored(void)
{
	struct sigaction ign = {.handler = (void *)1}, dfl = {0};
	int64_t kq = sys(SYS_kqueue), me = sys(SYS_getpid);

	sys(SYS_sigaction, SIGUSR1, &ign, 0);
	CHECK_EQ(change(kq, SIGUSR1, SIGNAL, EV_ADD, 0, 0), 0);
	CHECK_EQ(now(kq), 0);
	sys(SYS_kill, me, SIGUSR1), sys(SYS_kill, me, SIGUSR1);
	CHECK_EQ(soon(kq), 1);
	CHECK_EQ(out[0].ident, SIGUSR1);
	CHECK_EQ(out[0].data, 2);
	CHECK_EQ(now(kq), 0);
	CHECK_EQ(change(kq, 200, SIGNAL, EV_ADD, 0, 0), -EINVAL);
	sys(SYS_close, kq);
	sys(SYS_sigaction, SIGUSR1, &dfl, 0);
}

static void
files_that_change(void)
{
	char name[80], other[80];
	int64_t kq = sys(SYS_kqueue), fd;
	size_t n = strlen(kit_dir());

	memcpy(name, kit_dir(), n), memcpy(name + n, "/v", 3);
	memcpy(other, kit_dir(), n), memcpy(other + n, "/w", 3);
	fd = sys(SYS_open, name, O_RDWR | O_CREAT, 0644);
	CHECK_EQ(change(kq, (uint64_t)fd, VNODE, EV_ADD | EV_CLEAR, 0x3f, 0), 0);
	CHECK_EQ(now(kq), 0);
	sys(SYS_write, fd, "abc", 3);
	CHECK_EQ(soon(kq), 1);
	CHECK_EQ(out[0].fflags, 2 | 4); /* NOTE_WRITE | NOTE_EXTEND */
	sys(SYS_chmod, name, 0600);
	CHECK_EQ(soon(kq), 1);
	CHECK_EQ(out[0].fflags, 8); /* NOTE_ATTRIB */
	sys(SYS_rename, name, other);
	CHECK_EQ(soon(kq), 1);
	CHECK(out[0].fflags & 0x20); /* NOTE_RENAME */
	sys(SYS_unlink, other);
	CHECK_EQ(soon(kq), 1);
	CHECK(out[0].fflags & 1); /* NOTE_DELETE */
	sys(SYS_close, fd), sys(SYS_close, kq);
	sys(SYS_rmdir, kit_dir());
}

static void
closing_a_descriptor_drops_its_notes(void)
{
	int fd[2];
	int64_t kq = sys(SYS_kqueue);

	sys(SYS_pipe2, fd, 0);
	sys(SYS_write, fd[1], "a", 1);
	change(kq, (uint64_t)fd[0], READ, EV_ADD, 0, 0);
	sys(SYS_close, fd[0]), sys(SYS_close, fd[1]);
	CHECK_EQ(now(kq), 0);
	sys(SYS_pipe2, fd, 0); /* the same numbers again */
	CHECK_EQ(change(kq, (uint64_t)fd[0], READ, EV_DELETE, 0, 0), -ENOENT);
	sys(SYS_close, fd[0]), sys(SYS_close, fd[1]), sys(SYS_close, kq);
}

static void
kqueues_are_not_inherited(void)
{
	int64_t kq = sys(SYS_kqueue), pid = sys(SYS_fork);
	int status;

	if (pid == 0)
		call(SYS_exit, now(kq) != -EBADF);
	sys(SYS_wait4, pid, &status, 0, 0);
	CHECK_EQ(status, 0);
	CHECK_EQ(now(kq), 0);
	sys(SYS_close, kq);
}

struct kevent11 {
	uint64_t ident;
	int16_t filter;
	uint16_t flags;
	uint32_t fflags;
	int64_t data;
	uint64_t udata;
};
_Static_assert(sizeof(struct kevent11) == 32, "kevent of FreeBSD 11");

static void
old_programs_have_short_events(void)
{
	struct kevent11 k[2] = {{5, USER, EV_ADD | EV_CLEAR, 0, 0, 7}, {5, USER, 0, NOTE_TRIGGER | 0xc0000000u | 9, 3, 8}}, o[2];
	struct timespec zero = {0, 0};
	int64_t kq;

	CHECK((kq = sys(SYS_kqueue)) >= 0);
	memset(o, 0xee, sizeof(o));
	CHECK_EQ(sys(SYS_kevent11, kq, k, 2, o, 2, &zero), 1);
	CHECK_EQ(o[0].ident, 5);
	CHECK_EQ(o[0].filter, USER);
	CHECK_EQ(o[0].fflags, 9);
	CHECK_EQ(o[0].data, 3);
	CHECK_EQ(o[0].udata, 8);
	CHECK_EQ(o[1].ident, 0xeeeeeeeeeeeeeeeeull);
	CHECK_ERR(EBADF, SYS_kevent11, 999, 0, 0, o, 1, &zero);
	CHECK_ERR(EFAULT, SYS_kevent11, kq, 8, 1, 0, 0, 0);
	CHECK_ERR(EINVAL, SYS_kevent11, kq, k, -1, 0, 0, 0);
	CHECK_OK(SYS_close, kq);
}

static void
kqueues_are_made(void)
{
	int64_t a, b;

	CHECK((a = sys(SYS_kqueue)) >= 0);
	CHECK((b = sys(SYS_kqueuex, 1 /* KQUEUE_CLOEXEC */)) > a);
	CHECK_EQ(sys(SYS_fcntl, a, 1 /* F_GETFD */), 0);
	CHECK_EQ(sys(SYS_fcntl, b, 1), 1);
	CHECK_ERR(EINVAL, SYS_kqueuex, 0x80);
	sys(SYS_close, a), sys(SYS_close, b);
}

static void
kqueues_nest(void)
{
	int64_t outer = sys(SYS_kqueue), inner = sys(SYS_kqueue);

	change(inner, 1, USER, EV_ADD, 0, 0);
	CHECK_EQ(change(outer, (uint64_t)inner, READ, EV_ADD, 0, 0), 0);
	CHECK_EQ(now(outer), 0);
	change(inner, 1, USER, 0, NOTE_TRIGGER, 0);
	CHECK_EQ(soon(outer), 1);
	CHECK_EQ(out[0].ident, inner);
	sys(SYS_close, inner), sys(SYS_close, outer);
}

/* A connect that fails is told to a WRITE note that stands alone. */
static void
refused_connects_wake_a_write_note_alone(void)
{
	unsigned char a[16] = {16, 2, 0, 1, 127, 0, 0, 1}; /* sockaddr_in: loopback, port 1 */
	int64_t kq = sys(SYS_kqueue), s = sys(97 /* socket */, 2, 1 | 0x20000000 /* SOCK_NONBLOCK */, 0), r;

	CHECK_EQ(change(kq, (uint64_t)s, WRITE, EV_ADD | EV_CLEAR, 0, 0), 0);
	now(kq);
	r = sys(98 /* connect */, s, a, 16);
	CHECK(r == -36 /* EINPROGRESS */ || r == -61 /* ECONNREFUSED */);
	CHECK_EQ(soon(kq), 1);
	CHECK_EQ(out[0].filter, WRITE);
	CHECK(out[0].flags & EV_EOF);
	sys(SYS_close, s), sys(SYS_close, kq);
}

/* Neither can be read or written: invfo_rdwr() of kern_descrip.c stands in both tables of operations. */
static void
kqueues_and_process_descriptors_carry_no_data(void)
{
	struct {
		void *base;
		uint64_t len;
	} v = {out, 8};
	int64_t fd[2] = {sys(SYS_kqueue), 0}, pid;
	int pd = -1;

	pid = sys(SYS_pdfork, &pd, 0);
	if (pid == 0)
		call(SYS_exit, 0);
	CHECK(pid > 0);
	fd[1] = pd;
	for (int i = 0; i < 2; i++) {
		CHECK_ERR(ENOTSUP, SYS_read, fd[i], out, 8);
		CHECK_ERR(ENOTSUP, SYS_write, fd[i], out, 8);
		CHECK_ERR(ENOTSUP, SYS_readv, fd[i], &v, 1);
		CHECK_ERR(ENOTSUP, SYS_writev, fd[i], &v, 1);
		CHECK_ERR(ESPIPE, SYS_pread, fd[i], out, 8, 0);
		sys(SYS_close, fd[i]);
	}
}

const struct test tests[] = {
    {"pipes_read_and_write", pipes_read_and_write},
    {"clear_reports_an_edge", clear_reports_an_edge},
    {"oneshot_dispatch_disable", oneshot_dispatch_disable},
    {"errors_are_events_when_there_is_room", errors_are_events_when_there_is_room},
    {"user_events", user_events},
    {"timers", timers},
    {"process_exit", process_exit},
    {"process_descriptors", process_descriptors},
    {"signals_count_even_when_ignored", signals_count_even_when_ignored},
    {"files_that_change", files_that_change},
    {"closing_a_descriptor_drops_its_notes", closing_a_descriptor_drops_its_notes},
    {"kqueues_are_not_inherited", kqueues_are_not_inherited},
    {"old_programs_have_short_events", old_programs_have_short_events},
    {"kqueues_are_made", kqueues_are_made},
    {"kqueues_nest", kqueues_nest},
    {"refused_connects_wake_a_write_note_alone", refused_connects_wake_a_write_note_alone},
    {"kqueues_and_process_descriptors_carry_no_data", kqueues_and_process_descriptors_carry_no_data},
    {0},
};
