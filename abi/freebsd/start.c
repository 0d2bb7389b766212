/*
 * The first thread's stack and registers: ps_strings, signal code, execpath, canary, page sizes, strings, auxv, vectors.
 * Source: FreeBSD exec_copyout_strings and exec_setregs, by their observable layout (design abi.md 2.2, 2.3).
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>

#include "abi/core/cpu_x64.h"
#include "abi/freebsd/fbsd.h"
#include "abi/freebsd/kqueue.h"
#include "abi/freebsd/proc.h"
#include "abi/freebsd/sigcode.h"

#define STACK_TOP      0x4fffffff0000ull
#define STACK_MAX      (512ull << 20)
#define STACK_DEFAULT  (8ull << 20)
#define ARG_MAX_BYTES  (524288ull)
#define CANARY_BYTES   64
#define OSRELDATE_MIN  1500000u

enum { AT_NULL_ = 0, AT_PHDR_ = 3, AT_PHENT_, AT_PHNUM_, AT_PAGESZ_, AT_BASE_, AT_FLAGS_, AT_ENTRY_,
       AT_EXECPATH_ = 15, AT_CANARY_, AT_CANARYLEN_, AT_OSRELDATE_, AT_NCPUS_, AT_PAGESIZES_, AT_PAGESIZESLEN_,
       AT_STACKPROT_ = 23, AT_EHDRFLAGS_, AT_HWCAP_, AT_HWCAP2_, AT_BSDFLAGS_, AT_ARGC_, AT_ARGV_, AT_ENVC_, AT_ENVV_,
       AT_PS_STRINGS_, AT_USRSTACKBASE_ = 35, AT_USRSTACKLIM_ = 36 };

struct ps_strings {
	uint64_t argv;
	uint32_t nargv, pad;
	uint64_t envp;
	uint32_t nenv, pad2;
};
_Static_assert(sizeof(struct ps_strings) == 32, "ps_strings");

struct stack {
	uint64_t sp;
	int err;
};

static uint64_t
push(struct stack *s, const void *bytes, uint64_t n, uint64_t align)
{
	s->sp = (s->sp - n) & ~(align - 1);
	if (gm_write(s->sp, bytes, n))
		s->err = -ENOMEM;
	return s->sp;
}

static uint32_t
count(char **v)
{
	uint32_t n = 0;

	while (v[n])
		n++;
	return n;
}

static uint64_t
strings_size(char **v)
{
	uint64_t n = 0;

	for (; *v; v++)
		n += strlen(*v) + 1;
	return n;
}

/* Strings in order at `at`; their addresses into ret. */
static uint64_t
put_strings(struct stack *s, char **v, uint64_t at, uint64_t *ret)
{
	for (; *v; v++) {
		uint64_t n = strlen(*v) + 1;

		if (gm_write(at, *v, n))
			s->err = -ENOMEM;
		*ret++ = at;
		at += n;
	}
	*ret = 0;
	return at;
}

static uint64_t
host_stack_limit(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_STACK, &rl) || rl.rlim_cur == RLIM_INFINITY || rl.rlim_cur > STACK_MAX)
		return STACK_MAX;
	return rl.rlim_cur < STACK_DEFAULT ? STACK_DEFAULT : GM_PAGE_UP(rl.rlim_cur);
}

static int
map_stack(struct task *task, uint64_t random, struct diag *d)
{
	struct gm_map_req guard = {.len = GM_PAGE,
	                           .prot = PROT_NONE,
	                           .host_flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
	                           .fd = -1,
	                           .how = GM_FIXED,
	                           .kind = GM_GUARD};
	struct gm_map_req q = guard;
	long at;

	task->stack_size = host_stack_limit();
	task->stack_top = STACK_TOP - (random % 0x10000) * GM_PAGE;
	q.addr = task->stack_top - task->stack_size;
	q.len = task->stack_size;
	q.prot = PROT_READ | PROT_WRITE;
	q.kind = GM_STACK;
	at = gm_map(task->gm, &q);
	guard.addr = q.addr - GM_PAGE;
	if (at >= 0)
		at = gm_map(task->gm, &guard);
	if (at < 0)
		return diag_fail(d, (int)at, "no room for a stack of 0x%llx bytes", (unsigned long long)q.len);
	return 0;
}

