/*
 * execve fexecve: arguments, scripts, and the hand-over to the next image.
 *
 * KNOWN LIMITS: a FreeBSD program that may be executed but not read is EACCES: somebody has to read it, and no privilege
 * helps us.  Programs of the host are run by its kernel.
 * Source: FreeBSD manual execve(2).  A vfork child comes here on its parent's memory: no malloc, one mapping for all.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/core/fd.h"
#include "abi/core/path.h"
#include "abi/freebsd/fbsd.h"
#include "abi/freebsd/file.h"
#include "abi/freebsd/kqueue.h"
#include "abi/freebsd/proc.h"
#include "freebsd-amd64.h"

#define ARG_MAX_BYTES 524288u
#define MAX_STRINGS   (ARG_MAX_BYTES / 4)
#define SCRIPT_LINE   4096u
#define BLOB_BYTES    20480u

struct exec_area {
	char path[PATH_BYTES], given[PATH_BYTES], interp[SCRIPT_LINE + 1], line[SCRIPT_LINE + 1];
	char *argv[MAX_STRINGS];
	char *envp[MAX_STRINGS];
	char blob[BLOB_BYTES] __attribute__((aligned(16)));
	char strings[ARG_MAX_BYTES];
	uint32_t used, argc, envc;
};

/* Copy a vector of guest strings; every byte counts towards ARG_MAX. */
static int
copy_strings(struct exec_area *x, uint64_t vec, char **out, uint32_t *ret_n)
{
	uint32_t n = 0;

	if (!vec) {
		*ret_n = 0;
		out[0] = NULL;
		return 0;
	}
	for (;;) {
		uint64_t s;
		long len;

		if (gm_read(&s, vec + 8ull * n, 8))
			return -EFAULT;
		if (!s)
			break;
		if (n + 2 >= MAX_STRINGS)
			return -E2BIG;
		len = gm_read_str(x->strings + x->used, s, ARG_MAX_BYTES - x->used);
		if (len < 0)
			return len == -ENAMETOOLONG ? -E2BIG : (int)len;
		out[n++] = x->strings + x->used;
		x->used += (uint32_t)len + 1;
	}
	out[n] = NULL;
	*ret_n = n;
	return 0;
}

/* Regular, and executable by us: what the kernel would ask. */
static int
check_file(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EACCES;
	if (st.st_size == 0 && st.st_mode & 0111)
		return -ENOEXEC;
	if (host_call(SYS_faccessat2, fd, "", X_OK, AT_EMPTY_PATH | AT_EACCESS) == -EACCES || !(st.st_mode & 0111))
		return -EACCES;
	return 0;
}

static char *
skip_blank(char *p)
{
	while (*p == ' ' || *p == '\t')
		p++;
	return p;
}

/*
 * "#!interpreter argument": everything after the interpreter is one argument.  The line ends with a newline, a NUL, the file
 * or its first page.  0: not a script; 1: x->interp and *ret_arg are set; -ENOEXEC for a line without an interpreter.
 */
