/* The tracer's pieces: strings, filters, sets, structures.  Forms are those of strace(1) 6.1. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "abi/core/sets.h"
#include "loader/image.h"
#include "loader/trace_impl.h"

#define GUEST 0x10000000ull

static const struct personality *fbsd;
static char line[TRACE_TEXT];
static struct text o;

static void
begin(void)
{
	o = (struct text){.buf = line, .size = sizeof(line)};
	line[0] = 0;
}

static void
strings_are_quoted_escaped_and_cut(void **state)
{
	static const struct {
		const char *bytes;
		unsigned n;
		bool cut;
		const char *want;
	} cases[] = {
	    {"", 0, false, "\"\""},
	    {"plain", 5, false, "\"plain\""},
	    {"a\tb\nc\rd\ve\ff", 11, false, "\"a\\tb\\nc\\rd\\ve\\ff\""},
	    {"\"\\", 2, false, "\"\\\"\\\\\""},
	    {"\0", 1, false, "\"\\0\""},
	    {"\0001", 2, false, "\"\\0001\""}, /* a digit follows: all three octal ones */
	    {"\0009", 2, false, "\"\\09\""},   /* 9 is no octal digit */
	    {"\033[0m", 4, false, "\"\\33[0m\""},
	    {"\377", 1, false, "\"\\377\""},
	    {"\177", 1, false, "\"\\177\""},
	    {"abc", 3, true, "\"abc\"..."},
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin();
		trace_bytes(&o, (const uint8_t *)cases[i].bytes, cases[i].n, cases[i].cut);
		assert_string_equal(line, cases[i].want);
	}
}

