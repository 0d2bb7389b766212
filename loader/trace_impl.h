/*
 * Shared by the trace*.c files only.
 */
#pragma once

#include <stdarg.h>

#include "abi/abi.h"
#include "abi/core/structs.h"

#define TRACE_STRING   32   /* characters of a buffer, and elements of an array, as strace(1) prints them */
#define TRACE_TEXT     8192 /* one line */
#define TRACE_CALLS    1024 /* numbers that -c counts */

/** A line being built; what does not fit is cut. */
struct text {
	char *buf;
	unsigned size, pos;
};
#define text_add(o, ...) str_addf((o)->buf, (o)->size, &(o)->pos, __VA_ARGS__)

/** A call as its arguments are written: @done after it, with result @r. */
struct trace_ctx {
	const struct personality *pers;
	const struct sysent *e;
	const uint64_t *a;
	long r;
	bool done;
	uint64_t budget; /* bytes that scattered output buffers may still hold */
};

/* trace_value.c */
void trace_arg(struct trace_ctx *c, uint32_t i, struct text *o);
/** " = 3", " = -1 ENOENT (No such file or directory)". */
void trace_result(const struct trace_ctx *c, bool has_ret2, uint64_t ret2, struct text *o);
/** Quoted, escaped as strace(1) does; @cut: "..." follows. */
void trace_bytes(struct text *o, const uint8_t *p, uint64_t n, bool cut);
/** @n bytes of the guest as a string, or their address when they cannot be read. */
void trace_buffer(struct text *o, uint64_t addr, uint64_t n);
void trace_string(struct text *o, uint64_t addr, bool whole);
void trace_address(struct text *o, uint64_t addr);
void trace_signal_name(const struct personality *p, uint64_t signo, struct text *o);
void trace_set(const struct set *s, uint64_t v, struct text *o);
bool trace_failed(long r);

/* trace_struct.c */
const struct sys_struct *trace_type(const struct personality *p, const char *name);
const struct set *trace_set_named(const struct personality *p, const char *name);
/** @n structures of @type at a guest address, in brackets when @array. */
void trace_structs(struct trace_ctx *c, const char *type, uint64_t addr, uint64_t n, bool array, struct text *o);
/** One structure whose first @have bytes are at @b. */
void trace_struct(struct trace_ctx *c, const struct sys_struct *s, const uint8_t *b, uint32_t have, struct text *o);

/* trace_field.c */
uint64_t trace_field_value(const struct sys_field *f, const uint8_t *b);
void trace_field(struct trace_ctx *c, const struct sys_struct *s, uint32_t i, const uint8_t *b, struct text *o);

/* trace_filter.c */
/**
 * Which calls a filter names.  @ret: one byte a call, tab->n of them; NULL filter: all.
 * 0, or -EINVAL with a message for a word that is neither a call nor a class.
 */
int trace_filter(const struct systab *tab, const char *filter, uint8_t *ret, struct diag *d);

/* trace_count.c */
struct trace_count {
	uint64_t calls, errors, ns;
};
/** The table of -c, most time first. */
void trace_count_print(const struct systab *tab, const struct trace_count *count);

/* trace_line.c: whole lines from several threads and processes into one file */
struct trace_shared;
/** Memory that forked children and next images share; -1: new.  Descriptor (hidden) or -errno. */
int trace_lines_open(int shm, int fd);
struct trace_count *trace_lines_counts(void);
/** Is it the process that started it all? */
bool trace_lines_root(pid_t pid);
/** Is there, or was there ever, more than one thread? */
bool trace_lines_many(void);
void trace_lines_set_many(void);
/** A call has begun: @text is its line so far, written when it ends, or sooner when somebody else writes or @now. */
void trace_line_begin(const struct thread *t, const char *text, unsigned n, bool now);
/** The call is over: the line's rest; @resumed is the start of the line where others wrote in between. */
void trace_line_end(const struct thread *t, const struct text *resumed, const struct text *rest);
/** A line of its own. */
void trace_line(const struct thread *t, const struct text *line);
/** Has the line of this process's call been kept back? */
bool trace_line_pending(pid_t pid);
void trace_line_flush(const struct thread *t);
/** Write to the trace's file; the first failure is told. */
void trace_out(const char *p, size_t n);
