/*
 * lio_listio: requests made together.
 * Source: FreeBSD manual lio_listio(2), sys/aio.h.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "abi/freebsd/aio.h"
#include "freebsd-amd64.h"

enum { LIO_NOWAIT, LIO_WAIT };

static long
all_done(struct fbsd_aio *a, void *arg)
{
	const struct aio_wanted *w = arg;
	const struct aio_job *j;

	for (int i = 0; i < w->n; i++) {
		j = w->cb[i] ? fbsd_aio_find(a, w->cb[i]) : NULL;
		if (j && j->state != AIO_DONE)
			return -EAGAIN;
	}
	return 0;
}

/* The requests are made: a signal ends the wait, but the call is not served again. */
static long
wait_list(struct thread *t, struct aio_wanted *w)
{
	long r;

	do
		r = fbsd_aio_wait(t, fbsd_aio_get(t), NULL, all_done, w);
	while (r == -EINTR && !t->task->pers->signals_due(t));
	return r;
}

static long
submit_all(struct thread *t, const struct aio_wanted *w, struct aio_list *list)
{
	long r, worst = 0;

	for (int i = 0; i < w->n; i++) {
		int32_t op = LIO_NOP;

		if (!w->cb[i])
			continue;
		r = gm_read(&op, w->cb[i] + offsetof(struct fbsd_aiocb, lio_opcode), sizeof(op));
		if (r == 0 && op == LIO_NOP)
			continue;
		if (r == 0 && (op & ~(LIO_READ | LIO_WRITE | LIO_VECTORED) || (op & 3) == 0 || (op & 3) == 3))
			r = -EINVAL;
		if (list)
			__atomic_add_fetch(&list->left, 1, __ATOMIC_RELAXED);
		if (r == 0)
			r = fbsd_aio_request(t, w->cb[i], op, list);
		if (r && list)
			__atomic_sub_fetch(&list->left, 1, __ATOMIC_RELAXED);
		if (r)
			worst = r == -EAGAIN ? -EAGAIN : worst ? worst : -EIO;
	}
	return worst;
}

static long
make_list(struct thread *t, uint64_t name, uint64_t sig, struct aio_list **ret)
{
	struct aio_list *list = calloc(1, sizeof(*list));
	int32_t htid;
	long r;

	if (!list)
		return -EAGAIN;
	r = gm_read(&list->ev, sig, sizeof(list->ev));
	if (r == 0)
		r = fbsd_aio_check_event(t, &list->ev, &htid);
	if (r == 0 && (list->ev.notify == AIO_EV_THREAD || list->ev.notify == AIO_EV_THREAD_ID))
		r = -EINVAL;
	if (r == 0 && list->ev.notify == AIO_EV_KEVENT)
		r = fbsd_kq_lio_add(t, list->ev.signo, name, list->ev.value, &list->kq);
	if (r) {
		free(list);
		return r;
	}
	list->name = name;
	list->left = list->alive = 1; /* ours, until all are made */
	*ret = list;
	return 0;
}

long
fbsd_lio_listio(struct thread *t, int mode, uint64_t acb_list, int nent, uint64_t sig)
{
	uint64_t cb[AIO_MOST];
	struct aio_wanted w = {cb, nent};
	struct aio_list *list = NULL;
	long r, waited;

	if ((mode != LIO_NOWAIT && mode != LIO_WAIT) || nent < 0 || nent > AIO_MOST)
		return -EINVAL;
	if (gm_read(cb, acb_list, (uint64_t)nent * 8))
		return -EFAULT;
	r = sig && mode == LIO_NOWAIT ? make_list(t, acb_list, sig, &list) : 0;
	if (r)
		return r;
	r = submit_all(t, &w, list);
	if (list)
		fbsd_aio_release_list(t, list);
	if (mode == LIO_NOWAIT)
		return r;
	waited = wait_list(t, &w);
	return waited ? waited : r;
}
