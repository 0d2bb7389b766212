/*
 * kqueue and kevent as kqueue(2) and sys/kern/kern_event.c of FreeBSD have them: registration, flags, EVFILT_USER,
 * EVFILT_TIMER, kqueues as descriptors.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "abi/core/task.h"
#include "abi/freebsd/kqueue.h"
#include "freebsd-amd64.h"
#include "tests/unit/kq_bench.h"

#define NOTE_TRIGGER  0x01000000u
#define NOTE_FFAND    0x40000000u
#define NOTE_FFOR     0x80000000u
#define NOTE_FFCOPY   0xc0000000u
#define NOTE_SECONDS  0x1u
#define NOTE_USECONDS 0x4u
#define NOTE_NSECONDS 0x8u
#define NOTE_ABSTIME  0x10u

static void
a_change_of_what_is_not_registered_is_enoent(void **state)
{
	struct bench *b = *state;

	assert_int_equal(kq_change(b->t, b->kq, (uint64_t)b->p[0], EVFILT_READ, EV_DELETE, 0, 0, 0), -ENOENT);
	assert_int_equal(kq_change(b->t, b->kq, 7, EVFILT_USER, EV_ENABLE, 0, 0, 0), -ENOENT);
}

static void
bad_changes_are_refused(void **state)
{
	struct bench *b = *state;

	assert_int_equal(kq_change(b->t, b->kq, 12345, EVFILT_READ, EV_ADD, 0, 0, 0), -EBADF);
	assert_int_equal(kq_change(b->t, b->kq, 1ull << 40, EVFILT_READ, EV_ADD, 0, 0, 0), -EBADF);
	assert_int_equal(kq_change(b->t, b->kq, 1, 5, EV_ADD, 0, 0, 0), -EINVAL);
	assert_int_equal(kq_change(b->t, b->kq, 1, -14, EV_ADD, 0, 0, 0), -EINVAL);
	assert_int_equal(kq_change(b->t, b->kq, 1, EVFILT_USER, EV_ADD | EV_ENABLE | EV_DISABLE, 0, 0, 0), -EINVAL);
	assert_int_equal(kq_change(b->t, b->kq, 1, EVFILT_USER, EV_ADD | EV_KEEPUDATA, 0, 0, 0), -EINVAL);
	assert_int_equal(kq_change(b->t, b->kq, (uint64_t)b->kq, EVFILT_READ, EV_ADD, 0, 0, 0), -EINVAL);
	assert_int_equal(kq_change(b->t, b->p[0], 1, EVFILT_USER, EV_ADD, 0, 0, 0), -EBADF);
	assert_int_equal(kq_change(b->t, b->kq, 1, 0, EV_ADD, 0, 0, 0), 0); /* filter 0 is passed over */
}

static void
a_failed_change_is_an_error_event_when_there_is_room(void **state)
{
	struct bench *b = *state;
	struct fbsd_kevent *kev = (void *)KQ_MEM;

	memset(kev, 0, 3 * sizeof(*kev));
	kev[0] = (struct fbsd_kevent){.ident = 9999, .filter = EVFILT_READ, .flags = EV_ADD, .udata = 11, .ext = {1, 2, 3, 4}};
	kev[1] = (struct fbsd_kevent){.ident = 1, .filter = EVFILT_USER, .flags = EV_ADD | EV_RECEIPT, .udata = 12};
	kev[2] = (struct fbsd_kevent){.ident = 2, .filter = EVFILT_USER, .flags = EV_DELETE, .udata = 13};
	/* The same memory for both lists is allowed. */
	assert_int_equal(fbsd_kevent(b->t, b->kq, KQ_MEM, 3, KQ_MEM, 3, 0), 3);
	assert_int_equal(kev[0].flags, EV_ERROR);
	assert_int_equal(kev[0].data, EBADF);
	assert_int_equal(kev[0].udata, 11);
	assert_int_equal(kev[0].ext[3], 4);
	assert_int_equal(kev[1].flags, EV_ERROR);
	assert_int_equal(kev[1].data, 0);
	assert_int_equal(kev[2].data, ENOENT);
}

