/* EVFILT_READ and EVFILT_WRITE as kqueue(2) and the kernel's filters (sys_pipe.c, uipc_socket.c, vfs_vnops.c) have them. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "abi/freebsd/kqueue.h"
#include "tests/unit/kq_bench.h"

static void
a_pipe_is_readable_with_its_byte_count_until_drained(void **state)
{
	struct bench *b = *state;
	struct fbsd_kevent e;
	char buf[8];

	assert_int_equal(kq_change(b->t, b->kq, (uint64_t)b->p[0], EVFILT_READ, EV_ADD, 0, 0, 77), 0);
	kq_none(b->t, b->kq);
	assert_int_equal(write(b->p[1], "abc", 3), 3);
	for (int i = 0; i < 2; i++) { /* level-triggered */
		e = kq_one(b->t, b->kq);
		assert_int_equal(e.ident, b->p[0]);
		assert_int_equal(e.filter, EVFILT_READ);
		assert_int_equal(e.flags, 0);
		assert_int_equal(e.data, 3);
		assert_int_equal(e.udata, 77);
	}
	assert_int_equal(write(b->p[1], "de", 2), 2);
	assert_int_equal(kq_one(b->t, b->kq).data, 5);
	assert_int_equal(read(b->p[0], buf, 5), 5);
	kq_none(b->t, b->kq);
	kq_guest_close(b, &b->p[1]);
	e = kq_one(b->t, b->kq);
	assert_int_equal(e.flags, EV_EOF);
	assert_int_equal(e.data, 0);
}

static void
note_lowat_waits_for_that_many_bytes(void **state)
{
	struct bench *b = *state;

	assert_int_equal(kq_change(b->t, b->kq, (uint64_t)b->s[0], EVFILT_READ, EV_ADD, NOTE_LOWAT, 4, 0), 0);
	assert_int_equal(write(b->s[1], "abc", 3), 3);
	kq_none(b->t, b->kq);
	assert_int_equal(write(b->s[1], "d", 1), 1);
	assert_int_equal(kq_one(b->t, b->kq).data, 4);
}

static void
a_shut_socket_reports_eof(void **state)
{
	struct bench *b = *state;
	struct fbsd_kevent e;

	assert_int_equal(kq_change(b->t, b->kq, (uint64_t)b->s[0], EVFILT_READ, EV_ADD, 0, 0, 0), 0);
	assert_int_equal(write(b->s[1], "ab", 2), 2);
	assert_int_equal(shutdown(b->s[1], SHUT_WR), 0);
	e = kq_one(b->t, b->kq);
	assert_int_equal(e.flags, EV_EOF);
	assert_int_equal(e.data, 2); /* EOF while data is pending */
	assert_int_equal(e.fflags, 0);
	assert_int_equal(kq_change(b->t, b->kq, (uint64_t)b->s[0], EVFILT_READ, EV_DELETE, 0, 0, 0), 0);
	assert_int_equal(kq_change(b->t, b->kq, (uint64_t)b->s[0], EVFILT_WRITE, EV_ADD, 0, 0, 0), 0);
	assert_int_equal(kq_one(b->t, b->kq).flags, 0);
	assert_int_equal(shutdown(b->s[0], SHUT_WR), 0);
	fbsd_kq_shutdown(b->t, b->s[0]);
	assert_int_equal(kq_one(b->t, b->kq).flags, EV_EOF);
}

static int
listener(struct sockaddr_in *ret_at)
{
	int l = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t n = sizeof(*ret_at);

	*ret_at = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	assert_int_equal(bind(l, (void *)ret_at, sizeof(*ret_at)), 0);
	assert_int_equal(getsockname(l, (void *)ret_at, &n), 0);
	return l;
}

static void
a_listening_socket_reports_its_backlog(void **state)
{
	struct bench *b = *state;
	struct sockaddr_in at;
	int l = listener(&at), c[3];

	assert_int_equal(listen(l, 8), 0);
	assert_int_equal(kq_change(b->t, b->kq, (uint64_t)l, EVFILT_READ, EV_ADD, 0, 0, 0), 0);
	kq_none(b->t, b->kq);
	for (int i = 0; i < 3; i++) {
		c[i] = socket(AF_INET, SOCK_STREAM, 0);
		assert_int_equal(connect(c[i], (void *)&at, sizeof(at)), 0);
	}
	assert_int_equal(kq_one(b->t, b->kq).data, 3);
	for (int i = 0; i < 3; i++)
		close(c[i]);
	kq_guest_close(b, &l);
	kq_none(b->t, b->kq);
}

