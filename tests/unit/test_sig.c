/* Signal state of any OS: queues, dispositions as the host is told of them, who gets a signal, what is due. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi/core/sig.h"

/* A small OS: 1 ends, 2 is ignored, 3 stops, 4 continues, 5 has a core, 6 like host SIGXCPU; 65 and up queue. */
static const uint8_t classes[GSIG_MAX + 1] = {[2] = SIGC_IGNORE, [3] = SIGC_TTYSTOP, [4] = SIGC_CONT, [5] = SIGC_CORE, [7] = SIGC_IGNORE};
static const uint8_t to_guest[65] = {[SIGTERM] = 1, [SIGCHLD] = 2, [SIGTSTP] = 3, [SIGCONT] = 4, [SIGQUIT] = 5, [SIGXCPU] = 6,
                                     [SIGIO] = 7, [SIGSEGV] = 11};
static const uint8_t to_host[12] = {[1] = SIGTERM, [2] = SIGCHLD, [3] = SIGTSTP, [4] = SIGCONT, [5] = SIGQUIT, [6] = SIGXCPU,
                                    [7] = SIGIO, [11] = SIGSEGV};
static const struct signal_map map = {.to_guest = to_guest, .to_host = to_host, .n = 12};

static bool
arrived(struct thread *t, const struct inbox_item *it, struct gsiginfo *ret, struct thread **ret_to)
{
	(void)t, (void)ret_to;
	*ret = (struct gsiginfo){.signo = to_guest[it->signo], .code = it->code, .value = it->value};
	return ret->signo != 0;
}

static const struct sig_os queueing = {.map = &map, .classes = classes, .chld = 2, .rtmin = 65, .room = 8, .arrived = arrived};
static const struct sig_os coalescing = {
    .map = &map, .classes = classes, .chld = 2, .rtmin = 65, .room = 8, .arrived = arrived, .coalesce = true};

/* What the host was told last: 'C' caught, 'D' default, 'I' ignored. */
static char told[65];
static bool told_no_zombies;

static int
catch(int host, bool no_stops, bool no_zombies)
{
	(void)no_stops;
	told[host] = 'C';
	told_no_zombies = no_zombies;
	return 0;
}

static int
release(int host, bool ignore)
{
	told[host] = ignore ? 'I' : 'D';
	return 0;
}

static const struct task_hooks hooks = {.signal_catch = catch, .signal_release = release};

struct world {
	struct task task;
	struct sig_task sig;
	struct thread t[3];
	struct sig_thread st[3];
};

static struct world *
world(const struct sig_os *os, int nthreads)
{
	struct world *w = calloc(1, sizeof(*w));

	memset(told, 0, sizeof(told));
	pthread_mutex_init(&w->task.lock, NULL);
	w->task.hooks = &hooks;
	sig_task_init(&w->task, &w->sig, os);
	for (int i = nthreads; i-- > 0;) {
		w->t[i].task = &w->task;
		w->t[i].next = w->task.threads;
		w->task.threads = &w->t[i];
		w->t[i].tid = i;
		sig_thread_init(&w->t[i], &w->st[i], NULL);
	}
	w->task.nthreads = (uint32_t)nthreads;
	return w;
}

static void
action(struct world *w, int signo, enum sig_action a)
{
	pthread_mutex_lock(&w->task.lock);
	sig_set_action(&w->task, signo, a);
	pthread_mutex_unlock(&w->task.lock);
}

static struct gsigset
set_of(int a, int b)
{
	struct gsigset s = {{0, 0}};

	gsig_add(&s, a);
	if (b)
		gsig_add(&s, b);
	return s;
}

static int
post(struct world *w, struct thread *to, int signo, uint64_t value, bool must)
{
	return sig_post(&w->t[0], to, &(struct gsiginfo){.signo = signo, .value = value}, must);
}

static void
sets_know_all_128_numbers(void **state)
{
	(void)state;
	for (int s = 1; s <= GSIG_MAX; s++) {
		struct gsigset a = {{0, 0}};

		gsig_add(&a, s);
		assert_true(gsig_has(&a, s));
		assert_int_equal(gsig_lowest(a), s);
		gsig_del(&a, s);
		assert_true(gsig_empty(a));
		assert_int_equal(gsig_lowest(a), 0);
	}
}

static void
a_queue_keeps_order_within_a_number(void **state)
{
	struct sigq *q = calloc(1, sizeof(*q));
	struct gsiginfo si;

	(void)state;
	for (uint64_t v = 0; v < 6; v++)
		sigq_add(q, &(struct gsiginfo){.signo = v % 2 ? 70 : 10, .value = v}, true);
	sigq_add(q, &(struct gsiginfo){.signo = 10, .value = 9}, false);
	assert_true(sigq_take(q, 10, &si));
	assert_int_equal(si.value, 0); /* what had no room has only its number */
	for (uint64_t v = 0; v < 6; v += 2) {
		assert_true(gsig_has(&q->pending, 10));
		assert_true(sigq_take(q, 10, &si));
		assert_int_equal(si.value, v);
	}
	assert_false(sigq_take(q, 10, &si));
	assert_false(gsig_has(&q->pending, 10));
	sigq_remove(q, 1);
	assert_true(sigq_take(q, 70, &si) && si.value == 1);
	assert_true(sigq_take(q, 70, &si) && si.value == 5);
	assert_true(gsig_empty(q->pending));
	free(q);
}

