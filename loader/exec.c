/*
 * exec: a foreign program is run by a new image of ourselves, a native one directly.  Nothing is undone before the
 * kernel has accepted, so that a failure leaves the caller as it was.
 */
#include "loader/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/core/fd.h"
#include "abi/core/host.h"
#include "loader/config.h"
#include "loader/image.h"
#include "loader/stats.h"
#include "loader/trace.h"

#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif

enum target { TARGET_FOREIGN, TARGET_NATIVE };

/* What the file is, by the same recognition as at start-up; -ENOEXEC for what nobody can run. */
static int
classify(const struct exec_req *req, enum target *ret)
{
	struct diag d = {0};
	struct image img;
	struct brand b;
	int fd = (int)host_call(SYS_fcntl, req->fd, F_DUPFD_CLOEXEC, 0), r;

	if (fd < 0)
		return fd;
	r = image_open_fd(fd, req->path, &img, &d);
	if (r) {
		log_debug(LOG_PROC, "exec: %s", d.text);
		return -ENOEXEC;
	}
	brand_find(&img, &b);
	image_close(&img);
	if (b.os && !strcmp(b.os, "Linux") && b.isa && (!strcmp(b.isa, "amd64") || !strcmp(b.isa, "i386"))) {
		*ret = TARGET_NATIVE;
		return 0;
	}
	*ret = TARGET_FOREIGN;
	return b.os && b.isa && abi_find(b.os, b.isa) ? 0 : -ENOEXEC;
}

static void
set_host_mask(uint64_t mask, uint64_t *ret_old)
{
	host_call(SYS_rt_sigprocmask, SIG_SETMASK, &mask, ret_old, 8);
}

static long
exec_native(struct thread *t, const struct exec_req *req)
{
	uint64_t old;
	long r;

	if (t->task->native_deny)
		return -EACCES;
	trace_leaving(t);
	req->commit(t);
	set_host_mask(req->host_mask, &old);
	fd_soft_lower(fd_guest_soft());
	/* By path first: /proc/self/exe and $ORIGIN are then what the program expects. */
	r = host_call(SYS_execve, req->path, req->argv, req->envp);
	if (r == -ENOENT || r == -EACCES)
		r = host_call(SYS_execveat, req->fd, "", req->argv, req->envp, AT_EMPTY_PATH);
	fd_soft_raise();
	set_host_mask(old, &old);
	return req->unread && r == -ENOEXEC ? -EACCES : r;
}

static int
inheritable(int fd)
{
	return fd < 0 ? 0 : (int)host_call(SYS_fcntl, fd, F_SETFD, 0);
}

#define HOST_STRING_MAX 131072u /* MAX_ARG_STRLEN, with the NUL */

static bool
too_long(const char *s)
{
	return strnlen(s, HOST_STRING_MAX) == HOST_STRING_MAX;
}

/* The strings of @v that the host's exec takes. */
static size_t
copy_short(char **to, char **v)
{
	size_t n = 0;

	for (; *v; v++)
		if (!too_long(*v))
			to[n++] = *v;
	to[n] = NULL;
	return n;
}

static size_t
length(char **v)
{
	size_t n = 0;

	while (v[n])
		n++;
	return n;
}

/*
 * argv of the new image: our name, the configuration, then the guest's arguments; after its NULL the environment.  Strings
 * that the host's exec refuses are left out: then the configuration has all of them (c->argv, c->envp).
 */
static char **
wrap_argv(const struct exec_req *req, char *opt, size_t *ret_size, char ***ret_envp)
{
	size_t n = length(req->argv) + length(req->envp) + 4;
	char **v;

	*ret_size = n * sizeof(*v);
	v = mmap(NULL, *ret_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (v == MAP_FAILED)
		return NULL;
	v[0] = req->argv[0] && !too_long(req->argv[0]) ? req->argv[0] : opt;
	v[1] = opt;
	*ret_envp = v + 3 + copy_short(v + 2, req->argv);
	copy_short(*ret_envp, req->envp);
	return v;
}

static bool
any_too_long(char **v)
{
	while (*v && !too_long(*v))
		v++;
	return *v != NULL;
}

static long
exec_self(struct thread *t, const struct exec_req *req, struct exec_config *c)
{
	char opt[32];
	size_t size;
	char **argv, **envp;
	int fd = config_write(c), self;
	long r;

	if (fd < 0)
		return fd;
	fd = fd_hide(fd);
	self = (int)host_call(SYS_openat, AT_FDCWD, "/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (self < 0 && c->self_fd >= 0)
		self = (int)host_call(SYS_fcntl, c->self_fd, F_DUPFD_CLOEXEC, 0);
	if (self < 0) {
		diag_say("exec: /proc/self/exe: %s", strerror((int)-self));
		close(fd);
		return self;
	}
	snprintf(opt, sizeof(opt), "--exec-config=%d", fd);
	argv = wrap_argv(req, opt, &size, &envp);
	if (!argv) {
		close(self);
		close(fd);
		return -ENOMEM;
	}
	req->commit(t);
	inheritable(fd);
	inheritable(c->prog_fd);
	inheritable(c->log_fd);
	inheritable(c->trace_fd);
	inheritable(c->trace_shm);
	inheritable(c->self_fd);
	inheritable(req->keep_fd);
	fd_soft_lower(fd_guest_soft());
	r = host_call(SYS_execveat, self, "", argv, envp, AT_EMPTY_PATH);
	fd_soft_raise();
	munmap(argv, size);
	close(self);
	close(fd);
	return r;
}

static long
exec_foreign(struct thread *t, const struct exec_req *req)
{
	struct exec_config c = config_current;
	long r;

	c.path = (char *)req->path;
	c.blob = (void *)req->blob;
	c.blob_len = req->blob_len;
	if (any_too_long(req->argv) || any_too_long(req->envp)) {
		c.argv = req->argv;
		c.envp = req->envp;
	}
	c.stack_rlim = t->task->stack_rlim_cur;
	c.trace_call = (char *)trace_call(t);
	c.stats = (struct native_stats){0};
	if (c.opt.stats && !t->task->vfork_child)
		stats_get(t->task, &c.stats);
	c.opt.root = t->task->root; /* chroot(2) may have changed it */
	c.opt.root_strict = t->task->root_strict;
	c.prog_fd = (int)host_call(SYS_fcntl, req->fd, F_DUPFD_CLOEXEC, 0);
	if (c.prog_fd < 0)
		return c.prog_fd;
	c.prog_fd = fd_hide(c.prog_fd);
	r = exec_self(t, req, &c);
	close(c.prog_fd);
	if (c.log_fd >= 0)
		fcntl(c.log_fd, F_SETFD, FD_CLOEXEC);
	if (c.trace_fd >= 0)
		fcntl(c.trace_fd, F_SETFD, FD_CLOEXEC);
	if (c.trace_shm >= 0)
		fcntl(c.trace_shm, F_SETFD, FD_CLOEXEC);
	if (c.self_fd >= 0)
		fcntl(c.self_fd, F_SETFD, FD_CLOEXEC);
	return r;
}

long
exec_program(struct thread *t, const struct exec_req *req)
{
	enum target what = TARGET_NATIVE;
	int r = req->unread ? 0 : classify(req, &what);

	if (r)
		return r;
	log_debug(LOG_PROC, "exec %s: %s", req->path, what == TARGET_NATIVE ? "a program of the host" : "a foreign program");
	return what == TARGET_NATIVE ? exec_native(t, req) : exec_foreign(t, req);
}
