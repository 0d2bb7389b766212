/* Call-site patching: which sites are hot, and the patches that stand. */
#include "loader/patch.h"

#include <string.h>
#include <sys/mman.h>

#include "abi/core/cpu_x64.h"
#include "abi/core/diag.h"
#include "abi/core/gm.h"
#include "abi/core/task.h"
#include "loader/native.h"
#include "loader/patch_impl.h"

#define MAX_SITES   4096u
#define HOT         2u
#define STUB_BYTES  48u
#define P2_NEAR     0x050f0000u /* e9 xx xx 0f 05 */
#define P2_4_NEAR   0x0f000000u /* e9 xx xx xx 0f */

struct site {
	uint64_t addr;     /* of the syscall bytes; 0: free */
	uint32_t hits;
	uint8_t state;     /* 0 counting, 1 patched, 2 refused */
	uint8_t len, plen; /* changed bytes: at the site or before it; in padding */
	uint64_t at, pad, stub;
	uint8_t old[8], old_pad[8];
	uint8_t insn_len;
};

static struct {
	struct gm *gm;      /* whose lock guards all of this */
	struct site site[MAX_SITES];
	uint32_t nsites;
	uint64_t npatched, nrefused;
	bool stopped;
} pt;

static struct site *
lookup(uint64_t addr)
{
	uint32_t i = (uint32_t)((addr * 0x9e3779b97f4a7c15ull) >> 52) % MAX_SITES;

	for (uint32_t n = 0; n < 32; n++, i = (i + 1) % MAX_SITES) {
		if (pt.site[i].addr == addr)
			return &pt.site[i];
		if (pt.site[i].addr == 0) {
			pt.site[i].addr = addr;
			return &pt.site[i];
		}
	}
	return NULL;
}

/* Where the stub may lie, by the jump's shape. */
static void
window(const struct patch_plan *p, uint64_t *ret_lo, uint64_t *ret_hi)
{
	uint64_t end = p->at + 5;

	switch (p->shape) {
	case SHAPE_P2:
		*ret_lo = end + P2_NEAR;
		*ret_hi = *ret_lo + 0xffff;
		return;
	case SHAPE_P2_4:
		*ret_lo = end + P2_4_NEAR;
		*ret_hi = *ret_lo + 0xffffff;
		return;
	default:
		*ret_lo = end > 0x70000000ull + GM_LO ? end - 0x70000000ull : GM_LO;
		*ret_hi = end + 0x70000000ull;
	}
}

static void
put32(uint8_t *p, int64_t v)
{
	int32_t w = (int32_t)v;

	memcpy(p, &w, 4);
}

/* displaced instruction; lea after(%rip), %rcx; jmp *slot(%rip) */
static uint32_t
build_stub(const struct patch_plan *p, uint64_t site, uint64_t stub, uint8_t *b)
{
	uint32_t n = p->insn_len;

	memcpy(b, p->insn, n);
	if (p->insn_len && p->disp_at >= 0) {
		int32_t disp;
		int64_t moved;

		memcpy(&disp, b + p->disp_at, 4);
		moved = disp + (int64_t)p->at - (int64_t)stub;
		if (moved != (int32_t)moved)
			return 0;
		put32(b + p->disp_at, moved);
	}
	memcpy(b + n, "\x48\x8d\x0d", 3);
	put32(b + n + 3, (int64_t)(site + 2) - (int64_t)(stub + n + 7));
	n += 7;
	memcpy(b + n, "\xff\x25", 2);
	put32(b + n + 2, (int64_t)slab_slot(stub) - (int64_t)(stub + n + 6));
	return n + 6;
}

static bool
apply(struct site *s, const struct patch_plan *p)
{
	uint8_t code[STUB_BYTES], jump[5] = {0xe9}, hop[2] = {0xeb};
	uint64_t lo, hi;
	uint32_t n;

	window(p, &lo, &hi);
	s->stub = slab_take(pt.gm, lo, hi, STUB_BYTES);
	if (!s->stub)
		return false;
	n = build_stub(p, s->addr, s->stub, code);
	if (!n || code_write(s->stub, code, n))
		return false;
	put32(jump + 1, (int64_t)s->stub - (int64_t)(p->at + 5));
	s->insn_len = p->insn_len;
	if (p->shape == SHAPE_P3) {
		s->pad = p->at;
		s->plen = 5;
		s->at = s->addr;
		s->len = 2;
		memcpy(s->old_pad, (const void *)s->pad, 5);
		memcpy(s->old, (const void *)s->at, 2);
		hop[1] = (uint8_t)(s->pad - (s->addr + 2));
		return code_write(s->pad, jump, 5) == 0 && code_write(s->at, hop, 2) == 0;
	}
	s->at = p->at;
	s->len = 5;
	memcpy(s->old, (const void *)s->at, 5);
	return code_write(s->at, jump, 5) == 0;
}

