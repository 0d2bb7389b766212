/*
 * The one host signal handler.  It runs with whatever FS, GS and vector registers the guest had, so: no libc, no TLS, no
 * SIMD (fast lane rules).  It never serves anything; it notes what happened and, when the guest was running, edits the
 * frame so that sigreturn lands in native_redirected.
 */
#include <signal.h>
#include <stdbool.h>
#include <ucontext.h>

#include "abi/core/gm.h"
#include "abi/core/guard.h"
#include "abi/core/host.h"
#include "loader/native.h"

#ifndef SYS_USER_DISPATCH
#define SYS_USER_DISPATCH 2
#endif
#define SI_SECCOMP 1

static struct nthread *
own_thread(void)
{
	uint64_t here = (uint64_t)__builtin_frame_address(0);

	return ((struct alt_head *)(here & ~(uint64_t)(ALT_SIZE - 1)))->nt;
}

static bool
between(uint64_t rip, const char *lo, const char *hi)
{
	return rip >= (uint64_t)lo && rip < (uint64_t)hi;
}

static void
fix_gs(struct nthread *nt)
{
	uint64_t gs;

	__asm__ volatile("rdgsbase %0" : "=r"(gs));
	if (gs == (uint64_t)nt)
		return;
	nt->cpu.gsbase = gs;
	nt->cpu.owns_gs = 1;
	__asm__ volatile("wrgsbase %0" : : "r"(nt));
}

/*
 * Is @p still what the patcher noted?  The guest may have written other code over it since: there is a jump in the
 * padding or int3 again, and at the site the short jump to it or the call.
 */
static bool
pad_stands(const struct native_pad *p)
{
	uint8_t pad, site[2];

	if (gm_read(&pad, p->pad, 1) || gm_read(site, p->site, 2) || (pad != 0xe9 && pad != 0xcc))
		return false;
	return (site[0] == 0x0f && site[1] == 0x05) || (site[0] == 0xeb && p->site + 2 + site[1] == p->pad);
}

/* The site whose jump leads to the padding at @rip; otherwise @rip itself. */
static uint64_t
site_of(uint64_t rip)
{
	uint32_t n = __atomic_load_n(&native_npads, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; i < n; i++)
		if (native_pads[i].pad == rip && pad_stands(&native_pads[i]))
			return native_pads[i].site;
	return rip;
}

static void
redirect(struct nthread *nt, greg_t *g, uint32_t why)
{
	struct cpu_x64 *c = &nt->cpu;

	c->rax = g[REG_RAX];
	c->rdi = g[REG_RDI];
	c->rsi = g[REG_RSI];
	c->rdx = g[REG_RDX];
	c->r10 = g[REG_R10];
	c->r8 = g[REG_R8];
	c->r9 = g[REG_R9];
	c->rcx = g[REG_RCX];
	c->r11 = g[REG_R11];
	c->rbx = g[REG_RBX];
	c->rbp = g[REG_RBP];
	c->rsp = g[REG_RSP];
	c->r12 = g[REG_R12];
	c->r13 = g[REG_R13];
	c->r14 = g[REG_R14];
	c->r15 = g[REG_R15];
	c->rip = why == WHY_SYSCALL ? (uint64_t)g[REG_RIP] : site_of((uint64_t)g[REG_RIP]);
	c->rflags = g[REG_EFL];
	c->exact = why != WHY_SYSCALL || c->owns_gs;
	nt->why = why;
	g[REG_RIP] = (greg_t)native_redirected;
	g[REG_RSP] = (greg_t)nt->host_rsp;
	g[REG_EFL] = 0x202;
}

/*
 * No room: what comes by a kick's number is counted with one like it.  Timers are so before, as they never have more than
 * one pending.  The oldest entry may be on its way out.
 */
static bool
counted(struct inbox *b, uint32_t used, const siginfo_t *si)
{
	if (si->si_code != SI_TIMER && used < INBOX_SIZE - 1)
		return false;
	for (uint32_t i = b->tail + 1; i != b->head; i++) {
		struct inbox_item *it = &b->item[i % INBOX_SIZE];

		if (it->signo != KICK_SIGNO || it->code != si->si_code || it->error != si->si_errno)
			continue;
		if (si->si_code != SI_TIMER)
			return true;
		if (it->timer_id == si->si_timerid) {
			it->overrun += 1 + si->si_overrun;
			return true;
		}
	}
	return false;
}