static void
buffers_are_cut_at_32_and_paths_are_not(void **state)
{
	char *guest = (char *)GUEST;

	memset(guest, 'x', 40);
	guest[40] = 0;
	begin();
	trace_buffer(&o, GUEST, 32);
	assert_string_equal(line, "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"");
	begin();
	trace_buffer(&o, GUEST, 33);
	assert_string_equal(line, "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"...");
	begin();
	trace_string(&o, GUEST, false);
	assert_string_equal(line, "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"...");
	begin();
	trace_string(&o, GUEST, true);
	assert_int_equal(strlen(line), 42);
	begin();
	trace_string(&o, 0, true);
	assert_string_equal(line, "NULL");
}

static uint32_t
number_of(const char *name)
{
	for (uint32_t i = 0; i < fbsd->tab->n; i++)
		if (fbsd->tab->ent[i].name && !strcmp(fbsd->tab->ent[i].name, name))
			return i;
	fail_msg("no call %s", name);
	return 0;
}

static void
filters_select_names_classes_and_all_but(void **state)
{
	static const struct {
		const char *filter, *in, *out; /* names with blanks */
	} cases[] = {
	    {NULL, "open read getpid socket", ""},
	    {"open", "open", "openat read"},
	    {"open,read", "open read", "write"},
	    {"stat", "freebsd11_stat", "fstat"},
	    {"getcwd", "__getcwd", "chdir"},
	    {"file", "open execve unlinkat", "read close mmap"},
	    {"desc", "read close openat kqueue mmap", "unlink getpid"},
	    {"network", "socket connect sendmsg accept4", "read"},
	    {"net", "socket", "read"},
	    {"memory", "mmap munmap break", "read"},
	    {"process", "fork execve wait4 exit thr_new", "read kill"},
	    {"signal", "kill sigaction sigprocmask", "read"},
	    {"%file", "open", "read"},
	    {"!open", "read openat", "open"},
	    {"file,!open", "unlink", "open read"},
	    {"!file,!read", "write", "open read"},
	    {"all,!mmap", "open", "mmap"},
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (int in = 0; in < 2; in++) {
			char names[128], *save = NULL;
			uint8_t got[TRACE_CALLS];
			struct diag d = {0};

			assert_int_equal(trace_filter(fbsd->tab, cases[i].filter, got, &d), 0);
			strcpy(names, in ? cases[i].in : cases[i].out);
			for (char *n = strtok_r(names, " ", &save); n; n = strtok_r(NULL, " ", &save))
				if (got[number_of(n)] != in)
					fail_msg("%s: %s is %s", cases[i].filter, n, in ? "left out" : "let in");
		}
}

static void
filters_with_unknown_words_are_refused(void **state)
{
	static const char *const bad[] = {"opne", "file,nonsense", "", ",", "open,", "!", "!!open", "ope"};

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint8_t got[TRACE_CALLS];
		struct diag d = {0};

		assert_int_equal(trace_filter(fbsd->tab, bad[i], got, &d), -EINVAL);
		assert_non_null(strstr(d.text, "neither a call"));
	}
}

static const struct set *
set_of(const char *call, unsigned arg)
{
	return fbsd->tab->ent[number_of(call)].args[arg].set;
}

static void
sets_are_written_by_name(void **state)
{
	const struct {
		const char *call;
		unsigned arg;
		uint64_t v;
		const char *want;
	} cases[] = {
	    {"open", 1, 0, "O_RDONLY"},
	    {"open", 1, 1, "O_WRONLY"},
	    {"open", 1, 0x100002, "O_RDWR|O_CLOEXEC"},
	    {"open", 1, 0x40000600, "O_RDONLY|O_CREAT|O_TRUNC|0x40000000"},
	    {"mprotect", 2, 0, "PROT_NONE"},
	    {"mprotect", 2, 5, "PROT_READ|PROT_EXEC"},
	    {"unlinkat", 2, 0, "0"},
	    {"lseek", 2, 2, "SEEK_END"},
	    {"lseek", 2, 9, "0x9"},
	    {"socket", 1, 0x30000001, "SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK"},
	    {"socket", 1, 77, "0x4d"},
	    {"setsockopt", 1, 0xffff, "SOL_SOCKET"},
	    {"ioctl", 1, 0x40087468, "TIOCGWINSZ"},
	    {"access", 1, 0, "F_OK"},
	    {"access", 1, 6, "R_OK|W_OK"},
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin();
		trace_set(set_of(cases[i].call, cases[i].arg), cases[i].v, &o);
		assert_string_equal(line, cases[i].want);
	}
}

static void
put(unsigned off, uint64_t v, unsigned n)
{
	memcpy((char *)GUEST + off, &v, n);
}

static void
structures_follow_pointers_and_counts(void **state)
{
	struct trace_ctx c = {.pers = fbsd, .budget = UINT64_MAX};

	memset((void *)GUEST, 0, 4096);
	put(0, GUEST + 256, 8); /* two iovecs */
	put(8, 5, 8);
	put(16, GUEST + 256, 8);
	put(24, 3, 8);
	memcpy((char *)GUEST + 256, "hello", 5);
	begin();
	trace_structs(&c, "iovec", GUEST, 2, true, &o);
	assert_string_equal(line, "[{iov_base=\"hello\", iov_len=5}, {iov_base=\"hel\", iov_len=3}]");
	c.budget = 6; /* readv returned 6: the second holds one byte */
	begin();
	trace_structs(&c, "iovec", GUEST, 2, true, &o);
	assert_string_equal(line, "[{iov_base=\"hello\", iov_len=5}, {iov_base=\"h\", iov_len=3}]");
	begin();
	trace_structs(&c, "iovec", GUEST, 1ull << 40, true, &o);
	assert_string_equal(line, "0x10000000");
	begin();
	trace_structs(&c, "no such structure", GUEST, 1, false, &o);
	assert_string_equal(line, "0x10000000");
}

/* Status words: FreeBSD sys/wait.h. */
static void
wait_statuses_and_signal_sets_are_decoded(void **state)
{
	static const struct {
		uint32_t v;
		const char *want;
	} cases[] = {{0, "[{WIFEXITED(s) && WEXITSTATUS(s) == 0}]"},
	             {0x2a00, "[{WIFEXITED(s) && WEXITSTATUS(s) == 42}]"},
	             {0x8b, "[{WIFSIGNALED(s) && WTERMSIG(s) == SIGSEGV && WCOREDUMP(s)}]"},
	             {9, "[{WIFSIGNALED(s) && WTERMSIG(s) == SIGKILL}]"},
	             {0x117f, "[{WIFSTOPPED(s) && WSTOPSIG(s) == SIGSTOP}]"},
	             {0x13, "[{WIFCONTINUED(s)}]"}};
	struct trace_ctx c = {.pers = fbsd};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put(0, cases[i].v, 4);
		begin();
		trace_structs(&c, "status", GUEST, 1, false, &o);
		assert_string_equal(line, cases[i].want);
	}
	put(0, 1ull << 1 | 1ull << 10, 8);
	put(8, 1, 8);
	begin();
	trace_structs(&c, "sigset", GUEST, 1, false, &o);
	assert_string_equal(line, "[INT SEGV RT0]");
	put(0, ~(1ull << 8), 8);
	put(8, ~0ull, 8);
	begin();
	trace_structs(&c, "sigset", GUEST, 1, false, &o);
	assert_string_equal(line, "~[KILL]");
}

static void
results_carry_the_guests_errno(void **state)
{
	static const struct {
		const char *call;
		long r;
		const char *want;
	} cases[] = {{"open", 3, " = 3"},
	             {"open", -ENOENT, " = -1 ENOENT (No such file or directory)"},
	             {"read", -EAGAIN, " = -1 EAGAIN (Resource temporarily unavailable)"},
	             {"mmap", 0x7000, " = 0x7000"},
	             {"umask", 022, " = 022"},
	             {"sigtimedwait", 15, " = 15 (SIGTERM)"},
	             {"read", -512, " = ? ERESTART (To be restarted if SA_RESTART is set)"}};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct trace_ctx c = {.pers = fbsd, .e = &fbsd->tab->ent[number_of(cases[i].call)], .r = cases[i].r, .done = true};

		begin();
		trace_result(&c, false, 0, &o);
		assert_string_equal(line, cases[i].want);
	}
}

static void
symbols_are_found_by_address(void **state)
{
	struct image_symbols *s = image_symbols_open("/proc/self/exe");
	uint64_t off = 99;

	/* This program is position independent: its load address is where its first page is. */
	extern const char __executable_start[];
	uint64_t base = (uint64_t)__executable_start, at = (uint64_t)symbols_are_found_by_address;

	assert_non_null(s);
	assert_string_equal(image_symbol(s, at - base, &off), "symbols_are_found_by_address");
	assert_int_equal(off, 0);
	assert_string_equal(image_symbol(s, at - base + 5, &off), "symbols_are_found_by_address");
	assert_int_equal(off, 5);
	assert_null(image_symbol(s, 1ull << 40, &off));
	image_symbols_close(s);
	assert_null(image_symbols_open("/dev/null"));
	assert_null(image_symbols_open("/nonexistent"));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(strings_are_quoted_escaped_and_cut),
	    cmocka_unit_test(buffers_are_cut_at_32_and_paths_are_not),
	    cmocka_unit_test(filters_select_names_classes_and_all_but),
	    cmocka_unit_test(filters_with_unknown_words_are_refused),
	    cmocka_unit_test(sets_are_written_by_name),
	    cmocka_unit_test(structures_follow_pointers_and_counts),
	    cmocka_unit_test(wait_statuses_and_signal_sets_are_decoded),
	    cmocka_unit_test(results_carry_the_guests_errno),
	    cmocka_unit_test(symbols_are_found_by_address),
	};

	fbsd = abi_find("FreeBSD", "amd64");
	assert_non_null(fbsd);
	if (mmap((void *)GUEST, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) !=
	    (void *)GUEST)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
