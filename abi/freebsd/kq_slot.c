/* Notes with a hidden descriptor of their own in the kqueue's epoll set: process, signal and vnode notes. */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "abi/core/fd.h"
#include "abi/core/host.h"
#include "abi/freebsd/kq_impl.h"

int
kq_slot_open(struct knote *kn, int fd)
{
	return kq_slot_open_for(kn, fd, EPOLLIN);
}

int
kq_slot_open_for(struct knote *kn, int fd, uint32_t events)
{
	struct kq *kq = kn->kq;
	uint32_t i = 0;
	int r;

	fd = fd_hide(fd);
	if (fd < 0)
		return fd;
	while (i < kq->nslot && kq->slot[i])
		i++;
	if (i == kq->nslot) {
		uint32_t n = kq->nslot ? kq->nslot * 2 : 8;
		struct knote **slot = realloc(kq->slot, n * sizeof(struct knote *));

		if (!slot) {
			host_call(SYS_close, fd);
			return -ENOMEM;
		}
		for (uint32_t k = kq->nslot; k < n; k++)
			slot[k] = NULL;
		kq->slot = slot;
		kq->nslot = n;
	}
	kn->slot_gen = ++kq->gen;
	r = kq_watch(kq, fd, events, kq_tag(KQ_SRC_SLOT, kn->slot_gen, i));
	if (r) {
		host_call(SYS_close, fd);
		return r;
	}
	kq->slot[i] = kn;
	kn->slot = i;
	kn->slot_fd = fd;
	return 0;
}

void
kq_slot_close(struct knote *kn)
{
	if (kn->slot_fd <= 0)
		return;
	kn->kq->slot[kn->slot] = NULL;
	host_call(SYS_epoll_ctl, kn->kq->epfd, EPOLL_CTL_DEL, kn->slot_fd, 0);
	host_call(SYS_close, kn->slot_fd);
	kn->slot_fd = 0;
}

void
kq_slot_ready(struct kq *kq, uint64_t tag, uint64_t scan)
{
	uint32_t i = (uint32_t)tag;
	struct knote *kn = i < kq->nslot ? kq->slot[i] : NULL;

	if (!kn || kq_tag(KQ_SRC_SLOT, kn->slot_gen, i) != tag)
		return;
	if (kn->ops->event(kn)) {
		kn->evaluated = scan;
		kq_activate(kn);
	}
}
