/*
 * Parser of options.def.  Setters are in options_set.c.
 */
#include "loader/options.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loader/options_impl.h"

#define HEADING(text)
static const struct option_row rows[] = {
#define OPT(id, s, l, k, a, w, f, set, h)                                                          \
	{s, l, OPTION_##k, a, OPTION_##w, offsetof(struct options, f), option_set_##set, h},
#include "loader/options.def"
#undef OPT
};
#undef HEADING

#define NROWS (sizeof rows / sizeof rows[0])

/* qemu-user options that would otherwise be taken for something else, or for a typing error. */
static const struct {
	const char *text, *why;
} refused[] = {
    {"-g", "there is no gdb stub yet"},
    {"-s", "the stack's size is the limit of the shell (ulimit -s)"},
    {"-B", "guest addresses are host addresses"},
    {"-R", "guest addresses are host addresses"},
    {"-cpu", "programs of this machine run on its own CPU"},
    {"-p", "the page size is 4096"},
};

struct parser {
	struct options *o;
	struct diag *d;
	char **next; /* the argument to look at */
};

static int
row_set(struct parser *p, const struct option_row *row, const char *name, const char *arg)
{
	char *field = (char *)p->o + row->field;
	struct option_use use = {p->o, field, name, arg, p->d};

	if (row->where == OPTION_INSPECT && p->o->command == COMMAND_RUN)
		return diag_fail(p->d, -EINVAL, "%s: belongs to the command inspect", name);
	return row->set(&use);
}

/* The value may follow in the next argument. */
static int
row_take(struct parser *p, const struct option_row *row, const char *name, const char *attached)
{
	if (row->kind == OPTION_FLAG && attached != NULL)
		return diag_fail(p->d, -EINVAL, "%s: takes no argument, but has \"%s\"", name,
				 attached);
	if (row->kind != OPTION_ARG || attached != NULL)
		return row_set(p, row, name, attached);
	if (*p->next == NULL)
		return diag_fail(p->d, -EINVAL, "%s: needs an argument (%s)", name, row->arg);
	return row_set(p, row, name, *p->next++);
}

static int
take_long(struct parser *p, char *text)
{
	char *eq = strchr(text, '=');
	size_t n = eq != NULL ? (size_t)(eq - text) : strlen(text);
	char name[40];

	snprintf(name, sizeof name, "--%.*s", (int)(n < 36 ? n : 36), text);
	for (size_t i = 0; i < NROWS; i++)
		if (strlen(rows[i].name) == n && strncmp(rows[i].name, text, n) == 0)
			return row_take(p, &rows[i], name, eq != NULL ? eq + 1 : NULL);
	return diag_fail(p->d, -EINVAL, "unknown option %s (dragoman --help lists them)", name);
}

static int
take_short(struct parser *p, char *text)
{
	char name[3] = {'-', text[1], '\0'};

	if (strcmp(text, "-strace") == 0) /* qemu-user's spelling */
		return take_long(p, text + 1);
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
		if (strcmp(text, refused[i].text) == 0)
			return diag_fail(p->d, -EINVAL, "%s is not offered: %s", text,
					 refused[i].why);
	for (size_t i = 0; i < NROWS; i++)
		if (rows[i].letter[0] != '\0' && rows[i].letter[0] == text[1] &&
		    (text[2] == '\0' || rows[i].kind == OPTION_ARG))
			return row_take(p, &rows[i], name, text[2] != '\0' ? text + 2 : NULL);
	return diag_fail(p->d, -EINVAL, "unknown option %.40s (dragoman --help lists them)", text);
}

/* Options up to the first other word; *ret_end tells whether "--" ended them. */
static int
take_options(struct parser *p, bool *ret_end)
{
	*ret_end = false;
	while (*p->next != NULL && (*p->next)[0] == '-' && (*p->next)[1] != '\0') {
		char *text = *p->next++;
		int e;

		if (strcmp(text, "--") == 0) {
			*ret_end = true;
			return 0;
		}
		e = text[1] == '-' ? take_long(p, text + 2) : take_short(p, text);
		if (e < 0 || p->o->command == COMMAND_HELP || p->o->command == COMMAND_VERSION)
			return e;
	}
	return 0;
}

static int
take_command(struct parser *p)
{
	static const struct {
		const char *word;
		enum command command;
	} words[] = {
	    {"run", COMMAND_RUN}, {"inspect", COMMAND_INSPECT}, {"doctor", COMMAND_DOCTOR}};
	bool end;

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(*p->next, words[i].word) == 0) {
			p->o->command = words[i].command;
			p->next++;
			return take_options(p, &end);
		}
	return 0;
}

