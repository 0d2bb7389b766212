/*
 * Asynchronous requests: aio_read aio_write and kin.
 * Source: FreeBSD manual aio(4), aio_read(2), aio_write(2), aio_error(2), aio_return(2), aio_suspend(2), aio_cancel(2),
 * aio_waitcomplete(2), aio_fsync(2), sys/aio.h.
 */
#include "abi/freebsd/aio.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "abi/freebsd/file.h"
#include "abi/freebsd/iov.h"
#include "abi/freebsd/signal.h"
#include "freebsd-amd64.h"

enum { AIO_CANCELED = 1, AIO_NOTCANCELED, AIO_ALLDONE };
#define FBSD_O_SYNC  0x80
#define FBSD_O_DSYNC 0x1000000

long
fbsd_aio_check_event(struct thread *t, const struct fbsd_aio_event *ev, int32_t *ret_htid)
{
	struct thread *to;

	if (ev->notify < AIO_EV_NONE || ev->notify > AIO_EV_THREAD_ID || ev->notify == AIO_EV_THREAD)
		return -EINVAL;
	if (ev->notify != AIO_EV_SIGNAL && ev->notify != AIO_EV_THREAD_ID)
		return 0;
	if (ev->signo < 1 || ev->signo > FBSD_NSIG)
		return -EINVAL;
	if (ev->notify == AIO_EV_SIGNAL)
		return 0;
	pthread_mutex_lock(&t->task->lock);
	to = thread_by_tid(t->task, ev->thread_id);
	*ret_htid = to ? to->htid : 0;
	pthread_mutex_unlock(&t->task->lock);
	return to ? 0 : -EINVAL;
}

/* Files and sockets: what cannot keep a worker for ever, or is cancelled with its descriptor. */
static long
check_file(struct aio_job *job)
{
	struct stat st;
	long fl = fbsd_fd_usable(job->fd) ? host_call(SYS_fcntl, job->fd, F_GETFL) : -EBADF;
	int mode = (int)(fl & O_ACCMODE);

	if (fl < 0 || fl & O_PATH || fstat(job->fd, &st))
		return -EBADF;
	if (!job->sync && mode != O_RDWR && mode != (job->write ? O_WRONLY : O_RDONLY))
		return -EBADF;
	job->socket = S_ISSOCK(st.st_mode);
	if (job->sync)
		return S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) ? 0 : -EINVAL;
	if (!job->socket && job->offset < 0)
		return -EINVAL;
	return S_ISREG(st.st_mode) || S_ISBLK(st.st_mode) || job->socket ? 0 : -EOPNOTSUPP;
}

static long
take_buffer(struct aio_job *job, const struct fbsd_aiocb *cb, int op)
{
	long r;

	job->iov = &job->one;
	if (job->sync)
		return 0;
	if (!(op & LIO_VECTORED)) {
		job->one = (struct iovec){(void *)cb->buf, cb->nbytes};
		job->iovcnt = 1;
		if (cb->nbytes > INT64_MAX)
			return -EINVAL;
		return gm_inside(cb->buf, cb->nbytes) ? 0 : -EFAULT;
	}
	if (cb->nbytes == 0 || cb->nbytes > FBSD_IOV_MAX)
		return -EINVAL;
	job->iov = malloc(cb->nbytes * sizeof(*job->iov));
	if (!job->iov)
		return -EAGAIN;
	job->iovcnt = (uint32_t)cb->nbytes;
	r = fbsd_iov_get(cb->buf, job->iovcnt, job->iov);
	return r < 0 ? r : 0;
}

static long
prepare(struct thread *t, uint64_t at, const struct fbsd_aiocb *cb, int op, struct aio_job *job)
{
	long r = fbsd_aio_check_event(t, &cb->ev, &job->htid);

	if (r)
		return r;
	job->cb = at;
	job->fd = cb->fd;
	job->offset = cb->offset;
	job->ev = cb->ev;
	job->sync = op & (LIO_SYNC | LIO_DSYNC);
	job->data_only = op & LIO_DSYNC;
	job->write = !job->sync && (op & ~LIO_VECTORED) == LIO_WRITE;
	r = take_buffer(job, cb, op);
	if (r == 0)
		r = check_file(job);
	if (r == 0 && cb->ev.notify == AIO_EV_KEVENT)
		r = fbsd_kq_aio_add(t, cb->ev.signo, at, &cb->ev, &job->kq);
	return r;
}

