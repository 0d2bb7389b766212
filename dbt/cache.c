/* Memory of the code cache, and the records of what is in it. */
#include "dbt/cache.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct cache cache = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void *
reserve(uint64_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static int
map_code(void)
{
	int fd = memfd_create("dragoman-code", MFD_CLOEXEC), r = 0;

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, CACHE_BYTES) == 0) {
		void *rw = mmap(cache.rw, CACHE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | (cache.rw ? MAP_FIXED : 0), fd, 0);
		void *rx = mmap(cache.rx, CACHE_BYTES, PROT_READ | PROT_EXEC, MAP_SHARED | (cache.rx ? MAP_FIXED : 0), fd, 0);

		if (rw == MAP_FAILED || rx == MAP_FAILED)
			r = -errno;
		cache.rw = rw;
		cache.rx = rx;
	} else {
		r = -errno;
	}
	/* the mappings hold the file; a descriptor of ours would be in the guest's way */
	close(fd);
	return r;
}

static void
empty(void)
{
	for (unsigned i = 0; i < CACHE_SLOTS; i++)
		cache.slot[i] = cache.entry;
	cache.used = CACHE_TRAMPOLINES;
	cache.constants = CACHE_BYTES;
	cache.blocks = cache.marks = cache.fixes = cache.exits = cache.ops = 0;
}

int
cache_setup(void)
{
	int r = map_code();

	if (r)
		return r;
	cache.block = reserve(sizeof(*cache.block) * CACHE_BLOCKS);
	cache.mark = reserve(sizeof(*cache.mark) * CACHE_MARKS);
	cache.fix = reserve(sizeof(*cache.fix) * CACHE_FIXES);
	cache.exit = reserve(sizeof(*cache.exit) * CACHE_EXITS);
	cache.op = reserve(sizeof(*cache.op) * CACHE_OPS);
	cache.entry = reserve(sizeof(*cache.entry) * (CACHE_BLOCKS + 1));
	cache.slot = reserve(sizeof(*cache.slot) * CACHE_SLOTS);
	cache.page = reserve(sizeof(*cache.page) * CACHE_PAGES);
	cache.known = reserve(sizeof(*cache.known) * CACHE_KNOWN);
	if (!cache.block || !cache.mark || !cache.fix || !cache.exit || !cache.op || !cache.slot || !cache.entry || !cache.page || !cache.known)
		return -ENOMEM;
	empty();
	return 0;
}

void
cache_flush(void)
{
	madvise(cache.page, sizeof(*cache.page) * CACHE_PAGES, MADV_DONTNEED);
	madvise(cache.known, sizeof(*cache.known) * CACHE_KNOWN, MADV_DONTNEED);
	empty();
}

int
cache_unshare(void)
{
	uint32_t top = CACHE_BYTES - cache.constants;
	uint8_t *copy = reserve(cache.used + top);
	int r;

	if (!copy)
		return -ENOMEM;
	memcpy(copy, cache.rw, cache.used);
	memcpy(copy + cache.used, cache.rw + cache.constants, top);
	r = map_code();
	if (r == 0) {
		memcpy(cache.rw, copy, cache.used);
		memcpy(cache.rw + cache.constants, copy + cache.used, top);
	}
	munmap(copy, cache.used + top);
	return r;
}

uint64_t
cache_trampoline(unsigned which, const void *to)
{
	static const uint8_t jmp_rip_0[6] = { 0xff, 0x25, 0, 0, 0, 0 };
	uint8_t *p = cache.rw + 16 * which;

	memcpy(p, jmp_rip_0, 6);
	memcpy(p + 6, &to, 8);
	return (uint64_t)(uintptr_t)(cache.rx + 16 * which);
}

