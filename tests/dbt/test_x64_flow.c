/*
 * Labels, patches, the buffer's end, constants, and what the assembler says of its caller's errors.
 * Bytes are those that GNU as 2.40 gives.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/core/diag.h"
#include "dbt/x64/emit.h"

static uint8_t code[4096] __attribute__((aligned(64)));

static struct x64_buf
fresh(void)
{
	struct x64_buf b;

	memset(code, 0xcc, sizeof(code));
	x64_buf_init(&b, code, sizeof(code), 0);
	return b;
}

static void
bytes_are(const struct x64_buf *b, const char *want, size_t n)
{
	assert_int_equal(b->p - b->start, n);
	assert_memory_equal(b->start, want, n);
}
#define BYTES_ARE(b, text) bytes_are(&(b), text, sizeof(text) - 1)

static void
jumps_ahead_are_filled_when_the_label_is_bound(void **state)
{
	struct x64_buf b = fresh();
	struct x64_label l = {0};

	(void)state;
	x64_jcc(&b, X64_CC_E, &l);
	x64_jmp_near(&b, &l);
	x64_jcc_near(&b, X64_CC_G, &l);
	x64_jrcxz(&b, &l);
	x64_jmp(&b, &l);
	x64_bind(&b, &l);
	BYTES_ARE(b, "\x74\x0f" "\xe9\x0a\0\0\0" "\x0f\x8f\x04\0\0\0" "\xe3\x02" "\xeb\x00");
}

static void
jumps_back_take_the_short_form_where_it_reaches(void **state)
{
	struct x64_buf b = fresh();
	struct x64_label l = {0};

	(void)state;
	x64_bind(&b, &l);
	x64_nops(&b, 126);
	x64_jmp(&b, &l); /* 128 back */
	assert_memory_equal(b.p - 2, "\xeb\x80", 2);
	x64_jmp(&b, &l);
	assert_memory_equal(b.p - 5, "\xe9\x7b\xff\xff\xff", 5);
	x64_jcc_near(&b, X64_CC_NE, &l);
	assert_memory_equal(b.p - 6, "\x0f\x85\x75\xff\xff\xff", 6);
}

static void
calls_reach_run_addresses_through_the_alias(void **state)
{
	struct x64_buf b;

	(void)state;
	x64_buf_init(&b, code, sizeof(code), 0x10000);
	assert_true(x64_here(&b) == (uint64_t)(uintptr_t)code + 0x10000);
	x64_call_to(&b, x64_here(&b) + 0x105);
	x64_jmp_to(&b, x64_here(&b));
	x64_jcc_to(&b, X64_CC_A, x64_here(&b) + 6);
	BYTES_ARE(b, "\xe8\0\1\0\0" "\xe9\xfb\xff\xff\xff" "\x0f\x87\0\0\0\0");
}

static void
rip_relative_operands_count_from_the_instructions_end(void **state)
{
	struct x64_buf b = fresh();
	uint64_t start = x64_here(&b);

	(void)state;
	x64_rm(&b, X64_lea | X64_64, X64_RAX, x64_at_rip(&b, start));        /* end at 7 */
	x64_mi(&b, X64_add, x64_at_rip(&b, start + 0x100), 1);               /* end at 14 */
	x64_mi(&b, X64_mov, x64_at_rip(&b, start), 0x11223344);              /* end at 24 */
	BYTES_ARE(b, "\x48\x8d\x05\xf9\xff\xff\xff" "\x83\x05\xf2\0\0\0\x01" "\xc7\x05\xe8\xff\xff\xff\x44\x33\x22\x11");
	assert_true(x64_reaches(&b, start + 0x7fffffff));
	assert_false(x64_reaches(&b, start + 0x80000000));
	assert_false(x64_reaches(&b, start - 0x80000000));
	assert_true(x64_reaches(&b, start - 0x70000000));
}

