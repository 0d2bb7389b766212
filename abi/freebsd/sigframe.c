/* Contexts and frames: registers to guest memory and back. */
#include "abi/freebsd/sigframe.h"

#include <errno.h>
#include <string.h>

#include "abi/core/cpu_x64.h"
#include "freebsd-amd64.h"

#define XSAVE_MAX  4096
#define XSAVE_HEAD 512u
#define RED_ZONE   128u
#define FL_TF      0x100u
#define FL_DF      0x400u
/* FreeBSD's selectors as a program sees them. */
#define SEL_CODE   0x43
#define SEL_DATA   0x3b
#define SEL_FS     0x13
#define SEL_GS     0x1b

void
fbsd_context_get(struct thread *t, struct fbsd_mcontext *m, void *xarea, uint32_t *ret_xlen)
{
	uint8_t image[XSAVE_MAX] __attribute__((aligned(64)));
	struct cpu_x64 *c = t->cpu;
	uint32_t size = x64_xsave_size();

	if (!c->exact) { /* after a system call the hardware leaves rip in rcx and rflags in r11 */
		c->rcx = c->rip;
		c->r11 = c->rflags;
	}
	memset(m, 0, sizeof(*m));
	m->rdi = c->rdi, m->rsi = c->rsi, m->rdx = c->rdx, m->rcx = c->rcx;
	m->r8 = c->r8, m->r9 = c->r9, m->rax = c->rax, m->rbx = c->rbx, m->rbp = c->rbp;
	m->r10 = c->r10, m->r11 = c->r11, m->r12 = c->r12, m->r13 = c->r13, m->r14 = c->r14, m->r15 = c->r15;
	m->rip = c->rip, m->rsp = c->rsp, m->rflags = c->rflags;
	m->cs = SEL_CODE, m->ss = SEL_DATA, m->ds = SEL_DATA, m->es = SEL_DATA, m->fs = SEL_FS, m->gs = SEL_GS;
	m->flags = FBSD_MC_HASSEGS | FBSD_MC_HASBASES;
	m->len = FBSD_MC_LEN;
	m->fpformat = FBSD_FPFMT_XMM;
	m->ownedfp = FBSD_FPOWNED_FPU;
	m->fsbase = c->fsbase;
	m->gsbase = c->owns_gs ? c->gsbase : 0;
	x64_fpu_get(c->vec, image);
	memcpy(m->fpstate, image, XSAVE_HEAD);
	*ret_xlen = size - XSAVE_HEAD;
	if (xarea)
		memcpy(xarea, image + XSAVE_HEAD, size - XSAVE_HEAD);
}

static int
set_fpu(struct thread *t, const struct fbsd_mcontext *m)
{
	uint8_t image[XSAVE_MAX] __attribute__((aligned(64)));
	uint32_t size = x64_xsave_size(), mxcsr;
	uint64_t head[8];

	if (m->fpformat != FBSD_FPFMT_XMM && m->fpformat != FBSD_FPFMT_NODEV)
		return -EINVAL;
	if (m->fpformat == FBSD_FPFMT_NODEV || m->ownedfp == FBSD_FPOWNED_NONE)
		return 0;
	if (m->ownedfp != FBSD_FPOWNED_FPU && m->ownedfp != FBSD_FPOWNED_PCB)
		return -EINVAL;
	memset(image, 0, size);
	memcpy(image, m->fpstate, XSAVE_HEAD);
	memcpy(&mxcsr, image + 24, 4);
	if (mxcsr & ~x64_mxcsr_mask())
		return -EINVAL;
	memset(head, 0, sizeof(head));
	head[0] = 3; /* x87 and SSE from the legacy part */
	if (m->flags & FBSD_MC_HASFPXSTATE) {
		if (m->xfpustate_len > size - XSAVE_HEAD || m->xfpustate_len < sizeof(head))
			return -EINVAL;
		if (gm_read(image + XSAVE_HEAD, m->xfpustate, m->xfpustate_len))
			return -EFAULT;
		memcpy(head, image + XSAVE_HEAD, sizeof(head));
		if (head[0] & ~x64_xcr0())
			return -EINVAL;
		for (int i = 1; i < 8; i++)
			if (head[i])
				return -EINVAL;
		head[0] |= 3;
	}
	memcpy(image + XSAVE_HEAD, head, sizeof(head));
	x64_fpu_set(t->cpu->vec, image);
	return 0;
}

int
fbsd_context_set(struct thread *t, const struct fbsd_mcontext *m)
{
	struct cpu_x64 *c = t->cpu;
	int r;

	if (m->rflags & ~(uint64_t)(X64_RFLAGS_USER | 0x202) || (m->cs & 3) != 3)
		return -EINVAL;
	if (!gm_inside(m->fsbase, 1) || !gm_inside(m->gsbase, 1))
		return -EINVAL;
	r = set_fpu(t, m);
	if (r)
		return r;
	c->rdi = m->rdi, c->rsi = m->rsi, c->rdx = m->rdx, c->rcx = m->rcx;
	c->r8 = m->r8, c->r9 = m->r9, c->rax = m->rax, c->rbx = m->rbx, c->rbp = m->rbp;
	c->r10 = m->r10, c->r11 = m->r11, c->r12 = m->r12, c->r13 = m->r13, c->r14 = m->r14, c->r15 = m->r15;
	c->rip = m->rip, c->rsp = m->rsp, c->rflags = m->rflags | 0x202;
	c->fsbase = m->fsbase;
	if (m->gsbase && !c->owns_gs)
		t->task->hooks->guest_owns_gs(t);
	if (c->owns_gs)
		c->gsbase = m->gsbase;
	c->exact = 1;
	return 0;
}

