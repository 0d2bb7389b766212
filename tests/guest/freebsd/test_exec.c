/*
 * What execve takes and hands over: scripts, sizes, descriptors.
 * Source: FreeBSD manual execve(2), fexecve(2); imgact_shell.c for scripts, exec_check_permissions() for what is no program.
 */
#include "../kit/files.h"

static char *no_env[] = {"PATH=/bin:/usr/bin", 0};

static void
script(const char *name, const char *text, uint64_t len)
{
	int64_t fd = sys(SYS_open, name, O_CREAT | O_TRUNC | O_WRONLY, 0700);

	sys(SYS_write, fd, text, len);
	sys(SYS_close, fd);
}
#define SCRIPT(name, text) script(name, text, sizeof(text) - 1)

/* The exit status of @path with two arguments; 100 plus errno when it does not run. */
static int
run(const char *path)
{
	char *argv[] = {"zero", "one", "two", 0};
	int status = -1;
	int64_t pid = sys(SYS_fork);

	if (pid == 0) {
		int64_t r = sys(SYS_execve, path, argv, no_env);

		call(SYS_exit, 100 - r);
	}
	sys(SYS_wait4, pid, &status, 0, 0);
	return status & 0x7f ? -1 : status >> 8;
}

/* The script's name is what execve was given, its arguments follow; what stood for its own name is gone. */
static void
scripts_are_named_as_given(void)
{
	CHECK_OK(SYS_chdir, kit_dir());
	SCRIPT("s", "#!/bin/sh\n[ \"$0 $1 $2 $#\" = \"./s one two 2\" ] && exit 5\n[ \"$0\" = s ] && exit 6\nexit 7\n");
	CHECK_EQ(run("./s"), 5);
	CHECK_EQ(run("s"), 6);
	CHECK_EQ(run(P("s")), 7);
	sys(SYS_unlink, "s");
}

static void
first_lines_are_read(void)
{
	static char page[5000];
	int r;

	/* All after the interpreter is one argument, blanks at both ends gone. */
	SCRIPT("s", "#! \t/bin/sh \t-c 'exit 9'\t \nexit 1\n");
	r = run("s");
	CHECK(r > 1 && r != 9); /* the shell does not know such an option */
	SCRIPT("s", "#!/bin/sh -e \nfalse\nexit 1\n");
	CHECK_EQ(run("s"), 1);
	/* The line may end with the file, or with a NUL. */
	SCRIPT("s", "#!/bin/true");
	CHECK_EQ(run("s"), 0);
	SCRIPT("s", "#!/bin/true\0garbage\nexit 8\n");
	CHECK_EQ(run("s"), 0);
	/* Or with its first page. */
	memset(page, ' ', sizeof(page));
	memcpy(page, "#!/bin/true", 11);
	script("s", page, sizeof(page));
	CHECK_EQ(run("s"), 0);
	SCRIPT("s", "#!\nexit 1\n");
	CHECK_EQ(run("s"), 100 + ENOEXEC);
	SCRIPT("s", "#! \t\n");
	CHECK_EQ(run("s"), 100 + ENOEXEC);
	SCRIPT("s", "#!/none/such\n");
	CHECK_EQ(run("s"), 100 + ENOENT);
	SCRIPT("s", "#!.\n");
	CHECK_EQ(run("s"), 100 + EACCES);
	/* An interpreter that is a script itself. */
	SCRIPT("t", "#!/bin/true\n");
	SCRIPT("s", "#!./t\n");
	CHECK_EQ(run("s"), 100 + ENOEXEC);
	sys(SYS_unlink, "s"), sys(SYS_unlink, "t");
}

/* Whoever fexecve's a script has the interpreter open it by /dev/fd. */
static void
scripts_by_descriptor(void)
{
	char *argv[] = {"zero", "one", 0};
	int64_t fd, pid;
	int status = -1;

	SCRIPT("s", "#!/bin/sh\nexit $#$#\n");
	fd = sys(SYS_open, "s", O_RDONLY, 0);
	pid = sys(SYS_fork);
	if (pid == 0)
		ENDS(SYS_fexecve, fd, argv, no_env);
	CHECK_EQ(sys(SYS_wait4, pid, &status, 0, 0), pid);
	CHECK_EQ(status, 11 << 8);
	sys(SYS_close, fd), sys(SYS_unlink, "s");
}