static int
read_script(struct exec_area *x, int fd, char **ret_arg)
{
	long n = host_call(SYS_pread64, fd, x->line, SCRIPT_LINE, 0);
	char *p, *end;

	if (n < 0)
		return (int)n;
	x->line[n] = 0;
	if (n < 2 || x->line[0] != '#' || x->line[1] != '!')
		return 0;
	end = x->line + strcspn(x->line, "\n");
	*end = 0;
	p = skip_blank(x->line + 2);
	while (end > p && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = 0;
	if (!*p)
		return -ENOEXEC;
	n = (long)strcspn(p, " \t");
	memcpy(x->interp, p, (size_t)n);
	x->interp[n] = 0;
	p = skip_blank(p + n);
	*ret_arg = *p ? p : NULL;
	return 1;
}

/* interpreter [argument] script argv[1]... */
static int
script_argv(struct exec_area *x, char *arg, char *script)
{
	uint32_t add = arg ? 2 : 1, keep = x->argc ? x->argc - 1 : 0;

	if (keep + add + 2 >= MAX_STRINGS)
		return -E2BIG;
	memmove(x->argv + add + 1, x->argv + (x->argc ? 1 : 0), keep * sizeof(char *));
	x->argv[0] = x->interp;
	if (arg)
		x->argv[1] = arg;
	x->argv[add] = script;
	x->argc = keep + add + 1;
	x->argv[x->argc] = NULL;
	return 0;
}

/* Opened by its name alone, because it cannot be read. */
static bool
unread(int fd)
{
	return (host_call(SYS_fcntl, fd, F_GETFL) & O_PATH) != 0;
}

static long
open_program(struct thread *t, const char *path)
{
	long fd = path_open_host(t, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	return fd == -EACCES ? path_open_host(t, path, O_PATH | O_CLOEXEC) : fd;
}

static void
leaving(struct thread *t)
{
	fbsd_umtx_before_exec(t);
	fbsd_kq_exec(t);
}

static long
run(struct thread *t, struct exec_area *x, int fd, const char *path)
{
	struct exec_req q = {.fd = fd, .path = path, .argv = x->argv, .envp = x->envp, .commit = leaving, .unread = unread(fd)};
	struct fbsd_exec_head *head = (void *)x->blob;
	long r;

	if (task_stop_others(t))
		return -HOST_ERESTARTNOINTR; /* after who came first, if its exec fails */
	head->kq_fd = q.keep_fd = fbsd_kq_save(t);
	fbsd_pd_save(t, &head->pd);
	head->pdeathsig = fbsd_task(t)->pdeathsig;
	q.blob = head;
	q.blob_len = (uint32_t)sizeof(*head) + fbsd_signal_save(t, head + 1, BLOB_BYTES - sizeof(*head), &q.host_mask);
	r = q.keep_fd < -1 ? q.keep_fd : t->task->hooks->exec(t, &q);
	fbsd_signal_unsave(t);
	fbsd_pd_unsave(t);
	if (q.keep_fd >= 0)
		host_call(SYS_close, q.keep_fd);
	task_let_go(t);
	return r;
}

/* One level of interpreters: a script's interpreter that is a script itself is ENOEXEC, as on FreeBSD. */
static long
exec_file(struct thread *t, struct exec_area *x, int fd, char *path)
{
	char *arg = NULL;
	long r = check_file(fd);

	if (r)
		return r;
	r = unread(fd) ? 0 : read_script(x, fd, &arg);
	if (r <= 0)
		return r < 0 ? r : run(t, x, fd, path);
	r = script_argv(x, arg, x->given);
	if (r)
		return r;
	fd = (int)open_program(t, x->interp);
	if (fd < 0)
		return fd;
	r = check_file(fd);
	if (r == 0) {
		char two[2];

		if (!unread(fd) && host_call(SYS_pread64, fd, two, 2, 0) == 2 && two[0] == '#' && two[1] == '!')
			r = -ENOEXEC;
		else
			r = run(t, x, fd, x->interp);
	}
	host_call(SYS_close, fd);
	return r;
}

/* The path the guest will know itself by: absolute. */
static int
make_absolute(char *path)
{
	char cwd[PATH_BYTES], name[PATH_BYTES];
	long n;

	if (path[0] == '/')
		return 0;
	while (path[0] == '.' && path[1] == '/')
		memmove(path, path + 2, strlen(path + 2) + 1);
	n = host_call(SYS_getcwd, cwd, sizeof(cwd));
	if (n < 0)
		return (int)n;
	strcpy(name, path);
	if (snprintf(path, PATH_BYTES, "%s/%s", cwd[1] ? cwd : "", name) >= PATH_BYTES)
		return -ENAMETOOLONG;
	return 0;
}

static long
with_area(struct thread *t, int fd, uint64_t path, uint64_t argv, uint64_t envp)
{
	struct exec_area *x =
	    mmap(NULL, sizeof(*x), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int own = -1;
	long r;

	if (x == MAP_FAILED)
		return -ENOMEM;
	r = copy_strings(x, argv, x->argv, &x->argc);
	if (r == 0 && x->argc == 0)
		r = -EINVAL;
	if (r == 0)
		r = copy_strings(x, envp, x->envp, &x->envc);
	if (r == 0 && fd < 0) {
		r = gm_read_str(x->path, path, PATH_BYTES);
		if (r == 0)
			r = -ENOENT;
		if (r > 0)
			r = own = (int)open_program(t, x->path);
		if (r >= 0) {
			strcpy(x->given, x->path);
			r = make_absolute(x->path);
		}
	} else if (r == 0) {
		snprintf(x->path, PATH_BYTES, "/dev/fd/%d", fd);
		strcpy(x->given, x->path);
	}
	if (r == 0)
		r = exec_file(t, x, fd < 0 ? own : fd, x->path);
	if (own >= 0)
		host_call(SYS_close, own);
	munmap(x, sizeof(*x));
	return r;
}

long
fbsd_execve(struct thread *t, uint64_t path, uint64_t argv, uint64_t envp)
{
	return with_area(t, -1, path, argv, envp);
}

long
fbsd_fexecve(struct thread *t, int fd, uint64_t argv, uint64_t envp)
{
	char name[32];
	long fl = fbsd_fd_usable(fd) ? host_call(SYS_fcntl, fd, F_GETFL) : -EBADF, own, r;

	if (fl < 0 || !(fl & O_PATH))
		return fl < 0 ? fl : with_area(t, fd, 0, argv, envp);
	/* Opened to be executed: we have to read it. */
	fbsd_fd_name(fd, name);
	own = host_call(SYS_openat, AT_FDCWD, name, O_RDONLY | O_CLOEXEC);
	if (own == -EACCES)
		return with_area(t, fd, 0, argv, envp);
	if (own < 0)
		return own;
	r = with_area(t, (int)own, 0, argv, envp);
	host_call(SYS_close, own);
	return r;
}
