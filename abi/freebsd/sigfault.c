/*
 * Faults of guest code as FreeBSD names them.
 * Source: FreeBSD sys/amd64/amd64/trap.c and machine/trap.h, by the signal, code, trap number and address that a handler sees.
 */
#include <signal.h>

#include "abi/core/cpu_x64.h"
#include "abi/freebsd/signal.h"

enum { T_PRIVINFLT = 1, T_BPTFLT = 3, T_ARITHTRAP = 6, T_PROTFLT = 9, T_TRCTRAP = 10, T_PAGEFLT = 12, T_ALIGNFLT = 14,
       T_DIVIDE = 18, T_OFLOW = 20, T_BOUND = 21, T_FPOPFLT = 24, T_TSSFLT = 25, T_SEGNPFLT = 26, T_STKFLT = 27, T_XMMFLT = 29 };

enum { BUS_ADRALN_ = 1, BUS_ADRERR_, BUS_OBJERR_ };
enum { SEGV_MAPERR_ = 1, SEGV_ACCERR_ };
enum { FPE_INTOVF_ = 1, FPE_INTDIV_, FPE_FLTSUB_ = 8 };
#define ILL_PRVOPC_ 5
#define ILL_COPROC_ 7
#define FROM_FPU    0 /* the code is the host's: floating-point codes have the same numbers */

/* By hardware vector. */
static const struct {
	uint8_t trapno, signo, code;
} traps[] = {
    [0] = {T_DIVIDE, FBSD_SIGFPE, FPE_INTDIV_},    [1] = {T_TRCTRAP, FBSD_SIGTRAP, 2},
    [3] = {T_BPTFLT, FBSD_SIGTRAP, 1},             [4] = {T_OFLOW, FBSD_SIGFPE, FPE_INTOVF_},
    [5] = {T_BOUND, FBSD_SIGFPE, FPE_FLTSUB_},     [6] = {T_PRIVINFLT, FBSD_SIGILL, ILL_PRVOPC_},
    [9] = {T_FPOPFLT, FBSD_SIGILL, ILL_COPROC_},   [10] = {T_TSSFLT, FBSD_SIGBUS, BUS_OBJERR_},
    [11] = {T_SEGNPFLT, FBSD_SIGBUS, BUS_ADRERR_}, [12] = {T_STKFLT, FBSD_SIGBUS, BUS_ADRERR_},
    [13] = {T_PROTFLT, FBSD_SIGBUS, BUS_OBJERR_},  [14] = {T_PAGEFLT, FBSD_SIGSEGV, SEGV_MAPERR_},
    [16] = {T_ARITHTRAP, FBSD_SIGFPE, FROM_FPU},   [17] = {T_ALIGNFLT, FBSD_SIGBUS, BUS_ADRALN_},
    [19] = {T_XMMFLT, FBSD_SIGFPE, FROM_FPU},
};

static void
page_fault(const struct guest_fault *f, struct gsiginfo *si)
{
	si->addr = f->addr;
	if (f->signo == SIGBUS) {
		si->signo = FBSD_SIGBUS;
		si->code = BUS_OBJERR_; /* beyond the end of the file */
	} else if (f->code != SEGV_MAPERR && gm_inside(f->addr, 1)) {
		si->code = SEGV_ACCERR_;
	}
}

static void
translate(const struct thread *t, const struct guest_fault *f, struct gsiginfo *ret)
{
	uint64_t v = f->trapno < sizeof(traps) / sizeof(traps[0]) && traps[f->trapno].signo ? f->trapno : 13;

	*ret = (struct gsiginfo){.signo = traps[v].signo,
	                         .code = traps[v].code == FROM_FPU ? f->code : traps[v].code,
	                         .addr = t->cpu->rip,
	                         .trapno = traps[v].trapno,
	                         .err = f->err};
	if (v == 14)
		page_fault(f, ret);
}

void
fbsd_fault(struct thread *t, const struct guest_fault *f)
{
	struct gsiginfo si;

	translate(t, f, &si);
	/* At once, and only to a handler that can run now: what is blocked or ignored cannot be put off, and ends the process. */
	if (gsig_has(&t->task->sig->handled, si.signo) && !gsig_has(&t->sig->mask, si.signo) && !fbsd_fast_blocks(t)) {
		fbsd_enter_handler(t, &si);
		return;
	}
	if (t->task->trace && t->task->trace->signal) {
		struct fbsd_siginfo out;

		fbsd_siginfo_out(&si, &out);
		t->task->trace->signal(t, si.signo, &out);
	}
	if (t->task->hooks->crashed)
		t->task->hooks->crashed(t, si.signo, si.addr, NULL);
	fbsd_exit_process(t, 0, si.signo);
}
