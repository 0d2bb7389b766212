/*
 * Asynchronous requests: the queue and who works on it (aio_work.c), the calls (aio.c), their end as an event
 * (kq_aio.c).
 */
#pragma once

#include <sys/uio.h>

#include "abi/freebsd/fbsd.h"

/** struct sigevent */
struct fbsd_aio_event {
	int32_t notify, signo;
	uint64_t value;
	int32_t thread_id, pad; /* or, low 16 bits: flags of the kevent */
	uint64_t spare[7];
};
_Static_assert(sizeof(struct fbsd_aio_event) == 80, "sigevent");

enum { AIO_EV_NONE, AIO_EV_SIGNAL, AIO_EV_THREAD, AIO_EV_KEVENT, AIO_EV_THREAD_ID };

/** Requests that lio_listio took together: the last one tells. */
struct aio_list {
	uint32_t left;
	bool notify;
	struct fbsd_aio_event ev;
};

enum aio_state { AIO_QUEUED, AIO_RUNNING, AIO_DONE };

struct aio_job {
	struct aio_job *next;
	uint64_t cb;         /* guest address of its aiocb: its name */
	uint64_t seq;        /* order of arrival */
	enum aio_state state;
	int fd;
	bool write, sync, data_only, socket;
	int64_t offset;
	struct iovec *iov;
	uint32_t iovcnt;
	long result;         /* host value or -errno, once done */
	struct fbsd_aio_event ev;
	int32_t htid;        /* AIO_EV_THREAD_ID: the host's thread */
	struct aio_list *list;
	struct kq *kq;       /* AIO_EV_KEVENT: told at the end */
	struct iovec one;
};

struct fbsd_aio {
	pthread_mutex_t lock;  /* all of it but `finished` */
	struct aio_job *first; /* in order of arrival */
	uint32_t njobs, nworkers, nqueued;
	uint64_t seq;
	uint32_t finished;     /* futex: counts ends */
};

#define AIO_MOST 256 /* vfs.aio.max_aio_queue_per_proc */

/** The process's queue, made on first use; NULL without memory. */
struct fbsd_aio *fbsd_aio_get(struct thread *t);
/** Take over @job: 0, or -EAGAIN when there are too many (then it is still the caller's). */
int fbsd_aio_submit(struct fbsd_aio *a, struct aio_job *job);
void fbsd_aio_free_job(struct aio_job *job);
/** Lock held: it ends with @result and whoever wants to know is told. */
void fbsd_aio_finish(struct fbsd_aio *a, struct aio_job *job, long result);
/** The maker of a list has made all its requests. */
void fbsd_aio_release_list(struct thread *t, struct aio_list *list);
/** Descriptor closes: what has not begun is cancelled. */
void fbsd_aio_fd_closed(struct thread *t, int fd);

/* kq_aio.c */
struct kq;
/** An EVFILT_AIO note for @cb in kqueue @fd; *ret_kq is to be given to fbsd_kq_aio_done().  0 or -errno. */
int fbsd_kq_aio_add(struct thread *t, int fd, uint64_t cb, const struct fbsd_aio_event *ev, struct kq **ret_kq);
/** The request named @cb has ended; any thread.  Gives @kq back. */
void fbsd_kq_aio_done(struct kq *kq, uint64_t cb, int guest_errno);
