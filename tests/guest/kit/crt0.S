/* Entry as FreeBSD gives it: rdi = address of argc, rsp = 16n + 8. */
	.text
	.globl _start
_start:
	mov	%rdi, kit_start(%rip)
	mov	%rsp, kit_start_rsp(%rip)
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
