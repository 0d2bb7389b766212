/*
 * The names under which a program finds itself: /proc/curproc, /proc/self, /proc/<its pid>, and what lies in them.
 *
 * There is what FreeBSD's procfs has, and exe, which many programs try; the host's own view of the process, which is
 * this monitor, is not there.  Other names are told by their last component: only when it is one of a few, the directory
 * is looked at.
 *
 * Source: FreeBSD manual procfs(4), sys/fs/procfs/procfs.c.
 * KNOWN LIMITS: ctl, dbregs, etype, fpregs, mem, note, notepg, osrel, regs and rlimit are not there.  Reading the
 * directory itself lists the host's names.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#include "abi/core/fd.h"
#include "abi/core/host.h"
#include "abi/core/path_impl.h"
#include "abi/core/task.h"

#define PROC_MAGIC 0x9fa0

static enum path_self
kind_of(const char *last)
{
	static const struct {
		const char *name;
		enum path_self self;
	} names[] = {
	    {"exe", PATH_SELF_FILE}, {"file", PATH_SELF_FILE},     {"cmdline", PATH_SELF_CMDLINE},
	    {"map", PATH_SELF_MAP},  {"status", PATH_SELF_STATUS},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(last, names[i].name))
			return names[i].self;
	return PATH_NOT_SELF;
}

/* Names of the host's that show the monitor's memory and state. */
static bool
is_monitors(const char *last)
{
	static const char *const names[] = {"maps",    "smaps",  "smaps_rollup", "numa_maps", "pagemap", "mem",
	                                    "environ", "auxv",   "stat",         "statm",     "stack",   "syscall",
	                                    "wchan",   "limits", "mountinfo",    "mounts",    "map_files"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(last, names[i]))
			return true;
	return false;
}

/* "<pid>" or "<pid>/task/<tid>" of this process. */
static bool
is_our_number(struct thread *t, const char *s, size_t n)
{
	char *end;
	long pid = strtol(s, &end, 10);
	const char *stop = s + n;

	if (end == s || pid != t->task->pid)
		return false;
	return end == stop || (stop - end > 6 && !strncmp(end, "/task/", 6) && !memchr(end + 6, '/', (size_t)(stop - end - 6)));
}

/* Is the directory that holds the last component ours in /proc?  Asks the kernel, whatever way led there. */
static bool
in_our_proc(struct thread *t, struct path *p, char *last)
{
	char dir[PATH_BASE], saved = *last;
	struct statfs fs;
	bool ours = false;
	long fd, n;

	*last = 0;
	fd = host_call(SYS_openat, p->dirfd, p->text[0] ? p->text : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	*last = saved;
	if (fd < 0)
		return false;
	if (host_call(SYS_fstatfs, fd, &fs) == 0 && fs.f_type == PROC_MAGIC) {
		const char *at;

		n = path_of_fd((int)fd, dir, sizeof(dir));
		at = n > 0 ? strstr(dir, "/proc/") : NULL;
		ours = at && is_our_number(t, at + 6, strlen(at + 6));
	}
	host_call(SYS_close, fd);
	return ours;
}

static int
take_self(struct thread *t, struct path *p, enum path_self kind, uint32_t use)
{
	static const char *const host[] = {[PATH_SELF_FILE] = "/proc/self/exe",
	                                   [PATH_SELF_CMDLINE] = "/proc/self/cmdline",
	                                   [PATH_SELF_MAP] = "/proc/self/maps",
	                                   [PATH_SELF_STATUS] = "/proc/self/status"};

	p->self = kind;
	p->name = host[kind];
	if (kind != PATH_SELF_FILE || !path_follows(use))
		return 0;
	if (strlen(t->task->exec_path) >= PATH_BYTES)
		return -ENAMETOOLONG;
	strcpy(p->text, t->task->exec_path);
	p->name = p->text;
	return 0;
}

/* What follows the name of this process's own directory in /proc, or NULL. */
static char *
after_own_dir(struct thread *t, char *text)
{
	static const char *const names[] = {"self", "curproc", "thread-self"};
	char *word = text + 6;
	size_t n;

	if (strncmp(text, "/proc/", 6))
		return NULL;
	n = strcspn(word, "/");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (n == strlen(names[i]) && !memcmp(word, names[i], n))
			return word + n;
	return is_our_number(t, word, n) ? word + n : NULL;
}

int
path_resolve_self(struct thread *t, struct path *p, uint32_t use)
{
	char *rest = after_own_dir(t, p->text), *last;
	enum path_self kind;

	if (rest) {
		if (!strncmp(p->text, "/proc/curproc", 13)) {
			memmove(p->text + 10, p->text + 13, strlen(p->text + 13) + 1);
			memcpy(p->text, "/proc/self", 10);
			rest -= 3;
		}
		rest += strspn(rest, "/");
		if (*rest && *rest != '.') {
			kind = kind_of(rest);
			return kind ? take_self(t, p, kind, use) : -ENOENT;
		}
	}
	last = strrchr(p->text, '/');
	last = last ? last + 1 : p->text;
	kind = kind_of(last);
	if ((!kind && !is_monitors(last)) || !in_our_proc(t, p, last))
		return 0;
	return kind ? take_self(t, p, kind, use) : -ENOENT;
}
