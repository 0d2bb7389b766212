/* Identification registers and capability words. */
#include "dbt/a64/cpu_id.h"

#define BIT(n) (1ull << (n))
#define FIELD(v, at) ((uint64_t)(v) << (at))

enum { /* AT_HWCAP bits: arch/arm64/include/uapi/asm/hwcap.h */
	FP = 0, ASIMD = 1, AES = 3, PMULL = 4, SHA1 = 5, SHA2 = 6, CRC32 = 7, ATOMICS = 8, FPHP = 9, ASIMDHP = 10, CPUID = 11,
	ASIMDRDM = 12, JSCVT = 13, FCMA = 14, LRCPC = 15, DCPOP = 16, SHA3 = 17, ASIMDDP = 20, SHA512 = 21, ASIMDFHM = 23,
	DIT = 24, ILRCPC = 26, FLAGM = 27, SSBS = 28, SB = 29,
};
enum { /* AT_HWCAP2 */
	DCPODP = 0, FLAGM2 = 7, FRINT = 8, I8MM = 13, BF16 = 14, RNG = 16, WFXT = 31, MOPS = 43, CSSC = 34,
};

const uint64_t a64_hwcap = BIT(FP) | BIT(ASIMD) | BIT(CRC32) | BIT(ATOMICS) | BIT(CPUID) | BIT(LRCPC) | BIT(DCPOP) | BIT(DIT) |
			   BIT(ILRCPC) | BIT(FLAGM) | BIT(SSBS) | BIT(SB) | BIT(FPHP) | BIT(ASIMDHP) | BIT(ASIMDRDM) | BIT(JSCVT) |
			   BIT(FCMA) | BIT(ASIMDDP) | BIT(ASIMDFHM) | BIT(AES) | BIT(PMULL) | BIT(SHA3);
const uint64_t a64_hwcap2 = BIT(DCPODP) | BIT(FLAGM2) | BIT(FRINT) | BIT(I8MM) | BIT(BF16) | BIT(RNG) | BIT(WFXT) | BIT(CSSC);

bool
a64_id_register(unsigned crm, unsigned op2, uint64_t *ret_value)
{
	uint64_t v = 0; /* reserved identification registers read as zero */

	if (crm == 0 && op2 != 0 && op2 != 5 && op2 != 6)
		return false;
	switch (crm << 3 | op2) {
	case 0 << 3 | 0: /* MIDR_EL1: Arm, Neoverse N1 r3p1 */
		v = 0x413fd0c1;
		break;
	case 0 << 3 | 5: /* MPIDR_EL1 */
		v = BIT(31);
		break;
	case 4 << 3 | 0: /* ID_AA64PFR0_EL1: EL0 and EL1 AArch64, FP and AdvSIMD with FP16, DIT */
		v = FIELD(1, 0) | FIELD(1, 4) | FIELD(1, 16) | FIELD(1, 20) | FIELD(1, 48);
		break;
	case 4 << 3 | 1: /* ID_AA64PFR1_EL1: SSBS */
		v = FIELD(2, 4);
		break;
	case 6 << 3 | 0: /* ID_AA64ISAR0_EL1: AES with PMULL, SHA3, CRC32, Atomic, RDM, DP, FHM, TS (FLAGM2), RNDR */
		v = FIELD(2, 4) | FIELD(1, 32) | FIELD(1, 16) | FIELD(2, 20) | FIELD(1, 28) | FIELD(1, 44) | FIELD(1, 48) | FIELD(2, 52) | FIELD(1, 60);
		break;
	case 6 << 3 | 1: /* ID_AA64ISAR1_EL1: DPB, JSCVT, FCMA, LRCPC, FRINTTS, SB, BF16, I8MM */
		v = FIELD(2, 0) | FIELD(1, 12) | FIELD(1, 16) | FIELD(2, 20) | FIELD(1, 32) | FIELD(1, 36) | FIELD(1, 44) | FIELD(1, 52);
		break;
	case 6 << 3 | 2: /* ID_AA64ISAR2_EL1: WFxT, CSSC */
		v = FIELD(2, 0) | FIELD(1, 52);
		break;
	default:
		break;
	}
	*ret_value = v;
	return true;
}