/* Memory is not at hand everywhere at once: eight aligned bytes are what x86 stores in one piece. */
static void
patchable_displacements_lie_within_eight_aligned_bytes(void **state)
{
	(void)state;
	for (unsigned at = 0; at < 16; at++) {
		for (int kind = 0; kind < 3; kind++) {
			struct x64_buf b = fresh();
			uint8_t *d;
			int32_t v;

			x64_nops(&b, at);
			d = kind == 0 ? x64_jmp_patchable(&b, x64_here(&b)) : kind == 1 ? x64_call_patchable(&b, x64_here(&b)) :
					x64_jcc_patchable(&b, X64_CC_E, x64_here(&b));
			assert_true(((uintptr_t)d & 7) <= 4);
			assert_ptr_equal(b.p, d + 4);
			assert_true(b.p - code <= at + 9);
			assert_int_equal(x64_patch(d, 0, (uint64_t)(uintptr_t)d + 4 + 0x1234), 0);
			memcpy(&v, d, 4);
			assert_int_equal(v, 0x1234);
			assert_int_equal(x64_patch(d, 0, (uint64_t)(uintptr_t)d + 0x100000000), -ERANGE);
			assert_memory_equal(d, &v, 4);
		}
	}
}

static void
comparisons_move_with_the_jump_that_they_fuse_with(void **state)
{
	(void)state;
	for (unsigned at = 0; at < 8; at++) {
		struct x64_buf b = fresh();
		uint8_t *from, *d;

		x64_nops(&b, at);
		from = b.p;
		x64_ri(&b, X64_cmp, X64_RDI, 100);
		d = x64_jcc_patchable_fused(&b, from, X64_CC_A, x64_here(&b));
		assert_true(((uintptr_t)d & 7) <= 4);
		assert_memory_equal(d - 5, "\x83\xff\x64\x0f\x87", 5);
		assert_true(d - 5 - from <= 3);
		assert_true(d - 5 == from || (from[0] == 0x90 || from[0] == 0x66 || from[0] == 0x0f));
	}
}

static void
a_full_buffer_reports_once_and_is_not_passed(void **state)
{
	long page = sysconf(_SC_PAGESIZE);
	uint8_t *m = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_ptr_not_equal(m, MAP_FAILED);
	assert_int_equal(mprotect(m + page, page, PROT_NONE), 0);
	for (unsigned from = 0; from < 64; from++) {
		struct x64_label l = {0}, unused = {0};
		struct x64_buf b;
		uint8_t *p;

		x64_buf_init(&b, m + page - 200 + from, 200 - from, 0);
		x64_jmp_near(&b, &l);
		while (!b.overflow)
			x64_mi(&b, X64_mov | X64_64 , x64_at_index(X64_R12, X64_R13, 3, 0x12345678), 0x12345678);
		p = b.p;
		assert_in_range((uintptr_t)p, (uintptr_t)m, (uintptr_t)m + page);
		x64_rr(&b, X64_add, X64_RAX, X64_RCX);
		x64_mov_imm(&b, X64_RAX, 1);
		x64_push_imm(&b, 1);
		x64_jmp(&b, &unused);
		x64_align(&b, 64);
		assert_null(x64_jmp_patchable(&b, x64_here(&b)));
		x64_bind(&b, &l);
		assert_ptr_equal(b.p, p);
		assert_true(b.overflow);
	}
	munmap(m, 2 * page);
}

static void
a_buffer_too_small_for_anything_takes_nothing(void **state)
{
	struct x64_buf b;

	(void)state;
	memset(code, 0xcc, sizeof(code));
	x64_buf_init(&b, code, X64_SLACK - 1, 0);
	x64_0(&b, X64_ret);
	assert_true(b.overflow);
	assert_int_equal(code[0], 0xcc);
	x64_buf_init(&b, code, X64_SLACK, 0);
	x64_0(&b, X64_ret);
	assert_false(b.overflow);
	assert_int_equal(code[0], 0xc3);
}

static void
constants_take_the_fewest_bytes(void **state)
{
	struct x64_buf b = fresh();

	(void)state;
	x64_mov_imm(&b, X64_RAX, 0);
	x64_mov_imm(&b, X64_R9, 0xffffffff);
	x64_mov_imm(&b, X64_RBX, ~0ull);
	x64_mov_imm(&b, X64_R15, 0x100000000);
	x64_push_imm(&b, -128);
	x64_push_imm(&b, 128);
	BYTES_ARE(b, "\xb8\0\0\0\0" "\x41\xb9\xff\xff\xff\xff" "\x48\xc7\xc3\xff\xff\xff\xff"
		     "\x49\xbf\0\0\0\0\1\0\0\0" "\x6a\x80" "\x68\x80\0\0\0");
}