/*
 * The kernel's return path from signal handlers; its own page, so that it is executable and the stack is not.  It stands
 * behind int3 as code does, so that the patcher finds its start.
 */
#define SIGCODE_AT 64
#define INT3       0xcc

static int
map_sigcode(struct task *task, struct diag *d)
{
	struct gm_map_req q = {.addr = task->stack_top,
	                       .len = GM_PAGE,
	                       .prot = PROT_READ | PROT_WRITE,
	                       .host_flags = MAP_PRIVATE | MAP_ANONYMOUS,
	                       .fd = -1,
	                       .how = GM_FIXED,
	                       .kind = GM_OURS,
	                       .name = "[sigcode]"};
	uint8_t page[GM_PAGE];
	long at = gm_map(task->gm, &q);

	memset(page, INT3, sizeof(page));
	memcpy(page + SIGCODE_AT, fbsd_sigcode, fbsd_sigcode_size);
	if (at < 0 || gm_write((uint64_t)at, page, sizeof(page)) ||
	    mprotect((void *)at, GM_PAGE, PROT_READ | PROT_EXEC))
		return diag_fail(d, -ENOMEM, "no room for the signal code page");
	task->sigcode = (uint64_t)at + SIGCODE_AT;
	return 0;
}

static uint32_t
cpu_count(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) ? 1 : (uint32_t)CPU_COUNT(&set);
}

struct placed {
	uint64_t execpath, canary, pagesizes, argv, envp, ps;
	uint32_t argc, envc;
};

static unsigned
fill_auxv(uint64_t (*a)[2], const struct task *task, const struct start_info *s, const struct placed *p)
{
	unsigned n = 0;
#define AUX(type, value) (a[n][0] = (type), a[n][1] = (uint64_t)(value), n++)
	AUX(AT_PHDR_, s->phdr);
	AUX(AT_PHENT_, s->phent);
	AUX(AT_PHNUM_, s->phnum);
	AUX(AT_PAGESZ_, GM_PAGE);
	AUX(AT_FLAGS_, 0);
	AUX(AT_ENTRY_, s->prog_entry);
	AUX(AT_BASE_, s->base);
	AUX(AT_EHDRFLAGS_, 0);
	AUX(AT_EXECPATH_, p->execpath);
	AUX(AT_OSRELDATE_, task->osreldate);
	AUX(AT_CANARY_, p->canary);
	AUX(AT_CANARYLEN_, CANARY_BYTES);
	AUX(AT_NCPUS_, cpu_count());
	AUX(AT_PAGESIZES_, p->pagesizes);
	AUX(AT_PAGESIZESLEN_, 16);
	AUX(AT_STACKPROT_, PROT_READ | PROT_WRITE);
	AUX(AT_BSDFLAGS_, 0);
	AUX(AT_ARGC_, p->argc);
	AUX(AT_ARGV_, p->argv);
	AUX(AT_ENVC_, p->envc);
	AUX(AT_ENVV_, p->envp);
	AUX(AT_PS_STRINGS_, p->ps);
	AUX(AT_USRSTACKBASE_, task->stack_top);
	AUX(AT_USRSTACKLIM_, task->stack_size);
	AUX(AT_NULL_, 0);
#undef AUX
	return n;
}

static void
make_canary(uint8_t out[CANARY_BYTES], uint64_t seed)
{
	if (!seed && getrandom(out, CANARY_BYTES, 0) == CANARY_BYTES)
		return;
	for (unsigned i = 0; i < CANARY_BYTES; i++) {
		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		out[i] = (uint8_t)(seed >> 56);
	}
}

