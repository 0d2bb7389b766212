/* The part of a crash report that shows an AArch64 guest: registers, the instruction, callers by frame records. */
#include <stdio.h>

#include "abi/core/cpu_a64.h"
#include "abi/core/gm.h"
#include "abi/core/task.h"
#include "dbt/a64/a64.h"
#include "loader/crash_impl.h"

typedef unsigned long long ull;

enum { FP = 29, LR = 30 };

void
crash_a64_registers(const struct cpu_a64 *c, struct crash_text *o)
{
	for (unsigned i = 0; i < 32; i++) {
		char name[4] = "sp";

		if (i < A64_SP)
			snprintf(name, sizeof(name), "x%u", i);
		crash_add(o, "  %5s %016llx%s", name, (ull)c->x[i], i % 4 == 3 ? "\n" : "");
	}
	crash_add(o, "  %5s %016llx  %5s %08x  %5s %08x  %5s %08x\n", "pc", (ull)c->pc, "nzcv", a64_get_nzcv(c), "fpcr", c->fpcr,
	          "fpsr", c->fpsr);
}

void
crash_a64_code(uint64_t pc, struct crash_text *o)
{
	char text[128];
	uint32_t w;

	if (gm_load32(pc, &w))
		return;
	a64_disasm(text, sizeof(text), w, pc);
	crash_add(o, "  code: %08x  %s\n", w, text);
}

/* A frame record is the caller's x29 and a return address.  Source: AAPCS64 6.4.6. */
unsigned
crash_a64_unwind(const struct cpu_a64 *c, uint64_t ip[CRASH_FRAMES])
{
	uint64_t fp = c->x[FP], record[2];
	unsigned n = 0;

	ip[n++] = c->pc;
	if (c->x[LR])
		ip[n++] = c->x[LR];
	while (n < CRASH_FRAMES && fp && fp % 8 == 0 && !gm_read(record, fp, sizeof(record))) {
		if (record[1] && record[1] != ip[n - 1])
			ip[n++] = record[1];
		if (record[0] <= fp)
			break;
		fp = record[0];
	}
	return n;
}
