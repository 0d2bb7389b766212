/* One row for each engine. */
#include <stddef.h>
#include <string.h>

#include "loader/engine.h"

const struct engine *
engine_find(const char *isa)
{
	static const struct engine *const all[] = {&native_engine, &dbt_engine};

	for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (!strcmp(all[i]->isa, isa))
			return all[i];
	return NULL;
}