static int
check_args(struct parser *p)
{
	struct options *o = p->o;

	/* A filter or a file is enough to ask for a trace; -c counts without printing. */
	if (!o->summary && (o->strace_filter != NULL || o->strace_file != NULL))
		o->strace = true;
	if (o->command == COMMAND_DOCTOR && *o->args != NULL)
		return diag_fail(p->d, -EINVAL, "doctor: takes no arguments, but has \"%.60s\"",
				 *o->args);
	if (o->command == COMMAND_INSPECT && *o->args == NULL)
		return diag_fail(p->d, -EINVAL, "inspect: which file?");
	if (o->command == COMMAND_RUN && *o->args == NULL && o->exec_config < 0)
		return diag_fail(p->d, -EINVAL, "which program? (dragoman --help)");
	return 0;
}

static const char *
env_get(char **envp, const char *name)
{
	size_t n = strlen(name);

	for (; *envp != NULL; envp++)
		if (strncmp(*envp, name, n) == 0 && (*envp)[n] == '=')
			return *envp + n + 1;
	return NULL;
}

static bool
in_list(const char *const *list, const char *value)
{
	while (*list != NULL && strcasecmp(*list, value) != 0)
		list++;
	return *list != NULL;
}

/* A flag's variable is a yes or a no. */
static int
env_flag(struct parser *p, const char *name, const char *value, bool *ret_on)
{
	static const char *const no[] = {"", "0", "no", "off", "false", NULL};
	static const char *const yes[] = {"1", "yes", "on", "true", NULL};

	*ret_on = in_list(yes, value);
	if (!*ret_on && !in_list(no, value))
		return diag_fail(p->d, -EINVAL, "%s: \"%.60s\" is neither 1 nor 0", name, value);
	return 0;
}

static int
env_row(struct parser *p, const struct option_row *row, char **envp)
{
	char name[48] = "DRAGOMAN_";
	size_t n = strlen(name);
	const char *value;
	bool on = true;
	int e = 0;

	for (const char *c = row->name; *c != '\0' && n < sizeof name - 1; c++)
		name[n++] = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
	name[n] = '\0';
	value = env_get(envp, name);
	if (value == NULL)
		return 0;
	if (row->kind == OPTION_FLAG)
		e = env_flag(p, name, value, &on);
	/* --strace has both: DRAGOMAN_STRACE=1, or a filter. */
	if (row->kind == OPTION_MAYBE &&
	    (value[0] == '\0' || (value[1] == '\0' && isdigit((unsigned char)value[0])))) {
		e = env_flag(p, name, value, &on);
		value = NULL;
	}
	if (e < 0 || !on)
		return e;
	return row_set(p, row, name, row->kind == OPTION_FLAG ? NULL : value);
}

/* qemu-user's two variables stand behind ours. */
static int
env_read(struct parser *p, char **envp)
{
	p->o->root = env_get(envp, "QEMU_LD_PREFIX");
	if (p->o->root != NULL && p->o->root[0] == '\0')
		p->o->root = NULL;
	p->o->strace = env_get(envp, "QEMU_STRACE") != NULL;
	for (size_t i = 0; i < NROWS; i++)
		if (rows[i].where == OPTION_RUN) {
			int e = env_row(p, &rows[i], envp);

			if (e < 0)
				return e;
		}
	return 0;
}

int
options_parse(int argc, char **argv, char **envp, struct options *ret, struct diag *d)
{
	struct parser p = {ret, d, argv + (argc > 0)};
	bool end;
	int e;

	*ret = (struct options){.exec_config = -1, .args = argv + argc};
	e = env_read(&p, envp);
	if (e == 0)
		e = take_options(&p, &end);
	if (e == 0 && !end && *p.next != NULL && ret->command == COMMAND_RUN)
		e = take_command(&p);
	ret->args = p.next;
	return e < 0 ? e : check_args(&p);
}

void
options_free(struct options *o)
{
	free(o->env.edit);
	o->env = (struct env_edits){0};
}

static void
usage_row(FILE *f, const struct option_row *row)
{
	char left[64];
	unsigned pos = 0;
	const char *eq = row->kind == OPTION_MAYBE ? "[=" : row->kind == OPTION_ARG ? " " : "";

	if (row->letter[0] != '\0')
		str_addf(left, sizeof left, &pos, "-%s, ", row->letter);
	str_addf(left, sizeof left, &pos, "--%s%s%s%s", row->name, eq,
		 row->arg != NULL ? row->arg : "", row->kind == OPTION_MAYBE ? "]" : "");
	if (row->where != OPTION_INTERNAL)
		fprintf(f, "  %-24s %s\n", left, row->help);
}

void
options_usage(FILE *f)
{
	size_t i = 0;

	fprintf(f, "usage: dragoman [options] program [arguments]\n"
		   "       dragoman [options] run program [arguments]\n"
		   "       dragoman inspect [--imports] file...\n"
		   "       dragoman doctor\n\n");
#define HEADING(text) fprintf(f, "\n%s:\n", text);
#define OPT(...)      usage_row(f, &rows[i++]);
#include "loader/options.def"
#undef OPT
#undef HEADING
	fprintf(f, "\nEach option of running is also read from the environment, as in "
		   "DRAGOMAN_NO_ASLR=1.\n"
		   "Exit status: the program's own; 125 our own set-up or usage, 126 not "
		   "executable, 127 not found.\n");
}
