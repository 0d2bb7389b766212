/*
 * Reapers: who adopts orphans, and whom it has below it.  The host's subreapers do the adopting; who is one is written down
 * by procctl_state.c, as the host tells that of nobody else.
 *
 * KNOWN LIMITS: an orphan begins a subtree of its own.  Where the reaper is the host's init only guests are told and killed.
 * Source: FreeBSD manual procctl(2); reap_status(), reap_getpids(), reap_kill() of sys/kern/kern_procctl.c.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/freebsd/fbsd.h"
#include "abi/freebsd/proc.h"
#include "abi/freebsd/procctl.h"
#include "abi/freebsd/proctab.h"
#include "abi/freebsd/signal.h"
#include "freebsd-amd64.h"

#define INIT 1

enum { OWNED = 1, REALINIT = 2, PIDINFO_VALID = 1, PIDINFO_CHILD = 2, PIDINFO_REAPER = 4, PIDINFO_ZOMBIE = 8, KILL_CHILDREN = 1,
       KILL_SUBTREE = 2 };

struct reaper_status {
	uint32_t flags, children, descendants;
	int32_t reaper, pid;
	uint32_t pad[15];
};

struct reaper_pids {
	uint32_t count, pad[15];
	uint64_t pids;
};

struct reaper_pidinfo {
	int32_t pid, subtree;
	uint32_t flags, pad[15];
};

struct reaper_kill {
	int32_t sig;
	uint32_t flags;
	int32_t subtree;
	uint32_t killed;
	int32_t fpid;
	uint32_t pad[15];
};
_Static_assert(sizeof(struct reaper_status) == 80 && sizeof(struct reaper_pids) == 72, "sys/procctl.h");
_Static_assert(sizeof(struct reaper_pidinfo) == 72 && sizeof(struct reaper_kill) == 80, "sys/procctl.h");

struct node {
	int32_t pid, ppid;
	bool reaper, zombie;
	int32_t subtree; /* of our reaper's: the child of it that this comes from; 0: not below it */
};

#define NODES 16384u

struct tree {
	uint32_t n;
	int32_t reaper;
	struct node node[NODES];
};

static bool
add(void *arg, const struct proc_stat *ps)
{
	struct tree *tree = arg;
	struct procctl_state s;

	if (tree->n == NODES)
		return false;
	procctl_load(ps->pid, &s);
	tree->node[tree->n++] =
	    (struct node){.pid = ps->pid, .ppid = ps->ppid, .reaper = s.reaper != 0, .zombie = ps->state == 'Z'};
	return true;
}

static const struct node *
find(const struct tree *tree, int32_t pid)
{
	for (uint32_t i = 0; i < tree->n; i++)
		if (tree->node[i].pid == pid)
			return &tree->node[i];
	return NULL;
}

static int32_t
reaper_above(const struct tree *tree, int32_t pid, int32_t *ret_subtree)
{
	const struct node *at = find(tree, pid);

	*ret_subtree = pid;
	while (at && (at = find(tree, at->ppid))) {
		if (at->reaper)
			return at->pid;
		if (at->pid == INIT)
			break;
		*ret_subtree = at->pid;
	}
	return INIT;
}