/* One that is not found in eight places is kept again. */
uint64_t
cache_constant(void *ctx, uint64_t lo, uint64_t hi)
{
	uint64_t want[2] = { lo, hi }, hash = (lo ^ (hi << 32 | hi >> 32)) * 0x9e3779b97f4a7c15;
	uint32_t *place = NULL;

	(void)ctx;
	for (unsigned i = 0; i < 8; i++) {
		uint32_t *k = &cache.known[((hash >> 40) + i) % CACHE_KNOWN];

		if (*k == 0) {
			place = k;
			break;
		}
		if (memcmp(cache.rw + *k, want, 16) == 0)
			return (uint64_t)(uintptr_t)(cache.rx + *k);
	}
	cache.constants -= 16;
	memcpy(cache.rw + cache.constants, want, 16);
	if (place)
		*place = cache.constants;
	return (uint64_t)(uintptr_t)(cache.rx + cache.constants);
}

struct ir_op *
cache_keep_op(uint64_t pc, const struct ir_op *o)
{
	struct dbt_call *c = &cache.op[cache.ops];

	if (cache.ops + 1 < CACHE_OPS)
		cache.ops++;
	c->op = *o;
	c->pc = pc;
	return &c->op;
}

/* ---- blocks ---- */

static uint32_t *
bucket(uint64_t page)
{
	return &cache.page[(page * 0x9e3779b97f4a7c15) >> 50];
}
_Static_assert(CACHE_PAGES == 1 << 14, "50 = 64 - 14");

static void
enter_page(uint32_t number, struct cache_block *b, unsigned which, uint64_t page)
{
	b->next_page[which] = *bucket(page);
	*bucket(page) = (number + 1) << 1 | which;
}

static bool
has_room(const struct lo *l)
{
	return cache.blocks < CACHE_BLOCKS && cache.marks + l->marks <= CACHE_MARKS && cache.fixes + l->fixes <= CACHE_FIXES &&
	       cache.exits + l->exits <= CACHE_EXITS && cache.ops + IR_MAX_OPS < CACHE_OPS;
}

static void
add_exits(const struct lo *l)
{
	for (uint32_t i = 0; i < l->exits; i++) {
		struct cache_exit *e = &cache.exit[cache.exits + i];
		int32_t d;

		memcpy(&d, l->exit[i].disp, 4);
		e->target = l->exit[i].target;
		e->disp = (uint32_t)(l->exit[i].disp - cache.rw);
		e->cold = (uint32_t)((int64_t)e->disp + 4 + d);
		e->next = e->block = 0;
	}
}

struct cache_block *
cache_add(const struct ir_block *ir, const struct lo *l)
{
	uint32_t number = cache.blocks;
	struct cache_block *b = &cache.block[number];

	if (!has_room(l))
		return NULL;
	add_exits(l);
	memcpy(&cache.mark[cache.marks], l->mark, l->marks * sizeof(*l->mark));
	memcpy(&cache.fix[cache.fixes], l->fix, l->fixes * sizeof(*l->fix));
	*b = (struct cache_block){
		.pc = ir->pc, .code = (uint32_t)(l->b.start - cache.rw), .code_len = (uint32_t)(l->b.p - l->b.start),
		.mark = cache.marks, .marks = l->marks, .fix = cache.fixes, .fixes = l->fixes, .exit = cache.exits, .exits = l->exits,
		.guest_len = (uint32_t)(ir->end - ir->pc),
	};
	cache.entry[number + 1] = (struct dbt_slot){ ir->pc, (uint64_t)(uintptr_t)(cache.rx + b->code) };
	enter_page(number, b, 0, ir->pc >> 12);
	if ((ir->end - 1) >> 12 != ir->pc >> 12)
		enter_page(number, b, 1, (ir->end - 1) >> 12);
	cache.marks += l->marks;
	cache.fixes += l->fixes;
	cache.exits += l->exits;
	cache.used = (b->code + b->code_len + 15) & ~15u;
	__atomic_store_n(&cache.blocks, number + 1, __ATOMIC_RELEASE);
	return b;
}

struct cache_block *
cache_find(uint64_t pc)
{
	for (uint32_t n = *bucket(pc >> 12); n != 0;) {
		struct cache_block *b = &cache.block[(n >> 1) - 1];

		if (b->pc == pc && !b->dead)
			return b;
		n = b->next_page[n & 1];
	}
	return NULL;
}

