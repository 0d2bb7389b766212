/*
 * Messages and logs.  Every line is built on the caller's stack and leaves in one write(2), so that
 * lines of several threads and processes stay whole.
 */
#include "abi/core/diag.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi/core/fd.h"

#define LINE 2048u

void (*bug_hook)(void);
unsigned log_mask;
static int diag_fd = STDERR_FILENO;

static void
str_vaddf(char *buf, unsigned size, unsigned *pos, const char *fmt, va_list ap)
{
	int n;

	if (*pos >= size)
		return;
	n = vsnprintf(buf + *pos, size - *pos, fmt, ap);
	if (n < 0)
		return;
	*pos = (unsigned)n < size - *pos ? *pos + (unsigned)n : size - 1;
}

void
str_addf(char *buf, unsigned size, unsigned *pos, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(buf, size, pos, fmt, ap);
	va_end(ap);
}

void
str_add_safe(char *buf, unsigned size, unsigned *pos, const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			str_addf(buf, size, pos, "\\x%02x", c);
		else
			str_addf(buf, size, pos, "%c", c);
	}
}

int
diag_fail(struct diag *d, int code, const char *fmt, ...)
{
	va_list ap;

	if (d->code != 0)
		return code;
	d->code = code;
	va_start(ap, fmt);
	vsnprintf(d->text, sizeof d->text, fmt, ap);
	va_end(ap);
	return code;
}

void
diag_write(const char *text, size_t n)
{
	/* What cannot be written cannot be reported either. */
	if (diag_fd >= 0)
		fd_write_all(diag_fd, text, n);
}

static void
line_send(const char *prefix, const char *fmt, va_list ap)
{
	int saved = errno;
	char text[LINE], line[LINE];
	unsigned pos = 0;

	vsnprintf(text, sizeof text, fmt, ap);
	str_addf(line, sizeof line - 1, &pos, "%s", prefix);
	str_add_safe(line, sizeof line - 1, &pos, text);
	line[pos++] = '\n';
	diag_write(line, pos);
	errno = saved;
}

void
diag_say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	line_send("dragoman: ", fmt, ap);
	va_end(ap);
}

void
diag_die(int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	line_send("dragoman: ", fmt, ap);
	va_end(ap);
	exit(code);
}

void
log_write(const char *fmt, ...)
{
	char prefix[32];
	va_list ap;

	snprintf(prefix, sizeof prefix, "[%ld] ", syscall(SYS_gettid));
	va_start(ap, fmt);
	line_send(prefix, fmt, ap);
	va_end(ap);
}

void
bug(const char *fmt, ...)
{
	static int entered;
	va_list ap;

	va_start(ap, fmt);
	line_send("dragoman: bug: ", fmt, ap);
	va_end(ap);
	/* A second bug, perhaps in the hook itself, must not run the hook again. */
	if (__atomic_exchange_n(&entered, 1, __ATOMIC_SEQ_CST) == 0 && bug_hook != NULL)
		bug_hook();
	signal(SIGABRT, SIG_DFL);
	abort();
}

void
diag_setup(void)
{
	if (fcntl(STDERR_FILENO, F_GETFD) < 0)
		diag_fd = -1;
}

void
diag_set_fd(int fd)
{
	int hidden = fd_hide(fd);

	if (hidden < 0) {
		diag_say("messages stay on descriptor %d: %s", diag_fd, strerror(-hidden));
		return;
	}
	diag_fd = hidden;
}

int
diag_get_fd(void)
{
	return diag_fd;
}