long
fbsd_aio_request(struct thread *t, uint64_t at, int op, struct aio_list *list)
{
	struct fbsd_aio *a = fbsd_aio_get(t);
	struct aio_job *job = calloc(1, sizeof(*job));
	struct fbsd_aiocb cb;
	long r;

	/* A vfork child has no threads that could work on it. */
	if (!a || !job || t->task->vfork_child) {
		free(job);
		return -EAGAIN;
	}
	r = gm_read(&cb, at, sizeof(cb));
	if (r == 0 && op == LIO_NOP)
		op = cb.lio_opcode;
	if (r == 0)
		r = prepare(t, at, &cb, op, job);
	job->list = list;
	if (list)
		__atomic_add_fetch(&list->alive, 1, __ATOMIC_RELAXED);
	if (r == 0)
		r = fbsd_aio_submit(a, job);
	if (r) {
		if (job->kq)
			fbsd_kq_aio_done(job->kq, at, 0);
		fbsd_aio_free_job(job);
	}
	return r;
}

long
fbsd_aio_read(struct thread *t, uint64_t aiocbp)
{
	return fbsd_aio_request(t, aiocbp, LIO_READ, NULL);
}

long
fbsd_aio_write(struct thread *t, uint64_t aiocbp)
{
	return fbsd_aio_request(t, aiocbp, LIO_WRITE, NULL);
}

long
fbsd_aio_readv(struct thread *t, uint64_t aiocbp)
{
	return fbsd_aio_request(t, aiocbp, LIO_READ | LIO_VECTORED, NULL);
}

long
fbsd_aio_writev(struct thread *t, uint64_t aiocbp)
{
	return fbsd_aio_request(t, aiocbp, LIO_WRITE | LIO_VECTORED, NULL);
}

long
fbsd_aio_fsync(struct thread *t, int op, uint64_t aiocbp)
{
	if (op != FBSD_O_SYNC && op != FBSD_O_DSYNC)
		return -EINVAL;
	return fbsd_aio_request(t, aiocbp, op == FBSD_O_SYNC ? LIO_SYNC : LIO_DSYNC, NULL);
}

struct aio_job *
fbsd_aio_find(struct fbsd_aio *a, uint64_t cb)
{
	struct aio_job *j = a->first;

	while (j && j->cb != cb)
		j = j->next;
	return j;
}

/* Lock held: take it off the list and give its result. */
static long
collect(struct fbsd_aio *a, struct aio_job *job)
{
	struct aio_job **at = &a->first;
	long r = job->result;

	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
	a->njobs--;
	fbsd_aio_free_job(job);
	return r;
}

long
fbsd_aio_return(struct thread *t, uint64_t aiocbp)
{
	struct fbsd_aio *a = fbsd_aio_get(t);
	struct aio_job *job;
	long r = -EINVAL;

	if (!a)
		return -EINVAL;
	pthread_mutex_lock(&a->lock);
	job = fbsd_aio_find(a, aiocbp);
	if (job && job->state == AIO_DONE)
		r = collect(a, job);
	pthread_mutex_unlock(&a->lock);
	return r;
}

/* The error is the value. */
long
fbsd_aio_error(struct thread *t, uint64_t aiocbp)
{
	const struct errno_map *m = t->task->pers->errnos;
	struct fbsd_aio *a = fbsd_aio_get(t);
	struct aio_job *job;
	long r = -EINVAL;

	if (!a)
		return -EINVAL;
	pthread_mutex_lock(&a->lock);
	job = fbsd_aio_find(a, aiocbp);
	if (job && job->state != AIO_DONE)
		r = m->to_guest[EINPROGRESS];
	else if (job)
		r = job->result < 0 ? m->to_guest[-job->result] : 0;
	pthread_mutex_unlock(&a->lock);
	return r;
}

/* 0: more is under way */
static long
cancel_one(struct fbsd_aio *a, struct aio_job *j)
{
	if (j->state == AIO_DONE)
		return AIO_ALLDONE;
	if (j->state == AIO_RUNNING)
		return AIO_NOTCANCELED;
	a->nqueued--;
	fbsd_aio_finish(a, j, -ECANCELED);
	return AIO_CANCELED;
}

long
fbsd_aio_cancel(struct thread *t, int fd, uint64_t aiocbp)
{
	struct fbsd_aio *a = fbsd_aio_get(t);
	long r = AIO_ALLDONE;

	if (!fbsd_fd_usable(fd) || host_call(SYS_fcntl, fd, F_GETFD) < 0)
		return -EBADF;
	if (!a)
		return AIO_ALLDONE;
	pthread_mutex_lock(&a->lock);
	for (struct aio_job *j = a->first; j; j = j->next) {
		long one;

		if (j->fd != fd || (aiocbp && j->cb != aiocbp))
			continue;
		one = cancel_one(a, j);
		if (one == AIO_NOTCANCELED || (one == AIO_CANCELED && r == AIO_ALLDONE))
			r = one;
	}
	pthread_mutex_unlock(&a->lock);
	return r;
}

