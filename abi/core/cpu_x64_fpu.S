/* XSAVE images of a thread whose vector registers are in its struct x64_vec and whose x87 is in the CPU. */
#include "abi/core/vec_x64.h"

	.section .rodata
	.balign 4
default_mxcsr:
	.long	0x1f80

	.text
/* void x64_fpu_get_asm(const struct x64_vec *rdi, void *rsi, uint64_t rdx mask) */
	.globl x64_fpu_get_asm
	.hidden x64_fpu_get_asm
	.type x64_fpu_get_asm, @function
x64_fpu_get_asm:
	mov	%rdx, %r8
	VEC_LOAD
	mov	%r8d, %eax
	xor	%edx, %edx
	xsave64	(%rsi)
	ldmxcsr	default_mxcsr(%rip)
	cmpl	$0, x64_vec_level(%rip)
	je	1f
	vzeroupper
1:	ret

/* void x64_fpu_set_asm(struct x64_vec *rdi, const void *rsi, uint64_t rdx mask) */
	.globl x64_fpu_set_asm
	.hidden x64_fpu_set_asm
	.type x64_fpu_set_asm, @function
x64_fpu_set_asm:
	mov	%edx, %eax
	xor	%edx, %edx
	xrstor64 (%rsi)
	VEC_SAVE
	ldmxcsr	default_mxcsr(%rip)
	cmpl	$0, x64_vec_level(%rip)
	je	1f
	vzeroupper
1:	ret

	.section .note.GNU-stack, "", @progbits
