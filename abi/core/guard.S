/*
 * Guarded access to guest memory.  A fault between guard_text_begin and guard_text_end continues at guard_fail
 * (the signal handler sees to that), which returns -EFAULT.  Nothing here touches the stack, so that it can.
 */
	.text
	.globl guard_text_begin, guard_text_end, guard_fail
	.hidden guard_text_begin, guard_text_end, guard_fail

#define FUNC(name) .globl name; .hidden name; .type name, @function; .balign 16; name:

guard_text_begin:

/* long guard_copy(void *dst, const void *src, uint64_t n) */
FUNC(guard_copy)
	mov	%rdx, %rcx
	cmp	$64, %rdx
	ja	3f
	shr	$3, %rcx
	jz	2f
1:	mov	(%rsi), %rax
	mov	%rax, (%rdi)
	add	$8, %rsi
	add	$8, %rdi
	dec	%rcx
	jnz	1b
2:	mov	%edx, %ecx
	and	$7, %ecx
3:	rep movsb
	xor	%eax, %eax
	ret

/* long guard_zero(void *dst, uint64_t n) */
FUNC(guard_zero)
	mov	%rsi, %rcx
	xor	%eax, %eax
	rep stosb
	ret

/* long guard_copy_str(char *dst, const char *src, uint64_t size): length, or size when there is no NUL */
FUNC(guard_copy_str)
	xor	%eax, %eax
1:	cmp	%rdx, %rax
	jae	2f
	mov	(%rsi,%rax), %cl
	mov	%cl, (%rdi,%rax)
	test	%cl, %cl
	jz	2f
	inc	%rax
	jmp	1b
2:	ret

/* long guard_load32(const void *p, uint32_t *ret) and kin */
FUNC(guard_load32)
	mov	(%rdi), %eax
	mov	%eax, (%rsi)
	xor	%eax, %eax
	ret

FUNC(guard_load64)
	mov	(%rdi), %rax
	mov	%rax, (%rsi)
	xor	%eax, %eax
	ret

FUNC(guard_store32)
	mov	%esi, (%rdi)
	xor	%eax, %eax
	ret

FUNC(guard_store64)
	mov	%rsi, (%rdi)
	xor	%eax, %eax
	ret

/* long guard_cas32(void *p, uint32_t want, uint32_t val, uint32_t *ret_old) */
FUNC(guard_cas32)
	mov	%esi, %eax
	lock cmpxchg %edx, (%rdi)
	mov	%eax, (%rcx)
	xor	%eax, %eax
	ret

FUNC(guard_cas64)
	mov	%rsi, %rax
	lock cmpxchg %rdx, (%rdi)
	mov	%rax, (%rcx)
	xor	%eax, %eax
	ret

guard_text_end:

guard_fail:
	mov	$-14, %rax
	ret

	.section .note.GNU-stack, "", @progbits