static void
an_unconnected_socket_is_not_ready(void **state)
{
	struct bench *b = *state;
	struct sockaddr_in at;
	int l = listener(&at), c = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(kq_change(b->t, b->kq, (uint64_t)c, EVFILT_WRITE, EV_ADD, 0, 0, 0), 0);
	assert_int_equal(kq_change(b->t, b->kq, (uint64_t)c, EVFILT_READ, EV_ADD, 0, 0, 0), 0);
	kq_none(b->t, b->kq);
	assert_int_equal(listen(l, 1), 0);
	assert_int_equal(connect(c, (void *)&at, sizeof(at)), 0);
	assert_int_equal(kq_one(b->t, b->kq).filter, EVFILT_WRITE);
	kq_guest_close(b, &c);
	kq_guest_close(b, &l);
}

static void
a_refused_connection_reports_the_error_and_leaves_it(void **state)
{
	struct bench *b = *state;
	struct sockaddr_in at;
	int l = listener(&at), c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), err = 0;
	socklen_t n = sizeof(err);
	struct fbsd_kevent e;

	assert_int_equal(connect(c, (void *)&at, sizeof(at)), -1);
	assert_int_equal(kq_change(b->t, b->kq, (uint64_t)c, EVFILT_WRITE, EV_ADD | EV_CLEAR, 0, 0, 0), 0);
	e = kq_next(b->t, b->kq);
	assert_int_equal(e.flags, EV_EOF | EV_CLEAR);
	assert_int_equal(e.fflags, ECONNREFUSED);
	assert_int_equal(getsockopt(c, SOL_SOCKET, SO_ERROR, &err, &n), 0);
	assert_int_equal(err, ECONNREFUSED);
	kq_guest_close(b, &c);
	kq_guest_close(b, &l);
}

static void
a_pipe_is_writable_with_the_space_left(void **state)
{
	struct bench *b = *state;
	struct fbsd_kevent e;

	assert_int_equal(kq_change(b->t, b->kq, (uint64_t)b->p[1], EVFILT_WRITE, EV_ADD, 0, 0, 0), 0);
	assert_int_equal(write(b->p[1], "abc", 3), 3);
	e = kq_one(b->t, b->kq);
	assert_int_equal(e.data, fcntl(b->p[1], F_GETPIPE_SZ) - 3);
	kq_guest_close(b, &b->p[0]);
	assert_int_equal(kq_one(b->t, b->kq).flags, EV_EOF);
}

static void
a_file_is_readable_off_its_end_by_the_difference(void **state)
{
	struct bench *b = *state;
	FILE *f = tmpfile();
	int fd = dup(fileno(f));

	fclose(f);
	assert_int_equal(write(fd, "0123456789", 10), 10);
	assert_int_equal(kq_change(b->t, b->kq, (uint64_t)fd, EVFILT_READ, EV_ADD, 0, 0, 0), 0);
	kq_none(b->t, b->kq);
	lseek(fd, 4, SEEK_SET);
	assert_int_equal(kq_change(b->t, b->kq, (uint64_t)fd, EVFILT_READ, EV_ADD, 0, 0, 0), 0);
	assert_int_equal(kq_one(b->t, b->kq).data, 6);
	lseek(fd, 13, SEEK_SET);
	assert_int_equal(kq_one(b->t, b->kq).data, -3);
	lseek(fd, 10, SEEK_SET);
	kq_none(b->t, b->kq);
	assert_int_equal(kq_change(b->t, b->kq, (uint64_t)fd, EVFILT_READ, EV_ADD, NOTE_FILE_POLL, 0, 0), 0);
	assert_int_equal(kq_one(b->t, b->kq).data, 0);
	kq_guest_close(b, &fd);
}

/* Who sleeps on a file's end is woken when it grows; with EV_CLEAR at each change. */
static void
a_file_that_grows_is_an_event(void **state)
{
	struct bench *b = *state;
	char name[] = "/tmp/kq-XXXXXX", buf[8];
	int w = mkstemp(name), fd = open(name, O_RDONLY);

	unlink(name);
	assert_int_equal(kq_change(b->t, b->kq, (uint64_t)fd, EVFILT_READ, EV_ADD, 0, 0, 0), 0);
	for (int i = 0; i < 2; i++) {
		kq_none(b->t, b->kq);
		assert_int_equal(write(w, "abc", 3), 3);
		assert_int_equal(kq_next(b->t, b->kq).data, 3);
		assert_int_equal(kq_one(b->t, b->kq).data, 3);
		assert_int_equal(read(fd, buf, 8), 3);
	}
	kq_none(b->t, b->kq);
	assert_int_equal(kq_change(b->t, b->kq, (uint64_t)fd, EVFILT_READ, EV_DELETE, 0, 0, 0), 0);
	assert_int_equal(kq_change(b->t, b->kq, (uint64_t)fd, EVFILT_READ, EV_ADD | EV_CLEAR, 0, 0, 0), 0);
	kq_none(b->t, b->kq);
	for (int i = 1; i < 4; i++) {
		assert_int_equal(write(w, "ab", 2), 2);
		assert_int_equal(kq_next(b->t, b->kq).data, 2 * i);
		kq_none(b->t, b->kq);
	}
	kq_guest_close(b, &fd);
	close(w);
}

