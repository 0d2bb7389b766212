/*
 * EVFILT_PROC: forks, execs, exits, whole trees.
 * Source: FreeBSD manual kqueue(2); filt_procattach, filt_proc and knote_fork of sys/kern/kern_event.c.
 */
#include "../kit/signals.h"

enum { SYS_kqueue = 362, SYS_kevent = 560, PROC = -5 };
enum { EV_ADD = 1, EV_DELETE = 2, EV_ONESHOT = 0x10, EV_CLEAR = 0x20, EV_EOF = 0x8000 };
#define NOTE_EXIT  0x80000000u
#define NOTE_FORK  0x40000000u
#define NOTE_EXEC  0x20000000u
#define NOTE_TRACK 1u
#define NOTE_CHILD 4u

struct kevent {
	uint64_t ident;
	int16_t filter;
	uint16_t flags;
	uint32_t fflags;
	int64_t data;
	uint64_t udata, ext[4];
};

static struct kevent out[16];

static int64_t
add(int64_t kq, int64_t pid, uint32_t fflags)
{
	struct kevent k = {.ident = (uint64_t)pid, .filter = PROC, .flags = EV_ADD, .fflags = fflags, .udata = 0x77};

	return sys(SYS_kevent, kq, &k, 1, 0, 0, 0);
}

static int64_t
now(int64_t kq)
{
	struct timespec zero = {0, 0};

	return sys(SYS_kevent, kq, 0, 0, out, 16, &zero);
}

/* Wait for one event of process @pid, or of any when that is 0. */
static struct kevent *
next(int64_t kq)
{
	return sys(SYS_kevent, kq, 0, 0, out, 1, 0) == 1 ? out : &(struct kevent){0};
}

/* A child that does @what after a byte has come. */
struct held {
	int go[2];
	int64_t pid;
};

static bool
hold(struct held *h)
{
	char c;

	if (sys(SYS_pipe2, h->go, 0) < 0)
		return false;
	h->pid = sys(SYS_fork);
	if (h->pid == 0)
		sys(SYS_read, h->go[0], &c, 1);
	return h->pid == 0;
}

static void
release(struct held *h)
{
	sys(SYS_write, h->go[1], "", 1);
	sys(SYS_close, h->go[0]), sys(SYS_close, h->go[1]);
}

static void
own_forks_are_told_before_fork_returns(void)
{
	int64_t kq = sys(SYS_kqueue), me = sys(SYS_getpid), pid;

	CHECK_EQ(add(kq, me, NOTE_FORK), 0);
	CHECK_EQ(now(kq), 0);
	for (int i = 0; i < 2; i++) {
		pid = i ? kit_vfork() : sys(SYS_fork);
		if (pid == 0)
			call(SYS_exit, 0);
		CHECK_EQ(now(kq), 1);
		CHECK_EQ(out[0].ident, me);
		CHECK_EQ(out[0].fflags, NOTE_FORK);
		CHECK_EQ(out[0].flags, EV_CLEAR); /* set by the filter */
		CHECK_EQ(out[0].data, 0);
		CHECK_EQ(out[0].udata, 0x77);
		CHECK_EQ(now(kq), 0);
		CHECK_EQ(status_of(pid, 0), 0);
	}
	CHECK_EQ(now(kq), 0); /* nothing of the children */
	sys(SYS_close, kq);
}

static void
a_childs_forks_and_execs_are_told(void)
{
	int64_t kq = sys(SYS_kqueue);
	char *argv[] = {"again", "ends_with_9", 0}, *bad[] = {"x", 0};
	struct held h;
	struct kevent *e;

	if (hold(&h)) {
		int64_t pid = sys(SYS_fork);

		if (pid == 0)
			call(SYS_exit, 0);
		sys(SYS_wait4, pid, 0, 0, 0);
		call(SYS_execve, "/nonexistent", bad, 0); /* an exec that fails tells nothing */
		call(SYS_execve, kit_aux(15 /* AT_EXECPATH */), argv, kit_envp);
		call(SYS_exit, 1);
	}
	CHECK_EQ(add(kq, h.pid, NOTE_FORK | NOTE_EXEC | NOTE_EXIT), 0);
	CHECK_EQ(now(kq), 0);
	release(&h);
	uint32_t seen = 0;
	do {
		e = next(kq);
		CHECK_EQ(e->ident, h.pid);
		seen |= e->fflags;
	} while (!(e->flags & EV_EOF));
	CHECK_EQ(seen, NOTE_FORK | NOTE_EXEC | NOTE_EXIT);
	CHECK_EQ(e->data, 9 << 8);
	CHECK_EQ(status_of(h.pid, 0), 9 << 8);
	CHECK_EQ(now(kq), 0);
	sys(SYS_close, kq);
}

