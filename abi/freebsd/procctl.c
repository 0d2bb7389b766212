/*
 * procctl: what processes ask of their own and others' treatment.  Switches that only change FreeBSD's kernel are remembered,
 * inherited and told back: procctl_state.c; reapers: reap.c.
 *
 * KNOWN LIMITS: whether a parent's death is told depends on the thread that made the child, as on the host.
 * Source: FreeBSD manual procctl(2); order of checks as in sys_procctl() and kern_procctl() of sys/kern/kern_procctl.c.
 */
#include "abi/freebsd/procctl.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "abi/freebsd/fbsd.h"
#include "abi/freebsd/proc.h"
#include "abi/freebsd/proctab.h"
#include "abi/freebsd/signal.h"
#include "freebsd-amd64.h"

enum { G_P_PID = 0, G_P_PGID = 2 };

enum { SPROTECT = 1, REAP_ACQUIRE, REAP_RELEASE, REAP_STATUS, REAP_GETPIDS, REAP_KILL, TRACE_CTL, TRACE_STATUS, TRAPCAP_CTL,
       TRAPCAP_STATUS, PDEATHSIG_CTL, PDEATHSIG_STATUS, ASLR_CTL, ASLR_STATUS, PROTMAX_CTL, PROTMAX_STATUS, STACKGAP_CTL,
       STACKGAP_STATUS, NO_NEW_PRIVS_CTL, NO_NEW_PRIVS_STATUS, WXMAP_CTL, WXMAP_STATUS, COMMANDS };

enum { TRACE_ENABLE = 1, TRACE_DISABLE, TRACE_DISABLE_EXEC };
#define ACTIVE 0x80000000u

/* What a command takes, and of whom: GROUP also takes groups, DEBUG needs the right to debug, others that to see. */
enum { IN_INT = 1, OUT_INT = 2, GROUP = 4, DEBUG = 8, NO_DATA = 16 };
static const uint8_t how[COMMANDS] = {
    [SPROTECT] = IN_INT | GROUP,
    [REAP_ACQUIRE] = NO_DATA,
    [REAP_RELEASE] = NO_DATA,
    [TRACE_CTL] = IN_INT | GROUP | DEBUG,
    [TRACE_STATUS] = OUT_INT,
    [TRAPCAP_CTL] = IN_INT | GROUP | DEBUG,
    [TRAPCAP_STATUS] = OUT_INT,
    [PDEATHSIG_CTL] = IN_INT,
    [PDEATHSIG_STATUS] = OUT_INT,
    [ASLR_CTL] = IN_INT | DEBUG,
    [ASLR_STATUS] = OUT_INT,
    [PROTMAX_CTL] = IN_INT | DEBUG,
    [PROTMAX_STATUS] = OUT_INT,
    [STACKGAP_CTL] = IN_INT | DEBUG,
    [STACKGAP_STATUS] = OUT_INT,
    [NO_NEW_PRIVS_CTL] = IN_INT | DEBUG,
    [NO_NEW_PRIVS_STATUS] = OUT_INT,
    [WXMAP_CTL] = IN_INT | DEBUG,
    [WXMAP_STATUS] = OUT_INT,
};

static long
protect(int v)
{
	int op = v & 0xf;

	/* 1 and 2: set and clear; 0x10 and 0x20: descend, inherit.  No privilege of PRIV_VM_MADV_PROTECT for guests. */
	return (op != 1 && op != 2) || v & ~0xf & ~0x30 ? -EINVAL : -EPERM;
}

static long
become_reaper(struct thread *t, pid_t pid, bool on)
{
	struct procctl_state s;
	long r;

	if (pid != t->task->pid)
		return -EPERM;
	procctl_load(pid, &s);
	if (on && s.reaper)
		return -EBUSY;
	if (!on && !s.reaper)
		return -EINVAL;
	s.reaper = on;
	r = procctl_store(pid, &s);
	return r ? r : host_call(SYS_prctl, PR_SET_CHILD_SUBREAPER, on, 0, 0, 0);
}

static long
death_signal(struct thread *t, pid_t pid, bool set, int *v)
{
	const struct signal_map *m = t->task->pers->signals;
	int host = 0;

	if (pid != t->task->pid)
		return -EINVAL;
	if (!set) {
		prctl(PR_GET_PDEATHSIG, &host);
		*v = host == KICK_SIGNO ? fbsd_task(t)->pdeathsig : host ? m->to_guest[host] : 0;
		return 0;
	}
	if (*v < 0 || *v > FBSD_NSIG)
		return -EINVAL;
	host = *v ? sig_host_number(t->task, *v) : 0;
	fbsd_task(t)->pdeathsig = (uint8_t)*v;
	return host_call(SYS_prctl, PR_SET_PDEATHSIG, *v && !host ? KICK_SIGNO : host, 0, 0, 0);
}

