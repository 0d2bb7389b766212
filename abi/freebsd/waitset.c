/*
 * Waiting for children by whatever wait6 can name.  What the host can name is left to it; else every child is looked at, and
 * their descriptors are slept on.
 * Source: proc_to_reap() and kern_wait6() of sys/kern/kern_exit.c.
 */
#include "abi/freebsd/waitset.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "abi/core/fd.h"
#include "abi/freebsd/fbsd.h"
#include "abi/freebsd/proctab.h"
#include "abi/freebsd/procdesc.h"

#define SLEEP_FDS 64
#define SLEEP_NS  20000000l /* stops and new children move no descriptor: look again */

static bool
matches(const struct thread *t, const struct waiting *w, const struct proc_stat *ps)
{
	enum fbsd_pd_kind pd = fbsd_pd_of(t, ps->pid);
	uid_t uid;
	gid_t gid;

	if (pd == FBSD_PD_CLOSED)
		return false; /* it is init's */
	switch (w->idtype) {
	case FBSD_P_ALL:
		return pd == FBSD_PD_NONE;
	case FBSD_P_PID:
		return ps->pid == (pid_t)w->id;
	case FBSD_P_PGID:
		return ps->pgrp == (pid_t)w->id;
	case FBSD_P_SID:
		return ps->sid == (pid_t)w->id;
	case FBSD_P_UID:
		return proc_ids_get(ps->pid, &uid, &gid) && uid == (uid_t)w->id;
	case FBSD_P_GID:
		return proc_ids_get(ps->pid, &uid, &gid) && gid == (gid_t)w->id;
	case FBSD_P_JAILID:
		return (int)w->id == 0; /* nobody is in a jail */
	}
	return false;
}

struct look {
	struct thread *t;
	struct waiting *w;
	pid_t us;
	uint32_t found; /* that may still have something to tell */
	bool told;
	struct pollfd fd[SLEEP_FDS];
	uint32_t nfds;
	bool sleep;     /* open their descriptors */
};

/* Does this child have something to tell?  Nothing is taken. */
static bool
look_at(void *arg, const struct proc_stat *ps)
{
	struct look *l = arg;
	long r, fd;

	if (ps->ppid != l->us || !matches(l->t, l->w, ps))
		return true;
	memset(&l->w->info, 0, sizeof(l->w->info));
	r = host_call(SYS_waitid, P_PID, ps->pid, &l->w->info, l->w->options | WNOHANG | WNOWAIT, 0);
	l->told = r == 0 && l->w->info.si_pid != 0;
	if (r == 0)
		l->found++;
	if (l->told || r || !l->sleep || l->nfds == SLEEP_FDS)
		return !l->told;
	fd = host_call(SYS_pidfd_open, ps->pid, 0);
	if (fd >= 0)
		fd = fd_hide((int)fd);
	if (fd >= 0)
		l->fd[l->nfds++] = (struct pollfd){.fd = (int)fd, .events = POLLIN};
	return true;
}

static long
sleep_on(struct look *l)
{
	struct timespec limit = {0, SLEEP_NS};

	return host_block(l->t, SYS_ppoll, l->fd, l->nfds, &limit, 0, 0);
}

/* 1: w->info is of a child that has something to tell, which is not taken. */
static long
search(struct thread *t, struct waiting *w)
{
	long r = 0;

	for (;;) {
		struct look l = {.t = t, .w = w, .us = getpid(), .sleep = !(w->options & WNOHANG)};

		proc_each(look_at, &l);
		if (!l.told && l.found && l.sleep)
			r = sleep_on(&l);
		for (uint32_t i = 0; i < l.nfds; i++)
			host_call(SYS_close, l.fd[i].fd);
		if (l.told)
			return 1;
		if (!l.found)
			return -ECHILD;
		if (w->options & WNOHANG || r < 0)
			return r < 0 ? r : 0;
	}
}

