/*
 * The whole run in one screen: options, program, personality, guest memory, start, loop.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/abi.h"
#include "abi/core/fd.h"
#include "abi/core/gm.h"
#include "loader/binfmt.h"
#include "loader/config.h"
#include "loader/engine.h"
#include "loader/image.h"
#include "loader/layout.h"
#include "loader/map.h"
#include "loader/options.h"
#include "loader/program.h"
#include "loader/run.h"

#define CONFIG_OPT "--exec-config="

/* A message, and the exit code that says whose fault it is. */
static _Noreturn void
refuse(const struct diag *d)
{
	switch (d->code) {
	case -ENOENT:
	case -ENOTDIR:
		diag_die(EXIT_NOT_FOUND, "%s", d->text);
	case -ENOEXEC:
	case -EACCES:
	case -ENOTSUP:
		diag_die(EXIT_NOT_EXECUTABLE, "%s", d->text);
	}
	diag_die(EXIT_SETUP, "%s", d->text);
}

static void
open_log(struct exec_config *c, struct diag *d)
{
	const char *name = c->opt.log_file;

	if (name && c->log_fd < 0) {
		int fd = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);

		if (fd < 0) {
			diag_fail(d, -EINVAL, "%s: %s", name, strerror(errno));
			refuse(d);
		}
		c->log_fd = fd_hide(fd);
	}
	if (c->log_fd >= 0)
		diag_set_fd(c->log_fd);
	log_mask = c->opt.log_mask;
}

static void
check_root(const char *root, struct diag *d)
{
	struct stat st;

	if (!root)
		return;
	if (stat(root, &st)) {
		diag_fail(d, -EINVAL, "-L %s: %s", root, strerror(errno));
		refuse(d);
	}
	if (!S_ISDIR(st.st_mode)) {
		diag_fail(d, -EINVAL, "-L %s: not a directory", root);
		refuse(d);
	}
	if (access("/proc/self/fd", X_OK)) {
		diag_fail(d, -EINVAL, "-L %s: names below a root need /proc/self/fd: %s", root, strerror(errno));
		refuse(d);
	}
}

/* Where /proc is not mounted exec needs another way to ourselves. */
static void
keep_self(struct exec_config *c)
{
	const char *name = (const char *)getauxval(AT_EXECFN);
	int fd;

	if (!access("/proc/self/exe", F_OK) || !name)
		return;
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		c->self_fd = fd_hide(fd);
}

/* From a command line. */
static void
first_image(int argc, char **argv, struct exec_config *c, struct program *p, struct diag *d)
{
	extern char **environ;

	if (options_parse(argc, argv, environ, &c->opt, d))
		refuse(d);
	program_other_commands(&c->opt);
	if (!c->opt.args[0])
		diag_die(EXIT_SETUP, "no program given; try dragoman --help");
	check_root(c->opt.root, d);
	keep_self(c);
	if (program_find(&c->opt, c->opt.args[0], p, d))
		refuse(d);
	p->argv = c->opt.args;
	if (c->opt.argv0)
		p->argv[0] = (char *)c->opt.argv0;
	p->envp = options_environ(&c->opt, environ);
	if (!p->envp)
		diag_die(EXIT_SETUP, "no memory for the environment");
}

/* From an exec of ourselves. */
static void
next_image(int fd, char **argv, struct exec_config *c, struct program *p, struct diag *d)
{
	extern char **environ;

	if (config_read(fd, c, d) || program_from_fd(c->prog_fd, c->path, p, d))
		refuse(d);
	p->argv = c->argv ? c->argv : argv + 2;
	p->envp = c->envp ? c->envp : environ;
	c->argv = c->envp = NULL; /* of this exec */
}

int
main(int argc, char **argv)
{
	struct exec_config *c = &config_current;
	struct diag d = {0};
	struct program p = {0};
	uint64_t stack_rlim;

	diag_setup();
	if (binfmt_started())
		argv = binfmt_args(&argc, argv);
	if (!argv)
		diag_die(EXIT_SETUP, "no memory for the arguments");
	if (layout_fix(argv, &stack_rlim, &d) || fd_setup(&d))
		refuse(&d);
	c->stack_rlim = stack_rlim;
	if (argc > 1 && !strncmp(argv[1], CONFIG_OPT, strlen(CONFIG_OPT)))
		next_image(atoi(argv[1] + strlen(CONFIG_OPT)), argv, c, &p, &d);
	else
		first_image(argc, argv, c, &p, &d);
	open_log(c, &d);
	if (program_start(c, &p, &d))
		refuse(&d);
	run_thread(p.thread);
	run_hooks.thread_exit(p.thread);
}
