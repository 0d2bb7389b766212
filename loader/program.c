/* Finding a program, choosing its personality, giving it memory and a first thread. */
#include "loader/program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <unistd.h>

#include "abi/core/fd.h"
#include "abi/core/gm.h"
#include "abi/core/path.h"
#include "loader/crash.h"
#include "loader/doctor.h"
#include "loader/engine.h"
#include "loader/inspect.h"
#include "loader/map.h"
#include "loader/probe.h"
#include "loader/run.h"
#include "loader/trace.h"

#ifndef DRAGOMAN_VERSION
#define DRAGOMAN_VERSION "unknown"
#endif

static bool
has_personality(const char *os, const char *isa)
{
	return abi_find(os, isa) != NULL;
}

static int
inspect(const struct options *o)
{
	struct inspect in = {.out = stdout,
	                     .root = o->root,
	                     .root_strict = o->root_strict,
	                     .imports = o->imports,
	                     .runs_dynamic = false, /* choose() refuses them */
	                     .has_personality = has_personality,
	                     .has_intercept = probe_intercept};

	return inspect_files(&in, o->args);
}

/* A report that cannot be written is no report. */
static _Noreturn void
finish(int status)
{
	if (fflush(stdout) || ferror(stdout))
		diag_die(EXIT_SETUP, "standard output: %s", strerror(errno));
	exit(status);
}

void
program_other_commands(const struct options *o)
{
	switch (o->command) {
	case COMMAND_INSPECT:
		finish(inspect(o));
	case COMMAND_DOCTOR:
		finish(doctor_run(stdout));
	case COMMAND_HELP:
		options_usage(stdout);
		finish(0);
	case COMMAND_VERSION:
		printf("dragoman %s\n", DRAGOMAN_VERSION);
		finish(0);
	default:
		return;
	}
}

/* The name as the guest will see it: absolute, links not resolved. */
static int
absolute(const char *name, const char **ret, struct diag *d)
{
	char cwd[PATH_MAX], *p;

	if (name[0] == '/') {
		*ret = name;
		return 0;
	}
	if (!getcwd(cwd, sizeof(cwd)))
		return diag_fail(d, -errno, "the current directory has no name: %s", strerror(errno));
	while (name[0] == '.' && name[1] == '/')
		name += 2;
	if (asprintf(&p, "%s%s%s", cwd, cwd[1] ? "/" : "", name) < 0)
		return diag_fail(d, -ENOMEM, "no memory");
	*ret = p;
	return 0;
}

static int
try_open(const char *root, const char *path, struct image *ret, struct diag *d)
{
	char full[PATH_MAX];

	if (!root)
		return image_open(path, ret, d);
	if (snprintf(full, sizeof(full), "%s/%s", root, path) >= (int)sizeof(full))
		return diag_fail(d, -ENAMETOOLONG, "%s/%s: name too long", root, path);
	return image_open(full, ret, d);
}

static int
open_program(const struct options *o, const char *path, struct program *p, struct diag *d)
{
	struct diag first = {0};
	int r = -ENOENT;

	if (o->root && path[0] == '/')
		r = try_open(o->root, path, &p->img, &first);
	if (r == -ENOENT && !(o->root && o->root_strict && path[0] == '/'))
		return try_open(NULL, path, &p->img, d) ? d->code : absolute(path, &p->path, d);
	if (r)
		return diag_fail(d, r, "%s", first.text);
	return absolute(path, &p->path, d);
}

static int
search_path(const struct options *o, const char *name, struct program *p, struct diag *d)
{
	const char *path = getenv("PATH"), *at = path ? path : "/bin:/usr/bin";
	char full[PATH_MAX];

	while (*at) {
		size_t n = strcspn(at, ":");
		struct diag one = {0};

		if (snprintf(full, sizeof(full), "%.*s/%s", n ? (int)n : 1, n ? at : ".", name) < (int)sizeof(full) &&
		    access(full, X_OK) == 0) {
			char *copy = strdup(full);

			if (!copy)
				return diag_fail(d, -ENOMEM, "no memory");
			return open_program(o, copy, p, d);
		}
		(void)one;
		at += n + (at[n] == ':');
	}
	return diag_fail(d, -ENOENT, "%s: not found in PATH", name);
}

int
program_find(const struct options *o, const char *name, struct program *ret, struct diag *d)
{
	return strchr(name, '/') ? open_program(o, name, ret, d) : search_path(o, name, ret, d);
}

int
program_from_fd(int fd, const char *path, struct program *ret, struct diag *d)
{
	ret->path = path;
	return image_open_fd(fd, path, &ret->img, d);
}

static bool
is_native(const struct brand *b)
{
	return b->os && !strcmp(b->os, "Linux") && b->isa && (!strcmp(b->isa, "amd64") || !strcmp(b->isa, "i386"));
}

static int
run_native(const struct options *o, const struct program *p, struct diag *d)
{
	if (o->native_deny)
		return diag_fail(d, -EACCES, "%s: a native Linux program, and --native-exec=deny", p->path);
	if (o->strace || o->summary)
		diag_say("%s: a program of this host, which runs by itself: strace(1) can watch it", p->path);
	fd_soft_lower(fd_guest_soft());
	execve(p->img.path, p->argv, p->envp);
	return diag_fail(d, -errno, "%s: %s", p->path, strerror(errno));
}