/* What the test before execs. */
static void
ends_with_9(void)
{
	if (kit_argc == 2)
		call(SYS_exit, 9);
}

enum { READ = -1, SIGNAL = -6, TIMER = -7, USER = -11, EV_DISPATCH = 0x80 };
#define NOTE_TRIGGER 0x01000000u
enum { KQ = 100, INNER, SAME, CLOSED, PIPE, SHUT = PIPE + 2 };

static int64_t
put(int64_t kq, uint64_t ident, int filter, int flags, uint32_t fflags, int64_t data)
{
	struct kevent k = {ident, (int16_t)filter, (uint16_t)flags, fflags, data, ident, {1, 2, 3, 4}};

	return sys(SYS_kevent, kq, &k, 1, 0, 0, 0);
}

/* fdcloseexec of sys/kern/kern_descrip.c closes what has the flag, and nothing else: kqueues stay, with their notes. */
static void
kqueues_stay_over_exec(void)
{
	char *argv[] = {"again", "with_kqueues", 0};
	int64_t pid = sys(SYS_fork);
	int fd[2];

	if (pid == 0) {
		sys(SYS_dup2, sys(SYS_kqueue), KQ), sys(SYS_dup2, sys(SYS_kqueue), INNER);
		sys(SYS_dup2, sys(SYS_kqueue), CLOSED), sys(SYS_dup2, KQ, SAME);
		sys(SYS_pipe2, fd, 0);
		for (int i = 0; i < 4; i++)
			sys(SYS_dup2, fd[i & 1], PIPE + i);
		sys(SYS_fcntl, SHUT, 2 /* F_SETFD */, 1), sys(SYS_fcntl, CLOSED, 2, 1);
		put(KQ, PIPE, READ, EV_ADD, 0, 0);
		put(KQ, SHUT, READ, EV_ADD, 0, 0);
		put(KQ, 1, USER, EV_ADD | EV_CLEAR, 0x77, 0), put(KQ, 1, USER, 0, NOTE_TRIGGER, 8);
		put(KQ, 2, USER, EV_ADD | EV_CLEAR, 0, 0);
		put(KQ, 3, TIMER, EV_ADD | EV_ONESHOT, 0, 1);
		put(KQ, 4, TIMER, EV_ADD, 1 /* NOTE_SECONDS */, 3600);
		put(KQ, SIGUSR1, SIGNAL, EV_ADD, 0, 0);
		put(KQ, INNER, READ, EV_ADD, 0, 0);
		put(INNER, PIPE, READ, EV_ADD | EV_CLEAR, 0, 0);
		sys(SYS_write, PIPE + 1, "abc", 3);
		call(SYS_execve, kit_aux(15 /* AT_EXECPATH */), argv, kit_envp);
		call(SYS_exit, 1);
	}
	CHECK_EQ(status_of(pid, 0), 0);
}

