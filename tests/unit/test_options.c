/*
 * The command line and the environment.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "loader/options.h"

static char *no_env[] = {NULL};

/* Split a line of words, without quotes, and parse it; "dragoman" stands before. */
static int
parse(const char *line, char **envp, struct options *o, struct diag *d)
{
	static char text[512];
	static char *argv[64];
	int argc = 0;

	*d = (struct diag){0};
	snprintf(text, sizeof text, "dragoman %s", line);
	for (char *w = strtok(text, " "); w != NULL; w = strtok(NULL, " "))
		argv[argc++] = w;
	argv[argc] = NULL;
	return options_parse(argc, argv, envp, o, d);
}

static void
options_end_at_the_program_whose_own_are_left_alone(void **state)
{
	struct options o;
	struct diag d;

	(void)state;
	assert_int_equal(parse("--no-aslr prog --seed -x --", no_env, &o, &d), 0);
	assert_int_equal(o.command, COMMAND_RUN);
	assert_true(o.no_aslr);
	assert_false(o.has_seed);
	assert_string_equal(o.args[0], "prog");
	assert_string_equal(o.args[1], "--seed");
	assert_string_equal(o.args[3], "--");
	assert_null(o.args[4]);
	assert_int_equal(parse("-- run x", no_env, &o, &d), 0);
	assert_string_equal(o.args[0], "run");
	assert_int_equal(parse("run doctor", no_env, &o, &d), 0);
	assert_int_equal(o.command, COMMAND_RUN);
	assert_string_equal(o.args[0], "doctor");
	assert_int_equal(parse("./run x", no_env, &o, &d), 0);
	assert_string_equal(o.args[0], "./run");
}

static void
every_option_reaches_its_field(void **state)
{
	struct options o;
	struct diag d;

	(void)state;
	assert_int_equal(parse("-L /r -0 name -r 15.0 --osreldate 1500068 --cpus=4 --no-aslr "
			       "--seed 0x10 --intercept=seccomp "
			       "--no-patch --native-exec deny --core --exec-config 7 "
			       "--strace=open,read --strace-file t "
			       "-c --stats -d mm,signal -D log --abi freebsd p",
			       no_env, &o, &d),
			 0);
	assert_string_equal(o.root, "/r");
	assert_false(o.root_strict);
	assert_string_equal(o.argv0, "name");
	assert_string_equal(o.osrelease, "15.0");
	assert_int_equal(o.osreldate, 1500068);
	assert_int_equal(o.cpus, 4);
	assert_true(o.no_aslr && o.no_patch && o.native_deny && o.core && o.summary && o.stats &&
		    o.strace);
	assert_true(o.has_seed);
	assert_int_equal(o.seed, 16);
	assert_int_equal(o.intercept, INTERCEPT_SECCOMP);
	assert_int_equal(o.exec_config, 7);
	assert_string_equal(o.strace_filter, "open,read");
	assert_string_equal(o.strace_file, "t");
	assert_int_equal(o.log_mask, LOG_MM | LOG_SIGNAL);
	assert_string_equal(o.log_file, "log");
	assert_string_equal(o.abi, "freebsd");
	options_free(&o);
}

static void
defaults_are_all_off(void **state)
{
	struct options o;
	struct diag d;

	(void)state;
	assert_int_equal(parse("p", no_env, &o, &d), 0);
	assert_null(o.root);
	assert_int_equal(o.exec_config, -1);
	assert_int_equal(o.intercept, INTERCEPT_AUTO);
	assert_false(o.strace || o.no_aslr || o.no_patch || o.native_deny || o.core || o.has_seed ||
		     o.stats || o.summary);
	assert_int_equal(o.log_mask, 0);
}

static void
qemu_user_spellings_are_understood(void **state)
{
	struct options o;
	struct diag d;

	(void)state;
	assert_int_equal(
	    parse("-strace -L /r -E A=b -U C -d all -D f -r 14 -0 z p", no_env, &o, &d), 0);
	assert_true(o.strace);
	assert_null(o.strace_filter);
	assert_int_equal(o.log_mask, ~0u);
	assert_int_equal(o.env.n, 2);
	options_free(&o);
	assert_int_equal(parse("-L/r p", no_env, &o, &d), 0);
	assert_string_equal(o.root, "/r");
}

static void
the_last_of_root_and_sysroot_wins(void **state)
{
	struct options o;
	struct diag d;

	(void)state;
	assert_int_equal(parse("-L /a --sysroot /b p", no_env, &o, &d), 0);
	assert_string_equal(o.root, "/b");
	assert_true(o.root_strict);
	assert_int_equal(parse("--sysroot /b -L /a p", no_env, &o, &d), 0);
	assert_string_equal(o.root, "/a");
	assert_false(o.root_strict);
}

