/*
 * procctl: what a process asks of its own treatment.  Switches that only change FreeBSD's kernel are remembered and told back.
 * Source: FreeBSD manual procctl(2).
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "abi/freebsd/fbsd.h"
#include "abi/freebsd/proc.h"
#include "freebsd-amd64.h"

#define P_PID_GUEST 0

enum { REAP_ACQUIRE = 2, REAP_RELEASE, REAP_STATUS, REAP_GETPIDS, REAP_KILL, TRACE_CTL, TRACE_STATUS, TRAPCAP_CTL,
       TRAPCAP_STATUS, PDEATHSIG_CTL, PDEATHSIG_STATUS, ASLR_CTL, ASLR_STATUS, PROTMAX_CTL, PROTMAX_STATUS, STACKGAP_CTL,
       STACKGAP_STATUS, NO_NEW_PRIVS_CTL, NO_NEW_PRIVS_STATUS, WXMAP_CTL, WXMAP_STATUS };

/* Control and status pairs that are only remembered: range of values, and what status says before any was set. */
static const struct {
	uint8_t ctl, status, low, high;
	int32_t initial;
} kept[FBSD_PROCCTL_KEPT] = {
    {TRACE_CTL, TRACE_STATUS, 1, 3, 0},       {TRAPCAP_CTL, TRAPCAP_STATUS, 1, 2, 2}, {ASLR_CTL, ASLR_STATUS, 1, 3, 3},
    {PROTMAX_CTL, PROTMAX_STATUS, 1, 3, 3},   {STACKGAP_CTL, STACKGAP_STATUS, 1, 8, 1}, {WXMAP_CTL, WXMAP_STATUS, 1, 2, 1},
};

struct reaper_status {
	uint32_t flags, children, descendants;
	int32_t reaper, pid;
	uint32_t pad[15];
};

static long
reap_status(uint64_t data)
{
	struct reaper_status rs = {.reaper = 1, .pid = -1};
	int on = 0;

	prctl(PR_GET_CHILD_SUBREAPER, &on);
	if (on) {
		rs.flags = 1; /* REAPER_STATUS_OWNED */
		rs.reaper = getpid();
	}
	return gm_write(data, &rs, sizeof(rs));
}

static long
death_signal(struct thread *t, bool set, uint64_t data)
{
	const struct signal_map *m = t->task->pers->signals;
	uint32_t sig;
	int host = 0;

	if (!set) {
		prctl(PR_GET_PDEATHSIG, &host);
		return gm_store32(data, host ? m->to_guest[host] : 0);
	}
	if (gm_load32(data, &sig))
		return -EFAULT;
	if (sig >= m->n || (sig && !m->to_host[sig]))
		return -EINVAL;
	return host_call(SYS_prctl, PR_SET_PDEATHSIG, sig ? m->to_host[sig] : 0, 0, 0, 0);
}

static long
no_new_privs(bool set, uint64_t data)
{
	uint32_t v;

	if (!set)
		return gm_store32(data, host_call(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 1 : 2);
	if (gm_load32(data, &v))
		return -EFAULT;
	return v != 1 ? -EINVAL : host_call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static long
remembered(struct thread *t, int com, uint64_t data)
{
	int32_t *value = fbsd_task(t)->procctl;
	uint32_t v;

	for (unsigned i = 0; i < FBSD_PROCCTL_KEPT; i++) {
		if (com == kept[i].status)
			return gm_store32(data, (uint32_t)(value[i] ? value[i] : kept[i].initial));
		if (com != kept[i].ctl)
			continue;
		if (gm_load32(data, &v))
			return -EFAULT;
		if (v < kept[i].low || v > kept[i].high)
			return -EINVAL;
		value[i] = (int32_t)v;
		return 0;
	}
	return -EINVAL;
}

long
fbsd_procctl(struct thread *t, int idtype, uint64_t id, int com, uint64_t data)
{
	if (idtype != P_PID_GUEST)
		return -EINVAL;
	if (id != 0 && (pid_t)id != t->task->pid)
		return host_call(SYS_kill, id, 0) ? -ESRCH : -EPERM;
	switch (com) {
	case REAP_ACQUIRE:
		return host_call(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	case REAP_RELEASE:
		return host_call(SYS_prctl, PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
	case REAP_STATUS:
		return reap_status(data);
	case PDEATHSIG_CTL:
	case PDEATHSIG_STATUS:
		return death_signal(t, com == PDEATHSIG_CTL, data);
	case NO_NEW_PRIVS_CTL:
	case NO_NEW_PRIVS_STATUS:
		return no_new_privs(com == NO_NEW_PRIVS_CTL, data);
	}
	return remembered(t, com, data);
}
