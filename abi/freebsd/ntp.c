/*
 * The clock's discipline, to be looked at: ntp_adjtime, ntp_gettime and adjtime without a change.  The host's state has the
 * same units and status bits, as both kernels have them from the same NTP model.  Changes take a privilege.
 * Source: ntp_adjtime(2), adjtime(2), sys/timex.h, sys/kern/kern_ntptime.c.
 */
#include <errno.h>
#include <sys/timex.h>

#include "abi/freebsd/fbsd.h"
#include "freebsd-amd64.h"

struct fbsd_timex {
	uint32_t modes, pad0;
	int64_t offset, freq, maxerror, esterror;
	int32_t status, pad1;
	int64_t constant, precision, tolerance, ppsfreq, jitter;
	int32_t shift, pad2;
	int64_t stabil, jitcnt, calcnt, errcnt, stbcnt;
};
_Static_assert(sizeof(struct fbsd_timex) == 136, "timex");

struct fbsd_ntptimeval {
	int64_t sec, nsec, maxerror, esterror, tai;
	int32_t time_state, pad;
};
_Static_assert(sizeof(struct fbsd_ntptimeval) == 48, "ntptimeval");

long
fbsd_ntp_adjtime(struct thread *t, uint64_t tp)
{
	struct fbsd_timex f;
	struct timex h = {0};
	long state;

	if (gm_read(&f, tp, sizeof(f)))
		return -EFAULT;
	if (f.modes)
		return -EPERM;
	state = host_call(SYS_adjtimex, &h);
	if (state < 0)
		return state;
	f = (struct fbsd_timex){.offset = h.offset,
	                        .freq = h.freq,
	                        .maxerror = h.maxerror,
	                        .esterror = h.esterror,
	                        .status = h.status,
	                        .constant = h.constant,
	                        .precision = h.precision,
	                        .tolerance = h.tolerance,
	                        .ppsfreq = h.ppsfreq,
	                        .jitter = h.jitter,
	                        .shift = h.shift,
	                        .stabil = h.stabil,
	                        .jitcnt = h.jitcnt,
	                        .calcnt = h.calcnt,
	                        .errcnt = h.errcnt,
	                        .stbcnt = h.stbcnt};
	return gm_write(tp, &f, sizeof(f)) ? -EFAULT : state;
}

long
fbsd_ntp_gettime(struct thread *t, uint64_t ntvp)
{
	struct timex h = {0};
	struct fbsd_ntptimeval f;
	long state = host_call(SYS_adjtimex, &h);

	if (state < 0)
		return state;
	f = (struct fbsd_ntptimeval){.sec = h.time.tv_sec,
	                             .nsec = h.status & STA_NANO ? h.time.tv_usec : h.time.tv_usec * 1000,
	                             .maxerror = h.maxerror,
	                             .esterror = h.esterror,
	                             .tai = h.tai,
	                             .time_state = (int32_t)state};
	return gm_write(ntvp, &f, sizeof(f)) ? -EFAULT : state;
}

long
fbsd_adjtime(struct thread *t, uint64_t delta, uint64_t olddelta)
{
	struct timex h = {.modes = ADJ_OFFSET_SS_READ};
	int64_t tv[2];
	long r;

	if (delta)
		return gm_read(tv, delta, sizeof(tv)) ? -EFAULT : -EPERM;
	r = host_call(SYS_adjtimex, &h);
	if (r < 0)
		return r;
	tv[0] = h.offset / 1000000;
	tv[1] = h.offset % 1000000;
	if (tv[1] < 0) {
		tv[0]--;
		tv[1] += 1000000;
	}
	return olddelta && gm_write(olddelta, tv, sizeof(tv)) ? -EFAULT : 0;
}
