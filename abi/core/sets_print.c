/* Flag sets as text. */
#include <stdio.h>

#include "abi/core/diag.h"
#include "abi/core/sets.h"

int
set_print(const struct set *s, uint64_t guest, char *buf, uint32_t size)
{
	uint64_t left = guest;
	unsigned pos = 0;
	const char *bar = "";

	if (size)
		buf[0] = 0;
	for (uint32_t i = 0; i < s->n; i++) {
		const struct set_item *it = &s->item[i];
		/* A bit without bits is the name of nothing being set. */
		bool hit = s->is_enum || !it->mask ? guest == it->guest : (guest & it->mask) == it->guest;

		if (!hit || (it->guest && !s->is_enum && !(left & it->guest)))
			continue;
		str_addf(buf, size, &pos, "%s%s", bar, it->name);
		bar = "|";
		left &= ~it->mask;
		if (s->is_enum)
			return (int)pos;
	}
	if (left || !pos)
		str_addf(buf, size, &pos, left ? "%s0x%llx" : "%s%llu", bar, (unsigned long long)left);
	return (int)pos;
}