/* Its other half. */
static void
with_kqueues(void)
{
	struct sigaction ign = {.handler = (void *)1};
	uint32_t seen[5] = {0};
	int64_t n = 0;

	if (kit_argc != 2)
		return;
	sys(SYS_sigaction, SIGUSR1, &ign, 0);
	CHECK_EQ(put(CLOSED, 1, USER, EV_ADD, 0, 0), -EBADF);
	CHECK_EQ(put(SAME, SHUT, READ, EV_DELETE, 0, 0), -EBADF); /* the descriptor is closed */
	sys(SYS_kill, sys(SYS_getpid), SIGUSR1);
	while (n < 5) {
		struct kevent *e = next(KQ);

		int which = e->filter == READ ? e->ident == INNER : e->filter == USER ? 2 : e->filter == TIMER ? 3 : 4;

		CHECK_EQ(e->udata, e->ident);
		CHECK(which < 2 || !seen[which]);
		n += !seen[which];
		seen[which] = 1;
		switch (which) {
		case 0:
			CHECK(e->ident == PIPE && e->data == 3);
			break;
		case 2:
			CHECK(e->ident == 1 && e->fflags == 0x77 && e->data == 8 && e->ext[2] == 3);
			break;
		case 3:
			CHECK_EQ(e->ident, 3);
			break;
		}
		if (which)
			CHECK_EQ(e->data, which == 2 ? 8 : 1);
	}
	CHECK_EQ(now(INNER), 1);
	CHECK_EQ(out[0].data, 3);
	CHECK_EQ(now(INNER), 0);
	CHECK_EQ(put(KQ, 4, TIMER, EV_DELETE, 0, 0), 0);
	CHECK_EQ(put(KQ, 2, USER, EV_DELETE, 0, 0), 0);
	sys(SYS_close, KQ);
	CHECK_EQ(put(SAME, 3, TIMER, EV_DELETE, 0, 0), -ENOENT);
}

static void
what_was_not_asked_for_is_not_told(void)
{
	int64_t kq = sys(SYS_kqueue);
	struct held h;

	if (hold(&h)) {
		int64_t pid = sys(SYS_fork);

		if (pid)
			sys(SYS_wait4, pid, 0, 0, 0);
		call(SYS_exit, 0);
	}
	CHECK_EQ(add(kq, h.pid, NOTE_EXEC), 0);
	release(&h);
	CHECK_EQ(status_of(h.pid, 0), 0);
	CHECK_EQ(now(kq), 0);
	CHECK_EQ(add(kq, h.pid, NOTE_EXIT), -ESRCH); /* the note went with the process: this is a new one */
	sys(SYS_close, kq);
}

static void
grow_tree(void)
{
	for (int i = 0; i < 2; i++) {
		int64_t p = sys(SYS_fork), q;

		if (p == 0) {
			q = i ? kit_vfork() : sys(SYS_fork);
			if (q == 0)
				call(SYS_exit, 20 + i);
			sys(SYS_wait4, q, 0, 0, 0);
			call(SYS_exit, 10 + i);
		}
		sys(SYS_wait4, p, 0, 0, 0);
	}
	call(SYS_exit, 3);
}

/* A child, its two children and a grandchild of each: every one is told of with its parent, and every end once. */
static void
trees_are_followed(void)
{
	int64_t kq = sys(SYS_kqueue), pid[8], parent[8];
	struct held h;
	int n = 1, ends = 0, forks = 0;

	if (hold(&h))
		grow_tree();
	CHECK_EQ(add(kq, h.pid, NOTE_TRACK | NOTE_FORK | NOTE_EXIT), 0);
	pid[0] = h.pid, parent[0] = 0;
	release(&h);
	while (ends < 5) {
		struct kevent *e = next(kq);
		int at = 0;

		CHECK_EQ(e->udata, 0x77);
		if (e->fflags & NOTE_CHILD) {
			CHECK_EQ(e->fflags, NOTE_CHILD);
			CHECK(n < 5);
			pid[n] = (int64_t)e->ident, parent[n++] = e->data;
			continue;
		}
		while (at < n && pid[at] != (int64_t)e->ident)
			at++;
		CHECK(at < n);
		forks += !!(e->fflags & NOTE_FORK);
		if (e->fflags & NOTE_EXIT) {
			static const int codes[] = {3, 10, 11, 20, 21};
			int k = 0;

			while (k < 5 && codes[k] << 8 != e->data)
				k++;
			CHECK(k < 5); /* also of those that are not children of ours */
			CHECK(e->flags & EV_EOF);
			ends++;
			pid[at] = -1 - pid[at];
		}
	}
	CHECK_EQ(n, 5);
	CHECK(forks >= 3);
	for (int i = 1; i < n; i++) {
		int k = 0;

		while (k < n && -1 - pid[k] != parent[i])
			k++;
		CHECK(k < n && k != i);
	}
	CHECK_EQ(status_of(h.pid, 0), 3 << 8);
	CHECK_EQ(now(kq), 0);
	sys(SYS_close, kq);
}