static void
push_inbox(struct nthread *nt, int signo, const siginfo_t *si, ucontext_t *uc)
{
	struct inbox *b = &nt->t->inbox;
	uint32_t used = b->head - __atomic_load_n(&b->tail, __ATOMIC_ACQUIRE);
	struct inbox_item *it = &b->item[b->head % INBOX_SIZE];
	/* A kick says nothing that must be kept, and task_call_all() waits for its answer: it always comes. */
	uint64_t open = 1ull << (SIGSYS - 1) | 1ull << (SIGSEGV - 1) | 1ull << (SIGBUS - 1) | 1ull << (SIGFPE - 1) |
	                1ull << (SIGILL - 1) | 1ull << (SIGTRAP - 1) | 1ull << (KICK_SIGNO - 1);

	if (used >= INBOX_FULL && signo == KICK_SIGNO && counted(b, used, si))
		return;
	if (used >= INBOX_SIZE)
		return; /* only a fault's number, which is never blocked, sent by somebody */
	it->signo = signo;
	it->code = si->si_code;
	it->error = si->si_errno;
	it->pid = si->si_pid;
	it->uid = si->si_uid;
	it->status = signo == SIGCHLD ? si->si_status : 0;
	it->value = (uint64_t)si->si_value.sival_ptr;
	it->addr = (uint64_t)si->si_addr;
	it->timer_id = si->si_timerid;
	it->overrun = si->si_overrun;
	it->band = si->si_band;
	__atomic_store_n(&b->head, b->head + 1, __ATOMIC_RELEASE);
	if (++used < INBOX_FULL)
		return;
	/* Full: keep the others blocked after this handler; inbox_take() opens again. */
	if (used >= INBOX_SIZE)
		open &= ~(1ull << (KICK_SIGNO - 1)); /* of as many senders nothing can be counted */
	b->blocked = 1;
	*(uint64_t *)&uc->uc_sigmask = ~open;
}

/* The window that holds rip: where its call is called off to; 0 outside of all. */
static uint64_t
host_call_stop(uint64_t rip)
{
	for (const struct host_window *w = __start_host_windows; w < __stop_host_windows; w++)
		if (rip >= (uint64_t)&w->begin + (uint64_t)w->begin && rip < (uint64_t)&w->end + (uint64_t)w->end)
			return (uint64_t)&w->stop + (uint64_t)w->stop;
	return 0;
}

/* In the monitor: call off a host call that has not begun, start a half-made exit over. */
static void
wake_monitor(struct nthread *nt, greg_t *g)
{
	uint64_t rip = (uint64_t)g[REG_RIP];

	uint64_t stop = host_call_stop(rip);

	if (stop) {
		g[REG_RIP] = (greg_t)stop;
	} else if (between(rip, native_fast_exit_begin, native_fast_exit_end)) {
		g[REG_RIP] = (greg_t)native_fast_exit_begin;
		g[REG_RSP] = (greg_t)nt->host_rsp;
		g[REG_EFL] = 0x202;
	} else if (between(rip, native_full_exit_begin, native_full_exit_end)) {
		g[REG_RIP] = (greg_t)native_full_exit_begin;
		g[REG_RSP] = (greg_t)nt->host_rsp;
		g[REG_EFL] = 0x202;
	}
}

static bool
in_slab(uint64_t rip)
{
	uint32_t n = __atomic_load_n(&native_nslabs, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; i < n; i++)
		if (rip >= native_slabs[i].lo && rip < native_slabs[i].hi)
			return true;
	return false;
}

