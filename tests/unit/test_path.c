/* Paths with a root: what is found where, and that nothing leads out.  Expected: openat2(2), RESOLVE_IN_ROOT. */
#include "abi/core/path.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "abi/core/diag.h"
#include "abi/core/fd.h"
#include "abi/core/task.h"

static char top[] = "/tmp/dragoman-path-XXXXXX";
static struct task task;
static struct thread thread = {.task = &task};

static void
put(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* TOP/root is the root; TOP/host and TOP/out belong to the host. */
static int
set_up(void **state)
{
	struct diag d = {0};

	(void)state;
	assert_int_equal(fd_setup(&d), 0);
	assert_non_null(mkdtemp(top));
	assert_int_equal(chdir(top), 0);
	assert_int_equal(mkdir("root", 0755) | mkdir("root/d", 0755) | mkdir("root/d/e", 0755) | mkdir("host", 0755), 0);
	put("host/h", "host");
	put("out", "out");
	put("root/f", "f");
	put("root/d/g", "g");
	assert_int_equal(symlink("/f", "root/abs") | symlink("../../../../f", "root/d/up") | symlink("/nowhere", "root/dangling"), 0);
	assert_int_equal(symlink("../out", "root/escape") | symlink("/d", "root/dir"), 0);
	task.exec_path = "/bin/true";
	task.pid = getpid();
	return 0;
}

static int
tear_down(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", top);
	return chdir("/") || system(command);
}

static void
use_root(bool strict)
{
	static char root[64];

	snprintf(root, sizeof(root), "%s/root", top);
	task.root = root;
	task.root_strict = strict;
}

/* The content of what the guest calls @name, or its error. */
static const char *
content(int dirfd, const char *name, uint32_t use, int flags)
{
	static char text[32];
	struct path p;
	long fd = path_get_host(&thread, dirfd, name, use, &p);

	if (fd == 0)
		fd = path_open(&thread, &p, flags | O_CLOEXEC, flags & O_CREAT ? 0644 : 0);
	path_done(&p);
	if (fd < 0) {
		snprintf(text, sizeof(text), "%ld", fd);
		return text;
	}
	text[read((int)fd, text, sizeof(text) - 1)] = 0;
	close((int)fd);
	return text;
}

#define READS(want, name) assert_string_equal(content(AT_FDCWD, name, PATH_OPEN, O_RDONLY), want)
#define FAILS(error, name)                                                                \
	do {                                                                              \
		char want_[16];                                                           \
		snprintf(want_, sizeof(want_), "%d", -(error));                           \
		READS(want_, name);                                                       \
	} while (0)

static void
links_are_resolved_inside(void **state)
{
	(void)state;
	for (int strict = 0; strict < 2; strict++) {
		use_root(strict);
		READS("f", "/f");
		READS("f", "/abs");
		READS("f", "/d/up");
		READS("g", "/dir/g");
		READS("f", "/../../../f");
		READS("f", "/d/e/../../f");
	}
	FAILS(ENOTDIR, "/f/x");
}

/* Without --sysroot a link of the root may lead to the host's file, when the root has none. */
static void
links_may_lead_to_the_host(void **state)
{
	char target[128];

	(void)state;
	snprintf(target, sizeof(target), "%s/host/h", top);
	assert_int_equal(symlink(target, "root/d/tohost") | symlink("d/tohost", "root/twice"), 0);
	use_root(false);
	READS("host", "/d/tohost");
	READS("host", "/twice");
	assert_string_equal(content(AT_FDCWD, "/twice", PATH_OPEN | PATH_NOFOLLOW, O_RDONLY | O_NOFOLLOW), "-40"); /* ELOOP */
	use_root(true);
	FAILS(ENOENT, "/d/tohost");
	FAILS(ENOENT, "/twice");
}

static void
nothing_leads_out_of_a_strict_root(void **state)
{
	char name[128];

	(void)state;
	use_root(true);
	snprintf(name, sizeof(name), "%s/out", top);
	FAILS(ENOENT, name);
	FAILS(ENOENT, "/escape");
	FAILS(ENOENT, "/dangling");
	FAILS(ENOENT, "/etc/passwd");
	FAILS(ENOENT, "out"); /* the current directory is outside */
	use_root(false);
	READS("out", name);
	READS("out", "out");
}

static void
relative_names_stay_inside(void **state)
{
	int dir, e;

	(void)state;
	for (int strict = 0; strict < 2; strict++) {
		use_root(strict);
		e = open("root/d/e", O_RDONLY | O_DIRECTORY);
		assert_string_equal(content(e, "../g", PATH_OPEN, O_RDONLY), "g");
		assert_string_equal(content(e, "../../../../../f", PATH_OPEN, O_RDONLY), "f");
		assert_string_equal(content(e, "../../../out", PATH_OPEN, O_RDONLY), "-2");
		close(e);
		dir = open(".", O_RDONLY | O_DIRECTORY);
		assert_int_equal(chdir("root/d"), 0);
		READS("g", "g");
		READS("f", "../../../f");
		assert_int_equal(fchdir(dir), 0);
		close(dir);
	}
}

static void
creation_follows_the_parent(void **state)
{
	char name[128];

	(void)state;
	use_root(false);
	assert_string_equal(content(AT_FDCWD, "/d/new", PATH_CREATE, O_RDWR | O_CREAT | O_EXCL), "");
	assert_int_equal(unlink("root/d/new"), 0);
	/* through a link whose target is new, into the root */
	assert_string_equal(content(AT_FDCWD, "/dangling", PATH_CREATE, O_RDWR | O_CREAT), "");
	assert_int_equal(unlink("root/nowhere"), 0);
	snprintf(name, sizeof(name), "%s/host/new", top);
	assert_string_equal(content(AT_FDCWD, name, PATH_CREATE, O_RDWR | O_CREAT | O_EXCL), "");
	assert_int_equal(unlink("host/new"), 0);
	use_root(true);
	assert_string_equal(content(AT_FDCWD, name, PATH_CREATE, O_RDWR | O_CREAT | O_EXCL), "-2");
}

static void
final_links_are_left_to_the_call(void **state)
{
	struct path p;
	struct stat st;
	char text[64];

	(void)state;
	use_root(true);
	assert_int_equal(path_get_host(&thread, AT_FDCWD, "/dangling", PATH_LINK, &p), 0);
	assert_int_equal(fstatat(p.dirfd, p.name, &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(readlinkat(p.dirfd, p.name, text, sizeof(text)), 8);
	path_done(&p);
	assert_int_equal(path_get_host(&thread, AT_FDCWD, "/dangling", PATH_EXISTING, &p), -ENOENT);
	path_done(&p);
	/* the parent of "..", and of the root itself, is not above the root */
	assert_int_equal(path_get_host(&thread, AT_FDCWD, "/..", PATH_PARENT, &p), 0);
	assert_int_equal(fstatat(p.dirfd, p.name, &st, 0), 0);
	path_done(&p);
	assert_int_equal(path_get_host(&thread, AT_FDCWD, "/d/../..", PATH_PARENT, &p), 0);
	struct stat root;
	assert_int_equal(stat("root", &root), 0);
	assert_int_equal(fstatat(p.dirfd, p.name, &st, 0), 0);
	assert_int_equal(st.st_ino, root.st_ino);
	path_done(&p);
}

static void
guests_see_paths_without_the_root(void **state)
{
	char name[128];

	(void)state;
	use_root(true);
	snprintf(name, sizeof(name), "%s/root/d/e", top);
	assert_string_equal(path_for_guest(&thread, name), "/d/e");
	snprintf(name, sizeof(name), "%s/root", top);
	assert_string_equal(path_for_guest(&thread, name), "/");
	snprintf(name, sizeof(name), "%s/rooted", top);
	assert_null(path_for_guest(&thread, name));
	use_root(false);
	assert_string_equal(path_for_guest(&thread, name), name);
	task.root = NULL;
	assert_string_equal(path_for_guest(&thread, name), name);
}

static void
descriptors_of_ours_are_hidden_from_the_lowest_number(void **state)
{
	int before = dup(0), after;
	struct path p;

	(void)state;
	close(before);
	use_root(true);
	assert_int_equal(path_get_host(&thread, AT_FDCWD, "/f", PATH_EXISTING, &p), 0);
	after = dup(0);
	assert_int_equal(after, before);
	close(after);
	path_done(&p);
	assert_int_equal(path_get_host(&thread, AT_FDCWD, "", PATH_EXISTING, &p), -ENOENT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(links_are_resolved_inside),
	    cmocka_unit_test(links_may_lead_to_the_host),
	    cmocka_unit_test(nothing_leads_out_of_a_strict_root),
	    cmocka_unit_test(relative_names_stay_inside),
	    cmocka_unit_test(creation_follows_the_parent),
	    cmocka_unit_test(final_links_are_left_to_the_call),
	    cmocka_unit_test(guests_see_paths_without_the_root),
	    cmocka_unit_test(descriptors_of_ours_are_hidden_from_the_lowest_number),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
