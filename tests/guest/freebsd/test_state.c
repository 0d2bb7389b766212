/*
 * What a call leaves alone: vectors, masks, x87, control words, direction flag, red zone, and a stack pointer of any value.
 * Source: the kernel saves and restores the whole user state around a call (sys/amd64/amd64/exception.S, by what is seen).
 */
#include "../kit/fbsd.h"
#include "../kit/kit.h"

enum { SSE, AVX, AVX512 };

struct state {
	uint8_t vec[32 * 64];
	uint64_t mask[8];
	double x87[8];
	uint32_t mxcsr;
	uint16_t cw, pad;
};
_Static_assert(offsetof(struct state, mask) == 2048 && offsetof(struct state, x87) == 2112, "the assembly knows the layout");
_Static_assert(offsetof(struct state, mxcsr) == 2176 && offsetof(struct state, cw) == 2180, "the assembly knows the layout");

/*
 * Load @in, make call @nr with arguments (0, 0, 1), store what there is afterwards.  The five bytes of the last mov make the
 * site one that can be patched.  @how picks the vectors.
 */
void state_call(long nr, const struct state *in, struct state *out, int how);
__asm__(".text\n"
        "state_call:\n"
        "push %rbx\n push %rbp\n push %r12\n push %r13\n"
        "mov %rdi, %r12\n mov %rsi, %rbx\n mov %rdx, %rbp\n mov %ecx, %r13d\n"
        "fninit\n fldcw 2180(%rbx)\n ldmxcsr 2176(%rbx)\n"
        ".irp i, 0,1,2,3,4,5,6,7\n fldl 2112+\\i*8(%rbx)\n .endr\n"
        "cmp $1, %r13d\n je 1f\n ja 2f\n"
        ".irp i, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n movups \\i*64(%rbx), %xmm\\i\n .endr\n jmp 3f\n"
        "1:\n .irp i, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n vmovups \\i*64(%rbx), %ymm\\i\n .endr\n jmp 3f\n"
        "2:\n .irp i, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
        "vmovups \\i*64(%rbx), %zmm\\i\n .endr\n"
        ".irp i, 0,1,2,3,4,5,6,7\n kmovq 2048+\\i*8(%rbx), %k\\i\n .endr\n"
        "3: mov %r12, %rax\n xor %edi, %edi\n xor %esi, %esi\n mov $1, %edx\n syscall\n"
        "cmp $1, %r13d\n je 4f\n ja 5f\n"
        ".irp i, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n movups %xmm\\i, \\i*64(%rbp)\n .endr\n jmp 6f\n"
        "4:\n .irp i, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n vmovups %ymm\\i, \\i*64(%rbp)\n .endr\n vzeroupper\n jmp 6f\n"
        "5:\n .irp i, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
        "vmovups %zmm\\i, \\i*64(%rbp)\n .endr\n"
        ".irp i, 0,1,2,3,4,5,6,7\n kmovq %k\\i, 2048+\\i*8(%rbp)\n .endr\n vzeroupper\n"
        "6: .irp i, 7,6,5,4,3,2,1,0\n fstpl 2112+\\i*8(%rbp)\n .endr\n"
        "stmxcsr 2176(%rbp)\n fnstcw 2180(%rbp)\n fninit\n"
        "pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n ret\n");

static void
cpuid(uint32_t leaf, uint32_t r[4])
{
	__asm__ volatile("cpuid" : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3]) : "a"(leaf), "c"(0));
}

/* The widest vectors that processor and system offer. */
static int
widest(void)
{
	uint32_t r[4], lo, hi;

	cpuid(1, r);
	if (!(r[2] >> 27 & 1))
		return SSE;
	__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	if (!(r[2] >> 28 & 1) || (lo & 6) != 6)
		return SSE;
	cpuid(7, r);
	return (lo & 0xe6) == 0xe6 && r[1] >> 16 & 1 && r[1] >> 30 & 1 ? AVX512 : AVX; /* F and BW */
}

static const uint16_t calls[] = {
    SYS_getpid,  /* from memory */
    SYS_getppid, /* a host call */
    SYS_poll,    /* blocks 1 ms */
    SYS_read,    /* end of file of /dev/null */
    SYS_mmap,    /* length 0 */
    470,         /* absent */
};
#define NCALLS (sizeof(calls) / sizeof(calls[0]))

static void
fill(struct state *s, unsigned seed)
{
	uint8_t *p = s->vec;

	for (unsigned i = 0; i < sizeof(s->vec) + sizeof(s->mask); i++)
		p[i] = (uint8_t)(seed = seed * 1103515245u + 12345u, seed >> 16);
	for (unsigned i = 0; i < 8; i++)
		s->x87[i] = (double)(i + 1) * 0.5;
	s->mxcsr = 0x7fa0 | 0x1f; /* towards zero, every exception masked and raised before */
	s->cw = 0x27f;            /* double precision: the libraries of the host use extended */
	s->pad = 0;
}