static void
commands_take_options_before_and_after(void **state)
{
	struct options o;
	struct diag d;

	(void)state;
	assert_int_equal(parse("inspect --imports a b", no_env, &o, &d), 0);
	assert_int_equal(o.command, COMMAND_INSPECT);
	assert_true(o.imports);
	assert_string_equal(o.args[1], "b");
	assert_int_equal(parse("-L /r inspect a", no_env, &o, &d), 0);
	assert_string_equal(o.root, "/r");
	assert_int_equal(parse("doctor", no_env, &o, &d), 0);
	assert_int_equal(o.command, COMMAND_DOCTOR);
	assert_int_equal(parse("run --no-aslr p", no_env, &o, &d), 0);
	assert_true(o.no_aslr);
	assert_int_equal(parse("--help --nonsense", no_env, &o, &d), 0);
	assert_int_equal(o.command, COMMAND_HELP);
	assert_int_equal(parse("--version", no_env, &o, &d), 0);
	assert_int_equal(o.command, COMMAND_VERSION);
}

static const struct {
	const char *line, *text;
} wrong[] = {
    {"", "which program? (dragoman --help)"},
    {"--no-aslr", "which program? (dragoman --help)"},
    {"run", "which program? (dragoman --help)"},
    {"inspect", "inspect: which file?"},
    {"doctor x", "doctor: takes no arguments, but has \"x\""},
    {"--imports p", "--imports: belongs to the command inspect"},
    {"--nonsense p", "unknown option --nonsense (dragoman --help lists them)"},
    {"--no-asl p", "unknown option --no-asl (dragoman --help lists them)"},
    {"-z p", "unknown option -z (dragoman --help lists them)"},
    {"-cx p", "unknown option -cx (dragoman --help lists them)"},
    {"-g 1234 p", "-g is not offered: there is no gdb stub yet"},
    {"-s 8000000 p", "-s is not offered: the stack's size is the limit of the shell (ulimit -s)"},
    {"--no-aslr=1 p", "--no-aslr: takes no argument, but has \"1\""},
    {"--seed", "--seed: needs an argument (N)"},
    {"-L", "-L: needs an argument (ROOT)"},
    {"-L= p", NULL},
    {"--root= p", "--root: an empty path"},
    {"--strace= p", "--strace: an empty filter"},
    {"--seed x p", "--seed: \"x\" is not a number"},
    {"--seed -1 p", "--seed: \"-1\" is not a number"},
    {"--seed 18446744073709551616 p",
     "--seed: 18446744073709551616 is not between 0 and 18446744073709551615"},
    {"--seed 0x p", "--seed: \"0x\" is not a number"},
    {"--cpus 0 p", "--cpus: 0 is not between 1 and 1024"},
    {"--cpus 1025 p", "--cpus: 1025 is not between 1 and 1024"},
    {"--osreldate 4294967296 p", "--osreldate: 4294967296 is not between 1 and 4294967295"},
    {"--intercept ptrace p",
     "--intercept: \"ptrace\" is none of: auto inclusive exclusive seccomp"},
    {"--native-exec maybe p", "--native-exec: \"maybe\" is none of: allow deny"},
    {"-d mm,,signal p", "-d: \"\" is none of: loader syscall signal mm patch proc unknown all"},
    {"-d mm,paint p", "-d: \"paint\" is none of: loader syscall signal mm patch proc unknown all"},
    {"-E A p", "-E: \"A\" is not of the form VAR=value"},
    {"-E =b p", "-E: \"=b\" is not of the form VAR=value"},
    {"-U A=b p", "-U: \"A=b\" is not the name of a variable"},
};

static void
what_is_wrong_is_said_with_its_name_and_value(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct options o;
		struct diag d;
		int e = parse(wrong[i].line, no_env, &o, &d);

		if (wrong[i].text == NULL) { /* -L= is the directory "=" */
			assert_int_equal(e, 0);
			assert_string_equal(o.root, "=");
		} else {
			assert_int_equal(e, -EINVAL);
			assert_string_equal(d.text, wrong[i].text);
		}
		options_free(&o);
	}
}