static void
a_receipt_without_room_stops_the_change_list(void **state)
{
	struct bench *b = *state;
	struct fbsd_kevent *kev = (void *)KQ_MEM;

	memset(kev, 0, 2 * sizeof(*kev));
	kev[0] = (struct fbsd_kevent){.ident = 1, .filter = EVFILT_USER, .flags = EV_ADD | EV_RECEIPT};
	kev[1] = (struct fbsd_kevent){.ident = 2, .filter = EVFILT_USER, .flags = EV_ADD};
	assert_int_equal(fbsd_kevent(b->t, b->kq, KQ_MEM, 2, 0, 0, 0), 0);
	assert_int_equal(kq_change(b->t, b->kq, 1, EVFILT_USER, 0, 0, 0, 0), 0);
	assert_int_equal(kq_change(b->t, b->kq, 2, EVFILT_USER, 0, 0, 0, 0), -ENOENT);
}

static void
counts_and_timeouts_are_checked(void **state)
{
	struct bench *b = *state;
	struct timespec *ts = (void *)KQ_MEM;

	assert_int_equal(fbsd_kevent(b->t, b->kq, KQ_MEM, -1, KQ_MEM, 1, 0), -EINVAL);
	assert_int_equal(fbsd_kevent(b->t, b->kq, KQ_MEM, 0, KQ_MEM, -1, 0), -EINVAL);
	assert_int_equal(fbsd_kevent(b->t, b->kq, 0, 0, 0, 0, 0), 0); /* no room for events: does not wait */
	*ts = (struct timespec){.tv_nsec = 1000000000};
	assert_int_equal(fbsd_kevent(b->t, b->kq, 0, 0, KQ_MEM + 64, 1, KQ_MEM), -EINVAL);
	*ts = (struct timespec){.tv_sec = -1};
	assert_int_equal(fbsd_kevent(b->t, b->kq, 0, 0, KQ_MEM + 64, 1, KQ_MEM), -EINVAL);
	assert_int_equal(fbsd_kevent(b->t, b->kq, 0, 0, 0, 0, KQ_MEM), 0);
	*ts = (struct timespec){.tv_nsec = 2000000};
	assert_int_equal(fbsd_kevent(b->t, b->kq, 0, 0, KQ_MEM + 64, 1, KQ_MEM), 0);
}

static void
ev_clear_reports_only_what_is_new(void **state)
{
	struct bench *b = *state;
	char buf[8];

	assert_int_equal(kq_change(b->t, b->kq, (uint64_t)b->s[0], EVFILT_READ, EV_ADD | EV_CLEAR, 0, 0, 0), 0);
	assert_int_equal(write(b->s[1], "abc", 3), 3);
	assert_int_equal(kq_one(b->t, b->kq).flags, EV_CLEAR);
	kq_none(b->t, b->kq);
	assert_int_equal(write(b->s[1], "d", 1), 1);
	assert_int_equal(kq_one(b->t, b->kq).data, 4);
	kq_none(b->t, b->kq);
	/* Touching it evaluates it again. */
	assert_int_equal(kq_change(b->t, b->kq, (uint64_t)b->s[0], EVFILT_READ, EV_ADD | EV_CLEAR, 0, 0, 0), 0);
	assert_int_equal(kq_one(b->t, b->kq).data, 4);
	assert_int_equal(read(b->s[0], buf, 8), 4);
	kq_none(b->t, b->kq);
}

static void
ev_oneshot_is_deleted_by_its_event(void **state)
{
	struct bench *b = *state;

	assert_int_equal(write(b->p[1], "x", 1), 1);
	assert_int_equal(kq_change(b->t, b->kq, (uint64_t)b->p[0], EVFILT_READ, EV_ADD | EV_ONESHOT, 0, 0, 5), 0);
	assert_int_equal(kq_one(b->t, b->kq).flags, EV_ONESHOT);
	kq_none(b->t, b->kq);
	assert_int_equal(kq_change(b->t, b->kq, (uint64_t)b->p[0], EVFILT_READ, EV_DELETE, 0, 0, 0), -ENOENT);
}