static bool
on_alt(const struct fbsd_sigthread *st, uint64_t sp)
{
	return !(st->alt.flags & FBSD_SS_DISABLE) && sp - st->alt.sp < st->alt.size;
}

bool
fbsd_frame_push(struct thread *t, const struct gsiginfo *si, const struct fbsd_sigaction *act,
                const struct gsigset *ret_mask)
{
	const struct fbsd_sigthread *st = fbsd_sigthread(t);
	uint8_t xarea[XSAVE_MAX];
	struct fbsd_sigframe f;
	struct cpu_x64 *c = t->cpu;
	bool was_on = on_alt(st, c->rsp);
	uint64_t sp, xsp;
	uint32_t xlen;

	memset(&f, 0, sizeof(f));
	fbsd_context_get(t, &f.uc.mc, xarea, &xlen);
	if (act->flags & FBSD_SA_ONSTACK && !(st->alt.flags & FBSD_SS_DISABLE) && !was_on)
		sp = st->alt.sp + st->alt.size;
	else
		sp = c->rsp - RED_ZONE;
	xsp = (sp - xlen) & ~63ull;
	sp = (xsp - sizeof(f)) & ~15ull;
	f.handler = act->handler;
	f.uc.sigmask = fbsd_sigset_out(ret_mask);
	f.uc.stack = st->alt;
	f.uc.stack.flags = st->alt.flags & FBSD_SS_DISABLE ? FBSD_SS_DISABLE : was_on ? FBSD_SS_ONSTACK : 0;
	f.uc.mc.onstack = was_on;
	f.uc.mc.flags |= FBSD_MC_HASFPXSTATE;
	f.uc.mc.xfpustate = xsp;
	f.uc.mc.xfpustate_len = xlen;
	f.uc.mc.trapno = (uint32_t)si->trapno;
	f.uc.mc.addr = si->trapno ? si->addr : 0;
	f.uc.mc.err = si->err;
	fbsd_siginfo_out(si, &f.si);
	if (gm_write(xsp, xarea, xlen) || gm_write(sp, &f, sizeof(f)))
		return false;
	c->rdi = (uint64_t)si->signo;
	c->rsi = act->flags & FBSD_SA_SIGINFO ? sp + offsetof(struct fbsd_sigframe, si) : (uint64_t)(int64_t)si->code;
	c->rdx = sp + offsetof(struct fbsd_sigframe, uc);
	c->rcx = si->addr;
	c->rsp = sp;
	c->rip = t->task->sigcode;
	c->rflags &= ~(uint64_t)(FL_TF | FL_DF);
	c->exact = 1;
	return true;
}

/* sigreturn and setcontext: mask and registers from guest memory. */
static long
set_ucontext(struct thread *t, uint64_t ucp)
{
	struct fbsd_ucontext uc;
	int r;

	if (gm_read(&uc, ucp, sizeof(uc)))
		return -EFAULT;
	if (uc.mc.len != FBSD_MC_LEN)
		return -EINVAL;
	r = fbsd_context_set(t, &uc.mc);
	if (r)
		return r;
	fbsd_sigthread(t)->mask = fbsd_maskable(fbsd_sigset_in(&uc.sigmask));
	t->wake = 1; /* what was blocked may be due */
	return -HOST_EJUSTRETURN;
}

long
fbsd_sigreturn(struct thread *t, uint64_t ucp)
{
	return set_ucontext(t, ucp);
}

long
fbsd_setcontext(struct thread *t, uint64_t ucp)
{
	return ucp ? set_ucontext(t, ucp) : -EINVAL;
}

/* The context of a program that has just returned 0 from this call. */
static long
get_ucontext(struct thread *t, uint64_t ucp)
{
	struct fbsd_ucontext uc;
	uint32_t xlen;

	if (!ucp)
		return -EINVAL;
	memset(&uc, 0, sizeof(uc));
	fbsd_context_get(t, &uc.mc, NULL, &xlen);
	uc.mc.rax = 0;
	uc.mc.rdx = 0;
	uc.mc.rflags &= ~(uint64_t)X64_CF;
	uc.sigmask = fbsd_sigset_out(&fbsd_sigthread(t)->mask);
	/* Up to the link word: the kernel leaves the rest to the library. */
	return gm_write(ucp, &uc, offsetof(struct fbsd_ucontext, link));
}

long
fbsd_getcontext(struct thread *t, uint64_t ucp)
{
	return get_ucontext(t, ucp);
}

long
fbsd_swapcontext(struct thread *t, uint64_t oucp, uint64_t ucp)
{
	long r;

	if (!oucp || !ucp)
		return -EINVAL;
	r = get_ucontext(t, oucp);
	return r ? r : set_ucontext(t, ucp);
}

/* Overwritten in whole or in part by the caller's old value first, as the manual says. */
long
fbsd_sigaltstack(struct thread *t, uint64_t ss, uint64_t oss)
{
	struct fbsd_sigthread *st = fbsd_sigthread(t);
	struct fbsd_stack new, old = st->alt;
	bool on = on_alt(st, t->cpu->rsp);

	if (ss && gm_read(&new, ss, sizeof(new)))
		return -EFAULT;
	if (!(old.flags & FBSD_SS_DISABLE))
		old.flags = on ? FBSD_SS_ONSTACK : 0;
	old.pad = 0;
	if (ss) {
		if (on)
			return -EPERM;
		if (new.flags & ~FBSD_SS_DISABLE)
			return -EINVAL;
		if (!(new.flags & FBSD_SS_DISABLE) && new.size < FBSD_MINSIGSTKSZ)
			return -ENOMEM;
		st->alt = new.flags & FBSD_SS_DISABLE ? (struct fbsd_stack){.flags = FBSD_SS_DISABLE} : new;
	}
	return oss ? gm_write(oss, &old, sizeof(old)) : 0;
}