static bool
patchable(const struct vma *v, uint64_t site)
{
	return v->start <= site && v->prot & PROT_EXEC && v->prot & PROT_READ && !(v->prot & PROT_WRITE) &&
	       !(v->flags & (GM_SHARED | GM_WAS_WRITABLE));
}

static void
try_patch(struct site *s, uint32_t nr)
{
	const char *why = "the page is writable, shared, or was written";
	struct patch_plan p;
	struct vma v;

	if (gm_find_locked(pt.gm, s->addr, &v) && (v.kind == GM_OURS || patchable(&v, s->addr))) {
		if (patch_plan(s->addr, v.start, v.end, nr, &p, &why)) {
			if (apply(s, &p)) {
				s->state = 1;
				pt.npatched++;
				log_debug(LOG_PATCH, "patch: site 0x%llx by P%d, stub 0x%llx", (unsigned long long)s->addr,
				          p.shape, (unsigned long long)s->stub);
				return;
			}
			why = "no room for a stub within reach";
		}
	}
	s->state = 2;
	pt.nrefused++;
	log_debug(LOG_PATCH, "patch: site 0x%llx stays on the trap: %s", (unsigned long long)s->addr, why);
}

void
patch_hit(struct thread *t, uint64_t addr)
{
	struct site *s;

	if (pt.stopped)
		return;
	gm_lock(pt.gm);
	s = lookup(addr);
	if (s && s->state == 0 && ++s->hits >= HOT)
		try_patch(s, (uint32_t)t->cpu->rax);
	gm_unlock(pt.gm);
}

static void
undo(struct site *s)
{
	code_write(s->at, s->old, s->len);
	if (s->plen)
		code_write(s->pad, s->old_pad, s->plen);
}

static bool
touches(const struct site *s, uint64_t start, uint64_t end)
{
	return (s->at < end && s->at + s->len > start) || (s->plen && s->pad < end && s->pad + s->plen > start);
}

/* The guest changes code: what it finds and writes must be its own bytes. */
static void
changed(void *arg, uint64_t start, uint64_t end, bool gone)
{
	for (uint32_t i = 0; pt.npatched && i < MAX_SITES; i++) {
		struct site *s = &pt.site[i];

		if (s->state != 1 || !touches(s, start, end))
			continue;
		if (!gone)
			undo(s);
		s->state = 0;
		s->hits = 0;
		pt.npatched--;
	}
}

void
patch_setup(struct gm *m, const void *entry)
{
	pt.gm = m;
	slab_setup(entry);
	gm_set_listener(m, changed, NULL);
}

void
patch_stop(void)
{
	gm_lock(pt.gm);
	pt.stopped = true;
	changed(NULL, 0, GM_HI, false);
	gm_unlock(pt.gm);
}

/* No shape takes the syscall bytes away without a jump in their place, so the call's own address always works. */
void
patch_rewind(struct thread *t)
{
	t->cpu->rip -= 2;
}

void
patch_get_stats(uint64_t *ret_patched, uint64_t *ret_refused)
{
	*ret_patched = pt.npatched;
	*ret_refused = pt.nrefused;
}

/*
 * For the signal handler: a fault in a stub happened, for the guest, at the displaced instruction (the only one in a
 * stub that can fault).  No lock: the handler interrupts the guest, and a stub that runs is complete.
 */
static uint64_t
stub_rip(uint64_t rip)
{
	for (uint32_t i = 0; i < MAX_SITES; i++) {
		const struct site *s = &pt.site[i];

		if (s->stub && rip >= s->stub && rip < s->stub + STUB_BYTES)
			return s->insn_len ? s->at : s->addr;
	}
	return 0;
}
uint64_t (*native_stub_rip)(uint64_t rip) = stub_rip;