static void
ev_dispatch_disables_until_enabled(void **state)
{
	struct bench *b = *state;

	assert_int_equal(write(b->p[1], "x", 1), 1);
	assert_int_equal(kq_change(b->t, b->kq, (uint64_t)b->p[0], EVFILT_READ, EV_ADD | EV_DISPATCH, 0, 0, 5), 0);
	assert_int_equal(kq_one(b->t, b->kq).flags, EV_DISPATCH);
	kq_none(b->t, b->kq);
	assert_int_equal(kq_change(b->t, b->kq, (uint64_t)b->p[0], EVFILT_READ, EV_ENABLE | EV_KEEPUDATA, 0, 0, 9), 0);
	assert_int_equal(kq_one(b->t, b->kq).udata, 5);
	assert_int_equal(kq_change(b->t, b->kq, (uint64_t)b->p[0], EVFILT_READ, EV_ENABLE, 0, 0, 9), 0);
	assert_int_equal(kq_one(b->t, b->kq).udata, 9);
}

static void
a_disabled_event_is_kept_until_enabled(void **state)
{
	struct bench *b = *state;

	assert_int_equal(kq_change(b->t, b->kq, (uint64_t)b->p[0], EVFILT_READ, EV_ADD | EV_DISABLE, 0, 0, 0), 0);
	assert_int_equal(write(b->p[1], "x", 1), 1);
	kq_none(b->t, b->kq);
	assert_int_equal(kq_change(b->t, b->kq, (uint64_t)b->p[0], EVFILT_READ, EV_ENABLE, 0, 0, 0), 0);
	assert_int_equal(kq_one(b->t, b->kq).data, 1);
	assert_int_equal(kq_change(b->t, b->kq, (uint64_t)b->p[0], EVFILT_READ, EV_DISABLE, 0, 0, 0), 0);
	kq_none(b->t, b->kq);
}

static void
ev_forceoneshot_fires_at_once(void **state)
{
	struct bench *b = *state;

	assert_int_equal(kq_change(b->t, b->kq, (uint64_t)b->p[0], EVFILT_READ, EV_ADD, 0, 0, 0), 0);
	assert_int_equal(kq_change(b->t, b->kq, (uint64_t)b->p[0], EVFILT_READ, EV_FORCEONESHOT, 0, 0, 3), 0);
	assert_int_equal(kq_one(b->t, b->kq).flags, EV_ONESHOT);
	kq_none(b->t, b->kq);
	assert_int_equal(kq_change(b->t, b->kq, (uint64_t)b->p[0], EVFILT_READ, EV_DELETE, 0, 0, 0), -ENOENT);
}

static void
a_kqueue_in_a_kqueue_counts_its_events(void **state)
{
	struct bench *b = *state;
	int in = (int)kq_bench_kqueue(b->t);
	struct pollfd p = {.fd = in, .events = POLLIN};
	struct fbsd_kevent e;

	assert_int_equal(kq_change(b->t, b->kq, (uint64_t)in, EVFILT_WRITE, EV_ADD, 0, 0, 0), -EINVAL);
	assert_int_equal(kq_change(b->t, b->kq, (uint64_t)in, EVFILT_READ, EV_ADD, 0, 0, 0), 0);
	kq_none(b->t, b->kq);
	assert_int_equal(kq_change(b->t, in, 1, EVFILT_USER, EV_ADD | EV_CLEAR, 0, 0, 0), 0);
	assert_int_equal(kq_change(b->t, in, (uint64_t)b->p[0], EVFILT_READ, EV_ADD, 0, 0, 0), 0);
	assert_int_equal(poll(&p, 1, 0), 0);
	assert_int_equal(kq_change(b->t, in, 1, EVFILT_USER, 0, NOTE_TRIGGER, 0, 0), 0);
	assert_int_equal(poll(&p, 1, 0), 1);
	assert_int_equal(write(b->p[1], "x", 1), 1);
	e = kq_one(b->t, b->kq);
	assert_int_equal(e.ident, in);
	assert_int_equal(e.data, 2);
	assert_int_equal(kq_one(b->t, b->kq).data, 2);
	kq_guest_close(b, &b->p[1]);
	kq_guest_close(b, &b->p[0]);
	(void)kq_one(b->t, in);
	kq_none(b->t, b->kq);
	kq_guest_close(b, &in);
}

