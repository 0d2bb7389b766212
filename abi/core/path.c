/* Guest paths to host files: the root, and calls on what was resolved.  The program's own names: path_self.c. */
#include "abi/core/path.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "abi/core/fd.h"
#include "abi/core/gm.h"
#include "abi/core/host.h"
#include "abi/core/path_impl.h"
#include "abi/core/task.h"

/* The result has a number of ours: the guest's lowest free number must stay free. */
static int
open_resolve(int dir, const char *name, int flags, uint64_t resolve)
{
	struct open_how how = {.flags = (uint64_t)flags | O_PATH | O_CLOEXEC, .resolve = resolve};
	long fd = host_call(SYS_openat2, dir, name, &how, sizeof(how));

	return fd < 0 ? (int)fd : fd_hide((int)fd);
}

/* The root's descriptor, opened on first use; kept as number plus one. */
static int
root_fd(struct task *task)
{
	int had = __atomic_load_n(&task->root_fd, __ATOMIC_ACQUIRE), none = 0;
	long fd;

	if (had)
		return had - 1;
	fd = host_call(SYS_openat, AT_FDCWD, task->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		fd = fd_hide((int)fd);
	if (fd < 0)
		return (int)fd;
	if (__atomic_compare_exchange_n(&task->root_fd, &none, (int)fd + 1, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return (int)fd;
	host_call(SYS_close, fd);
	return none - 1;
}

long
path_of_fd(int fd, char *buf, uint32_t size)
{
	char link[40];
	long n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = host_call(SYS_readlinkat, AT_FDCWD, link, buf, size - 1);
	if (n >= 0)
		buf[n] = 0;
	return n;
}

/* What is left of @host below @root, both as the kernel prints them; NULL when it is not below. */
static const char *
below(const char *host, const char *root)
{
	size_t n = strlen(root);

	if (!strcmp(root, "/"))
		return host;
	if (strncmp(host, root, n) || (host[n] && host[n] != '/'))
		return NULL;
	return host[n] ? host + n : "/";
}

const char *
path_for_guest(struct thread *t, const char *host)
{
	char root[PATH_BASE];
	const char *rest;
	int fd;

	if (!t->task->root)
		return host;
	fd = root_fd(t->task);
	if (fd < 0 || path_of_fd(fd, root, sizeof(root)) < 0)
		return NULL;
	rest = below(host, root);
	return rest || t->task->root_strict ? rest : host;
}

/*
 * A name relative to a directory of the root becomes relative to the root.  1 when it is the root's, 0 when it is the
 * host's.
 */
static int
rebase(struct thread *t, int root, struct path *p)
{
	char dir[PATH_BASE], top[PATH_BASE];
	const char *rest;
	size_t n, len;
	long r;

	if (p->text[0] == '/')
		return 1;
	if (p->dirfd != AT_FDCWD && host_call(SYS_fcntl, p->dirfd, F_GETFD) < 0)
		return -EBADF;
	r = p->dirfd == AT_FDCWD ? host_call(SYS_getcwd, dir, sizeof(dir)) : path_of_fd(p->dirfd, dir, sizeof(dir));
	if (r < 0)
		return (int)r;
	r = path_of_fd(root, top, sizeof(top));
	if (r < 0)
		return (int)r;
	rest = below(dir, top);
	if (!rest)
		return t->task->root_strict ? -ENOENT : 0;
	n = strlen(rest);
	len = strlen(p->text);
	memmove(p->text + n + 1, p->text, len + 1);
	memcpy(p->text, rest, n);
	p->text[n] = '/';
	return 1;
}

/* The last component of @text with its trailing slashes; what comes before it is the parent. */
static char *
last_part(char *text)
{
	char *end = text + strlen(text);

	while (end > text && end[-1] == '/')
		end--;
	while (end > text && end[-1] != '/')
		end--;
	return end;
}

/* Open the parent; the last component is left to the call. */
static int
take_parent(struct path *p, int base, uint64_t resolve)
{
	char *last = last_part(p->text), saved = *last;
	bool dots = !strncmp(last, "..", 2) && (!last[2] || last[2] == '/');
	int fd;

	if (dots || !saved) {
		fd = open_resolve(base, p->text, O_DIRECTORY, resolve);
		last = ".";
	} else {
		*last = 0;
		fd = open_resolve(base, p->text[0] ? p->text : ".", O_DIRECTORY, resolve);
		*last = saved;
	}
	if (fd < 0)
		return fd;
	p->own_fd = p->dirfd = fd;
	p->name = last;
	return 0;
}

/* The file itself, by the name of a descriptor of ours. */
static int
take_file(struct path *p, int base, int flags, uint64_t resolve)
{
	int fd = open_resolve(base, p->text, flags, resolve);

	if (fd < 0)
		return fd;
	p->own_fd = fd;
	p->dirfd = AT_FDCWD;
	snprintf(p->host, sizeof(p->host), "/proc/self/fd/%d", fd);
	p->name = p->host;
	return 0;
}

static int
take(struct path *p, int base, uint32_t use, uint64_t resolve)
{
	size_t n = strlen(p->text);
	int r;

	switch (use & PATH_USE) {
	case PATH_EXISTING:
		return take_file(p, base, 0, resolve);
	case PATH_LINK:
		if (n && p->text[n - 1] == '/')
			return take_file(p, base, 0, resolve);
		r = take_file(p, base, O_NOFOLLOW, resolve);
		if (r)
			return r;
		path_done(p);
		return take_parent(p, base, resolve);
	case PATH_OPEN:
	case PATH_CREATE:
		if (resolve == RESOLVE_IN_ROOT) {
			if ((use & PATH_USE) == PATH_OPEN)
				r = take_file(p, base, use & PATH_NOFOLLOW ? O_NOFOLLOW : 0, resolve);
			else
				r = take_parent(p, base, resolve);
			if (r)
				return r;
			path_done(p);
		}
		p->dirfd = base;
		p->name = p->text;
		p->resolve = resolve;
		return 0;
	}
	return take_parent(p, base, resolve);
}

/*
 * A final link of the root whose target is not there: p->text becomes that target's path, to be looked up again.  0 when
 * there is such a link.
 */
static int
step_out(struct path *p, int root)
{
	char target[PATH_BASE];
	size_t keep, n;
	long r;

	r = take_file(p, root, O_NOFOLLOW, RESOLVE_IN_ROOT);
	if (r)
		return (int)r;
	r = host_call(SYS_readlinkat, p->own_fd, "", target, sizeof(target) - 1);
	path_done(p);
	if (r <= 0)
		return r ? (int)r : -ENOENT;
	n = (size_t)r;
	target[n] = 0;
	keep = target[0] == '/' ? 0 : (size_t)(last_part(p->text) - p->text);
	if (keep + n >= sizeof(p->text))
		return -ENAMETOOLONG;
	memcpy(p->text + keep, target, n + 1);
	return 0;
}

#define LINKS_MOST 40

static int
resolve_root(struct thread *t, struct path *p, uint32_t use)
{
	bool absolute = p->text[0] == '/', follows = path_follows(use) && !(use & PATH_NOFOLLOW);
	int root = root_fd(t->task), r;

	if (root < 0)
		return root;
	r = rebase(t, root, p);
	if (r <= 0)
		return r;
	for (int links = 0; links < LINKS_MOST; links++) {
		r = take(p, root, use, RESOLVE_IN_ROOT);
		if (r == 0 || t->task->root_strict || (r != -ENOENT && r != -ENOTDIR))
			return r;
		if (!follows || step_out(p, root))
			break;
		absolute = true; /* links lead where they lead */
	}
	/* Not in the root.  A relative name was looked up where it stands, and nowhere else. */
	if (!absolute)
		return r;
	p->dirfd = AT_FDCWD;
	p->name = p->text;
	return 0;
}

static int
resolve(struct thread *t, struct path *p, uint32_t use)
{
	int r = path_resolve_self(t, p, use);

	if (r || p->self > PATH_SELF_FILE || (p->self && !path_follows(use)))
		return r;
	if (use & PATH_BENEATH)
		return take(p, p->dirfd, use, RESOLVE_BENEATH);
	return t->task->root ? resolve_root(t, p, use) : 0;
}

static void
begin(struct path *p, int dirfd)
{
	p->dirfd = dirfd;
	p->own_fd = -1;
	p->self = PATH_NOT_SELF;
	p->at_fd = false;
	p->resolve = 0;
	p->name = p->text;
}

int
path_get(struct thread *t, int dirfd, uint64_t addr, uint32_t use, struct path *ret)
{
	long n;

	begin(ret, dirfd);
	if (fd_is_ours(dirfd))
		return -EBADF;
	n = gm_read_str(ret->text, addr, PATH_BYTES);
	if (n < 0)
		return (int)n;
	ret->at_fd = n == 0 && use & PATH_EMPTY;
	if (n == 0)
		return ret->at_fd ? 0 : -ENOENT;
	return resolve(t, ret, use);
}

int
path_get_host(struct thread *t, int dirfd, const char *name, uint32_t use, struct path *ret)
{
	size_t n = strlen(name);

	begin(ret, dirfd);
	if (n == 0 || n >= PATH_BYTES)
		return n ? -ENAMETOOLONG : -ENOENT;
	memcpy(ret->text, name, n + 1);
	return resolve(t, ret, use);
}

void
path_done(struct path *p)
{
	if (p->own_fd >= 0)
		host_call(SYS_close, p->own_fd);
	p->own_fd = -1;
}

const char *
path_flat(const struct path *p, char *buf, uint32_t size)
{
	int n;

	if (p->at_fd && p->dirfd == AT_FDCWD)
		return ".";
	if (!p->at_fd && (p->dirfd == AT_FDCWD || p->name[0] == '/'))
		return p->name;
	n = snprintf(buf, size, "/proc/self/fd/%d%s%s", p->dirfd, p->at_fd ? "" : "/", p->at_fd ? "" : p->name);
	return n < (int)size ? buf : NULL;
}

long
path_open(struct thread *t, const struct path *p, int host_flags, uint32_t mode)
{
	struct open_how how = {.flags = (uint64_t)host_flags, .mode = mode, .resolve = p->resolve};

	if (!p->resolve)
		return host_block(t, SYS_openat, p->dirfd, p->name, host_flags, mode);
	return host_block(t, SYS_openat2, p->dirfd, p->name, &how, sizeof(how));
}

long
path_open_host(struct thread *t, const char *path, int host_flags)
{
	struct path p;
	long r = path_get_host(t, AT_FDCWD, path, PATH_EXISTING, &p);

	if (r == 0)
		r = host_call(SYS_openat, p.dirfd, p.name, host_flags, 0);
	path_done(&p);
	return r;
}

int
path_enter_root(struct task *task)
{
	char dir[PATH_BASE], top[PATH_BASE];
	int root;
	long r;

	if (!task->root || !task->root_strict)
		return 0;
	root = root_fd(task);
	if (root < 0)
		return root;
	r = path_of_fd(root, top, sizeof(top));
	if (r >= 0)
		r = host_call(SYS_getcwd, dir, sizeof(dir));
	if (r >= 0 && below(dir, top))
		return 0;
	return (int)host_call(SYS_fchdir, root);
}

int
path_chroot(struct thread *t, int fd)
{
	/* A page of its own: a vfork child comes here too, and must not allocate. */
	char *name = mmap(NULL, PATH_BASE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long r = name == MAP_FAILED ? -ENOMEM : path_of_fd(fd, name, PATH_BASE), own = -1;

	if (r >= 0)
		r = own = host_call(SYS_fcntl, fd, F_DUPFD_CLOEXEC, fd_guest_limit());
	if (r < 0) {
		if (name != MAP_FAILED)
			munmap(name, PATH_BASE);
		return (int)r;
	}
	t->task->root_fd = (int)own + 1;
	t->task->root = name;
	t->task->root_strict = true;
	return 0;
}