/* --abi=freebsd or freebsd-amd64 overrides what the file says. */
static const struct personality *
find_personality(const struct options *o, const struct brand *b)
{
	for (const struct personality *const *p = abi_all(); *p; p++) {
		size_t n = strlen((*p)->os);

		if (!o->abi) {
			if (b->os && b->isa && !strcmp(b->os, (*p)->os) && !strcmp(b->isa, (*p)->isa))
				return *p;
		} else if (!strncasecmp(o->abi, (*p)->os, n) &&
		           (!o->abi[n] || (o->abi[n] == '-' && !strcasecmp(o->abi + n + 1, (*p)->isa)))) {
			return *p;
		}
	}
	return NULL;
}

static int
choose(const struct options *o, struct program *p, struct diag *d)
{
	brand_find(&p->img, &p->brand);
	if (!o->abi && is_native(&p->brand))
		return run_native(o, p, d);
	p->pers = find_personality(o, &p->brand);
	if (!p->pers)
		return diag_fail(d, -ENOEXEC, "%s: no personality for %s %s (%s)", p->path,
		                 p->brand.os ? p->brand.os : "an unknown system", p->brand.isa ? p->brand.isa : "",
		                 p->brand.why);
	if (p->img.interp)
		return diag_fail(d, -ENOEXEC, "%s: needs the run-time linker %s; dynamic programs are not supported yet",
		                 p->path, p->img.interp);
	return 0;
}

static struct task *
new_task(const struct exec_config *c, const struct program *p)
{
	struct task *task = calloc(1, sizeof(*task));

	if (!task)
		return NULL;
	task->pers = p->pers;
	task->engine = engine_find(p->pers->isa);
	task->hooks = &run_hooks;
	task->gm = gm_new();
	pthread_mutex_init(&task->lock, NULL);
	pthread_mutex_init(&task->birth, NULL);
	task->pid = getpid();
	task->exec_path = p->path;
	task->root = c->opt.root;
	task->root_strict = c->opt.root_strict;
	task->argv = p->argv;
	task->envp = p->envp;
	task->osrelease = c->opt.osrelease;
	task->osreldate = c->opt.osreldate;
	task->cpus = c->opt.cpus;
	task->native_deny = c->opt.native_deny;
	task->stack_rlim_cur = c->stack_rlim;
	task->seed = c->opt.has_seed ? c->opt.seed : 0;
	return task->gm ? task : NULL;
}

static uint64_t
random_of(const struct options *o)
{
	uint64_t r = 0;

	if (o->no_aslr)
		return 0;
	if (o->has_seed)
		return o->seed;
	return getrandom(&r, sizeof(r), 0) == sizeof(r) ? r : 0;
}

static int
first_thread(struct task *task, const struct exec_config *c, struct program *p, const struct start_info *s,
             struct diag *d)
{
	struct thread *t = thread_new(task);

	if (!t || task->engine->new_thread(t) || thread_link(t))
		return diag_fail(d, -ENOMEM, "no memory for the first thread");
	p->thread = t;
	/* The start lets signals in, which need the stack that this gives them. */
	if (task->engine->attach(t))
		return diag_fail(d, -EINVAL, "interception by %s cannot be armed", task->engine->intercept_name());
	return task->pers->task_start(task, d) || task->pers->start(t, s, d) ? d->code : 0;
}

int
program_start(struct exec_config *c, struct program *p, struct diag *d)
{
	const struct options *o = &c->opt;
	struct engine_config ec = {.intercept = o->intercept,
	                           .patch = !o->no_patch,
	                           .full_only = o->strace || o->summary || o->no_fast || o->log_mask & LOG_SYSCALL,
	                           .serve = run_serve};
	struct mapped m;
	struct task *task;

	if (o->core)
		return diag_fail(d, -EINVAL, "--core: core files of guests are not written yet");
	if (choose(o, p, d))
		return d->code;
	task = new_task(c, p);
	if (!task)
		return diag_fail(d, -ENOMEM, "no memory for the guest");
	if (path_enter_root(task))
		return diag_fail(d, -ENOENT, "--sysroot %s: cannot be entered", task->root);
	ec.gm = task->gm;
	if (task->engine->setup(&ec, d) || map_image(task->gm, &p->img, 0, random_of(o), &m, d))
		return d->code;
	log_debug(LOG_LOADER, "%s: %s %s (%s), up to 0x%llx, entry 0x%llx, calls caught by %s", p->path, p->pers->os,
	          p->pers->isa, p->brand.why, (unsigned long long)m.high, (unsigned long long)m.entry, task->engine->intercept_name());
	crash_setup(p->img.path, &m, p->img.phnum);
	task->brk_start = task->brk_now = m.high;
	task->brk_max = m.high + (32ull << 30);
	struct start_info s = {.entry = m.entry,
	                       .prog_entry = m.entry,
	                       .phdr = m.phdr,
	                       .phent = p->img.phentsize,
	                       .phnum = p->img.phnum,
	                       .osreldate = p->brand.osreldate,
	                       .argv = p->argv,
	                       .envp = p->envp,
	                       .exec_path = p->path,
	                       .seed = o->has_seed ? o->seed : 0,
	                       .no_aslr = o->no_aslr,
	                       .blob = c->blob,
	                       .blob_len = c->blob_len};
	if (trace_start(task, c, d) || first_thread(task, c, p, &s, d))
		return d->code;
	trace_resume(p->thread, c);
	close(p->img.fd);
	p->img.fd = -1;
	return 0;
}
