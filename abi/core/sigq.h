/*
 * Guest signals in guest numbers 1..128: sets, and queues of pending ones.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define GSIG_MAX 128

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
	bool of_process;   /* was sent to the process; a thread has claimed it */
	int64_t band;
	uint64_t err;      /* hardware error code of a fault */
};

#define SIGQ_MAX 128

/** Pending signals of a thread or a process.  The owner locks. */
struct sigq {
	struct gsigset pending; /* everything in here */
	struct gsigset bare;    /* no room was left for what is known of them */
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

static inline bool
gsig_empty(struct gsigset s)
{
	return !(s.w[0] | s.w[1]);
}

static inline struct gsigset
gsig_or(struct gsigset a, struct gsigset b)
{
	return (struct gsigset){{a.w[0] | b.w[0], a.w[1] | b.w[1]}};
}

static inline struct gsigset
gsig_and(struct gsigset a, struct gsigset b)
{
	return (struct gsigset){{a.w[0] & b.w[0], a.w[1] & b.w[1]}};
}

/** In @a but not in @b. */
static inline struct gsigset
gsig_without(struct gsigset a, struct gsigset b)
{
	return (struct gsigset){{a.w[0] & ~b.w[0], a.w[1] & ~b.w[1]}};
}

/** Lowest number in the set, 0 when it is empty. */
static inline int
gsig_lowest(struct gsigset s)
{
	if (s.w[0])
		return __builtin_ctzll(s.w[0]) + 1;
	return s.w[1] ? __builtin_ctzll(s.w[1]) + 65 : 0;
}

/** Queue a signal; with @room false, or when the queue is full, only its number is kept. */
void sigq_add(struct sigq *q, const struct gsiginfo *si, bool room);
/** Take the oldest entry of one signal; false when it is not pending. */
bool sigq_take(struct sigq *q, int signo, struct gsiginfo *ret);
/** Take out one entry. */
void sigq_remove(struct sigq *q, uint32_t i);
/** Forget every entry of the signals in @set. */
void sigq_flush(struct sigq *q, struct gsigset set);
