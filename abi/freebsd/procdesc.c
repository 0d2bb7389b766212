/*
 * Process descriptors by number, and the end that comes with their last close.  The calls: pdfork.c.
 *
 * A descriptor is the host's.  That the child dies with the last one, however it goes, is done by a pipe: whoever holds a
 * descriptor holds its writing end too, hidden, and the kernel tells the child by SIGKILL when the last of these is closed.
 *
 * KNOWN LIMITS: a descriptor that is sent in a message keeps the child alive as long as its sender lives.  FBSD_PD_MAX
 * descriptors; children of more are daemons.
 * Source: FreeBSD manual pdfork(2); procdesc_close() and procdesc_exit() of sys_procdesc.c, proc_to_reap() of kern_exit.c.
 */
#include "abi/freebsd/procdesc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "abi/core/fd.h"
#include "abi/freebsd/fbsd.h"

#define GONE 64

struct fbsd_pd_table {
	pthread_mutex_t lock;
	uint32_t n;
	struct fbsd_pd pd[FBSD_PD_MAX];
	uint32_t last;
	int32_t gone[GONE]; /* reaped of late: the host's SIGCHLD may still come */
};

static void
close_if(int fd)
{
	if (fd >= 0)
		host_call(SYS_close, fd);
}

static struct fbsd_pd_table *
table(const struct thread *t)
{
	return __atomic_load_n(&fbsd_task(t)->pd, __ATOMIC_ACQUIRE);
}

