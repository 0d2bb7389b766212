/*
 * What an option does with its value.
 */
#include "loader/options_impl.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* A whole number in decimal, or hexadecimal after 0x, from lo to hi. */
static int
number(const struct option_use *u, uint64_t lo, uint64_t hi, uint64_t *ret)
{
	bool hex = u->arg[0] == '0' && (u->arg[1] == 'x' || u->arg[1] == 'X');
	unsigned long long v;
	char *end;

	errno = 0;
	v = strtoull(u->arg, &end, hex ? 16 : 10);
	if (!isdigit((unsigned char)u->arg[0]) || *end != '\0')
		return diag_fail(u->d, -EINVAL, "%s: \"%.60s\" is not a number", u->name, u->arg);
	if (errno == ERANGE || v < lo || v > hi)
		return diag_fail(u->d, -EINVAL, "%s: %.60s is not between %llu and %llu", u->name,
				 u->arg, (unsigned long long)lo, (unsigned long long)hi);
	*ret = v;
	return 0;
}

int
option_set_help(const struct option_use *u)
{
	u->o->command = COMMAND_HELP;
	return 0;
}

int
option_set_version(const struct option_use *u)
{
	u->o->command = COMMAND_VERSION;
	return 0;
}

int
option_set_on(const struct option_use *u)
{
	*(bool *)u->field = true;
	return 0;
}

int
option_set_string(const struct option_use *u)
{
	*(const char **)u->field = u->arg;
	return 0;
}

static int
set_root(const struct option_use *u, bool strict)
{
	if (u->arg[0] == '\0')
		return diag_fail(u->d, -EINVAL, "%s: an empty path", u->name);
	u->o->root = u->arg;
	u->o->root_strict = strict;
	return 0;
}

int
option_set_root(const struct option_use *u)
{
	return set_root(u, false);
}

int
option_set_sysroot(const struct option_use *u)
{
	return set_root(u, true);
}

static int
add_edit(const struct option_use *u, struct env_edit edit)
{
	struct env_edits *list = u->field;
	struct env_edit *more = realloc(list->edit, (list->n + 1) * sizeof *more);

	if (more == NULL)
		return diag_fail(u->d, -ENOMEM, "%s: no memory", u->name);
	list->edit = more;
	list->edit[list->n++] = edit;
	return 0;
}

int
option_set_setenv(const struct option_use *u)
{
	const char *eq = strchr(u->arg, '=');

	if (eq == NULL || eq == u->arg)
		return diag_fail(u->d, -EINVAL, "%s: \"%.60s\" is not of the form VAR=value",
				 u->name, u->arg);
	return add_edit(u, (struct env_edit){ENV_SET, u->arg});
}

int
option_set_unsetenv(const struct option_use *u)
{
	if (u->arg[0] == '\0' || strchr(u->arg, '=') != NULL)
		return diag_fail(u->d, -EINVAL, "%s: \"%.60s\" is not the name of a variable",
				 u->name, u->arg);
	return add_edit(u, (struct env_edit){ENV_UNSET, u->arg});
}

int
option_set_clearenv(const struct option_use *u)
{
	return add_edit(u, (struct env_edit){ENV_CLEAR, NULL});
}

int
option_set_u32(const struct option_use *u)
{
	uint64_t v;
	int e = number(u, 1, UINT32_MAX, &v);

	if (e == 0)
		*(uint32_t *)u->field = (uint32_t)v;
	return e;
}

int
option_set_cpus(const struct option_use *u)
{
	uint64_t v;
	int e = number(u, 1, 1024, &v); /* cpuset_t holds 1024 (FreeBSD sys/_cpuset.h) */

	if (e == 0)
		*(uint32_t *)u->field = (uint32_t)v;
	return e;
}

int
option_set_seed(const struct option_use *u)
{
	uint64_t v;
	int e = number(u, 0, UINT64_MAX, &v);

	if (e == 0) {
		u->o->seed = v;
		u->o->has_seed = true;
	}
	return e;
}

int
option_set_fd(const struct option_use *u)
{
	uint64_t v;
	int e = number(u, 0, INT_MAX, &v);

	if (e == 0)
		*(int *)u->field = (int)v;
	return e;
}

