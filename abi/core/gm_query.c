/* Questions about the guest's mappings. */
#include <errno.h>

#include "abi/core/gm_impl.h"

bool
gm_covered(struct gm *m, uint64_t addr, uint64_t len)
{
	bool r;

	if (!gm_inside(addr, len))
		return false;
	pthread_mutex_lock(&m->lock);
	r = gm_check_protect(m, addr, addr + len, 0) == 0;
	pthread_mutex_unlock(&m->lock);
	return r;
}

bool
gm_find_locked(struct gm *m, uint64_t addr, struct vma *ret_vma)
{
	uint32_t i = gm_index_of(m, addr);

	if (i == m->n)
		return false;
	*ret_vma = m->v[i];
	return true;
}

bool
gm_find(struct gm *m, uint64_t addr, struct vma *ret_vma)
{
	bool found;

	pthread_mutex_lock(&m->lock);
	found = gm_find_locked(m, addr, ret_vma);
	pthread_mutex_unlock(&m->lock);
	return found;
}

void
gm_lock(struct gm *m)
{
	pthread_mutex_lock(&m->lock);
}

void
gm_unlock(struct gm *m)
{
	pthread_mutex_unlock(&m->lock);
}

int
gm_each(struct gm *m, int (*fn)(const struct vma *v, void *arg), void *arg)
{
	int r = 0;

	pthread_mutex_lock(&m->lock);
	for (uint32_t i = 0; i < m->n && r == 0; i++)
		r = fn(&m->v[i], arg);
	pthread_mutex_unlock(&m->lock);
	return r;
}

void
gm_set_limit(struct gm *m, uint64_t bytes)
{
	m->limit = bytes;
}

uint64_t
gm_total(struct gm *m)
{
	return m->total;
}
