/*
 * Assembly macros: save and restore the vector registers by plain moves (xsave takes three times as long, and asking
 * XGETBV(1) what is in use takes longer than storing all 32 zmm).  rdi = struct x64_vec; rax is lost.
 *
 * VEC_SAVE finds out whether the upper halves of registers 0-15 are all zero, and registers 16-31, as they mostly are:
 * then it stores the low quarters only (a core stores 16 or 32 bytes a cycle), and VEC_LOAD clears instead of loading.
 * vzeroupper in both: code with dirty upper halves is slow on Intel.
 */
#include "abi/core/cpu_x64_asm.h"

#define LIVE_SSE    2
#define LIVE_AVX    4
#define LIVE_K      0x20
#define LIVE_ZMM_HI 0x40
#define LIVE_HI16   0x80

	.macro EACH15 op
	.irp i, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	\op \i
	.endr
	.endm
	.macro EACH16 op
	\op 0
	EACH15 \op
	.endm
	.macro EACH_HIGH15 op
	.irp i, 17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	\op \i
	.endr
	.endm
	.macro EACH_HIGH16 op
	\op 16
	EACH_HIGH15 \op
	.endm

	.macro ST_XMM i
	movaps	%xmm\i, 64*\i(%rdi)
	.endm
	.macro LD_XMM i
	movaps	64*\i(%rdi), %xmm\i
	.endm
	.macro ST_VXMM i
	vmovaps	%xmm\i, 64*\i(%rdi)
	.endm
	.macro LD_VXMM i
	vmovaps	64*\i(%rdi), %xmm\i
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
	.macro CLEAR_ZMM i
	vpxord	%xmm\i, %xmm\i, %xmm\i
	.endm

	.macro OR3 a, b, into
	vpternlogq $0xfe, %zmm\a, %zmm\b, %zmm\into
	.endm

	.macro VEC_SAVE
	stmxcsr	VEC_MXCSR(%rdi)
	cmpl	$1, x64_vec_level(%rip)
	jb	77f
	je	75f
	ST_ZMM	0
	ST_ZMM	16
	.irp i, 0,1,2,3,4,5,6,7
	kmovq	%k\i, VEC_K+8*\i(%rdi)
	.endr
	/* zmm0 and zmm16 are stored: they take the OR of their sixteen. */
	OR3	1, 2, 0
	OR3	3, 4, 0
	OR3	5, 6, 0
	OR3	7, 8, 0
	OR3	9, 10, 0
	OR3	11, 12, 0
	OR3	13, 14, 0
	vporq	%zmm15, %zmm0, %zmm0
	OR3	17, 18, 16
	OR3	19, 20, 16
	OR3	21, 22, 16
	OR3	23, 24, 16
	OR3	25, 26, 16
	OR3	27, 28, 16
	OR3	29, 30, 16
	vporq	%zmm31, %zmm16, %zmm16
	EACH15	ST_VXMM
	movl	$LIVE_SSE | LIVE_K, VEC_LIVE(%rdi)
	vptestmq %zmm0, %zmm0, %k1
	kmovd	%k1, %eax
	shr	$2, %eax		/* beyond the low 128 bits */
	jz	73f
	orl	$LIVE_AVX | LIVE_ZMM_HI, VEC_LIVE(%rdi)
	EACH15	ST_ZMM
73:	vptestmq %zmm16, %zmm16, %k1
	kortestw %k1, %k1
	jz	76f
	orl	$LIVE_HI16, VEC_LIVE(%rdi)
	EACH_HIGH15 ST_ZMM
	jmp	76f
75:	EACH16	ST_YMM
	vorps	%ymm1, %ymm0, %ymm0
	.irp i, 2,3,4,5,6,7,8,9,10,11,12,13,14,15
	vorps	%ymm\i, %ymm0, %ymm0
	.endr
	vextractf128 $1, %ymm0, %xmm0
	movl	$LIVE_SSE, VEC_LIVE(%rdi)
	vptest	%xmm0, %xmm0
	jz	76f
	orl	$LIVE_AVX, VEC_LIVE(%rdi)
76:	vzeroupper
	jmp	78f
77:	EACH16	ST_XMM
	movl	$LIVE_SSE, VEC_LIVE(%rdi)
78:
	.endm

	.macro VEC_LOAD
	mov	VEC_LIVE(%rdi), %eax
	cmpl	$1, x64_vec_level(%rip)
	jb	88f
	je	84f
	.irp i, 0,1,2,3,4,5,6,7
	kmovq	VEC_K+8*\i(%rdi), %k\i
	.endr
	test	$LIVE_HI16, %al
	jz	82f
	EACH_HIGH16 LD_ZMM
	jmp	83f
82:	EACH_HIGH16 CLEAR_ZMM
83:	test	$LIVE_AVX | LIVE_ZMM_HI, %al
	jz	85f
	EACH16	LD_ZMM
	jmp	89f
84:	test	$LIVE_AVX, %al
	jz	85f
	EACH16	LD_YMM
	jmp	89f
85:	vzeroupper
	EACH16	LD_VXMM
	jmp	89f
88:	EACH16	LD_XMM
89:	cmpl	$X64_MXCSR_DEFAULT, VEC_MXCSR(%rdi)
	je	90f
	ldmxcsr	VEC_MXCSR(%rdi)
90:
	.endm
