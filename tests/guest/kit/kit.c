/* The kit: output, memory, running the tests. */
#include "kit.h"

#include "fbsd.h"

int kit_argc;
char **kit_argv, **kit_envp;
uint64_t kit_start, kit_start_rsp, kit_start_regs[KIT_REG_COUNT];
static const char *running;
static bool failed;

void *
memcpy(void *d, const void *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((volatile char *)d)[i] = ((const char *)s)[i];
	return d;
}

void *
memset(void *d, int c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((volatile char *)d)[i] = (char)c;
	return d;
}

int
memcmp(const void *a, const void *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (((const unsigned char *)a)[i] != ((const unsigned char *)b)[i])
			return ((const unsigned char *)a)[i] - ((const unsigned char *)b)[i];
	return 0;
}

size_t
strlen(const char *s)
{
	size_t n = 0;

	while (((volatile const char *)s)[n])
		n++;
	return n;
}

int
strcmp(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *(const unsigned char *)a - *(const unsigned char *)b;
}

int
strncmp(const char *a, const char *b, size_t n)
{
	while (n && *a && *a == *b)
		a++, b++, n--;
	return n ? *(const unsigned char *)a - *(const unsigned char *)b : 0;
}

int64_t
kit_value(struct ret r)
{
	return r.carry ? -(int64_t)r.val : (int64_t)r.val;
}

static char out[1024];
static unsigned used;

static void
flush(void)
{
	call(SYS_write, 1, out, used);
	used = 0;
}

static void
put(char c)
{
	if (used == sizeof(out))
		flush();
	out[used++] = c;
}

static void
number(uint64_t v, unsigned base)
{
	char digits[24];
	unsigned n = 0;

	do
		digits[n++] = "0123456789abcdef"[v % base];
	while (v /= base);
	while (n)
		put(digits[--n]);
}

static void
vprint(const char *fmt, va_list ap)
{
	for (; *fmt; fmt++) {
		if (*fmt != '%') {
			put(*fmt);
			continue;
		}
		bool wide = fmt[1] == 'l';

		fmt += wide ? 2 : 1;
		if (*fmt == 's') {
			for (const char *s = va_arg(ap, const char *); *s; s++)
				put(*s);
		} else if (*fmt == 'd') {
			int64_t v = wide ? va_arg(ap, long) : va_arg(ap, int);

			if (v < 0)
				put('-');
			number(v < 0 ? -(uint64_t)v : (uint64_t)v, 10);
		} else {
			number(wide ? va_arg(ap, unsigned long) : va_arg(ap, unsigned), 16);
		}
	}
}

void
kit_printf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprint(fmt, ap);
	va_end(ap);
	flush();
}

void
kit_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	failed = true;
	va_start(ap, fmt);
	for (const char *s = file; *s; s++)
		if (*s == '/')
			file = s + 1;
	kit_printf("not ok %s: %s:%d: ", running, file, line);
	vprint(fmt, ap);
	kit_printf("\n");
	va_end(ap);
}

bool
kit_has_failed(void)
{
	return failed;
}

bool
kit_failed_with(const char *file, int line, const char *what, int error, struct ret r)
{
	if (!r.carry)
		kit_fail(file, line, "%s is %ld, expected errno %d", what, (long)r.val, error);
	else if (r.val != (uint64_t)error)
		kit_fail(file, line, "%s: errno %ld, expected %d", what, (long)r.val, error);
	else if (r.val2 != r.rdx)
		kit_fail(file, line, "%s: rdx became %lx", what, (unsigned long)r.val2);
	else
		return true;
	return false;
}

const char *
kit_env(const char *name)
{
	size_t n = strlen(name);

	for (char **e = kit_envp; *e; e++)
		if (!strncmp(*e, name, n) && (*e)[n] == '=')
			return *e + n + 1;
	return NULL;
}

uint64_t
kit_aux(uint64_t type)
{
	char **p = kit_envp;

	while (*p)
		p++;
	for (uint64_t *a = (uint64_t *)(p + 1); a[0]; a += 2)
		if (a[0] == type)
			return a[1];
	return 0;
}

const char *
kit_dir(void)
{
	static char name[72];
	static const char stem[] = "/dragoman-guest-";
	const char *base = kit_env("TMPDIR");
	int64_t pid = sys(SYS_getpid);
	size_t n;

	if (name[0])
		return name;
	if (!base || strlen(base) + sizeof(stem) + 8 > sizeof(name))
		base = "/tmp";
	n = strlen(base);
	memcpy(name, base, n);
	memcpy(name + n, stem, sizeof(stem) - 1);
	n += sizeof(stem) - 1;
	for (int i = 0; i < 8; i++)
		name[n + (size_t)i] = "0123456789abcdef"[pid >> (4 * (7 - i)) & 15];
	sys(SYS_mkdir, name, 0700);
	return name;
}

void kit_main(void);

void
kit_main(void)
{
	int npass = 0, nfail = 0;
	const char *only;

	kit_argc = *(int *)kit_start;
	kit_argv = (char **)(kit_start + 8);
	kit_envp = kit_argv + kit_argc + 1;
	only = kit_argc > 1 ? kit_argv[1] : NULL;
	for (const struct test *t = tests; t->name; t++) {
		if (only && strcmp(only, t->name))
			continue;
		running = t->name;
		failed = false;
		t->fn();
		if (failed) {
			nfail++;
		} else {
			npass++;
			kit_printf("ok %s\n", t->name);
		}
	}
	kit_printf("%d passed, %d failed\n", npass, nfail);
	call(SYS_exit, nfail != 0);
}
