/*
 * Threads that wait on one kqueue while others add, trigger, delete and close: every event is delivered as often as its
 * flags say, none is lost, none is doubled.
 * Source: FreeBSD manual kqueue(2) on EV_ONESHOT, EV_DISPATCH and EV_CLEAR.
 */
#include "../kit/stress.h"
#include "../kit/threads.h"

enum { SYS_kqueue = 362, SYS_kevent = 560, SYS_socketpair = 135 };
enum { READ = -1, TIMER = -7, USER = -11 };
enum { EV_ADD = 1, EV_DELETE = 2, EV_ENABLE = 4, EV_ONESHOT = 0x10, EV_CLEAR = 0x20, EV_DISPATCH = 0x80 };
#define NOTE_TRIGGER  0x01000000u
#define NOTE_USECONDS 4u

#define WAITERS 4
#define DRIVERS 4
#define MOST    262144
#define QUIT    (~0ull)
#define LIMIT   20 /* seconds without an event: one was lost */

struct kevent {
	uint64_t ident;
	int16_t filter;
	uint16_t flags;
	uint32_t fflags;
	int64_t data;
	uint64_t udata, ext[4];
};

static int64_t kq;
static uint64_t rounds, seed;
static volatile uint32_t delivered[MOST], inside[MOST];
static volatile uint32_t total, deleted, maybe, broken;
static void (*take)(struct kevent *e);
static struct kthread waiter[WAITERS], driver[DRIVERS];

static void
broke(uint32_t what)
{
	cas(&broken, 0, what);
}

static int64_t
change(uint64_t ident, int filter, int flags, uint32_t fflags, int64_t data, uint64_t udata)
{
	struct kevent k = {ident, (int16_t)filter, (uint16_t)flags, fflags, data, udata, {0}};

	return sys(SYS_kevent, kq, &k, 1, 0, 0, 0);
}

static void
wait_for_events(void *arg)
{
	struct kevent e[3];

	(void)arg;
	for (;;) {
		struct timespec limit = {LIMIT, 0};
		int64_t n = sys(SYS_kevent, kq, 0, 0, e, 3, &limit);

		if (n == -EINTR)
			continue;
		if (n <= 0) {
			broke(1);
			return;
		}
		bool quit = false;
		for (int64_t i = 0; i < n; i++) {
			if (e[i].udata == QUIT)
				quit = true;
			else if (e[i].udata >= MOST)
				broke(2);
			else
				take(&e[i]);
		}
		if (quit)
			return;
	}
}

static void
begin(uint64_t quick, void (*taker)(struct kevent *))
{
	rounds = stress_begin(quick, &seed);
	if (rounds > MOST / DRIVERS)
		rounds = MOST / DRIVERS;
	memset((void *)delivered, 0, sizeof(delivered));
	memset((void *)inside, 0, sizeof(inside));
	total = deleted = maybe = broken = 0;
	take = taker;
	kq = sys(SYS_kqueue);
	for (int i = 0; i < WAITERS; i++)
		if (spawn(&waiter[i], wait_for_events, 0))
			broke(3);
}

static void
drive(void (*fn)(void *))
{
	for (long i = 0; i < DRIVERS; i++)
		if (spawn(&driver[i], fn, (void *)i))
			broke(4);
	for (int i = 0; i < DRIVERS; i++)
		join(&driver[i]);
}

static void
until_total(uint32_t n)
{
	while (total < n && !broken)
		sys(SYS_sched_yield);
}

/* All waiters see this one: it is neither cleared nor once. */
static void
end(void)
{
	change(0, USER, EV_ADD, 0, 0, QUIT);
	change(0, USER, 0, NOTE_TRIGGER, 0, QUIT);
	for (int i = 0; i < WAITERS; i++)
		join(&waiter[i]);
	sys(SYS_close, kq);
}

static void
count(struct kevent *e)
{
	__sync_fetch_and_add(&delivered[e->udata], 1);
	__sync_fetch_and_add(&total, 1);
}

static bool
all_once(uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (delivered[i] != 1)
			return false;
	return true;
}

