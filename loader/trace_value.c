/* Arguments and results by their kind (sysent.h), in strace(1)'s notation. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "abi/core/gm.h"
#include "abi/core/host.h"
#include "abi/core/sets.h"
#include "loader/trace_impl.h"

#define PATH_CUT 1024

typedef unsigned long long ull;

bool
trace_failed(long r)
{
	return r < 0 && r >= -HOST_ERR_MAX;
}

void
trace_address(struct text *o, uint64_t addr)
{
	if (addr)
		text_add(o, "0x%llx", (ull)addr);
	else
		text_add(o, "NULL");
}

/* The shortest octal form that the next character does not extend. */
static void
escape(struct text *o, uint8_t c, bool digit_follows)
{
	static const char plain[] = "\n\r\t\v\f\"\\", letter[] = "nrtvf\"\\";
	const char *p = c ? strchr(plain, c) : NULL;

	if (p)
		text_add(o, "\\%c", letter[p - plain]);
	else if (c >= 0x20 && c < 0x7f)
		text_add(o, "%c", c);
	else
		text_add(o, digit_follows ? "\\%03o" : "\\%o", c);
}

void
trace_bytes(struct text *o, const uint8_t *p, uint64_t n, bool cut)
{
	text_add(o, "\"");
	for (uint64_t i = 0; i < n; i++)
		escape(o, p[i], i + 1 < n && p[i + 1] >= '0' && p[i + 1] <= '7');
	text_add(o, cut ? "\"..." : "\"");
}

void
trace_buffer(struct text *o, uint64_t addr, uint64_t n)
{
	uint8_t b[TRACE_STRING];
	uint64_t take = n < sizeof(b) ? n : sizeof(b);

	if (!addr || gm_read(b, addr, take))
		trace_address(o, addr);
	else
		trace_bytes(o, b, take, n > take);
}

/* Paths are written whole, other strings are cut as buffers are. */
void
trace_string(struct text *o, uint64_t addr, bool whole)
{
	char b[PATH_CUT + 1];
	uint64_t max = whole ? PATH_CUT : TRACE_STRING;
	long n = addr ? gm_read_str(b, addr, max + 1) : -EFAULT;

	if (n == -ENAMETOOLONG && gm_read(b, addr, max) == 0)
		trace_bytes(o, (uint8_t *)b, max, true);
	else if (n < 0)
		trace_address(o, addr);
	else
		trace_bytes(o, (uint8_t *)b, (uint64_t)n, false);
}

void
trace_signal_name(const struct personality *p, uint64_t signo, struct text *o)
{
	if (signo < p->signals->n && p->signals->name[signo])
		text_add(o, "%s", p->signals->name[signo]);
	else
		text_add(o, "%lld", (long long)signo);
}

void
trace_set(const struct set *s, uint64_t v, struct text *o)
{
	char b[512];

	set_print(s, v, b, sizeof(b));
	text_add(o, "%s", b);
}

/* How many bytes or elements the call says there are. */
static uint64_t
length_of(const struct trace_ctx *c, const struct sysarg *s)
{
	uint64_t n = s->len >= 0 ? c->a[s->len] : s->count ? s->count : 1;

	/* Elements are counted by an int, which may be negative. */
	if (s->len >= 0 && s->kind == K_STRUCT && c->e->args[s->len].kind == K_INT)
		n = (int32_t)n < 0 ? 0 : (uint32_t)n;
	/* A call that counts tells in its result how much of the room was filled. */
	if (s->dir == DIR_OUT && s->len >= 0 && c->done && c->r >= 0 && (uint64_t)c->r < n &&
	    (c->e->ret == K_ULONG) == (s->kind == K_BUF))
		n = (uint64_t)c->r;
	return n;
}

static void
memory(struct trace_ctx *c, const struct sysarg *s, uint64_t v, struct text *o)
{
	if (!v || (s->dir == DIR_OUT && trace_failed(c->r)))
		trace_address(o, v);
	else if (s->kind == K_BUF)
		trace_buffer(o, v, length_of(c, s));
	else
		trace_structs(c, s->type, v, length_of(c, s), s->len >= 0 || s->count, o);
}

void
trace_arg(struct trace_ctx *c, uint32_t i, struct text *o)
{
	const struct sysarg *s = &c->e->args[i];
	uint64_t v = c->a[i];

	switch ((enum sys_kind)s->kind) {
	case K_ATFD:
		if ((int32_t)v == -100) { /* on every system */
			text_add(o, "AT_FDCWD");
			break;
		}
		/* fallthrough */
	case K_INT:
	case K_FD:
	case K_PID:
		text_add(o, "%d", (int32_t)v);
		break;
	case K_UID:
	case K_GID:
		text_add(o, (int32_t)v == -1 ? "-1" : "%u", (uint32_t)v);
		break;
	case K_UINT:
		text_add(o, "%u", (uint32_t)v);
		break;
	case K_LONG:
	case K_TID:
		text_add(o, "%lld", (long long)v);
		break;
	case K_ULONG:
		text_add(o, "%llu", (ull)v);
		break;
	case K_HEX:
		text_add(o, (uint32_t)v ? "0x%x" : "%x", (uint32_t)v);
		break;
	case K_OCTAL:
		text_add(o, "%#03o", (uint32_t)v);
		break;
	case K_SIG:
		trace_signal_name(c->pers, (uint64_t)(int32_t)v, o);
		break;
	case K_PATH:
	case K_STR:
		trace_string(o, v, s->kind == K_PATH);
		break;
	case K_SET:
		trace_set(s->set, (uint32_t)v, o);
		break;
	case K_BUF:
	case K_STRUCT:
		memory(c, s, v, o);
		break;
	case K_ADDR:
	case K_VOID:
	case K_PAIR:
		trace_address(o, v);
	}
}

static void
error(const struct errno_map *m, long r, struct text *o)
{
	uint32_t host = (uint32_t)-r, guest = host < m->n ? m->to_guest[host] : 0;

	if (host >= GUEST_ERRNO(0))
		guest = host - GUEST_ERRNO(0);
	else if (!guest)
		guest = m->to_guest[EIO];
	if (guest < m->n_guest && m->name[guest])
		text_add(o, " = -1 %s (%s)", m->name[guest], m->text[guest]);
	else
		text_add(o, " = -1 errno %u", guest);
}

void
trace_result(const struct trace_ctx *c, bool has_ret2, uint64_t ret2, struct text *o)
{
	switch (c->r) {
	case -HOST_ERESTART:
		text_add(o, " = ? ERESTART (To be restarted if SA_RESTART is set)");
		return;
	case -HOST_ERESTARTNOINTR:
		text_add(o, " = ? ERESTART (To be restarted)");
		return;
	case -HOST_EJUSTRETURN:
		text_add(o, " = ?"); /* registers were set: there is no result */
		return;
	}
	if (trace_failed(c->r))
		error(c->pers->errnos, c->r, o);
	else if (c->e->ret == K_ADDR || c->e->ret == K_HEX)
		text_add(o, c->r ? " = 0x%llx" : " = %llx", (ull)c->r);
	else if (c->e->ret == K_OCTAL)
		text_add(o, " = %#03llo", (ull)c->r);
	else
		text_add(o, " = %lld", (long long)c->r);
	if (c->e->ret == K_SIG && c->r > 0) {
		text_add(o, " (");
		trace_signal_name(c->pers, (uint64_t)c->r, o);
		text_add(o, ")");
	}
	if (has_ret2 && ret2 && !trace_failed(c->r))
		text_add(o, ", %lld", (long long)ret2);
}