static void
a_device_that_cannot_be_polled_is_enodev(void **state)
{
	struct bench *b = *state;
	int fd = open("/dev/null", O_RDWR);

	assert_int_equal(kq_change(b->t, b->kq, (uint64_t)fd, EVFILT_READ, EV_ADD, 0, 0, 0), -ENODEV);
	assert_int_equal(kq_change(b->t, b->kq, (uint64_t)fd, EVFILT_READ, EV_DELETE, 0, 0, 0), -ENOENT);
	close(fd);
}

static void
read_and_write_of_one_descriptor_are_two_events(void **state)
{
	struct bench *b = *state;
	struct fbsd_kevent kev[4];

	assert_int_equal(kq_change(b->t, b->kq, (uint64_t)b->s[0], EVFILT_READ, EV_ADD | EV_CLEAR, 0, 0, 1), 0);
	assert_int_equal(kq_change(b->t, b->kq, (uint64_t)b->s[0], EVFILT_WRITE, EV_ADD | EV_CLEAR, 0, 0, 2), 0);
	assert_int_equal(write(b->s[1], "abc", 3), 3);
	assert_int_equal(kq_wait(b->t, b->kq, kev, 1, 0), 1); /* no room for the second: it is kept */
	assert_int_equal(kq_wait(b->t, b->kq, kev + 1, 3, 0), 1);
	assert_int_equal(kev[0].filter + kev[1].filter, EVFILT_READ + EVFILT_WRITE);
	kq_none(b->t, b->kq);
}

static void
closing_a_descriptor_removes_its_events(void **state)
{
	struct bench *b = *state;
	int other = dup(b->p[0]);

	assert_int_equal(kq_change(b->t, b->kq, (uint64_t)b->p[0], EVFILT_READ, EV_ADD, 0, 0, 0), 0);
	assert_int_equal(write(b->p[1], "x", 1), 1);
	kq_guest_close(b, &b->p[0]);
	kq_none(b->t, b->kq);
	close(other);
}

static void
an_empty_output_is_an_event(void **state)
{
	struct bench *b = *state;
	struct sockaddr_in at;
	int l = listener(&at), c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), in;
	static char buf[65536];
	struct fbsd_kevent e;

	assert_int_equal(kq_change(b->t, b->kq, (uint64_t)b->p[1], EVFILT_EMPTY, EV_ADD, 0, 0, 0), -EINVAL);
	assert_int_equal(kq_change(b->t, b->kq, (uint64_t)b->s[0], EVFILT_EMPTY, EV_ADD | EV_ONESHOT, 0, 0, 0), 0);
	assert_int_equal(write(b->s[0], "abc", 3), 3);
	assert_int_equal(kq_one(b->t, b->kq).data, 0); /* the receiver holds it */
	assert_int_equal(listen(l, 1), 0);
	assert_true(connect(c, (void *)&at, sizeof(at)) == 0 || errno == EINPROGRESS);
	in = accept4(l, NULL, NULL, SOCK_NONBLOCK);
	assert_true(in >= 0);
	while (write(c, buf, sizeof(buf)) > 0)
		;
	assert_int_equal(kq_change(b->t, b->kq, (uint64_t)c, EVFILT_EMPTY, EV_ADD, 0, 0, 0), 0);
	kq_none(b->t, b->kq);
	while (kq_wait(b->t, b->kq, &e, 1, 1) == 0)
		while (read(in, buf, sizeof(buf)) > 0)
			;
	assert_int_equal(e.filter, EVFILT_EMPTY);
	assert_int_equal(e.data, 0);
	kq_guest_close(b, &c);
	kq_guest_close(b, &in);
	kq_guest_close(b, &l);
}

#define T(f) cmocka_unit_test_setup_teardown(f, kq_bench_setup, kq_bench_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_pipe_is_readable_with_its_byte_count_until_drained),
	    T(note_lowat_waits_for_that_many_bytes),
	    T(a_shut_socket_reports_eof),
	    T(a_listening_socket_reports_its_backlog),
	    T(an_unconnected_socket_is_not_ready),
	    T(a_refused_connection_reports_the_error_and_leaves_it),
	    T(a_pipe_is_writable_with_the_space_left),
	    T(a_file_is_readable_off_its_end_by_the_difference),
	    T(a_file_that_grows_is_an_event),
	    T(a_device_that_cannot_be_polled_is_enodev),
	    T(read_and_write_of_one_descriptor_are_two_events),
	    T(an_empty_output_is_an_event),
	    T(closing_a_descriptor_removes_its_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
