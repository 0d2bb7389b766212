/*
 * The first thread's stack and registers.
 * Source: Linux fs/binfmt_elf.c (order of the auxiliary vector), getauxval(3), AAPCS64 (stack alignment).
 */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "abi/core/cpu_a64.h"
#include "abi/linux/signal.h"
#include "dbt/a64/cpu_id.h"

#define STACK_TOP    0x4fffffff0000ull
#define STACK_MAX    (512ull << 20)
#define STACK_LEAST  (8ull << 20)
#define RANDOM_BYTES 16
#define CLOCK_TICKS  100
#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif

struct stack {
	uint64_t sp;
	int err;
};

static uint64_t
push(struct stack *s, const void *bytes, uint64_t n)
{
	s->sp -= n;
	if (gm_write(s->sp, bytes, n))
		s->err = -ENOMEM;
	return s->sp;
}

static uint64_t
count(char **v)
{
	uint64_t n = 0;

	while (v[n])
		n++;
	return n;
}

/* Strings as the kernel leaves them: the last lies highest. */
static void
push_strings(struct stack *s, char **v, uint64_t n, uint64_t *ret)
{
	ret[n] = 0;
	while (n-- > 0)
		ret[n] = push(s, v[n], strlen(v[n]) + 1);
}

static uint64_t
stack_limit(const struct task *task)
{
	uint64_t want = task->stack_rlim_cur;

	if (want < STACK_LEAST)
		return STACK_LEAST;
	return want > STACK_MAX ? STACK_MAX : GM_PAGE_UP(want);
}

static int
map_stack(struct task *task, uint64_t random, struct diag *d)
{
	struct gm_map_req q = {.prot = PROT_READ | PROT_WRITE,
	                       .host_flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
	                       .fd = -1,
	                       .how = GM_FIXED,
	                       .kind = GM_STACK,
	                       .name = "[stack]"};
	struct gm_map_req guard = q;
	long at;

	task->stack_size = stack_limit(task);
	task->stack_top = STACK_TOP - (random % 0x10000) * GM_PAGE;
	q.addr = task->stack_top - task->stack_size;
	q.len = task->stack_size;
	guard.addr = q.addr - GM_PAGE;
	guard.len = GM_PAGE;
	guard.prot = PROT_NONE;
	guard.kind = GM_GUARD;
	guard.name = NULL;
	at = gm_map(task->gm, &q);
	if (at >= 0)
		at = gm_map(task->gm, &guard);
	if (at < 0)
		return diag_fail(d, (int)at, "no room for a stack of 0x%llx bytes", (unsigned long long)q.len);
	return 0;
}

struct placed {
	uint64_t execfn, platform, random;
};

static unsigned
fill_auxv(uint64_t (*a)[2], const struct start_info *s, const struct placed *p)
{
	unsigned n = 0;
#define AUX(type, value) (a[n][0] = (type), a[n][1] = (uint64_t)(value), n++)
	AUX(AT_HWCAP, a64_hwcap);
	AUX(AT_PAGESZ, GM_PAGE);
	AUX(AT_CLKTCK, CLOCK_TICKS);
	AUX(AT_PHDR, s->phdr);
	AUX(AT_PHENT, s->phent);
	AUX(AT_PHNUM, s->phnum);
	AUX(AT_BASE, s->base);
	AUX(AT_FLAGS, 0);
	AUX(AT_ENTRY, s->prog_entry);
	AUX(AT_UID, getuid());
	AUX(AT_EUID, geteuid());
	AUX(AT_GID, getgid());
	AUX(AT_EGID, getegid());
	AUX(AT_SECURE, 0);
	AUX(AT_MINSIGSTKSZ, 4720); /* a frame and its record */
	AUX(AT_RANDOM, p->random);
	AUX(AT_HWCAP2, a64_hwcap2);
	AUX(AT_EXECFN, p->execfn);
	AUX(AT_PLATFORM, p->platform);
	AUX(AT_NULL, 0);
#undef AUX
	return n;
}

static void
start_random(uint8_t out[RANDOM_BYTES], uint64_t seed)
{
	if (!seed && getrandom(out, RANDOM_BYTES, 0) == RANDOM_BYTES)
		return;
	for (unsigned i = 0; i < RANDOM_BYTES; i++) {
		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		out[i] = (uint8_t)(seed >> 56);
	}
}

/* argc, argv, NULL, envp, NULL, auxv. */
static int
build(struct task *task, const struct start_info *s, uint64_t *ret_sp)
{
	uint64_t argc = count(s->argv), envc = count(s->envp), words = 1 + argc + 1 + envc + 1, aux[24][2], *v = calloc(words, 8);
	struct stack st = {.sp = task->stack_top - 8};
	struct placed p;
	uint8_t random[RANDOM_BYTES];
	unsigned naux;

	if (!v)
		return -ENOMEM;
	v[0] = argc;
	p.execfn = push(&st, s->exec_path, strlen(s->exec_path) + 1);
	push_strings(&st, s->envp, envc, v + 2 + argc);
	push_strings(&st, s->argv, argc, v + 1);
	st.sp &= ~15ull;
	p.platform = push(&st, "aarch64", sizeof("aarch64"));
	start_random(random, s->seed);
	p.random = push(&st, random, sizeof(random));
	naux = fill_auxv(aux, s, &p);
	st.sp = ((st.sp - words * 8 - naux * 16ull) & ~15ull) + words * 8 + naux * 16ull;
	task->auxv_addr = push(&st, aux, naux * 16ull);
	task->auxv_len = naux * 16ull;
	*ret_sp = push(&st, v, words * 8);
	free(v);
	return st.err;
}

int
linux_start(struct thread *t, const struct start_info *s, struct diag *d)
{
	struct task *task = t->task;
	uint64_t random = s->seed, sp;

	if (!s->no_aslr && !random && getrandom(&random, sizeof(random), 0) != sizeof(random))
		random = 0;
	if (map_stack(task, s->no_aslr ? 0 : random, d))
		return d->code;
	if (linux_map_sigcode(task, d))
		return d->code;
	if (build(task, s, &sp))
		return diag_fail(d, -E2BIG, "arguments and environment do not fit the initial stack");
	t->a64->pc = s->entry;
	t->a64->x[A64_SP] = sp;
	return 0;
}
