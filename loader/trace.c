/* --strace and -c: the observers of struct task_trace, and what a thread's call looks like so far. */
#include "loader/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "abi/core/fd.h"
#include "abi/core/host.h"
#include "loader/stats.h"
#include "loader/trace_impl.h"

#define NINOUT   4
#define INOUT_TEXT 1024

/*
 * A thread's call.  A vfork child begins with a copy of its parent's struct thread, and so with a pointer to the
 * parent's state: its own hangs on that, to be used again by the next one, as nothing may be allocated per child.
 */
struct call {
	const struct thread *owner;
	struct call *vfork_child;
	pid_t pid;
	bool active;        /* between enter and leave */
	uint64_t nr, begin; /* begin: ns */
	uint32_t next;      /* first argument that is not written yet */
	char before[NINOUT][INOUT_TEXT];
};

static struct {
	bool lines, count, stats;
	uint8_t *wanted;
} tr;

static const struct sysent *
entry(const struct thread *t, uint64_t nr)
{
	/* Numbers without a name: six words, as strace(1) writes them. */
	static const struct sysarg words[6] = {{"", K_ADDR, 0, -1}, {"", K_ADDR, 0, -1}, {"", K_ADDR, 0, -1},
	                                       {"", K_ADDR, 0, -1}, {"", K_ADDR, 0, -1}, {"", K_ADDR, 0, -1}};
	static const struct sysent unknown = {.nargs = 6, .ret = K_LONG, .args = words};
	const struct systab *tab = t->task->pers->tab;

	return nr < tab->n && tab->ent[nr].name ? &tab->ent[nr] : &unknown;
}

static bool
wanted(const struct thread *t, uint64_t nr)
{
	return nr >= t->task->pers->tab->n || tr.wanted[nr];
}

static struct call *
new_call(struct thread *t)
{
	struct call *old = t->trace, *c = old ? old->vfork_child : NULL;

	if (!c) {
		c = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (c == MAP_FAILED)
			return NULL;
		if (old)
			old->vfork_child = c;
	}
	c->owner = t;
	c->pid = t->task->pid;
	c->active = false;
	t->trace = c;
	return c;
}

/* The thread's state; a process that was forked off has a copy of its parent's, in the middle of a call. */
static struct call *
call_of(struct thread *t)
{
	struct call *c = t->trace;

	if (!c || c->owner != t)
		c = new_call(t);
	if (c && c->pid != t->task->pid) {
		c->pid = t->task->pid;
		c->active = false;
	}
	if (t->task->nthreads > 1 || !trace_lines_root(t->task->pid))
		trace_lines_set_many();
	return c;
}

static uint64_t
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void
prefix(const struct thread *t, struct text *o)
{
	if (trace_lines_many())
		text_add(o, "[pid %d] ", t->tid);
}

static void
name(const struct sysent *e, uint64_t nr, struct text *o)
{
	if (e->name)
		text_add(o, "%s", e->name);
	else
		text_add(o, "syscall_%llu", (unsigned long long)nr);
}

/* Arguments up to the first that the call fills in; what an inout one holds now is kept for comparison. */
static void
args_before(struct call *k, struct trace_ctx *c, struct text *o)
{
	uint32_t kept = 0;

	for (k->next = 0; k->next < c->e->nargs && c->e->args[k->next].dir < DIR_OUT; k->next++) {
		trace_arg(c, k->next, o);
		text_add(o, k->next + 1 < c->e->nargs ? ", " : "");
	}
	for (uint32_t i = k->next; i < c->e->nargs && kept < NINOUT; i++) {
		if (c->e->args[i].dir != DIR_INOUT)
			continue;
		struct text in = {.buf = k->before[kept++], .size = INOUT_TEXT};

		in.buf[0] = 0;
		trace_arg(c, i, &in);
	}
}

static void
args_after(struct call *k, struct trace_ctx *c, struct text *o)
{
	uint32_t kept = 0;

	for (uint32_t i = k->next; i < c->e->nargs; i++) {
		const char *before = c->e->args[i].dir == DIR_INOUT && kept < NINOUT ? k->before[kept++] : NULL;
		char after[INOUT_TEXT] = "";
		struct text in = {.buf = after, .size = sizeof(after)};

		text_add(o, i > k->next ? ", " : "");
		if (!before) {
			trace_arg(c, i, o);
			continue;
		}
		text_add(o, "%s", before);
		if (trace_failed(c->r))
			continue;
		trace_arg(c, i, &in);
		if (strcmp(before, after))
			text_add(o, " => %s", after);
	}
}

