/*
 * The native engine: guest code of the host's own ISA on the CPU; system calls are caught by address.
 * Guest code lives in [GM_LO, GM_HI), ours above, so no selector byte is needed (design: Split by address).
 */
#include "loader/engine.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "abi/core/cpu_x64_asm.h"
#include "abi/core/gm.h"
#include "abi/core/host.h"
#include "loader/native.h"
#include "loader/patch.h"

#define SUD_PRCTL     59 /* PR_SET_SYSCALL_USER_DISPATCH, Linux 5.11 */
#define SUD_OFF       0
#define SUD_EXCLUSIVE 1 /* everything outside the range is caught */
#define SUD_INCLUSIVE 2 /* only the range is caught, Linux 6.17 */

#define KERNEL_SA_RESTORER 0x04000000ul
#define HWCAP2_FSGSBASE_   2ul
#define KERNEL_SIG_IGN     ((void (*)(int, void *, void *))1)

static struct {
	enum intercept mode;
	bool patch, full_only;
	struct native_stats total; /* of threads that have ended */
	bool (*serve)(struct thread *t);
} eng;

static const char *
intercept_name(void)
{
	return eng.mode == INTERCEPT_INCLUSIVE ? "inclusive" : eng.mode == INTERCEPT_EXCLUSIVE ? "exclusive" : "seccomp";
}

static int
sud_arm(enum intercept mode)
{
	if (mode == INTERCEPT_INCLUSIVE)
		return (int)host_call(SYS_prctl, SUD_PRCTL, SUD_INCLUSIVE, GM_LO, GM_HI - GM_LO, 0);
	return (int)host_call(SYS_prctl, SUD_PRCTL, SUD_EXCLUSIVE, GM_HI, 0x7ffffffff000ull - GM_HI, 0);
}

/* Is a filter of ours from before an exec still there?  Then a call made from below the line is trapped already. */
static int
seccomp_arm(void)
{
	struct sock_filter code[] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer) + 4),
	    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (uint32_t)(GM_HI >> 32), 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
	};
	struct sock_fprog prog = {sizeof(code) / sizeof(code[0]), code};
	long r = host_call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);

	return r ? (int)r : (int)host_call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog);
}

static int
arm(void)
{
	/* Filters are inherited by threads and children: nothing to do again. */
	return eng.mode == INTERCEPT_SECCOMP ? 0 : sud_arm(eng.mode);
}

static int
choose_mode(enum intercept want, bool filter_inherited, struct diag *d)
{
	static const enum intercept order[] = {INTERCEPT_INCLUSIVE, INTERCEPT_EXCLUSIVE};
	int r = -EINVAL;

	for (unsigned i = 0; i < 2; i++) {
		if (want != INTERCEPT_AUTO && want != order[i])
			continue;
		r = sud_arm(order[i]);
		if (r == 0) {
			host_call(SYS_prctl, SUD_PRCTL, SUD_OFF, 0, 0, 0);
			eng.mode = order[i];
			return 0;
		}
	}
	if (want == INTERCEPT_AUTO || want == INTERCEPT_SECCOMP) {
		r = filter_inherited ? 0 : seccomp_arm();
		if (r == 0) {
			eng.mode = INTERCEPT_SECCOMP;
			return 0;
		}
	}
	return diag_fail(d, r, "this kernel offers no way to catch system calls that was asked for (%s): see dragoman doctor",
	                 strerror(-r));
}

struct kernel_sigaction {
	void (*handler)(int, void *, void *);
	unsigned long flags;
	const void *restorer;
	uint64_t mask;
};

int
native_catch(int signo, bool no_stops, bool no_zombies)
{
	struct kernel_sigaction sa = {.handler = native_signal,
	                              .flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART | KERNEL_SA_RESTORER,
	                              .restorer = native_restorer};
	uint64_t sync = 1ull << (SIGSYS - 1) | 1ull << (SIGSEGV - 1) | 1ull << (SIGBUS - 1) | 1ull << (SIGFPE - 1) |
	                1ull << (SIGILL - 1) | 1ull << (SIGTRAP - 1);

	sa.mask = ~sync;
	if (no_stops)
		sa.flags |= SA_NOCLDSTOP;
	if (no_zombies)
		sa.flags |= SA_NOCLDWAIT;
	if (sync >> (signo - 1) & 1)
		sa.flags |= SA_NODEFER;
	return (int)host_call(SYS_rt_sigaction, signo, &sa, 0, 8);
}

int
native_uncatch(int signo, bool ignore)
{
	struct kernel_sigaction sa = {0};

	if (ignore)
		sa.handler = KERNEL_SIG_IGN;
	return (int)host_call(SYS_rt_sigaction, signo, &sa, 0, 8);
}