static void
make_and_trigger(void *arg)
{
	for (uint64_t i = 0; i < rounds; i++) {
		uint64_t id = (uint64_t)arg * rounds + i;

		if (change(id + 1, USER, EV_ADD | EV_ONESHOT, 0, 0, id) || change(id + 1, USER, 0, NOTE_TRIGGER, 0, id))
			broke(5);
	}
}

static void
oneshot_is_delivered_once(void)
{
	begin(4000, count);
	int64_t storm = storm_begin();
	drive(make_and_trigger);
	until_total((uint32_t)(DRIVERS * rounds));
	end();
	uint64_t hits = storm_end();
	CHECK_EQ(storm, 0);
	CHECK(hits > 0);
	CHECK_EQ(broken, 0);
	CHECK_EQ(total, DRIVERS * rounds);
	CHECK(all_once((uint32_t)(DRIVERS * rounds)));
}

/* It stays triggered: enabling it is enough for the next delivery, and nobody else has it until then, trigger it who will. */
static void
take_dispatched(struct kevent *e)
{
	uint64_t id = e->udata;

	if (__sync_fetch_and_add(&inside[id], 1))
		broke(6);
	if (change(e->ident, USER, 0, NOTE_TRIGGER, 0, id))
		broke(18);
	if (++delivered[id] % 8 == 0)
		sys(SYS_sched_yield);
	__sync_fetch_and_sub(&inside[id], 1);
	__sync_fetch_and_add(&total, 1);
	if (delivered[id] < rounds && change(e->ident, USER, EV_ENABLE, 0, 0, id))
		broke(7);
}

static void
trigger_dispatched(void *arg)
{
	for (uint64_t i = 0; i < 4; i++) {
		uint64_t id = (uint64_t)arg * 4 + i;

		if (change(id + 1, USER, EV_ADD | EV_DISPATCH, 0, 0, id) || change(id + 1, USER, 0, NOTE_TRIGGER, 0, id))
			broke(8);
	}
}

static void
dispatch_is_delivered_to_one_at_a_time(void)
{
	begin(1500, take_dispatched);
	drive(trigger_dispatched);
	until_total((uint32_t)(4 * DRIVERS * rounds));
	end();
	CHECK_EQ(broken, 0);
	CHECK_EQ(total, 4 * DRIVERS * rounds);
	for (int i = 0; i < 4 * DRIVERS; i++)
		CHECK_EQ(delivered[i], rounds);
}

/* One trigger, one delivery: the next comes when the last was seen. */
static void
trigger_cleared(void *arg)
{
	uint64_t id = (uint64_t)arg;

	if (change(id + 1, USER, EV_ADD | EV_CLEAR, 0, 0, id))
		broke(9);
	for (uint32_t i = 1; i <= rounds && !broken; i++) {
		if (change(id + 1, USER, 0, NOTE_TRIGGER, 0, id))
			broke(10);
		while (delivered[id] < i && !broken)
			sys(SYS_sched_yield);
		if (delivered[id] > i)
			broke(11);
	}
}

static void
clear_is_delivered_once_a_trigger(void)
{
	begin(1500, count);
	drive(trigger_cleared);
	end();
	CHECK_EQ(broken, 0);
	CHECK_EQ(total, DRIVERS * rounds);
}

static int pair[DRIVERS][2];

/* Reads all there is: what comes after that is a new edge. */
static void
read_all(struct kevent *e)
{
	char buf[64];
	int64_t n;

	while ((n = sys(SYS_read, e->ident, buf, sizeof(buf))) > 0) {
		__sync_fetch_and_add(&delivered[e->udata], (uint32_t)n);
		__sync_fetch_and_add(&total, (uint32_t)n);
	}
	if (n != -EAGAIN)
		broke(12);
}

static void
write_bytes(void *arg)
{
	uint64_t state = stress_stream(seed, (long)arg);
	char buf[8] = {0};

	for (uint64_t i = 0; i < rounds;) {
		uint64_t n = 1 + random_next(&state) % 8;

		n = n > rounds - i ? rounds - i : n;
		int64_t r = sys(SYS_write, pair[(long)arg][1], buf, n);
		if (r > 0)
			i += (uint64_t)r;
		else if (r == -EAGAIN && !broken)
			sys(SYS_sched_yield);
		else
			return broke(13);
		/* Each second time the next write must not help out. */
		bool wait = random_next(&state) % 2;
		while (wait && delivered[(long)arg] < i && !broken)
			sys(SYS_sched_yield);
	}
}

