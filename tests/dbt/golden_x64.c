/* Sequences that lowered AArch64 code is made of, as the assembler writes them and Zydis reads them: tests/golden/x64asm. */
#include <Zydis/Zydis.h>
#include <stdio.h>

#include "dbt/x64/emit.h"

static uint8_t code[1024] __attribute__((aligned(64)));

/* State slots: rbp is biased by 128, so that x0-x30 and sp have one byte of displacement. */
static struct x64_mem
slot(int i)
{
	return x64_at(X64_RBP, i * 8 - 128);
}

static void
add_and_store_unpinned(struct x64_buf *b) /* add x9, x0, x1, lsl 3 */
{
	x64_rm(b, X64_lea | X64_64, X64_RAX, x64_at_index(X64_RDI, X64_RSI, 3, 0));
	x64_mr(b, X64_mov | X64_64, slot(9), X64_RAX);
}

static void
compare_and_branch(struct x64_buf *b) /* cmp w0, #100; b.hi */
{
	uint8_t *from = b->p;

	x64_ri(b, X64_cmp, X64_RDI, 100);
	x64_jcc_patchable_fused(b, from, X64_CC_A, x64_here(b) + 0x200);
}

static void
test_bit_and_branch(struct x64_buf *b) /* tbz x2, #40 over two instructions */
{
	struct x64_label l = {0};

	x64_ri(b, X64_bt | X64_64, X64_R8, 40);
	x64_jcc(b, X64_CC_AE, &l);
	x64_mov_imm(b, X64_RDI, 0);
	x64_r(b, X64_neg | X64_64, X64_RSI);
	x64_bind(b, &l);
}

static void
flags_to_the_state(struct x64_buf *b)
{
	x64_0(b, X64_lahf);
	x64_r(b, X64_SET(X64_CC_O), X64_RAX);
	x64_mr(b, X64_mov, x64_at(X64_RBP, 0x108), X64_RAX);
}

static void
call(struct x64_buf *b) /* bl */
{
	x64_rm(b, X64_lea | X64_64, X64_RAX, x64_at_rip(b, x64_here(b) - 0x10000));
	x64_mr(b, X64_mov | X64_64, slot(30), X64_RAX);
	x64_r(b, X64_push, X64_RAX);
	x64_call_patchable(b, x64_here(b) + 0x300);
	x64_rm(b, X64_lea | X64_64, X64_RSP, x64_at(X64_RSP, 8));
}

static void
return_(struct x64_buf *b) /* ret */
{
	struct x64_label miss = {0};

	x64_rm(b, X64_mov | X64_64, X64_RAX, slot(30));
	x64_rm(b, X64_cmp | X64_64, X64_RAX, x64_at(X64_RSP, 8));
	x64_jcc(b, X64_CC_NE, &miss);
	x64_0(b, X64_ret);
	x64_bind(b, &miss);
	x64_m(b, X64_jmp_m, x64_at(X64_RBP, 0x200));
}

static void
atomics(struct x64_buf *b) /* ldaddal, swp, casp, dmb ish */
{
	x64_mr(b, X64_xadd | X64_64 | X64_LOCK, x64_at(X64_RDI, 0), X64_RSI);
	x64_mr(b, X64_xchg, x64_at(X64_R8, 0), X64_RSI);
	x64_m(b, X64_cmpxchg16b | X64_LOCK, x64_at(X64_R14, 16));
	x64_mi(b, X64_or | X64_LOCK, x64_at(X64_RBP, 0x180), 0);
}

static void
shifts_and_fields(struct x64_buf *b) /* lslv, ror, ubfx, extr, clz, umulh */
{
	x64_rrr(b, X64_shlx | X64_64, X64_RDI, X64_RSI, X64_R8);
	x64_rri(b, X64_rorx, X64_RDI, X64_RSI, 7);
	x64_ri(b, X64_shr, X64_RDI, 5);
	x64_rri(b, X64_shrd | X64_64, X64_RDI, X64_RSI, 12);
	x64_rr(b, X64_lzcnt | X64_64, X64_RDI, X64_RSI);
	x64_rrm(b, X64_mulx | X64_64, X64_RDI, X64_RAX, slot(9));
}

static void
scalar_fp(struct x64_buf *b) /* fadd d0, d1, d17; fmadd; nan check; fcmp; fcvtzs; scvtf of a slot */
{
	struct x64_label slow = {0};

	x64_vvv(b, X64_vaddsd, X64_V0, X64_V1, X64_V17);
	x64_vvv(b, X64_vfmadd231sd, X64_V0, X64_V1, X64_V2);
	x64_vv(b, X64_vucomisd, X64_V0, X64_V0);
	x64_jcc_near(b, X64_CC_P, &slow);
	x64_rv(b, X64_vcvttsd2si | X64_64, X64_RDI, X64_V3);
	x64_vvm(b, X64_vcvtsi2sd | X64_64, X64_V20, X64_V20, slot(10));
	x64_bind(b, &slow);
}

