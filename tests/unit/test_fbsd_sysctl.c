/* Values of sysctl: put together without a limit of ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/freebsd/sysctl.h"

/* NET_RT_IFLIST and kern.proc.all have no upper size; all bytes must be there, as the caller copies `len` of them. */
static void
test_value_grows(void **state)
{
	enum { PIECE = 4096, PIECES = 1024 };
	struct sysctl_out o = { 0 };
	uint8_t piece[PIECE];

	(void)state;
	for (unsigned i = 0; i < PIECES; i++) {
		memset(piece, (int)(i & 0xff), sizeof(piece));
		sysctl_bytes(&o, piece, sizeof(piece));
	}
	assert_false(o.failed);
	assert_int_equal(o.len, (uint64_t)PIECE * PIECES);
	assert_true(o.cap >= o.len);
	for (unsigned i = 0; i < PIECES; i++)
		assert_int_equal(o.buf[(uint64_t)i * PIECE + i], i & 0xff);
	free(o.buf);
}

static void
test_string_has_its_end(void **state)
{
	struct sysctl_out o = { 0 };

	(void)state;
	sysctl_string(&o, "FreeBSD");
	assert_int_equal(o.len, 8);
	assert_memory_equal(o.buf, "FreeBSD", 8);
	free(o.buf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_value_grows), cmocka_unit_test(test_string_has_its_end) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
