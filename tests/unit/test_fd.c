/*
 * The split of descriptor numbers, each case in a child with limits of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/core/diag.h"
#include "abi/core/fd.h"

#define NEED(cond)                                                                                 \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			printf("line %d: %s\n", __LINE__, #cond);                                  \
			fflush(stdout);                                                            \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

/* Run fn in a child under these limits; skips when this user may not have them. */
static void
under(rlim_t soft, rlim_t hard, void (*fn)(void))
{
	struct rlimit want = {soft, hard};
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (setrlimit(RLIMIT_NOFILE, &want) < 0)
			_exit(77);
		fn();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status == W_EXITCODE(77, 0))
		skip();
	assert_int_equal(status, 0);
}

static rlim_t
soft_now(void)
{
	struct rlimit l;

	NEED(getrlimit(RLIMIT_NOFILE, &l) == 0);
	return l.rlim_cur;
}

static void
usual(void)
{
	struct diag d = {0};
	int p[2], high;

	NEED(!fd_is_ours(1000000));
	NEED(fd_setup(&d) == 0);
	NEED(fd_guest_limit() == 13500 && fd_guest_soft() == 1024 && soft_now() == 18000);
	NEED(!fd_is_ours(13499) && fd_is_ours(13500));
	NEED(pipe(p) == 0);
	high = fd_hide(p[0]);
	NEED(high >= 13500 && fcntl(high, F_GETFD) == FD_CLOEXEC);
	NEED(fcntl(p[0], F_GETFD) < 0 && errno == EBADF);
	NEED(write(p[1], "x", 1) == 1 && read(high, &(char){0}, 1) == 1);
	NEED(fd_hide(high) == high); /* already there */
	NEED(fd_hide(p[0]) == -EBADF);
	NEED(fd_soft_lower(1024) == 0 && soft_now() == 1024);
	NEED(write(p[1], "x", 1) == 1 && read(high, &(char){0}, 1) == 1); /* open ones stay */
	NEED(fd_soft_raise() == 0 && soft_now() == 18000);
}

static void
ours_lie_above_the_guests_and_are_hidden_from_exec(void **state)
{
	(void)state;
	under(1024, 18000, usual); /* a quarter of the hard limit is ours */
}

static void
the_line_follows_the_limits(void **state)
{
	static const struct {
		uint64_t soft, hard;
		int guest, end;
	} rows[] = {
	    {1024, 1048576, 16384, 20480},  /* not pushed to the end of a large hard limit */
	    {50000, 1048576, 50000, 54096}, /* a soft limit that the user raised is the guest's */
	    {1048576, 1048576, 1044480, 1048576},
	    {20480, 20480, 16384, 20480},
	    {1024, 20479, 15360, 20479},
	    {1024, 4096, 3072, 4096},
	    {64, 64, 48, 64},
	    {32, 32, 16, 32},
	    {0, UINT64_MAX, 16384, 20480},
	    {UINT64_MAX, UINT64_MAX, INT32_MAX - 4096, INT32_MAX},
	};
	int guest = -1, end = -1;

	(void)state;
	assert_false(fd_split(16, 31, &guest, &end));
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		assert_true(fd_split(rows[i].soft, rows[i].hard, &guest, &end));
		assert_int_equal(guest, rows[i].guest);
		assert_int_equal(end, rows[i].end);
	}
}

static void
tight(void)
{
	struct diag d = {0};
	int fd, n = 0;

	NEED(fd_setup(&d) == 0);
	NEED(fd_guest_limit() == 48 && fd_guest_soft() == 48 && soft_now() == 64);
	while ((fd = dup(0)) >= 0 && (fd = fd_hide(fd)) >= 0) {
		NEED(fd_is_ours(fd));
		n++;
	}
	NEED(n == 16 && fd == -EMFILE);
}

static void
a_small_hard_limit_still_leaves_sixteen_for_us(void **state)
{
	(void)state;
	under(64, 64, tight);
}

static void
tiny(void)
{
	struct diag d = {0};

	NEED(fd_setup(&d) == -EMFILE);
	NEED(strcmp(d.text,
		    "limit of open files: the hard limit is 31, and 32 are needed (ulimit -Hn)") ==
	     0);
	NEED(soft_now() == 20);
}

static void
a_tiny_hard_limit_is_refused_with_both_numbers(void **state)
{
	(void)state;
	under(20, 31, tiny);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ours_lie_above_the_guests_and_are_hidden_from_exec),
	    cmocka_unit_test(the_line_follows_the_limits),
	    cmocka_unit_test(a_small_hard_limit_still_leaves_sixteen_for_us),
	    cmocka_unit_test(a_tiny_hard_limit_is_refused_with_both_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
