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
#define P2_NEAR     0x050f0000u /* e9 xx xx 0f 05 */
#define P2_4_NEAR   0x0f000000u /* e9 xx xx xx 0f */

struct site {
	uint64_t addr;     /* of the syscall bytes; 0: free */
	uint32_t hits;
	uint8_t state;     /* 0 counting, 1 patched, 2 refused */
	uint8_t len, plen; /* changed bytes: at the site or before it; in padding */
	uint64_t at, pad, stub;
	uint8_t old[8], old_pad[8];
};

static struct {
	struct gm *gm;      /* whose lock guards all of this */
	struct site site[MAX_SITES];
	uint32_t nsites;
	uint64_t npatched, nrefused;
	uint64_t lo, hi;    /* all that is patched lies between */
	bool stopped;
} pt;

struct native_pad native_pads[NATIVE_PADS];
uint32_t native_npads;

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

/* displaced instruction; lea after(%rip), %rcx; jmp *slot(%rip); and at the end, for a fault in it, the guest's own address */
static uint32_t
build_stub(const struct patch_plan *p, uint64_t site, uint64_t stub, uint8_t *b)
{
	uint64_t own = p->insn_len ? p->at : site;
	uint32_t n = p->insn_len;

	memset(b, 0xcc, NATIVE_STUB);
	memcpy(b + NATIVE_STUB_OWN, &own, sizeof(own));
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

/* The stub that the site had before will do when it says the same: a thread may be in it, so it is never written again. */
static bool
get_stub(struct site *s, const struct patch_plan *p)
{
	uint8_t code[NATIVE_STUB];
	uint64_t lo, hi;

	window(p, &lo, &hi);
	if (s->stub >= lo && s->stub <= hi && build_stub(p, s->addr, s->stub, code) &&
	    memcmp((const void *)s->stub, code, NATIVE_STUB) == 0)
		return true;
	s->stub = slab_take(pt.gm, lo, hi);
	return s->stub && build_stub(p, s->addr, s->stub, code) && code_write(s->stub, code, NATIVE_STUB) == 0;
}

/* Known for good: a thread may stand between the two jumps when they are taken back. */
static bool
note_pad(uint64_t pad, uint64_t site)
{
	uint32_t n = native_npads;

	for (uint32_t i = 0; i < n; i++)
		if (native_pads[i].pad == pad)
			return native_pads[i].site == site;
	if (n == NATIVE_PADS)
		return false;
	native_pads[n] = (struct native_pad){pad, site};
	__atomic_store_n(&native_npads, n + 1, __ATOMIC_RELEASE);
	return true;
}

static bool
apply(struct site *s, const struct patch_plan *p)
{
	uint8_t jump[5] = {0xe9}, hop[2] = {0xeb};

	if (!get_stub(s, p))
		return false;
	put32(jump + 1, (int64_t)s->stub - (int64_t)(p->at + 5));
	s->plen = 0;
	if (p->shape == SHAPE_P3) {
		if (!note_pad(p->at, s->addr))
			return false;
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

static void
count_in(const struct site *s)
{
	uint64_t end = (s->plen ? s->pad : s->at) + 8;

	if (!pt.npatched++) {
		pt.lo = s->at;
		pt.hi = end;
	}
	pt.lo = s->at < pt.lo ? s->at : pt.lo;
	pt.hi = end > pt.hi ? end : pt.hi;
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
				count_in(s);
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

/* Put back what does not lie in [start, end), where other pages are already. */
static void
restore(uint64_t at, const uint8_t *old, uint32_t n, uint64_t start, uint64_t end)
{
	uint64_t upto = at + n < start ? at + n : start, from = at > end ? at : end;

	if (end <= start || end <= at || start >= at + n) {
		code_write(at, old, n);
		return;
	}
	if (upto > at)
		code_write(at, old, (uint32_t)(upto - at));
	if (from < at + n)
		code_write(from, old + (from - at), (uint32_t)(at + n - from));
}

static void
undo(struct site *s, uint64_t start, uint64_t end)
{
	restore(s->at, s->old, s->len, start, end);
	if (s->plen)
		restore(s->pad, s->old_pad, s->plen, start, end);
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
	bool stubs = gone && slab_lost(start, end);

	if (!stubs && (!pt.npatched || start >= pt.hi || end <= pt.lo))
		return;
	for (uint32_t i = 0; (stubs || pt.npatched) && i < MAX_SITES; i++) {
		struct site *s = &pt.site[i];
		bool touched = s->state == 1 && touches(s, start, end);

		if (s->stub >= start && s->stub < end)
			s->stub = 0;
		if (s->state != 1 || (!touched && s->stub))
			continue;
		undo(s, gone ? start : 0, gone ? end : 0);
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