/* Vectors: argc, argv, NULL, envp, NULL, auxv; 16-byte aligned, so rdi is. */
static uint64_t
put_vectors(struct stack *st, struct task *task, const struct start_info *s, struct placed *p, uint64_t strings)
{
	uint64_t aux[32][2], base;
	uint64_t words = 1 + p->argc + 1 + p->envc + 1;
	uint64_t *v = calloc(words, 8);
	unsigned naux;

	if (!v) {
		st->err = -ENOMEM;
		return 0;
	}
	naux = fill_auxv(aux, task, s, p);
	base = (st->sp - words * 8 - naux * 16ull) & ~15ull;
	p->argv = base + 8;
	p->envp = base + 8 * (2ull + p->argc);
	naux = fill_auxv(aux, task, s, p);
	v[0] = p->argc;
	strings = put_strings(st, s->argv, strings, v + 1);
	put_strings(st, s->envp, strings, v + 2 + p->argc);
	if (gm_write(base, v, words * 8) || gm_write(base + words * 8, aux, naux * 16ull))
		st->err = -ENOMEM;
	task->auxv_addr = base + words * 8;
	task->auxv_len = naux * 16ull;
	free(v);
	return base;
}

static int
build(struct thread *t, const struct start_info *s, uint64_t *ret_base, struct diag *d)
{
	struct task *task = t->task;
	struct stack st = {.sp = task->stack_top};
	struct placed p = {.argc = count(s->argv), .envc = count(s->envp)};
	uint64_t sizes[2] = {GM_PAGE, 2ull << 20}, bytes = strings_size(s->argv) + strings_size(s->envp), strings;
	uint8_t canary[CANARY_BYTES];
	struct ps_strings ps = {.nargv = p.argc, .nenv = p.envc};

	if (bytes > ARG_MAX_BYTES * 4)
		return diag_fail(d, -E2BIG, "arguments and environment take %llu bytes, more than a guest can have",
		                 (unsigned long long)bytes);
	make_canary(canary, s->seed);
	p.ps = push(&st, &ps, sizeof(ps), 8);
	p.execpath = push(&st, s->exec_path, strlen(s->exec_path) + 1, 8);
	p.canary = push(&st, canary, sizeof(canary), 8);
	p.pagesizes = push(&st, sizes, sizeof(sizes), 8);
	st.sp = (st.sp - bytes) & ~7ull;
	strings = st.sp;
	*ret_base = put_vectors(&st, task, s, &p, strings);
	ps.argv = p.argv;
	ps.envp = p.envp;
	if (gm_write(p.ps, &ps, sizeof(ps)) || st.err)
		return diag_fail(d, -ENOMEM, "cannot write the initial stack");
	task->ps_strings = p.ps;
	return 0;
}

int
fbsd_start(struct thread *t, const struct start_info *s, struct diag *d)
{
	struct cpu_x64 *c = t->cpu;
	struct task *task = t->task;
	const struct fbsd_exec_head *head = s->blob;
	uint64_t random = s->seed, base;

	if (!s->no_aslr && !random && getrandom(&random, sizeof(random), 0) != sizeof(random))
		random = 0;
	fbsd_task(t)->osrel = s->osreldate;
	if (!task->osreldate) /* --osreldate */
		task->osreldate = s->osreldate > OSRELDATE_MIN ? s->osreldate : OSRELDATE_MIN;
	if (map_stack(task, s->no_aslr ? 0 : random, d) || map_sigcode(task, d) || build(t, s, &base, d))
		return d->code;
	c->rip = s->entry;
	c->rdi = base;
	c->rsp = ((base - 8) & ~15ull) + 8;
	c->rflags = 0x202;
	c->exact = 1;
	if (s->blob_len >= sizeof(*head)) {
		fbsd_task(t)->pdeathsig = (uint8_t)head->pdeathsig;
		fbsd_signal_start(t, head + 1, s->blob_len - (uint32_t)sizeof(*head));
		fbsd_kq_restore(t, head->kq_fd);
		fbsd_pd_restore(t, &head->pd);
		fbsd_procctl_after_exec(t);
	} else {
		fbsd_signal_start(t, NULL, 0);
	}
	return 0;
}
