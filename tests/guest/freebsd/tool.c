/* A program for tests of the command line: does what its first argument says.  exit N, kill N, args, exec FILE ARGS..., told, absent, reopen FILE */
#include "../kit/fbsd.h"
#include "../kit/kit.h"

static int
number(const char *s)
{
	int n = 0;

	while (s && *s >= '0' && *s <= '9')
		n = n * 10 + *s++ - '0';
	return n;
}

static const char *
arg(int i)
{
	return i < kit_argc ? kit_argv[i] : "";
}

static void
leave(void)
{
	call(SYS_exit, number(arg(kit_argc - 1))); /* the last: a script's name may come before */
}

static void
die(void)
{
	call(SYS_kill, sys(SYS_getpid), number(arg(2)));
	call(SYS_exit, 99);
}

static void
args(void)
{
	for (int i = 0; i < kit_argc; i++)
		kit_printf("arg %s\n", kit_argv[i]);
	for (char **e = kit_envp; *e; e++)
		kit_printf("env %s\n", *e);
}

static void
exec(void)
{
	struct ret r = call(SYS_execve, arg(2), kit_argv + 2, kit_envp);

	kit_printf("errno %d\n", (int)r.val);
	call(SYS_exit, 1);
}

static void
told(void)
{
	char text[64];
	uint64_t size = sizeof(text) - 1;
	int n = 0;

	sys(SYS___sysctlbyname, "kern.osrelease", 14, text, &size, 0, 0);
	text[size] = 0;
	kit_printf("release %s\n", text);
	size = sizeof(n);
	sys(SYS___sysctlbyname, "kern.osreldate", 14, &n, &size, 0, 0);
	kit_printf("date %d\n", n);
	sys(SYS___sysctlbyname, "hw.ncpu", 7, &n, &size, 0, 0);
	kit_printf("cpus %d\n", n);
	kit_printf("stack 0x%lx\n", (unsigned long)kit_start);
}

static void
absent(void)
{
	for (int i = 0; i < 3; i++) {
		call(1000);
		call(85, "/dev/null"); /* swapon */
	}
}

/* What is opened with standard error closed gets its number. */
static void
reopen(void)
{
	kit_printf("opened %d\n", (int)sys(SYS_open, arg(2), O_RDWR | O_CREAT, 0644));
	call(1000);
}

const struct test tests[] = {{"exit", leave}, {"kill", die},      {"args", args},     {"exec", exec},
                             {"told", told},  {"absent", absent}, {"reopen", reopen}, {0}};
