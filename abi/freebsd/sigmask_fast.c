/* sigprocmask needs no kernel.  Fast lane: no libc in here. */
#include <errno.h>

#include "abi/freebsd/signal.h"
#include "freebsd-amd64.h"

enum { HOW_BLOCK = 1, HOW_UNBLOCK, HOW_SETMASK };

static struct gsigset
load(const struct fbsd_sigset *s)
{
	return (struct gsigset){{s->bits[0] | (uint64_t)s->bits[1] << 32, s->bits[2] | (uint64_t)s->bits[3] << 32}};
}

static bool
apply(int how, struct gsigset *mask, struct gsigset set)
{
	for (int i = 0; i < 2; i++) {
		switch (how) {
		case HOW_BLOCK:
			mask->w[i] |= set.w[i];
			break;
		case HOW_UNBLOCK:
			mask->w[i] &= ~set.w[i];
			break;
		case HOW_SETMASK:
			mask->w[i] = set.w[i];
			break;
		default:
			return false;
		}
	}
	gsig_del(mask, FBSD_SIGKILL);
	gsig_del(mask, FBSD_SIGSTOP);
	return true;
}

long
fbsd_sigprocmask(struct thread *t, int how, uint64_t set, uint64_t oset)
{
	struct fbsd_sigthread *st = fbsd_sigthread(t);
	struct gsigset mask = st->mask;
	struct fbsd_sigset in;

	if (set) {
		if (gm_read(&in, set, sizeof(in)))
			return -EFAULT;
		if (!apply(how, &mask, load(&in)))
			return -EINVAL;
	}
	if (oset && gm_write(oset, &st->mask, sizeof(st->mask)))
		return -EFAULT;
	st->mask = mask;
	if (gsig_any(&st->own.pending, &mask) || gsig_any(&fbsd_sigacts(t)->process.pending, &mask))
		t->wake = 1;
	return 0;
}
