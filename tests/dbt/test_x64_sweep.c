/*
 * Every form, every operand list, every register in every place, memory operands of every kind, immediates at their edges:
 * what the assembler writes is what Zydis reads.  X64_SEED=n repeats a run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/dbt/x64_case.h"
#include "tests/dbt/x64_sweep.h"

static uint64_t cases;
static unsigned failures, last_id;
static const char *last_bad;

static void
judge(const struct x64_case *c)
{
	static uint8_t code[64 + X64_SLACK];
	struct x64_buf b;
	const char *bad;
	char text[160];

	x64_buf_init(&b, code, sizeof(code), 0);
	x64_case_emit(&b, c);
	cases++;
	bad = x64_case_check(&b, c, code, (unsigned)(b.p - code));
	if (!bad)
		return;
	failures++;
	x64_case_print(c, text, sizeof(text));
	/* One of each form and kind is enough to read. */
	if (x64_op_id(c->op) != last_id || bad != last_bad) {
		last_id = x64_op_id(c->op);
		last_bad = bad;
		printf("%s: %s (op %#llx):", text, bad, (unsigned long long)c->op);
		for (uint8_t *p = code; p < b.p; p++)
			printf(" %02x", *p);
		printf("\n");
	}
}

static void
every_form_is_what_zydis_reads(void **state)
{
	const char *seed = getenv("X64_SEED");
	uint64_t s = seed ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL);
	struct timespec t0, t1;

	(void)state;
	printf("seed %llu\n", (unsigned long long)s);
	clock_gettime(CLOCK_MONOTONIC, &t0);
	x64_sweep(s, judge);
	clock_gettime(CLOCK_MONOTONIC, &t1);
	printf("%d forms, %llu cases, %lld ms\n", X64_FORMS, (unsigned long long)cases,
	       (long long)((t1.tv_sec - t0.tv_sec) * 1000 + (t1.tv_nsec - t0.tv_nsec) / 1000000));
	assert_int_equal(failures, 0);
	assert_true(cases > 100000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_form_is_what_zydis_reads) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
