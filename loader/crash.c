/* What a person is told when a guest dies of a fault, or when we do of a bug. */
#include "abi/core/cpu_a64.h"
#include "loader/crash.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/core/sets.h"
#include "loader/crash_impl.h"
#include "loader/engine.h"
#include "loader/image.h"
#include "loader/map.h"
#include "loader/native.h"

#define CODE_BEFORE 16
#define CODE_AFTER  16
#define NEAR        65536 /* how far from the stack pointer a function's variables may be */

typedef unsigned long long ull;

struct crash_program crash_program;

static void
send(const struct crash_text *o)
{
	diag_write(o->buf, o->pos);
}

static void
registers(const struct cpu_x64 *c, struct crash_text *o)
{
	const struct {
		const char *name;
		uint64_t v;
	} r[] = {{"rax", c->rax}, {"rbx", c->rbx}, {"rcx", c->rcx}, {"rdx", c->rdx}, {"rsi", c->rsi},    {"rdi", c->rdi},
	         {"rbp", c->rbp}, {"rsp", c->rsp}, {"r8", c->r8},   {"r9", c->r9},   {"r10", c->r10},    {"r11", c->r11},
	         {"r12", c->r12}, {"r13", c->r13}, {"r14", c->r14}, {"r15", c->r15}, {"rip", c->rip},    {"flags", c->rflags},
	         {"fs", c->fsbase}, {"gs", c->owns_gs ? c->gsbase : 0}};

	for (unsigned i = 0; i < sizeof(r) / sizeof(r[0]); i++)
		crash_add(o, "  %5s %016llx%s", r[i].name, (ull)r[i].v, i % 4 == 3 ? "\n" : "");
}

static void
mapping(struct gm *gm, const char *what, uint64_t addr, struct crash_text *o)
{
	struct vma v;

	crash_add(o, "  %s 0x%llx is ", what, (ull)addr);
	if (!gm_find(gm, addr, &v)) {
		crash_add(o, "above every mapping\n");
	} else if (v.start > addr) {
		crash_add(o, "not mapped; the next mapping begins at 0x%llx\n", (ull)v.start);
	} else {
		crash_add(o, "in 0x%llx-0x%llx %c%c%c %s", (ull)v.start, (ull)v.end, v.prot & PROT_READ ? 'r' : '-',
		          v.prot & PROT_WRITE ? 'w' : '-', v.prot & PROT_EXEC ? 'x' : '-',
		          v.kind == GM_STACK ? "the stack" : v.kind == GM_GUARD ? "reserved, without access" : "");
		if (v.name)
			str_add_safe(o->buf, CRASH_TEXT, &o->pos, v.name);
		else if (v.kind == GM_ANON)
			crash_add(o, "anonymous");
		crash_add(o, "\n");
	}
}

static void
code(uint64_t rip, struct crash_text *o)
{
	uint8_t b;

	if (gm_read(&b, rip, 1))
		return;
	crash_add(o, "  code:");
	for (int i = -CODE_BEFORE; i < CODE_AFTER; i++)
		if (gm_read(&b, rip + (uint64_t)(int64_t)i, 1) == 0)
			crash_add(o, i ? " %02x" : " <%02x>", b);
	crash_add(o, "\n");
}

static void
place(struct gm *gm, const struct image_symbols *names, uint64_t addr, bool caller, struct crash_text *o)
{
	const struct crash_program *p = &crash_program;
	bool inside = addr >= p->low && addr < p->high;
	uint64_t off;
	/* A return address may be the first byte of the next function. */
	const char *name = names && inside ? image_symbol(names, addr - p->bias - caller, &off) : NULL;
	struct vma v;

	crash_add(o, "0x%llx", (ull)addr);
	if (name) {
		crash_add(o, " ");
		str_add_safe(o->buf, CRASH_TEXT, &o->pos, name);
		crash_add(o, "+0x%llx", (ull)(off + caller));
	} else if (inside) {
		const char *base = strrchr(p->path, '/');

		crash_add(o, " ");
		str_add_safe(o->buf, CRASH_TEXT, &o->pos, base ? base + 1 : p->path);
		crash_add(o, "+0x%llx", (ull)(addr - p->bias));
	} else if (gm_find(gm, addr, &v) && v.start <= addr && v.name) {
		crash_add(o, " ");
		str_add_safe(o->buf, CRASH_TEXT, &o->pos, v.name);
		crash_add(o, "+0x%llx", (ull)(addr - v.start + v.offset));
	}
}

void
crash_guest_state(struct thread *t, struct crash_text *o)
{
	struct image_symbols *names = image_symbols_open(crash_program.path);
	uint64_t ip[CRASH_FRAMES];
	unsigned n = t->cpu ? crash_unwind(t->task->gm, t->cpu, ip) : crash_a64_unwind(t->a64, ip);

	if (t->cpu) {
		registers(t->cpu, o);
		mapping(t->task->gm, "rip", t->cpu->rip, o);
		mapping(t->task->gm, "rsp", t->cpu->rsp, o);
		code(t->cpu->rip, o);
	} else {
		crash_a64_registers(t->a64, o);
		mapping(t->task->gm, "pc", t->a64->pc, o);
		mapping(t->task->gm, "sp", t->a64->x[A64_SP], o);
		crash_a64_code(t->a64->pc, o);
	}
	crash_add(o, "  guest call chain:\n");
	for (unsigned i = 0; i < n; i++) {
		unsigned same = 0;

		crash_add(o, "    #%u ", i);
		place(t->task->gm, names, ip[i], i > 0, o);
		crash_add(o, "\n");
		while (i + 1 < n && ip[i + 1] == ip[i])
			i++, same++;
		if (same)
			crash_add(o, "    ... the same %u more times\n", same);
	}
	if (n == CRASH_FRAMES)
		crash_add(o, "    ... more\n");
	image_symbols_close(names);
}

