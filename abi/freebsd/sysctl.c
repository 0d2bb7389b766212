/*
 * __sysctl and __sysctlbyname: look-up, the tree's own leaves (0.1 to 0.5), and the size protocol.
 * Source: FreeBSD manual sysctl(3), and the numbers of sys/sysctl.h.
 */
#include "abi/freebsd/sysctl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "freebsd-amd64.h"

#define NAME_MAX_BYTES 1024u /* MAXPATHLEN */

void
sysctl_bytes(struct sysctl_out *o, const void *p, uint64_t n)
{
	if (o->len + n > o->cap && !o->failed) {
		uint64_t cap = 2 * (o->len + n) + 256;
		uint8_t *buf = realloc(o->buf, cap);

		o->failed = !buf;
		if (buf) {
			o->buf = buf;
			o->cap = cap;
		}
	}
	if (o->failed)
		return;
	memcpy(o->buf + o->len, p, n);
	o->len += n;
}

void
sysctl_string(struct sysctl_out *o, const char *s)
{
	sysctl_bytes(o, s, strlen(s) + 1);
}

/* The row whose numbers begin mib; a leaf must match in full. */
static const struct sysctl_row *
find_oid(const int32_t *mib, uint32_t n)
{
	for (uint32_t i = 0; i < sysctl_nrows; i++) {
		const struct sysctl_row *r = &sysctl_rows[i];

		if (r->depth <= n && !memcmp(r->oid, mib, r->depth * sizeof(mib[0])) && (r->depth == n || r->kind == 'N'))
			return r;
	}
	return NULL;
}

/* What is wrong with numbers that no row has: beyond a leaf, a node that holds rows, or nothing there. */
static int
missing(const int32_t *mib, uint32_t n)
{
	for (uint32_t i = 0; i < sysctl_nrows; i++) {
		const struct sysctl_row *r = &sysctl_rows[i];
		uint32_t common = r->depth < n ? r->depth : n;

		if (!memcmp(r->oid, mib, common * sizeof(mib[0])))
			return r->depth < n ? -ENOTDIR : -EISDIR;
	}
	return -ENOENT;
}

/* A row, or a node by any row in it; *ret_depth is how many of the row's numbers the name stands for. */
static const struct sysctl_row *
find_name(const char *name, uint32_t *ret_depth)
{
	size_t n = strlen(name);
	uint32_t parts = 1;

	for (const char *p = name; *p; p++)
		parts += *p == '.';
	for (uint32_t i = 0; i < sysctl_nrows; i++) {
		const struct sysctl_row *r = &sysctl_rows[i];

		if (n == 0 || strncmp(r->name, name, n) || (r->name[n] && r->name[n] != '.'))
			continue;
		*ret_depth = r->name[n] ? parts : r->depth;
		return r;
	}
	return NULL;
}

static int
value(struct thread *t, const struct sysctl_row *r, const int32_t *mib, uint32_t n, struct sysctl_out *o)
{
	int32_t i32 = (int32_t)r->value;

	if (r->fn)
		return r->fn(t, mib + r->depth, n - r->depth, o);
	switch (r->kind) {
	case 'A':
		sysctl_string(o, r->text);
		return 0;
	case 'I':
		sysctl_bytes(o, &i32, 4);
		return 0;
	case 'L':
	case 'Q':
		sysctl_bytes(o, &r->value, 8);
		return 0;
	}
	return -EISDIR;
}