/* Can the host name them?  Then how. */
static bool
host_names(const struct thread *t, const struct waiting *w, int *ret_type, uint64_t *ret_id)
{
	*ret_id = w->id;
	if (w->pidfd >= 0) {
		*ret_type = P_PIDFD;
		*ret_id = (uint64_t)w->pidfd;
		return true;
	}
	if (fbsd_pd_any(t) && !t->task->vfork_child)
		return false;
	switch (w->idtype) {
	case FBSD_P_ALL:
		*ret_type = P_ALL;
		return true;
	case FBSD_P_PID:
		*ret_type = P_PID;
		return true;
	case FBSD_P_PGID:
		*ret_type = P_PGID;
		return true;
	}
	return false;
}

static struct timeval
ticks(uint64_t n)
{
	uint64_t hz = (uint64_t)sysconf(_SC_CLK_TCK);

	return (struct timeval){(time_t)(n / hz), (suseconds_t)(n % hz * 1000000 / hz)};
}

static void
time_sub(struct timeval *a, struct timeval b)
{
	int64_t us = (int64_t)(a->tv_sec - b.tv_sec) * 1000000 + (a->tv_usec - b.tv_usec);

	us = us < 0 ? 0 : us;
	*a = (struct timeval){us / 1000000, us % 1000000};
}

/* The host counts a child's children with it. */
static void
take_apart(struct waiting *w, const struct proc_stat *ps)
{
	struct rusage *c = &w->children, *s = &w->self;

	memset(c, 0, sizeof(*c));
	c->ru_utime = ticks(ps->cutime);
	c->ru_stime = ticks(ps->cstime);
	c->ru_minflt = (long)ps->cminflt;
	c->ru_majflt = (long)ps->cmajflt;
	time_sub(&s->ru_utime, c->ru_utime);
	time_sub(&s->ru_stime, c->ru_stime);
	s->ru_minflt -= c->ru_minflt < s->ru_minflt ? c->ru_minflt : s->ru_minflt;
	s->ru_majflt -= c->ru_majflt < s->ru_majflt ? c->ru_majflt : s->ru_majflt;
}

/* Take what w->info tells; false when somebody else was faster. */
static bool
take(struct thread *t, struct waiting *w)
{
	struct proc_stat ps = {0};
	pid_t pid = w->info.si_pid;
	bool known = proc_stat_get(pid, &ps);
	siginfo_t si = {0};

	if (host_call(SYS_waitid, P_PID, pid, &si, w->options | WNOHANG, &w->self) || si.si_pid != pid)
		return false;
	w->info = si;
	w->status = si.si_code == CLD_EXITED ? si.si_status : 0;
	w->signo = 0;
	if (known)
		take_apart(w, &ps);
	if (known && si.si_code == CLD_EXITED)
		proc_last_word_of(&ps, &w->status, &w->signo);
	if (!(w->options & WNOWAIT) && (si.si_code == CLD_EXITED || si.si_code == CLD_KILLED || si.si_code == CLD_DUMPED))
		fbsd_pd_reaped(t, pid);
	return true;
}

long
fbsd_wait_for(struct thread *t, struct waiting *w)
{
	uint64_t id;
	int type;
	long r;

	fbsd_pd_clean(t);
	if ((w->idtype == FBSD_P_PID || w->idtype == FBSD_P_PGID) && (int)w->id == 0 && w->pidfd < 0) {
		w->idtype = FBSD_P_PGID;
		w->id = (uint64_t)getpgrp();
	}
	do {
		memset(&w->info, 0, sizeof(w->info));
		if (host_names(t, w, &type, &id))
			r = host_block(t, SYS_waitid, type, id, &w->info, w->options | WNOWAIT, 0);
		else
			r = search(t, w);
		if (r < 0 || w->info.si_pid == 0)
			return r < 0 ? r : 0;
	} while (!take(t, w));
	return 1;
}

bool
fbsd_wait_peek(struct thread *t, struct waiting *w)
{
	w->idtype = FBSD_P_ALL;
	w->pidfd = -1;
	w->options = WEXITED | WSTOPPED | WCONTINUED | WNOHANG;
	return search(t, w) == 1;
}