static void
enter(struct thread *t, uint64_t nr, const uint64_t a[8])
{
	struct call *k;
	struct trace_ctx c = {.pers = t->task->pers, .e = entry(t, nr), .a = a, .budget = UINT64_MAX};
	char line[TRACE_TEXT];
	struct text o = {.buf = line, .size = sizeof(line)};

	if (!wanted(t, nr) || !(k = call_of(t)))
		return;
	k->nr = nr;
	k->active = true;
	if (tr.lines) {
		prefix(t, &o);
		name(c.e, nr, &o);
		text_add(&o, "(");
		args_before(k, &c, &o);
		trace_line_begin(t, line, o.pos, c.e->classes & SYS_WAITS);
	}
	k->begin = now();
}

static void
count(const struct call *k, long r, uint64_t end)
{
	struct trace_count *n = trace_lines_counts() + k->nr;

	if (!tr.count || k->nr >= TRACE_CALLS)
		return;
	__atomic_fetch_add(&n->calls, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&n->ns, end - k->begin, __ATOMIC_RELAXED);
	if (trace_failed(r) && r > -HOST_ERESTART)
		__atomic_fetch_add(&n->errors, 1, __ATOMIC_RELAXED);
}

/* @rest ends the line; where others wrote in between, it begins anew. */
static void
end_line(const struct thread *t, const struct sysent *e, uint64_t nr, struct text *rest)
{
	char again[128];
	struct text resumed = {.buf = again, .size = sizeof(again)};

	prefix(t, &resumed);
	text_add(&resumed, "<... ");
	name(e, nr, &resumed);
	text_add(&resumed, " resumed>");
	text_add(rest, "\n");
	trace_line_end(t, &resumed, rest);
}

static void
leave(struct thread *t, uint64_t nr, const uint64_t a[8], long r)
{
	uint64_t end = now();
	struct call *k = call_of(t);
	struct trace_ctx c = {.pers = t->task->pers, .e = entry(t, nr), .a = a, .r = r, .done = true};
	char line[TRACE_TEXT];
	struct text o = {.buf = line, .size = sizeof(line) - 1};

	/* A forked child comes out of a call that it did not make. */
	if (!k || !k->active || k->nr != nr)
		return;
	k->active = false;
	count(k, r, end);
	if (!tr.lines)
		return;
	c.budget = c.e->ret == K_ULONG && r >= 0 ? (uint64_t)r : UINT64_MAX;
	args_after(k, &c, &o);
	text_add(&o, ")");
	if (t->exit_now)
		text_add(&o, " = ?");
	else
		trace_result(&c, t->has_ret2, t->ret2, &o);
	o.size++;
	end_line(t, c.e, nr, &o);
}

static void
on_signal(struct thread *t, int guest_signo, const void *guest_siginfo)
{
	struct trace_ctx c = {.pers = t->task->pers};
	const struct sys_struct *s = trace_type(c.pers, "siginfo");
	char line[1024];
	struct text o = {.buf = line, .size = sizeof(line)};

	if (!tr.lines || !call_of(t))
		return;
	prefix(t, &o);
	text_add(&o, "--- ");
	trace_signal_name(c.pers, (uint64_t)guest_signo, &o);
	text_add(&o, " ");
	if (s && guest_siginfo)
		trace_struct(&c, s, guest_siginfo, s->size, &o);
	text_add(&o, " ---\n");
	trace_line(t, &o);
}

/* The call that ends the process, or that another thread's end cut off, has no result. */
static void
unfinished_call(struct thread *t, struct call *k)
{
	char line[64];
	struct text o = {.buf = line, .size = sizeof(line)};

	if (!k->active)
		return;
	k->active = false;
	count(k, 0, now());
	text_add(&o, ") = ?");
	end_line(t, entry(t, k->nr), k->nr, &o);
}

static void
end_text(struct thread *t, int status, int signo)
{
	char line[128];
	struct text o = {.buf = line, .size = sizeof(line)};

	prefix(t, &o);
	if (signo) {
		text_add(&o, "+++ killed by ");
		trace_signal_name(t->task->pers, (uint64_t)signo, &o);
		text_add(&o, " +++\n");
	} else {
		text_add(&o, "+++ exited with %d +++\n", status & 0xff);
	}
	trace_line(t, &o);
}

