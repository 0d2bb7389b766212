/*
 * Signal frames: struct rt_sigframe with the records of its reserved area, and the frame record above it.
 * Source: arch/arm64/include/uapi/asm/sigcontext.h, ucontext.h; arch/arm64/kernel/signal.c by what a handler sees.
 */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>

#include "abi/core/cpu_a64.h"
#include "abi/linux/signal.h"
#include "linux-aarch64.h"

#define RESERVED     4096
#define FPSIMD_MAGIC 0x46508001u
#define ESR_MAGIC    0x45535201u

struct fpsimd_context {
	uint32_t magic, size, fpsr, fpcr;
	uint64_t v[32][2];
};
_Static_assert(sizeof(struct fpsimd_context) == 528, "fpsimd_context");

struct esr_context {
	uint32_t magic, size;
	uint64_t esr;
};

struct a64_sigcontext {
	uint64_t fault_address, regs[31], sp, pc, pstate;
	uint8_t reserved[RESERVED] __attribute__((aligned(16)));
};

struct rt_sigframe {
	struct linux_siginfo info;
	uint64_t flags, link;
	struct linux_stack stack;
	uint64_t mask, unused[15];
	struct a64_sigcontext mc __attribute__((aligned(16)));
};
_Static_assert(offsetof(struct rt_sigframe, mc) == 128 + 176 && sizeof(struct rt_sigframe) == 128 + 4560, "rt_sigframe");

struct frame_record {
	uint64_t fp, lr;
};

/* fpsimd_context, for a fault esr_context, and the zeros that end the list. */
static void
put_records(const struct thread *t, const struct gsiginfo *si, uint8_t *reserved)
{
	const struct cpu_a64 *c = t->a64;
	struct fpsimd_context f = { FPSIMD_MAGIC, sizeof(f), c->fpsr, c->fpcr, { { 0, 0 } } };
	struct esr_context e = { ESR_MAGIC, sizeof(e), si->err };

	memcpy(f.v, c->v, sizeof(f.v));
	memcpy(reserved, &f, sizeof(f));
	if (si->err)
		memcpy(reserved + sizeof(f), &e, sizeof(e));
}

static void
fill(const struct thread *t, const struct gsiginfo *si, const struct gsigset *mask, struct rt_sigframe *f)
{
	const struct linux_sigthread *st = linux_sigthread(t);
	const struct cpu_a64 *c = t->a64;

	linux_siginfo_out(si, &f->info);
	f->stack = st->alt;
	f->stack.flags = (int32_t)(linux_on_stack(st, c->x[A64_SP]) | ((uint32_t)st->alt.flags & LINUX_SS_AUTODISARM));
	f->mask = mask->w[0];
	f->mc.fault_address = si->err ? si->addr : 0;
	memcpy(f->mc.regs, c->x, sizeof(f->mc.regs));
	f->mc.sp = c->x[A64_SP];
	f->mc.pc = c->pc;
	f->mc.pstate = a64_get_nzcv(c);
	put_records(t, si, f->mc.reserved);
}

bool
linux_frame_push(struct thread *t, const struct gsiginfo *si, const struct linux_sigaction *act, const struct gsigset *mask)
{
	struct linux_sigthread *st = linux_sigthread(t);
	struct cpu_a64 *c = t->a64;
	struct frame_record rec = { c->x[29], c->x[30] };
	uint64_t sp = c->x[A64_SP], at_record, at;
	struct rt_sigframe f = { 0 };

	if (act->flags & LINUX_SA_ONSTACK && linux_on_stack(st, sp) == 0)
		sp = st->alt.sp + st->alt.size;
	at_record = (sp - sizeof(rec)) & ~15ull;
	at = (at_record - sizeof(f)) & ~15ull;
	fill(t, si, mask, &f);
	if (gm_write(at_record, &rec, sizeof(rec)) || gm_write(at, &f, sizeof(f)))
		return false;
	c->x[0] = (uint64_t)si->signo;
	c->x[1] = at;
	c->x[2] = at + offsetof(struct rt_sigframe, flags);
	c->x[29] = at_record;
	c->x[30] = act->flags & LINUX_SA_RESTORER ? act->restorer : t->task->sigcode;
	c->x[A64_SP] = at;
	c->pc = act->handler;
	c->monitor.size = 0;
	if ((uint32_t)st->alt.flags & LINUX_SS_AUTODISARM)
		st->alt = (struct linux_stack){ .flags = LINUX_SS_DISABLE };
	return true;
}

/* ---- back ---- */

/* Records that we do not know are passed over, a size of nothing or a list without an end is bad. */
static bool
take_records(struct cpu_a64 *c, const uint8_t *reserved)
{
	bool found = false;

	for (unsigned at = 0; at + 8 <= RESERVED;) {
		struct fpsimd_context f;
		uint32_t head[2];

		memcpy(head, reserved + at, sizeof(head));
		if (head[0] == 0)
			return head[1] == 0 && found;
		if (head[1] < 16 || head[1] % 16 || head[1] > RESERVED - at)
			return false;
		if (head[0] == FPSIMD_MAGIC) {
			if (found || head[1] != sizeof(f))
				return false;
			memcpy(&f, reserved + at, sizeof(f));
			memcpy(c->v, f.v, sizeof(f.v));
			c->fpsr = f.fpsr & A64_FPSR_MASK;
			c->fpcr = f.fpcr & A64_FPCR_MASK;
			found = true;
		}
		at += head[1];
	}
	return false;
}

static void
take_stack(struct thread *t, const struct linux_stack *s)
{
	struct linux_sigthread *st = linux_sigthread(t);
	uint32_t mode = (uint32_t)s->flags & ~LINUX_SS_AUTODISARM;

	/* as sigaltstack would, but for its errors */
	if (linux_on_stack(st, t->a64->x[A64_SP]) == LINUX_SS_ONSTACK || mode > LINUX_SS_DISABLE)
		return;
	if (mode != LINUX_SS_DISABLE && s->size >= LINUX_MINSIGSTKSZ)
		st->alt = (struct linux_stack){ .sp = s->sp, .flags = s->flags, .size = s->size };
	else if (mode == LINUX_SS_DISABLE)
		st->alt = (struct linux_stack){ .flags = LINUX_SS_DISABLE };
}

long
linux_rt_sigreturn(struct thread *t)
{
	struct guest_fault bad = { .signo = SIGSEGV, .code = SEGV_MAPERR, .addr = t->a64->x[A64_SP] };
	struct cpu_a64 *c = t->a64, new = *c;
	struct rt_sigframe f;

	if (c->x[A64_SP] & 15 || gm_read(&f, c->x[A64_SP], sizeof(f)) || !take_records(&new, f.mc.reserved)) {
		linux_fault(t, &bad);
		return -HOST_EJUSTRETURN;
	}
	memcpy(new.x, f.mc.regs, sizeof(f.mc.regs));
	new.x[A64_SP] = f.mc.sp;
	new.pc = f.mc.pc;
	new.monitor.size = 0;
	a64_set_nzcv(&new, (uint32_t)f.mc.pstate);
	*c = new;
	sig_set_mask(t, linux_set(f.mask));
	take_stack(t, &f.stack);
	return -HOST_EJUSTRETURN;
}
