/* Dispatch through a generated table: full lane. */
#include "abi/core/sysent.h"

#include <errno.h>

#include "abi/abi.h"
#include "abi/core/diag.h"
#include "abi/core/host.h"

#define TOLD_MAX 1024

/* A call that is not there is named once, with what the map says of it. */
static void
tell_absent(const struct systab *tab, uint64_t nr)
{
	static uint8_t told[TOLD_MAX / 8];
	const struct sysent *e = nr < tab->n ? &tab->ent[nr] : NULL;

	if (nr < TOLD_MAX) {
		uint8_t bit = (uint8_t)(1u << (nr % 8));

		if (__atomic_fetch_or(&told[nr / 8], bit, __ATOMIC_RELAXED) & bit)
			return;
	}
	diag_say("%s: call %llu (%s) is not provided%s%s", tab->name, (unsigned long long)nr,
	         e && e->name ? e->name : "unknown", e && e->note ? ": " : "", e && e->note ? e->note : "");
}

static long
refuse(const struct systab *tab, uint64_t nr)
{
	const struct sysent *e = nr < tab->n ? &tab->ent[nr] : NULL;

	if (e && e->level == SYS_FAIL) {
		log_debug(LOG_SYSCALL, "%s refused: %s", e->name, e->note ? e->note : "");
		return -(long)e->err;
	}
	tell_absent(tab, nr);
	return -ENOSYS;
}

long
sys_again(struct thread *t, const struct sysent *e, const uint64_t *a, long r)
{
	const struct personality *p = t->task->pers;

	while ((r == -HOST_ERESTART || r == -HOST_ERESTARTNOINTR || r == -EINTR) && !t->exit_now && !p->signals_due(t)) {
		t->in_restart = 1;
		r = e->serve(t, a);
	}
	return r;
}

static void
log_call(const struct systab *tab, uint64_t nr, const uint64_t *a, long r)
{
	const struct sysent *e = nr < tab->n ? &tab->ent[nr] : NULL;
	char line[256];
	unsigned pos = 0;

	str_addf(line, sizeof(line), &pos, "call %llu %s(", (unsigned long long)nr, e && e->name ? e->name : "unknown");
	for (uint32_t i = 0; e && i < e->nargs; i++)
		str_addf(line, sizeof(line), &pos, "%s0x%llx", i ? ", " : "", (unsigned long long)a[i]);
	log_write("%s) = %ld", line, r);
}

long
sys_serve(struct thread *t, uint64_t nr, const uint64_t a[8])
{
	const struct systab *tab = t->task->pers->tab;
	const struct task_trace *trace = t->task->trace;
	const struct sysent *e = nr < tab->n ? &tab->ent[nr] : NULL;
	long r;

	t->in_restart = 0;
	t->has_ret2 = false;
	t->calls++;
	if (trace && trace->enter)
		trace->enter(t, nr, a);
	r = e && e->serve ? sys_again(t, e, a, e->serve(t, a)) : refuse(tab, nr);
	if (trace && trace->leave)
		trace->leave(t, nr, a, r);
	if (log_mask & LOG_SYSCALL)
		log_call(tab, nr, a, r);
	return r;
}