static struct fbsd_pd_table *
need_table(struct thread *t)
{
	struct fbsd_pd_table *tab = table(t), *none = NULL;

	if (tab || t->task->vfork_child)
		return t->task->vfork_child ? NULL : tab;
	tab = calloc(1, sizeof(*tab));
	if (!tab)
		return NULL;
	pthread_mutex_init(&tab->lock, NULL);
	if (!__atomic_compare_exchange_n(&fbsd_task(t)->pd, &none, tab, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		free(tab);
		tab = none;
	}
	return tab;
}

static bool
add(struct fbsd_pd_table *tab, struct fbsd_pd pd)
{
	bool room;

	pthread_mutex_lock(&tab->lock);
	room = tab->n < FBSD_PD_MAX;
	if (room)
		tab->pd[tab->n++] = pd;
	pthread_mutex_unlock(&tab->lock);
	return room;
}

bool
fbsd_pd_add(struct thread *t, int fd, int keep, int32_t pid)
{
	struct fbsd_pd_table *tab = need_table(t);

	return tab && add(tab, (struct fbsd_pd){fd, keep, pid});
}

static struct fbsd_pd *
find_fd(struct fbsd_pd_table *tab, int fd)
{
	for (uint32_t i = 0; i < tab->n; i++)
		if (tab->pd[i].fd == fd)
			return &tab->pd[i];
	return NULL;
}

/* Another open descriptor of the same child. */
static bool
has_more(const struct fbsd_pd_table *tab, const struct fbsd_pd *pd)
{
	for (uint32_t i = 0; i < tab->n; i++)
		if (&tab->pd[i] != pd && tab->pd[i].pid == pd->pid && tab->pd[i].fd >= 0)
			return true;
	return false;
}

/* The descriptor is gone; what is left of a child whose last one it was is its number. */
static void
forget_fd(struct fbsd_pd_table *tab, struct fbsd_pd *pd)
{
	if (pd->pid && !has_more(tab, pd)) {
		pd->fd = pd->keep = -1;
		return;
	}
	*pd = tab->pd[--tab->n];
}

void
fbsd_pd_fd_closed(struct thread *t, int fd)
{
	struct fbsd_pd_table *tab = table(t);
	struct fbsd_pd *pd;
	int keep = -1;

	if (!tab || fd < 0 || t->task->vfork_child)
		return; /* what a vfork child closes goes at its exec */
	pthread_mutex_lock(&tab->lock);
	pd = find_fd(tab, fd);
	if (pd) {
		keep = pd->keep;
		forget_fd(tab, pd);
	}
	pthread_mutex_unlock(&tab->lock);
	if (pd) {
		close_if(keep);
		fbsd_pd_clean(t);
	}
}

void
fbsd_pd_fd_duped(struct thread *t, int from, int to)
{
	struct fbsd_pd_table *tab = table(t);
	struct fbsd_pd *pd, new = {.fd = -1};

	if (!tab || from < 0 || to < 0 || from == to || t->task->vfork_child)
		return;
	pthread_mutex_lock(&tab->lock);
	pd = find_fd(tab, from);
	if (pd)
		new = (struct fbsd_pd){to, pd->keep, pd->pid};
	pthread_mutex_unlock(&tab->lock);
	if (new.fd < 0)
		return;
	if (new.keep >= 0)
		new.keep = (int)host_call(SYS_fcntl, new.keep, F_DUPFD_CLOEXEC, fd_guest_limit());
	if (!add(tab, new) && new.keep >= 0)
		log_debug(LOG_PROC, "process %d will not end with its descriptor", new.pid);
}

void
fbsd_pd_fd_sent(struct thread *t, int fd)
{
	struct fbsd_pd_table *tab = table(t);
	struct fbsd_pd *pd;

	if (!tab)
		return;
	pthread_mutex_lock(&tab->lock);
	pd = find_fd(tab, fd);
	if (pd)
		pd->keep = -1;
	pthread_mutex_unlock(&tab->lock);
}

/* Whose child's numbers these were is the parent; descriptors are inherited. */
void
fbsd_pd_after_fork(struct thread *t)
{
	struct fbsd_task *ft = fbsd_task(t);

	if (ft->pd_guard)
		host_call(SYS_close, ft->pd_guard);
	ft->pd_guard = 0;
	if (!ft->pd)
		return;
	pthread_mutex_init(&ft->pd->lock, NULL);
	for (uint32_t i = ft->pd->n; i-- > 0;) {
		ft->pd->pd[i].pid = 0;
		if (ft->pd->pd[i].fd < 0)
			ft->pd->pd[i] = ft->pd->pd[--ft->pd->n];
	}
}

bool
fbsd_pd_any(const struct thread *t)
{
	const struct fbsd_pd_table *tab = table(t);

	return tab && __atomic_load_n(&tab->n, __ATOMIC_RELAXED);
}

enum fbsd_pd_kind
fbsd_pd_of(const struct thread *t, int32_t pid)
{
	struct fbsd_pd_table *tab = table(t);
	enum fbsd_pd_kind kind = FBSD_PD_NONE;

	if (!tab || t->task->vfork_child)
		return kind;
	pthread_mutex_lock(&tab->lock);
	for (uint32_t i = 0; i < tab->n; i++)
		if (tab->pd[i].pid == pid)
			kind = tab->pd[i].fd < 0 ? FBSD_PD_CLOSED : FBSD_PD_OPEN;
	pthread_mutex_unlock(&tab->lock);
	return kind;
}

/* Locked. */
static void
reaped(struct fbsd_pd_table *tab, int32_t pid)
{
	bool ours = false;

	for (uint32_t i = tab->n; i-- > 0;) {
		if (tab->pd[i].pid != pid)
			continue;
		ours = true;
		tab->pd[i].pid = 0;
		if (tab->pd[i].fd < 0)
			tab->pd[i] = tab->pd[--tab->n];
	}
	if (ours)
		tab->gone[tab->last++ % GONE] = pid;
}

bool
fbsd_pd_swallow(struct thread *t, int32_t pid)
{
	struct fbsd_pd_table *tab = table(t);
	bool found = fbsd_pd_of(t, pid) != FBSD_PD_NONE;

	if (found || !tab)
		return found;
	pthread_mutex_lock(&tab->lock);
	for (uint32_t i = 0; i < GONE && !found; i++) {
		found = tab->gone[i] == pid;
		if (found)
			tab->gone[i] = 0;
	}
	pthread_mutex_unlock(&tab->lock);
	return found;
}

void
fbsd_pd_reaped(struct thread *t, int32_t pid)
{
	struct fbsd_pd_table *tab = table(t);

	if (!tab || t->task->vfork_child)
		return;
	pthread_mutex_lock(&tab->lock);
	reaped(tab, pid);
	pthread_mutex_unlock(&tab->lock);
}

void
fbsd_pd_clean(struct thread *t)
{
	struct fbsd_pd_table *tab = table(t);

	if (!tab || t->task->vfork_child)
		return;
	pthread_mutex_lock(&tab->lock);
	for (uint32_t i = tab->n; i-- > 0;) {
		siginfo_t si = {0};
		long r;

		if (tab->pd[i].fd >= 0)
			continue;
		r = host_call(SYS_waitid, P_PID, tab->pd[i].pid, &si, WEXITED | WNOHANG, 0);
		if (r == -ECHILD || (r == 0 && si.si_pid))
			reaped(tab, tab->pd[i].pid);
	}
	pthread_mutex_unlock(&tab->lock);
}

/* Of the caller's, what stays open over exec; children stay its children, a vfork child has none. */
void
fbsd_pd_save(struct thread *t, struct fbsd_pd_saved *ret)
{
	const struct fbsd_pd_table *tab = table(t);

	ret->guard = fbsd_task(t)->pd_guard;
	ret->n = 0;
	for (uint32_t i = 0; tab && i < tab->n; i++) {
		struct fbsd_pd pd = tab->pd[i];
		long flags = pd.fd < 0 ? -1 : host_call(SYS_fcntl, pd.fd, F_GETFD);

		if (t->task->vfork_child)
			pd.pid = 0;
		if (flags < 0 || flags & FD_CLOEXEC)
			pd.fd = pd.keep = -1;
		else if (pd.keep >= 0)
			host_call(SYS_fcntl, pd.keep, F_SETFD, 0);
		if (pd.fd >= 0 || pd.pid)
			ret->pd[ret->n++] = pd;
	}
}

void
fbsd_pd_unsave(struct thread *t)
{
	const struct fbsd_pd_table *tab = table(t);

	for (uint32_t i = 0; tab && i < tab->n; i++)
		if (tab->pd[i].keep >= 0)
			host_call(SYS_fcntl, tab->pd[i].keep, F_SETFD, FD_CLOEXEC);
}

void
fbsd_pd_restore(struct thread *t, const struct fbsd_pd_saved *saved)
{
	struct fbsd_pd_table *tab = saved->n ? need_table(t) : NULL;

	fbsd_task(t)->pd_guard = saved->guard;
	for (uint32_t i = 0; tab && i < saved->n && i < FBSD_PD_MAX; i++)
		add(tab, saved->pd[i]);
	fbsd_pd_unsave(t);
}
