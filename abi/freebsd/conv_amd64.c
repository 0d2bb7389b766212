/* FreeBSD/amd64 calling convention: where a call's number and arguments are. */
#include <errno.h>

#include "abi/core/cpu_x64.h"
#include "abi/freebsd/fbsd.h"

#define SYS_SYSCALL   0   /* indirect: the number is the first argument */
#define SYS___SYSCALL 198 /* the same with a 64-bit number */

/* Arguments beyond the sixth stand on the stack above the return address. */
static int
stack_args(const struct cpu_x64 *c, uint64_t *ret_a, unsigned n)
{
	return gm_read(ret_a, c->rsp + 8, n * 8ull);
}

int
fbsd_amd64_get_call(struct thread *t, uint64_t *ret_nr, uint64_t ret_a[8])
{
	const struct cpu_x64 *c = t->cpu;
	const struct systab *tab = t->task->pers->tab;
	uint64_t nr = (uint32_t)c->rax;
	const uint64_t *reg = &c->rdi;
	unsigned n = 0, skip = 0, nargs;

	if (nr == SYS_SYSCALL || nr == SYS___SYSCALL) {
		nr = nr == SYS_SYSCALL ? (uint32_t)reg[0] : reg[0];
		skip = 1;
	}
	*ret_nr = nr;
	for (unsigned i = skip; i < 6; i++)
		ret_a[n++] = reg[i];
	nargs = nr < tab->n ? tab->ent[nr].nargs : 0;
	for (unsigned i = n; i < 8; i++)
		ret_a[i] = 0;
	return nargs > n ? stack_args(c, ret_a + n, nargs - n) : 0;
}
