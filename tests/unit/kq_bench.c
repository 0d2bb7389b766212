/* See kq_bench.h. */
#include "tests/unit/kq_bench.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "abi/core/diag.h"
#include "abi/core/fd.h"
#include "abi/freebsd/fbsd.h"
#include "abi/freebsd/kqueue.h"
#include "freebsd-amd64.h"

#define ERRNOS 134

static uint16_t to_guest[ERRNOS];
static const struct errno_map errnos = {.to_guest = to_guest, .n = ERRNOS};

static bool
no_signals(struct thread *t)
{
	return false;
}

static const struct personality pers = {.os = "FreeBSD", .isa = "amd64", .errnos = &errnos, .signals_due = no_signals};

struct thread *
kq_bench_sibling(struct thread *of)
{
	struct thread *t = thread_new(of->task);

	assert_non_null(t);
	t->htid = gettid();
	t->tid = t->htid + FBSD_TID_BASE;
	return t;
}

static void
once(void)
{
	struct diag d = {0};

	assert_int_equal(fd_setup(&d), 0);
	assert_ptr_equal(mmap((void *)KQ_MEM, KQ_MEM_SIZE, PROT_READ | PROT_WRITE,
	                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0),
	                 (void *)KQ_MEM);
	for (int i = 0; i < ERRNOS; i++)
		to_guest[i] = (uint16_t)i;
}

struct thread *
kq_bench_thread(void)
{
	static struct thread *t;
	struct task *task;

	if (t)
		return t;
	once();
	task = calloc(1, sizeof(*task));
	assert_non_null(task);
	task->pers = &pers;
	task->pid = getpid();
	task->priv = calloc(1, sizeof(struct fbsd_task));
	pthread_mutex_init(&task->lock, NULL);
	t = thread_new(task);
	assert_non_null(t);
	t->htid = gettid();
	t->tid = t->htid + FBSD_TID_BASE;
	return t;
}

long
kq_bench_kqueue(struct thread *t)
{
	return fbsd_kqueue(t);
}

/* Each host thread has a part of the memory for itself. */
static uint64_t
scratch(void)
{
	static uint64_t next;
	static _Thread_local uint64_t mine;

	if (!mine)
		mine = KQ_MEM + __atomic_fetch_add(&next, 0x1000, __ATOMIC_RELAXED) % KQ_MEM_SIZE;
	return mine;
}

long
kq_change(struct thread *t, int kq, uint64_t ident, int16_t filter, uint16_t flags, uint32_t fflags, int64_t data,
          uint64_t udata)
{
	struct fbsd_kevent kev = {
	    .ident = ident, .filter = filter, .flags = flags, .fflags = fflags, .data = data, .udata = udata};

	memcpy((void *)scratch(), &kev, sizeof(kev));
	return fbsd_kevent(t, kq, scratch(), 1, 0, 0, 0);
}

long
kq_wait(struct thread *t, int kq, struct fbsd_kevent *ret_kev, int n, int ms)
{
	struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000l};
	uint64_t at = scratch();
	long r;

	assert_true(n <= 32);
	memcpy((void *)at, &ts, sizeof(ts));
	r = fbsd_kevent(t, kq, 0, 0, at + 64, n, ms < 0 ? 0 : at);
	if (r > 0)
		memcpy(ret_kev, (void *)(at + 64), (size_t)r * sizeof(*ret_kev));
	return r;
}

struct fbsd_kevent
kq_one(struct thread *t, int kq)
{
	struct fbsd_kevent kev[4];

	assert_int_equal(kq_wait(t, kq, kev, 4, 0), 1);
	return kev[0];
}

void
kq_none(struct thread *t, int kq)
{
	struct fbsd_kevent kev[4];

	assert_int_equal(kq_wait(t, kq, kev, 4, 0), 0);
}

struct fbsd_kevent
kq_next(struct thread *t, int kq)
{
	struct fbsd_kevent kev;

	assert_int_equal(kq_wait(t, kq, &kev, 1, -1), 1);
	return kev;
}

int
kq_bench_setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	b->t = kq_bench_thread();
	b->kq = (int)kq_bench_kqueue(b->t);
	assert_true(b->kq >= 0);
	assert_int_equal(pipe(b->p), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, b->s), 0);
	*state = b;
	return 0;
}

void
kq_guest_close(struct bench *b, int *fd)
{
	if (*fd < 0)
		return;
	fbsd_kq_fd_closed(b->t, *fd);
	close(*fd);
	*fd = -1;
}

int
kq_bench_teardown(void **state)
{
	struct bench *b = *state;

	kq_guest_close(b, &b->p[0]);
	kq_guest_close(b, &b->p[1]);
	kq_guest_close(b, &b->s[0]);
	kq_guest_close(b, &b->s[1]);
	kq_guest_close(b, &b->kq);
	free(b);
	return 0;
}