int
native_catch_always(struct diag *d)
{
	static const int always[] = {SIGSYS, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, KICK_SIGNO};

	for (unsigned i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		if (native_catch(always[i], false, false))
			return diag_fail(d, -EINVAL, "cannot install a handler for signal %d", always[i]);
	return 0;
}

static int
setup(const struct engine_config *c, struct diag *d)
{

	if (!(getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE_))
		return diag_fail(d, -ENOSYS, "the CPU or kernel lacks FSGSBASE instructions for user programs (Linux 5.9 and a CPU of 2012 or later have them)");
	x64_vec_init();
	if (x64_vec_level == 2 && !__builtin_cpu_supports("avx512bw"))
		return diag_fail(d, -ENOSYS, "this CPU has AVX-512 without AVX-512BW, which is not supported");
	eng.patch = c->patch;
	if (eng.patch)
		patch_setup(c->gm, native_entry);
	eng.full_only = c->full_only;
	eng.serve = c->serve;
	if (choose_mode(c->intercept, c->filter_inherited, d))
		return d->code;
	return native_catch_always(d);
}

static void *
map_alt(void)
{
	uint8_t *p = mmap(NULL, 2 * ALT_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uint8_t *at;

	if (p == MAP_FAILED)
		return NULL;
	at = (uint8_t *)(((uint64_t)p + ALT_SIZE - 1) & ~(uint64_t)(ALT_SIZE - 1));
	if (at > p)
		munmap(p, (size_t)(at - p));
	if (at + ALT_SIZE < p + 2 * ALT_SIZE)
		munmap(at + ALT_SIZE, (size_t)(p + 2 * ALT_SIZE - (at + ALT_SIZE)));
	return at;
}

int
native_block_new(struct thread *t)
{
	struct nthread *nt = mmap(NULL, sizeof(*nt), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (nt == MAP_FAILED)
		return -ENOMEM;
	nt->alt = map_alt();
	if (!nt->alt) {
		munmap(nt, sizeof(*nt));
		return -ENOMEM;
	}
	((struct alt_head *)nt->alt)->nt = nt;
	nt->self = nt;
	nt->t = t;
	t->engine = nt;
	return 0;
}

static int
new_thread(struct thread *t)
{
	struct nthread *nt;

	if (native_block_new(t))
		return -ENOMEM;
	nt = t->engine;
	nt->cpu.vec = &nt->vec;
	nt->cpu.exact = 1;
	nt->cpu.rflags = 0x202;
	nt->vec.mxcsr = 0x1f80;
	nt->vec.live = 2;
	nt->fast = t->task->pers->fast_result;
	nt->full = eng.serve;
	nt->fast_tab = t->task->pers->tab->fast;
	nt->fast_n = eng.full_only ? 0 : t->task->pers->tab->n;
	t->cpu = &nt->cpu;
	return 0;
}

static int
copy_thread(struct thread *t, const struct thread *parent)
{
	struct x64_vec *vec;

	if (new_thread(t))
		return -ENOMEM;
	vec = t->cpu->vec;
	*t->cpu = *parent->cpu;
	t->cpu->vec = vec;
	*vec = *parent->cpu->vec;
	return 0;
}

int
native_block_attach(struct thread *t)
{
	struct nthread *nt = t->engine;
	stack_t ss = {.ss_sp = nt->alt, .ss_size = ALT_SIZE};
	uint64_t fs;

	__asm__ volatile("rdfsbase %0" : "=r"(fs));
	nt->host_fs = fs;
	__asm__ volatile("wrgsbase %0" : : "r"(nt));
	if (sigaltstack(&ss, NULL))
		return -errno;
	__atomic_store_n(&t->htid, (pid_t)host_call(SYS_gettid), __ATOMIC_RELEASE);
	return 0;
}

static int
attach(struct thread *t)
{
	int r = native_block_attach(t);

	return r ? r : arm();
}

void
native_block_drop(struct thread *t)
{
	struct nthread *nt = t->engine;

	__atomic_fetch_add(&eng.total.traps, nt->ntraps, __ATOMIC_RELAXED);
	__atomic_fetch_add(&eng.total.fast_calls, nt->nfast, __ATOMIC_RELAXED);
	__atomic_fetch_add(&eng.total.interrupts, nt->ninterrupts, __ATOMIC_RELAXED);
	__atomic_fetch_add(&eng.total.full_calls, t->calls, __ATOMIC_RELAXED);
	munmap(nt->alt, ALT_SIZE);
	munmap(nt, sizeof(*nt));
	t->engine = NULL;
	t->cpu = NULL;
}

static void
detach(struct thread *t)
{
	stack_t off = {.ss_flags = SS_DISABLE};

	sigaltstack(&off, NULL);
	native_block_drop(t);
}

static void
around_fork(struct thread *t)
{
}

static int
after_fork_child(struct thread *t)
{
	t->htid = (pid_t)host_call(SYS_gettid);
	return arm();
}

static void
run(struct thread *t, struct stop *ret_stop)
{
	struct nthread *nt = t->engine;

	nt->trap_site = 0;
	native_enter(nt);
	switch (nt->why) {
	case WHY_SYSCALL:
		ret_stop->why = STOP_SYSCALL;
		if (nt->trap_site && eng.patch)
			patch_hit(t, nt->trap_site);
		break;
	case WHY_FAULT:
		ret_stop->why = STOP_FAULT;
		ret_stop->fault = nt->fault;
		break;
	case WHY_SERVED:
		ret_stop->why = STOP_SERVED;
		break;
	default:
		ret_stop->why = STOP_INTERRUPT;
	}
}

bool
native_last_fault(const struct thread *t, struct guest_fault *ret)
{
	const struct nthread *nt = t->engine;

	*ret = nt->fault;
	return nt->fault.signo != 0;
}

void
native_get_stats(struct task *task, struct native_stats *ret)
{
	*ret = eng.total;
	pthread_mutex_lock(&task->lock);
	for (struct thread *t = task->threads; t; t = t->next) {
		struct nthread *nt = t->engine;

		if (!nt)
			continue;
		ret->traps += nt->ntraps;
		ret->fast_calls += nt->nfast;
		ret->interrupts += nt->ninterrupts;
		ret->full_calls += t->calls;
	}
	pthread_mutex_unlock(&task->lock);
	patch_get_stats(&ret->patched_sites, &ret->refused_sites);
}

const struct engine native_engine = {
    .isa = "amd64",
    .setup = setup,
    .new_thread = new_thread,
    .copy_thread = copy_thread,
    .attach = attach,
    .detach = detach,
    .drop = native_block_drop,
    .run = run,
    .before_fork = around_fork,
    .after_fork_parent = around_fork,
    .after_fork_child = after_fork_child,
    .rewind = patch_rewind,
    .intercept_name = intercept_name,
};
