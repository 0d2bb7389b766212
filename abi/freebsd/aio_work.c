/*
 * The queue of asynchronous requests and the threads that work on it: made when there is work, gone when there is none.
 * They never run guest code, and touch guest memory only through the host's kernel.
 *
 * KNOWN LIMITS: requests do not hold their file: a descriptor that is closed cancels what has not begun.  EPIPE raises
 * no signal.  At exec and exit, what is under way ends with the host call that it is in.
 */
#include "abi/freebsd/aio.h"

#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define WORKERS_MOST 32 /* vfs.aio.max_aio_procs */
#define WORKER_STACK 65536

struct fbsd_aio *
fbsd_aio_get(struct thread *t)
{
	struct fbsd_task *ft = fbsd_task(t);
	struct fbsd_aio *a = __atomic_load_n(&ft->aio, __ATOMIC_ACQUIRE), *none = NULL;

	if (a)
		return a;
	a = calloc(1, sizeof(*a));
	if (!a)
		return NULL;
	pthread_mutex_init(&a->lock, NULL);
	if (__atomic_compare_exchange_n(&ft->aio, &none, a, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return a;
	free(a);
	return none;
}

/* Its last request has been collected. */
static void
leave_list(struct aio_list *list)
{
	if (!list || __atomic_sub_fetch(&list->alive, 1, __ATOMIC_ACQ_REL))
		return;
	if (list->kq)
		fbsd_kq_lio_gone(list->kq, list->name);
	free(list);
}

void
fbsd_aio_free_job(struct aio_job *job)
{
	leave_list(job->list);
	if (job->iov != &job->one)
		free(job->iov);
	free(job);
}

static int
guest_error(long result)
{
	long e = result < 0 ? -result : 0;

	return e < (long)fbsd_amd64.errnos->n ? fbsd_amd64.errnos->to_guest[e] : 0;
}

/* Workers are no guest threads: a host signal of ours brings the guest's into the process (signal.c). */
static void
send_signal(const struct fbsd_aio_event *ev, int32_t htid)
{
	siginfo_t si = {.si_signo = KICK_SIGNO, .si_code = SI_ASYNCIO};

	si.si_errno = ev->signo | (ev->notify == AIO_EV_THREAD_ID ? 1 << 8 : 0);
	si.si_pid = getpid();
	si.si_uid = getuid();
	si.si_value.sival_ptr = (void *)ev->value;
	if (ev->notify == AIO_EV_THREAD_ID)
		host_call(SYS_rt_tgsigqueueinfo, getpid(), htid, KICK_SIGNO, &si);
	else if (ev->notify == AIO_EV_SIGNAL)
		host_call(SYS_rt_sigqueueinfo, getpid(), KICK_SIGNO, &si);
}

static void
finish_list(struct aio_list *list)
{
	if (__atomic_sub_fetch(&list->left, 1, __ATOMIC_ACQ_REL))
		return;
	if (list->kq)
		fbsd_kq_lio_done(list->kq, list->name);
	else if (list->ev.notify == AIO_EV_SIGNAL)
		send_signal(&list->ev, 0);
}

void
fbsd_aio_release_list(struct thread *t, struct aio_list *list)
{
	struct fbsd_aio *a = fbsd_aio_get(t);

	if (!a)
		return;
	pthread_mutex_lock(&a->lock);
	finish_list(list);
	leave_list(list);
	pthread_mutex_unlock(&a->lock);
}

void
fbsd_aio_finish(struct fbsd_aio *a, struct aio_job *job, long result)
{
	job->result = result;
	job->state = AIO_DONE;
	if (job->kq)
		fbsd_kq_aio_done(job->kq, job->cb, guest_error(result));
	else
		send_signal(&job->ev, job->htid);
	job->kq = NULL;
	if (job->list)
		finish_list(job->list);
	__atomic_add_fetch(&a->finished, 1, __ATOMIC_RELEASE);
	host_call(SYS_futex, &a->finished, FUTEX_WAKE_PRIVATE, INT32_MAX);
}

/* Sockets wait even when they are not to block. */
static long
socket_io(const struct aio_job *job)
{
	struct msghdr m = {.msg_iov = job->iov, .msg_iovlen = job->iovcnt};
	struct pollfd p = {.fd = job->fd, .events = job->write ? POLLOUT : POLLIN};
	long r;

	for (;;) {
		r = host_call(job->write ? SYS_sendmsg : SYS_recvmsg, job->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (r != -EAGAIN && r != -EINTR)
			return r;
		r = host_call(SYS_ppoll, &p, 1, NULL, NULL, 0);
		if (r < 0 && r != -EINTR)
			return r;
		if (p.revents & POLLNVAL)
			return -EBADF;
	}
}

static long
work(const struct aio_job *job)
{
	if (job->sync)
		return host_call(job->data_only ? SYS_fdatasync : SYS_fsync, job->fd);
	if (job->socket)
		return socket_io(job);
	return host_call(job->write ? SYS_pwritev : SYS_preadv, job->fd, job->iov, job->iovcnt, job->offset, 0);
}

/* A sync comes after everything on its file that was there before it. */
static bool
may_begin(const struct fbsd_aio *a, const struct aio_job *job)
{
	if (!job->sync)
		return true;
	for (const struct aio_job *j = a->first; j; j = j->next)
		if (j->fd == job->fd && j->seq < job->seq && j->state != AIO_DONE)
			return false;
	return true;
}

static struct aio_job *
next_job(struct fbsd_aio *a)
{
	for (struct aio_job *j = a->first; j; j = j->next)
		if (j->state == AIO_QUEUED && may_begin(a, j))
			return j;
	return NULL;
}

static void *
worker(void *arg)
{
	struct fbsd_aio *a = arg;
	struct aio_job *job;
	long r;

	pthread_mutex_lock(&a->lock);
	while ((job = next_job(a))) {
		job->state = AIO_RUNNING;
		a->nqueued--;
		pthread_mutex_unlock(&a->lock);
		r = work(job);
		pthread_mutex_lock(&a->lock);
		fbsd_aio_finish(a, job, r);
	}
	a->nworkers--;
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

/* Lock held.  All signals are for others, but for those that are bugs of ours. */
static int
start_worker(struct fbsd_aio *a)
{
	static const int own[] = {SIGSYS, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
	pthread_attr_t attr;
	sigset_t all, old;
	pthread_t id;
	int r;

	sigfillset(&all);
	for (unsigned i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		sigdelset(&all, own[i]);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, WORKER_STACK);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&id, &attr, worker, a);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	if (r == 0)
		a->nworkers++;
	return r ? -EAGAIN : 0;
}

int
fbsd_aio_submit(struct fbsd_aio *a, struct aio_job *job)
{
	struct aio_job **at = &a->first;
	int r = 0;

	pthread_mutex_lock(&a->lock);
	if (a->njobs >= AIO_MOST)
		r = -EAGAIN;
	else if (a->nworkers <= a->nqueued && a->nworkers < WORKERS_MOST)
		r = a->nworkers ? (start_worker(a), 0) : start_worker(a);
	if (r == 0) {
		while (*at)
			at = &(*at)->next;
		*at = job;
		job->next = NULL;
		job->seq = a->seq++;
		job->state = AIO_QUEUED;
		a->njobs++;
		a->nqueued++;
	}
	pthread_mutex_unlock(&a->lock);
	return r;
}

void
fbsd_aio_fd_closed(struct thread *t, int fd)
{
	struct fbsd_aio *a = __atomic_load_n(&fbsd_task(t)->aio, __ATOMIC_ACQUIRE);

	if (!a || t->task->vfork_child)
		return;
	pthread_mutex_lock(&a->lock);
	for (struct aio_job *j = a->first; j; j = j->next)
		if (j->state == AIO_QUEUED && j->fd == fd) {
			a->nqueued--;
			fbsd_aio_finish(a, j, -ECANCELED);
		}
	pthread_mutex_unlock(&a->lock);
}
