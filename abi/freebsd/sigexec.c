/* Signals at the begin of a program: what the host or the program before it handed on. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "abi/freebsd/proc.h"
#include "abi/freebsd/signal.h"

/* What exec hands to the next image.  Ignored ones stay so but for SIGCHLD; what is pending stays pending. */
struct signal_blob {
	struct gsigset ignored, mask;
	uint32_t n;
	struct gsiginfo item[];
};

/* All that do not belong to an instruction. */
#define ASYNC                                                                                                          \
	(~(1ull << (SIGSYS - 1) | 1ull << (SIGSEGV - 1) | 1ull << (SIGBUS - 1) | 1ull << (SIGFPE - 1) |               \
	   1ull << (SIGILL - 1) | 1ull << (SIGTRAP - 1)))

static void
host_mask(uint64_t mask, uint64_t *ret_old)
{
	host_call(SYS_rt_sigprocmask, SIG_SETMASK, &mask, ret_old, 8);
}

static void
inherit(struct task *task, struct fbsd_sigacts *sa)
{
	for (int host = 1; host < 64; host++) {
		int signo = task->pers->signals->to_guest[host];
		struct {
			uint64_t handler, flags, restorer, mask;
		} old = {0};

		if (!signo || host_call(SYS_rt_sigaction, host, 0, &old, 8) || old.handler != 1 /* SIG_IGN */)
			continue;
		sa->act[signo].handler = FBSD_SIG_IGN;
		gsig_add(&sa->core.refused, signo);
	}
}

int
fbsd_signal_task_init(struct task *task)
{
	struct fbsd_sigacts *sa = calloc(1, sizeof(*sa));

	if (!sa)
		return -ENOMEM;
	/* A program that has set nothing reads SA_RESTART: the kernel keeps its opposite. */
	for (int s = 1; s <= FBSD_NSIG; s++)
		sa->act[s].flags = FBSD_SA_RESTART;
	((struct fbsd_task *)task->priv)->sig = sa;
	sig_task_init(task, &sa->core, &fbsd_sig_os);
	inherit(task, sa);
	return 0;
}

static void
take_blob(struct thread *t, const struct signal_blob *b, uint32_t len)
{
	struct fbsd_sigacts *sa = fbsd_sigacts(t);

	for (int s = 1; s <= FBSD_NSIG; s++)
		if (gsig_has(&b->ignored, s)) {
			sa->act[s].handler = FBSD_SIG_IGN;
			gsig_add(&sa->core.refused, s);
		}
	t->sig->mask = b->mask;
	for (uint32_t i = 0; i < b->n && (i + 1) * sizeof(b->item[0]) + sizeof(*b) <= len; i++)
		sigq_add(&t->sig->own, &b->item[i], true);
	t->wake = 1;
}

/* A program started from the host: its mask is the host's. */
static void
take_host_mask(struct thread *t, uint64_t host)
{
	const uint8_t *to_guest = t->task->pers->signals->to_guest;
	struct gsigset g = {{0, 0}};

	for (int h = 1; h < 64; h++)
		if (host >> (h - 1) & 1 && to_guest[h])
			gsig_add(&g, to_guest[h]);
	t->sig->mask = fbsd_maskable(g);
}

/* Until the host knows what to do with each signal, all of them stay blocked: they may be in flight since before exec. */
void
fbsd_signal_start(struct thread *t, const void *blob, uint32_t blob_len)
{
	uint64_t before;

	host_mask(ASYNC, &before);
	if (blob_len >= sizeof(struct signal_blob))
		take_blob(t, blob, blob_len);
	else
		take_host_mask(t, before);
	pthread_mutex_lock(&t->task->lock);
	for (int s = 1; s <= FBSD_NSIG; s++)
		sig_mirror(t->task, s);
	pthread_mutex_unlock(&t->task->lock);
	host_mask(0, &before);
}

static void
save_queue(struct thread *t, const struct sigq *q, struct signal_blob *b, uint32_t size)
{
	const struct sig_task *sig = t->task->sig;

	for (int s = 1; s <= FBSD_NSIG; s++) {
		struct gsiginfo bare = {.signo = s};

		if (gsig_has(&q->bare, s) && (b->n + 1) * sizeof(bare) + sizeof(*b) <= size)
			b->item[b->n++] = bare;
	}
	for (uint32_t i = 0; i < q->n && (b->n + 1) * sizeof(b->item[0]) + sizeof(*b) <= size; i++) {
		int s = q->item[i].signo;

		/* Caught until now, ignored by default in the next image. */
		if (sig_class_of(sig, s) != SIGC_IGNORE)
			b->item[b->n++] = q->item[i];
	}
}

uint32_t
fbsd_signal_save(struct thread *t, void *blob, uint32_t size, uint64_t *ret_host_mask)
{
	struct sig_task *sig = t->task->sig;
	struct signal_blob *b = blob;
	uint64_t old;

	/* From here to the next image nothing may arrive: it would be lost with us. */
	host_mask(ASYNC, &old);
	t->inbox.held = true;
	sig_drain(t);
	*b = (struct signal_blob){.ignored = sig->refused, .mask = t->sig->mask};
	gsig_del(&b->ignored, FBSD_SIGCHLD);
	*ret_host_mask = 0;
	for (int s = 1; s <= FBSD_NSIG; s++)
		if (gsig_has(&b->mask, s) && sig_host_number(t->task, s))
			*ret_host_mask |= 1ull << (sig_host_number(t->task, s) - 1);
	pthread_mutex_lock(&t->task->lock);
	save_queue(t, &t->sig->own, b, size);
	save_queue(t, &sig->process, b, size);
	pthread_mutex_unlock(&t->task->lock);
	return (uint32_t)(sizeof(*b) + b->n * sizeof(b->item[0]));
}

void
fbsd_signal_unsave(struct thread *t)
{
	uint64_t old;

	t->inbox.held = false;
	t->inbox.blocked = 0;
	host_mask(0, &old);
	t->wake = 1;
}