static void
immediates_take_the_short_forms(void **state)
{
	struct x64_buf b = fresh();

	(void)state;
	x64_ri(&b, X64_add | X64_64, X64_RCX, -128);
	x64_ri(&b, X64_add | X64_64, X64_RAX, 128);
	x64_ri(&b, X64_cmp, X64_RDX, 0xffffffff);
	x64_ri(&b, X64_cmp | X64_8, X64_RSI, 0xff);
	x64_ri(&b, X64_test, X64_RAX, 1);
	x64_ri(&b, X64_shl | X64_64, X64_RDX, 1);
	x64_ri(&b, X64_shr, X64_RDX, 31);
	x64_rri(&b, X64_imul_i, X64_RAX, X64_RCX, 100);
	x64_rri(&b, X64_imul_i, X64_RAX, X64_RCX, 1000);
	BYTES_ARE(b, "\x48\x83\xc1\x80" "\x48\x05\x80\0\0\0" "\x83\xfa\xff" "\x40\x80\xfe\xff" "\xa9\1\0\0\0"
		     "\x48\xd1\xe2" "\xc1\xea\x1f" "\x6b\xc1\x64" "\x69\xc1\xe8\3\0\0");
}

/* With -mavx512vl -mavx512bw and so on; {evex} for the one that asks for it. */
static void
vectors_take_the_shortest_prefix(void **state)
{
	struct x64_buf b = fresh();

	(void)state;
	x64_vvv(&b, X64_vpxor, X64_V1, X64_V2, X64_V3);
	x64_vvv(&b, X64_vpxor, X64_V1, X64_V2, X64_V9);
	x64_vvv(&b, X64_vpxor, X64_V1, X64_V2, X64_V17);
	x64_vv(&b, X64_vmovdqa, X64_V1, X64_V9);
	x64_vm(&b, X64_vmovdqu, X64_V1, x64_at(X64_RBP, 0x100));
	x64_vm(&b, X64_vmovdqu | X64_EVEX, X64_V1, x64_at(X64_RBP, 0x100));
	x64_vvv(&b, X64_vaddpd | X64_512 | X64_RZ | X64_K(1) | X64_Z, X64_V30, X64_V2, X64_V3);
	x64_vvm(&b, X64_vaddps | X64_BCAST, X64_V1, X64_V2, x64_at(X64_RAX, 4));
	x64_vzeroupper(&b);
	BYTES_ARE(b, "\xc5\xe9\xef\xcb" "\xc4\xc1\x69\xef\xc9" "\x62\xb1\x6d\x08\xef\xc9" "\xc5\x79\x7f\xc9"
		     "\xc5\xfa\x6f\x8d\0\1\0\0" "\x62\xf1\x7e\x08\x6f\x4d\x10" "\x62\x61\xed\xf9\x58\xf3"
		     "\x62\xf1\x6c\x18\x58\x48\x01" "\xc5\xf8\x77");
}

static void
nops_fill_up_to_the_alignment_asked(void **state)
{
	(void)state;
	for (unsigned at = 0; at < 70; at++) {
		struct x64_buf b = fresh();

		x64_nops(&b, at);
		assert_int_equal(b.p - code, at);
		x64_align(&b, 32);
		assert_int_equal((b.p - code) & 31, 0);
		assert_true(b.p - code < at + 32);
	}
}

static void
lock_without_memory(struct x64_buf *b)
{
	x64_rr(b, X64_xadd | X64_LOCK, X64_RAX, X64_RCX);
}

static void
lock_of_what_cannot(struct x64_buf *b)
{
	x64_mr(b, X64_cmp | X64_LOCK, x64_at(X64_RAX, 0), X64_RCX);
}

static void
wrong_operands(struct x64_buf *b)
{
	x64_rr(b, X64_lea, X64_RAX, X64_RCX);
}

