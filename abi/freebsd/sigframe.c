/*
 * Contexts and frames: registers to guest memory and back.
 * Source: FreeBSD sys/amd64/amd64/exec_machdep.c, by what a handler finds and what is refused; sigaltstack(2).
 */
#include "abi/freebsd/sigframe.h"

#include <errno.h>
#include <signal.h>
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

static bool
on_alt(const struct fbsd_sigthread *st, uint64_t sp)
{
	return !(st->alt.flags & FBSD_SS_DISABLE) && sp - st->alt.sp < st->alt.size;
}

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
	m->flags = FBSD_MC_HASSEGS;
	m->onstack = on_alt(fbsd_sigthread(t), c->rsp);
	m->len = FBSD_MC_LEN;
	m->fpformat = FBSD_FPFMT_XMM;
	m->ownedfp = FBSD_FPOWNED_FPU;
	m->fsbase = c->fsbase;
	m->gsbase = c->owns_gs ? c->gsbase : 0;
	memset(image, 0, size); /* there are gaps between the parts */
	x64_fpu_get(c->vec, image);
	memcpy(m->fpstate, image, XSAVE_HEAD);
	*ret_xlen = size - XSAVE_HEAD;
	if (xarea)
		memcpy(xarea, image + XSAVE_HEAD, size - XSAVE_HEAD);
}

/* As after a fresh start of the FPU: xsave's initial configuration. */
static void
initial_fpu(struct thread *t, uint8_t *image, uint32_t size)
{
	uint16_t cw = 0x37f;
	uint32_t mxcsr = 0x1f80;

	memset(image, 0, size);
	memcpy(image, &cw, 2);
	memcpy(image + 24, &mxcsr, 4);
	x64_fpu_set(t->cpu->vec, image);
}

/* Bytes after the legacy part: of their header only the first word counts, and a short area leaves the rest as it is. */
static int
read_xstate(const struct fbsd_mcontext *m, uint8_t *image, uint32_t size)
{
	uint64_t head[8] = {0}, len = m->xfpustate_len;
	uint8_t area[XSAVE_MAX];

	if (len > size - XSAVE_HEAD)
		return -EINVAL;
	if (gm_read(area, m->xfpustate, len))
		return -EFAULT;
	if (len < sizeof(head))
		return -EINVAL;
	memcpy(head, area, 8);
	if (head[0] & ~x64_xcr0())
		return -EINVAL;
	head[0] |= 3; /* the legacy part always counts */
	memcpy(image + XSAVE_HEAD, head, sizeof(head));
	memcpy(image + XSAVE_HEAD + sizeof(head), area + sizeof(head), len - sizeof(head));
	return 0;
}

static int
set_fpu(struct thread *t, const struct fbsd_mcontext *m)
{
	uint8_t image[XSAVE_MAX] __attribute__((aligned(64)));
	uint32_t size = x64_xsave_size(), mxcsr;
	uint64_t bv;
	int r = 0;

	if (m->fpformat == FBSD_FPFMT_NODEV)
		return 0;
	if (m->fpformat != FBSD_FPFMT_XMM)
		return -EINVAL;
	if (m->ownedfp == FBSD_FPOWNED_NONE) {
		initial_fpu(t, image, size);
		return 0;
	}
	if (m->ownedfp != FBSD_FPOWNED_FPU && m->ownedfp != FBSD_FPOWNED_PCB)
		return -EINVAL;
	memset(image, 0, size);
	x64_fpu_get(t->cpu->vec, image);
	if (m->flags & FBSD_MC_HASFPXSTATE)
		r = read_xstate(m, image, size);
	if (r)
		return r;
	memcpy(image, m->fpstate, XSAVE_HEAD);
	memcpy(&mxcsr, image + 24, 4);
	mxcsr &= x64_mxcsr_mask();
	memcpy(image + 24, &mxcsr, 4);
	memcpy(&bv, image + XSAVE_HEAD, 8);
	bv |= 3;
	memcpy(image + XSAVE_HEAD, &bv, 8);
	x64_fpu_set(t->cpu->vec, image);
	return 0;
}

static bool
canonical(uint64_t a)
{
	return (int64_t)(a << 16) >> 16 == (int64_t)a;
}

static int
set_bases(struct thread *t, const struct fbsd_mcontext *m)
{
	struct cpu_x64 *c = t->cpu;

	if (!canonical(m->fsbase) || !canonical(m->gsbase))
		return -EINVAL;
	c->fsbase = m->fsbase;
	if (m->gsbase && !c->owns_gs)
		t->task->hooks->guest_owns_gs(t);
	if (c->owns_gs)
		c->gsbase = m->gsbase;
	return 0;
}

static void
set_registers(struct cpu_x64 *c, const struct fbsd_mcontext *m, uint64_t rflags)
{
	c->rdi = m->rdi, c->rsi = m->rsi, c->rdx = m->rdx, c->rcx = m->rcx;
	c->r8 = m->r8, c->r9 = m->r9, c->rax = m->rax, c->rbx = m->rbx, c->rbp = m->rbp;
	c->r10 = m->r10, c->r11 = m->r11, c->r12 = m->r12, c->r13 = m->r13, c->r14 = m->r14, c->r15 = m->r15;
	c->rip = m->rip, c->rsp = m->rsp;
	c->rflags = (rflags & X64_RFLAGS_USER) | 0x202;
	c->exact = 1;
}

