/* Our own call chain, for reports of our bugs. */
#define UNW_LOCAL_ONLY
#include <libunwind.h>

#include "loader/crash_impl.h"

void
crash_host_state(void *context, struct crash_text *o)
{
	unw_context_t here;
	unw_cursor_t c;
	unw_word_t ip, off;
	char name[128];
	int r;

	if (!context)
		unw_getcontext(&here);
	r = context ? unw_init_local2(&c, context, UNW_INIT_SIGNAL_FRAME) : unw_init_local(&c, &here);
	crash_add(o, "  host call chain:\n");
	for (unsigned i = 0; r >= 0 && i < CRASH_FRAMES; i++) {
		if (unw_get_reg(&c, UNW_REG_IP, &ip))
			break;
		if (unw_get_proc_name(&c, name, sizeof(name), &off))
			crash_add(o, "    #%u 0x%llx\n", i, (unsigned long long)ip);
		else
			crash_add(o, "    #%u 0x%llx %s+0x%llx\n", i, (unsigned long long)ip, name, (unsigned long long)off);
		if (unw_step(&c) <= 0)
			break;
	}
}
