/* Flag sets by table.  Fast lane: no libc in here. */
#include "abi/core/sets.h"

bool
set_to_host(const struct set *s, uint64_t guest, uint64_t *ret_host)
{
	uint64_t left = guest, host = 0;

	for (uint32_t i = 0; i < s->n; i++) {
		const struct set_item *it = &s->item[i];
		bool whole = s->is_enum ? guest == it->guest : (guest & it->mask) == it->guest && (it->guest || it->mask);

		if (!whole || (!s->is_enum && it->guest && !(left & it->guest)))
			continue;
		if (!it->have_host)
			return false;
		if (s->is_enum) {
			*ret_host = it->host;
			return true;
		}
		host |= it->host;
		left &= ~it->mask;
	}
	if (s->is_enum || left)
		return false;
	*ret_host = host;
	return true;
}

uint64_t
set_to_guest(const struct set *s, uint64_t host, uint64_t *ret_rest)
{
	uint64_t guest = 0, rest = host;

	for (uint32_t i = 0; i < s->n; i++) {
		const struct set_item *it = &s->item[i];

		/* Wider host values (O_SYNC holds O_DSYNC) stand first in the table and take their bits away. */
		if (it->have_host && it->host && (rest & it->host) == it->host) {
			guest |= it->guest;
			rest &= ~it->host;
		}
	}
	if (ret_rest)
		*ret_rest = rest;
	return guest;
}

uint64_t
set_value_to_guest(const struct set *s, uint64_t host, uint64_t otherwise)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (s->item[i].have_host && s->item[i].host == host)
			return s->item[i].guest;
	return otherwise;
}
