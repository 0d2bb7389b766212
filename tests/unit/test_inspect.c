/*
 * The reports of inspect and doctor.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "elf_sample.h"
#include "loader/doctor.h"
#include "loader/inspect.h"
#include "loader/probe.h"

static bool
only_freebsd_amd64(const char *os, const char *isa)
{
	return strcmp(os, "FreeBSD") == 0 && strcmp(isa, "amd64") == 0;
}

static bool
yes(void)
{
	return true;
}

static bool
no(void)
{
	return false;
}

static char dir[] = "/tmp/dragoman-inspect-XXXXXX";
static char file[64];

static int
make_dir(void **state)
{
	(void)state;
	snprintf(file, sizeof file, "%s/prog", mkdtemp(dir));
	return 0;
}

static int
remove_dir(void **state)
{
	(void)state;
	unlink(file);
	return rmdir(dir);
}

/* The report on a sample; *ret_e is what inspect_file() returned. */
static char *
report(const struct sample *s, struct inspect in, struct diag *d, int *ret_e)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = fopen(file, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(s->bytes, 1, s->size, f), s->size);
	fclose(f);
	in.out = open_memstream(&text, &n);
	*d = (struct diag){0};
	*ret_e = inspect_file(&in, file, d);
	fclose(in.out);
	return text;
}

static void
a_program_is_described_whole(void **state)
{
	static const char want[] =
	    "\n"
	    "  program for   FreeBSD amd64\n"
	    "  why           note: owner FreeBSD, type 1, value 1203000\n"
	    "  type          dynamic program at fixed addresses\n"
	    "  entry point   0x400800\n"
	    "  interpreter   /libexec/ld-elf.so.1\n"
	    "  own name      libself.so\n"
	    "  libraries     libc.so.7\n"
	    "                libm.so.5\n"
	    "  symbols       2 undefined, 1 of them weak\n"
	    "                open\n"
	    "                weak\n"
	    "  ABI version   1203000 (FreeBSD 12.3)\n"
	    "  notes         FreeBSD type 1, 4 bytes\n"
	    "  segments      r-x  0x400000 to 0x401000, 0x1000 bytes from the file\n"
	    "                rw-  0x401000 to 0x402000, 0x800 bytes from the file\n"
	    "  TLS           yes\n";
	struct sample s;
	struct diag d;
	char *text;
	int e;

	(void)state;
	sample_make64(&s);
	text = report(&s,
		      (struct inspect){.imports = true,
				       .has_personality = only_freebsd_amd64,
				       .has_intercept = yes},
		      &d, &e);
	assert_int_equal(e, 0);
	assert_int_equal(strncmp(text, file, strlen(file)), 0);
	assert_int_equal(strncmp(text + strlen(file), want, sizeof want - 1), 0);
	free(text);
}

/* Each reason not to run, and to run; the samples are bent until it applies. */
static const struct {
	struct bend bend[4];
	bool (*intercept)(void);
	const char *root, *verdict;
} verdicts[] = {
    {{{PH64(SEG_INTERP, p_type), 0}}, yes, NULL, "yes: by the FreeBSD amd64 personality"},
    {{{PH64(SEG_INTERP, p_type), 0}},
     no,
     NULL,
     "no: this kernel offers no way to catch system calls (see dragoman doctor)"},
    {{{0}}, yes, NULL, "no: programs with a run-time linker are not supported yet"},
    {{{0}},
     yes,
     "/nonexistent",
     "no: its interpreter is not here; give its system with -L or --sysroot"},
    {{{SAMPLE_INTERP, 8, 0x2f2e2f2e2f2e2f}},
     yes,
     "/",
     "yes: by the FreeBSD amd64 personality"}, /* "/./././" */
    {{{PH64(SEG_NOTE, p_type), 0}, {PH64(SEG_INTERP, p_type), 0}, {EH64(e_ident[EI_OSABI]), 2}},
     yes,
     NULL,
     "no: there is no personality for NetBSD amd64"},
    {{{EH64(e_machine), EM_AARCH64}}, yes, NULL, "no: there is no personality for FreeBSD aarch64"},
    {{{EH64(e_machine), EM_PPC64}}, yes, NULL, "no: machine 21 is not known here"},
    {{{PH64(SEG_NOTE, p_type), 0},
      {EH64(e_ident[EI_OSABI]), 7},
      {PH64(SEG_INTERP, p_type), 0},
      {PH64(SEG_DYN, p_type), 0}},
     yes,
     NULL,
     "no: its system is unknown; --abi names it if you know"},
    {{{PH64(SEG_NOTE, p_type), 0},
      {EH64(e_ident[EI_OSABI]), 0},
      {PH64(SEG_INTERP, p_type), 0},
      {PH64(SEG_DYN, p_type), 0}},
     no,
     NULL,
     "yes: a program of this host, executed natively"},
    {{{EH64(e_type), ET_DYN}, {EH64(e_entry), 0}}, yes, NULL, "no: a shared library is no program"},
};

