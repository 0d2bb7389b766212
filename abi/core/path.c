/* Guest paths to host files. */
#include "abi/core/path.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <string.h>

#include "abi/core/fd.h"
#include "abi/core/gm.h"
#include "abi/core/host.h"
#include "abi/core/task.h"

/* /proc/self/exe and its kin name the guest's program, not us. */
static bool
names_self(struct thread *t, const char *name)
{
	char *end;

	if (strncmp(name, "/proc/", 6))
		return false;
	name += 6;
	if (!strncmp(name, "curproc/file", 13))
		return true;
	if (!strncmp(name, "self/", 5))
		return !strcmp(name + 5, "exe") || !strcmp(name + 5, "file");
	if (strtol(name, &end, 10) != t->task->pid || end == name)
		return false;
	return !strcmp(end, "/exe") || !strcmp(end, "/file");
}

static int
open_in_root(int root, const char *name, int flags)
{
	struct open_how how = {.flags = (uint64_t)flags | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};

	return (int)host_call(SYS_openat2, root, name, &how, sizeof(how));
}

/* The directory part below the root, opened there; *name then is the last component. */
static int
parent_in_root(int root, char *text, const char **ret_name)
{
	char *slash = strrchr(text, '/'), saved;
	int fd;

	while (slash > text && !slash[1]) { /* trailing slashes belong to the last component */
		char *at = slash;

		while (at > text && at[-1] != '/')
			at--;
		if (at == text)
			break;
		slash = at - 1;
	}
	saved = slash[1];
	slash[1] = 0;
	fd = open_in_root(root, text, O_PATH | O_DIRECTORY);
	slash[1] = saved;
	*ret_name = slash[1] ? slash + 1 : ".";
	return fd;
}

static int
resolve_root(struct thread *t, struct path *p, enum path_use use)
{
	int root = open(t->task->root, O_PATH | O_DIRECTORY | O_CLOEXEC), probe;
	const char *name = p->text;

	if (root < 0)
		return -errno;
	/* The parent is opened in the root and the last component left to the call, so that it follows or does not
	 * follow a final link as the call says; a final absolute link would leave the root and is resolved here. */
	probe = open_in_root(root, p->text, O_PATH);
	if (probe >= 0 && use == PATH_EXISTING) {
		p->own_fd = probe;
		snprintf(p->host, sizeof(p->host), "/proc/self/fd/%d", probe);
		p->name = p->host;
		p->dirfd = AT_FDCWD;
		close(root);
		return 0;
	}
	if (probe >= 0)
		close(probe);
	p->own_fd = -1;
	if (probe >= 0 || use == PATH_PARENT || t->task->root_strict)
		p->own_fd = parent_in_root(root, p->text, &name);
	close(root);
	if (p->own_fd >= 0) {
		p->dirfd = p->own_fd;
		p->name = name;
		return 0;
	}
	return t->task->root_strict ? -ENOENT : 0;
}

static int
resolve(struct thread *t, struct path *p, enum path_use use)
{
	if (p->text[0] == '/' && names_self(t, p->text)) {
		p->is_self = true;
		p->name = t->task->exec_path;
		return 0;
	}
	if (t->task->root && p->text[0] == '/')
		return resolve_root(t, p, use);
	return 0;
}

static void
begin(struct path *p, int dirfd)
{
	p->dirfd = dirfd;
	p->own_fd = -1;
	p->is_self = false;
	p->name = p->text;
}

int
path_get(struct thread *t, int dirfd, uint64_t addr, enum path_use use, struct path *ret)
{
	long n;

	begin(ret, dirfd);
	if (fd_is_ours(dirfd))
		return -EBADF;
	n = gm_read_str(ret->text, addr, sizeof(ret->text));
	if (n <= 0)
		return n ? (int)n : -ENOENT;
	return resolve(t, ret, use);
}

int
path_get_host(struct thread *t, int dirfd, const char *name, enum path_use use, struct path *ret)
{
	size_t n = strlen(name);

	begin(ret, dirfd);
	if (n == 0 || n >= sizeof(ret->text))
		return n ? -ENAMETOOLONG : -ENOENT;
	memcpy(ret->text, name, n + 1);
	return resolve(t, ret, use);
}

void
path_done(struct path *p)
{
	if (p->own_fd >= 0)
		close(p->own_fd);
	p->own_fd = -1;
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