int
fbsd_context_set(struct thread *t, const struct fbsd_mcontext *m)
{
	int r;

	if (m->len != FBSD_MC_LEN || m->flags & ~FBSD_MC_KNOWN)
		return -EINVAL;
	r = set_fpu(t, m);
	if (r == 0 && m->flags & FBSD_MC_HASBASES)
		r = set_bases(t, m);
	if (r == 0)
		set_registers(t->cpu, m, m->rflags);
	return r;
}

static int32_t
alt_flags(const struct fbsd_sigthread *st, bool on)
{
	return st->alt.flags & FBSD_SS_DISABLE ? FBSD_SS_DISABLE : on ? FBSD_SS_ONSTACK : 0;
}

bool
fbsd_frame_push(struct thread *t, const struct gsiginfo *si, const struct fbsd_sigaction *act,
                const struct gsigset *ret_mask)
{
	const struct fbsd_sigthread *st = fbsd_sigthread(t);
	uint8_t xarea[XSAVE_MAX];
	struct fbsd_sigframe f;
	struct cpu_x64 *c = t->cpu;
	bool was_on = on_alt(st, c->rsp), info = act->flags & FBSD_SA_SIGINFO;
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
	f.uc.sigmask = fbsd_sigset_out(*ret_mask);
	f.uc.stack = st->alt;
	f.uc.stack.flags = alt_flags(st, was_on);
	f.uc.mc.flags |= FBSD_MC_HASFPXSTATE;
	f.uc.mc.xfpustate = xsp;
	f.uc.mc.xfpustate_len = xlen;
	f.uc.mc.trapno = (uint32_t)si->trapno;
	f.uc.mc.addr = si->trapno == 12 ? si->addr : 0; /* cr2: page faults only */
	f.uc.mc.err = si->err;
	if (info)
		fbsd_siginfo_out(si, &f.si);
	if (gm_write(xsp, xarea, xlen) || gm_write(sp, &f, sizeof(f)))
		return false;
	c->rdi = (uint64_t)si->signo;
	c->rsi = info ? sp + offsetof(struct fbsd_sigframe, si) : (uint64_t)(int64_t)si->code;
	c->rdx = sp + offsetof(struct fbsd_sigframe, uc);
	c->rcx = si->addr;
	c->rsp = sp;
	c->rip = t->task->sigcode;
	c->rflags &= ~(uint64_t)(FL_TF | FL_DF);
	c->exact = 1;
	return true;
}

static long
set_mask(struct thread *t, const struct fbsd_sigset *s)
{
	sig_set_mask(t, fbsd_maskable(fbsd_sigset_in(s)));
	return -HOST_EJUSTRETURN;
}

/* A frame that asks for another privilege level is a protection fault of its program. */
static long
bad_selector(struct thread *t)
{
	struct guest_fault f = {.signo = SIGSEGV, .trapno = 13};

	t->task->pers->set_result(t, -EINVAL);
	fbsd_fault(t, &f);
	return -HOST_EJUSTRETURN;
}

long
fbsd_sigreturn(struct thread *t, uint64_t ucp)
{
	struct fbsd_ucontext uc;
	int r;

	if (gm_read(&uc, ucp, sizeof(uc)))
		return -EFAULT;
	if (uc.mc.flags & ~FBSD_MC_KNOWN || (uc.mc.rflags ^ t->cpu->rflags) & ~(uint64_t)X64_RFLAGS_USER)
		return -EINVAL;
	if ((uc.mc.cs & 3) != 3)
		return bad_selector(t);
	r = set_fpu(t, &uc.mc);
	if (r == 0)
		r = set_bases(t, &uc.mc);
	if (r)
		return r;
	set_registers(t->cpu, &uc.mc, uc.mc.rflags);
	return set_mask(t, &uc.sigmask);
}

/* Up to the link word: the kernel leaves the rest to the library. */
#define UC_COPY offsetof(struct fbsd_ucontext, link)

long
fbsd_setcontext(struct thread *t, uint64_t ucp)
{
	struct fbsd_ucontext uc;
	int r;

	if (!ucp)
		return -EINVAL;
	if (gm_read(&uc, ucp, UC_COPY))
		return -EFAULT;
	r = fbsd_context_set(t, &uc.mc);
	return r ? r : set_mask(t, &uc.sigmask);
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
	uc.sigmask = fbsd_sigset_out(t->sig->mask);
	return gm_write(ucp, &uc, UC_COPY);
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
	return r ? r : fbsd_setcontext(t, ucp);
}

long
fbsd_sigaltstack(struct thread *t, uint64_t ss, uint64_t oss)
{
	struct fbsd_sigthread *st = fbsd_sigthread(t);
	struct fbsd_stack new, old = st->alt;
	bool on = on_alt(st, t->cpu->rsp);

	if (ss && gm_read(&new, ss, sizeof(new)))
		return -EFAULT;
	old.flags = alt_flags(st, on);
	if (ss) {
		if (on)
			return -EPERM;
		if (new.flags & ~FBSD_SS_DISABLE)
			return -EINVAL;
		if (!(new.flags & FBSD_SS_DISABLE) && new.size < FBSD_MINSIGSTKSZ)
			return -ENOMEM;
		new.pad = 0;
		/* Switched off, it keeps its place for who asks. */
		if (new.flags & FBSD_SS_DISABLE)
			st->alt.flags = FBSD_SS_DISABLE;
		else
			st->alt = new;
	}
	return oss ? gm_write(oss, &old, sizeof(old)) : 0;
}
