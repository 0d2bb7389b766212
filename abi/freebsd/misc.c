/*
 * Calls that belong to no family: indirect calls, priorities, kernel environment, capability mode, uuids.
 * Source: FreeBSD manual section 2.
 */
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "abi/core/fd.h"
#include "abi/freebsd/fbsd.h"
#include "freebsd-amd64.h"

/* The calling convention has taken the real number out already: only an indirect indirect call comes here. */
long
fbsd_syscall(struct thread *t, uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	return -ENOSYS;
}

/* The raw host call tells 20 - nice. */
long
fbsd_getpriority(struct thread *t, int which, int who)
{
	long r = host_call(SYS_getpriority, which, who);

	return r > 0 ? 20 - r : r;
}

long
fbsd_setpriority(struct thread *t, int which, int who, int prio)
{
	return host_call(SYS_setpriority, which, who, prio);
}

enum { KENV_GET, KENV_SET, KENV_UNSET, KENV_DUMP };

/* An empty kernel environment. */
long
fbsd_kenv(struct thread *t, int what, uint64_t name, uint64_t value, int len)
{
	switch (what) {
	case KENV_GET:
		return -ENOENT;
	case KENV_SET:
	case KENV_UNSET:
		return -EPERM;
	case KENV_DUMP:
		return 0;
	}
	return -EINVAL;
}

/* Nobody traces: the record is not even looked at. */
long
fbsd_utrace(struct thread *t, uint64_t addr, uint64_t len)
{
	return 0;
}

long
fbsd_cap_getmode(struct thread *t, uint64_t modep)
{
	return gm_store32(modep, 0);
}

#define UUID_BYTES 16u
#define UUID_MAX   2048

/* Version 1 in form; the node is random with the multicast bit set, as RFC 4122 4.5 allows. */
long
fbsd_uuidgen(struct thread *t, uint64_t store, int count)
{
	uint8_t u[UUID_BYTES];

	if (count < 1 || count > UUID_MAX)
		return -EINVAL;
	for (int i = 0; i < count; i++) {
		struct timespec ts;
		uint64_t ticks;

		if (getrandom(u, sizeof(u), 0) != sizeof(u))
			return -EIO;
		clock_gettime(CLOCK_REALTIME, &ts);
		/* 100 ns since 15 October 1582; the low bits count up within one call. */
		ticks = ((uint64_t)ts.tv_sec + 12219292800ull) * 10000000u + (uint64_t)ts.tv_nsec / 100 + (uint64_t)i;
		memcpy(u, &ticks, 8);
		u[7] = (uint8_t)((u[7] & 0x0f) | 0x10);
		u[8] = (uint8_t)((u[8] & 0x3f) | 0x80);
		u[10] |= 1;
		if (gm_write(store + (uint64_t)i * UUID_BYTES, u, sizeof(u)))
			return -EFAULT;
	}
	return 0;
}
