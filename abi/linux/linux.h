/*
 * The Linux personality's inside: what its files share.  Most numbers and layouts of the generic 64-bit table are the
 * host's; what differs is converted where it is used.
 */
#pragma once

#include <stdint.h>

#include "abi/abi.h"
#include "abi/core/gm.h"
#include "abi/core/host.h"
#include "abi/core/task.h"

/** start.c: stack, auxiliary vector, registers of the first thread. */
int linux_start(struct thread *t, const struct start_info *s, struct diag *d);

/** process.c: the process ends, by status or by host signal. */
_Noreturn void linux_exit_process(struct thread *t, int status);
_Noreturn void linux_die(struct thread *t, int signo);
