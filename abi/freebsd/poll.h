/* Which events of a descriptor FreeBSD reports: pollready.c. */
#pragma once

#include <poll.h>

/** Events that a guest asks for, as the host knows them. */
short fbsd_poll_in(short guest);
/** What the guest is told of @g (its descriptor, its events) when the host says @host; 0: it would not have been woken. */
short fbsd_poll_out(const struct pollfd *g, short host);
