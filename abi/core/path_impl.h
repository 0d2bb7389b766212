/* Between path.c and path_self.c. */
#pragma once

#include "abi/core/path.h"

/** When @p names the program itself: sets self and name (for its executable: text, to be resolved).  0 or -errno. */
int path_resolve_self(struct thread *t, struct path *p, uint32_t use);

static inline bool
path_follows(uint32_t use)
{
	return (use & PATH_USE) != PATH_LINK && (use & PATH_USE) != PATH_PARENT;
}