static void
what_is_no_program(void)
{
	char *argv[] = {"x", 0};

	script("e", "", 0);
	CHECK_ERR(ENOEXEC, SYS_execve, "e", argv, no_env);
	CHECK_OK(SYS_chmod, "e", 0600);
	CHECK_ERR(EACCES, SYS_execve, "e", argv, no_env);
	SCRIPT("e", "\177ELF and nothing more");
	sys(SYS_chmod, "e", 0700);
	CHECK_ERR(ENOEXEC, SYS_execve, "e", argv, no_env);
	sys(SYS_unlink, "e");
	/* Nobody writes to this one, and nobody waits for that. */
	CHECK_OK(SYS_mkfifo, "fifo", 0777);
	CHECK_ERR(EACCES, SYS_execve, "fifo", argv, no_env);
	CHECK_ERR(EACCES, SYS_execve, "/dev/null", argv, no_env);
	CHECK_OK(SYS_unlink, "fifo");
}

/* ARG_MAX is 512 KB for arguments and environment. */
static void
sizes_of_arguments(void)
{
	static char big[600000], part[120001];
	char *self = (void *)kit_aux(AT_EXECPATH), *argv[] = {"sized", "told_sizes", big, 0}, *short_argv[] = {"x", 0}, *envp[] = {big, 0};
	char *many[] = {"sized", "told_sizes", part, part, part, part, 0};
	int status = -1;
	int64_t pid;

	memset(big, 'b', sizeof(big) - 1);
	CHECK_ERR(E2BIG, SYS_execve, self, argv, no_env);
	CHECK_ERR(E2BIG, SYS_execve, self, short_argv, envp);
	memset(part, 'p', sizeof(part) - 1);
	pid = sys(SYS_fork);
	if (pid == 0)
		ENDS(SYS_execve, self, many, no_env);
	sys(SYS_wait4, pid, &status, 0, 0);
	CHECK_EQ(status, 0);
}

/* One string may take all of it. */
static void
long_strings(void)
{
	static char arg[300001], env[200005];
	char *self = (void *)kit_aux(AT_EXECPATH), *argv[] = {"long", "told_long_strings", arg, "", "end", 0};
	char *envp[] = {"A=1", env, "Z=26", 0}, *first[] = {arg, "told_long_strings", 0};
	int status = -1;

	memset(arg, 'a', sizeof(arg) - 1);
	memset(env, 'e', sizeof(env) - 1);
	memcpy(env, "LONG=", 5);
	for (int i = 0; i < 3; i++) {
		int64_t pid = i == 2 ? kit_vfork() : sys(SYS_fork);

		if (pid == 0)
			ENDS(SYS_execve, self, i == 1 ? first : argv, i == 1 ? no_env : envp);
		CHECK_EQ(sys(SYS_wait4, pid, &status, 0, 0), pid);
		CHECK_EQ(status, 0);
	}
}

static void
told_long_strings(void)
{
	char *argv[] = {"short", "told_long_strings", 0};

	if (kit_argc == 2 && !strcmp(kit_argv[0], "short")) {
		CHECK_EQ(kit_envp[0], 0);
		return;
	}
	if (kit_argc == 2 && kit_argv[0][0] == 'a') {
		CHECK_EQ(strlen(kit_argv[0]), 300000);
		CHECK(!strcmp(kit_argv[1], "told_long_strings"));
		CHECK(!strcmp(kit_envp[0], no_env[0]) && !kit_envp[1]);
	}
	if (strcmp(kit_argv[0], "long"))
		return;
	CHECK_EQ(kit_argc, 5);
	CHECK_EQ(strlen(kit_argv[2]), 300000);
	CHECK_EQ(kit_argv[2][299999], 'a');
	CHECK(!kit_argv[3][0] && !strcmp(kit_argv[4], "end") && !kit_argv[5]);
	CHECK(!strcmp(kit_envp[0], "A=1") && !strcmp(kit_envp[2], "Z=26") && !kit_envp[3]);
	CHECK_EQ(strlen(kit_envp[1]), 200004);
	CHECK_EQ(strlen(kit_env("LONG")), 199999);
	/* And the next program has its own again. */
	CHECK_OK(SYS_execve, (void *)kit_aux(AT_EXECPATH), argv, argv + 2);
}