/* At the stack pointer, and the stack goes no further down than here. */
static bool
below_stack(const struct thread *t, uint64_t addr)
{
	uint64_t sp = t->cpu ? t->cpu->rsp : t->a64->x[A64_SP];
	struct vma v;
	uint8_t b;

	if (addr - (sp - NEAR) > 2 * NEAR || gm_read(&b, addr, 1) == 0)
		return false;
	return gm_find(t->task->gm, GM_PAGE_UP(addr + 1), &v) && v.start - addr <= NEAR + GM_PAGE &&
	       v.prot & PROT_WRITE;
}

/* By the hardware's vector and error code: every system makes its own signals of them. */
static void
cause(const struct thread *t, const struct guest_fault *f, uint64_t addr, struct crash_text *o)
{
	static const char *const text[] = {[0] = "division by zero or overflow in a division",
	                                   [1] = "single step",
	                                   [3] = "breakpoint instruction",
	                                   [4] = "overflow trap",
	                                   [5] = "bound range exceeded",
	                                   [6] = "undefined instruction",
	                                   [12] = "stack segment fault (a non-canonical address)",
	                                   [13] = "general protection (a non-canonical address or a privileged instruction)",
	                                   [16] = "x87 floating-point exception",
	                                   [17] = "misaligned access",
	                                   [19] = "SIMD floating-point exception"};

	if (f->signo == SIGILL && !f->trapno)
		crash_add(o, "undefined instruction");
	else if (f->signo == SIGTRAP && !f->trapno)
		crash_add(o, "breakpoint instruction");
	else if (f->code == BUS_ADRALN && f->signo == SIGBUS && !f->trapno)
		crash_add(o, "jump to 0x%llx, which is not aligned", (ull)addr);
	else if (f->signo == SIGSEGV && !f->trapno)
		crash_add(o, "jump to 0x%llx, which %s", (ull)addr, f->code == SEGV_ACCERR ? "does not allow it" : "is not mapped");
	else if (f->trapno == 14 && f->signo == SIGBUS)
		crash_add(o, "access beyond the end of the mapped file at 0x%llx", (ull)addr);
	else if (f->trapno == 14)
		crash_add(o, "%s 0x%llx, which %s%s", f->err & 16 ? "jump to" : f->err & 2 ? "write to" : "read from",
		          (ull)addr, f->code == SEGV_ACCERR ? "does not allow it" : "is not mapped",
		          below_stack(t, addr) ? " (stack overflow)" : "");
	else if (f->trapno < sizeof(text) / sizeof(text[0]) && text[f->trapno])
		crash_add(o, "%s", text[f->trapno]);
	else
		crash_add(o, "trap %llu, error code 0x%llx", (ull)f->trapno, (ull)f->err);
}

void
crash_report(struct thread *t, int guest_signo, uint64_t addr, const char *why)
{
	const struct signal_map *m = t->task->pers->signals;
	struct crash_text *o, room = {.pos = 0};
	struct guest_fault f = {0};

	o = &room;
	crash_add(o, "dragoman: ");
	str_add_safe(o->buf, CRASH_TEXT, &o->pos, t->task->exec_path);
	crash_add(o, ": thread %d of process %d dies of %s: ", t->tid, t->task->pid,
	          (uint32_t)guest_signo < m->n && m->name[guest_signo] ? m->name[guest_signo] : "a signal");
	if (why)
		crash_add(o, "%s", why);
	else if (native_last_fault(t, &f))
		cause(t, &f, addr, o);
	crash_add(o, "\n");
	if (!why && f.trapno == 14)
		mapping(t->task->gm, "address", addr, o);
	crash_guest_state(t, o);
	send(o);
}

/* The thread block is found by GS, which is ours in every thread that runs guests. */
static void
report_bug(void)
{
	struct crash_text o = {.pos = 0};
	uint64_t gs;

	__asm__ volatile("rdgsbase %0" : "=r"(gs));
	crash_host_state(native_bug_context, &o);
	send(&o);
	o.pos = 0;
	if (gs && ((struct nthread *)gs)->self == (void *)gs) {
		struct thread *t = ((struct nthread *)gs)->t;

		crash_add(&o, "  guest thread %d of process %d, last left at:\n", t->tid, t->task->pid);
		crash_guest_state(t, &o);
		send(&o);
	}
}

void
crash_setup(const char *path, const struct mapped *m, uint64_t phnum)
{
	snprintf(crash_program.path, sizeof(crash_program.path), "%s", path);
	crash_program.bias = m->bias;
	crash_program.low = m->low;
	crash_program.high = m->high;
	crash_program.phdr = m->phdr;
	crash_program.phnum = phnum;
	bug_hook = report_bug;
}
