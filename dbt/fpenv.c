/*
 * FPCR and FPSR on the host's MXCSR.  The sticky bits of MXCSR are FPSR's but for their places; Denormal is FPSR.IDC only
 * when inputs are flushed.  Source: Arm ARM C5.2.8, C5.2.10; Intel SDM volume 1, 10.2.3.
 */
#include "dbt/dbt_impl.h"

enum {
	MX_IE = 1, MX_DE = 2, MX_ZE = 4, MX_OE = 8, MX_UE = 16, MX_PE = 32, MX_STICKY = 63,
	MX_DAZ = 1 << 6, MX_MASKS = 0x1f80, MX_RC_SHIFT = 13, MX_FTZ = 1 << 15,
};

static uint32_t
mxcsr_for(uint32_t fpcr)
{
	static const uint8_t rounding[4] = { 0, 2, 1, 3 }; /* nearest, up, down, zero */
	uint32_t m = MX_MASKS | (uint32_t)rounding[(fpcr & A64_FPCR_RMODE) >> A64_FPCR_RMODE_SHIFT] << MX_RC_SHIFT;

	if (fpcr & A64_FPCR_FZ)
		m |= MX_DAZ | MX_FTZ;
	return m;
}

void
dbt_fold_fpsr(struct dbt_state *s)
{
	uint32_t m = s->mxcsr, f = 0;

	dbt_fold_qc(s);

	f |= m & MX_IE ? A64_FPSR_IOC : 0;
	f |= m & MX_ZE ? A64_FPSR_DZC : 0;
	f |= m & MX_OE ? A64_FPSR_OFC : 0;
	f |= m & MX_UE ? A64_FPSR_UFC : 0;
	f |= m & MX_PE ? A64_FPSR_IXC : 0;
	f |= m & MX_DE && m & MX_DAZ ? A64_FPSR_IDC : 0;
	s->cpu.fpsr |= f;
	s->mxcsr &= ~(uint32_t)MX_STICKY;
}

void
dbt_set_fpcr(struct dbt_state *s, uint32_t fpcr)
{
	dbt_fold_fpsr(s);
	s->cpu.fpcr = fpcr & A64_FPCR_MASK;
	s->mxcsr = mxcsr_for(s->cpu.fpcr);
}
