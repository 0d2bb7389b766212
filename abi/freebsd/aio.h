/*
 * Asynchronous requests: the queue and who works on it (aio_work.c), the calls (aio.c), their end as an event
 * (kq_aio.c).
 */
#pragma once

#include <stddef.h>
#include <sys/uio.h>
#include <time.h>

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

struct fbsd_aiocb {
	int32_t fd, pad0;
	int64_t offset;
	uint64_t buf;    /* or the vector */
	uint64_t nbytes; /* or its length */
	int32_t spare[2];
	uint64_t spare2;
	int32_t lio_opcode, reqprio;
	int64_t status, error;
	uint64_t kernelinfo;
	struct fbsd_aio_event ev;
};
_Static_assert(sizeof(struct fbsd_aiocb) == 160 && offsetof(struct fbsd_aiocb, ev) == 80, "aiocb");

/** Operations, as aio_lio_opcode has them; LIO_NOP takes the aiocb's own. */
enum { LIO_NOP, LIO_WRITE, LIO_READ, LIO_VECTORED = 4, LIO_SYNC = 8, LIO_DSYNC = 16 };

/** Requests that lio_listio took together: the last one tells. */
struct aio_list {
	uint32_t left;  /* not done, and one for who makes them */
	uint32_t alive; /* not collected, and the same one */
	uint64_t name;  /* guest address of the list */
	struct kq *kq;  /* AIO_EV_KEVENT: has a note until all are collected */
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

/* aio.c */
/** Names of requests. */
struct aio_wanted {
	const uint64_t *cb;
	int n;
};
/** Is it an event we can make?  0 or -EINVAL; *ret_htid is the host's thread for AIO_EV_THREAD_ID. */
long fbsd_aio_check_event(struct thread *t, const struct fbsd_aio_event *ev, int32_t *ret_htid);
/** Make the request that the aiocb at @at describes.  0 or -errno. */
long fbsd_aio_request(struct thread *t, uint64_t at, int op, struct aio_list *list);
/** The request of that name, or NULL.  Lock held. */
struct aio_job *fbsd_aio_find(struct fbsd_aio *a, uint64_t cb);
/**
 * Until @ready (called with the lock held) gives something else than -EAGAIN, and that; -EAGAIN at @deadline (absolute,
 * monotonic; NULL never), -EINTR.
 */
long fbsd_aio_wait(struct thread *t, struct fbsd_aio *a, struct timespec *deadline,
                   long (*ready)(struct fbsd_aio *, void *), void *arg);

/* kq_aio.c */
struct kq;
/** An EVFILT_AIO note for @cb in kqueue @fd; *ret_kq is to be given to fbsd_kq_aio_done().  0 or -errno. */
int fbsd_kq_aio_add(struct thread *t, int fd, uint64_t cb, const struct fbsd_aio_event *ev, struct kq **ret_kq);
/** The request named @cb has ended; any thread.  Gives @kq back. */
void fbsd_kq_aio_done(struct kq *kq, uint64_t cb, int guest_errno);
/** The same for a list named @list: its requests have ended, and have been collected (that gives @kq back). */
int fbsd_kq_lio_add(struct thread *t, int fd, uint64_t list, uint64_t udata, struct kq **ret_kq);
void fbsd_kq_lio_done(struct kq *kq, uint64_t list);
void fbsd_kq_lio_gone(struct kq *kq, uint64_t list);
