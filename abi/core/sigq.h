/*
 * Guest signals pending, in guest numbers 1..128: sets and queues that every personality uses.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** Bit signo - 1. */
struct gsigset {
	uint64_t w[2];
};

/** What a guest learns of a signal; codes and numbers are the guest's. */
struct gsiginfo {
	int32_t signo, code, error, pid;
	uint32_t uid;
	int32_t status;
	uint64_t addr, value;
	int32_t trapno, timerid, overrun;
	int64_t band;
	uint64_t err;      /* hardware error code of a fault */
};

#define SIGQ_MAX 256

/** Pending signals of a thread or a process.  The owner locks. */
struct sigq {
	struct gsigset pending;
	uint32_t n;
	struct gsiginfo item[SIGQ_MAX]; /* in order of arrival */
};

static inline bool
gsig_has(const struct gsigset *s, int signo)
{
	return s->w[(signo - 1) / 64] >> ((signo - 1) % 64) & 1;
}

static inline void
gsig_add(struct gsigset *s, int signo)
{
	s->w[(signo - 1) / 64] |= 1ull << ((signo - 1) % 64);
}

static inline void
gsig_del(struct gsigset *s, int signo)
{
	s->w[(signo - 1) / 64] &= ~(1ull << ((signo - 1) % 64));
}

/** Any of @a that @blocked lets through? */
static inline bool
gsig_any(const struct gsigset *a, const struct gsigset *blocked)
{
	return (a->w[0] & ~blocked->w[0]) || (a->w[1] & ~blocked->w[1]);
}

/**
 * Queue a signal.  One that does not queue (@queues false) and is pending already changes nothing.  False when there is
 * no room.
 */
bool sigq_add(struct sigq *q, const struct gsiginfo *si, bool queues);
/** Take the lowest signal that @blocked lets through, its oldest entry; false when there is none. */
bool sigq_take(struct sigq *q, const struct gsigset *blocked, struct gsiginfo *ret);
/** Forget every entry of one signal. */
void sigq_flush(struct sigq *q, int signo);
