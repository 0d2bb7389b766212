/*
 * Results of calls that are neither values nor host errors.  Also for assembly.
 */
#pragma once

/** Interrupted without effect; never reaches a guest. */
#define HOST_ERESTART 512
/** The same, but the call starts over after the signal whatever the guest's handler says (locking a mutex). */
#define HOST_ERESTARTNOINTR 514
/** The handler has set all guest registers itself (sigreturn, setcontext). */
#define HOST_EJUSTRETURN 513
/** -GUEST_ERRNO(n): an error that only the guest knows, in its own number n. */
#define GUEST_ERRNO(n)      (0x800 + (n))
#define HOST_ERR_MAX        4095
