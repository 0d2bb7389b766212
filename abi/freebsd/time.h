/* Clocks of the FreeBSD personality. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct thread;

/** FreeBSD clock ids.  Source: sys/_clock_id.h. */
enum fbsd_clock {
	FBSD_CLOCK_REALTIME = 0,
	FBSD_CLOCK_VIRTUAL = 1,
	FBSD_CLOCK_PROF = 2,
	FBSD_CLOCK_MONOTONIC = 4,
	FBSD_CLOCK_UPTIME = 5,
	FBSD_CLOCK_UPTIME_PRECISE = 7,
	FBSD_CLOCK_UPTIME_FAST = 8,
	FBSD_CLOCK_REALTIME_PRECISE = 9,
	FBSD_CLOCK_REALTIME_FAST = 10,
	FBSD_CLOCK_MONOTONIC_PRECISE = 11,
	FBSD_CLOCK_MONOTONIC_FAST = 12,
	FBSD_CLOCK_SECOND = 13,
	FBSD_CLOCK_THREAD_CPUTIME_ID = 14,
	FBSD_CLOCK_PROCESS_CPUTIME_ID = 15,
};

/* Clock ids made by clock_getcpuclockid2: these bits, and a thread or process id. */
#define FBSD_CPUCLOCK_BIT     0x80000000u
#define FBSD_CPUCLOCK_PROCESS 0x40000000u

#define NS_PER_SEC 1000000000ll

/** The host clock that ticks like guest clock @id, which is not a CPU clock; -1 when there is none.  Fast lane. */
int fbsd_clock_host(int32_t id);
/** Nanoseconds of host CLOCK_MONOTONIC.  Fast lane. */
uint64_t fbsd_now(void);
/**
 * When a wait of @ts from now ends, in ns of host CLOCK_MONOTONIC; UINT64_MAX when that is too far to count.
 * @ts is valid and not negative.
 */
uint64_t fbsd_deadline(const struct timespec *ts);
/** What is left until @deadline; zero when it has passed. */
struct timespec fbsd_until(uint64_t deadline);
