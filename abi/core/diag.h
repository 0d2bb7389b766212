/*
 * Messages for the person at the terminal, and our own end when we have a bug.
 */
#pragma once

#include <stddef.h>

/** Exit codes of ours; the guest's own status is passed on as it is. */
enum { EXIT_SETUP = 125, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127 };

/** Collects the first failure of a chain of checks. */
struct diag {
	int code;        /* -errno, 0 while all is well */
	char text[512];
};

/** Note a failure (only the first is kept) and return @code, so that `return diag_fail(d, -ENOEXEC, ...)` reads well. */
int diag_fail(struct diag *d, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/** One line on stderr (or the -D file), "dragoman: ..." in front; one write, safe with threads. Not for the fast lane. */
void diag_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/** The same, then exit(code). */
_Noreturn void diag_die(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** A bug of ours: message, state of host and guest (through the hook), abort.  Never for what a guest can do. */
_Noreturn void bug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/** Called by bug() before it aborts; the loader installs its crash report. */
extern void (*bug_hook)(void);

/** Log categories of -d. */
enum log_cat { LOG_LOADER = 1, LOG_SYSCALL = 2, LOG_SIGNAL = 4, LOG_MM = 8, LOG_PATCH = 16, LOG_PROC = 32, LOG_UNKNOWN = 64 };
extern unsigned log_mask;
void log_write(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
#define log_debug(cat, ...)                    \
	do {                                   \
		if (log_mask & (cat))          \
			log_write(__VA_ARGS__); \
	} while (0)
/**
 * First act of a process: where standard error is closed there are no messages, as its number will be that of a file
 * that we or the guest open.
 */
void diag_setup(void);
/** Bytes as they are, to where messages go. */
void diag_write(const char *text, size_t n);
/** Send messages, logs and traces to this descriptor from now on (moved to a high number of ours). */
void diag_set_fd(int fd);
/** -1: nowhere. */
int diag_get_fd(void);
/** printf into a fixed buffer at *pos, never past size; for building lines. */
void str_addf(char *buf, unsigned size, unsigned *pos, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/** Add text that a file or a guest chose: control characters become \xNN, so that it cannot command the terminal. */
void str_add_safe(char *buf, unsigned size, unsigned *pos, const char *text);