static void
vectors_512(struct x64_buf *b) /* tbl2, bsl, fminnm, rbit, and one with rounding */
{
	x64_kvmi(b, X64_vpcmpub, X64_K1, X64_V9, x64_at(X64_RAX, 32), 1);
	x64_vvv(b, X64_vpermi2b | X64_K(1) | X64_Z, X64_V9, X64_V4, X64_V5);
	x64_vvvi(b, X64_vpternlogd, X64_V1, X64_V2, X64_V3, 0xca);
	x64_vvvi(b, X64_vrangeps, X64_V1, X64_V2, X64_V3, 4);
	x64_vvmi(b, X64_vgf2p8affineqb | X64_BCAST, X64_V1, X64_V2, x64_at(X64_RBP, 0x400), 0);
	x64_vv(b, X64_vcvtpd2ps | X64_512 | X64_RZ, X64_V1, X64_V2);
	x64_kk(b, X64_kortestw, X64_K1, X64_K1);
}

static void
vectors_256(struct x64_buf *b) /* the same host level without masks */
{
	x64_vvm(b, X64_vpaddusb, X64_V12, X64_V2, x64_at(X64_RBP, 0x400));
	x64_vvv(b, X64_vpshufb, X64_V1, X64_V3, X64_V12);
	x64_vvvv(b, X64_vpblendvb, X64_V1, X64_V2, X64_V3, X64_V4);
	x64_vvi(b, X64_vextracti128 | X64_256, X64_V1, X64_V2, 1);
	x64_vv(b, X64_vptest, X64_V1, X64_V1);
	x64_vzeroupper(b);
}

static void
vector_moves(struct x64_buf *b) /* ldp q, stp q, str d, dup, umov, ins */
{
	x64_vm(b, X64_vmovdqu, X64_V0, x64_at(X64_RSI, 0));
	x64_vm(b, X64_vmovdqu, X64_V17, x64_at(X64_RSI, 16));
	x64_mv(b, X64_vmovdqu, x64_at(X64_RDI, 0x100), X64_V17);
	x64_mv(b, X64_vmovsd, x64_at(X64_RDI, 8), X64_V0);
	x64_vr(b, X64_vpbroadcastd_r, X64_V2, X64_RAX);
	x64_rvi(b, X64_vpextrq, X64_RAX, X64_V2, 1);
	x64_vvri(b, X64_vpinsrw, X64_V2, X64_V2, X64_RAX, 3);
}

static void
crypto(struct x64_buf *b) /* aese + aesmc, pmull, sha256h's core, crc32cx */
{
	x64_vvv(b, X64_vaesenc, X64_V0, X64_V0, X64_V15);
	x64_vvvi(b, X64_vpclmulqdq, X64_V1, X64_V2, X64_V3, 0x11);
	x64_vv(b, X64_sha256rnds2, X64_V1, X64_V2);
	x64_rr(b, X64_crc32 | X64_64, X64_RDI, X64_RSI);
}

static void
show(const char *name, void (*emit)(struct x64_buf *))
{
	ZydisDisassembledInstruction d;
	struct x64_buf b;

	x64_buf_init(&b, code, sizeof(code), 0);
	emit(&b);
	printf("%s:\n", name);
	/* As if it ran at 1000000h, so that the text is the same everywhere. */
	for (uint8_t *p = code; p < b.p; p += d.info.length) {
		char bytes[48];
		int n = 0;

		if (!ZYAN_SUCCESS(ZydisDisassembleIntel(ZYDIS_MACHINE_MODE_LONG_64, 0x1000000 + (uint64_t)(p - code), p,
							(size_t)(b.p - p), &d)))
			return;
		for (int i = 0; i < d.info.length; i++)
			n += snprintf(bytes + n, sizeof(bytes) - (size_t)n, "%02x", p[i]);
		printf("  %03x  %-24s %s\n", (unsigned)(p - code), bytes, d.text);
	}
}

int
main(void)
{
#define SHOW(name) show(#name, name)
	SHOW(add_and_store_unpinned);
	SHOW(compare_and_branch);
	SHOW(test_bit_and_branch);
	SHOW(flags_to_the_state);
	SHOW(call);
	SHOW(return_);
	SHOW(atomics);
	SHOW(shifts_and_fields);
	SHOW(scalar_fp);
	SHOW(vectors_512);
	SHOW(vectors_256);
	SHOW(vector_moves);
	SHOW(crypto);
	return 0;
}
