/*
 * Assembly macros: save and restore the vector registers by plain moves (xsave takes three times as long, and asking
 * XGETBV(1) what is in use takes longer than storing all 32 zmm).  rdi = struct x64_vec; rax is lost.
 *
 * VEC_SAVE also finds out whether the upper halves of registers 0-15 are all zero.  If so VEC_LOAD leaves them by
 * vzeroupper: a guest's SSE code must not run with dirty upper halves (slow on Intel).
 */
#include "abi/core/cpu_x64_asm.h"

	.macro EACH16 op
	.irp i, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	\op \i
	.endr
	.endm
	.macro EACH_HIGH16 op
	.irp i, 16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	\op \i
	.endr
	.endm

	.macro ST_XMM i
	movaps	%xmm\i, 64*\i(%rdi)
	.endm
	.macro LD_XMM i
	movaps	64*\i(%rdi), %xmm\i
	.endm
	.macro ST_YMM i
	vmovaps	%ymm\i, 64*\i(%rdi)
	.endm
	.macro LD_YMM i
	vmovaps	64*\i(%rdi), %ymm\i
	.endm
	.macro ST_ZMM i
	vmovaps	%zmm\i, 64*\i(%rdi)
	.endm
	.macro LD_ZMM i
	vmovaps	64*\i(%rdi), %zmm\i
	.endm

	.macro VEC_SAVE
	stmxcsr	VEC_MXCSR(%rdi)
	cmpl	$1, x64_vec_level(%rip)
	jb	77f
	je	75f
	EACH16	ST_ZMM
	EACH_HIGH16 ST_ZMM
	.irp i, 0,1,2,3,4,5,6,7
	kmovq	%k\i, VEC_K+8*\i(%rdi)
	.endr
	/* Everything is stored: the registers are free.  OR of zmm0-15, then: anything beyond the low 128 bits? */
	vpternlogq $0xfe, %zmm1, %zmm2, %zmm0
	vpternlogq $0xfe, %zmm4, %zmm5, %zmm3
	vpternlogq $0xfe, %zmm7, %zmm8, %zmm6
	vpternlogq $0xfe, %zmm10, %zmm11, %zmm9
	vpternlogq $0xfe, %zmm13, %zmm14, %zmm12
	vpternlogq $0xfe, %zmm3, %zmm6, %zmm0
	vpternlogq $0xfe, %zmm12, %zmm15, %zmm9
	vporq	%zmm9, %zmm0, %zmm0
	vptestmq %zmm0, %zmm0, %k1
	kmovd	%k1, %eax
	shr	$2, %eax
	mov	$0xe6, %eax
	jnz	76f
	mov	$0xa2, %eax
	jmp	76f
75:	EACH16	ST_YMM
	vorps	%ymm1, %ymm0, %ymm0
	.irp i, 2,3,4,5,6,7,8,9,10,11,12,13,14,15
	vorps	%ymm\i, %ymm0, %ymm0
	.endr
	vextractf128 $1, %ymm0, %xmm0
	vptest	%xmm0, %xmm0
	mov	$2, %eax
	jz	76f
	mov	$6, %eax
76:	mov	%eax, VEC_LIVE(%rdi)
	vzeroupper
	jmp	78f
77:	EACH16	ST_XMM
	movl	$2, VEC_LIVE(%rdi)
78:
	.endm

	.macro VEC_LOAD
	mov	VEC_LIVE(%rdi), %eax
	cmpl	$1, x64_vec_level(%rip)
	jb	88f
	je	84f
	EACH_HIGH16 LD_ZMM
	.irp i, 0,1,2,3,4,5,6,7
	kmovq	VEC_K+8*\i(%rdi), %k\i
	.endr
	test	$0x44, %eax
	jz	85f
	EACH16	LD_ZMM
	jmp	89f
84:	test	$4, %eax
	jz	85f
	EACH16	LD_YMM
	jmp	89f
85:	vzeroupper
88:	EACH16	LD_XMM
89:	cmpl	$X64_MXCSR_DEFAULT, VEC_MXCSR(%rdi)
	je	90f
	ldmxcsr	VEC_MXCSR(%rdi)
90:
	.endm