static void
strangers_and_the_dead(void)
{
	int64_t kq = sys(SYS_kqueue), pid = sys(SYS_fork);

	if (pid == 0)
		call(SYS_exit, 0);
	CHECK_EQ(add(kq, 1 << 30, NOTE_EXIT), -ESRCH);
	CHECK_EQ(add(kq, pid, NOTE_EXIT), 0);
	CHECK(next(kq)->fflags == NOTE_EXIT);
	CHECK_EQ(add(kq, pid, NOTE_FORK), -ESRCH); /* a zombie is found by who waits for exits only */
	CHECK_EQ(add(kq, pid, NOTE_EXIT), 0);
	CHECK_EQ(now(kq), 1);
	CHECK_EQ(out[0].flags, EV_EOF | EV_ONESHOT | EV_CLEAR);
	CHECK_EQ(status_of(pid, 0), 0);
	sys(SYS_close, kq);
}

static void
a_note_without_exit_goes_with_its_process(void)
{
	int64_t kq = sys(SYS_kqueue);
	struct kevent del = {.filter = PROC, .flags = EV_DELETE};
	struct held h;

	if (hold(&h))
		call(SYS_exit, 0);
	CHECK_EQ(add(kq, h.pid, NOTE_FORK), 0);
	del.ident = (uint64_t)h.pid;
	release(&h);
	CHECK_EQ(status_of(h.pid, 0), 0);
	CHECK_EQ(now(kq), 0);
	CHECK_ERR(ENOENT, SYS_kevent, kq, &del, 1, 0, 0, 0);
	sys(SYS_close, kq);
}

/* Each is told everything, in whatever order they came and went. */
static void
a_process_has_many_watchers(void)
{
	int64_t kq[20];
	struct held h;

	if (hold(&h)) {
		int64_t pid = sys(SYS_fork);

		if (pid == 0)
			call(SYS_exit, 0);
		sys(SYS_wait4, pid, 0, 0, 0);
		call(SYS_exit, 3);
	}
	for (int i = 0; i < 20; i++) {
		kq[i] = sys(SYS_kqueue);
		CHECK_EQ(add(kq[i], h.pid, NOTE_FORK | NOTE_EXIT), 0);
	}
	for (int i = 0; i < 20; i += 3)
		sys(SYS_close, kq[i]);
	release(&h);
	for (int i = 0; i < 20; i++) {
		uint32_t seen = 0;

		while (i % 3 && !(seen & NOTE_EXIT)) {
			struct kevent *e = next(kq[i]);

			CHECK_EQ(e->ident, h.pid);
			seen |= e->fflags;
		}
		if (i % 3) {
			CHECK_EQ(seen, NOTE_FORK | NOTE_EXIT);
			sys(SYS_close, kq[i]);
		}
	}
	CHECK_EQ(status_of(h.pid, 0), 3 << 8);
}

const struct test tests[] = {
    {"own_forks_are_told_before_fork_returns", own_forks_are_told_before_fork_returns},
    {"a_childs_forks_and_execs_are_told", a_childs_forks_and_execs_are_told},
    {"ends_with_9", ends_with_9},
    {"kqueues_stay_over_exec", kqueues_stay_over_exec},
    {"with_kqueues", with_kqueues},
    {"what_was_not_asked_for_is_not_told", what_was_not_asked_for_is_not_told},
    {"trees_are_followed", trees_are_followed},
    {"strangers_and_the_dead", strangers_and_the_dead},
    {"a_note_without_exit_goes_with_its_process", a_note_without_exit_goes_with_its_process},
    {"a_process_has_many_watchers", a_process_has_many_watchers},
    {0},
};