static void
user_events_carry_flags_as_controlled(void **state)
{
	struct bench *b = *state;
	static const struct {
		uint32_t fflags, want;
	} step[] = {{NOTE_FFCOPY | 0xf0, 0xf0}, {NOTE_FFOR | 0x3, 0xf3},    {NOTE_FFAND | 0x31, 0x31},
	            {0x7, 0x31},               {NOTE_FFCOPY | 0x5, 0x5}};
	struct fbsd_kevent e;

	assert_int_equal(kq_change(b->t, b->kq, 1, EVFILT_USER, EV_ADD | EV_CLEAR, 0x1, 0, 42), 0);
	kq_none(b->t, b->kq);
	for (unsigned i = 0; i < sizeof(step) / sizeof(*step); i++) {
		assert_int_equal(kq_change(b->t, b->kq, 1, EVFILT_USER, EV_KEEPUDATA, step[i].fflags, 0, 0), 0);
		kq_none(b->t, b->kq);
		assert_int_equal(kq_change(b->t, b->kq, 1, EVFILT_USER, EV_KEEPUDATA, NOTE_TRIGGER, 7, 0), 0);
		e = kq_one(b->t, b->kq);
		assert_int_equal(e.fflags, step[i].want);
		assert_int_equal(e.data, 7);
		assert_int_equal(e.udata, 42);
		kq_none(b->t, b->kq);
	}
}

static void
a_user_event_without_clear_stays(void **state)
{
	struct bench *b = *state;

	assert_int_equal(kq_change(b->t, b->kq, 1, EVFILT_USER, EV_ADD, 0, 0, 0), 0);
	assert_int_equal(kq_change(b->t, b->kq, 1, EVFILT_USER, 0, NOTE_TRIGGER, 0, 0), 0);
	(void)kq_one(b->t, b->kq);
	(void)kq_one(b->t, b->kq);
	assert_int_equal(kq_change(b->t, b->kq, 1, EVFILT_USER, EV_CLEAR, 0, 0, 0), 0);
	kq_none(b->t, b->kq);
}

static void *
trigger(void *arg)
{
	struct bench *b = arg;
	struct thread *t = kq_bench_sibling(b->t);

	assert_int_equal(kq_change(t, b->kq, 1, EVFILT_USER, EV_KEEPUDATA, NOTE_TRIGGER, 0, 0), 0);
	thread_free(t);
	return NULL;
}

static void
a_user_event_wakes_a_sleeper(void **state)
{
	struct bench *b = *state;
	pthread_t id;

	assert_int_equal(kq_change(b->t, b->kq, 1, EVFILT_USER, EV_ADD | EV_CLEAR, 0, 0, 3), 0);
	for (int i = 0; i < 200; i++) {
		assert_int_equal(pthread_create(&id, NULL, trigger, b), 0);
		assert_int_equal(kq_next(b->t, b->kq).udata, 3);
		pthread_join(id, NULL);
	}
	kq_none(b->t, b->kq);
}

static void *
wait_for_close(void *arg)
{
	struct bench *b = arg;
	struct thread *t = kq_bench_sibling(b->t);
	struct fbsd_kevent e;
	long r = kq_wait(t, b->kq, &e, 1, -1);

	thread_free(t);
	return (void *)r;
}

static void
closing_the_kqueue_wakes_its_sleepers_with_ebadf(void **state)
{
	struct bench *b = *state;
	pthread_t id[3];
	int same = dup(b->kq);
	void *r;

	fbsd_kq_fd_duped(b->t, b->kq, same);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&id[i], NULL, wait_for_close, b), 0);
	kq_none(b->t, same);
	kq_guest_close(b, &same); /* one descriptor is left */
	fbsd_kq_fd_closed(b->t, b->kq);
	for (int i = 0; i < 3; i++) {
		pthread_join(id[i], &r);
		assert_int_equal((long)r, -EBADF);
	}
	assert_int_equal(kq_change(b->t, b->kq, 1, EVFILT_USER, EV_ADD, 0, 0, 0), -EBADF);
}

