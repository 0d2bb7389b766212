/* Expected: the argument order of binfmt-misc.rst, flag P, and the option -0 of the manual page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "loader/binfmt.h"

static void
expect(char **argv, int argc, const char *const *want)
{
	char **v = binfmt_args(&argc, argv);
	int n = 0;

	assert_non_null(v);
	for (; want[n]; n++)
		assert_string_equal(v[n], want[n]);
	assert_int_equal(argc, n);
	assert_null(v[n]);
	if (v[4] != argv[1])
		free(v[4]);
	free(v);
}

static void
the_name_and_the_arguments_are_kept_apart(void **state)
{
	char *argv[] = {"/usr/bin/dragoman", "/bin/prog", "-prog", "--help", "x", NULL};
	const char *const want[] = {"/usr/bin/dragoman", "-0", "-prog", "--", "/bin/prog", "--help", "x", NULL};

	(void)state;
	expect(argv, 5, want);
}

static void
a_name_without_slash_is_in_the_current_directory(void **state)
{
	char *argv[] = {"dragoman", "prog", "", NULL};
	const char *const want[] = {"dragoman", "-0", "", "--", "./prog", NULL};

	(void)state;
	expect(argv, 3, want);
}

static void
too_few_are_left_alone(void **state)
{
	char *argv[] = {"dragoman", "prog", NULL};
	int argc = 2;

	(void)state;
	assert_ptr_equal(binfmt_args(&argc, argv), argv);
	assert_int_equal(argc, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_name_and_the_arguments_are_kept_apart),
	    cmocka_unit_test(a_name_without_slash_is_in_the_current_directory),
	    cmocka_unit_test(too_few_are_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