static bool
same_vectors(const struct state *a, const struct state *b, int how)
{
	unsigned n = how == AVX512 ? 32 : 16, width = 16u << how;

	for (unsigned i = 0; i < n; i++)
		if (memcmp(a->vec + i * 64, b->vec + i * 64, width))
			return false;
	return how != AVX512 || !memcmp(a->mask, b->mask, sizeof(a->mask));
}

static void
vectors_survive(int how)
{
	static struct state in, out;

	for (unsigned c = 0; c < NCALLS; c++) {
		for (unsigned i = 0; i < 4; i++) { /* trapped, trapped, patched, patched */
			fill(&in, c * 16 + i);
			memset(&out, 0, sizeof(out));
			state_call(calls[c], &in, &out, how);
			CHECK(same_vectors(&in, &out, how));
			CHECK(!memcmp(in.x87, out.x87, sizeof(in.x87)));
			CHECK_EQ(out.mxcsr, in.mxcsr);
			CHECK_EQ(out.cw, in.cw);
		}
	}
}

static void
sse_x87_and_control_words_survive(void)
{
	vectors_survive(SSE);
}

static void
avx_survives(void)
{
	if (widest() >= AVX)
		vectors_survive(AVX);
}

static void
avx512_and_masks_survive(void)
{
	if (widest() >= AVX512)
		vectors_survive(AVX512);
}

/* @flags before a call of @nr; what they are behind it. */
static uint64_t
flags_behind(long nr, uint64_t flags)
{
	__asm__ volatile("lea -256(%%rsp), %%rsp\n\tpush %0\n\tmov $1, %%edx\n\tpopfq\n\tmov $1, %%edx\n\tsyscall\n\t"
	                 "pushfq\n\tpop %0\n\tpush $2\n\tpopfq\n\tlea 256(%%rsp), %%rsp"
	                 : "+r"(flags), "+a"(nr)
	                 : "D"(0), "S"(0)
	                 : "rcx", "r11", "rdx", "cc", "memory");
	return flags;
}

static void
direction_flag_survives(void)
{
	for (unsigned c = 0; c < NCALLS; c++)
		for (unsigned i = 0; i < 4; i++)
			CHECK_EQ(flags_behind(calls[c], 0x402) & 0x400, 0x400);
}

static void
alignment_check_survives(void)
{
	for (unsigned c = 0; c < NCALLS; c++)
		for (unsigned i = 0; i < 4; i++)
			CHECK_EQ(flags_behind(calls[c], 0x40002) & 0x40000, 0x40000);
}

static void
carry_alone_tells_the_result(void)
{
	for (unsigned i = 0; i < 4; i++) {
		CHECK_EQ(flags_behind(SYS_getpid, 0x8d7) & 0x8d5, 0x8d4); /* cleared */
		CHECK_EQ(flags_behind(470, 2) & 0x8d5, 1);                /* set */
	}
}

static void
red_zone_survives_each_lane(void)
{
	for (unsigned c = 0; c < NCALLS; c++) {
		for (unsigned i = 0; i < 4; i++) {
			uint64_t a, b, nr = calls[c];

			__asm__ volatile("movq $0x1234, -8(%%rsp)\n\tmovq $0x5678, -128(%%rsp)\n\tmov $1, %%edx\n\tsyscall\n\t"
			                 "mov -8(%%rsp), %0\n\tmov -128(%%rsp), %1"
			                 : "=&r"(a), "=&r"(b), "+a"(nr)
			                 : "D"(0), "S"(0)
			                 : "rdx", "rcx", "r11", "cc", "memory");
			CHECK_EQ(a, 0x1234);
			CHECK_EQ(b, 0x5678);
		}
	}
}

/* The kernel never touches the user's stack for a call: rsp may be a counter. */
static void
stack_pointer_may_be_anything(void)
{
	static const uint64_t values[] = {0, 8, 0x1234567, 0x7fffffffffffull, ~0ull};

	for (unsigned c = 0; c < NCALLS; c++) {
		for (unsigned i = 0; i < 4 * sizeof(values) / sizeof(values[0]); i++) {
			uint64_t rsp = values[i / 4], nr = calls[c], want = rsp, back;

			__asm__ volatile("mov %%rsp, %%r12\n\tmov %3, %%rsp\n\tmov $1, %%edx\n\tsyscall\n\t"
			                 "mov %%rsp, %0\n\tmov %%r12, %%rsp"
			                 : "=&r"(back), "+a"(nr)
			                 : "D"(0), "r"(rsp), "S"(0)
			                 : "rdx", "rcx", "r11", "r12", "cc", "memory");
			CHECK_EQ(back, want);
		}
	}
}

const struct test tests[] = {
    {"sse_x87_and_control_words_survive", sse_x87_and_control_words_survive},
    {"avx_survives", avx_survives},
    {"avx512_and_masks_survive", avx512_and_masks_survive},
    {"direction_flag_survives", direction_flag_survives},
    {"alignment_check_survives", alignment_check_survives},
    {"carry_alone_tells_the_result", carry_alone_tells_the_result},
    {"red_zone_survives_each_lane", red_zone_survives_each_lane},
    {"stack_pointer_may_be_anything", stack_pointer_may_be_anything},
    {0},
};
