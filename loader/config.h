/*
 * What one image of ourselves hands to the next over exec: a sealed memfd that --exec-config names.
 */
#pragma once

#include <stdint.h>

#include "abi/core/task.h"
#include "loader/options.h"

struct exec_config {
	struct options opt;      /* the options that outlive exec; strings point into `text` */
	int prog_fd;             /* the program */
	char *path;              /* its path as the guest knows it */
	int log_fd, trace_fd;    /* -D and --strace-file, already open; -1 none */
	int self_fd;             /* our own executable, where /proc does not lead to it; -1: it does */
	int trace_shm;           /* what traced processes share; -1 none */
	char *trace_call;        /* the exec whose line the next image finishes; NULL none */
	struct native_stats stats; /* counts of earlier images of this process */
	uint64_t stack_rlim;     /* the guest's RLIMIT_STACK */
	void *blob;              /* the personality's own */
	uint32_t blob_len;
	char **argv, **envp;     /* the guest's, when one string is longer than the host's exec passes on; else NULL */
	char *text;
};

/**
 * Write a configuration.  Returns the memfd (close-on-exec, sealed) or -errno.  No malloc: a vfork child may call.
 */
int config_write(const struct exec_config *c);
/** Read one; takes over @fd.  0, or -errno with a message.  The result lives as long as the process. */
int config_read(int fd, struct exec_config *ret, struct diag *d);

/** The configuration of this run, for exec: set once by main. */
extern struct exec_config config_current;