/* All processes, with their place below the reaper of @pid, which is itself or above it.  NULL without memory. */
static struct tree *
plant(pid_t pid)
{
	struct tree *tree = mmap(NULL, sizeof(*tree), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	const struct node *self;
	int32_t subtree;

	if (tree == MAP_FAILED)
		return NULL;
	proc_each(add, tree);
	self = find(tree, pid);
	tree->reaper = self && self->reaper ? pid : reaper_above(tree, pid, &subtree);
	for (uint32_t i = 0; i < tree->n; i++) {
		struct node *n = &tree->node[i];

		if (n->pid == INIT || reaper_above(tree, n->pid, &subtree) != tree->reaper)
			continue;
		if (tree->reaper != INIT || (!n->zombie && fbsd_is_guest(n->pid)))
			n->subtree = subtree;
	}
	return tree;
}

static void
fell(struct tree *tree)
{
	munmap(tree, sizeof(*tree));
}

long
procctl_reap_status(struct thread *t, pid_t pid, uint64_t data)
{
	struct tree *tree = plant(pid);
	struct reaper_status rs = {.pid = -1};
	bool child = false;

	(void)t;
	if (!tree)
		return -ENOMEM;
	rs.reaper = tree->reaper;
	rs.flags = (tree->reaper == pid ? OWNED : 0u) | (tree->reaper == INIT ? REALINIT : 0u);
	for (uint32_t i = 0; i < tree->n; i++) {
		const struct node *n = &tree->node[i];

		if (!n->subtree)
			continue;
		rs.descendants++;
		if (rs.pid < 0 || (!child && n->ppid == tree->reaper))
			rs.pid = n->pid;
		if (n->ppid == tree->reaper) {
			rs.children++;
			child = true;
		}
	}
	fell(tree);
	return gm_write(data, &rs, sizeof(rs));
}

long
procctl_reap_pids(struct thread *t, pid_t pid, uint64_t data)
{
	struct reaper_pids rp;
	struct tree *tree;
	uint32_t at = 0;
	long r = 0;

	(void)t;
	if (gm_read(&rp, data, sizeof(rp)))
		return -EFAULT;
	tree = plant(pid);
	if (!tree)
		return -ENOMEM;
	for (uint32_t i = 0; i < tree->n && at < rp.count && r == 0; i++) {
		const struct node *n = &tree->node[i];
		struct reaper_pidinfo pi = {n->pid, n->subtree, PIDINFO_VALID, {0}};

		if (!n->subtree)
			continue;
		pi.flags |= (n->ppid == tree->reaper ? PIDINFO_CHILD : 0u) | (n->reaper ? PIDINFO_REAPER : 0u) |
		            (n->zombie ? PIDINFO_ZOMBIE : 0u);
		r = gm_write(rp.pids + (uint64_t)at++ * sizeof(pi), &pi, sizeof(pi));
	}
	fell(tree);
	return r;
}

static bool
is_meant(const struct tree *tree, const struct node *n, const struct reaper_kill *rk)
{
	if (!n->subtree || n->zombie)
		return false;
	if (rk->flags & KILL_CHILDREN)
		return n->ppid == tree->reaper;
	return !(rk->flags & KILL_SUBTREE) || n->subtree == rk->subtree;
}

static bool
was_before(const struct tree *tree, int32_t pid)
{
	const struct node *n = tree ? find(tree, pid) : NULL;

	return n && n->subtree;
}

/* One round over what is there; who was there in the round before has been told.  Reapers below are gone into. */
static uint32_t
kill_round(struct thread *t, const struct tree *tree, const struct tree *before, struct reaper_kill *rk, long *ret)
{
	uint32_t new = 0;

	for (uint32_t i = 0; i < tree->n; i++) {
		const struct node *n = &tree->node[i];
		long r;

		if (!is_meant(tree, n, rk) || was_before(before, n->pid))
			continue;
		new++;
		r = fbsd_kill(t, n->pid, rk->sig);
		if (r == 0) {
			rk->killed++;
			*ret = 0;
		} else if (*ret == -ESRCH && r != -ESRCH) {
			rk->fpid = n->pid;
			*ret = r;
		}
		if (n->reaper && !(rk->flags & KILL_CHILDREN)) {
			struct tree *below = plant(n->pid);
			struct reaper_kill all = {.sig = rk->sig, .fpid = -1};
			long inner = -ESRCH;

			if (below) {
				kill_round(t, below, NULL, &all, &inner);
				fell(below);
			}
			rk->killed += all.killed;
		}
	}
	return new;
}

long
procctl_reap_kill(struct thread *t, pid_t pid, uint64_t data)
{
	struct tree *tree, *before = NULL;
	struct reaper_kill rk;
	uint32_t new;
	long r = -ESRCH;

	if (gm_read(&rk, data, sizeof(rk)))
		return -EFAULT;
	if (rk.sig <= 0 || rk.sig > FBSD_NSIG || rk.flags & ~(uint32_t)(KILL_CHILDREN | KILL_SUBTREE) ||
	    rk.flags == (KILL_CHILDREN | KILL_SUBTREE))
		return -EINVAL;
	rk.killed = 0;
	rk.fpid = -1;
	do {
		tree = plant(pid);
		if (!tree)
			break;
		new = kill_round(t, tree, before, &rk, &r);
		if (before)
			fell(before);
		before = tree;
	} while (new && !(rk.flags & KILL_CHILDREN));
	if (before)
		fell(before);
	return gm_write(data, &rk, sizeof(rk)) ? -EFAULT : r;
}
