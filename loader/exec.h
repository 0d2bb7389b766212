/*
 * Becoming another program: ourselves with a foreign one, or a native one.
 */
#pragma once

#include "abi/core/task.h"

long exec_program(struct thread *t, const struct exec_req *req);
