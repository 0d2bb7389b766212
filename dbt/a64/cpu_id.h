/*
 * What the CPU that guests see is: identification registers and capability words, consistent with the lines of
 * a64.decode.  MIDR is that of a Neoverse N1, for which C libraries choose 128-bit copies.
 * Source: Arm ARM D19.2 (registers), Linux Documentation/arch/arm64/elf_hwcaps.rst and cpu-feature-registers.rst.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** AT_HWCAP and AT_HWCAP2. */
extern const uint64_t a64_hwcap, a64_hwcap2;

/** CTR_EL0: IDC (no data cache cleaning needed), not DIC (IC IVAU needed); lines of 64 bytes, instruction side 256. */
#define A64_CTR 0x94440006ull
/** DCZID_EL0: blocks of 64 bytes. */
#define A64_DCZID 4ull
#define A64_CNTFRQ 1000000000ull

/**
 * The value of an identification register of the space op0=3 op1=0 CRn=0, which the kernel reads for EL0
 * (HWCAP_CPUID).  False for a register that EL0 may not read so.
 */
bool a64_id_register(unsigned crm, unsigned op2, uint64_t *ret_value);
