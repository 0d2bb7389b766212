/*
 * Waiting: queues of private objects, futexes of shared ones.
 * A private waiter sleeps on a word of its own, so that a wake-up goes to the one it is meant for,
 * in order of arrival.
 */
#include <errno.h>
#include <linux/futex.h>
#include <stdlib.h>

#include "abi/freebsd/umtx.h"

#define UMTX_CHAINS 128

struct umtx_chain {
	pthread_mutex_t lock;
	struct umtx_waiter *head, **tail;
};

static void
reset(struct umtx_chain *c)
{
	for (unsigned i = 0; i < UMTX_CHAINS; i++) {
		pthread_mutex_init(&c[i].lock, NULL);
		c[i].head = NULL;
		c[i].tail = &c[i].head;
	}
}

int
fbsd_umtx_task_init(struct task *task)
{
	struct fbsd_task *ft = task->priv;
	struct fbsd_umtx *u = calloc(1, sizeof(*u));

	if (!u)
		return -ENOMEM;
	u->chain = calloc(UMTX_CHAINS, sizeof(*u->chain));
	if (!u->chain) {
		free(u);
		return -ENOMEM;
	}
	reset(u->chain);
	pthread_mutex_init(&u->shm_lock, NULL);
	ft->umtx = u;
	return 0;
}

void
fbsd_umtx_after_fork(struct thread *t)
{
	struct fbsd_umtx *u = fbsd_task(t)->umtx;

	reset(u->chain);
	umtx_shm_after_fork(u);
}

int
umtx_shared_memory(struct thread *t, uint64_t addr, bool *ret_shared)
{
	struct vma v;

	if (!gm_inside(addr, 1) || !gm_find(t->task->gm, addr, &v) || v.start > addr ||
	    !(v.prot & 2))
		return -EFAULT;
	*ret_shared = v.flags & GM_SHARED;
	return 0;
}

int
umtx_key_make(struct thread *t, uint64_t addr, enum umtx_kind kind, bool shared, uint64_t word,
	      struct umtx_key *ret)
{
	uint64_t n = (addr >> 3) * 0x9e3779b97f4a7c15ull;
	bool mem;

	*ret = (struct umtx_key){.addr = addr, .kind = kind, .shared = shared, .word = word};
	if (shared)
		return umtx_shared_memory(t, addr, &mem);
	ret->chain = &fbsd_task(t)->umtx->chain[(n >> 32) % UMTX_CHAINS];
	return 0;
}

void
umtx_lock(const struct umtx_key *k)
{
	if (!k->shared)
		pthread_mutex_lock(&k->chain->lock);
}

void
umtx_unlock(const struct umtx_key *k)
{
	if (!k->shared)
		pthread_mutex_unlock(&k->chain->lock);
}

static bool
match(const struct umtx_waiter *w, const struct umtx_key *k, enum umtx_class cls)
{
	return w->key.addr == k->addr && w->key.kind == k->kind && w->cls == cls;
}

/*
 * Shared waiters of all classes, without waking any: requeueing a futex onto itself counts them.
 * Linux counts by word, so the classes of a lock are not told apart; callers need only "none, one,
 * more" of objects with one class.
 */
static uint32_t
shared_count(const struct umtx_key *k)
{
	for (;;) {
		uint32_t v;
		long r;

		if (gm_load32(k->word, &v))
			return 0;
		r = host_call(SYS_futex, k->word, FUTEX_CMP_REQUEUE, 0, UMTX_ALL, k->word, v);
		if (r != -EAGAIN)
			return r < 0 ? 0 : (uint32_t)r;
	}
}

uint32_t
umtx_count(const struct umtx_key *k, enum umtx_class cls)
{
	uint32_t n = 0;

	if (k->shared)
		return shared_count(k);
	for (const struct umtx_waiter *w = k->chain->head; w; w = w->next)
		n += match(w, k, cls);
	return n;
}

static void
unlink_waiter(struct umtx_waiter *w)
{
	struct umtx_chain *c = w->key.chain;

	*w->prev = w->next;
	if (w->next)
		w->next->prev = w->prev;
	else
		c->tail = w->prev;
	w->prev = NULL;
}

uint32_t
umtx_signal(const struct umtx_key *k, enum umtx_class cls, uint32_t n)
{
	struct umtx_waiter *w, *next;
	uint32_t woken = 0;
	long r;

	if (k->shared) {
		r = host_call(SYS_futex, k->word, FUTEX_WAKE_BITSET, n, 0, 0, cls);
		return r < 0 ? 0 : (uint32_t)r;
	}
	for (w = k->chain->head; w && woken < n; w = next) {
		next = w->next;
		if (!match(w, k, cls))
			continue;
		unlink_waiter(w);
		__atomic_store_n(&w->woken, 1, __ATOMIC_RELEASE);
		host_call(SYS_futex, &w->woken, FUTEX_WAKE_PRIVATE, 1);
		woken++;
	}
	return woken;
}

void
umtx_enqueue(struct umtx_waiter *w, const struct umtx_key *k, enum umtx_class cls,
	     uint32_t expected)
{
	struct umtx_chain *c = k->chain;

	w->key = *k;
	w->cls = cls;
	w->expected = expected;
	w->woken = 0;
	w->prev = NULL;
	if (k->shared)
		return;
	w->next = NULL;
	w->prev = c->tail;
	*c->tail = w;
	c->tail = &w->next;
}

long
umtx_sleep(struct thread *t, struct umtx_waiter *w, const struct umtx_deadline *d)
{
	long r;

	if (w->key.shared)
		r = umtx_futex_wait(t, w->key.word, w->expected, 0, w->cls, d);
	else
		r = umtx_futex_wait(t, (uint64_t)&w->woken, 0, FUTEX_PRIVATE_FLAG,
				    FUTEX_BITSET_MATCH_ANY, d);
	return r == -EAGAIN ? 0 : r;
}

bool
umtx_dequeue(struct umtx_waiter *w, long slept)
{
	if (w->key.shared)
		return slept != 0;
	if (!w->prev)
		return false;
	unlink_waiter(w);
	return true;
}

int
umtx_cas(uint64_t addr, uint32_t want, uint32_t val, uint32_t *ret_old)
{
	int r = gm_cas32(addr, want, val, ret_old);

	return r ? r : *ret_old != want;
}

int
umtx_add(uint64_t addr, uint32_t n, uint32_t *ret_old)
{
	uint32_t v;
	int r = gm_load32(addr, &v);

	while (r == 0) {
		r = umtx_cas(addr, v, v + n, ret_old);
		if (r == 0)
			return 0;
		v = *ret_old;
		r = r < 0 ? r : 0;
	}
	return r;
}

int
umtx_clear_bits(uint64_t addr, uint32_t bits)
{
	uint32_t v, old;
	int r = gm_load32(addr, &v);

	while (r == 0) {
		r = umtx_cas(addr, v, v & ~bits, &old);
		if (r == 0)
			return 0;
		v = old;
		r = r < 0 ? r : 0;
	}
	return r;
}