/* Rows in order of their numbers, for `next`: compare as the tree does. */
static int
compare_oid(const int32_t *a, uint32_t na, const int32_t *b, uint32_t nb)
{
	for (uint32_t i = 0; i < na && i < nb; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return (na > nb) - (na < nb);
}

static const struct sysctl_row *
next_row(const int32_t *mib, uint32_t n)
{
	const struct sysctl_row *best = NULL;

	for (uint32_t i = 0; i < sysctl_nrows; i++) {
		const struct sysctl_row *r = &sysctl_rows[i];

		if (r->kind == 'N' || compare_oid(r->oid, r->depth, mib, n) <= 0)
			continue;
		if (!best || compare_oid(r->oid, r->depth, best->oid, best->depth) < 0)
			best = r;
	}
	return best;
}

#define CTLFLAG_RD   0x80000000u
#define CTLTYPE_OF(k) ((k) == 'A' ? 3u : (k) == 'I' ? 2u : (k) == 'L' ? 7u : (k) == 'Q' ? 4u : (k) == 'S' ? 5u : 1u)

static int
format(const struct sysctl_row *r, struct sysctl_out *o)
{
	uint32_t kind = CTLFLAG_RD | CTLTYPE_OF(r->kind);
	char text[2] = {r->kind, 0};

	sysctl_bytes(o, &kind, 4);
	sysctl_string(o, text);
	return 0;
}

static int
name_to_oid(uint64_t new, uint64_t newlen, struct sysctl_out *o)
{
	char name[NAME_MAX_BYTES];
	const struct sysctl_row *r;
	uint32_t depth;

	if (newlen == 0 || newlen >= sizeof(name))
		return newlen ? -ENAMETOOLONG : -ENOENT;
	if (gm_read(name, new, newlen))
		return -EFAULT;
	name[newlen] = 0;
	r = find_name(name, &depth);
	if (!r)
		return -ENOENT;
	sysctl_bytes(o, r->oid, depth * 4u);
	return 0;
}

/* 0.x: the tree described by itself. */
static int
meta(const int32_t *mib, uint32_t n, uint64_t new, uint64_t newlen, struct sysctl_out *o)
{
	const struct sysctl_row *r;

	if (n < 2)
		return -EISDIR;
	switch (mib[1]) {
	case 1:
		r = find_oid(mib + 2, n - 2);
		if (r)
			sysctl_string(o, r->name);
		return r ? 0 : -ENOENT;
	case 2:
	case 7: /* without skipped ones: there are none */
		r = next_row(mib + 2, n - 2);
		if (r)
			sysctl_bytes(o, r->oid, r->depth * 4u);
		return r ? 0 : -ENOENT;
	case 3:
		return name_to_oid(new, newlen, o);
	case 4:
		r = find_oid(mib + 2, n - 2);
		return r ? format(r, o) : -ENOENT;
	}
	return -ENOENT;
}

/* NULL old asks for the size; a short buffer gets what fits and ENOMEM. */
static long
give(uint64_t old, uint64_t oldlenp, uint64_t room, const struct sysctl_out *o)
{
	uint64_t n = o->len < room ? o->len : room;

	if (!oldlenp)
		return 0;
	if (old && n && gm_write(old, o->buf, n))
		return -EFAULT;
	if (gm_store64(oldlenp, old ? n : o->len))
		return -EFAULT;
	return old && o->len > room ? -ENOMEM : 0;
}

static long
serve(struct thread *t, const int32_t *mib, uint32_t n, uint64_t old, uint64_t oldlenp, uint64_t new, uint64_t newlen)
{
	const struct sysctl_row *row = n && mib[0] ? find_oid(mib, n) : NULL;
	struct sysctl_out o = {0};
	uint64_t room = 0;
	long r;

	if (oldlenp && gm_load64(oldlenp, &room))
		return -EFAULT;
	if (mib[0] && !row)
		return missing(mib, n);
	if (new && mib[0])
		return -EPERM; /* nothing here can be set */
	r = mib[0] ? value(t, row, mib, n, &o) : meta(mib, n, new, newlen, &o);
	if (r == 0)
		r = o.failed ? -ENOMEM : give(old, oldlenp, room, &o);
	free(o.buf);
	return r;
}

long
fbsd_sysctl(struct thread *t, uint64_t name, uint32_t namelen, uint64_t old, uint64_t oldlenp, uint64_t new,
            uint64_t newlen)
{
	int32_t mib[FBSD_CTL_MAXNAME];

	if (namelen < 2 || namelen > FBSD_CTL_MAXNAME)
		return -EINVAL;
	if (gm_read(mib, name, namelen * sizeof(mib[0])))
		return -EFAULT;
	return serve(t, mib, namelen, old, oldlenp, new, newlen);
}

long
fbsd_sysctlbyname(struct thread *t, uint64_t name, uint64_t namelen, uint64_t old, uint64_t oldlenp, uint64_t new,
                  uint64_t newlen)
{
	char text[NAME_MAX_BYTES];
	const struct sysctl_row *r;
	uint32_t depth;

	if (namelen == 0 || namelen > NAME_MAX_BYTES)
		return -EINVAL;
	if (namelen >= sizeof(text))
		return -ENOENT;
	if (gm_read(text, name, namelen))
		return -EFAULT;
	text[namelen] = 0;
	r = find_name(text, &depth);
	if (!r) {
		log_debug(LOG_UNKNOWN, "sysctl %s is not there", text);
		return -ENOENT;
	}
	return serve(t, r->oid, depth, old, oldlenp, new, newlen);
}