/* Who may execute a file need not be able to read it. */
static void
programs_that_cannot_be_read(void)
{
	char *argv[] = {"x", "-c", "exit 6", 0}, buf[4096];
	int64_t to = sys(SYS_open, "copy", O_CREAT | O_WRONLY, 0700), from = sys(SYS_open, "/bin/sh", O_RDONLY, 0), n, pid;
	int status = -1;

	while ((n = sys(SYS_read, from, buf, sizeof(buf))) > 0)
		sys(SYS_write, to, buf, n);
	CHECK_EQ(n, 0);
	CHECK_OK(SYS_fchmod, to, 0111);
	sys(SYS_close, to), sys(SYS_close, from);
	CHECK_OK(SYS_chmod, ".", 0755);
	for (int i = 0; i < 2; i++) {
		pid = sys(SYS_fork);
		if (pid == 0) {
			call(23 /* setuid */, 65534);
			if (!HOLDS(sys(SYS_open, "copy", O_RDONLY, 0) == -EACCES))
				call(SYS_exit, 1);
			if (i)
				ENDS(SYS_fexecve, sys(SYS_open, "copy", O_EXEC, 0), argv, no_env);
			ENDS(SYS_execve, "copy", argv, no_env);
		}
		CHECK_EQ(sys(SYS_wait4, pid, &status, 0, 0), pid);
		CHECK_EQ(status, 6 << 8);
	}
	sys(SYS_unlink, "copy");
}

static void
told_sizes(void)
{
	if (strcmp(kit_argv[0], "sized"))
		return;
	CHECK_EQ(kit_argc, 6);
	for (int i = 2; i < 6; i++)
		CHECK_EQ(strlen(kit_argv[i]), 120000);
	CHECK_EQ(kit_argv[5][119999], 'p');
}

/* Descriptors stay open but for those that say otherwise; the umask, the directory and pending alarms stay too. */
static void
what_is_handed_over(void)
{
	char *self = (void *)kit_aux(AT_EXECPATH), *argv[] = {"heir", "told_state", 0};
	int status = -1;
	int64_t pid = sys(SYS_fork);

	if (pid == 0) {
		int64_t fd = files_make("kept", "0123456789");

		sys(SYS_lseek, fd, 4, 0);
		sys(SYS_dup2, fd, 50);
		sys(SYS_dup2, fd, 51);
		sys(SYS_fcntl, 51, F_SETFD, 1);
		sys(SYS_umask, 0123);
		ENDS(SYS_execve, self, argv, no_env);
	}
	sys(SYS_wait4, pid, &status, 0, 0);
	CHECK_EQ(status, 0);
	sys(SYS_unlink, "kept");
}

static void
told_state(void)
{
	char c = 0;

	if (strcmp(kit_argv[0], "heir"))
		return;
	CHECK_EQ(sys(SYS_read, 50, &c, 1), 1);
	CHECK_EQ(c, '4');
	CHECK_ERR(EBADF, SYS_fcntl, 51, F_GETFD, 0);
	CHECK_EQ(sys(SYS_umask, 0), 0123);
	CHECK_OK(SYS_access, "kept", 0); /* the same directory */
}

static void
clean_up(void)
{
	if (kit_argc > 1)
		return;
	CHECK_OK(SYS_chdir, "/");
	CHECK_OK(SYS_rmdir, kit_dir());
}

const struct test tests[] = {
    {"scripts_are_named_as_given", scripts_are_named_as_given},
    {"first_lines_are_read", first_lines_are_read},
    {"scripts_by_descriptor", scripts_by_descriptor},
    {"what_is_no_program", what_is_no_program},
    {"sizes_of_arguments", sizes_of_arguments},
    {"told_sizes", told_sizes},
    {"long_strings", long_strings},
    {"told_long_strings", told_long_strings},
    {"programs_that_cannot_be_read", programs_that_cannot_be_read},
    {"what_is_handed_over", what_is_handed_over},
    {"told_state", told_state},
    {"clean_up", clean_up},
    {0},
};
