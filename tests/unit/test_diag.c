/*
 * Messages: their form, their way out, and the end that a bug makes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/core/diag.h"
#include "abi/core/fd.h"

/* Run fn in a child that writes its messages to a file; returns its wait status and the text. */
static int
in_child(void (*fn)(void), char *ret_text, size_t size)
{
	int fd = memfd_create("messages", 0), status;
	ssize_t n;
	pid_t pid = fork();

	if (pid == 0) {
		struct diag d = {0};

		if (fd_setup(&d) < 0)
			_exit(99);
		diag_set_fd(fd);
		fn();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	n = pread(fd, ret_text, size - 1, 0);
	assert_true(n >= 0);
	ret_text[n] = '\0';
	close(fd);
	return status;
}

static void
the_first_failure_of_a_chain_is_kept(void **state)
{
	struct diag d = {0};

	(void)state;
	assert_int_equal(diag_fail(&d, -ENOENT, "first %d", 1), -ENOENT);
	assert_int_equal(diag_fail(&d, -EINVAL, "second"), -EINVAL);
	assert_int_equal(d.code, -ENOENT);
	assert_string_equal(d.text, "first 1");
}

static void
say_with_controls(void)
{
	errno = 77;
	diag_say("a%s\tb\n\x7f", "\x1b[2J");
	if (errno != 77)
		_exit(98);
}

static void
a_message_is_one_line_and_cannot_command_the_terminal(void **state)
{
	char text[256];

	(void)state;
	assert_int_equal(in_child(say_with_controls, text, sizeof text), 0);
	assert_string_equal(text, "dragoman: a\\x1b[2J\tb\\x0a\\x7f\n");
}

static void
say_long(void)
{
	char big[10000];

	memset(big, 'x', sizeof big);
	big[sizeof big - 1] = '\0';
	diag_say("%s", big);
}

static void
a_message_too_long_is_cut_and_still_ends_its_line(void **state)
{
	char text[8192];

	(void)state;
	assert_int_equal(in_child(say_long, text, sizeof text), 0);
	assert_true(strlen(text) > 1000 && strlen(text) <= 2048);
	assert_int_equal(text[strlen(text) - 1], '\n');
}

static void
die_125(void)
{
	diag_die(EXIT_SETUP, "no room for %s", "this");
}

static void
diag_die_says_and_exits_with_the_code(void **state)
{
	char text[256];
	int status;

	(void)state;
	status = in_child(die_125, text, sizeof text);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 125);
	assert_string_equal(text, "dragoman: no room for this\n");
}

static void
hook(void)
{
	diag_say("hook");
	bug("again");
}

static void
have_bug(void)
{
	signal(SIGABRT, SIG_IGN);
	bug_hook = hook;
	bug("count is %d", 3);
}

static void
a_bug_runs_the_hook_once_and_aborts_even_if_the_hook_has_a_bug(void **state)
{
	char text[256];
	int status;

	(void)state;
	status = in_child(have_bug, text, sizeof text);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	assert_string_equal(text,
			    "dragoman: bug: count is 3\ndragoman: hook\ndragoman: bug: again\n");
}

static void
log_two(void)
{
	log_mask = LOG_MM;
	log_debug(LOG_MM, "seen %d", 1);
	log_debug(LOG_SIGNAL, "unseen");
	dprintf(diag_get_fd(), "%d\n", getpid());
}

static void
only_categories_asked_for_are_logged_with_the_thread_id(void **state)
{
	char text[256];
	int tid, pid;

	(void)state;
	assert_int_equal(in_child(log_two, text, sizeof text), 0);
	assert_int_equal(sscanf(text, "[%d] seen 1\n%d", &tid, &pid), 2);
	assert_int_equal(tid, pid);
	assert_null(strstr(text, "unseen"));
}

static void
str_addf_never_passes_the_end(void **state)
{
	char buf[8];
	unsigned pos = 0;

	(void)state;
	str_addf(buf, sizeof buf, &pos, "%s", "abc");
	assert_int_equal(pos, 3);
	str_addf(buf, sizeof buf, &pos, "%s", "defghij");
	assert_int_equal(pos, 7);
	str_addf(buf, sizeof buf, &pos, "%s", "k");
	assert_int_equal(pos, 7);
	assert_string_equal(buf, "abcdefg");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_first_failure_of_a_chain_is_kept),
	    cmocka_unit_test(a_message_is_one_line_and_cannot_command_the_terminal),
	    cmocka_unit_test(a_message_too_long_is_cut_and_still_ends_its_line),
	    cmocka_unit_test(diag_die_says_and_exits_with_the_code),
	    cmocka_unit_test(a_bug_runs_the_hook_once_and_aborts_even_if_the_hook_has_a_bug),
	    cmocka_unit_test(only_categories_asked_for_are_logged_with_the_thread_id),
	    cmocka_unit_test(str_addf_never_passes_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
