/* The table of -c, in the form of strace(1). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader/trace_impl.h"

static int
more_time(const void *a, const void *b, void *arg)
{
	const struct trace_count *count = arg;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	if (count[x].ns != count[y].ns)
		return count[x].ns < count[y].ns ? 1 : -1;
	return x < y ? -1 : 1;
}

static void
row(const char *name, const struct trace_count *c, uint64_t all)
{
	char line[256], errors[24] = "";
	unsigned pos = 0;

	if (c->errors)
		snprintf(errors, sizeof(errors), "%llu", (unsigned long long)c->errors);
	str_addf(line, sizeof(line), &pos, "%6.2f %11.6f %11llu %9llu %9s %s\n", all ? 100.0 * (double)c->ns / (double)all : 0.0,
	         (double)c->ns / 1e9, (unsigned long long)(c->calls ? c->ns / c->calls / 1000 : 0),
	         (unsigned long long)c->calls, errors, name);
	trace_out(line, pos);
}

static void
rule(const char *text)
{
	trace_out(text, strlen(text));
}

void
trace_count_print(const struct systab *tab, const struct trace_count *count)
{
	uint32_t order[TRACE_CALLS], n = 0;
	struct trace_count sum = {0};
	char name[32];

	for (uint32_t i = 0; i < TRACE_CALLS; i++) {
		if (!count[i].calls)
			continue;
		order[n++] = i;
		sum.calls += count[i].calls;
		sum.errors += count[i].errors;
		sum.ns += count[i].ns;
	}
	qsort_r(order, n, sizeof(order[0]), more_time, (void *)count);
	rule("% time     seconds  usecs/call     calls    errors syscall\n");
	rule("------ ----------- ----------- --------- --------- ----------------\n");
	for (uint32_t i = 0; i < n; i++) {
		const char *known = order[i] < tab->n ? tab->ent[order[i]].name : NULL;

		snprintf(name, sizeof(name), "syscall_%u", order[i]);
		row(known ? known : name, &count[order[i]], sum.ns);
	}
	rule("------ ----------- ----------- --------- --------- ----------------\n");
	row("total", &sum, sum.ns);
}