/* Which of the words, separated by spaces, is the first n bytes of text?  -1: none. */
static int
word_find(const char *words, const char *text, size_t n)
{
	for (int i = 0; *words != '\0'; i++) {
		size_t len = strcspn(words, " ");

		if (len == n && strncmp(words, text, n) == 0)
			return i;
		words += len + (words[len] == ' ');
	}
	return -1;
}

static int
choice(const struct option_use *u, const char *words, int *ret)
{
	int i = word_find(words, u->arg, strlen(u->arg));

	if (i < 0)
		return diag_fail(u->d, -EINVAL, "%s: \"%.60s\" is none of: %s", u->name, u->arg,
				 words);
	*ret = i;
	return 0;
}

int
option_set_intercept(const struct option_use *u)
{
	static const enum intercept how[] = {INTERCEPT_AUTO, INTERCEPT_INCLUSIVE,
					     INTERCEPT_EXCLUSIVE, INTERCEPT_SECCOMP};
	int i = 0, e = choice(u, "auto inclusive exclusive seccomp", &i);

	if (e == 0)
		u->o->intercept = how[i];
	return e;
}

int
option_set_native_exec(const struct option_use *u)
{
	int i = 0, e = choice(u, "allow deny", &i);

	if (e == 0)
		u->o->native_deny = i == 1;
	return e;
}

int
option_set_strace(const struct option_use *u)
{
	if (u->arg != NULL && u->arg[0] == '\0')
		return diag_fail(u->d, -EINVAL, "%s: an empty filter", u->name);
	u->o->strace = true;
	if (u->arg != NULL)
		u->o->strace_filter = u->arg;
	return 0;
}

/* -e trace=FILTER, -e FILTER, --trace=FILTER; the other expressions of strace(1) are not offered. */
int
option_set_trace(const struct option_use *u)
{
	const char *filter = u->arg + (strncmp(u->arg, "trace=", 6) == 0 ? 6 : 0);

	if (filter[0] == '\0')
		return diag_fail(u->d, -EINVAL, "%s: an empty filter", u->name);
	if (strchr(filter, '=') != NULL)
		return diag_fail(u->d, -EINVAL, "%s: \"%.60s\" is not offered, only trace=FILTER", u->name, u->arg);
	u->o->strace_filter = filter;
	return 0;
}

int
option_set_nothing(const struct option_use *u)
{
	return 0;
}

int
option_set_log(const struct option_use *u)
{
	static const unsigned bits[] = {LOG_LOADER, LOG_SYSCALL, LOG_SIGNAL,  LOG_MM,
					LOG_PATCH,  LOG_PROC,	 LOG_UNKNOWN, ~0u};
	static const char words[] = "loader syscall signal mm patch proc unknown all";
	const char *at = u->arg;

	for (;;) {
		size_t n = strcspn(at, ",");
		int i = word_find(words, at, n);

		if (i < 0)
			return diag_fail(u->d, -EINVAL, "%s: \"%.*s\" is none of: %s", u->name,
					 (int)(n < 60 ? n : 60), at, words);
		u->o->log_mask |= bits[i];
		if (at[n] == '\0')
			return 0;
		at += n + 1;
	}
}

/* Is entry VAR=value for the variable that text (VAR or VAR=...) names? */
static bool
same_variable(const char *entry, const char *text)
{
	size_t n = strcspn(text, "=");

	return strncmp(entry, text, n) == 0 && entry[n] == '=';
}

static uint32_t
env_remove(char **env, uint32_t n, const char *text)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < n; i++)
		if (!same_variable(env[i], text))
			env[kept++] = env[i];
	return kept;
}

char **
options_environ(const struct options *o, char **envp)
{
	uint32_t n = 0;
	char **env;

	while (envp[n] != NULL)
		n++;
	env = calloc((size_t)n + o->env.n + 1, sizeof *env);
	if (env == NULL)
		return NULL;
	memcpy(env, envp, n * sizeof *env);
	for (uint32_t i = 0; i < o->env.n; i++) {
		const struct env_edit *edit = &o->env.edit[i];

		n = edit->what == ENV_CLEAR ? 0 : env_remove(env, n, edit->text);
		if (edit->what == ENV_SET)
			env[n++] = (char *)edit->text;
	}
	env[n] = NULL;
	return env;
}
