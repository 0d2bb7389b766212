/* kqueue, kqueuex: the table of kqueues.  Source: kqueue(2), sys/kern/kern_event.c by its observable rules. */
#include "abi/freebsd/kqueue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "abi/core/fd.h"
#include "abi/freebsd/fbsd.h"
#include "abi/freebsd/kq_impl.h"
#include "freebsd-amd64.h"

#define FBSD_KQUEUE_CLOEXEC 0x1u

static struct fbsd_kq_table *
table_of(const struct thread *t)
{
	return t->task->vfork_child ? NULL : __atomic_load_n(&fbsd_task(t)->kq, __ATOMIC_ACQUIRE);
}

/* Made with the first kqueue. */
static struct fbsd_kq_table *
need_table(struct thread *t)
{
	struct fbsd_kq_table *tab = table_of(t), *none = NULL;

	if (tab || t->task->vfork_child)
		return tab;
	tab = calloc(1, sizeof(*tab));
	if (!tab)
		return NULL;
	pthread_mutex_init(&tab->lock, NULL);
	if (!__atomic_compare_exchange_n(&fbsd_task(t)->kq, &none, tab, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		free(tab);
		tab = none;
	}
	return tab;
}

struct kq *
kq_get(const struct thread *t, int fd)
{
	struct fbsd_kq_table *tab = table_of(t);
	struct kq *kq = NULL;

	if (!tab)
		return NULL;
	pthread_mutex_lock(&tab->lock);
	if (fd >= 0 && (uint32_t)fd < tab->nfds)
		kq = tab->by_fd[fd];
	if (kq)
		__atomic_add_fetch(&kq->refs, 1, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&tab->lock);
	return kq;
}

bool
fbsd_kq_is(const struct thread *t, int fd)
{
	struct kq *kq = kq_get(t, fd);

	if (kq)
		kq_put(kq);
	return kq != NULL;
}

static void
close_if(int fd)
{
	if (fd >= 0)
		host_call(SYS_close, fd);
}

void
kq_put(struct kq *kq)
{
	if (__atomic_sub_fetch(&kq->refs, 1, __ATOMIC_ACQ_REL))
		return;
	close_if(kq->epfd);
	close_if(kq->wakefd);
	close_if(kq->timerfd);
	pthread_mutex_destroy(&kq->lock);
	free(kq->reg);
	free(kq->heap);
	free(kq->slot);
	free(kq);
}

/* Table locked. */
static int
set_fd(struct fbsd_kq_table *tab, int fd, struct kq *kq)
{
	uint32_t n = tab->nfds ? tab->nfds : 64;
	struct kq **by_fd;

	if ((uint32_t)fd >= tab->nfds) {
		while (n <= (uint32_t)fd)
			n *= 2;
		by_fd = calloc(n, sizeof(struct kq *));
		if (!by_fd)
			return -ENOMEM;
		if (tab->nfds)
			memcpy(by_fd, tab->by_fd, tab->nfds * sizeof(struct kq *));
		__atomic_store_n(&tab->by_fd, by_fd, __ATOMIC_RELEASE);
		__atomic_store_n(&tab->nfds, n, __ATOMIC_RELEASE);
	}
	tab->by_fd[fd] = kq;
	kq->nfds++;
	kq->refs++;
	return 0;
}

static int
insert(struct fbsd_kq_table *tab, int fd, struct kq *kq)
{
	int r = 0;

	pthread_mutex_lock(&tab->lock);
	if (tab->nkq == tab->cap) {
		uint32_t cap = tab->cap ? 2 * tab->cap : 8;
		struct kq **all = realloc(tab->all, cap * sizeof(struct kq *));

		if (all) {
			tab->all = all;
			tab->cap = cap;
		}
	}
	r = tab->nkq < tab->cap ? set_fd(tab, fd, kq) : -ENOMEM;
	if (r == 0)
		tab->all[tab->nkq++] = kq;
	pthread_mutex_unlock(&tab->lock);
	return r;
}

/* A hidden descriptor, or -errno; @fd may be an error already. */
static int
hidden(long fd)
{
	int h = fd < 0 ? (int)fd : fd_hide((int)fd);

	if (h < 0 && fd >= 0)
		host_call(SYS_close, fd);
	return h;
}

/* *ret_kq has one reference, the caller's, also on failure when it is not NULL. */
static int
make(struct thread *t, int fd, struct kq **ret_kq)
{
	struct kq *kq = calloc(1, sizeof(*kq));

	*ret_kq = kq;
	if (!kq)
		return -ENOMEM;
	pthread_mutex_init(&kq->lock, NULL);
	kq->refs = 1;
	kq->errnos = t->task->pers->errnos;
	kq->timerfd = -1;
	kq->epfd = hidden(host_call(SYS_dup, fd));
	kq->wakefd = hidden(host_call(SYS_eventfd2, 0, EFD_CLOEXEC | EFD_NONBLOCK));
	if (kq->epfd < 0 || kq->wakefd < 0)
		return kq->epfd < 0 ? kq->epfd : kq->wakefd;
	return kq_watch(kq, kq->wakefd, EPOLLIN, kq_tag(KQ_SRC_WAKE, 0, 0));
}

int
kq_open(struct thread *t, int fd, struct kq **ret_kq)
{
	struct fbsd_kq_table *tab = need_table(t);
	struct kq *kq;
	int r;

	if (!tab)
		return -ENOMEM;
	r = make(t, fd, &kq);
	if (r == 0)
		r = insert(tab, fd, kq);
	if (r && kq)
		kq_put(kq);
	else
		*ret_kq = kq;
	return r;
}

static long
new_kqueue(struct thread *t, int epoll_flags)
{
	long fd = host_call(SYS_epoll_create1, epoll_flags);
	struct kq *kq;
	int r;

	if (fd < 0)
		return fd;
	r = kq_open(t, (int)fd, &kq);
	if (r == 0)
		kq_put(kq);
	if (r)
		host_call(SYS_close, fd);
	return r ? r : fd;
}

long
fbsd_kqueue(struct thread *t)
{
	return new_kqueue(t, 0);
}

long
fbsd_kqueuex(struct thread *t, uint32_t flags)
{
	if (flags & ~FBSD_KQUEUE_CLOEXEC)
		return -EINVAL;
	return new_kqueue(t, flags & FBSD_KQUEUE_CLOEXEC ? EPOLL_CLOEXEC : 0);
}

/* The last descriptor is gone: sleepers get EBADF. */
static void
close_kqueue(struct kq *kq)
{
	pthread_mutex_lock(&kq->lock);
	kq_drop_all(kq);
	kq->closing = true;
	kq_sync(kq);
	pthread_mutex_unlock(&kq->lock);
}

static void
forget_fd(struct fbsd_kq_table *tab, int fd)
{
	struct kq *kq = NULL;
	bool last = false;

	pthread_mutex_lock(&tab->lock);
	if ((uint32_t)fd < tab->nfds)
		kq = tab->by_fd[fd];
	if (kq) {
		tab->by_fd[fd] = NULL;
		last = --kq->nfds == 0;
	}
	for (uint32_t i = 0; last && i < tab->nkq; i++) {
		if (tab->all[i] == kq) {
			tab->all[i] = tab->all[--tab->nkq];
			break;
		}
	}
	pthread_mutex_unlock(&tab->lock);
	if (last)
		close_kqueue(kq);
	if (kq)
		kq_put(kq);
}

static struct kq *
nth(struct fbsd_kq_table *tab, uint32_t i)
{
	struct kq *kq;

	pthread_mutex_lock(&tab->lock);
	kq = i < tab->nkq ? tab->all[i] : NULL;
	if (kq)
		__atomic_add_fetch(&kq->refs, 1, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&tab->lock);
	return kq;
}

void
fbsd_kq_fd_closed(struct thread *t, int fd)
{
	struct fbsd_kq_table *tab = table_of(t);
	struct kq *kq;

	if (!tab || fd < 0)
		return;
	for (uint32_t i = 0; (kq = nth(tab, i)); i++) {
		pthread_mutex_lock(&kq->lock);
		while ((uint32_t)fd < kq->nreg && kq->reg[fd] && kq->reg[fd]->notes)
			kq_drop(kq->reg[fd]->notes);
		kq_sync(kq);
		pthread_mutex_unlock(&kq->lock);
		kq_put(kq);
	}
	forget_fd(tab, fd);
}

void
fbsd_kq_fd_duped(struct thread *t, int from, int to)
{
	struct fbsd_kq_table *tab = table_of(t);

	if (!tab || from < 0 || to < 0 || from == to)
		return;
	pthread_mutex_lock(&tab->lock);
	if ((uint32_t)from < tab->nfds && tab->by_fd[from])
		set_fd(tab, to, tab->by_fd[from]);
	pthread_mutex_unlock(&tab->lock);
}

void
fbsd_kq_shutdown(struct thread *t, int fd)
{
	struct fbsd_kq_table *tab = table_of(t);
	struct kq *kq;

	for (uint32_t i = 0; tab && (kq = nth(tab, i)); i++) {
		pthread_mutex_lock(&kq->lock);
		if (fd >= 0 && (uint32_t)fd < kq->nreg && kq->reg[fd]) {
			kq->reg[fd]->shut_wr = true;
			for (struct knote *kn = kq->reg[fd]->notes; kn; kn = kn->next)
				if (kn->kev.filter == EVFILT_WRITE)
					kq_evaluate(kn);
			kq_sync(kq);
		}
		pthread_mutex_unlock(&kq->lock);
		kq_put(kq);
	}
}

static void
close_hidden(const struct kq *kq)
{
	close_if(kq->epfd);
	close_if(kq->wakefd);
	close_if(kq->timerfd);
	for (uint32_t i = 0; i < kq->nslot; i++) {
		if (!kq->slot[i])
			continue;
		close_if(kq->slot[i]->slot_fd);
		kq_proc_close_hidden(kq->slot[i]);
	}
}

/*
 * Other threads may have held any lock at the moment of the fork, so nothing but the descriptors is touched, and the
 * parent's structures stay as garbage of the copy.  A vfork child has a copy of the descriptors only, and sees structures
 * that live: it closes what the guest knows by its number, the rest goes with exec.
 */
void
fbsd_kq_after_fork(struct thread *t)
{
	struct fbsd_kq_table *tab = fbsd_task(t)->kq;

	if (!tab)
		return;
	for (uint32_t i = 0; i < tab->nfds; i++) {
		if (!tab->by_fd[i])
			continue;
		if (!t->task->vfork_child)
			close_hidden(tab->by_fd[i]);
		host_call(SYS_close, i);
	}
	if (!t->task->vfork_child) {
		fbsd_task(t)->kq = NULL;
		kq_signal_after_fork();
	}
}
