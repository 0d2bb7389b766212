/*
 * EVFILT_SIGNAL: every attempt to deliver a signal to the process is counted, also when it is ignored or blocked.
 * The signal layer's observer runs under its own lock; it touches only the list here (innermost lock) and an eventfd.
 * Source: kqueue(2).
 */
#include <errno.h>
#include <sys/eventfd.h>

#include "abi/core/host.h"
#include "abi/core/sig.h"
#include "abi/core/task.h"
#include "abi/freebsd/kq_impl.h"

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static struct knote *watching;

static void
observe(struct task *task, int signo)
{
	uint64_t one = 1;

	pthread_mutex_lock(&list_lock);
	for (struct knote *kn = watching; kn; kn = kn->list_next) {
		if (kn->kev.ident == (uint64_t)signo && kn->u.signal.task == task) {
			kn->u.signal.count++;
			host_call(SYS_write, kn->slot_fd, &one, sizeof(one));
		}
	}
	pthread_mutex_unlock(&list_lock);
}

void
kq_signal_after_fork(void)
{
	pthread_mutex_init(&list_lock, NULL);
	watching = NULL;
}

static int
signal_attach(struct thread *t, struct knote *kn)
{
	int fd, r;

	if (kn->kev.ident == 0 || kn->kev.ident > GSIG_MAX)
		return -EINVAL;
	fd = (int)host_call(SYS_eventfd2, 0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd < 0)
		return fd;
	r = kq_slot_open(kn, fd);
	if (r)
		return r;
	kn->kev.flags |= EV_CLEAR; /* set by the filter itself */
	kn->u.signal.task = t->task;
	kn->u.signal.count = 0;
	pthread_mutex_lock(&list_lock);
	kn->list_next = watching;
	watching = kn;
	pthread_mutex_unlock(&list_lock);
	t->task->sig->observer = observe;
	sig_watch(t->task, (int)kn->kev.ident, 1);
	return 0;
}

static void
signal_detach(struct knote *kn)
{
	pthread_mutex_lock(&list_lock);
	for (struct knote **p = &watching; *p; p = &(*p)->list_next) {
		if (*p == kn) {
			*p = kn->list_next;
			break;
		}
	}
	pthread_mutex_unlock(&list_lock);
	sig_watch(kn->u.signal.task, (int)kn->kev.ident, -1);
	kq_slot_close(kn);
}

static bool
signal_event(struct knote *kn)
{
	uint64_t value;

	host_call(SYS_read, kn->slot_fd, &value, sizeof(value));
	pthread_mutex_lock(&list_lock);
	kn->kev.data += kn->u.signal.count;
	kn->u.signal.count = 0;
	pthread_mutex_unlock(&list_lock);
	return kn->kev.data != 0;
}

const struct kq_filter kq_filter_signal = {
    .attach = signal_attach,
    .detach = signal_detach,
    .event = signal_event,
};