static void
on_exit_process(struct thread *t, int status, int signo)
{
	struct call *k = tr.lines || tr.count ? call_of(t) : NULL;

	if (tr.lines && k) {
		unfinished_call(t, k);
		end_text(t, status, signo);
	} else if (k && k->active) {
		count(k, 0, now());
	}
	if (tr.count && trace_lines_root(t->task->pid))
		trace_count_print(t->task->pers->tab, trace_lines_counts());
	if (tr.stats && !t->task->vfork_child)
		stats_print(t->task);
}

void
trace_thread_gone(struct thread *t)
{
	struct call *k = t->trace;

	if (!k)
		return;
	if (tr.lines)
		end_text(t, 0, 0);
	if (k->vfork_child)
		munmap(k->vfork_child, sizeof(*k));
	munmap(k, sizeof(*k));
	t->trace = NULL;
}

void
trace_leaving(struct thread *t)
{
	struct call *k = t->trace;

	if (tr.lines)
		trace_line_flush(t);
	if (tr.count && trace_lines_root(t->task->pid)) {
		if (k && k->active)
			count(k, 0, now());
		trace_count_print(t->task->pers->tab, trace_lines_counts());
	}
	if (tr.stats && !t->task->vfork_child)
		stats_print(t->task);
}

const char *
trace_call(const struct thread *t)
{
	const struct call *k = t->trace;

	return (tr.lines || tr.count) && k && k->owner == t && k->active ? entry(t, k->nr)->name : NULL;
}

void
trace_after_fork(struct thread *t)
{
	if (tr.stats)
		stats_after_fork(t->task);
}

/* What it took stays unknown: the clock was read in another image. */
static void
count_resumed(const struct thread *t, const char *name)
{
	const struct systab *tab = t->task->pers->tab;

	for (uint32_t i = 0; tr.count && i < tab->n && i < TRACE_CALLS; i++)
		if (tab->ent[i].name && !strcmp(tab->ent[i].name, name))
			__atomic_fetch_add(&trace_lines_counts()[i].calls, 1, __ATOMIC_RELAXED);
}

void
trace_resume(struct thread *t, struct exec_config *c)
{
	struct sysent e = {.name = c->trace_call};
	char line[32];
	struct text o = {.buf = line, .size = sizeof(line)};

	if (!e.name || !(tr.lines || tr.count) || !call_of(t))
		return;
	c->trace_call = NULL;
	count_resumed(t, e.name);
	if (!tr.lines)
		return;
	text_add(&o, ") = 0");
	end_line(t, &e, 0, &o);
}

static int
open_output(struct exec_config *c, struct diag *d)
{
	const char *file = c->opt.strace_file;
	int fd;

	if (c->trace_fd >= 0)
		return 0;
	/* A copy of stderr: the guest may close its own, or make a file of it. */
	fd = file ? open(file, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666)
	          : fcntl(diag_get_fd(), F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return diag_fail(d, -EINVAL, "trace: %s: %s", file ? file : "standard error", strerror(errno));
	c->trace_fd = fd_hide(fd);
	return 0;
}

int
trace_start(struct task *task, struct exec_config *c, struct diag *d)
{
	static const struct task_trace calls = {enter, leave, on_signal, on_exit_process};
	static const struct task_trace end = {.exit = on_exit_process}, only_log = {0};
	const struct systab *tab = task->pers->tab;
	int shm;

	tr.count = c->opt.summary;
	tr.lines = c->opt.strace;
	tr.stats = c->opt.stats;
	if (log_mask & LOG_SYSCALL)
		task->trace = &only_log; /* sys_serve() logs: no call may go past it */
	if (tr.stats) {
		stats_start(&c->stats);
		task->trace = &end;
	}
	if (!tr.lines && !tr.count)
		return 0;
	tr.wanted = malloc(tab->n);
	if (!tr.wanted)
		return diag_fail(d, -ENOMEM, "no memory");
	if (trace_filter(tab, c->opt.strace_filter, tr.wanted, d) || open_output(c, d))
		return d->code;
	shm = trace_lines_open(c->trace_shm, c->trace_fd);
	if (shm == -EFBIG)
		return diag_fail(d, -EINVAL, "the limit of file sizes leaves no room for a trace (ulimit -f)");
	if (shm < 0)
		return diag_fail(d, -EINVAL, "no memory for the trace: %s", strerror(-shm));
	c->trace_shm = shm;
	task->trace = &calls;
	return 0;
}