static void
wrong_width(struct x64_buf *b)
{
	x64_rr(b, X64_imul | X64_8, X64_RAX, X64_RCX);
}

static void
wide_immediate(struct x64_buf *b)
{
	x64_ri(b, X64_sub | X64_64, X64_RAX, 0x80000000);
}

static void
rsp_as_index(struct x64_buf *b)
{
	x64_rm(b, X64_mov, X64_RAX, x64_at_index(X64_RAX, X64_RSP, 0, 0));
}

static void
vex_cannot_reach_v16(struct x64_buf *b)
{
	x64_vvv(b, X64_vpsignd, X64_V0, X64_V16, X64_V1);
}

static void
zeroing_without_mask(struct x64_buf *b)
{
	x64_vvv(b, X64_vpaddd | X64_Z, X64_V0, X64_V1, X64_V2);
}

static void
rounding_of_what_rounds_not(struct x64_buf *b)
{
	x64_vvv(b, X64_vmaxsd | X64_RZ, X64_V0, X64_V1, X64_V2);
}

static void
rounding_needs_the_full_length(struct x64_buf *b)
{
	x64_vvv(b, X64_vaddpd | X64_RZ | X64_256, X64_V0, X64_V1, X64_V2);
}

static void
broadcast_of_bytes(struct x64_buf *b)
{
	x64_vvm(b, X64_vpaddb | X64_BCAST, X64_V0, X64_V1, x64_at(X64_RAX, 0));
}

static void
a_length_must_be_said(struct x64_buf *b)
{
	x64_vvv(b, X64_vpermd, X64_V0, X64_V1, X64_V2);
}

static void
short_jump_too_far(struct x64_buf *b)
{
	struct x64_label l = {0};

	x64_jmp(b, &l);
	x64_nops(b, 128);
	x64_bind(b, &l);
}

static void
call_too_far(struct x64_buf *b)
{
	x64_call_to(b, x64_here(b) + 0x100000000);
}

static void
errors_of_the_caller_name_the_instruction(void **state)
{
	static const struct { void (*run)(struct x64_buf *); const char *says; } rows[] = {
		{ lock_without_memory, "xadd" }, { lock_of_what_cannot, "cmp" }, { wrong_operands, "lea" },
		{ wrong_width, "imul" }, { wide_immediate, "sub" }, { rsp_as_index, "mov" },
		{ vex_cannot_reach_v16, "vpsignd" }, { zeroing_without_mask, "vpaddd" },
		{ rounding_of_what_rounds_not, "vmaxsd" }, { rounding_needs_the_full_length, "vaddpd" },
		{ broadcast_of_bytes, "vpaddb" }, { a_length_must_be_said, "vpermd" },
		{ short_jump_too_far, "short jump" }, { call_too_far, "call" },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int fd = memfd_create("message", 0), status;
		char text[512] = "";
		pid_t pid = fork();

		if (pid == 0) {
			struct x64_buf b = fresh();

			dup2(fd, 2);
			rows[i].run(&b);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		assert_true(pread(fd, text, sizeof(text) - 1, 0) > 0);
		assert_non_null(strstr(text, "x64 emitter"));
		assert_non_null(strstr(text, rows[i].says));
		close(fd);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jumps_ahead_are_filled_when_the_label_is_bound),
		cmocka_unit_test(jumps_back_take_the_short_form_where_it_reaches),
		cmocka_unit_test(calls_reach_run_addresses_through_the_alias),
		cmocka_unit_test(rip_relative_operands_count_from_the_instructions_end),
		cmocka_unit_test(patchable_displacements_lie_within_eight_aligned_bytes),
		cmocka_unit_test(comparisons_move_with_the_jump_that_they_fuse_with),
		cmocka_unit_test(a_full_buffer_reports_once_and_is_not_passed),
		cmocka_unit_test(a_buffer_too_small_for_anything_takes_nothing),
		cmocka_unit_test(constants_take_the_fewest_bytes),
		cmocka_unit_test(immediates_take_the_short_forms),
		cmocka_unit_test(vectors_take_the_shortest_prefix),
		cmocka_unit_test(nops_fill_up_to_the_alignment_asked),
		cmocka_unit_test(errors_of_the_caller_name_the_instruction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