const struct cache_block *
cache_block_at(uint64_t host)
{
	uint64_t offset = host - (uint64_t)(uintptr_t)cache.rx;
	uint32_t lo = 0, hi = __atomic_load_n(&cache.blocks, __ATOMIC_ACQUIRE);

	if (offset >= CACHE_BYTES)
		return NULL;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (cache.block[mid].code <= offset)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == 0)
		return NULL;
	const struct cache_block *b = &cache.block[lo - 1];

	return offset < b->code + b->code_len ? b : NULL;
}

/* ---- linking ---- */

static void
aim(uint32_t disp, uint32_t at)
{
	int32_t d = (int32_t)(at - (disp + 4));

	__atomic_store_n((int32_t *)(cache.rw + disp), d, __ATOMIC_RELEASE);
}

void
cache_link(uint32_t exit, struct cache_block *b)
{
	struct cache_exit *e = &cache.exit[exit];

	if (e->block != 0 || b->dead)
		return;
	e->block = (uint32_t)(b - cache.block) + 1;
	e->next = b->incoming;
	b->incoming = exit + 1;
	aim(e->disp, b->code);
}

/* ---- invalidation ---- */

/* The five bytes where calls return to become a jump to code that looks the guest's address up. */
static void
close_landings(const struct cache_block *b, uint64_t lookup_stub)
{
	for (uint32_t i = 0; i < b->fixes; i++) {
		const struct lo_fix *f = &cache.fix[b->fix + i];
		uint8_t *at = cache.rw + b->code + f->begin;
		struct x64_buf out;
		uint64_t word;

		if (f->kind != LO_FIX_LANDING)
			continue;
		x64_buf_init(&out, cache.rw + cache.used, 64, cache_bias());
		uint64_t to = x64_here(&out);

		x64_rm(&out, X64_lea | X64_64, X64_RSP, x64_at(X64_RSP, 8));
		x64_mov_imm(&out, X64_RAX, b->pc + f->end);
		x64_jmp_to(&out, lookup_stub);
		cache.used += 64;
		memcpy(&word, at, 8);
		word = (word & 0xffffff0000000000) | 0xe9 | (uint64_t)(uint32_t)(to - (uint64_t)(uintptr_t)(cache.rx + b->code + f->begin + 5)) << 8;
		__atomic_store_n((uint64_t *)at, word, __ATOMIC_RELEASE);
	}
}

static void
kill(struct cache_block *b, uint64_t lookup_stub)
{
	b->dead = true;
	/* key 0 matches nothing that a guest runs: page 0 is never mapped */
	__atomic_store_n(&cache.entry[b - cache.block + 1].pc, 0, __ATOMIC_RELEASE);
	for (uint32_t n = b->incoming; n != 0;) {
		struct cache_exit *e = &cache.exit[n - 1];

		aim(e->disp, e->cold);
		n = e->next;
		e->block = e->next = 0;
	}
	b->incoming = 0;
	close_landings(b, lookup_stub);
}

unsigned
cache_invalidate(uint64_t addr, uint64_t len, uint64_t lookup_stub)
{
	unsigned n = 0;
	uint64_t last = (addr + len - 1) >> 12;

	if (len == 0)
		return 0;
	if (last - (addr >> 12) > 4 * CACHE_PAGES) { /* more pages than there can be blocks on: look at the blocks */
		for (uint32_t i = 0; i < cache.blocks; i++) {
			struct cache_block *b = &cache.block[i];

			if (!b->dead && b->pc < addr + len && addr < b->pc + b->guest_len)
				kill(b, lookup_stub), n++;
		}
		return n;
	}
	for (uint64_t page = addr >> 12; page <= last; page++)
		for (uint32_t at = *bucket(page); at != 0;) {
			struct cache_block *b = &cache.block[(at >> 1) - 1];

			if (!b->dead && b->pc < addr + len && addr < b->pc + b->guest_len)
				kill(b, lookup_stub), n++;
			at = b->next_page[at & 1];
		}
	return n;
}
