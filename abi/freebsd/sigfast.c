/*
 * sigfastblock: a word of the guest's puts off all signals while its high bits are set.
 * Source: FreeBSD sigfastblock(2), sys/kern/kern_sig.c.
 */
#include <errno.h>

#include "abi/freebsd/proc.h"
#include "abi/freebsd/signal.h"
#include "freebsd-amd64.h"

enum { CMD_SETPTR = 1, CMD_UNBLOCK, CMD_UNSETPTR };

#define WORD_PENDING 1u
#define WORD_FLAGS   0xfu

/* The word is gone: no more of it, and the program is told as for an access of its own. */
static void
lost(struct thread *t, int code)
{
	struct fbsd_sigthread *st = fbsd_sigthread(t);
	struct gsiginfo si = {.signo = FBSD_SIGSEGV, .code = code, .addr = st->fast_block};

	st->fast_block = 0;
	if (!gsig_has(&st->core.mask, FBSD_SIGSEGV) && gsig_has(&t->task->sig->handled, FBSD_SIGSEGV))
		sig_post(t, t, &si, false);
	else
		fbsd_exit_process(t, 0, FBSD_SIGSEGV);
}

bool
fbsd_fast_blocks(struct thread *t)
{
	const struct fbsd_sigthread *st = fbsd_sigthread(t);
	uint32_t word;

	return st->fast_block && !gm_load32(st->fast_block, &word) && word & ~WORD_FLAGS;
}

bool
fbsd_fast_held(struct thread *t)
{
	struct fbsd_sigthread *st = fbsd_sigthread(t);
	uint32_t word, old;

	if (!st->fast_block)
		return false;
	if (gm_load32(st->fast_block, &word)) {
		lost(t, 1 /* SEGV_MAPERR */);
		return false;
	}
	while (word & ~WORD_FLAGS) {
		if (gm_cas32(st->fast_block, word, word | WORD_PENDING, &old)) {
			lost(t, 2 /* SEGV_ACCERR */);
			return false;
		}
		if (old == word)
			return true;
		word = old;
	}
	return false;
}

static long
set_word(struct fbsd_sigthread *st, uint64_t ptr)
{
	if (st->fast_block)
		return -EBUSY;
	if (ptr & 3)
		return -EINVAL;
	st->fast_block = ptr;
	return 0;
}

static long
unblock(struct thread *t, struct fbsd_sigthread *st)
{
	uint32_t old;

	if (!st->fast_block)
		return -EINVAL;
	if (gm_cas32(st->fast_block, WORD_PENDING, 0, &old)) {
		st->fast_block = 0;
		return -EFAULT;
	}
	if (old != WORD_PENDING)
		return -EBUSY;
	t->wake = 1;
	return 0;
}

static long
unset_word(struct thread *t, struct fbsd_sigthread *st)
{
	uint32_t word;

	if (!st->fast_block)
		return -EINVAL;
	if (gm_load32(st->fast_block, &word)) {
		st->fast_block = 0;
		return -EFAULT;
	}
	if (word & ~WORD_PENDING)
		return -EBUSY;
	st->fast_block = 0;
	t->wake = 1;
	return 0;
}

long
fbsd_sigfastblock(struct thread *t, int cmd, uint64_t ptr)
{
	struct fbsd_sigthread *st = fbsd_sigthread(t);

	switch (cmd) {
	case CMD_SETPTR:
		return set_word(st, ptr);
	case CMD_UNBLOCK:
		return unblock(t, st);
	case CMD_UNSETPTR:
		return unset_word(t, st);
	default:
		return -EINVAL;
	}
}
