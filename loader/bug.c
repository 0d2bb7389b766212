/* Our own code faulted: say where, and abort. */
#include <signal.h>
#include <ucontext.h>

#include "abi/core/diag.h"
#include "loader/native.h"

void *native_bug_context;

_Noreturn void
native_bug(int signo, void *info, void *context)
{
	const siginfo_t *si = info;
	const ucontext_t *uc = context;
	struct nthread *nt = ((struct alt_head *)((uint64_t)__builtin_frame_address(0) & ~(uint64_t)(ALT_SIZE - 1)))->nt;

	/* The guest's FS may be installed; libc needs ours. */
	__asm__ volatile("wrfsbase %0" : : "r"(nt->host_fs));
	native_bug_context = context;
	bug("signal %d in the monitor: rip 0x%llx, address 0x%llx, rsp 0x%llx, guest rip 0x%llx", signo,
	    (unsigned long long)uc->uc_mcontext.gregs[REG_RIP], (unsigned long long)si->si_addr,
	    (unsigned long long)uc->uc_mcontext.gregs[REG_RSP], (unsigned long long)nt->cpu.rip);
}