static void
timers_fire_in_every_unit_and_count(void **state)
{
	struct bench *b = *state;
	static const struct {
		uint32_t unit;
		int64_t data;
	} row[] = {{0, 2}, {NOTE_USECONDS, 2000}, {NOTE_NSECONDS, 2000000}};
	struct fbsd_kevent e;

	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(kq_change(b->t, b->kq, i, EVFILT_TIMER, EV_ADD, row[i].unit, row[i].data, 0), 0);
		e = kq_next(b->t, b->kq);
		assert_int_equal(e.ident, i);
		assert_int_equal(e.flags, EV_CLEAR); /* set by the filter */
		assert_true(e.data >= 1);
		assert_true(kq_next(b->t, b->kq).data >= 1); /* periodic */
		assert_int_equal(kq_change(b->t, b->kq, i, EVFILT_TIMER, EV_DELETE, 0, 0, 0), 0);
	}
	kq_none(b->t, b->kq);
}

static void
a_oneshot_timer_fires_once(void **state)
{
	struct bench *b = *state;
	struct fbsd_kevent e;

	assert_int_equal(kq_change(b->t, b->kq, 1, EVFILT_TIMER, EV_ADD | EV_ONESHOT, 0, 1, 9), 0);
	e = kq_next(b->t, b->kq);
	assert_int_equal(e.data, 1);
	assert_int_equal(e.udata, 9);
	assert_int_equal(kq_change(b->t, b->kq, 1, EVFILT_TIMER, EV_DELETE, 0, 0, 0), -ENOENT);
	assert_int_equal(kq_change(b->t, b->kq, 1, EVFILT_TIMER, EV_ADD | EV_ONESHOT, 0, 0, 9), 0); /* at once */
	assert_int_equal(kq_next(b->t, b->kq).data, 1);
}

static void
an_absolute_timer_in_the_past_fires_at_once_and_stays(void **state)
{
	struct bench *b = *state;

	assert_int_equal(kq_change(b->t, b->kq, 1, EVFILT_TIMER, EV_ADD, NOTE_ABSTIME | NOTE_SECONDS, 1000, 0), 0);
	assert_int_equal(kq_next(b->t, b->kq).data, 1);
	assert_int_equal(kq_next(b->t, b->kq).data, 1);
	assert_int_equal(kq_change(b->t, b->kq, 1, EVFILT_TIMER, EV_ADD, NOTE_ABSTIME | NOTE_SECONDS, time(NULL) + 3600, 0),
	                 0);
	kq_none(b->t, b->kq); /* added again: what had expired is forgotten */
}

static void
bad_timers_are_refused(void **state)
{
	struct bench *b = *state;

	assert_int_equal(kq_change(b->t, b->kq, 1, EVFILT_TIMER, EV_ADD, 0, -1, 0), -EINVAL);
	assert_int_equal(kq_change(b->t, b->kq, 1, EVFILT_TIMER, EV_ADD, 0x20, 1, 0), -EINVAL);
	assert_int_equal(kq_change(b->t, b->kq, 1, EVFILT_TIMER, EV_ADD, NOTE_SECONDS | NOTE_USECONDS, 1, 0), -EINVAL);
	assert_int_equal(kq_change(b->t, b->kq, 1, EVFILT_TIMER, EV_ADD, NOTE_SECONDS, INT64_MAX, 0), 0);
}

static void
of_many_timers_each_fires_once(void **state)
{
	struct bench *b = *state;
	unsigned seed = (unsigned)time(NULL);

	print_message("seed %u\n", seed);
	srand(seed);
	for (unsigned i = 0; i < 300; i++) {
		int64_t us = rand() % 3000;

		assert_int_equal(kq_change(b->t, b->kq, i, EVFILT_TIMER, EV_ADD | EV_ONESHOT, NOTE_USECONDS, us, 0), 0);
	}
	for (unsigned i = 0; i < 300; i += 3)
		assert_int_equal(kq_change(b->t, b->kq, i, EVFILT_TIMER, EV_DELETE, 0, 0, 0), 0);
	for (unsigned i = 0; i < 200; i++)
		assert_int_not_equal(kq_next(b->t, b->kq).ident % 3, 0);
	kq_none(b->t, b->kq);
}

