/* --stats: counts of a process over all its images. */
#include "loader/stats.h"

/* What this image's counts differ by: added, what earlier images counted; wraps where a parent's counts are taken away. */
static struct native_stats before;

static void
add(struct native_stats *to, const struct native_stats *more)
{
	to->traps += more->traps;
	to->patched_sites += more->patched_sites;
	to->refused_sites += more->refused_sites;
	to->fast_calls += more->fast_calls;
	to->full_calls += more->full_calls;
	to->interrupts += more->interrupts;
}

void
stats_start(const struct native_stats *earlier)
{
	before = *earlier;
}

void
stats_get(struct task *task, struct native_stats *ret)
{
	native_get_stats(task, ret);
	add(ret, &before);
}

void
stats_after_fork(struct task *task)
{
	struct native_stats now;

	native_get_stats(task, &now);
	before = (struct native_stats){.traps = -now.traps,
	                               .patched_sites = -now.patched_sites,
	                               .refused_sites = -now.refused_sites,
	                               .fast_calls = -now.fast_calls,
	                               .full_calls = -now.full_calls,
	                               .interrupts = -now.interrupts};
}

void
stats_print(struct task *task)
{
	struct native_stats s;

	stats_get(task, &s);
	diag_say("process %d: %llu calls on the fast lane, %llu on the full lane; %llu traps, %llu sites patched, "
	         "%llu not patched; %llu interrupts; calls caught by %s",
	         task->pid, (unsigned long long)s.fast_calls, (unsigned long long)s.full_calls,
	         (unsigned long long)s.traps, (unsigned long long)s.patched_sites,
	         (unsigned long long)s.refused_sites, (unsigned long long)s.interrupts, task->engine->intercept_name());
}
