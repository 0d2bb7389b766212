/*
 * Call sites made for tests of patching: functions around a syscall instruction in each shape, and a way in that shows every
 * register before and after.
 */
#pragma once

#include "stress.h"

#define BYTES 8192u
#define SITES 200u

/* What stands before the syscall instruction, so how it can be patched: design abi.md 1.3. */
enum shape { P1_IMM32, P1_IMM64, P1_STACK, P1_RIP, P2, P2_FOUR, P3, SHAPES };

/* Calls that leave nothing behind; either of a pair may be found where code is written anew. */
enum what { IDENT, BAD_FD, BAD_HOW, THREAD, WRITE, BAD_SIGNAL, WHATS };
static const uint16_t numbers[WHATS][2] = {{SYS_getpid, SYS_getppid},         {SYS_close, SYS_lseek},
                                           {SYS_sigprocmask, SYS_sigprocmask}, {SYS_thr_self, SYS_thr_self},
                                           {SYS_write, SYS_write},             {SYS_sigaction, SYS_sigaction}};

/* Registers around a call: stress_enter loads all but fn, and stores all. */
struct regs {
	uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r12, r13, r14, r15, carry, fn, nr;
	uint8_t vec[64];
};
void stress_enter(struct regs *r);
__asm__("stress_enter:\n\t"
        "push %rbx\n\tpush %rbp\n\tpush %r12\n\tpush %r13\n\tpush %r14\n\tpush %r15\n\t"
        "push %rdi\n\tpushq 128(%rdi)\n\tmov %rdi, %r11\n\t"
        "vmovdqu 136(%r11), %ymm3\n\tvmovdqu 168(%r11), %ymm12\n\t"
        "mov (%r11), %rax\n\tmov 8(%r11), %rbx\n\tmov 16(%r11), %rcx\n\tmov 24(%r11), %rdx\n\tmov 32(%r11), %rsi\n\t"
        "mov 40(%r11), %rdi\n\tmov 48(%r11), %rbp\n\tmov 56(%r11), %r8\n\tmov 64(%r11), %r9\n\tmov 72(%r11), %r10\n\t"
        "mov 80(%r11), %r12\n\tmov 88(%r11), %r13\n\tmov 96(%r11), %r14\n\tmov 104(%r11), %r15\n\t"
        "call *120(%r11)\n\t"
        "push %r11\n\tmov 16(%rsp), %r11\n\t"
        "mov %rax, (%r11)\n\tmov %rbx, 8(%r11)\n\tmov %rcx, 16(%r11)\n\tmov %rdx, 24(%r11)\n\tmov %rsi, 32(%r11)\n\t"
        "mov %rdi, 40(%r11)\n\tmov %rbp, 48(%r11)\n\tmov %r8, 56(%r11)\n\tmov %r9, 64(%r11)\n\tmov %r10, 72(%r11)\n\t"
        "mov %r12, 80(%r11)\n\tmov %r13, 88(%r11)\n\tmov %r14, 96(%r11)\n\tmov %r15, 104(%r11)\n\tpopq 112(%r11)\n\t"
        "vmovdqu %ymm3, 136(%r11)\n\tvmovdqu %ymm12, 168(%r11)\n\t"
        "pop %rax\n\tpop %rax\n\tpop %r15\n\tpop %r14\n\tpop %r13\n\tpop %r12\n\tpop %rbp\n\tpop %rbx\n\tret");

/* Nothing but the site, @n times. */
void stress_again(const void *fn, uint64_t n, uint64_t nr);
__asm__("stress_again:\n\t"
        "push %rbx\n\tpush %rbp\n\tpush %rdx\n\tmov %rdi, %rbx\n\tmov %rsi, %rbp\n\txor %edi, %edi\n\txor %esi, %esi\n"
        "1:\n\tcall *%rbx\n\tdec %rbp\n\tjnz 1b\n\tpop %rdx\n\tpop %rbp\n\tpop %rbx\n\tret");

struct site {
	uint32_t at, syscall; /* offsets of the function and of its syscall instruction */
	enum what what;
	enum shape shape;
};
static struct site sites[SITES];
static uint32_t nsites;
static uint8_t code[2][BYTES], boundary[BYTES]; /* boundary: where instructions begin */
static uint32_t shapes_from, shapes;             /* which are wanted */

static inline void
put(uint8_t **p, const void *bytes, uint32_t n)
{
	memcpy(*p, bytes, n);
	*p += n;
}

static inline void
put_nr(uint8_t **p, const char *op, uint32_t n, uint32_t nr)
{
	put(p, op, n);
	put(p, &nr, 4);
}

/* One function at @p; the number of its call in both forms of the code.  Returns where the syscall stands. */
static inline uint32_t
build_one(uint8_t *base, uint32_t at, enum shape shape, uint32_t nr)
{
	uint8_t *p = base + at;
	uint32_t site;

	boundary[at] = 1;
	switch (shape) {
	case P1_IMM32:
		put_nr(&p, "\xb8", 1, nr); /* mov $nr, %eax */
		break;
	case P1_IMM64:
		put_nr(&p, "\x48\xc7\xc0", 3, nr); /* mov $nr, %rax */
		break;
	case P1_STACK:
		put(&p, "\x48\x8b\x44\x24\x08", 5); /* mov 8(%rsp), %rax */
		break;
	case P1_RIP: {
		uint32_t disp = 16 - 6;

		memcpy(p + 16, &nr, 4);
		put(&p, "\x8b\x05", 2); /* mov nr(%rip), %eax */
		put(&p, &disp, 4);
		break;
	}
	case P2:
		put_nr(&p, "\xb8", 1, nr);
		boundary[p - base] = 1;
		put(&p, "\x49\x89\xca", 3); /* mov %rcx, %r10 */
		break;
	case P2_FOUR:
		put_nr(&p, "\xb8", 1, nr);
		boundary[p - base] = 1;
		put(&p, "\x48\x83\xc7\x00", 4); /* add $0, %rdi */
		break;
	default:
		put_nr(&p, "\xb8", 1, nr);
		boundary[p - base] = 1;
		put(&p, "\x89\xc0", 2); /* mov %eax, %eax */
	}
	site = (uint32_t)(p - base);
	boundary[site] = boundary[site + 2] = boundary[site + 6] = 1;
	put(&p, "\x0f\x05\x41\x0f\x92\xc3\xc3", 7); /* syscall; setc %r11b; ret */
	return site;
}

/* Functions side by side with int3 between them; one has its first instruction across the two pages. */
static inline void
build(uint64_t *state)
{
	uint32_t at = 32;

	memset(code[0], 0xcc, BYTES);
	memset(code[1], 0xcc, BYTES);
	memset(boundary, 0, BYTES);
	for (nsites = 0; nsites < SITES && at + 64 < BYTES; nsites++, at += 32) {
		struct site *s = &sites[nsites];

		s->what = nsites ? random_next(state) % WHATS : IDENT;
		s->shape = shapes_from + random_next(state) % shapes;
		s->at = at;
		if (at == 4096 - 32) {
			s->at = 4096 - 16;
			for (int i = 0; i < 13; i++) {
				code[0][s->at + i] = code[1][s->at + i] = 0x90;
				boundary[s->at + i] = 1;
			}
			s->shape = P1_IMM32;
			build_one(code[1], s->at + 13, s->shape, numbers[s->what][1]);
			s->syscall = build_one(code[0], s->at + 13, s->shape, numbers[s->what][0]);
			at += 32;
			continue;
		}
		build_one(code[1], at, s->shape, numbers[s->what][1]);
		s->syscall = build_one(code[0], at, s->shape, numbers[s->what][0]);
	}
}
