/* Entry as FreeBSD gives it: rdi = address of argc, rsp = 16n + 8. */
	.text
	.globl _start
_start:
	mov	%rdi, kit_start(%rip)
	mov	%rsp, kit_start_rsp(%rip)
	mov	%rax, kit_start_regs(%rip)
	lea	kit_start_regs(%rip), %rax
	.set	i, 8
	.irp	r, rbx, rcx, rdx, rsi, rbp, r8, r9, r10, r11, r12, r13, r14, r15
	mov	%\r, i(%rax)
	.set	i, i + 8
	.endr
	pushfq
	pop	112(%rax)
	movups	%xmm0, 120(%rax)
	movups	%xmm15, 136(%rax)
	xor	%ebp, %ebp
	and	$-16, %rsp
	call	kit_main
	ud2

/* struct ret kit_call(long nr, a, b, c, d, e, f, g, h): sret in rdi, nr in rsi, a rdx, b rcx, c r8, d r9, rest on the stack */
	.globl kit_call
kit_call:
	push	%rbx
	mov	%rdi, %rbx
	mov	%rsi, %rax
	mov	%rdx, %rdi
	mov	%rcx, %rsi
	mov	%r8, %rdx
	mov	%rdx, 24(%rbx)
	mov	%r9, %r10
	mov	16(%rsp), %r8
	mov	24(%rsp), %r9
	pushq	40(%rsp)
	pushq	40(%rsp)
	pushq	$0			/* where a libc stub's return address stands */
	syscall
	setc	16(%rbx)
	mov	%rax, (%rbx)
	mov	%rdx, 8(%rbx)
	add	$24, %rsp
	mov	%rbx, %rax
	pop	%rbx
	ret

	.globl kit_vfork
kit_vfork:
	pop	%rsi
	mov	$66, %eax
	syscall
	jmp	*%rsi

/* NT_FREEBSD_ABI_TAG, 14.0: the kernel is strict (mmap of nothing, SIGSEGV for protection) only with programs that say so. */
	.section .note.tag, "a", @note
	.balign	4
	.long	8, 4, 1
	.asciz	"FreeBSD"
	.long	1400097
	.section .note.GNU-stack, "", @progbits