static void
old_programs_have_short_events(void **state)
{
	struct bench *b = *state;
	struct fbsd_kevent11 *k = (void *)KQ_MEM;

	memset(k, 0xee, 3 * sizeof(*k));
	k[0] = (struct fbsd_kevent11){.ident = 1, .filter = EVFILT_USER, .flags = EV_ADD | EV_CLEAR, .udata = 8};
	k[1] = (struct fbsd_kevent11){.ident = 1, .filter = EVFILT_USER, .fflags = NOTE_TRIGGER | NOTE_FFCOPY | 6, .udata = 9};
	assert_int_equal(fbsd_freebsd11_kevent(b->t, b->kq, KQ_MEM, 2, KQ_MEM + 32, 1, 0), 1);
	assert_int_equal(k[1].ident, 1);
	assert_int_equal(k[1].fflags, 6);
	assert_int_equal(k[1].udata, 9);
	assert_int_equal(k[2].ident, 0xeeeeeeeeeeeeeeeeull);
}

static void
a_vfork_child_has_no_kqueues(void **state)
{
	struct bench *b = *state;

	b->t->task->vfork_child = true;
	assert_int_equal(kq_change(b->t, b->kq, 1, EVFILT_USER, EV_ADD, 0, 0, 0), -EBADF);
	b->t->task->vfork_child = false;
}

static void
little_room_starves_nothing(void **state)
{
	struct bench *b = *state;
	struct fbsd_kevent e;

	assert_int_equal(write(b->p[1], "x", 1), 1);
	assert_int_equal(kq_change(b->t, b->kq, (uint64_t)b->p[0], EVFILT_READ, EV_ADD, 0, 0, 0), 0);
	assert_int_equal(kq_change(b->t, b->kq, 1, EVFILT_USER, EV_ADD, 0, 0, 0), 0);
	assert_int_equal(kq_change(b->t, b->kq, 1, EVFILT_USER, 0, NOTE_TRIGGER, 0, 0), 0);
	assert_int_equal(kq_change(b->t, b->kq, 2, EVFILT_TIMER, EV_ADD | EV_ONESHOT, NOTE_USECONDS, 100, 0), 0);
	do
		e = kq_next(b->t, b->kq); /* one at a time, two of which stay */
	while (e.filter != EVFILT_TIMER);
}

#define T(f) cmocka_unit_test_setup_teardown(f, kq_bench_setup, kq_bench_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_change_of_what_is_not_registered_is_enoent),
	    T(bad_changes_are_refused),
	    T(a_failed_change_is_an_error_event_when_there_is_room),
	    T(a_receipt_without_room_stops_the_change_list),
	    T(counts_and_timeouts_are_checked),
	    T(ev_clear_reports_only_what_is_new),
	    T(ev_oneshot_is_deleted_by_its_event),
	    T(ev_dispatch_disables_until_enabled),
	    T(a_disabled_event_is_kept_until_enabled),
	    T(ev_forceoneshot_fires_at_once),
	    T(a_kqueue_in_a_kqueue_counts_its_events),
	    T(user_events_carry_flags_as_controlled),
	    T(a_user_event_without_clear_stays),
	    T(little_room_starves_nothing),
	    T(a_user_event_wakes_a_sleeper),
	    T(closing_the_kqueue_wakes_its_sleepers_with_ebadf),
	    T(timers_fire_in_every_unit_and_count),
	    T(a_oneshot_timer_fires_once),
	    T(an_absolute_timer_in_the_past_fires_at_once_and_stays),
	    T(bad_timers_are_refused),
	    T(of_many_timers_each_fires_once),
	    T(old_programs_have_short_events),
	    T(a_vfork_child_has_no_kqueues),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