static void
default_actions_are_the_hosts_until_one_could_tell(void **state)
{
	struct world *w = world(&queueing, 2);

	(void)state;
	for (int s = 1; s <= 7; s++)
		action(w, s, SIG_DEFAULT);
	assert_int_equal(told[SIGTERM], 'D');
	assert_int_equal(told[SIGCHLD], 'D');
	assert_int_equal(told[SIGTSTP], 'D');
	assert_int_equal(told[SIGCONT], 'D');
	assert_int_equal(told[SIGQUIT], 'C'); /* no core of ours */
	assert_int_equal(told[SIGXCPU], 'C'); /* the host's would be one with a core */
	assert_int_equal(told[SIGIO], 'I');   /* the host's would end us */
	sig_set_mask(&w->t[1], set_of(1, 3));
	assert_int_equal(told[SIGTERM], 'C');
	assert_int_equal(told[SIGTSTP], 'C');
	action(w, 1, SIG_REFUSE);
	assert_int_equal(told[SIGTERM], 'I');
	action(w, 1, SIG_HANDLE);
	assert_int_equal(told[SIGTERM], 'C');
	action(w, 11, SIG_REFUSE);
	assert_int_equal(told[SIGSEGV], 0); /* always the engine's */
	free(w);
}

static void
waiting_and_watching_catch(void **state)
{
	struct world *w = world(&queueing, 1);

	(void)state;
	action(w, 1, SIG_DEFAULT);
	action(w, 2, SIG_REFUSE);
	sig_set_waiting(&w->t[0], set_of(1, 0));
	assert_int_equal(told[SIGTERM], 'C');
	sig_watch(&w->task, 2, 1);
	assert_int_equal(told[SIGCHLD], 'C');
	assert_true(told_no_zombies); /* as SIG_IGN has it */
	sig_watch(&w->task, 2, -1);
	assert_int_equal(told[SIGCHLD], 'I');
	sig_set_waiting(&w->t[0], (struct gsigset){{0, 0}});
	action(w, 1, SIG_DEFAULT);
	assert_int_equal(told[SIGTERM], 'D');
	sig_catch_all(&w->task);
	assert_int_equal(told[SIGTERM], 'C');
	free(w);
}

static int attempts;

static void
observe(struct task *task, int signo)
{
	(void)task, (void)signo;
	attempts++;
}

static void
watchers_see_ignored_attempts(void **state)
{
	struct world *w = world(&queueing, 1);

	(void)state;
	attempts = 0;
	w->sig.observer = observe;
	action(w, 1, SIG_REFUSE);
	post(w, NULL, 1, 0, false);
	assert_int_equal(attempts, 0);
	sig_watch(&w->task, 1, 1);
	post(w, NULL, 1, 0, false);
	assert_int_equal(attempts, 1);
	assert_true(gsig_empty(sig_pending(&w->t[0])));
	free(w);
}

static void
standard_signals_queue_or_coalesce_by_os(void **state)
{
	(void)state;
	for (int c = 0; c < 2; c++) {
		struct world *w = world(c ? &coalescing : &queueing, 1);
		struct gsiginfo si;
		int n = 0;

		action(w, 1, SIG_HANDLE);
		action(w, 65, SIG_HANDLE);
		for (int i = 0; i < 3; i++) {
			post(w, NULL, 1, 0, false);
			post(w, NULL, 65, (uint64_t)i, true);
		}
		while (sig_next(&w->t[0], &si))
			n += si.signo == 1 ? 1 : 100;
		assert_int_equal(n, c ? 301 : 303);
		free(w);
	}
}

static void
room_is_for_the_process_as_a_whole(void **state)
{
	struct world *w = world(&queueing, 2);

	(void)state;
	action(w, 65, SIG_HANDLE);
	for (int i = 0; i < 8; i++)
		assert_int_equal(post(w, i % 2 ? &w->t[1] : NULL, 65, 0, true), 0);
	assert_int_equal(post(w, NULL, 65, 0, true), -EAGAIN);
	assert_int_equal(post(w, NULL, 66, 0, false), 0);
	assert_true(gsig_has(&w->sig.process.bare, 66));
	free(w);
}

static void
a_thread_that_lets_it_through_is_woken(void **state)
{
	struct world *w = world(&queueing, 3);

	(void)state;
	action(w, 1, SIG_HANDLE);
	sig_set_mask(&w->t[0], set_of(1, 0));
	sig_set_mask(&w->t[1], set_of(1, 0));
	for (int i = 0; i < 3; i++)
		w->t[i].wake = 0;
	post(w, NULL, 1, 0, false);
	assert_int_equal(w->t[0].wake | w->t[1].wake, 0);
	assert_int_equal(w->t[2].wake, 1);
	/* it blocks, too: nobody; then one that opens takes it */
	w->t[2].wake = 0;
	sig_set_mask(&w->t[2], set_of(1, 0));
	assert_false(sig_due(&w->t[2]));
	sig_set_mask(&w->t[1], (struct gsigset){{0, 0}});
	assert_int_equal(w->t[1].wake, 1);
	assert_true(sig_due(&w->t[1]));
	free(w);
}

