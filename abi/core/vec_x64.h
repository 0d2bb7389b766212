/*
 * Assembly macros: save and restore the vector registers by plain moves (32 zmm about 8 ns, where xsave takes 138).
 * rdi = struct x64_vec; rax, rcx, rdx are lost.  What is not in use (XGETBV 1) is neither saved nor restored, so that a
 * guest's SSE code does not run with dirty upper halves (slow on Intel).
 */
#include "abi/core/cpu_x64_asm.h"

.macro EACH16 op, form, base=0
	.irp i, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	\op \form, \i
	.endr
.endm

.macro ST_XMM form, i
	movaps	%xmm\i, 64*\i(%rdi)
.endm
.macro LD_XMM form, i
	movaps	64*\i(%rdi), %xmm\i
.endm
.macro ST_YMM form, i
	vmovaps	%ymm\i, 64*\i(%rdi)
.endm
.macro LD_YMM form, i
	vmovaps	64*\i(%rdi), %ymm\i
.endm

.macro VEC_SAVE
	stmxcsr	VEC_MXCSR(%rdi)
	mov	x64_has_xinuse(%rip), %eax	/* 0: everything counts as used */
	test	%eax, %eax
	jz	70f
	mov	$1, %ecx
	xgetbv
	jmp	71f
70:	mov	$X64_XSTATE_MASK, %eax
71:	cmpl	$1, x64_vec_level(%rip)
	jb	77f
	ja	72f
	and	$~0xe0, %eax
72:	mov	%eax, VEC_LIVE(%rdi)
	test	$0xe0, %eax
	jz	74f
	.irp i, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	vmovaps	%zmm\i, 64*\i(%rdi)
	.endr
	.irp i, 0,1,2,3,4,5,6,7
	kmovq	%k\i, VEC_K+8*\i(%rdi)
	.endr
	jmp	79f
74:	test	$4, %eax
	jz	78f
	EACH16	ST_YMM, y
	jmp	79f
77:	movl	$2, VEC_LIVE(%rdi)
78:	EACH16	ST_XMM, x
79:
.endm

.macro VEC_LOAD
	mov	VEC_LIVE(%rdi), %eax
	cmpl	$1, x64_vec_level(%rip)
	jb	88f
	je	82f
	test	$0xe0, %eax
	jz	81f
	.irp i, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	vmovaps	64*\i(%rdi), %zmm\i
	.endr
	.irp i, 0,1,2,3,4,5,6,7
	kmovq	VEC_K+8*\i(%rdi), %k\i
	.endr
	test	$0x44, %eax
	jnz	89f
	vzeroupper
	jmp	89f
	/* Not in use: their architectural value is zero, whatever the monitor left there. */
81:	.irp i, 16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	vpxord	%xmm\i, %xmm\i, %xmm\i
	.endr
	.irp i, 0,1,2,3,4,5,6,7
	kxorq	%k\i, %k\i, %k\i
	.endr
82:	vzeroupper
	test	$4, %eax
	jz	88f
	EACH16	LD_YMM, y
	jmp	89f
88:	EACH16	LD_XMM, x
89:	ldmxcsr	VEC_MXCSR(%rdi)
.endm
