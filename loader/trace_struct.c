/* Structures of the guest, by the tables of structs.h. */
#include <string.h>

#include "abi/core/gm.h"
#include "abi/core/sets.h"
#include "loader/trace_impl.h"

#define STRUCT_MAX 256
#define ARRAY_MAX  65536 /* a count beyond that is nonsense, which the call refuses */

const struct sys_struct *
trace_type(const struct personality *p, const char *name)
{
	for (uint32_t i = 0; p->types && i < p->types->n; i++)
		if (!strcmp(p->types->s[i].name, name))
			return &p->types->s[i];
	return NULL;
}

const struct set *
trace_set_named(const struct personality *p, const char *name)
{
	for (uint32_t i = 0; p->types && i < p->types->nset; i++)
		if (!strcmp(p->types->set[i]->name, name))
			return p->types->set[i];
	return NULL;
}

/* As much of [addr, addr + n) as can be read: a structure may end where its page does. */
static uint32_t
read_some(uint8_t *b, uint64_t addr, uint32_t n)
{
	uint64_t rest = GM_PAGE_UP(addr + 1) - addr;

	memset(b, 0, n);
	if (gm_read(b, addr, n) == 0)
		return n;
	return rest < n && gm_read(b, addr, rest) == 0 ? (uint32_t)rest : 0;
}

static const struct sys_struct *
variant(const struct personality *p, const struct sys_struct *s, const uint8_t *b)
{
	uint64_t v;
	uint32_t i = 0;

	while (i < s->nfields && s->field[i].kind != F_SET)
		i++;
	if (i == s->nfields)
		return s;
	v = trace_field_value(&s->field[i], b);
	for (i = 0; i < s->nvariants; i++)
		if (s->variant[i].value == v) {
			const struct sys_struct *other = trace_type(p, s->variant[i].type);

			return other && other->size <= STRUCT_MAX ? other : s;
		}
	return s;
}

void
trace_struct(struct trace_ctx *c, const struct sys_struct *s, const uint8_t *b, uint32_t have, struct text *o)
{
	const char *comma = "";

	if (s->form == STRUCT_VALUE) {
		trace_field(c, s, 0, b, o);
		return;
	}
	text_add(o, "{");
	for (uint32_t i = 0; i < s->nfields; i++) {
		const struct sys_field *f = &s->field[i];

		if (f->off + f->size > have && f->kind != F_STR)
			continue;
		if (s->sparse && !trace_field_value(f, b))
			continue;
		text_add(o, "%s%s=", comma, f->name);
		trace_field(c, s, i, b, o);
		comma = ", ";
	}
	text_add(o, s->more ? "%s...}" : "}", comma);
}

static uint64_t
strings_count(uint64_t addr, uint64_t max)
{
	uint64_t n = 0, p;

	while (n < max && gm_read(&p, addr + 8 * n, 8) == 0 && p)
		n++;
	return n;
}

/* argv, and envp of which only the number is of interest. */
static void
strings(const struct sys_struct *s, uint64_t addr, struct text *o)
{
	uint64_t n = strings_count(addr, 65536), p;

	if (s->form == STRUCT_STRINGS_COUNT) {
		trace_address(o, addr);
		text_add(o, " /* %llu var%s */", (unsigned long long)n, n == 1 ? "" : "s");
		return;
	}
	text_add(o, "[");
	for (uint64_t i = 0; i < n && i < TRACE_STRING; i++) {
		if (gm_read(&p, addr + 8 * i, 8))
			break;
		text_add(o, i ? ", " : "");
		trace_string(o, p, false);
	}
	text_add(o, n > TRACE_STRING ? ", ...]" : "]");
}

/* One structure at an address; false when nothing can be read there. */
static bool
one(struct trace_ctx *c, const struct sys_struct *s, uint64_t addr, uint32_t want, struct text *o)
{
	uint8_t b[STRUCT_MAX];
	uint32_t have = read_some(b, addr, want);

	if (!have)
		return false;
	if (s->nvariants) {
		const struct sys_struct *v = variant(c->pers, s, b);

		if (v != s) {
			s = v;
			have = read_some(b, addr, s->size);
		}
	}
	trace_struct(c, s, b, have, o);
	return true;
}

void
trace_structs(struct trace_ctx *c, const char *type, uint64_t addr, uint64_t n, bool array, struct text *o)
{
	const struct sys_struct *s = trace_type(c->pers, type);
	bool brackets;

	if (!addr || !s || s->size > STRUCT_MAX || n > ARRAY_MAX) {
		trace_address(o, addr);
		return;
	}
	if (s->form == STRUCT_STRINGS || s->form == STRUCT_STRINGS_COUNT) {
		strings(s, addr, o);
		return;
	}
	if (s->least) {
		uint32_t want = n < s->least ? s->least : n < s->size ? (uint32_t)n : s->size;

		if (!one(c, s, addr, want, o))
			trace_address(o, addr);
		return;
	}
	brackets = array || (s->form == STRUCT_VALUE && s->field[0].kind != F_SIGSET);
	text_add(o, brackets ? "[" : "");
	for (uint64_t i = 0; i < n && i < TRACE_STRING; i++) {
		text_add(o, i ? ", " : "");
		if (!one(c, s, addr + i * s->size, s->size, o)) {
			trace_address(o, addr + i * s->size);
			break;
		}
	}
	text_add(o, n > TRACE_STRING ? ", ..." : "");
	text_add(o, brackets ? "]" : "");
}
