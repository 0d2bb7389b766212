/*
 * Lines of several threads, processes and images in one file, each by one write(2).
 *
 * The line of a call is kept back until the call ends.  Whoever writes first in between sends it out with
 * "<unfinished ...>", so that the order of lines is the order of events.  The line kept back and the lock are in memory
 * that children and the images after an exec share.
 */
#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "abi/core/fd.h"
#include "abi/core/host.h"
#include "loader/trace_impl.h"

#define WAIT_NS     50000000
#define WAIT_ROUNDS 100 /* five seconds: then the holder was killed */

struct trace_shared {
	uint32_t lock, waiters; /* lock: host id of the thread that holds it */
	uint32_t many, failed;
	pid_t root;
	pid_t pid, tid;         /* whose line is kept back; 0: there is none */
	uint32_t len, written;
	char text[TRACE_TEXT];
	struct trace_count count[TRACE_CALLS];
};

static struct {
	struct trace_shared *s;
	int fd;
} lines;

/* By a write at the end, as ftruncate(2) beyond the limit of file sizes sends SIGXFSZ. */
static int
resize(int fd, uint64_t size)
{
	lseek(fd, (off_t)size - 1, SEEK_SET);
	return fd_write_all(fd, "", 1);
}

int
trace_lines_open(int shm, int fd)
{
	bool first = shm < 0;
	int r;

	if (first) {
		shm = (int)host_call(SYS_memfd_create, "dragoman-trace", MFD_CLOEXEC);
		if (shm < 0)
			return shm;
		r = resize(shm, sizeof(struct trace_shared));
		if (r)
			return r;
		shm = fd_hide(shm);
	}
	lines.s = mmap(NULL, sizeof(*lines.s), PROT_READ | PROT_WRITE, MAP_SHARED, shm, 0);
	if (lines.s == MAP_FAILED)
		return -errno;
	if (first)
		lines.s->root = getpid();
	lines.fd = fd;
	return shm;
}

struct trace_count *
trace_lines_counts(void)
{
	return lines.s->count;
}

bool
trace_lines_root(pid_t pid)
{
	return lines.s->root == pid;
}

bool
trace_lines_many(void)
{
	return __atomic_load_n(&lines.s->many, __ATOMIC_RELAXED);
}

void
trace_lines_set_many(void)
{
	if (!trace_lines_many())
		__atomic_store_n(&lines.s->many, 1, __ATOMIC_RELAXED);
}

/* A thread that was killed with the lock must not stop the others for ever. */
static void
lock(uint32_t me)
{
	struct trace_shared *s = lines.s;
	struct timespec wait = {.tv_nsec = WAIT_NS};

	for (int round = 0;; round++) {
		uint32_t holder = 0;

		if (__atomic_compare_exchange_n(&s->lock, &holder, me, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return;
		if ((round >= WAIT_ROUNDS || host_call(SYS_kill, holder, 0) == -ESRCH) &&
		    __atomic_compare_exchange_n(&s->lock, &holder, me, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return;
		__atomic_fetch_add(&s->waiters, 1, __ATOMIC_SEQ_CST);
		host_call(SYS_futex, &s->lock, FUTEX_WAIT, holder, &wait);
		__atomic_fetch_sub(&s->waiters, 1, __ATOMIC_SEQ_CST);
	}
}

static void
unlock(uint32_t me)
{
	struct trace_shared *s = lines.s;

	__atomic_compare_exchange_n(&s->lock, &me, 0, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
	if (__atomic_load_n(&s->waiters, __ATOMIC_SEQ_CST))
		host_call(SYS_futex, &s->lock, FUTEX_WAKE, 1);
}

/* What of the trace is lost is told once, and is no reason to stop the guest. */
void
trace_out(const char *p, size_t n)
{
	int r = fd_write_all(lines.fd, p, n);

	if (r && !__atomic_exchange_n(&lines.s->failed, 1, __ATOMIC_RELAXED))
		diag_say("the trace has gaps: %s", strerror(-r));
}

/* Send out the line kept back, with @end behind it. */
static void
finish(const char *end, size_t n)
{
	struct trace_shared *s = lines.s;
	char line[2 * TRACE_TEXT];
	uint32_t from = s->written, len = s->len - from;

	if (s->len > TRACE_TEXT || from > s->len)
		len = 0;
	memcpy(line, s->text + from, len);
	if (n > sizeof(line) - len)
		n = sizeof(line) - len;
	memcpy(line + len, end, n);
	s->pid = s->tid = 0;
	trace_out(line, len + n);
}

static void
flush(void)
{
	static const char end[] = " <unfinished ...>\n";

	if (lines.s->tid)
		finish(end, sizeof(end) - 1);
}

void
trace_line_begin(const struct thread *t, const char *text, unsigned n, bool now)
{
	struct trace_shared *s = lines.s;
	uint32_t me = (uint32_t)t->htid;

	lock(me);
	flush();
	memcpy(s->text, text, n);
	s->len = n;
	s->written = 0;
	s->pid = t->task->pid;
	s->tid = t->htid;
	if (now) {
		trace_out(text, n);
		s->written = n;
	}
	unlock(me);
}

void
trace_line_end(const struct thread *t, const struct text *resumed, const struct text *rest)
{
	struct trace_shared *s = lines.s;
	uint32_t me = (uint32_t)t->htid;
	char line[2 * TRACE_TEXT];
	struct text o = {.buf = line, .size = sizeof(line)};

	lock(me);
	if (s->tid == t->htid && s->pid == t->task->pid) {
		finish(rest->buf, rest->pos);
	} else {
		flush();
		text_add(&o, "%s%s", resumed->buf, rest->buf);
		trace_out(o.buf, o.pos);
	}
	unlock(me);
}

void
trace_line(const struct thread *t, const struct text *line)
{
	uint32_t me = (uint32_t)t->htid;

	lock(me);
	flush();
	trace_out(line->buf, line->pos);
	unlock(me);
}

bool
trace_line_pending(pid_t pid)
{
	return __atomic_load_n(&lines.s->pid, __ATOMIC_RELAXED) == pid;
}

void
trace_line_flush(const struct thread *t)
{
	uint32_t me = (uint32_t)t->htid;

	lock(me);
	if (lines.s->pid == t->task->pid)
		flush();
	unlock(me);
}
