/*
 * FPCR and FPSR on the host's MXCSR.  The sticky bits of MXCSR are FPSR's but for their places, and Invalid: that is not
 * masked, and who does the instruction instead sets FPSR.IOC when Arm does.  Flushed subnormals, default NaNs and the
 * alternative half precision have no counterpart that is exact (x86 flushes after rounding, and calls it Inexact): once a
 * thread asks for one of them, all code is translated anew with floating point called.
 * Source: Arm ARM C5.2.8, C5.2.10; Intel SDM volume 1, 10.2.3.
 */
#include "dbt/dbt_impl.h"

enum {
	MX_ZE = 4, MX_OE = 8, MX_UE = 16, MX_PE = 32, MX_STICKY = 63,
	MX_MASKS = 0x1f00, /* all but Invalid */
	MX_RC_SHIFT = 13,
};

static uint32_t
mxcsr_for(uint32_t fpcr)
{
	static const uint8_t rounding[4] = { 0, 2, 1, 3 }; /* nearest, up, down, zero */

	return MX_MASKS | (uint32_t)rounding[(fpcr & A64_FPCR_RMODE) >> A64_FPCR_RMODE_SHIFT] << MX_RC_SHIFT;
}

void
dbt_fold_fpsr(struct dbt_state *s)
{
	uint32_t m = s->mxcsr, f = 0;

	dbt_fold_qc(s);
	f |= m & MX_ZE ? A64_FPSR_DZC : 0;
	f |= m & MX_OE ? A64_FPSR_OFC : 0;
	f |= m & MX_UE ? A64_FPSR_UFC : 0;
	f |= m & MX_PE ? A64_FPSR_IXC : 0;
	s->cpu.fpsr |= f;
	s->mxcsr &= ~(uint32_t)MX_STICKY;
}

void
dbt_set_fpcr(struct dbt_state *s, uint32_t fpcr)
{
	dbt_fold_fpsr(s);
	s->cpu.fpcr = fpcr & A64_FPCR_MASK;
	if (fpcr & (A64_FPCR_FZ | A64_FPCR_DN | A64_FPCR_AHP))
		dbt_exact_fp();
	s->mxcsr_for = s->cpu.fpcr;
	s->mxcsr = mxcsr_for(s->cpu.fpcr);
}
