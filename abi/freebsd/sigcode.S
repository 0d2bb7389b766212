/*
 * FreeBSD's signal trampoline as the kernel places it: enters with rsp at the sigframe, whose first word is the handler.
 * call handler; sigreturn(&frame->uc).  Source: design abi.md 2.4.
 */
	.section .rodata
	.globl fbsd_sigcode, fbsd_sigcode_size
	.hidden fbsd_sigcode, fbsd_sigcode_size
fbsd_sigcode:
	call	*(%rsp)
	lea	16(%rsp), %rdi
	push	$0
	mov	$417, %eax
	syscall
	hlt
.Lend:
	.balign 4
fbsd_sigcode_size:
	.long	.Lend - fbsd_sigcode

	.section .note.GNU-stack, "", @progbits
