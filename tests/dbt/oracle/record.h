/*
 * One instruction to run on another implementation of A64: what goes in and what comes out, the same structure.
 * The data window is at ORACLE_DATA on both sides.
 */
#pragma once

#include <stdint.h>

#define ORACLE_DATA 0x20000000ul
#define ORACLE_WINDOW 4096

struct oracle_record {
	uint32_t word, nzcv; /* nzcv in bits 31:28 */
	uint32_t fpcr, fpsr;
	uint64_t x[32];      /* x[31]: SP */
	uint64_t v[32][2];
	uint8_t data[ORACLE_WINDOW];
};
