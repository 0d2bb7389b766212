/*
 * What the host tells of its processes, and what guests leave for each other to read.  No malloc: vfork children come here.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct proc_stat {
	pid_t pid, ppid, pgrp, sid;
	char comm[17], state;
	uint64_t cminflt, cmajflt, cutime, cstime; /* of its children that it has waited for; times in ticks */
	uint64_t start;                            /* ticks since boot */
};

/** False when there is no such process. */
bool proc_stat_get(pid_t pid, struct proc_stat *ret);
/** Effective user and group; false when there is no such process. */
bool proc_ids_get(pid_t pid, uid_t *ret_uid, gid_t *ret_gid);
/** Has it given up new privileges (PR_SET_NO_NEW_PRIVS)? */
bool proc_no_new_privs(pid_t pid);
/** The caller's; asking umask(2) would change it for a moment, and other threads create files. */
uint32_t proc_umask(void);
/** Each process there is, until @each says false. */
void proc_each(bool (*each)(void *arg, const struct proc_stat *ps), void *arg);

/**
 * A dying guest's last word is its name: for an exit status of more than 8 bits and for signals that the host lacks.
 * Parents read it before they reap.
 */
void proc_last_word(int status, int signo);
/** True when the dead process @ps left one; then one of the two is set. */
bool proc_last_word_of(const struct proc_stat *ps, int *ret_status, int *ret_signo);