/* A fault raised by an instruction; true when it was dealt with. */
static bool
instruction_fault(struct nthread *nt, int signo, siginfo_t *si, ucontext_t *uc)
{
	greg_t *g = uc->uc_mcontext.gregs;
	uint64_t rip = (uint64_t)g[REG_RIP];

	if (between(rip, guard_text_begin, guard_text_end)) {
		g[REG_RIP] = (greg_t)guard_fail;
		return true;
	}
	if (in_slab(rip)) {
		rip = *(const uint64_t *)((rip & ~(uint64_t)(NATIVE_STUB - 1)) + NATIVE_STUB_OWN);
		g[REG_RIP] = (greg_t)rip;
	}
	/* The jump in the padding was taken back while we stood before it, and int3 is there again: make the call. */
	if (signo == SIGTRAP && si->si_code == SI_KERNEL && site_of(rip - 1) != rip - 1) {
		g[REG_RIP] = (greg_t)site_of(rip - 1);
		return true;
	}
	/* iretq to a non-canonical address, or one beyond the line, faults in our exit: the guest's fault. */
	if (between(rip, native_full_exit_begin, native_full_exit_end)) {
		nt->fault = (struct guest_fault){signo, si->si_code, nt->cpu.rip, (uint64_t)g[REG_TRAPNO],
		                                 (uint64_t)g[REG_ERR]};
		nt->why = WHY_FAULT;
		nt->cpu.exact = 1;
		g[REG_RIP] = (greg_t)native_redirected;
		g[REG_RSP] = (greg_t)nt->host_rsp;
		return true;
	}
	if (!nt->host_rsp || !gm_inside(rip, 1))
		return false;
	nt->fault = (struct guest_fault){signo, si->si_code, (uint64_t)si->si_addr, (uint64_t)g[REG_TRAPNO],
	                                 (uint64_t)g[REG_ERR]};
	redirect(nt, g, WHY_FAULT);
	return true;
}

/* task_call_all() asks: the answer is the call itself. */
static void
remote_call(struct thread *t)
{
	struct remote_call *rc = &t->task->remote;
	uint32_t round = __atomic_load_n(&rc->round, __ATOMIC_SEQ_CST);

	if (t->remote_round == round)
		return;
	t->remote_round = round;
	host_call(rc->nr, rc->a, rc->b, rc->c);
	__atomic_fetch_sub(&rc->left, 1, __ATOMIC_SEQ_CST);
}

static void
asynchronous(struct nthread *nt, int signo, siginfo_t *si, ucontext_t *uc)
{
	greg_t *g = uc->uc_mcontext.gregs;
	uint64_t rip = (uint64_t)g[REG_RIP];

	/* A kick is a tgkill; timers of ours and other guests queue the same number with something to say. */
	if (signo == KICK_SIGNO && si->si_code == SI_TKILL)
		remote_call(nt->t);
	else
		push_inbox(nt, signo, si, uc);
	__atomic_store_n(&nt->t->wake, 1, __ATOMIC_SEQ_CST);
	if (nt->translated && nt->translated(nt, signo, si, uc, false)) {
		nt->ninterrupts++;
	} else if (!gm_inside(rip, 1)) {
		wake_monitor(nt, g);
	} else if (!in_slab(rip)) {
		nt->ninterrupts++;
		redirect(nt, g, WHY_INTERRUPT);
	}
}

void
native_signal(int signo, void *info, void *context)
{
	struct nthread *nt = own_thread();
	siginfo_t *si = info;
	ucontext_t *uc = context;
	greg_t *g = uc->uc_mcontext.gregs;

	fix_gs(nt);
	switch (signo) {
	case SIGSYS:
		if ((si->si_code == SYS_USER_DISPATCH || si->si_code == SI_SECCOMP) && gm_inside((uint64_t)g[REG_RIP], 1)) {
			nt->ntraps++;
			nt->trap_site = (uint64_t)g[REG_RIP] - 2;
			redirect(nt, g, WHY_SYSCALL);
			return;
		}
		break;
	case SIGSEGV:
	case SIGBUS:
	case SIGFPE:
	case SIGILL:
	case SIGTRAP:
		/* si_code > 0: raised by the kernel for this instruction, not sent by somebody. */
		if (si->si_code > 0) {
			if (!instruction_fault(nt, signo, si, uc) &&
			    !(nt->translated && nt->translated(nt, signo, si, uc, true)))
				native_bug(signo, info, context);
			return;
		}
		break;
	}
	asynchronous(nt, signo, si, uc);
}