static void
the_environment_stands_behind_the_command_line(void **state)
{
	char *env[] = {"DRAGOMAN_SEED=5",	    "DRAGOMAN_NO_ASLR=1",
		       "DRAGOMAN_NO_PATCH=0",	    "DRAGOMAN_STRACE=open",
		       "DRAGOMAN_NATIVE_EXEC=deny", "DRAGOMAN_SETENV=A=b",
		       "QEMU_LD_PREFIX=/q",	    NULL};
	char *ours[] = {"DRAGOMAN_ROOT=/d", "QEMU_LD_PREFIX=/q", "QEMU_STRACE=", NULL};
	char *yes[] = {"DRAGOMAN_STRACE=1", NULL};
	char *internal[] = {"DRAGOMAN_EXEC_CONFIG=3", "DRAGOMAN_HELP=1", "DRAGOMAN_IMPORTS=1",
			    NULL};
	struct options o;
	struct diag d;

	(void)state;
	assert_int_equal(parse("--seed 6 p", env, &o, &d), 0);
	assert_int_equal(o.seed, 6);
	assert_true(o.no_aslr && !o.no_patch && o.native_deny && o.strace);
	assert_string_equal(o.strace_filter, "open");
	assert_int_equal(o.env.n, 1);
	assert_string_equal(o.root, "/q");
	options_free(&o);
	assert_int_equal(parse("p", ours, &o, &d), 0);
	assert_string_equal(o.root, "/d");
	assert_true(o.strace);
	assert_int_equal(parse("p", yes, &o, &d), 0);
	assert_true(o.strace);
	assert_null(o.strace_filter);
	assert_int_equal(parse("p", internal, &o, &d), 0);
	assert_int_equal(o.exec_config, -1);
	assert_int_equal(o.command, COMMAND_RUN);
}

static void
a_wrong_variable_is_an_error_too(void **state)
{
	char *flag[] = {"DRAGOMAN_CORE=perhaps", NULL}, *number[] = {"DRAGOMAN_CPUS=many", NULL};
	struct options o;
	struct diag d;

	(void)state;
	assert_int_equal(parse("p", flag, &o, &d), -EINVAL);
	assert_string_equal(d.text, "DRAGOMAN_CORE: \"perhaps\" is neither 1 nor 0");
	assert_int_equal(parse("p", number, &o, &d), -EINVAL);
	assert_string_equal(d.text, "DRAGOMAN_CPUS: \"many\" is not a number");
}

static void
environment_edits_act_in_their_order(void **state)
{
	char *env[] = {"A=1", "B=2", "AB=3", "A=4", NULL}, **out;
	struct options o;
	struct diag d;

	(void)state;
	assert_int_equal(parse("-E C=5 -U A -E B=6 p", no_env, &o, &d), 0);
	out = options_environ(&o, env);
	assert_string_equal(out[0], "AB=3");
	assert_string_equal(out[1], "C=5");
	assert_string_equal(out[2], "B=6");
	assert_null(out[3]);
	free(out);
	options_free(&o);
	assert_int_equal(parse("-E C=5 --clearenv -E D= -U D -E E=x=y p", no_env, &o, &d), 0);
	out = options_environ(&o, env);
	assert_string_equal(out[0], "E=x=y");
	assert_null(out[1]);
	free(out);
	options_free(&o);
}

/* Read what options_usage() writes. */
static void
usage_text(char *buf, size_t size)
{
	FILE *f = fmemopen(buf, size, "w");

	options_usage(f);
	assert_int_equal(fclose(f), 0);
	assert_true(strlen(buf) > 0);
}

static void
the_usage_text_names_every_option_but_the_internal(void **state)
{
	static const char *const names[] = {
#define HEADING(text)
#define OPT(id, s, l, k, a, w, f, set, h) "--" l,
#include "loader/options.def"
#undef OPT
#undef HEADING
	};
	char text[8192];

	(void)state;
	usage_text(text, sizeof text);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (strcmp(names[i], "--exec-config") == 0)
			assert_null(strstr(text, names[i]));
		else
			assert_non_null(strstr(text, names[i]));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(options_end_at_the_program_whose_own_are_left_alone),
	    cmocka_unit_test(every_option_reaches_its_field),
	    cmocka_unit_test(defaults_are_all_off),
	    cmocka_unit_test(qemu_user_spellings_are_understood),
	    cmocka_unit_test(the_last_of_root_and_sysroot_wins),
	    cmocka_unit_test(commands_take_options_before_and_after),
	    cmocka_unit_test(what_is_wrong_is_said_with_its_name_and_value),
	    cmocka_unit_test(the_environment_stands_behind_the_command_line),
	    cmocka_unit_test(a_wrong_variable_is_an_error_too),
	    cmocka_unit_test(environment_edits_act_in_their_order),
	    cmocka_unit_test(the_usage_text_names_every_option_but_the_internal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
