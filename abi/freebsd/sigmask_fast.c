/* sigprocmask needs no kernel.  Fast lane: no libc in here. */
#include <errno.h>

#include "abi/freebsd/signal.h"
#include "freebsd-amd64.h"

enum { HOW_BLOCK = 1, HOW_UNBLOCK, HOW_SETMASK };

long
fbsd_sigprocmask(struct thread *t, int how, uint64_t set, uint64_t oset)
{
	struct gsigset old = t->sig->mask, mask;
	struct fbsd_sigset in, out = fbsd_sigset_out(old);

	if (set) {
		if (gm_read(&in, set, sizeof(in)))
			return -EFAULT;
		mask = fbsd_sigset_in(&in);
		if (how == HOW_BLOCK)
			mask = gsig_or(old, mask);
		else if (how == HOW_UNBLOCK)
			mask = gsig_without(old, mask);
		else if (how != HOW_SETMASK)
			return -EINVAL;
		sig_store_mask(t, fbsd_maskable(mask));
	}
	return oset ? gm_write(oset, &out, sizeof(out)) : 0;
}