static void
the_verdict_names_its_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof verdicts / sizeof verdicts[0]; i++) {
		struct sample s;
		struct diag d;
		char *text, want[128];
		int e;

		sample_make64(&s);
		sample_bend(&s, verdicts[i].bend, 4);
		text = report(&s,
			      (struct inspect){.root = verdicts[i].root,
					       .root_strict = true,
					       .runs_dynamic = verdicts[i].root != NULL,
					       .has_personality = only_freebsd_amd64,
					       .has_intercept = verdicts[i].intercept},
			      &d, &e);
		assert_int_equal(e, 0);
		snprintf(want, sizeof want, "  runs here     %s\n", verdicts[i].verdict);
		if (strstr(text, want) == NULL)
			fail_msg("row %zu: no \"%s\" in %s", i, want, text);
		free(text);
	}
}

static void
text_from_the_file_cannot_command_the_terminal(void **state)
{
	struct sample s;
	struct diag d;
	char *text;
	int e;

	(void)state;
	sample_make64(&s);
	memcpy(s.bytes + SAMPLE_INTERP, "\x1b[31mred", 8);
	memcpy(s.bytes + SAMPLE_STR + STR_LIBC, "\x1b]0;", 4);
	memcpy(s.bytes + SAMPLE_NOTE + 12, "\x1b[2J", 4);
	text = report(&s,
		      (struct inspect){.imports = true,
				       .has_personality = only_freebsd_amd64,
				       .has_intercept = yes},
		      &d, &e);
	assert_int_equal(e, 0);
	assert_null(strchr(text, '\x1b'));
	assert_non_null(strstr(text, "\\x1b[31mred"));
	free(text);
}

static void
a_bad_file_gives_its_message_and_code(void **state)
{
	char *paths[] = {"/nonexistent", NULL}, *both[] = {"/nonexistent", "/", NULL};
	struct inspect in = {
	    .out = stdout, .has_personality = only_freebsd_amd64, .has_intercept = yes};
	struct sample s = {.size = 4, .bytes = "abcd"};
	struct diag d;
	char *text;
	int e;

	(void)state;
	text = report(&s, in, &d, &e);
	assert_int_equal(e, -ENOEXEC);
	assert_non_null(strstr(d.text, "prog: a text file without a #! line"));
	assert_string_equal(text, "");
	free(text);
	assert_int_equal(inspect_files(&in, paths), EXIT_NOT_FOUND);
	assert_int_equal(inspect_files(&in, both), EXIT_NOT_EXECUTABLE);
}

/* Run doctor in a child under this hard limit of open files. */
static int
doctor_under(rlim_t nofile, char *text, size_t size)
{
	int p[2], status;
	size_t have = 0;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(p), 0);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		struct rlimit l = {nofile, nofile};
		FILE *out = fdopen(p[1], "w");

		close(p[0]);
		if (nofile != 0)
			setrlimit(RLIMIT_NOFILE, &l);
		status = doctor_run(out);
		fclose(out);
		_exit(status);
	}
	close(p[1]);
	while ((n = read(p[0], text + have, size - 1 - have)) > 0)
		have += (size_t)n;
	text[have] = '\0';
	close(p[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
doctor_gives_each_fact_its_state_and_a_verdict(void **state)
{
	char text[8192];
	unsigned rows = 0;
	int status = doctor_under(0, text, sizeof text);

	(void)state;
	for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		if (strncmp(line, "ok ", 3) == 0 || strncmp(line, "slow ", 5) == 0 ||
		    strncmp(line, "missing ", 8) == 0)
			rows++;
		else if (status == 0)
			assert_string_equal(line, "guests can run on this machine");
		else
			assert_non_null(strstr(line, "no guest can run on this machine"));
	}
	assert_true(rows >= 20);
}

static void
doctor_fails_when_something_needed_is_missing(void **state)
{
	char text[8192];

	(void)state;
	assert_int_equal(doctor_under(20, text, sizeof text), 1);
	assert_non_null(strstr(
	    text,
	    "missing  open files                hard limit 20: 32 are needed (ulimit -Hn)\n"));
	assert_non_null(strstr(text, "no guest can run on this machine"));
}

static void
probing_leaves_this_process_as_it_was(void **state)
{
	(void)state;
	(void)probe_intercept();
	(void)probe_userns();
	/* Still allowed to make system calls, and no filter was left. */
	assert_int_equal(access("/", F_OK), 0);
	assert_int_equal(probe_number("/nonexistent", -7), -7);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_program_is_described_whole),
	    cmocka_unit_test(the_verdict_names_its_reason),
	    cmocka_unit_test(text_from_the_file_cannot_command_the_terminal),
	    cmocka_unit_test(a_bad_file_gives_its_message_and_code),
	    cmocka_unit_test(doctor_gives_each_fact_its_state_and_a_verdict),
	    cmocka_unit_test(doctor_fails_when_something_needed_is_missing),
	    cmocka_unit_test(probing_leaves_this_process_as_it_was),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