/* Absolute, of the monotonic clock; kept when the call is served again. */
static long
deadline_of(struct thread *t, uint64_t timeout, struct timespec *ret, struct timespec **ret_ts)
{
	struct timespec now;

	*ret_ts = NULL;
	if (!timeout)
		return 0;
	*ret_ts = ret;
	if (!t->in_restart) {
		if (gm_read(ret, timeout, sizeof(*ret)))
			return -EFAULT;
		if (ret->tv_sec < 0 || ret->tv_nsec < 0 || ret->tv_nsec >= 1000000000)
			return -EINVAL;
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (ret->tv_sec > INT32_MAX)
			ret->tv_sec = INT32_MAX;
		t->deadline = (uint64_t)(ret->tv_sec + now.tv_sec) * 1000000000u + (uint64_t)(ret->tv_nsec + now.tv_nsec);
	}
	*ret = (struct timespec){(time_t)(t->deadline / 1000000000u), (long)(t->deadline % 1000000000u)};
	return 0;
}

long
fbsd_aio_wait(struct thread *t, struct fbsd_aio *a, struct timespec *ts, long (*ready)(struct fbsd_aio *, void *), void *arg)
{
	uint32_t seen;
	long r;

	for (;;) {
		seen = __atomic_load_n(&a->finished, __ATOMIC_ACQUIRE);
		pthread_mutex_lock(&a->lock);
		r = ready(a, arg);
		pthread_mutex_unlock(&a->lock);
		if (r != -EAGAIN)
			return r;
		r = host_block(t, SYS_futex, &a->finished, FUTEX_WAIT_BITSET_PRIVATE, seen, ts, 0, FUTEX_BITSET_MATCH_ANY);
		if (r == -ETIMEDOUT)
			return -EAGAIN;
		if (r == -HOST_ERESTART || r == -EINTR)
			return -EINTR;
	}
}

/* Names that are no requests are passed over; with no other there is nothing to wait for: kern_aio_suspend. */
static long
any_done(struct fbsd_aio *a, void *arg)
{
	const struct aio_wanted *w = arg;
	const struct aio_job *j;
	bool under_way = false;

	for (int i = 0; i < w->n; i++) {
		j = w->cb[i] ? fbsd_aio_find(a, w->cb[i]) : NULL;
		if (j && j->state == AIO_DONE)
			return 0;
		under_way |= j != NULL;
	}
	return under_way ? -EAGAIN : 0;
}

long
fbsd_aio_suspend(struct thread *t, uint64_t list, int n, uint64_t timeout)
{
	struct fbsd_aio *a = __atomic_load_n(&fbsd_task(t)->aio, __ATOMIC_ACQUIRE);
	uint64_t cb[AIO_MOST];
	struct aio_wanted w = {cb, n};
	struct timespec ts, *tsp;
	long r;

	if (n < 0 || n > AIO_MOST)
		return -EINVAL;
	if (gm_read(cb, list, (uint64_t)n * 8))
		return -EFAULT;
	r = deadline_of(t, timeout, &ts, &tsp);
	if (r == 0 && !a)
		return -EAGAIN; /* the process has made no request yet */
	return r ? r : fbsd_aio_wait(t, a, tsp, any_done, &w);
}

/* Any that is done, the oldest first; none at all is an error of its own. */
static long
first_done(struct fbsd_aio *a, void *arg)
{
	for (struct aio_job *j = a->first; j; j = j->next)
		if (j->state == AIO_DONE) {
			*(struct aio_job **)arg = j;
			return 0;
		}
	return -EAGAIN;
}

long
fbsd_aio_waitcomplete(struct thread *t, uint64_t aiocbp, uint64_t timeout)
{
	struct fbsd_aio *a = fbsd_aio_get(t);
	struct aio_job *job = NULL;
	struct timespec ts, *tsp;
	uint64_t cb = 0;
	long r = a ? deadline_of(t, timeout, &ts, &tsp) : -EAGAIN;

	if (gm_store64(aiocbp, 0))
		return -EFAULT;
	while (r == 0) {
		r = fbsd_aio_wait(t, a, tsp, first_done, &job);
		if (r)
			break;
		pthread_mutex_lock(&a->lock);
		r = first_done(a, &job); /* another thread may have been faster */
		if (r == 0) {
			cb = job->cb;
			r = collect(a, job);
			pthread_mutex_unlock(&a->lock);
			return gm_store64(aiocbp, cb) ? -EFAULT : r;
		}
		pthread_mutex_unlock(&a->lock);
		r = 0;
	}
	return r;
}
