/* Scheduling: what thread creation needs of it. */
#pragma once

#include "abi/freebsd/fbsd.h"

/** May a new thread have the class and priority at @rtp (struct rtprio)?  0, -EFAULT, -EPERM,
 * -EINVAL. */
int fbsd_rtprio_check_new(uint64_t rtp);
/** Is the thread's realtime priority more urgent than @ceiling (0 the most)? */
bool fbsd_rtprio_above(const struct thread *t, uint32_t ceiling);
/** May the caller raise priorities? */
bool fbsd_rtprio_privileged(void);
/** Class and priority of a new thread: its parent's, or those at @rtp, which were checked. */
void fbsd_rtprio_new(struct thread *n, const struct thread *parent, uint64_t rtp);