static void
blocking_passes_a_pending_signal_on(void **state)
{
	struct world *w = world(&queueing, 2);

	(void)state;
	action(w, 1, SIG_HANDLE);
	post(w, NULL, 1, 0, false);
	assert_int_equal(w->t[0].wake, 1);
	assert_int_equal(w->t[1].wake, 0);
	sig_set_mask(&w->t[0], set_of(1, 0));
	assert_int_equal(w->t[1].wake, 1);
	free(w);
}

static void
what_a_gone_thread_had_claimed_is_anothers(void **state)
{
	struct world *w = world(&queueing, 2);
	struct gsiginfo si;

	(void)state;
	action(w, 1, SIG_HANDLE);
	post(w, NULL, 1, 5, false);
	post(w, &w->t[0], 1, 6, false);
	assert_true(sig_due(&w->t[0])); /* one of the two is claimed or its own */
	w->t[1].wake = 0;
	w->task.threads = &w->t[1];
	sig_thread_gone(&w->t[0]);
	assert_int_equal(w->t[1].wake, 1);
	assert_true(sig_next(&w->t[1], &si));
	assert_int_equal(si.value, 5); /* what was sent to the thread went with it */
	assert_false(sig_next(&w->t[1], &si));
	free(w);
}

static void
due_is_what_a_guest_would_notice(void **state)
{
	struct world *w = world(&queueing, 1);
	struct thread *t = &w->t[0];

	(void)state;
	post(w, NULL, 2, 0, false); /* ignored by default */
	post(w, NULL, 4, 0, false); /* continue: nothing to continue */
	assert_false(sig_due(t));
	assert_true(gsig_empty(sig_pending(t)));
	sig_set_mask(t, set_of(3, 0));
	post(w, NULL, 3, 0, false);
	post(w, NULL, 4, 0, false);
	assert_false(gsig_has(&w->sig.process.pending, 3)); /* a continue takes back the stop */
	post(w, NULL, 3, 0, false);
	assert_false(gsig_has(&w->sig.process.pending, 4)); /* and the other way round */
	post(w, NULL, 1, 0, false);
	assert_true(sig_due(t)); /* deadly */
	free(w);
}

static void
waiting_takes_blocked_ones_lowest_first(void **state)
{
	struct world *w = world(&queueing, 1);
	struct thread *t = &w->t[0];
	struct gsiginfo si;

	(void)state;
	action(w, 8, SIG_HANDLE);
	sig_set_mask(t, set_of(66, 70));
	sig_set_waiting(t, set_of(66, 70));
	assert_int_equal(sig_take_waited(t, &si), SIGW_NONE);
	post(w, NULL, 70, 1, true);
	post(w, NULL, 66, 2, true);
	assert_int_equal(sig_take_waited(t, &si), SIGW_TAKEN);
	assert_int_equal(si.signo, 66);
	post(w, NULL, 8, 3, false);
	assert_int_equal(sig_take_waited(t, &si), SIGW_INTERRUPTED);
	assert_int_equal(si.signo, 8);
	free(w);
}

static void
host_signals_come_through_the_inbox(void **state)
{
	struct world *w = world(&queueing, 1);
	struct thread *t = &w->t[0];
	struct gsiginfo si;

	(void)state;
	action(w, 1, SIG_HANDLE);
	t->inbox.item[0] = (struct inbox_item){.signo = SIGTERM, .value = 77};
	t->inbox.item[1] = (struct inbox_item){.signo = SIGPWR};
	t->inbox.head = 2;
	t->wake = 1;
	assert_true(sig_next(t, &si));
	assert_int_equal(si.signo, 1);
	assert_int_equal(si.value, 77);
	assert_false(sig_next(t, &si));
	assert_int_equal(t->wake, 0);
	free(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sets_know_all_128_numbers),
	    cmocka_unit_test(a_queue_keeps_order_within_a_number),
	    cmocka_unit_test(default_actions_are_the_hosts_until_one_could_tell),
	    cmocka_unit_test(waiting_and_watching_catch),
	    cmocka_unit_test(watchers_see_ignored_attempts),
	    cmocka_unit_test(standard_signals_queue_or_coalesce_by_os),
	    cmocka_unit_test(room_is_for_the_process_as_a_whole),
	    cmocka_unit_test(a_thread_that_lets_it_through_is_woken),
	    cmocka_unit_test(blocking_passes_a_pending_signal_on),
	    cmocka_unit_test(what_a_gone_thread_had_claimed_is_anothers),
	    cmocka_unit_test(due_is_what_a_guest_would_notice),
	    cmocka_unit_test(waiting_takes_blocked_ones_lowest_first),
	    cmocka_unit_test(host_signals_come_through_the_inbox),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