static void
no_edge_of_a_socket_is_lost(void)
{
	begin(6000, read_all);
	for (int i = 0; i < DRIVERS; i++) {
		CHECK_OK(SYS_socketpair, 1, 1 | 0x20000000 /* SOCK_NONBLOCK */, 0, pair[i]);
		CHECK_EQ(change((uint64_t)pair[i][0], READ, EV_ADD | EV_CLEAR, 0, 0, (uint64_t)i), 0);
	}
	drive(write_bytes);
	until_total((uint32_t)(DRIVERS * rounds));
	end();
	for (int i = 0; i < DRIVERS; i++)
		sys(SYS_close, pair[i][0]), sys(SYS_close, pair[i][1]);
	CHECK_EQ(broken, 0);
	CHECK_EQ(total, DRIVERS * rounds);
}

/* Whether a note is delivered or deleted first is open, but it is one of the two; a close takes it silently. */
static void
add_and_delete(void *arg)
{
	uint64_t state = stress_stream(seed, (long)arg);

	for (uint64_t i = 0; i < rounds; i++) {
		uint64_t id = (uint64_t)arg * rounds + i;
		int fd[2];

		if (sys(SYS_pipe2, fd, 0))
			return broke(14);
		if (change((uint64_t)fd[0], READ, EV_ADD | EV_ONESHOT, 0, 0, id))
			broke(15);
		sys(SYS_write, fd[1], "x", 1);
		if (random_next(&state) % 2)
			sys(SYS_sched_yield);
		if (random_next(&state) % 2) {
			int64_t r = change((uint64_t)fd[0], READ, EV_DELETE, 0, 0, id);

			if (r != 0 && r != -ENOENT)
				broke(16);
			if (r == 0)
				__sync_fetch_and_add(&deleted, 1);
		} else {
			__sync_fetch_and_add(&maybe, 1);
			inside[id] = 1;
		}
		sys(SYS_close, fd[0]), sys(SYS_close, fd[1]);
	}
}

static void
deletes_and_deliveries_make_all(void)
{
	begin(2500, count);
	drive(add_and_delete);
	end();
	uint32_t n = (uint32_t)(DRIVERS * rounds), sure = 0;

	for (uint32_t i = 0; i < n; i++) {
		CHECK(delivered[i] <= 1);
		sure += inside[i] ? 0 : delivered[i];
	}
	CHECK_EQ(broken, 0);
	CHECK_EQ(sure + deleted, n - maybe);
}

static void
start_timers(void *arg)
{
	uint64_t state = stress_stream(seed, (long)arg);

	for (uint64_t i = 0; i < rounds; i++) {
		uint64_t id = (uint64_t)arg * rounds + i;

		if (change(id + 1, TIMER, EV_ADD | EV_ONESHOT, NOTE_USECONDS, (int64_t)(random_next(&state) % 2000), id))
			broke(17);
	}
}

static void
timers_fire_once(void)
{
	begin(2500, count);
	drive(start_timers);
	until_total((uint32_t)(DRIVERS * rounds));
	end();
	CHECK_EQ(broken, 0);
	CHECK(all_once((uint32_t)(DRIVERS * rounds)));
}

const struct test tests[] = {
    {"oneshot_is_delivered_once", oneshot_is_delivered_once},
    {"dispatch_is_delivered_to_one_at_a_time", dispatch_is_delivered_to_one_at_a_time},
    {"clear_is_delivered_once_a_trigger", clear_is_delivered_once_a_trigger},
    {"no_edge_of_a_socket_is_lost", no_edge_of_a_socket_is_lost},
    {"deletes_and_deliveries_make_all", deletes_and_deliveries_make_all},
    {"timers_fire_once", timers_fire_once},
    {0},
};
