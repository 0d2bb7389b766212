/* --strace=FILTER: names of calls, classes, and either of them after a '!'. */
#include <errno.h>
#include <string.h>

#include "loader/trace_impl.h"

/* Names of later releases for old calls: freebsd11_stat is stat too, __getcwd is getcwd. */
static const char *
plain_name(const char *name)
{
	const char *bar = strchr(name, '_');

	if (!strncmp(name, "freebsd", 7) && bar && strspn(name + 7, "0123456789") == (size_t)(bar - name - 7))
		name = bar + 1;
	return name + strspn(name, "_");
}

static bool
has_kind(const struct sysent *e, uint32_t one, uint32_t other)
{
	for (uint32_t i = 0; i < e->nargs; i++)
		if (e->args[i].kind == one || e->args[i].kind == other)
			return true;
	return false;
}

/* Classes as strace(1) has them; what the arguments do not show stands in the map. */
static bool
in_file(const struct sysent *e)
{
	return has_kind(e, K_PATH, K_PATH);
}

static bool
in_desc(const struct sysent *e)
{
	return e->ret == K_FD || has_kind(e, K_FD, K_ATFD);
}

static bool
in_signal(const struct sysent *e)
{
	return e->classes & SYS_IN_SIGNAL || has_kind(e, K_SIG, K_SIG);
}

static bool
in_network(const struct sysent *e)
{
	return e->classes & SYS_IN_NETWORK;
}

static bool
in_memory(const struct sysent *e)
{
	return e->classes & SYS_IN_MEMORY;
}

static bool
in_process(const struct sysent *e)
{
	return e->classes & SYS_IN_PROCESS;
}

static bool
in_all(const struct sysent *e)
{
	return true;
}

static const struct {
	const char *name;
	bool (*in)(const struct sysent *e);
} classes[] = {{"all", in_all},         {"file", in_file},     {"desc", in_desc},      {"network", in_network},
               {"net", in_network},     {"memory", in_memory}, {"process", in_process}, {"signal", in_signal}};

static bool
is_call(const struct sysent *e, const char *word, size_t n)
{
	const char *plain = plain_name(e->name);

	return (!strncmp(e->name, word, n) && !e->name[n]) || (!strncmp(plain, word, n) && !plain[n]);
}

/* Mark what one word names; how many calls that were. */
static uint32_t
mark(const struct systab *tab, const char *word, size_t n, uint8_t value, uint8_t *ret)
{
	bool (*in)(const struct sysent *e) = NULL;
	uint32_t found = 0;

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (!strncmp(classes[i].name, word, n) && !classes[i].name[n])
			in = classes[i].in;
	for (uint32_t i = 0; i < tab->n; i++) {
		const struct sysent *e = &tab->ent[i];

		if (!e->name || !(in ? in(e) : is_call(e, word, n)))
			continue;
		ret[i] = value;
		found++;
	}
	return found;
}

int
trace_filter(const struct systab *tab, const char *filter, uint8_t *ret, struct diag *d)
{
	/* "!x" first: everything but x. */
	memset(ret, !filter || *filter == '!', tab->n);
	for (const char *p = filter; p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL) {
		bool but = *p == '!';
		const char *word = p + but;
		size_t n = strcspn(word, ",");

		if (*word == '%') { /* strace(1)'s newer spelling of classes */
			word++;
			n--;
		}
		if (n == 0 || !mark(tab, word, n, !but, ret))
			return diag_fail(d, -EINVAL, "--strace=%s: \"%.*s\" is neither a call of %s nor a class "
			                 "(file desc network memory process signal all)",
			                 filter, (int)n, word, tab->name);
	}
	return 0;
}
