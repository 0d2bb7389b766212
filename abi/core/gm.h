/*
 * Guest memory: who owns which addresses, and checked access to them.
 *
 * 64-bit guests are mapped identically: guest address = host address.  Guest mappings live in
 * [GM_LO, GM_HI); everything of ours lies above, but for reservations recorded here as GM_OURS.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define GM_PAGE 4096ull
#define GM_LO   0x10000ull
#define GM_HI   0x500000000000ull

#define GM_PAGE_DOWN(a) ((a) & ~(GM_PAGE - 1))
#define GM_PAGE_UP(a)   (((a) + GM_PAGE - 1) & ~(GM_PAGE - 1))

enum gm_kind {
	GM_ANON,  /* private or shared anonymous memory */
	GM_FILE,  /* mapping of a file */
	GM_GUARD, /* reserved, no access; a guest may map over it */
	GM_STACK, /* the main stack */
	GM_OURS,  /* code slab, signal code or stub: hidden from the guest, may be overlaid with MAP_FIXED */
};

/** One mapping.  prot and maxprot are PROT_READ|PROT_WRITE|PROT_EXEC. */
struct vma {
	uint64_t start, end;  /* page aligned, start < end */
	uint32_t prot;        /* what the guest asked for */
	uint32_t maxprot;     /* what mprotect may grant */
	uint32_t flags;       /* GM_SHARED | GM_WAS_WRITABLE | ... */
	enum gm_kind kind;
	uint64_t offset;      /* file offset of start, GM_FILE */
	uint64_t dev, ino;    /* GM_FILE */
	const char *name;     /* interned, for maps; NULL when none */
};

#define GM_SHARED       1u
#define GM_WAS_WRITABLE 2u /* pages were both changed by the guest and are executable now: JIT */
#define GM_NOCORE       4u

struct gm;

struct gm *gm_new(void);
/** Private copy of the bookkeeping (after fork the address space itself is already copied). */
void gm_after_fork_child(struct gm *m);
void gm_before_fork(struct gm *m);
void gm_after_fork_parent(struct gm *m);

/**
 * Is [addr, addr+n) inside the guest's half of the address space?  Says nothing about mappings.
 * Usable in the fast lane and in signal handlers.  A zero length is always inside.
 */
static inline bool
gm_inside(uint64_t addr, uint64_t n)
{
	return n == 0 || (n <= GM_HI && addr <= GM_HI - n);
}

/**
 * Copy guest memory to the host.
 *
 * @src  guest address, any alignment          @n  bytes; 0 touches nothing
 *
 * Returns 0, or -EFAULT if any byte of [src, src + n) is unmapped or unreadable; then @dst is unspecified.
 * Safe in a signal handler and in the fast lane.  Another thread may change the bytes meanwhile: copy once, then check.
 * Source: copyin(9).
 */
int gm_read(void *dst, uint64_t src, uint64_t n);
/** Copy host memory to the guest; -EFAULT as for gm_read, then some bytes may have been written. */
int gm_write(uint64_t dst, const void *src, uint64_t n);
/** Zero guest memory. */
int gm_zero(uint64_t dst, uint64_t n);
/**
 * Copy a NUL-terminated string of at most size-1 bytes.
 * Returns its length, -EFAULT, or -ENAMETOOLONG when no NUL was found in size bytes.
 */
long gm_read_str(char *dst, uint64_t src, uint64_t size);

/** One word, read or written once: at once when it is aligned.  -EFAULT as above. */
int gm_load32(uint64_t addr, uint32_t *ret_val);
int gm_load64(uint64_t addr, uint64_t *ret_val);
int gm_store32(uint64_t addr, uint32_t val);
int gm_store64(uint64_t addr, uint64_t val);
/** Atomic compare and swap (sequentially consistent); *ret_old is the value found. 0, -EFAULT or -EINVAL. */
int gm_cas32(uint64_t addr, uint32_t want, uint32_t val, uint32_t *ret_old);
int gm_cas64(uint64_t addr, uint64_t want, uint64_t val, uint64_t *ret_old);

/*
 * Mappings.  All take and release the map's lock themselves; full lane only.
 * prot and flags are the host's; the guest's were converted by the personality.
 */

struct gm_map_req {
	uint64_t addr;     /* hint or, with GM_FIXED, the place */
	uint64_t len;      /* bytes, > 0, rounded up to pages */
	uint32_t prot;     /* PROT_* */
	uint32_t maxprot;  /* PROT_*; 0 means all */
	int host_flags;    /* MAP_SHARED/PRIVATE/ANONYMOUS/NORESERVE/POPULATE/LOCKED; never MAP_FIXED */
	int fd;            /* -1 when anonymous */
	uint64_t offset;
	uint32_t how;      /* GM_FIXED | GM_EXCL | GM_BELOW_2G */
	uint32_t align_log2; /* 0: page */
	enum gm_kind kind;
	const char *name;
};
#define GM_FIXED    1u
#define GM_EXCL     2u
#define GM_BELOW_2G 4u

/** Map; returns the address or -errno (-EEXIST for GM_EXCL over a mapping, -ENOMEM, -EINVAL, the host's). */
long gm_map(struct gm *m, const struct gm_map_req *req);
/** Unmap whatever the guest has in the range.  Reservations of ours in it are dropped too. */
int gm_unmap(struct gm *m, uint64_t addr, uint64_t len);
/** -EACCES beyond maxprot, -ENOMEM over a hole. */
int gm_protect(struct gm *m, uint64_t addr, uint64_t len, uint32_t prot);
/** Lower what mprotect may grant in the range (PROT_MAX); mappings that already allow less keep it. */
void gm_limit(struct gm *m, uint64_t addr, uint64_t len, uint32_t maxprot);
/** Note which file the mapping at addr shows. */
void gm_set_file(struct gm *m, uint64_t addr, uint64_t len, uint64_t dev, uint64_t ino);
/** Does the guest have every page of the range mapped? */
bool gm_covered(struct gm *m, uint64_t addr, uint64_t len);
/** Copy the mapping that holds addr, or the first above it; false when there is none. */
bool gm_find(struct gm *m, uint64_t addr, struct vma *ret_vma);
/** Call fn for each mapping in address order, under the lock; stops when fn returns non-zero, and returns that. */
int gm_each(struct gm *m, int (*fn)(const struct vma *v, void *arg), void *arg);
/** Forget and reserve: record a mapping that the host made by other means (shmat, patcher). */
int gm_record(struct gm *m, const struct vma *v);
/** RLIMIT_AS of the guest: mappings beyond it are refused with -ENOMEM. */
void gm_set_limit(struct gm *m, uint64_t bytes);
/** Total bytes the guest has mapped, for RLIMIT_AS and VM reports. */
uint64_t gm_total(struct gm *m);

/**
 * Called, lock held, before guest code in [start, end) changes protection (gone = false), or after it was unmapped or
 * replaced (gone = true): the patcher and translator caches forget what they know.  One listener.
 */
typedef void gm_changed_fn(void *arg, uint64_t start, uint64_t end, bool gone);
void gm_set_listener(struct gm *m, gm_changed_fn *changed, void *arg);

/* For who must keep mappings as they are over several steps: take the lock, use the _locked forms. */
void gm_lock(struct gm *m);
void gm_unlock(struct gm *m);
bool gm_find_locked(struct gm *m, uint64_t addr, struct vma *ret_vma);
long gm_map_locked(struct gm *m, const struct gm_map_req *req);
/** First hole of len bytes that begins in [lo, hi - len]; 0 when there is none. */
uint64_t gm_hole_locked(struct gm *m, uint64_t lo, uint64_t hi, uint64_t len);
