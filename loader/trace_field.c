/* Fields of guest structures, by their kind (structs.h). */
#include <arpa/inet.h>
#include <string.h>

#include "abi/core/gm.h"
#include "abi/core/sets.h"
#include "loader/trace_impl.h"

typedef unsigned long long ull;

uint64_t
trace_field_value(const struct sys_field *f, const uint8_t *b)
{
	uint64_t v = 0;

	memcpy(&v, b + f->off, f->size < 8 ? f->size : 8);
	return v;
}

static long long
signed_value(const struct sys_field *f, uint64_t v)
{
	unsigned shift = 64 - 8u * f->size;

	return f->size && f->size < 8 ? (long long)(v << shift) >> shift : (long long)v;
}

/* File types have the same numbers on every Unix. */
static void
mode(uint64_t v, struct text *o)
{
	static const char *const type[16] = {[1] = "S_IFIFO", [2] = "S_IFCHR", [4] = "S_IFDIR",  [6] = "S_IFBLK",
	                                     [8] = "S_IFREG", [10] = "S_IFLNK", [12] = "S_IFSOCK"};
	const char *name = type[v >> 12 & 15];

	if (name)
		text_add(o, "%s|%#03llo", name, (ull)(v & 07777));
	else
		text_add(o, "%#llo", (ull)v);
}

/* [INT TERM], or ~[KILL] when most are in it. */
static void
signal_set(const struct personality *p, const uint8_t *b, struct text *o)
{
	uint64_t w[2];
	bool most;
	const char *space = "";

	memcpy(w, b, sizeof(w));
	most = __builtin_popcountll(w[0]) + __builtin_popcountll(w[1]) > 64;
	text_add(o, most ? "~[" : "[");
	for (uint32_t s = 1; s <= 128 && s < p->signals->n; s++) {
		const char *name = p->signals->name[s];

		if ((w[(s - 1) / 64] >> ((s - 1) % 64) & 1) == most)
			continue;
		if (name)
			text_add(o, "%s%s", space, strncmp(name, "SIG", 3) ? name : name + 3);
		else
			text_add(o, "%s%u", space, s);
		space = " ";
	}
	text_add(o, "]");
}

/* Wait statuses are coded alike on every BSD. */
static void
status(const struct personality *p, uint32_t v, struct text *o)
{
	if (v == 0x13) { /* SIGCONT alone */
		text_add(o, "{WIFCONTINUED(s)}");
	} else if ((v & 0x7f) == 0) {
		text_add(o, "{WIFEXITED(s) && WEXITSTATUS(s) == %u}", v >> 8 & 0xff);
	} else if ((v & 0xff) == 0x7f) {
		text_add(o, "{WIFSTOPPED(s) && WSTOPSIG(s) == ");
		trace_signal_name(p, v >> 8, o);
		text_add(o, "}");
	} else {
		text_add(o, "{WIFSIGNALED(s) && WTERMSIG(s) == ");
		trace_signal_name(p, v & 0x7f, o);
		text_add(o, v & 0x80 ? " && WCOREDUMP(s)}" : "}");
	}
}

/* General codes first: they are larger than any signal's own. */
static void
code(const struct personality *p, const struct sys_struct *s, uint64_t v, const uint8_t *b, struct text *o)
{
	uint64_t signo = trace_field_value(&s->field[0], b);
	const struct set *general = trace_set_named(p, "si_code"), *own = NULL;
	char name[64];
	unsigned pos = 0;

	if (signo < p->signals->n && p->signals->name[signo]) {
		str_addf(name, sizeof(name), &pos, "si_code_%s", p->signals->name[signo]);
		own = trace_set_named(p, name);
	}
	for (uint32_t i = 0; general && i < general->n; i++)
		if (general->item[i].guest == v) {
			trace_set(general, v, o);
			return;
		}
	if (own)
		trace_set(own, v, o);
	else
		text_add(o, "%d", (int32_t)v);
}

static void
inet(int af, const uint8_t *b, struct text *o)
{
	char t[INET6_ADDRSTRLEN];

	text_add(o, "inet_%s(\"%s\")", af == AF_INET ? "addr" : "pton", inet_ntop(af, b, t, sizeof(t)) ? t : "?");
}

/* A pointer in a structure to bytes or to other structures, counted by a field beside it. */
static void
pointed(struct trace_ctx *c, const struct sys_struct *s, const struct sys_field *f, const uint8_t *b, struct text *o)
{
	uint64_t addr = trace_field_value(f, b);
	uint64_t n = f->len >= 0 ? trace_field_value(&s->field[f->len], b) : 1;

	if (f->kind == F_REF) {
		trace_structs(c, f->type, addr, n, f->len >= 0, o);
		return;
	}
	if (n > c->budget)
		n = c->budget;
	c->budget -= n;
	trace_buffer(o, addr, n);
}

static void
number(const struct sys_field *f, uint64_t v, struct text *o)
{
	switch (f->kind) {
	case F_UINT:
		text_add(o, "%llu", (ull)v);
		break;
	case F_HEX:
		text_add(o, v ? "0x%llx" : "%llx", (ull)v);
		break;
	case F_OCTAL:
		text_add(o, "%#03llo", (ull)v);
		break;
	case F_LIMIT:
		text_add(o, v >= INT64_MAX ? "RLIM_INFINITY" : "%llu", (ull)v);
		break;
	case F_BE:
		text_add(o, "%llu", (ull)(__builtin_bswap64(v) >> (64 - 8u * f->size)));
		break;
	default:
		text_add(o, "%lld", signed_value(f, v));
	}
}

void
trace_field(struct trace_ctx *c, const struct sys_struct *s, uint32_t i, const uint8_t *b, struct text *o)
{
	const struct sys_field *f = &s->field[i];
	const uint8_t *at = b + f->off;
	uint64_t v = trace_field_value(f, b);
	const struct sys_struct *in;

	switch ((enum field_kind)f->kind) {
	case F_PTR:
		trace_address(o, v);
		break;
	case F_SIG:
		trace_signal_name(c->pers, v, o);
		break;
	case F_CODE:
		code(c->pers, s, v, b, o);
		break;
	case F_MODE:
		mode(v, o);
		break;
	case F_SET:
		trace_set(f->set, v, o);
		break;
	case F_STRUCT:
		in = trace_type(c->pers, f->type);
		if (in)
			trace_struct(c, in, at, in->size, o);
		break;
	case F_REF:
	case F_BUF:
		pointed(c, s, f, b, o);
		break;
	case F_STR:
		trace_bytes(o, at, strnlen((const char *)at, f->size), false);
		break;
	case F_SIGSET:
		signal_set(c->pers, at, o);
		break;
	case F_STATUS:
		status(c->pers, (uint32_t)v, o);
		break;
	case F_IN4:
	case F_IN6:
		inet(f->kind == F_IN4 ? AF_INET : AF_INET6, at, o);
		break;
	default:
		number(f, v, o);
	}
}