static long
no_new_privs(struct thread *t, pid_t pid, bool set, int *v)
{
	struct proc_stat ps;

	if (pid == t->task->pid) {
		if (set)
			return *v != 1 ? -EINVAL : task_call_all(t, SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0);
		*v = host_call(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 1 : 2;
		return 0;
	}
	if (set)
		return *v != 1 ? -EINVAL : -EPERM; /* the host has no way to do that to another */
	if (!proc_stat_get(pid, &ps))
		return -ESRCH;
	*v = proc_no_new_privs(pid) ? 1 : 2;
	return 0;
}

static long
set_trace(struct procctl_state *s, bool own, int v)
{
	switch (v) {
	case TRACE_ENABLE:
		if (!own)
			return -EPERM;
		s->trace = 0;
		return 0;
	case TRACE_DISABLE:
		if (s->trace == TRACE_DISABLE_EXEC && !own)
			return -EPERM;
		s->trace = TRACE_DISABLE;
		return 0;
	case TRACE_DISABLE_EXEC:
		s->trace = v;
		return 0;
	}
	return -EINVAL;
}

/* Bits: 1 enable, 2 disable, 4 and 8 the same for the next program. */
static long
set_stackgap(struct procctl_state *s, int v)
{
	if (v & ~15 || (v & 3) == 3 || (v & 12) == 12 || (v & 1 && s->stackgap & 2))
		return -EINVAL;
	s->stackgap |= v & (2 | 8);
	if (v & 4)
		s->stackgap &= ~8;
	return 0;
}

static long
set_one(int32_t *value, int v, int most)
{
	if (v < 1 || v > most)
		return -EINVAL;
	*value = v;
	return 0;
}

static long
remember(struct procctl_state *s, bool own, int com, int v)
{
	switch (com) {
	case TRACE_CTL:
		return set_trace(s, own, v);
	case TRAPCAP_CTL:
		return set_one(&s->trapcap, v, 2);
	case ASLR_CTL:
		return set_one(&s->aslr, v, 3);
	case PROTMAX_CTL:
		return set_one(&s->protmax, v, 3);
	case STACKGAP_CTL:
		return set_stackgap(s, v);
	case WXMAP_CTL:
		if (v != 1 && v != 2)
			return -EINVAL;
		s->wxmap |= v;
		return 0;
	}
	return -EINVAL;
}

static uint32_t
told(const struct procctl_state *s, int com)
{
	switch (com) {
	case TRACE_STATUS:
		return s->trace ? UINT32_MAX : 0; /* nobody traces */
	case TRAPCAP_STATUS:
		return s->trapcap ? (uint32_t)s->trapcap : 2;
	case ASLR_STATUS:
		return s->aslr ? (uint32_t)s->aslr : 3;
	case PROTMAX_STATUS:
		return s->protmax == 1 ? 1 | ACTIVE : s->protmax ? (uint32_t)s->protmax : 3;
	case STACKGAP_STATUS:
		return (s->stackgap & 2 ? 2u : 1u) | (s->stackgap & 8 ? 8u : 4u);
	}
	return (uint32_t)s->wxmap;
}

/* As p_cansee and p_candebug would say: everybody is seen, one's own are debugged. */
static long
allowed(struct thread *t, pid_t pid, int com)
{
	long r;

	if (pid == t->task->pid)
		return 0;
	r = pid <= 0 ? -ESRCH : host_call(SYS_kill, pid, 0);
	if (r == -ESRCH)
		return com == PDEATHSIG_CTL || com == PDEATHSIG_STATUS ? -EINVAL : r;
	return how[com] & DEBUG ? r : 0;
}

static long
single(struct thread *t, pid_t pid, int com, int *v)
{
	struct procctl_state s;
	long r = 0;

	switch (com) {
	case SPROTECT:
		return protect(*v);
	case REAP_ACQUIRE:
	case REAP_RELEASE:
		return become_reaper(t, pid, com == REAP_ACQUIRE);
	case PDEATHSIG_CTL:
	case PDEATHSIG_STATUS:
		return death_signal(t, pid, com == PDEATHSIG_CTL, v);
	case NO_NEW_PRIVS_CTL:
	case NO_NEW_PRIVS_STATUS:
		return no_new_privs(t, pid, com == NO_NEW_PRIVS_CTL, v);
	}
	if (!procctl_load(pid, &s))
		return -ESRCH;
	if (how[com] & OUT_INT) {
		*v = (int)told(&s, com);
		return 0;
	}
	r = remember(&s, pid == t->task->pid, com, *v);
	return r ? r : procctl_store(pid, &s);
}

struct group {
	struct thread *t;
	pid_t id;
	int com, v;
	bool found, done;
	long first;
};

static bool
member(void *arg, const struct proc_stat *ps)
{
	struct group *g = arg;
	int v = g->v;
	long r;

	if (ps->pgrp != g->id)
		return true;
	g->found = true;
	if (ps->state == 'Z' || allowed(g->t, ps->pid, g->com))
		return true;
	r = single(g->t, ps->pid, g->com, &v);
	g->done |= r == 0;
	if (r && !g->first)
		g->first = r;
	return true;
}

/* One that succeeds is enough. */
static long
of_group(struct thread *t, pid_t id, int com, int v)
{
	struct group g = {.t = t, .id = id, .com = com, .v = v};

	proc_each(member, &g);
	if (g.done)
		return 0;
	return g.found && g.first ? g.first : -ESRCH;
}

static long
of_one(struct thread *t, pid_t pid, int com, uint64_t data, int v)
{
	long r;

	pid = pid ? pid : t->task->pid;
	r = allowed(t, pid, com);
	if (r)
		return r;
	switch (com) {
	case REAP_STATUS:
		return procctl_reap_status(t, pid, data);
	case REAP_GETPIDS:
		return procctl_reap_pids(t, pid, data);
	case REAP_KILL:
		return procctl_reap_kill(t, pid, data);
	}
	r = single(t, pid, com, &v);
	return r == 0 && how[com] & OUT_INT ? gm_store32(data, (uint32_t)v) : r;
}

long
fbsd_procctl(struct thread *t, int idtype, uint64_t id, int com, uint64_t data)
{
	uint32_t v = 0;

	if (com < SPROTECT || com >= COMMANDS)
		return -EINVAL;
	if (how[com] & IN_INT && gm_load32(data, &v))
		return -EFAULT;
	if (how[com] & NO_DATA && data)
		return -EINVAL;
	if (idtype == G_P_PID)
		return of_one(t, (pid_t)id, com, data, (int)v);
	return idtype == G_P_PGID && how[com] & GROUP ? of_group(t, (pid_t)id, com, (int)v) : -EINVAL;
}
