/* EVFILT_FS, in a namespace of mounts of its own; and filters that nobody may attach.  Source: sys/kern/vfs_subr.c. */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/kq_bench.h"

enum { VQ_MOUNT = 8, VQ_UNMOUNT = 16 };

/* In a child of its own: 0 as it should be, 77 not allowed here, else the step that went wrong. */
static int
mounts_and_unmounts(void)
{
	struct thread *t = kq_bench_thread();
	int kq = (int)kq_bench_kqueue(t);
	struct fbsd_kevent e;

	if (unshare(CLONE_NEWNS) && unshare(CLONE_NEWUSER | CLONE_NEWNS))
		return 77;
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return 77;
	if (kq_change(t, kq, 1, EVFILT_FS, EV_ADD, VQ_MOUNT | VQ_UNMOUNT, 0, 5))
		return 1;
	if (kq_wait(t, kq, &e, 1, 0))
		return 2;
	if (mount("none", "/tmp", "tmpfs", 0, NULL))
		return 77;
	if (kq_wait(t, kq, &e, 1, -1) != 1 || e.filter != EVFILT_FS || e.fflags != VQ_MOUNT || e.flags != EV_CLEAR || e.udata != 5)
		return 3;
	if (kq_wait(t, kq, &e, 1, 0))
		return 4;
	if (umount("/tmp") || kq_wait(t, kq, &e, 1, -1) != 1 || e.fflags != VQ_UNMOUNT)
		return 5;
	return kq_change(t, kq, 1, EVFILT_FS, EV_DELETE, 0, 0, 0) ? 6 : 0;
}

static void
mounts_are_events(void **state)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(mounts_and_unmounts());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void
the_kernels_own_filters_are_refused(void **state)
{
	struct bench *b = *state;

	assert_int_equal(kq_change(b->t, b->kq, 1, EVFILT_SENDFILE, EV_ADD, 0, 0, 0), -ENXIO);
	assert_int_equal(kq_change(b->t, b->kq, 1, EVFILT_SENDFILE, EV_DELETE, 0, 0, 0), -ENOENT);
	assert_int_equal(kq_change(b->t, b->kq, 1, EVFILT_LIO, EV_ADD, 0, 0, 0), -EPERM);
	assert_int_equal(kq_change(b->t, b->kq, 1, EVFILT_AIO, EV_ADD, 0, 0, 0), -EPERM);
	kq_none(b->t, b->kq);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(mounts_are_events),
	    cmocka_unit_test_setup_teardown(the_kernels_own_filters_are_refused, kq_bench_setup, kq_bench_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
